//! Cells of discrete global grids: H3 (h3-pg's functions, through `h3o`), S2, quadbin and geohash (integer arithmetic of our own).
//! The ids are the reference libraries': `golden.tsv` was written by h3-py, s2sphere and quadbin-py (`compat/cells/golden.py`).

mod geohash;
mod h3;
mod h3_region;
mod quadbin;
mod s2;
#[cfg(test)]
mod tests;

use std::sync::OnceLock;

use super::{Scalar, SetReturning};
use crate::error::{Error, Result, SqlState};
use crate::kernels::spatial::args;
use crate::kernels::spatial::geometry::{Coord, Geometry, Kind};
use crate::types::{ArrayValue, Datum, NameMap, PgType};

const SCALARS: &[&[(&str, Scalar)]] = &[geohash::SCALARS, h3::SCALARS, quadbin::SCALARS, s2::SCALARS];
const SET_RETURNING: &[&[(&str, SetReturning)]] = &[h3::SET_RETURNING, h3_region::SET_RETURNING];

/// The longest array of cells that one call makes.
const MOST: u64 = 1 << 20;

/// The scalar kernel of a symbol.
pub fn scalar(symbol: &str) -> Option<Scalar> {
    static INDEX: OnceLock<NameMap<&'static str, Scalar>> = OnceLock::new();
    INDEX.get_or_init(|| SCALARS.iter().copied().flatten().copied().collect()).get(symbol).copied()
}

/// The set-returning kernel of a symbol.
pub fn set_returning(symbol: &str) -> Option<SetReturning> {
    static INDEX: OnceLock<NameMap<&'static str, SetReturning>> = OnceLock::new();
    INDEX.get_or_init(|| SET_RETURNING.iter().copied().flatten().copied().collect()).get(symbol).copied()
}

/// 22023.
fn invalid(message: impl Into<String>) -> Error {
    Error::new(SqlState::INVALID_PARAMETER_VALUE, message)
}

/// An int8 argument.
fn int8(args: &[Datum], index: usize) -> Result<i64> {
    args.get(index).and_then(Datum::as_i64).ok_or_else(|| Error::internal("an int8 argument is none"))
}

fn int8_array(values: impl Iterator<Item = i64>) -> Datum {
    array(PgType::INT8, values.map(Datum::Int8).collect())
}

fn array(element: PgType, values: Vec<Datum>) -> Datum {
    Datum::Array(ArrayValue::vector(element, values).into())
}

/// 54000: more cells than a value may hold.
fn too_many(count: u64) -> Error {
    Error::new(SqlState::PROGRAM_LIMIT_EXCEEDED, format!("{count} cells are more than one value may hold ({MOST})"))
}

/// The place of a point: longitude and latitude; `None` for EMPTY, 22023 for what is no point.
fn place(args: &[Datum], index: usize) -> Result<Option<(f64, f64)>> {
    let geometry = args::geometry(args, index)?;
    if geometry.kind != Kind::Point {
        return Err(invalid(format!("a point is expected, not a {}", geometry.kind.name())));
    }
    match geometry.coords().first() {
        Some(Coord { x, y, .. }) if x.is_finite() && y.is_finite() => Ok(Some((*x, *y))),
        Some(_) => Err(invalid("coordinates are not finite")),
        None => Ok(None),
    }
}

/// A closed ring as a polygon in WGS84.
fn polygon(mut corners: Vec<(f64, f64)>) -> Datum {
    corners.extend(corners.first().copied());
    Geometry::polygon(vec![corners.into_iter().map(|(x, y)| Coord::xy(x, y)).collect()], 4326).into_datum()
}

fn point(x: f64, y: f64) -> Datum {
    Geometry::point(Coord::xy(x, y), 4326).into_datum()
}

fn finite(args: &[Datum], index: usize) -> Result<f64> {
    let value = args::float(args, index)?;
    if value.is_finite() { Ok(value) } else { Err(invalid("coordinates are not finite")) }
}

//! Arguments of kernels, checked.

use std::sync::Arc;

use crate::error::{Error, Result};
use crate::types::{ArrayValue, Datum};

use super::geometry::Geometry;

fn wrong(args: &[Datum], index: usize, wanted: &str) -> Error {
    Error::internal(format!("argument {index} should be {wanted}, not {:?}", args.get(index)))
}

pub fn geometry(args: &[Datum], index: usize) -> Result<Geometry> {
    Geometry::from_datum(args.get(index).ok_or_else(|| wrong(args, index, "a geometry"))?)
}

pub fn float(args: &[Datum], index: usize) -> Result<f64> {
    args.get(index).and_then(Datum::as_f64).ok_or_else(|| wrong(args, index, "a float8"))
}

pub fn int(args: &[Datum], index: usize) -> Result<i32> {
    let value = args.get(index).and_then(Datum::as_i64).ok_or_else(|| wrong(args, index, "an int4"))?;
    i32::try_from(value).map_err(|_| wrong(args, index, "an int4"))
}

pub fn boolean(args: &[Datum], index: usize) -> Result<bool> {
    args.get(index).and_then(Datum::as_bool).ok_or_else(|| wrong(args, index, "a bool"))
}

pub fn text(args: &[Datum], index: usize) -> Result<&str> {
    args.get(index).and_then(Datum::as_str).ok_or_else(|| wrong(args, index, "text"))
}

pub fn bytes(args: &[Datum], index: usize) -> Result<&[u8]> {
    match args.get(index) {
        Some(Datum::Bytea(bytes)) => Ok(bytes),
        _ => Err(wrong(args, index, "bytea")),
    }
}

pub fn array(args: &[Datum], index: usize) -> Result<&Arc<ArrayValue>> {
    match args.get(index) {
        Some(Datum::Array(array)) => Ok(array),
        _ => Err(wrong(args, index, "an array")),
    }
}

/// The non-NULL geometries of an array.
pub fn geometries(args: &[Datum], index: usize) -> Result<Vec<Geometry>> {
    array(args, index)?.values.iter().filter(|value| !value.is_null()).map(Geometry::from_datum).collect()
}

pub fn is_null(args: &[Datum], index: usize) -> bool {
    args.get(index).is_none_or(Datum::is_null)
}

pub fn box2d(args: &[Datum], index: usize) -> Result<[f64; 4]> {
    match args.get(index) {
        Some(Datum::Box2d(value)) => Ok(*value),
        _ => Err(wrong(args, index, "a box2d")),
    }
}

pub fn box3d(args: &[Datum], index: usize) -> Result<([f64; 6], i32)> {
    match args.get(index) {
        Some(Datum::Box3d(value, srid)) => Ok((*value, *srid)),
        _ => Err(wrong(args, index, "a box3d")),
    }
}

/// The EWKB of a geometry or geography.
pub fn geom_bytes(args: &[Datum], index: usize) -> Result<&[u8]> {
    match args.get(index) {
        Some(Datum::Geometry(geom)) => Ok(&geom.0),
        _ => Err(wrong(args, index, "a geometry")),
    }
}

/// A nullable integer.
pub fn maybe_int(args: &[Datum], index: usize) -> Result<Option<i32>> {
    if is_null(args, index) { Ok(None) } else { int(args, index).map(Some) }
}

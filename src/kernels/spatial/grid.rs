//! `ST_SquareGrid` and `ST_HexagonGrid`: the cells that cover a box.

use crate::error::{Error, Result};
use crate::kernels::{Rows, SetReturning};
use crate::types::Datum;

use super::args;
use super::bounds::Bounds;
use super::construct::{hexagon, square};
use super::geometry::{Coord, failure};

pub(super) const SET_RETURNING: &[(&str, SetReturning)] =
    &[("st_squaregrid(float8,geometry)", |_, a| squares(a)), ("st_hexagongrid(float8,geometry)", |_, a| hexagons(a))];

fn squares(a: &[Datum]) -> Result<Rows> {
    let (size, bounds) = (args::float(a, 0)?, args::geometry(a, 1)?);
    if size <= 0.0 || !size.is_finite() {
        return Ok(Box::new(std::iter::empty()));
    }
    let Some(own) = Bounds::of(&bounds) else { return Ok(Box::new(std::iter::empty())) };
    let cell = |value: f64| -> Result<i32> {
        let cell = (value / size).floor();
        if cell.abs() < f64::from(i32::MAX) { Ok(cell as i32) } else { Err(failure("ST_SquareGrid: too many cells")) }
    };
    let (i0, i1) = (cell(own.min.x)?, cell(own.max.x)?);
    let (j0, j1) = (cell(own.min.y)?, cell(own.max.y)?);
    let srid = bounds.srid;
    Ok(Box::new((i0..=i1).flat_map(move |i| (j0..=j1).map(move |j| (i, j))).map(move |(i, j)| {
        let geometry = square(Coord::default(), size, i, j, srid);
        Ok(vec![geometry.into_datum(), Datum::Int4(i), Datum::Int4(j)])
    })))
}

/// Columns of cells from left to right, each from its lowest cell up. Odd columns stand half a cell higher.
fn hexagons(a: &[Datum]) -> Result<Rows> {
    let (size, bounds) = (args::float(a, 0)?, args::geometry(a, 1)?);
    if size <= 0.0 {
        return Ok(Box::new(std::iter::empty()));
    }
    let Some(own) = Bounds::of(&bounds) else { return Ok(Box::new(std::iter::empty())) };
    let height = size * 2.0 * 0.866_025_403_784_438_7_f64;
    let cell = |value: f64| {
        let inside = value.abs() < f64::from(i32::MAX) - 2.0;
        if inside { Ok(value as i32) } else { Err(Error::unsupported("ST_HexagonGrid of so many cells")) }
    };
    let i0 = cell(((own.min.x - size) / (1.5 * size)).ceil())?;
    let i1 = cell(((own.max.x + size) / (1.5 * size)).floor())?;
    let rows = |value: f64| Ok::<_, Error>([cell((value / height + 0.5).floor())?, cell((value / height).floor())?]);
    let (low, high) = (rows(own.min.y)?, rows(own.max.y)?);
    let srid = bounds.srid;
    Ok(Box::new((i0..=i1).flat_map(move |i| {
        let odd = usize::from(i % 2 != 0);
        (low[odd]..=high[odd]).map(move |j| {
            let geometry = hexagon(Coord::default(), size, i, j, srid);
            Ok(vec![geometry.into_datum(), Datum::Int4(i), Datum::Int4(j)])
        })
    })))
}

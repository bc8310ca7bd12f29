//! `ST_SquareGrid`: the cells that cover a box.

use crate::error::Result;
use crate::kernels::SetReturning;
use crate::types::Datum;

use super::args;
use super::bounds::Bounds;
use super::construct::square;
use super::geometry::{Coord, failure};

pub(super) const SET_RETURNING: &[(&str, SetReturning)] = &[("st_squaregrid(float8,geometry)", |_, a| {
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
})];

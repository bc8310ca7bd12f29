//! The aggregates over GEOS: union and polygonizing of the rows of a group.

use crate::error::Result;
use crate::kernels::{Accumulator, Aggregate, Call};
use crate::types::Datum;

use super::super::args;
use super::super::geometry::Geometry;
use super::{diagram, overlay};

pub(super) const AGGREGATES: &[(&str, Aggregate)] = &[
    ("st_union(geometry)", |_| Ok(Box::new(Rows { polygonize: false, parts: Vec::new(), grid: -1.0 }))),
    ("st_union(geometry,float8)", |_| Ok(Box::new(Rows { polygonize: false, parts: Vec::new(), grid: -1.0 }))),
    ("st_memunion(geometry)", |_| Ok(Box::new(Rows { polygonize: false, parts: Vec::new(), grid: -1.0 }))),
    ("st_polygonize(geometry)", |_| Ok(Box::new(Rows { polygonize: true, parts: Vec::new(), grid: -1.0 }))),
];

/// The geometries of a group in order, NULLs left out.
#[derive(Debug)]
struct Rows {
    polygonize: bool,
    parts: Vec<Geometry>,
    /// Grid size; negative for none.
    grid: f64,
}

impl Accumulator for Rows {
    fn update(&mut self, _call: &Call<'_>, a: &[Datum]) -> Result<()> {
        if a.len() > 1 && !args::is_null(a, 1) {
            self.grid = args::float(a, 1)?;
        }
        if !args::is_null(a, 0) {
            self.parts.push(args::geometry(a, 0)?);
        }
        Ok(())
    }

    fn finish(&self, _call: &Call<'_>) -> Result<Datum> {
        if self.polygonize { diagram::polygonize(&self.parts) } else { overlay::union_rows(&self.parts, self.grid) }
    }

    fn size(&self) -> usize {
        self.parts.iter().map(|part| 64 + 32 * part.num_points()).sum()
    }
}

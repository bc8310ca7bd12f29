//! Set-returning functions and aggregates.

use crate::error::Result;
use crate::kernels::{Accumulator, Aggregate, Call, Rows, SetReturning};
use crate::types::Datum;

use super::access::point_like;
use super::args;
use super::bounds::Bounds;
use super::casts::{self, int_array};
use super::construct;
use super::geometry::{Body, Geometry, Kind, failure};

pub(super) const SET_RETURNING: &[(&str, SetReturning)] = &[
    ("st_dump(geometry)", |_, a| {
        let mut rows = Vec::new();
        let geometry = args::geometry(a, 0)?;
        if !geometry.is_empty() {
            dump(&geometry, &mut Vec::new(), &mut rows);
        }
        Ok(iterate(rows))
    }),
    ("st_dumppoints(geometry)", |_, a| {
        let mut rows = Vec::new();
        dump_points(&args::geometry(a, 0)?, &mut Vec::new(), &mut rows);
        Ok(iterate(rows))
    }),
    ("st_dumprings(geometry)", |_, a| {
        let geometry = args::geometry(a, 0)?;
        if geometry.kind != Kind::Polygon {
            return Err(failure("Input is not a polygon"));
        }
        let rows = geometry.rings().iter().enumerate().map(|(index, ring)| {
            let polygon = Geometry::polygon(vec![ring.clone()], 0).like(&geometry);
            vec![int_array(&[index as i32]), polygon.into_datum()]
        });
        Ok(iterate(rows.collect()))
    }),
    ("st_dumpsegments(geometry)", |_, a| {
        let mut rows = Vec::new();
        dump_segments(&args::geometry(a, 0)?, &mut Vec::new(), &mut rows)?;
        Ok(iterate(rows))
    }),
];

pub(super) const AGGREGATES: &[(&str, Aggregate)] = &[
    ("st_extent(geometry)", |_| Ok(Box::new(Extent { solid: false, bounds: None, all_z: true, srid: 0 }))),
    ("st_3dextent(geometry)", |_| Ok(Box::new(Extent { solid: true, bounds: None, all_z: true, srid: 0 }))),
    ("st_collect(geometry)", |_| Ok(Box::new(Gathered { line: false, parts: Vec::new() }))),
    ("st_memcollect(geometry)", |_| Ok(Box::new(Gathered { line: false, parts: Vec::new() }))),
    ("st_makeline(geometry)", |_| Ok(Box::new(Gathered { line: true, parts: Vec::new() }))),
];

fn iterate(rows: Vec<Vec<Datum>>) -> Rows {
    Box::new(rows.into_iter().map(Ok))
}

fn dump(geometry: &Geometry, path: &mut Vec<i32>, rows: &mut Vec<Vec<Datum>>) {
    if !super::access::is_indexed(geometry.kind) {
        rows.push(vec![int_array(path), geometry.clone().into_datum()]);
        return;
    }
    for (index, part) in geometry.parts().iter().enumerate() {
        path.push(index as i32 + 1);
        dump(part, path, rows);
        path.pop();
    }
}

fn dump_points(geometry: &Geometry, path: &mut Vec<i32>, rows: &mut Vec<Vec<Datum>>) {
    let mut list = |coords: &[super::geometry::Coord], path: &mut Vec<i32>| {
        for (index, coord) in coords.iter().enumerate() {
            path.push(index as i32 + 1);
            rows.push(vec![int_array(path), point_like(*coord, geometry)]);
            path.pop();
        }
    };
    match &geometry.body {
        Body::Coords(coords) => list(coords, path),
        Body::Rings(rings) => {
            for (index, ring) in rings.iter().enumerate() {
                path.push(index as i32 + 1);
                list(ring, path);
                path.pop();
            }
        }
        Body::Parts(parts) => {
            for (index, part) in parts.iter().enumerate() {
                path.push(index as i32 + 1);
                dump_points(part, path, rows);
                path.pop();
            }
        }
    }
}

fn dump_segments(geometry: &Geometry, path: &mut Vec<i32>, rows: &mut Vec<Vec<Datum>>) -> Result<()> {
    let mut list = |coords: &[super::geometry::Coord], path: &mut Vec<i32>| {
        for (index, edge) in coords.windows(2).enumerate() {
            path.push(index as i32 + 1);
            rows.push(vec![int_array(path), Geometry::line(edge.to_vec(), 0).like(geometry).into_datum()]);
            path.pop();
        }
    };
    match &geometry.body {
        Body::Coords(_) if geometry.kind == Kind::CircularString => {
            return Err(crate::error::Error::unsupported("st_dumpsegments of circular strings"));
        }
        Body::Coords(coords) => list(coords, path),
        Body::Rings(rings) => {
            for (index, ring) in rings.iter().enumerate() {
                path.push(index as i32 + 1);
                list(ring, path);
                path.pop();
            }
        }
        Body::Parts(parts) => {
            for (index, part) in parts.iter().enumerate() {
                path.push(index as i32 + 1);
                dump_segments(part, path, rows)?;
                path.pop();
            }
        }
    }
    Ok(())
}

/// `ST_Extent` and `ST_3DExtent`.
#[derive(Debug)]
struct Extent {
    solid: bool,
    bounds: Option<(Bounds, bool)>,
    all_z: bool,
    srid: i32,
}

impl Accumulator for Extent {
    fn update(&mut self, _call: &Call<'_>, a: &[Datum]) -> Result<()> {
        if args::is_null(a, 0) {
            return Ok(());
        }
        let geometry = args::geometry(a, 0)?;
        let Some(mut bounds) = Bounds::of(&geometry) else { return Ok(()) };
        self.all_z &= geometry.z;
        if !geometry.z {
            (bounds.min.z, bounds.max.z) = (0.0, 0.0);
        }
        match &mut self.bounds {
            Some((own, _)) => {
                if self.srid != geometry.srid {
                    return Err(failure(format!(
                        "Operation on mixed SRID geometries ({} != {})",
                        self.srid, geometry.srid
                    )));
                }
                own.merge(&bounds);
            }
            None => {
                self.srid = geometry.srid;
                self.bounds = Some((bounds, geometry.z));
            }
        }
        Ok(())
    }

    fn finish(&self, _call: &Call<'_>) -> Result<Datum> {
        let Some((bounds, _)) = &self.bounds else { return Ok(Datum::Null) };
        if !self.solid {
            return Ok(casts::box2d(bounds));
        }
        if !self.all_z {
            // PostGIS 3.3 gives a flat box the height of one denormal number, or none, by how the rows were stored.
            return Err(crate::error::Error::unsupported("ST_3DExtent of geometries without Z"));
        }
        let (min, max) = (bounds.min, bounds.max);
        Ok(Datum::Box3d([min.x, min.y, min.z, max.x, max.y, max.z], self.srid))
    }
}

/// `ST_Collect` and `ST_MakeLine` over rows.
#[derive(Debug)]
struct Gathered {
    line: bool,
    parts: Vec<Geometry>,
}

impl Accumulator for Gathered {
    fn update(&mut self, _call: &Call<'_>, a: &[Datum]) -> Result<()> {
        if !args::is_null(a, 0) {
            self.parts.push(args::geometry(a, 0)?);
        }
        Ok(())
    }

    fn finish(&self, _call: &Call<'_>) -> Result<Datum> {
        if self.line {
            let mixed = self.parts.windows(2).any(|two| (two[0].z, two[0].m) != (two[1].z, two[1].m));
            if mixed {
                return Err(failure("ptarray_append_ptarray: appending mixed dimensionality is not allowed"));
            }
            construct::make_line(self.parts.clone())
        } else {
            construct::collect(self.parts.clone(), "LWGEOM_collect_garray")
        }
    }

    fn size(&self) -> usize {
        self.parts.iter().map(|part| 64 + 32 * part.num_points()).sum()
    }
}

//! Geographies along great circles: `ST_Segmentize` and `ST_Centroid`.

use std::f64::consts::PI;

use crate::error::{Error, Result};
use crate::kernels::{Call, Scalar};
use crate::types::Datum;

use super::args;
use super::geodetic::Earth;
use super::geometry::{Coord, Geometry, Kind, failure};
use super::sphere::{Spheroid, Vector, normalized, vector_turned};

pub(super) const SCALARS: &[(&str, Scalar)] = &[
    ("st_segmentize(geography,float8)", segmentize),
    ("st_centroid(geography,bool)", |_, a| {
        let (geometry, spheroid) = (args::geometry(a, 0)?, args::boolean(a, 1)?);
        if geometry.is_empty() {
            return Ok(Geometry::empty(Kind::GeometryCollection, geometry.srid).into_datum());
        }
        if geometry.kind == Kind::Point {
            return Ok(geometry.into_datum());
        }
        Ok(centroid(&geometry, spheroid)?.into_datum())
    }),
];

fn segmentize(_call: &Call<'_>, a: &[Datum]) -> Result<Datum> {
    let (mut geometry, longest) = (args::geometry(a, 0)?, args::float(a, 1)?);
    if geometry.is_empty() || matches!(geometry.kind, Kind::Point | Kind::MultiPoint) {
        return Ok(geometry.into_datum());
    }
    if longest.is_nan() {
        return Err(Error::unsupported("ST_Segmentize with NaN"));
    }
    let lines = |leaf: &&Geometry| matches!(leaf.kind, Kind::Point | Kind::LineString | Kind::Polygon);
    if !geometry.leaves().iter().all(lines) {
        return Err(Error::unsupported("ST_Segmentize of this geography"));
    }
    if longest <= 0.0 {
        return Err(failure("ptarray_segmentize_sphere: maximum segment length must be positive"));
    }
    let earth = Earth::Sphere(1.0);
    let longest = longest / Spheroid::WGS84.radius();
    let mut wrong = None;
    geometry.sequences_mut(&mut |coords| {
        if wrong.is_none() {
            match segmentized(coords, &earth, longest) {
                Ok(longer) => *coords = longer,
                Err(error) => wrong = Some(error),
            }
        }
    });
    wrong.map_or(Ok(geometry.into_datum()), Err)
}

fn segmentized(coords: &[Coord], earth: &Earth, longest: f64) -> Result<Vec<Coord>> {
    let mut out: Vec<Coord> = coords.first().copied().into_iter().collect();
    for edge in coords.windows(2) {
        let (a, b) = (&edge[0], &edge[1]);
        let length = earth.distance(a, b);
        if PI - length < 1e-9 {
            return Err(if (a.x - b.x).abs() == 180.0 && a.y == -b.y {
                failure("Antipodal (180 degrees long) edge detected!")
            } else {
                Error::unsupported("an edge of 180 degrees")
            });
        }
        // Halves of halves.
        let mut pieces = 1_u32;
        while length / f64::from(pieces) > longest {
            pieces *= 2;
            if pieces > 1 << 20 {
                return Err(Error::unsupported("ST_Segmentize into more than a million pieces"));
            }
        }
        between(&vector_turned(a), &vector_turned(b), pieces, &mut |at, index| {
            let part = f64::from(index) / f64::from(pieces);
            let (x, y) = degrees(at);
            out.push(Coord { x, y, z: a.z + part * (b.z - a.z), m: a.m + part * (b.m - a.m) });
        });
        out.push(*b);
    }
    Ok(out)
}

/// The ends of `pieces` (a power of two) equal parts, both ends left out.
fn between(a: &Vector, b: &Vector, pieces: u32, visit: &mut impl FnMut(&Vector, u32)) {
    fn halve(a: &Vector, b: &Vector, from: u32, to: u32, visit: &mut impl FnMut(&Vector, u32)) {
        if to - from < 2 {
            return;
        }
        let middle = normalized(&[a[0] + b[0], a[1] + b[1], a[2] + b[2]]);
        let at = from + (to - from) / 2;
        halve(a, &middle, from, at, visit);
        visit(&middle, at);
        halve(&middle, b, at, to, visit);
    }
    halve(a, b, 0, pieces, visit);
}

fn degrees(at: &Vector) -> (f64, f64) {
    (180.0 * at[1].atan2(at[0]) / PI, 180.0 * at[2].asin() / PI)
}

/// The middle of unit vectors: of points, of the ends of edges by their length, of triangles from the first vertex by their area.
fn centroid(geometry: &Geometry, spheroid: bool) -> Result<Geometry> {
    let earth = Earth::of(geometry.srid, spheroid)?;
    let mut sum = Sum::default();
    match geometry.kind {
        Kind::MultiPoint => {
            geometry.all_coords().iter().for_each(|coord| sum.add(&vector_turned(coord), 1.0));
        }
        Kind::LineString | Kind::MultiLineString => {
            for leaf in geometry.leaves() {
                for edge in leaf.coords().windows(2) {
                    let weight = earth.distance(&edge[0], &edge[1]);
                    edge.iter().for_each(|end| sum.add(&vector_turned(end), weight));
                }
            }
        }
        Kind::Polygon | Kind::MultiPolygon => {
            if !spheroid {
                return Err(Error::unsupported("ST_Centroid of areas on the sphere"));
            }
            let Some(reference) = geometry.first_coord() else { return Err(Error::internal("a polygon of nothing")) };
            let middle = vector_turned(&reference);
            // PostGIS 3.3 adds every triangle, whichever way it runs and in holes too.
            for edge in geometry.leaves().iter().flat_map(|leaf| leaf.rings()).flat_map(|ring| ring.windows(2)) {
                let ends = [vector_turned(&edge[0]), vector_turned(&edge[1])];
                let third = |axis: usize| ends[0][axis] + ends[1][axis] + middle[axis];
                let area = earth.ring_area(&[edge[0], edge[1], reference, edge[0]])?;
                sum.add(&normalized(&[third(0), third(1), third(2)]), area);
            }
        }
        _ => return Err(failure("ST_Centroid(geography) unhandled geography type")),
    }
    let (x, y) = sum.place();
    Ok(Geometry::point(Coord::xy(x, y), geometry.srid))
}

#[derive(Default)]
struct Sum {
    vector: Vector,
    weight: f64,
}

impl Sum {
    fn add(&mut self, at: &Vector, weight: f64) {
        for (own, other) in self.vector.iter_mut().zip(at) {
            *own += other * weight;
        }
        self.weight += weight;
    }

    fn place(&self) -> (f64, f64) {
        let middle = self.vector.map(|value| value / self.weight);
        let length = middle.iter().map(|value| value * value).sum::<f64>().sqrt();
        (180.0 * middle[1].atan2(middle[0]) / PI, 180.0 * (middle[2] / length).asin() / PI)
    }
}

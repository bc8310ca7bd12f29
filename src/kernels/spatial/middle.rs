//! The middle and the size of a set of positions: `ST_GeometricMedian`, `ST_MinimumBoundingRadius`, `ST_MinimumBoundingCircle`.

use std::f64::consts::PI;

use crate::error::{Error, Result};
use crate::kernels::{Call, Scalar};
use crate::types::Datum;

use super::args;
use super::bounds::Bounds;
use super::geometry::{Coord, Geometry, Kind, failure};
use super::measure::distance;

pub(super) const SCALARS: &[(&str, Scalar)] = &[
    ("st_geometricmedian(geometry,float8,int4,bool)", median_kernel),
    ("st_minimumboundingradius(geometry)", |_, a| {
        let geometry = args::geometry(a, 0)?;
        let Some(circle) = circle(&geometry)? else {
            let nothing = Geometry::empty(Kind::Point, geometry.srid);
            return Ok(Datum::Record([nothing.into_datum(), Datum::Float8(0.0)].into()));
        };
        let center = Geometry::point(circle.center, geometry.srid);
        Ok(Datum::Record([center.into_datum(), Datum::Float8(circle.radius)].into()))
    }),
    ("st_minimumboundingcircle(geometry,int4)", |_, a| {
        let (geometry, quarter) = (args::geometry(a, 0)?, args::int(a, 1)?);
        let Some(circle) = circle(&geometry)? else {
            return Ok(Geometry::empty(Kind::Point, geometry.srid).into_datum());
        };
        if circle.radius == 0.0 {
            return Ok(Geometry::point(circle.center, geometry.srid).into_datum());
        }
        if quarter < 1 {
            return Err(failure("Need at least one segment per quarter-circle."));
        }
        if quarter > 10_000 {
            return Err(Error::unsupported("more than 10000 segments a quarter circle"));
        }
        Ok(around(&circle, quarter, geometry.srid).into_datum())
    }),
];

/// The polygon whose sides touch the circle, clockwise from the north.
fn around(circle: &Circle, quarter: i32, srid: i32) -> Geometry {
    let count = 4 * quarter;
    let radius = circle.radius / (PI / f64::from(count)).cos();
    let corner = |index: i32| {
        let angle = f64::from(index) * (2.0 * PI / f64::from(count));
        Coord::xy(circle.center.x + radius * angle.sin(), circle.center.y + radius * angle.cos())
    };
    let mut ring: Vec<Coord> = (0..count).map(corner).collect();
    ring.push(corner(0));
    Geometry::polygon(vec![ring], srid)
}

#[derive(Clone, Copy, Debug)]
struct Circle {
    center: Coord,
    radius: f64,
}

impl Circle {
    fn of_two(a: &Coord, b: &Coord) -> Circle {
        let center = Coord::xy((a.x + b.x) / 2.0, (a.y + b.y) / 2.0);
        Circle { center, radius: distance(&center, a).max(distance(&center, b)) }
    }

    /// Through three positions; `None` on one line.
    fn of_three(a: &Coord, b: &Coord, c: &Coord) -> Option<Circle> {
        let (bx, by, cx, cy) = (b.x - a.x, b.y - a.y, c.x - a.x, c.y - a.y);
        let twice = 2.0 * (bx * cy - by * cx);
        if twice == 0.0 {
            return None;
        }
        let (b2, c2) = (bx * bx + by * by, cx * cx + cy * cy);
        let center = Coord::xy(a.x + (cy * b2 - by * c2) / twice, a.y + (bx * c2 - cx * b2) / twice);
        let radius = [a, b, c].into_iter().map(|corner| distance(&center, corner)).fold(0.0, f64::max);
        Some(Circle { center, radius })
    }

    fn holds(&self, coord: &Coord) -> bool {
        distance(&self.center, coord) <= self.radius * (1.0 + 1e-14)
    }
}

/// The smallest circle around all positions; `None` for EMPTY.
fn circle(geometry: &Geometry) -> Result<Option<Circle>> {
    if geometry.leaves().iter().any(|leaf| leaf.kind == Kind::CircularString) {
        return Err(Error::unsupported("the circle around circular arcs"));
    }
    let mut coords = geometry.all_coords();
    if coords.iter().any(|coord| !coord.x.is_finite() || !coord.y.is_finite()) {
        return Err(Error::unsupported("the circle around positions that are not finite"));
    }
    coords.sort_by(|a, b| a.x.total_cmp(&b.x).then(a.y.total_cmp(&b.y)));
    coords.dedup_by(|a, b| a.same_xy(b));
    // A fixed order that is not that of the sides: few circles are made anew.
    let mut state = 1_u64;
    for index in (1..coords.len()).rev() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        coords.swap(index, ((state >> 33) % (index as u64 + 1)) as usize);
    }
    let Some(first) = coords.first() else { return Ok(None) };
    let mut circle = Circle { center: Coord::xy(first.x, first.y), radius: 0.0 };
    for (i, a) in coords.iter().enumerate() {
        if circle.holds(a) {
            continue;
        }
        circle = Circle { center: Coord::xy(a.x, a.y), radius: 0.0 };
        for (j, b) in coords[..i].iter().enumerate() {
            if circle.holds(b) {
                continue;
            }
            circle = Circle::of_two(a, b);
            for c in &coords[..j] {
                if !circle.holds(c) {
                    circle = Circle::of_three(a, b, c).unwrap_or(circle);
                }
            }
        }
    }
    Ok(Some(circle))
}

fn median_kernel(_call: &Call<'_>, a: &[Datum]) -> Result<Datum> {
    if args::is_null(a, 0) || args::is_null(a, 2) || args::is_null(a, 3) {
        return if args::is_null(a, 0) {
            Ok(Datum::Null)
        } else {
            Err(Error::unsupported("ST_GeometricMedian with NULL"))
        };
    }
    let (geometry, rounds, strict) = (args::geometry(a, 0)?, args::int(a, 2)?, args::boolean(a, 3)?);
    let bounds = Bounds::of(&geometry);
    let tolerance = match (args::is_null(a, 1), &bounds) {
        (false, _) => args::float(a, 1)?,
        (true, Some(own)) => {
            let mut least = (own.max.x - own.min.x).min(own.max.y - own.min.y);
            if geometry.z {
                least = least.min(own.max.z - own.min.z);
            }
            least * 1e-6
        }
        (true, None) => 0.0,
    };
    if tolerance < 0.0 {
        return Err(failure("Tolerance must be positive."));
    }
    if rounds < 0 {
        return Err(failure("Maximum iterations must be positive."));
    }
    match geometry.kind {
        Kind::Point => return Ok(geometry.into_datum()),
        Kind::MultiPoint => {}
        kind => return Err(failure(format!("lwgeom_median: Unsupported geometry type: {}", kind.name()))),
    }
    if geometry.is_empty() {
        return Ok(Geometry::empty(Kind::Point, 0).like(&geometry).into_datum());
    }
    if geometry.m {
        return Err(Error::unsupported("ST_GeometricMedian of weighted points"));
    }
    let points = geometry.all_coords();
    let at = if points.iter().all(|point| point.same_xyz(&points[0])) {
        points[0]
    } else {
        median(&points, tolerance, rounds, strict)?
    };
    Ok(Geometry::point(at, 0).like(&geometry).into_datum())
}

/// Weiszfeld's steps from the mean, until one lessens the sum of distances by less than `tolerance`.
fn median(points: &[Coord], tolerance: f64, rounds: i32, strict: bool) -> Result<Coord> {
    let count = points.len() as f64;
    let sum = |of: fn(&Coord) -> f64| points.iter().map(of).sum::<f64>();
    let mut at = Coord { x: sum(|p| p.x) / count, y: sum(|p| p.y) / count, z: sum(|p| p.z) / count, m: 0.0 };
    let gaps = |at: &Coord| -> Vec<f64> { points.iter().map(|point| super::measure::distance_3d(at, point)).collect() };
    let mut own = gaps(&at);
    let spread = own.iter().copied().fold(0.0, f64::max);
    // Where sums of distances differ by their rounding alone, another order of additions stops elsewhere.
    if !spread.is_finite() || tolerance < spread * count * 1e-13 {
        return Err(Error::unsupported("ST_GeometricMedian with a tolerance this small"));
    }
    for _ in 0..rounds {
        if own.iter().any(|gap| *gap < spread * 1e-9) {
            return Err(Error::unsupported("ST_GeometricMedian next to one of the points"));
        }
        let total: f64 = own.iter().map(|gap| 1.0 / gap).sum();
        let mean = |of: fn(&Coord) -> f64| points.iter().zip(&own).map(|(p, gap)| of(p) / gap).sum::<f64>() / total;
        let next = Coord { x: mean(|p| p.x), y: mean(|p| p.y), z: mean(|p| p.z), m: 0.0 };
        let then = gaps(&next);
        let less = own.iter().sum::<f64>() - then.iter().sum::<f64>();
        if (less - tolerance).abs() <= spread * count * 1e-14 {
            return Err(Error::unsupported("ST_GeometricMedian at the edge of its tolerance"));
        }
        if less < tolerance {
            return Ok(at);
        }
        (at, own) = (next, then);
    }
    if strict {
        let shown = super::number::general(tolerance, 6);
        return Err(failure(format!("Median failed to converge within {shown} after {rounds} iterations.")));
    }
    Ok(at)
}

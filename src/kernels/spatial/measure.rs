//! Planar measures: length, area, azimuth and angle.

use std::f64::consts::PI;

use crate::error::{Error, Result};
use crate::kernels::{Call, Scalar};
use crate::types::Datum;

use super::access::ring_area;
use super::arc;
use super::args;
use super::geometry::{Coord, Geometry, Kind, failure};
use super::io;

pub(super) const SCALARS: &[(&str, Scalar)] = &[
    ("st_length(geometry)", |_, a| Ok(Datum::Float8(0.0 + length(&args::geometry(a, 0)?)))),
    ("st_length2d(geometry)", |_, a| Ok(Datum::Float8(0.0 + length(&args::geometry(a, 0)?)))),
    ("st_length(text)", |_, a| Ok(Datum::Float8(0.0 + length(&io::parse_geometry(args::text(a, 0)?)?)))),
    ("st_3dlength(geometry)", |_, a| Ok(Datum::Float8(0.0 + length_3d(&args::geometry(a, 0)?)))),
    ("st_perimeter(geometry)", |_, a| Ok(Datum::Float8(0.0 + perimeter(&args::geometry(a, 0)?, false)))),
    ("st_perimeter2d(geometry)", |_, a| Ok(Datum::Float8(0.0 + perimeter(&args::geometry(a, 0)?, false)))),
    ("st_3dperimeter(geometry)", |_, a| Ok(Datum::Float8(0.0 + perimeter(&args::geometry(a, 0)?, true)))),
    ("st_area(geometry)", |_, a| Ok(Datum::Float8(0.0 + area(&args::geometry(a, 0)?)?))),
    ("st_area2d(geometry)", |_, a| Ok(Datum::Float8(0.0 + area(&args::geometry(a, 0)?)?))),
    ("st_area(text)", |_, a| Ok(Datum::Float8(0.0 + area(&io::parse_geometry(args::text(a, 0)?)?)?))),
    ("st_azimuth(geometry,geometry)", |_, a| {
        let (one, two) = (args::geometry(a, 0)?, args::geometry(a, 1)?);
        let point = |geometry: &Geometry| match (geometry.kind, geometry.first_coord()) {
            (Kind::Point, Some(coord)) => Ok(coord),
            (Kind::Point, None) => Err(failure("Error extracting point")),
            _ => Err(failure("Argument must be POINT geometries")),
        };
        if one.kind != Kind::Point || two.kind != Kind::Point {
            return Err(failure("Argument must be POINT geometries"));
        }
        if one.srid != two.srid {
            return Err(failure("Operation on mixed SRID geometries"));
        }
        Ok(azimuth(&point(&one)?, &point(&two)?).map_or(Datum::Null, Datum::Float8))
    }),
    ("st_angle(geometry,geometry,geometry,geometry)", angle_of_points),
    ("st_angle(geometry,geometry)", |_, a| {
        let (one, two) = (args::geometry(a, 0)?, args::geometry(a, 1)?);
        if one.kind != Kind::LineString || two.kind != Kind::LineString {
            return Ok(Datum::Null);
        }
        let ends = |line: &Geometry| Some((*line.coords().first()?, *line.coords().last()?));
        let (Some(one), Some(two)) = (ends(&one), ends(&two)) else { return Ok(Datum::Null) };
        Ok(angle(&one.0, &one.1, &two.0, &two.1).map_or(Datum::Null, Datum::Float8))
    }),
];

pub(super) fn path_length(coords: &[Coord]) -> f64 {
    coords.windows(2).map(|edge| distance(&edge[0], &edge[1])).sum()
}

/// As liblwgeom computes it: without hypot's scaling.
pub(super) fn distance(a: &Coord, b: &Coord) -> f64 {
    let (dx, dy) = (a.x - b.x, a.y - b.y);
    (dx * dx + dy * dy).sqrt()
}

pub(super) fn distance_3d(a: &Coord, b: &Coord) -> f64 {
    let (dx, dy, dz) = (a.x - b.x, a.y - b.y, a.z - b.z);
    (dx * dx + dy * dy + dz * dz).sqrt()
}

fn length(geometry: &Geometry) -> f64 {
    match geometry.kind {
        Kind::LineString => path_length(geometry.coords()),
        Kind::CircularString => arc::length(geometry.coords()),
        Kind::MultiLineString | Kind::CompoundCurve | Kind::MultiCurve | Kind::GeometryCollection => {
            geometry.parts().iter().map(length).sum()
        }
        _ => 0.0,
    }
}

fn length_3d(geometry: &Geometry) -> f64 {
    match geometry.kind {
        Kind::LineString if geometry.z => {
            geometry.coords().windows(2).map(|edge| distance_3d(&edge[0], &edge[1])).sum()
        }
        Kind::MultiLineString | Kind::CompoundCurve | Kind::MultiCurve | Kind::GeometryCollection => {
            geometry.parts().iter().map(length_3d).sum()
        }
        _ => length(geometry),
    }
}

fn perimeter(geometry: &Geometry, solid: bool) -> f64 {
    match geometry.kind {
        Kind::Polygon => geometry
            .rings()
            .iter()
            .map(|ring| match solid && geometry.z {
                true => ring.windows(2).map(|edge| distance_3d(&edge[0], &edge[1])).sum(),
                false => path_length(ring),
            })
            .sum(),
        Kind::Triangle => geometry.rings().iter().map(|ring| path_length(ring)).sum(),
        Kind::CurvePolygon => geometry.parts().iter().map(length).sum(),
        _ if geometry.kind.is_collection() && !matches!(geometry.kind, Kind::CompoundCurve) => {
            geometry.parts().iter().map(|part| perimeter(part, solid)).sum()
        }
        _ => 0.0,
    }
}

fn area(geometry: &Geometry) -> Result<f64> {
    match geometry.kind {
        Kind::Polygon => Ok(geometry.rings().iter().enumerate().fold(0.0, |sum, (index, ring)| {
            let ring = (ring_area(ring) / 2.0).abs();
            if index == 0 { sum + ring } else { sum - ring }
        })),
        Kind::Triangle => Ok(geometry.rings().first().map_or(0.0, |ring| triangle_area(ring))),
        Kind::CurvePolygon => {
            let mut total = 0.0;
            for (index, ring) in geometry.parts().iter().enumerate() {
                if ring.kind != Kind::LineString {
                    return Err(Error::unsupported("area of a polygon with arcs"));
                }
                let ring = (ring_area(ring.coords()) / 2.0).abs();
                total += if index == 0 { ring } else { -ring };
            }
            Ok(total)
        }
        _ => geometry.parts().iter().map(area).sum(),
    }
}

fn triangle_area(ring: &[Coord]) -> f64 {
    let doubled: f64 = ring.windows(2).map(|edge| edge[0].x * edge[1].y - edge[0].y * edge[1].x).sum();
    doubled.abs() / 2.0
}

/// Clockwise from north; `None` for equal positions.
pub(super) fn azimuth(from: &Coord, to: &Coord) -> Option<f64> {
    if from.same_xy(to) {
        return None;
    }
    let (dx, dy) = (to.x - from.x, to.y - from.y);
    if from.x == to.x {
        return Some(if from.y < to.y { 0.0 } else { PI });
    }
    if from.y == to.y {
        return Some(if from.x < to.x { PI / 2.0 } else { PI + PI / 2.0 });
    }
    let (ax, ay) = (dx.abs(), dy.abs());
    Some(match (dx > 0.0, dy > 0.0) {
        (true, true) => (ax / ay).atan(),
        (true, false) => (ay / ax).atan() + PI / 2.0,
        (false, true) => (ay / ax).atan() + (PI + PI / 2.0),
        (false, false) => (ax / ay).atan() + PI,
    })
}

fn angle(a: &Coord, b: &Coord, c: &Coord, d: &Coord) -> Option<f64> {
    let (one, two) = (azimuth(a, b)?, azimuth(c, d)?);
    let difference = two - one;
    Some(if difference < 0.0 { difference + 2.0 * PI } else { difference })
}

fn angle_of_points(_call: &Call<'_>, a: &[Datum]) -> Result<Datum> {
    let points = (0..4).map(|index| args::geometry(a, index)).collect::<Result<Vec<_>>>()?;
    let four = !points[3].is_empty();
    let used = if four { 4 } else { 3 };
    let mut coords = Vec::new();
    for point in &points[..used] {
        if point.kind != Kind::Point {
            return Err(failure("Argument must be POINT geometries"));
        }
        if point.srid != points[0].srid {
            return Err(failure("Operation on mixed SRID geometries"));
        }
        coords.push(point.first_coord().ok_or_else(|| failure("Empty geometry"))?);
    }
    let found = match coords.as_slice() {
        [a, b, c, d] => angle(a, b, c, d),
        [a, b, c] => angle(b, a, b, c),
        _ => None,
    };
    Ok(found.map_or(Datum::Null, Datum::Float8))
}

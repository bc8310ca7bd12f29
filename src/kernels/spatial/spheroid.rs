//! The type `spheroid` and the measures on one.

use crate::error::{Error, Result};
use crate::kernels::Scalar;
use crate::types::Datum;

use super::args;
use super::geodetic::{Earth, path};
use super::geodetic_edges;
use super::geometry::{Body, Geometry, Kind, failure, same_srid};
use super::number;
use super::sphere::Spheroid;
use super::xml;

pub(super) const SCALARS: &[(&str, Scalar)] = &[
    ("st_lengthspheroid(geometry,spheroid)", length),
    // The name says 2D; PostGIS 3.3 counts heights in both.
    ("st_length2dspheroid(geometry,spheroid)", length),
    ("st_distancespheroid(geometry,geometry,spheroid)", |_, a| {
        let (one, two) = (args::geometry(a, 0)?, args::geometry(a, 1)?);
        distance(&one, &two, spheroid(a, 2)?)
    }),
    ("st_distancespheroid(geometry,geometry)", |_, a| {
        distance(&args::geometry(a, 0)?, &args::geometry(a, 1)?, Spheroid::WGS84)
    }),
];

/// Reads `SPHEROID["name",semi-major axis,inverse flattening]`; kept as text with every digit.
pub fn input(text: &str) -> Result<Datum> {
    let rest = text.strip_prefix("SPHEROID").ok_or_else(|| failure("SPHEROID parser - doesn't start with SPHEROID"))?;
    let wrong = || failure("SPHEROID parser - couldnt parse the spheroid");
    let rest = rest.strip_prefix(['[', '(']).and_then(|rest| rest.strip_prefix('"')).ok_or_else(wrong)?;
    let (name, rest) = rest.split_once('"').ok_or_else(wrong)?;
    if name.is_empty() || name.len() > 19 {
        return Err(wrong());
    }
    let (a, rest) = rest.strip_prefix(',').and_then(|rest| rest.split_once(',')).ok_or_else(wrong)?;
    let end = rest.trim_start().find([']', ')', ' ']).unwrap_or(rest.trim_start().len());
    let value = |text: &str| {
        let unread = || Error::unsupported("this way to write a number of a spheroid");
        match text.trim_start() {
            "" => Err(wrong()),
            text if text.ends_with(|c: char| c.is_ascii_whitespace()) => Err(wrong()),
            text => xml::number(text).ok_or_else(unread),
        }
    };
    let (a, inverse) = (value(a)?, value(&rest.trim_start()[..end])?);
    Ok(Datum::text(format!("SPHEROID(\"{name}\",{a:?},{inverse:?})")))
}

/// As PostGIS prints it: 15 digits.
pub fn output(stored: &str) -> String {
    match numbers(stored) {
        Some((name, a, inverse)) => format!("{name},{},{})", number::general(a, 15), number::general(inverse, 15)),
        None => stored.to_owned(),
    }
}

fn numbers(stored: &str) -> Option<(&str, f64, f64)> {
    let (rest, inverse) = stored.trim_end_matches([']', ')']).rsplit_once(',')?;
    let (name, a) = rest.rsplit_once(',')?;
    Some((name, a.trim().parse().ok()?, inverse.trim().parse().ok()?))
}

fn spheroid(a: &[Datum], index: usize) -> Result<Spheroid> {
    let (_, a, inverse) = numbers(args::text(a, index)?).ok_or_else(|| Error::unsupported("this spheroid"))?;
    // Beyond are no planets: the series are not made for them.
    if !(a > 0.0 && a.is_finite() && inverse >= 50.0 && inverse.is_finite()) {
        return Err(Error::unsupported("a spheroid of this shape"));
    }
    Ok(Spheroid { a, f: 1.0 / inverse })
}

fn length(_call: &crate::kernels::Call<'_>, a: &[Datum]) -> Result<Datum> {
    let geometry = args::geometry(a, 0)?;
    let earth = Earth::Spheroid(spheroid(a, 1)?);
    Ok(Datum::Float8(length_of(&geometry, &earth)? + 0.0))
}

/// Lines and rings, with heights where there are.
fn length_of(geometry: &Geometry, earth: &Earth) -> Result<f64> {
    if geometry.is_empty() {
        return Ok(0.0);
    }
    match (&geometry.body, geometry.kind) {
        (_, Kind::Point | Kind::MultiPoint) => Ok(0.0),
        (Body::Coords(coords), Kind::LineString) => Ok(path(earth, coords, geometry.z)),
        (Body::Rings(rings), Kind::Polygon | Kind::Triangle) => {
            Ok(rings.iter().map(|ring| path(earth, ring, geometry.z)).sum())
        }
        (Body::Parts(parts), Kind::MultiLineString | Kind::MultiPolygon | Kind::GeometryCollection) => {
            parts.iter().map(|part| length_of(part, earth)).sum()
        }
        (_, Kind::CircularString | Kind::CurvePolygon) => {
            Err(failure("unsupported type passed to lwgeom_length_sphere"))
        }
        (_, kind) => Err(Error::unsupported(format!("the length of {} on a spheroid", kind.name()))),
    }
}

fn distance(one: &Geometry, two: &Geometry, spheroid: Spheroid) -> Result<Datum> {
    same_srid(one, two, "geometry_distance_spheroid")?;
    let flat = |geometry: &Geometry| {
        matches!(
            geometry.kind,
            Kind::Point
                | Kind::LineString
                | Kind::Polygon
                | Kind::MultiPoint
                | Kind::MultiLineString
                | Kind::MultiPolygon
        )
    };
    if !flat(one) || !flat(two) {
        return Err(failure("geometry_distance_spheroid: Only point/line/polygon supported.\n"));
    }
    if one.is_empty() || two.is_empty() {
        return Ok(Datum::Float8(-1.0));
    }
    let earth = Earth::Spheroid(spheroid);
    let line = matches!((one.kind, two.kind), (Kind::Point, Kind::LineString) | (Kind::LineString, Kind::Point));
    let points = |geometry: &Geometry| matches!(geometry.kind, Kind::Point | Kind::MultiPoint);
    let length = if points(one) && points(two) {
        let (left, right) = (one.all_coords(), two.all_coords());
        let lengths = left.iter().flat_map(|from| right.iter().map(|to| earth.distance(from, to)));
        lengths.fold(f64::INFINITY, f64::min)
    } else if line {
        geodetic_edges::distance(one, two, &earth)?.unwrap_or(-1.0)
    } else {
        // PostGIS 3.3 sees neither crossings nor what is inside of areas here, and takes parts one by one.
        return Err(Error::unsupported("ST_DistanceSpheroid of areas and between lines"));
    };
    Ok(Datum::Float8(length))
}

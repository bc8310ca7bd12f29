//! Measures on the sphere and the spheroid: points and paths.

use geographiclib_rs::{DirectGeodesic, Geodesic, InverseGeodesic, PolygonArea, Winding};

use crate::error::{Error, Result};
use crate::kernels::Scalar;
use crate::types::Datum;

use super::args;
use super::geographic;
use super::geometry::{Coord, Geometry, Kind, failure, same_srid};
use super::sphere::Spheroid;

pub(super) const SCALARS: &[(&str, Scalar)] = &[
    ("st_length(geography,bool)", |_, a| {
        let (geometry, spheroid) = (args::geometry(a, 0)?, args::boolean(a, 1)?);
        if matches!(geometry.kind, Kind::Polygon | Kind::MultiPolygon) {
            return Ok(Datum::Float8(0.0));
        }
        around(&geometry, spheroid)
    }),
    ("st_perimeter(geography,bool)", |_, a| {
        let (geometry, spheroid) = (args::geometry(a, 0)?, args::boolean(a, 1)?);
        if !matches!(geometry.kind, Kind::Polygon | Kind::MultiPolygon | Kind::GeometryCollection) {
            return Ok(Datum::Float8(0.0));
        }
        around(&geometry, spheroid)
    }),
    ("st_area(geography,bool)", |_, a| {
        let (geometry, spheroid) = (args::geometry(a, 0)?, args::boolean(a, 1)?);
        if geometry.is_empty() {
            return Ok(Datum::Float8(0.0));
        }
        let Earth::Spheroid(own) = Earth::of(geometry.srid, spheroid)? else {
            return Err(Error::unsupported("st_area of a geography on the sphere"));
        };
        let earth = Geodesic::new(own.a, own.f);
        let polygon = |leaf: &Geometry| {
            let mut rings = leaf.rings().iter().map(|ring| ring_area(&earth, ring));
            rings.next().unwrap_or(0.0) - rings.sum::<f64>()
        };
        let leaves = geometry.leaves();
        Ok(Datum::Float8(
            leaves.iter().filter(|leaf| leaf.kind == Kind::Polygon).map(|leaf| polygon(leaf)).sum::<f64>() + 0.0,
        ))
    }),
    ("geography_distance_knn(geography,geography)", |_, a| {
        let (one, two) = (args::geometry(a, 0)?, args::geometry(a, 1)?);
        same_srid(&one, &two, "geography_distance_knn")?;
        let earth = Earth::of(one.srid, false)?;
        let Some((from, to)) = points(&one, &two)? else { return Ok(Datum::Null) };
        Ok(Datum::Float8(earth.distance(&from, &to)))
    }),
    ("st_azimuth(geography,geography)", |_, a| {
        let (one, two) = (args::geometry(a, 0)?, args::geometry(a, 1)?);
        same_srid(&one, &two, "geography_azimuth")?;
        if one.kind != Kind::Point || two.kind != Kind::Point {
            return Err(failure("ST_Azimuth(geography, geography) is only valid for point inputs"));
        }
        let Some((from, to)) = points(&one, &two)? else { return Ok(Datum::Null) };
        if from.same_xy(&to) {
            return Ok(Datum::Null);
        }
        let spheroid = geographic::spheroid(one.srid)?;
        let (_, azimuth, _, _): (f64, f64, f64, f64) =
            Geodesic::new(spheroid.a, spheroid.f).inverse(from.y, from.x, to.y, to.x);
        let azimuth = azimuth.to_radians();
        let turn = 2.0 * std::f64::consts::PI;
        Ok(Datum::Float8(if azimuth < 0.0 { azimuth + turn } else { azimuth }))
    }),
    ("st_project(geography,float8,float8)", |_, a| {
        if args::is_null(a, 0) || args::is_null(a, 1) || args::is_null(a, 2) {
            return Ok(Datum::Null);
        }
        let (geometry, distance, azimuth) = (args::geometry(a, 0)?, args::float(a, 1)?, args::float(a, 2)?);
        if geometry.kind != Kind::Point {
            return Err(failure("ST_Project(geography) is only valid for point inputs"));
        }
        let Some(from) = geometry.first_coord() else {
            return Err(failure("ST_Project(geography) cannot project from an empty start point"));
        };
        // Backwards is forwards the other way.
        let (distance, azimuth) =
            if distance < 0.0 { (-distance, azimuth + std::f64::consts::PI) } else { (distance, azimuth) };
        let spheroid = geographic::spheroid(geometry.srid)?;
        let (latitude, longitude): (f64, f64) =
            Geodesic::new(spheroid.a, spheroid.f).direct(turned(from.y), turned(from.x), to_degrees(azimuth), distance);
        let to = Coord { x: turned(longitude), y: turned(latitude), ..from };
        Ok(Geometry::point(to, 0).like(&geometry).into_datum())
    }),
];

/// liblwgeom keeps angles in radians: degrees go there and back.
fn turned(degrees: f64) -> f64 {
    to_degrees(std::f64::consts::PI * degrees / 180.0)
}

fn to_degrees(radians: f64) -> f64 {
    180.0 * radians / std::f64::consts::PI
}

/// geography distances are rounded to 1e-8.
pub(super) fn rounded(distance: f64) -> f64 {
    const SCALE: f64 = 1e8;
    (distance * SCALE).round() / SCALE
}

/// Two points; `None` when one is empty. Other kinds are left to PostGIS.
pub(super) fn points(one: &Geometry, two: &Geometry) -> Result<Option<(Coord, Coord)>> {
    if one.is_empty() || two.is_empty() {
        return Ok(None);
    }
    match (one.kind, two.kind, one.first_coord(), two.first_coord()) {
        (Kind::Point, Kind::Point, Some(from), Some(to)) => Ok(Some((from, to))),
        _ => Err(Error::unsupported("geodetic distance between geometries other than points")
            .hint("Run it where the data is, in PostGIS.")),
    }
}

/// The length of all lines and rings.
fn around(geometry: &Geometry, spheroid: bool) -> Result<Datum> {
    if geometry.is_empty() {
        return Ok(Datum::Float8(0.0));
    }
    let earth = Earth::of(geometry.srid, spheroid)?;
    let mut length = 0.0;
    for leaf in geometry.leaves() {
        if leaf.kind == Kind::LineString {
            length += path(&earth, leaf.coords(), geometry.z);
        }
        length += leaf.rings().iter().map(|ring| path(&earth, ring, geometry.z)).sum::<f64>();
    }
    Ok(Datum::Float8(length))
}

/// Square metres within a ring, whichever way it runs.
fn ring_area(earth: &Geodesic, ring: &[Coord]) -> f64 {
    let Some((_, corners)) = ring.split_last().filter(|_| ring.len() >= 4) else { return 0.0 };
    let mut area = PolygonArea::new(earth, Winding::CounterClockwise);
    for corner in corners {
        area.add_point(corner.y, corner.x);
    }
    area.compute(true).1.abs()
}

pub(super) enum Earth {
    Sphere(f64),
    Spheroid(Spheroid),
}

impl Earth {
    pub(super) fn of(srid: i32, spheroid: bool) -> Result<Earth> {
        let own = geographic::spheroid(srid)?;
        Ok(if spheroid { Earth::Spheroid(own) } else { Earth::Sphere(own.radius()) })
    }

    pub(super) fn distance(&self, from: &Coord, to: &Coord) -> f64 {
        match self {
            Earth::Spheroid(spheroid) => {
                let ends = [from.y, from.x, to.y, to.x].map(turned);
                Geodesic::new(spheroid.a, spheroid.f).inverse(ends[0], ends[1], ends[2], ends[3])
            }
            Earth::Sphere(radius) => {
                let (lat1, lat2) = (from.y.to_radians(), to.y.to_radians());
                let delta = to.x.to_radians() - from.x.to_radians();
                let (sin1, cos1) = lat1.sin_cos();
                let (sin2, cos2) = lat2.sin_cos();
                let across = cos2 * delta.sin();
                let up = cos1 * sin2 - sin1 * cos2 * delta.cos();
                let top = (across * across + up * up).sqrt();
                top.atan2(sin1 * sin2 + cos1 * cos2 * delta.cos()) * radius
            }
        }
    }

    /// Square metres within a ring on the spheroid.
    pub(super) fn ring_area(&self, ring: &[Coord]) -> Result<f64> {
        match self {
            Earth::Spheroid(own) => Ok(ring_area(&Geodesic::new(own.a, own.f), ring)),
            Earth::Sphere(_) => Err(Error::unsupported("areas on the sphere")),
        }
    }
}

/// The length of a path; heights count where there are.
pub(super) fn path(earth: &Earth, coords: &[Coord], solid: bool) -> f64 {
    let length = |edge: &[Coord]| {
        let flat = earth.distance(&edge[0], &edge[1]);
        let height = edge[1].z - edge[0].z;
        if solid { (height * height + flat * flat).sqrt() } else { flat }
    };
    coords.windows(2).map(length).sum()
}

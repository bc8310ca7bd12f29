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
        if geometry.is_empty() || matches!(geometry.kind, Kind::Polygon | Kind::MultiPolygon) {
            return Ok(Datum::Float8(0.0));
        }
        let earth = Earth::of(geometry.srid, spheroid)?;
        Ok(Datum::Float8(lines(&geometry).iter().map(|line| earth.path(line)).sum::<f64>() + 0.0))
    }),
    ("st_perimeter(geography,bool)", |_, a| {
        let (geometry, spheroid) = (args::geometry(a, 0)?, args::boolean(a, 1)?);
        if geometry.is_empty() || !matches!(geometry.kind, Kind::Polygon | Kind::MultiPolygon) {
            return Ok(Datum::Float8(0.0));
        }
        let earth = Earth::of(geometry.srid, spheroid)?;
        let leaves = geometry.leaves();
        Ok(Datum::Float8(leaves.iter().flat_map(|leaf| leaf.rings()).map(|ring| earth.path(ring)).sum::<f64>() + 0.0))
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
    ("st_distancespheroid(geometry,geometry)", |_, a| {
        let (one, two) = (args::geometry(a, 0)?, args::geometry(a, 1)?);
        same_srid(&one, &two, "geometry_distance_spheroid")?;
        let Some((from, to)) = points(&one, &two)? else { return Ok(Datum::Null) };
        Ok(Datum::Float8(Earth::Spheroid(Spheroid::WGS84).distance(&from, &to)))
    }),
    ("st_distance(geography,geography,bool)", |_, a| {
        let (one, two) = (args::geometry(a, 0)?, args::geometry(a, 1)?);
        same_srid(&one, &two, "geography_distance")?;
        let earth = Earth::of(one.srid, args::boolean(a, 2)?)?;
        let Some((from, to)) = points(&one, &two)? else { return Ok(Datum::Null) };
        Ok(Datum::Float8(rounded(earth.distance(&from, &to))))
    }),
    ("st_dwithin(geography,geography,float8,bool)", |_, a| {
        let (one, two) = (args::geometry(a, 0)?, args::geometry(a, 1)?);
        let tolerance = args::float(a, 2)?;
        same_srid(&one, &two, "geography_dwithin")?;
        let earth = Earth::of(one.srid, args::boolean(a, 3)?)?;
        let Some((from, to)) = points(&one, &two)? else { return Ok(Datum::Bool(false)) };
        Ok(Datum::Bool(earth.distance(&from, &to) <= tolerance))
    }),
    ("geography_distance_knn(geography,geography)", |_, a| {
        let (one, two) = (args::geometry(a, 0)?, args::geometry(a, 1)?);
        same_srid(&one, &two, "geography_distance_knn")?;
        let earth = Earth::of(one.srid, false)?;
        let Some((from, to)) = points(&one, &two)? else { return Ok(Datum::Null) };
        Ok(Datum::Float8(earth.distance(&from, &to)))
    }),
    ("st_distancesphere(geometry,geometry)", |_, a| {
        let (one, two) = (args::geometry(a, 0)?, args::geometry(a, 1)?);
        same_srid(&one, &two, "geography_distance")?;
        let Some((from, to)) = points(&one, &two)? else { return Ok(Datum::Null) };
        Ok(Datum::Float8(rounded(Earth::of(4326, false)?.distance(&from, &to))))
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
fn rounded(distance: f64) -> f64 {
    const SCALE: f64 = 1e8;
    (distance * SCALE).round() / SCALE
}

/// Two points; `None` when one is empty. Other kinds are left to PostGIS.
fn points(one: &Geometry, two: &Geometry) -> Result<Option<(Coord, Coord)>> {
    if one.is_empty() || two.is_empty() {
        return Ok(None);
    }
    match (one.kind, two.kind, one.first_coord(), two.first_coord()) {
        (Kind::Point, Kind::Point, Some(from), Some(to)) => Ok(Some((from, to))),
        _ => Err(Error::unsupported("geodetic distance between geometries other than points")
            .hint("Run it where the data is, in PostGIS.")),
    }
}

fn lines(geometry: &Geometry) -> Vec<&[Coord]> {
    geometry.leaves().into_iter().filter(|leaf| leaf.kind == Kind::LineString).map(Geometry::coords).collect()
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

enum Earth {
    Sphere(f64),
    Spheroid(Spheroid),
}

impl Earth {
    fn of(srid: i32, spheroid: bool) -> Result<Earth> {
        let own = geographic::spheroid(srid)?;
        Ok(if spheroid { Earth::Spheroid(own) } else { Earth::Sphere(own.radius()) })
    }

    fn distance(&self, from: &Coord, to: &Coord) -> f64 {
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

    fn path(&self, coords: &[Coord]) -> f64 {
        coords.windows(2).map(|edge| self.distance(&edge[0], &edge[1])).sum()
    }
}

//! Reprojection: between longitude/latitude and spherical Mercator by their formulas, everything else through PROJ.

use std::f64::consts::{FRAC_PI_2, PI};

use crate::error::Result;
use crate::kernels::Scalar;

use super::args;
use super::geometry::{Geometry, failure};

const RADIUS: f64 = 6_378_137.0;

pub(super) const SCALARS: &[(&str, Scalar)] =
    &[("st_transform(geometry,int4)", |_, a| Ok(transform(args::geometry(a, 0)?, args::int(a, 1)?)?.into_datum()))];

/// `ST_Transform`.
pub(super) fn transform(mut geometry: Geometry, srid: i32) -> Result<Geometry> {
    let wanted = super::clamp_srid(srid);
    if wanted == 0 {
        return Err(failure("ST_Transform: 0 is an invalid target SRID"));
    }
    if geometry.srid == 0 {
        return Err(failure("ST_Transform: Input geometry has unknown (0) SRID"));
    }
    if geometry.srid == wanted {
        return Ok(geometry);
    }
    for reserved in [geometry.srid, wanted] {
        if reserved > 999_000 - 1 + 163 && reserved <= 999_999 {
            return Err(failure(format!("Invalid reserved SRID ({reserved})")));
        }
    }
    match (geometry.srid, wanted) {
        (4326, 3857) => {
            let mut beyond = false;
            geometry.visit_mut(&mut |coord| {
                beyond |= coord.y.abs() > 90.0 || !coord.x.is_finite() || !coord.y.is_finite();
                (coord.x, coord.y) = (wrapped(coord.x.to_radians()) * RADIUS, northing(coord.y.to_radians()));
            });
            if beyond {
                return Err(failure("transform: Invalid coordinate (2049)"));
            }
        }
        (3857, 4326) => geometry.visit_mut(&mut |coord| {
            (coord.x, coord.y) =
                (wrapped(coord.x * (1.0 / RADIUS)).to_degrees(), (coord.y * (1.0 / RADIUS)).sinh().atan().to_degrees());
        }),
        #[cfg(feature = "engine")]
        (from, to) => super::proj::transform(&mut geometry, from, to)?,
        #[cfg(not(feature = "engine"))]
        (from, to) => {
            return Err(crate::error::Error::unsupported(format!("st_transform from SRID {from} to SRID {to}"))
                .hint("This transformation needs PROJ: run it where the data is, in PostGIS."));
        }
    }
    geometry.set_srid(wanted);
    Ok(geometry)
}

/// Longitudes beyond the antimeridian come back into range, those on it stay.
fn wrapped(longitude: f64) -> f64 {
    if longitude.abs() <= PI + 1e-12 {
        return longitude;
    }
    let turned = longitude + PI;
    turned - 2.0 * PI * (turned / (2.0 * PI)).floor() - PI
}

fn northing(latitude: f64) -> f64 {
    if latitude.abs() > FRAC_PI_2 - 1e-10 {
        // The poles are far but finite, as in PROJ.
        return latitude.signum() * RADIUS * FRAC_PI_2.tan().asinh();
    }
    RADIUS * latitude.tan().asinh()
}

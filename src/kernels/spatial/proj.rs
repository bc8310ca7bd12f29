//! Reprojection through PROJ, which is loaded when it is first needed. Its own database says what an SRID means: EPSG's number, else ESRI's,
//! as the rows of PostGIS's `spatial_ref_sys` do.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::OnceLock;

use geo_traits::Dimensions;
use sedona_geometry::transform::{CrsEngine, CrsTransform};
use sedona_proj::error::SedonaProjError;
use sedona_proj::transform::{ProjCrsEngineBuilder, configure_global_proj_engine, with_global_proj_engine};

use super::geometry::{Geometry, failure};
use crate::error::{Error, Result};

/// Names under which systems have the library.
const LIBRARIES: [&str; 5] = ["libproj.so.25", "libproj.so.22", "libproj.so.19", "libproj.so", "libproj.dylib"];

/// The last of the numbers that EPSG and ESRI give; beyond are those that are defined by hand.
const LAST_KNOWN: i32 = 104_992;

/// Transformations that a thread keeps: making one takes milliseconds.
const MAX_KEPT: usize = 64;

thread_local! {
    static KEPT: RefCell<HashMap<(i32, i32), Rc<dyn CrsTransform>>> = RefCell::default();
}

/// Moves every coordinate in place; the SRID is left. 0A000 where there is no PROJ, XX000 with PROJ's words where it cannot.
pub(super) fn transform(geometry: &mut Geometry, from: i32, to: i32) -> Result<()> {
    let transform = between(from, to)?;
    let solid = geometry.z;
    let mut wrong = None;
    geometry.visit_mut(&mut |coord| {
        let mut place = (coord.x, coord.y, coord.z);
        let moved = if solid {
            transform.transform_coord_xyz(&mut place, Dimensions::Xyz)
        } else {
            let mut flat = (coord.x, coord.y);
            let moved = transform.transform_coord(&mut flat);
            (place.0, place.1) = flat;
            moved
        };
        match moved {
            Ok(()) => (coord.x, coord.y, coord.z) = place,
            Err(error) => drop(wrong.get_or_insert(error)),
        }
    });
    match wrong {
        Some(error) => Err(failure(format!("transform: {error}"))),
        None => Ok(()),
    }
}

fn between(from: i32, to: i32) -> Result<Rc<dyn CrsTransform>> {
    if let Some(kept) = KEPT.with_borrow(|kept| kept.get(&(from, to)).cloned()) {
        return Ok(kept);
    }
    if !is_available() {
        return Err(Error::unsupported("st_transform without the PROJ library").hint(
            "Install PROJ (on Debian the package libproj25), or run the statement where the data is, in PostGIS.",
        ));
    }
    let made = with_global_proj_engine(|engine| {
        let (from, to) = (known(engine, from)?, known(engine, to)?);
        engine
            .get_transform_crs_to_crs(&from, &to, None, "")
            .map_err(|error| SedonaProjError::Invalid(error.to_string()))
    });
    let made = made.map_err(|error| failure(format!("st_transform: {error}")))?;
    KEPT.with_borrow_mut(|kept| {
        if kept.len() >= MAX_KEPT {
            kept.clear();
        }
        kept.insert((from, to), Rc::clone(&made));
    });
    Ok(made)
}

/// The name by which PROJ knows an SRID.
fn known(engine: &impl CrsEngine, srid: i32) -> std::result::Result<String, SedonaProjError> {
    // Two of ESRI's that EPSG has given away since.
    let authorities = if matches!(srid, 20_002 | 20_003) { ["ESRI", "EPSG"] } else { ["EPSG", "ESRI"] };
    let names = authorities.map(|authority| format!("{authority}:{srid}"));
    if srid > LAST_KNOWN {
        return Err(SedonaProjError::Invalid(format!("SRID {srid} has no definition of an authority")));
    }
    let found = names.into_iter().find(|name| engine.to_projjson(name).is_ok());
    found.ok_or_else(|| SedonaProjError::Invalid(format!("cannot find SRID ({srid}) in spatial_ref_sys")))
}

/// Whether a library was found; looked for once.
fn is_available() -> bool {
    static FOUND: OnceLock<bool> = OnceLock::new();
    *FOUND.get_or_init(|| {
        LIBRARIES.iter().any(|library| {
            let builder = ProjCrsEngineBuilder::default().with_shared_library(PathBuf::from(library)).with_log_level(0);
            // The engine of a thread is made of what is configured when it first asks.
            builder.build().is_ok() && configure_global_proj_engine(builder).is_ok()
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::spatial::geometry::Coord;

    #[test]
    fn as_postgis_with_the_same_library() {
        if !is_available() {
            println!("SKIPPED: no PROJ library (Debian: libproj25)");
            return;
        }
        for (srid, from, to) in [
            (32_632, (9.5, 48.25), (537_117.141_935, 5_344_208.122_025)),
            (102_003, (-96.5, 39.5), (-42_605.906_833, 224_274.123_16)),
            (3035, (10.0, 52.0), (4_321_000.0, 3_210_000.0)),
        ] {
            let mut point = Geometry::point(Coord::xy(from.0, from.1), 4326);
            transform(&mut point, 4326, srid).unwrap();
            let moved = point.coords()[0];
            assert!((moved.x - to.0).abs() < 1e-6 && (moved.y - to.1).abs() < 1e-6, "{srid}: {moved:?}");
        }
        let mut point = Geometry::point(Coord::xy(1.0, 1.0), 4326);
        for unknown in [999, 900_913] {
            assert_eq!(transform(&mut point, 4326, unknown).unwrap_err().state().code(), "XX000");
        }
    }
}

//! Lines: merging, snapping, shared paths.

use geos::Geom as _;

use crate::error::{Error, Result};
use crate::kernels::Scalar;

use super::super::args;
use super::super::geometry::{Geometry, Kind};
use super::convert::{export, fault, finite, import_fixed, lwgeom, one_srid};

pub(super) const SCALARS: &[(&str, Scalar)] = &[
    ("st_linemerge(geometry)", |_, a| Ok(line_merge(&args::geometry(a, 0)?, false)?.into_datum())),
    ("st_linemerge(geometry,bool)", |_, a| Ok(line_merge(&args::geometry(a, 0)?, args::boolean(a, 1)?)?.into_datum())),
    ("st_snap(geometry,geometry,float8)", |_, a| {
        let (left, right, tolerance) = (args::geometry(a, 0)?, args::geometry(a, 1)?, finite(a, 2)?);
        let function = "lwgeom_snap";
        one_srid(&left, &right, function)?;
        let (l, r) = (import_fixed(&left, function)?, import_fixed(&right, function)?);
        let result = l.snap(&r, tolerance).map_err(fault(&lwgeom(function)))?;
        Ok(export(&result, left.z || right.z, left.srid)?.into_datum())
    }),
    ("st_sharedpaths(geometry,geometry)", |_, a| {
        let (left, right) = (args::geometry(a, 0)?, args::geometry(a, 1)?);
        let function = "lwgeom_sharedpaths";
        one_srid(&left, &right, function)?;
        let (l, r) = (import_fixed(&left, function)?, import_fixed(&right, function)?);
        let result = l.shared_paths(&r).map_err(fault(&lwgeom(function)))?;
        Ok(export(&result, left.z || right.z, left.srid)?.into_datum())
    }),
];

fn line_merge(geometry: &Geometry, directed: bool) -> Result<Geometry> {
    if geometry.is_empty() {
        return Ok(geometry.clone());
    }
    if !matches!(geometry.kind, Kind::LineString | Kind::MultiLineString) {
        // GEOS 3.14 merges the rings of polygons, the GEOS 3.11 of PostGIS 3.3 does not.
        return Err(Error::unsupported("ST_LineMerge of anything but lines"));
    }
    let function = "lwgeom_linemerge_directed";
    let input = import_fixed(geometry, function)?;
    let result = if directed { input.line_merge_directed() } else { input.line_merge() };
    export(&result.map_err(fault(&lwgeom(function)))?, geometry.z, geometry.srid)
}

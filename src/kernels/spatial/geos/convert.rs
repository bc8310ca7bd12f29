//! Geometries to GEOS and back, and GEOS's errors in PostGIS's words.

use geos::{CoordDimensions, WKBWriter};

use crate::error::{Error, Result, SqlState};
use crate::types::Datum;

use super::super::geometry::{Body, Coord, Geometry, Kind, failure};
use super::super::{args, wkb};

/// GEOS's own words for what went wrong.
pub fn words(error: geos::Error) -> String {
    match error {
        geos::Error::GeosError((_, Some(message))) => message,
        geos::Error::GeosError((function, None)) => function.to_owned(),
        other => other.to_string(),
    }
}

/// An XX000 of a GEOS call: `label: what GEOS says`.
pub fn fault(label: &str) -> impl FnOnce(geos::Error) -> Error + '_ {
    move |error| failure(format!("{label}: {}", words(error)))
}

/// The label of liblwgeom's wrappers.
pub fn lwgeom(function: &str) -> String {
    format!("{function}: GEOS Error")
}

/// The geometry as GEOS can read it: no M, no SRID, triangles as polygons. With `fix`, open and short rings are closed.
fn plain(geometry: &Geometry, fix: bool) -> Result<Geometry> {
    let kind = match geometry.kind {
        Kind::Triangle => Kind::Polygon,
        Kind::Tin => Kind::GeometryCollection,
        Kind::PolyhedralSurface => {
            return Err(failure("Unknown geometry type: 13 - PolyhedralSurface"));
        }
        kind if kind.has_arcs() || kind == Kind::CircularString => {
            return Err(Error::unsupported(format!("{} geometries in this function", kind.name())));
        }
        kind => kind,
    };
    let body = match &geometry.body {
        // GEOS wants two points in a line.
        Body::Coords(coords) if kind == Kind::LineString && coords.len() == 1 => {
            Body::Coords(vec![coords[0], coords[0]])
        }
        Body::Coords(coords) => Body::Coords(coords.clone()),
        Body::Rings(_) if geometry.is_empty() => Body::Rings(Vec::new()),
        Body::Rings(rings) => Body::Rings(rings.iter().map(|ring| closed(ring, fix)).collect()),
        Body::Parts(parts) => Body::Parts(parts.iter().map(|part| plain(part, fix)).collect::<Result<_>>()?),
    };
    Ok(Geometry { kind, srid: 0, z: geometry.z, m: false, body })
}

fn closed(ring: &[Coord], fix: bool) -> Vec<Coord> {
    let mut ring = ring.to_vec();
    if let (true, Some(first)) = (fix, ring.first().copied()) {
        if !wkb::is_closed(&ring) {
            ring.push(first);
        }
        while ring.len() < 4 {
            ring.push(first);
        }
    }
    ring
}

fn read(geometry: &Geometry, fix: bool) -> Result<Result<geos::Geometry, String>> {
    let plain = plain(geometry, fix)?;
    let bytes = wkb::write(&plain, wkb::ByteOrder::Little, wkb::Variant::ExtendedNoSrid);
    Ok(geos::Geometry::new_from_wkb(&bytes).map_err(words))
}

/// To GEOS as it is; the inner error is what GEOS has against it.
pub fn strict(geometry: &Geometry) -> Result<Result<geos::Geometry, String>> {
    read(geometry, false)
}

/// To GEOS as it is, or an error with that label.
pub fn import(geometry: &Geometry, label: &str) -> Result<geos::Geometry> {
    strict(geometry)?.map_err(|message| failure(format!("{label}: {message}")))
}

/// To GEOS; rings GEOS refuses are closed first (liblwgeom's AUTOFIX).
pub fn import_fixed(geometry: &Geometry, function: &str) -> Result<geos::Geometry> {
    if let Ok(geometry) = read(geometry, false)? {
        return Ok(geometry);
    }
    read(geometry, true)?.map_err(|message| failure(format!("{}: {message}", lwgeom(function))))
}

/// From GEOS, with that SRID; Z only where wanted and present.
pub fn export(geometry: &impl geos::Geom, z: bool, srid: i32) -> Result<Geometry> {
    let label = "GEOS2LWGEOM";
    let mut writer = WKBWriter::new().map_err(fault(label))?;
    writer.set_output_dimension(if z { CoordDimensions::ThreeD } else { CoordDimensions::TwoD });
    let bytes = writer.write_wkb(geometry).map_err(fault(label))?;
    let mut result = wkb::parse(&bytes, wkb::Check::Nothing)?;
    // GEOS has a Z when the first position has one.
    let z = result.z && result.first_coord().is_some_and(|coord| !coord.z.is_nan());
    result.set_dimensions(z, false);
    if !z {
        result.visit_mut(&mut |coord| coord.z = 0.0);
    }
    result.set_srid(srid);
    Ok(result)
}

/// A float argument GEOS may be given.
pub fn finite(a: &[Datum], index: usize) -> Result<f64> {
    let value = args::float(a, index)?;
    if value.is_finite() {
        return Ok(value);
    }
    Err(Error::new(SqlState::INVALID_PARAMETER_VALUE, format!("argument {} must be a finite number", index + 1)))
}

/// Refuses positions that are not finite where GEOS does not.
pub fn check_finite(geometry: &Geometry) -> Result<()> {
    let mut finite = true;
    geometry.visit(&mut |coord| {
        finite &= coord.x.is_finite() && coord.y.is_finite();
        finite &= !geometry.z || coord.z.is_finite();
    });
    if finite { Ok(()) } else { Err(failure("Geometry contains invalid coordinates")) }
}

/// Refuses SRIDs that differ, in the words of liblwgeom's wrappers.
pub fn one_srid(left: &Geometry, right: &Geometry, function: &str) -> Result<i32> {
    if left.srid == right.srid {
        return Ok(left.srid);
    }
    Err(failure(format!("{function}: Operation on mixed SRID geometries ({} != {})", left.srid, right.srid)))
}

/// Refuses SRIDs that differ within an array, in PostGIS's words.
pub fn array_srid(parts: &[Geometry], function: &str) -> Result<i32> {
    let srid = parts.first().map_or(0, |part| part.srid);
    match parts.iter().find(|part| part.srid != srid) {
        None => Ok(srid),
        Some(part) => Err(failure(format!(
            "{function}: Operation on mixed SRID geometries {} {} != {srid}",
            part.kind.name(),
            part.srid
        ))),
    }
}

/// A collection of parts of the same dimensions, or liblwgeom's error.
pub fn collection(kind: Kind, parts: Vec<Geometry>, srid: i32) -> Result<Geometry> {
    let flags = |part: &Geometry| 2 * i32::from(part.z) + i32::from(part.m);
    if let Some(first) = parts.first().map(flags)
        && let Some(other) = parts.iter().map(flags).find(|other| *other != first)
    {
        return Err(failure(format!("lwcollection_construct: mixed dimension geometries: {first}/{other}")));
    }
    let mut result = Geometry::collection(kind, parts, srid);
    result.set_srid(srid);
    Ok(result)
}

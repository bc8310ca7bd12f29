//! GeoJSON output.

use crate::error::Result;

use super::bounds::Bounds;
use super::geometry::{Body, Coord, Geometry, Kind, failure};
use super::number;

/// Options of `ST_AsGeoJSON`.
const BBOX: i32 = 1;
const SHORT_CRS: i32 = 2;
const LONG_CRS: i32 = 4;
const CRS_UNLESS_4326: i32 = 8;

/// A geometry object.
pub fn geojson(geometry: &Geometry, precision: i32, options: i32) -> Result<String> {
    let crs = if geometry.srid == 0 {
        None
    } else if options & LONG_CRS != 0 {
        Some(authority(geometry.srid, false)?)
    } else if options & SHORT_CRS != 0 || options & CRS_UNLESS_4326 != 0 && geometry.srid != 4326 {
        Some(authority(geometry.srid, true)?)
    } else {
        None
    };
    let mut out = String::new();
    write(&mut out, geometry, precision, crs.as_deref(), options & BBOX != 0)?;
    Ok(out)
}

/// A geometry cast to JSON: it names its reference system, also 4326, if that has a name.
pub fn cast(geometry: &Geometry) -> Result<String> {
    let known = authority(geometry.srid, true).is_ok();
    geojson(geometry, 15, if known { SHORT_CRS } else { 0 })
}

/// `EPSG:4326` or `urn:ogc:def:crs:EPSG::4326`, of an SRID PostGIS's spatial_ref_sys has.
pub fn authority(srid: i32, short: bool) -> Result<String> {
    let name = match srid {
        1024..=32_766 => "EPSG",
        37_001..=37_260 | 53_001..=54_099 | 102_001..=104_999 => "ESRI",
        _ => return Err(failure(format!("SRID {srid} unknown in spatial_ref_sys table"))),
    };
    Ok(if short { format!("{name}:{srid}") } else { format!("urn:ogc:def:crs:{name}::{srid}") })
}

fn write(out: &mut String, geometry: &Geometry, precision: i32, crs: Option<&str>, bbox: bool) -> Result<()> {
    let name = match geometry.kind {
        Kind::Triangle => "Polygon",
        Kind::Tin => "GeometryCollection",
        Kind::Point
        | Kind::LineString
        | Kind::Polygon
        | Kind::MultiPoint
        | Kind::MultiLineString
        | Kind::MultiPolygon
        | Kind::GeometryCollection => geometry.kind.name(),
        other => {
            return Err(failure(format!("lwgeom_to_geojson: '{}' geometry type not supported", other.name())));
        }
    };
    out.push_str(&format!("{{\"type\":\"{name}\","));
    if let Some(crs) = crs {
        out.push_str(&format!("\"crs\":{{\"type\":\"name\",\"properties\":{{\"name\":\"{crs}\"}}}},"));
    }
    let collection = matches!(geometry.kind, Kind::GeometryCollection | Kind::Tin);
    if bbox && !(collection && geometry.is_empty()) {
        write_bbox(out, geometry, precision);
    }
    if !collection {
        out.push_str("\"coordinates\":");
        coordinates(out, geometry, precision);
        out.push('}');
        return Ok(());
    }
    out.push_str("\"geometries\":[");
    if !geometry.is_empty() {
        for (index, part) in geometry.parts().iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            write(out, part, precision, None, false)?;
        }
    }
    out.push_str("]}");
    Ok(())
}

fn write_bbox(out: &mut String, geometry: &Geometry, precision: i32) {
    let bounds = Bounds::of(geometry).unwrap_or(Bounds { min: Coord::default(), max: Coord::default() });
    let sides = |coord: &Coord| if geometry.z { vec![coord.x, coord.y, coord.z] } else { vec![coord.x, coord.y] };
    let decimals = usize::try_from(precision.clamp(0, 15)).unwrap_or(0);
    let texts: Vec<String> =
        sides(&bounds.min).into_iter().chain(sides(&bounds.max)).map(|side| format!("{side:.decimals$}")).collect();
    out.push_str(&format!("\"bbox\":[{}],", texts.join(",")));
}

fn coordinates(out: &mut String, geometry: &Geometry, precision: i32) {
    let z = geometry.z;
    match &geometry.body {
        Body::Coords(coords) if geometry.kind == Kind::Point => match coords.first() {
            Some(first) => coord(out, first, z, precision),
            None => out.push_str("[]"),
        },
        Body::Coords(coords) => sequence(out, coords, z, precision),
        Body::Rings(rings) => list(out, rings, |out, ring| sequence(out, ring, z, precision)),
        Body::Parts(parts) => list(out, parts, |out, part| {
            if part.kind != Kind::Point || !part.is_empty() {
                coordinates(out, part, precision);
            }
        }),
    }
}

fn sequence(out: &mut String, coords: &[Coord], z: bool, precision: i32) {
    list(out, coords, |out, item| coord(out, item, z, precision));
}

fn coord(out: &mut String, coord: &Coord, z: bool, precision: i32) {
    out.push('[');
    number::write(out, coord.x, precision);
    out.push(',');
    number::write(out, coord.y, precision);
    if z {
        out.push(',');
        number::write(out, coord.z, precision);
    }
    out.push(']');
}

fn list<T>(out: &mut String, items: &[T], mut each: impl FnMut(&mut String, &T)) {
    out.push('[');
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        each(out, item);
    }
    out.push(']');
}

//! GeoJSON geometry objects, read as PostGIS reads them.

use serde_json::Value;

use crate::error::Result;

use super::geometry::{Body, Coord, Geometry, Kind, failure};

/// A geometry and the SRID its `crs` member names.
pub fn parse(text: &str) -> Result<(Geometry, Option<i32>)> {
    let value: Value = serde_json::from_str(text).map_err(|error| {
        let offset = if error.is_eof() { text.len() } else { error.column().saturating_sub(1) };
        let what = if error.is_eof() { "unexpected end of data" } else { "unexpected character" };
        failure(format!("{what} (at offset {offset})"))
    })?;
    if !value.is_object() {
        return Err(failure("invalid GeoJSON representation"));
    }
    let srid = crs(&value);
    let mut reader = Reader { has_z: false };
    let mut geometry = reader.geometry(&value, 0)?;
    geometry.set_dimensions(reader.has_z, false);
    Ok((geometry, srid))
}

fn crs(value: &Value) -> Option<i32> {
    let crs = member(value, "crs")?;
    member(crs, "type")?;
    srid_of_name(member(member(crs, "properties")?, "name")?.as_str()?)
}

/// `EPSG:n` and `urn:ogc:def:crs:EPSG::n`.
pub fn srid_of_name(name: &str) -> Option<i32> {
    let code = name
        .strip_prefix("EPSG:")
        .or_else(|| name.strip_prefix("urn:ogc:def:crs:EPSG::"))
        .or_else(|| name.strip_prefix("urn:EPSG:geographicCRS:"))
        .or_else(|| name.strip_prefix("http://www.opengis.net/gml/srs/epsg.xml#"))?;
    code.parse().ok().filter(|srid| *srid > 0)
}

/// Member names are compared without case.
fn member<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    let object = value.as_object()?;
    object.get(name).or_else(|| object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value))
}

struct Reader {
    has_z: bool,
}

impl Reader {
    fn geometry(&mut self, value: &Value, depth: usize) -> Result<Geometry> {
        if depth > 100 {
            return Err(failure("invalid GeoJson representation"));
        }
        let Some(name) = member(value, "type").and_then(Value::as_str) else {
            return Err(failure("unknown GeoJSON type"));
        };
        let kind = match name.to_ascii_lowercase().as_str() {
            "point" => Kind::Point,
            "linestring" => Kind::LineString,
            "polygon" => Kind::Polygon,
            "multipoint" => Kind::MultiPoint,
            "multilinestring" => Kind::MultiLineString,
            "multipolygon" => Kind::MultiPolygon,
            "geometrycollection" => Kind::GeometryCollection,
            _ => return Err(failure("invalid GeoJson representation")),
        };
        if kind == Kind::GeometryCollection {
            let parts = member(value, "geometries")
                .ok_or_else(|| failure("Unable to find 'geometries' in GeoJSON string"))?
                .as_array()
                .map_or(&[][..], Vec::as_slice);
            let parts = parts.iter().map(|part| self.geometry(part, depth + 1)).collect::<Result<_>>()?;
            return Ok(Geometry::collection(kind, parts, 0));
        }
        let coordinates =
            member(value, "coordinates").ok_or_else(|| failure("Unable to find 'coordinates' in GeoJSON string"))?;
        self.shape(kind, coordinates)
    }

    fn shape(&mut self, kind: Kind, value: &Value) -> Result<Geometry> {
        let items = value.as_array().ok_or_else(|| failure("The 'coordinates' in GeoJSON are not an array"))?;
        let body = match kind {
            Kind::Point if items.is_empty() => Body::Coords(Vec::new()),
            Kind::Point => Body::Coords(vec![self.coord(value)?]),
            Kind::LineString => Body::Coords(self.coords(value)?),
            Kind::Polygon => {
                let rings = items.iter().map(|ring| self.coords(ring)).collect::<Result<Vec<_>>>()?;
                let empty = rings.first().is_none_or(Vec::is_empty);
                Body::Rings(if empty { Vec::new() } else { rings })
            }
            _ => {
                let part = match kind {
                    Kind::MultiPoint => Kind::Point,
                    Kind::MultiLineString => Kind::LineString,
                    _ => Kind::Polygon,
                };
                let parts = items.iter().map(|item| self.shape(part, item)).collect::<Result<_>>()?;
                return Ok(Geometry::collection(kind, parts, 0));
            }
        };
        Ok(Geometry { kind, srid: 0, z: false, m: false, body })
    }

    fn coords(&mut self, value: &Value) -> Result<Vec<Coord>> {
        let items =
            value.as_array().ok_or_else(|| failure("The 'coordinates' in GeoJSON are not sufficiently nested"))?;
        items.iter().map(|item| self.coord(item)).collect()
    }

    fn coord(&mut self, value: &Value) -> Result<Coord> {
        let items =
            value.as_array().ok_or_else(|| failure("The 'coordinates' in GeoJSON are not sufficiently nested"))?;
        if items.len() < 2 {
            return Err(failure("Too few ordinates in GeoJSON"));
        }
        let z = items.get(2).map(ordinate);
        self.has_z |= z.is_some();
        Ok(Coord { x: ordinate(&items[0]), y: ordinate(&items[1]), z: z.unwrap_or(0.0), m: 0.0 })
    }
}

/// As json-c converts: strings are read as numbers, anything else is 0.
fn ordinate(value: &Value) -> f64 {
    match value {
        Value::Number(number) => number.as_f64().unwrap_or(0.0),
        Value::String(text) => text.trim().parse().unwrap_or(0.0),
        Value::Bool(true) => 1.0,
        _ => 0.0,
    }
}

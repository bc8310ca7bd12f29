//! Input, output, send and receive functions of PostGIS's types, and typmod enforcement.

use crate::error::{Error, Result, SqlState};
use crate::kernels::Env;
use crate::types::{Datum, GeometryTypmod, PgType};

use super::geographic;
use super::geojson_in;
use super::geometry::{Geometry, Kind, failure};
use super::number;
pub use super::order::sort_key;
use super::wkb::{self, Check};
use super::wkt;

/// The input function of geometry, geography, box2d and box3d.
pub fn input(env: &Env, ty: PgType, typmod: i32, text: &str) -> Result<Datum> {
    let value = match ty {
        PgType::GEOMETRY => parse_geometry(text)?.into_datum(),
        PgType::GEOGRAPHY => parse_geography(text)?.into_datum(),
        PgType::BOX2D => parse_box2d(text)?,
        PgType::BOX3D => parse_box3d(text)?,
        _ => return Err(Error::unsupported(format!("input of {}", ty.name()))),
    };
    apply_typmod(env, ty, typmod, value, false)
}

/// The output function.
pub fn output(_env: &Env, ty: PgType, value: &Datum) -> Result<String> {
    match value {
        Datum::Geometry(geom) => Ok(wkb::hex(&geom.0)),
        Datum::Box2d(sides) => Ok(box2d_text(sides)),
        Datum::Box3d(sides, _) => Ok(box3d_text(sides)),
        _ => Err(Error::unsupported(format!("output of {}", ty.name()))),
    }
}

/// The send function; the box types have none.
pub fn send(_env: &Env, ty: PgType, value: &Datum) -> Result<Vec<u8>> {
    match value {
        Datum::Geometry(geom) => Ok(geom.0.to_vec()),
        _ => Err(Error::new(
            SqlState::UNDEFINED_FUNCTION,
            format!("no binary output function available for type {}", ty.name()),
        )),
    }
}

/// The receive function.
pub fn receive(env: &Env, ty: PgType, typmod: i32, bytes: &[u8]) -> Result<Datum> {
    let geometry = match ty {
        PgType::GEOMETRY => wkb::parse(bytes, Check::All)?,
        PgType::GEOGRAPHY => {
            let geometry = wkb::parse(bytes, Check::All)?;
            geographic::check_geographic(geometry.srid)?;
            geographic::into_geography(geometry)?
        }
        _ => {
            return Err(Error::new(
                SqlState::UNDEFINED_FUNCTION,
                format!("no binary input function available for type {}", ty.name()),
            ));
        }
    };
    apply_typmod(env, ty, typmod, geometry.into_datum(), false)
}

/// `geometry(geometry, int4, bool)` and `geography(geography, int4, bool)`.
pub fn apply_typmod(_env: &Env, ty: PgType, typmod: i32, value: Datum, _explicit: bool) -> Result<Datum> {
    match GeometryTypmod::unpack(typmod) {
        Some(wanted) if matches!(ty, PgType::GEOMETRY | PgType::GEOGRAPHY) && !value.is_null() => {
            Ok(enforce(Geometry::from_datum(&value)?, wanted)?.into_datum())
        }
        _ => Ok(value),
    }
}

fn enforce(mut geometry: Geometry, wanted: GeometryTypmod) -> Result<Geometry> {
    let refuse = |message: String| Err(Error::new(SqlState::INVALID_PARAMETER_VALUE, message));
    if wanted.srid > 0 && geometry.srid == 0 {
        geometry.set_srid(wanted.srid);
    }
    // An empty point travels as an empty multipoint in old dumps.
    if wanted.kind == Kind::Point as u8 && geometry.kind == Kind::MultiPoint && geometry.is_empty() {
        geometry = Geometry::empty(Kind::Point, geometry.srid).dimensioned(geometry.z, geometry.m);
    }
    if wanted.srid > 0 && wanted.srid != geometry.srid {
        return refuse(format!("Geometry SRID ({}) does not match column SRID ({})", geometry.srid, wanted.srid));
    }
    if wanted.kind > 0 && wanted.kind != geometry.kind as u8 {
        let column = Kind::from_number(wanted.kind).map_or("Geometry", Kind::name);
        return refuse(format!("Geometry type ({}) does not match column type ({column})", geometry.kind.name()));
    }
    for (name, in_column, in_value) in [("Z", wanted.z, geometry.z), ("M", wanted.m, geometry.m)] {
        if in_column && !in_value {
            return refuse(format!("Column has {name} dimension but geometry does not"));
        }
        if in_value && !in_column {
            return refuse(format!("Geometry has {name} dimension but column does not"));
        }
    }
    Ok(geometry)
}

/// `geometry_in`: (E)WKT, hexadecimal (E)WKB with an optional `SRID=n;`, GeoJSON.
pub fn parse_geometry(text: &str) -> Result<Geometry> {
    if let Some((srid, rest)) = srid_before_hex(text) {
        let mut geometry = wkb::parse_hex(rest, Check::Nothing)?;
        if srid > 0 {
            geometry.set_srid(srid);
        }
        return Ok(geometry);
    }
    match text.as_bytes().first() {
        Some(b'0') => wkb::parse_hex(text, Check::Nothing),
        Some(b'{') => {
            let (mut geometry, srid) = geojson_in::parse(text)?;
            geometry.set_srid(srid.unwrap_or(0));
            Ok(geometry)
        }
        _ => wkt::parse(text),
    }
}

fn srid_before_hex(text: &str) -> Option<(i32, &str)> {
    let (number, rest) = text.strip_prefix("SRID=")?.split_once(';')?;
    let srid = number.parse::<i32>().ok()?;
    rest.starts_with('0').then_some((super::clamp_srid(srid), rest))
}

/// `geography_in`: (E)WKT and hexadecimal (E)WKB.
pub fn parse_geography(text: &str) -> Result<Geometry> {
    let geometry = if text.starts_with('0') { wkb::parse_hex(text, Check::All)? } else { wkt::parse(text)? };
    geographic::check_geographic(geometry.srid)?;
    geographic::into_geography(geometry)
}

pub fn box2d_text(sides: &[f64; 4]) -> String {
    let [xmin, ymin, xmax, ymax] = sides.map(|side| number::text(side, number::FULL_PRECISION));
    format!("BOX({xmin} {ymin},{xmax} {ymax})")
}

pub fn box3d_text(sides: &[f64; 6]) -> String {
    let [xmin, ymin, zmin, xmax, ymax, zmax] = sides.map(|side| number::text(side, number::FULL_PRECISION));
    format!("BOX3D({xmin} {ymin} {zmin},{xmax} {ymax} {zmax})")
}

fn parse_box2d(text: &str) -> Result<Datum> {
    let sides = text
        .get(..4)
        .filter(|tag| tag.eq_ignore_ascii_case("box("))
        .and_then(|_| corners(&text[4..], 2))
        .ok_or_else(|| failure("box2d parser - couldn't parse.  It should look like: BOX(xmin ymin,xmax ymax)"))?;
    let (low, high) = (&sides[..2], &sides[2..]);
    Ok(Datum::Box2d([
        lesser(low[0], high[0]),
        lesser(low[1], high[1]),
        greater(low[0], high[0]),
        greater(low[1], high[1]),
    ]))
}

fn parse_box3d(text: &str) -> Result<Datum> {
    let rest = text.strip_prefix("BOX3D(").ok_or_else(|| failure("BOX3D parser - doesn't start with BOX3D("))?;
    let (low, high) = if let Some(sides) = corners(rest, 3) {
        ([sides[0], sides[1], sides[2]], [sides[3], sides[4], sides[5]])
    } else if let Some(sides) = corners(rest, 2) {
        ([sides[0], sides[1], 0.0], [sides[2], sides[3], 0.0])
    } else {
        return Err(failure(
            "BOX3D parser - couldn't parse.  It should look like: BOX3D(xmin ymin zmin,xmax ymax zmax) or BOX3D(xmin ymin,xmax ymax)",
        ));
    };
    let mut sides = [0.0; 6];
    for axis in 0..3 {
        sides[axis] = lesser(low[axis], high[axis]);
        sides[axis + 3] = greater(low[axis], high[axis]);
    }
    Ok(Datum::Box3d(sides, 0))
}

/// Swaps only what compares greater, so NaN stays where it is.
fn lesser(low: f64, high: f64) -> f64 {
    if low > high { high } else { low }
}

fn greater(low: f64, high: f64) -> f64 {
    if low > high { low } else { high }
}

/// Two positions of `size` ordinates, as scanf reads `%lf %lf,%lf %lf)`.
fn corners(text: &str, size: usize) -> Option<Vec<f64>> {
    let (first, second) = text.split_once(',')?;
    if first.ends_with(|last: char| last.is_ascii_whitespace()) {
        return None;
    }
    let second = second.split(')').next()?;
    let mut sides = Vec::new();
    for corner in [first, second] {
        let ordinates: Option<Vec<f64>> = corner.split_ascii_whitespace().map(|word| word.parse().ok()).collect();
        sides.extend(ordinates.filter(|ordinates| ordinates.len() == size)?);
    }
    Some(sides)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(ty: PgType, typmod: Option<GeometryTypmod>, text: &str) -> String {
        let env = Env::default();
        let typmod = typmod.map_or(-1, GeometryTypmod::pack);
        match input(&env, ty, typmod, text).and_then(|value| output(&env, ty, &value)) {
            Ok(text) => text,
            Err(error) => format!("{}: {}", error.state(), error.message()),
        }
    }

    #[test]
    fn reads_and_writes_each_type() {
        for (ty, text, expected) in [
            (PgType::GEOMETRY, "POINT(1 2)", "0101000000000000000000F03F0000000000000040"),
            (
                PgType::GEOMETRY,
                "00000000013FF00000000000004000000000000000",
                "0101000000000000000000F03F0000000000000040",
            ),
            (
                PgType::GEOMETRY,
                "SRID=4326;0101000000000000000000F03F0000000000000040",
                "0101000020E6100000000000000000F03F0000000000000040",
            ),
            (
                PgType::GEOMETRY,
                r#"{"type":"Point","coordinates":[1,2],"crs":{"type":"name","properties":{"name":"EPSG:3857"}}}"#,
                "0101000020110F0000000000000000F03F0000000000000040",
            ),
            (PgType::GEOMETRY, "POINT EMPTY", "0101000000000000000000F87F000000000000F87F"),
            (PgType::GEOMETRY, "SRID=999999999;POINT(1 2)", "0101000020583E0F00000000000000F03F0000000000000040"),
            (PgType::GEOMETRY, "0101", "XX000: WKB structure does not match expected size!"),
            (PgType::GEOMETRY, "01ff00000000", "XX000: Unknown WKB type (255)! Full WKB type number was (255)."),
            (PgType::GEOMETRY, r#"{"type":"Nope"}"#, "XX000: invalid GeoJson representation"),
            (PgType::GEOGRAPHY, "POINT(1 2)", "0101000020E6100000000000000000F03F0000000000000040"),
            (PgType::GEOGRAPHY, "POINT(1000 2000)", "0101000020E610000000000000000054C000000000000034C0"),
            (PgType::GEOGRAPHY, "POINT(-180.00000000001 0)", "0101000020E610000000000000008066C00000000000000000"),
            (
                PgType::GEOGRAPHY,
                "SRID=3857;POINT(1 2)",
                "22023: Only lon/lat coordinate systems are supported in geography.",
            ),
            (PgType::GEOGRAPHY, r#"{"type":"Point"}"#, "XX000: parse error - invalid geometry"),
            (PgType::BOX2D, "BOX(3 4,1 2)", "BOX(1 2,3 4)"),
            (PgType::BOX2D, "BOX(1 2,nan 3)", "BOX(1 2,NaN 3)"),
            (
                PgType::BOX2D,
                "box( 1 2 , 3 4)",
                "XX000: box2d parser - couldn't parse.  It should look like: BOX(xmin ymin,xmax ymax)",
            ),
            (PgType::BOX3D, "BOX3D(1 2,3 4)", "BOX3D(1 2 0,3 4 0)"),
            (PgType::BOX3D, "BOX(1 2,3 4)", "XX000: BOX3D parser - doesn't start with BOX3D("),
        ] {
            assert_eq!(check(ty, None, text), expected, "{text}");
        }
    }

    #[test]
    fn enforces_typmods() {
        let point = GeometryTypmod { srid: 4326, kind: 1, z: false, m: false };
        let any = GeometryTypmod { kind: 0, ..point };
        let point_z = GeometryTypmod { z: true, ..point };
        for (typmod, text, expected) in [
            (point, "POINT(1 2)", "0101000020E6100000000000000000F03F0000000000000040"),
            (point, "SRID=3857;POINT(1 2)", "22023: Geometry SRID (3857) does not match column SRID (4326)"),
            (point, "LINESTRING(0 0,1 1)", "22023: Geometry type (LineString) does not match column type (Point)"),
            (any, "POINT Z(1 2 3)", "22023: Geometry has Z dimension but column does not"),
            (point_z, "POINT(1 2)", "22023: Column has Z dimension but geometry does not"),
            (point, "MULTIPOINT EMPTY", "0101000020E6100000000000000000F87F000000000000F87F"),
        ] {
            assert_eq!(check(PgType::GEOMETRY, Some(typmod), text), expected, "{text}");
        }
    }
}

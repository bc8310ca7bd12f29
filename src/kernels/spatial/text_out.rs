//! Text and binary outputs: WKT, WKB, GeoJSON, TWKB, geohash, polyline, latitude and longitude.

use crate::error::Result;
use crate::kernels::Scalar;
use crate::types::Datum;

use super::args;
use super::geohash;
use super::geometry::{Geometry, Kind, failure};
use super::io;
use super::json_out;
use super::number::FULL_PRECISION;
use super::twkb;
use super::wkb::{self, ByteOrder, Variant};
use super::wkt::{self, Style};

pub(super) const SCALARS: &[(&str, Scalar)] = &[
    ("st_astext(geometry)", |_, a| text(a, Style::Iso, FULL_PRECISION)),
    ("st_astext(geography)", |_, a| text(a, Style::Iso, FULL_PRECISION)),
    ("st_astext(geometry,int4)", |_, a| text(a, Style::Iso, args::int(a, 1)?)),
    ("st_astext(geography,int4)", |_, a| text(a, Style::Iso, args::int(a, 1)?)),
    ("st_astext(text)", |_, a| {
        Ok(Datum::text(wkt::print(&io::parse_geometry(args::text(a, 0)?)?, Style::Iso, FULL_PRECISION)))
    }),
    ("st_asewkt(geometry)", |_, a| text(a, Style::Extended, FULL_PRECISION)),
    ("st_asewkt(geography)", |_, a| text(a, Style::Extended, FULL_PRECISION)),
    ("st_asewkt(geometry,int4)", |_, a| text(a, Style::Extended, args::int(a, 1)?)),
    ("st_asewkt(geography,int4)", |_, a| text(a, Style::Extended, args::int(a, 1)?)),
    ("st_asewkt(text)", |_, a| {
        Ok(Datum::text(wkt::print(&io::parse_geometry(args::text(a, 0)?)?, Style::Extended, FULL_PRECISION)))
    }),
    ("st_asbinary(geometry)", |_, a| binary(a, Variant::Iso, "")),
    ("st_asbinary(geography)", |_, a| binary(a, Variant::Iso, "")),
    ("st_asbinary(geometry,text)", |_, a| binary(a, Variant::Iso, args::text(a, 1)?)),
    ("st_asbinary(geography,text)", |_, a| {
        if args::is_null(a, 0) || args::is_null(a, 1) {
            return Ok(Datum::Null);
        }
        binary(a, Variant::Iso, args::text(a, 1)?)
    }),
    ("st_asewkb(geometry)", |_, a| binary(a, Variant::Extended, "")),
    ("st_asewkb(geometry,text)", |_, a| binary(a, Variant::Extended, args::text(a, 1)?)),
    ("st_ashexewkb(geometry)", |_, a| Ok(Datum::text(wkb::hex(args::geom_bytes(a, 0)?)))),
    ("st_ashexewkb(geometry,text)", |_, a| {
        let bytes = wkb::write(&args::geometry(a, 0)?, order(args::text(a, 1)?), Variant::Extended);
        Ok(Datum::text(wkb::hex(&bytes)))
    }),
    ("st_asgeojson(geometry,int4,int4)", geojson),
    ("st_asgeojson(geography,int4,int4)", geojson),
    ("st_asgeojson(text)", |_, a| {
        let geometry = io::parse_geometry(args::text(a, 0)?)?;
        Ok(Datum::text(json_out::geojson(&geometry, 9, 8)?))
    }),
    ("st_geohash(geometry,int4)", hash),
    ("st_geohash(geography,int4)", hash),
    ("st_asencodedpolyline(geometry,int4)", |_, a| {
        Ok(Datum::text(geohash::encode_polyline(&args::geometry(a, 0)?, args::int(a, 1)?)?))
    }),
    ("st_aslatlontext(geometry,text)", |_, a| {
        Ok(Datum::text(lat_lon_text(&args::geometry(a, 0)?, args::text(a, 1)?)?))
    }),
    ("st_astwkb(geometry,int4,int4,int4,bool,bool)", |_, a| {
        if args::is_null(a, 0) {
            return Ok(Datum::Null);
        }
        let geometry = args::geometry(a, 0)?;
        if args::is_null(a, 1) && !matches!(geometry.srid, 0 | 3857) {
            // PostGIS asks spatial_ref_sys for the default precision of a reference system.
            return Err(crate::error::Error::unsupported("ST_AsTWKB without a precision for this SRID"));
        }
        Ok(Datum::bytea(twkb::write(&geometry, &twkb_options(a, 1)?, None)?))
    }),
    ("st_astwkb(_geometry,_int8,int4,int4,int4,bool,bool)", |_, a| {
        if args::is_null(a, 0) || args::is_null(a, 1) {
            return Ok(Datum::Null);
        }
        let parts = args::geometries(a, 0)?;
        let ids: Vec<i64> = args::array(a, 1)?.values.iter().filter_map(Datum::as_i64).collect();
        if ids.len() != parts.len() {
            return Err(failure("size of geometry[] and integer[] arrays must match"));
        }
        let Datum::Geometry(geom) = super::construct::collect(parts, "ST_AsTWKB")? else {
            return Ok(Datum::Null);
        };
        Ok(Datum::bytea(twkb::write(&wkb::decode(&geom.0)?, &twkb_options(a, 2)?, Some(&ids))?))
    }),
];

fn text(a: &[Datum], style: Style, precision: i32) -> Result<Datum> {
    Ok(Datum::text(wkt::print(&args::geometry(a, 0)?, style, precision)))
}

fn order(name: &str) -> ByteOrder {
    if name.get(..3).is_some_and(|name| name.eq_ignore_ascii_case("xdr")) { ByteOrder::Big } else { ByteOrder::Little }
}

fn binary(a: &[Datum], variant: Variant, name: &str) -> Result<Datum> {
    Ok(Datum::bytea(wkb::write(&args::geometry(a, 0)?, order(name), variant)))
}

fn geojson(_call: &crate::kernels::Call<'_>, a: &[Datum]) -> Result<Datum> {
    Ok(Datum::text(json_out::geojson(&args::geometry(a, 0)?, args::int(a, 1)?, args::int(a, 2)?)?))
}

fn hash(_call: &crate::kernels::Call<'_>, a: &[Datum]) -> Result<Datum> {
    Ok(geohash::encode(&args::geometry(a, 0)?, args::int(a, 1)?)?.map_or(Datum::Null, Datum::text))
}

fn twkb_options(a: &[Datum], first: usize) -> Result<twkb::Options> {
    let flag = |index| if args::is_null(a, index) { Ok(false) } else { args::boolean(a, index) };
    Ok(twkb::Options {
        xy: args::maybe_int(a, first)?.unwrap_or(0),
        z: args::maybe_int(a, first + 1)?.unwrap_or(0),
        m: args::maybe_int(a, first + 2)?.unwrap_or(0),
        sizes: flag(first + 3)?,
        boxes: flag(first + 4)?,
    })
}

/// `ST_AsLatLonText`.
fn lat_lon_text(point: &Geometry, format: &str) -> Result<String> {
    if point.kind != Kind::Point {
        return Err(failure(format!("Only points are supported, you tried type {}.", point.kind.name())));
    }
    let Some(coord) = point.first_coord() else {
        return Err(failure("Cannot convert an empty point into formatted text."));
    };
    let format = if format.is_empty() { "D\u{b0}M'S.SSS\"C" } else { format };
    let (mut lat, mut lon) = (super::geographic_remainder(coord.y, 360.0), coord.x);
    if lat > 90.0 {
        lat = 180.0 - lat;
        lon += 180.0;
    }
    if lat < -90.0 {
        lat = -180.0 - lat;
        lon += 180.0;
    }
    let lon = super::geographic_remainder(lon, 360.0);
    Ok(format!("{} {}", degrees_text(lat, 'N', 'S', format)?, degrees_text(lon, 'E', 'W', format)?))
}

enum Piece {
    Literal(char),
    Field(char, usize, Option<usize>),
    Compass,
}

fn degrees_text(value: f64, positive: char, negative: char, format: &str) -> Result<String> {
    let mut pieces = Vec::new();
    let mut chars = format.chars().peekable();
    let mut seen = Vec::new();
    while let Some(c) = chars.next() {
        match c {
            'D' | 'M' | 'S' => {
                let (name, sample) = match c {
                    'D' => ("degrees", "DD.DDD"),
                    'M' => ("minutes", "MM.MMM"),
                    _ => ("seconds", "SS.SSS"),
                };
                if seen.contains(&c) {
                    return Err(failure(format!("Bad format, cannot include {name} ({sample}) more than once.")));
                }
                seen.push(c);
                let mut whole = 1;
                while chars.next_if_eq(&c).is_some() {
                    whole += 1;
                }
                let mut decimals = None;
                let mut ahead = chars.clone();
                if ahead.next_if_eq(&'.').is_some() && ahead.peek() == Some(&c) {
                    chars.next();
                    let mut count = 0;
                    while chars.next_if_eq(&c).is_some() {
                        count += 1;
                    }
                    decimals = Some(count);
                }
                pieces.push(Piece::Field(c, whole, decimals));
            }
            'C' => {
                if seen.contains(&c) {
                    return Err(failure("Bad format, cannot include compass dir (C) more than once."));
                }
                seen.push(c);
                pieces.push(Piece::Compass);
            }
            other => pieces.push(Piece::Literal(other)),
        }
    }
    if !seen.contains(&'D') {
        return Err(failure("Bad format, degrees (DD.DDD) must be included."));
    }
    if seen.contains(&'S') && !seen.contains(&'M') {
        return Err(failure("Bad format, cannot include seconds (SS.SSS) without including minutes (MM.MMM)."));
    }
    let (compass, minutes, seconds) = (seen.contains(&'C'), seen.contains(&'M'), seen.contains(&'S'));
    let magnitude = value.abs();
    let mut degrees = magnitude;
    let (mut minute, mut second) = (0.0, 0.0);
    if minutes {
        minute = magnitude * 60.0;
        degrees = magnitude.floor();
        minute -= degrees * 60.0;
        if seconds {
            second = minute * 60.0;
            minute = minute.floor();
            second -= minute * 60.0;
        }
    }
    if value < 0.0 && !compass {
        degrees = -degrees;
    }
    let mut out = String::new();
    for piece in pieces {
        match piece {
            Piece::Literal(c) => out.push(c),
            Piece::Compass => out.push(if value < 0.0 { negative } else { positive }),
            Piece::Field(field, whole, decimals) => {
                let number = match field {
                    'D' => degrees,
                    'M' => minute,
                    _ => second,
                };
                let decimal = decimals.unwrap_or(0);
                let width = whole + decimals.map_or(0, |decimals| decimals + 1);
                out.push_str(&format!("{number:width$.decimal$}"));
            }
        }
    }
    Ok(out)
}

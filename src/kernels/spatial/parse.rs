//! Parsers: text, binary, JSON, geohash and polyline to geometry.

use crate::error::Result;
use crate::kernels::Scalar;
use crate::types::Datum;

use super::args;
use super::geographic;
use super::geohash;
use super::geojson_in;
use super::geometry::{Coord, Geometry, Kind, failure};
use super::io;
use super::twkb;
use super::wkb::{self, Check};
use super::wkt;

/// A parser of text whose result must be of one kind, NULL otherwise.
macro_rules! text_kind {
    ($name:literal, $kind:expr) => {
        [
            (concat!($name, "(text)"), (|_, a| of_kind(text(a, false)?, $kind)) as Scalar),
            (concat!($name, "(text,int4)"), (|_, a| of_kind(text(a, true)?, $kind)) as Scalar),
        ]
    };
}

macro_rules! binary_kind {
    ($name:literal, $kind:expr) => {
        [
            (concat!($name, "(bytea)"), (|_, a| of_kind(binary(a, false)?, $kind)) as Scalar),
            (concat!($name, "(bytea,int4)"), (|_, a| of_kind(binary(a, true)?, $kind)) as Scalar),
        ]
    };
}

pub(super) const SCALARS: &[(&str, Scalar)] = &[
    ("st_geomfromtext(text)", |_, a| Ok(text(a, false)?.into_datum())),
    ("st_geomfromtext(text,int4)", |_, a| Ok(text(a, true)?.into_datum())),
    ("st_geometryfromtext(text)", |_, a| Ok(text(a, false)?.into_datum())),
    ("st_geometryfromtext(text,int4)", |_, a| Ok(text(a, true)?.into_datum())),
    ("st_wkttosql(text)", |_, a| Ok(text(a, false)?.into_datum())),
    ("st_geomfromewkt(text)", |_, a| Ok(io::parse_geometry(args::text(a, 0)?)?.into_datum())),
    ("geomfromewkt(text)", |_, a| Ok(io::parse_geometry(args::text(a, 0)?)?.into_datum())),
    ("st_geomfromwkb(bytea)", |_, a| Ok(binary(a, false)?.into_datum())),
    ("st_geomfromwkb(bytea,int4)", |_, a| Ok(binary(a, true)?.into_datum())),
    ("st_wkbtosql(bytea)", |_, a| Ok(binary(a, false)?.into_datum())),
    ("st_geomfromewkb(bytea)", |_, a| Ok(binary(a, false)?.into_datum())),
    ("geomfromewkb(bytea)", |_, a| Ok(binary(a, false)?.into_datum())),
    ("st_geogfromtext(text)", |_, a| geography(args::text(a, 0)?)),
    ("st_geographyfromtext(text)", |_, a| geography(args::text(a, 0)?)),
    ("st_geogfromwkb(bytea)", |_, a| {
        let geometry = wkb::parse(args::bytes(a, 0)?, Check::All)?;
        geographic::check_geographic(geometry.srid)?;
        Ok(geographic::into_geography(geometry)?.into_datum())
    }),
    ("st_geomfromgeojson(text)", |_, a| geojson(args::text(a, 0)?)),
    ("st_geomfromgeojson(json)", |_, a| geojson(args::text(a, 0)?)),
    ("st_geomfromgeojson(jsonb)", |_, a| geojson(args::text(a, 0)?)),
    ("st_geomfromtwkb(bytea)", |_, a| Ok(twkb::parse(args::bytes(a, 0)?)?.into_datum())),
    ("st_box2dfromgeohash(text,int4)", |_, a| {
        Ok(geohash_box(a)?.map_or(Datum::Null, |[x0, y0, x1, y1]| Datum::Box2d([x0, y0, x1, y1])))
    }),
    ("st_geomfromgeohash(text,int4)", |_, a| {
        Ok(geohash_box(a)?.map_or(Datum::Null, |[x0, y0, x1, y1]| super::casts::flat(x0, y0, x1, y1, 0).into_datum()))
    }),
    ("st_pointfromgeohash(text,int4)", |_, a| {
        Ok(geohash_box(a)?.map_or(Datum::Null, |[x0, y0, x1, y1]| {
            Geometry::point(Coord::xy(x0 + (x1 - x0) / 2.0, y0 + (y1 - y0) / 2.0), 0).into_datum()
        }))
    }),
    ("st_linefromencodedpolyline(text,int4)", |_, a| {
        Ok(geohash::polyline(args::text(a, 0)?, args::int(a, 1)?)?.into_datum())
    }),
];

const TEXT_KINDS: [[(&str, Scalar); 2]; 15] = [
    text_kind!("st_pointfromtext", Kind::Point),
    text_kind!("st_linefromtext", Kind::LineString),
    text_kind!("st_polyfromtext", Kind::Polygon),
    text_kind!("st_polygonfromtext", Kind::Polygon),
    text_kind!("st_mlinefromtext", Kind::MultiLineString),
    text_kind!("st_multilinestringfromtext", Kind::MultiLineString),
    text_kind!("st_mpointfromtext", Kind::MultiPoint),
    text_kind!("st_multipointfromtext", Kind::MultiPoint),
    text_kind!("st_mpolyfromtext", Kind::MultiPolygon),
    text_kind!("st_multipolygonfromtext", Kind::MultiPolygon),
    text_kind!("st_geomcollfromtext", Kind::GeometryCollection),
    binary_kind!("st_pointfromwkb", Kind::Point),
    binary_kind!("st_linefromwkb", Kind::LineString),
    binary_kind!("st_linestringfromwkb", Kind::LineString),
    binary_kind!("st_polyfromwkb", Kind::Polygon),
];

const BINARY_KINDS: [[(&str, Scalar); 2]; 8] = [
    binary_kind!("st_polygonfromwkb", Kind::Polygon),
    binary_kind!("st_mpointfromwkb", Kind::MultiPoint),
    binary_kind!("st_multipointfromwkb", Kind::MultiPoint),
    binary_kind!("st_mlinefromwkb", Kind::MultiLineString),
    binary_kind!("st_multilinefromwkb", Kind::MultiLineString),
    binary_kind!("st_mpolyfromwkb", Kind::MultiPolygon),
    binary_kind!("st_multipolyfromwkb", Kind::MultiPolygon),
    binary_kind!("st_geomcollfromwkb", Kind::GeometryCollection),
];

/// The parsers of one kind each.
pub(super) fn kinds() -> impl Iterator<Item = (&'static str, Scalar)> {
    TEXT_KINDS.into_iter().chain(BINARY_KINDS).flatten()
}

fn text(a: &[Datum], with_srid: bool) -> Result<Geometry> {
    let mut geometry = wkt::parse(args::text(a, 0)?)?;
    if with_srid {
        geometry.set_srid(super::clamp_srid(args::int(a, 1)?));
    }
    Ok(geometry)
}

fn binary(a: &[Datum], with_srid: bool) -> Result<Geometry> {
    let mut geometry = wkb::parse(args::bytes(a, 0)?, Check::All)?;
    if with_srid {
        geometry.set_srid(super::clamp_srid(args::int(a, 1)?));
    }
    Ok(geometry)
}

fn of_kind(geometry: Geometry, kind: Kind) -> Result<Datum> {
    Ok(if geometry.kind == kind { geometry.into_datum() } else { Datum::Null })
}

fn geography(text: &str) -> Result<Datum> {
    Ok(io::parse_geography(text)?.into_datum())
}

fn geojson(text: &str) -> Result<Datum> {
    let (mut geometry, srid) = geojson_in::parse(text)?;
    geometry.set_srid(srid.unwrap_or(4326));
    Ok(geometry.into_datum())
}

fn geohash_box(a: &[Datum]) -> Result<Option<[f64; 4]>> {
    if args::is_null(a, 0) {
        return Ok(None);
    }
    let precision = args::maybe_int(a, 1)?.filter(|precision| *precision >= 0);
    let precision = precision.and_then(|precision| usize::try_from(precision).ok());
    let text = args::text(a, 0)?;
    geohash::decode(text, precision).map(Some).ok_or_else(|| {
        failure(format!("{}: Invalid character '{}'", "decode_geohash_bbox", geohash::bad_character(text)))
    })
}

//! Kernels against PostGIS 3.3's answers.

use crate::kernels::{Call, Env};
use crate::types::{Datum, PgType};

use super::io;

/// Calls a kernel of geometries and numbers; geometries are printed as EWKT.
fn call(symbol: &str, values: &[&str]) -> String {
    let env = Env::default();
    let names = symbol.split_once('(').map_or("", |(_, names)| names.trim_end_matches(')'));
    let types: Vec<PgType> = names.split(',').filter_map(PgType::by_name).collect();
    let call = Call { env: &env, args: &types, returns: PgType::GEOMETRY };
    let read = |(ty, text): (&PgType, &&str)| crate::kernels::io::input(&env, *ty, -1, text);
    let result = types.iter().zip(values).map(read).collect::<crate::error::Result<Vec<Datum>>>().and_then(|args| {
        let kernel = super::scalar(symbol).ok_or_else(|| crate::error::Error::internal(symbol.to_owned()))?;
        match kernel(&call, &args)? {
            Datum::Null => Ok("NULL".to_owned()),
            value @ Datum::Geometry(_) => match super::scalar("st_asewkt(geometry)") {
                Some(print) => print(&call, &[value]).map(|text| text.as_str().unwrap_or_default().to_owned()),
                None => io::output(&env, PgType::GEOMETRY, &value),
            },
            value => crate::kernels::io::output(&env, crate::kernels::io::type_of(&value), &value),
        }
    });
    result.unwrap_or_else(|error| format!("{}: {}", error.state(), error.message()))
}

#[test]
fn answers_as_postgis() {
    for (symbol, values, expected) in [
        ("st_x(geometry)", &["LINESTRING(0 0,1 1)"][..], "XX000: Argument to ST_X() must have type POINT"),
        ("st_numgeometries(geometry)", &["GEOMETRYCOLLECTION(POINT EMPTY)"], "0"),
        ("st_envelope(geometry)", &["LINESTRING(5 5,5 2)"], "LINESTRING(5 2,5 5)"),
        ("st_distance(geometry,geometry)", &["POINT(9 9)", "POLYGON((0 0,4 0,4 4,0 4,0 0))"], "7.0710678118654755"),
        ("st_distance(geometry,geometry)", &["POINT EMPTY", "POINT(1 1)"], "NULL"),
        (
            "st_distance(geometry,geometry)",
            &["SRID=4326;POINT(0 0)", "SRID=3857;POINT(3 4)"],
            "XX000: ST_Distance: Operation on mixed SRID geometries (Point, 4326) != (Point, 3857)",
        ),
        ("st_shortestline(geometry,geometry)", &["LINESTRING(0 0,10 0)", "POINT(3 4)"], "LINESTRING(3 0,3 4)"),
        ("st_area(geometry)", &["POLYGON((0 0,10 0,10 10,0 10,0 0),(2 2,4 2,4 4,2 4,2 2))"], "96"),
        ("geometry_overlaps(geometry,geometry)", &["POINT(0 0)", "POINT EMPTY"], "f"),
        (
            "json(geometry)",
            &["SRID=4326;POINT(1 2)"],
            r#"{"type":"Point","crs":{"type":"name","properties":{"name":"EPSG:4326"}},"coordinates":[1,2]}"#,
        ),
        ("json(geometry)", &["POINT(1 2)"], r#"{"type":"Point","coordinates":[1,2]}"#),
        ("geometry_same(geometry,geometry)", &["POINT EMPTY", "POINT EMPTY"], "t"),
        ("st_simplify(geometry,float8)", &["POLYGON((0 0,4 0,4 4,0 4,0 0))", "10"], "NULL"),
        ("st_snaptogrid(geometry,float8)", &["LINESTRING(0.1 0.2,0.3 0.1)", "1"], "LINESTRING EMPTY"),
        (
            "st_segmentize(geometry,float8)",
            &["LINESTRING(0 0,10 0)", "4"],
            "LINESTRING(0 0,3.333333333333334 0,6.666666666666667 0,10 0)",
        ),
        (
            "st_lineinterpolatepoint(geometry,float8)",
            &["LINESTRING(0 0,10 0)", "1.5"],
            "XX000: line_interpolate_point: 2nd arg isn't within [0,1]",
        ),
        ("st_geohash(geometry,int4)", &["POINT(-126 48)", "5"], "c0w3h"),
        (
            "st_transform(geometry,int4)",
            &["POINT(1 2)", "3857"],
            "XX000: ST_Transform: Input geometry has unknown (0) SRID",
        ),
        ("st_distance(geography,geography,bool)", &["POINT(0 0)", "POINT(0 0)", "t"], "0"),
    ] {
        assert_eq!(call(symbol, values), expected, "{symbol} {values:?}");
    }
}

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

/// Names that no warehouse answers: measures, markup, great circles, simplification.
#[test]
fn answers_where_no_target_does() {
    let mut wrong = Vec::new();
    for (symbol, values, expected) in [
        ("st_distancespheroid(geometry,geometry)", &["POINT EMPTY", "POINT(1 1)"][..], "-1"),
        (
            "st_distancespheroid(geometry,geometry)",
            &["MULTIPOINT(0 0,3 3)", "MULTIPOINT(3 1,9 9)"][..],
            "221151.4813384891",
        ),
        (
            "st_distancespheroid(geometry,geometry)",
            &["GEOMETRYCOLLECTION(POINT(0 0))", "POINT(1 1)"][..],
            "XX000: geometry_distance_spheroid: Only point/line/polygon supported.\n",
        ),
        (
            "st_lengthspheroid(geometry,spheroid)",
            &["POLYGON((0 0,1 0,1 1,0 0))", "SPHEROID[\"WGS 84\",6378137,298.257223563]"][..],
            "378793.4476424126",
        ),
        (
            "st_lengthspheroid(geometry,spheroid)",
            &["LINESTRING Z(0 0 0,0 0 3,0 0 7)", "SPHEROID[\"WGS 84\",6378137,298.257223563]"][..],
            "7",
        ),
        (
            "st_lengthspheroid(geometry,spheroid)",
            &["POINT(0 0)", "WGS 84"][..],
            "XX000: SPHEROID parser - doesn't start with SPHEROID",
        ),
        (
            "st_locatealong(geometry,float8,float8)",
            &["LINESTRING M (0 0 0,6 0 6,12 0 0)", "3", "0"][..],
            "MULTIPOINTM(3 0 3,9 0 3)",
        ),
        (
            "st_locatealong(geometry,float8,float8)",
            &["SRID=4326;LINESTRING M (0 0 0,6 0 6)", "3", "1"][..],
            "SRID=4326;MULTIPOINTM(3 1 3)",
        ),
        (
            "st_locatealong(geometry,float8,float8)",
            &["POLYGON M ((0 0 3,1 1 4,2 2 3,0 0 3))", "3", "0"][..],
            "XX000: Only linear geometries are supported, Polygon provided.",
        ),
        (
            "st_locatealong(geometry,float8,float8)",
            &["LINESTRING(0 0,1 1)", "3", "0"][..],
            "XX000: Input geometry does not have a measure dimension",
        ),
        (
            "st_locatebetween(geometry,float8,float8,float8)",
            &["LINESTRING M (0 0 0,6 0 6,12 0 0,14 0 9)", "5", "9", "0"][..],
            "MULTILINESTRINGM((5 0 5,6 0 6,7 0 5),(13.11111111111111 0 5,14 0 9))",
        ),
        (
            "st_locatebetween(geometry,float8,float8,float8)",
            &["LINESTRING M (0 0 0,6 0 6)", "6", "9", "0"][..],
            "GEOMETRYCOLLECTIONM(POINTM(6 0 6))",
        ),
        (
            "st_locatebetween(geometry,float8,float8,float8)",
            &["LINESTRING M EMPTY", "2", "4", "0"][..],
            "MULTILINESTRINGM EMPTY",
        ),
        (
            "st_locatebetweenelevations(geometry,float8,float8)",
            &["LINESTRING(0 0,1 1)", "1", "4"][..],
            "XX000: This function only accepts geometries with Z dimensions.",
        ),
        ("st_geomfromkml(text)", &["<Point><coordinates>1,2,3</coordinates></Point>"][..], "SRID=4326;POINT(1 2 3)"),
        (
            "st_geomfromkml(text)",
            &[
                "<MultiGeometry><LineString><coordinates>1,2 3,4</coordinates></LineString><Point><coordinates>5,2</coordinates></Point></MultiGeometry>",
            ][..],
            "SRID=4326;GEOMETRYCOLLECTION(POINT(5 2),LINESTRING(1 2,3 4))",
        ),
        (
            "st_geomfromkml(text)",
            &["<LineString><coordinates>1,2,5 3,4</coordinates></LineString>"][..],
            "XX000: invalid KML representation: mixed coordinates dimension",
        ),
        ("st_geomfromkml(text)", &["<Placemark/>"][..], "XX000: invalid KML representation"),
        (
            "st_geomfromgml(text)",
            &["<gml:Point srsName=\"EPSG:4326\"><gml:coordinates>1,2</gml:coordinates></gml:Point>"][..],
            "SRID=4326;POINT(1 2)",
        ),
        (
            "st_geomfromgml(text)",
            &["<Polygon><exterior><LinearRing><posList>0 0 1 0 1 1 0 0</posList></LinearRing></exterior></Polygon>"][..],
            "POLYGON((0 0,1 0,1 1,0 0))",
        ),
        ("st_geomfromgml(text)", &["<Point><pos>1 2 3</pos></Point>"][..], "XX000: invalid GML representation"),
        (
            "st_geomfromgml(text)",
            &["<Point srsName=\"urn:ogc:def:crs:EPSG::4326\"><pos>1 2</pos></Point>"][..],
            "0A000: srsName other than EPSG:n in GML is not supported",
        ),
        (
            "st_segmentize(geography,float8)",
            &["LINESTRING(0 0,60 60)", "4000000"][..],
            "SRID=4326;LINESTRING(0 0,8.69579947419404 16.824093489701564,19.1066053508691 33.21091076089908,34.188839517966954 48.337222885886,60 60)",
        ),
        (
            "st_segmentize(geography,float8)",
            &["LINESTRING(0 0,180 0)", "4000000"][..],
            "XX000: Antipodal (180 degrees long) edge detected!",
        ),
        (
            "st_segmentize(geography,float8)",
            &["LINESTRING(0 0,60 60)", "0"][..],
            "XX000: ptarray_segmentize_sphere: maximum segment length must be positive",
        ),
        ("st_centroid(geography,bool)", &["POLYGON EMPTY", "t"][..], "SRID=4326;GEOMETRYCOLLECTION EMPTY"),
        ("st_centroid(geography,bool)", &["POINT Z(1 2 3)", "t"][..], "SRID=4326;POINT(1 2 3)"),
        (
            "st_centroid(geography,bool)",
            &["GEOMETRYCOLLECTION(POINT(0 0),LINESTRING(0 0,60 60))", "t"][..],
            "XX000: ST_Centroid(geography) unhandled geography type",
        ),
        (
            "st_simplifyvw(geometry,float8)",
            &["LINESTRING(5 2,3 8,6 20,7 25,10 10)", "30"][..],
            "LINESTRING(5 2,7 25,10 10)",
        ),
        (
            "st_simplifyvw(geometry,float8)",
            &["POLYGON((0 0,10 0,10 10,0 10,0 0),(1 1,2 1,2 2,1.5 3,1 2,1 1))", "0"][..],
            "POLYGON((0 0,10 0,10 10,0 10,0 0),(1 1,2 1,2 2,1.5 3,1 2,1 1))",
        ),
        (
            "st_simplifyvw(geometry,float8)",
            &["CIRCULARSTRING(0 0,1 1,2 0)", "30"][..],
            "XX000: lwgeom_simplify: unsupported geometry type: CircularString",
        ),
        ("st_minimumboundingcircle(geometry,int4)", &["MULTIPOINT(1 1,1 1)", "48"][..], "POINT(1 1)"),
        ("st_minimumboundingcircle(geometry,int4)", &["SRID=4326;LINESTRING EMPTY", "48"][..], "SRID=4326;POINT EMPTY"),
        (
            "st_geometricmedian(geometry,float8,int4,bool)",
            &["MULTIPOINT(0 0,2 0,0 2,2 2)", "0.001", "10", "f"][..],
            "POINT(1 1)",
        ),
        (
            "st_geometricmedian(geometry,float8,int4,bool)",
            &["LINESTRING(0 0,1 1)", "0.001", "10", "f"][..],
            "XX000: lwgeom_median: Unsupported geometry type: LineString",
        ),
        (
            "st_generatepoints(geometry,int4)",
            &["POINT(0 0)", "3"][..],
            "XX000: lwgeom_to_points: unsupported geometry type 'Point'",
        ),
        (
            "st_intersects(geography,geography)",
            &["POLYGON((170 -20,-170 -20,-170 -10,170 -10,170 -20))", "POINT(178.4419 -18.1416)"][..],
            "t",
        ),
        (
            "st_covers(geography,geography)",
            &["POLYGON((-10 30,10 30,10 45,-10 45,-10 30))", "POINT(-3.7038 40.4168)"][..],
            "t",
        ),
        (
            "st_covers(geography,geography)",
            &["POLYGON((-10 40,10 40,10 50,-10 50,-10 40),(-1 44,1 44,1 46,-1 46,-1 44))", "POINT(0 45)"][..],
            "f",
        ),
        ("st_coveredby(geography,geography)", &["POINT(0 45)", "POLYGON((-10 40,10 40,10 50,-10 50,-10 40))"][..], "t"),
        ("st_distance(geography,geography,bool)", &["LINESTRING(-10 40,10 40)", "LINESTRING(0 30,0 50)", "t"][..], "0"),
        ("st_distance(geography,geography,bool)", &["POINT(0 1)", "LINESTRING(-10 0,10 0)", "t"][..], "110574.3885578"),
        (
            "st_distance(geography,geography,bool)",
            &["POINT(0 1)", "LINESTRING(-10 0,10 0)", "f"][..],
            "111195.07973463",
        ),
        (
            "st_dwithin(geography,geography,float8,bool)",
            &["POINT(0 1)", "LINESTRING(-10 0,10 0)", "110574.38", "t"][..],
            "f",
        ),
    ] {
        let own = call(symbol, values);
        if own != expected {
            wrong.push(format!("{symbol} {values:?}: {own}, not {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Within the last digits: the sums and angles of PostGIS run in another order.
#[test]
fn answers_nearly_as_postgis() {
    let numbers = |text: &str| -> Vec<f64> {
        text.split(|c: char| !(c.is_ascii_digit() || "-.e".contains(c))).filter_map(|word| word.parse().ok()).collect()
    };
    for (symbol, values, expected) in [
        ("st_length(geography,bool)", &["LINESTRING Z(0 0 0,0.0001 0 3)", "t"][..], "11.52910622315265"),
        (
            "st_distancespheroid(geometry,geometry,spheroid)",
            &["POINT(0 0)", "POINT(1 1)", "SPHEROID[\"WGS 84\",6378137,298.257223563]"][..],
            "156899.56829134029",
        ),
        (
            "st_centroid(geography,bool)",
            &["LINESTRING(0 0,10 5,20 60)", "t"][..],
            "SRID=4326;POINT(11.57238512239558 27.20328272162929)",
        ),
        (
            "st_centroid(geography,bool)",
            &["POLYGON((0 0,20 0,20 20,0 20,0 0),(1 1,2 9,9 3,1 1),(10 10,19 11,15 19,10 10))", "t"],
            "SRID=4326;POINT(9.623823632953819 9.391725803245272)",
        ),
        (
            "st_centroid(geography,bool)",
            &["MULTIPOINT((1 2),(3 4))", "t"],
            "SRID=4326;POINT(1.999085125912534 3.000456148785471)",
        ),
        (
            "st_geometricmedian(geometry,float8,int4,bool)",
            &["MULTIPOINT(0 0,2 0,0 2,2 3)", "1e-5", "100", "f"],
            "POINT(0.8025501153669693 1.1983818855789126)",
        ),
        (
            "st_minimumboundingradius(geometry)",
            &["MULTIPOINT(0.1 0.2,1.3 0.7,0.5 3.3)"],
            "(0101000000333333333333D33F000000000000FC3F,1.5628499608087785)",
        ),
        (
            "st_minimumboundingcircle(geometry,int4)",
            &["SRID=4326;MULTIPOINT(0.1 0.2,1.3 0.7,0.5 3.3)", "1"],
            "SRID=4326;POLYGON((0.3 3.960203610530034,2.510203610530034 1.75,0.3 -0.460203610530034,-1.910203610530034 1.75,0.299999999999999 3.960203610530034))",
        ),
    ] {
        let own = call(symbol, values);
        let (one, two) = (numbers(&own), numbers(expected));
        let near =
            one.len() == two.len() && one.iter().zip(&two).all(|(a, b)| (a - b).abs() <= 1e-12 * b.abs().max(1.0));
        assert!(near, "{symbol} {values:?}: {own}, not {expected}");
    }
}

#[test]
fn covers_a_box_with_hexagons() {
    let (env, types) = (Env::default(), [PgType::FLOAT8, PgType::GEOMETRY]);
    let call = Call { env: &env, args: &types, returns: PgType::RECORD };
    for (size, bounds, expected) in [
        (1.0, "LINESTRING(0 0,5 5)", "0,0 0,1 0,2 0,3 1,0 1,1 1,2 2,0 2,1 2,2 2,3 3,0 3,1 3,2 4,0 4,1 4,2 4,3"),
        (1.0, "LINESTRING(-3.2 -2.3,0.5 0.5)", "-2,-1 -2,0 -1,-2 -1,-1 -1,0 0,-1 0,0 1,-2 1,-1 1,0"),
        (1.0, "POINT(-0.5 0.1)", "-1,0 0,0"),
        (1.0, "POINT EMPTY", ""),
        (0.0, "POINT(0 0)", ""),
    ] {
        let bounds = io::parse_geometry(bounds).unwrap().into_datum();
        let rows =
            super::set_returning("st_hexagongrid(float8,geometry)").unwrap()(&call, &[Datum::Float8(size), bounds]);
        let cells: Vec<String> = rows
            .unwrap()
            .map(|row| row.unwrap())
            .map(|row| format!("{},{}", row[1].as_i64().unwrap(), row[2].as_i64().unwrap()))
            .collect();
        assert_eq!(cells.join(" "), expected);
    }
}

#[test]
fn clusters_in_the_order_of_their_first_members() {
    for (symbol, values, expected) in [
        (
            "st_clusterwithin(_geometry,float8)",
            &["{POINT(7 0):POINT(3 0):POINT(0.5 0):POINT(3 0):NULL:POINT EMPTY}", "1"][..],
            [1, 2, 1, 1].as_slice(),
        ),
        ("st_clusterintersecting(_geometry)", &["{POINT(7 0):POINT(1 1)}"], &[1, 1]),
        ("st_clusterwithin(_geometry,float8)", &["{NULL}", "1"], &[]),
    ] {
        if cfg!(not(feature = "engine")) && symbol.contains("intersecting") {
            continue;
        }
        let (env, types) = (Env::default(), [PgType::GEOMETRY_ARRAY, PgType::FLOAT8]);
        let call = Call { env: &env, args: &types[..values.len()], returns: PgType::GEOMETRY_ARRAY };
        let args = types.iter().zip(values).map(|(ty, text)| crate::kernels::io::input(&env, *ty, -1, text));
        let args = args.collect::<crate::error::Result<Vec<Datum>>>().unwrap();
        let sizes: Vec<usize> = match super::scalar(symbol).unwrap()(&call, &args).unwrap() {
            Datum::Array(array) => array
                .values
                .iter()
                .map(|own| super::geometry::Geometry::from_datum(own).unwrap().parts().len())
                .collect(),
            _ => Vec::new(),
        };
        assert_eq!(sizes, expected, "{symbol} {values:?}");
    }
}

//! The reference libraries' answers (`golden.tsv`), and what they have no function for.

use crate::kernels::core::testing::{arguments, check};
use crate::kernels::spatial::geometry::Geometry;
use crate::kernels::{Call, Env, io, set_returning};
use crate::types::{Datum, PgType};

fn text(env: &Env, value: &Datum) -> String {
    match value {
        Datum::Null => "NULL".to_owned(),
        Datum::Geometry(_) => {
            let mut numbers = Vec::new();
            Geometry::from_datum(value).unwrap().visit(&mut |coord| numbers.push(format!("{} {}", coord.x, coord.y)));
            numbers.join(" ")
        }
        value => io::output(env, io::type_of(value), value).unwrap(),
    }
}

fn run(env: &Env, symbol: &str, args: &str) -> String {
    let (types, values) = arguments(env, args);
    let call = Call { env, args: &types, returns: PgType::H3INDEX };
    if let Some(rows) = set_returning(symbol) {
        let rows = rows(&call, &values).unwrap_or_else(|error| panic!("{symbol}({args}): {}", error.message()));
        let mut rows: Vec<String> = rows.map(|row| text(env, &row.unwrap()[0])).collect();
        rows.sort();
        return rows.join(" ");
    }
    let kernel = crate::kernels::scalar(symbol).unwrap_or_else(|| panic!("no kernel {symbol}"));
    text(env, &kernel(&call, &values).unwrap_or_else(|error| panic!("{symbol}({args}): {}", error.message())))
}

fn numbers(text: &str) -> Vec<f64> {
    let parts = text.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+')));
    parts.filter(|part| !part.is_empty()).map(|part| part.parse().unwrap()).collect()
}

#[test]
fn as_the_reference_libraries() {
    let env = Env::default();
    let mut wrong = Vec::new();
    let mut count = 0;
    for line in include_str!("golden.tsv").lines() {
        let [symbol, args, expected] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
        count += 1;
        let got = run(&env, symbol, args);
        let same = match expected.strip_prefix('~') {
            None => got == expected,
            Some(expected) => {
                let (got, expected) = (numbers(&got), numbers(expected));
                // Exact areas and lengths of small cells are differences of close numbers, in every library.
                let loose = if symbol.starts_with("h3_cell_area") || symbol.starts_with("h3_edge_length") {
                    2e-6
                } else {
                    1e-9
                };
                let close =
                    |(a, b): (&f64, &f64)| (a - b).abs() <= loose * b.abs().max(if loose > 1e-9 { 0.0 } else { 1e-4 });
                got.len() == expected.len() && got.iter().zip(&expected).all(close)
            }
        };
        if !same {
            wrong.push(format!("{symbol}({args}): {got}, not {expected}"));
        }
    }
    assert!(count > 5000, "{count}");
    assert!(wrong.is_empty(), "{} of {count}\n{}", wrong.len(), wrong[..wrong.len().min(20)].join("\n"));
}

#[test]
fn every_signature_has_its_kernel() {
    let language = crate::catalog::Language::load().unwrap();
    let ours = |name: &str| {
        ["h3", "s2_", "quadbin_", "geohash_", "bigint_to_h3"].iter().any(|family| name.starts_with(family))
    };
    let missing: Vec<String> = language
        .all_functions()
        .filter(|function| ours(&function.name))
        .filter(|function| {
            super::scalar(&function.symbol).is_none() && super::set_returning(&function.symbol).is_none()
        })
        .map(|function| function.signature())
        .collect();
    assert_eq!(missing, Vec::<String>::new());
}

#[test]
fn what_is_no_cell_is_refused() {
    check(&[
        ("h3_cell_to_parent(h3index)", "h3index 0", "22023 0 is no cell"),
        (
            "h3_cell_to_parent(h3index,int4)",
            "h3index 8928308280fffff, int4 10",
            "22023 resolution 10 does not go with a cell of resolution 9",
        ),
        (
            "h3_lat_lng_to_cell(geometry,int4)",
            "geometry POINT(1 2), int4 16",
            "22023 resolution 16 is not between 0 and 15",
        ),
        ("h3_lat_lng_to_cell(geometry,int4)", "geometry POINT EMPTY, int4 3", "NULL"),
        (
            "h3_lat_lng_to_cell(geometry,int4)",
            "geometry LINESTRING(0 0,1 1), int4 3",
            "22023 a point is expected, not a LineString",
        ),
        ("h3_cell_area(h3index,text)", "h3index 8928308280fffff, text acre", "22023 unit must be m^2, km^2 or rads^2"),
        ("h3index_contains(h3index,h3index)", "h3index 8428309ffffffff, h3index 8928308280fffff", "t"),
        ("h3index_overlaps(h3index,h3index)", "h3index 8928308280fffff, h3index 8428309ffffffff", "t"),
        ("h3index_contained_by(h3index,h3index)", "h3index 8928308280fffff, h3index 8928308280bffff", "f"),
        ("h3index_to_bigint(h3index)", "h3index 8928308280fffff", "617700169958293503"),
        ("s2_resolution(int8)", "int8 0", "22023 0 is no S2 cell"),
        (
            "s2_tochildren(int8,int4)",
            "int8 955378847514099712, int4 30",
            "54000 17592186044416 cells are more than one value may hold (1048576)",
        ),
        ("s2_tohilbertquadkey(int8)", "int8 955378847514099712", "0/12220101"),
        ("s2_fromhilbertquadkey(text)", "text 0/12220101", "955378847514099712"),
        ("s2_fromhilbertquadkey(text)", "text 6/1", "22023 \"6/1\" is no Hilbert quadkey"),
        ("s2_fromtoken(text)", "text X", "22023 \"X\" is no S2 token"),
        ("s2_fromuint64repr(text)", "text 18446744073709551615", "-1"),
        ("quadbin_toparent(int8,int4)", "int8 7, int4 3", "22023 7 is no quadbin cell"),
        ("quadbin_fromzxy(int4,int4,int4)", "int4 2, int4 4, int4 0", "22023 there is no tile (4, 0) at zoom 2"),
        ("quadbin_toquadkey(int8)", "int8 5207251884775047167", "0331"),
        ("quadbin_fromquadkey(text)", "text 0331", "5207251884775047167"),
        ("quadbin_fromquadkey(text)", "text ", "5192650370358181887"),
        ("quadbin_distance(int8,int8)", "int8 5207251884775047167, int8 5207128739472736255", "1"),
        ("geohash_neighbors(text)", "text c0w3hf", "{c0w3hg,c0w3j5,c0w3j4,c0w3j1,c0w3hc,c0w3h9,c0w3hd,c0w3he}"),
        ("geohash_neighbor(text,text)", "text z, text n", "NULL"),
        ("geohash_neighbor(text,text)", "text z, text e", "b"),
        ("geohash_neighbor(text,text)", "text a, text e", "22023 Invalid character 'a' in a geohash"),
    ]);
}

//! The 550 expressions over geographies of an emulator: their constants are rows of a table there, and so are the tables of the fixture.

use std::collections::BTreeMap;

use regex::{Captures, Regex};

use crate::corpus::expressions;
use crate::support::Client;
use crate::support::bigquery::Emulator;
use crate::support::differential::{Report, Verdict, compare, copy};
use crate::support::graticule::Graticule;
use crate::support::postgres::{self, Postgres};

/// A constant that a geography can hold, and all that makes a geometry or a geography of it.
fn constants() -> Regex {
    Regex::new(
        r"(?x)(?i)
        (?P<call>\bST_(?:Geom|Geometry|Geog|Geography|Point|Line|Polygon)From(?:Text|EWKT)\()?
        '(?:SRID=4326;)?(?P<wkt>(?:POINT|LINESTRING|POLYGON|MULTIPOINT|MULTILINESTRING|MULTIPOLYGON|GEOMETRYCOLLECTION)\ ?(?:\([^']*\)|EMPTY))'
        (?P<rest>(?:,\ *\d+)?\ *\))?(?P<cast>::geometry|::geography)?
        | \bST_(?:Make)?Point\((?P<x>-?[\d.]+),\ ?(?P<y>-?[\d.]+)\)",
    )
    .expect("a pattern")
}

/// The constant's text in WKT, and whether it is a geography; `None` for a text that is none of both.
fn constant(found: &Captures<'_>) -> Option<(String, bool)> {
    let part = |name: &str| found.name(name).map_or("", |part| part.as_str());
    if found.name("x").is_some() {
        return Some((format!("POINT({} {})", part("x"), part("y")), false));
    }
    // A literal that is cast, or all that makes a geometry of a text; any other text is none.
    let (call, rest, cast) = (part("call"), part("rest"), part("cast"));
    let whole = if call.is_empty() { !cast.is_empty() && rest.is_empty() } else { !rest.is_empty() };
    // These two make NULL of what is no line or polygon.
    let filters =
        ["point", "line", "polygon"].iter().any(|kind| call.to_lowercase().starts_with(&format!("st_{kind}")));
    let geography = call.to_lowercase().contains("geog") || cast == "::geography";
    (whole && !filters).then(|| (part("wkt").to_owned(), geography))
}

/// Does the emulator keep it as BigQuery would? It takes latitudes beyond a pole, and writes an EMPTY point as POINT(0 0).
fn is_kept(emulator: &Emulator, oracle: &mut Client, wkt: &str) -> bool {
    let read = emulator.query(&format!(
        "select to_hex(st_asbinary(g)), st_isempty(g), b.xmin >= -180 and b.xmax <= 180 and b.ymin >= -90 and b.ymax <= 90 \
         from (select g, st_boundingbox(g) as b from (select st_geogfromtext('{wkt}') as g) as r) as q"
    ));
    let value = |n: usize| read["rows"][0]["f"][n]["v"].as_str().unwrap_or_default().to_owned();
    let is_empty = value(1) == "true";
    if read.get("error").is_some() || value(2) == "false" || is_empty != wkt.contains("EMPTY") {
        return false;
    }
    let empty = oracle.rows(&format!("select st_isempty('{}'::geometry)", value(0)));
    empty == [if is_empty { "t" } else { "f" }]
}

/// The fixture's tables: columns in BigQuery's types, and how the oracle's rows are written there.
const FIXTURE: [(&str, &str, &str); 4] = [
    (
        "places",
        "id int64, name string, kind string, pop int64, geom geography, geog geography",
        "select id, quote_nullable(name), quote_nullable(kind), coalesce(pop::text, 'null'), st_astext(geom), st_astext(geog) from places",
    ),
    ("roads", "id int64, cls string, geom geography", "select id, quote_nullable(cls), st_astext(geom) from roads"),
    (
        "parcels",
        "id int64, owner string, geom geography",
        "select id, quote_nullable(owner), st_astext(geom) from parcels",
    ),
    (
        "shapes",
        "id int64, label string, geom geography",
        "select id, quote_nullable(label), st_astext(geom) from shapes",
    ),
];

/// Both sides with the same rows: `far_shapes` of geographies, `one`, and the fixture's tables, whose geographies are geometries by an option.
fn sides(emulator: &Emulator, postgres: &'static Postgres, shapes: &[String]) -> (Graticule, Client) {
    postgres.database("bq_fixture", include_str!("../../compat/postgis_fixture.sql"));
    let mut fixture = postgres.client("bq_fixture");
    emulator.run(&[
        "create table public.far_shapes(id int64, g geography)",
        "create table public.one(one int64)",
        "insert into public.one(one) values (1)",
    ]);
    let rows: Vec<String> =
        shapes.iter().enumerate().map(|(at, wkt)| format!("({at}, st_geogfromtext('{wkt}'))")).collect();
    emulator.run(&[&format!("insert into public.far_shapes(id, g) values {}", rows.join(", "))]);
    let mut lacks = Vec::new();
    for (table, columns, select) in FIXTURE {
        emulator.run(&[&format!("create table public.{table}({columns})")]);
        for row in fixture.query(select).expect("the fixture").rows {
            let mut kept = true;
            let mut value = |(n, value): (usize, &Option<Vec<u8>>)| {
                let Some(text) = value.as_ref().map(|value| String::from_utf8_lossy(value).into_owned()) else {
                    return "null".to_owned();
                };
                if columns.split(", ").nth(n).is_some_and(|column| column.ends_with("geography")) {
                    kept &= is_kept(emulator, &mut fixture, &text);
                    return format!("st_geogfromtext('{text}')");
                }
                text.replace("''", "\\'")
            };
            let values: Vec<String> = row.iter().enumerate().map(&mut value).collect();
            if kept {
                emulator.run(&[&format!("insert into public.{table} values ({})", values.join(", "))]);
            } else {
                lacks.push(format!("{table} {}", values[0]));
            }
        }
    }
    println!("bigquery-expressions: rows of the fixture that no geography of the emulator holds: {}", lacks.join(", "));
    let init = [emulator.server("b", ""), emulator.server("planar", ", geometry 'true'")].concat();
    let server = Graticule::serve("bq_geographies", &init);
    postgres.database("bq_geographies", "");
    let (mut ours, mut oracle) = (server.client("bq_geographies"), postgres.client("bq_geographies"));
    for table in ["far_shapes", "one", "places", "roads", "parcels", "shapes"] {
        let name = if table == "far_shapes" { "b" } else { "planar" };
        let options = format!("(schema_name 'public', table_name '{table}')");
        ours.simple(&format!("create foreign table {table}() server {name} options {options}")).expect("a table");
        copy(&mut ours, &mut oracle, table);
    }
    (server, oracle)
}

/// What a statement reads.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Reads {
    /// Its constants, as geographies.
    Constants,
    /// The fixture's tables, as geographies.
    Fixture,
    /// No geography: its constants are no geography's, or it has none.
    None,
}

/// The statement with its constants read from `far_shapes`, or over the fixture's tables.
fn over_geographies(sql: &str, constants: &Regex, shapes: &[String]) -> (String, Reads) {
    let fixture = Regex::new(r"(?i) from (places|roads|parcels|shapes)\b").expect("a pattern");
    if fixture.is_match(sql) {
        let geog = Regex::new(r"\bgeog\b").expect("a pattern");
        return (geog.replace_all(sql, "geog::geography").into_owned(), Reads::Fixture);
    }
    let mut places = Vec::new();
    let lifted = constants.replace_all(sql, |found: &Captures<'_>| {
        let at = constant(found).and_then(|(wkt, geography)| Some((shapes.iter().position(|s| *s == wkt)?, geography)));
        let Some((at, geography)) = at else { return found[0].to_owned() };
        places.push(at);
        let cast = if geography { "" } else { "::geometry" };
        format!("s{}.g{cast}", places.len())
    });
    let from: Vec<String> = (1..=places.len()).map(|n| format!("far_shapes s{n}")).collect();
    let which: Vec<String> = places.iter().enumerate().map(|(n, at)| format!("s{}.id = {at}", n + 1)).collect();
    let (from, which) = (from.join(" CROSS JOIN "), which.join(" AND "));
    let own = lifted.matches(" FROM ").count();
    if places.is_empty() {
        let plain = sql.starts_with("SELECT") && own == 0;
        return (if plain { format!("{sql} FROM one") } else { sql.to_owned() }, Reads::None);
    }
    let sql = match lifted.split_once(" FROM ") {
        None => format!("{lifted} FROM {from} WHERE {which}"),
        // A function in FROM.
        Some((head, tail)) if own == 1 && tail.starts_with("ST_") => {
            format!("{head} FROM {from} CROSS JOIN LATERAL {tail} WHERE {which}")
        }
        // A sub-query without a FROM of its own.
        Some((head, tail)) if own == 1 && tail.ends_with(") q") => {
            format!("{head} FROM {} FROM {from} WHERE {which}) q", tail.trim_end_matches(") q"))
        }
        Some(_) => return (sql.to_owned(), Reads::None),
    };
    (sql, Reads::Constants)
}

#[test]
fn expressions_over_geographies_differ_nowhere() {
    let (Some(emulator), Some(postgres)) = (Emulator::start(), postgres::shared()) else { return };
    postgres.database("bq_wkt", "");
    let mut wkt = postgres.client("bq_wkt");
    let pattern = constants();
    let mut shapes: Vec<String> = Vec::new();
    let (mut lost, mut unkept) = (0, Vec::new());
    for expression in expressions() {
        for found in pattern.captures_iter(&expression.sql) {
            let Some((text, _)) = constant(&found) else { continue };
            if shapes.contains(&text) {
                continue;
            }
            if is_kept(&emulator, &mut wkt, &text) {
                shapes.push(text);
            } else {
                lost += 1;
                unkept.push(text);
            }
        }
    }
    println!("bigquery-expressions: {} constants are geographies there, {lost} cannot be: {unkept:?}", shapes.len());
    let (server, mut oracle) = sides(&emulator, postgres, &shapes);
    let mut ours = server.client("bq_geographies");
    ours.simple("set graticule.fold = off").expect("set");
    let mut geometry = postgres.client("bq_geographies");
    let (mut report, mut answered) = (Report::default(), BTreeMap::<Reads, (usize, usize)>::new());
    let mut unread = Vec::new();
    for expression in expressions() {
        let (sql, reads) = over_geographies(expression.sql.trim_end_matches(';'), &pattern, &shapes);
        let (found, expected) = (ours.query(&sql), oracle.query(&sql));
        let ordered = sql.to_lowercase().contains("order by");
        let verdict = compare(&found, &expected, ordered, &mut geometry);
        let (equal, total) = answered.entry(reads).or_default();
        *equal += usize::from(verdict == Verdict::Equal);
        *total += 1;
        if reads == Reads::None {
            unread.push(expression.id.clone());
        }
        report.add(&expression.id, &sql, verdict);
    }
    println!("bigquery-expressions: answered of asked, by what is read: {answered:?}");
    println!("bigquery-expressions: these read no geography there: {}", unread.join(" "));
    let read = report.total() - answered[&Reads::None].1;
    assert!(read >= 350, "{read} of the expressions read a geography");
    report.check("bigquery-expressions", report.total() * 55 / 100);
}

//! The 550 PostGIS expressions over data that lives in Trino: each literal in a column of a view there, the fixture's tables in its memory.

use crate::corpus::{expressions, lift};
use crate::support::differential::{Report, Verdict, compare};
use crate::support::graticule::Graticule;
use crate::support::trino;
use crate::support::{Client, postgres};

/// The least number of expressions that must be answered: 60 of 100.
const FLOOR: usize = 330;

/// A literal of PostgreSQL as Trino says it; `None` for what it cannot keep.
fn literal(text: &str) -> Option<String> {
    if text.starts_with('\'') {
        return Some(format!("CAST({text} AS varchar)"));
    }
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        let ty = if text.parse::<i32>().is_ok() { "integer" } else { "bigint" };
        return Some(format!("CAST({text} AS {ty})"));
    }
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    plain.then(|| format!("DECIMAL '{}{text}'", if text.starts_with('.') { "0" } else { "" }))
}

/// Tables of the fixture that Trino can keep: two dimensions, one SRID.
const TABLES: [(&str, &str); 3] = [
    (
        "places",
        "CREATE TABLE memory.fixture.places AS SELECT id, name, kind, pop, ST_Point(x, y) AS geom, to_spherical_geography(ST_Point(x, y)) AS geog \
         FROM (VALUES (1, 'Madrid', 'city', BIGINT '3300000', -3.7038e0, 40.4168e0), (2, 'Sevilla', 'city', 690000, -5.9845e0, 37.3891e0), \
         (3, 'New York', 'city', 8400000, -74.0060e0, 40.7128e0), (4, 'Suva', 'city', 93000, 178.4419e0, -18.1416e0), \
         (5, 'Apia', 'city', 37000, -171.7514e0, -13.8507e0), (6, 'Null Island', 'poi', 0, 0e0, 0e0), (7, 'NoWhere', 'poi', NULL, NULL, NULL)) \
         AS v(id, name, kind, pop, x, y)",
    ),
    (
        "roads",
        "CREATE TABLE memory.fixture.roads AS SELECT id, cls, ST_GeometryFromText(wkt) AS geom FROM (VALUES \
         (1, 'primary', 'LINESTRING(0 0,3 4)'), (2, 'secondary', 'LINESTRING(0 0,1 1,2 0)'), (3, 'ring', 'LINESTRING(0 0,1 0,1 1,0 0)'), \
         (4, 'none', NULL)) AS v(id, cls, wkt)",
    ),
    (
        "parcels",
        "CREATE TABLE memory.fixture.parcels AS SELECT id, owner, ST_GeometryFromText(wkt) AS geom FROM (VALUES \
         (1, 'a', 'POLYGON((0 0,10 0,10 10,0 10,0 0))'), (2, 'a', 'POLYGON((10 0,20 0,20 10,10 10,10 0))'), \
         (3, 'b', 'POLYGON((0 20,10 20,10 30,0 30,0 20),(2 22,4 22,4 24,2 24,2 22))'), (4, 'b', 'POLYGON EMPTY'), (5, 'c', NULL)) \
         AS v(id, owner, wkt)",
    ),
];

/// The oracle's copy of a table: its own columns, geometries as they are in Trino, without a subtype.
fn copy(ours: &mut Client, there: &mut Client, table: &str) {
    let types = ours.rows(&format!(
        "select attname, format_type(atttypid, atttypmod) from pg_attribute where attrelid = 'public.{table}'::regclass and attnum > 0 order by attnum"
    ));
    let columns: Vec<String> = types.iter().map(|column| column.replacen('|', " ", 1)).collect();
    let names: Vec<&str> = types.iter().filter_map(|column| column.split('|').next()).collect();
    let quoted: Vec<String> = names.iter().map(|name| format!("quote_nullable({name}::text)")).collect();
    let rows = ours.rows(&format!("select concat_ws(', ', {}) from public.{table}", quoted.join(", ")));
    there
        .simple(&format!(
            "drop table if exists {table}; create table {table}({}); insert into {table} values ({})",
            columns.join(", "),
            rows.join("), (")
        ))
        .expect("the oracle's copy");
}

#[test]
fn the_expressions_are_answered_over_trino() {
    let (Some(far), Some(oracle)) = (trino::far(), postgres::shared()) else { return };
    far.run(&["CREATE SCHEMA memory.lifted", "CREATE SCHEMA memory.fixture"]);
    TABLES.iter().for_each(|(_, sql)| far.run(&[sql]));
    let mut statements = Vec::new();
    for expression in expressions().into_iter().filter(|expression| expression.sql.starts_with("SELECT ")) {
        let Some(lifted) = lift(&expression.sql) else {
            // With a FROM of its own: over the fixture, if Trino can keep its tables.
            if TABLES.iter().any(|(table, _)| expression.sql.contains(&format!(" {table}")))
                && !expression.sql.contains("shapes")
            {
                statements.push((expression.id, expression.sql.clone(), expression.sql));
            }
            continue;
        };
        let Some(values) = lifted.literals.iter().map(|text| literal(text)).collect::<Option<Vec<_>>>() else {
            continue;
        };
        let name = expression.id.to_lowercase();
        let columns: Vec<String> = values.iter().enumerate().map(|(n, value)| format!("{value} AS c{n}")).collect();
        if far.attempt(&format!("CREATE VIEW memory.lifted.{name} AS SELECT {}", columns.join(", "))).is_err() {
            continue;
        }
        let ours = format!("{} FROM lifted.{name} AS l", lifted.text);
        statements.push((expression.id, ours, lifted.statement()));
    }
    let metric = far.server("metric").replace("srid '4326'", "srid '3857'");
    let server = Graticule::serve("trino_expressions", &format!("{}{metric}", far.server("tr")));
    let mut ours = server.client("trino_expressions");
    ours.simple("select graticule.attach('tr', 'lifted', 'lifted')").expect("attached");
    for (table, server) in [("places", "tr"), ("roads", "tr"), ("parcels", "metric")] {
        ours.simple(&format!(
            "create foreign table public.{table}() server {server} options (schema_name 'fixture', table_name '{table}', primary_key 'id')"
        ))
        .expect("a foreign table");
    }
    oracle.database("trino_expressions", include_str!("../../compat/postgis_fixture.sql"));
    let mut there = oracle.client("trino_expressions");
    TABLES.iter().for_each(|(table, _)| copy(&mut ours, &mut there, table));
    ours.simple("set graticule.fold = off").expect("set");
    let mut report = Report::default();
    for (id, sql, expected) in &statements {
        let expected = there.query(expected);
        let found = ours.query(sql);
        let verdict = compare(&found, &expected, true, &mut there);
        // A template's refusal there, where ours is the statement's.
        let verdict = match (&verdict, &found) {
            (Verdict::Different(_), Err(failure)) if failure.state.starts_with("0A") => {
                Verdict::Refused(failure.message.clone())
            }
            _ => verdict,
        };
        report.add(id, sql, verdict);
    }
    println!("{} of 550 expressions can be asked over Trino", statements.len());
    report.check("expressions-trino", FLOOR);
}

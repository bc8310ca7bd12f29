//! The 550 expressions over DuckDB, not folded.

use super::{ATTACH, duckdb_sides, run};
use crate::corpus::expressions;
use crate::support::syntax;

/// The fixture's tables as DuckDB has them; `one` carries the expressions that read no table.
fn fixture() -> Vec<String> {
    let text = include_str!("../../compat/postgis_fixture.sql");
    let mut out = vec!["create table one(one integer)".to_owned(), "insert into one values (1)".to_owned()];
    let ddl = [
        "create table places(id integer primary key, name varchar, kind varchar, pop bigint, geom geometry('EPSG:4326'), geog geometry('EPSG:4326'))",
        "create table roads(id integer primary key, cls varchar, geom geometry('EPSG:4326'))",
        "create table parcels(id integer primary key, owner varchar, geom geometry('EPSG:3857'))",
        "create table shapes(id integer primary key, label varchar, geom geometry)",
    ];
    out.extend(ddl.map(str::to_owned));
    for statement in text.split(";\n") {
        let statement = statement.trim();
        if !statement.starts_with("INSERT INTO") {
            continue;
        }
        let statement = statement
            .replace("ST_SetSRID(ST_MakePoint(x,y),4326)::geography", "ST_SetCRS(ST_Point(x,y),'EPSG:4326')")
            .replace("ST_SetSRID(ST_MakePoint(x,y),4326)", "ST_SetCRS(ST_Point(x,y),'EPSG:4326')")
            .replace("SRID=4326;", "")
            .replace("SRID=3857;", "");
        out.push(statement);
    }
    out
}

/// The column `geog` as what it is in DuckDB, cast.
fn geography_column(sql: &str) -> String {
    let mut out = String::new();
    let mut rest = sql;
    while let Some(at) = rest.find("geog") {
        let (before, after) = (&rest[..at], &rest[at + 4..]);
        let inside = |c: char| c.is_alphanumeric() || c == '_';
        let whole = !before.ends_with(inside) && !after.starts_with(inside);
        out.push_str(before);
        out.push_str(if whole { "geog::geography" } else { "geog" });
        rest = after;
    }
    out + rest
}

#[test]
fn expressions_over_duckdb() {
    // What DuckDB says of its columns: no kind of geometry, and no geography.
    let there = format!(
        "{}; create table one(one int); insert into one values (1);
         alter table places alter geom type geometry(Geometry,4326), alter geog type geometry(Geometry,4326) using geog::geometry;
         alter table roads alter geom type geometry(Geometry,4326);
         alter table parcels alter geom type geometry(Geometry,3857);",
        include_str!("../../compat/postgis_fixture.sql")
    );
    let Some(sides) = duckdb_sides("duckdb_expressions", &there, &fixture(), ATTACH) else { return };
    let over_one = |sql: String| {
        let plain = sql.starts_with("SELECT") && !syntax::reads(&sql);
        let sql = if plain { format!("{sql} FROM one") } else { sql };
        geography_column(&sql)
    };
    let cases: Vec<_> =
        expressions().into_iter().map(|expression| (expression.id, over_one(expression.sql), true)).collect();
    let report = run("duckdb-expressions", "set graticule.fold = off", &sides, &cases);
    report.check("duckdb-expressions", 468);
}

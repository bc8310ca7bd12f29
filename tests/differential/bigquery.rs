//! Generated statements over geographies of an emulator of BigQuery.

use std::collections::BTreeMap;

use super::tables::srid;
use super::{Sides, cases, real, run, tables};
use crate::support::bigquery::Emulator;
use crate::support::differential::copy;
use crate::support::graticule::Graticule;
use crate::support::postgres;

/// What BigQuery has for a type of the tables. A geography has neither Z nor a reference system of its own.
fn column(ty: &str) -> Option<String> {
    let name = match ty {
        "int" | "bigint" => "int64",
        "text" => "string",
        "float8" => "float64",
        "bool" => "bool",
        "numeric(10,2)" | "date" => ty,
        "timestamp" => "datetime",
        "timestamptz" => "timestamp",
        spatial if srid(spatial) == Some("4326") && !spatial.contains('Z') => "geography",
        _ => return None,
    };
    Some(name.to_owned())
}

fn value(ty: &str, text: &str) -> String {
    match column(ty).as_deref() {
        Some("geography") => format!("st_geogfromtext('{text}')"),
        Some("string") => format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'")),
        Some(other) => format!("cast('{text}' as {})", other.split('(').next().unwrap_or(other)),
        None => "null".to_owned(),
    }
}

/// The emulator takes a polygon that is EMPTY for a collection in some functions, reads no other EMPTY, and writes no collection.
fn is_kept(text: &str) -> bool {
    !(text.contains("EMPTY") || text.starts_with("GEOMETRYCOLLECTION"))
}

#[test]
fn generated_statements_over_bigquery() {
    let (Some(emulator), Some(oracle)) = (Emulator::start(), postgres::shared()) else { return };
    let database = "bq_generated";
    oracle.database(database, "");
    let server = Graticule::serve(database, &emulator.server("b", ", geometry 'true'"));
    let mut lacks = BTreeMap::new();
    for mut table in tables(oracle) {
        let spatial = table.columns.iter().position(|(_, ty)| srid(ty).is_some());
        table.rows.retain(|row| spatial.and_then(|at| row[at].as_deref()).is_none_or(is_kept));
        let Some(made) = table.elsewhere(&format!("public.{}", table.name), column, value) else {
            lacks.insert(table.name, "a geography has neither Z nor another SRID than 4326");
            continue;
        };
        made.iter().for_each(|sql| emulator.run(&[sql]));
        let mut ours = server.client(database);
        let options = format!("(schema_name 'public', table_name '{}')", table.name);
        ours.simple(&format!("create foreign table {}() server b options {options}", table.name)).expect("a table");
        copy(&mut ours, &mut oracle.client(database), table.name);
    }
    let sides = Sides { database, server, oracle, lacks, _file: None };
    for (suite, cases) in [("bigquery-generated", cases(260)), ("bigquery-real", real(150))] {
        let report = run(suite, "", &sides, &cases);
        report.check(suite, report.total() * 55 / 100);
    }
}

//! Foreign engines against PostGIS: generated statements over tables that lie in both. What is answered is PostGIS's answer; what is not is refused.

mod bigquery;
mod cells;
mod constructs;
mod expressions;
mod goldens;
mod real;
mod statements;
mod tables;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::support::differential::{Report, Verdict, compare};
use crate::support::graticule::Graticule;
use crate::support::postgres::{self, Postgres};
use crate::support::{Client, duckdb, trino};

use statements::{WRITTEN, statement};
use tables::{Table, srid};

/// Sessions that run the statements of a suite side by side.
const SESSIONS: usize = 4;

/// A statement: its id, its text, and whether the order of its rows is fixed.
type Case = (String, String, bool);

/// Both sides: our server over a far side, and the oracle with the same rows; each has a database of that name.
struct Sides {
    database: &'static str,
    server: Graticule,
    oracle: &'static Postgres,
    /// Tables that the far side cannot keep, and why.
    lacks: BTreeMap<&'static str, &'static str>,
    _file: Option<duckdb::File>,
}

/// Runs statements on both sides and compares what comes.
fn run(suite: &str, settings: &str, sides: &Sides, cases: &[Case]) -> Report {
    let (next, report) = (AtomicUsize::new(0), Mutex::new(Report::default()));
    let (whole, unasked) = (AtomicUsize::new(0), Mutex::new(BTreeMap::<&str, usize>::new()));
    let connect = || {
        let mut client = sides.server.client(sides.database);
        client.simple(settings).expect("the settings exist");
        client
    };
    let session = || {
        let (mut ours, mut oracle) = (connect(), sides.oracle.client(sides.database));
        while let Some((id, sql, ordered)) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
            let reads = |table: &&str| sql.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word == *table);
            if let Some(table) = sides.lacks.keys().find(|table| reads(table)) {
                *unasked.lock().expect("no panic").entry(table).or_default() += 1;
                continue;
            }
            let expected = oracle.query(sql);
            let found = ours.query(sql);
            if found.as_ref().is_err_and(|failure| failure.state == "closed") {
                ours = connect();
            }
            let verdict = compare(&found, &expected, *ordered, &mut oracle);
            if verdict == Verdict::Equal {
                let plan = ours.query(&format!("explain {sql}")).map(|set| set.text().join("\n")).unwrap_or_default();
                whole.fetch_add(usize::from(plan.contains("which can run all of it")), Ordering::Relaxed);
            }
            report.lock().expect("no panic").add(id, sql, verdict);
        }
    };
    std::thread::scope(|scope| (0..SESSIONS).for_each(|_| drop(scope.spawn(session))));
    let (report, whole) = (report.into_inner().expect("no panic"), whole.into_inner());
    println!("{suite}: {whole} run there as a whole, {} finished here", report.equal - whole);
    for (table, count) in unasked.into_inner().expect("no panic") {
        println!("{suite}: {count} cannot be asked, they read {table}: {}", sides.lacks[table]);
    }
    let mut reasons = BTreeMap::<&str, usize>::new();
    report.refused.values().for_each(|why| *reasons.entry(why).or_default() += 1);
    reasons.into_iter().for_each(|(why, count)| println!("{suite}: refused {count} times: {why}"));
    report
}

/// The generated statements, of which there are `count`, and the written ones.
fn cases(count: usize) -> Vec<Case> {
    let written = WRITTEN.iter().enumerate().map(|(n, sql)| (format!("W{n}"), (*sql).to_owned(), true));
    let generated = (0..count).map(|n| (n, statement(n))).filter(|(_, (sql, _))| !has_cells(sql));
    written.chain(generated.map(|(n, (sql, ordered))| (format!("D{n}"), sql, ordered))).collect()
}

/// Statements of constructs that targets say otherwise.
fn constructs(count: usize) -> Vec<Case> {
    (0..count)
        .map(|n| (n, constructs::statement(n)))
        .map(|(n, (sql, ordered))| (format!("C{n}"), sql, ordered))
        .collect()
}

/// Statements over the fixture and the sample.
fn real(count: usize) -> Vec<Case> {
    (0..count)
        .map(|n| (n, real::statement(n)))
        .filter(|(_, (sql, _))| !has_cells(sql))
        .map(|(n, (sql, ordered))| (format!("R{n}"), sql, ordered))
        .collect()
}

/// PostGIS has no functions of cells: what they answer is compared with the engine's own over the same rows.
fn has_cells(sql: &str) -> bool {
    sql.contains("quadbin_") || sql.contains("h3_")
}

/// All tables that generated statements read.
fn tables(oracle: &Postgres) -> Vec<Table> {
    tables::tables().into_iter().chain(real::tables(oracle)).collect()
}

/// Makes all tables of DuckDB's known to us.
const ATTACH: &str = "select graticule.attach('d', 'main', 'public');";

/// Over a file of DuckDB's, made by `here`; `tables` makes its tables known to us.
fn duckdb_sides(database: &'static str, there: &str, here: &[String], tables: &str) -> Option<Sides> {
    let (far, oracle) = (duckdb::far()?, postgres::shared()?);
    let statements: Vec<&str> = here.iter().map(String::as_str).collect();
    let file = far.file(&statements);
    oracle.database(database, there);
    let server = Graticule::serve(database, &format!("{} {tables}", far.server("d", &file)));
    Some(Sides { database, server, oracle, lacks: BTreeMap::new(), _file: Some(file) })
}

#[test]
fn generated_statements_over_duckdb() {
    let Some(oracle) = postgres::shared() else { return };
    let column = |ty: &str| {
        Some(match srid(ty) {
            Some("0") => "geometry".to_owned(),
            Some(srid) => format!("geometry('EPSG:{srid}')"),
            None => ty.replace("float8", "double"),
        })
    };
    let value = |_: &str, text: &str| format!("'{}'", text.replace('\'', "''"));
    let tables = tables(oracle);
    let here: Vec<String> =
        tables.iter().filter_map(|table| table.elsewhere(table.name, column, value)).flatten().collect();
    let there: String = tables.iter().map(Table::postgres).collect();
    let Some(sides) = duckdb_sides("duckdb_generated", &there, &here, ATTACH) else { return };
    let report = run("duckdb-generated", "", &sides, &cases(1_700));
    report.check("duckdb-generated", 1_400);
    let report = run("duckdb-constructs", "", &sides, &constructs(1_000));
    report.check("duckdb-constructs", 950);
    let report = run("duckdb-real", "", &sides, &real(800));
    report.check("duckdb-real", 680);
}

/// What Trino has for a type of the tables. It drops Z when it makes a geometry.
fn trino_column(ty: &str) -> Option<String> {
    Some(match ty {
        "int" => "integer".to_owned(),
        "text" => "varchar".to_owned(),
        "float8" => "double".to_owned(),
        "bool" => "boolean".to_owned(),
        "numeric(10,2)" => "decimal(10,2)".to_owned(),
        "timestamp" => "timestamp(6)".to_owned(),
        "timestamptz" => "timestamp(6) with time zone".to_owned(),
        spatial if srid(spatial).is_some() => (!spatial.contains('Z')).then(|| "geometry".to_owned())?,
        other => other.to_owned(),
    })
}

fn trino_value(ty: &str, text: &str) -> String {
    let text = text.replace('\'', "''");
    match trino_column(ty).as_deref() {
        Some("geometry") => format!("ST_GeometryFromText('{text}')"),
        Some(zoned) if zoned.ends_with("zone") => format!("CAST('{text}:00' AS {zoned})"),
        Some(other) => format!("CAST('{text}' AS {other})"),
        None => "null".to_owned(),
    }
}

/// Has it Z or M?
fn is_raised(wkt: &str) -> bool {
    ["Z", "M", "ZM"].iter().any(|dimensions| wkt.contains(&format!(" {dimensions} ")))
}

/// The oracle gets the rows as they lie in Trino, which turns rings; they are the rows that were put there all the same.
fn as_stored(ours: &mut Client, oracle: &mut Client, table: &Table) {
    let (name, columns) = (table.name, &table.columns);
    let key = columns[0].0;
    let quoted: Vec<String> = columns.iter().map(|(column, _)| format!("quote_nullable({column}::text)")).collect();
    let rows = ours.rows(&format!("select concat_ws(', ', {}) from {name}", quoted.join(", ")));
    let untyped: Vec<String> = columns
        .iter()
        .filter_map(|(column, ty)| Some(format!("alter {column} type geometry(Geometry,{})", srid(ty)?)))
        .collect();
    oracle
        .simple(&format!(
            "alter table {name} rename to told_{name}; create table {name} (like told_{name}); alter table {name} {}; \
             insert into {name} values ({})",
            untyped.join(", "),
            rows.join("), (")
        ))
        .expect("the oracle's copy");
    let same: Vec<String> = columns
        .iter()
        .map(|(column, ty)| match srid(ty) {
            None => format!("a.{column} is not distinct from b.{column}"),
            Some(_) => format!(
                "(a.{column} is null) = (b.{column} is null) and coalesce(geometrytype(a.{column}) = geometrytype(b.{column}) and \
                 st_npoints(a.{column}) = st_npoints(b.{column}) and st_equals(a.{column}, b.{column}), true)"
            ),
        })
        .collect();
    let found = oracle.rows(&format!(
        "select count(*) = {} and bool_and({}) from {name} a full join told_{name} b on a.{key} = b.{key}",
        table.rows.len(),
        same.join(" and ")
    ));
    assert_eq!(found, ["t"], "{name} as Trino keeps it");
}

#[test]
fn generated_statements_over_trino() {
    let (Some(far), Some(oracle)) = (trino::far(), postgres::shared()) else { return };
    let database = "trino_generated";
    far.run(&["CREATE SCHEMA memory.generated"]);
    let servers = [("tr", "4326"), ("metric", "3857"), ("bare", "0")];
    let init = servers.map(|(name, srid)| far.server(name).replace("srid '4326'", &format!("srid '{srid}'")));
    let server = Graticule::serve(database, &init.concat());
    let mut tables = tables(oracle);
    let shapes = tables.iter_mut().filter(|table| table.name == "shapes");
    shapes.for_each(|table| table.rows.retain(|row| row.iter().flatten().all(|text| !is_raised(text))));
    oracle.database(database, &tables.iter().map(Table::postgres).collect::<String>());
    let mut lacks = BTreeMap::new();
    for table in tables {
        let Some(made) = table.elsewhere(&format!("memory.generated.{}", table.name), trino_column, trino_value) else {
            lacks.insert(table.name, "no table of Trino keeps Z");
            continue;
        };
        made.iter().for_each(|sql| far.run(&[sql]));
        let system = table.columns.iter().find_map(|(_, ty)| srid(ty));
        let named = servers.iter().find(|(_, srid)| Some(*srid) == system).expect("a server of that system");
        let mut ours = server.client(database);
        ours.simple(&format!(
            "create foreign table {0}() server {1} options (schema_name 'generated', table_name '{0}')",
            table.name, named.0
        ))
        .expect("a foreign table");
        as_stored(&mut ours, &mut oracle.client(database), &table);
    }
    let sides = Sides { database, server, oracle, lacks, _file: None };
    let generated = run("trino-generated", "", &sides, &cases(1_300));
    generated.check("trino-generated", generated.total() * 6 / 10);
    let real = run("trino-real", "", &sides, &real(400));
    real.check("trino-real", real.total() * 6 / 10);
    assert!(generated.total() + real.total() >= 1_500, "{} statements", generated.total() + real.total());
    let report = run("trino-constructs", "", &sides, &constructs(200));
    report.check("trino-constructs", 190);
}

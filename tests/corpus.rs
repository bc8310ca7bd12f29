//! The 550 PostGIS expressions: folded, pushed to PostGIS, on the engine, and with their literals lifted into columns.

use crate::support::differential::{Report, compare};
use crate::support::graticule::Graticule;
use crate::support::{Client, postgres};

/// (id, sql) of `compat/postgis_expressions.tsv`.
fn expressions() -> Vec<(String, String)> {
    let text = std::fs::read_to_string("compat/postgis_expressions.tsv").expect("the corpus");
    text.lines()
        .skip(1)
        .map(|line| {
            let fields: Vec<&str> = line.split('\t').collect();
            (fields[0].to_owned(), fields[3].to_owned())
        })
        .collect()
}

/// Our server with the fixture's database attached as `public`, and the oracle.
fn setup(database: &str) -> Option<(Graticule, Client)> {
    let oracle = postgres::shared()?;
    oracle.database(database, include_str!("../compat/postgis_fixture.sql"));
    let init = format!(
        "CREATE SERVER pg FOREIGN DATA WRAPPER postgres OPTIONS (host '127.0.0.1', port '{}', dbname '{database}');
         CREATE USER MAPPING FOR PUBLIC SERVER pg OPTIONS (user 'postgres');
         SELECT graticule.attach('pg', 'public', 'public');",
        oracle.port
    );
    Some((Graticule::serve(database, &init), oracle.client(database)))
}

fn run(suite: &str, settings: &str, floor: usize) {
    let Some((server, mut oracle)) = setup(&suite.replace('-', "_")) else { return };
    let mut ours = server.client(&suite.replace('-', "_"));
    ours.simple(settings).expect("the settings exist");
    let mut report = Report::default();
    for (id, sql) in expressions() {
        let expected = oracle.query(&sql);
        let found = ours.query(&sql);
        let verdict = compare(&found, &expected, true, &mut oracle);
        report.add(&id, &sql, verdict);
    }
    report.check(suite, floor);
}

#[test]
fn expressions_folded() {
    run("expressions-folded", "", 280);
}

#[test]
fn expressions_pushed() {
    run("expressions-pushed", "SET graticule.fold = off; SET graticule.route = 'server'", 520);
}

#[cfg(feature = "engine")]
#[test]
fn expressions_on_the_engine() {
    run("expressions-engine", "SET graticule.fold = off; SET graticule.route = 'local'", 280);
}

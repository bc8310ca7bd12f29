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

/// The statement with each literal in a column of a one-row table, `None` where it has a FROM of its own or no literal.
fn lifted(sql: &str) -> Option<String> {
    use pg_query::protobuf::Token;
    let scanned = pg_query::scan(sql).ok()?;
    if scanned.tokens.iter().any(|token| token.token == Token::From as i32 || token.token == Token::With as i32) {
        return None;
    }
    let (mut out, mut columns, mut end) = (String::new(), Vec::new(), 0);
    for token in &scanned.tokens {
        if [Token::Sconst as i32, Token::Iconst as i32, Token::Fconst as i32].contains(&token.token) {
            out.push_str(&sql[end..token.start as usize]);
            end = token.end as usize;
            columns.push(format!("{} AS c{}", &sql[token.start as usize..end], columns.len()));
            out.push_str(&format!("l.c{}", columns.len() - 1));
        }
    }
    out.push_str(&sql[end..]);
    (!columns.is_empty()).then(|| format!("{out} FROM (SELECT {}) AS l", columns.join(", ")))
}

#[cfg(feature = "engine")]
#[test]
fn expressions_with_lifted_literals() {
    let Some((server, mut oracle)) = setup("expressions_lifted") else { return };
    let mut ours = server.client("expressions_lifted");
    ours.simple("SET graticule.route = 'local'").expect("the settings exist");
    let mut report = Report::default();
    for (id, sql) in expressions() {
        let Some(sql) = lifted(&sql) else { continue };
        let expected = oracle.query(&sql);
        let found = ours.query(&sql);
        let verdict = compare(&found, &expected, true, &mut oracle);
        report.add(&id, &sql, verdict);
    }
    report.check("expressions-lifted", 430);
    report.check_refusals("expressions-lifted");
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
    report.check_refusals(suite);
}

#[test]
fn expressions_folded() {
    run("expressions-folded", "", 500);
}

#[test]
fn expressions_pushed() {
    run("expressions-pushed", "SET graticule.fold = off; SET graticule.route = 'server'", 535);
}

#[cfg(feature = "engine")]
#[test]
fn expressions_on_the_engine() {
    run("expressions-engine", "SET graticule.fold = off; SET graticule.route = 'local'", 490);
}

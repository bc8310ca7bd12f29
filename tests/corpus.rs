//! The 550 PostGIS expressions: folded, pushed to PostGIS, on the engine, and with their literals lifted into columns.

use std::sync::OnceLock;

use sqlparser::tokenizer::Token;

use crate::support::differential::{Report, compare};
use crate::support::graticule::Graticule;
use crate::support::{Client, postgres, syntax};

/// A line of `compat/postgis_expressions.tsv`.
pub struct Expression {
    pub id: String,
    pub category: String,
    pub construct: String,
    pub sql: String,
}

pub fn expressions() -> Vec<Expression> {
    let text = std::fs::read_to_string("compat/postgis_expressions.tsv").expect("the corpus");
    let line = |line: &str| {
        let mut fields = line.split('\t').map(str::to_owned);
        let mut field = || fields.next().expect("a field");
        Expression { id: field(), category: field(), construct: field(), sql: field() }
    };
    text.lines().skip(1).map(line).collect()
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

/// A statement whose literals are columns `l.c0` ... of a relation.
pub struct Lifted {
    /// Without its FROM.
    pub text: String,
    /// The literals as they were written.
    pub literals: Vec<String>,
}

impl Lifted {
    /// The statement with each literal in a column of a one-row table.
    pub fn statement(&self) -> String {
        let columns: Vec<String> =
            self.literals.iter().enumerate().map(|(n, text)| format!("{text} AS c{n}")).collect();
        format!("{} FROM (SELECT {}) AS l", self.text, columns.join(", "))
    }
}

/// `None` where the statement has a FROM of its own or no literal.
pub fn lift(sql: &str) -> Option<Lifted> {
    if syntax::reads(sql) {
        return None;
    }
    let (mut text, mut literals, mut end) = (String::new(), Vec::new(), 0);
    for (token, range) in syntax::tokens(sql)? {
        let string = matches!(
            token,
            Token::SingleQuotedString(_) | Token::EscapedStringLiteral(_) | Token::DollarQuotedString(_)
        );
        if string || matches!(token, Token::Number(..)) {
            text.push_str(&sql[end..range.start]);
            end = range.end;
            text.push_str(&format!("l.c{}", literals.len()));
            literals.push(sql[range].to_owned());
        }
    }
    text.push_str(&sql[end..]);
    (!literals.is_empty()).then_some(Lifted { text, literals })
}

/// A way of running the expressions.
pub struct Way {
    pub suite: &'static str,
    settings: &'static str,
    /// Literals become columns of a one-row table.
    lifted: bool,
    /// The least number that must be equal.
    floor: usize,
}

pub const WAYS: [Way; 4] = [
    Way { suite: "expressions-folded", settings: "", lifted: false, floor: 500 },
    Way {
        suite: "expressions-pushed",
        settings: "SET graticule.fold = off; SET graticule.route = 'server'",
        lifted: false,
        floor: 535,
    },
    Way {
        suite: "expressions-engine",
        settings: "SET graticule.fold = off; SET graticule.route = 'local'",
        lifted: false,
        floor: 490,
    },
    Way { suite: "expressions-lifted", settings: "SET graticule.route = 'local'", lifted: true, floor: 430 },
];

/// What a way gave, run once; `None` without PostgreSQL.
pub fn report(way: usize) -> Option<&'static Report> {
    static REPORTS: [OnceLock<Option<Report>>; 4] = [const { OnceLock::new() }; 4];
    REPORTS[way].get_or_init(|| run(&WAYS[way])).as_ref()
}

fn run(way: &Way) -> Option<Report> {
    let database = way.suite.replace('-', "_");
    let (server, mut oracle) = setup(&database)?;
    let mut ours = server.client(&database);
    ours.simple(way.settings).expect("the settings exist");
    let mut report = Report::default();
    for expression in expressions() {
        let sql =
            if way.lifted { lift(&expression.sql).map(|lifted| lifted.statement()) } else { Some(expression.sql) };
        let Some(sql) = sql else { continue };
        let expected = oracle.query(&sql);
        let found = ours.query(&sql);
        let verdict = compare(&found, &expected, true, &mut oracle);
        report.add(&expression.id, &sql, verdict);
    }
    Some(report)
}

fn check(way: usize) {
    let Some(report) = report(way) else { return };
    report.check(WAYS[way].suite, WAYS[way].floor);
    report.check_refusals(WAYS[way].suite);
}

#[test]
fn expressions_folded() {
    check(0);
}

#[test]
fn expressions_pushed() {
    check(1);
}

#[test]
fn expressions_on_the_engine() {
    check(2);
}

#[test]
fn expressions_with_lifted_literals() {
    check(3);
}

//! `docs/conformance.md` is what the tests found: construct by target, check by client. `UPDATE=1` writes it, otherwise it must be current.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::clients::{CLIENTS, played};
use crate::corpus::{WAYS, expressions, report};
use crate::support::differential::Report;
use graticule::catalog::Language;
use graticule::dialect::Dialect;

const PATH: &str = "docs/conformance.md";
const CLIENTS_TITLE: &str = "## Clients";

const FUNCTIONS: &str = "docs/functions.md";

/// Function by target, from the dialects' rows: a cell says `exact` only where the row was executed equal on the real engine, as
/// `tests/differential/goldens.rs` found it.
#[test]
fn the_table_of_functions_is_current() {
    let language = Language::load().expect("the language");
    let dialects: Vec<_> = Dialect::load_all().expect("every dialect");
    let mut out = String::from(
        "# Functions by target\n\nWritten by the tests (`UPDATE=1 cargo test --test it conformance`) from `dialects/`. *native*: the target's own \
         function or operator; *rewritten*: other SQL there; *superset*: a weaker condition there, tested again here; *local*: computed here, \
         over the rows that the target's conditions leave; *refused*: 0A000. *exact*: executed equal on the real engine; *documented*: by the \
         vendor's documentation; *approximate*: with a notice. A guard of a row may send a call to the engine all the same.\n\n",
    );
    let _ = writeln!(
        out,
        "| target | native | rewritten | superset | local | refused | exact | documented | approximate |"
    );
    let _ = writeln!(out, "| --- | --- | --- | --- | --- | --- | --- | --- | --- |");
    for dialect in &dialects {
        let c = dialect.coverage(&language);
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} | {} | {} | {} | {} | {} |",
            dialect.name, c.native, c.rewritten, c.superset, c.local, c.refused, c.exact, c.documented, c.approximate
        );
    }
    let names: Vec<&str> = dialects.iter().map(|dialect| dialect.name).collect();
    let _ = writeln!(out, "\n| function | {} |\n| --- |{}", names.join(" | "), " --- |".repeat(names.len()));
    let mut functions: Vec<_> = language.all_functions().collect();
    functions.sort_by_key(|function| (function.schema, function.signature()));
    let mut unproven = Vec::new();
    for function in functions {
        let signature = function.signature();
        let cells: Vec<String> = dialects.iter().map(|dialect| dialect.answer(function).text()).collect();
        for (dialect, cell) in dialects.iter().zip(&cells).filter(|(_, cell)| cell.ends_with("exact")) {
            // PostGIS's own functions are asked by their names. A statement written by hand proves what it calls.
            let list = std::fs::read_to_string(format!("compat/executed/{}.txt", dialect.name)).unwrap_or_default();
            let call = format!("{}(", function.name);
            let proves = |line: &str| line == signature || line.starts_with("SELECT") && line.contains(&call);
            let ran = dialect.name == "postgis" || list.lines().any(proves);
            if !ran {
                unproven.push(format!("{signature} on {}: {cell}", dialect.name));
            }
        }
        let _ = writeln!(out, "| {} | {} |", function.signature().replace('_', "\\_"), cells.join(" | "));
    }
    assert!(unproven.is_empty(), "said to be exact, but not known to have run: {unproven:#?}");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(FUNCTIONS, out).expect("the table is written");
        return;
    }
    let current = std::fs::read_to_string(FUNCTIONS).unwrap_or_default();
    let differing = out.lines().zip(current.lines()).find(|(found, written)| found != written);
    assert!(
        out == current,
        "{FUNCTIONS} is not current: run `UPDATE=1 cargo test --test it conformance`: {differing:?}"
    );
}

#[test]
fn the_conformance_document_is_current() {
    let Some(reports) = (0..WAYS.len()).map(report).collect::<Option<Vec<_>>>() else { return };
    let current = std::fs::read_to_string(PATH).unwrap_or_default();
    let clients = match clients() {
        Some(clients) => clients,
        None => {
            eprintln!("SKIPPED: the clients of {PATH} are not checked, for not all of them are installed");
            current.find(CLIENTS_TITLE).map_or_else(String::new, |at| current[at..].to_owned())
        }
    };
    let text = expressions_text(&reports) + &clients;
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(PATH, text).expect("the document is written");
        return;
    }
    for (found, written) in text.lines().zip(current.lines()) {
        assert_eq!(found, written, "{PATH} is not current: run `UPDATE=1 cargo test --test it conformance`");
    }
    assert_eq!(text.lines().count(), current.lines().count(), "{PATH} is not current");
}

/// How often a way answered, of how often it was asked.
#[derive(Clone, Copy, Default)]
struct Share {
    equal: usize,
    asked: usize,
}

impl Share {
    fn add(&mut self, report: &Report, id: &str) {
        let equal = report.equal_ids.contains(id);
        self.equal += usize::from(equal);
        self.asked +=
            usize::from(equal || report.refused.contains_key(id) || report.different.iter().any(|(d, _)| d == id));
    }

    fn text(self) -> String {
        match self {
            Share { asked: 0, .. } => "-".to_owned(),
            Share { equal, asked } if equal == asked => format!("{equal}"),
            Share { equal, asked } => format!("{equal} of {asked}"),
        }
    }
}

fn expressions_text(reports: &[&Report]) -> String {
    let mut out = String::from(
        "# Conformance\n\nWritten by the tests (`UPDATE=1 cargo test --test it conformance`). What is not equal is refused with 0A000 or 42883, \
         and stands with its reason in `compat/ledger.toml`; a silent difference fails the tests.\n\n## PostGIS expressions\n\nEach expression \
         of `compat/postgis_expressions.tsv` runs on PostGIS 3.3 and here: *folded* (as a client would send it), *PostGIS* (printed for and \
         run on an attached server, nothing folded), *engine* (nothing folded or pushed but bare tables), *lifted* (on the engine, each literal \
         in a column of a table). How each function is answered on each target stands in [functions.md](functions.md). A cell has the number of expressions that answered the same value, type and SQLSTATE.\n",
    );
    let (mut total, mut categories, mut constructs) = ([Share::default(); 4], Vec::new(), BTreeMap::new());
    for expression in expressions() {
        let place = categories.iter().position(|(name, _)| *name == expression.category).unwrap_or_else(|| {
            categories.push((expression.category.clone(), [Share::default(); 4]));
            categories.len() - 1
        });
        let construct = expression.construct.split(['(', ' ']).next().unwrap_or_default().to_lowercase();
        let construct = constructs.entry(construct).or_insert([Share::default(); 4]);
        for (way, report) in reports.iter().enumerate() {
            for shares in [&mut total, &mut categories[place].1, &mut *construct] {
                shares[way].add(report, &expression.id);
            }
        }
    }
    let row = |out: &mut String, name: &str, shares: &[Share; 4]| {
        let cells: Vec<String> = shares.iter().map(|share| share.text()).collect();
        let _ = writeln!(out, "| {} | {} |", name.replace('|', "\\|"), cells.join(" | "));
    };
    for title in ["kind", "construct"] {
        let _ = writeln!(out, "\n| {title} | folded | PostGIS | engine | lifted |\n| --- | --- | --- | --- | --- |");
        if title == "kind" {
            categories.iter().for_each(|(name, shares)| row(&mut out, name, shares));
            row(&mut out, "all", &total);
        } else {
            constructs.iter().for_each(|(name, shares)| row(&mut out, name, shares));
        }
    }
    out
}

/// The checks of every client; `None` when one of them is not installed.
fn clients() -> Option<String> {
    let all = played().as_ref().filter(|all| all.len() == CLIENTS.len())?;
    let mut out = format!(
        "\n{CLIENTS_TITLE}\n\nThe scripts of `compat/clients` run on PostgreSQL and here, over an attached PostGIS: a check is *equal* when all that \
         the client made of the answers is.\n\n| client | checks | equal |\n| --- | --- | --- |\n"
    );
    let differs = |check: &str, expected: &serde_json::Value, found: &BTreeMap<String, serde_json::Value>| {
        found.get(check) != Some(expected)
    };
    for client in all {
        let different = client.expected.iter().filter(|(check, value)| differs(check, value, &client.found)).count();
        let checks = client.expected.len();
        let _ = writeln!(out, "| {} | {checks} | {} |", client.client, checks - different);
    }
    for client in all {
        let _ = writeln!(out, "\n| {} | |\n| --- | --- |", client.client);
        for (check, value) in &client.expected {
            let name = check.split_once('.').map_or(check.as_str(), |(_, name)| name).replace('_', " ");
            let verdict = if differs(check, value, &client.found) { "differs, see the ledger" } else { "equal" };
            let _ = writeln!(out, "| {name} | {verdict} |");
        }
    }
    Some(out)
}

//! Goldens of routes: `statements.golden` holds each statement, its route, its fragments and the reasons. `UPDATE=1` rewrites.

use super::*;
use crate::bound::{Body, From, Statement};
use crate::dialect::foreign_catalog;
use crate::dialect::tests::{catalog, secured};
use crate::error::Result;

fn told(text: &str, force: Option<Engine>) -> Result<Vec<String>> {
    let catalog = catalog();
    let choice = choose(&secured(&catalog, text)?, &catalog, Options { force, ..Options::default() })?;
    let mut lines = Vec::new();
    match &choice.route {
        Route::Constant => lines.push("constant".to_owned()),
        Route::Federated { fragments, .. } => {
            lines.push("federated".to_owned());
            for fragment in fragments {
                lines.push(format!("  {}: {}", fragment.server, fragment.sql.text()));
            }
        }
        Route::Local => lines.push("local".to_owned()),
        Route::Pushed { server, sql } => lines.push(format!("pushed to {server}: {}", sql.text())),
    }
    lines.extend(choice.why.iter().map(|why| format!("  why: {why}")));
    Ok(lines)
}

#[test]
fn golden() {
    let path = format!("{}/src/route/statements.golden", env!("CARGO_MANIFEST_DIR"));
    let old = std::fs::read_to_string(&path).unwrap();
    let mut new = String::new();
    for statement in old.lines().filter_map(|line| line.strip_prefix("> ")) {
        let told =
            told(statement, None).unwrap_or_else(|error| vec![format!("{}: {}", error.state(), error.message())]);
        new.push_str(&format!("> {statement}\n{}\n", told.join("\n")));
    }
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &new).unwrap();
        return;
    }
    assert!(old == new, "{path} differs: UPDATE=1 rewrites it");
}

#[test]
fn force() {
    let text = "SELECT id FROM places WHERE kind = 'city' LIMIT 2";
    let local = told(text, Some(Engine::Local)).unwrap();
    assert_eq!(local[0], "federated");
    assert!(
        local[1].ends_with(r#"SELECT places.id AS id, places.kind AS kind FROM "public"."places" AS places"#),
        "{}",
        local[1]
    );
    let error = told("SELECT pg_typeof(id) FROM places", Some(Engine::Server)).unwrap_err();
    assert_eq!(error.message(), "function pg_typeof(any) on server \"pg\" is not supported");
}

/// A condition that DuckDB can only say in a weaker form: pushed so, tested again on the fragment's rows, and no LIMIT below that.
#[test]
fn a_weaker_condition_is_tested_again() {
    let catalog = foreign_catalog("duckdb");
    let chosen = |text: &str| choose(&secured(&catalog, text).unwrap(), &catalog, Options::default()).unwrap().route;
    let boxed = "v && 'SRID=4326;POINT(3 3)'::geometry";
    let Route::Federated { fragments, residual } =
        chosen(&format!("SELECT id FROM v_geometry WHERE {boxed} AND id > 2 LIMIT 1"))
    else {
        panic!("not federated");
    };
    assert_eq!(fragments[0].rechecked, 1);
    let sql = fragments[0].sql.text();
    assert!(sql.contains("ST_XMin") && sql.contains(r#""id" > "#) && !sql.contains("LIMIT"), "{sql}");
    let Statement::Query(query) = residual.statement() else { panic!("not a query") };
    let Body::Select(select) = &query.body else { panic!("not a select") };
    let [From::Fragment(scan)] = &select.from[..] else { panic!("not a fragment") };
    assert_eq!((scan.recheck.len(), scan.columns.len(), select.filter.is_none()), (1, 2, true));
    // Where a row that fails it is not dropped, it is not pushed at all.
    for text in [
        format!("SELECT a.id FROM v_int4 a LEFT JOIN v_geometry b ON a.id = b.id WHERE (b.{boxed}) IS NOT TRUE"),
        format!("SELECT a.id FROM v_geometry a LEFT JOIN v_int4 b ON a.id = b.id AND a.{boxed}"),
        format!("SELECT CASE WHEN {boxed} THEN 1 END FROM v_geometry"),
        format!("SELECT count(*) FILTER (WHERE {boxed}) FROM v_geometry"),
        format!("SELECT id FROM v_geometry WHERE NOT ({boxed})"),
    ] {
        let Route::Federated { fragments, .. } = chosen(&text) else { panic!("not federated: {text}") };
        assert!(fragments.iter().all(|fragment| fragment.rechecked == 0), "{text}");
        assert!(fragments.iter().all(|fragment| !fragment.sql.text().contains("ST_XMin")), "{text}");
    }
    // Exact conditions go whole.
    let text = "SELECT id FROM v_geometry WHERE ST_Intersects(v, 'SRID=4326;POINT(3 3)'::geometry)";
    assert!(matches!(chosen(text), Route::Pushed { .. }));
}

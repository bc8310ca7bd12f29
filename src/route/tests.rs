//! Goldens of routes: `statements.golden` holds each statement, its route, its fragments and the reasons. `UPDATE=1` rewrites.

use super::*;
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

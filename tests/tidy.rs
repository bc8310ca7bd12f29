//! Rules about the source that the compiler does not check.

use std::fs;
use std::path::{Path, PathBuf};

/// Layers from the lowest; a file may import its own layer and those before it. Names on one line are one layer.
const LAYERS: &[&[&str]] = &[
    &["error"],
    &["types"],
    &["kernels"],
    &["catalog", "bound", "policy"],
    &["sql"],
    &["bind", "rules"],
    &["dialect"],
    &["route"],
    &["connector"],
    &["engine", "pgcatalog", "store"],
    &["meter"],
    &["txn", "admin"],
    &["session"],
    &["pipeline"],
    &["wire", "http", "config", "demo"],
    &["main", "lib", "assembly"],
];

fn sources() -> Vec<PathBuf> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).expect("a folder of sources").flatten() {
            let path = entry.path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    walk(Path::new("src"), &mut found);
    // Test modules may use what they test with.
    found.retain(|path| !path.ends_with("tests.rs") && !path.components().any(|part| part.as_os_str() == "tests"));
    found
}

fn module(path: &Path) -> String {
    let relative = path.strip_prefix("src").expect("below src");
    let first = relative.components().next().expect("a name").as_os_str().to_string_lossy().into_owned();
    first.trim_end_matches(".rs").to_owned()
}

fn layer(module: &str) -> usize {
    LAYERS.iter().position(|layer| layer.contains(&module)).unwrap_or_else(|| panic!("module {module} has no layer"))
}

/// Code without its test module and without comment lines.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).expect("a source file");
    let text = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default().to_owned();
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

#[test]
fn imports_go_one_way() {
    let mut wrong = Vec::new();
    for path in sources() {
        let own = module(&path);
        let text = code(&path);
        for found in text.split("crate::").skip(1) {
            let name: String = found.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
            if LAYERS.iter().any(|layer| layer.contains(&name.as_str())) && layer(&name) > layer(&own) {
                wrong.push(format!("{} imports crate::{name}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "imports against the direction:\n{}", wrong.join("\n"));
}

#[test]
fn files_stay_small() {
    let long: Vec<String> = sources()
        .into_iter()
        .filter(|path| !path.ends_with("types/table.rs"))
        .filter_map(|path| {
            let lines = fs::read_to_string(&path).expect("a source file").lines().count();
            (lines > 800).then(|| format!("{}: {lines} lines", path.display()))
        })
        .collect();
    assert!(long.is_empty(), "files over 800 lines:\n{}", long.join("\n"));
}

#[test]
fn libraries_stay_in_their_rooms() {
    let rules: &[(&str, &[&str])] = &[
        ("adbc_", &["connector"]),
        ("datafusion", &["engine"]),
        ("sedona", &["engine"]),
        ("pgwire", &["wire"]),
        ("pg_raw_parse", &["sql"]),
        ("rusqlite", &["store"]),
        ("sqlparser", &["dialect"]),
    ];
    let mut wrong = Vec::new();
    for path in sources() {
        let own = module(&path);
        let text = code(&path);
        for (library, rooms) in rules {
            // Its binding of PROJ is a library of its own.
            if *library == "sedona" && path.ends_with("kernels/spatial/proj.rs") {
                continue;
            }
            let used = text.contains(&format!("{library}::")) || text.contains(&format!("use {library}"));
            if used && !rooms.contains(&own.as_str()) {
                wrong.push(format!("{} uses {library}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "libraries outside of their rooms:\n{}", wrong.join("\n"));
}

#[test]
fn only_bind_rules_and_policy_name_bound() {
    let wrong: Vec<String> = sources()
        .into_iter()
        .filter(|path| !["bound", "bind", "rules", "policy", "lib"].contains(&module(path).as_str()))
        .filter(|path| names_unsecured(&code(path)))
        .map(|path| path.display().to_string())
        .collect();
    assert!(wrong.is_empty(), "an unsecured tree outside of bind, rules and policy:\n{}", wrong.join("\n"));
}

/// Does code import or name `bound::Bound` itself (not `FrameBound`, nor another type of that name)?
fn names_unsecured(text: &str) -> bool {
    let ends = |rest: &str| !rest.starts_with(|next: char| next.is_ascii_alphanumeric() || next == '_');
    let named = text.split("bound::Bound").skip(1).any(ends);
    let imported = text.split("use crate::bound::{").skip(1).any(|rest| {
        let list = rest.split(';').next().unwrap_or_default();
        list.split([',', '{', '}']).any(|item| item.trim() == "Bound")
    });
    named || imported
}

#[test]
fn target_sql_is_made_by_print_alone() {
    let wrong: Vec<String> = sources()
        .into_iter()
        .filter(|path| !path.starts_with("src/dialect"))
        .filter(|path| code(path).contains("TargetSql {"))
        .filter(|path| !code(path).lines().all(|line| !line.contains("TargetSql {") || line.contains("fn ")))
        .map(|path| path.display().to_string())
        .collect();
    assert!(wrong.is_empty(), "TargetSql built outside of dialect:\n{}", wrong.join("\n"));
}

/// The binder reads constants through `sql::Literals`: a tree may be shared by texts with other ones.
#[test]
fn constants_are_read_through_literals() {
    for path in sources().iter().filter(|path| ["bind", "pipeline"].contains(&module(path).as_str())) {
        let text = code(path);
        for direct in ["constant.val", "a_const::Val::Sval(text)) = &"] {
            assert!(!text.contains(direct), "{} reads {direct} past Literals::of", path.display());
        }
        // Trees of other texts have their own constants.
        let parses = text.matches("ast::parse_").count();
        let isolated = text.matches("other_text(").count() + text.matches("Literals::NONE").count();
        assert!(parses <= isolated, "{} binds another text with this statement's literals", path.display());
    }
}

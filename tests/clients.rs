//! Real clients: our scripts of `compat/clients` on PostgreSQL and on us, check by check.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use crate::support::differential::ledger;
use crate::support::graticule::Graticule;
use crate::support::postgres;

/// A client: its script, how to see that it is installed, and its package.
pub const CLIENTS: [(&str, &str, &str); 4] = [
    ("psql", "import shutil, sys; sys.exit(shutil.which('psql') is None)", "postgresql-client-15"),
    ("psycopg2", "import psycopg2", "python3-psycopg2"),
    ("psycopg3", "import psycopg", "python3-psycopg"),
    ("qgis", "import qgis.core", "python3-qgis"),
];

/// The distribution's Python, for which the packages are.
const PYTHON: &str = "/usr/bin/python3";

/// A check's outcome: its line without the name.
type Outcomes = BTreeMap<String, serde_json::Value>;

/// What a client's checks gave on PostgreSQL and on us.
pub struct Played {
    pub client: &'static str,
    pub expected: Outcomes,
    pub found: Outcomes,
}

/// Every client that is installed, played once; `None` without PostgreSQL.
pub fn played() -> &'static Option<Vec<Played>> {
    static PLAYED: OnceLock<Option<Vec<Played>>> = OnceLock::new();
    PLAYED.get_or_init(|| {
        let oracle = postgres::shared()?;
        oracle.database("clients", include_str!("../compat/seed.sql"));
        let init = format!(
            "CREATE SERVER pg FOREIGN DATA WRAPPER postgres OPTIONS (host '127.0.0.1', port '{}', dbname 'clients');
             CREATE USER MAPPING FOR PUBLIC SERVER pg OPTIONS (user 'postgres');
             SELECT graticule.attach('pg', 'demo');",
            oracle.port
        );
        let server = Graticule::serve("clients", &init);
        let mut all = Vec::new();
        for (client, probe, package) in CLIENTS {
            let there = Command::new(PYTHON).args(["-c", probe]).output().is_ok_and(|output| output.status.success());
            if !there {
                eprintln!(
                    "SKIPPED: the checks of {client} need the package {package}; run `make test`, which installs it"
                );
                continue;
            }
            all.push(Played { client, expected: play(client, oracle.port), found: play(client, server.port) });
        }
        Some(all)
    })
}

fn play(client: &str, port: u16) -> Outcomes {
    let output = Command::new(PYTHON)
        .arg(Path::new("compat/clients").join(format!("with_{client}.py")))
        .envs([("PGHOST", "127.0.0.1"), ("PGUSER", "postgres"), ("PGDATABASE", "clients")])
        .envs([("PGPORT", port.to_string()), ("PYTHONDONTWRITEBYTECODE", "1".to_owned())])
        .output()
        .expect("python runs");
    let mut outcomes = Outcomes::new();
    for line in String::from_utf8_lossy(&output.stdout).lines().filter(|line| line.starts_with('{')) {
        let mut check: serde_json::Value = serde_json::from_str(line).expect("a line of JSON");
        let name = check.as_object_mut().and_then(|check| check.remove("check")).expect("a name");
        outcomes.insert(name.as_str().unwrap_or_default().to_owned(), check);
    }
    assert!(!outcomes.is_empty(), "{client} said nothing:\n{}", String::from_utf8_lossy(&output.stderr));
    outcomes
}

#[test]
fn clients_find_the_same() {
    let Some(all) = played() else { return };
    let known = ledger("clients");
    let (mut new, mut differ) = (Vec::new(), Vec::new());
    for Played { client, expected, found } in all {
        let mut same = 0;
        for (check, expected) in expected {
            assert!(expected.get("error").is_none(), "{check} fails on PostgreSQL: {expected}");
            let found = found.get(check).cloned().unwrap_or_default();
            if found == *expected {
                same += 1;
                continue;
            }
            differ.push(check.clone());
            if !known.contains(check) {
                new.push(format!("{check}\n   expected {expected}\n   found    {found}"));
            }
        }
        println!("{client}: {same} of {} checks as on PostgreSQL", expected.len());
    }
    assert!(new.is_empty(), "{} checks differ:\n{}", new.len(), new.join("\n"));
    let ran = |check: &String| all.iter().any(|played| check.starts_with(&format!("{}.", played.client)));
    let stale: Vec<_> = known.iter().filter(|check| ran(check) && !differ.contains(check)).collect();
    assert!(stale.is_empty(), "the ledger names checks that pass now: {stale:?}");
}

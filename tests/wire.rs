//! Wire scripts: messages sent (`> `), messages expected (`< `). They run on real PostgreSQL and on us; `UPDATE=1` writes PostgreSQL's answers.

#[allow(dead_code, unreachable_pub)]
#[path = "../src/wire/tests/client.rs"]
mod client;

use std::path::{Path, PathBuf};

use self::client::{Client, encode, render};
use crate::support::graticule::Graticule;
use crate::support::postgres;

/// Our scripts, and the one that the protocol's own tests play to a server without an engine.
fn scripts() -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> =
        std::fs::read_dir("tests/wire").expect("scripts").flatten().map(|e| e.path()).collect();
    found.retain(|path| path.extension().is_some_and(|end| end == "script"));
    found.push("src/wire/scripts/protocol.script".into());
    found.sort();
    found
}

/// The script with a server's answers.
async fn played(script: &str, port: u16, database: &str) -> String {
    let mut client = Client::connect(port, &[("user", "postgres"), ("database", database)]).await;
    client.until_ready().await;
    let (mut found, mut pending) = (String::new(), Vec::new());
    for line in script.lines().filter(|line| !line.starts_with("< ")) {
        found.push_str(line);
        found.push('\n');
        let Some(message) = line.strip_prefix("> ") else { continue };
        if encode(message, &mut pending) {
            client.send(&std::mem::take(&mut pending)).await;
            for (kind, body) in client.until_ready().await {
                found.push_str(&format!("< {}\n", render(kind, &body)));
            }
        }
    }
    found
}

/// The first difference, with what leads to it.
fn assert_same(path: &Path, who: &str, found: &str, expected: &str) {
    let mut led = Vec::new();
    for (found, expected) in found.lines().zip(expected.lines()) {
        if expected.starts_with('#') {
            led.clear();
        }
        led.push(expected);
        assert_eq!(found, expected, "{} on {who}:\n{}", path.display(), led.join("\n"));
    }
    assert_eq!(found.lines().count(), expected.lines().count(), "{} on {who}", path.display());
}

#[tokio::test]
async fn scripts_answer_on_both_sides() {
    let Some(oracle) = postgres::shared() else { return };
    oracle.client("postgres").query("create database wire").expect("a database");
    let server = Graticule::serve("wire", "");
    for path in scripts() {
        let script = std::fs::read_to_string(&path).expect("a script");
        let truth = played(&script, oracle.port, "wire").await;
        let own = path.starts_with("tests");
        if own && std::env::var_os("UPDATE").is_some() {
            std::fs::write(&path, &truth).expect("the script is written");
        } else {
            assert_same(&path, "PostgreSQL", &truth, &script);
        }
        let found = played(&script, server.port, "wire").await;
        assert_same(&path, "Graticule", &found, &truth);
    }
}

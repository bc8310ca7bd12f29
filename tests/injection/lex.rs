//! Literals and identifiers of every dialect, read back by lexers that are not ours: those of sqlglot.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use graticule::dialect::Dialect;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::HOSTILE;
use super::quoted::PIECES;

const GENERATED: usize = 3000;

/// Our name of a dialect, and sqlglot's.
const NAMES: &[(&str, &str)] = &[
    ("bigquery", "bigquery"),
    ("databricks", "databricks"),
    ("duckdb", "duckdb"),
    ("oracle", "oracle"),
    ("postgis", "postgres"),
    ("redshift", "redshift"),
    ("sedona", "spark"),
    ("snowflake", "snowflake"),
    ("trino", "trino"),
];

#[test]
fn other_lexers_read_one_token() {
    let Some(home) = std::env::var_os("HOME") else { return };
    let python = Path::new(&home).join(".cache/graticule/far/sqlglot/bin/python");
    if !python.exists() {
        eprintln!("SKIPPED: sqlglot is not at {}; run `make test-deps`, which installs it", python.display());
        return;
    }
    let mut random = StdRng::seed_from_u64(7);
    let mut texts: Vec<String> = HOSTILE.iter().map(|text| (*text).to_owned()).collect();
    for _ in 0..GENERATED {
        let length = random.random_range(1..8);
        texts.push((0..length).map(|_| PIECES[random.random_range(0..PIECES.len())]).collect());
    }
    let mut cases = String::new();
    let start = std::time::Instant::now();
    let dialects = Dialect::load_all().expect("they load");
    let loading = start.elapsed();
    for dialect in &dialects {
        let name = NAMES.iter().find(|(name, _)| *name == dialect.name);
        let (_, name) = name.unwrap_or_else(|| panic!("no lexer for {}", dialect.name));
        let quoting = dialect.text.quoting;
        for text in &texts {
            let literal = quoting.literal(text).expect("a literal");
            // One dialect cannot write a quote in a name, and says so.
            let identifier = quoting.quoted_identifier(text);
            if identifier.is_err() {
                assert!(
                    (dialect.name == "oracle" && text.contains('"')) || text.len() > 63,
                    "{}: {text}",
                    dialect.name
                );
            }
            let case = serde_json::json!([name, literal, text, identifier.ok(), text]);
            cases.push_str(&case.to_string());
            cases.push('\n');
        }
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/injection/lex.py");
    let mut command = Command::new(python);
    let mut child = command.arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("python starts");
    let mut input = child.stdin.take().expect("its input");
    let writer = std::thread::spawn(move || input.write_all(cases.as_bytes()).expect("written"));
    let output = child.wait_with_output().expect("it ends");
    writer.join().expect("all written");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    println!("{} dialects, loaded in {loading:?}: {said}", dialects.len());
}

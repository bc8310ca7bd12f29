//! `graticule.verify`: the corpus on real servers, what differs there, and the command.

use std::process::Command;

use crate::support::duckdb;
use crate::support::graticule::Graticule;
use crate::support::postgres;

#[test]
fn duckdb_answers_as_its_rows_say() {
    let Some(far) = duckdb::far() else { return };
    let file = far.file(&["create table t(v varchar)", "insert into t values ('Straße')"]);
    let server = Graticule::serve("verified", &far.server("d", &file));
    let mut client = server.client("verified");
    client.query("select graticule.attach('d', 'main', 'duck')").expect("attached");
    let nothing = client.query("select graticule.verify('d', 'forecast')").expect("a forecast");
    assert_eq!(nothing.rows.len(), 0);
    let found = client.rows("select graticule.verify('d')");
    let with = |verdict: &str| found.iter().filter(|row| row.contains(&format!("|{verdict}|"))).count();
    let differing: Vec<&String> = found.iter().filter(|row| row.contains("|differs|")).collect();
    println!("DuckDB: {} equal, {} differ, {} untried", with("equal"), with("differs"), with("untried"));
    assert_eq!(differing, Vec::<&String>::new());
    assert!(with("equal") >= 300, "{}", with("equal"));
    let missing = client.query("select graticule.verify('nosuch')").expect_err("no such server");
    assert_eq!(missing.state, "42704");
    let option = client.query("select graticule.verify('d', 'twice')").expect_err("no such option");
    assert_eq!(option.state, "22023");
    // The command prints the forecast and the table.
    let setup = std::env::temp_dir().join(format!("graticule-verify-{}.sql", std::process::id()));
    std::fs::write(&setup, far.server("d", &file)).expect("a script");
    let output = Command::new(env!("CARGO_BIN_EXE_graticule"))
        .args(["verify", "--server", "d", "--database", "verified", "--init"])
        .arg(&setup)
        .output()
        .expect("graticule runs");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("no table is read") && text.contains("st_area(geometry)"), "{text}");
    let _ = std::fs::remove_file(setup);
}

#[test]
fn postgresql_is_not_verified_against_itself() {
    let Some(oracle) = postgres::shared() else { return };
    oracle.database("verify_far", "create table t(v text)");
    let init = format!(
        "CREATE SERVER pg FOREIGN DATA WRAPPER postgres OPTIONS (host '127.0.0.1', port '{}', dbname 'verify_far');
         CREATE USER MAPPING FOR PUBLIC SERVER pg OPTIONS (user 'postgres');",
        oracle.port
    );
    let server = Graticule::serve("verify_pg", &init);
    let refused =
        server.client("verify_pg").query("select graticule.verify('pg')").expect_err("nothing to compare with");
    assert_eq!(refused.state, "0A000", "{}", refused.message);
}

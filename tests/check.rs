//! What `graticule check` says.

use std::process::Command;

#[test]
fn check_counts_the_rows_of_each_target() {
    let output = Command::new(env!("CARGO_BIN_EXE_graticule")).arg("check").output().expect("graticule runs");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    for target in ["bigquery", "duckdb", "postgis", "trino"] {
        assert!(text.lines().any(|line| line.starts_with(target) && line.contains(" there (")), "{text}");
    }
}

//! QGIS, without a screen, draws a layer that lives in Trino, pans, and identifies.

use std::process::Command;

use serde_json::Value;

use crate::support::graticule::Graticule;
use crate::support::trino;

#[test]
fn qgis_draws_pans_and_identifies() {
    let Some(far) = trino::far() else { return };
    let python = "/usr/bin/python3";
    let installed = Command::new(python).args(["-c", "import qgis.core"]).output();
    if !installed.is_ok_and(|output| output.status.success()) {
        eprintln!("SKIPPED: QGIS for Python is not installed; run `make test-deps`, which installs it");
        return;
    }
    far.run(&[
        "CREATE SCHEMA memory.drawn",
        "CREATE TABLE memory.drawn.dots AS SELECT a * 40 + b AS id, ST_Point(a * 2 - 40e0, b - 20e0) AS geom \
         FROM UNNEST(sequence(0, 39)) t(a), UNNEST(sequence(0, 39)) u(b)",
    ]);
    let server = Graticule::serve("drawn", &far.server("tr"));
    let mut client = server.client("drawn");
    client.query("select graticule.attach('tr', 'drawn', 'far')").expect("attached");
    let picture = server.folder.join("layer.png");
    let output = Command::new(python)
        .args(["compat/clients/qgis_layer.py", "far.dots", "id", "geom", "10,5,20"])
        .arg(&picture)
        .env("PGHOST", "127.0.0.1")
        .env("PGPORT", server.port.to_string())
        .env("PGDATABASE", "drawn")
        .env("PGUSER", "postgres")
        .output()
        .expect("python runs");
    let said = String::from_utf8_lossy(&output.stdout);
    let found: Value = serde_json::from_str(said.trim())
        .unwrap_or_else(|_| panic!("{said} {}", String::from_utf8_lossy(&output.stderr)));
    assert_eq!(found["features"], 1600, "{found}");
    assert!(found["pixels"].as_u64().is_some_and(|pixels| pixels > 500), "{found}");
    let part = client.rows("select count(*) from far.dots where geom && st_makeenvelope(0, 0, 20, 10, 4326)");
    assert_eq!(found["part"].to_string(), part[0], "{found}");
    assert!(found["part_pixels"].as_u64().is_some_and(|pixels| pixels > 100), "{found}");
    assert_eq!(found["identified"], serde_json::json!(["1025"]), "{found}");
    assert!(picture.exists(), "a picture");
}

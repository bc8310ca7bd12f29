//! One question to BigQuery, Trino and GeoParquet at once: the answer of a single engine, and few of the bytes.

use serde_json::Value;

use crate::support::bigquery::Emulator;
use crate::support::graticule::Graticule;
use crate::support::{postgres, trino};

/// The bytes that the fragments of a statement brought.
fn bytes(plan: &[String]) -> u64 {
    let plan: Value = serde_json::from_str(&plan.join("\n")).expect("a plan in JSON");
    let plan = if plan.is_array() { &plan[0] } else { &plan };
    let fragments = match plan["Fragments"].as_array() {
        Some(fragments) => fragments.iter().map(|fragment| &fragment["Bytes fetched"]).collect(),
        None => vec![&plan["Actual"]["Bytes"]],
    };
    fragments.into_iter().map(|bytes| bytes.as_u64().unwrap_or_else(|| panic!("no bytes in {plan}"))).sum()
}

#[test]
fn three_warehouses_answer_as_one_engine() {
    let (Some(far), Some(oracle)) = (trino::far(), postgres::shared()) else { return };
    let Some(emulator) = Emulator::start() else { return };
    emulator.run(&[include_str!("../compat/cross/bigquery.sql")]);
    far.run(&["CREATE SCHEMA memory.shops", include_str!("../compat/cross/trino.sql")]);
    let init = format!(
        "{} {} CREATE SERVER files FOREIGN DATA WRAPPER geoparquet OPTIONS (path '{}/src/demo/sample');",
        far.server("tr"),
        emulator.server("bq", ""),
        env!("CARGO_MANIFEST_DIR")
    );
    let server = Graticule::serve("cross", &init);
    let mut client = server.client("cross");
    client
        .simple(
            "select graticule.attach('tr', 'shops', 'shops'); select graticule.attach('bq', 'public', 'bq'); \
             select graticule.attach('files', '.', 'files'); set search_path = public, files, shops, bq",
        )
        .expect("attached");
    let query = include_str!("../compat/cross/query.sql");
    let found = client.rows(query);
    oracle.database("cross_oracle", include_str!("../compat/cross/postgis.sql"));
    let mut there = oracle.client("cross_oracle");
    there.simple("create table counties(gid int8, name text, geom geometry(MultiPolygon,4326))").expect("a table");
    let counties =
        client.rows("select concat_ws(', ', gid, quote_literal(name), quote_literal(geom::text)) from counties");
    for chunk in counties.chunks(500) {
        there.simple(&format!("insert into counties values ({})", chunk.join("), ("))).expect("the same counties");
    }
    let expected = there.rows(query);
    assert!(expected.len() > 10, "{expected:?}");
    assert_eq!(found, expected);
    let moved = bytes(&client.rows(&format!("explain (analyze, format json) {query}")));
    let naive: u64 = ["select * from stores", "select * from visits"]
        .map(|all| bytes(&client.rows(&format!("explain (analyze, format json) {all}"))))
        .iter()
        .sum();
    println!("bytes moved: {moved} of {naive}, {:.1} %", moved as f64 * 100.0 / naive as f64);
    assert!(moved * 20 < naive, "{moved} bytes of {naive}");
}

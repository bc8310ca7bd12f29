//! Cursors over many rows: fetched in turns, beside other statements, in bounded memory.

use crate::support::graticule::Graticule;
use crate::support::postgres;

const ROWS: usize = 1_000_000;
const STEP: usize = 20_000;

/// The most memory the server has held, in MB.
fn peak(server: &Graticule) -> Option<usize> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.process_id())).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse::<usize>().ok().map(|kilobytes| kilobytes / 1024)
}

#[test]
fn a_million_rows_in_each_of_two_cursors_stay_in_bounded_memory() {
    let Some(oracle) = postgres::shared() else { return };
    oracle.database(
        "million",
        &format!(
            "create schema s; create table s.t as select i, repeat('x', 60) pad from generate_series(1, {ROWS}) i; analyze s.t"
        ),
    );
    let init = format!(
        "{} SELECT graticule.attach('pg', 's');
         CREATE SERVER lake FOREIGN DATA WRAPPER geoparquet OPTIONS (path '{}/src/demo/sample'); SELECT graticule.attach('lake', 'public', 'lake');",
        oracle.server("pg", "million"),
        env!("CARGO_MANIFEST_DIR")
    );
    let server = Graticule::serve("million", &init);
    let mut client = server.client("million");
    let pushed = "select i, pad from s.t order by i";
    // Joined on the engine, its rows from a portal of the same transaction on the same server.
    let local = "select t.i, c.name, t.pad from s.t t join lake.cities c on c.gid = t.i % 243 + 1";
    let plan = client.rows(&format!("explain {local}")).join("\n");
    assert!(plan.contains("Route: Federated"), "{plan}");
    client.simple(&format!("begin; declare a cursor for {pushed}; declare b cursor for {local}")).expect("declared");
    let (mut next, mut sum, mut joined) = (1, 0_u64, 0);
    loop {
        let a = client.query(&format!("fetch {STEP} from a")).expect("rows");
        for row in &a.rows {
            assert_eq!(row[0].as_deref(), Some(next.to_string().as_bytes()));
            next += 1;
        }
        assert_eq!(client.rows("select count(*), max(i) from s.t where i <= 10"), ["10|10"]);
        let b = client.query(&format!("fetch {STEP} from b")).expect("rows");
        for row in &b.rows {
            let number = row[0].as_deref().map(String::from_utf8_lossy).and_then(|text| text.parse::<u64>().ok());
            sum += number.expect("a number");
        }
        joined += b.rows.len();
        if a.rows.is_empty() && b.rows.is_empty() {
            break;
        }
    }
    client.simple("commit").expect("ends");
    let rows = ROWS as u64;
    assert_eq!((next - 1, joined, sum), (ROWS, ROWS, rows * (rows + 1) / 2));
    match peak(&server) {
        Some(megabytes) => {
            println!("two cursors of {ROWS} rows: peak memory {megabytes} MB");
            assert!(megabytes < 300, "the server held {megabytes} MB");
        }
        None => eprintln!("NOT CHECKED: peak memory (no /proc here)"),
    }
}

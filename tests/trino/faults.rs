//! Trouble on the way to Trino: the right SQLSTATE, the query ended there, no row lost or doubled.

use std::time::{Duration, Instant};

use crate::support::gateway::{Gateway, Trouble};
use crate::support::graticule::Graticule;
use crate::support::trino::{self, Trino};
use crate::support::{Client, until};

const ROWS: usize = 300_000;

/// A table of several pages.
fn big(schema: &str) -> Vec<String> {
    vec![
        format!("CREATE SCHEMA memory.{schema}"),
        format!(
            "CREATE TABLE memory.{schema}.big AS SELECT a * 1000 + b AS id, 'row number ' || CAST(a * 1000 + b AS varchar) || ' of a long table' AS v \
             FROM UNNEST(sequence(0, 299)) t(a), UNNEST(sequence(0, 999)) u(b)"
        ),
    ]
}

fn make(far: &Trino, schema: &str) {
    let statements = big(schema);
    far.run(&statements.iter().map(String::as_str).collect::<Vec<_>>());
}

/// States of the queries of ours there that name that text, other than those that are done.
fn running(far: &Trino, text: &str) -> Vec<String> {
    far.rows(&format!(
        "SELECT query_id || ' ' || state FROM system.runtime.queries WHERE source = 'graticule' AND state NOT IN ('FINISHED', 'FAILED') \
         AND strpos(query, '{text}') > 0"
    ))
}

/// Every row of the table once, whatever happens on the way.
fn all_rows(client: &mut Client) {
    let mut seen = vec![false; ROWS];
    for row in client.rows("select id, v from far.big") {
        let (id, v) = row.split_once('|').expect("two columns");
        assert_eq!(v, format!("row number {id} of a long table"));
        let place = &mut seen[id.parse::<usize>().expect("a number")];
        assert!(!std::mem::replace(place, true), "row {id} came twice");
    }
    assert!(seen.iter().all(|seen| *seen), "rows are missing");
}

#[test]
fn a_cancel_is_seen_on_the_far_side() {
    let Some(far) = trino::far() else { return };
    make(far, "cancels");
    let server = Graticule::serve("cancels", &far.server("tr"));
    let mut client = server.client("cancels");
    client.query("select graticule.attach('tr', 'cancels', 'far')").expect("attached");
    client.simple("set statement_timeout = '3s'").expect("set");
    let start = Instant::now();
    let sql = "select count(*) from far.big a, far.big b, far.big c where a.id + b.id <> c.id";
    let stopped = client.query(sql).expect_err("it would take hours");
    assert_eq!(stopped.state, "57014", "{}", stopped.message);
    assert!(start.elapsed() < Duration::from_secs(40));
    until("the query ends there", || running(far, "cancels").is_empty());
    let ended = far.rows(
        "SELECT DISTINCT state, error_code FROM system.runtime.queries WHERE source = 'graticule' AND strpos(query, 'cancels') > 0 \
         AND error_code IS NOT NULL",
    );
    assert_eq!(ended, ["FAILED|USER_CANCELED"]);
    client.simple("reset statement_timeout").expect("reset");
    // A cursor that is closed before its end.
    client.simple("begin; declare c cursor for select id, v from far.big").expect("a cursor");
    assert_eq!(client.rows("fetch 3 c").len(), 3);
    assert!(!running(far, "cancels").is_empty(), "it waits there");
    client.simple("close c; commit").expect("ended");
    until("the query ends there", || running(far, "cancels").is_empty());
    // A client that goes away.
    let mut leaving = server.client("cancels");
    leaving.simple("begin; declare c cursor for select id, v from far.big; fetch 3 c").expect("a cursor");
    drop(leaving);
    until("the query ends there", || running(far, "cancels").is_empty());
    assert_eq!(client.rows("select count(*) from far.big"), [ROWS.to_string()]);
}

#[test]
fn trouble_that_passes_loses_no_row_and_doubles_none() {
    let Some(far) = trino::far() else { return };
    make(far, "passing");
    let gateway = Gateway::start(far.port);
    let server = Graticule::serve("passing", &Trino::server_on("tr", gateway.port));
    let mut client = server.client("passing");
    client.query("select graticule.attach('tr', 'passing', 'far')").expect("attached");
    all_rows(&mut client);
    let pages = gateway.seen("GET");
    assert!(pages > 8, "{pages} pages");
    for (method, spared, times, trouble) in [
        ("POST", 0, 3, Trouble::Status(429)),
        ("POST", 0, 1, Trouble::Status(503)),
        ("GET", 0, 4, Trouble::Status(429)),
        ("GET", 2, 3, Trouble::Status(502)),
        ("GET", 4, 2, Trouble::Status(504)),
        ("GET", 3, 1, Trouble::Truncated),
        ("GET", 4, 1, Trouble::Truncated),
        ("GET", 5, 2, Trouble::Truncated),
        ("GET", 4, 2, Trouble::Halved),
    ] {
        gateway.trouble(method, spared, times, trouble);
        all_rows(&mut client);
        assert_eq!(gateway.left(), 0, "{trouble:?} happened");
    }
}

#[test]
fn trouble_that_stays_has_its_sqlstate() {
    let Some(far) = trino::far() else { return };
    make(far, "staying");
    let gateway = Gateway::start(far.port);
    let server = Graticule::serve("staying", &Trino::server_on("tr", gateway.port));
    let mut client = server.client("staying");
    client.query("select graticule.attach('tr', 'staying', 'far')").expect("attached");
    for (method, spared, times, trouble, state) in [
        ("POST", 0, 1000, Trouble::Status(429), "53300"),
        ("GET", 3, 1000, Trouble::Status(429), "53300"),
        ("GET", 3, 1000, Trouble::Status(503), "08006"),
        ("POST", 0, 1, Trouble::Status(401), "28000"),
        ("GET", 4, 1, Trouble::Status(401), "28000"),
        ("GET", 4, 1, Trouble::Status(403), "28000"),
        ("GET", 4, 1, Trouble::Status(410), "08006"),
        ("GET", 4, 1000, Trouble::Truncated, "08006"),
        ("GET", 4, 1000, Trouble::Halved, "08P01"),
        ("POST", 0, 1, Trouble::Truncated, "08006"),
        ("POST", 0, 1, Trouble::Status(502), "08006"),
    ] {
        gateway.trouble(method, spared, times, trouble);
        let failure = client.query("select id, v from far.big").expect_err("trouble");
        assert_eq!(failure.state, state, "{method} {trouble:?}: {}", failure.message);
        gateway.calm();
    }
    // The session lives, and nothing of the failed ones runs on but what nobody could be told to end.
    assert_eq!(client.rows("select count(*) from far.big"), [ROWS.to_string()]);
    assert!(gateway.seen("DELETE") >= 4, "queries are ended there");
}

#[test]
fn a_killed_server_is_told() {
    let Some(own) = Trino::start() else { return };
    make(&own, "killed");
    let server = Graticule::serve("killed", &own.server("tr"));
    let mut client = server.client("killed");
    client.query("select graticule.attach('tr', 'killed', 'far')").expect("attached");
    client.simple("begin; declare c cursor for select id from far.big order by id").expect("a cursor");
    let first = client.rows("fetch 1000 c");
    assert!(first.iter().enumerate().all(|(n, row)| *row == n.to_string()), "the first rows, in order");
    own.kill();
    let lost = client.query(&format!("fetch {ROWS} c")).expect_err("the server is gone");
    assert_eq!(lost.state, "08006", "{}", lost.message);
    client.simple("rollback").expect("the session lives");
    assert_eq!(client.query("select count(*) from far.big").expect_err("nobody").state, "08001");
    assert_eq!(client.rows("select 1"), ["1"]);
}

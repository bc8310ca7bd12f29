//! Snowflake as a source, through its real driver: rows and statements over fakesnow, faults over a double of our own.

use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::support::duckdb::workers;
use crate::support::graticule::Graticule;
use crate::support::snowflake::{self, Column, Fakesnow, Manner, Running, Table};
use crate::support::until;

const ROWS: i64 = 1000;

fn numbers(name: &'static str, manner: Manner) -> Table {
    let columns = vec![snowflake::fixed("ID", (0..ROWS).map(Some).collect())];
    Table { name, manner, columns }
}

/// A point as EWKB, and as WKB.
fn point(x: f64, y: f64, srid: Option<u32>) -> Vec<u8> {
    let mut out = vec![1];
    out.extend((1 | if srid.is_some() { 0x2000_0000_u32 } else { 0 }).to_le_bytes());
    srid.iter().for_each(|srid| out.extend(srid.to_le_bytes()));
    [x, y].iter().for_each(|c| out.extend(c.to_le_bytes()));
    out
}

#[test]
fn fakesnow_answers_through_the_driver() {
    let Some(library) = snowflake::library() else { return };
    let Some(far) = Fakesnow::start() else { return };
    snowflake::run(
        &library,
        far.port,
        "DB1",
        &[
            "create table t(id integer, s integer, n number(10,2), v varchar, ts timestamp_ntz, d date, f float, o boolean, b binary)",
            "insert into t values (1, 7, 12.5, 'it''s', '2020-01-02 03:04:05.678901', '2020-02-29', 1.5, true, null), \
             (2, -7, -0.01, 'ÉCOLE', '1970-01-01', '1900-03-01', -0.1, false, null), (3, null, null, null, null, null, null, null, null)",
            "create table \"Mixed\"(\"a b\" varchar, \"select\" integer)",
            "insert into \"Mixed\" values ('back\\\\slash', 1)",
            "create table gone(id integer)",
        ],
    );
    let server = Graticule::serve("snow", &snowflake::server(&library, "s", "DB1", far.port, ", verify_rows 'off'"));
    let mut client = server.client("snow");
    client.simple("select graticule.attach('s', 'public', 'snow')").expect("attached");
    assert_eq!(
        client.rows(
            "select relname, attname, format_type(atttypid, atttypmod) from pg_attribute a join pg_class c on c.oid = attrelid \
             where relnamespace = 'snow'::regnamespace and attnum > 0 order by relname, attnum"
        ),
        [
            "Mixed|a b|text",
            "Mixed|select|numeric(38,0)",
            "gone|id|numeric(38,0)",
            "t|id|numeric(38,0)",
            "t|s|numeric(38,0)",
            "t|n|numeric(10,2)",
            "t|v|text",
            "t|ts|timestamp without time zone",
            "t|d|date",
            "t|f|double precision",
            "t|o|boolean",
            "t|b|bytea",
        ]
    );
    assert_eq!(
        client.rows("select id, s, n, v, d, f, o from snow.t order by id"),
        ["1|7|12.50|it's|2020-02-29|1.5|t", "2|-7|-0.01|ÉCOLE|1900-03-01|-0.1|f", "3|∅|∅|∅|∅|∅|∅",]
    );
    assert_eq!(client.rows("select ts from snow.t where id = 1"), ["2020-01-02 03:04:05.678901"]);
    assert_eq!(client.rows("select id from snow.t where v = 'it''s' and n > 1.5 and d >= '2000-01-01'"), ["1"]);
    let plan = client.rows("explain select id from snow.t where v = 'it''s' order by id desc limit 1").join("\n");
    assert!(plan.contains("Route: Pushed") && plan.contains("\"PUBLIC\".\"T\""), "{plan}");
    assert_eq!(client.rows("select \"a b\", \"select\" from snow.\"Mixed\""), ["back\\slash|1"]);
    assert_eq!(client.rows("select \"a b\" = 'back\\slash' from snow.\"Mixed\""), ["t"]);
    client.simple("prepare p(numeric, text) as select id from snow.t where s = $1 and v = $2").expect("prepared");
    assert_eq!(client.rows("execute p(7, 'it''s')"), ["1"]);
    assert_eq!(client.rows("select count(*), max(n), min(v) from snow.t"), ["3|12.50|it's"]);
    assert_eq!(client.rows("select lower(v), length(v) from snow.t where id < 3 order by id"), ["it's|4", "école|5"]);
    assert_eq!(client.rows("select id from snow.t order by n desc nulls last, id"), ["1", "2", "3"]);
    // Finished here.
    assert_eq!(client.rows("select reverse(v) from snow.t where id = 1"), ["s'ti"]);
    let refused = client.query("insert into snow.t(id) values (9)").expect_err("only reads");
    assert_eq!(refused.state, "0A000");
    let missing = client.query("select graticule.attach('s', 'nosuch')").expect_err("no such schema");
    assert_eq!(missing.state, "3F000");
    // What the source no longer has.
    snowflake::run(&library, far.port, "DB1", &["drop table gone"]);
    assert_eq!(client.query("select id from snow.gone").expect_err("it is gone").state, "42P01");
    client
        .simple(
            "create schema own; create foreign table own.pinned (id numeric(38,0), v text) server s \
             options (schema_name 'PUBLIC', table_name 't', primary_key 'id')",
        )
        .expect("a foreign table");
    assert_eq!(client.rows("select v from own.pinned where id = 1"), ["it's"]);
}

#[test]
fn rows_come_in_chunks_and_sessions_are_pinned() {
    let Some(library) = snowflake::library() else { return };
    let wkb = [point(1.0, 2.0, Some(4326)), point(3.0, 4.0, None)];
    let values = [Some(wkb[0].as_slice()), Some(wkb[1].as_slice()), None];
    let json = "{\"coordinates\":[5.0,6.0],\"type\":\"Point\"}";
    let fine = vec![(1_577_934_245, 678_901_000), (0, 0), (-2_203_891_200, 500_000_000)];
    let columns = vec![
        snowflake::fixed("ID", vec![Some(1), Some(2), Some(3)]),
        snowflake::binary("G", "GEOGRAPHY", &values),
        snowflake::boolean("O", vec![Some(true), None, Some(false)]),
        snowflake::timestamps("TS", &fine),
        Column { data_type: "VARIANT", ..snowflake::text("J", &["{\"a\":[1,null]}", "null", "\"x\""]) },
    ];
    let text_form = Column { data_type: "GEOGRAPHY", ..snowflake::text("G", &[json]) };
    let double = Running::start(vec![
        numbers("CHUNKED", Manner::Chunks(7)),
        Table { name: "PLACES", manner: Manner::Inline, columns },
        Table { name: "TEXTUAL", manner: Manner::Inline, columns: vec![text_form] },
        numbers("EMPTY", Manner::Inline),
    ]);
    let server =
        Graticule::serve("snow", &snowflake::server(&library, "s", "DB", double.port(), ", integers 'bigint'"));
    let mut client = server.client("snow");
    client.simple("select graticule.attach('s')").expect("attached");
    let expected: Vec<String> = (0..ROWS).map(|n| n.to_string()).collect();
    assert_eq!(client.rows("select id from s.chunked"), expected);
    assert_eq!(
        client.rows("select id, o, ts, j, st_asewkt(g) from s.places order by id"),
        [
            "1|t|2020-01-02 03:04:05.678901|{\"a\": [1, null]}|SRID=4326;POINT(1 2)",
            "2|∅|1970-01-01 00:00:00|null|SRID=4326;POINT(3 4)",
            "3|f|1900-03-01 00:00:00.5|\"x\"|∅",
        ]
    );
    // What was asked for as bytes and comes as text is not what was asked for.
    assert_eq!(client.query("select st_asewkt(g) from s.textual").expect_err("GeoJSON").state, "0A000");
    let seen = double.seen();
    let login = &seen.logins[0];
    for (name, value) in [("TIMEZONE", "UTC"), ("MULTI_STATEMENT_COUNT", "1"), ("GEOGRAPHY_OUTPUT_FORMAT", "EWKB")] {
        assert_eq!(login["SESSION_PARAMETERS"][name], value, "{login}");
    }
    // Each statement has a tag of its own.
    assert!(seen.tags.len() > 4);
    let mut tags = seen.tags.clone();
    tags.sort();
    tags.dedup();
    assert_eq!((tags.len(), tags.iter().all(|tag| tag.starts_with("graticule "))), (seen.tags.len(), true), "{tags:?}");
}

#[test]
fn a_cut_chunk_is_an_error() {
    let Some(library) = snowflake::library() else { return };
    let double = Running::start(vec![
        numbers("CUT", Manner::CutChunk(4)),
        numbers("SHORT", Manner::ShortChunk(4)),
        numbers("FINE", Manner::Chunks(4)),
    ]);
    let server = Graticule::serve("snow", &snowflake::server(&library, "s", "DB", double.port(), ""));
    let mut client = server.client("snow");
    client.simple("select graticule.attach('s')").expect("attached");
    for table in ["cut", "short"] {
        let lost = client
            .query(&format!("select id from s.{table}"))
            .map(|rows| rows.text().len())
            .expect_err("rows are missing");
        assert_eq!(lost.state, "08006", "{table}: {}", lost.message);
        // Through a cursor too: what comes is right and comes once, and the end is an error.
        client.simple(&format!("begin; declare c cursor for select id from s.{table}")).expect("a cursor");
        let mut got = Vec::new();
        let error = loop {
            match client.query("fetch 100 c") {
                Ok(rows) if rows.text().is_empty() => {
                    panic!("{table} ended after {} rows as if it were whole", got.len())
                }
                Ok(rows) => got.extend(rows.text()),
                Err(error) => break error,
            }
        };
        assert_eq!(error.state, "08006", "{table}");
        let got: Vec<i64> = got.iter().map(|row| row.parse().expect("a number")).collect();
        assert!(
            got.is_sorted_by(|a, b| a < b) && got.last() < Some(&ROWS),
            "{table}: a row twice, or of another place"
        );
        client.simple("rollback").expect("the session lives");
    }
    assert_eq!(client.rows("select id from s.fine").len(), ROWS as usize);
}

#[test]
fn an_expired_token_is_renewed_or_told() {
    let Some(library) = snowflake::library() else { return };
    let double = Running::start(vec![numbers("EXPIRING", Manner::Expiring), numbers("EXPIRED", Manner::Expired)]);
    let server = Graticule::serve("snow", &snowflake::server(&library, "s", "DB", double.port(), ""));
    let mut client = server.client("snow");
    client.simple("select graticule.attach('s')").expect("attached");
    let expected: Vec<String> = (0..ROWS).map(|n| n.to_string()).collect();
    assert_eq!(client.rows("select id from s.expiring"), expected);
    let renewed = double.seen().renewed;
    assert_eq!((renewed, double.runs("EXPIRING")), (1, 1), "renewed, and not run twice");
    let told = client.query("select id from s.expired").expect_err("no new token");
    assert_eq!(told.state, "28000", "{}", told.message);
    assert_eq!(double.runs("EXPIRED"), 1);
    // A wrong password.
    let wrong = snowflake::server(&library, "w", "DB", double.port(), "").replace("password 'p'", "password 'wrong'");
    client.simple(&wrong).expect("options are not tried");
    let refused = client.query("select graticule.attach('w')").expect_err("a wrong password");
    assert_eq!(refused.state, "28000", "{}", refused.message);
    assert!(!refused.message.contains("wrong"), "{}", refused.message);
}

#[test]
fn a_cancel_reaches_snowflake() {
    let Some(library) = snowflake::library() else { return };
    let double = Arc::new(Running::start(vec![numbers("ENDLESS", Manner::Endless), numbers("FINE", Manner::Inline)]));
    let server = Graticule::serve("snow", &snowflake::server(&library, "s", "DB", double.port(), ""));
    let mut client = server.client("snow");
    client.simple("select graticule.attach('s'); set statement_timeout = '2s'").expect("attached");
    let start = Instant::now();
    let stopped = client.query("select id from s.endless").expect_err("it never ends");
    assert_eq!(stopped.state, "57014", "{}", stopped.message);
    assert!(start.elapsed() < Duration::from_secs(30));
    until("the abort is seen there", || !double.seen().aborted.is_empty());
    let seen = double.seen();
    assert!(seen.aborted.iter().any(|id| seen.statements[id].contains("\"ENDLESS\"")), "the statement itself");
    assert!(seen.polls > 2, "it was asked for");
    drop(seen);
    client.simple("reset statement_timeout").expect("reset");
    assert_eq!(client.rows("select id from s.fine").len(), ROWS as usize);
    // The worker is killed in mid-statement: it is told, and the next statement finds a new one.
    let (port, pid) = (server.port, server.process_id());
    let polls = double.seen().polls;
    let waiting = std::thread::spawn(move || {
        let mut other = crate::support::Client::connect(port, "postgres", "snow").expect("a second session");
        other.query("select id from s.endless").expect_err("the process dies")
    });
    until("it runs there", || double.seen().polls > polls + 1);
    let alive = workers(pid);
    assert_eq!(alive.len(), 1, "one worker per server and identity");
    assert!(Command::new("kill").args(["-KILL", &alive[0].to_string()]).status().expect("kill runs").success());
    assert_eq!(waiting.join().expect("an answer").state, "08006");
    let expected: Vec<String> = (0..ROWS).map(|n| n.to_string()).collect();
    assert_eq!(client.rows("select id from s.fine"), expected);
    assert_ne!(workers(pid), alive);
}

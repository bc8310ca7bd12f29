//! Results in segments: as rows come in pages, and whatever goes wrong with a segment, no row is lost or doubled.

use std::time::Duration;

use crate::support::graticule::Graticule;
use crate::support::spooling::{self, Double, Fault, Ways};
use crate::support::trino::{self, Trino};
use crate::support::{Client, until};

const ROWS: usize = 60_000;
const ENCODINGS: [&str; 3] = ["json+zstd", "json+lz4", "json"];
const WAYS: Ways = Ways { encoding: "json+zstd", rows: 5_000, inline: 0, redirect: false };

/// A server behind the double, reached with a secret.
fn server(name: &str, double: &Double, more: &str) -> String {
    Trino::server_on(name, double.port)
        .replace("srid '4326'", &["srid '4326'", more].concat())
        .replace("user 'tester'", "user 'tester', token 'hidden'")
}

fn make(far: &Trino, schema: &str) {
    far.run(&[
        &format!("CREATE SCHEMA memory.{schema}"),
        &format!(
            "CREATE TABLE memory.{schema}.big AS SELECT a * 1000 + b AS id, 'row number ' || CAST(a * 1000 + b AS varchar) AS v \
             FROM UNNEST(sequence(0, 59)) t(a), UNNEST(sequence(0, 999)) u(b)"
        ),
    ]);
}

/// Every row of the table once and in order, whatever happens on the way.
fn all_rows(client: &mut Client) {
    let rows = client.rows("select id, v from far.big order by id");
    assert_eq!(rows.len(), ROWS);
    for (n, row) in rows.iter().enumerate() {
        assert_eq!(*row, format!("{n}|row number {n}"));
    }
}

#[test]
fn rows_in_segments_are_rows_in_pages() {
    let Some(far) = trino::far() else { return };
    make(far, "segments");
    far.run(&[
        "CREATE TABLE memory.segments.t(id integer, n decimal(38,5), y varbinary, ts timestamp(6), tz timestamp(6) with time zone, d date, \
         u uuid, r real, x double, v varchar, o boolean, g geometry, j row(a integer, b varchar))",
        "INSERT INTO memory.segments.t VALUES (1, DECIMAL '123456789012345678901234567890123.00001', X'AA00', \
         TIMESTAMP '2020-01-02 03:04:05.678901', TIMESTAMP '2020-11-01 01:30:00.000001 America/New_York', DATE '2020-02-29', \
         UUID '00112233-4455-6677-8899-aabbccddeeff', 1.5, 0.1, 'it''s', true, ST_Point(1, 2), ROW(1, 'x')), \
         (2, -0.01, X'', TIMESTAMP '-0005-01-01 00:00:00', TIMESTAMP '12020-01-01 00:00:00 UTC', \
         DATE '0000-12-31', NULL, nan(), -infinity(), '', false, ST_GeometryFromText('POINT EMPTY'), ROW(NULL, NULL))",
        "INSERT INTO memory.segments.t(id) VALUES (3)",
    ]);
    let double = Double::start(far.port);
    let init = format!("{} {}", server("sp", &double, ""), server("off", &double, ", spooling 'false'"));
    let graticule = Graticule::serve("segments", &init);
    let mut client = graticule.client("segments");
    client
        .simple("select graticule.attach('sp', 'segments', 'far'); select graticule.attach('off', 'segments', 'paged')")
        .expect("attached");
    double.ways(WAYS);
    let paged = client.rows("select * from paged.t order by id");
    assert_eq!((paged.len(), double.counts().0), (3, 0));
    assert!(double.encodings().is_empty(), "segments are not asked for");
    for encoding in ENCODINGS {
        for (inline, redirect) in [(0, false), (1, false), (3, false), (2, true)] {
            let case = format!("{encoding} {inline} {redirect}");
            double.ways(Ways { encoding, inline, redirect, ..WAYS });
            all_rows(&mut client);
            assert_eq!(client.rows("select * from far.t order by id"), paged, "{case}");
            let (made, fetched, _) = double.counts();
            assert_eq!((made > 4, made, fetched), (inline != 1, made, made), "{case}");
            until("every segment is acknowledged", || double.counts().2 == made);
            assert!(double.encodings().iter().all(|asked| asked == "json+zstd,json+lz4,json"));
            // The store is told nothing of the session.
            for head in double.heads() {
                let head = head.to_ascii_lowercase();
                assert!(head.contains("x-segment-key") && !head.contains("authorization"), "{head}");
                assert!(!head.contains("hidden") && !head.contains("x-trino"), "{head}");
            }
        }
    }
    // No rows, and a federated statement.
    double.ways(WAYS);
    assert_eq!(client.rows("select id from far.big where id < 0"), Vec::<String>::new());
    assert_eq!(
        client.rows("select count(*), min(a.v), count(distinct b.id) from far.big a join paged.big b on a.id = b.id where b.id < 100"),
        ["100|row number 0|100"]
    );
    let read = client.rows("select rows > 60000, bytes > 1000000 from graticule.usage where server = 'sp'");
    assert_eq!(read, ["t|t"]);
}

#[test]
fn trouble_with_segments_loses_no_row_and_doubles_none() {
    let Some(far) = trino::far() else { return };
    make(far, "cut");
    let double = Double::start(far.port);
    let graticule = Graticule::serve("cut", &server("sp", &double, ""));
    let mut client = graticule.client("cut");
    client.query("select graticule.attach('sp', 'cut', 'far')").expect("attached");
    // What passes.
    for (n, faults) in [
        &[Fault::Status(429); 4][..],
        &[Fault::Status(503), Fault::Status(500), Fault::Status(502), Fault::Status(504)],
        &[Fault::Cut, Fault::Cut],
        &[Fault::Short],
        &[Fault::Garbled],
        &[Fault::Cut, Fault::Short, Fault::Status(429), Fault::Garbled],
    ]
    .into_iter()
    .enumerate()
    {
        double.ways(Ways { encoding: ENCODINGS[n % 2], ..WAYS });
        double.fail(faults);
        all_rows(&mut client);
        assert_eq!(double.left(), 0, "{faults:?}");
    }
    // Acknowledgements that are lost cost nothing but room there.
    double.ways(WAYS);
    double.deafen(1000);
    all_rows(&mut client);
    // What stays.
    for (faults, state) in [
        (&[Fault::Status(404)][..], "08006"),
        (&[Fault::Status(403)], "08006"),
        (&[Fault::Status(500); 40], "08006"),
        (&[Fault::Status(429); 40], "53300"),
        (&[Fault::Short; 40], "08006"),
        (&[Fault::Garbled; 40], "08006"),
        (&[Fault::Cut; 40], "08006"),
        (&[Fault::Counted], "08006"),
        (&[Fault::Skipped], "08006"),
        (&[Fault::Twice], "08006"),
    ] {
        double.ways(WAYS);
        double.fail(faults);
        let failure = client.query("select id, v from far.big").expect_err("trouble");
        assert_eq!(failure.state, state, "{:?}: {}", faults[0], failure.message);
        let said = format!("{} {:?} {:?}", failure.message, failure.detail, failure.hint);
        assert!(!said.contains("signature") && !said.contains("hidden"), "{said}");
        double.calm();
    }
    double.ways(Ways { encoding: "json", ..WAYS });
    all_rows(&mut client);
}

#[test]
fn a_cursor_reads_few_segments_ahead_and_drops_the_rest() {
    let Some(far) = trino::far() else { return };
    make(far, "ahead");
    let double = Double::start(far.port);
    let graticule = Graticule::serve("ahead", &server("sp", &double, ""));
    let mut client = graticule.client("ahead");
    client.query("select graticule.attach('sp', 'ahead', 'far')").expect("attached");
    double.ways(Ways { rows: 1_000, ..WAYS });
    client.simple("begin; declare c cursor for select id, v from far.big order by id").expect("a cursor");
    assert_eq!(client.rows("fetch 1500 c").len(), 1500);
    std::thread::sleep(Duration::from_millis(500));
    let (made, fetched, acknowledged) = double.counts();
    assert!(made > 8 && fetched <= 6 && acknowledged <= fetched, "{made} {fetched} {acknowledged}");
    client.simple("close c; commit").expect("closed");
    // What lies there for nobody is acknowledged too, and the query ended.
    until("the segments are dropped", || double.counts().2 == made);
    assert_eq!(double.counts().1, fetched, "unread");
    assert_eq!(double.seen("DELETE"), 1);
    // A client that goes away in the middle of it.
    double.ways(Ways { rows: 1_000, ..WAYS });
    let mut leaving = graticule.client("ahead");
    leaving.simple("begin; declare c cursor for select id, v from far.big; fetch 10 c").expect("a cursor");
    drop(leaving);
    until("the segments are dropped", || double.counts().2 == double.counts().0 && double.seen("DELETE") == 1);
    all_rows(&mut client);
}

#[test]
fn the_real_spooling_manager() {
    let Some((far, store)) = spooling::real() else { return };
    make(&far, "real");
    let init = format!("{} {}", far.server("sp"), far.server("off").replace("srid", "spooling 'false', srid"));
    let graticule = Graticule::serve("real", &init);
    let mut client = graticule.client("real");
    client
        .simple("select graticule.attach('sp', 'real', 'far'); select graticule.attach('off', 'real', 'paged')")
        .expect("attached");
    all_rows(&mut client);
    assert_eq!(
        client.rows("select id, v from far.big where id < 5 order by id"),
        client.rows("select id, v from paged.big where id < 5 order by id")
    );
    until("what was read is removed", || store.objects().is_empty());
    // A result that is left alone.
    client
        .simple("begin; declare c cursor for select a.id, b.v from far.big a, far.big b where b.id < 20")
        .expect("a cursor");
    assert_eq!(client.rows("fetch 10 c").len(), 10);
    until("segments lie there", || !store.objects().is_empty());
    client.simple("close c; commit").expect("closed");
    far.kill();
}

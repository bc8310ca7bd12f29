//! Large results through the Storage Read API: the rows that pages give, and what goes wrong on the way.

use std::time::{Duration, Instant};

use super::thousand;
use crate::support::bigquery::{Double, Emulator};
use crate::support::graticule::Graticule;
use crate::support::storage::{Storage, Trouble};

/// Options of a server that reads results from that many rows on as a stream.
fn streamed(port: u16, rows: usize) -> String {
    format!(", page_rows '50', storage_endpoint 'http://127.0.0.1:{port}', storage_read_rows '{rows}'")
}

fn all() -> Vec<String> {
    (1..=1000).map(|n| format!("{n}|row {n}")).collect()
}

const SQL: &str = "select id, v from bq.big order by id";

#[test]
fn both_ways_give_the_same_rows() {
    let Some(emulator) = Emulator::start() else { return };
    // The emulator writes no lists, times and datetimes, and bytes in base64: those are tested beside the decoder.
    emulator.run(&[
        "create table public.t(id int64, f float64, o bool, n numeric, b bignumeric, s string, dt date, ts timestamp, \
         j json, r struct<a int64, b string, c float64, d numeric>)",
        "insert into public.t(id, f, o, n, b, s, dt, ts, j, r) \
         select k, k / 7, mod(k, 3) = 0, cast(k as numeric) / 8, cast(k as bignumeric) / 16, concat('it\\'s \\\\ \\n ', cast(k as string)), \
         date_add(date '0001-01-01', interval k * 9000 day), \
         timestamp_add(timestamp '1960-01-01', interval k * 1000001 microsecond), \
         to_json(struct(k as a, [1.5, 2] as b)), struct(k as a, concat('x', cast(k as string)) as b, k / 4 as c, cast(k as numeric) / 4 as d) \
         from unnest(generate_array(1, 300)) as k",
        "insert into public.t(id) values (301)",
        "insert into public.t(id, f) values (302, ieee_divide(1, 0)), (303, ieee_divide(-1, 0)), (304, ieee_divide(0, 0))",
    ]);
    let double = Double::start(emulator.port);
    let init = format!(
        "{} {}",
        double.server("pages", ", page_rows '50'"),
        double.server("stream", &streamed(emulator.grpc, 200))
    );
    let server = Graticule::serve("bq", &init);
    let mut client = server.client("bq");
    client
        .simple("select graticule.attach('pages', 'public', 'pages'); select graticule.attach('stream', 'public', 'stream')")
        .expect("attached");
    for columns in [
        "*",
        "f, id, f > 3 as g",
        "id, n, n + 1 as m, round(n, 2) as k, b",
        "id, s, upper(s) as u",
        "id, dt, ts",
        "j, r, id",
        "id::int4 as i, o",
        "null as nothing, 'x' as x, id",
    ] {
        let sql = |schema: &str| format!("select {columns} from {schema}.t order by id");
        let before = (double.count("pageToken="), double.count("GET /bigquery/v2/projects/test/jobs/"));
        let stream = client.rows(&sql("stream"));
        assert_eq!(double.count("pageToken="), before.0, "{columns}: no page but the first");
        assert_eq!(double.count("GET /bigquery/v2/projects/test/jobs/"), before.1 + 1, "{columns}");
        let pages = client.rows(&sql("pages"));
        assert_eq!(pages.len(), 304, "{columns}");
        for (page, streamed) in pages.iter().zip(&stream) {
            assert_eq!(page, streamed, "{columns}");
        }
        assert_eq!(stream.len(), 304);
    }
    // Below the threshold, and what one page holds, comes in pages.
    let jobs = double.count("GET /bigquery/v2/projects/test/jobs/");
    assert_eq!(client.rows("select id from stream.t where id <= 150 order by id").len(), 150);
    assert_eq!(client.rows("select count(*) from stream.t"), ["304"]);
    assert_eq!(double.count("GET /bigquery/v2/projects/test/jobs/"), jobs);
    // A parameter, a cursor, and a join with what is here.
    client.simple("prepare p(int8) as select id, s from stream.t where id > $1 order by id desc").expect("prepared");
    assert_eq!(client.rows("execute p(3)").len(), 301);
    client.simple("begin; declare c cursor for select id from stream.t order by id").expect("a cursor");
    assert_eq!(client.rows("fetch 3 c"), ["1", "2", "3"]);
    assert_eq!(client.rows("fetch 1000 c").len(), 301);
    client.simple("commit").expect("ended");
    assert_eq!(
        client.rows("select count(*), sum(a.id), count(distinct b.s) from stream.t a join pages.t b on a.id = b.id"),
        ["304|46360|300"]
    );
}

#[test]
fn a_stream_that_breaks_is_read_on_where_it_broke() {
    let Some((_emulator, double)) = thousand() else { return };
    let storage = Storage::start(1000);
    let server = Graticule::serve("bq", &double.server("b", &streamed(storage.port, 500)));
    let mut client = server.client("bq");
    client.query("select graticule.attach('b', 'public', 'bq')").expect("attached");
    assert_eq!(client.rows(SQL), all());
    assert_eq!(storage.offsets(), [0]);
    let routes: Vec<String> = storage.calls().into_iter().map(|call| call.route).collect();
    assert!(routes[0].starts_with("read_session.table=projects%2Ftest%2Fdatasets%2F"), "{routes:?}");
    assert_eq!(routes[1], "read_stream=the%2Fstream");
    // UNAVAILABLE, RESOURCE_EXHAUSTED, INTERNAL, ABORTED.
    for (troubles, offsets) in [
        (&[(500, Trouble::Break)][..], &[0, 400][..]),
        (&[(0, Trouble::Break), (0, Trouble::Reset)], &[0, 0, 0]),
        (&[(300, Trouble::Reset)], &[0, 200]),
        (&[(999, Trouble::Status(14))], &[0, 900]),
        (&[(200, Trouble::Status(8)), (200, Trouble::Status(8)), (200, Trouble::Status(8))], &[0, 100, 100, 100]),
        (&[(450, Trouble::Status(13)), (460, Trouble::Break), (800, Trouble::Status(10))], &[0, 400, 400, 700]),
    ] {
        storage.trouble(troubles);
        assert_eq!(client.rows(SQL), all(), "{troubles:?}");
        assert_eq!((storage.pending(), storage.offsets()), (0, offsets.to_vec()), "{troubles:?}");
    }
    // A session is asked for again, too.
    storage.sessions(&[14, 8, 14]);
    assert_eq!(client.rows(SQL), all());
    assert_eq!((storage.pending(), storage.calls().len()), (0, 5));
}

#[test]
fn what_stays_or_is_cut_is_told() {
    let Some((_emulator, double)) = thousand() else { return };
    let storage = Storage::start(1000);
    let server = Graticule::serve("bq", &double.server("b", &streamed(storage.port, 500)));
    let mut client = server.client("bq");
    client.query("select graticule.attach('b', 'public', 'bq')").expect("attached");
    for (troubles, state) in [
        (&[(500, Trouble::CutBatch)][..], "08006"),
        (&[(500, Trouble::Short)], "08006"),
        (&[(0, Trouble::Short)], "08006"),
        (&[(500, Trouble::Miscounted)], "08006"),
        (&[(500, Trouble::Status(7))], "42501"),
        (&[(500, Trouble::Status(5))], "08006"),
        (&[(500, Trouble::Status(11))], "HV000"),
        (&[(500, Trouble::Status(14)); 7], "08006"),
        (&[(500, Trouble::Status(8)); 7], "53400"),
        (&[(500, Trouble::Break); 7], "08006"),
        (&[(500, Trouble::CutMessage); 7], "08006"),
        (&[(500, Trouble::Status(16)); 2], "28000"),
    ] {
        storage.trouble(troubles);
        let failure = client.query(SQL).expect_err("no short result");
        assert_eq!(failure.state, state, "{troubles:?}: {} {:?}", failure.message, failure.detail);
        assert_eq!(storage.pending(), 0, "{troubles:?}");
    }
    storage.sessions(&[7]);
    let denied = client.query(SQL).expect_err("no right");
    assert_eq!((denied.state.as_str(), denied.message.as_str()), ("42501", "the double's status 7"));
    assert!(denied.hint.is_some_and(|hint| hint.contains("storage_read_rows")));
    assert_eq!(client.rows(SQL), all());
    // Rows that were promised and are not there.
    let few = Storage::start(900);
    client
        .simple(&format!(
            "{} select graticule.attach('few', 'public', 'few')",
            double.server("few", &streamed(few.port, 500))
        ))
        .expect("attached");
    let short = client.query("select id, v from few.big order by id").expect_err("too few");
    assert_eq!((short.state.as_str(), short.detail.as_deref()), ("08006", Some("900 rows came of 1000.")));
}

#[test]
fn without_the_service_rows_come_in_pages() {
    let Some((emulator, double)) = thousand() else { return };
    let storage = Storage::start(1000);
    // Nobody there; somebody who speaks something else; and one who has no such method.
    let nobody = crate::support::free_port();
    let init = format!(
        "{} {} {}",
        double.server("nobody", &streamed(nobody, 500)),
        double.server("other", &streamed(emulator.port, 500)).replace("page_rows", "timeout '2', page_rows"),
        double.server("old", &streamed(storage.port, 500))
    );
    let server = Graticule::serve("bq", &init);
    let mut client = server.client("bq");
    storage.sessions(&[12]);
    for name in ["nobody", "old"] {
        client.query(&format!("select graticule.attach('{name}', 'public', '{name}')")).expect("attached");
        assert_eq!(client.rows(&SQL.replace("bq.", &format!("{name}."))), all(), "{name}");
        let jobs = double.count("GET /bigquery/v2/projects/test/jobs/");
        assert_eq!(client.rows(&SQL.replace("bq.", &format!("{name}."))), all(), "{name}");
        assert_eq!(double.count("GET /bigquery/v2/projects/test/jobs/"), jobs, "it is not tried again at once");
    }
    client.query("select graticule.attach('other', 'public', 'other')").expect("attached");
    let other = client.query(&SQL.replace("bq.", "other.")).expect_err("no gRPC there");
    assert_eq!(other.state, "08006", "{}", other.message);
}

#[test]
fn a_cancel_drops_the_stream() {
    let Some((_emulator, double)) = thousand() else { return };
    let storage = Storage::start(1000);
    let server = Graticule::serve("bq", &double.server("b", &streamed(storage.port, 500)));
    let mut client = server.client("bq");
    client.query("select graticule.attach('b', 'public', 'bq')").expect("attached");
    storage.trouble(&[(500, Trouble::Hang)]);
    client.simple("set statement_timeout = '700ms'").expect("set");
    let start = Instant::now();
    // It may fire before the stream is there.
    while storage.pending() > 0 {
        assert_eq!(client.query(SQL).expect_err("nothing comes").state, "57014");
        assert!(start.elapsed() < Duration::from_secs(60));
    }
    client.simple("reset statement_timeout").expect("reset");
    let dropped = |count: usize| {
        let end = Instant::now() + Duration::from_secs(30);
        while storage.left() < count {
            assert!(Instant::now() < end, "{count} streams are dropped");
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    dropped(1);
    // A cursor that is closed, and a client that goes away.
    storage.trouble(&[(500, Trouble::Hang)]);
    client.simple("begin; declare c cursor for select id, v from bq.big order by id").expect("a cursor");
    assert_eq!(client.rows("fetch 150 c"), all()[..150]);
    client.simple("close c; commit").expect("closed");
    dropped(2);
    storage.trouble(&[(500, Trouble::Hang)]);
    let mut leaving = server.client("bq");
    leaving.simple("begin; declare c cursor for select id, v from bq.big order by id; fetch 10 c").expect("a cursor");
    drop(leaving);
    dropped(3);
    assert_eq!(client.rows(SQL), all());
}

#[test]
fn a_token_that_ends_within_a_stream_is_renewed() {
    let Some((_emulator, double)) = thousand() else { return };
    double.guard();
    let storage = Storage::start(1000);
    let folder = std::env::temp_dir().join(format!("graticule-key-{}-storage", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let Some((pem, _)) = super::key(&folder) else { return };
    let key = serde_json::json!({ "type": "service_account", "client_email": "robot@test", "private_key": pem, "private_key_id": "k1",
                                  "token_uri": format!("http://127.0.0.1:{}/token", double.port) });
    let init = double
        .server("b", &streamed(storage.port, 500))
        .replace("auth 'none'", &format!("key '{}'", key.to_string().replace('\'', "''")));
    let server = Graticule::serve("bq", &init);
    let mut client = server.client("bq");
    client.query("select graticule.attach('b', 'public', 'bq')").expect("attached");
    storage.trouble(&[(500, Trouble::Status(16)), (700, Trouble::Status(16))]);
    let before = double.count("POST /token");
    assert_eq!(client.rows(SQL), all());
    assert_eq!(storage.offsets(), [0, 400, 600]);
    assert_eq!(double.count("POST /token"), before + 2);
    assert!(
        storage
            .calls()
            .iter()
            .all(|call| call.token.as_deref().is_some_and(|token| token.starts_with("Bearer token-")))
    );
    // The same with a session, and one that is refused for good.
    storage.sessions(&[16]);
    assert_eq!(client.rows(SQL), all());
    storage.sessions(&[16, 16]);
    let refused = client.query(SQL).expect_err("refused");
    assert_eq!(refused.state, "28000", "{}", refused.message);
    let _ = std::fs::remove_dir_all(&folder);
}

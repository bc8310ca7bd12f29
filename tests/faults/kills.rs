//! 20 crashes of the PostgreSQL server, and backends that are terminated: sessions are told, and go on when it is back.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::{Holdings, Witnesses, attach, backends, block_has_failed, busy, eventually};
use crate::support::graticule::Graticule;
use crate::support::postgres::Postgres;
use crate::support::{Client, postgres};

const KILLS: u32 = 20;
const TERMINATIONS: u32 = 100;

const SCHEMA: &str =
    "create schema s; create table s.t as select i id, repeat('row ', 100) || i v from generate_series(1, 150000) i;
    create table s.w(id int primary key)";

/// More than all buffers on the way hold: it runs for as long as its client does not read.
const LONG: &str = "select id, v from s.t";

/// What a session does when its server goes.
fn start(client: &mut Client, way: u32, id: u32) {
    match way % 7 {
        0 => client.send_query(LONG),
        1 => client.send_query(&format!("copy ({LONG}) to stdout")),
        2 => {
            client.simple("begin; insert into s.w values (0)").expect("a write");
            client.send_query(&format!("select count(*) from s.t a, s.t b where a.v <> b.v and a.id + b.id <> {id}"));
        }
        3 => {
            client.simple(&format!("begin; declare c cursor for {LONG}; fetch 100 from c")).expect("a cursor");
        }
        4 => client.send_query("select count(*) from s.t a, s.t b where a.v <> b.v"),
        5 => {
            client.simple(&format!("begin; insert into s.w values ({id})")).expect("a write");
        }
        _ => {
            client.send_extended(LONG, 1, 0);
            client.send(b'S', b"");
        }
    }
}

/// What it sees then.
fn end(client: &mut Client, way: u32, label: &str) {
    let seen = match way % 7 {
        3 => client.exchange("fetch all from c"),
        5 => client.exchange("commit"),
        _ => client.rest(),
    };
    let expected: &[&str] = match way % 7 {
        5 => &["08007"],
        2 | 3 => &["08006"],
        // Those may not have reached the server before it went.
        _ => &["08001", "08006"],
    };
    assert!(expected.contains(&seen.state()), "{label}, way {}: {:?}", way % 7, seen.failure);
    assert!(seen.tags.is_empty() && !seen.copy_done && seen.rows.len() < 150_000, "{label}: {:?}", seen.tags);
    match way % 7 {
        2 | 3 => {
            assert_eq!(seen.status, b'E');
            block_has_failed(client);
        }
        _ => assert_eq!(seen.status, b'I'),
    }
}

#[test]
fn a_server_that_crashes_is_an_error_until_it_is_back() {
    let Some(mut oracle) = Postgres::start() else { return };
    oracle.database("kills", SCHEMA);
    let lake = if cfg!(feature = "engine") {
        format!(
            "CREATE SERVER lake FOREIGN DATA WRAPPER geoparquet OPTIONS (path '{}/src/demo/sample'); SELECT graticule.attach('lake', 'public', 'lake');",
            env!("CARGO_MANIFEST_DIR")
        )
    } else {
        String::new()
    };
    let init = [attach("pg", oracle.port, "kills", ", connect_timeout '5'", "s", "s"), lake];
    let server = Graticule::serve("kills", &init.concat());
    let mut witnesses = Witnesses::new();
    witnesses.watch(server.client("kills"), &["select 1 + 1"]);
    if cfg!(feature = "engine") {
        witnesses.watch(
            server.client("kills"),
            &[
                "select count(*), min(name) from lake.airports",
                "select relname from pg_class where relname = 'airports'",
            ],
        );
    }
    let (mut random, mut held) = (StdRng::seed_from_u64(20), None);
    let mut clients: Vec<Client> = (0..7).map(|_| server.client("kills")).collect();
    for kill in 0..KILLS {
        if kill == 3 {
            held = Some(Holdings::of(&server));
        }
        // All ways at once, two more of one.
        for (way, client) in (0..).zip(&mut clients) {
            start(client, way, kill + 1);
        }
        std::thread::sleep(Duration::from_millis(random.random_range(20..200)));
        oracle.kill();
        for (way, client) in (0..).zip(&mut clients) {
            end(client, way, &format!("kill {kill}"));
        }
        // While it is dead: refused, in a block too.
        let seen = clients[0].exchange("select count(*) from s.w");
        assert_eq!((seen.state(), seen.status), ("08001", b'I'), "{:?}", seen.failure);
        let seen = clients[1].exchange("begin; select count(*) from s.w");
        assert_eq!((seen.state(), seen.status), ("08001", b'E'), "{:?}", seen.failure);
        block_has_failed(&mut clients[1]);
        oracle.start_again();
        let mut far = oracle.client("kills");
        let kept = far.rows("select count(*) from s.w");
        // The transactions that did not commit are gone, on us as on itself.
        for client in &mut clients {
            assert_eq!(client.rows("select count(*) from s.w"), kept);
        }
        assert_eq!(kept, ["0"]);
    }
    witnesses.testify(100);
    let mut far = oracle.client("kills");
    eventually("no lease is left", || {
        server.metric("graticule_pool_connections_in_use{database=\"kills\",server=\"pg\"}") == 0
            && busy(&mut far, "kills") == "0"
    });
    held.expect("a measure after three").settles(&server, 48, 10);
}

#[test]
fn a_terminated_backend_is_an_error_of_its_session_alone() {
    let Some(oracle) = postgres::shared() else { return };
    oracle.database("terminated", SCHEMA);
    let init = attach("pg", oracle.port, "terminated", ", max_connections '10'", "s", "s");
    let server = Graticule::serve("terminated", &init);
    let mut far = oracle.client("terminated");
    // A block on the same pool that is let alone.
    let mut calm = server.client("terminated");
    calm.simple("begin; declare c cursor for select id from s.t order by id").expect("a cursor");
    let spared = far
        .rows("select pid from pg_stat_activity where application_name = 'graticule' and datname = 'terminated'")[0]
        .clone();
    let terminate = format!(
        "select count(pg_terminate_backend(pid)) from pg_stat_activity where application_name = 'graticule' and datname = 'terminated' and pid <> {spared}"
    );
    let mut client = server.client("terminated");
    for round in 0..TERMINATIONS {
        start(&mut client, round, round + 1);
        let at_work = "select count(*) from pg_stat_activity where application_name = 'graticule' and datname = 'terminated' and state <> 'idle'";
        eventually("it has begun", || far.rows(at_work) == ["2"]);
        assert_ne!(far.rows(&terminate), ["0"]);
        end(&mut client, round, &format!("termination {round}"));
        eventually("the terminated are gone", || far.rows(at_work) == ["1"]);
        assert_eq!(calm.rows("fetch 1 from c"), [(round + 1).to_string()]);
        // An idle connection that was terminated is replaced unseen.
        if round % 10 == 0 {
            assert_eq!(client.rows("select count(*) from s.w"), ["0"]);
            far.rows(&terminate);
            eventually("they are gone", || backends(&mut far, "terminated") == 1);
            assert_eq!(client.rows("select count(*) from s.w"), ["0"]);
        }
    }
    calm.simple("commit").expect("unharmed");
    eventually("nothing runs", || busy(&mut far, "terminated") == "0");
    assert_eq!(far.rows("select count(*) from s.w"), ["0"]);
}

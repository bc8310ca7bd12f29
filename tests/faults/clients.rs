//! 1,000 clients that go away in the middle: what ran for them ends, also on the server.

use std::io::Read;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::{Holdings, Witnesses, attach, backends, busy, eventually};
use crate::support::graticule::Graticule;
use crate::support::{Client, postgres};

const CLIENTS: u32 = 1000;

/// About 4 MB: more than all buffers on the way hold.
const LONG: &str = "select id, v from s.t";

/// Leaves a client in the middle of something.
fn leave(mut client: Client, random: &mut StdRng) {
    let way = random.random_range(0..9);
    // A portal's first piece is shorter than what others may read.
    let bytes = random.random_range(0..if way == 5 { 40_000 } else { 300_000 });
    match way {
        0 | 1 => client.send_query(&format!("copy ({LONG}) to stdout")),
        2 => client.send_query(&format!("copy ({LONG}) to stdout (format binary)")),
        3 => client.send_query(LONG),
        4 => client.send_query(&format!("begin; declare c cursor for {LONG}; fetch 10 from c; fetch all from c")),
        5 => {
            // A portal that was suspended, in a block that has written.
            client.simple("begin; update s.w set n = n + 1").expect("a write");
            client.send_extended(LONG, 1, 500);
            client.send(b'H', b"");
        }
        6 => {
            client.send_query("select count(*) from s.t a, s.t b, s.t c");
            std::thread::sleep(std::time::Duration::from_millis(random.random_range(0..10)));
            return client.cut();
        }
        7 => {
            // Half a message.
            let _ = std::io::Write::write_all(&mut client.stream, b"Q\0\0\0\x50select");
            return client.cut();
        }
        _ => {
            client.send_extended(LONG, 0, 0);
            client.send(b'S', b"");
        }
    }
    let mut piece = vec![0; bytes];
    if bytes % 2 > 0 {
        let _ = client.stream.read(&mut piece);
    } else {
        client.stream.read_exact(&mut piece).expect("so much comes");
    }
    client.cut();
}

#[test]
fn clients_that_go_away_leave_nothing_behind() {
    let Some(oracle) = postgres::shared() else { return };
    oracle.database(
        "leavers",
        "create schema s; create table s.t as select i id, repeat('row ', 20) || i v from generate_series(1, 40000) i;
         create table s.w(id int, n int); insert into s.w values (1, 0)",
    );
    let init = [
        attach("pg", oracle.port, "leavers", ", max_connections '6'", "s", "s"),
        attach("other", oracle.port, "leavers", ", max_connections '2', application_name 'witness'", "s", "other"),
    ];
    let server = Graticule::serve("leavers", &init.concat());
    let mut far = oracle.client("leavers");
    let mut random = StdRng::seed_from_u64(7);
    let mut witnesses = Witnesses::new();
    witnesses.watch(server.client("leavers"), &["select count(*), max(v) from other.t where id < 100"]);
    witnesses.watch(server.client("leavers"), &["select 1 + 1"]);
    for _ in 0..CLIENTS / 10 {
        leave(server.client("leavers"), &mut random);
    }
    eventually("nothing runs", || busy(&mut far, "leavers") == "0");
    let held = Holdings::of(&server);
    std::thread::scope(|scope| {
        for thread in 0..3 {
            let server = &server;
            scope.spawn(move || {
                let mut random = StdRng::seed_from_u64(thread);
                for _ in 0..CLIENTS * 3 / 10 {
                    leave(server.client("leavers"), &mut random);
                }
            });
        }
    });
    witnesses.testify(50);
    eventually("nothing runs on the server", || busy(&mut far, "leavers") == "0");
    eventually("no lease is left", || {
        server.metric("graticule_pool_connections_in_use{database=\"leavers\",server=\"pg\"}") == 0
    });
    eventually("no session is left", || server.metric("graticule_connections") == 0);
    assert!(backends(&mut far, "leavers") <= 6);
    assert_eq!(far.rows("select n from s.w"), ["0"], "a write of a client that went was kept");
    assert_eq!(server.client("leavers").rows("select count(*) from s.t"), ["40000"]);
    held.settles(&server, 32, 8);
}

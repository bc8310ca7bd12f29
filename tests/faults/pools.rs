//! Pools that are full, servers that take no more, and our own limit of clients.

use std::time::{Duration, Instant};

use super::{attach, block_has_failed, busy, cancelled, eventually};
use crate::support::graticule::Graticule;
use crate::support::{Client, postgres};

#[test]
fn a_full_pool_is_waited_for_and_then_refused() {
    let Some(oracle) = postgres::shared() else { return };
    oracle.database("pools", "create schema s; create table s.t as select i id from generate_series(1, 5) i");
    let init = [
        attach("pg", oracle.port, "pools", ", max_connections '2', pool_timeout '2'", "s", "s"),
        attach("free", oracle.port, "pools", ", application_name 'other'", "s", "free"),
    ];
    let server = Graticule::serve("pools", &init.concat());
    let mut holders: Vec<Client> = (0..2).map(|_| server.client("pools")).collect();
    for holder in &mut holders {
        holder.simple("begin; select count(*) from s.t").expect("a lease");
    }
    let mut client = server.client("pools");
    // Waited for, then 53300; the session goes on.
    let start = Instant::now();
    let seen = client.exchange("select count(*) from s.t");
    assert_eq!((seen.state(), seen.status), ("53300", b'I'));
    assert!(start.elapsed() >= Duration::from_millis(1900), "{:?}", start.elapsed());
    client.simple("begin; select 1").expect("a block without a lease");
    let seen = client.exchange("select count(*) from s.t");
    assert_eq!((seen.state(), seen.status), ("53300", b'E'));
    block_has_failed(&mut client);
    if cfg!(feature = "engine") {
        client.simple("set graticule.route = 'local'").expect("set");
        assert_eq!(client.exchange("select count(*) from s.t").state(), "53300");
        client.simple("reset graticule.route").expect("reset");
    }
    // Another server's pool is not full, nor is what needs none.
    assert_eq!(client.rows("select count(*) from free.t"), ["5"]);
    assert_eq!(client.rows("select 1"), ["1"]);
    // Those that hold go on.
    assert_eq!(holders[0].rows("select count(*) from s.t"), ["5"]);
    // A statement that waits can be cancelled, or time out.
    for how in ["cancel", "timeout", "leave"] {
        let mut waiting = server.client("pools");
        let start = Instant::now();
        match how {
            "cancel" => {
                waiting.send_query("select count(*) from s.t");
                std::thread::sleep(Duration::from_millis(200));
                cancelled::cancel(server.port, waiting.process_id, waiting.secret);
            }
            "timeout" => {
                waiting.simple("set statement_timeout = '200ms'").expect("set");
                waiting.send_query("select count(*) from s.t");
            }
            _ => {
                waiting.send_query("select count(*) from s.t");
                waiting.cut();
                continue;
            }
        }
        assert_eq!(waiting.rest().state(), "57014", "{how}");
        assert!(start.elapsed() < Duration::from_millis(1500), "{how}: {:?}", start.elapsed());
    }
    // Who waits gets what is given back, in any number: more clients than connections, all are served.
    let threads: Vec<_> = (0..8)
        .map(|_| {
            let mut client = server.client("pools");
            std::thread::spawn(move || {
                for _ in 0..20 {
                    assert_eq!(client.rows("select count(*) from s.t"), ["5"]);
                }
            })
        })
        .collect();
    std::thread::sleep(Duration::from_millis(200));
    for mut holder in holders {
        holder.simple("commit").expect("ends");
    }
    threads.into_iter().for_each(|thread| thread.join().expect("all are served"));
    let mut far = oracle.client("pools");
    eventually("no lease is left", || {
        server.metric("graticule_pool_connections_in_use{database=\"pools\",server=\"pg\"}") == 0
            && busy(&mut far, "pools") == "0"
    });
    assert_eq!(server.metric("graticule_pool_connections{database=\"pools\",server=\"pg\"}"), 2);
}

#[test]
fn a_server_that_takes_no_more_connections_is_told_apart() {
    let Some(oracle) = postgres::shared() else { return };
    oracle.database("limited", "create schema s; create table s.t as select i id from generate_series(1, 5) i");
    oracle
        .client("limited")
        .simple("create role one login connection limit 1; grant usage on schema s to one; grant select on s.t to one")
        .expect("a role");
    let init = attach("pg", oracle.port, "limited", ", pool_timeout '1'", "s", "s").replace("'postgres')", "'one')");
    let server = Graticule::serve("limited", &init);
    let (mut first, mut second) = (server.client("limited"), server.client("limited"));
    first.simple("begin; select count(*) from s.t").expect("the one connection");
    let seen = second.exchange("select count(*) from s.t");
    // Not our pool's limit but theirs: no connection could be made.
    assert_eq!(seen.state(), "08001", "{:?}", seen.failure);
    first.simple("commit").expect("ends");
    assert_eq!(second.rows("select count(*) from s.t"), ["5"]);
}

#[test]
fn more_clients_than_the_limit_are_refused_at_login() {
    let server = Graticule::configured("clients_limited", "", "[limits]\nmax_connections = 3\n");
    eventually("the test's own first look is gone", || server.metric("graticule_connections") == 0);
    let mut clients: Vec<Client> = (0..3).map(|_| server.client("clients_limited")).collect();
    let refused = Client::connect(server.port, "postgres", "clients_limited").err().expect("one too many");
    assert_eq!((refused.state.as_str(), refused.message.as_str()), ("53300", "sorry, too many clients already"));
    for client in &mut clients {
        assert_eq!(client.rows("select 1"), ["1"]);
    }
    clients.pop().expect("one of three").cut();
    eventually("a place is free", || Client::connect(server.port, "postgres", "clients_limited").is_ok());
}

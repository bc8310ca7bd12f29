//! Statements that are told to stop: CancelRequest, statement_timeout, a client that leaves, SIGTERM. What runs on the server stops too.

use std::io::Write;
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::{attach, backends, block_has_failed, busy, eventually};
use crate::support::graticule::Graticule;
use crate::support::proxy::{Fault, Proxy};
use crate::support::{Client, postgres};

/// Runs for minutes unless it is stopped, and sends nothing before its end.
const ENDLESS: &str = "select count(*) from s.t a, s.t b, s.t c where a.id + b.id + c.id <> 7";
/// Sends rows until it is stopped.
const STREAM: &str = "select a.id, b.v from s.t a, s.t b, s.t c";

const SCHEMA: &str = "create schema s; create table s.t as select i id, 'row ' || i v from generate_series(1, 3000) i;
    create table s.w(id int primary key)";

/// Sends a CancelRequest and waits until it has been taken up.
pub(super) fn cancel(port: u16, process: i32, secret: i32) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("the server listens");
    let mut packet = 16_i32.to_be_bytes().to_vec();
    for word in [80_877_102, process, secret] {
        packet.extend(word.to_be_bytes());
    }
    stream.write_all(&packet).expect("sent");
    let _ = std::io::Read::read(&mut stream, &mut [0]);
}

/// Sets its flag when it goes.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

fn cancel_after(client: &Client, port: u16, milliseconds: u64) {
    let (process, secret) = (client.process_id, client.secret);
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(milliseconds));
        cancel(port, process, secret);
    });
}

#[test]
fn a_cancelled_statement_ends_here_and_on_the_server() {
    let Some(oracle) = postgres::shared() else { return };
    oracle.database("cancels", SCHEMA);
    let server = Graticule::serve("cancels", &attach("pg", oracle.port, "cancels", ", max_connections '3'", "s", "s"));
    let (mut client, mut far) = (server.client("cancels"), oracle.client("cancels"));
    let mut statements = vec![
        ENDLESS.to_owned(),
        STREAM.to_owned(),
        format!("copy ({STREAM}) to stdout"),
        format!("copy ({ENDLESS}) to stdout (format binary)"),
        format!("explain analyze {ENDLESS}"),
        "insert into s.w select a.id * 1000000 + b.id from s.t a, s.t b where pg_sleep(0.01) is not null".to_owned(),
    ];
    if cfg!(feature = "engine") {
        statements.push(format!("set graticule.route = 'local'; {ENDLESS}"));
        statements.push("set graticule.route = 'local'; select a.id, b.v from s.t a join s.t b on a.id <> b.id join s.t c on c.id <> a.id".to_owned());
    }
    for sql in &statements {
        for block in ["", "begin", "begin; insert into s.w values (1); savepoint a"] {
            if !block.is_empty() {
                client.simple(block).expect("begun");
            }
            let label = format!("{block}; {sql}");
            // By CancelRequest.
            cancel_after(&client, server.port, 150);
            let start = Instant::now();
            let seen = client.exchange(sql);
            let failure = seen.failure.as_ref().unwrap_or_else(|| panic!("{label} ended by itself: {:?}", seen.tags));
            assert_eq!(
                (failure.state.as_str(), failure.message.as_str()),
                ("57014", "canceling statement due to user request"),
                "{label}"
            );
            // The engine looks between batches, which an unoptimised build takes its time for.
            let patience = if sql.starts_with("set") { 60 } else { 4 };
            assert!(start.elapsed() < Duration::from_secs(patience), "{label}: {:?}", start.elapsed());
            assert!(!seen.copy_done && seen.tags.iter().all(|tag| tag == "SET"), "{label}: {:?}", seen.tags);
            if block.is_empty() {
                assert_eq!(seen.status, b'I');
                eventually("it ends on the server", || busy(&mut far, "cancels") == "0");
            } else {
                assert_eq!(seen.status, b'E', "{label}");
                if block.ends_with("savepoint a") {
                    // The connection lives: what came before the savepoint is still there.
                    client.simple("rollback to a").expect("mends");
                    assert_eq!(client.rows("select count(*) from s.w"), ["1"], "{label}");
                    assert_eq!(client.exchange("rollback").status, b'I');
                } else {
                    block_has_failed(&mut client);
                }
                eventually("nothing runs on the server", || busy(&mut far, "cancels") == "0");
            }
            client.simple("reset graticule.route").expect("reset");
            assert_eq!(client.rows("select count(*) from s.t where id < 100"), ["99"]);
        }
        // By statement_timeout.
        client.simple("set statement_timeout = '150ms'").expect("set");
        let start = Instant::now();
        let seen = client.exchange(sql);
        let failure = seen.failure.as_ref().unwrap_or_else(|| panic!("{sql} ended by itself"));
        assert_eq!(
            (failure.state.as_str(), failure.message.as_str()),
            ("57014", "canceling statement due to statement timeout")
        );
        assert!(
            start.elapsed() < Duration::from_secs(if sql.starts_with("set") { 60 } else { 4 }),
            "{sql}: {:?}",
            start.elapsed()
        );
        client.simple("reset statement_timeout; reset graticule.route").expect("reset");
        // By leaving.
        let mut leaving = server.client("cancels");
        leaving.send_query(sql);
        eventually("it runs on the server", || busy(&mut far, "cancels") != "0");
        leaving.cut();
        eventually("it ends on the server", || busy(&mut far, "cancels") == "0");
    }
    assert_eq!(far.rows("select count(*) from s.w"), ["0"]);
    assert!(backends(&mut far, "cancels") <= 3);
}

#[test]
fn a_cancel_hits_its_own_statement_or_none() {
    let Some(oracle) = postgres::shared() else { return };
    oracle.database("races", SCHEMA);
    let server = Graticule::serve("races", &attach("pg", oracle.port, "races", ", max_connections '4'", "s", "s"));
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        // Sessions that nobody cancels, on the connections that cancelled statements give back.
        for _ in 0..2 {
            scope.spawn(|| {
                let mut client = server.client("races");
                while !stop.load(Ordering::SeqCst) {
                    let seen = client.exchange("select count(*), max(id) from s.t");
                    assert!(seen.failure.is_none(), "a cancel hit another session: {:?}", seen.failure);
                }
            });
        }
        // Also when an assertion fails: the scope waits for the others.
        let _stop = Stop(&stop);
        let mut client = server.client("races");
        let (mut cancelled, mut whole) = (0, 0);
        for round in 0..300_u64 {
            let (port, process, secret) = (server.port, client.process_id, client.secret);
            let canceller = std::thread::spawn(move || {
                std::thread::sleep(Duration::from_micros(round * 97 % 30_000));
                cancel(port, process, secret);
            });
            let seen = client.exchange("select id, v from s.t order by id");
            match seen.state() {
                "" => {
                    whole += 1;
                    assert_eq!((seen.rows.len(), &seen.tags[..]), (3000, &["SELECT 3000".to_owned()][..]));
                }
                "57014" => {
                    cancelled += 1;
                    assert!(seen.tags.is_empty());
                }
                state => panic!("{state}: {:?}", seen.failure),
            }
            canceller.join().expect("sent");
            // The request has been taken up: what comes now is not meant.
            assert_eq!(client.rows("select count(*) from s.t"), ["3000"]);
        }
        eprintln!("{cancelled} cancelled, {whole} whole");
        assert!(cancelled > 5 && whole > 5, "{cancelled} cancelled, {whole} whole");
    });
    // Nothing runs: a cancel changes nothing. Another key neither.
    let mut client = server.client("races");
    cancel(server.port, client.process_id, client.secret);
    assert_eq!(client.rows("select count(*) from s.t"), ["3000"]);
    cancel(server.port, client.process_id, client.secret.wrapping_add(1));
    cancel_with_wrong_key(&mut client, server.port);
}

fn cancel_with_wrong_key(client: &mut Client, port: u16) {
    client.send_query("select count(*) from s.t a, s.t b");
    std::thread::sleep(Duration::from_millis(20));
    cancel(port, client.process_id, client.secret.wrapping_add(1));
    assert_eq!(client.rest().state(), "");
}

#[test]
fn a_server_that_falls_silent_does_not_hold_the_client() {
    let Some(oracle) = postgres::shared() else { return };
    oracle.database("silent", SCHEMA);
    let proxy = Proxy::start(oracle.port);
    let server = Graticule::serve(
        "silent",
        &attach("pg", proxy.port, "silent", ", max_connections '2', connect_timeout '2'", "s", "s"),
    );
    let mut client = server.client("silent");
    client.simple("set statement_timeout = '300ms'").expect("set");
    for (block, bytes) in [("", 20_000), ("begin", 20_000), ("", 0), ("begin", 0)] {
        client.exchange(block);
        client.exchange("select 1 from s.t limit 1");
        proxy.arm(bytes, Fault::Silence);
        let start = Instant::now();
        let seen = client.exchange("select id, v from s.t order by id");
        assert_eq!(seen.state(), "57014", "{:?}", seen.failure);
        assert!(seen.tags.is_empty() && seen.rows.len() < 3000);
        assert!(start.elapsed() < Duration::from_secs(8), "{:?}", start.elapsed());
        if !block.is_empty() {
            let start = Instant::now();
            block_has_failed(&mut client);
            assert!(start.elapsed() < Duration::from_secs(8), "ROLLBACK took {:?}", start.elapsed());
        }
        proxy.disarm();
        client.simple("set statement_timeout = 0").expect("set");
        assert_eq!(client.rows("select count(*) from s.t"), ["3000"]);
        client.simple("set statement_timeout = '300ms'").expect("set");
    }
    // What is given up is closed.
    eventually("the silent connections are closed", || {
        server.metric("graticule_pool_connections_in_use{database=\"silent\",server=\"pg\"}") == 0
    });
}

#[test]
fn a_shutdown_lets_transactions_end_and_then_stops_them() {
    let Some(oracle) = postgres::shared() else { return };
    oracle.database("shutdown", SCHEMA);
    let init = attach("pg", oracle.port, "shutdown", "", "s", "s");
    let server = Graticule::configured("shutdown", &init, "[limits]\ndrain_timeout_seconds = 1\n");
    let (mut idle, mut running, mut block) =
        (server.client("shutdown"), server.client("shutdown"), server.client("shutdown"));
    let mut finishing = server.client("shutdown");
    assert_eq!(idle.rows("select 1"), ["1"]);
    finishing.simple("begin; insert into s.w values (1)").expect("a write");
    block.simple("begin; insert into s.w values (2)").expect("a write");
    running.send_query(ENDLESS);
    let mut far = oracle.client("shutdown");
    eventually("it runs on the server", || busy(&mut far, "shutdown") == "3");
    server.terminate();
    // An idle session is told at once, a transaction may still commit.
    assert_eq!(idle.rest().state(), "57P01");
    let committed = finishing.exchange("commit");
    assert!(committed.state() == "" && committed.tags == ["COMMIT"], "{committed:?}");
    assert_eq!(running.rest().state(), "57P01");
    assert_eq!(block.rest().state(), "57P01");
    eventually("nothing is left on the server", || backends(&mut far, "shutdown") == 0);
    assert_eq!(far.rows("select id from s.w"), ["1"]);
}

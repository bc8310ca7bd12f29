//! Clients that read slowly or not at all: the server waits, its memory does not grow.

use std::io::Read;
use std::time::Duration;

use super::{attach, busy, eventually};
use crate::support::graticule::Graticule;
use crate::support::{Client, postgres};

#[test]
fn a_slow_client_slows_the_source() {
    let Some(oracle) = postgres::shared() else { return };
    // 200 MB of rows.
    oracle.database("slow", "create schema s; create table s.t as select i id, repeat('0123456789', 20) v from generate_series(1, 1000000) i");
    let server = Graticule::serve("slow", &attach("pg", oracle.port, "slow", "", "s", "s"));
    let mut far = oracle.client("slow");
    let mut other = server.client("slow");
    assert_eq!(other.rows("select count(*) from s.t where id < 10"), ["9"]);
    let local = if cfg!(feature = "engine") { "set graticule.route = 'local'; " } else { "" };
    #[allow(clippy::type_complexity)]
    let starts: [(&str, &dyn Fn(&mut Client)); 5] = [
        ("select", &|client| client.send_query("select id, v from s.t")),
        ("copy", &|client| client.send_query("copy s.t to stdout")),
        ("binary", &|client| {
            client.send_extended("select id, v from s.t", 1, 0);
            client.send(b'S', b"");
        }),
        ("cursor", &|client| client.send_query("begin; declare c cursor for select id, v from s.t; fetch all from c")),
        ("engine", &|client| client.send_query(&format!("{local}select id, v || 'x' from s.t"))),
    ];
    // Warm: a whole pass of each of the ways that allocate.
    for (_, start) in &starts[..2] {
        let mut client = server.client("slow");
        start(&mut client);
        let mut piece = vec![0; 1 << 20];
        for _ in 0..20 {
            client.stream.read_exact(&mut piece).expect("data");
        }
    }
    eventually("they are gone", || busy(&mut far, "slow") == "0");
    let before = server.memory();
    let mut clients = Vec::new();
    for (name, start) in starts {
        let mut client = server.client("slow");
        start(&mut client);
        let mut piece = vec![0; 64 << 10];
        for _ in 0..20 {
            client.stream.read_exact(&mut piece).expect("data");
            std::thread::sleep(Duration::from_millis(20));
        }
        let grown = server.memory().saturating_sub(before) / 1024;
        eprintln!("{name}: {grown} MB");
        assert!(grown < 120, "{name}: {grown} MB more for clients that do not read");
        // All at once, none of them reading.
        clients.push(client);
    }
    assert_eq!(other.rows("select count(*) from s.t where id < 10"), ["9"]);
    // The far side waits for us, or stands between two fetches.
    let waiting = "select count(*) from pg_stat_activity where datname = 'slow' and application_name = 'graticule'
        and (wait_event = 'ClientWrite' or state = 'idle in transaction')";
    eventually("the sources wait", || far.rows(waiting) == ["5"]);
    // A cancel reaches a statement whose client does not read, once it reads again.
    let (pid, secret) = (clients[0].process_id, clients[0].secret);
    super::cancelled::cancel(server.port, pid, secret);
    let seen = clients[0].drained();
    assert_eq!(seen, "57014");
    drop(clients);
    eventually("nothing runs on the server", || busy(&mut far, "slow") == "0");
}

impl Client {
    /// Reads on from the middle of a message stream that lost its framing: the SQLSTATE of the error at its end.
    fn drained(&mut self) -> String {
        self.stream.set_read_timeout(Some(Duration::from_secs(10))).expect("set");
        let (mut tail, mut piece) = (Vec::new(), vec![0; 256 << 10]);
        loop {
            let count = self.stream.read(&mut piece).expect("an answer");
            tail.extend_from_slice(&piece[..count]);
            let keep = tail.len().saturating_sub(1000);
            tail.drain(..keep);
            if count == 0 || tail.ends_with(b"Z\0\0\0\x05I") {
                let at = tail.windows(2).rposition(|pair| pair == b"\0C").expect("an error");
                return String::from_utf8_lossy(&tail[at + 2..at + 7]).into_owned();
            }
        }
    }
}

//! 1,000 cuts of the connection to a server at random bytes, in every way that rows and writes take.

use std::collections::BTreeMap;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::{Holdings, Witnesses, attach, backends, block_has_failed, busy, eventually};
use crate::support::exchange::Exchange;
use crate::support::graticule::Graticule;
use crate::support::proxy::{Fault, Proxy};
use crate::support::{Client, postgres};

const CUTS: u64 = 1000;

const SCHEMA: &str = "create schema s;
    create table s.t(id int primary key, v text, g geometry(Point,4326));
    insert into s.t select i, repeat('row ', 20) || i, st_setsrid(st_makepoint(i % 180, i % 90), 4326) from generate_series(1, 2000) i;
    create table s.w(id int primary key, n int not null); insert into s.w select i, 0 from generate_series(1, 300) i;
    create table s.log(id bigint primary key);";

const ROWS: &str = "select id, v, g from s.t order by id";

type Rows = Vec<Vec<Option<Vec<u8>>>>;

/// What a cut may meet.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Way {
    Simple,
    Binary,
    Portal,
    Block,
    Cursor,
    CopyText,
    CopyBinary,
    Update,
    BlockUpdate,
    Commit,
    #[cfg(feature = "engine")]
    Engine,
}

const WAYS: &[Way] = &[
    Way::Simple,
    Way::Binary,
    Way::Portal,
    Way::Block,
    Way::Cursor,
    Way::CopyText,
    Way::CopyBinary,
    Way::Update,
    Way::BlockUpdate,
    Way::Commit,
    #[cfg(feature = "engine")]
    Way::Engine,
];

/// The true answers, from the server itself.
struct Truth {
    text: Rows,
    binary: Rows,
    copied: Vec<u8>,
    copied_binary: Vec<u8>,
}

/// A session through the proxy, and what it must see.
struct Trial<'a> {
    client: Client,
    oracle: Client,
    truth: &'a Truth,
    inserted: i64,
}

impl Trial<'_> {
    /// Runs a way to its end, cut or not; answers the SQLSTATE, `""` when it came through.
    fn run(&mut self, way: Way) -> String {
        match way {
            Way::Simple => {
                let seen = self.client.exchange(ROWS);
                self.rows(&seen, &self.truth.text, "SELECT 2000")
            }
            Way::Binary => {
                let seen = self.client.extended(ROWS, 1);
                self.rows(&seen, &self.truth.binary, "SELECT 2000")
            }
            Way::Portal => self.portal(),
            Way::Block => self.block(),
            Way::Cursor => self.cursor(),
            Way::CopyText => self.copy(&format!("copy ({ROWS}) to stdout"), &self.truth.copied),
            Way::CopyBinary => {
                self.copy(&format!("copy ({ROWS}) to stdout (format binary)"), &self.truth.copied_binary)
            }
            Way::Update => self.update(),
            Way::BlockUpdate => self.block_update(),
            Way::Commit => self.commit(),
            #[cfg(feature = "engine")]
            Way::Engine => self.engine(),
        }
    }

    /// The rows are the truth's first ones, and all of them exactly when the command is complete.
    fn rows(&self, seen: &Exchange, truth: &Rows, tag: &str) -> String {
        assert!(seen.rows.len() <= truth.len() && seen.rows[..] == truth[..seen.rows.len()], "other rows");
        match &seen.failure {
            None => assert_eq!((seen.rows.len(), &seen.tags[..]), (truth.len(), &[tag.to_owned()][..])),
            Some(_) => assert!(seen.tags.is_empty(), "complete and failed: {:?}", seen.tags),
        }
        seen.state().to_owned()
    }

    /// Execute with a limit, outside of a block: each piece is suspended or the last.
    fn portal(&mut self) -> String {
        let mut rows = Rows::new();
        self.client.send_extended(ROWS, 0, 300);
        for _ in 0..6 {
            self.client.send(b'E', &[b"\0", &300_i32.to_be_bytes()[..]].concat());
        }
        self.client.send(b'S', b"");
        let seen = self.client.rest();
        rows.extend(seen.rows.iter().cloned());
        assert!(rows[..] == self.truth.text[..rows.len()]);
        // The last piece holds 200 rows and ends the portal.
        assert_eq!(seen.failure.is_none(), seen.tags == ["SELECT 200"], "{:?} {:?}", seen.tags, seen.failure);
        assert_eq!(seen.failure.is_none(), rows.len() == 2000);
        seen.state().to_owned()
    }

    fn block(&mut self) -> String {
        let begun = self.client.exchange("begin");
        assert_eq!(begun.status, b'T');
        let seen = self.client.exchange(ROWS);
        let state = self.rows(&seen, &self.truth.text, "SELECT 2000");
        self.end_block(&seen);
        state
    }

    fn end_block(&mut self, seen: &Exchange) {
        if seen.failure.is_some() {
            assert_eq!(seen.status, b'E');
            block_has_failed(&mut self.client);
        } else {
            assert_eq!(seen.status, b'T');
            self.client.exchange("rollback");
        }
    }

    fn cursor(&mut self) -> String {
        let mut seen = self.client.exchange(&format!("begin; declare c cursor for {ROWS}"));
        let mut rows = Rows::new();
        while seen.failure.is_none() {
            seen = self.client.exchange("fetch 150 from c");
            rows.extend(seen.rows.iter().cloned());
            assert!(rows[..] == self.truth.text[..rows.len()]);
            if seen.failure.is_none() {
                assert_eq!(seen.tags, [format!("FETCH {}", seen.rows.len())]);
                if seen.rows.len() < 150 {
                    assert_eq!(rows.len(), 2000, "the end came early");
                    break;
                }
                assert_eq!(seen.rows.len(), 150);
            }
        }
        let state = seen.state().to_owned();
        self.end_block(&seen);
        state
    }

    fn copy(&mut self, sql: &str, truth: &[u8]) -> String {
        let seen = self.client.exchange(sql);
        assert!(seen.copied.len() <= truth.len() && seen.copied[..] == truth[..seen.copied.len()], "other data");
        match &seen.failure {
            None => assert_eq!(
                (seen.copied.len(), seen.copy_done, &seen.tags[..]),
                (truth.len(), true, &["COPY 2000".to_owned()][..])
            ),
            Some(_) => {
                assert!(!seen.copy_done && seen.tags.is_empty(), "done and failed: {:?}", seen.tags);
                assert!(seen.copied.len() < truth.len(), "whole and failed");
            }
        }
        seen.state().to_owned()
    }

    fn written(&mut self) -> Vec<String> {
        self.oracle.rows("select n, count(*) from s.w group by n order by n")
    }

    /// A write outside of a block: what is reported as done is done, what failed is done wholly or not at all.
    fn update(&mut self) -> String {
        let before = self.written();
        assert_eq!(before.len(), 1);
        let n: i64 = before[0].split('|').next().and_then(|n| n.parse().ok()).expect("a number");
        let seen = self.client.exchange("update s.w set n = n + 1 returning id, n, repeat('z', 50)");
        let next = format!("{}|300", n + 1);
        if seen.failure.is_none() {
            assert_eq!((seen.rows.len(), &seen.tags[..]), (300, &["UPDATE 300".to_owned()][..]));
            assert_eq!(self.written(), [next.as_str()]);
        } else {
            assert!(seen.tags.is_empty());
            eventually("the cut statement ends", || busy(&mut self.oracle, "cuts") == "1");
            let after = self.written();
            assert!(after == before || after == [next], "half a write: {after:?}");
        }
        seen.state().to_owned()
    }

    /// In a block a failed write is never kept.
    fn block_update(&mut self) -> String {
        let before = self.written();
        let mut seen = self.client.exchange("begin; savepoint a");
        assert_eq!(seen.status, b'T');
        seen = self.client.exchange("update s.w set n = n + 1 returning id, repeat('z', 50)");
        let state = seen.state().to_owned();
        if seen.failure.is_some() {
            assert!(seen.tags.is_empty() && seen.status == b'E');
            // Either the server was never reached, or what was done there is gone and cannot be gone on with.
            let back = self.client.exchange("rollback to a");
            if back.failure.is_some() {
                assert_eq!((back.state(), back.status), ("08006", b'E'));
                block_has_failed(&mut self.client);
            } else {
                assert_eq!(state, "08001");
                self.client.exchange("commit");
            }
        } else {
            assert_eq!((seen.rows.len(), &seen.tags[..]), (300, &["UPDATE 300".to_owned()][..]));
            self.client.exchange("rollback");
        }
        eventually("the transaction is gone", || busy(&mut self.oracle, "cuts") == "1");
        assert_eq!(self.written(), before);
        state
    }

    /// A cut at COMMIT: what is reported as committed is.
    fn commit(&mut self) -> String {
        self.inserted += 1;
        let id = self.inserted;
        let mut seen = self.client.exchange(&format!("begin; insert into s.log values ({id})"));
        let failed = seen.failure.is_some();
        if failed {
            block_has_failed(&mut self.client);
        } else {
            seen = self.client.exchange("commit");
            assert_eq!(seen.status, b'I');
        }
        eventually("the transaction is gone", || busy(&mut self.oracle, "cuts") == "1");
        let there = self.oracle.rows(&format!("select count(*) from s.log where id = {id}"));
        match seen.state() {
            "" => assert_eq!((seen.tags.as_slice(), there[0].as_str()), (&["COMMIT".to_owned()][..], "1")),
            "08007" => {}
            _ => assert!(failed && there[0] == "0", "{:?}", seen.failure),
        }
        seen.state().to_owned()
    }

    /// On the engine: an aggregate over a cut scan must not be answered.
    #[cfg(feature = "engine")]
    fn engine(&mut self) -> String {
        self.client.exchange("set graticule.route = 'local'");
        let seen = self.client.exchange("select count(*), sum(id), max(v) from s.t");
        self.client.exchange("reset graticule.route");
        if seen.failure.is_none() {
            let row = [
                Some(&b"2000"[..]),
                Some(b"2001000"),
                Some(b"row row row row row row row row row row row row row row row row row row row row 999"),
            ];
            let found: Vec<_> = seen.rows[0].iter().map(Option::as_deref).collect();
            assert_eq!((seen.rows.len(), &found[..]), (1, &row[..]));
        } else {
            assert!(seen.rows.is_empty() && seen.tags.is_empty());
        }
        seen.state().to_owned()
    }
}

#[test]
fn a_cut_connection_is_an_error_and_never_a_short_answer() {
    let Some(oracle) = postgres::shared() else { return };
    oracle.database("cuts", SCHEMA);
    let proxy = Proxy::start(oracle.port);
    let init = [
        attach("cut", proxy.port, "cuts", ", max_connections '4'", "s", "s"),
        attach("whole", oracle.port, "cuts", ", max_connections '2', application_name 'witness'", "s", "whole"),
    ];
    let server = Graticule::serve("cuts", &init.concat());
    let mut far = oracle.client("cuts");
    let truth = Truth {
        text: far.exchange(ROWS).rows,
        binary: far.extended(ROWS, 1).rows,
        copied: far.exchange(&format!("copy ({ROWS}) to stdout")).copied,
        copied_binary: far.exchange(&format!("copy ({ROWS}) to stdout (format binary)")).copied,
    };
    assert_eq!((truth.text.len(), truth.binary.len()), (2000, 2000));
    // A session that holds a cursor on a connection of the same pool, which is spared.
    let mut holder = server.client("cuts");
    holder
        .simple("begin; declare kept cursor for select id from s.t order by id; fetch 1 from kept")
        .expect("a cursor");
    proxy.spare_open();
    let mut trial = Trial { client: server.client("cuts"), oracle: oracle.client("cuts"), truth: &truth, inserted: 0 };
    // How many bytes each way takes when nothing is cut; the first round also warms up.
    let mut sizes = BTreeMap::new();
    for _ in 0..3 {
        for way in WAYS {
            let before = proxy.passed();
            assert_eq!(trial.run(*way), "", "{way:?}");
            sizes.insert(*way, proxy.passed() - before);
        }
    }
    let mut witnesses = Witnesses::new();
    witnesses.watch(
        server.client("cuts"),
        &["select count(*), sum(id), max(v) from whole.t", "select v, st_astext(g) from whole.t where id = 77"],
    );
    witnesses.watch(server.client("cuts"), &["select 1 + 1, 'x' || current_database()"]);
    let (mut random, mut states) = (StdRng::seed_from_u64(12), BTreeMap::<(Way, String), u32>::new());
    let (mut round, mut held, mut fetched) = (0_usize, None, 1);
    while proxy.faults() < CUTS {
        let way = WAYS[round % WAYS.len()];
        round += 1;
        // A new connection's login comes first: some more bytes than the result's.
        let size = sizes[&way];
        let at = if random.random_bool(0.1) { random.random_range(0..400) } else { random.random_range(0..size + 800) };
        proxy.arm(at, if random.random() { Fault::Close } else { Fault::Reset });
        let state = trial.run(way);
        let cut = !proxy.disarm();
        if !cut {
            assert_eq!(state, "", "{way:?} failed without a cut");
        }
        assert!(["", "08006", "08001", "08007"].contains(&state.as_str()), "{way:?} cut at {at}: {state}");
        assert!(state != "08007" || way == Way::Commit, "{way:?}: {state}");
        *states.entry((way, state)).or_default() += 1;
        if round % 50 == 0 {
            fetched += 1;
            assert_eq!(holder.rows("fetch 1 from kept"), [fetched.to_string()]);
        }
        if proxy.faults() == 100 && held.is_none() {
            held = Some(Holdings::of(&server));
        }
    }
    eprintln!("{round} statements, {} cuts: {states:?}", proxy.faults());
    let of = |state: &str| states.iter().filter(|((_, found), _)| found == state).map(|(_, count)| count).sum::<u32>();
    assert!(of("08006") > 600, "{states:?}");
    for way in WAYS {
        assert_eq!(trial.run(*way), "", "{way:?} heals");
    }
    witnesses.testify(100);
    assert_eq!(holder.rows("select count(*) from s.t"), ["2000"]);
    holder.simple("commit").expect("its transaction lived through it all");
    drop(holder);
    eventually("no lease is left", || {
        server.metric("graticule_pool_connections_in_use{database=\"cuts\",server=\"cut\"}") == 0
    });
    eventually("nothing runs on the server", || busy(&mut trial.oracle, "cuts") == "0");
    assert!(backends(&mut trial.oracle, "cuts") <= 4 && proxy.open() <= 4);
    held.expect("a measure after the first hundred").settles(&server, 32, 6);
}

//! What breaks: connections to servers, servers, clients, statements. The right SQLSTATE each, no partial result that looks whole,
//! nothing leaked, others unharmed.

mod atomic;
mod cancelled;
mod clients;
mod cuts;
mod kills;
mod pools;
mod slow;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::support::Client;
use crate::support::graticule::Graticule;

/// What a Graticule holds when nothing runs.
#[derive(Clone, Copy, Debug)]
struct Holdings {
    memory: u64,
    descriptors: usize,
    tasks: i64,
}

impl Holdings {
    fn of(server: &Graticule) -> Holdings {
        Holdings { memory: server.memory(), descriptors: server.descriptors(), tasks: server.metric("graticule_tasks") }
    }

    /// Waits until a server holds no more than this and a margin; memory in megabytes.
    fn settles(self, server: &Graticule, megabytes: u64, descriptors: usize) {
        let fits = |now: Holdings| {
            now.memory <= self.memory + megabytes * 1024
                && now.descriptors <= self.descriptors + descriptors
                && now.tasks <= self.tasks + descriptors as i64
        };
        let until = Instant::now() + Duration::from_secs(30);
        while !fits(Holdings::of(server)) {
            assert!(Instant::now() < until, "leaked: {self:?} before, {:?} after", Holdings::of(server));
            std::thread::sleep(Duration::from_millis(100));
        }
        eprintln!("held before {self:?}, after {:?}", Holdings::of(server));
    }
}

/// Sessions that go on while others break: each repeats its query, whose rows must not change.
struct Witnesses {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
    answers: Vec<Arc<AtomicU64>>,
}

impl Witnesses {
    fn new() -> Witnesses {
        Witnesses { stop: Arc::default(), threads: Vec::new(), answers: Vec::new() }
    }

    /// A session that repeats these statements; all must give the rows that they gave first.
    fn watch(&mut self, mut client: Client, statements: &'static [&'static str]) {
        let (stop, answers) = (Arc::clone(&self.stop), Arc::<AtomicU64>::default());
        self.answers.push(Arc::clone(&answers));
        let expected: Vec<_> = statements.iter().map(|sql| client.rows(sql)).collect();
        self.threads.push(std::thread::spawn(move || {
            while !stop.load(Ordering::SeqCst) {
                for (sql, expected) in statements.iter().zip(&expected) {
                    let rows = client.query(sql).unwrap_or_else(|failure| panic!("a witness: {sql}: {failure:?}"));
                    assert_eq!(&rows.text(), expected, "a witness: {sql}");
                }
                answers.fetch_add(1, Ordering::SeqCst);
                std::thread::sleep(Duration::from_millis(5));
            }
        }));
    }

    /// Ends them; each must have answered often.
    fn testify(self, at_least: u64) {
        self.stop.store(true, Ordering::SeqCst);
        for thread in self.threads {
            thread.join().expect("a witness saw no fault");
        }
        let counts: Vec<_> = self.answers.iter().map(|count| count.load(Ordering::SeqCst)).collect();
        assert!(counts.iter().all(|count| *count >= at_least), "witnesses answered {counts:?} times");
    }
}

/// Waits for a condition that comes by itself.
fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let until = Instant::now() + Duration::from_secs(20);
    while !holds() {
        assert!(Instant::now() < until, "it never comes: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Backends of Graticule's connectors on a database, but for those that lie idle outside of a transaction.
fn busy(oracle: &mut Client, database: &str) -> String {
    let sql = format!(
        "select count(*) from pg_stat_activity where datname = '{database}' and application_name = 'graticule' and state <> 'idle'"
    );
    oracle.rows(&sql)[0].clone()
}

/// All backends of Graticule's connectors on a database.
fn backends(oracle: &mut Client, database: &str) -> usize {
    let sql = format!(
        "select count(*) from pg_stat_activity where datname = '{database}' and application_name = 'graticule'"
    );
    oracle.rows(&sql)[0].parse().expect("a number")
}

/// CREATE SERVER, USER MAPPING and attach of a schema.
fn attach(server: &str, port: u16, database: &str, options: &str, schema: &str, local: &str) -> String {
    format!(
        "CREATE SERVER {server} FOREIGN DATA WRAPPER postgres OPTIONS (host '127.0.0.1', port '{port}', dbname '{database}'{options});
         CREATE USER MAPPING FOR PUBLIC SERVER {server} OPTIONS (user 'postgres');
         SELECT graticule.attach('{server}', '{schema}', '{local}');"
    )
}

/// After an error in a block: 25P02 until ROLLBACK, which works.
fn block_has_failed(client: &mut Client) {
    let refused = client.exchange("select 1");
    assert_eq!((refused.state(), refused.status), ("25P02", b'E'));
    let ended = client.exchange("rollback");
    assert_eq!((ended.tags.as_slice(), ended.status), (&["ROLLBACK".to_owned()][..], b'I'), "{ended:?}");
    assert_eq!(client.rows("select 1"), ["1"]);
}

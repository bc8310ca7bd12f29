//! What statements read of servers: jobs, rows and bytes, by server and role, since the process began.
//!
//! A [`Usage`] is opened before a statement is sent and closes when its cursor is dropped, however it ends; numbers grow while rows come.

mod cursor;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

pub use self::cursor::metered;

/// The usage of one database (a tenant).
#[derive(Debug, Default)]
pub struct Meter {
    totals: Mutex<BTreeMap<Account, Arc<Totals>>>,
}

/// Who read where.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Account {
    pub server: String,
    /// The role that the statement ran as.
    pub role: String,
}

#[derive(Debug, Default)]
struct Totals {
    jobs: AtomicU64,
    failed: AtomicU64,
    rows: AtomicU64,
    bytes: AtomicU64,
    scanned: AtomicU64,
}

/// The numbers of an account.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Numbers {
    /// Statements sent.
    pub jobs: u64,
    /// Those that ended with an error.
    pub failed: u64,
    /// Rows that came from the server.
    pub rows: u64,
    /// Bytes of those rows here.
    pub bytes: u64,
    /// Bytes that the server says it read for them, where it does.
    pub scanned: u64,
}

impl Meter {
    /// Opens the usage of a statement that is about to be sent.
    pub fn open(&self, server: &str, role: &str) -> Usage {
        let account = Account { server: server.to_owned(), role: role.to_owned() };
        let mut totals = self.totals.lock().unwrap_or_else(PoisonError::into_inner);
        let totals = Arc::clone(totals.entry(account).or_default());
        totals.jobs.fetch_add(1, Ordering::Relaxed);
        Usage { totals, scanned: 0, failed: false }
    }

    /// Every account's numbers.
    pub fn read(&self) -> Vec<(Account, Numbers)> {
        let totals = self.totals.lock().unwrap_or_else(PoisonError::into_inner);
        let read = |number: &AtomicU64| number.load(Ordering::Relaxed);
        let numbers = |totals: &Totals| Numbers {
            jobs: read(&totals.jobs),
            failed: read(&totals.failed),
            rows: read(&totals.rows),
            bytes: read(&totals.bytes),
            scanned: read(&totals.scanned),
        };
        totals.iter().map(|(account, totals)| (account.clone(), numbers(totals))).collect()
    }
}

/// The usage of one statement on one server.
#[derive(Debug)]
pub struct Usage {
    totals: Arc<Totals>,
    /// What of the server's own count is in the totals already.
    scanned: u64,
    failed: bool,
}

impl Usage {
    pub fn fetched(&mut self, rows: usize, bytes: usize) {
        self.totals.rows.fetch_add(rows as u64, Ordering::Relaxed);
        self.totals.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// The server's count of the whole statement so far.
    pub fn scanned(&mut self, bytes: u64) {
        let more = bytes.saturating_sub(self.scanned);
        self.totals.scanned.fetch_add(more, Ordering::Relaxed);
        self.scanned += more;
    }

    /// It ended with an error: counted once.
    pub fn failed(&mut self) {
        if !std::mem::replace(&mut self.failed, true) {
            self.totals.failed.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_by_server_and_role() {
        let meter = Meter::default();
        let mut first = meter.open("s", "ann");
        first.fetched(10, 100);
        first.scanned(500);
        first.scanned(700);
        first.failed();
        first.failed();
        meter.open("s", "ann").fetched(1, 1);
        meter.open("s", "bob").fetched(2, 2);
        meter.open("t", "ann");
        let told: Vec<String> = meter
            .read()
            .into_iter()
            .map(|(account, n)| {
                format!(
                    "{} {} {} {} {} {} {}",
                    account.server, account.role, n.jobs, n.failed, n.rows, n.bytes, n.scanned
                )
            })
            .collect();
        assert_eq!(told, ["s ann 2 1 11 101 700", "s bob 1 0 2 2 0", "t ann 1 0 0 0 0"]);
    }
}

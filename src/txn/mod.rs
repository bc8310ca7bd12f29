//! The session's transaction on its servers: leases taken at first touch, the savepoint stack, one server written.

#[cfg(test)]
mod tests;

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::connector::{Pool, SharedLease};
use crate::error::{Error, Result, SqlState};

/// Microseconds from 1970 to 2000.
const EPOCH_MICROS: i64 = 946_684_800_000_000;

/// `ISOLATION LEVEL`. READ UNCOMMITTED is READ COMMITTED in PostgreSQL.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Isolation {
    #[default]
    ReadCommitted,
    RepeatableRead,
    Serializable,
}

/// What a transaction, or a statement, does to data.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Access {
    Read,
    #[default]
    Write,
}

/// The modes of BEGIN and SET TRANSACTION.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Options {
    pub isolation: Isolation,
    /// `Read`: READ ONLY.
    pub access: Access,
    pub deferrable: bool,
}

impl Options {
    /// For the fragments of one statement: reads with one snapshot per server.
    pub const SNAPSHOT: Options =
        Options { isolation: Isolation::RepeatableRead, access: Access::Read, deferrable: false };

    fn begin(self) -> &'static str {
        match (self.isolation, self.access, self.deferrable) {
            (Isolation::ReadCommitted, Access::Write, _) => "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE",
            (Isolation::ReadCommitted, Access::Read, _) => "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY",
            (Isolation::RepeatableRead, Access::Write, _) => "BEGIN ISOLATION LEVEL REPEATABLE READ READ WRITE",
            (Isolation::RepeatableRead, Access::Read, _) => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
            (Isolation::Serializable, Access::Write, _) => "BEGIN ISOLATION LEVEL SERIALIZABLE READ WRITE",
            (Isolation::Serializable, Access::Read, false) => "BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY",
            (Isolation::Serializable, Access::Read, true) => "BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY DEFERRABLE",
        }
    }
}

/// A transaction. It touches no server until [`Transaction::lease_for`]; dropped without an end, it is rolled back everywhere.
pub struct Transaction {
    options: Options,
    started: i64,
    servers: Vec<Touched>,
    savepoints: Vec<Savepoint>,
    /// Savepoints made so far: servers know them by number, never by the client's name.
    numbered: u64,
}

struct Touched {
    pool: Pool,
    lease: SharedLease,
    written: bool,
}

struct Savepoint {
    name: String,
    number: u64,
}

impl Transaction {
    /// Starts a transaction; its timestamp (`now()`) is taken here.
    pub fn begin(options: Options) -> Transaction {
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let started = i64::try_from(since_1970.as_micros()).unwrap_or(i64::MAX) - EPOCH_MICROS;
        Transaction { options, started, servers: Vec::new(), savepoints: Vec::new(), numbered: 0 }
    }

    /// `now()`: microseconds since 2000-01-01 UTC.
    pub fn started(&self) -> i64 {
        self.started
    }

    pub fn options(&self) -> Options {
        self.options
    }

    /// SET TRANSACTION; 25001 once a server has been touched and the isolation would change.
    pub fn set_options(&mut self, options: Options) -> Result<()> {
        if !self.servers.is_empty() && options != self.options {
            return Err(Error::new(
                SqlState::ACTIVE_SQL_TRANSACTION,
                "SET TRANSACTION ISOLATION LEVEL must be called before any query",
            ));
        }
        self.options = options;
        Ok(())
    }

    /// The transaction's connection to that pool's server: begun at first touch, with the savepoints so far.
    ///
    /// A write to a second server is 0A000: there is no two-phase commit.
    pub async fn lease_for(&mut self, pool: &Pool, access: Access) -> Result<SharedLease> {
        if access == Access::Write {
            if self.options.access == Access::Read {
                return Err(Error::new(SqlState::READ_ONLY_SQL_TRANSACTION, "cannot write in a read-only transaction"));
            }
            if let Pool::Other(server, _) = pool {
                return Err(Error::unsupported(format!("writing to server \"{server}\"")));
            }
            if let Some(other) = self.servers.iter().find(|touched| touched.written && !touched.pool.is(pool)) {
                return Err(Error::unsupported(format!(
                    "writing to server \"{}\" in a transaction that has written to server \"{}\"",
                    pool.server(),
                    other.pool.server()
                ))
                .hint("Commit between the two writes."));
            }
        }
        if let Some(touched) = self.servers.iter_mut().find(|touched| touched.pool.is(pool)) {
            touched.written |= access == Access::Write;
            return Ok(touched.lease.clone());
        }
        if let (Pool::Other(server, _), Isolation::RepeatableRead | Isolation::Serializable) =
            (pool, self.options.isolation)
        {
            return Err(Error::unsupported(format!("a transaction with one snapshot on server \"{server}\""))
                .hint("Use ISOLATION LEVEL READ COMMITTED."));
        }
        let lease = SharedLease::begin(pool, self.options.begin()).await?;
        for savepoint in &self.savepoints {
            lease.command(&numbered("SAVEPOINT ", savepoint.number)).await?;
        }
        let written = access == Access::Write;
        self.servers.push(Touched { pool: pool.clone(), lease: lease.clone(), written });
        Ok(lease)
    }

    /// Names of the servers touched so far, and whether each was written.
    pub fn touched(&self) -> impl Iterator<Item = (&str, bool)> {
        self.servers.iter().map(|touched| (touched.pool.server(), touched.written))
    }

    /// SAVEPOINT name, on every server touched.
    pub async fn savepoint(&mut self, name: &str) -> Result<()> {
        self.numbered += 1;
        let number = self.numbered;
        // On the stack first: what a failure leaves on some servers, ROLLBACK TO or ROLLBACK takes away.
        self.savepoints.push(Savepoint { name: name.to_owned(), number });
        self.everywhere(&numbered("SAVEPOINT ", number)).await
    }

    /// RELEASE SAVEPOINT name: it and those after it go, what was done stays.
    pub async fn release(&mut self, name: &str) -> Result<()> {
        let at = self.find(name)?;
        let number = self.savepoints[at].number;
        self.everywhere(&numbered("RELEASE SAVEPOINT ", number)).await?;
        self.savepoints.truncate(at);
        Ok(())
    }

    /// ROLLBACK TO SAVEPOINT name: those after it go, itself stays. Mends a failed transaction on every server touched.
    pub async fn rollback_to(&mut self, name: &str) -> Result<()> {
        let at = self.find(name)?;
        let number = self.savepoints[at].number;
        self.savepoints.truncate(at + 1);
        self.everywhere(&numbered("ROLLBACK TO SAVEPOINT ", number)).await
    }

    /// Whether that savepoint exists: 3B001 as PostgreSQL says it.
    fn find(&self, name: &str) -> Result<usize> {
        self.savepoints
            .iter()
            .rposition(|savepoint| savepoint.name == name)
            .ok_or_else(|| Error::new(SqlState(*b"3B001"), format!("savepoint \"{name}\" does not exist")))
    }

    async fn everywhere(&self, command: &str) -> Result<()> {
        let mut outcome = Ok(());
        for touched in &self.servers {
            let done = touched.lease.command(command).await.map(|_| ());
            outcome = outcome.and(done);
        }
        outcome
    }

    /// COMMIT: the server that was written first; those that were only read cannot lose anything.
    pub async fn commit(mut self) -> Result<()> {
        let mut servers = std::mem::take(&mut self.servers);
        servers.sort_by_key(|touched| !touched.written);
        let mut outcome = Ok(());
        for touched in servers {
            if outcome.is_err() {
                end(&touched).await;
                continue;
            }
            let tag = touched.lease.command("COMMIT").await;
            touched.lease.release().await;
            match tag {
                Ok(tag) if tag == "COMMIT" => {}
                Ok(_) => outcome = Err(rolled_back(&touched)),
                Err(error) if !touched.written => {
                    tracing::info!(server = touched.lease.server(), %error, "ending a read-only part failed");
                }
                Err(error) if error.state() == SqlState::CONNECTION_FAILURE => outcome = Err(unknown_outcome(&touched)),
                Err(error) => outcome = Err(error),
            }
        }
        outcome
    }

    /// ROLLBACK everywhere. A server that cannot be reached has rolled back already, or will.
    pub async fn rollback(mut self) {
        for touched in std::mem::take(&mut self.servers) {
            end(&touched).await;
        }
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        for touched in &self.servers {
            touched.lease.abandon();
        }
    }
}

impl fmt::Debug for Transaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transaction")
            .field("options", &self.options)
            .field("servers", &self.touched().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

async fn end(touched: &Touched) {
    if let Err(error) = touched.lease.rollback().await {
        tracing::info!(server = touched.lease.server(), %error, "rollback failed; the connection is closed");
    }
    touched.lease.release().await;
}

fn rolled_back(touched: &Touched) -> Error {
    Error::new(SqlState(*b"40000"), format!("server \"{}\" rolled the transaction back", touched.lease.server()))
}

/// 08007: the connection went between COMMIT and its answer.
fn unknown_outcome(touched: &Touched) -> Error {
    Error::new(
        SqlState(*b"08007"),
        format!("the connection to server \"{}\" was lost during COMMIT", touched.lease.server()),
    )
    .detail("Whether the transaction was committed is not known.")
}

/// Transaction control with one of our own savepoint names.
fn numbered(command: &str, number: u64) -> String {
    [command, "graticule_", &number.to_string()].concat()
}

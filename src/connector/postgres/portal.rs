//! Connections shared by the cursors of one transaction: remote portals, each fetched to a stop before the next message.

use std::sync::Arc;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use tokio::sync::{MappedMutexGuard, Mutex, MutexGuard};

use super::cancel::Watch;
use super::connection::{DeadPortals, Limit, Progress};
use super::cursor::{FETCH_BYTES, Statement};
use super::fault::{Fault, canceled, lost};
use super::pool::Lease;
use crate::connector::{Cursor, Execution, Rows};
use crate::error::{Error, Result, SqlState};
use crate::kernels::Formats;

/// The first Execute of a portal asks for no more rows than this, as their width is not known yet.
const FIRST_ROWS: usize = 1024;

/// A lease inside a transaction. Cloning shares the connection; when the transaction ends, its cursors end (34000).
#[derive(Clone)]
pub struct SharedLease {
    lease: Arc<Mutex<Option<Lease>>>,
    server: Arc<str>,
    portals: Arc<AtomicU64>,
}

impl SharedLease {
    pub(super) fn new(lease: Lease) -> SharedLease {
        let server = lease.server().name.as_str().into();
        SharedLease { lease: Arc::new(Mutex::new(Some(lease))), server, portals: Arc::default() }
    }

    /// Takes a lease into a transaction.
    pub async fn begin(lease: Lease, begin: &str) -> Result<SharedLease> {
        let shared = SharedLease::new(lease);
        shared.command(begin).await?;
        Ok(shared)
    }

    pub fn server(&self) -> &str {
        &self.server
    }

    /// As [`Lease::ensure_settings`].
    pub async fn ensure_settings(&self, formats: &Formats) -> Result<()> {
        self.held().await?.connection()?.ensure_settings(formats);
        Ok(())
    }

    /// Opens a statement that is fetched at once: bound and first executed in one round trip, by the first fetch.
    pub async fn open(&self, execution: Execution) -> Result<Box<dyn Cursor>> {
        Ok(Box::new(self.portal(execution, Scope::Transaction).await?))
    }

    /// Opens a cursor that is fetched later (DECLARE CURSOR, a client's portal): bound now, so that it sees the data of now.
    pub async fn open_held(&self, execution: Execution) -> Result<Box<dyn Cursor>> {
        let mut cursor = self.portal(execution, Scope::Transaction).await?;
        cursor.bind().await?;
        Ok(Box::new(cursor))
    }

    /// Opens a portal in a transaction that ends with it.
    pub(super) async fn open_alone(self, execution: Execution) -> Result<Box<dyn Cursor>> {
        self.command("BEGIN").await?;
        let mut cursor = self.portal(execution, Scope::Portal).await?;
        cursor.bind().await?;
        Ok(Box::new(cursor))
    }

    async fn portal(&self, execution: Execution, scope: Scope) -> Result<PortalCursor> {
        let mut held = self.held().await?;
        let (statement, _, watch) = Statement::prepare(&mut held, execution).await?;
        let dead = held.connection()?.dead_portals();
        let name = ["p", &self.portals.fetch_add(1, Ordering::Relaxed).to_string()].concat();
        drop(held);
        Ok(PortalCursor {
            shared: self.clone(),
            statement,
            watch,
            name,
            dead,
            scope,
            state: State::Unbound,
            affected: None,
            row_bytes: 0,
        })
    }

    /// Runs transaction control; answers the command tag. What an abandoned fetch left running is read first.
    pub(crate) async fn command(&self, text: &str) -> Result<String> {
        let mut held = self.held().await?;
        let outcome = held.connection()?.command(text, &mut Watch::never()).await;
        outcome.map_err(|fault| fault.into_own_error(&self.server))
    }

    /// ROLLBACK; what an abandoned fetch left running is cancelled, not waited for.
    pub(crate) async fn rollback(&self) -> Result<String> {
        let mut held = self.held().await?;
        let outcome = held.connection()?.roll_back().await;
        outcome.map_err(|fault| fault.into_own_error(&self.server))
    }

    /// Ends the sharing: the connection goes back to its pool (rolled back first, if the transaction is open).
    pub(crate) async fn release(&self) {
        self.lease.lock().await.take();
    }

    /// Ends the sharing unless a fetch is under way: then its cursor's end does.
    pub(crate) fn abandon(&self) {
        if let Ok(mut lease) = self.lease.try_lock() {
            lease.take();
        }
    }

    async fn held(&self) -> Result<MappedMutexGuard<'_, Lease>> {
        MutexGuard::try_map(self.lease.lock().await, Option::as_mut).map_err(|_| {
            // Only a cursor that outlives its transaction comes here.
            Error::new(SqlState::INVALID_CURSOR_NAME, "the transaction of this cursor has ended")
        })
    }
}

impl std::fmt::Debug for SharedLease {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SharedLease").field("server", &self.server).finish_non_exhaustive()
    }
}

/// What ends with a cursor's end.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Scope {
    /// A transaction that was begun for the portal.
    Portal,
    Transaction,
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum State {
    Unbound,
    Open,
    /// A fetch is under way, or was dropped in the middle: its rows are lost.
    Fetching,
    Done,
}

struct PortalCursor {
    shared: SharedLease,
    statement: Statement,
    watch: Watch,
    name: String,
    dead: DeadPortals,
    scope: Scope,
    state: State,
    affected: Option<u64>,
    /// Mean width of the rows seen so far.
    row_bytes: usize,
}

impl PortalCursor {
    /// Binds without executing.
    async fn bind(&mut self) -> Result<()> {
        let mut held = self.shared.held().await?;
        let prepared = self.statement.prepared(&mut held, &mut self.watch).await?;
        let connection = held.connection()?;
        connection.bind(&self.name, &prepared.name, &self.statement.params, &self.statement.output.formats)?;
        self.state = State::Open;
        connection.send(&mut self.watch).await.map_err(|fault| self.statement.error(fault))?;
        let (mut progress, mut sink) = (Progress::default(), self.statement.output.sink());
        let pumped = connection.pump(&mut progress, &mut sink, Limit::NONE, &mut self.watch).await;
        pumped.map_err(|fault| self.statement.error(fault))?;
        match progress.error {
            Some(error) => {
                if error.is_stale_plan() {
                    connection.unprepare(self.statement.sql.text());
                }
                Err(self.statement.error(Fault::Server(error)))
            }
            None => Ok(()),
        }
    }

    fn rows_to_ask(&self, max_rows: usize) -> i32 {
        let fit = match self.row_bytes {
            0 => FIRST_ROWS,
            width => (FETCH_BYTES / width).max(1),
        };
        i32::try_from(max_rows.clamp(1, fit)).unwrap_or(i32::MAX)
    }

    /// Ends the transaction that was begun for this portal.
    async fn finish(&mut self) -> Result<()> {
        self.state = State::Done;
        if self.scope == Scope::Transaction {
            return Ok(());
        }
        let tag = self.shared.command("COMMIT").await;
        self.shared.release().await;
        if tag? != "COMMIT" {
            return Err(lost(&self.statement.server, "The transaction was rolled back."));
        }
        Ok(())
    }

    fn forget_portal(&self) {
        self.dead.lock().unwrap_or_else(PoisonError::into_inner).push(self.name.clone());
    }
}

#[async_trait]
impl Cursor for PortalCursor {
    async fn fetch(&mut self, max_rows: usize) -> Result<Option<Rows>> {
        match self.state {
            State::Done => return Ok(None),
            State::Fetching => return Err(Error::internal("a fetch was dropped, so its rows are lost")),
            State::Unbound | State::Open => {}
        }
        if self.watch.is_cancelled() {
            return Err(canceled());
        }
        let count = self.rows_to_ask(max_rows);
        let mut held = self.shared.held().await?;
        let prepared = match self.state {
            State::Unbound => Some(self.statement.prepared(&mut held, &mut self.watch).await?),
            _ => None,
        };
        let connection = held.connection()?;
        if let Some(prepared) = &prepared {
            connection.bind(&self.name, &prepared.name, &self.statement.params, &self.statement.output.formats)?;
        } else {
            connection.begin(&mut self.watch).await.map_err(|fault| self.statement.error(fault))?;
        }
        connection.execute(&self.name, count)?;
        self.state = State::Fetching;
        connection.send(&mut self.watch).await.map_err(|fault| self.statement.error(fault))?;
        let (mut progress, mut sink) = (Progress::default(), self.statement.output.sink());
        let pumped = connection.pump(&mut progress, &mut sink, Limit::NONE, &mut self.watch).await;
        pumped.map_err(|fault| self.statement.error(fault))?;
        if let Some(error) = progress.error {
            if error.is_stale_plan() {
                connection.unprepare(self.statement.sql.text());
            }
            return Err(self.statement.error(Fault::Server(error)));
        }
        drop(held);
        if sink.count() > 0 {
            self.row_bytes = (sink.bytes() / sink.count()).max(1);
        }
        let rows = sink.finish()?;
        self.state = State::Open;
        if progress.tag.is_some() {
            self.affected = progress.affected();
            self.forget_portal();
            self.finish().await?;
        } else if !progress.suspended {
            return Err(Error::internal("a portal neither ended nor paused"));
        }
        Ok(rows)
    }

    fn affected(&self) -> Option<u64> {
        self.affected
    }

    async fn close(&mut self) -> Result<()> {
        match self.state {
            State::Done => Ok(()),
            State::Unbound | State::Open => {
                self.forget_portal();
                self.finish().await
            }
            State::Fetching => {
                self.forget_portal();
                self.state = State::Done;
                if self.scope == Scope::Portal {
                    // Dropping a busy lease cancels what runs and rolls back.
                    self.shared.release().await;
                }
                Ok(())
            }
        }
    }
}

impl Drop for PortalCursor {
    fn drop(&mut self) {
        if self.state != State::Done {
            self.forget_portal();
        }
    }
}

//! The connections of one (server, credential identity): bounded, waited for, checked, given back only when clean.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout};

use super::connection::Connection;
use super::cursor::StreamCursor;
use super::options::{Credentials, PostgresServer};
use super::portal::SharedLease;
use crate::connector::{Counters, Cursor, Execution};
use crate::error::{Error, Result, SqlState};
use crate::kernels::Formats;

/// A pool of connections. Cloning shares it.
///
/// It is per (tenant, server, credential identity): whoever holds a pool acts as its user.
#[derive(Clone)]
pub struct Pool {
    inner: Arc<Inner>,
}

struct Inner {
    server: Arc<PostgresServer>,
    credentials: Credentials,
    permits: Arc<Semaphore>,
    idle: Mutex<Vec<(Connection, Instant)>>,
    open: Arc<AtomicUsize>,
    closed: AtomicBool,
    reaper: AtomicBool,
}

/// Counts a connection for as long as it lives.
pub(super) struct OpenCount(Arc<AtomicUsize>);

impl OpenCount {
    fn new(count: &Arc<AtomicUsize>) -> OpenCount {
        count.fetch_add(1, Ordering::Relaxed);
        OpenCount(Arc::clone(count))
    }
}

impl Drop for OpenCount {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Pool {
    /// An empty pool; it connects when asked for a lease.
    pub fn new(server: PostgresServer, credentials: Credentials) -> Pool {
        let permits = Arc::new(Semaphore::new(server.max_connections));
        Pool {
            inner: Arc::new(Inner {
                server: Arc::new(server),
                credentials,
                permits,
                idle: Mutex::default(),
                open: Arc::default(),
                closed: AtomicBool::new(false),
                reaper: AtomicBool::new(false),
            }),
        }
    }

    pub fn server(&self) -> &PostgresServer {
        &self.inner.server
    }

    /// True when both are the same pool.
    pub fn is(&self, other: &Pool) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner)
    }

    pub fn counters(&self) -> Counters {
        Counters {
            open: self.inner.open.load(Ordering::Relaxed),
            in_use: self.inner.server.max_connections - self.inner.permits.available_permits(),
            idle: self.inner.idle().len(),
        }
    }

    /// A connection of one's own. Waits up to `pool_timeout` for a free one, then 53300. Safe to drop while waiting.
    pub async fn lease(&self) -> Result<Lease> {
        let inner = &self.inner;
        inner.start_reaper();
        let permit = match timeout(inner.server.pool_timeout, Arc::clone(&inner.permits).acquire_owned()).await {
            Ok(permit) => permit.map_err(|_| Error::internal("a pool was closed"))?,
            Err(_) => return Err(self.full()),
        };
        while let Some((mut connection, since)) = inner.take_idle() {
            if since.elapsed() < inner.server.idle_timeout && !connection.is_stale() {
                connection.forget_settings();
                return Ok(Lease::new(connection, inner, permit));
            }
        }
        let count = OpenCount::new(&inner.open);
        let connection = Connection::connect(Arc::clone(&inner.server), &inner.credentials, count).await?;
        Ok(Lease::new(connection, inner, permit))
    }

    fn full(&self) -> Error {
        let server = &self.inner.server;
        Error::new(
            SqlState::TOO_MANY_CONNECTIONS,
            format!("all {} connections to server \"{}\" are in use", server.max_connections, server.name),
        )
        .hint("Raise the server option \"max_connections\" or \"pool_timeout\", or run fewer statements at once.")
    }

    /// Closes idle connections now, and leased ones when they come back: after ALTER SERVER or a changed user mapping.
    pub fn close(&self) {
        self.inner.closed.store(true, Ordering::Relaxed);
        self.inner.idle().clear();
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("server", &self.inner.server.name)
            .field("user", &self.inner.credentials.user)
            .field("counters", &self.counters())
            .finish()
    }
}

impl Inner {
    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<(Connection, Instant)>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The one used last: its caches are warm, and the others may age.
    fn take_idle(&self) -> Option<(Connection, Instant)> {
        self.idle().pop()
    }

    fn put_idle(&self, connection: Connection) {
        if !self.closed.load(Ordering::Relaxed) {
            self.idle().push((connection, Instant::now()));
        }
    }

    /// Starts the task that discards what lies idle for too long; it ends with the pool.
    fn start_reaper(self: &Arc<Inner>) {
        if self.reaper.swap(true, Ordering::Relaxed) {
            return;
        }
        let pool = Arc::downgrade(self);
        let period = (self.server.idle_timeout / 2).clamp(Duration::from_millis(500), Duration::from_secs(30));
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(period).await;
                let Some(inner) = Weak::upgrade(&pool) else { return };
                for connection in inner.expired() {
                    connection.close().await;
                }
            }
        });
    }

    fn expired(&self) -> Vec<Connection> {
        let limit = self.server.idle_timeout;
        let mut idle = self.idle();
        let (old, fresh): (Vec<_>, Vec<_>) =
            std::mem::take(&mut *idle).into_iter().partition(|(_, since)| since.elapsed() >= limit);
        *idle = fresh;
        old.into_iter().map(|(connection, _)| connection).collect()
    }
}

/// A connection taken from its pool. On drop it goes back when it is clean; else it is cleaned in the background (what runs is
/// cancelled, an open transaction rolled back) or closed.
pub struct Lease {
    connection: Option<Connection>,
    pool: Arc<Inner>,
    permit: Option<OwnedSemaphorePermit>,
}

impl Lease {
    fn new(connection: Connection, pool: &Arc<Inner>, permit: OwnedSemaphorePermit) -> Lease {
        Lease { connection: Some(connection), pool: Arc::clone(pool), permit: Some(permit) }
    }

    /// Its connection. 08006 never comes from here: a lost connection says so when it is used.
    pub(super) fn connection(&mut self) -> Result<&mut Connection> {
        self.connection.as_mut().ok_or_else(|| Error::internal("a lease without a connection"))
    }

    pub fn server(&self) -> &PostgresServer {
        &self.pool.server
    }

    /// Sets TimeZone, DateStyle, IntervalStyle, extra_float_digits and bytea_output for the statements of this lease.
    /// Costs a round trip only when the connection has others. A new lease has the defaults (UTC, ISO).
    pub fn ensure_settings(&mut self, formats: &Formats) {
        if let Some(connection) = &mut self.connection {
            connection.ensure_settings(formats);
        }
    }

    /// Runs a statement in a transaction of its own, wholly: one write, and one read when the result is small. Rows come as
    /// they are fetched. The connection goes back to the pool at the end of the result; a cursor that is closed or dropped
    /// before is cancelled at the server and what it did rolled back.
    pub async fn open(self, execution: Execution) -> Result<Box<dyn Cursor>> {
        Ok(Box::new(StreamCursor::open(self, execution).await?))
    }

    /// Opens a portal in a transaction of its own that runs only as far as it is fetched; closing it commits that much. For a
    /// client's Execute with a row limit outside of a transaction.
    pub async fn open_held(self, execution: Execution) -> Result<Box<dyn Cursor>> {
        SharedLease::new(self).open_alone(execution).await
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease").field("server", &self.pool.server.name).finish_non_exhaustive()
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(mut connection) = self.connection.take() else { return };
        if connection.is_clean() {
            self.pool.put_idle(connection);
            return;
        }
        let (pool, permit) = (Arc::clone(&self.pool), self.permit.take());
        let Ok(runtime) = Handle::try_current() else { return };
        runtime.spawn(async move {
            if connection.is_usable() {
                if connection.clean_up().await {
                    pool.put_idle(connection);
                }
            } else if !connection.is_answered() {
                // The server may not notice for long that its client is gone.
                let canceller = connection.canceller();
                drop(connection);
                canceller.cancel().await;
            }
            drop(permit);
        });
    }
}

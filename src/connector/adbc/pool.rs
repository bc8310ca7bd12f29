//! The worker of one (database, server, credential identity), and its connections: bounded, waited for, made anew after a crash.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arrow::datatypes::Schema;
use arrow::record_batch::RecordBatch;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::channel::Channel;
use super::cursor::AdbcCursor;
use super::process::Process;
use super::protocol::{self, Failure, Info, Kind, Launch, Reply, Request};
use crate::connector::{Counters, Cursor, Execution, fault};
use crate::error::{Error, Result, SqlState};
use crate::types::{Datum, PgType};

/// What differs between the engines behind drivers.
pub(in crate::connector) trait Flavour: fmt::Debug + Send + Sync {
    /// The SQLSTATE and the primary message of an error of the engine.
    fn error(&self, failure: &Failure) -> (SqlState, String);

    /// The SQLSTATE of a failure to connect, where the driver's own says something else.
    fn connect_state(&self, _failure: &Failure) -> Option<SqlState> {
        None
    }

    /// Does the failure mean that the connection is gone?
    fn is_lost(&self, failure: &Failure) -> bool {
        failure.kind == Kind::Connection
    }

    /// Are geometries sent with their SRID?
    fn sends_ewkb(&self) -> bool {
        false
    }

    /// An option of the statement that names it at the engine: the next statement's.
    fn tag(&self) -> Option<(String, String)> {
        None
    }
}

/// How many, and how long.
#[derive(Clone, Copy, Debug)]
pub(in crate::connector) struct Limits {
    pub max_connections: usize,
    pub pool_timeout: Duration,
    pub connect_timeout: Duration,
}

/// The connections of one identity. They share a worker process.
#[derive(Clone)]
pub(in crate::connector) struct Pool {
    inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub(super) server: Arc<str>,
    pub(super) flavour: Box<dyn Flavour>,
    launch: Launch,
    limits: Limits,
    permits: Arc<Semaphore>,
    /// The worker; locked while one starts, so that one starts.
    process: tokio::sync::Mutex<Option<Arc<Process>>>,
    idle: Mutex<Vec<Channel>>,
    closed: AtomicBool,
    #[cfg(test)]
    threaded: bool,
}

/// A connection taken from its pool. On drop it goes back when nothing is under way on it.
pub(super) struct Lease {
    channel: Option<Channel>,
    pub(super) pool: Arc<Inner>,
    _permit: OwnedSemaphorePermit,
}

impl Pool {
    /// An empty pool; the worker starts at the first lease.
    pub fn new(server: &str, launch: Launch, limits: Limits, flavour: Box<dyn Flavour>) -> Pool {
        Pool {
            inner: Arc::new(Inner {
                server: server.into(),
                flavour,
                launch,
                limits,
                permits: Arc::new(Semaphore::new(limits.max_connections)),
                process: tokio::sync::Mutex::default(),
                idle: Mutex::default(),
                closed: AtomicBool::new(false),
                #[cfg(test)]
                threaded: true,
            }),
        }
    }

    pub fn server(&self) -> &str {
        &self.inner.server
    }

    /// Runs a printed statement.
    pub async fn open(&self, execution: Execution) -> Result<Box<dyn Cursor>> {
        let lease = tokio::select! {
            biased;
            () = execution.cancel.cancelled() => return Err(fault::canceled()),
            lease = self.lease() => lease?,
        };
        Ok(Box::new(AdbcCursor::open(lease, execution).await?))
    }

    /// Runs a statement of our own over the engine's catalog; `values` are its text parameters.
    pub async fn query(&self, sql: &str, values: &[&str]) -> Result<(Schema, Vec<RecordBatch>)> {
        let mut lease = self.lease().await?;
        let params = super::params::texts(values)?;
        let (schema, _) = self.executed(&mut lease, &self.inner.execute(sql), &params).await?;
        let mut batches = Vec::new();
        loop {
            match self.call(&mut lease, &Request::Fetch { rows: 65_536, bytes: 16 << 20 }, &[]).await? {
                (Reply::Rows, payload) => batches.extend(protocol::decode(&payload).map_err(Error::internal)?.1),
                (Reply::End, _) => return Ok((schema, batches)),
                (other, _) => return Err(Error::internal(format!("a worker answered {other:?} to a fetch"))),
            }
        }
    }

    /// The rows of a statement of our own, each column as that type; `value` is its text parameter.
    pub async fn rows(&self, sql: &str, value: Option<&str>, wanted: &[PgType]) -> Result<Vec<Vec<Datum>>> {
        let values: Vec<&str> = value.into_iter().collect();
        let (schema, batches) = self.query(sql, &values).await?;
        super::convert::datums(&schema, &batches, wanted)
    }

    /// What the driver tells of its database.
    pub(super) async fn info(&self) -> Result<Info> {
        match self.call(&mut self.lease().await?, &Request::Info, &[]).await? {
            (Reply::Info(info), _) => Ok(info),
            (other, _) => Err(Error::internal(format!("a worker answered {other:?} to a question"))),
        }
    }

    /// What the driver lists: objects, or a table's schema.
    pub(super) async fn listed(&self, request: &Request) -> Result<(Schema, Vec<RecordBatch>)> {
        self.executed(&mut self.lease().await?, request, &[]).await
    }

    async fn executed(
        &self,
        lease: &mut Lease,
        request: &Request,
        payload: &[u8],
    ) -> Result<(Schema, Vec<RecordBatch>)> {
        match self.call(lease, request, payload).await? {
            (Reply::Executed, payload) => protocol::decode(&payload).map_err(Error::internal),
            (other, _) => Err(Error::internal(format!("a worker answered {other:?} to a statement"))),
        }
    }

    /// A request of our own: a failure names the server.
    async fn call(&self, lease: &mut Lease, request: &Request, payload: &[u8]) -> Result<(Reply, Vec<u8>)> {
        let server = &self.inner.server;
        match lease.channel()?.call(request, payload).await.map_err(|error| lost(server, error))? {
            (Reply::Failed(failure), _) => {
                let (state, message) = self.inner.flavour.error(&failure);
                Err(Error::new(state, format!("server \"{server}\": {message}")))
            }
            answered => Ok(answered),
        }
    }

    pub fn counters(&self) -> Counters {
        let idle = self.inner.idle().len();
        let in_use = self.inner.limits.max_connections - self.inner.permits.available_permits();
        Counters { open: in_use + idle, in_use, idle }
    }

    /// Takes no connection back any more; the worker ends with the last one.
    pub fn close(&self) {
        self.inner.closed.store(true, Ordering::Relaxed);
        self.inner.idle().clear();
        if let Ok(mut process) = self.inner.process.try_lock() {
            *process = None;
        }
    }

    /// A connection. Waits up to `pool_timeout` for a free one, then 53300.
    async fn lease(&self) -> Result<Lease> {
        let inner = &self.inner;
        let permit = match timeout(inner.limits.pool_timeout, Arc::clone(&inner.permits).acquire_owned()).await {
            Ok(permit) => permit.map_err(|_| Error::internal("a pool was closed"))?,
            Err(_) => {
                let all = inner.limits.max_connections;
                let message = format!("all {all} connections to server \"{}\" are in use", inner.server);
                return Err(Error::new(SqlState::TOO_MANY_CONNECTIONS, message));
            }
        };
        let process = inner.process().await?;
        let known = loop {
            let channel = inner.idle().pop();
            match channel {
                Some(channel) if channel.is_free() && Arc::ptr_eq(channel.process(), &process) => break Some(channel),
                Some(_) => {}
                None => break None,
            }
        };
        let mut lease = Lease { channel: None, pool: Arc::clone(inner), _permit: permit };
        match known {
            Some(channel) => lease.channel = Some(channel),
            None => {
                let mut channel = process.channel();
                let opened = timeout(inner.limits.connect_timeout, channel.call(&Request::Open, &[])).await;
                let opened = opened.map_err(|_| fault::unreachable(&inner.server, "it did not answer in time"))?;
                match opened.map_err(|error| lost(&inner.server, error))?.0 {
                    Reply::Done => lease.channel = Some(channel),
                    Reply::Failed(failure) => return Err(inner.not_connected(failure)),
                    other => return Err(Error::internal(format!("a worker answered {other:?} to a connect"))),
                }
            }
        }
        Ok(lease)
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("server", &self.inner.server)
            .field("driver", &self.inner.launch.driver)
            .field("counters", &self.counters())
            .finish_non_exhaustive()
    }
}

impl Inner {
    fn idle(&self) -> MutexGuard<'_, Vec<Channel>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The worker; a new one when there is none or it has ended.
    async fn process(&self) -> Result<Arc<Process>> {
        let mut held = self.process.lock().await;
        if let Some(process) = held.as_ref().filter(|process| process.is_alive()) {
            return Ok(Arc::clone(process));
        }
        *held = None;
        self.idle().clear();
        let started = timeout(self.limits.connect_timeout, self.start()).await;
        let process = started.map_err(|_| fault::unreachable(&self.server, "its driver did not answer in time"))??;
        *held = Some(Arc::clone(&process));
        Ok(process)
    }

    async fn start(&self) -> Result<Arc<Process>> {
        #[cfg(test)]
        if self.threaded {
            return Process::thread(&self.server, &self.launch).await;
        }
        Process::start(&self.server, &self.launch).await
    }

    /// The request for a statement, with its tag.
    pub(super) fn execute(&self, sql: &str) -> Request {
        let tag = self.flavour.tag();
        if let Some((_, tag)) = &tag {
            tracing::debug!(server = &*self.server, tag, "statement");
        }
        Request::Execute { sql: sql.to_owned(), options: tag.into_iter().collect() }
    }

    fn not_connected(&self, failure: Failure) -> Error {
        let state = self.flavour.connect_state(&failure);
        let sqlstate = state.map(|state| state.code().to_owned()).or(failure.sqlstate);
        Failure { sqlstate, ..failure }.into_connect_error(&self.server)
    }

    /// Ends a worker whose driver does not stop, unless others work in it.
    pub(super) fn give_up(&self, channel: &Channel) {
        if channel.process().channels() <= 1 + self.idle().len() {
            tracing::warn!(
                server = &*self.server,
                "the driver does not stop a cancelled statement: its process is ended"
            );
            channel.process().kill();
        }
    }
}

impl Lease {
    pub(super) fn channel(&mut self) -> Result<&mut Channel> {
        self.channel.as_mut().ok_or_else(|| Error::internal("a lease without a connection"))
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(channel) = self.channel.take() else { return };
        if channel.is_free() && !self.pool.closed.load(Ordering::Relaxed) {
            self.pool.idle().push(channel);
        }
    }
}

/// 08006 in the words of a lost connection.
pub(super) fn lost(server: &str, error: Error) -> Error {
    if error.state() != SqlState::CONNECTION_FAILURE {
        return error;
    }
    fault::lost(server, error.message())
}

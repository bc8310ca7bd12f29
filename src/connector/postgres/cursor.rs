//! The cursor over a statement that runs wholly on a connection of its own.

use std::sync::Arc;

use async_trait::async_trait;

use super::cancel::Watch;
use super::connection::{Limit, Progress, Pumped};
use super::decode::Output;
use super::encode::{self, Param};
use super::fault::{Fault, canceled};
use super::pool::Lease;
use super::prepared::Prepared;
use crate::connector::{Cursor, Execution, Rows};
use crate::dialect::TargetSql;
use crate::error::{Error, Result};

/// About how many bytes one fetch gathers: what bounds memory when rows are wide.
pub(super) const FETCH_BYTES: usize = 4 * 1024 * 1024;

/// The server sends as fast as its client reads: rows wait in the socket, not in memory.
pub(super) struct StreamCursor {
    /// Gone at the end of the result.
    lease: Option<Lease>,
    statement: Statement,
    progress: Progress,
    watch: Watch,
}

/// A statement ready to be bound.
pub(super) struct Statement {
    pub sql: TargetSql,
    pub server: Arc<str>,
    pub params: Vec<Param>,
    pub oids: Vec<u32>,
    pub output: Output,
}

impl Statement {
    /// Prepares it on that lease's connection and checks what it will return.
    pub async fn prepare(lease: &mut Lease, execution: Execution) -> Result<(Statement, Arc<Prepared>, Watch)> {
        let mut watch = Watch::new(execution.cancel);
        let server: Arc<str> = lease.server().name.as_str().into();
        let connection = lease.connection()?;
        let types = Arc::clone(connection.types());
        let sql = execution.sql;
        let statement = Statement {
            params: encode::params(&sql, &execution.params, &types)?,
            oids: encode::oids(&sql, &types)?,
            output: Output::new(sql.columns(), execution.relay.as_deref(), types)?,
            server,
            sql,
        };
        let prepared = statement.prepared(lease, &mut watch).await?;
        Ok((statement, prepared, watch))
    }

    /// The prepared statement, made anew when the server's answer has changed since.
    pub async fn prepared(&self, lease: &mut Lease, watch: &mut Watch) -> Result<Arc<Prepared>> {
        if watch.is_cancelled() {
            return Err(canceled());
        }
        let connection = lease.connection()?;
        let mut anew = false;
        loop {
            let prepared = connection.prepare(self.sql.text(), &self.oids, watch).await;
            let prepared = prepared.map_err(|fault| fault.into_error(&self.server, &self.sql))?;
            let Err(error) = prepared.check(self.sql.columns(), connection.types()) else { return Ok(prepared) };
            connection.unprepare(self.sql.text());
            if anew {
                // The extension may have been made anew, with other oids: this connection has learnt the old ones.
                connection.discard_when_free();
                return Err(error);
            }
            // What was kept may be older than what bind knows.
            anew = true;
        }
    }

    /// The client's error for a fault of this statement.
    pub fn error(&self, fault: impl Into<Fault>) -> Error {
        fault.into().into_error(&self.server, &self.sql)
    }
}

impl StreamCursor {
    pub async fn open(mut lease: Lease, execution: Execution) -> Result<StreamCursor> {
        let (statement, prepared, watch) = Statement::prepare(&mut lease, execution).await?;
        let mut cursor = StreamCursor { lease: Some(lease), statement, progress: Progress::default(), watch };
        cursor.send(&prepared).await?;
        Ok(cursor)
    }

    /// Prepares again what no longer fits, and sends it.
    async fn send_anew(&mut self) -> Result<()> {
        let lease = self.lease.as_mut().ok_or_else(|| Error::internal("a cursor without a connection"))?;
        let prepared = self.statement.prepared(lease, &mut self.watch).await?;
        self.send(&prepared).await
    }

    async fn send(&mut self, prepared: &Prepared) -> Result<()> {
        let lease = self.lease.as_mut().ok_or_else(|| Error::internal("a cursor without a connection"))?;
        let connection = lease.connection()?;
        connection.bind("", &prepared.name, &self.statement.params, &self.statement.output.formats)?;
        connection.execute("", 0)?;
        connection.send(&mut self.watch).await.map_err(|fault| self.statement.error(fault))
    }

    /// Stops a cancelled statement and reads off what was on the way; one that had ended already has ended well.
    async fn stop(&mut self) -> Result<Option<Rows>> {
        let Some(mut lease) = self.lease.take() else { return Ok(None) };
        let connection = lease.connection()?;
        connection.interrupt(&mut self.watch).await;
        let mut lost = 0;
        loop {
            let mut sink = Output::discard();
            let limit = Limit { rows: usize::MAX, bytes: FETCH_BYTES };
            let pumped = connection.pump(&mut self.progress, &mut sink, limit, &mut self.watch).await;
            lost += sink.count();
            if pumped.map_err(|fault| self.statement.error(fault))? == Pumped::Ready {
                break;
            }
        }
        match self.progress.error.take() {
            Some(error) => Err(self.statement.error(Fault::Server(error))),
            None if lost > 0 => Err(canceled()),
            None => Ok(None),
        }
    }
}

#[async_trait]
impl Cursor for StreamCursor {
    async fn fetch(&mut self, max_rows: usize) -> Result<Option<Rows>> {
        if self.watch.is_cancelled() {
            return self.stop().await;
        }
        let mut retried = false;
        loop {
            let Some(lease) = &mut self.lease else { return Ok(None) };
            let mut sink = self.statement.output.sink();
            let limit = Limit { rows: max_rows.max(1), bytes: FETCH_BYTES };
            let connection = lease.connection()?;
            let pumped = connection.pump(&mut self.progress, &mut sink, limit, &mut self.watch).await;
            match pumped {
                Ok(Pumped::Full) => return sink.finish(),
                Ok(Pumped::Ready) if self.progress.is_stale() && !retried => {
                    retried = true;
                    lease.connection()?.unprepare(self.statement.sql.text());
                    self.progress = Progress::default();
                    self.send_anew().await?;
                }
                Ok(Pumped::Ready) => {
                    self.lease = None;
                    return match self.progress.error.take() {
                        Some(error) => Err(self.statement.error(Fault::Server(error))),
                        None => sink.finish(),
                    };
                }
                Err(fault) => {
                    self.lease = None;
                    return Err(self.statement.error(fault));
                }
            }
        }
    }

    fn affected(&self) -> Option<u64> {
        self.progress.affected()
    }

    async fn close(&mut self) -> Result<()> {
        // A lease in mid-result cancels and drains in the background before its connection serves another.
        self.lease = None;
        Ok(())
    }
}

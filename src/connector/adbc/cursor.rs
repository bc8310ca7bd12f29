//! The cursor over a statement in a worker.

use std::time::Duration;

use async_trait::async_trait;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::convert::Converter;
use super::params;
use super::pool::{Lease, lost};
use super::protocol::{self, Kind, Reply, Request};
use crate::connector::fault::{canceled, withheld};
use crate::connector::ready::Ready;
use crate::connector::{Cursor, Execution, Rows};
use crate::dialect::TargetSql;
use crate::error::{Error, Result, SqlState};

/// What one request asks for. One portion is converted while the worker fetches the next.
const ROWS: usize = 8192;
const BYTES: usize = 4 << 20;
/// How long a cancelled statement may take to stop before its connection is given up.
const STOPPING: Duration = Duration::from_secs(10);

pub(super) struct AdbcCursor {
    /// Gone at the end of the result.
    lease: Option<Lease>,
    sql: TargetSql,
    converter: Converter,
    ready: Ready,
    cancel: CancellationToken,
}

impl AdbcCursor {
    pub async fn open(mut lease: Lease, execution: Execution) -> Result<AdbcCursor> {
        let Execution { sql, params, relay: _, cancel } = execution;
        let bound = params::encode(sql.params(), &params, lease.pool.flavour.sends_ewkb())?;
        let request = lease.pool.execute(sql.text());
        lease.channel()?.send(&request, &bound)?;
        let payload = match reply(&mut lease, &cancel, &sql).await? {
            (Reply::Executed, payload) => payload,
            (other, _) => return Err(unexpected(&other)),
        };
        let (schema, _) = protocol::decode(&payload).map_err(Error::internal)?;
        let converter = match Converter::new(&schema, sql.columns()) {
            Ok(converter) => converter,
            Err(error) => {
                lease.channel()?.call(&Request::Finish, &[]).await?;
                return Err(error);
            }
        };
        let mut cursor = AdbcCursor { lease: Some(lease), sql, converter, ready: Ready::default(), cancel };
        cursor.ask()?;
        Ok(cursor)
    }

    /// Asks for the next portion.
    fn ask(&mut self) -> Result<()> {
        match &mut self.lease {
            Some(lease) => lease.channel()?.send(&Request::Fetch { rows: ROWS, bytes: BYTES }, &[]),
            None => Ok(()),
        }
    }

    /// Takes the portion asked for; false at the end.
    async fn receive(&mut self) -> Result<bool> {
        let Some(lease) = &mut self.lease else { return Ok(false) };
        match reply(lease, &self.cancel, &self.sql).await {
            Ok((Reply::Rows, payload)) => {
                self.ask()?;
                let (_, batches) = protocol::decode(&payload).map_err(Error::internal)?;
                for batch in batches {
                    self.ready.push(self.converter.convert(&batch)?);
                }
                Ok(true)
            }
            Ok((Reply::End, _)) => {
                self.lease = None;
                Ok(false)
            }
            Ok((other, _)) => Err(unexpected(&other)),
            Err(error) => {
                self.lease = None;
                Err(error)
            }
        }
    }
}

/// The reply to what was sent; a fired cancel goes to the driver, and what the statement does then is waited for.
async fn reply(lease: &mut Lease, cancel: &CancellationToken, sql: &TargetSql) -> Result<(Reply, Vec<u8>)> {
    let pool = std::sync::Arc::clone(&lease.pool);
    let channel = lease.channel()?;
    let stopped = tokio::select! {
        biased;
        reply = channel.reply() => Some(reply),
        () = cancel.cancelled() => None,
    };
    let stopping = stopped.is_none();
    let answered = match stopped {
        Some(answered) => answered,
        None => {
            channel.cancel();
            match timeout(STOPPING, channel.reply()).await {
                Ok(answered) => answered,
                Err(_) => {
                    pool.give_up(channel);
                    return Err(canceled());
                }
            }
        }
    };
    match answered.map_err(|error| lost(&pool.server, error))? {
        (Reply::End, payload) => Ok((Reply::End, payload)),
        (Reply::Failed(failure), _) => {
            // A failed statement is over.
            channel.call(&Request::Finish, &[]).await.map_err(|error| lost(&pool.server, error))?;
            if stopping || failure.kind == Kind::Cancelled {
                return Err(canceled());
            }
            if pool.flavour.is_lost(&failure) {
                return Err(lost(&pool.server, Error::new(SqlState::CONNECTION_FAILURE, failure.message)));
            }
            let (state, message) = pool.flavour.error(&failure);
            Err(client_error(&pool.server, sql, state, message))
        }
        _ if stopping => {
            // It answered before it heard of the cancel.
            channel.call(&Request::Finish, &[]).await.map_err(|error| lost(&pool.server, error))?;
            Err(canceled())
        }
        answered => Ok(answered),
    }
}

/// What the client is told of an engine's error.
fn client_error(server: &str, sql: &TargetSql, state: SqlState, message: String) -> Error {
    withheld(server, sql, state, &message).unwrap_or_else(|| Error::new(state, message))
}

fn unexpected(reply: &Reply) -> Error {
    Error::internal(format!("a worker answered {reply:?} to a statement"))
}

#[async_trait]
impl Cursor for AdbcCursor {
    async fn fetch(&mut self, max_rows: usize) -> Result<Option<Rows>> {
        if self.cancel.is_cancelled() && self.lease.is_some() {
            self.close().await?;
            return Err(canceled());
        }
        while self.ready.is_empty() {
            if !self.receive().await? {
                return Ok(None);
            }
        }
        Ok(self.ready.take(max_rows))
    }

    async fn close(&mut self) -> Result<()> {
        self.ready.clear();
        let Some(mut lease) = self.lease.take() else { return Ok(()) };
        // What is under way is stopped, so that the connection is free at once.
        let channel = lease.channel()?;
        channel.cancel();
        channel.send(&Request::Finish, &[])?;
        if timeout(STOPPING, channel.reply()).await.is_err() {
            let pool = std::sync::Arc::clone(&lease.pool);
            pool.give_up(lease.channel()?);
        }
        Ok(())
    }
}

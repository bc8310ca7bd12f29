//! A large result through the Storage Read API: one stream of record batches from the table that the job wrote.
//!
//! One stream keeps the table's order, which is the statement's. A stream that breaks is read on from the row after the last one that came,
//! on a new connection; so no row is lost or doubled.

use std::time::Duration;

use arrow::record_batch::RecordBatch;
use reqwest::header::HeaderValue;
use serde::Deserialize;
use tokio_util::sync::CancellationToken;

use super::arrow::Messages;
use super::client::Client;
use super::fault::broken;
use super::grpc::{Channel, Failure, Status, code};
use super::proto;
use crate::connector::fault::{canceled, lost, unreachable, withheld};
use crate::dialect::TargetSql;
use crate::error::{Error, Result, SqlState};

/// How often something is tried, at most, before a row comes.
const ATTEMPTS: u32 = 7;
/// Who is not there is not waited for long.
const REACHES: u32 = 2;
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(15);

/// The name of a table.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Table {
    project_id: String,
    dataset_id: String,
    table_id: String,
}

impl Table {
    fn path(&self) -> String {
        ["projects/", &self.project_id, "/datasets/", &self.dataset_id, "/tables/", &self.table_id].concat()
    }
}

/// Why a table is not read so.
pub(super) enum Refusal {
    /// There is no such service: pages are read.
    Absent(String),
    Told(Error),
}

/// A table that is being read.
pub(super) struct Reading {
    client: Client,
    sql: TargetSql,
    stream: String,
    messages: Messages,
    schema: Vec<u8>,
    channel: Option<Channel>,
    /// Is the call begun on the channel?
    reads: bool,
    /// Rows that were given.
    rows: u64,
    tries: Tries,
}

/// What was tried since the last progress.
#[derive(Default)]
struct Tries {
    attempts: u32,
    reaches: u32,
    token: Option<HeaderValue>,
    renewed: bool,
}

impl Tries {
    /// Waits before the next attempt; the error when there is none.
    async fn again(&mut self, failure: Failure) -> Result<(), Failure> {
        self.attempts += 1;
        let may = match &failure {
            Failure::Unreached(_) => {
                self.reaches += 1;
                self.reaches < REACHES
            }
            Failure::Broken(_) => true,
            Failure::Own(_) => false,
            Failure::Told(status) if status.code == code::UNAUTHENTICATED => {
                // The token ended: another one, once, at once.
                return if std::mem::replace(&mut self.renewed, true) { Err(failure) } else { Ok(()) };
            }
            Failure::Told(status) => matches!(
                status.code,
                code::ABORTED
                    | code::DEADLINE_EXCEEDED
                    | code::INTERNAL
                    | code::RESOURCE_EXHAUSTED
                    | code::UNAVAILABLE
                    | code::UNKNOWN
            ),
        };
        if !may || self.attempts >= ATTEMPTS {
            return Err(failure);
        }
        tracing::debug!(?failure, attempts = self.attempts, "asking again");
        tokio::time::sleep((FIRST_WAIT * 2_u32.pow(self.attempts - 1)).min(LONGEST_WAIT)).await;
        Ok(())
    }

    /// The token to send: another one than the one that was refused.
    async fn token(&mut self, client: &Client) -> Result<Option<HeaderValue>> {
        let refused = self.token.take().filter(|_| self.renewed);
        self.token = client.token(refused.as_ref()).await?;
        Ok(self.token.clone())
    }
}

impl Reading {
    /// Begins to read; no row has come yet.
    pub async fn open(client: &Client, sql: &TargetSql, table: &Table, trace: &str) -> Result<Reading, Refusal> {
        let mut tries = Tries::default();
        loop {
            let token = tries.token(client).await.map_err(Refusal::Told)?;
            let (channel, session) = match create(client, table, trace, token.as_ref()).await {
                Ok(created) => created,
                Err(failure) => match tries.again(failure).await {
                    Ok(()) => continue,
                    Err(Failure::Unreached(why)) => return Err(Refusal::Absent(why)),
                    Err(Failure::Told(Status { code: code::UNIMPLEMENTED, message })) => {
                        return Err(Refusal::Absent(message));
                    }
                    Err(failure) => return Err(Refusal::Told(told(client, sql, failure))),
                },
            };
            let strange = |why: String| Refusal::Told(broken(client.server(), &why));
            // A table without rows may have no stream; it is too small to be read here.
            let stream = session.streams.into_iter().next();
            let stream = stream.ok_or_else(|| Refusal::Absent("a session without a stream".to_owned()))?;
            let messages = Messages::new(&session.schema).map_err(strange)?;
            return Ok(Reading {
                client: client.clone(),
                sql: sql.clone(),
                stream,
                messages,
                schema: session.schema,
                channel: Some(channel),
                reads: false,
                rows: 0,
                tries: Tries { token, ..Tries::default() },
            });
        }
    }

    /// The next batches; `None` at the end. 57014 when `cancel` fires: the stream is dropped.
    pub async fn next(&mut self, cancel: &CancellationToken) -> Result<Option<Vec<RecordBatch>>> {
        let came = tokio::select! {
            biased;
            () = cancel.cancelled() => Err(canceled()),
            came = self.come() => came,
        };
        if came.is_err() {
            self.channel = None;
        }
        came
    }

    async fn come(&mut self) -> Result<Option<Vec<RecordBatch>>> {
        loop {
            let failure = match self.message().await {
                Ok(None) => return Ok(None),
                Ok(Some(message)) => {
                    let batches = self.batches(&message).map_err(|why| broken(self.client.server(), &why))?;
                    self.tries = Tries { token: self.tries.token.take(), ..Tries::default() };
                    if batches.iter().any(|batch| batch.num_rows() > 0) {
                        return Ok(Some(batches));
                    }
                    continue;
                }
                Err(failure) => failure,
            };
            // From the next row on, on a new connection.
            self.channel = None;
            match self.tries.again(failure).await {
                Ok(()) => {}
                // It was there when the stream began.
                Err(Failure::Unreached(why)) => return Err(lost(self.client.server(), why)),
                Err(failure) => return Err(told(&self.client, &self.sql, failure)),
            }
        }
    }

    /// The next response of the stream.
    async fn message(&mut self) -> Result<Option<Vec<u8>>, Failure> {
        let channel = match &mut self.channel {
            Some(channel) => channel,
            none => {
                self.reads = false;
                none.insert(self.client.channel().await?)
            }
        };
        if !self.reads {
            let token = self.tries.token(&self.client).await.map_err(Failure::Own)?;
            let route = ["read_stream=", &encoded(&self.stream)].concat();
            let message = proto::read_rows(&self.stream, self.rows);
            channel.call(READ_ROWS, &route, token.as_ref(), &message).await?;
            self.reads = true;
            // What a broken stream left is not read on.
            self.messages = Messages::new(&self.schema).map_err(Failure::Broken)?;
        }
        channel.message().await
    }

    fn batches(&mut self, message: &[u8]) -> Result<Vec<RecordBatch>, String> {
        let rows = proto::rows(message).map_err(|proto::Malformed| "A response is not of its form.")?;
        let Some(batch) = rows.batch else {
            return if rows.count == 0 { Ok(Vec::new()) } else { Err("Rows came in another format.".to_owned()) };
        };
        let batches = self.messages.batches(&batch).map_err(|why| format!("A batch of rows is not whole: {why}."))?;
        let found: u64 = batches.iter().map(|batch| batch.num_rows() as u64).sum();
        if found != rows.count {
            return Err(format!("A batch has {found} rows, not {}.", rows.count));
        }
        self.rows += found;
        Ok(batches)
    }
}

const CREATE: &str = "/google.cloud.bigquery.storage.v1.BigQueryRead/CreateReadSession";
const READ_ROWS: &str = "/google.cloud.bigquery.storage.v1.BigQueryRead/ReadRows";

async fn create(
    client: &Client,
    table: &Table,
    trace: &str,
    token: Option<&HeaderValue>,
) -> Result<(Channel, proto::Session), Failure> {
    let mut channel = client.channel().await?;
    let path = table.path();
    let parent = ["projects/", &client.options().project].concat();
    let route = ["read_session.table=", &encoded(&path)].concat();
    let message = proto::create_read_session(&parent, &path, trace);
    channel.call(CREATE, &route, token, &message).await?;
    let answer = channel.message().await?.ok_or_else(|| Failure::Broken("no session was made".to_owned()))?;
    let session = proto::session(&answer).map_err(|_| Failure::Broken("a session is not of its form".to_owned()))?;
    // Its end, so that the next call has the connection.
    while channel.message().await?.is_some() {}
    Ok((channel, session))
}

/// For the header that routes.
fn encoded(text: &str) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~');
    text.bytes().fold(String::new(), |mut out, byte| {
        match plain(&byte) {
            true => out.push(byte.into()),
            false => out.push_str(&format!("%{byte:02X}")),
        }
        out
    })
}

/// What the client of a statement is told.
fn told(client: &Client, sql: &TargetSql, failure: Failure) -> Error {
    let server = client.server();
    let status = match failure {
        Failure::Unreached(why) => return unreachable(server, why),
        Failure::Broken(why) => return lost(server, why),
        Failure::Own(error) => return error,
        Failure::Told(status) => status,
    };
    let state = match status.code {
        code::PERMISSION_DENIED => SqlState::INSUFFICIENT_PRIVILEGE,
        code::RESOURCE_EXHAUSTED => SqlState::CONFIGURATION_LIMIT_EXCEEDED,
        code::UNAUTHENTICATED => SqlState::INVALID_AUTHORIZATION,
        code::ABORTED | code::DEADLINE_EXCEEDED | code::INTERNAL | code::NOT_FOUND | code::UNAVAILABLE => {
            return lost(server, format!("The Storage Read API says: {}", status.message));
        }
        _ => SqlState::FDW_ERROR,
    };
    let error = withheld(server, sql, state, &status.message).unwrap_or_else(|| Error::new(state, status.message));
    error.hint("With the server's option storage_read_rows '0' rows come in pages, without the Storage Read API.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_are_encoded() {
        assert_eq!(encoded("projects/p-1/tables/a$b c"), "projects%2Fp-1%2Ftables%2Fa%24b%20c");
    }

    #[tokio::test]
    async fn what_may_be_tried_again_is() {
        let told = |code: u32| Failure::Told(Status { code, message: String::new() });
        for (code, tries) in
            [(code::UNAUTHENTICATED, 1), (code::PERMISSION_DENIED, 0), (code::NOT_FOUND, 0), (code::UNIMPLEMENTED, 0)]
        {
            let mut state = Tries::default();
            let mut found = 0;
            while state.again(told(code)).await.is_ok() {
                found += 1;
            }
            assert_eq!(found, tries, "{code}");
        }
        let mut state = Tries::default();
        assert!(state.again(Failure::Unreached(String::new())).await.is_ok());
        assert!(state.again(Failure::Unreached(String::new())).await.is_err());
    }
}

//! One connection in a worker, from the server's side: numbered requests, replies in order.

use std::sync::Arc;

use tokio::sync::mpsc::UnboundedReceiver;

use super::process::Process;
use super::protocol::{Failure, Frame, Kind, Reply, Request};
use crate::error::{Error, Result, SqlState};

/// A channel. Dropped, it leaves the worker, which ends its connection.
#[derive(Debug)]
pub(super) struct Channel {
    process: Arc<Process>,
    channel: u32,
    replies: UnboundedReceiver<Frame>,
    /// The last request sent; replies to earlier ones are not wanted any more.
    number: u32,
    answered: u32,
}

impl Channel {
    pub(super) fn numbered(process: Arc<Process>, channel: u32) -> Channel {
        let replies = process.listen(channel);
        Channel { process, channel, replies, number: 0, answered: 0 }
    }

    pub fn process(&self) -> &Arc<Process> {
        &self.process
    }

    /// Can it take a new request: the worker lives, and nothing is under way?
    pub fn is_free(&self) -> bool {
        self.process.is_alive() && self.number == self.answered
    }

    /// Sends a request; its reply is taken by [`Channel::reply`].
    pub fn send(&mut self, request: &Request, payload: &[u8]) -> Result<()> {
        self.number += 1;
        self.process.send(self.channel, self.number, request, payload)
    }

    /// The reply to the last request. Safe to drop while waiting. 08006 when the worker ends before.
    pub async fn reply(&mut self) -> Result<(Reply, Vec<u8>)> {
        loop {
            let Some(frame) = self.replies.recv().await else {
                return Err(Error::new(SqlState::CONNECTION_FAILURE, self.process.reason()));
            };
            self.answered = self.answered.max(frame.number);
            if frame.number == self.number {
                let reply = frame.message().map_err(Error::internal)?;
                return Ok((reply, frame.payload));
            }
        }
    }

    pub async fn call(&mut self, request: &Request, payload: &[u8]) -> Result<(Reply, Vec<u8>)> {
        self.send(request, payload)?;
        self.reply().await
    }

    /// Stops what was asked for so far.
    pub fn cancel(&self) {
        // A cancel is small: it is not refused for its length.
        let _ = self.process.send(self.channel, self.number, &Request::Cancel, &[]);
    }
}

impl Drop for Channel {
    fn drop(&mut self) {
        if self.number != self.answered {
            self.cancel();
        }
        let _ = self.process.send(self.channel, self.number, &Request::Leave, &[]);
        self.process.forget(self.channel);
    }
}

impl Failure {
    /// For the way to the engine: no client's statement is concerned.
    pub(super) fn into_connect_error(self, server: &str) -> Error {
        let state = match (self.kind, self.sqlstate.as_deref().and_then(SqlState::parse)) {
            (_, Some(state)) => state,
            (Kind::Denied, None) => SqlState::INVALID_AUTHORIZATION,
            (_, None) => SqlState(*b"08001"),
        };
        Error::new(state, format!("could not connect to server \"{server}\"")).detail(self.message)
    }
}

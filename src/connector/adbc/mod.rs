//! Backends that are reached through an ADBC driver library.
//!
//! A driver is foreign code (C++, or Go with its own runtime) in the process that loads it. So it never runs in the server: each
//! (database, server, credential identity) has a **worker process** of our own binary (`graticule adbc-worker`) that loads the driver and
//! answers over a socket. A crash ends that worker only: what ran in it gets 08006, and the next statement starts a new one.
//!
//! ```text
//! server process                                          worker process
//! Pool ─ Channel ─┐                                  ┌─ thread ─ ADBC connection
//! Pool ─ Channel ─┼─ Process ═ socket pair, frames ══┼─ thread ─ ADBC connection
//!    (cursor)     ┘   (reader and writer tasks)      └─ cancels run beside them
//! ```
//!
//! Rows come when they are asked for (`protocol::Request::Fetch`), as Arrow IPC, so neither side holds more than two portions of a result.
//! The worker holds one end of a socket pair as its standard input: when the server goes, the socket ends and so does the worker.
//! Credentials go over the socket, never through arguments or the environment.

mod any;
mod channel;
mod convert;
mod cursor;
mod driver;
mod json;
mod list;
mod params;
mod pool;
mod process;
pub(super) mod protocol;
mod worker;

#[cfg(test)]
mod tests;

pub(super) use self::any::AnyWrapper;
pub(super) use self::convert::{check_kind, ewkb};
pub(super) use self::driver::DRIVER_OPTIONS;
use self::json::says as says_json;
pub(super) use self::pool::{Flavour, Limits, Pool};
pub(super) use self::protocol::{Failure, Kind, Launch};
pub use self::worker::run as run_worker;

use crate::error::{Error, Result, SqlState};
use crate::types::Datum;

/// A text of a source's catalog, which must be there.
pub(super) fn text(value: Option<&Datum>) -> Result<&str> {
    value.and_then(Datum::as_str).ok_or_else(missing)
}

/// A value of a source's catalog is not there.
pub(super) fn missing() -> Error {
    Error::internal("a row of the source's catalog has another shape")
}

/// What a template of a dialect raises says its own state, somewhere in the engine's words: `graticule 22012: division by zero`.
pub(super) fn raised(message: &str) -> Option<(SqlState, &str)> {
    let (state, text) = message.split_once("graticule ")?.1.split_once(": ")?;
    Some((SqlState::parse(state)?, text))
}

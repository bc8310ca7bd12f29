//! Connectors: how a printed statement runs on a server. One folder a backend; the cursor contract is common.

pub mod adbc;
mod bigquery;
mod duckdb;
mod fault;
mod options;
pub mod postgres;
mod ready;
mod registry;
mod rest;
mod snowflake;
mod trino;

use async_trait::async_trait;
use bytes::Bytes;

use arrow::array::Array;
use arrow::record_batch::RecordBatch;

use crate::dialect::TargetSql;
use crate::error::Result;
use crate::types::Datum;

pub use self::registry::{
    Connector, Counters, FieldType, Lease, Options, Pool, RemoteField, RemoteTable, RemoteTables, SharedLease,
    WRAPPERS, Wrapper, check_mapping, check_server, default_schema, max_leaf_bytes, needs_mapping, wrapper,
};

/// A wire format of one column: what the client asked for.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Format {
    Binary,
    Text,
}

/// The rows of one `fetch`. A clone shares them.
#[derive(Clone, Debug)]
pub enum Rows {
    /// Columns in the storage of `types::storage`, one field per output column.
    Batch(RecordBatch),
    /// Complete PostgreSQL DataRow messages ('D', length, body), back to back, already in the client's formats.
    Framed { frames: Bytes, count: usize },
}

impl Rows {
    pub fn count(&self) -> usize {
        match self {
            Rows::Batch(batch) => batch.num_rows(),
            Rows::Framed { count, .. } => *count,
        }
    }

    /// The bytes of the rows alone, where buffers hold more.
    pub fn bytes(&self) -> usize {
        match self {
            Rows::Batch(batch) => {
                batch.columns().iter().map(|column| column.to_data().get_slice_memory_size().unwrap_or(0)).sum()
            }
            Rows::Framed { frames, .. } => frames.len(),
        }
    }
}

/// An open result: rows come when asked for, so memory is bounded and a slow client slows the source.
/// Dropping a cursor without `close` must not hurt its connection's other users (the lease marks it and cleans up).
#[async_trait]
pub trait Cursor: Send {
    /// At most `max_rows` rows (fewer is allowed); `None` at the end.
    async fn fetch(&mut self, max_rows: usize) -> Result<Option<Rows>>;

    /// Rows changed, once the cursor is at its end, for INSERT/UPDATE/DELETE; `None` for SELECT.
    fn affected(&self) -> Option<u64> {
        None
    }

    /// Bytes that the source says it has read so far for this statement, where it says that.
    fn scanned(&self) -> Option<u64> {
        None
    }

    /// Ends the result early and frees what the source holds for it.
    async fn close(&mut self) -> Result<()>;
}

/// What a statement needs at open.
pub struct Execution {
    pub sql: TargetSql,
    /// One value per `sql.params()`.
    pub params: Vec<Datum>,
    /// `Some`: the client's result formats, one per column; a connector of the PostgreSQL family may then answer `Rows::Framed`.
    pub relay: Option<Vec<Format>>,
    /// Cancels the statement when it fires: client cancel, disconnect, statement_timeout.
    pub cancel: tokio_util::sync::CancellationToken,
}

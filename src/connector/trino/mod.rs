//! The `trino` connector: Trino's REST client protocol.
//!
//! A statement is posted, and its answers are pages: each names the next one, and the server works only as far as pages are asked for. So a
//! cursor is one query there, holds one page, and ends it with a DELETE. Pages can be asked for again, which makes a lost or truncated
//! answer harmless. A server with a spooling manager is asked for segments instead (`spool`): its workers write them to an object store, and
//! they are read from there; any other server answers with rows in its pages.

mod client;
mod convert;
mod cursor;
mod describe;
mod fault;
mod options;
mod params;
mod spool;
mod types;

use std::sync::Arc;

use async_trait::async_trait;

use self::client::Client;
use self::options::{Identity, Trino};
use super::{Connector, Counters, Cursor, Execution, Options, RemoteTables, Wrapper};
use crate::dialect::TargetSql;
use crate::error::Result;

/// `FOREIGN DATA WRAPPER trino`.
pub(super) struct TrinoWrapper;

impl Wrapper for TrinoWrapper {
    fn check_server(&self, _server: &str, options: &Options) -> Result<()> {
        Trino::parse(options).map(|_| ())
    }

    fn check_mapping(&self, _server: &str, options: &Options) -> Result<()> {
        Identity::parse(options).map(|_| ())
    }

    fn needs_mapping(&self) -> bool {
        true
    }

    fn default_schema(&self) -> &'static str {
        "default"
    }

    fn connect(&self, server: &str, options: &Options, mapping: &Options) -> Result<Arc<dyn Connector>> {
        let client = Client::new(server, Trino::parse(options)?, &Identity::parse(mapping)?)?;
        Ok(Arc::new(TrinoConnector { client }))
    }
}

#[derive(Debug)]
struct TrinoConnector {
    client: Client,
}

#[async_trait]
impl Connector for TrinoConnector {
    async fn open(&self, execution: Execution) -> Result<Box<dyn Cursor>> {
        Ok(Box::new(cursor::TrinoCursor::open(&self.client, execution).await?))
    }

    async fn estimate(&self, sql: &TargetSql) -> Result<Option<u64>> {
        describe::estimate(&self.client, sql).await
    }

    async fn describe(&self, schema: &str) -> Result<RemoteTables> {
        describe::describe(&self.client, schema).await
    }

    fn counters(&self) -> Counters {
        self.client.counters()
    }

    fn close(&self) {
        self.client.close();
    }
}

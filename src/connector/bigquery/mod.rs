//! The `bigquery` connector: BigQuery's REST API (`jobs.query` in short-query mode, `getQueryResults` page by page), and for large results
//! its Storage Read API (`storage`: Arrow over `grpc`).
//!
//! Every statement only reads and has a request id of its own: asking again after a lost answer gives the same job, never a second row.
//! What runs is stopped by `jobs.cancel`. Geography comes as WKB, moments as microseconds, everything else as its text.

mod arrow;
mod auth;
mod client;
mod cursor;
mod decode;
mod describe;
mod fault;
mod grpc;
mod options;
mod proto;
mod storage;
mod types;

use std::sync::Arc;

use async_trait::async_trait;

use self::client::Client;
use self::cursor::BigqueryCursor;
use self::options::{Bigquery, Credentials};
use super::{Connector, Counters, Cursor, Execution, Options, RemoteTables, Wrapper};
use crate::dialect::TargetSql;
use crate::error::Result;

/// `FOREIGN DATA WRAPPER bigquery`.
pub(super) struct BigqueryWrapper;

impl Wrapper for BigqueryWrapper {
    fn check_server(&self, _server: &str, options: &Options) -> Result<()> {
        Bigquery::parse(options).map(|_| ())
    }

    fn check_mapping(&self, _server: &str, options: &Options) -> Result<()> {
        Credentials::parse(options).map(|_| ())
    }

    fn needs_mapping(&self) -> bool {
        true
    }

    fn default_schema(&self) -> &'static str {
        "public"
    }

    fn connect(&self, server: &str, options: &Options, mapping: &Options) -> Result<Arc<dyn Connector>> {
        let parsed = Bigquery::parse(options)?;
        let credentials = Credentials::parse(mapping)?;
        Ok(Arc::new(BigqueryConnector { client: Client::new(server, parsed, credentials)? }))
    }
}

#[derive(Debug)]
struct BigqueryConnector {
    client: Client,
}

#[async_trait]
impl Connector for BigqueryConnector {
    async fn open(&self, execution: Execution) -> Result<Box<dyn Cursor>> {
        Ok(Box::new(BigqueryCursor::open(self.client.clone(), execution).await?))
    }

    async fn estimate(&self, sql: &TargetSql) -> Result<Option<u64>> {
        cursor::dry_run(&self.client, sql, &[]).await
    }

    async fn describe(&self, schema: &str) -> Result<RemoteTables> {
        describe::describe(&self.client, schema).await
    }

    fn counters(&self) -> Counters {
        let active = self.client.active();
        Counters { open: active, in_use: active, idle: 0 }
    }

    fn close(&self) {}
}

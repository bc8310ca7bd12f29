//! The `snowflake` connector: Snowflake through its ADBC driver library.
//!
//! The library runs in a worker process (`connector::adbc`), one session of Snowflake a connection. Sessions are pinned: zone UTC, one
//! statement a request, identifiers as they are quoted. Each statement carries a tag of its own (`QUERY_TAG`), which the log of the server
//! names too, so that it is found in Snowflake's QUERY_HISTORY.

mod describe;
mod fault;
mod options;
mod types;

use std::sync::Arc;

use async_trait::async_trait;

use self::fault::SnowflakeFlavour;
use self::options::{Credentials, Snowflake};
use super::adbc::Pool;
use super::{Connector, Counters, Cursor, Execution, Options, RemoteTables, Wrapper};
use crate::error::Result;

/// `FOREIGN DATA WRAPPER snowflake`.
pub(super) struct SnowflakeWrapper;

impl Wrapper for SnowflakeWrapper {
    fn check_server(&self, server: &str, options: &Options) -> Result<()> {
        Snowflake::parse(server, options).map(|_| ())
    }

    fn check_mapping(&self, _server: &str, options: &Options) -> Result<()> {
        Credentials::parse(options).map(|_| ())
    }

    fn needs_mapping(&self) -> bool {
        true
    }

    fn default_schema(&self) -> &'static str {
        "PUBLIC"
    }

    fn capitals(&self) -> bool {
        true
    }

    fn connect(&self, server: &str, options: &Options, mapping: &Options) -> Result<Arc<dyn Connector>> {
        let parsed = Snowflake::parse(server, options)?;
        let launch = parsed.launch(&Credentials::parse(mapping)?);
        let pool = Pool::new(server, launch, parsed.limits, Box::new(SnowflakeFlavour::default()));
        Ok(Arc::new(SnowflakeConnector { pool, reading: parsed.reading }))
    }
}

#[derive(Debug)]
struct SnowflakeConnector {
    pool: Pool,
    reading: types::Reading,
}

#[async_trait]
impl Connector for SnowflakeConnector {
    async fn open(&self, execution: Execution) -> Result<Box<dyn Cursor>> {
        self.pool.open(execution).await
    }

    async fn describe(&self, schema: &str) -> Result<RemoteTables> {
        describe::describe(&self.pool, &self.reading, schema).await
    }

    fn counters(&self) -> Counters {
        self.pool.counters()
    }

    fn close(&self) {
        self.pool.close();
    }
}

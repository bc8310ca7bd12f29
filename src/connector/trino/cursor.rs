//! The cursor over a query: one page, or one segment, at a time.

use async_trait::async_trait;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::client::{Client, Page, Query};
use super::convert::Converter;
use super::params;
use super::spool::Spool;
use crate::connector::fault::canceled;
use crate::connector::ready::Ready;
use crate::connector::{Cursor, Execution, Rows};
use crate::dialect::TargetSql;
use crate::error::{Error, Result};

pub(super) struct TrinoCursor {
    server: String,
    query: Query,
    sql: TargetSql,
    /// Known from the first page that names the columns.
    converter: Option<Converter>,
    /// Segments of the last page that were not read yet.
    spool: Spool,
    /// Rows of the last page or segment that were not given yet.
    ready: Ready,
    scanned: Option<u64>,
    cancel: CancellationToken,
}

impl TrinoCursor {
    /// Posts the statement and waits until its columns are known, which is when it runs.
    pub async fn open(client: &Client, execution: Execution) -> Result<TrinoCursor> {
        let Execution { sql, params, relay: _, cancel } = execution;
        let server = client.server().to_owned();
        let text = params::bound(&sql, &params)?;
        let (query, page) = match client.start(&text, true, cancel.clone()).await {
            Ok(started) => started,
            Err(fault) => return Err(fault.into_error(&server, &sql)),
        };
        let (spool, ready) = (Spool::new(client.clone()), Ready::default());
        let mut cursor = TrinoCursor { server, query, sql, converter: None, spool, ready, scanned: None, cancel };
        cursor.take(page)?;
        while cursor.converter.is_none() {
            if !cursor.advance().await? {
                return Err(Error::internal("a query of Trino ended without columns"));
            }
        }
        Ok(cursor)
    }

    /// Takes the next segment or page; false at the end.
    async fn advance(&mut self) -> Result<bool> {
        match self.spool.next(&self.cancel).await {
            Ok(None) => {}
            Ok(Some(rows)) => {
                self.rows(&rows)?;
                return Ok(true);
            }
            Err(error) => {
                self.spool.clear();
                if let Err(error) = self.query.end().await {
                    tracing::debug!(server = self.server, %error, "a query may run on");
                }
                return Err(error);
            }
        }
        match self.query.next().await {
            Ok(None) => Ok(false),
            Ok(Some(page)) => {
                self.take(page)?;
                Ok(true)
            }
            Err(fault) if self.cancel.is_cancelled() => {
                self.query.end().await?;
                drop(fault);
                Err(canceled())
            }
            Err(fault) => Err(fault.into_error(&self.server, &self.sql)),
        }
    }

    fn take(&mut self, page: Page) -> Result<()> {
        self.scanned = page.stats.and_then(|stats| stats.processed).max(self.scanned);
        if let (None, Some(columns)) = (&self.converter, &page.columns) {
            self.converter = Some(Converter::new(columns, self.sql.columns())?);
        }
        match page.data {
            None => Ok(()),
            Some(data @ Value::Object(_)) => self.spool.push(data),
            Some(data) => self.rows(&data),
        }
    }

    fn rows(&mut self, data: &Value) -> Result<()> {
        let converter =
            self.converter.as_ref().ok_or_else(|| Error::internal("rows of Trino came before their columns"))?;
        self.ready.push(converter.convert(data)?);
        Ok(())
    }
}

#[async_trait]
impl Cursor for TrinoCursor {
    async fn fetch(&mut self, max_rows: usize) -> Result<Option<Rows>> {
        if self.cancel.is_cancelled() && !(self.query.is_done() && self.spool.is_empty()) {
            self.close().await?;
            return Err(canceled());
        }
        while self.ready.is_empty() {
            if !self.advance().await? {
                return Ok(None);
            }
        }
        Ok(self.ready.take(max_rows))
    }

    fn scanned(&self) -> Option<u64> {
        self.scanned
    }

    async fn close(&mut self) -> Result<()> {
        self.ready.clear();
        self.spool.clear();
        self.query.end().await
    }
}

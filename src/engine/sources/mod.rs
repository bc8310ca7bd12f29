//! Where the engine's rows come from.

pub mod geoparquet;
mod wkb;

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, RecordBatch};
use async_trait::async_trait;
use futures::FutureExt;
use futures::future::BoxFuture;

use super::node::{Emitter, Input, Operator};
use super::relation::Outer;
use super::rows;
use super::statement::Statement;
use crate::bound::Expr;
use crate::catalog::{Relation, Source};
use crate::connector::{Cursor, Rows};
use crate::error::{Error, Result};
use crate::policy::SecuredScan;
use crate::types::storage;

/// The relations of a statement, as the engine asks for them.
#[async_trait]
pub trait TableSource: Send + Sync {
    /// All rows of a relation computed from the catalog: one array per column of `relation`, raw (the engine applies the row policy and masks).
    fn system(&self, relation: &Relation) -> Result<RecordBatch>;

    /// The file or folder behind a relation of a file server.
    fn path(&self, relation: &Relation) -> Result<PathBuf>;

    /// A leaf on a server: these columns of a scan, with its row policy and masks applied there. `filters` read only this scan; the
    /// source may apply any of them (the engine applies all of them again).
    async fn fragment(&self, scan: &SecuredScan, columns: &[usize], filters: &[Expr]) -> Result<Box<dyn Cursor>>;
}

/// A read of a base relation.
pub(super) struct Request {
    pub(super) scan: SecuredScan,
    pub(super) columns: Vec<usize>,
    pub(super) filters: Vec<Expr>,
    pub(super) statement: Arc<Statement>,
    pub(super) outer: Outer,
}

/// Reads a base relation.
pub(super) struct SourceScan {
    pub(super) request: Request,
}

impl std::fmt::Debug for SourceScan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SourceScan({})", self.request.scan.scan.relation.name)
    }
}

impl Operator for SourceScan {
    fn describe(&self) -> String {
        let relation = &self.request.scan.scan.relation;
        let columns: Vec<&str> =
            self.request.columns.iter().map(|column| relation.columns[*column].name.as_str()).collect();
        let kind = match relation.source {
            Source::System => "system",
            Source::Remote { .. } => "fragment",
            Source::Files { .. } => "files",
            Source::View => "view",
        };
        format!("Scan {kind}: {}.{} [{}]", relation.schema, relation.name, columns.join(", "))
    }

    fn run(self: Arc<Self>, _: Vec<Input>, mut emitter: Emitter) -> BoxFuture<'static, Result<()>> {
        async move {
            let request = &self.request;
            let relation = &request.scan.scan.relation;
            match &relation.source {
                Source::System => {
                    let batch = request.statement.sources.system(relation)?;
                    let arrays = request
                        .columns
                        .iter()
                        .map(|column| {
                            batch
                                .columns()
                                .get(*column)
                                .cloned()
                                .ok_or_else(|| Error::internal("a system relation without this column"))
                        })
                        .collect::<Result<Vec<_>>>()?;
                    let count = batch.num_rows();
                    for start in (0..count).step_by(super::node::BATCH_ROWS) {
                        let length = super::node::BATCH_ROWS.min(count - start);
                        let arrays: Vec<ArrayRef> = arrays.iter().map(|array| array.slice(start, length)).collect();
                        send(&mut emitter, request, arrays, length).await?;
                    }
                    Ok(())
                }
                Source::Files { .. } => {
                    let path = request.statement.sources.path(relation)?;
                    let wanted: Vec<(String, crate::types::PgType)> = request
                        .columns
                        .iter()
                        .map(|column| {
                            let column = &relation.columns[*column];
                            (column.remote_name.clone(), column.ty)
                        })
                        .collect();
                    let boxes = geoparquet::boxes(request);
                    let mut receiver = geoparquet::read(path, wanted, boxes);
                    while let Some(read) = receiver.recv().await {
                        let (arrays, length) = read?;
                        send(&mut emitter, request, arrays, length).await?;
                    }
                    Ok(())
                }
                Source::Remote { .. } => {
                    let mut cursor =
                        request.statement.sources.fragment(&request.scan, &request.columns, &request.filters).await?;
                    while let Some(rows) = cursor.fetch(super::node::BATCH_ROWS).await? {
                        let Rows::Batch(batch) = rows else {
                            return Err(Error::internal("framed rows where a batch was asked for"));
                        };
                        let count = batch.num_rows();
                        send(&mut emitter, request, batch.columns().to_vec(), count).await?;
                    }
                    cursor.close().await
                }
                Source::View => Err(Error::internal("a view reached the engine as a relation")),
            }
        }
        .boxed()
    }
}

async fn send(emitter: &mut Emitter, request: &Request, arrays: Vec<ArrayRef>, count: usize) -> Result<()> {
    let relation = &request.scan.scan.relation;
    let mut arrays: Vec<ArrayRef> = arrays.into_iter().take(request.columns.len()).collect();
    for (array, column) in arrays.iter().zip(&request.columns) {
        let column = &relation.columns[*column];
        if *array.data_type() != storage(column.ty) {
            return Err(Error::internal(format!(
                "column \"{}\" came as {} instead of {}",
                column.name,
                array.data_type(),
                storage(column.ty)
            )));
        }
    }
    if arrays.len() != request.columns.len() {
        return Err(Error::internal("a source gave too few columns"));
    }
    if arrays.is_empty() {
        arrays.push(Arc::new(BooleanArray::from(vec![true; count])));
    }
    let batch = rows::assemble(emitter.schema(), arrays, count)?;
    emitter.send(batch).await
}

/// A [`Cursor`] over batches in memory, for sources that have them and for tests.
pub struct BatchCursor(pub VecDeque<RecordBatch>);

#[async_trait]
impl Cursor for BatchCursor {
    async fn fetch(&mut self, max_rows: usize) -> Result<Option<Rows>> {
        let Some(batch) = self.0.pop_front() else { return Ok(None) };
        if batch.num_rows() > max_rows {
            self.0.push_front(batch.slice(max_rows, batch.num_rows() - max_rows));
            return Ok(Some(Rows::Batch(batch.slice(0, max_rows))));
        }
        Ok(Some(Rows::Batch(batch)))
    }

    async fn close(&mut self) -> Result<()> {
        self.0.clear();
        Ok(())
    }
}

//! Where the engine's rows come from.

pub mod geoparquet;
pub(super) mod wkb;

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
use super::semi_join::Leaf;
use super::statement::Statement;
use crate::bound::{Expr, RangeId};
use crate::catalog::{Relation, Source};
use crate::connector::{Cursor, Rows};
use crate::error::{Error, Result};
use crate::route::Partners;

/// The relations of a statement, as the engine asks for them.
#[async_trait]
pub trait TableSource: Send + Sync {
    /// All rows of a relation computed from the catalog: one array per column of `relation`, raw (the engine applies the row policy and masks).
    fn system(&self, relation: &Relation) -> Result<RecordBatch>;

    /// The file or folder behind a relation of a file server.
    fn path(&self, relation: &Relation) -> Result<PathBuf>;

    /// Opens the route's fragment of this number (`FragmentScan::fragment`): its rows, secured where they come from.
    /// Only rows that fulfil what its source can say of `partners` are wanted; more do no harm.
    async fn fragment(&self, fragment: usize, partners: &[Partners]) -> Result<Box<dyn Cursor>>;

    /// Can the fragment's source say this?
    fn narrows(&self, _fragment: usize, _partners: &Partners) -> Result<bool> {
        Ok(false)
    }

    /// No row of the fragment is wanted: it is not opened.
    fn unread(&self, _fragment: usize) {}

    /// That many rows of a fragment passed the conditions that are tested again here.
    fn kept(&self, _fragment: usize, _rows: usize) {}
}

/// Tells how many rows of a fragment passed their recheck.
pub(super) struct Kept {
    pub(super) fragment: usize,
    pub(super) statement: Arc<Statement>,
}

impl std::fmt::Debug for Kept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Kept({})", self.fragment)
    }
}

impl Operator for Kept {
    fn describe(&self) -> String {
        format!("Rechecked rows of fragment {}", self.fragment)
    }

    fn run(self: Arc<Self>, mut inputs: Vec<Input>, mut emitter: Emitter) -> BoxFuture<'static, Result<()>> {
        async move {
            let mut input = inputs.pop().ok_or_else(|| Error::internal("a recheck without input"))?;
            while let Some(batch) = input.next().await? {
                let count = batch.num_rows();
                self.statement.sources.kept(self.fragment, count);
                emitter.send(rows::assemble(emitter.schema(), batch.columns().to_vec(), count)?).await?;
            }
            Ok(())
        }
        .boxed()
    }
}

/// A read of a base relation.
pub(super) struct Request {
    pub(super) relation: Arc<Relation>,
    pub(super) range: RangeId,
    /// Attribute indices wanted, in order.
    pub(super) columns: Vec<usize>,
    /// Positive conjuncts over the scan that let it read less; the engine applies all of them again.
    pub(super) filters: Vec<Expr>,
    /// Where the rows come by a fragment: its number, and the place of each wanted column in its output.
    pub(super) fragment: Option<(usize, Vec<usize>)>,
    /// What the fragment waits for before it is asked for its rows.
    pub(super) leaf: Option<Arc<Leaf>>,
    pub(super) statement: Arc<Statement>,
    pub(super) outer: Outer,
}

/// Reads a base relation.
pub(super) struct SourceScan {
    pub(super) request: Request,
}

impl std::fmt::Debug for SourceScan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SourceScan({})", self.request.relation.name)
    }
}

impl Operator for SourceScan {
    fn describe(&self) -> String {
        let relation = &self.request.relation;
        let columns: Vec<&str> = self
            .request
            .columns
            .iter()
            .map(|column| relation.columns.get(*column).map_or("system column", |column| column.name.as_str()))
            .collect();
        let kind = match (&self.request.fragment, &relation.source) {
            (Some((number, _)), _) => format!("fragment {number}"),
            (None, Source::System) => "system".to_owned(),
            (None, Source::Remote { .. }) => "remote".to_owned(),
            (None, Source::Files { .. }) => "files".to_owned(),
            (None, Source::View) => "view".to_owned(),
        };
        format!("Scan {kind}: {}.{} [{}]", relation.schema, relation.name, columns.join(", "))
    }

    fn run(self: Arc<Self>, _: Vec<Input>, mut emitter: Emitter) -> BoxFuture<'static, Result<()>> {
        async move {
            let request = &self.request;
            let relation = &request.relation;
            if let Some((number, places)) = &request.fragment {
                let partners = match &request.leaf {
                    Some(leaf) => leaf.partners().await?,
                    None => Some(Vec::new()),
                };
                let Some(partners) = partners else {
                    request.statement.sources.unread(*number);
                    return Ok(());
                };
                let mut cursor = request.statement.sources.fragment(*number, &partners).await?;
                while let Some(rows) = cursor.fetch(super::node::BATCH_ROWS).await? {
                    let Rows::Batch(batch) = rows else {
                        return Err(Error::internal("framed rows where a batch was asked for"));
                    };
                    let arrays = places
                        .iter()
                        .map(|place| {
                            batch
                                .columns()
                                .get(*place)
                                .cloned()
                                .ok_or_else(|| Error::internal("a fragment gave too few columns"))
                        })
                        .collect::<Result<Vec<_>>>()?;
                    send(&mut emitter, arrays, batch.num_rows()).await?;
                }
                return cursor.close().await;
            }
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
                        send(&mut emitter, arrays, length).await?;
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
                        send(&mut emitter, arrays, length).await?;
                    }
                    Ok(())
                }
                Source::Remote { .. } => {
                    Err(Error::internal("a remote relation reached the engine without a fragment"))
                }
                Source::View => Err(Error::internal("a view reached the engine as a relation")),
            }
        }
        .boxed()
    }
}

async fn send(emitter: &mut Emitter, mut arrays: Vec<ArrayRef>, count: usize) -> Result<()> {
    if arrays.is_empty() {
        arrays.push(Arc::new(BooleanArray::from(vec![true; count])));
    }
    for (array, field) in arrays.iter().zip(emitter.schema().fields()) {
        if array.data_type() != field.data_type() {
            return Err(Error::internal(format!(
                "a source gave {} where {} is stored",
                array.data_type(),
                field.data_type()
            )));
        }
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

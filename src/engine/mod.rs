//! The embedded engine: a secured statement becomes a physical plan of DataFusion's, SedonaDB's and our own operators.
//!
//! Plans are built directly, node by node (no SQL text, no analyzer, no optimizer rule): what runs is what `lower` wrote. Only this
//! folder imports DataFusion and Sedona. Rows are in the storage of `types::storage`; scalar expressions run on the one
//! interpreter (`bound::eval`), native expressions only where they mean the same.

mod apply;
mod area_join;
mod expr;
#[cfg(test)]
mod join_tests;
mod knn;
mod lower;
mod node;
mod ops;
mod relation;
mod rows;
mod semi_join;
pub mod sources;
mod spatial_join;
mod statement;
#[cfg(test)]
mod tests;
mod tree;

use std::path::Path;
use std::sync::{Arc, PoisonError};

use arrow::array::RecordBatch;
use arrow::datatypes::{Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::physical_plan::displayable;
use datafusion::prelude::{SessionConfig, SessionContext};
use futures::StreamExt;
use sedona_common::SedonaOptions;
use tokio::sync::mpsc::{Receiver, channel};
use tokio_util::sync::CancellationToken;

use self::lower::Lowerer;
use self::relation::Rel;
pub use self::sources::{BatchCursor, TableSource};
use self::statement::{End, Statement};
use crate::bound::Statement as BoundStatement;
use crate::connector::{Cursor, Rows};
use crate::error::{Error, Result, SqlState};
use crate::kernels::Env;
use crate::policy::Secured;
use crate::types::{Datum, field, storage};

/// The engine of a process: memory and spill space shared by all statements.
#[derive(Debug)]
pub struct Engine {
    runtime: Arc<RuntimeEnv>,
    config: SessionConfig,
}

/// What one execution needs besides the statement.
pub struct Inputs {
    pub env: Env,
    /// Client parameters.
    pub params: Vec<Datum>,
    /// Values of `Secured::contexts`, the same for every fragment.
    pub contexts: Vec<Datum>,
    pub sources: Arc<dyn TableSource>,
    /// The most keys of one side of a join that a fragment on the other side is told; 0: none.
    pub semi_join: usize,
    pub cancel: CancellationToken,
}

impl Engine {
    /// `memory` bytes for all statements together; sorts and spatial joins spill to `spill`.
    pub fn new(memory: usize, spill: &Path) -> Result<Engine> {
        let disk = DiskManagerBuilder::default().with_mode(DiskManagerMode::Directories(vec![spill.to_owned()]));
        let runtime = RuntimeEnvBuilder::new()
            .with_memory_pool(Arc::new(FairSpillPool::new(memory)))
            .with_disk_manager_builder(disk)
            .build_arc()
            .map_err(rows::from_datafusion)?;
        let mut config = SessionConfig::new()
            .with_target_partitions(1)
            .with_batch_size(node::BATCH_ROWS)
            .with_option_extension(SedonaOptions::default());
        if let Some(options) = config.options_mut().extensions.get_mut::<SedonaOptions>() {
            options.spatial_join = spatial_join::options();
        }
        Ok(Engine { runtime, config })
    }

    /// Starts a statement; rows come through the cursor.
    pub async fn execute(&self, secured: &Secured, inputs: Inputs) -> Result<Box<dyn Cursor>> {
        let cancel = inputs.cancel.clone();
        let (statement, rel, schema) = self.plan(secured, inputs)?;
        let mut stream = rel.plan.execute(0, Arc::clone(&statement.0.task)).map_err(rows::from_datafusion)?;
        let (sender, receiver) = channel(2);
        let task = tokio::spawn(async move {
            while let Some(batch) = stream.next().await {
                let batch = batch.map_err(rows::from_datafusion);
                let failed = batch.is_err();
                if sender.send(batch).await.is_err() || failed {
                    return;
                }
            }
        });
        Ok(Box::new(EngineCursor { receiver, schema, rest: None, cancel, task: task.abort_handle(), _end: statement }))
    }

    /// The plan as text, for EXPLAIN.
    pub fn explain(&self, secured: &Secured, inputs: Inputs) -> Result<String> {
        let (_statement, rel, _) = self.plan(secured, inputs)?;
        Ok(displayable(rel.plan.as_ref()).indent(false).to_string())
    }

    /// What each fragment of a statement will be told by another side of a join.
    pub fn semi_joins(&self, secured: &Secured, inputs: Inputs) -> Result<Vec<(usize, String)>> {
        let (statement, ..) = self.plan(secured, inputs)?;
        let mut told = statement.0.told.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(std::mem::take(&mut told))
    }

    fn plan(&self, secured: &Secured, inputs: Inputs) -> Result<(End, Rel, SchemaRef)> {
        let task = SessionContext::new_with_config_rt(self.config.clone(), Arc::clone(&self.runtime)).task_ctx();
        let bound = secured.statement();
        let BoundStatement::Query(query) = bound else {
            return Err(Error::unsupported("a data-modifying statement on the engine"));
        };
        let statement = End(Arc::new(Statement::new(bound, inputs, task)));
        let rel = Lowerer::new(&statement.0).query(query)?;
        // The plan gives what bind promised, column by column.
        let schema = rel.plan.schema();
        for (number, column) in query.columns.iter().enumerate() {
            let given = schema.fields().get(number).map(|field| field.data_type().clone());
            if given.as_ref() != Some(&storage(column.ty.oid)) {
                return Err(Error::internal(format!(
                    "column \"{}\" is {given:?} in the plan and {} by its type",
                    column.name,
                    storage(column.ty.oid)
                )));
            }
        }
        let fields: Vec<_> =
            query.columns.iter().map(|column| field(&column.name, column.ty.oid, column.ty.typmod)).collect();
        Ok((statement, rel, Arc::new(Schema::new(fields))))
    }
}

/// The rows of a running statement.
struct EngineCursor {
    receiver: Receiver<Result<RecordBatch>>,
    schema: SchemaRef,
    rest: Option<RecordBatch>,
    cancel: CancellationToken,
    task: tokio::task::AbortHandle,
    _end: End,
}

impl Drop for EngineCursor {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[async_trait]
impl Cursor for EngineCursor {
    async fn fetch(&mut self, max_rows: usize) -> Result<Option<Rows>> {
        let batch = match self.rest.take() {
            Some(batch) => batch,
            None => loop {
                let next = tokio::select! {
                    biased;
                    () = self.cancel.cancelled() => {
                        self.task.abort();
                        return Err(Error::new(SqlState::QUERY_CANCELED, "canceling statement due to user request"));
                    }
                    next = self.receiver.recv() => next,
                };
                match next {
                    None => return Ok(None),
                    Some(Ok(batch)) if batch.num_rows() == 0 => {}
                    Some(batch) => break batch?,
                }
            },
        };
        let taken = batch.num_rows().min(max_rows);
        if taken < batch.num_rows() {
            self.rest = Some(batch.slice(taken, batch.num_rows() - taken));
        }
        let columns = batch.slice(0, taken).columns().iter().take(self.schema.fields().len()).cloned().collect();
        Ok(Some(Rows::Batch(rows::assemble(&self.schema, columns, taken)?)))
    }

    async fn close(&mut self) -> Result<()> {
        self.rest = None;
        self.receiver.close();
        self.task.abort();
        Ok(())
    }
}

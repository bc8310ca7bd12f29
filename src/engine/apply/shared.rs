//! Tables computed once and read many times: materialized CTEs, working tables of recursion, scans inside of sub-queries.

use std::sync::{Arc, Mutex};

use arrow::array::RecordBatch;
use datafusion::execution::TaskContext;
use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::sync::OnceCell;

use crate::engine::node::{Budget, Emitter, Input, Operator, Plan, node};
use crate::engine::rows;
use crate::error::Result;
use crate::types::PgType;

/// Rows in memory, computed at first use.
pub(in crate::engine) struct SharedTable {
    pub(in crate::engine) types: Vec<PgType>,
    plan: Option<Plan>,
    rows: OnceCell<Arc<Vec<RecordBatch>>>,
    budget: Mutex<Option<Budget>>,
}

impl std::fmt::Debug for SharedTable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SharedTable")
    }
}

impl SharedTable {
    pub(in crate::engine) fn new(plan: Plan, types: Vec<PgType>) -> SharedTable {
        SharedTable { types, plan: Some(plan), rows: OnceCell::new(), budget: Mutex::new(None) }
    }

    /// A table whose rows are at hand.
    pub(in crate::engine) fn filled(batches: Vec<RecordBatch>, types: Vec<PgType>) -> SharedTable {
        SharedTable { types, plan: None, rows: OnceCell::new_with(Some(Arc::new(batches))), budget: Mutex::new(None) }
    }

    async fn batches(&self, context: &Arc<TaskContext>) -> Result<Arc<Vec<RecordBatch>>> {
        let rows = self.rows.get_or_try_init(|| async {
            let mut batches = Vec::new();
            let mut budget = Budget::new("shared table", context);
            if let Some(plan) = &self.plan {
                let mut input = Input::new(plan.execute(0, Arc::clone(context)).map_err(rows::from_datafusion)?);
                while let Some(batch) = input.next().await? {
                    budget.grow(batch.get_array_memory_size())?;
                    batches.push(batch);
                }
            }
            if let Ok(mut held) = self.budget.lock() {
                *held = Some(budget);
            }
            Ok(Arc::new(batches))
        });
        rows.await.cloned()
    }
}

/// Reads a [`SharedTable`].
#[derive(Debug)]
pub(in crate::engine) struct SharedScan(pub(in crate::engine) Arc<SharedTable>);

impl SharedScan {
    /// The plan that reads it.
    pub(in crate::engine) fn plan(table: &Arc<SharedTable>) -> Plan {
        node(SharedScan(Arc::clone(table)), Vec::new(), table.types.clone())
    }
}

impl Operator for SharedScan {
    fn describe(&self) -> String {
        "SharedScan".to_owned()
    }

    fn run(self: Arc<Self>, _: Vec<Input>, mut emitter: Emitter) -> BoxFuture<'static, Result<()>> {
        async move {
            let context = Arc::clone(&emitter.context);
            for batch in self.0.batches(&context).await?.iter() {
                let batch = rows::assemble(emitter.schema(), batch.columns().to_vec(), batch.num_rows())?;
                emitter.send(batch).await?;
            }
            Ok(())
        }
        .boxed()
    }
}

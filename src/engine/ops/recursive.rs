//! WITH RECURSIVE: the step runs over the rows of the last round until it gives none.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use futures::FutureExt;
use futures::future::BoxFuture;

use crate::bound::{CteId, Query};
use crate::engine::apply::SharedTable;
use crate::engine::lower::Lowerer;
use crate::engine::node::{Budget, Emitter, Input, Operator};
use crate::engine::rows;
use crate::error::{Error, Result};
use crate::types::PgType;

/// The input gives the first rows; `step` reads the working table as the CTE.
#[derive(Debug)]
pub(in crate::engine) struct Recursive {
    pub(in crate::engine) lowerer: Lowerer,
    pub(in crate::engine) cte: CteId,
    pub(in crate::engine) step: Arc<Query>,
    pub(in crate::engine) all: bool,
    pub(in crate::engine) types: Vec<PgType>,
}

impl Recursive {
    /// The rows of a batch that are new (all of them under UNION ALL).
    fn new_rows(
        &self,
        batch: RecordBatch,
        seen: &mut HashSet<Vec<u8>>,
        budget: &mut Budget,
        emitter: &Emitter,
    ) -> Result<RecordBatch> {
        let batch = rows::assemble(emitter.schema(), batch.columns().to_vec(), batch.num_rows())?;
        if self.all {
            return Ok(batch);
        }
        let mut keep = Vec::with_capacity(batch.num_rows());
        let mut bytes = 0;
        for row in 0..batch.num_rows() {
            let key = rows::encode_row(&self.types, &rows::read_row(&batch, row, &self.types)?)?;
            let length = key.len() + 48;
            let new = seen.insert(key);
            bytes += if new { length } else { 0 };
            keep.push(new);
        }
        budget.grow(bytes)?;
        filter_record_batch(&batch, &BooleanArray::from(keep)).map_err(rows::from_arrow)
    }
}

impl Operator for Recursive {
    fn describe(&self) -> String {
        format!("Recursive union{}", if self.all { " all" } else { "" })
    }

    fn run(self: Arc<Self>, mut inputs: Vec<Input>, mut emitter: Emitter) -> BoxFuture<'static, Result<()>> {
        async move {
            let mut input = inputs.pop().ok_or_else(|| Error::internal("recursion without input"))?;
            let mut seen = HashSet::new();
            let mut budget = emitter.budget("recursion");
            let mut working_budget = emitter.budget("working table");
            let context = Arc::clone(&emitter.context);
            let mut working = Vec::new();
            loop {
                while let Some(batch) = input.next().await? {
                    let batch = self.new_rows(batch, &mut seen, &mut budget, &emitter)?;
                    if batch.num_rows() > 0 {
                        working_budget.grow(batch.get_array_memory_size())?;
                        working.push(batch.clone());
                        emitter.send(batch).await?;
                    }
                }
                if working.is_empty() {
                    return Ok(());
                }
                let table = Arc::new(SharedTable::filled(std::mem::take(&mut working), self.types.clone()));
                working_budget.clear();
                let rel = self.lowerer.with_working_table(self.cte, table).query(&self.step)?;
                input = Input::new(rel.plan.execute(0, Arc::clone(&context)).map_err(rows::from_datafusion)?);
            }
        }
        .boxed()
    }
}

//! LATERAL: for every row, the rows of a sub-plan under that row's values.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, UInt32Array, new_null_array};
use arrow::compute::{concat_batches, take};
use futures::FutureExt;
use futures::future::BoxFuture;

use super::{Answer, SubPlan};
use crate::engine::node::{BATCH_ROWS, Emitter, Input, Operator};
use crate::engine::rows;
use crate::error::{Error, Result};
use crate::types::PgType;

/// Joins each input row with the rows of its sub-plan; `left`: rows without any are kept, with NULLs.
#[derive(Debug)]
pub(in crate::engine) struct LateralJoin {
    pub(in crate::engine) plan: SubPlan,
    /// Input columns of the sub-plan's bindings.
    pub(in crate::engine) binding: Vec<(usize, PgType)>,
    pub(in crate::engine) left: bool,
    /// Number of columns that the sub-plan gives.
    pub(in crate::engine) width: usize,
}

impl Operator for LateralJoin {
    fn describe(&self) -> String {
        format!("Apply: {} lateral, {} outer values", if self.left { "left" } else { "inner" }, self.binding.len())
    }

    fn run(self: Arc<Self>, mut inputs: Vec<Input>, mut emitter: Emitter) -> BoxFuture<'static, Result<()>> {
        async move {
            let mut input = inputs.pop().ok_or_else(|| Error::internal("lateral join without input"))?;
            let mut gathered = Gathered::default();
            while let Some(batch) = input.next().await? {
                self.process(&batch, &mut gathered, &mut emitter).await?;
            }
            gathered.flush(&mut emitter).await
        }
        .boxed()
    }
}

impl LateralJoin {
    /// The joined rows of a batch.
    async fn process(&self, batch: &RecordBatch, gathered: &mut Gathered, emitter: &mut Emitter) -> Result<()> {
        for row in 0..batch.num_rows() {
            let values = self
                .binding
                .iter()
                .map(|(column, ty)| rows::read(batch.column(*column), row, *ty))
                .collect::<Result<Vec<_>>>()?;
            let answer = match self.plan.recall(&values) {
                Some(answer) => answer,
                None => self.plan.fill(&values).await?,
            };
            self.plan.row_done();
            let Answer::Batches(inner) = answer else { return Err(Error::internal("lateral answer")) };
            for inner in inner.iter() {
                let joined = self.joined(batch, row, inner.num_rows(), inner.columns(), emitter)?;
                gathered.add(joined, emitter).await?;
            }
            if inner.is_empty() && self.left {
                let fields = emitter.schema().fields();
                let nulls: Vec<ArrayRef> =
                    fields.iter().skip(batch.num_columns()).map(|field| new_null_array(field.data_type(), 1)).collect();
                let joined = self.joined(batch, row, 1, &nulls, emitter)?;
                gathered.add(joined, emitter).await?;
            }
        }
        Ok(())
    }

    fn joined(
        &self,
        batch: &RecordBatch,
        row: usize,
        count: usize,
        inner: &[ArrayRef],
        emitter: &Emitter,
    ) -> Result<RecordBatch> {
        let indices = UInt32Array::from(vec![row as u32; count]);
        let mut columns = Vec::with_capacity(batch.num_columns() + self.width);
        for column in batch.columns() {
            columns.push(take(column.as_ref(), &indices, None).map_err(rows::from_arrow)?);
        }
        columns.extend(inner.iter().take(self.width).cloned());
        rows::assemble(emitter.schema(), columns, count)
    }
}

/// Small batches on their way to become bigger ones.
#[derive(Default)]
struct Gathered {
    batches: Vec<RecordBatch>,
    rows: usize,
}

impl Gathered {
    async fn add(&mut self, batch: RecordBatch, emitter: &mut Emitter) -> Result<()> {
        self.rows += batch.num_rows();
        self.batches.push(batch);
        if self.rows >= BATCH_ROWS || self.batches.len() >= 256 { self.flush(emitter).await } else { Ok(()) }
    }

    async fn flush(&mut self, emitter: &mut Emitter) -> Result<()> {
        if self.batches.is_empty() {
            return Ok(());
        }
        let whole = concat_batches(emitter.schema(), &self.batches).map_err(rows::from_arrow)?;
        self.batches.clear();
        self.rows = 0;
        emitter.send(whole).await
    }
}

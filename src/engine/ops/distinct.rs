//! DISTINCT and DISTINCT ON.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use futures::FutureExt;
use futures::future::BoxFuture;

use crate::engine::node::{Emitter, Input, Operator};
use crate::engine::rows;
use crate::error::{Error, Result};
use crate::types::PgType;

/// The first row of each value of some columns, as they come.
#[derive(Debug)]
pub(in crate::engine) struct DistinctRows {
    pub(in crate::engine) columns: Vec<(usize, PgType)>,
}

/// The first row of each run of equal values of some columns (the input is sorted by them).
#[derive(Debug)]
pub(in crate::engine) struct FirstOfRun {
    pub(in crate::engine) columns: Vec<(usize, PgType)>,
}

/// The key of a row over some columns.
pub(super) fn key_of(batch: &RecordBatch, row: usize, columns: &[(usize, PgType)]) -> Result<Vec<u8>> {
    let mut key = Vec::with_capacity(columns.len() * 12);
    for (index, ty) in columns {
        rows::encode_key(*ty, &rows::read(batch.column(*index), row, *ty)?, &mut key)?;
    }
    Ok(key)
}

impl Operator for DistinctRows {
    fn describe(&self) -> String {
        format!("Distinct: {} columns", self.columns.len())
    }

    fn run(self: Arc<Self>, mut inputs: Vec<Input>, mut emitter: Emitter) -> BoxFuture<'static, Result<()>> {
        async move {
            let mut input = inputs.pop().ok_or_else(|| Error::internal("DISTINCT without input"))?;
            let mut budget = emitter.budget("DISTINCT");
            let mut seen: HashSet<Vec<u8>> = HashSet::new();
            while let Some(batch) = input.next().await? {
                let mut bytes = 0;
                let mut keep = Vec::with_capacity(batch.num_rows());
                for row in 0..batch.num_rows() {
                    let key = key_of(&batch, row, &self.columns)?;
                    let length = key.len();
                    let new = seen.insert(key);
                    bytes += if new { length + 48 } else { 0 };
                    keep.push(new);
                }
                budget.grow(bytes)?;
                emit(&mut emitter, &batch, keep).await?;
            }
            Ok(())
        }
        .boxed()
    }
}

impl Operator for FirstOfRun {
    fn describe(&self) -> String {
        format!("Unique: {} columns", self.columns.len())
    }

    fn run(self: Arc<Self>, mut inputs: Vec<Input>, mut emitter: Emitter) -> BoxFuture<'static, Result<()>> {
        async move {
            let mut input = inputs.pop().ok_or_else(|| Error::internal("DISTINCT ON without input"))?;
            let mut last: Option<Vec<u8>> = None;
            while let Some(batch) = input.next().await? {
                let mut keep = Vec::with_capacity(batch.num_rows());
                for row in 0..batch.num_rows() {
                    let key = Some(key_of(&batch, row, &self.columns)?);
                    keep.push(key != last);
                    last = key;
                }
                emit(&mut emitter, &batch, keep).await?;
            }
            Ok(())
        }
        .boxed()
    }
}

async fn emit(emitter: &mut Emitter, batch: &RecordBatch, keep: Vec<bool>) -> Result<()> {
    if !keep.contains(&true) {
        return Ok(());
    }
    let kept = filter_record_batch(batch, &BooleanArray::from(keep)).map_err(rows::from_arrow)?;
    let kept = rows::assemble(emitter.schema(), kept.columns().to_vec(), kept.num_rows())?;
    emitter.send(kept).await
}

//! LIMIT with a sub-query, and WITH TIES.

use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;

use super::distinct::key_of;
use crate::engine::lower::{Bound, check};
use crate::engine::node::{Emitter, Input, Operator};
use crate::engine::rows;
use crate::error::{Error, Result};
use crate::types::PgType;

/// LIMIT and OFFSET whose counts come as the one row of the second input.
#[derive(Debug)]
pub(in crate::engine) struct LateLimit {
    pub(in crate::engine) types: Vec<PgType>,
}

/// Some rows, and those equal to the last of them in the sort columns.
#[derive(Debug)]
pub(in crate::engine) struct Ties {
    pub(in crate::engine) skip: usize,
    pub(in crate::engine) count: usize,
    pub(in crate::engine) columns: Vec<(usize, PgType)>,
}

impl Operator for LateLimit {
    fn describe(&self) -> String {
        "Limit".to_owned()
    }

    fn run(self: Arc<Self>, mut inputs: Vec<Input>, mut emitter: Emitter) -> BoxFuture<'static, Result<()>> {
        async move {
            let (Some(mut bounds), Some(mut input)) = (inputs.pop(), inputs.pop()) else {
                return Err(Error::internal("LIMIT without inputs"));
            };
            let Some(batch) = bounds.next().await? else { return Err(Error::internal("LIMIT without bounds")) };
            let values = rows::read_row(&batch, 0, &self.types)?;
            let mut skip = check(values[1].as_i64(), Bound::Offset)?.unwrap_or(0);
            let mut left = check(values[0].as_i64(), Bound::Limit)?.unwrap_or(usize::MAX);
            while left > 0 {
                let Some(batch) = input.next().await? else { break };
                let skipped = skip.min(batch.num_rows());
                skip -= skipped;
                let length = (batch.num_rows() - skipped).min(left);
                left -= length;
                if length > 0 {
                    let batch = batch.slice(skipped, length);
                    emitter.send(rows::assemble(emitter.schema(), batch.columns().to_vec(), length)?).await?;
                }
            }
            Ok(())
        }
        .boxed()
    }
}

impl Operator for Ties {
    fn describe(&self) -> String {
        format!("Limit with ties: {} rows", self.count)
    }

    fn run(self: Arc<Self>, mut inputs: Vec<Input>, mut emitter: Emitter) -> BoxFuture<'static, Result<()>> {
        async move {
            let mut input = inputs.pop().ok_or_else(|| Error::internal("LIMIT without input"))?;
            let (mut at, mut last) = (0_usize, None);
            if self.count == 0 {
                return Ok(());
            }
            while let Some(batch) = input.next().await? {
                let (mut start, mut end) = (batch.num_rows(), 0);
                for row in 0..batch.num_rows() {
                    let position = at + row;
                    if position < self.skip {
                        continue;
                    }
                    let taken = position - self.skip;
                    if taken + 1 == self.count {
                        last = Some(key_of(&batch, row, &self.columns)?);
                    } else if taken >= self.count && last != Some(key_of(&batch, row, &self.columns)?) {
                        if end > start {
                            let part = batch.slice(start, end - start);
                            let part = rows::assemble(emitter.schema(), part.columns().to_vec(), part.num_rows())?;
                            emitter.send(part).await?;
                        }
                        return Ok(());
                    }
                    start = start.min(row);
                    end = row + 1;
                }
                at += batch.num_rows();
                if end > start {
                    let part = batch.slice(start, end - start);
                    let part = rows::assemble(emitter.schema(), part.columns().to_vec(), part.num_rows())?;
                    emitter.send(part).await?;
                }
            }
            Ok(())
        }
        .boxed()
    }
}

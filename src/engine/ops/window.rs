//! Window functions over a sorted input, a partition at a time.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use futures::FutureExt;
use futures::future::BoxFuture;

use super::distinct::key_of;
use super::frame::Partition;
pub(in crate::engine) use super::frame::{Bound, Frame, OrderColumn};
use crate::bound::FrameExclusion;
use crate::engine::node::{Emitter, Input, Operator};
use crate::engine::rows;
use crate::error::{Error, Result, SqlState};
use crate::kernels::{self, Aggregate, Env, columns};
use crate::types::{Datum, PgType};

/// What computes a window call.
#[derive(Clone, Copy)]
pub(in crate::engine) enum Function {
    /// With its strictness.
    Aggregate(Aggregate, bool),
    Count,
    CumeDist,
    DenseRank,
    FirstValue,
    Lag,
    LastValue,
    Lead,
    NthValue,
    Ntile,
    PercentRank,
    Rank,
    RowNumber,
}

/// One call over input columns.
pub(in crate::engine) struct Call {
    pub(in crate::engine) function: Function,
    pub(in crate::engine) returns: PgType,
    pub(in crate::engine) args: Vec<(usize, PgType)>,
    pub(in crate::engine) filter: Option<usize>,
    pub(in crate::engine) frame: Frame,
}

/// Adds the calls' columns to the first `keep` input columns.
pub(in crate::engine) struct Window {
    pub(in crate::engine) keep: usize,
    pub(in crate::engine) partition: Vec<(usize, PgType)>,
    pub(in crate::engine) order: Vec<OrderColumn>,
    pub(in crate::engine) calls: Vec<Call>,
    pub(in crate::engine) env: Env,
}

impl std::fmt::Debug for Window {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Window")
    }
}

impl Operator for Window {
    fn describe(&self) -> String {
        format!("Window: {} calls, {} partition columns", self.calls.len(), self.partition.len())
    }

    fn run(self: Arc<Self>, mut inputs: Vec<Input>, mut emitter: Emitter) -> BoxFuture<'static, Result<()>> {
        async move {
            let mut input = inputs.pop().ok_or_else(|| Error::internal("window without input"))?;
            let mut budget = emitter.budget("window");
            let mut parts: Vec<RecordBatch> = Vec::new();
            let mut current: Option<Vec<u8>> = None;
            while let Some(batch) = input.next().await? {
                let mut start = 0;
                for row in 0..batch.num_rows() {
                    let key = key_of(&batch, row, &self.partition)?;
                    if current.as_ref().is_some_and(|current| *current != key) {
                        if row > start {
                            parts.push(batch.slice(start, row - start));
                        }
                        self.finish(&mut parts, &mut emitter).await?;
                        budget.clear();
                        start = row;
                    }
                    current = Some(key);
                }
                budget.grow(batch.get_array_memory_size())?;
                parts.push(batch.slice(start, batch.num_rows() - start));
            }
            self.finish(&mut parts, &mut emitter).await
        }
        .boxed()
    }
}

impl Window {
    async fn finish(&self, parts: &mut Vec<RecordBatch>, emitter: &mut Emitter) -> Result<()> {
        let parts = std::mem::take(parts);
        if parts.is_empty() {
            return Ok(());
        }
        let column = |index: usize, ty: PgType| -> Result<Vec<Datum>> {
            let mut values = Vec::new();
            for part in &parts {
                for row in 0..part.num_rows() {
                    values.push(rows::read(part.column(index), row, ty)?);
                }
            }
            Ok(values)
        };
        let count: usize = parts.iter().map(RecordBatch::num_rows).sum();
        let mut order_values = vec![Vec::with_capacity(self.order.len()); count];
        for order in &self.order {
            for (row, value) in column(order.index, order.ty)?.into_iter().enumerate() {
                order_values[row].push(value);
            }
        }
        let partition = Partition::new(&self.env, &self.order, &order_values)?;
        let mut results: Vec<Vec<Datum>> = Vec::new();
        for call in &self.calls {
            let args = call.args.iter().map(|(index, ty)| column(*index, *ty)).collect::<Result<Vec<_>>>()?;
            let filter = call.filter.map(|index| column(index, PgType::BOOL)).transpose()?;
            results.push(self.call(call, &partition, &args, filter.as_deref(), count)?);
        }
        let mut offset = 0;
        for part in &parts {
            let mut arrays: Vec<ArrayRef> = part.columns()[..self.keep].to_vec();
            for (call, values) in self.calls.iter().zip(&results) {
                arrays.push(columns::array_of(call.returns, &values[offset..offset + part.num_rows()])?);
            }
            offset += part.num_rows();
            let batch = rows::assemble(emitter.schema(), arrays, part.num_rows())?;
            emitter.send(batch).await?;
        }
        Ok(())
    }

    fn call(
        &self,
        call: &Call,
        partition: &Partition<'_>,
        args: &[Vec<Datum>],
        filter: Option<&[Datum]>,
        count: usize,
    ) -> Result<Vec<Datum>> {
        let all = 0..count;
        let arg = |number: usize, row: usize| args.get(number).map_or(Datum::Null, |values| values[row].clone());
        Ok(match call.function {
            Function::RowNumber => all.map(|row| Datum::Int8(row as i64 + 1)).collect(),
            Function::Rank => all.map(|row| Datum::Int8(partition.peers(row).0 as i64 + 1)).collect(),
            Function::DenseRank => all.map(|row| Datum::Int8(partition.group[row] as i64 + 1)).collect(),
            Function::PercentRank => all
                .map(|row| {
                    let rank = partition.peers(row).0 as f64;
                    Datum::Float8(if count > 1 { rank / (count - 1) as f64 } else { 0.0 })
                })
                .collect(),
            Function::CumeDist => all.map(|row| Datum::Float8(partition.peers(row).1 as f64 / count as f64)).collect(),
            Function::Ntile => {
                let Some(buckets) = arg(0, 0).as_i64() else { return Ok(vec![Datum::Null; count]) };
                if buckets <= 0 {
                    return Err(Error::new(
                        SqlState::INVALID_ARGUMENT_FOR_NTILE,
                        "argument of ntile must be greater than zero",
                    ));
                }
                let rows = count as i64;
                let (size, extra) = (rows / buckets, rows % buckets);
                all.map(|row| {
                    let row = row as i64;
                    let bucket = if row < extra * (size + 1) {
                        row / (size + 1)
                    } else {
                        extra + (row - extra * (size + 1)) / size.max(1)
                    };
                    Datum::Int4(bucket as i32 + 1)
                })
                .collect()
            }
            Function::Lag | Function::Lead => {
                let sign = if matches!(call.function, Function::Lag) { -1 } else { 1 };
                all.map(|row| {
                    let offset = if args.len() > 1 {
                        match arg(1, row).as_i64() {
                            Some(offset) => offset,
                            None => return Datum::Null,
                        }
                    } else {
                        1
                    };
                    let at = row as i64 + sign * offset;
                    match usize::try_from(at) {
                        Ok(at) if at < count => arg(0, at),
                        _ => arg(2, row),
                    }
                })
                .collect()
            }
            Function::FirstValue | Function::LastValue | Function::NthValue => {
                let mut values = Vec::with_capacity(count);
                for row in all {
                    let (start, end) = partition.frame(&call.frame, row)?;
                    let mut inside =
                        (start..end).filter(|other| !partition.excluded(call.frame.exclusion, row, *other));
                    let at = match call.function {
                        Function::FirstValue => inside.next(),
                        Function::LastValue => inside.next_back(),
                        _ => match arg(1, row).as_i64() {
                            None => None,
                            Some(number) if number <= 0 => {
                                return Err(Error::new(
                                    SqlState::INVALID_ARGUMENT_FOR_NTH_VALUE,
                                    "argument of nth_value must be greater than zero",
                                ));
                            }
                            Some(number) => inside.nth(number as usize - 1),
                        },
                    };
                    values.push(at.map_or(Datum::Null, |at| arg(0, at)));
                }
                values
            }
            Function::Count | Function::Aggregate(..) => self.aggregate(call, partition, args, filter, count)?,
        })
    }

    /// An aggregate over frames: goes on while frames only grow at their end, else starts again.
    fn aggregate(
        &self,
        call: &Call,
        partition: &Partition<'_>,
        args: &[Vec<Datum>],
        filter: Option<&[Datum]>,
        count: usize,
    ) -> Result<Vec<Datum>> {
        let types: Vec<PgType> = call.args.iter().map(|(_, ty)| *ty).collect();
        let kernel_call = kernels::Call { env: &self.env, args: &types, returns: call.returns };
        let strict = match call.function {
            Function::Aggregate(_, strict) => strict,
            _ => true,
        };
        let takes = |row: usize| {
            filter.is_none_or(|filter| matches!(filter[row], Datum::Bool(true)))
                && !(strict && args.iter().any(|values| values[row].is_null()))
        };
        let fresh = || -> Result<State> {
            Ok(match call.function {
                Function::Aggregate(aggregate, _) => State::Kernel(aggregate(&[])?),
                _ => State::Count(0),
            })
        };
        let plain = call.frame.exclusion == FrameExclusion::NoOthers;
        let mut values: Vec<Datum> = Vec::with_capacity(count);
        let mut state = fresh()?;
        let mut done: Option<(usize, usize)> = None;
        for row in 0..count {
            let (start, end) = partition.frame(&call.frame, row)?;
            if plain
                && done == Some((start, end))
                && let Some(last) = values.last()
            {
                values.push(last.clone());
                continue;
            }
            let from = match done {
                Some((old_start, old_end)) if plain && old_start == start && old_end <= end => old_end,
                _ => {
                    state = fresh()?;
                    start
                }
            };
            for other in from..end {
                if takes(other) && (plain || !partition.excluded(call.frame.exclusion, row, other)) {
                    match &mut state {
                        State::Count(count) => *count += 1,
                        State::Kernel(accumulator) => {
                            let row: Vec<Datum> = args.iter().map(|values| values[other].clone()).collect();
                            accumulator.update(&kernel_call, &row)?;
                        }
                    }
                }
            }
            done = Some((start, end));
            values.push(match &state {
                State::Count(count) => Datum::Int8(*count),
                State::Kernel(accumulator) => accumulator.finish(&kernel_call)?,
            });
        }
        Ok(values)
    }
}

enum State {
    Count(i64),
    Kernel(Box<dyn kernels::Accumulator>),
}

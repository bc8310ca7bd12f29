//! GROUP BY, grouping sets and aggregates.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::RecordBatch;
use futures::FutureExt;
use futures::future::BoxFuture;

use super::{order, sort_rows};
use crate::engine::node::{Emitter, Input, Operator};
use crate::engine::rows;
use crate::error::{Error, Result};
use crate::kernels::columns::ColumnReader;
use crate::kernels::{Accumulator, Aggregate, Call, Env};
use crate::types::{Datum, PgType};

/// What computes an aggregate.
#[derive(Clone, Copy)]
pub(in crate::engine) enum Kind {
    Count,
    Kernel(Aggregate),
    OrderedSet(Aggregate),
}

/// One aggregate call over input columns.
pub(in crate::engine) struct AggregateSpec {
    pub(in crate::engine) kind: Kind,
    pub(in crate::engine) returns: PgType,
    pub(in crate::engine) strict: bool,
    pub(in crate::engine) types: Vec<PgType>,
    pub(in crate::engine) args: Vec<usize>,
    pub(in crate::engine) distinct: bool,
    /// Column, type, descending, nulls first.
    pub(in crate::engine) order: Vec<(usize, PgType, bool, bool)>,
    pub(in crate::engine) filter: Option<usize>,
    pub(in crate::engine) direct: Vec<(usize, PgType)>,
}

/// Groups rows by keys, once per grouping set.
pub(in crate::engine) struct Group {
    pub(in crate::engine) keys: Vec<(usize, PgType)>,
    /// Columns whose first value is kept.
    pub(in crate::engine) carried: Vec<(usize, PgType)>,
    pub(in crate::engine) sets: Vec<Vec<usize>>,
    pub(in crate::engine) aggregates: Vec<AggregateSpec>,
    /// GROUPING(..) calls: indices of keys.
    pub(in crate::engine) groupings: Vec<Vec<usize>>,
    pub(in crate::engine) env: Env,
}

impl std::fmt::Debug for Group {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Group")
    }
}

/// A group's state of one aggregate.
#[derive(Debug)]
enum State {
    Count(i64),
    Running(Box<dyn Accumulator>),
    /// DISTINCT or ORDER BY: rows of arguments, then sort values; computed at the end.
    Rows {
        rows: Vec<Vec<Datum>>,
        direct: Vec<Datum>,
    },
}

struct GroupState {
    keys: Vec<Datum>,
    carried: Vec<Datum>,
    states: Vec<State>,
}

/// The columns of a batch that a call reads.
struct Readers<'a> {
    filter: Option<ColumnReader<'a>>,
    args: Vec<ColumnReader<'a>>,
}

impl AggregateSpec {
    fn readers<'a>(&self, batch: &'a RecordBatch) -> Result<Readers<'a>> {
        let reader = |column: usize, ty| ColumnReader::new(batch.column(column).as_ref(), ty);
        Ok(Readers {
            filter: self.filter.map(|filter| reader(filter, PgType::BOOL)).transpose()?,
            args: self.args.iter().zip(&self.types).map(|(column, ty)| reader(*column, *ty)).collect::<Result<_>>()?,
        })
    }

    fn call<'a>(&'a self, env: &'a Env) -> Call<'a> {
        Call { env, args: &self.types, returns: self.returns }
    }

    fn buffered(&self) -> bool {
        self.distinct || !self.order.is_empty()
    }

    fn start(&self, direct: Vec<Datum>) -> Result<State> {
        Ok(match self.kind {
            _ if self.buffered() => State::Rows { rows: Vec::new(), direct },
            Kind::Count => State::Count(0),
            Kind::Kernel(aggregate) | Kind::OrderedSet(aggregate) => State::Running(aggregate(&direct)?),
        })
    }

    /// One row's arguments; `None`: the row does not count.
    fn input(&self, readers: &Readers<'_>, row: usize) -> Result<Option<Vec<Datum>>> {
        if let Some(filter) = &readers.filter
            && !matches!(filter.get(row)?, Datum::Bool(true))
        {
            return Ok(None);
        }
        let args = readers.args.iter().map(|reader| reader.get(row)).collect::<Result<Vec<_>>>()?;
        let skips_null = self.strict || matches!(self.kind, Kind::Count | Kind::OrderedSet(_));
        Ok((!(skips_null && args.iter().any(Datum::is_null))).then_some(args))
    }

    fn update(&self, state: &mut State, args: Vec<Datum>, batch: &RecordBatch, row: usize, env: &Env) -> Result<usize> {
        Ok(match state {
            State::Count(count) => {
                *count += 1;
                0
            }
            State::Running(accumulator) => {
                accumulator.update(&self.call(env), &args)?;
                0
            }
            State::Rows { rows, .. } => {
                let mut values = args;
                for (column, ty, ..) in &self.order {
                    values.push(rows::read(batch.column(*column), row, *ty)?);
                }
                let bytes = values.iter().map(rows::size_of).sum::<usize>() + 24;
                rows.push(values);
                bytes
            }
        })
    }

    fn finish(&self, state: State, env: &Env) -> Result<Datum> {
        let (mut rows, direct) = match state {
            State::Count(count) => return Ok(Datum::Int8(count)),
            State::Running(accumulator) => return accumulator.finish(&self.call(env)),
            State::Rows { rows, direct } => (rows, direct),
        };
        let width = self.types.len();
        sort_rows(&mut rows, |left, right| {
            for (n, (_, ty, descending, nulls_first)) in self.order.iter().enumerate() {
                let ordering = order(*ty, &left[width + n], &right[width + n], *descending, *nulls_first)?;
                if ordering.is_ne() {
                    return Ok(ordering);
                }
            }
            if self.distinct {
                for (n, ty) in self.types.iter().enumerate() {
                    let ordering = order(*ty, &left[n], &right[n], false, false)?;
                    if ordering.is_ne() {
                        return Ok(ordering);
                    }
                }
            }
            Ok(std::cmp::Ordering::Equal)
        })?;
        let mut last: Option<Vec<u8>> = None;
        let mut count = 0;
        let mut accumulator = match self.kind {
            Kind::Count => None,
            Kind::Kernel(aggregate) | Kind::OrderedSet(aggregate) => Some(aggregate(&direct)?),
        };
        for row in rows {
            let args = &row[..width];
            if self.distinct {
                let key = Some(rows::encode_row(&self.types, args)?);
                if key == last {
                    continue;
                }
                last = key;
            }
            count += 1;
            if let Some(accumulator) = &mut accumulator {
                accumulator.update(&self.call(env), args)?;
            }
        }
        match accumulator {
            None => Ok(Datum::Int8(count)),
            Some(accumulator) => accumulator.finish(&self.call(env)),
        }
    }
}

impl Group {
    fn start(&self, batch: Option<(&RecordBatch, usize)>, keys: Vec<Datum>) -> Result<GroupState> {
        let read = |columns: &[(usize, PgType)]| -> Result<Vec<Datum>> {
            columns
                .iter()
                .map(|(column, ty)| match batch {
                    Some((batch, row)) => rows::read(batch.column(*column), row, *ty),
                    None => Ok(Datum::Null),
                })
                .collect()
        };
        let states = self.aggregates.iter().map(|spec| spec.start(read(&spec.direct)?)).collect::<Result<Vec<_>>>()?;
        Ok(GroupState { keys, carried: read(&self.carried)?, states })
    }

    /// The output row of a group of a set.
    fn row(&self, set: &[usize], group: GroupState) -> Result<Vec<Datum>> {
        let mut row = group.keys;
        row.extend(group.carried);
        for (spec, state) in self.aggregates.iter().zip(group.states) {
            row.push(spec.finish(state, &self.env)?);
        }
        for grouping in &self.groupings {
            let bits = grouping.iter().fold(0, |bits, key| (bits << 1) | i32::from(!set.contains(key)));
            row.push(Datum::Int4(bits));
        }
        Ok(row)
    }
}

impl Operator for Group {
    fn describe(&self) -> String {
        format!("Aggregate: {} keys, {} sets, {} calls", self.keys.len(), self.sets.len(), self.aggregates.len())
    }

    fn run(self: Arc<Self>, mut inputs: Vec<Input>, mut emitter: Emitter) -> BoxFuture<'static, Result<()>> {
        async move {
            let mut input = inputs.pop().ok_or_else(|| Error::internal("aggregate without input"))?;
            let mut budget = emitter.budget("aggregate");
            let mut tables: Vec<HashMap<Vec<u8>, usize>> = self.sets.iter().map(|_| HashMap::new()).collect();
            let mut groups: Vec<Vec<GroupState>> = self.sets.iter().map(|_| Vec::new()).collect();
            let mut held = 0_usize;
            while let Some(batch) = input.next().await? {
                let mut bytes = 0;
                let keys = self.keys.iter().map(|(column, ty)| ColumnReader::new(batch.column(*column).as_ref(), *ty));
                let key_readers = keys.collect::<Result<Vec<_>>>()?;
                let readers = self.aggregates.iter().map(|spec| spec.readers(&batch)).collect::<Result<Vec<_>>>()?;
                for row in 0..batch.num_rows() {
                    let keys = key_readers.iter().map(|reader| reader.get(row)).collect::<Result<Vec<_>>>()?;
                    let inputs = self
                        .aggregates
                        .iter()
                        .zip(&readers)
                        .map(|(spec, readers)| spec.input(readers, row))
                        .collect::<Result<Vec<_>>>()?;
                    for (number, set) in self.sets.iter().enumerate() {
                        let mut key = Vec::with_capacity(set.len() * 12);
                        for index in set {
                            rows::encode_key(self.keys[*index].1, &keys[*index], &mut key)?;
                        }
                        let group = match tables[number].get(&key) {
                            Some(group) => *group,
                            None => {
                                bytes += key.len() + 64 + self.aggregates.len() * 96;
                                let mut own = vec![Datum::Null; keys.len()];
                                for index in set {
                                    own[*index] = keys[*index].clone();
                                }
                                bytes += own.iter().map(rows::size_of).sum::<usize>();
                                groups[number].push(self.start(Some((&batch, row)), own)?);
                                tables[number].insert(key, groups[number].len() - 1);
                                groups[number].len() - 1
                            }
                        };
                        let states = &mut groups[number][group].states;
                        for ((spec, state), args) in self.aggregates.iter().zip(states).zip(&inputs) {
                            if let Some(args) = args {
                                bytes += spec.update(state, args.clone(), &batch, row, &self.env)?;
                            }
                        }
                    }
                }
                budget.grow(bytes)?;
                // Accumulators that gather (array_agg, ST_Collect) tell their size.
                if groups.iter().map(Vec::len).sum::<usize>() <= 4096 {
                    let size: usize = groups
                        .iter()
                        .flatten()
                        .flat_map(|group| &group.states)
                        .map(|state| if let State::Running(accumulator) = state { accumulator.size() } else { 0 })
                        .sum();
                    if size > held {
                        budget.grow(size - held)?;
                        held = size;
                    }
                }
            }
            drop(tables);
            for (number, set) in self.sets.iter().enumerate() {
                if set.is_empty() && groups[number].is_empty() {
                    let keys = vec![Datum::Null; self.keys.len()];
                    groups[number].push(self.start(None, keys)?);
                }
                for group in std::mem::take(&mut groups[number]) {
                    emitter.row(self.row(set, group)?).await?;
                }
            }
            emitter.flush().await
        }
        .boxed()
    }
}

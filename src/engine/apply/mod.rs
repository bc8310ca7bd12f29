//! Correlation: sub-plans that run once per distinct binding of the rows around them, memoised and bounded.
//!
//! DataFusion never sees a sub-query: an expression with sub-queries is computed row by row by [`SubqueryProject`], which runs a
//! sub-plan when the interpreter first asks for it (so CASE, AND, COALESCE decide what runs); LATERAL is [`LateralJoin`].

mod lateral;
mod shared;
mod subquery;

use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};

use arrow::array::RecordBatch;

pub(super) use self::lateral::LateralJoin;
pub(super) use self::shared::{SharedScan, SharedTable};
pub(super) use self::subquery::SubqueryProject;
use super::lower::{Lowerer, from_is_volatile, query_is_volatile};
use super::node::Input;
use super::relation::{Outer, Rel};
use super::rows;
use super::statement::{EXISTS, Key};
use crate::bound::visit::{Node, walk_expr, walk_from, walk_query};
use crate::bound::{Expr, ExprKind, From, Query, RangeId, SubqueryKind};
use crate::error::{Error, Result, SqlState};
use crate::types::{ArrayValue, Datum, PgType};

/// Bytes of answers that one sub-plan remembers.
const MEMO_BYTES: usize = 32 << 20;

/// What runs.
#[derive(Clone, Debug)]
pub(super) enum Spec {
    /// A FROM item under conditions, giving these columns.
    From {
        from: Arc<From>,
        on: Arc<Vec<Expr>>,
        output: Vec<(Key, PgType)>,
    },
    Query(Arc<Query>),
}

/// What is wanted of the rows.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Mode {
    Array(PgType),
    Batches,
    Exists,
    Row,
    Rows,
    Scalar,
}

/// An answer for one binding.
#[derive(Clone, Debug)]
pub(super) enum Answer {
    Batches(Arc<Vec<RecordBatch>>),
    Rows(Arc<RowSet>),
    Value(Datum),
}

/// The rows of a sub-query under ANY/ALL.
#[derive(Debug)]
pub(super) struct RowSet {
    pub(super) rows: Vec<Vec<Datum>>,
    /// First column's keys, and whether it has a NULL.
    pub(super) keys: HashSet<Vec<u8>>,
    pub(super) has_null: bool,
}

/// A sub-plan with its memory.
#[derive(Debug)]
pub(super) struct SubPlan {
    lowerer: Lowerer,
    spec: Spec,
    /// Columns of the rows around that it reads.
    pub(super) bindings: Vec<(Key, PgType)>,
    mode: Mode,
    /// Volatile and correlated: runs for every row.
    volatile: bool,
    memo: Mutex<Memo>,
}

#[derive(Debug, Default)]
struct Memo {
    answers: HashMap<Vec<u8>, Answer>,
    bytes: usize,
}

impl SubPlan {
    pub(super) fn new(lowerer: &Lowerer, spec: Spec, bindings: Vec<(Key, PgType)>, mode: Mode) -> SubPlan {
        let volatile = !bindings.is_empty()
            && match &spec {
                Spec::From { from, .. } => from_is_volatile(from),
                Spec::Query(query) => query_is_volatile(query),
            };
        SubPlan { lowerer: lowerer.clone(), spec, bindings, mode, volatile, memo: Mutex::default() }
    }

    /// The key of a binding: any byte difference counts (a false miss only costs time).
    fn key(&self, binding: &[Datum]) -> Option<Vec<u8>> {
        let mut key = Vec::new();
        for ((_, ty), value) in self.bindings.iter().zip(binding) {
            match value {
                Datum::Geometry(geometry) => {
                    key.push(2);
                    key.extend_from_slice(&(geometry.0.len() as u32).to_le_bytes());
                    key.extend_from_slice(&geometry.0);
                }
                // Equal floats, numerics, bpchars can differ in what a function makes of them: take all that is shown.
                Datum::Float4(value) => key.extend_from_slice(&value.to_bits().to_le_bytes()),
                Datum::Float8(value) => key.extend_from_slice(&value.to_bits().to_le_bytes()),
                Datum::Text(text) => {
                    key.push(3);
                    key.extend_from_slice(&(text.len() as u32).to_le_bytes());
                    key.extend_from_slice(text.as_bytes());
                }
                Datum::Null
                | Datum::Bool(_)
                | Datum::Int2(_)
                | Datum::Int4(_)
                | Datum::Int8(_)
                | Datum::Oid(_)
                | Datum::Date(_)
                | Datum::Timestamp(_)
                | Datum::Timestamptz(_)
                | Datum::Time(_)
                | Datum::Bytea(_)
                | Datum::Uuid(_) => rows::encode_key(*ty, value, &mut key).ok()?,
                // Others are told apart by their debug form, which shows every part.
                other => {
                    let text = format!("{other:?}");
                    key.push(4);
                    key.extend_from_slice(&(text.len() as u32).to_le_bytes());
                    key.extend_from_slice(text.as_bytes());
                }
            }
        }
        Some(key)
    }

    /// The remembered answer.
    pub(super) fn recall(&self, binding: &[Datum]) -> Option<Answer> {
        let key = self.key(binding)?;
        self.memo.lock().ok()?.answers.get(&key).cloned()
    }

    /// A row is done: answers of volatile plans are not those of the next.
    pub(super) fn row_done(&self) {
        if self.volatile
            && let Ok(mut memo) = self.memo.lock()
        {
            memo.answers.clear();
            memo.bytes = 0;
        }
    }

    /// Runs for a binding and remembers the answer.
    pub(super) async fn fill(&self, binding: &[Datum]) -> Result<Answer> {
        let (answer, bytes) = self.run(binding).await?;
        let key = self.key(binding).ok_or_else(|| Error::unsupported("correlation by a value of this type"))?;
        if let Ok(mut memo) = self.memo.lock() {
            if memo.bytes + bytes > MEMO_BYTES {
                memo.answers.clear();
                memo.bytes = 0;
            }
            memo.bytes += bytes + key.len() + 64;
            memo.answers.insert(key, answer.clone());
        }
        Ok(answer)
    }

    /// The plan for a binding.
    pub(super) fn plan(&self, binding: &[Datum]) -> Result<Rel> {
        let mut outer: Outer = Outer::clone(self.lowerer.outer());
        for ((key, ty), value) in self.bindings.iter().zip(binding) {
            outer.0.insert(*key, (value.clone(), *ty));
        }
        let inner = self.lowerer.inside(outer, !self.bindings.is_empty());
        match &self.spec {
            Spec::Query(query) if self.mode == Mode::Exists => inner.query_without_order(query),
            Spec::Query(query) => inner.query(query),
            Spec::From { from, on, output } => inner.lateral_item(from, on, Some(output)),
        }
    }

    async fn run(&self, binding: &[Datum]) -> Result<(Answer, usize)> {
        let rel = self.plan(binding)?;
        let types = rel.types();
        let task = Arc::clone(self.lowerer.task());
        let mut input = Input::new(rel.plan.execute(0, task).map_err(rows::from_datafusion)?);
        Ok(match self.mode {
            Mode::Exists => (Answer::Value(Datum::Bool(input.next().await?.is_some())), 0),
            Mode::Batches => {
                let (mut batches, mut bytes) = (Vec::new(), 0);
                while let Some(batch) = input.next().await? {
                    bytes += batch.get_array_memory_size();
                    batches.push(batch);
                }
                (Answer::Batches(Arc::new(batches)), bytes)
            }
            Mode::Scalar | Mode::Row => {
                let mut row: Option<Vec<Datum>> = None;
                while let Some(batch) = input.next().await? {
                    if row.is_some() || batch.num_rows() > 1 {
                        return Err(Error::new(
                            SqlState::CARDINALITY_VIOLATION,
                            "more than one row returned by a subquery used as an expression",
                        ));
                    }
                    row = Some(rows::read_row(&batch, 0, &types)?);
                }
                let value = match (row, self.mode) {
                    (None, _) => Datum::Null,
                    (Some(row), Mode::Row) => Datum::Record(row.into()),
                    (Some(mut row), _) => row.swap_remove(0),
                };
                let bytes = rows::size_of(&value);
                (Answer::Value(value), bytes)
            }
            Mode::Array(element) => {
                let (mut values, mut bytes) = (Vec::new(), 0);
                while let Some(batch) = input.next().await? {
                    for row in 0..batch.num_rows() {
                        let value = rows::read(batch.column(0), row, types[0])?;
                        if matches!(value, Datum::Array(_)) {
                            return Err(Error::unsupported("ARRAY over a sub-query of arrays"));
                        }
                        bytes += rows::size_of(&value);
                        values.push(value);
                    }
                }
                (Answer::Value(Datum::Array(Arc::new(ArrayValue::vector(element, values)))), bytes)
            }
            Mode::Rows => {
                let mut set = RowSet { rows: Vec::new(), keys: HashSet::new(), has_null: false };
                let mut bytes = 0;
                let mut budget = super::node::Budget::new("sub-query", self.lowerer.task());
                while let Some(batch) = input.next().await? {
                    for row in 0..batch.num_rows() {
                        let row = rows::read_row(&batch, row, &types)?;
                        bytes += row.iter().map(rows::size_of).sum::<usize>() + 24;
                        match (row.first(), types.first()) {
                            (Some(Datum::Null), _) => set.has_null = true,
                            (Some(value), Some(ty)) if rows::is_native(*ty) => {
                                let mut key = Vec::new();
                                rows::encode_key(*ty, value, &mut key)?;
                                bytes += key.len() + 32;
                                set.keys.insert(key);
                            }
                            _ => {}
                        }
                        set.rows.push(row);
                    }
                    budget.clear();
                    budget.grow(bytes)?;
                }
                (Answer::Rows(Arc::new(set)), bytes)
            }
        })
    }
}

/// The columns that a tree reads of ranges that it does not define.
#[allow(clippy::type_complexity)]
pub(super) fn free_columns(walk: &mut dyn FnMut(&mut dyn FnMut(Node<'_>) -> ControlFlow<()>)) -> Free {
    let mut defined = HashSet::new();
    let mut free = Free::default();
    walk(&mut |node| {
        match node {
            Node::From(from) => defined.extend(from.range()),
            Node::Query(_) => {}
            Node::Expr(expr) => match &expr.kind {
                ExprKind::Column { range, column } => {
                    free.columns.insert((Key(*range, *column), expr.ty.oid));
                }
                ExprKind::WholeRow { range } => {
                    free.whole.insert(*range);
                }
                ExprKind::Subquery { kind: SubqueryKind::Any { range, .. }, .. } => {
                    defined.insert(*range);
                }
                _ => {}
            },
        }
        ControlFlow::Continue(())
    });
    free.columns.retain(|(key, _)| !defined.contains(&key.0));
    free.whole.retain(|range| !defined.contains(range));
    free
}

/// See [`free_columns`].
#[derive(Clone, Debug, Default)]
pub(super) struct Free {
    pub(super) columns: HashSet<(Key, PgType)>,
    pub(super) whole: HashSet<RangeId>,
}

impl Free {
    pub(super) fn of_query(query: &Query) -> Free {
        free_columns(&mut |f| {
            let _ = walk_query(query, f);
        })
    }

    pub(super) fn of_from(from: &From, on: &[Expr]) -> Free {
        free_columns(&mut |f| {
            let _ = walk_from(from, f);
            for expr in on {
                let _ = walk_expr(expr, f);
            }
        })
    }

    pub(super) fn of_expr(expr: &Expr) -> Free {
        free_columns(&mut |f| {
            let _ = walk_expr(expr, f);
        })
    }

    /// The ranges read.
    pub(super) fn ranges(&self) -> HashSet<RangeId> {
        self.columns.iter().map(|(key, _)| key.0).chain(self.whole.iter().copied()).collect()
    }

    /// Adds what another tree reads.
    pub(super) fn add(&mut self, other: Free) {
        self.columns.extend(other.columns);
        self.whole.extend(other.whole);
    }

    /// Whether a column is read.
    pub(super) fn reads(&self, key: Key) -> bool {
        self.whole.contains(&key.0) || self.columns.iter().any(|(free, _)| *free == key)
    }

    /// As columns of a plan: those of the plan only (values further out are in the sub-plan's own surroundings already).
    pub(super) fn bindings(&self, columns: &[(Key, PgType)]) -> Vec<(Key, PgType)> {
        let mut bindings: Vec<(Key, PgType)> = columns
            .iter()
            .filter(|(key, _)| {
                self.whole.contains(&key.0) || (key.1 != EXISTS && self.columns.iter().any(|(free, _)| free == key))
            })
            .copied()
            .collect();
        bindings.sort_unstable();
        bindings.dedup();
        bindings
    }
}

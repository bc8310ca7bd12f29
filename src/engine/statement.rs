//! What one execution of a statement shares: values, sources, memory, and which columns are needed at all.

use std::collections::{BTreeSet, HashMap};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use datafusion::execution::TaskContext;

use super::apply::SharedTable;
use super::sources::TableSource;
use crate::bound::visit::{Node, walk_statement};
use crate::bound::{ExprKind, RangeId, Statement as BoundStatement};
use crate::kernels::Env;
use crate::types::Datum;

/// One execution.
pub(super) struct Statement {
    pub(super) env: Env,
    pub(super) params: Vec<Datum>,
    pub(super) contexts: Vec<Datum>,
    pub(super) sources: Arc<dyn TableSource>,
    pub(super) task: Arc<TaskContext>,
    /// What the statement reads of each range.
    pub(super) needed: HashMap<RangeId, Needed>,
    /// Scans inside of sub-queries that run many times, kept after the first.
    pub(super) scans: Mutex<HashMap<(RangeId, Vec<usize>), Arc<SharedTable>>>,
    temps: AtomicUsize,
}

/// The columns of a range that anything refers to.
#[derive(Clone, Debug, Default)]
pub(super) struct Needed {
    pub(super) columns: BTreeSet<usize>,
    pub(super) whole: bool,
}

/// The range of generated columns.
pub(super) const TEMP: RangeId = RangeId(u32::MAX);

/// The column number of a range's "this row exists" mark (a whole row null-extended by an outer join is NULL).
pub(super) const EXISTS: usize = usize::MAX;

/// A column of a plan.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(super) struct Key(pub(super) RangeId, pub(super) usize);

impl Statement {
    pub(super) fn new(
        bound: &BoundStatement,
        env: Env,
        params: Vec<Datum>,
        contexts: Vec<Datum>,
        sources: Arc<dyn TableSource>,
        task: Arc<TaskContext>,
    ) -> Statement {
        let mut needed: HashMap<RangeId, Needed> = HashMap::new();
        let _ = walk_statement(bound, &mut |node| {
            if let Node::Expr(expr) = node {
                match &expr.kind {
                    ExprKind::Column { range, column } => {
                        needed.entry(*range).or_default().columns.insert(*column);
                    }
                    ExprKind::WholeRow { range } => needed.entry(*range).or_default().whole = true,
                    _ => {}
                }
            }
            ControlFlow::Continue(())
        });
        Statement { env, params, contexts, sources, task, needed, scans: Mutex::default(), temps: AtomicUsize::new(0) }
    }

    /// A new generated column.
    pub(super) fn temp(&self) -> Key {
        Key(TEMP, self.temps.fetch_add(1, Ordering::Relaxed))
    }

    /// The columns wanted of a range that has `width` of them, and whether its existence mark is.
    pub(super) fn columns_of(&self, range: RangeId, width: usize) -> (Vec<usize>, bool) {
        match self.needed.get(&range) {
            None => (Vec::new(), false),
            Some(needed) if needed.whole => {
                let mut columns: BTreeSet<usize> = (0..width).collect();
                columns.extend(&needed.columns);
                (columns.into_iter().collect(), true)
            }
            Some(needed) => (needed.columns.iter().copied().collect(), false),
        }
    }
}

impl std::fmt::Debug for Statement {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Statement")
    }
}

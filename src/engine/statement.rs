//! What one execution of a statement shares: values, sources, memory, and which columns are needed at all.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use datafusion::execution::TaskContext;

use super::Inputs;
use super::apply::SharedTable;
use super::node::Plan;
use super::sources::TableSource;
use crate::bound::{RangeId, Reads, Statement as BoundStatement};
use crate::error::{Error, Result, SqlState};
use crate::kernels::Env;
use crate::types::{Datum, PgType};

/// One execution.
pub(super) struct Statement {
    pub(super) env: Env,
    pub(super) params: Vec<Datum>,
    pub(super) contexts: Vec<Datum>,
    pub(super) sources: Arc<dyn TableSource>,
    /// The most keys that a fragment is told; 0: none.
    pub(super) semi_join: usize,
    /// What fragments are told, as EXPLAIN names it: the fragment, and the text.
    pub(super) told: Mutex<Vec<(usize, String)>>,
    pub(super) task: Arc<TaskContext>,
    /// What the statement reads of each range.
    pub(super) reads: Reads,
    /// Scans inside of sub-queries that run many times, kept after the first; `None` once the statement has ended. (Their plans hold the
    /// statement: [`End`] breaks that circle.)
    scans: Mutex<Option<Scans>>,
    temps: AtomicUsize,
}

/// By range and columns read.
type Scans = HashMap<(RangeId, Vec<usize>), Arc<SharedTable>>;

/// Ends its statement when dropped: connections and rows that it keeps are given back.
#[derive(Debug)]
pub(super) struct End(pub(super) Arc<Statement>);

impl Drop for End {
    fn drop(&mut self) {
        let scans = self.0.scans.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(scans);
    }
}

/// The range of generated columns.
pub(super) const TEMP: RangeId = RangeId(u32::MAX);

/// The column number of a range's "this row exists" mark (a whole row null-extended by an outer join is NULL).
pub(super) const EXISTS: usize = usize::MAX;

/// A column of a plan.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(super) struct Key(pub(super) RangeId, pub(super) usize);

impl Statement {
    pub(super) fn new(bound: &BoundStatement, inputs: Inputs, task: Arc<TaskContext>) -> Statement {
        let Inputs { env, params, contexts, sources, semi_join, cancel: _ } = inputs;
        let reads = Reads::of(bound);
        let scans = Mutex::new(Some(HashMap::new()));
        let told = Mutex::default();
        Statement { env, params, contexts, sources, semi_join, told, task, reads, scans, temps: AtomicUsize::new(0) }
    }

    /// The kept scan of a range, made of this plan at the first time.
    pub(super) fn kept_scan(
        &self,
        range: RangeId,
        columns: Vec<usize>,
        plan: Plan,
        types: Vec<PgType>,
    ) -> Result<Arc<SharedTable>> {
        let mut scans = self.scans.lock().map_err(|_| Error::internal("a lock is poisoned"))?;
        let scans = scans.as_mut().ok_or_else(|| Error::new(SqlState::QUERY_CANCELED, "the statement has ended"))?;
        Ok(Arc::clone(scans.entry((range, columns)).or_insert_with(|| Arc::new(SharedTable::new(plan, types)))))
    }

    /// A new generated column.
    pub(super) fn temp(&self) -> Key {
        Key(TEMP, self.temps.fetch_add(1, Ordering::Relaxed))
    }

    /// The columns wanted of a range that has `width` of them, and whether its existence mark is.
    pub(super) fn columns_of(&self, range: RangeId, width: usize) -> (Vec<usize>, bool) {
        match self.reads.get(range) {
            None => (Vec::new(), false),
            Some(read) if read.whole => {
                let mut columns: BTreeSet<usize> = (0..width).collect();
                columns.extend(&read.columns);
                (columns.into_iter().collect(), true)
            }
            Some(read) => (read.columns.iter().copied().collect(), false),
        }
    }
}

impl std::fmt::Debug for Statement {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Statement")
    }
}

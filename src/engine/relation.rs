//! [`Rel`]: a plan whose columns are known by their [`Key`]s.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_plan::projection::{ProjectionExec, ProjectionExpr};

use super::expr::{Lookup, missing};
use super::node::Plan;
use super::rows;
use super::semi_join::Leaf;
use super::statement::{EXISTS, Key};
use crate::bound::RangeId;
use crate::error::Result;
use crate::types::{Datum, PgType};

/// A plan with its columns' meanings and an estimate of its rows.
#[derive(Clone, Debug)]
pub(super) struct Rel {
    pub(super) plan: Plan,
    pub(super) columns: Vec<(Key, PgType)>,
    pub(super) rows: f64,
    /// Columns that are a fragment's own and unchanged: a row without a partner may be left out over there, and nothing else is lost.
    pub(super) origins: Vec<(Key, Origin)>,
}

/// A column of a fragment.
#[derive(Clone, Debug)]
pub(super) struct Origin {
    pub(super) leaf: Arc<Leaf>,
    pub(super) column: usize,
}

/// Values of the rows around a sub-plan.
#[derive(Clone, Debug, Default)]
pub(super) struct Outer(pub(super) HashMap<Key, (Datum, PgType)>);

impl Rel {
    /// A plan over which no fragment is known.
    pub(super) fn new(plan: Plan, columns: Vec<(Key, PgType)>, rows: f64) -> Rel {
        Rel { plan, columns, rows, origins: Vec::new() }
    }

    pub(super) fn origin(&self, key: Key) -> Option<&Origin> {
        self.origins.iter().find(|(column, _)| *column == key).map(|(_, origin)| origin)
    }

    pub(super) fn position(&self, key: Key) -> Option<usize> {
        self.columns.iter().position(|(column, _)| *column == key)
    }

    pub(super) fn types(&self) -> Vec<PgType> {
        self.columns.iter().map(|(_, ty)| *ty).collect()
    }

    /// A column as an expression.
    pub(super) fn column(&self, key: Key) -> Result<Arc<dyn PhysicalExpr>> {
        let index = self.position(key).ok_or_else(|| missing(key))?;
        Ok(Arc::new(Column::new(self.plan.schema().field(index).name(), index)))
    }

    /// Adds computed columns, keeping those of `keep` (all when `None`).
    pub(super) fn project(
        self,
        keep: Option<&dyn Fn(Key) -> bool>,
        added: Vec<(Key, PgType, Arc<dyn PhysicalExpr>)>,
    ) -> Result<Rel> {
        let mut origins = self.origins.clone();
        origins.retain(|(key, _)| !added.iter().any(|(other, ..)| other == key));
        let mut columns = Vec::new();
        let mut exprs: Vec<ProjectionExpr> = Vec::new();
        for (index, (key, ty)) in self.columns.iter().enumerate() {
            if keep.is_none_or(|keep| keep(*key)) && !added.iter().any(|(other, ..)| other == key) {
                let expr = Arc::new(Column::new(self.plan.schema().field(index).name(), index));
                exprs.push(ProjectionExpr { expr, alias: format!("c{}", columns.len()) });
                columns.push((*key, *ty));
            }
        }
        if added.is_empty() && columns.len() == self.columns.len() {
            return Ok(self);
        }
        for (key, ty, expr) in added {
            exprs.push(ProjectionExpr { expr, alias: format!("c{}", columns.len()) });
            columns.push((key, ty));
        }
        if columns.is_empty() {
            // Operators want at least one column.
            let (key, ty) = self.columns[0];
            exprs.push(ProjectionExpr { expr: self.column(key)?, alias: "c0".to_owned() });
            columns.push((key, ty));
        }
        let plan = ProjectionExec::try_new(exprs, self.plan).map_err(rows::from_datafusion)?;
        Ok(Rel { plan: Arc::new(plan), columns, rows: self.rows, origins })
    }
}

/// Columns of a plan, then the values around.
pub(super) struct Scope<'a> {
    pub(super) columns: &'a [(Key, PgType)],
    pub(super) outer: &'a Outer,
}

impl Lookup for Scope<'_> {
    fn column(&self, key: Key) -> Option<(usize, PgType)> {
        self.columns.iter().position(|(column, _)| *column == key).map(|index| (index, self.columns[index].1))
    }

    fn outer(&self, key: Key) -> Option<(Datum, PgType)> {
        self.outer.0.get(&key).cloned()
    }

    fn range(&self, range: RangeId) -> Vec<usize> {
        let own = self.columns.iter().map(|(key, _)| *key);
        let mut columns: Vec<usize> = own
            .chain(self.outer.0.keys().copied())
            .filter(|key| key.0 == range && key.1 != EXISTS)
            .map(|key| key.1)
            .collect();
        columns.sort_unstable();
        columns.dedup();
        columns
    }
}

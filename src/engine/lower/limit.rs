//! LIMIT, OFFSET, FETCH FIRST WITH TIES.

use std::sync::Arc;

use datafusion::physical_plan::limit::GlobalLimitExec;

use super::Lowerer;
use crate::bound::{Expr, Limit, Query};
use crate::engine::expr::{Program, has_subquery};
use crate::engine::node::node;
use crate::engine::ops::limit::{LateLimit, Ties};
use crate::engine::relation::Rel;
use crate::engine::statement::Key;
use crate::error::{Error, Result, SqlState};
use crate::types::{Datum, PgType};

impl Lowerer {
    /// LIMIT + OFFSET where both are known before the plan runs: how many rows a sort must give, at least one (as DataFusion wants).
    pub(super) fn constant_limit(&self, limit: &Limit) -> Result<Option<usize>> {
        let late = |expr: &Option<Expr>| expr.as_ref().is_some_and(has_subquery);
        if limit.with_ties || late(&limit.count) || late(&limit.offset) {
            return Ok(None);
        }
        let count = self.limit_value(limit.count.as_ref())?;
        // Errors of LIMIT come before those of OFFSET in `limit`; here a wrong value means no bound.
        let offset = self.limit_value(limit.offset.as_ref())?.unwrap_or(0);
        Ok(count.filter(|count| *count >= 0 && offset >= 0).map(|count| count.saturating_add(offset).max(1) as usize))
    }

    pub(super) fn limit_value(&self, expr: Option<&Expr>) -> Result<Option<i64>> {
        let Some(expr) = expr else { return Ok(None) };
        let empty = Rel { columns: Vec::new(), ..self.one_row() };
        let program = Program::new(&self.statement, expr, &self.scope(&empty))?;
        let value = program.run(&[], &self.statement.env)?;
        Ok(value.as_i64())
    }

    pub(super) fn limit(&self, rel: Rel, query: &Query, items: &[Key]) -> Result<Rel> {
        let limit = &query.limit;
        if limit.count.is_none() && limit.offset.is_none() {
            return Ok(rel);
        }
        let late = |expr: &Option<Expr>| expr.as_ref().is_some_and(has_subquery);
        if late(&limit.count) || late(&limit.offset) {
            if limit.with_ties {
                return Err(Error::unsupported("WITH TIES with a sub-query"));
            }
            let (count, offset) = (self.statement.temp(), self.statement.temp());
            let null = || Expr::literal(Datum::Null, PgType::INT8);
            let exprs = vec![
                (count, limit.count.clone().unwrap_or_else(null)),
                (offset, limit.offset.clone().unwrap_or_else(null)),
            ];
            let bounds = self.columns_in_order(self.project(self.one_row(), None, exprs)?, &[count, offset])?;
            let types = rel.types();
            let plan = node(LateLimit { types: bounds.types() }, vec![rel.plan, bounds.plan], types);
            return Ok(Rel { plan, origins: Vec::new(), ..rel });
        }
        // PostgreSQL computes OFFSET first.
        let offset = check(self.limit_value(limit.offset.as_ref())?, Bound::Offset)?.unwrap_or(0);
        let count = check(self.limit_value(limit.count.as_ref())?, Bound::Limit)?;
        let rows = count.map_or(rel.rows, |count| rel.rows.min(count as f64));
        if limit.with_ties {
            let Some(count) = count else {
                return Err(Error::new(
                    SqlState::INVALID_ROW_COUNT_IN_LIMIT,
                    "row count cannot be null in FETCH FIRST ... WITH TIES clause",
                ));
            };
            let columns = query
                .order_by
                .iter()
                .map(|key| {
                    let key = items[key.expr];
                    let index = rel.position(key).ok_or_else(|| crate::engine::expr::missing(key))?;
                    Ok((index, rel.columns[index].1))
                })
                .collect::<Result<Vec<_>>>()?;
            let types = rel.types();
            let plan = node(Ties { skip: offset, count, columns }, vec![rel.plan], types);
            return Ok(Rel { plan, origins: Vec::new(), ..rel });
        }
        let plan = Arc::new(GlobalLimitExec::new(rel.plan, offset, count));
        Ok(Rel::new(plan, rel.columns, rows))
    }
}

/// Which clause a row count is of.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::engine) enum Bound {
    Limit,
    Offset,
}

/// Negative counts are errors.
pub(in crate::engine) fn check(value: Option<i64>, bound: Bound) -> Result<Option<usize>> {
    match (value, bound) {
        (Some(value), Bound::Limit) if value < 0 => {
            Err(Error::new(SqlState::INVALID_ROW_COUNT_IN_LIMIT, "LIMIT must not be negative"))
        }
        (Some(value), Bound::Offset) if value < 0 => {
            Err(Error::new(SqlState::INVALID_ROW_COUNT_IN_OFFSET, "OFFSET must not be negative"))
        }
        (value, _) => Ok(value.map(|value| usize::try_from(value).unwrap_or(usize::MAX))),
    }
}

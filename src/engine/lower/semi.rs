//! `IN (SELECT ...)` and `EXISTS (SELECT ...)` among the conditions of WHERE as joins that keep rows with a partner, where a fragment is
//! on either side: then the one side can be told to the other (`engine::semi_join`).
//!
//! Only where the condition is a conjunct (what is not TRUE drops the row, be it FALSE or NULL), and compares by equalities that a join
//! computes as the interpreter does. NOT IN and NOT EXISTS stay as they are: there NULL decides.

use std::collections::HashSet;
use std::sync::Arc;

use datafusion::common::{JoinType, NullEquality};
use datafusion::physical_plan::joins::{HashJoinExec, PartitionMode};

use super::from::is_equality;
use super::reduce::named;
use super::{Lowerer, conjuncts, query_is_volatile, ranges_of};
use crate::bound::visit::{Node, walk_expr};
use crate::bound::{Body, Distinct, Expr, ExprKind, JoinKind, Query, RangeId, Select, SubqueryKind};
use crate::engine::apply::Free;
use crate::engine::expr::{has_subquery, is_volatile};
use crate::engine::relation::Rel;
use crate::engine::rows;
use crate::error::{Error, Result};

/// A sub-query's rows, and the equalities that connect a row with its partners.
struct Partners {
    rel: Rel,
    on: Vec<Expr>,
    name: String,
}

impl Lowerer {
    /// Keeps the rows that have partners in the sub-queries of these conditions; the conditions that are left.
    pub(super) fn partnered(&self, mut rel: Rel, conditions: Vec<Expr>) -> Result<(Rel, Vec<Expr>)> {
        if self.repeated || self.statement.semi_join == 0 || !conditions.iter().any(has_subquery) {
            return Ok((rel, conditions));
        }
        let (mut joined, mut left) = (Vec::new(), Vec::new());
        for condition in conditions {
            match self.partners(&rel, &condition)? {
                Some(partners) => joined.push(partners),
                None => left.push(condition),
            }
        }
        if joined.is_empty() {
            return Ok((rel, left));
        }
        // What has no sub-query comes first, as PostgreSQL tests it: a key may raise where such a condition fails.
        let (left, plain) = left.into_iter().partition(has_subquery);
        rel = self.filter(rel, plain)?;
        for partners in joined {
            rel = self.semi_join(rel, partners)?;
        }
        Ok((rel, left))
    }

    fn partners(&self, rel: &Rel, condition: &Expr) -> Result<Option<Partners>> {
        let ExprKind::Subquery { query, kind } = &condition.kind else { return Ok(None) };
        if query_is_volatile(query) || !query.locking.is_empty() {
            return Ok(None);
        }
        let partners = match kind {
            SubqueryKind::Any { range, test, all: false } => self.listed(rel, query, *range, test)?,
            SubqueryKind::Exists => self.existing(rel, query)?,
            SubqueryKind::Any { .. } | SubqueryKind::Array | SubqueryKind::Row | SubqueryKind::Scalar => None,
        };
        let Some(partners) = partners else { return Ok(None) };
        // Without a fragment there is nobody to tell, and without a key nothing to tell.
        let known = !rel.origins.is_empty() || !partners.rel.origins.is_empty();
        for condition in &partners.on {
            if !known || self.join_key(rel, &partners.rel, condition)?.is_none() {
                return Ok(None);
            }
        }
        Ok(Some(partners).filter(|partners| known && !partners.on.is_empty()))
    }

    /// `left IN (query)`.
    fn listed(&self, rel: &Rel, query: &Query, range: RangeId, test: &Expr) -> Result<Option<Partners>> {
        let free = Free::of_query(query);
        let ExprKind::Call { args, .. } = &test.kind else { return Ok(None) };
        let [left, right] = args.as_slice() else { return Ok(None) };
        let own = |expr: &Expr| Free::of_expr(expr).ranges();
        let plain = free.ranges().is_empty()
            && is_equality(test)
            && !has_subquery(test)
            && !is_volatile(test)
            && is_of(&own(left), rel)
            && own(right) == HashSet::from([range]);
        if !plain {
            return Ok(None);
        }
        let inner = self.renamed(self.query(query)?, range, query.columns.len())?;
        Ok(Some(Partners { rel: inner, on: vec![test.clone()], name: "a sub-query".to_owned() }))
    }

    /// `EXISTS (SELECT ... FROM ... WHERE inner = outer AND ...)`.
    fn existing(&self, rel: &Rel, query: &Query) -> Result<Option<Partners>> {
        let Body::Select(select) = &query.body else { return Ok(None) };
        let limited = query.limit.count.is_some() || query.limit.offset.is_some();
        if !query.ctes.is_empty() || limited || !is_plain(select) {
            return Ok(None);
        }
        let ranges: HashSet<RangeId> = select.from.iter().flat_map(ranges_of).collect();
        if select.from.iter().any(|from| !Free::of_from(from, &[]).ranges().is_empty()) {
            return Ok(None);
        }
        let (mut own, mut on) = (Vec::new(), Vec::new());
        for conjunct in conjuncts(select.filter.as_ref()) {
            let read = Free::of_expr(&conjunct).ranges();
            if read.is_subset(&ranges) {
                own.push(conjunct);
            } else if is_equality(&conjunct) && !has_subquery(&conjunct) && !is_volatile(&conjunct) {
                on.push(conjunct);
            } else {
                return Ok(None);
            }
        }
        let connects = |condition: &Expr| {
            let ExprKind::Call { args, .. } = &condition.kind else { return false };
            let sides: Vec<HashSet<RangeId>> = args.iter().map(|arg| Free::of_expr(arg).ranges()).collect();
            let [one, two] = sides.as_slice() else { return false };
            let inner = |side: &HashSet<RangeId>| !side.is_empty() && side.is_subset(&ranges);
            (inner(one) && is_of(two, rel)) || (inner(two) && is_of(one, rel))
        };
        if on.is_empty() || !on.iter().all(connects) {
            return Ok(None);
        }
        let mut above = Free::default();
        on.iter().for_each(|condition| above.add(Free::of_expr(condition)));
        let inner = self.from_where(&select.from, own, Some(&above))?;
        let names: Vec<String> = select.from.iter().map(named).collect();
        Ok(Some(Partners { rel: inner, on, name: names.join(", ") }))
    }

    /// The rows that have a partner, in their order.
    fn semi_join(&self, rel: Rel, partners: Partners) -> Result<Rel> {
        let Partners { rel: inner, on, name } = partners;
        let (rel, inner) = self.reduce(rel, inner, JoinKind::Inner, &on, ("the rows around", &name))?;
        let mut keys = Vec::new();
        for condition in &on {
            let (outer, inner) = self
                .join_key(&rel, &inner, condition)?
                .ok_or_else(|| Error::internal("a semi-join without its key"))?;
            keys.push((inner, outer));
        }
        let join = HashJoinExec::try_new(
            inner.plan,
            Arc::clone(&rel.plan),
            keys,
            None,
            &JoinType::RightSemi,
            None,
            PartitionMode::CollectLeft,
            NullEquality::NullEqualsNothing,
            false,
        );
        Ok(Rel { plan: Arc::new(join.map_err(rows::from_datafusion)?), rows: rel.rows * 0.5, ..rel })
    }
}

/// Are these ranges, one at least, all the plan's own?
fn is_of(ranges: &HashSet<RangeId>, rel: &Rel) -> bool {
    !ranges.is_empty() && ranges.iter().all(|range| rel.columns.iter().any(|(key, _)| key.0 == *range))
}

/// A SELECT that has a row for each row of FROM and WHERE, or for each group of equal ones.
fn is_plain(select: &Select) -> bool {
    let multiplies = select.items.iter().any(|item| {
        walk_expr(&item.expr, &mut |node| match node {
            Node::Expr(Expr { kind: ExprKind::Call { function, .. }, .. }) if function.returns_set => {
                std::ops::ControlFlow::Break(())
            }
            Node::Expr(_) | Node::From(_) | Node::Query(_) => std::ops::ControlFlow::Continue(()),
        })
        .is_break()
    });
    !multiplies
        && !select.from.is_empty()
        && select.group_by.is_none()
        && select.having.is_none()
        && !select.aggregated
        && matches!(select.distinct, Distinct::All | Distinct::Rows)
}

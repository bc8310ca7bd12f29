//! Queries: SELECT with its stages, ORDER BY, DISTINCT.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::sync::Arc;

use arrow::compute::SortOptions;
use datafusion::physical_expr::{LexOrdering, PhysicalSortExpr};
use datafusion::physical_plan::sorts::sort::SortExec;

use super::{Lowerer, conjuncts, refuse, rewrite, srf};
use crate::bound::visit::{Node, walk_from, walk_query};
use crate::bound::{Body, Distinct, Expr, ExprKind, From, Query, Select, SortKey, Values};
use crate::engine::apply::Free;
use crate::engine::expr::{KeyExpr, is_volatile, plain_collation};
use crate::engine::node::node;
use crate::engine::ops::distinct::{DistinctRows, FirstOfRun};
use crate::engine::ops::values::Values as ValuesOperator;
use crate::engine::relation::Rel;
use crate::engine::rows;
use crate::engine::statement::Key;
use crate::error::Result;
use crate::types::{PgType, storage};

impl Lowerer {
    /// A query's plan; its columns are the visible ones, in order.
    pub(in crate::engine) fn query(&self, query: &Query) -> Result<Rel> {
        stacker::maybe_grow(256 * 1024, 8 * 1024 * 1024, || self.query_grown(query, true))
    }

    /// Only whether there are rows matters: ORDER BY is not done (LIMIT is).
    pub(in crate::engine) fn query_without_order(&self, query: &Query) -> Result<Rel> {
        stacker::maybe_grow(256 * 1024, 8 * 1024 * 1024, || self.query_grown(query, query.limit.with_ties))
    }

    fn query_grown(&self, query: &Query, ordered: bool) -> Result<Rel> {
        if !query.locking.is_empty() {
            return Err(crate::error::Error::unsupported("FOR UPDATE/SHARE outside of the source"));
        }
        let lowerer = self.with_ctes(query)?;
        let (rel, items, late) = match &query.body {
            Body::Select(select) => lowerer.select(select, &query.order_by)?,
            Body::SetOperation(operation) => {
                let rel = lowerer.set_operation(operation)?;
                let items = rel.columns.iter().map(|(key, _)| *key).collect();
                (rel, items, Vec::new())
            }
            Body::Values(values) => {
                let rel = lowerer.values(values, query)?;
                let items = rel.columns.iter().map(|(key, _)| *key).collect();
                (rel, items, Vec::new())
            }
        };
        let distinct_on = match &query.body {
            Body::Select(select) => match &select.distinct {
                Distinct::On(on) => Some(on.as_slice()),
                Distinct::All | Distinct::Rows => None,
            },
            _ => None,
        };
        let rel = match distinct_on {
            Some(on) => lowerer.distinct_on(rel, &items, on, &query.order_by, query)?,
            None if ordered || query.limit.with_ties => {
                let keys = lowerer.sort_keys(&query.order_by, &items, query)?;
                lowerer.sort(rel, &keys, lowerer.constant_limit(&query.limit)?)?
            }
            None => rel,
        };
        let rel = lowerer.limit(rel, query, &items)?;
        // What was left for after LIMIT.
        let rel = lowerer.project(rel, None, late)?;
        lowerer.output(rel, query, &items)
    }

    /// The visible columns, in order.
    fn output(&self, rel: Rel, query: &Query, items: &[Key]) -> Result<Rel> {
        let visible: Vec<Key> = items.iter().copied().take(query.columns.len()).collect();
        self.columns_in_order(rel, &visible)
    }

    /// Exactly these columns, in this order (a column may come twice).
    pub(super) fn columns_in_order(&self, rel: Rel, keys: &[Key]) -> Result<Rel> {
        if rel.columns.len() == keys.len() && rel.columns.iter().zip(keys).all(|((key, _), wanted)| key == wanted) {
            return Ok(rel);
        }
        if keys.is_empty() {
            return Ok(rel);
        }
        let mut added = Vec::new();
        let mut columns = Vec::new();
        for key in keys {
            let index = rel.position(*key).ok_or_else(|| crate::engine::expr::missing(*key))?;
            added.push((self.statement.temp(), rel.columns[index].1, rel.column(*key)?));
            columns.push((*key, rel.columns[index].1));
        }
        let origins = rel.origins.clone();
        let rel = rel.project(Some(&|_| false), added)?;
        Ok(Rel { columns, origins, ..rel })
    }

    fn values(&self, values: &Values, query: &Query) -> Result<Rel> {
        let columns: Vec<(Key, PgType)> =
            query.columns.iter().map(|column| (self.statement.temp(), column.ty.oid)).collect();
        let simple = values.rows.iter().flatten().all(|expr| !crate::engine::expr::has_subquery(expr));
        if simple {
            let types: Vec<PgType> = columns.iter().map(|(_, ty)| *ty).collect();
            let operator = ValuesOperator::new(values.rows.clone(), columns.clone()).with(self);
            let plan = node(operator, Vec::new(), if types.is_empty() { vec![PgType::BOOL] } else { types });
            return Ok(Rel::new(plan, columns, values.rows.len() as f64));
        }
        let mut parts = Vec::new();
        for row in &values.rows {
            let keys: Vec<Key> = columns.iter().map(|(key, _)| *key).collect();
            let exprs = keys.iter().copied().zip(row.iter().cloned()).collect();
            parts.push(self.columns_in_order(self.project(self.one_row(), Some(&|_| false), exprs)?, &keys)?);
        }
        self.concat(parts, &columns)
    }

    /// A SELECT before ORDER BY: the plan, the column of each item, and items left to be computed after LIMIT.
    #[expect(clippy::type_complexity)]
    fn select(&self, select: &Select, order_by: &[SortKey<usize>]) -> Result<(Rel, Vec<Key>, Vec<(Key, Expr)>)> {
        let mut above = Free::default();
        let groups = select.group_by.iter().flat_map(|group| &group.exprs);
        for expr in select.items.iter().map(|item| &item.expr).chain(&select.having).chain(groups) {
            above.add(Free::of_expr(expr));
        }
        let mut rel = self.from_where(&select.from, conjuncts(select.filter.as_ref()), Some(&above))?;
        let mut items: Vec<Expr> = select.items.iter().map(|item| item.expr.clone()).collect();
        let mut having = conjuncts(select.having.as_ref());
        if select.aggregated || select.group_by.is_some() {
            rel = self.aggregate(rel, select, &mut items, &mut having)?;
        }
        if !having.is_empty() {
            rel = self.filter(rel, having)?;
        }
        rel = self.windows(rel, &mut items)?;
        if items.iter().any(is_volatile) {
            rel.origins.clear();
        }
        let has_srf = items.iter().any(srf::has_srf);
        if has_srf {
            rel = self.project_sets(rel, &mut items)?;
        }
        // Plain columns stand for themselves; the others are computed.
        let mut keys = Vec::with_capacity(items.len());
        let mut exprs = Vec::new();
        for item in &items {
            match &item.kind {
                ExprKind::Column { range, column } if rel.position(Key(*range, *column)).is_some() => {
                    keys.push(Key(*range, *column));
                }
                _ => {
                    let key = self.statement.temp();
                    keys.push(key);
                    exprs.push((key, item.clone()));
                }
            }
        }
        let distinct = !matches!(select.distinct, Distinct::All);
        if order_by.is_empty() && !distinct {
            // Nothing looks at the items before LIMIT: rows that it drops are never computed.
            return Ok((rel, keys, exprs));
        }
        let wanted: HashSet<Key> = keys.iter().copied().collect();
        rel = self.project(rel, Some(&|key| wanted.contains(&key)), exprs)?;
        if matches!(select.distinct, Distinct::Rows) {
            let visible: Vec<Key> =
                select.items.iter().zip(&keys).filter(|(item, _)| !item.hidden).map(|(_, key)| *key).collect();
            // Hidden items of SELECT DISTINCT are visible ones written again.
            rel = self.distinct(rel, &visible)?;
        }
        Ok((rel, keys, Vec::new()))
    }

    /// One row of each set of rows equal in these columns.
    pub(super) fn distinct(&self, rel: Rel, keys: &[Key]) -> Result<Rel> {
        let columns = keys
            .iter()
            .map(|key| {
                let index = rel.position(*key).ok_or_else(|| crate::engine::expr::missing(*key))?;
                Ok((index, rel.columns[index].1))
            })
            .collect::<Result<Vec<_>>>()?;
        let (types, rows) = (rel.types(), (rel.rows * 0.5).max(1.0));
        Ok(Rel::new(node(DistinctRows { columns }, vec![rel.plan], types), rel.columns, rows))
    }

    fn distinct_on(
        &self,
        rel: Rel,
        items: &[Key],
        on: &[usize],
        order_by: &[SortKey<usize>],
        query: &Query,
    ) -> Result<Rel> {
        // The written order starts with the DISTINCT ON items (bind checks it); without one they are the order.
        let mut order: Vec<SortKey<usize>> = order_by.to_vec();
        for item in on {
            if !order.iter().any(|key| key.expr == *item) {
                order.push(SortKey { expr: *item, descending: false, nulls_first: false });
            }
        }
        if order_by.is_empty() {
            order = on.iter().map(|item| SortKey { expr: *item, descending: false, nulls_first: false }).collect();
        }
        let keys = self.sort_keys(&order, items, query)?;
        let rel = self.sort(rel, &keys, None)?;
        let columns = on
            .iter()
            .map(|item| {
                let index = rel.position(items[*item]).ok_or_else(|| crate::engine::expr::missing(items[*item]))?;
                Ok((index, rel.columns[index].1))
            })
            .collect::<Result<Vec<_>>>()?;
        let types = rel.types();
        let rows = (rel.rows * 0.5).max(1.0);
        Ok(Rel::new(node(FirstOfRun { columns }, vec![rel.plan], types), rel.columns, rows))
    }

    /// Sort keys over items, checked for collations that are not ours.
    pub(super) fn sort_keys(
        &self,
        order_by: &[SortKey<usize>],
        items: &[Key],
        query: &Query,
    ) -> Result<Vec<SortKey<Key>>> {
        order_by
            .iter()
            .map(|key| {
                let expr = match &query.body {
                    Body::Select(select) => select.items.get(key.expr).map(|item| &item.expr),
                    _ => None,
                };
                if let Some(expr) = expr
                    && !plain_collation(expr)
                {
                    return Err(refuse(expr, "ORDER BY under another collation than C outside of the source"));
                }
                let item = items.get(key.expr).copied().ok_or_else(|| crate::error::Error::internal("sort key"))?;
                Ok(SortKey { expr: item, descending: key.descending, nulls_first: key.nulls_first })
            })
            .collect()
    }

    /// Sorts; `fetch`: only so many rows are wanted.
    pub(super) fn sort(&self, rel: Rel, keys: &[SortKey<Key>], fetch: Option<usize>) -> Result<Rel> {
        let Some(ordering) = sort_exprs(&rel, keys)? else { return Ok(rel) };
        let plan = Arc::new(SortExec::new(ordering, rel.plan).with_fetch(fetch));
        // Of fewer rows, other ones would be the first.
        let origins = if fetch.is_some() { Vec::new() } else { rel.origins };
        Ok(Rel { plan, columns: rel.columns, rows: rel.rows, origins })
    }

    /// Puts an expression's occurrences of a kind into columns of their own.
    pub(super) fn lift(&self, items: &mut [Expr], f: &mut dyn FnMut(&Expr) -> Result<Option<Expr>>) -> Result<()> {
        items.iter_mut().try_for_each(|item| rewrite(item, f))
    }
}

/// DataFusion's sort expressions for columns.
pub(super) fn sort_exprs(rel: &Rel, keys: &[SortKey<Key>]) -> Result<Option<LexOrdering>> {
    let exprs = keys
        .iter()
        .map(|key| {
            let index = rel.position(key.expr).ok_or_else(|| crate::engine::expr::missing(key.expr))?;
            let ty = rel.columns[index].1;
            let column = rel.column(key.expr)?;
            debug_assert_eq!(rel.plan.schema().field(index).data_type(), &storage(ty));
            let expr: Arc<dyn datafusion::physical_expr::PhysicalExpr> =
                if rows::is_native(ty) { column } else { Arc::new(KeyExpr { child: column, ty }) };
            let options = SortOptions { descending: key.descending, nulls_first: key.nulls_first };
            Ok(PhysicalSortExpr::new(expr, options))
        })
        .collect::<Result<Vec<_>>>()?;
    Ok(LexOrdering::new(exprs))
}

/// Whether anything in a query calls a volatile function.
pub(in crate::engine) fn query_is_volatile(query: &Query) -> bool {
    walk_query(query, &mut volatile_node).is_break()
}

/// Whether anything in a FROM item calls a volatile function.
pub(in crate::engine) fn from_is_volatile(from: &From) -> bool {
    walk_from(from, &mut volatile_node).is_break()
}

fn volatile_node(node: Node<'_>) -> ControlFlow<()> {
    match node {
        Node::Expr(expr) if is_volatile(expr) => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    }
}

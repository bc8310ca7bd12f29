//! [`super::visit`] with mutable access, for passes that rewrite the tree in place.

use super::visit::children_mut;
use super::*;
use crate::error::Result;

/// Something met on a mutable walk, before what is below it.
#[derive(Debug)]
pub enum NodeMut<'a> {
    Expr(&'a mut Expr),
    From(&'a mut From),
    Query(&'a mut Query),
}

/// Called on each node; what it leaves in place is descended into.
pub type Rewrite<'f> = dyn FnMut(NodeMut<'_>) -> Result<()> + 'f;

/// Walks everything below a statement, sub-queries and FROM items included, parents first.
pub fn walk_statement_mut(statement: &mut Statement, f: &mut Rewrite<'_>) -> Result<()> {
    match statement {
        Statement::Query(query) => walk_query_mut(query, f),
        Statement::Insert(insert) => {
            walk_ctes(&mut insert.ctes, f)?;
            match &mut insert.source {
                InsertSource::Default => {}
                InsertSource::Values(rows) => walk_all(rows.iter_mut().flatten().flatten(), f)?,
                InsertSource::Query(query) => walk_query_mut(query, f)?,
            }
            if let Some(conflict) = &mut insert.on_conflict {
                walk_all(conflict.assignments.iter_mut().filter_map(|(_, value)| value.as_mut()), f)?;
                walk_all(conflict.filter.as_mut(), f)?;
            }
            walk_all(insert.returning.iter_mut().map(|item| &mut item.expr), f)
        }
        Statement::Update(update) => {
            walk_ctes(&mut update.ctes, f)?;
            walk_all(update.assignments.iter_mut().filter_map(|(_, value)| value.as_mut()), f)?;
            update.from.iter_mut().try_for_each(|from| walk_from_mut(from, f))?;
            walk_all(update.filter.as_mut(), f)?;
            walk_all(update.returning.iter_mut().map(|item| &mut item.expr), f)
        }
        Statement::Delete(delete) => {
            walk_ctes(&mut delete.ctes, f)?;
            delete.using.iter_mut().try_for_each(|from| walk_from_mut(from, f))?;
            walk_all(delete.filter.as_mut(), f)?;
            walk_all(delete.returning.iter_mut().map(|item| &mut item.expr), f)
        }
    }
}

fn walk_ctes(ctes: &mut [Cte], f: &mut Rewrite<'_>) -> Result<()> {
    ctes.iter_mut().try_for_each(|cte| walk_statement_mut(&mut cte.query, f))
}

fn walk_all<'a>(exprs: impl IntoIterator<Item = &'a mut Expr>, f: &mut Rewrite<'_>) -> Result<()> {
    exprs.into_iter().try_for_each(|expr| walk_expr_mut(expr, f))
}

/// [`walk_statement_mut`] over one query.
pub fn walk_query_mut(query: &mut Query, f: &mut Rewrite<'_>) -> Result<()> {
    stacker::maybe_grow(64 * 1024, 4 * 1024 * 1024, || {
        f(NodeMut::Query(query))?;
        walk_ctes(&mut query.ctes, f)?;
        match &mut query.body {
            Body::Select(select) => {
                select.from.iter_mut().try_for_each(|from| walk_from_mut(from, f))?;
                walk_all(select.items.iter_mut().map(|item| &mut item.expr), f)?;
                walk_all(select.filter.as_mut(), f)?;
                walk_all(select.group_by.iter_mut().flat_map(|group| &mut group.exprs), f)?;
                walk_all(select.having.as_mut(), f)?;
            }
            Body::SetOperation(operation) => {
                walk_query_mut(&mut operation.left, f)?;
                walk_query_mut(&mut operation.right, f)?;
            }
            Body::Values(values) => walk_all(values.rows.iter_mut().flatten(), f)?,
        }
        walk_all(query.limit.count.as_mut(), f)?;
        walk_all(query.limit.offset.as_mut(), f)
    })
}

/// [`walk_statement_mut`] over one FROM item.
pub fn walk_from_mut(from: &mut From, f: &mut Rewrite<'_>) -> Result<()> {
    f(NodeMut::From(from))?;
    match from {
        From::Cte { .. } | From::Scan(_) => Ok(()),
        From::Fragment(scan) => walk_all(&mut scan.recheck, f),
        From::Secured(scan) => walk_all(scan.expressions_mut(), f),
        From::Function(scan) => walk_all(scan.functions.iter_mut().map(|function| &mut function.expr), f),
        From::Join(join) => {
            walk_from_mut(&mut join.left, f)?;
            walk_from_mut(&mut join.right, f)?;
            walk_all(join.on.as_mut(), f)
        }
        From::Subquery { query, .. } => walk_query_mut(query, f),
    }
}

/// [`walk_statement_mut`] over one expression, itself included, descending into its sub-queries.
pub fn walk_expr_mut(expr: &mut Expr, f: &mut Rewrite<'_>) -> Result<()> {
    f(NodeMut::Expr(expr))?;
    // Most expressions are a column, a constant, or a cast of one, which needs no stack.
    let expr = match &mut expr.kind {
        ExprKind::Cast { arg, .. } if arg.is_leaf() => {
            f(NodeMut::Expr(arg))?;
            &mut **arg
        }
        _ => expr,
    };
    if expr.is_leaf() {
        return Ok(());
    }
    stacker::maybe_grow(64 * 1024, 4 * 1024 * 1024, || {
        let mut result = Ok(());
        children_mut(expr, &mut |child| {
            if result.is_ok() {
                result = walk_expr_mut(child, f);
            }
        });
        result?;
        if let ExprKind::Subquery { query, .. } = &mut expr.kind { walk_query_mut(query, f) } else { Ok(()) }
    })
}

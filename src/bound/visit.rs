//! Walking the bound tree: one place that knows every child of every node.

use std::collections::HashSet;
use std::ops::ControlFlow;

use super::*;

/// Calls `f` on every direct child expression (those inside sub-queries excluded) in evaluation order.
pub fn children<'a>(expr: &'a Expr, f: &mut dyn FnMut(&'a Expr)) {
    match &expr.kind {
        ExprKind::Aggregate(call) => {
            call.direct.iter().for_each(&mut *f);
            call.args.iter().for_each(&mut *f);
            call.order_by.iter().for_each(|key| f(&key.expr));
            call.filter.iter().for_each(f);
        }
        ExprKind::And(args) | ExprKind::Or(args) | ExprKind::Coalesce(args) => args.iter().for_each(f),
        ExprKind::Array { elements, .. } => elements.iter().for_each(f),
        ExprKind::Call { args, .. } | ExprKind::Greatest { args, .. } | ExprKind::Least { args, .. } => {
            args.iter().for_each(f);
        }
        ExprKind::Case { operand, whens, otherwise } => {
            operand.iter().for_each(|operand| f(operand));
            for (when, then) in whens {
                f(when);
                f(then);
            }
            otherwise.iter().for_each(|otherwise| f(otherwise));
        }
        ExprKind::CaseOperand
        | ExprKind::Column { .. }
        | ExprKind::Context(_)
        | ExprKind::Grouping(_)
        | ExprKind::Literal(_)
        | ExprKind::Param(_)
        | ExprKind::WholeRow { .. } => {}
        ExprKind::Cast { arg, .. } | ExprKind::IsBoolean { arg, .. } | ExprKind::IsNull { arg, .. } => f(arg),
        ExprKind::Collate(arg) | ExprKind::Not(arg) => f(arg),
        ExprKind::Distinct { left, right, .. } | ExprKind::NullIf { left, right, .. } => {
            f(left);
            f(right);
        }
        ExprKind::Field { record, .. } => f(record),
        ExprKind::Row(fields) => fields.iter().for_each(|field| f(&field.expr)),
        ExprKind::ScalarArray { left, array, .. } => {
            f(left);
            f(array);
        }
        ExprKind::Subquery { kind, .. } => {
            if let SubqueryKind::Any { test, .. } = kind {
                f(test);
            }
        }
        ExprKind::Subscript { container, lower, upper, .. } => {
            f(container);
            lower.iter().flatten().for_each(&mut *f);
            upper.iter().flatten().for_each(f);
        }
        ExprKind::Window(call) => {
            call.args.iter().for_each(&mut *f);
            call.filter.iter().for_each(&mut *f);
            call.partition_by.iter().for_each(&mut *f);
            call.order_by.iter().for_each(|key| f(&key.expr));
            for bound in [&call.frame.start, &call.frame.end] {
                if let FrameBound::Following(offset) | FrameBound::Preceding(offset) = bound {
                    f(offset);
                }
            }
        }
    }
}

/// Mutable [`children`].
pub fn children_mut(expr: &mut Expr, f: &mut dyn FnMut(&mut Expr)) {
    match &mut expr.kind {
        ExprKind::Aggregate(call) => {
            call.direct.iter_mut().for_each(&mut *f);
            call.args.iter_mut().for_each(&mut *f);
            call.order_by.iter_mut().for_each(|key| f(&mut key.expr));
            call.filter.iter_mut().for_each(f);
        }
        ExprKind::And(args) | ExprKind::Or(args) | ExprKind::Coalesce(args) => args.iter_mut().for_each(f),
        ExprKind::Array { elements, .. } => elements.iter_mut().for_each(f),
        ExprKind::Call { args, .. } | ExprKind::Greatest { args, .. } | ExprKind::Least { args, .. } => {
            args.iter_mut().for_each(f);
        }
        ExprKind::Case { operand, whens, otherwise } => {
            operand.iter_mut().for_each(|operand| f(operand));
            for (when, then) in whens {
                f(when);
                f(then);
            }
            otherwise.iter_mut().for_each(|otherwise| f(otherwise));
        }
        ExprKind::CaseOperand
        | ExprKind::Column { .. }
        | ExprKind::Context(_)
        | ExprKind::Grouping(_)
        | ExprKind::Literal(_)
        | ExprKind::Param(_)
        | ExprKind::WholeRow { .. } => {}
        ExprKind::Cast { arg, .. } | ExprKind::IsBoolean { arg, .. } | ExprKind::IsNull { arg, .. } => f(arg),
        ExprKind::Collate(arg) | ExprKind::Not(arg) => f(arg),
        ExprKind::Distinct { left, right, .. } | ExprKind::NullIf { left, right, .. } => {
            f(left);
            f(right);
        }
        ExprKind::Field { record, .. } => f(record),
        ExprKind::Row(fields) => fields.iter_mut().for_each(|field| f(&mut field.expr)),
        ExprKind::ScalarArray { left, array, .. } => {
            f(left);
            f(array);
        }
        ExprKind::Subquery { kind, .. } => {
            if let SubqueryKind::Any { test, .. } = kind {
                f(test);
            }
        }
        ExprKind::Subscript { container, lower, upper, .. } => {
            f(container);
            lower.iter_mut().flatten().for_each(&mut *f);
            upper.iter_mut().flatten().for_each(f);
        }
        ExprKind::Window(call) => {
            call.args.iter_mut().for_each(&mut *f);
            call.filter.iter_mut().for_each(&mut *f);
            call.partition_by.iter_mut().for_each(&mut *f);
            call.order_by.iter_mut().for_each(|key| f(&mut key.expr));
            for bound in [&mut call.frame.start, &mut call.frame.end] {
                if let FrameBound::Following(offset) | FrameBound::Preceding(offset) = bound {
                    f(offset);
                }
            }
        }
    }
}

/// Something met on a walk over a whole statement.
#[derive(Clone, Copy, Debug)]
pub enum Node<'a> {
    Expr(&'a Expr),
    From(&'a From),
    Query(&'a Query),
}

/// Walks everything below a statement, sub-queries and FROM items included, parents first. Return Break to stop.
pub fn walk_statement<'a>(statement: &'a Statement, f: &mut dyn FnMut(Node<'a>) -> ControlFlow<()>) -> ControlFlow<()> {
    match statement {
        Statement::Query(query) => walk_query(query, f),
        Statement::Insert(insert) => {
            walk_ctes(&insert.ctes, f)?;
            match &insert.source {
                InsertSource::Default => {}
                InsertSource::Values(rows) => {
                    for value in rows.iter().flatten().flatten() {
                        walk_expr(value, f)?;
                    }
                }
                InsertSource::Query(query) => walk_query(query, f)?,
            }
            if let Some(conflict) = &insert.on_conflict {
                for value in conflict.assignments.iter().filter_map(|(_, value)| value.as_ref()) {
                    walk_expr(value, f)?;
                }
                walk_all(conflict.filter.as_ref(), f)?;
            }
            walk_all(insert.returning.iter().map(|item| &item.expr), f)
        }
        Statement::Update(update) => {
            walk_ctes(&update.ctes, f)?;
            walk_all(update.assignments.iter().filter_map(|(_, value)| value.as_ref()), f)?;
            for from in &update.from {
                walk_from(from, f)?;
            }
            walk_all(update.filter.as_ref(), f)?;
            walk_all(update.returning.iter().map(|item| &item.expr), f)
        }
        Statement::Delete(delete) => {
            walk_ctes(&delete.ctes, f)?;
            for from in &delete.using {
                walk_from(from, f)?;
            }
            walk_all(delete.filter.as_ref(), f)?;
            walk_all(delete.returning.iter().map(|item| &item.expr), f)
        }
    }
}

fn walk_ctes<'a>(ctes: &'a [Cte], f: &mut dyn FnMut(Node<'a>) -> ControlFlow<()>) -> ControlFlow<()> {
    ctes.iter().try_for_each(|cte| walk_statement(&cte.query, f))
}

fn walk_all<'a>(
    exprs: impl IntoIterator<Item = &'a Expr>,
    f: &mut dyn FnMut(Node<'a>) -> ControlFlow<()>,
) -> ControlFlow<()> {
    exprs.into_iter().try_for_each(|expr| walk_expr(expr, f))
}

/// [`walk_statement`] over one query.
pub fn walk_query<'a>(query: &'a Query, f: &mut dyn FnMut(Node<'a>) -> ControlFlow<()>) -> ControlFlow<()> {
    stacker::maybe_grow(64 * 1024, 4 * 1024 * 1024, || {
        f(Node::Query(query))?;
        walk_ctes(&query.ctes, f)?;
        match &query.body {
            Body::Select(select) => {
                for from in &select.from {
                    walk_from(from, f)?;
                }
                walk_all(select.items.iter().map(|item| &item.expr), f)?;
                walk_all(select.filter.as_ref(), f)?;
                walk_all(select.group_by.iter().flat_map(|group| &group.exprs), f)?;
                walk_all(select.having.as_ref(), f)?;
            }
            Body::SetOperation(operation) => {
                walk_query(&operation.left, f)?;
                walk_query(&operation.right, f)?;
            }
            Body::Values(values) => walk_all(values.rows.iter().flatten(), f)?,
        }
        walk_all(query.limit.count.as_ref(), f)?;
        walk_all(query.limit.offset.as_ref(), f)
    })
}

/// [`walk_statement`] over one FROM item.
pub fn walk_from<'a>(from: &'a From, f: &mut dyn FnMut(Node<'a>) -> ControlFlow<()>) -> ControlFlow<()> {
    f(Node::From(from))?;
    match from {
        From::Cte { .. } | From::Scan(_) => ControlFlow::Continue(()),
        From::Fragment(scan) => walk_all(&scan.recheck, f),
        From::Secured(scan) => walk_all(scan.expressions(), f),
        From::Function(scan) => walk_all(scan.functions.iter().map(|function| &function.expr), f),
        From::Join(join) => {
            walk_from(&join.left, f)?;
            walk_from(&join.right, f)?;
            walk_all(join.on.as_ref(), f)
        }
        From::Subquery { query, .. } => walk_query(query, f),
    }
}

/// [`walk_statement`] over one expression, itself included, descending into its sub-queries.
pub fn walk_expr<'a>(expr: &'a Expr, f: &mut dyn FnMut(Node<'a>) -> ControlFlow<()>) -> ControlFlow<()> {
    // Most expressions are a column, a constant, or a cast of one, which needs no stack.
    let mut expr = expr;
    while let ExprKind::Cast { arg, .. } = &expr.kind {
        f(Node::Expr(expr))?;
        expr = arg;
    }
    if expr.is_leaf() {
        return f(Node::Expr(expr));
    }
    stacker::maybe_grow(64 * 1024, 4 * 1024 * 1024, || {
        f(Node::Expr(expr))?;
        let mut flow = ControlFlow::Continue(());
        children(expr, &mut |child| {
            if flow.is_continue() {
                flow = walk_expr(child, f);
            }
        });
        flow?;
        if let ExprKind::Subquery { query, .. } = &expr.kind { walk_query(query, f) } else { ControlFlow::Continue(()) }
    })
}

/// The conditions that a condition is an AND of.
pub fn conjuncts(expr: &Expr) -> Vec<&Expr> {
    match &expr.kind {
        ExprKind::And(args) => args.iter().flat_map(conjuncts).collect(),
        _ => vec![expr],
    }
}

/// The ranges that a query reads and does not make: it is correlated where there are some.
pub fn outer_ranges(query: &Query) -> HashSet<RangeId> {
    let (mut read, mut made) = (HashSet::new(), HashSet::new());
    let _ = walk_query(query, &mut |node| {
        match node {
            Node::Expr(expr) => match &expr.kind {
                ExprKind::Column { range, .. } | ExprKind::WholeRow { range } => {
                    read.insert(*range);
                }
                ExprKind::Subquery { kind: SubqueryKind::Any { range, .. }, .. } => {
                    made.insert(*range);
                }
                _ => {}
            },
            Node::From(from) => made.extend(from.range()),
            Node::Query(_) => {}
        }
        ControlFlow::Continue(())
    });
    read.retain(|range| !made.contains(range));
    read
}

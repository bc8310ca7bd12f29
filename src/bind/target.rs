//! Target lists and their column names (`FigureColname`).

use crate::sql::ast::{Node, SqlValueFunctionOp, SubLinkType};

use crate::bound::{Expr, Item};
use crate::error::{Error, Result};
use crate::types::PgType;

use super::ast;
use super::context::{Binder, Kind};

impl Binder<'_> {
    /// Binds a target list, stars expanded.
    pub fn target_list(&mut self, nodes: &[Node], kind: Kind) -> Result<Vec<Item>> {
        let mut items = Vec::with_capacity(nodes.len());
        for node in nodes {
            let Node::ResTarget(target) = node else { return Err(Error::internal("target list")) };
            let value = ast::child(&target.val)?;
            let expanded = self.with_kind(kind, |binder| binder.expand_star(value))?;
            if let Some(columns) = expanded {
                items.extend(columns.into_iter().map(|(name, expr)| Item { expr, name, hidden: false }));
                continue;
            }
            let expr = self.expr_in(value, kind)?;
            let name = if target.name.is_empty() { column_name(value) } else { target.name.clone() };
            items.push(Item { expr, name, hidden: false });
        }
        if items.len() > 1664 {
            return Err(Error::new(
                crate::error::SqlState::TOO_MANY_COLUMNS,
                "target lists can have at most 1664 entries",
            ));
        }
        Ok(items)
    }

    /// Unknown literals and parameters of a target list become text (`resolveTargetListUnknowns`).
    pub fn resolve_unknown_items(&mut self, items: &mut [Item]) -> Result<()> {
        for item in items {
            if item.expr.ty.oid == PgType::UNKNOWN {
                item.expr = self.coerce_implicit(item.expr.clone(), PgType::TEXT)?;
            }
        }
        Ok(())
    }

    /// Is the expression certain to be non-volatile and free of sub-queries (so that it may be repeated)?
    pub fn repeatable(&self, expr: &Expr) -> bool {
        use crate::bound::ExprKind;
        let volatile = super::aggregate::find(expr, &|kind| match kind {
            ExprKind::Call { function, .. } => function.volatility == crate::catalog::Volatility::Volatile,
            ExprKind::Subquery { .. } => true,
            _ => false,
        });
        volatile.is_none()
    }
}

/// The name of an output column without AS.
pub(super) fn column_name(node: &Node) -> String {
    figure(node).1.unwrap_or("?column?").to_owned()
}

/// (strength, name): a cast's type name (1) yields to a name inside (2).
fn figure(node: &Node) -> (u8, Option<&str>) {
    let strong = |name| (2, Some(name));
    let none = (0, None);
    match node {
        Node::ColumnRef(column) => match ast::last_name(&column.fields) {
            Some(name) => strong(name),
            None => none,
        },
        Node::AIndirection(indirection) => match indirection.indirection.iter().rev().find_map(ast::string) {
            Some(name) => strong(name),
            None => indirection.arg.as_ref().map_or(none, figure),
        },
        Node::FuncCall(call) => match ast::last_name(&call.funcname) {
            Some(name) => strong(name),
            None => none,
        },
        Node::AExpr(expr) if expr.kind == crate::sql::ast::AExprKind::AexprNullif => strong("nullif"),
        Node::TypeCast(cast) => {
            let inner = cast.arg.as_ref().map_or((0, None), figure);
            let ty = cast.type_name.as_ref().and_then(|name| ast::last_name(&name.names));
            match (inner.0, ty) {
                (0 | 1, Some(name)) => (1, Some(name)),
                _ => inner,
            }
        }
        Node::CollateClause(clause) => clause.arg.as_ref().map_or(none, figure),
        Node::GroupingFunc(_) => strong("grouping"),
        Node::SubLink(link) => match link.sub_link_type {
            SubLinkType::ExistsSublink => strong("exists"),
            SubLinkType::ArraySublink => strong("array"),
            SubLinkType::ExprSublink => link.subselect.as_ref().map_or(none, first_target),
            _ => none,
        },
        Node::CaseExpr(case) => {
            let inner = case.defresult.as_ref().map_or((0, None), figure);
            if inner.0 <= 1 { (1, Some("case")) } else { inner }
        }
        Node::AArrayExpr(_) => strong("array"),
        Node::RowExpr(_) => strong("row"),
        Node::CoalesceExpr(_) => strong("coalesce"),
        Node::MinMaxExpr(expr) => match expr.op {
            crate::sql::ast::MinMaxOp::IsGreatest => strong("greatest"),
            crate::sql::ast::MinMaxOp::IsLeast => strong("least"),
        },
        Node::SqlValueFunction(function) => match value_function_name(function.op) {
            Some(name) => strong(name),
            None => none,
        },
        _ => none,
    }
}

fn first_target(node: &Node) -> (u8, Option<&str>) {
    let Node::SelectStmt(select) = node else { return (0, None) };
    let mut select = select;
    // A set operation's names are those of its first branch.
    while let Some(left) = &select.larg {
        select = left;
    }
    match select.target_list.first() {
        Some(Node::ResTarget(target)) if !target.name.is_empty() => (2, Some(&target.name)),
        Some(Node::ResTarget(target)) => {
            let (_, name) = target.val.as_ref().map_or((0, None), figure);
            (2, Some(name.unwrap_or("?column?")))
        }
        _ if !select.values_lists.is_empty() => (2, Some("column1")),
        _ => (0, None),
    }
}

pub(super) fn value_function_name(op: SqlValueFunctionOp) -> Option<&'static str> {
    Some(match op {
        SqlValueFunctionOp::SqlvalueFunctionOpUndefined => return None,
        SqlValueFunctionOp::SvfopCurrentDate => "current_date",
        SqlValueFunctionOp::SvfopCurrentTime | SqlValueFunctionOp::SvfopCurrentTimeN => "current_time",
        SqlValueFunctionOp::SvfopCurrentTimestamp | SqlValueFunctionOp::SvfopCurrentTimestampN => "current_timestamp",
        SqlValueFunctionOp::SvfopLocaltime | SqlValueFunctionOp::SvfopLocaltimeN => "localtime",
        SqlValueFunctionOp::SvfopLocaltimestamp | SqlValueFunctionOp::SvfopLocaltimestampN => "localtimestamp",
        SqlValueFunctionOp::SvfopCurrentRole => "current_role",
        SqlValueFunctionOp::SvfopCurrentUser => "current_user",
        SqlValueFunctionOp::SvfopUser => "user",
        SqlValueFunctionOp::SvfopSessionUser => "session_user",
        SqlValueFunctionOp::SvfopCurrentCatalog => "current_catalog",
        SqlValueFunctionOp::SvfopCurrentSchema => "current_schema",
    })
}

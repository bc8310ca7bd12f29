//! Aggregate calls (`parse_agg.c`): where they may stand, their DISTINCT, ORDER BY, FILTER and WITHIN GROUP.

use std::ops::ControlFlow;

use crate::sql::ast::{FuncCall, Node};

use crate::bound::visit::{self, Node as Visited};
use crate::bound::{AggregateCall, Expr, ExprKind, RangeId, SortKey, Span};
use crate::catalog::FunctionKind;
use crate::error::{Error, Result, SqlState};
use crate::types::PgType;

use super::ast::{self, at, names};
use super::call::{Called, Resolved};
use super::coerce::location;
use super::context::{Binder, Kind};

impl Binder<'_> {
    /// A call of an aggregate without OVER; arguments are bound.
    pub fn aggregate(&mut self, call: &FuncCall, resolved: Resolved, before: usize, place: Span) -> Result<Expr> {
        let name = names(&call.funcname).join(".");
        let wrong = |message: String| at(Error::new(SqlState::WRONG_OBJECT_TYPE, message), place);
        if resolved.function.kind != FunctionKind::Aggregate {
            return Err(wrong(format!("WITHIN GROUP is required for ordered-set aggregate {name}")));
        }
        if resolved.args.is_empty() && !call.agg_star {
            return Err(wrong(format!("{name}(*) must be used to call a parameterless aggregate function")));
        }
        if resolved.function.returns_set {
            return Err(Error::internal("aggregate returning a set"));
        }
        self.check_no_set(before)?;
        let Resolved { function, args, ty, variadic } = resolved;
        let mut order_by = self.aggregate_order(&call.agg_order)?;
        if call.agg_distinct {
            for key in &mut order_by {
                // An argument is known by what was written; its coercion is what is sorted.
                let Some(arg) = args.iter().find(|arg| crate::bound::same(written(arg), &key.expr)) else {
                    let message = "in an aggregate with DISTINCT, ORDER BY expressions must appear in argument list";
                    return Err(at(Error::new(SqlState::INVALID_COLUMN_REFERENCE, message), location(&key.expr)));
                };
                key.expr = arg.clone();
            }
            for arg in &args {
                self.check_groupable(arg)?;
                self.check_sortable(arg)?;
            }
        }
        let filter = self.filter(call)?;
        self.check_aggregate(&[], args.iter().chain(order_by.iter().map(|key| &key.expr)).chain(&filter), place)?;
        let aggregate = AggregateCall {
            function,
            direct: Vec::new(),
            args,
            distinct: call.agg_distinct,
            order_by,
            filter,
            within_group: false,
            variadic,
        };
        Ok(Expr::new(ExprKind::Aggregate(Box::new(aggregate)), ty, place))
    }

    /// `f(direct) WITHIN GROUP (ORDER BY aggregated)`.
    pub fn ordered_set(&mut self, call: &FuncCall, name: &[&str], direct: Vec<Expr>, place: Span) -> Result<Expr> {
        let before = self.set_returning;
        let written = name.join(".");
        let wrong = |message: String| at(Error::new(SqlState::WRONG_OBJECT_TYPE, message), place);
        let direct_count = direct.len();
        let order = self.aggregate_order(&call.agg_order)?;
        let mut args = direct.clone();
        args.extend(order.iter().map(|key| key.expr.clone()));
        let resolved = match self.resolve_call(call, name, args, &[], place)? {
            Called::Cast(_) => {
                return Err(wrong(format!("WITHIN GROUP specified, but {written} is not an aggregate function")));
            }
            Called::Function(resolved) => *resolved,
        };
        let kind = resolved.function.kind;
        match kind {
            FunctionKind::OrderedSet | FunctionKind::Hypothetical => {}
            FunctionKind::Aggregate => {
                let message = format!("{written} is not an ordered-set aggregate, so it cannot have WITHIN GROUP");
                return Err(wrong(message));
            }
            FunctionKind::Window => return Err(wrong(format!("window function {written} cannot have WITHIN GROUP"))),
            FunctionKind::Function | FunctionKind::Procedure => {
                return Err(wrong(format!("WITHIN GROUP specified, but {written} is not an aggregate function")));
            }
        }
        if call.over.is_some() {
            let message = format!("OVER is not supported for ordered-set aggregate {written}");
            return Err(at(Error::new(SqlState::FEATURE_NOT_SUPPORTED, message), place));
        }
        if call.agg_distinct {
            return Err(wrong("cannot use DISTINCT with WITHIN GROUP".to_owned()));
        }
        self.check_no_set(before)?;
        let Resolved { function, mut args, ty, variadic } = resolved;
        let mut aggregated = args.split_off(direct_count.min(args.len()));
        // A hypothetical row's literals take the types of the columns, not that of "any".
        let mut direct = if kind == FunctionKind::Hypothetical && function.variadic { direct } else { args };
        if kind == FunctionKind::Hypothetical && function.variadic {
            if direct.len() != aggregated.len() {
                let message = format!("function {written} does not exist");
                let hint = format!(
                    "To use the hypothetical-set aggregate {written}, the number of hypothetical direct arguments (here {}) must match the number of ordering columns (here {}).",
                    direct.len(),
                    aggregated.len()
                );
                return Err(at(Error::new(SqlState::UNDEFINED_FUNCTION, message).hint(hint), place));
            }
            for (direct, aggregated) in direct.iter_mut().zip(&mut aggregated) {
                let common = self.common_type(&[aggregated, direct], Some("WITHIN GROUP"))?;
                for expr in [direct, aggregated] {
                    *expr = self.coerce_common(expr.clone(), common, "WITHIN GROUP")?;
                }
            }
        }
        let order_by: Vec<SortKey<Expr>> =
            order.into_iter().zip(&aggregated).map(|(key, arg)| SortKey { expr: arg.clone(), ..key }).collect();
        let filter = self.filter(call)?;
        self.check_aggregate(&direct, aggregated.iter().chain(&filter), place)?;
        let aggregate = AggregateCall {
            function,
            direct,
            args: aggregated,
            distinct: false,
            order_by,
            filter,
            within_group: true,
            variadic,
        };
        Ok(Expr::new(ExprKind::Aggregate(Box::new(aggregate)), ty, place))
    }

    fn check_no_set(&self, before: usize) -> Result<()> {
        if self.set_returning == before {
            return Ok(());
        }
        let error = Error::new(
            SqlState::FEATURE_NOT_SUPPORTED,
            "aggregate function calls cannot contain set-returning function calls",
        )
        .hint("You might be able to move the set-returning function into a LATERAL FROM item.");
        Err(at(error, self.last_set_returning))
    }

    pub fn filter(&mut self, call: &FuncCall) -> Result<Option<Expr>> {
        let Some(filter) = &call.agg_filter else { return Ok(None) };
        let expr = self.expr_in(filter, Kind::Filter)?;
        self.coerce_boolean(expr, "FILTER").map(Some)
    }

    fn aggregate_order(&mut self, nodes: &[Node]) -> Result<Vec<SortKey<Expr>>> {
        nodes.iter().map(|node| self.sort_key(node)).collect()
    }

    /// One `expr [ASC|DESC] [NULLS ...]` whose expression is taken as it is (no ordinals).
    pub fn sort_key(&mut self, node: &Node) -> Result<SortKey<Expr>> {
        let Node::SortBy(sort) = node else { return Err(Error::internal("sort key")) };
        let expr = self.expr(ast::child(&sort.node)?)?;
        let expr = if expr.ty.oid == PgType::UNKNOWN { self.coerce_implicit(expr, PgType::TEXT)? } else { expr };
        let (descending, nulls_first) = self.sort_direction(sort)?;
        self.check_sortable(&expr)?;
        Ok(SortKey { expr, descending, nulls_first })
    }

    /// Level and place of an aggregate whose arguments are bound. The direct ones do not decide the level.
    fn check_aggregate<'e>(
        &mut self,
        direct: &'e [Expr],
        inputs: impl Iterator<Item = &'e Expr> + Clone,
        place: Span,
    ) -> Result<()> {
        for input in direct.iter().chain(inputs.clone()) {
            if let Some(nested) = find(input, &|kind| matches!(kind, ExprKind::Aggregate(_))) {
                let error = Error::new(SqlState::GROUPING_ERROR, "aggregate function calls cannot be nested");
                return Err(at(error, nested));
            }
            if let Some(nested) = find(input, &|kind| matches!(kind, ExprKind::Window(_))) {
                let message = "aggregate function calls cannot contain window function calls";
                return Err(at(Error::new(SqlState::GROUPING_ERROR, message), nested));
            }
        }
        let depth = self.scopes.len() - 1;
        if let Some(level) = self.level(inputs).filter(|level| *level < depth) {
            if self.level(direct.iter()).is_some_and(|own| own > level) {
                let message = "outer-level aggregate cannot contain a lower-level variable in its direct arguments";
                return Err(at(Error::new(SqlState::GROUPING_ERROR, message), place));
            }
            return Err(at(Error::unsupported("an aggregate of an outer query level"), place));
        }
        let kind = self.kind();
        let where_to = match kind {
            Kind::SelectTarget
            | Kind::Having
            | Kind::OrderBy
            | Kind::DistinctOn
            | Kind::WindowOrder
            | Kind::WindowPartition => {
                self.scope_mut().has_aggregates = true;
                return Ok(());
            }
            Kind::JoinOn => "JOIN conditions".to_owned(),
            Kind::FromSubselect => "FROM clause of their own query level".to_owned(),
            Kind::FromFunction => "functions in FROM".to_owned(),
            Kind::WindowFrameGroups | Kind::WindowFrameRange | Kind::WindowFrameRows => {
                format!("window {}", kind.name())
            }
            Kind::Default => "DEFAULT expressions".to_owned(),
            Kind::Filter
            | Kind::GroupBy
            | Kind::Limit
            | Kind::Offset
            | Kind::Other
            | Kind::Returning
            | Kind::UpdateSource
            | Kind::Values
            | Kind::ValuesSingle
            | Kind::Where => kind.name().to_owned(),
        };
        let message = format!("aggregate functions are not allowed in {where_to}");
        Err(at(Error::new(SqlState::GROUPING_ERROR, message), place))
    }

    /// The innermost query level whose columns the expressions use; `None` without columns.
    pub fn level<'e>(&self, exprs: impl Iterator<Item = &'e Expr>) -> Option<usize> {
        let depth = self.scopes.len() - 1;
        let mut level = None;
        for expr in exprs {
            let _ = visit::walk_expr(expr, &mut |node| {
                if let Visited::Expr(expr) = node
                    && let ExprKind::Column { range, .. } | ExprKind::WholeRow { range } = &expr.kind
                {
                    let own = self.range(*range).depth;
                    if own <= depth {
                        level = level.max(Some(own));
                    }
                }
                ControlFlow::Continue(())
            });
        }
        level
    }

    /// Does the expression use columns of the current query level?
    pub fn uses_level(&self, expr: &Expr, depth: usize) -> bool {
        let mut used = false;
        let _ = visit::walk_expr(expr, &mut |node| {
            if let Visited::Expr(expr) = node
                && let ExprKind::Column { range, .. } | ExprKind::WholeRow { range } = &expr.kind
                && self.range(*range).depth == depth
            {
                used = true;
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        });
        used
    }

    /// A range for the rows of a sub-query in `= ANY (SELECT ...)`: of no level.
    pub fn test_range(&mut self, columns: Vec<super::context::RangeField>) -> RangeId {
        let range = self.new_range(None, columns);
        self.ranges[range.0 as usize].depth = usize::MAX;
        range
    }
}

/// An argument without its implicit coercions.
fn written(expr: &Expr) -> &Expr {
    match &expr.kind {
        ExprKind::Cast { arg, explicit: false, .. } => written(arg),
        _ => expr,
    }
}

/// The place of a node of that kind in the expression itself (sub-queries are other levels).
pub(super) fn find(expr: &Expr, wanted: &dyn Fn(&ExprKind) -> bool) -> Option<Span> {
    stacker::maybe_grow(64 * 1024, 4 * 1024 * 1024, || {
        if wanted(&expr.kind) {
            return Some(expr.span);
        }
        let mut found = None;
        visit::children(expr, &mut |child| {
            if found.is_none() {
                found = find(child, wanted);
            }
        });
        found
    })
}

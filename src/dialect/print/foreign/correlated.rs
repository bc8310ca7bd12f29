//! Correlated sub-queries: targets that make joins of them take some forms alone, and some gave wrong rows for others.
//!
//! By the rule `exists` what is taken there is `[NOT] EXISTS (SELECT ... FROM ... WHERE own.column = outer.column AND ...)` as a conjunct of
//! WHERE; by `where` any sub-query that reads the rows around in its WHERE alone. The rest is finished here.

use std::collections::HashSet;
use std::ops::ControlFlow;

use crate::bound::visit::{Node, children, conjuncts, outer_ranges, walk_expr, walk_from};
use crate::bound::{Body, CastMethod, Distinct, Expr, ExprKind, From, Query, RangeId, Select, SubqueryKind};
use crate::dialect::print::{Construct, Printer, Rewrite, SyntaxRule};
use crate::error::Result;

impl<'a> Printer<'a> {
    /// Refuses the sub-queries of a SELECT that read its rows, or those around it, in a form that the target does not take.
    pub(in crate::dialect::print) fn check_correlated(&mut self, select: &'a Select) -> Result<()> {
        if !self.foreign() {
            return Ok(());
        }
        let rule = match self.target.dialect.syntax(Construct::Correlated) {
            Some(SyntaxRule::Native) => return Ok(()),
            Some(SyntaxRule::Rule(rule)) => Some(*rule),
            Some(SyntaxRule::Refuse(_)) | None => None,
        };
        let (mut found, mut left) = (Vec::new(), Vec::new());
        for condition in select.filter.iter().flat_map(conjuncts) {
            match existing(condition) {
                Some(query) if rule == Some(Rewrite::Exists) && self.is_plain(query, select, true)? => {}
                _ => subqueries(condition, &mut found),
            }
        }
        let grouped = select.group_by.iter().flat_map(|group| &group.exprs);
        for expr in select.items.iter().map(|item| &item.expr).chain(grouped).chain(&select.having) {
            subqueries(expr, &mut found);
        }
        for query in found {
            if rule != Some(Rewrite::Where) || !self.is_plain(query, select, false)? {
                left.push(query);
            }
        }
        select.from.iter().for_each(|from| of_from(from, &mut left));
        if left.into_iter().any(|query| !outer_ranges(query).is_empty()) {
            return Err(self.refuse(Construct::Correlated.name()).detail("The target takes some forms of them alone."));
        }
        Ok(())
    }

    /// Does it read the rows around in its WHERE alone, and, `by_equalities`, only to compare their columns with its own?
    fn is_plain(&mut self, query: &'a Query, around: &Select, by_equalities: bool) -> Result<bool> {
        let Body::Select(select) = &query.body else { return Ok(false) };
        let limited = query.limit.count.is_some() || query.limit.offset.is_some();
        let grouped = (by_equalities && select.aggregated) || select.group_by.is_some() || select.having.is_some();
        if limited || grouped || !query.ctes.is_empty() || !matches!(select.distinct, Distinct::All) {
            return Ok(false);
        }
        let outer = outer_ranges(query);
        let own = |range: &RangeId| around.from.iter().any(|from| from.ranges().contains(range));
        if !outer.iter().all(own) {
            return Ok(false);
        }
        let reads = |expr: &Expr| walk_expr(expr, &mut |node| met(node, &outer)).is_break();
        let from_reads = |from: &From| walk_from(from, &mut |node| met(node, &outer)).is_break();
        if select.items.iter().any(|item| reads(&item.expr)) || select.from.iter().any(from_reads) {
            return Ok(false);
        }
        for condition in select.filter.iter().flat_map(conjuncts).filter(|condition| reads(condition)) {
            let mut further = Vec::new();
            subqueries(condition, &mut further);
            if further.into_iter().any(|query| !outer_ranges(query).is_disjoint(&outer)) {
                return Ok(false);
            }
            if !by_equalities {
                continue;
            }
            let ExprKind::Call { function, args, .. } = &condition.kind else { return Ok(false) };
            let columns = args.iter().all(is_column);
            let both = args.len() == 2 && reads(&args[0]) != reads(&args[1]);
            if !columns || !both || self.foreign_operator(function)? != Some("=") {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

fn is_column(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Cast { arg, method: CastMethod::Binary, .. } => is_column(arg),
        kind => matches!(kind, ExprKind::Column { .. }),
    }
}

/// Breaks at what reads one of these ranges.
fn met(node: Node<'_>, ranges: &HashSet<RangeId>) -> ControlFlow<()> {
    match node {
        Node::Expr(Expr { kind: ExprKind::Column { range, .. } | ExprKind::WholeRow { range }, .. })
            if ranges.contains(range) =>
        {
            ControlFlow::Break(())
        }
        Node::Expr(_) | Node::From(_) | Node::Query(_) => ControlFlow::Continue(()),
    }
}

/// The query of `[NOT] EXISTS (query)`.
fn existing(condition: &Expr) -> Option<&Query> {
    match &condition.kind {
        ExprKind::Not(arg) => existing(arg),
        ExprKind::Subquery { query, kind: SubqueryKind::Exists } => Some(query),
        _ => None,
    }
}

/// The sub-queries of an expression, without theirs.
fn subqueries<'a>(expr: &'a Expr, found: &mut Vec<&'a Query>) {
    if let ExprKind::Subquery { query, .. } = &expr.kind {
        found.push(query);
    }
    children(expr, &mut |child| subqueries(child, found));
}

fn of_from<'a>(from: &'a From, found: &mut Vec<&'a Query>) {
    match from {
        From::Function(scan) => scan.functions.iter().for_each(|function| subqueries(&function.expr, found)),
        From::Join(join) => {
            of_from(&join.left, found);
            of_from(&join.right, found);
            join.on.iter().for_each(|on| subqueries(on, found));
        }
        From::Secured(scan) => scan.expressions().for_each(|expr| subqueries(expr, found)),
        From::Cte { .. } | From::Fragment(_) | From::Scan(_) | From::Subquery { .. } => {}
    }
}

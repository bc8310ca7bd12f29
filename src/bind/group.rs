//! GROUP BY, grouping sets, and the check that nothing ungrouped is used (`parse_agg.c`).

use std::ops::ControlFlow;

use crate::sql::ast::{CoercionForm, GroupingSetKind, Node};

use crate::bound::visit::{self, Node as Visited};
use crate::bound::{Expr, ExprKind, GroupBy, Item, RangeId, same};
use crate::error::{Error, Result, SqlState};

use super::ast::{self, at};
use super::context::{Binder, Kind};

/// More sets than this are refused, as in PostgreSQL.
const MAX_SETS: usize = 4096;

impl Binder<'_> {
    pub fn group_by(&mut self, nodes: &[Node], distinct: bool, items: &mut Vec<Item>) -> Result<Option<GroupBy>> {
        if nodes.is_empty() {
            return Ok(None);
        }
        let mut exprs: Vec<Expr> = Vec::new();
        let mut sets: Vec<Vec<usize>> = vec![Vec::new()];
        let mut grouping_sets = false;
        for node in nodes {
            let choices = self.group_sets(node, items, &mut exprs, &mut grouping_sets)?;
            if sets.len() * choices.len() > MAX_SETS {
                let error = Error::new(
                    SqlState::STATEMENT_TOO_COMPLEX,
                    format!("too many grouping sets present (maximum {MAX_SETS})"),
                );
                return Err(at(error, ast::location(node)));
            }
            sets = sets
                .iter()
                .flat_map(|set| choices.iter().map(|choice| [set.as_slice(), choice.as_slice()].concat()))
                .collect();
        }
        for set in &mut sets {
            let mut kept = Vec::with_capacity(set.len());
            for index in set.drain(..) {
                if !kept.contains(&index) {
                    kept.push(index);
                }
            }
            *set = kept;
        }
        if distinct {
            let mut seen: Vec<Vec<usize>> = Vec::new();
            sets.retain(|set| {
                let mut sorted = set.clone();
                sorted.sort_unstable();
                let new = !seen.contains(&sorted);
                seen.push(sorted);
                new
            });
        }
        Ok(Some(GroupBy { exprs, sets, grouping_sets }))
    }

    /// The sets one GROUP BY element stands for.
    fn group_sets(
        &mut self,
        node: &Node,
        items: &mut Vec<Item>,
        exprs: &mut Vec<Expr>,
        written: &mut bool,
    ) -> Result<Vec<Vec<usize>>> {
        let Node::GroupingSet(set) = node else {
            return Ok(vec![self.group_elements(node, items, exprs)?]);
        };
        *written = true;
        match set.kind {
            GroupingSetKind::GroupingSetEmpty => Ok(vec![Vec::new()]),
            GroupingSetKind::GroupingSetSimple => {
                let mut all = Vec::new();
                for node in &set.content {
                    all.extend(self.group_elements(node, items, exprs)?);
                }
                Ok(vec![all])
            }
            GroupingSetKind::GroupingSetRollup => {
                let parts = self.group_parts(&set.content, items, exprs)?;
                Ok((0..=parts.len()).rev().map(|count| parts[..count].concat()).collect())
            }
            GroupingSetKind::GroupingSetCube => {
                let parts = self.group_parts(&set.content, items, exprs)?;
                if parts.len() > 12 {
                    let error = Error::new(SqlState::TOO_MANY_COLUMNS, "CUBE is limited to 12 elements");
                    return Err(at(error, ast::span(set.location)));
                }
                let count = parts.len();
                Ok((0..1_usize << count)
                    .rev()
                    .map(|mask| {
                        (0..count)
                            .filter(|bit| mask & (1 << (count - 1 - bit)) != 0)
                            .flat_map(|bit| parts[bit].iter().copied())
                            .collect()
                    })
                    .collect())
            }
            GroupingSetKind::GroupingSetSets => {
                let mut all = Vec::new();
                for node in &set.content {
                    all.extend(self.group_sets(node, items, exprs, written)?);
                }
                Ok(all)
            }
        }
    }

    fn group_parts(&mut self, nodes: &[Node], items: &mut Vec<Item>, exprs: &mut Vec<Expr>) -> Result<Vec<Vec<usize>>> {
        nodes.iter().map(|node| self.group_elements(node, items, exprs)).collect()
    }

    /// One expression, or the elements of `(a, b)`.
    fn group_elements(&mut self, node: &Node, items: &mut Vec<Item>, exprs: &mut Vec<Expr>) -> Result<Vec<usize>> {
        if let Node::RowExpr(row) = node
            && row.row_format == CoercionForm::CoerceImplicitCast
        {
            let mut all = Vec::new();
            for node in &row.args {
                all.extend(self.group_elements(node, items, exprs)?);
            }
            return Ok(all);
        }
        if let Node::List(list) = node {
            let mut all = Vec::new();
            for node in list {
                all.extend(self.group_elements(node, items, exprs)?);
            }
            return Ok(all);
        }
        let visible = items.len();
        let index = self.clause_item(node, items, Kind::GroupBy)?;
        self.check_group_item(&items[index])?;
        let expr = items[index].expr.clone();
        let place = ast::location(node);
        self.check_groupable(&expr).map_err(|error| super::clause::moved(error, place))?;
        // GROUP BY keeps its own expressions: no hidden item is needed for them.
        if index >= visible {
            items.truncate(visible);
        }
        Ok(vec![match exprs.iter().position(|other| same(other, &expr)) {
            Some(index) => index,
            None => {
                exprs.push(expr);
                exprs.len() - 1
            }
        }])
    }

    /// Items and HAVING may use grouped expressions, aggregates, and columns that a grouped primary key determines.
    /// GROUPING() gets its numbers here.
    pub fn check_grouping(
        &mut self,
        items: &mut [Item],
        having: Option<&mut Expr>,
        group_by: Option<&GroupBy>,
    ) -> Result<()> {
        let exprs: &[Expr] = group_by.map_or(&[], |group| &group.exprs);
        let asked = std::mem::take(&mut self.scope_mut().grouping);
        let mut numbers = Vec::with_capacity(asked.len());
        for arg in &asked {
            match exprs.iter().position(|expr| same(expr, arg)) {
                Some(index) => numbers.push(index),
                None => {
                    let message = "arguments to GROUPING must be grouping expressions of the associated query level";
                    return Err(at(Error::new(SqlState::GROUPING_ERROR, message), arg.span));
                }
            }
        }
        // Columns grouped in every set: what functional dependency may rest on.
        let common: Vec<usize> = (0..exprs.len())
            .filter(|index| group_by.is_none_or(|group| group.sets.iter().all(|set| set.contains(index))))
            .collect();
        let check = GroupCheck {
            depth: self.scopes.len() - 1,
            exprs,
            common: common.iter().map(|index| &exprs[*index]).collect(),
        };
        for item in items.iter() {
            self.check_grouped(&item.expr, &check)?;
        }
        if let Some(having) = &having {
            self.check_grouped(having, &check)?;
        }
        for expr in items.iter_mut().map(|item| &mut item.expr).chain(having) {
            number_grouping(expr, &numbers);
        }
        Ok(())
    }

    fn check_grouped(&self, expr: &Expr, check: &GroupCheck<'_>) -> Result<()> {
        self.check_grouped_inner(expr, check)
    }

    fn check_grouped_inner(&self, expr: &Expr, check: &GroupCheck<'_>) -> Result<()> {
        stacker::maybe_grow(64 * 1024, 4 * 1024 * 1024, || {
            if check.exprs.iter().any(|group| same(group, expr)) {
                return Ok(());
            }
            match &expr.kind {
                ExprKind::Column { range, column } => {
                    self.check_grouped_column(expr, *range, Some(*column), check, false)
                }
                ExprKind::WholeRow { range } => self.check_grouped_column(expr, *range, None, check, false),
                ExprKind::Grouping(_) => Ok(()),
                // Arguments are computed before grouping, direct ones after.
                ExprKind::Aggregate(call) => {
                    call.direct.iter().try_for_each(|direct| self.check_grouped_inner(direct, check))
                }
                ExprKind::Subquery { query, .. } => {
                    let mut result = Ok(());
                    visit::children(expr, &mut |child| {
                        if result.is_ok() {
                            result = self.check_grouped_inner(child, check);
                        }
                    });
                    result?;
                    let mut failed = None;
                    let _ = visit::walk_query(query, &mut |node| {
                        let Visited::Expr(inner) = node else { return ControlFlow::Continue(()) };
                        let (range, column) = match &inner.kind {
                            ExprKind::Column { range, column } => (*range, Some(*column)),
                            ExprKind::WholeRow { range } => (*range, None),
                            _ => return ControlFlow::Continue(()),
                        };
                        if check.exprs.iter().any(|group| same(group, inner)) {
                            return ControlFlow::Continue(());
                        }
                        match self.check_grouped_column(inner, range, column, check, true) {
                            Ok(()) => ControlFlow::Continue(()),
                            Err(error) => {
                                failed = Some(error);
                                ControlFlow::Break(())
                            }
                        }
                    });
                    failed.map_or(Ok(()), Err)
                }
                _ => {
                    let mut result = Ok(());
                    visit::children(expr, &mut |child| {
                        if result.is_ok() {
                            result = self.check_grouped_inner(child, check);
                        }
                    });
                    result
                }
            }
        })
    }

    fn check_grouped_column(
        &self,
        expr: &Expr,
        range: RangeId,
        column: Option<usize>,
        check: &GroupCheck<'_>,
        in_subquery: bool,
    ) -> Result<()> {
        let info = self.range(range);
        if info.depth != check.depth || self.key_grouped(range, &check.common) {
            return Ok(());
        }
        let name = match column {
            None => "*",
            Some(column) => match info.columns.get(column) {
                Some(field) => &*field.name,
                None => {
                    let system = ["tableoid", "ctid", "xmin", "cmin", "xmax", "cmax"];
                    system.get(column - info.columns.len()).copied().unwrap_or("?")
                }
            },
        };
        let column = format!("\"{}.{name}\"", info.alias);
        let message = if in_subquery {
            format!("subquery uses ungrouped column {column} from outer query")
        } else {
            format!("column {column} must appear in the GROUP BY clause or be used in an aggregate function")
        };
        Err(at(Error::new(SqlState::GROUPING_ERROR, message), expr.span))
    }

    /// Is the whole primary key of that base relation grouped?
    fn key_grouped(&self, range: RangeId, common: &[&Expr]) -> bool {
        let Some(relation) = &self.range(range).relation else { return false };
        let deferrable = relation
            .constraints
            .iter()
            .any(|constraint| constraint.kind == crate::catalog::ConstraintKind::PrimaryKey && constraint.deferrable);
        let Some(key) = relation.primary_key().filter(|key| !key.is_empty() && !deferrable) else { return false };
        key.iter().all(|wanted| {
            common.iter().any(|expr| {
                matches!(&expr.kind, ExprKind::Column { range: own, column } if *own == range && column == wanted)
            })
        })
    }
}

struct GroupCheck<'e> {
    depth: usize,
    exprs: &'e [Expr],
    common: Vec<&'e Expr>,
}

/// GROUPING's argument numbers become indices of grouping expressions.
fn number_grouping(expr: &mut Expr, numbers: &[usize]) {
    stacker::maybe_grow(64 * 1024, 4 * 1024 * 1024, || {
        if let ExprKind::Grouping(indices) = &mut expr.kind {
            for index in indices {
                *index = numbers.get(*index).copied().unwrap_or(*index);
            }
        }
        visit::children_mut(expr, &mut |child| number_grouping(child, numbers));
    });
}

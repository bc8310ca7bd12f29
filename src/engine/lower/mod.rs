//! From a secured statement to a physical plan, built node by node: no SQL text, no DataFusion analyzer or optimizer in between.

mod aggregate;
mod cte;
mod from;
mod join;
mod limit;
mod query;
mod reduce;
mod scan;
mod semi;
mod setop;
mod srf;
mod window;

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::execution::TaskContext;
use datafusion::physical_plan::filter::FilterExec;

pub(super) use self::cte::CteEntry;
pub(super) use self::from::ranges_of;
pub(super) use self::join::kept;
pub(super) use self::limit::{Bound, check};
pub(super) use self::query::{from_is_volatile, query_is_volatile};
use super::apply::SubqueryProject;
use super::expr::{has_subquery, is_safe, is_volatile, physical};
use super::node::{Plan, node};
use super::ops::values::Values;
use super::relation::{Outer, Rel, Scope};
use super::rows;
use super::statement::{Key, Statement};
use crate::bound::visit::{self, children_mut};
use crate::bound::{CteId, Expr, ExprKind, ExprType, Span};
use crate::error::{Error, Result};
use crate::types::PgType;

/// Lowers one query level: knows the values around it and the CTEs in sight.
#[derive(Clone, Debug)]
pub(super) struct Lowerer {
    statement: Arc<Statement>,
    outer: Arc<Outer>,
    ctes: HashMap<CteId, CteEntry>,
    /// This plan runs once per binding: scans are kept.
    repeated: bool,
}

impl Lowerer {
    pub(super) fn new(statement: &Arc<Statement>) -> Lowerer {
        Lowerer { statement: Arc::clone(statement), outer: Arc::default(), ctes: HashMap::new(), repeated: false }
    }

    /// The same one inside of other surroundings.
    pub(super) fn inside(&self, outer: Outer, repeated: bool) -> Lowerer {
        Lowerer {
            statement: Arc::clone(&self.statement),
            outer: Arc::new(outer),
            ctes: self.ctes.clone(),
            repeated: self.repeated || repeated,
        }
    }

    pub(super) fn statement(&self) -> &Arc<Statement> {
        &self.statement
    }

    pub(super) fn outer(&self) -> &Outer {
        &self.outer
    }

    pub(super) fn task(&self) -> &Arc<TaskContext> {
        &self.statement.task
    }

    fn scope<'a>(&'a self, rel: &'a Rel) -> Scope<'a> {
        Scope { columns: &rel.columns, outer: &self.outer }
    }

    /// One row with one column that nobody reads.
    fn one_row(&self) -> Rel {
        let key = self.statement.temp();
        let values = Values::new(vec![vec![Expr::literal(crate::types::Datum::Bool(true), PgType::BOOL)]], Vec::new());
        Rel::new(node(values, Vec::new(), vec![PgType::BOOL]), vec![(key, PgType::BOOL)], 1.0)
    }

    /// Adds computed columns; existing ones not in `keep` go.
    fn project(&self, rel: Rel, keep: Option<&dyn Fn(Key) -> bool>, exprs: Vec<(Key, Expr)>) -> Result<Rel> {
        let mut rel = rel;
        // What is volatile is computed for as many rows as the statement says.
        if exprs.iter().any(|(_, expr)| is_volatile(expr)) {
            rel.origins.clear();
        }
        let (slow, quick): (Vec<_>, Vec<_>) = exprs.into_iter().partition(|(_, expr)| has_subquery(expr));
        if slow.is_empty() {
            let added = quick
                .into_iter()
                .map(|(key, expr)| {
                    let schema = rel.plan.schema();
                    Ok((key, expr.ty.oid, physical(&self.statement, &expr, &self.scope(&rel), &schema)?))
                })
                .collect::<Result<Vec<_>>>()?;
            return rel.project(keep, added);
        }
        let kept: Vec<usize> =
            (0..rel.columns.len()).filter(|index| keep.is_none_or(|keep| keep(rel.columns[*index].0))).collect();
        let mut columns: Vec<(Key, PgType)> = kept.iter().map(|index| rel.columns[*index]).collect();
        let all: Vec<(Key, Expr)> = slow.into_iter().chain(quick).collect();
        columns.extend(all.iter().map(|(key, expr)| (*key, expr.ty.oid)));
        let operator = SubqueryProject::new(self, &rel.columns, kept, all.into_iter().map(|(_, expr)| expr).collect())?;
        let types = columns.iter().map(|(_, ty)| *ty).collect();
        Ok(Rel { plan: node(operator, vec![rel.plan], types), columns, rows: rel.rows, origins: rel.origins })
    }

    /// Columns computed over a plan, and exactly these of it.
    pub(super) fn computed(&self, rel: Rel, kept: &[Key], exprs: Vec<(Key, Expr)>, output: &[Key]) -> Result<Rel> {
        let rel = self.project(rel, Some(&|key| kept.contains(&key)), exprs)?;
        self.columns_in_order(rel, output)
    }

    /// Keeps the rows where all conjuncts are TRUE: first those that cannot raise, then the others in written order, each group
    /// stopping at the first that is not TRUE.
    fn filter(&self, mut rel: Rel, conjuncts: Vec<Expr>) -> Result<Rel> {
        if conjuncts.iter().any(is_volatile) {
            rel.origins.clear();
        }
        let (safe, careful): (Vec<_>, Vec<_>) = conjuncts.into_iter().partition(is_safe);
        let mut rel = self.filter_safe(rel, safe)?;
        if careful.is_empty() {
            return Ok(rel);
        }
        let whole = conjunction(careful);
        if !has_subquery(&whole) {
            let predicate = physical(&self.statement, &whole, &self.scope(&rel), &rel.plan.schema())?;
            rel.plan = filtered(predicate, rel.plan)?;
            rel.rows *= 0.3;
            return Ok(rel);
        }
        let key = self.statement.temp();
        let rel = self.project(rel, None, vec![(key, whole)])?;
        let predicate = rel.column(key)?;
        let mut rel = Rel { plan: filtered(predicate, Arc::clone(&rel.plan))?, ..rel };
        rel.rows *= 0.3;
        rel.project(Some(&|column| column != key), Vec::new())
    }

    fn filter_safe(&self, mut rel: Rel, conjuncts: Vec<Expr>) -> Result<Rel> {
        for conjunct in conjuncts {
            let predicate = physical(&self.statement, &conjunct, &self.scope(&rel), &rel.plan.schema())?;
            rel.plan = filtered(predicate, rel.plan)?;
            rel.rows *= 0.3;
        }
        Ok(rel)
    }
}

fn filtered(predicate: Arc<dyn datafusion::physical_expr::PhysicalExpr>, plan: Plan) -> Result<Plan> {
    Ok(Arc::new(FilterExec::try_new(predicate, plan).map_err(rows::from_datafusion)?))
}

/// A condition's conjuncts in written order.
pub(super) fn conjuncts(expr: Option<&Expr>) -> Vec<Expr> {
    expr.into_iter().flat_map(visit::conjuncts).cloned().collect()
}

/// AND over conjuncts.
pub(super) fn conjunction(mut conjuncts: Vec<Expr>) -> Expr {
    if conjuncts.len() == 1 {
        return conjuncts.swap_remove(0);
    }
    Expr::new(ExprKind::And(conjuncts), ExprType::of(PgType::BOOL), Span::default())
}

/// A reference to a generated column in place of an expression.
pub(super) fn reference(key: Key, of: &Expr) -> Expr {
    Expr { kind: ExprKind::Column { range: key.0, column: key.1 }, ty: of.ty.clone(), span: of.span }
}

/// Rewrites an expression from the top: `f` answers what stands in its place.
pub(super) fn rewrite(expr: &mut Expr, f: &mut dyn FnMut(&Expr) -> Result<Option<Expr>>) -> Result<()> {
    stacker::maybe_grow(64 * 1024, 4 * 1024 * 1024, || {
        if let Some(other) = f(expr)? {
            *expr = other;
            return Ok(());
        }
        let mut result = Ok(());
        children_mut(expr, &mut |child| {
            if result.is_ok() {
                result = rewrite(child, f);
            }
        });
        result
    })
}

/// An expression's text without places, the same for equal expressions (GROUP BY matching).
pub(super) fn print(expr: &Expr) -> String {
    let mut bare = expr.clone();
    strip(&mut bare);
    format!("{:?}", bare.kind)
}

fn strip(expr: &mut Expr) {
    expr.span = Span::default();
    expr.ty.collation = crate::bound::Collation::None;
    children_mut(expr, &mut strip);
}

/// Refuses with the place of an expression.
pub(super) fn refuse(expr: &Expr, what: &str) -> Error {
    let error = Error::unsupported(what);
    match expr.span.0 {
        Some(position) => error.at(position),
        None => error,
    }
}

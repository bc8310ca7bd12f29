//! Folding and context values, once a statement is bound.
//!
//! An IMMUTABLE call over literals is computed here (an error leaves it for execution); the largest STABLE parts without columns,
//! parameters, sub-queries or volatile calls become [`ExprKind::Context`]: one value per execution for every fragment.

use std::ops::ControlFlow;

use crate::bound::visit::{self, Node as Visited};
use crate::bound::{Body, CastMethod, Cte, Expr, ExprKind, From, InsertSource, Query, Statement, eval, same};
use crate::catalog::{Function, Volatility};
use crate::error::Result;
use crate::kernels::{Env, Formats, IntervalStyle};
use crate::types::PgType;

/// What an expression depends on.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Class {
    /// Nothing: literals and IMMUTABLE calls over them.
    Constant,
    /// The execution's surroundings: now(), settings, catalog.
    Stable,
    /// Rows, parameters, volatile calls; or it must stay as written.
    Other,
}

pub(super) struct Folder<'a> {
    fold: bool,
    env: Env,
    contexts: &'a mut Vec<Expr>,
}

impl<'a> Folder<'a> {
    /// `fold`: constants are computed.
    pub fn new(fold: bool, env: Env, contexts: &'a mut Vec<Expr>) -> Folder<'a> {
        Folder { fold, env, contexts }
    }

    pub fn statement(&mut self, statement: &mut Statement) -> Result<()> {
        match statement {
            Statement::Query(query) => self.query(query),
            Statement::Insert(insert) => {
                self.ctes(&mut insert.ctes)?;
                match &mut insert.source {
                    InsertSource::Default => {}
                    InsertSource::Values(rows) => {
                        for value in rows.iter_mut().flatten().flatten() {
                            self.expr(value)?;
                        }
                    }
                    InsertSource::Query(query) => self.query(query)?,
                }
                if let Some(conflict) = &mut insert.on_conflict {
                    for value in conflict.assignments.iter_mut().filter_map(|(_, value)| value.as_mut()) {
                        self.expr(value)?;
                    }
                    self.all(conflict.filter.as_mut())?;
                }
                self.all(insert.returning.iter_mut().map(|item| &mut item.expr))
            }
            Statement::Update(update) => {
                self.ctes(&mut update.ctes)?;
                self.all(update.assignments.iter_mut().filter_map(|(_, value)| value.as_mut()))?;
                for from in &mut update.from {
                    self.from(from)?;
                }
                self.all(update.filter.as_mut())?;
                self.all(update.returning.iter_mut().map(|item| &mut item.expr))
            }
            Statement::Delete(delete) => {
                self.ctes(&mut delete.ctes)?;
                for from in &mut delete.using {
                    self.from(from)?;
                }
                self.all(delete.filter.as_mut())?;
                self.all(delete.returning.iter_mut().map(|item| &mut item.expr))
            }
        }
    }

    fn all<'e>(&mut self, exprs: impl IntoIterator<Item = &'e mut Expr>) -> Result<()> {
        exprs.into_iter().try_for_each(|expr| self.expr(expr))
    }

    fn ctes(&mut self, ctes: &mut [Cte]) -> Result<()> {
        ctes.iter_mut().try_for_each(|cte| self.statement(&mut cte.query))
    }

    fn query(&mut self, query: &mut Query) -> Result<()> {
        stacker::maybe_grow(64 * 1024, 4 * 1024 * 1024, || {
            self.ctes(&mut query.ctes)?;
            match &mut query.body {
                Body::Select(select) => {
                    for from in &mut select.from {
                        self.from(from)?;
                    }
                    self.all(select.items.iter_mut().map(|item| &mut item.expr))?;
                    self.all(select.filter.as_mut())?;
                    self.all(select.group_by.iter_mut().flat_map(|group| &mut group.exprs))?;
                    self.all(select.having.as_mut())?;
                }
                Body::SetOperation(operation) => {
                    self.query(&mut operation.left)?;
                    self.query(&mut operation.right)?;
                }
                Body::Values(values) => self.all(values.rows.iter_mut().flatten())?,
            }
            self.all(query.limit.count.as_mut())?;
            self.all(query.limit.offset.as_mut())
        })
    }

    fn from(&mut self, from: &mut From) -> Result<()> {
        match from {
            From::Cte { .. } | From::Fragment(_) | From::Scan(_) => Ok(()),
            From::Secured(scan) => self.all(scan.predicate.as_mut()),
            From::Function(scan) => {
                // The call itself stays a call: it is the table.
                for function in &mut scan.functions {
                    self.class(&mut function.expr)?;
                }
                Ok(())
            }
            From::Join(join) => {
                self.from(&mut join.left)?;
                self.from(&mut join.right)?;
                self.all(join.on.as_mut())
            }
            From::Subquery { query, .. } => self.query(query),
        }
    }

    /// Folds a whole expression.
    pub fn expr(&mut self, expr: &mut Expr) -> Result<()> {
        if self.class(expr)? == Class::Stable {
            self.replace(expr);
        }
        Ok(())
    }

    fn replace(&mut self, expr: &mut Expr) {
        // Rows are put together where they are used; their parts are values.
        let index = match self.contexts.iter().position(|other| same(other, expr)) {
            Some(index) => index,
            None => {
                self.contexts.push(expr.clone());
                self.contexts.len() - 1
            }
        };
        expr.kind = ExprKind::Context(index);
    }

    fn class(&mut self, expr: &mut Expr) -> Result<Class> {
        match &expr.kind {
            ExprKind::Literal(_) => Ok(Class::Constant),
            ExprKind::Column { .. } | ExprKind::Param(_) => Ok(Class::Other),
            _ => stacker::maybe_grow(64 * 1024, 4 * 1024 * 1024, || self.class_inner(expr)),
        }
    }

    fn class_inner(&mut self, expr: &mut Expr) -> Result<Class> {
        if let ExprKind::Subquery { query, .. } = &mut expr.kind {
            self.query(query)?;
        }
        let mut class = own_class(expr);
        let mut stable = Vec::new();
        let mut failed = None;
        let mut number = 0;
        visit::children_mut(expr, &mut |child| {
            match self.class(child) {
                Ok(inner) => {
                    if inner == Class::Stable {
                        stable.push(number);
                    }
                    class = class.max(inner);
                }
                Err(error) => failed = Some(error),
            }
            number += 1;
        });
        if let Some(error) = failed {
            return Err(error);
        }
        if class == Class::Other && !stable.is_empty() {
            let mut number = 0;
            visit::children_mut(expr, &mut |child| {
                if stable.contains(&number) {
                    self.replace(child);
                }
                number += 1;
            });
        }
        Ok(if class == Class::Constant { self.compute(expr) } else { class })
    }

    fn compute(&mut self, expr: &mut Expr) -> Class {
        let keep = match &expr.kind {
            // Written as they are; a call around them computes them.
            ExprKind::Array { .. } | ExprKind::Row(_) | ExprKind::Collate(_) => true,
            _ => expr.ty.fields.is_some() || matches!(expr.ty.oid, PgType::RECORD | PgType::VOID | PgType::UNKNOWN),
        };
        if keep || !self.fold {
            return Class::Constant;
        }
        match eval::evaluate(expr, &self.env, &[], &[]) {
            Ok(value) => {
                expr.kind = ExprKind::Literal(value);
                Class::Constant
            }
            Err(_) => Class::Other,
        }
    }
}

fn of(function: &Function) -> Class {
    match function.volatility {
        Volatility::Immutable => Class::Constant,
        Volatility::Stable => Class::Stable,
        Volatility::Volatile => Class::Other,
    }
}

/// The node's own dependence, its children apart.
fn own_class(expr: &Expr) -> Class {
    match &expr.kind {
        ExprKind::Aggregate(_)
        | ExprKind::CaseOperand
        | ExprKind::Column { .. }
        | ExprKind::Context(_)
        | ExprKind::Grouping(_)
        | ExprKind::Param(_)
        | ExprKind::Subquery { .. }
        | ExprKind::WholeRow { .. }
        | ExprKind::Window(_) => Class::Other,
        ExprKind::And(_)
        | ExprKind::Array { .. }
        | ExprKind::Case { .. }
        | ExprKind::Coalesce(_)
        | ExprKind::Collate(_)
        | ExprKind::Field { .. }
        | ExprKind::IsBoolean { .. }
        | ExprKind::IsNull { .. }
        | ExprKind::Literal(_)
        | ExprKind::Not(_)
        | ExprKind::Or(_)
        | ExprKind::Row(_)
        | ExprKind::Subscript { .. } => Class::Constant,
        ExprKind::Cast { arg, method, .. } => cast_class(method, arg.ty.oid, expr.ty.oid),
        ExprKind::Call { function, .. } if function.returns_set => Class::Other,
        ExprKind::Call { function, .. } => of(function),
        ExprKind::Distinct { equal, .. } | ExprKind::NullIf { equal, .. } => of(equal),
        ExprKind::Greatest { less, .. } | ExprKind::Least { less, .. } => of(less),
        ExprKind::ScalarArray { function, .. } => of(function),
    }
}

fn cast_class(method: &CastMethod, source: PgType, target: PgType) -> Class {
    let foreign = if source.is_foreign() || target.is_foreign() { Class::Other } else { Class::Constant };
    let own = match method {
        CastMethod::Array(element) => {
            let inner = |ty: PgType| ty.element().unwrap_or(ty);
            cast_class(element, inner(source), inner(target))
        }
        CastMethod::Binary | CastMethod::Typmod => Class::Constant,
        CastMethod::Function(function) => of(function),
        CastMethod::InOut => io_class(source).max(io_class(target)),
        CastMethod::Row(_) => Class::Other,
    };
    own.max(foreign)
}

/// The volatility of a type's input and output functions.
fn io_class(ty: PgType) -> Class {
    if ty.is_foreign() {
        return Class::Other;
    }
    if let Some(element) = ty.array_element() {
        return io_class(element);
    }
    match ty {
        PgType::DATE
        | PgType::TIME
        | PgType::TIMETZ
        | PgType::TIMESTAMP
        | PgType::TIMESTAMPTZ
        | PgType::INTERVAL
        | PgType::MONEY
        | PgType::RECORD
        | PgType::TSRANGE
        | PgType::TSTZRANGE
        | PgType::DATERANGE
        | PgType::TSMULTIRANGE
        | PgType::TSTZMULTIRANGE
        | PgType::DATEMULTIRANGE => Class::Stable,
        PgType::OID => Class::Constant,
        ty if ty.is_oid_like() => Class::Stable,
        _ => Class::Constant,
    }
}

/// May this literal be read while binding? Not when the time, the time zone or DateStyle decide what it means.
pub(super) fn stable_text(ty: PgType, text: &str, formats: &Formats) -> bool {
    let text = text.trim();
    let iso = {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        digits >= 4 && text[digits..].starts_with('-')
    };
    match ty {
        PgType::DATE | PgType::TIMESTAMP => {
            let fixed = ["infinity", "-infinity", "epoch"];
            iso || fixed.iter().any(|word| text.eq_ignore_ascii_case(word))
        }
        PgType::TIMESTAMPTZ | PgType::TIMETZ | PgType::MONEY => false,
        PgType::TIME => text.starts_with(|c: char| c.is_ascii_digit()),
        // sql_standard style reads a leading sign for all fields.
        PgType::INTERVAL => formats.interval_style != IntervalStyle::SqlStandard && !text.starts_with('-'),
        ty => io_class(ty) == Class::Constant,
    }
}

/// No volatile call anywhere inside, sub-queries included.
pub(super) fn is_steady(expr: &Expr) -> bool {
    visit::walk_expr(expr, &mut |node| match node {
        Visited::Expr(Expr { kind: ExprKind::Call { function, .. }, .. })
            if function.volatility == Volatility::Volatile =>
        {
            ControlFlow::Break(())
        }
        Visited::Expr(_) | Visited::From(_) | Visited::Query(_) => ControlFlow::Continue(()),
    })
    .is_continue()
}

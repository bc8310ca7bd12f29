//! `A_Expr`: operators, IN, LIKE, BETWEEN, IS DISTINCT FROM, NULLIF.

use crate::sql::ast::{AExpr, AExprKind, Node, SubLinkType};

use crate::bound::{Expr, ExprKind, ExprType, Span};
use crate::error::{Error, Result, SqlState};
use crate::types::PgType;

use crate::bind::ast::{self, at, names, span};
use crate::bind::coerce::location;
use crate::bind::context::Binder;
use crate::bind::{collation, operator};

impl Binder<'_> {
    pub(super) fn operation(&mut self, expr: &AExpr) -> Result<Expr> {
        let place = span(expr.location);
        let name = names(&expr.name);
        let left = || ast::child(&expr.lexpr);
        let right = || ast::child(&expr.rexpr);
        match expr.kind {
            AExprKind::AexprOp | AExprKind::AexprLike | AExprKind::AexprIlike | AExprKind::AexprSimilar => {
                self.plain_operation(&name, expr.lexpr.as_ref(), right()?, place)
            }
            AExprKind::AexprOpAny | AExprKind::AexprOpAll => {
                let all = expr.kind == AExprKind::AexprOpAll;
                let (left, right) = (self.expr(left()?)?, self.expr(right()?)?);
                self.make_array_op(&name, left, right, all, place)
            }
            AExprKind::AexprDistinct => self.distinct_from(&name, left()?, right()?, false, place),
            AExprKind::AexprNotDistinct => self.distinct_from(&name, left()?, right()?, true, place),
            AExprKind::AexprNullif => self.null_if(&name, left()?, right()?, place),
            AExprKind::AexprIn => self.in_list(&name, left()?, right()?, place),
            AExprKind::AexprBetween => self.between(left()?, right()?, false, false, place),
            AExprKind::AexprNotBetween => self.between(left()?, right()?, true, false, place),
            AExprKind::AexprBetweenSym => self.between(left()?, right()?, false, true, place),
            AExprKind::AexprNotBetweenSym => self.between(left()?, right()?, true, true, place),
        }
    }

    fn plain_operation(&mut self, name: &[&str], left: Option<&Node>, right: &Node, place: Span) -> Result<Expr> {
        match (left, right) {
            (Some(Node::RowExpr(row)), Node::SubLink(link)) if link.sub_link_type == SubLinkType::ExprSublink => {
                self.row_sublink(name, row, link, place)
            }
            (Some(Node::RowExpr(left)), Node::RowExpr(right)) => {
                let left = self.row_elements(left)?;
                let right = self.row_elements(right)?;
                self.row_comparison(name, left, right, place)
            }
            _ => {
                let left = left.map(|node| self.expr(node)).transpose()?;
                let right = self.expr(right)?;
                self.make_op(name, left, right, place)
            }
        }
    }

    fn distinct_from(&mut self, name: &[&str], left: &Node, right: &Node, not: bool, place: Span) -> Result<Expr> {
        // A bare NULL makes it a null test.
        for (this, other) in [(left, right), (right, left)] {
            if matches!(this, Node::AConst(constant) if constant.isnull) {
                let arg = Box::new(self.expr(other)?);
                let kind = ExprKind::IsNull { arg, negated: !not, row: false };
                return Ok(Expr::new(kind, ExprType::of(PgType::BOOL), place));
            }
        }
        if let (Node::RowExpr(left), Node::RowExpr(right)) = (left, right) {
            let left = self.row_elements(left)?;
            let right = self.row_elements(right)?;
            if left.len() != right.len() {
                let error = Error::new(SqlState::SYNTAX_ERROR, "unequal number of entries in row expressions");
                return Err(at(error, place));
            }
            let mut tests = Vec::with_capacity(left.len());
            for (left, right) in left.into_iter().zip(right) {
                tests.push(self.make_distinct(name, left, right, false, place)?);
            }
            let any = combine(tests, place, ExprKind::Or);
            return Ok(if not { negate(any, place) } else { any });
        }
        let (left, right) = (self.expr(left)?, self.expr(right)?);
        self.make_distinct(name, left, right, not, place)
    }

    fn make_distinct(&mut self, name: &[&str], left: Expr, right: Expr, negated: bool, place: Span) -> Result<Expr> {
        let call = self.boolean_op(name, left, right, "IS DISTINCT FROM", place)?;
        let (equal, left, right) = operator::into_parts(call)?;
        let kind = ExprKind::Distinct { left: Box::new(left), right: Box::new(right), equal, negated };
        Ok(Expr::new(kind, ExprType::of(PgType::BOOL), place))
    }

    fn null_if(&mut self, name: &[&str], left: &Node, right: &Node, place: Span) -> Result<Expr> {
        let (left, right) = (self.expr(left)?, self.expr(right)?);
        let call = self.boolean_op(name, left, right, "NULLIF", place)?;
        let (equal, left, right) = operator::into_parts(call)?;
        let mut ty = left.ty.clone();
        ty.collation = collation::derived(ty.oid, ty.typmod, [&left, &right])?.collation;
        let kind = ExprKind::NullIf { left: Box::new(left), right: Box::new(right), equal };
        Ok(Expr::new(kind, ty, place))
    }

    /// `x IN (a, b, c)`: one comparison with an array where the items have a common type (`transformAExprIn`).
    fn in_list(&mut self, name: &[&str], left: &Node, right: &Node, place: Span) -> Result<Expr> {
        let not = name == ["<>"];
        let items = ast::list(right);
        let row = match left {
            Node::RowExpr(row) => Some(row),
            _ => None,
        };
        let depth = self.scopes.len() - 1;
        if row.is_none() && !items.iter().any(|item| matches!(item, Node::RowExpr(_))) {
            let subject = self.expr(left)?;
            let mut constants = Vec::new();
            let mut others = Vec::new();
            for item in items {
                let item = self.expr(item)?;
                if self.uses_level(&item, depth) { others.push(item) } else { constants.push(item) }
            }
            let mut tests = Vec::new();
            if constants.len() > 1 {
                let all: Vec<&Expr> = std::iter::once(&subject).chain(&constants).collect();
                let common = self.common_type(&all, None)?;
                let usable = common != PgType::INVALID && common != PgType::RECORD && self.all_coerce(&all, common);
                match self.array_of(common).filter(|_| usable) {
                    Some(array_type) => {
                        let elements = constants
                            .drain(..)
                            .map(|item| self.coerce_common(item, common, "IN"))
                            .collect::<Result<Vec<_>>>()?;
                        let ty = collation::derived(array_type, -1, &elements)?;
                        let begin = elements.first().map_or(place, location);
                        let array = Expr::new(ExprKind::Array { elements, multidimensional: false }, ty, begin);
                        tests.push(self.make_array_op(name, subject.clone(), array, not, place)?);
                    }
                    None => {
                        constants.append(&mut others);
                        std::mem::swap(&mut constants, &mut others);
                    }
                }
            } else {
                // One item only: keep the order written.
                constants.append(&mut others);
                std::mem::swap(&mut constants, &mut others);
            }
            for item in others {
                let test = self.make_op(name, Some(subject.clone()), item, place)?;
                tests.push(self.coerce_boolean(test, "IN")?);
            }
            if tests.len() > 1 && !self.repeatable(&subject) {
                return Err(at(
                    Error::unsupported("IN over column items of a volatile expression or sub-query"),
                    place,
                ));
            }
            return Ok(combine(tests, place, if not { ExprKind::And } else { ExprKind::Or }));
        }
        let mut tests = Vec::with_capacity(items.len());
        for item in items {
            let test = match (row, item) {
                (Some(row), Node::RowExpr(other)) => {
                    let left = self.row_elements(row)?;
                    let right = self.row_elements(other)?;
                    self.row_comparison(name, left, right, place)?
                }
                _ => {
                    let (left, right) = (self.expr(left)?, self.expr(item)?);
                    self.make_op(name, Some(left), right, place)?
                }
            };
            tests.push(self.coerce_boolean(test, "IN")?);
        }
        Ok(combine(tests, place, if not { ExprKind::And } else { ExprKind::Or }))
    }

    /// BETWEEN is two comparisons; the subject is bound for each, as PostgreSQL does.
    fn between(&mut self, subject: &Node, bounds: &Node, not: bool, symmetric: bool, place: Span) -> Result<Expr> {
        let [low, high] = ast::list(bounds) else { return Err(Error::internal("BETWEEN bounds")) };
        let range = |binder: &mut Self, low: &Node, high: &Node| -> Result<Expr> {
            let (first, second) = if not { ("<", ">") } else { (">=", "<=") };
            let mut tests = Vec::with_capacity(2);
            for (name, bound) in [(first, low), (second, high)] {
                let (left, right) = (binder.expr(subject)?, binder.expr(bound)?);
                let test = binder.make_op(&[name], Some(left), right, place)?;
                tests.push(binder.coerce_boolean(test, if not { "OR" } else { "AND" })?);
            }
            Ok(combine(tests, place, if not { ExprKind::Or } else { ExprKind::And }))
        };
        let one = range(self, low, high)?;
        if !symmetric {
            return Ok(one);
        }
        let other = range(self, high, low)?;
        Ok(combine(vec![one, other], place, if not { ExprKind::And } else { ExprKind::Or }))
    }
}

/// AND or OR of tests; a single one is itself.
pub(super) fn combine(mut tests: Vec<Expr>, place: Span, kind: fn(Vec<Expr>) -> ExprKind) -> Expr {
    match tests.len() {
        1 => tests.remove(0),
        _ => Expr::new(kind(tests), ExprType::of(PgType::BOOL), place),
    }
}

pub(super) fn negate(expr: Expr, place: Span) -> Expr {
    Expr::new(ExprKind::Not(Box::new(expr)), ExprType::of(PgType::BOOL), place)
}

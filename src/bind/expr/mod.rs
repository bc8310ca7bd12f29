//! Expressions (`transformExpr`), one file a family.

mod array;
mod boolean;
mod condition;
mod operation;
mod row;
mod sublink;
mod value;

use std::sync::Arc;

use crate::sql::ast::{AConst, Constant, Node, TypeCast};

use crate::bound::{Expr, ExprKind, ExprType};
use crate::catalog::CastContext;
use crate::error::{Error, Result, SqlState};
use crate::types::{Datum, PgType};

use super::ast::{self, at, span};
use super::context::{Binder, Kind};

impl Binder<'_> {
    /// Binds an expression as part of that clause.
    pub fn expr_in(&mut self, node: &Node, kind: Kind) -> Result<Expr> {
        self.with_kind(kind, |binder| binder.expr(node))
    }

    pub fn expr(&mut self, node: &Node) -> Result<Expr> {
        self.grown(|binder| binder.expr_inner(node))
    }

    /// A function argument: like any expression, and `t.*` for a whole row.
    pub fn argument(&mut self, node: &Node) -> Result<Expr> {
        self.expr(node)
    }

    fn expr_inner(&mut self, node: &Node) -> Result<Expr> {
        match node {
            Node::AConst(constant) => self.constant(constant),
            Node::ColumnRef(column) => self.column_ref(column),
            Node::ParamRef(param) => self.param(param),
            Node::AExpr(expr) => self.operation(expr),
            Node::BoolExpr(expr) => self.bool_expr(expr),
            Node::FuncCall(call) => self.func_call(call),
            Node::TypeCast(cast) => self.type_cast(cast),
            Node::CollateClause(clause) => self.collate_clause(clause),
            Node::AArrayExpr(array) => self.array(array, None),
            Node::AIndirection(indirection) => {
                let arg = self.expr(ast::child(&indirection.arg)?)?;
                let place = super::coerce::location(&arg);
                self.indirection(arg, &indirection.indirection, place)
            }
            Node::SubLink(link) => self.sublink(link),
            Node::CaseExpr(case) => self.case(case),
            Node::RowExpr(row) => self.row(row),
            Node::CoalesceExpr(coalesce) => self.coalesce(coalesce),
            Node::MinMaxExpr(expr) => self.min_max(expr),
            Node::SqlValueFunction(function) => self.value_function(function),
            Node::NullTest(test) => self.null_test(test),
            Node::BooleanTest(test) => self.boolean_test(test),
            Node::GroupingFunc(grouping) => self.grouping(grouping),
            Node::SetToDefault(default) => {
                let error = Error::new(SqlState::SYNTAX_ERROR, "DEFAULT is not allowed in this context");
                Err(at(error, span(default.location)))
            }
            other => Err(at(Error::unsupported(ast::kind_name(other)), ast::location(node))),
        }
    }

    fn constant(&mut self, constant: &AConst) -> Result<Expr> {
        let place = span(constant.location);
        let literal = |value, ty| Expr::new(ExprKind::Literal(value), ExprType::of(ty), place);
        if constant.isnull {
            return Ok(literal(Datum::Null, PgType::UNKNOWN));
        }
        Ok(match self.literals.of(constant) {
            None => literal(Datum::Null, PgType::UNKNOWN),
            Some(Constant::Integer(value)) => literal(Datum::Int4(*value), PgType::INT4),
            Some(Constant::Boolean(value)) => literal(Datum::Bool(*value), PgType::BOOL),
            Some(Constant::String(value)) => literal(Datum::text(value), PgType::UNKNOWN),
            Some(Constant::Float(value)) => return self.number(value, place),
            Some(Constant::BitString(value)) => {
                return self.read_literal(&Arc::from(value.as_str()), PgType::BIT, -1, place);
            }
        })
    }

    /// int8 when it fits, else numeric.
    fn number(&mut self, text: &str, place: crate::bound::Span) -> Result<Expr> {
        // A negated literal comes as text too: -2147483648 is an int4.
        if let Ok(value) = text.parse::<i32>() {
            return Ok(Expr::new(ExprKind::Literal(Datum::Int4(value)), ExprType::of(PgType::INT4), place));
        }
        if let Ok(value) = text.parse::<i64>() {
            return Ok(Expr::new(ExprKind::Literal(Datum::Int8(value)), ExprType::of(PgType::INT8), place));
        }
        if text.starts_with("0x") || text.starts_with("0o") || text.starts_with("0b") || text.contains('_') {
            return Err(at(Error::unsupported("a non-decimal integer literal"), place));
        }
        self.read_literal(&Arc::from(text), PgType::NUMERIC, -1, place)
    }

    fn type_cast(&mut self, cast: &TypeCast) -> Result<Expr> {
        let name = ast::some(cast.type_name.as_ref())?;
        let (target, typmod) = self.type_name(name)?;
        let arg = ast::child(&cast.arg)?;
        let base = self.base_type(target).0;
        let expr = match (arg, self.element_of(base)) {
            (Node::AArrayExpr(array), Some(element)) => self.array(array, Some((base, element, typmod)))?,
            _ => self.expr(arg)?,
        };
        let place = if cast.location >= 0 { span(cast.location) } else { span(name.location) };
        let source = expr.ty.oid;
        let below = super::coerce::location(&expr);
        match self.coerce_to(expr, target, typmod, CastContext::Explicit, place)? {
            Some(expr) => Ok(expr),
            None => {
                let place = if place.0.is_some() { place } else { below };
                Err(at(self.cannot_cast(source, target), place))
            }
        }
    }

    /// 42846; 0A000 where PostgreSQL may know a cast of a type that the language does not carry yet.
    pub(in crate::bind) fn cannot_cast(&self, source: PgType, target: PgType) -> Error {
        let what = format!("{} to {}", self.format_type(source), self.format_type(target));
        // Geometric, network, range and bit-string types.
        let carried = |ty: PgType| !matches!(ty.category(), b'G' | b'I' | b'R' | b'V');
        if carried(source) && carried(target) {
            Error::new(SqlState::CANNOT_COERCE, format!("cannot cast type {what}"))
        } else {
            Error::unsupported(format!("a cast of type {what}"))
        }
    }
}

//! AND, OR, NOT, null and truth tests.

use crate::sql::ast::{BoolExpr, BoolExprType, BoolTestType, BooleanTest, NullTest, NullTestType};

use crate::bound::{Expr, ExprKind, ExprType, Truth};
use crate::error::{Error, Result};
use crate::types::PgType;

use crate::bind::ast::{self, span};
use crate::bind::context::Binder;

impl Binder<'_> {
    pub(super) fn bool_expr(&mut self, expr: &BoolExpr) -> Result<Expr> {
        let place = span(expr.location);
        let construct = match expr.boolop {
            BoolExprType::AndExpr => "AND",
            BoolExprType::OrExpr => "OR",
            BoolExprType::NotExpr => "NOT",
        };
        let mut args = Vec::with_capacity(expr.args.len());
        for arg in &expr.args {
            let arg = self.expr(arg)?;
            args.push(self.coerce_boolean(arg, construct)?);
        }
        let kind = match expr.boolop {
            BoolExprType::AndExpr => ExprKind::And(args),
            BoolExprType::OrExpr => ExprKind::Or(args),
            BoolExprType::NotExpr => match args.pop() {
                Some(arg) => ExprKind::Not(Box::new(arg)),
                None => return Err(Error::internal("NOT without argument")),
            },
        };
        Ok(Expr::new(kind, ExprType::of(PgType::BOOL), place))
    }

    pub(super) fn null_test(&mut self, test: &NullTest) -> Result<Expr> {
        let arg = self.expr(ast::child(&test.arg)?)?;
        let row = arg.ty.oid == PgType::RECORD || self.is_composite(self.base_type(arg.ty.oid).0);
        let arg = if arg.ty.oid == PgType::UNKNOWN && matches!(arg.kind, ExprKind::Param(_)) {
            // Nothing tells the type: PostgreSQL refuses it at the end (42P18).
            arg
        } else {
            arg
        };
        let negated = test.nulltesttype == NullTestType::IsNotNull;
        let kind = ExprKind::IsNull { arg: Box::new(arg), negated, row };
        Ok(Expr::new(kind, ExprType::of(PgType::BOOL), span(test.location)))
    }

    pub(super) fn boolean_test(&mut self, test: &BooleanTest) -> Result<Expr> {
        let (truth, negated, construct) = match test.booltesttype {
            BoolTestType::IsTrue => (Truth::True, false, "IS TRUE"),
            BoolTestType::IsNotTrue => (Truth::True, true, "IS NOT TRUE"),
            BoolTestType::IsFalse => (Truth::False, false, "IS FALSE"),
            BoolTestType::IsNotFalse => (Truth::False, true, "IS NOT FALSE"),
            BoolTestType::IsUnknown => (Truth::Unknown, false, "IS UNKNOWN"),
            BoolTestType::IsNotUnknown => (Truth::Unknown, true, "IS NOT UNKNOWN"),
        };
        let arg = self.expr(ast::child(&test.arg)?)?;
        let arg = Box::new(self.coerce_boolean(arg, construct)?);
        Ok(Expr::new(ExprKind::IsBoolean { arg, truth, negated }, ExprType::of(PgType::BOOL), span(test.location)))
    }
}

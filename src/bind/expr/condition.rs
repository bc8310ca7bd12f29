//! CASE, COALESCE, GREATEST and LEAST.

use crate::sql::ast::Node;
use crate::sql::ast::{CaseExpr, CoalesceExpr, MinMaxExpr, MinMaxOp};

use crate::bound::{Expr, ExprKind, ExprType, Span};
use crate::error::{Error, Result, SqlState};
use crate::types::{Datum, PgType};

use crate::bind::ast::{self, at, span};
use crate::bind::context::Binder;
use crate::bind::{collation, operator};

impl Binder<'_> {
    pub(super) fn case(&mut self, case: &CaseExpr) -> Result<Expr> {
        let place = span(case.location);
        let before = self.set_returning;
        let operand = match &case.arg {
            Some(arg) => {
                let arg = self.expr(arg)?;
                let arg = if arg.ty.oid == PgType::UNKNOWN { self.coerce_implicit(arg, PgType::TEXT)? } else { arg };
                Some(arg)
            }
            None => None,
        };
        let mut conditions = Vec::with_capacity(case.args.len());
        let mut results = Vec::with_capacity(case.args.len());
        for node in &case.args {
            let Node::CaseWhen(when) = node else { return Err(Error::internal("CASE branch")) };
            let condition = self.expr(ast::child(&when.expr)?)?;
            let condition = match &operand {
                Some(operand) => {
                    let subject = Expr::new(ExprKind::CaseOperand, operand.ty.clone(), span(when.location));
                    self.make_op(&["="], Some(subject), condition, span(when.location))?
                }
                None => condition,
            };
            conditions.push(self.coerce_boolean(condition, "CASE/WHEN")?);
            results.push(self.expr(ast::child(&when.result)?)?);
        }
        let otherwise = match &case.defresult {
            Some(node) => self.expr(node)?,
            None => Expr::new(ExprKind::Literal(Datum::Null), ExprType::of(PgType::UNKNOWN), Span::default()),
        };
        self.no_sets(before, "CASE")?;
        // PostgreSQL considers the default first.
        let mut all = vec![otherwise];
        all.append(&mut results);
        let common = {
            let refs: Vec<&Expr> = all.iter().collect();
            self.common_type(&refs, Some("CASE"))?
        };
        let mut coerced = Vec::with_capacity(all.len());
        for (position, expr) in all.into_iter().enumerate() {
            coerced.push(self.coerce_common(expr, common, if position == 0 { "CASE/ELSE" } else { "CASE/WHEN" })?);
        }
        let typmod = self.common_typmod(&coerced, common);
        let mut ty = collation::derived(common, typmod, &coerced)?;
        ty.be_row_of(coerced.iter().map(|expr| &expr.ty));
        let mut coerced = coerced.into_iter();
        let otherwise = coerced.next().map(Box::new);
        let whens = conditions.into_iter().zip(coerced).collect();
        Ok(Expr::new(ExprKind::Case { operand: operand.map(Box::new), whens, otherwise }, ty, place))
    }

    pub(super) fn coalesce(&mut self, coalesce: &CoalesceExpr) -> Result<Expr> {
        let place = span(coalesce.location);
        let before = self.set_returning;
        let args = coalesce.args.iter().map(|arg| self.expr(arg)).collect::<Result<Vec<_>>>()?;
        let (args, common) = self.unify(args, "COALESCE")?;
        self.no_sets(before, "COALESCE")?;
        let typmod = self.common_typmod(&args, common);
        let mut ty = collation::derived(common, typmod, &args)?;
        ty.be_row_of(args.iter().map(|expr| &expr.ty));
        Ok(Expr::new(ExprKind::Coalesce(args), ty, place))
    }

    pub(super) fn min_max(&mut self, expr: &MinMaxExpr) -> Result<Expr> {
        let place = span(expr.location);
        let name = match expr.op {
            MinMaxOp::IsLeast => "LEAST",
            MinMaxOp::IsGreatest => "GREATEST",
        };
        let args = expr.args.iter().map(|arg| self.expr(arg)).collect::<Result<Vec<_>>>()?;
        let (args, common) = self.unify(args, name)?;
        for arg in &args {
            if self.check_sortable(arg).is_err() {
                let message = format!("could not identify a comparison function for type {}", self.format_type(common));
                return Err(at(Error::new(SqlState::UNDEFINED_FUNCTION, message), place));
            }
        }
        let typmod = self.common_typmod(&args, common);
        let mut ty = collation::derived(common, typmod, &args)?;
        ty.be_row_of(args.iter().map(|expr| &expr.ty));
        // The comparison itself, for printing and fidelity: the type's `<`.
        let probe = |oid| Expr::new(ExprKind::Literal(Datum::Null), ExprType::of(oid), place);
        let less = self.make_op(&["pg_catalog", "<"], Some(probe(common)), probe(common), place);
        let less = match less {
            Ok(call) => call,
            Err(_) => self.make_op(&["<"], Some(probe(common)), probe(common), place)?,
        };
        let (less, _, _) = operator::into_parts(less)?;
        let kind = match expr.op {
            MinMaxOp::IsLeast => ExprKind::Least { args, less },
            MinMaxOp::IsGreatest => ExprKind::Greatest { args, less },
        };
        Ok(Expr::new(kind, ty, place))
    }

    /// 0A000 when a set-returning call was met since `before`.
    fn no_sets(&self, before: usize, construct: &str) -> Result<()> {
        if self.set_returning == before {
            return Ok(());
        }
        let error = Error::new(
            SqlState::FEATURE_NOT_SUPPORTED,
            format!("set-returning functions are not allowed in {construct}"),
        )
        .hint("You might be able to move the set-returning function into a LATERAL FROM item.");
        Err(at(error, self.last_set_returning))
    }
}

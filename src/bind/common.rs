//! One type for several expressions: UNION, CASE, VALUES, ARRAY (`select_common_type`).

use crate::bound::{Expr, Span};
use crate::catalog::CastContext;
use crate::error::{Error, Result, SqlState};
use crate::types::PgType;

use super::ast::at;
use super::coerce::location;
use super::context::Binder;

impl Binder<'_> {
    /// The common type of expressions; unknown ones count only when all are. `construct` names the place in messages;
    /// `None`: no error, `INVALID` when there is none.
    pub fn common_type(&self, exprs: &[&Expr], construct: Option<&str>) -> Result<PgType> {
        let types: Vec<(PgType, Span)> = exprs.iter().map(|expr| (expr.ty.oid, location(expr))).collect();
        self.common_type_of(&types, construct)
    }

    pub fn common_type_of(&self, types: &[(PgType, Span)], construct: Option<&str>) -> Result<PgType> {
        let Some((first, _)) = types.first() else { return Ok(PgType::TEXT) };
        if *first != PgType::UNKNOWN && types.iter().all(|(ty, _)| ty == first) {
            return Ok(*first);
        }
        let mut common = self.base_type(*first).0;
        let mut category = self.category(common);
        for (ty, place) in &types[1..] {
            let next = self.base_type(*ty).0;
            if next == PgType::UNKNOWN || next == common {
                continue;
            }
            let next_category = self.category(next);
            if common == PgType::UNKNOWN {
                (common, category) = (next, next_category);
            } else if next_category != category {
                let Some(construct) = construct else { return Ok(PgType::INVALID) };
                let message = format!(
                    "{construct} types {} and {} cannot be matched",
                    self.format_type(common),
                    self.format_type(next)
                );
                return Err(at(Error::new(SqlState::DATATYPE_MISMATCH, message), *place));
            } else if !common.is_preferred()
                && self.can_coerce(common, next, CastContext::Implicit)
                && !self.can_coerce(next, common, CastContext::Implicit)
            {
                (common, category) = (next, next_category);
            }
        }
        Ok(if common == PgType::UNKNOWN { PgType::TEXT } else { common })
    }

    /// `verify_common_type`.
    pub fn all_coerce(&self, exprs: &[&Expr], common: PgType) -> bool {
        exprs.iter().all(|expr| self.can_coerce(expr.ty.oid, common, CastContext::Implicit))
    }

    /// `coerce_to_common_type`.
    pub fn coerce_common(&mut self, expr: Expr, common: PgType, construct: &str) -> Result<Expr> {
        if expr.ty.oid == common {
            return Ok(expr);
        }
        if self.can_coerce(expr.ty.oid, common, CastContext::Implicit) {
            return self.coerce_implicit(expr, common);
        }
        let message = format!(
            "{construct} could not convert type {} to {}",
            self.format_type(expr.ty.oid),
            self.format_type(common)
        );
        Err(at(Error::new(SqlState::CANNOT_COERCE, message), location(&expr)))
    }

    /// `select_common_typmod`: one typmod when all agree on type and typmod.
    pub fn common_typmod<'e>(&self, exprs: impl IntoIterator<Item = &'e Expr>, common: PgType) -> i32 {
        let mut typmod = None;
        for expr in exprs {
            if expr.ty.oid != common || typmod.is_some_and(|typmod| typmod != expr.ty.typmod) {
                return -1;
            }
            typmod = Some(expr.ty.typmod);
        }
        typmod.unwrap_or(-1)
    }

    /// Common type and coercion of a list at once.
    pub fn unify(&mut self, exprs: Vec<Expr>, construct: &str) -> Result<(Vec<Expr>, PgType)> {
        let common = self.common_type(&exprs.iter().collect::<Vec<_>>(), Some(construct))?;
        let exprs =
            exprs.into_iter().map(|expr| self.coerce_common(expr, common, construct)).collect::<Result<Vec<_>>>()?;
        Ok((exprs, common))
    }
}

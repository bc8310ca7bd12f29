//! `$n` parameters with inferred types (`parse_param.c`, variable parameters).

use crate::sql::ast::ParamRef;

use crate::bound::{Expr, ExprKind, ExprType, Span};
use crate::error::{Error, Result, SqlState};
use crate::types::PgType;

use super::ast::{at, span};
use super::context::Binder;

impl Binder<'_> {
    pub fn param(&mut self, param: &ParamRef) -> Result<Expr> {
        let place = span(param.location);
        let number = usize::try_from(param.number).unwrap_or(0);
        if number == 0 || number > 65_535 {
            let error = Error::new(SqlState::UNDEFINED_PARAMETER, format!("there is no parameter ${}", param.number));
            return Err(at(error, place));
        }
        if self.params.len() < number {
            self.params.resize(number, PgType::UNKNOWN);
        }
        // A parameter declared void is an OUT parameter placeholder nobody uses: PostgreSQL reads it as unknown.
        let ty = self.params[number - 1];
        Ok(Expr::new(ExprKind::Param(number - 1), ExprType::of(ty), place))
    }

    /// Gives a still unknown parameter its type; the expression becomes of that type.
    pub fn coerce_param(&mut self, index: usize, target: PgType, place: Span) -> Result<Expr> {
        let known = self.params[index];
        if known == PgType::UNKNOWN {
            self.params[index] = target;
        } else if known != target {
            let error = Error::new(
                SqlState::parse("42P08").unwrap_or(SqlState::DATATYPE_MISMATCH),
                format!("inconsistent types deduced for parameter ${}", index + 1),
            )
            .detail(format!("{} versus {}", self.format_type(known), self.format_type(target)));
            return Err(at(error, place));
        }
        Ok(Expr::new(ExprKind::Param(index), ExprType::of(target), place))
    }

    /// Every parameter must have got a type.
    pub fn check_params(&self) -> Result<()> {
        match self.params.iter().position(|ty| *ty == PgType::UNKNOWN) {
            Some(index) => Err(Error::new(
                SqlState::INDETERMINATE_DATATYPE,
                format!("could not determine data type of parameter ${}", index + 1),
            )),
            None => Ok(()),
        }
    }
}

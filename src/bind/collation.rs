//! Collation derivation (`parse_collate.c`), done while nodes are made.

use std::sync::Arc;

use crate::sql::ast::CollateClause;

use crate::bound::{Collation, Expr, ExprKind, ExprType};
use crate::error::{Error, Result, SqlState};
use crate::types::PgType;

use super::ast::{at, child, names, span};
use super::context::Binder;

/// The collation that inputs give to a function and its result.
pub(super) fn combine<'e>(inputs: impl IntoIterator<Item = &'e Expr>) -> Result<Collation> {
    let mut state = Collation::None;
    for input in inputs {
        state = merge(state, &input.ty.collation).map_err(|error| at(error, input.span))?;
    }
    Ok(state)
}

fn merge(state: Collation, next: &Collation) -> Result<Collation> {
    Ok(match (state, next) {
        (state, Collation::None) => state,
        (Collation::None, next) => next.clone(),
        (Collation::Named { name: left, explicit: true }, Collation::Named { name: right, explicit: true }) => {
            if left != *right {
                return Err(Error::new(
                    SqlState::COLLATION_MISMATCH,
                    format!("collation mismatch between explicit collations \"{left}\" and \"{right}\""),
                ));
            }
            Collation::Named { name: left, explicit: true }
        }
        (state @ Collation::Named { explicit: true, .. }, _) => state,
        (_, next @ Collation::Named { explicit: true, .. }) => next.clone(),
        (Collation::Conflict, _) | (_, Collation::Conflict) => Collation::Conflict,
        (Collation::Default, next) => next.clone(),
        (state, Collation::Default) => state,
        (Collation::Named { name: left, .. }, Collation::Named { name: right, .. }) => {
            if left == *right {
                Collation::Named { name: left, explicit: false }
            } else {
                Collation::Conflict
            }
        }
    })
}

/// A result type whose collation comes from its inputs.
pub(super) fn derived<'e>(oid: PgType, typmod: i32, inputs: impl IntoIterator<Item = &'e Expr>) -> Result<ExprType> {
    let combined = combine(inputs)?;
    let mut ty = ExprType::with_typmod(oid, typmod);
    if oid.is_collatable() && combined != Collation::None {
        ty.collation = combined;
    }
    Ok(ty)
}

impl Binder<'_> {
    pub fn collate_clause(&mut self, clause: &CollateClause) -> Result<Expr> {
        let arg = self.expr(child(&clause.arg)?)?;
        let parts = names(&clause.collname);
        let place = span(clause.location);
        if !arg.ty.oid.is_collatable() && arg.ty.oid != PgType::UNKNOWN {
            let message = format!("collations are not supported by type {}", self.format_type(arg.ty.oid));
            return Err(at(Error::new(SqlState::DATATYPE_MISMATCH, message), place));
        }
        let name = self.collation_name(&parts).map_err(|error| at(error, place))?;
        let collation = match name {
            "default" => Collation::Named { name: Arc::from("default"), explicit: true },
            name => Collation::Named { name: Arc::from(name), explicit: true },
        };
        let ty = ExprType { collation, ..arg.ty.clone() };
        Ok(Expr::new(ExprKind::Collate(Box::new(arg)), ty, place))
    }

    /// Checks that a collation exists; its unqualified name.
    pub fn collation_name<'n>(&self, parts: &[&'n str]) -> Result<&'n str> {
        let (schema, name) = match parts {
            [name] => (None, *name),
            [schema, name] => (Some(*schema), *name),
            _ => return Err(Error::unsupported(format!("collation {}", parts.join(".")))),
        };
        let known = matches!(name, "C" | "POSIX" | "default" | "ucs_basic" | "unicode") || name.ends_with("-x-icu");
        if known && schema.is_none_or(|schema| schema == "pg_catalog") {
            return Ok(name);
        }
        if schema.is_some_and(|schema| !self.catalog.schema_visible(self.context.role, schema)) {
            let message = format!("schema \"{}\" does not exist", schema.unwrap_or_default());
            return Err(Error::new(SqlState::INVALID_SCHEMA_NAME, message));
        }
        let message = format!("collation \"{}\" for encoding \"UTF8\" does not exist", parts.join("."));
        Err(Error::new(SqlState::UNDEFINED_OBJECT, message))
    }
}

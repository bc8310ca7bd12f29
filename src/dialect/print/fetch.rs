//! How values come back from a foreign target (invariant 10): wrapped in the outermost select list, with a carrier for each column.

use super::{Carrier, Printer};
use crate::bound::{Body, ExprType, OutputColumn, Query, Statement};
use crate::dialect::rules::{CarrierRule, SridCarrier, TypeRule};
use crate::dialect::shape::shape;
use crate::error::Result;
use crate::types::PgType;

impl<'a> Printer<'a> {
    pub(super) fn has_fetch(&self, ty: &ExprType) -> bool {
        if self.driven() {
            return !self.target.dialect.comes_in_arrow(ty.oid);
        }
        !ty.oid.is_array() && self.target.dialect.named(ty.oid).is_some_and(|named| named.fetch.is_some())
    }

    /// Does any output column come in another form than it has there (invariant 10)?
    pub(super) fn needs_fetch(&self, query: &Query) -> bool {
        (self.foreign() || self.driven()) && query.columns.iter().any(|column| self.has_fetch(&column.ty))
    }

    /// Wraps what was printed since `before` as its type's carrier wants.
    pub(super) fn fetch(&mut self, before: usize, ty: &ExprType) -> Result<()> {
        let template = if self.driven() {
            self.target.dialect.driver.texts.get(&ty.oid)
        } else {
            let named = self.target.dialect.named(ty.oid).filter(|_| !ty.oid.is_array());
            named.and_then(|named| named.fetch.as_ref())
        };
        let Some(template) = template else {
            if self.driven() && self.has_fetch(ty) {
                // In parentheses: what is said may end in an operator's operand.
                self.out.insert(before, '(');
                self.move_spans(before, 1);
                self.push(")::pg_catalog.text");
            }
            return Ok(());
        };
        let inner = self.out.split_off(before);
        let shift = self.out.len();
        self.pieces(template, &mut |printer, _| {
            printer.move_spans(before, printer.out.len() - shift);
            printer.push(&inner);
            Ok(())
        })
    }

    fn move_spans(&mut self, from: usize, by: usize) {
        self.spans.iter_mut().filter(|(at, _)| *at >= from).for_each(|(at, _)| *at += by);
    }

    /// How each output column comes back; refuses what cannot come back whole.
    pub(super) fn carriers(&self, statement: &'a Statement) -> Result<Vec<Carrier>> {
        let carrier = |(n, column): (usize, &OutputColumn)| {
            if self.driven() {
                return self.driven_carrier(column);
            }
            if !self.foreign() {
                return Ok(Carrier::Native);
            }
            let named = self.target.dialect.named(column.ty.oid).filter(|_| !column.ty.oid.is_array());
            if column.ty.oid.is_array() && self.has_arrays(column.ty.oid) {
                return Ok(Carrier::Native);
            }
            let named = named.ok_or_else(|| self.refuse(format!("a result of type {}", column.ty.oid.name())))?;
            Ok(match named.carrier {
                CarrierRule::Ewkb => Carrier::Ewkb,
                CarrierRule::Native => Carrier::Native,
                CarrierRule::Text => Carrier::Text,
                CarrierRule::Wkb => {
                    let srid = output_srid(statement, n, self.target.dialect.text.srid);
                    let unknown = || self.refuse("a geometry result whose SRID is not known");
                    Carrier::Wkb { srid: srid.ok_or_else(unknown)? }
                }
            })
        };
        statement.output().iter().enumerate().map(carrier).collect()
    }

    /// The carrier of PostgreSQL's values through a driver library; refuses types whose text does not say all of a value.
    fn driven_carrier(&self, column: &OutputColumn) -> Result<Carrier> {
        let ty = column.ty.oid;
        let base = ty.array_element().unwrap_or(ty);
        let known = match self.target.dialect.ty(ty) {
            Some(TypeRule::Native | TypeRule::Named(_)) => !ty.is_polymorphic() && !ty.is_foreign(),
            Some(TypeRule::Refuse(_)) | None => false,
        };
        if !known || matches!(base, PgType::BPCHAR | PgType::CSTRING | PgType::RECORD | PgType::VOID) {
            let type_name = self.target.catalog.format_type(ty, -1);
            return Err(self.refuse(format!("result column {} of type {type_name}", column.name)));
        }
        Ok(match ty {
            PgType::GEOGRAPHY | PgType::GEOMETRY => Carrier::Ewkb,
            ty if self.target.dialect.comes_in_arrow(ty) => Carrier::Native,
            _ => Carrier::Text,
        })
    }
}

/// The SRID of every value of an output column.
fn output_srid(statement: &Statement, at: usize, carrier: SridCarrier) -> Option<i32> {
    let Statement::Query(query) = statement else { return None };
    query_srid(query, at, carrier)
}

fn query_srid(query: &Query, at: usize, carrier: SridCarrier) -> Option<i32> {
    match &query.body {
        Body::Select(select) => shape(&select.items.get(at)?.expr, carrier).srid,
        Body::SetOperation(operation) => {
            let left = query_srid(&operation.left, at, carrier)?;
            (query_srid(&operation.right, at, carrier) == Some(left)).then_some(left)
        }
        Body::Values(values) => {
            let mut srids = values.rows.iter().map(|row| shape(row.get(at)?, carrier).srid);
            let first = srids.next()??;
            srids.all(|srid| srid == Some(first)).then_some(first)
        }
    }
}

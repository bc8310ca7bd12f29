//! How values come back from a foreign target (invariant 10): wrapped in the outermost select list, with a carrier for each column.

use super::{Carrier, Printer};
use crate::bound::{Body, ExprType, OutputColumn, Query, Statement};
use crate::dialect::rules::{CarrierRule, SridCarrier};
use crate::dialect::shape::shape;
use crate::error::Result;

impl<'a> Printer<'a> {
    pub(super) fn has_fetch(&self, ty: &ExprType) -> bool {
        !ty.oid.is_array() && self.target.dialect.named(ty.oid).is_some_and(|named| named.fetch.is_some())
    }

    /// Does any output column come in another form than it has there (invariant 10)?
    pub(super) fn needs_fetch(&self, query: &Query) -> bool {
        self.foreign() && query.columns.iter().any(|column| self.has_fetch(&column.ty))
    }

    /// Wraps what was printed since `before` as its type's carrier wants.
    pub(super) fn fetch(&mut self, before: usize, ty: &ExprType) -> Result<()> {
        let named = self.target.dialect.named(ty.oid).filter(|_| !ty.oid.is_array());
        let Some(template) = named.and_then(|named| named.fetch.as_ref()) else { return Ok(()) };
        let inner = self.out.split_off(before);
        let shift = self.out.len();
        self.pieces(template, &mut |printer, _| {
            let moved = printer.out.len() - shift;
            printer.spans.iter_mut().filter(|(at, _)| *at >= before).for_each(|(at, _)| *at += moved);
            printer.push(&inner);
            Ok(())
        })
    }

    /// How each output column comes back; refuses what cannot come back whole.
    pub(super) fn carriers(&self, statement: &'a Statement) -> Result<Vec<Carrier>> {
        let carrier = |(n, column): (usize, &OutputColumn)| {
            if !self.foreign() {
                return Ok(Carrier::Native);
            }
            let named = self.target.dialect.named(column.ty.oid).filter(|_| !column.ty.oid.is_array());
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

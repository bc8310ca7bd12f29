//! Literals: `'text'::type`, so that the target's planner sees the value and its type is bind's.

use super::{Printer, quote};
use crate::bound::ExprType;
use crate::error::Result;
use crate::kernels::{Env, io, spatial};
use crate::types::{Datum, PgType};

impl Printer<'_> {
    pub(super) fn literal(&mut self, value: &Datum, ty: &ExprType) -> Result<()> {
        if self.foreign() {
            return self.foreign_literal(value, ty);
        }
        let text = match value {
            Datum::Null => {
                self.push("NULL");
                return self.cast_suffix(ty.oid, ty.typmod);
            }
            Datum::Bool(value) if ty.oid == PgType::BOOL => {
                self.push(if *value { "true" } else { "false" });
                return Ok(());
            }
            Datum::Int4(value) if ty.oid == PgType::INT4 && *value >= 0 => {
                self.push(&value.to_string());
                // A bare number after ORDER BY or GROUP BY would be a position.
                return self.cast_suffix(ty.oid, ty.typmod);
            }
            Datum::Record(fields) => {
                let types = ty.fields.clone().filter(|types| types.len() == fields.len());
                let types = types.ok_or_else(|| self.refuse("a row constant of unknown fields"))?;
                self.push("ROW(");
                for (n, (field, ty)) in fields.iter().zip(types.iter()).enumerate() {
                    if n > 0 {
                        self.push(", ");
                    }
                    self.literal(field, &ExprType::with_typmod(ty.ty, ty.typmod))?;
                }
                self.push(")");
                return Ok(());
            }
            Datum::Geometry(geometry) => spatial::wkb::hex(&geometry.0),
            Datum::Bytea(bytes) if ty.oid == PgType::BYTEA => ["\\x", &io::bytea_hex(bytes)].concat(),
            Datum::Bool(value) => if *value { "t" } else { "f" }.to_owned(),
            Datum::Int2(value) => value.to_string(),
            Datum::Int4(value) => value.to_string(),
            Datum::Int8(value) => value.to_string(),
            Datum::Oid(value) => value.to_string(),
            // Text types, and types that are kept as their text.
            Datum::Text(text) => text.to_string(),
            Datum::Box3d(_, srid) if *srid != 0 => return Err(self.refuse("a box3d constant with a SRID")),
            Datum::H3(_) => return Err(self.refuse("an h3index constant")),
            Datum::Void => return Err(self.refuse("a void constant")),
            Datum::Array(_)
            | Datum::Box2d(_)
            | Datum::Box3d(..)
            | Datum::Bytea(_)
            | Datum::Date(_)
            | Datum::Float4(_)
            | Datum::Float8(_)
            | Datum::Interval(_)
            | Datum::Numeric(_)
            | Datum::Time(_)
            | Datum::Timestamp(_)
            | Datum::Timestamptz(_)
            | Datum::Timetz(..)
            | Datum::Uuid(_) => io::output(&Env::default(), ty.oid, value)?,
        };
        let quoted = quote::literal(&text)?;
        self.push(&quoted);
        self.cast_suffix(ty.oid, ty.typmod)
    }
}

//! Spelling of types: `format_type`, schema-qualified where it is not a keyword.

use super::{Printer, quote};
use crate::bound::ExprType;
use crate::catalog::ForeignTypeKind;
use crate::dialect::rules::TypeRule;
use crate::error::Result;
use crate::types::{PgType, format_type};

impl Printer<'_> {
    /// `::type`. Nothing for types that no cast can name (records, pseudo-types).
    pub(super) fn cast_suffix(&mut self, ty: &ExprType) -> Result<()> {
        if matches!(ty.oid, PgType::RECORD | PgType::UNKNOWN | PgType::VOID | PgType::ANY | PgType::RECORD_ARRAY)
            || ty.oid.is_polymorphic()
        {
            return Ok(());
        }
        let spelled = self.type_name(ty.oid, ty.typmod)?;
        self.push("::");
        self.push(&spelled);
        Ok(())
    }

    /// The type's name in the target.
    pub(super) fn type_name(&self, ty: PgType, typmod: i32) -> Result<String> {
        if ty.is_foreign() {
            return self.foreign_type_name(ty);
        }
        let spelled = format_type(ty, typmod);
        match self.target.dialect.ty(ty) {
            Some(TypeRule::Named(named)) => return self.named_type(named, ty, typmod),
            Some(TypeRule::Native) => {}
            Some(TypeRule::Refuse(why)) => return Err(self.refuse(format!("type {spelled}")).detail(why.clone())),
            None => return Err(self.refuse(format!("type {spelled}"))),
        }
        let base = ty.element().filter(|_| ty.is_array()).unwrap_or(ty);
        Ok(match base {
            PgType::GEOMETRY | PgType::GEOGRAPHY | PgType::BOX2D | PgType::BOX3D | PgType::SPHEROID => {
                format!("{}.{spelled}", self.postgis_schema()?)
            }
            // `character` alone would mean character(1).
            PgType::BPCHAR if typmod == -1 => format!("pg_catalog.bpchar{}", &spelled["character".len()..]),
            // `bit` alone would mean bit(1).
            PgType::BIT if typmod == -1 => format!("pg_catalog.\"bit\"{}", if ty.is_array() { "[]" } else { "" }),
            // Spelled by keywords, which mean pg_catalog's types whatever the search path.
            PgType::BOOL
            | PgType::INT2
            | PgType::INT4
            | PgType::INT8
            | PgType::FLOAT4
            | PgType::FLOAT8
            | PgType::NUMERIC
            | PgType::BPCHAR
            | PgType::VARCHAR
            | PgType::BIT
            | PgType::VARBIT
            | PgType::TIME
            | PgType::TIMETZ
            | PgType::TIMESTAMP
            | PgType::TIMESTAMPTZ
            | PgType::INTERVAL => spelled,
            _ => format!("pg_catalog.{spelled}"),
        })
    }

    /// The quoted schema of the PostGIS extension on the target.
    pub(super) fn postgis_schema(&self) -> Result<String> {
        match &self.target.server.postgis_schema {
            Some(schema) => quote::quoted_identifier(schema),
            None => Err(self.refuse("PostGIS (the extension is not installed there)")),
        }
    }

    fn foreign_type_name(&self, ty: PgType) -> Result<String> {
        let foreign = self.target.catalog.foreign_type(ty);
        let foreign = foreign.ok_or_else(|| self.refuse(format!("type with oid {}", ty.0)))?;
        if foreign.server != self.target.server.oid {
            return Err(self.refuse(format!("type {} of another server", foreign.name)));
        }
        if let ForeignTypeKind::Array(element) = foreign.kind {
            return Ok(format!("{}[]", self.foreign_type_name(element)?));
        }
        Ok(format!(
            "{}.{}",
            quote::quoted_identifier(&foreign.remote_schema)?,
            quote::quoted_identifier(&foreign.name)?
        ))
    }
}

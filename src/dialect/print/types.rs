//! Spelling of types: `format_type`, schema-qualified where it is not a keyword.

use std::borrow::Cow;

use super::{Printer, quote};
use crate::catalog::ForeignTypeKind;
use crate::dialect::rules::TypeRule;
use crate::error::Result;
use crate::types::{PgType, spelled};

impl Printer<'_> {
    /// `::type`. Nothing for types that no cast can name (records, pseudo-types).
    pub(super) fn cast_suffix(&mut self, ty: PgType, typmod: i32) -> Result<()> {
        if matches!(ty, PgType::RECORD | PgType::UNKNOWN | PgType::VOID | PgType::ANY | PgType::RECORD_ARRAY)
            || ty.is_polymorphic()
        {
            return Ok(());
        }
        let (schema, spelled) = self.type_parts(ty, typmod)?;
        self.push("::");
        self.push(&schema);
        self.push(&spelled);
        Ok(())
    }

    /// The type's name in the target.
    pub(super) fn type_name(&self, ty: PgType, typmod: i32) -> Result<String> {
        let (schema, spelled) = self.type_parts(ty, typmod)?;
        Ok(format!("{schema}{spelled}"))
    }

    /// What stands before the type's name in the target (`pg_catalog.`), and the name.
    fn type_parts(&self, ty: PgType, typmod: i32) -> Result<(Cow<'static, str>, Cow<'static, str>)> {
        const BARE: Cow<'static, str> = Cow::Borrowed("");
        const OURS: Cow<'static, str> = Cow::Borrowed("pg_catalog.");
        if ty.is_foreign() {
            return Ok((BARE, self.foreign_type_name(ty)?.into()));
        }
        let spelled = spelled(ty, typmod);
        match self.target.dialect.ty(ty) {
            Some(TypeRule::Named(named)) => return Ok((BARE, self.named_type(named, ty, typmod)?.into())),
            Some(TypeRule::Native) => {}
            Some(TypeRule::Refuse(why)) => return Err(self.refuse(format!("type {spelled}")).detail(why.clone())),
            None => return Err(self.refuse(format!("type {spelled}"))),
        }
        Ok(match ty.array_element().unwrap_or(ty) {
            PgType::GEOMETRY | PgType::GEOGRAPHY | PgType::BOX2D | PgType::BOX3D | PgType::SPHEROID => {
                (format!("{}.", self.postgis_schema()?).into(), spelled)
            }
            // `character` alone would mean character(1).
            PgType::BPCHAR if typmod == -1 => (OURS, format!("bpchar{}", &spelled["character".len()..]).into()),
            // `bit` alone would mean bit(1).
            PgType::BIT if typmod == -1 => (OURS, if ty.is_array() { "\"bit\"[]" } else { "\"bit\"" }.into()),
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
            | PgType::INTERVAL => (BARE, spelled),
            _ => (OURS, spelled),
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

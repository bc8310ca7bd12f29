//! pg_catalog, information_schema and PostGIS's metadata views as real relations over the catalog snapshot.
//!
//! Columns come from `data/columns.tsv` (PostgreSQL 15.18 + PostGIS 3.3.2's own pg_attribute); a filler gives rows as named values;
//! what it does not name is NULL, or the type's zero for NOT NULL columns. What lies in a schema without USAGE is absent (invariant 9).
//! A relation without a filler is one that is empty here by construction (no triggers, no publications ...).

mod functions;
mod relations;
mod table;

use std::sync::Arc;

use arrow::array::ArrayRef;

use crate::catalog::{Acl, Catalog, CatalogBuilder, Column, Relation, RelationKind, Source, oids};
use crate::error::{Error, Result};
use crate::types::Datum;

pub use self::functions::{SessionAccess, SessionCatalog};
pub use self::table::regproc_names;

/// The catalog as one role sees it.
#[derive(Clone, Copy)]
pub struct View<'a> {
    pub catalog: &'a Catalog,
    pub role: u32,
    /// (name, value, unit, category, short description, type, source) of each setting, for pg_settings.
    pub settings: &'a [(String, String)],
    /// What was read of servers, by every role.
    pub usage: &'a [Usage],
}

/// A row of graticule.usage.
#[derive(Clone, Debug)]
pub struct Usage {
    pub server: String,
    pub role: String,
    /// jobs, failed, rows, bytes, scanned bytes
    pub numbers: [u64; 5],
}

impl View<'_> {
    /// Relations in schemas that the role may use.
    pub(crate) fn relations(&self) -> impl Iterator<Item = &Arc<Relation>> {
        self.catalog.relations().filter(|relation| self.catalog.schema_visible(self.role, &relation.schema))
    }
}

/// `version()`: what PostgreSQL 15 says, with our name where clients do not parse.
pub fn version() -> String {
    format!("PostgreSQL {} on {}-pc-linux-gnu, compiled by rustc, 64-bit", SERVER_VERSION, std::env::consts::ARCH)
}

/// `server_version`: PostgreSQL 15 as far as clients can tell.
pub const SERVER_VERSION: &str = concat!("15.8 (Graticule ", env!("CARGO_PKG_VERSION"), ")");

/// Adds every system relation to a snapshot under construction.
pub fn install(builder: &mut CatalogBuilder) {
    for definition in table::definitions() {
        let schema_oid = match definition.schema {
            "pg_catalog" => oids::PG_CATALOG,
            "information_schema" => oids::INFORMATION_SCHEMA,
            "graticule" => oids::GRATICULE,
            _ => oids::PUBLIC,
        };
        let columns = definition.columns.iter().map(|column| Column {
            name: column.name.to_owned(),
            attnum: column.attnum,
            ty: column.ty,
            typmod: column.typmod,
            not_null: column.not_null,
            default: None,
            identity: '\0',
            generated: '\0',
            collation: None,
            comment: None,
            acl: Acl::default(),
            remote_name: column.name.to_owned(),
        });
        builder.put_relation(Relation {
            oid: definition.oid,
            schema: definition.schema.into(),
            schema_oid,
            name: definition.name.to_owned(),
            kind: if definition.is_view { RelationKind::View } else { RelationKind::Table },
            columns: columns.collect(),
            source: Source::System,
            constraints: Vec::new(),
            indexes: Vec::new(),
            owner: oids::SUPERUSER,
            acl: Acl::default(),
            comment: None,
            rows: -1.0,
            pages: 0,
            view_definition: None,
            view_in_path: None,
            version: 1,
            row_type: 0,
        });
    }
}

/// The rows of a system relation, one datum per column.
pub fn rows(view: &View<'_>, relation: &Relation) -> Result<Vec<Vec<Datum>>> {
    let definition = table::definition(&relation.schema, &relation.name)
        .ok_or_else(|| Error::internal(format!("no system relation {}.{}", relation.schema, relation.name)))?;
    relations::fill(view, definition)
}

/// The rows of a system relation as Arrow columns in the storage of `types::storage`.
pub fn columns(view: &View<'_>, relation: &Relation) -> Result<Vec<ArrayRef>> {
    let rows = rows(view, relation)?;
    let mut columns: Vec<Vec<Datum>> = relation.columns.iter().map(|_| Vec::with_capacity(rows.len())).collect();
    for row in rows {
        for (column, value) in columns.iter_mut().zip(row) {
            column.push(value);
        }
    }
    relation
        .columns
        .iter()
        .zip(columns)
        .map(|(column, values)| crate::kernels::columns::array_of(column.ty, &values))
        .collect()
}

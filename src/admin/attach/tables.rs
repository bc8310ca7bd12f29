//! Tables of backends that answer in our types.

use std::collections::HashSet;
use std::sync::Arc;

use super::Import;
use crate::catalog::{
    CatalogBuilder, Column, Constraint, ConstraintKind, ForeignType, ForeignTypeKind, Index, Relation, RelationKind,
    Source,
};
use crate::connector::{FieldType, RemoteTable, RemoteTables, Wrapper};
use crate::error::{Error, Result, SqlState};
use crate::types::PgType;

impl Import<'_> {
    pub(super) fn table(&mut self, remote: &RemoteTables, found: &RemoteTable, name: &str) -> Result<Relation> {
        let (owner, acl) = self.kept(name);
        let mut columns = Vec::new();
        let names = self.names(&found.columns, |field| &field.name);
        for ((field, column_name), attnum) in found.columns.iter().zip(names).zip(1_i16..) {
            let (ty, typmod) = match &field.ty {
                FieldType::Known { ty, typmod } => (*ty, *typmod),
                FieldType::Foreign(type_name) => (self.foreign_type(type_name), -1),
            };
            columns.push(Column {
                acl: self.kept_column(name, &column_name),
                name: column_name,
                attnum,
                ty,
                typmod,
                not_null: field.not_null,
                default: None,
                identity: '\0',
                generated: '\0',
                collation: None,
                comment: field.comment.clone(),
                remote_name: field.name.clone(),
            });
        }
        if columns.len() != found.columns.len() {
            return Err(Error::new(SqlState::TOO_MANY_COLUMNS, format!("table \"{name}\" has too many columns")));
        }
        let kind = match (self.pinned, found.is_view) {
            (true, _) => RelationKind::ForeignTable,
            (false, true) => RelationKind::View,
            // Clients address the rows of a table without a key by ctid, which only PostgreSQL has.
            (false, false) if found.primary_key.is_empty() => RelationKind::ForeignTable,
            (false, false) => RelationKind::Table,
        };
        let mut relation = Relation {
            columns,
            oid: self.builder.oid_of(&self.schema.name, name),
            schema: self.schema.name.as_str().into(),
            schema_oid: self.schema.oid,
            name: name.to_owned(),
            kind,
            source: Source::Remote { server: self.server.oid, schema: remote.schema.clone(), name: found.name.clone() },
            constraints: Vec::new(),
            indexes: Vec::new(),
            owner,
            acl,
            comment: found.comment.clone(),
            rows: found.rows.map_or(-1.0, |rows| rows as f32),
            pages: 0,
            view_definition: None,
            view_in_path: None,
            version: self.version(name),
            row_type: self.builder.oid_of(&self.schema.name, &format!("{name}\u{1}type")),
        };
        if !found.primary_key.is_empty() {
            self.key(&mut relation, &format!("{name}_pkey"), ConstraintKind::PrimaryKey, &found.primary_key);
        }
        for columns in &found.unique {
            let key = format!("{name}_{}_key", columns.join("_"));
            self.key(&mut relation, &key, ConstraintKind::Unique, columns);
        }
        Ok(relation)
    }

    /// The names here of things of the source. Where it stores plain names in capitals, those are in small letters, but for one that
    /// is there already.
    pub(super) fn names<T>(&self, things: &[T], name: impl Fn(&T) -> &String) -> Vec<String> {
        let own = || things.iter().map(|thing| name(thing).clone());
        if !crate::connector::wrapper(&self.server.wrapper).is_some_and(Wrapper::capitals) {
            return own().collect();
        }
        let taken: HashSet<String> = own().collect();
        let plain = |name: &str| {
            !name.starts_with(|letter: char| letter.is_ascii_digit())
                && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || matches!(c, '_' | '$'))
        };
        let local = |name: String| {
            let small = name.to_ascii_lowercase();
            if plain(&name) && !taken.contains(&small) { small } else { name }
        };
        own().map(local).collect()
    }

    /// A key that the source enforces.
    fn key(&mut self, relation: &mut Relation, name: &str, kind: ConstraintKind, names: &[String]) {
        let attnums: Option<Vec<i16>> =
            names.iter().map(|name| relation.column(name).map(|index| relation.columns[index].attnum)).collect();
        if let Some(attnums) = attnums {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            add_key(&mut self.builder, relation, name, kind, &names, attnums);
        }
    }

    /// The oid here of a type that only the server has.
    fn foreign_type(&mut self, name: &str) -> PgType {
        let oid = self.type_oid("", name);
        let ty = ForeignType {
            oid,
            schema: self.schema.name.clone(),
            name: name.to_owned(),
            kind: ForeignTypeKind::Base,
            server: self.server.oid,
            remote_schema: String::new(),
            array: None,
        };
        self.builder.catalog().foreign_types.insert(oid, Arc::new(ty));
        oid
    }
}

/// Adds a key of columns, with the index that PostgreSQL would have for it.
pub(super) fn add_key(
    builder: &mut CatalogBuilder,
    relation: &mut Relation,
    name: &str,
    kind: ConstraintKind,
    names: &[&str],
    attnums: Vec<i16>,
) {
    let primary = kind == ConstraintKind::PrimaryKey;
    let index = builder.oid_of(&relation.schema, &format!("{}\u{1}index\u{1}{name}", relation.name));
    let quoted = names.join(", ");
    relation.indexes.push(Index {
        oid: index,
        name: name.to_owned(),
        method: "btree".to_owned(),
        options: vec![0; attnums.len()],
        columns: attnums.clone(),
        unique: true,
        primary,
        definition: format!(
            "CREATE UNIQUE INDEX {name} ON {}.{} USING btree ({quoted})",
            relation.schema, relation.name
        ),
        predicate: None,
        expressions: None,
    });
    relation.constraints.push(Constraint {
        oid: builder.oid_of(&relation.schema, &format!("{}\u{1}constraint\u{1}{name}", relation.name)),
        name: name.to_owned(),
        kind,
        columns: attnums,
        definition: format!("{} ({quoted})", if primary { "PRIMARY KEY" } else { "UNIQUE" }),
        references: None,
        actions: [' '; 3],
        index,
        deferrable: false,
        deferred: false,
    });
}

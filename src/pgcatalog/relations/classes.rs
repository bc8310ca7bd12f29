//! Relations about relations: pg_class, pg_attribute, pg_index, pg_constraint and their views.

use crate::catalog::{Acl, Column, Constraint, ConstraintKind, Privilege, Relation, RelationKind, Source};
use crate::error::Result;
use crate::pgcatalog::View;
use crate::pgcatalog::table::{Rows, array, char_value, optional_text, vector};
use crate::types::{Datum, PgType};

/// Oids of pg_class, pg_namespace, pg_type ... themselves, as `classoid` and `tableoid` name them.
pub(super) const PG_CLASS: u32 = 1259;
const PG_NAMESPACE: u32 = 2615;
const PG_PROC: u32 = 1255;
const PG_CONSTRAINT_INDEX_NONE: u32 = 0;

pub(super) fn pg_namespace(view: &View<'_>, out: &mut Rows) -> Result<()> {
    for schema in view.catalog.schemas.values() {
        if !view.catalog.schema_visible(view.role, &schema.name) {
            continue;
        }
        out.push(&[
            ("oid", Datum::Oid(schema.oid)),
            ("nspname", Datum::text(&schema.name)),
            ("nspowner", Datum::Oid(schema.owner)),
            ("nspacl", acl(view, &schema.acl, schema.owner)),
        ])?;
    }
    Ok(())
}

pub(super) fn pg_class(view: &View<'_>, out: &mut Rows) -> Result<()> {
    // A foreign key has triggers on both sides: psql looks for keys only where there are some.
    let keys = |relation: &Relation| -> Vec<u32> {
        relation
            .constraints
            .iter()
            .filter_map(|constraint| constraint.references.as_ref())
            .map(|(oid, _)| *oid)
            .collect()
    };
    let referenced: std::collections::HashSet<u32> = view.relations().flat_map(|relation| keys(relation)).collect();
    for relation in view.relations() {
        let triggers = referenced.contains(&relation.oid) || !keys(relation).is_empty();
        let table = relation.kind != RelationKind::View;
        out.push(&[
            ("oid", Datum::Oid(relation.oid)),
            ("relname", Datum::text(&relation.name)),
            ("relnamespace", Datum::Oid(relation.schema_oid)),
            ("reltype", Datum::Oid(relation.row_type)),
            ("relowner", Datum::Oid(relation.owner)),
            ("relam", Datum::Oid(if table && relation.kind != RelationKind::ForeignTable { 2 } else { 0 })),
            ("relfilenode", Datum::Oid(0)),
            ("relpages", Datum::Int4(relation.pages)),
            ("reltuples", Datum::Float4(relation.rows)),
            ("relhasindex", Datum::Bool(!relation.indexes.is_empty())),
            ("relpersistence", Datum::text("p")),
            ("relkind", char_value(relation.kind.code())),
            ("relnatts", Datum::Int2(relation.columns.len() as i16)),
            ("relchecks", Datum::Int2(count(relation, ConstraintKind::Check))),
            ("relhasrules", Datum::Bool(!table)),
            ("relhastriggers", Datum::Bool(triggers)),
            ("relispopulated", Datum::Bool(true)),
            ("relreplident", Datum::text(if matches!(relation.source, Source::System) { "n" } else { "d" })),
            ("relacl", acl(view, &relation.acl, relation.owner)),
        ])?;
        for index in &relation.indexes {
            out.push(&[
                ("oid", Datum::Oid(index.oid)),
                ("relname", Datum::text(&index.name)),
                ("relnamespace", Datum::Oid(relation.schema_oid)),
                ("relowner", Datum::Oid(relation.owner)),
                ("relam", Datum::Oid(method_oid(&index.method))),
                ("relpersistence", Datum::text("p")),
                ("relkind", Datum::text("i")),
                ("relnatts", Datum::Int2(index.columns.len() as i16)),
                ("relispopulated", Datum::Bool(true)),
                ("relreplident", Datum::text("n")),
            ])?;
        }
    }
    Ok(())
}

fn count(relation: &Relation, kind: ConstraintKind) -> i16 {
    relation.constraints.iter().filter(|constraint| constraint.kind == kind).count() as i16
}

/// pg_am oids.
fn method_oid(method: &str) -> u32 {
    match method {
        "btree" => 403,
        "hash" => 405,
        "gist" => 783,
        "gin" => 2742,
        "spgist" => 4000,
        "brin" => 3580,
        _ => 0,
    }
}

pub(super) fn pg_attribute(view: &View<'_>, out: &mut Rows) -> Result<()> {
    for relation in view.relations() {
        for column in &relation.columns {
            attribute(view, out, relation.oid, column, column.attnum, acl(view, &column.acl, relation.owner))?;
        }
        if has_system_columns(relation) {
            for (attnum, name, ty) in SYSTEM_COLUMNS {
                out.push(&[
                    ("attrelid", Datum::Oid(relation.oid)),
                    ("attname", Datum::text(name)),
                    ("atttypid", Datum::Oid(ty.0)),
                    ("attlen", Datum::Int2(ty.len())),
                    ("attnum", Datum::Int2(attnum)),
                    ("attcacheoff", Datum::Int4(-1)),
                    ("atttypmod", Datum::Int4(-1)),
                    ("attbyval", Datum::Bool(ty != PgType::TID)),
                    ("attalign", Datum::text(if ty == PgType::TID { "s" } else { "i" })),
                    ("attstorage", Datum::text("p")),
                    ("attnotnull", Datum::Bool(true)),
                    ("attislocal", Datum::Bool(true)),
                ])?;
            }
        }
        for index in &relation.indexes {
            for (position, attnum) in index.columns.iter().enumerate() {
                let Some(column) = relation.columns.iter().find(|column| column.attnum == *attnum) else { continue };
                let column =
                    Column { not_null: false, default: None, identity: '\0', generated: '\0', ..column.clone() };
                attribute(view, out, index.oid, &column, position as i16 + 1, Datum::Null)?;
            }
        }
    }
    Ok(())
}

/// Numbers, names and types of the system columns.
const SYSTEM_COLUMNS: [(i16, &str, PgType); 6] = [
    (-1, "ctid", PgType::TID),
    (-2, "xmin", PgType::XID),
    (-3, "cmin", PgType::CID),
    (-4, "xmax", PgType::XID),
    (-5, "cmax", PgType::CID),
    (-6, "tableoid", PgType::OID),
];

/// Only a table that lives in a PostgreSQL has them: QGIS takes ctid for a key where it is listed.
fn has_system_columns(relation: &Relation) -> bool {
    matches!(relation.source, Source::Remote { .. })
        && matches!(relation.kind, RelationKind::Table | RelationKind::MaterializedView | RelationKind::Partitioned)
}

fn attribute(view: &View<'_>, out: &mut Rows, relation: u32, column: &Column, attnum: i16, acl: Datum) -> Result<()> {
    let info = column.ty.info();
    let collation = match &column.collation {
        _ if !column.ty.is_collatable() => 0,
        Some(name) if name == "C" => 950,
        _ if column.ty == PgType::NAME => 950,
        _ => 100,
    };
    let _ = view;
    out.push(&[
        ("attrelid", Datum::Oid(relation)),
        ("attname", Datum::text(&column.name)),
        ("atttypid", Datum::Oid(column.ty.0)),
        ("attstattarget", Datum::Int4(-1)),
        ("attlen", Datum::Int2(column.ty.len())),
        ("attnum", Datum::Int2(attnum)),
        ("attndims", Datum::Int4(i32::from(column.ty.is_array()))),
        ("attcacheoff", Datum::Int4(-1)),
        ("atttypmod", Datum::Int4(column.typmod)),
        ("attbyval", Datum::Bool(info.is_some_and(|info| info.by_value))),
        ("attalign", info.map_or(Datum::text("i"), |info| char_value(char::from(info.align)))),
        ("attstorage", info.map_or(Datum::text("x"), |info| char_value(char::from(info.storage)))),
        ("attnotnull", Datum::Bool(column.not_null)),
        ("atthasdef", Datum::Bool(column.default.is_some())),
        ("attidentity", char_value(column.identity)),
        ("attgenerated", char_value(column.generated)),
        ("attislocal", Datum::Bool(true)),
        ("attcollation", Datum::Oid(collation)),
        ("attacl", acl),
    ])
}

pub(super) fn pg_attrdef(view: &View<'_>, out: &mut Rows) -> Result<()> {
    for relation in view.relations() {
        for column in &relation.columns {
            let Some(default) = &column.default else { continue };
            out.push(&[
                ("oid", Datum::Oid(default_oid(relation, column))),
                ("adrelid", Datum::Oid(relation.oid)),
                ("adnum", Datum::Int2(column.attnum)),
                ("adbin", Datum::text(default)),
            ])?;
        }
    }
    Ok(())
}

/// Defaults have no identity of their own here; a number outside of the range of other oids.
fn default_oid(relation: &Relation, column: &Column) -> u32 {
    0x8000_0000 | (relation.oid.wrapping_mul(2048).wrapping_add(column.attnum as u32) & 0x7fff_ffff)
}

pub(super) fn pg_index(view: &View<'_>, out: &mut Rows) -> Result<()> {
    for relation in view.relations() {
        for index in &relation.indexes {
            let oids = |values: Vec<u32>| vector(PgType::OID, values.into_iter().map(Datum::Oid).collect());
            let columns = index.columns.iter().map(|attnum| relation.columns.iter().find(|c| c.attnum == *attnum));
            let collations = columns.map(|column| if column.is_some_and(|c| c.ty.is_collatable()) { 100 } else { 0 });
            out.push(&[
                ("indexrelid", Datum::Oid(index.oid)),
                ("indrelid", Datum::Oid(relation.oid)),
                ("indnatts", Datum::Int2(index.columns.len() as i16)),
                ("indnkeyatts", Datum::Int2(index.columns.len() as i16)),
                ("indisunique", Datum::Bool(index.unique)),
                ("indisprimary", Datum::Bool(index.primary)),
                ("indimmediate", Datum::Bool(true)),
                ("indisvalid", Datum::Bool(true)),
                ("indisready", Datum::Bool(true)),
                ("indislive", Datum::Bool(true)),
                ("indkey", vector(PgType::INT2, index.columns.iter().map(|attnum| Datum::Int2(*attnum)).collect())),
                ("indcollation", oids(collations.collect())),
                (
                    "indclass",
                    oids(index.columns.iter().map(|attnum| operator_class(relation, index, *attnum)).collect()),
                ),
                ("indoption", vector(PgType::INT2, index.options.iter().map(|option| Datum::Int2(*option)).collect())),
                ("indexprs", optional_text(index.expressions.as_ref())),
                ("indpred", optional_text(index.predicate.as_ref())),
            ])?;
        }
    }
    Ok(())
}

/// The default btree operator class of a column's type, for clients that join pg_opclass; 0 otherwise.
fn operator_class(relation: &Relation, index: &crate::catalog::Index, attnum: i16) -> u32 {
    if index.method != "btree" {
        return 0;
    }
    match relation.columns.iter().find(|column| column.attnum == attnum).map(|column| column.ty) {
        Some(PgType::INT2) => 1979,
        Some(PgType::INT4) => 1978,
        Some(PgType::INT8) => 3124,
        Some(PgType::TEXT | PgType::VARCHAR) => 3126,
        Some(PgType::BPCHAR) => 426,
        Some(PgType::DATE) => 3122,
        Some(PgType::FLOAT4) => 1970,
        Some(PgType::FLOAT8) => 3123,
        Some(PgType::NUMERIC) => 3125,
        Some(PgType::OID) => 1981,
        Some(PgType::TIMESTAMP) => 3128,
        Some(PgType::TIMESTAMPTZ) => 3127,
        Some(PgType::UUID) => 2968,
        Some(PgType::BOOL) => 424,
        _ => 0,
    }
}

pub(super) fn pg_constraint(view: &View<'_>, out: &mut Rows) -> Result<()> {
    for relation in view.relations() {
        for constraint in &relation.constraints {
            out.push(&[
                ("oid", Datum::Oid(constraint.oid)),
                ("conname", Datum::text(&constraint.name)),
                ("connamespace", Datum::Oid(relation.schema_oid)),
                ("contype", Datum::text(kind_code(constraint))),
                ("condeferrable", Datum::Bool(constraint.deferrable)),
                ("condeferred", Datum::Bool(constraint.deferred)),
                ("convalidated", Datum::Bool(true)),
                ("conrelid", Datum::Oid(relation.oid)),
                (
                    "conindid",
                    Datum::Oid(if constraint.index == 0 { PG_CONSTRAINT_INDEX_NONE } else { constraint.index }),
                ),
                ("confrelid", Datum::Oid(constraint.references.as_ref().map_or(0, |(oid, _)| *oid))),
                ("confupdtype", char_value(foreign(constraint, 0))),
                ("confdeltype", char_value(foreign(constraint, 1))),
                ("confmatchtype", char_value(foreign(constraint, 2))),
                ("conislocal", Datum::Bool(true)),
                ("connoinherit", Datum::Bool(constraint.kind != ConstraintKind::Check)),
                ("conkey", int2s(&constraint.columns)),
                ("confkey", constraint.references.as_ref().map_or(Datum::Null, |(_, columns)| int2s(columns))),
                (
                    "conbin",
                    if constraint.kind == ConstraintKind::Check {
                        Datum::text(&constraint.definition)
                    } else {
                        Datum::Null
                    },
                ),
            ])?;
        }
    }
    Ok(())
}

fn foreign(constraint: &Constraint, action: usize) -> char {
    if constraint.kind == ConstraintKind::ForeignKey { constraint.actions[action] } else { ' ' }
}

pub(super) fn kind_code(constraint: &Constraint) -> &'static str {
    match constraint.kind {
        ConstraintKind::Check => "c",
        ConstraintKind::Exclusion => "x",
        ConstraintKind::ForeignKey => "f",
        ConstraintKind::PrimaryKey => "p",
        ConstraintKind::Unique => "u",
    }
}

fn int2s(values: &[i16]) -> Datum {
    array(PgType::INT2, values.iter().map(|value| Datum::Int2(*value)).collect())
}

pub(super) fn pg_description(view: &View<'_>, out: &mut Rows) -> Result<()> {
    let mut push = |oid: u32, class: u32, sub: i32, text: &str| {
        out.push(&[
            ("objoid", Datum::Oid(oid)),
            ("classoid", Datum::Oid(class)),
            ("objsubid", Datum::Int4(sub)),
            ("description", Datum::text(text)),
        ])
    };
    for schema in view.catalog.schemas.values().filter(|schema| view.catalog.schema_visible(view.role, &schema.name)) {
        if let Some(comment) = &schema.comment {
            push(schema.oid, PG_NAMESPACE, 0, comment)?;
        }
    }
    for relation in view.relations() {
        if let Some(comment) = &relation.comment {
            push(relation.oid, PG_CLASS, 0, comment)?;
        }
        for column in &relation.columns {
            if let Some(comment) = &column.comment {
                push(relation.oid, PG_CLASS, i32::from(column.attnum), comment)?;
            }
        }
    }
    let mut functions: Vec<_> =
        view.catalog.language.all_functions().filter(|function| !function.doc.is_empty()).collect();
    functions.sort_by_key(|function| function.oid);
    functions.into_iter().try_for_each(|function| push(function.oid, PG_PROC, 0, &function.doc))
}

pub(super) fn pg_tables(view: &View<'_>, out: &mut Rows) -> Result<()> {
    for relation in view.relations() {
        if !matches!(relation.kind, RelationKind::Table | RelationKind::Partitioned) {
            continue;
        }
        out.push(&[
            ("schemaname", Datum::text(&relation.schema)),
            ("tablename", Datum::text(&relation.name)),
            ("tableowner", owner(view, relation.owner)),
            ("hasindexes", Datum::Bool(!relation.indexes.is_empty())),
            ("hasrules", Datum::Bool(false)),
            ("hastriggers", Datum::Bool(false)),
            ("rowsecurity", Datum::Bool(false)),
        ])?;
    }
    Ok(())
}

pub(super) fn pg_views(view: &View<'_>, out: &mut Rows) -> Result<()> {
    for relation in view.relations().filter(|relation| relation.kind == RelationKind::View) {
        out.push(&[
            ("schemaname", Datum::text(&relation.schema)),
            ("viewname", Datum::text(&relation.name)),
            ("viewowner", owner(view, relation.owner)),
            ("definition", optional_text(relation.view_definition.as_ref())),
        ])?;
    }
    Ok(())
}

pub(super) fn pg_matviews(view: &View<'_>, out: &mut Rows) -> Result<()> {
    for relation in view.relations().filter(|relation| relation.kind == RelationKind::MaterializedView) {
        out.push(&[
            ("schemaname", Datum::text(&relation.schema)),
            ("matviewname", Datum::text(&relation.name)),
            ("matviewowner", owner(view, relation.owner)),
            ("hasindexes", Datum::Bool(!relation.indexes.is_empty())),
            ("ispopulated", Datum::Bool(true)),
            ("definition", optional_text(relation.view_definition.as_ref())),
        ])?;
    }
    Ok(())
}

pub(super) fn pg_indexes(view: &View<'_>, out: &mut Rows) -> Result<()> {
    for relation in view.relations() {
        for index in &relation.indexes {
            out.push(&[
                ("schemaname", Datum::text(&relation.schema)),
                ("tablename", Datum::text(&relation.name)),
                ("indexname", Datum::text(&index.name)),
                ("indexdef", Datum::text(&index.definition)),
            ])?;
        }
    }
    Ok(())
}

/// The name of a role.
pub(super) fn owner(view: &View<'_>, role: u32) -> Datum {
    view.catalog.roles.get(&role).map_or(Datum::Null, |role| Datum::text(&role.name))
}

/// An ACL as aclitem[] (`demo=arwd/postgres`); NULL when nothing was ever granted.
pub(super) fn acl(view: &View<'_>, acl: &Acl, owner: u32) -> Datum {
    let Some(entries) = &acl.entries else { return Datum::Null };
    let name = |role: u32| view.catalog.roles.get(&role).map_or(String::new(), |role| role.name.clone());
    let items = entries.iter().map(|(grantee, privileges)| {
        let mut letters = String::new();
        for (privilege, grantable) in privileges {
            letters.push(privilege_letter(*privilege));
            if *grantable {
                letters.push('*');
            }
        }
        Datum::text(format!("{}={letters}/{}", name(*grantee), name(owner)))
    });
    array(PgType::ACLITEM, items.collect())
}

fn privilege_letter(privilege: Privilege) -> char {
    match privilege {
        Privilege::Connect => 'c',
        Privilege::Create => 'C',
        Privilege::Delete => 'd',
        Privilege::Execute => 'X',
        Privilege::Insert => 'a',
        Privilege::References => 'x',
        Privilege::Select => 'r',
        Privilege::Temporary => 'T',
        Privilege::Trigger => 't',
        Privilege::Truncate => 'D',
        Privilege::Update => 'w',
        Privilege::Usage => 'U',
    }
}

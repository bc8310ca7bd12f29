//! information_schema, in the shape of PostgreSQL's own views: only what the role owns or has a privilege on.

use std::sync::Arc;

use super::classes::owner;
use crate::catalog::{Column, ConstraintKind, Privilege, Relation, RelationKind};
use crate::error::Result;
use crate::pgcatalog::View;
use crate::pgcatalog::table::{Rows, optional_text};
use crate::types::{Datum, NumericTypmod, PgType};

/// Fills the relation of that name; unknown names are empty by construction.
pub(super) fn fill(view: &View<'_>, name: &str, out: &mut Rows) -> Result<()> {
    match name {
        "columns" => columns(view, out),
        "constraint_column_usage" => constraint_column_usage(view, out),
        "enabled_roles" => enabled_roles(view, out),
        "foreign_servers" => foreign_servers(view, out),
        "information_schema_catalog_name" => out.push(&[("catalog_name", database(view))]),
        "key_column_usage" => key_column_usage(view, out),
        "referential_constraints" => referential_constraints(view, out),
        "role_table_grants" | "table_privileges" => table_privileges(view, out),
        "schemata" => schemata(view, out),
        "table_constraints" => table_constraints(view, out),
        "tables" => tables(view, out),
        "views" => views(view, out),
        _ => Ok(()),
    }
}

fn database(view: &View<'_>) -> Datum {
    Datum::text(&view.catalog.database)
}

/// Relations on which the role has any privilege.
fn accessible<'a>(view: &'a View<'_>) -> impl Iterator<Item = &'a Arc<Relation>> {
    const ANY: [Privilege; 7] = [
        Privilege::Select,
        Privilege::Insert,
        Privilege::Update,
        Privilege::Delete,
        Privilege::Truncate,
        Privilege::References,
        Privilege::Trigger,
    ];
    view.relations().filter(|relation| {
        ANY.iter().any(|privilege| view.catalog.relation_allows(view.role, relation, *privilege))
            || (0..relation.columns.len())
                .any(|column| view.catalog.column_allows(view.role, relation, column, Privilege::Select))
    })
}

fn yes_no(value: bool) -> Datum {
    Datum::text(if value { "YES" } else { "NO" })
}

fn schemata(view: &View<'_>, out: &mut Rows) -> Result<()> {
    for schema in view.catalog.schemas.values().filter(|schema| view.catalog.schema_visible(view.role, &schema.name)) {
        out.push(&[
            ("catalog_name", database(view)),
            ("schema_name", Datum::text(&schema.name)),
            ("schema_owner", owner(view, schema.owner)),
        ])?;
    }
    Ok(())
}

fn tables(view: &View<'_>, out: &mut Rows) -> Result<()> {
    for relation in accessible(view) {
        let kind = match relation.kind {
            RelationKind::Table | RelationKind::Partitioned => "BASE TABLE",
            RelationKind::View => "VIEW",
            RelationKind::ForeignTable => "FOREIGN",
            RelationKind::MaterializedView | RelationKind::Sequence => continue,
        };
        out.push(&[
            ("table_catalog", database(view)),
            ("table_schema", Datum::text(&relation.schema)),
            ("table_name", Datum::text(&relation.name)),
            ("table_type", Datum::text(kind)),
            ("is_insertable_into", yes_no(relation.kind == RelationKind::Table && relation.server().is_some())),
            ("is_typed", yes_no(false)),
        ])?;
    }
    Ok(())
}

fn columns(view: &View<'_>, out: &mut Rows) -> Result<()> {
    for relation in accessible(view) {
        if matches!(relation.kind, RelationKind::MaterializedView | RelationKind::Sequence) {
            continue;
        }
        for (index, column) in relation.columns.iter().enumerate() {
            if view.catalog.column_allows(view.role, relation, index, Privilege::Select) {
                column_row(view, relation, column, out)?;
            }
        }
    }
    Ok(())
}

fn column_row(view: &View<'_>, relation: &Relation, column: &Column, out: &mut Rows) -> Result<()> {
    let ty = column.ty;
    let udt = view.catalog.foreign_type(ty).map_or_else(|| ty.name(), |foreign| foreign.name.clone());
    let data_type = match ty {
        ty if ty.is_array() => "ARRAY".to_owned(),
        ty if ty.is_foreign() || ty.is_spatial() => "USER-DEFINED".to_owned(),
        ty => crate::types::format_type(ty, -1),
    };
    let int = |value: i32| Datum::Int4(value);
    let (precision, radix, scale) = match ty {
        PgType::INT2 => (int(16), int(2), int(0)),
        PgType::INT4 => (int(32), int(2), int(0)),
        PgType::INT8 => (int(64), int(2), int(0)),
        PgType::FLOAT4 => (int(24), int(2), Datum::Null),
        PgType::FLOAT8 => (int(53), int(2), Datum::Null),
        PgType::NUMERIC => match NumericTypmod::unpack(column.typmod) {
            Some(typmod) => (int(i32::from(typmod.precision)), int(10), int(i32::from(typmod.scale))),
            None => (Datum::Null, int(10), Datum::Null),
        },
        _ => (Datum::Null, Datum::Null, Datum::Null),
    };
    let character = matches!(ty, PgType::VARCHAR | PgType::BPCHAR) && column.typmod >= 4;
    let octets = match ty {
        PgType::TEXT => int(1_073_741_824),
        PgType::VARCHAR | PgType::BPCHAR if character => int((column.typmod - 4).saturating_mul(4)),
        PgType::VARCHAR | PgType::BPCHAR => int(1_073_741_824),
        _ => Datum::Null,
    };
    let datetime = match ty {
        PgType::DATE => int(0),
        PgType::TIME | PgType::TIMETZ | PgType::TIMESTAMP | PgType::TIMESTAMPTZ => {
            int(if column.typmod < 0 { 6 } else { column.typmod })
        }
        PgType::INTERVAL => {
            int(if column.typmod < 0 || column.typmod & 0xffff == 0xffff { 6 } else { column.typmod & 0xffff })
        }
        _ => Datum::Null,
    };
    let identity = column.identity != '\0';
    out.push(&[
        ("table_catalog", database(view)),
        ("table_schema", Datum::text(&relation.schema)),
        ("table_name", Datum::text(&relation.name)),
        ("column_name", Datum::text(&column.name)),
        ("ordinal_position", Datum::Int4(i32::from(column.attnum))),
        ("column_default", if column.generated == '\0' { optional_text(column.default.as_ref()) } else { Datum::Null }),
        ("is_nullable", yes_no(!column.not_null)),
        ("data_type", Datum::text(data_type)),
        ("character_maximum_length", if character { int(column.typmod - 4) } else { Datum::Null }),
        ("character_octet_length", octets),
        ("numeric_precision", precision),
        ("numeric_precision_radix", radix),
        ("numeric_scale", scale),
        ("datetime_precision", datetime),
        ("udt_catalog", database(view)),
        ("udt_schema", Datum::text(if ty.is_spatial() { "public" } else { "pg_catalog" })),
        ("udt_name", Datum::text(udt)),
        ("dtd_identifier", Datum::text(column.attnum.to_string())),
        ("is_self_referencing", yes_no(false)),
        ("is_identity", yes_no(identity)),
        (
            "identity_generation",
            match column.identity {
                'a' => Datum::text("ALWAYS"),
                'd' => Datum::text("BY DEFAULT"),
                _ => Datum::Null,
            },
        ),
        ("identity_cycle", yes_no(false)),
        ("is_generated", Datum::text(if column.generated == '\0' { "NEVER" } else { "ALWAYS" })),
        (
            "generation_expression",
            if column.generated == '\0' { Datum::Null } else { optional_text(column.default.as_ref()) },
        ),
        ("is_updatable", yes_no(relation.kind == RelationKind::Table && relation.server().is_some())),
    ])
}

fn views(view: &View<'_>, out: &mut Rows) -> Result<()> {
    for relation in accessible(view).filter(|relation| relation.kind == RelationKind::View) {
        out.push(&[
            ("table_catalog", database(view)),
            ("table_schema", Datum::text(&relation.schema)),
            ("table_name", Datum::text(&relation.name)),
            ("view_definition", optional_text(relation.view_definition.as_ref())),
            ("check_option", Datum::text("NONE")),
            ("is_updatable", yes_no(false)),
            ("is_insertable_into", yes_no(false)),
            ("is_trigger_updatable", yes_no(false)),
            ("is_trigger_deletable", yes_no(false)),
            ("is_trigger_insertable_into", yes_no(false)),
        ])?;
    }
    Ok(())
}

fn table_constraints(view: &View<'_>, out: &mut Rows) -> Result<()> {
    for relation in accessible(view) {
        for constraint in &relation.constraints {
            let kind = match constraint.kind {
                ConstraintKind::Check => "CHECK",
                ConstraintKind::ForeignKey => "FOREIGN KEY",
                ConstraintKind::PrimaryKey => "PRIMARY KEY",
                ConstraintKind::Unique => "UNIQUE",
                ConstraintKind::Exclusion => continue,
            };
            out.push(&[
                ("constraint_catalog", database(view)),
                ("constraint_schema", Datum::text(&relation.schema)),
                ("constraint_name", Datum::text(&constraint.name)),
                ("table_catalog", database(view)),
                ("table_schema", Datum::text(&relation.schema)),
                ("table_name", Datum::text(&relation.name)),
                ("constraint_type", Datum::text(kind)),
                ("is_deferrable", yes_no(constraint.deferrable)),
                ("initially_deferred", yes_no(constraint.deferred)),
                ("enforced", yes_no(true)),
            ])?;
        }
    }
    Ok(())
}

fn key_column_usage(view: &View<'_>, out: &mut Rows) -> Result<()> {
    for relation in accessible(view) {
        for constraint in relation.constraints.iter().filter(|constraint| constraint.kind != ConstraintKind::Check) {
            for (position, attnum) in constraint.columns.iter().enumerate() {
                let Some(column) = relation.columns.iter().find(|column| column.attnum == *attnum) else { continue };
                let foreign = constraint.kind == ConstraintKind::ForeignKey;
                out.push(&[
                    ("constraint_catalog", database(view)),
                    ("constraint_schema", Datum::text(&relation.schema)),
                    ("constraint_name", Datum::text(&constraint.name)),
                    ("table_catalog", database(view)),
                    ("table_schema", Datum::text(&relation.schema)),
                    ("table_name", Datum::text(&relation.name)),
                    ("column_name", Datum::text(&column.name)),
                    ("ordinal_position", Datum::Int4(position as i32 + 1)),
                    (
                        "position_in_unique_constraint",
                        if foreign { Datum::Int4(position as i32 + 1) } else { Datum::Null },
                    ),
                ])?;
            }
        }
    }
    Ok(())
}

fn constraint_column_usage(view: &View<'_>, out: &mut Rows) -> Result<()> {
    for relation in accessible(view) {
        for constraint in &relation.constraints {
            // A foreign key "uses" the columns it references.
            let (used, columns) = match &constraint.references {
                Some((oid, columns)) => match view.catalog.relation_by_oid(*oid) {
                    Some(referenced) => (referenced, columns),
                    None => continue,
                },
                None => (relation, &constraint.columns),
            };
            for attnum in columns {
                let Some(column) = used.columns.iter().find(|column| column.attnum == *attnum) else { continue };
                out.push(&[
                    ("table_catalog", database(view)),
                    ("table_schema", Datum::text(&used.schema)),
                    ("table_name", Datum::text(&used.name)),
                    ("column_name", Datum::text(&column.name)),
                    ("constraint_catalog", database(view)),
                    ("constraint_schema", Datum::text(&relation.schema)),
                    ("constraint_name", Datum::text(&constraint.name)),
                ])?;
            }
        }
    }
    Ok(())
}

fn referential_constraints(view: &View<'_>, out: &mut Rows) -> Result<()> {
    let rule = |code: char| {
        Datum::text(match code {
            'c' => "CASCADE",
            'd' => "SET DEFAULT",
            'n' => "SET NULL",
            'r' => "RESTRICT",
            _ => "NO ACTION",
        })
    };
    for relation in accessible(view) {
        for constraint in &relation.constraints {
            let Some((referenced, columns)) = &constraint.references else { continue };
            let unique = view.catalog.relation_by_oid(*referenced).and_then(|relation| {
                let key = relation.constraints.iter().find(|other| {
                    matches!(other.kind, ConstraintKind::PrimaryKey | ConstraintKind::Unique)
                        && other.columns == *columns
                })?;
                Some((relation.schema.to_string(), key.name.clone()))
            });
            out.push(&[
                ("constraint_catalog", database(view)),
                ("constraint_schema", Datum::text(&relation.schema)),
                ("constraint_name", Datum::text(&constraint.name)),
                ("unique_constraint_catalog", unique.as_ref().map_or(Datum::Null, |_| database(view))),
                ("unique_constraint_schema", optional_text(unique.as_ref().map(|(schema, _)| schema))),
                ("unique_constraint_name", optional_text(unique.as_ref().map(|(_, name)| name))),
                (
                    "match_option",
                    Datum::text(match constraint.actions[2] {
                        'f' => "FULL",
                        'p' => "PARTIAL",
                        _ => "NONE",
                    }),
                ),
                ("update_rule", rule(constraint.actions[0])),
                ("delete_rule", rule(constraint.actions[1])),
            ])?;
        }
    }
    Ok(())
}

fn table_privileges(view: &View<'_>, out: &mut Rows) -> Result<()> {
    for relation in accessible(view) {
        let Some(entries) = &relation.acl.entries else { continue };
        for (grantee, privileges) in entries {
            for (privilege, grantable) in privileges {
                out.push(&[
                    ("grantor", owner(view, relation.owner)),
                    ("grantee", if *grantee == 0 { Datum::text("PUBLIC") } else { owner(view, *grantee) }),
                    ("table_catalog", database(view)),
                    ("table_schema", Datum::text(&relation.schema)),
                    ("table_name", Datum::text(&relation.name)),
                    ("privilege_type", Datum::text(format!("{privilege:?}").to_uppercase())),
                    ("is_grantable", yes_no(*grantable)),
                    ("with_hierarchy", yes_no(*privilege == Privilege::Select)),
                ])?;
            }
        }
    }
    Ok(())
}

fn enabled_roles(view: &View<'_>, out: &mut Rows) -> Result<()> {
    let roles = view.catalog.effective_roles(view.role);
    view.catalog
        .roles
        .values()
        .filter(|role| roles.contains(&role.oid))
        .try_for_each(|role| out.push(&[("role_name", Datum::text(&role.name))]))
}

fn foreign_servers(view: &View<'_>, out: &mut Rows) -> Result<()> {
    view.catalog.servers.values().try_for_each(|server| {
        out.push(&[
            ("foreign_server_catalog", database(view)),
            ("foreign_server_name", Datum::text(&server.name)),
            ("foreign_data_wrapper_catalog", database(view)),
            ("foreign_data_wrapper_name", Datum::text(&server.wrapper)),
            ("authorization_identifier", owner(view, server.owner)),
        ])
    })
}

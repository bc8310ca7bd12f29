//! Functions that describe objects: format_type, pg_get_*, *_description, sizes.

use super::SessionCatalog;
use crate::catalog::{Function, RelationKind, oids};
use crate::error::{Error, Result};
use crate::types::{Datum, PgType};

const KNOWN: &[&str] = &[
    "format_type",
    "pg_get_userbyid",
    "pg_get_expr",
    "pg_get_expr_ext",
    "pg_get_constraintdef",
    "pg_get_constraintdef_ext",
    "pg_get_indexdef",
    "pg_get_indexdef_ext",
    "pg_get_viewdef",
    "pg_get_viewdef_ext",
    "pg_get_viewdef_wrap",
    "pg_get_viewdef_name",
    "pg_get_viewdef_name_ext",
    "pg_get_serial_sequence",
    "pg_get_function_arguments",
    "pg_get_function_identity_arguments",
    "pg_get_function_result",
    "pg_get_functiondef",
    "pg_get_function_sqlbody",
    "pg_get_ruledef",
    "pg_get_ruledef_ext",
    "pg_get_triggerdef",
    "pg_get_triggerdef_ext",
    "pg_get_statisticsobjdef_columns",
    "pg_get_partkeydef",
    "pg_get_partition_constraintdef",
    "pg_describe_object",
    "pg_partition_ancestors",
    "pg_relation_size",
    "pg_table_size",
    "pg_total_relation_size",
    "pg_database_size_name",
    "pg_database_size_oid",
    "pg_tablespace_size_name",
    "pg_tablespace_size_oid",
    "pg_get_replica_identity_index",
    "pg_get_function_arg_default",
    "col_description(oid,int4)",
    "obj_description(oid)",
    "obj_description(oid,name)",
    "shobj_description(oid,name)",
];

pub(super) fn knows(symbol: &str) -> bool {
    KNOWN.contains(&symbol)
}

pub(super) fn call(session: &SessionCatalog, symbol: &str, args: &[Datum]) -> Result<Option<Datum>> {
    if !knows(symbol) {
        return Ok(None);
    }
    let oid = args.first().and_then(Datum::as_i64).unwrap_or(0) as u32;
    let catalog = &session.catalog;
    let text = |text: Option<String>| text.map_or(Datum::Null, Datum::text);
    Ok(Some(match symbol {
        "format_type" => match args {
            [Datum::Null, ..] => Datum::Null,
            [_, typmod] => Datum::text(format_type(session, oid, typmod.as_i64().unwrap_or(-1) as i32)),
            _ => Datum::Null,
        },
        _ if args.first().is_some_and(Datum::is_null) => Datum::Null,
        "pg_get_userbyid" => Datum::text(session.role_name(oid)),
        // Our pg_node_tree values are the deparsed text already.
        "pg_get_expr" | "pg_get_expr_ext" => args[0].clone(),
        "pg_get_constraintdef" | "pg_get_constraintdef_ext" => text(constraint_definition(session, oid)),
        "pg_get_indexdef" => text(index_definition(session, oid)),
        "pg_get_indexdef_ext" => match args.get(1).and_then(Datum::as_i64) {
            Some(0) | None => text(index_definition(session, oid)),
            Some(column) => text(index_column(session, oid, column)),
        },
        "pg_get_viewdef" | "pg_get_viewdef_ext" | "pg_get_viewdef_wrap" => text(view_definition(session, oid)?),
        "pg_get_viewdef_name" | "pg_get_viewdef_name_ext" => {
            let oid = super::reg::input(session, PgType::REGCLASS, args[0].as_str().unwrap_or(""))?;
            text(view_definition(session, oid)?)
        }
        "pg_partition_ancestors" => match session.relation(oid).map(|relation| relation.kind) {
            Some(RelationKind::Partitioned) => Datum::Oid(oid),
            _ => Datum::Null,
        },
        "pg_get_serial_sequence" => text(serial_sequence(session, args)?),
        "pg_get_function_arguments" => text(catalog.language.function_by_oid(oid).map(|f| arguments(session, f, true))),
        "pg_get_function_identity_arguments" => {
            text(catalog.language.function_by_oid(oid).map(|f| arguments(session, f, false)))
        }
        "pg_get_function_result" => text(catalog.language.function_by_oid(oid).map(|f| result(session, f))),
        "col_description(oid,int4)" => {
            let attnum = args.get(1).and_then(Datum::as_i64).unwrap_or(0);
            text(session.relation(oid).and_then(|relation| {
                relation.columns.iter().find(|column| i64::from(column.attnum) == attnum)?.comment.clone()
            }))
        }
        "obj_description(oid)" | "obj_description(oid,name)" => {
            text(description(session, oid, args.get(1).and_then(Datum::as_str)))
        }
        "pg_describe_object" => text(
            session
                .relation(args.get(1).and_then(Datum::as_i64).unwrap_or(0) as u32)
                .map(|relation| format!("table {}", relation.name)),
        ),
        "pg_relation_size" | "pg_table_size" | "pg_total_relation_size" => {
            session.relation(oid).map_or(Datum::Null, |relation| Datum::Int8(i64::from(relation.pages) * 8192))
        }
        // All lies in one tablespace.
        "pg_database_size_name" | "pg_database_size_oid" | "pg_tablespace_size_name" | "pg_tablespace_size_oid" => {
            Datum::Int8(catalog.relations().map(|relation| i64::from(relation.pages) * 8192).sum())
        }
        // Rules, triggers, extended statistics, partitions, SQL bodies: there are none here.
        _ => Datum::Null,
    }))
}

/// The source wrote it, under the usual styles: qualified, or as it reads where its schema is on the search path.
fn view_definition(session: &SessionCatalog, oid: u32) -> Result<Option<String>> {
    let Some(relation) = session.relation(oid) else { return Ok(None) };
    let is_on_path = session.search_path.iter().any(|schema| **schema == *relation.schema);
    let text = relation.view_in_path.as_ref().filter(|_| is_on_path).or(relation.view_definition.as_ref());
    let usual = session.session.setting("IntervalStyle").is_none_or(|style| style == "postgres");
    if !usual && text.is_some_and(|text| text.contains("::interval")) {
        return Err(Error::unsupported("pg_get_viewdef of a view with intervals under another IntervalStyle"));
    }
    Ok(text.cloned())
}

/// `format_type(oid, typmod)` with row types and foreign types; schema-qualified when not on the search path.
pub(super) fn format_type(session: &SessionCatalog, oid: u32, typmod: i32) -> String {
    let ty = PgType(oid);
    if ty.info().is_some() || ty.element().is_some() {
        return crate::types::format_type(ty, typmod);
    }
    let qualified = |schema: &str, name: &str| {
        let name = super::reg::quote_identifier(name);
        if session.search_path.iter().any(|path| path == schema) {
            name
        } else {
            format!("{}.{name}", super::reg::quote_identifier(schema))
        }
    };
    if let Some(foreign) = session.catalog.foreign_type(ty) {
        return match &foreign.kind {
            crate::catalog::ForeignTypeKind::Array(element) => format!("{}[]", format_type(session, element.0, typmod)),
            _ => qualified(&foreign.schema, &foreign.name),
        };
    }
    match session.catalog.relations().find(|relation| relation.row_type == oid && oid != 0) {
        Some(relation) => qualified(&relation.schema, &relation.name),
        None if oid == 0 => "-".to_owned(),
        None => "???".to_owned(),
    }
}

fn constraint_definition(session: &SessionCatalog, oid: u32) -> Option<String> {
    session
        .catalog
        .relations()
        .filter(|relation| session.catalog.schema_visible(session.role, &relation.schema))
        .flat_map(|relation| &relation.constraints)
        .find(|constraint| constraint.oid == oid)
        .map(|constraint| constraint.definition.clone())
}

fn index_definition(session: &SessionCatalog, oid: u32) -> Option<String> {
    let (relation, index) = session.catalog.index(oid)?;
    session.catalog.schema_visible(session.role, &relation.schema).then(|| index.definition.clone())
}

/// One key column of an index: its name (expressions have no text of their own here).
fn index_column(session: &SessionCatalog, oid: u32, column: i64) -> Option<String> {
    let (relation, index) = session.catalog.index(oid)?;
    let attnum = index.columns.get(usize::try_from(column - 1).ok()?)?;
    let column = relation.columns.iter().find(|column| column.attnum == *attnum)?;
    Some(super::reg::quote_identifier(&column.name))
}

/// `nextval('s'::regclass)` defaults name their sequence.
fn serial_sequence(session: &SessionCatalog, args: &[Datum]) -> Result<Option<String>> {
    let oid = super::reg::input(session, PgType::REGCLASS, args[0].as_str().unwrap_or(""))?;
    let Some(relation) = session.relation(oid) else { return Ok(None) };
    let name = args.get(1).and_then(Datum::as_str).unwrap_or("");
    let column = relation.column(name).ok_or_else(|| {
        crate::error::Error::new(
            crate::error::SqlState::UNDEFINED_COLUMN,
            format!("column \"{name}\" of relation \"{}\" does not exist", relation.name),
        )
    })?;
    let default = relation.columns[column].default.as_deref().unwrap_or("");
    let sequence = default.strip_prefix("nextval('").and_then(|rest| rest.split('\'').next());
    Ok(sequence.map(|name| if name.contains('.') { name.to_owned() } else { format!("{}.{name}", relation.schema) }))
}

/// `geom geometry, radius double precision, options text DEFAULT ''::text`.
fn arguments(session: &SessionCatalog, function: &Function, defaults: bool) -> String {
    let last = function.args.len().saturating_sub(1);
    let inputs = function.args.iter().enumerate().map(|(position, arg)| {
        let mut text = String::new();
        if function.variadic && position == last {
            text.push_str("VARIADIC ");
        }
        if let Some(name) = &arg.name {
            text.push_str(&super::reg::quote_identifier(name));
            text.push(' ');
        }
        let ty = if arg.ty == PgType::ANY { "\"any\"".to_owned() } else { format_type(session, arg.ty.0, -1) };
        text.push_str(&ty);
        if let Some(default) = arg.default.as_ref().filter(|_| defaults) {
            text.push_str(" DEFAULT ");
            text.push_str(default);
        }
        text
    });
    let outputs = function
        .columns
        .iter()
        .filter(|_| !function.returns_set)
        .map(|(name, ty)| format!("OUT {} {}", super::reg::quote_identifier(name), format_type(session, ty.0, -1)));
    inputs.chain(outputs).collect::<Vec<_>>().join(", ")
}

fn result(session: &SessionCatalog, function: &Function) -> String {
    if function.returns_set && !function.columns.is_empty() && function.returns == PgType::RECORD {
        let columns: Vec<String> =
            function.columns.iter().map(|(name, ty)| format!("{name} {}", format_type(session, ty.0, -1))).collect();
        return format!("TABLE({})", columns.join(", "));
    }
    let returns = format_type(session, function.returns.0, -1);
    if function.returns_set { format!("SETOF {returns}") } else { returns }
}

fn description(session: &SessionCatalog, oid: u32, class: Option<&str>) -> Option<String> {
    let relation = || session.relation(oid).and_then(|relation| relation.comment.clone());
    let schema = || session.catalog.schema_by_oid(oid).and_then(|schema| schema.comment.clone());
    let function =
        || session.catalog.language.function_by_oid(oid).map(|f| f.doc.clone()).filter(|doc| !doc.is_empty());
    match class {
        Some("pg_class") => relation(),
        Some("pg_namespace") => schema(),
        Some("pg_proc") => function(),
        Some(_) => None,
        None if oid >= oids::FIRST_NORMAL => relation().or_else(schema).or_else(function),
        None => function(),
    }
}

//! CREATE SCHEMA, DROP of our own objects, COMMENT, CREATE EXTENSION postgis.

use std::sync::Arc;

use crate::sql::ast::{CommentStmt, CreateExtensionStmt, CreateSchemaStmt, DropBehavior, DropStmt, Node, ObjectType};

use super::{Change, Context, done, names, require_owner, require_superuser, role_spec, skipped};
use crate::catalog::{Acl, Relation, RelationKind, Schema, Source};
use crate::error::{Error, Result, SqlState};

/// A schema that the role may use: 3F000 otherwise.
pub(super) fn schema(context: &Context<'_>, name: &str) -> Result<Arc<Schema>> {
    context
        .catalog
        .schemas
        .get(name)
        .filter(|_| context.catalog.schema_visible(context.role, name))
        .cloned()
        .ok_or_else(|| Error::new(SqlState::INVALID_SCHEMA_NAME, format!("schema \"{name}\" does not exist")))
}

/// A relation by (possibly empty) schema and name: 42P01 otherwise.
pub(super) fn relation(context: &Context<'_>, schema: &str, name: &str) -> Result<Arc<Relation>> {
    let visible = |schema: &str| {
        context.catalog.schema_visible(context.role, schema).then(|| context.catalog.relation(schema, name)).flatten()
    };
    let found =
        if schema.is_empty() { context.search_path.iter().find_map(|schema| visible(schema)) } else { visible(schema) };
    let shown = if schema.is_empty() { name.to_owned() } else { format!("{schema}.{name}") };
    found.cloned().ok_or_else(|| Error::new(SqlState::UNDEFINED_TABLE, format!("relation \"{shown}\" does not exist")))
}

pub(super) fn create(context: &Context<'_>, statement: &CreateSchemaStmt) -> Result<Change> {
    require_superuser(context, &format!("create schema in database {}", context.catalog.database))?;
    let owner = statement.authrole.as_ref().map_or(Ok(context.role), |spec| role_spec(context, spec))?;
    let name = match (&statement.schemaname, &statement.authrole) {
        (name, Some(role)) if name.is_empty() => role.rolename.clone(),
        (name, _) => name.clone(),
    };
    if !statement.schema_elts.is_empty() {
        return Err(Error::unsupported("CREATE SCHEMA with elements"));
    }
    if name.starts_with("pg_") {
        return Err(Error::new(SqlState::RESERVED_NAME, format!("unacceptable schema name \"{name}\""))
            .detail("The prefix \"pg_\" is reserved for system schemas."));
    }
    if context.catalog.schemas.contains_key(&name) {
        let message = format!("schema \"{name}\" already exists");
        return if statement.if_not_exists {
            skipped(context, "CREATE SCHEMA", format!("{message}, skipping"))
        } else {
            Err(Error::new(SqlState::DUPLICATE_SCHEMA, message))
        };
    }
    let mut builder = context.catalog.edit();
    let schema = Schema {
        oid: builder.new_oid(),
        name: name.clone(),
        owner,
        acl: Acl::default(),
        comment: None,
        attached: None,
    };
    builder.catalog().schemas.insert(name, Arc::new(schema));
    done(builder, "CREATE SCHEMA")
}

pub(super) fn create_extension(context: &Context<'_>, statement: &CreateExtensionStmt) -> Result<Change> {
    if statement.extname != "postgis" {
        return Err(Error::new(
            SqlState::UNDEFINED_OBJECT,
            format!("extension \"{}\" is not available", statement.extname),
        ));
    }
    let message = "extension \"postgis\" already exists".to_owned();
    if statement.if_not_exists {
        skipped(context, "CREATE EXTENSION", format!("{message}, skipping"))
    } else {
        Err(Error::new(SqlState::DUPLICATE_OBJECT, message))
    }
}

pub(super) fn comment(context: &Context<'_>, statement: &CommentStmt) -> Result<Change> {
    let comment = (!statement.comment.is_empty()).then(|| statement.comment.clone());
    let parts = match &statement.object {
        Some(Node::List(list)) => names(list),
        Some(Node::String(name)) => vec![name.clone()],
        _ => return Err(Error::unsupported("COMMENT on this object")),
    };
    let mut builder = context.catalog.edit();
    match statement.objtype {
        ObjectType::ObjectSchema => {
            let schema = schema(context, parts.first().map_or("", String::as_str))?;
            require_owner(context, schema.owner, &format!("schema {}", schema.name))?;
            let next = Schema { comment, ..(*schema).clone() };
            builder.catalog().schemas.insert(next.name.clone(), Arc::new(next));
        }
        ObjectType::ObjectTable | ObjectType::ObjectForeignTable => {
            let next = changed(context, &parts)?;
            builder.put_relation(Relation { comment, ..next });
        }
        ObjectType::ObjectColumn => {
            let (column, table) = parts.split_last().ok_or_else(|| Error::internal("COMMENT without a column"))?;
            let mut next = changed(context, table)?;
            let index = next.column(column).ok_or_else(|| {
                Error::new(
                    SqlState::UNDEFINED_COLUMN,
                    format!("column \"{column}\" of relation \"{}\" does not exist", next.name),
                )
            })?;
            next.columns[index].comment = comment;
            builder.put_relation(next);
        }
        _ => return Err(Error::unsupported("COMMENT on this kind of object")),
    }
    done(builder, "COMMENT")
}

/// A pinned relation of ours, about to change; an attached one follows its source.
fn changed(context: &Context<'_>, parts: &[String]) -> Result<Relation> {
    let (schema, name) = split(parts);
    let relation = relation(context, schema, name)?;
    require_owner(context, relation.owner, &format!("table {}", relation.name))?;
    if relation.kind != RelationKind::ForeignTable {
        return Err(Error::unsupported(format!("COMMENT on \"{}\", which follows its source,", relation.name)));
    }
    Ok(Relation { version: relation.version + 1, ..(*relation).clone() })
}

fn split(parts: &[String]) -> (&str, &str) {
    match parts {
        [name] => ("", name),
        [schema, name] | [_, schema, name] => (schema, name),
        _ => ("", ""),
    }
}

pub(super) fn drop(context: &Context<'_>, statement: &DropStmt) -> Result<Change> {
    let cascade = statement.behavior == DropBehavior::DropCascade;
    let mut builder = context.catalog.edit();
    let mut notices = Vec::new();
    let kind = statement.remove_type;
    let tag = match kind {
        ObjectType::ObjectForeignServer => "DROP SERVER",
        ObjectType::ObjectSchema => "DROP SCHEMA",
        ObjectType::ObjectForeignTable => "DROP FOREIGN TABLE",
        _ => return Err(Error::unsupported("DROP of this kind of object")),
    };
    for object in &statement.objects {
        let parts = parts(object);
        let result = match kind {
            ObjectType::ObjectForeignServer => drop_server(context, &mut builder, &parts, cascade),
            ObjectType::ObjectSchema => drop_schema(context, &mut builder, &parts, cascade),
            _ => drop_foreign_table(context, &mut builder, &parts),
        };
        match result {
            Err(error) if statement.missing_ok && is_missing(&error) => {
                notices.push(Error::new(SqlState(*b"00000"), format!("{}, skipping", error.message())));
            }
            other => other?,
        }
    }
    Ok(Change { catalog: builder.finish(), tag, notices })
}

fn is_missing(error: &Error) -> bool {
    matches!(error.state(), SqlState::UNDEFINED_OBJECT | SqlState::UNDEFINED_TABLE | SqlState::INVALID_SCHEMA_NAME)
}

fn parts(node: &Node) -> Vec<String> {
    match node {
        Node::List(list) => names(list),
        Node::String(name) => vec![name.clone()],
        _ => Vec::new(),
    }
}

fn depends(what: &str, detail: String) -> Error {
    Error::new(SqlState(*b"2BP01"), format!("cannot drop {what} because other objects depend on it"))
        .detail(detail)
        .hint("Use DROP ... CASCADE to drop the dependent objects too.")
}

fn drop_server(
    context: &Context<'_>,
    builder: &mut crate::catalog::CatalogBuilder,
    parts: &[String],
    cascade: bool,
) -> Result<()> {
    let server = super::server(context, parts.first().map_or("", String::as_str))?;
    require_owner(context, server.owner, &format!("foreign server {}", server.name))?;
    let relations: Vec<Arc<Relation>> =
        context.catalog.relations().filter(|relation| relation.server() == Some(server.oid)).cloned().collect();
    let mappings = context.catalog.mappings.iter().any(|mapping| mapping.server == server.oid);
    if !cascade && (mappings || !relations.is_empty()) {
        let detail = relations.first().map_or_else(
            || format!("A user mapping depends on server {}.", server.name),
            |relation| format!("foreign table {}.{} depends on server {}", relation.schema, relation.name, server.name),
        );
        return Err(depends(&format!("server {}", server.name), detail));
    }
    for relation in relations {
        builder.drop_relation(&relation.schema, &relation.name);
    }
    let oid = server.oid;
    let catalog = builder.catalog();
    catalog.mappings.retain(|mapping| mapping.server != oid);
    catalog.foreign_types.retain(|_, ty| ty.server != oid);
    catalog.schemas.retain(|_, schema| schema.attached.as_ref().is_none_or(|(server, _)| *server != oid));
    catalog.servers.remove(&oid);
    Ok(())
}

fn drop_schema(
    context: &Context<'_>,
    builder: &mut crate::catalog::CatalogBuilder,
    parts: &[String],
    cascade: bool,
) -> Result<()> {
    let schema = schema(context, parts.first().map_or("", String::as_str))?;
    require_owner(context, schema.owner, &format!("schema {}", schema.name))?;
    if matches!(schema.name.as_str(), "graticule" | "pg_catalog" | "information_schema") {
        return Err(Error::new(
            SqlState(*b"2BP01"),
            format!("cannot drop schema {} because it is required by the database system", schema.name),
        ));
    }
    let member = context.catalog.relations().find(|relation| *relation.schema == *schema.name);
    if let Some(relation) = member.filter(|_| !cascade) {
        return Err(depends(
            &format!("schema {}", schema.name),
            format!("table {}.{} depends on schema {}", schema.name, relation.name, schema.name),
        ));
    }
    builder.drop_schema(&schema.name);
    Ok(())
}

fn drop_foreign_table(
    context: &Context<'_>,
    builder: &mut crate::catalog::CatalogBuilder,
    parts: &[String],
) -> Result<()> {
    let (schema, name) = split(parts);
    let relation = relation(context, schema, name)?;
    require_owner(context, relation.owner, &format!("foreign table {}", relation.name))?;
    if relation.kind != RelationKind::ForeignTable || matches!(relation.source, Source::System) {
        return Err(Error::new(SqlState::WRONG_OBJECT_TYPE, format!("\"{}\" is not a foreign table", relation.name)));
    }
    builder.drop_relation(&relation.schema, &relation.name);
    Ok(())
}

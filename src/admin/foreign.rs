//! CREATE/ALTER SERVER, USER MAPPING.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::sql::ast::{
    AlterForeignServerStmt, AlterUserMappingStmt, CreateForeignServerStmt, CreateUserMappingStmt, DropUserMappingStmt,
    RoleSpec,
};

use super::{Change, Context, apply_options, done, require_owner, require_superuser, role_spec, server, skipped};
use crate::catalog::{Acl, Privilege, Server, UserMapping};
use crate::connector::WRAPPERS;
use crate::error::{Error, Result, SqlState};

pub(super) fn create_server(context: &Context<'_>, statement: &CreateForeignServerStmt) -> Result<Change> {
    require_superuser(context, "create server")?;
    let name = &statement.servername;
    if context.catalog.server(name).is_some() {
        let message = format!("server \"{name}\" already exists");
        return if statement.if_not_exists {
            skipped(context, "CREATE SERVER", format!("{message}, skipping"))
        } else {
            Err(Error::new(SqlState::DUPLICATE_OBJECT, message))
        };
    }
    if !WRAPPERS.contains(&statement.fdwname.as_str()) {
        return Err(Error::new(
            SqlState::UNDEFINED_OBJECT,
            format!("foreign-data wrapper \"{}\" does not exist", statement.fdwname),
        )
        .hint(format!("The wrappers are {}.", WRAPPERS.join(", "))));
    }
    let mut options = BTreeMap::new();
    apply_options(&mut options, &statement.options)?;
    let mut builder = context.catalog.edit();
    let server = Server {
        oid: builder.new_oid(),
        name: name.clone(),
        wrapper: statement.fdwname.clone(),
        options,
        owner: context.role,
        acl: Acl::default(),
        version: 1,
        comment: None,
        postgis_schema: None,
        refused: BTreeMap::new(),
    };
    context.sources.check_server_options(&server)?;
    builder.catalog().servers.insert(server.oid, Arc::new(server));
    done(builder, "CREATE SERVER")
}

pub(super) fn alter_server(context: &Context<'_>, statement: &AlterForeignServerStmt) -> Result<Change> {
    let old = server(context, &statement.servername)?;
    require_owner(context, old.owner, &format!("foreign server {}", old.name))?;
    let mut next = Server { version: old.version + 1, ..(**old).clone() };
    apply_options(&mut next.options, &statement.options)?;
    context.sources.check_server_options(&next)?;
    let mut builder = context.catalog.edit();
    builder.catalog().servers.insert(next.oid, Arc::new(next));
    done(builder, "ALTER SERVER")
}

/// The mapping's role: PUBLIC is 0. Other people's mappings need the server's owner.
fn mapped_role(context: &Context<'_>, spec: Option<&RoleSpec>, server: &Server) -> Result<u32> {
    let role = spec.map_or(Ok(context.role), |spec| role_spec(context, spec))?;
    if role != context.role || !context.catalog.server_allows(context.role, server, Privilege::Usage) {
        require_owner(context, server.owner, &format!("foreign server {}", server.name))?;
    }
    Ok(role)
}

fn role_label(context: &Context<'_>, role: u32) -> String {
    context.catalog.roles.get(&role).map_or_else(|| "public".to_owned(), |role| role.name.clone())
}

pub(super) fn create_mapping(context: &Context<'_>, statement: &CreateUserMappingStmt) -> Result<Change> {
    let server = server(context, &statement.servername)?;
    let role = mapped_role(context, statement.user.as_deref(), server)?;
    if context.catalog.mappings.iter().any(|mapping| mapping.server == server.oid && mapping.role == role) {
        let message =
            format!("user mapping for \"{}\" already exists for server \"{}\"", role_label(context, role), server.name);
        return if statement.if_not_exists {
            skipped(context, "CREATE USER MAPPING", format!("{message}, skipping"))
        } else {
            Err(Error::new(SqlState::DUPLICATE_OBJECT, message))
        };
    }
    let mut options = BTreeMap::new();
    apply_options(&mut options, &statement.options)?;
    context.sources.check_mapping_options(server, &options)?;
    let mut builder = context.catalog.edit();
    let mapping = UserMapping { oid: builder.new_oid(), server: server.oid, role, options };
    builder.catalog().mappings.push(Arc::new(mapping));
    done(builder, "CREATE USER MAPPING")
}

pub(super) fn alter_mapping(context: &Context<'_>, statement: &AlterUserMappingStmt) -> Result<Change> {
    let server = server(context, &statement.servername)?;
    let role = mapped_role(context, statement.user.as_deref(), server)?;
    let position = position(context, server, role).ok_or_else(|| missing(context, server, role))?;
    let mut next = (*context.catalog.mappings[position]).clone();
    apply_options(&mut next.options, &statement.options)?;
    context.sources.check_mapping_options(server, &next.options)?;
    let mut builder = context.catalog.edit();
    builder.catalog().mappings[position] = Arc::new(next);
    // Pools are keyed by the server's version too: connections of the old identity are not used again.
    let next_server = Server { version: server.version + 1, ..(**server).clone() };
    builder.catalog().servers.insert(next_server.oid, Arc::new(next_server));
    done(builder, "ALTER USER MAPPING")
}

pub(super) fn drop_mapping(context: &Context<'_>, statement: &DropUserMappingStmt) -> Result<Change> {
    let server = server(context, &statement.servername)?;
    let role = mapped_role(context, statement.user.as_deref(), server)?;
    let Some(position) = position(context, server, role) else {
        let error = missing(context, server, role);
        return if statement.missing_ok {
            skipped(context, "DROP USER MAPPING", format!("{}, skipping", error.message()))
        } else {
            Err(error)
        };
    };
    let mut builder = context.catalog.edit();
    builder.catalog().mappings.remove(position);
    done(builder, "DROP USER MAPPING")
}

fn position(context: &Context<'_>, server: &Server, role: u32) -> Option<usize> {
    context.catalog.mappings.iter().position(|mapping| mapping.server == server.oid && mapping.role == role)
}

fn missing(context: &Context<'_>, server: &Server, role: u32) -> Error {
    Error::new(
        SqlState::UNDEFINED_OBJECT,
        format!("user mapping for \"{}\" does not exist for server \"{}\"", role_label(context, role), server.name),
    )
}

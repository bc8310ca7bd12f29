//! Definitions of our own: servers, user mappings, schemas, roles, grants, foreign tables, attached schemas.
//!
//! A statement takes a snapshot and gives the next one; the pipeline publishes and stores it.

mod attach;
mod foreign;
mod grant;
mod role;
mod schema;

use std::sync::Arc;

use async_trait::async_trait;
use pg_query::NodeEnum;

use crate::catalog::{Catalog, CatalogBuilder, Server};
use crate::error::{Error, Result, SqlState};

pub use self::attach::{Described, DescribedColumn, DescribedFile};

/// Who asks, over which snapshot, and how to ask sources.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    pub catalog: &'a Arc<Catalog>,
    pub role: u32,
    /// search_path as effective: the first schema takes unqualified new objects.
    pub search_path: &'a [String],
    pub sources: &'a dyn Sources,
}

/// What attaching needs of the connectors.
#[async_trait]
pub trait Sources: Send + Sync {
    /// Checks the options of a server of that wrapper: HV00D names a wrong one.
    fn check_server_options(&self, server: &Server) -> Result<()>;
    /// Checks the options of a user mapping on that server.
    fn check_mapping_options(
        &self,
        server: &Server,
        options: &std::collections::BTreeMap<String, String>,
    ) -> Result<()>;
    /// The relations of a remote schema; for `geoparquet` those of a folder (or the one file) below the server's `path`.
    async fn describe(&self, catalog: &Arc<Catalog>, server: &Server, role: u32, schema: &str) -> Result<Described>;
}

/// The next snapshot and what the client is told.
#[derive(Debug)]
pub struct Change {
    pub catalog: Catalog,
    pub tag: &'static str,
    pub notices: Vec<Error>,
}

/// A call of `graticule.*` that changes definitions, found as a whole statement `SELECT graticule.attach(...)`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AdminCall {
    pub function: String,
    pub args: Vec<Option<String>>,
}

/// Is this statement one that this module executes?
pub fn handles(node: &NodeEnum) -> bool {
    matches!(
        node,
        NodeEnum::CreateForeignServerStmt(_)
            | NodeEnum::AlterForeignServerStmt(_)
            | NodeEnum::CreateUserMappingStmt(_)
            | NodeEnum::AlterUserMappingStmt(_)
            | NodeEnum::DropUserMappingStmt(_)
            | NodeEnum::CreateForeignTableStmt(_)
            | NodeEnum::ImportForeignSchemaStmt(_)
            | NodeEnum::CreateSchemaStmt(_)
            | NodeEnum::CreateRoleStmt(_)
            | NodeEnum::AlterRoleStmt(_)
            | NodeEnum::DropRoleStmt(_)
            | NodeEnum::GrantStmt(_)
            | NodeEnum::GrantRoleStmt(_)
            | NodeEnum::CreateExtensionStmt(_)
            | NodeEnum::CommentStmt(_)
            | NodeEnum::DropStmt(_)
    )
}

/// Executes one definition statement.
pub async fn execute(context: &Context<'_>, node: &NodeEnum) -> Result<Change> {
    match node {
        NodeEnum::CreateForeignServerStmt(statement) => foreign::create_server(context, statement),
        NodeEnum::AlterForeignServerStmt(statement) => foreign::alter_server(context, statement),
        NodeEnum::CreateUserMappingStmt(statement) => foreign::create_mapping(context, statement),
        NodeEnum::AlterUserMappingStmt(statement) => foreign::alter_mapping(context, statement),
        NodeEnum::DropUserMappingStmt(statement) => foreign::drop_mapping(context, statement),
        NodeEnum::CreateForeignTableStmt(statement) => attach::create_foreign_table(context, statement).await,
        NodeEnum::ImportForeignSchemaStmt(statement) => attach::import_schema(context, statement).await,
        NodeEnum::CreateSchemaStmt(statement) => schema::create(context, statement),
        NodeEnum::CreateRoleStmt(statement) => role::create(context, statement),
        NodeEnum::AlterRoleStmt(statement) => role::alter(context, statement),
        NodeEnum::DropRoleStmt(statement) => role::drop(context, statement),
        NodeEnum::GrantStmt(statement) => grant::grant(context, statement),
        NodeEnum::GrantRoleStmt(statement) => grant::grant_role(context, statement),
        NodeEnum::CreateExtensionStmt(statement) => schema::create_extension(context, statement),
        NodeEnum::CommentStmt(statement) => schema::comment(context, statement),
        NodeEnum::DropStmt(statement) => schema::drop(context, statement),
        _ => Err(Error::unsupported("this statement")),
    }
}

/// Executes `graticule.attach(server [, remote [, local]])` or `graticule.detach(local)`.
pub async fn call(context: &Context<'_>, call: &AdminCall) -> Result<Change> {
    match call.function.as_str() {
        "attach" => attach::attach(context, &call.args).await,
        "detach" => attach::detach(context, &call.args),
        other => Err(Error::new(SqlState::UNDEFINED_FUNCTION, format!("function graticule.{other} does not exist"))),
    }
}

/// 42501 unless the role is a superuser.
fn require_superuser(context: &Context<'_>, what: &str) -> Result<()> {
    if context.catalog.is_superuser(context.role) {
        Ok(())
    } else {
        Err(Error::new(SqlState::INSUFFICIENT_PRIVILEGE, format!("permission denied to {what}")))
    }
}

/// 42501 unless the role owns the object (or is a member of its owner).
fn require_owner(context: &Context<'_>, owner: u32, what: &str) -> Result<()> {
    if context.catalog.is_superuser(context.role) || context.catalog.effective_roles(context.role).contains(&owner) {
        Ok(())
    } else {
        Err(Error::new(SqlState::INSUFFICIENT_PRIVILEGE, format!("must be owner of {what}")))
    }
}

fn done(builder: CatalogBuilder, tag: &'static str) -> Result<Change> {
    Ok(Change { catalog: builder.finish(), tag, notices: Vec::new() })
}

/// Nothing to do (IF EXISTS, IF NOT EXISTS): the same snapshot with a notice.
fn skipped(context: &Context<'_>, tag: &'static str, notice: String) -> Result<Change> {
    let notice = Error::new(SqlState(*b"00000"), notice);
    Ok(Change { catalog: (**context.catalog).clone(), tag, notices: vec![notice] })
}

/// `[ADD | SET | DROP] name 'value'` lists.
fn apply_options(
    options: &mut std::collections::BTreeMap<String, String>,
    changes: &[pg_query::protobuf::Node],
) -> Result<()> {
    use pg_query::protobuf::DefElemAction;
    for change in changes {
        let Some(NodeEnum::DefElem(element)) = &change.node else { continue };
        let name = element.defname.clone();
        let missing = || Error::new(SqlState::UNDEFINED_OBJECT, format!("option \"{name}\" not found"));
        match DefElemAction::try_from(element.defaction).unwrap_or(DefElemAction::DefelemUnspec) {
            DefElemAction::DefelemDrop => {
                options.remove(&name).ok_or_else(missing)?;
            }
            DefElemAction::DefelemSet => {
                *options.get_mut(&name).ok_or_else(missing)? = text(element.arg.as_deref())?;
            }
            DefElemAction::DefelemAdd | DefElemAction::DefelemUnspec | DefElemAction::Undefined => {
                if options.insert(name.clone(), text(element.arg.as_deref())?).is_some() {
                    return Err(Error::new(
                        SqlState::DUPLICATE_OBJECT,
                        format!("option \"{name}\" provided more than once"),
                    ));
                }
            }
        }
    }
    Ok(())
}

/// The text of a string, integer or name argument.
fn text(node: Option<&pg_query::protobuf::Node>) -> Result<String> {
    match node.and_then(|node| node.node.as_ref()) {
        Some(NodeEnum::String(string)) => Ok(string.sval.clone()),
        Some(NodeEnum::Integer(integer)) => Ok(integer.ival.to_string()),
        Some(NodeEnum::Float(float)) => Ok(float.fval.clone()),
        Some(NodeEnum::Boolean(boolean)) => Ok(boolean.boolval.to_string()),
        None => Ok(String::new()),
        Some(_) => Err(Error::new(SqlState::SYNTAX_ERROR, "this option needs a string")),
    }
}

/// Strings of a list node.
fn names(nodes: &[pg_query::protobuf::Node]) -> Vec<String> {
    nodes
        .iter()
        .filter_map(|node| match &node.node {
            Some(NodeEnum::String(string)) => Some(string.sval.clone()),
            Some(NodeEnum::List(list)) => Some(names(&list.items).join(".")),
            _ => None,
        })
        .collect()
}

fn server<'a>(context: &'a Context<'_>, name: &str) -> Result<&'a Arc<Server>> {
    context
        .catalog
        .server(name)
        .ok_or_else(|| Error::new(SqlState::UNDEFINED_OBJECT, format!("server \"{name}\" does not exist")))
}

/// The role that a RoleSpec means; 0 for PUBLIC.
fn role_spec(context: &Context<'_>, spec: &pg_query::protobuf::RoleSpec) -> Result<u32> {
    use pg_query::protobuf::RoleSpecType;
    match RoleSpecType::try_from(spec.roletype).unwrap_or(RoleSpecType::Undefined) {
        RoleSpecType::RolespecPublic => Ok(0),
        RoleSpecType::RolespecCurrentRole | RoleSpecType::RolespecCurrentUser | RoleSpecType::RolespecSessionUser => {
            Ok(context.role)
        }
        RoleSpecType::RolespecCstring | RoleSpecType::Undefined => {
            context.catalog.role(&spec.rolename).map(|role| role.oid).ok_or_else(|| {
                Error::new(SqlState::UNDEFINED_OBJECT, format!("role \"{}\" does not exist", spec.rolename))
            })
        }
    }
}

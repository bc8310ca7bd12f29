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

use crate::catalog::{Catalog, CatalogBuilder, Server};
use crate::error::{Error, Result, SqlState};
use crate::sql::ast::Node;

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
pub fn handles(node: &Node) -> bool {
    matches!(
        node,
        Node::CreateForeignServerStmt(_)
            | Node::AlterForeignServerStmt(_)
            | Node::CreateUserMappingStmt(_)
            | Node::AlterUserMappingStmt(_)
            | Node::DropUserMappingStmt(_)
            | Node::CreateForeignTableStmt(_)
            | Node::ImportForeignSchemaStmt(_)
            | Node::CreateSchemaStmt(_)
            | Node::CreateRoleStmt(_)
            | Node::AlterRoleStmt(_)
            | Node::DropRoleStmt(_)
            | Node::GrantStmt(_)
            | Node::GrantRoleStmt(_)
            | Node::CreateExtensionStmt(_)
            | Node::CommentStmt(_)
            | Node::DropStmt(_)
    )
}

/// Executes one definition statement.
pub async fn execute(context: &Context<'_>, node: &Node) -> Result<Change> {
    match node {
        Node::CreateForeignServerStmt(statement) => foreign::create_server(context, statement),
        Node::AlterForeignServerStmt(statement) => foreign::alter_server(context, statement),
        Node::CreateUserMappingStmt(statement) => foreign::create_mapping(context, statement),
        Node::AlterUserMappingStmt(statement) => foreign::alter_mapping(context, statement),
        Node::DropUserMappingStmt(statement) => foreign::drop_mapping(context, statement),
        Node::CreateForeignTableStmt(statement) => attach::create_foreign_table(context, statement).await,
        Node::ImportForeignSchemaStmt(statement) => attach::import_schema(context, statement).await,
        Node::CreateSchemaStmt(statement) => schema::create(context, statement),
        Node::CreateRoleStmt(statement) => role::create(context, statement),
        Node::AlterRoleStmt(statement) => role::alter(context, statement),
        Node::DropRoleStmt(statement) => role::drop(context, statement),
        Node::GrantStmt(statement) => grant::grant(context, statement),
        Node::GrantRoleStmt(statement) => grant::grant_role(context, statement),
        Node::CreateExtensionStmt(statement) => schema::create_extension(context, statement),
        Node::CommentStmt(statement) => schema::comment(context, statement),
        Node::DropStmt(statement) => schema::drop(context, statement),
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
fn apply_options(options: &mut std::collections::BTreeMap<String, String>, changes: &[Node]) -> Result<()> {
    use crate::sql::ast::DefElemAction;
    for change in changes {
        let Node::DefElem(element) = change else { continue };
        let name = element.defname.clone();
        let missing = || Error::new(SqlState::UNDEFINED_OBJECT, format!("option \"{name}\" not found"));
        match element.defaction {
            DefElemAction::DefelemDrop => {
                options.remove(&name).ok_or_else(missing)?;
            }
            DefElemAction::DefelemSet => {
                *options.get_mut(&name).ok_or_else(missing)? = text(element.arg.as_ref())?;
            }
            DefElemAction::DefelemAdd | DefElemAction::DefelemUnspec => {
                if options.insert(name.clone(), text(element.arg.as_ref())?).is_some() {
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
fn text(node: Option<&Node>) -> Result<String> {
    match node {
        Some(Node::String(string)) => Ok(string.clone()),
        Some(Node::Integer(integer)) => Ok(integer.to_string()),
        Some(Node::Float(float)) => Ok(float.clone()),
        Some(Node::Boolean(boolean)) => Ok(boolean.to_string()),
        None => Ok(String::new()),
        Some(_) => Err(Error::new(SqlState::SYNTAX_ERROR, "this option needs a string")),
    }
}

/// Strings of a list node.
fn names(nodes: &[Node]) -> Vec<String> {
    nodes
        .iter()
        .filter_map(|node| match node {
            Node::String(string) => Some(string.clone()),
            Node::List(list) => Some(names(list).join(".")),
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
fn role_spec(context: &Context<'_>, spec: &crate::sql::ast::RoleSpec) -> Result<u32> {
    use crate::sql::ast::RoleSpecType;
    match spec.roletype {
        RoleSpecType::RolespecPublic => Ok(0),
        RoleSpecType::RolespecCurrentRole | RoleSpecType::RolespecCurrentUser | RoleSpecType::RolespecSessionUser => {
            Ok(context.role)
        }
        RoleSpecType::RolespecCstring => context.catalog.role(&spec.rolename).map(|role| role.oid).ok_or_else(|| {
            Error::new(SqlState::UNDEFINED_OBJECT, format!("role \"{}\" does not exist", spec.rolename))
        }),
    }
}

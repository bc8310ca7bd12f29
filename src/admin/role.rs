//! CREATE/ALTER/DROP ROLE.

use std::sync::Arc;

use crate::sql::ast::{AlterRoleStmt, CreateRoleStmt, DropRoleStmt, Node, RoleStmtType};

use super::{Change, Context, done, require_superuser, role_spec, skipped, text};
use crate::catalog::{Role, oids};
use crate::error::{Error, Result, SqlState};

pub(super) fn create(context: &Context<'_>, statement: &CreateRoleStmt) -> Result<Change> {
    require_role_admin(context, "create role")?;
    let name = &statement.role;
    if name.starts_with("pg_") || name == "public" || name == "none" {
        return Err(Error::new(SqlState::RESERVED_NAME, format!("role name \"{name}\" is reserved")));
    }
    if context.catalog.role(name).is_some() {
        return Err(Error::new(SqlState::DUPLICATE_OBJECT, format!("role \"{name}\" already exists")));
    }
    let mut builder = context.catalog.edit();
    let mut role = Role {
        oid: builder.new_oid(),
        name: name.clone(),
        superuser: false,
        inherit: true,
        create_role: false,
        create_db: false,
        login: statement.stmt_type == RoleStmtType::RolestmtUser,
        bypass_rls: false,
        password: None,
        member_of: Vec::new(),
        connection_limit: -1,
    };
    let mut members = Vec::new();
    options(context, &mut role, &statement.options, &mut members)?;
    let oid = role.oid;
    builder.catalog().roles.insert(oid, Arc::new(role));
    for member in members {
        add_member(&mut builder, oid, member)?;
    }
    done(builder, "CREATE ROLE")
}

pub(super) fn alter(context: &Context<'_>, statement: &AlterRoleStmt) -> Result<Change> {
    let spec = statement.role.as_ref().ok_or_else(|| Error::internal("ALTER ROLE without a role"))?;
    let oid = role_spec(context, spec)?;
    let old = context.catalog.roles.get(&oid).ok_or_else(|| Error::unsupported("ALTER ROLE ALL"))?;
    let own_password = oid == context.role
        && statement.options.iter().all(|option| matches!(option, Node::DefElem(e) if e.defname == "password"));
    if !own_password {
        require_role_admin(context, "alter role")?;
        if old.superuser {
            require_superuser(context, "alter superuser roles")?;
        }
    }
    let mut next = (**old).clone();
    let mut members = Vec::new();
    options(context, &mut next, &statement.options, &mut members)?;
    let mut builder = context.catalog.edit();
    builder.catalog().roles.insert(oid, Arc::new(next));
    for member in members {
        add_member(&mut builder, oid, member)?;
    }
    done(builder, "ALTER ROLE")
}

pub(super) fn drop(context: &Context<'_>, statement: &DropRoleStmt) -> Result<Change> {
    require_role_admin(context, "drop role")?;
    let mut builder = context.catalog.edit();
    let mut notices = Vec::new();
    for node in &statement.roles {
        let Node::RoleSpec(spec) = node else { continue };
        let oid = match role_spec(context, spec) {
            Ok(oid) => oid,
            Err(error) if statement.missing_ok => {
                notices.push(Error::new(SqlState(*b"00000"), format!("{}, skipping", error.message())));
                continue;
            }
            Err(error) => return Err(error),
        };
        if oid == context.role || oid == oids::SUPERUSER {
            return Err(Error::new(SqlState::OBJECT_IN_USE, "current user cannot be dropped"));
        }
        if let Some(owned) = dependency(context, oid) {
            return Err(Error::new(
                SqlState(*b"2BP01"),
                format!("role \"{}\" cannot be dropped because some objects depend on it", spec.rolename),
            )
            .detail(owned));
        }
        builder.catalog().roles.remove(&oid);
        let catalog = builder.catalog();
        let members: Vec<u32> =
            catalog.roles.values().filter(|role| role.member_of.contains(&oid)).map(|role| role.oid).collect();
        for member in members {
            if let Some(role) = catalog.roles.get_mut(&member) {
                Arc::make_mut(role).member_of.retain(|parent| *parent != oid);
            }
        }
        catalog.mappings.retain(|mapping| mapping.role != oid);
    }
    Ok(Change { catalog: builder.finish(), tag: "DROP ROLE", notices })
}

/// What still refers to a role.
fn dependency(context: &Context<'_>, oid: u32) -> Option<String> {
    let catalog = context.catalog;
    let named = |acl: &crate::catalog::Acl| acl.entries.iter().flatten().any(|(grantee, _)| *grantee == oid);
    let relation = catalog.relations().find(|relation| {
        relation.owner == oid || named(&relation.acl) || relation.columns.iter().any(|column| named(&column.acl))
    });
    let schema = catalog.schemas.values().find(|schema| schema.owner == oid || named(&schema.acl));
    let server = catalog.servers.values().find(|server| server.owner == oid || named(&server.acl));
    relation
        .map(|relation| format!("It has rights on table {}.{}.", relation.schema, relation.name))
        .or_else(|| schema.map(|schema| format!("It has rights on schema {}.", schema.name)))
        .or_else(|| server.map(|server| format!("It has rights on server {}.", server.name)))
}

fn require_role_admin(context: &Context<'_>, what: &str) -> Result<()> {
    if context.catalog.roles.get(&context.role).is_some_and(|role| role.superuser || role.create_role) {
        Ok(())
    } else {
        Err(Error::new(SqlState::INSUFFICIENT_PRIVILEGE, format!("permission denied to {what}")))
    }
}

fn options(context: &Context<'_>, role: &mut Role, options: &[Node], members: &mut Vec<u32>) -> Result<()> {
    for option in options {
        let Node::DefElem(element) = option else { continue };
        let flag = || match &element.arg {
            Some(Node::Boolean(value)) => *value,
            Some(Node::Integer(value)) => *value != 0,
            _ => true,
        };
        match element.defname.as_str() {
            "superuser" => {
                require_superuser(context, "create superusers")?;
                role.superuser = flag();
            }
            "inherit" => role.inherit = flag(),
            "createrole" => role.create_role = flag(),
            "createdb" => role.create_db = flag(),
            "canlogin" => role.login = flag(),
            "bypassrls" => {
                require_superuser(context, "change bypassrls attribute")?;
                role.bypass_rls = flag();
            }
            "connectionlimit" => {
                role.connection_limit = text(element.arg.as_ref())?.parse().unwrap_or(-1);
            }
            "password" => {
                role.password = match element.arg {
                    None => None,
                    Some(_) => Some(super::role::verifier(&text(element.arg.as_ref())?)),
                };
            }
            "addroleto" | "rolemembers" | "adminmembers" => {
                let Some(Node::List(list)) = &element.arg else {
                    continue;
                };
                for item in list {
                    let Node::RoleSpec(spec) = item else { continue };
                    let other = role_spec(context, spec)?;
                    if element.defname == "addroleto" {
                        role.member_of.push(other);
                    } else {
                        members.push(other);
                    }
                }
            }
            other => return Err(Error::unsupported(format!("role option \"{other}\""))),
        }
    }
    Ok(())
}

fn add_member(builder: &mut crate::catalog::CatalogBuilder, parent: u32, member: u32) -> Result<()> {
    let catalog = builder.catalog();
    if catalog.effective_roles(parent).contains(&member) {
        return Err(Error::new(SqlState(*b"0LP01"), "a role cannot be a member of itself, directly or not"));
    }
    if let Some(role) = catalog.roles.get_mut(&member) {
        let role = Arc::make_mut(role);
        if !role.member_of.contains(&parent) {
            role.member_of.push(parent);
        }
    }
    Ok(())
}

/// A SCRAM-SHA-256 verifier in PostgreSQL's form; a password that is one already is kept.
fn verifier(password: &str) -> String {
    if password.starts_with("SCRAM-SHA-256$") {
        return password.to_owned();
    }
    postgres_protocol::password::scram_sha_256(password.as_bytes())
}

/// GRANT role TO role.
pub(super) fn grant_membership(context: &Context<'_>, parents: &[u32], members: &[u32], grant: bool) -> Result<Change> {
    require_role_admin(context, "grant role")?;
    let mut builder = context.catalog.edit();
    for parent in parents {
        for member in members {
            if grant {
                add_member(&mut builder, *parent, *member)?;
            } else if let Some(role) = builder.catalog().roles.get_mut(member) {
                Arc::make_mut(role).member_of.retain(|other| other != parent);
            }
        }
    }
    if parents.is_empty() {
        return skipped(context, "GRANT ROLE", "no role named".to_owned());
    }
    done(builder, if grant { "GRANT ROLE" } else { "REVOKE ROLE" })
}

//! GRANT and REVOKE on tables, columns, schemas, servers; membership of roles.

use std::sync::Arc;

use crate::sql::ast::{AccessPriv, GrantRoleStmt, GrantStmt, GrantTargetType, Node, ObjectType};

use super::{Change, Context, done, names, require_owner, role_spec};
use crate::catalog::{Acl, Privilege, Relation};
use crate::error::{Error, Result, SqlState};

const TABLE: [Privilege; 7] = [
    Privilege::Insert,
    Privilege::Select,
    Privilege::Update,
    Privilege::Delete,
    Privilege::Truncate,
    Privilege::References,
    Privilege::Trigger,
];

pub(super) fn grant(context: &Context<'_>, statement: &GrantStmt) -> Result<Change> {
    let grantees = statement
        .grantees
        .iter()
        .filter_map(|node| match node {
            Node::RoleSpec(spec) => Some(role_spec(context, spec)),
            _ => None,
        })
        .collect::<Result<Vec<_>>>()?;
    let edit = Edit { grantees, grant: statement.is_grant, option: statement.grant_option };
    let target = statement.targtype;
    let mut builder = context.catalog.edit();
    let kind = statement.objtype;
    match (target, kind) {
        (GrantTargetType::AclTargetObject, ObjectType::ObjectTable) => {
            for object in &statement.objects {
                let Node::RangeVar(range) = object else { continue };
                let relation = super::schema::relation(context, &range.schemaname, &range.relname)?;
                grant_relation(context, &mut builder, &relation, &statement.privileges, &edit)?;
            }
        }
        (GrantTargetType::AclTargetAllInSchema, ObjectType::ObjectTable) => {
            for schema in names(&statement.objects) {
                super::schema::schema(context, &schema)?;
                let relations: Vec<Arc<Relation>> =
                    context.catalog.relations().filter(|relation| *relation.schema == *schema).cloned().collect();
                for relation in relations {
                    grant_relation(context, &mut builder, &relation, &statement.privileges, &edit)?;
                }
            }
        }
        (GrantTargetType::AclTargetObject, ObjectType::ObjectSchema) => {
            for name in names(&statement.objects) {
                let schema = super::schema::schema(context, &name)?;
                require_owner(context, schema.owner, &format!("schema {name}"))?;
                let privileges = privileges(&statement.privileges, &[Privilege::Usage, Privilege::Create], "schema")?;
                let mut next = (*schema).clone();
                edit.apply(&mut next.acl, next.owner, &[Privilege::Usage, Privilege::Create], &privileges);
                builder.catalog().schemas.insert(name, Arc::new(next));
            }
        }
        (GrantTargetType::AclTargetObject, ObjectType::ObjectForeignServer) => {
            for name in names(&statement.objects) {
                let server = super::server(context, &name)?;
                require_owner(context, server.owner, &format!("foreign server {name}"))?;
                let privileges = privileges(&statement.privileges, &[Privilege::Usage], "foreign server")?;
                let mut next = (**server).clone();
                edit.apply(&mut next.acl, next.owner, &[Privilege::Usage], &privileges);
                builder.catalog().servers.insert(next.oid, Arc::new(next));
            }
        }
        _ => return Err(Error::unsupported("GRANT or REVOKE on this kind of object")),
    }
    done(builder, if statement.is_grant { "GRANT" } else { "REVOKE" })
}

fn grant_relation(
    context: &Context<'_>,
    builder: &mut crate::catalog::CatalogBuilder,
    relation: &Arc<Relation>,
    nodes: &[Node],
    edit: &Edit,
) -> Result<()> {
    require_owner(context, relation.owner, &format!("table {}", relation.name))?;
    // Several statements of one GRANT may name a relation twice: take the newest form.
    let current = builder.catalog().relation_by_oid(relation.oid).cloned().unwrap_or_else(|| Arc::clone(relation));
    let mut next = (*current).clone();
    next.version += 1;
    if nodes.is_empty() {
        edit.apply(&mut next.acl, next.owner, &TABLE, &TABLE);
    }
    for node in nodes {
        let Node::AccessPriv(access) = node else { continue };
        let privileges = privilege(access, &TABLE, "relation")?;
        if access.cols.is_empty() {
            edit.apply(&mut next.acl, next.owner, &TABLE, &privileges);
            continue;
        }
        for column in names(&access.cols) {
            let index = next.column(&column).ok_or_else(|| {
                Error::new(
                    SqlState::UNDEFINED_COLUMN,
                    format!("column \"{column}\" of relation \"{}\" does not exist", next.name),
                )
            })?;
            let owner = next.owner;
            edit.apply(&mut next.columns[index].acl, owner, &[], &privileges);
        }
    }
    builder.put_relation(next);
    Ok(())
}

fn privileges(nodes: &[Node], all: &[Privilege], kind: &str) -> Result<Vec<Privilege>> {
    if nodes.is_empty() {
        return Ok(all.to_vec());
    }
    let mut found = Vec::new();
    for node in nodes {
        if let Node::AccessPriv(access) = node {
            found.extend(privilege(access, all, kind)?);
        }
    }
    Ok(found)
}

fn privilege(access: &AccessPriv, all: &[Privilege], kind: &str) -> Result<Vec<Privilege>> {
    let privilege = match access.priv_name.as_str() {
        "" => return Ok(all.to_vec()),
        "select" => Privilege::Select,
        "insert" => Privilege::Insert,
        "update" => Privilege::Update,
        "delete" => Privilege::Delete,
        "truncate" => Privilege::Truncate,
        "references" => Privilege::References,
        "trigger" => Privilege::Trigger,
        "usage" => Privilege::Usage,
        "create" => Privilege::Create,
        other => {
            return Err(Error::new(SqlState::SYNTAX_ERROR, format!("unrecognized privilege type \"{other}\"")));
        }
    };
    if all.contains(&privilege) {
        Ok(vec![privilege])
    } else {
        Err(Error::new(
            SqlState(*b"0LP01"),
            format!("invalid privilege type {} for {kind}", access.priv_name.to_uppercase()),
        ))
    }
}

struct Edit {
    grantees: Vec<u32>,
    grant: bool,
    option: bool,
}

impl Edit {
    /// Changes an ACL; the first change writes the owner's own rights out (as PostgreSQL's acldefault).
    fn apply(&self, acl: &mut Acl, owner: u32, defaults: &[Privilege], privileges: &[Privilege]) {
        let entries = acl.entries.get_or_insert_with(|| {
            if defaults.is_empty() {
                Vec::new()
            } else {
                vec![(owner, defaults.iter().map(|privilege| (*privilege, false)).collect())]
            }
        });
        for grantee in &self.grantees {
            if !entries.iter().any(|(role, _)| role == grantee) {
                entries.push((*grantee, Vec::new()));
            }
            let Some((_, held)) = entries.iter_mut().find(|(role, _)| role == grantee) else { continue };
            for privilege in privileges {
                let position = held.iter().position(|(other, _)| other == privilege);
                match (self.grant, position) {
                    (true, Some(position)) => held[position].1 |= self.option,
                    (true, None) => held.push((*privilege, self.option)),
                    (false, Some(position)) if self.option => held[position].1 = false,
                    (false, Some(position)) => {
                        held.remove(position);
                    }
                    (false, None) => {}
                }
            }
        }
        entries.retain(|(_, held)| !held.is_empty());
    }
}

pub(super) fn grant_role(context: &Context<'_>, statement: &GrantRoleStmt) -> Result<Change> {
    let find = |name: &str| {
        context
            .catalog
            .role(name)
            .map(|role| role.oid)
            .ok_or_else(|| Error::new(SqlState::UNDEFINED_OBJECT, format!("role \"{name}\" does not exist")))
    };
    let parents = statement
        .granted_roles
        .iter()
        .filter_map(|node| match node {
            Node::AccessPriv(access) => Some(find(&access.priv_name)),
            _ => None,
        })
        .collect::<Result<Vec<_>>>()?;
    let members = statement
        .grantee_roles
        .iter()
        .filter_map(|node| match node {
            Node::RoleSpec(spec) => Some(role_spec(context, spec)),
            _ => None,
        })
        .collect::<Result<Vec<_>>>()?;
    super::role::grant_membership(context, &parents, &members, statement.is_grant)
}

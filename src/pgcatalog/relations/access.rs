//! Relations about roles, databases, servers, settings.

use super::classes::{acl, owner};
use crate::catalog::{Role, Source, oids};
use crate::error::Result;
use crate::pgcatalog::View;
use crate::pgcatalog::table::{Rows, array};
use crate::types::{Datum, PgType};

/// Foreign data wrappers: (oid, name, handler).
const WRAPPERS: [(u32, &str); 7] = [
    (13_101, "postgres"),
    (13_102, "geoparquet"),
    (13_103, "duckdb"),
    (13_104, "trino"),
    (13_105, "bigquery"),
    (13_106, "snowflake"),
    (13_107, "adbc"),
];

fn role_values(role: &Role) -> Vec<(&'static str, Datum)> {
    vec![
        ("oid", Datum::Oid(role.oid)),
        ("rolname", Datum::text(&role.name)),
        ("rolsuper", Datum::Bool(role.superuser)),
        ("rolinherit", Datum::Bool(role.inherit)),
        ("rolcreaterole", Datum::Bool(role.create_role)),
        ("rolcreatedb", Datum::Bool(role.create_db)),
        ("rolcanlogin", Datum::Bool(role.login)),
        ("rolreplication", Datum::Bool(false)),
        ("rolbypassrls", Datum::Bool(role.bypass_rls)),
        ("rolconnlimit", Datum::Int4(role.connection_limit)),
    ]
}

pub(super) fn pg_roles(view: &View<'_>, out: &mut Rows) -> Result<()> {
    view.catalog.roles.values().try_for_each(|role| {
        let mut values = role_values(role);
        values.push(("rolpassword", Datum::text("********")));
        out.push(&values)
    })
}

/// Only superusers read pg_authid in PostgreSQL; password verifiers never leave here.
pub(super) fn pg_authid(view: &View<'_>, out: &mut Rows) -> Result<()> {
    if !view.catalog.is_superuser(view.role) {
        return Err(crate::error::Error::new(
            crate::error::SqlState::INSUFFICIENT_PRIVILEGE,
            "permission denied for table pg_authid",
        ));
    }
    view.catalog.roles.values().try_for_each(|role| out.push(&role_values(role)))
}

pub(super) fn pg_user(view: &View<'_>, out: &mut Rows) -> Result<()> {
    view.catalog.roles.values().filter(|role| role.login).try_for_each(|role| {
        out.push(&[
            ("usename", Datum::text(&role.name)),
            ("usesysid", Datum::Oid(role.oid)),
            ("usecreatedb", Datum::Bool(role.create_db)),
            ("usesuper", Datum::Bool(role.superuser)),
            ("userepl", Datum::Bool(false)),
            ("usebypassrls", Datum::Bool(role.bypass_rls)),
            ("passwd", Datum::text("********")),
        ])
    })
}

pub(super) fn pg_auth_members(view: &View<'_>, out: &mut Rows) -> Result<()> {
    for role in view.catalog.roles.values() {
        for parent in &role.member_of {
            out.push(&[
                ("roleid", Datum::Oid(*parent)),
                ("member", Datum::Oid(role.oid)),
                ("grantor", Datum::Oid(oids::SUPERUSER)),
            ])?;
        }
    }
    Ok(())
}

pub(super) fn pg_database(view: &View<'_>, out: &mut Rows) -> Result<()> {
    out.push(&[
        ("oid", Datum::Oid(view.catalog.database_oid)),
        ("datname", Datum::text(&view.catalog.database)),
        ("datdba", Datum::Oid(oids::SUPERUSER)),
        // UTF8
        ("encoding", Datum::Int4(6)),
        ("datlocprovider", Datum::text("c")),
        ("datallowconn", Datum::Bool(true)),
        ("datconnlimit", Datum::Int4(-1)),
        ("dattablespace", Datum::Oid(1663)),
        ("datcollate", Datum::text("C")),
        ("datctype", Datum::text("C.UTF-8")),
    ])
}

pub(super) fn pg_extension(_view: &View<'_>, out: &mut Rows) -> Result<()> {
    out.push(&[
        ("oid", Datum::Oid(13_201)),
        ("extname", Datum::text("postgis")),
        ("extowner", Datum::Oid(oids::SUPERUSER)),
        ("extnamespace", Datum::Oid(oids::PUBLIC)),
        ("extrelocatable", Datum::Bool(false)),
        ("extversion", Datum::text("3.3.2")),
    ])
}

pub(super) fn pg_foreign_data_wrapper(_view: &View<'_>, out: &mut Rows) -> Result<()> {
    WRAPPERS.iter().try_for_each(|(oid, name)| {
        out.push(&[
            ("oid", Datum::Oid(*oid)),
            ("fdwname", Datum::text(name)),
            ("fdwowner", Datum::Oid(oids::SUPERUSER)),
        ])
    })
}

/// Options as text[]; servers have no secrets in theirs (those are in user mappings).
pub(super) fn pg_foreign_server(view: &View<'_>, out: &mut Rows) -> Result<()> {
    for server in view.catalog.servers.values() {
        let options = server.options.iter().map(|(name, value)| Datum::text(format!("{name}={value}")));
        let wrapper = WRAPPERS.iter().find(|(_, name)| *name == server.wrapper).map_or(0, |(oid, _)| *oid);
        out.push(&[
            ("oid", Datum::Oid(server.oid)),
            ("srvname", Datum::text(&server.name)),
            ("srvowner", Datum::Oid(server.owner)),
            ("srvfdw", Datum::Oid(wrapper)),
            ("srvacl", acl(view, &server.acl, server.owner)),
            (
                "srvoptions",
                if server.options.is_empty() { Datum::Null } else { array(PgType::TEXT, options.collect()) },
            ),
        ])?;
    }
    Ok(())
}

pub(super) fn pg_foreign_table(view: &View<'_>, out: &mut Rows) -> Result<()> {
    for relation in view.relations() {
        let (server, options) = match &relation.source {
            Source::Remote { server, schema, name } => {
                (*server, vec![format!("schema_name={schema}"), format!("table_name={name}")])
            }
            Source::Files { server, path } => (*server, vec![format!("path={path}")]),
            Source::System | Source::View => continue,
        };
        if relation.kind != crate::catalog::RelationKind::ForeignTable {
            continue;
        }
        out.push(&[
            ("ftrelid", Datum::Oid(relation.oid)),
            ("ftserver", Datum::Oid(server)),
            ("ftoptions", array(PgType::TEXT, options.into_iter().map(Datum::text).collect())),
        ])?;
    }
    Ok(())
}

/// Options are never shown: they hold secrets.
pub(super) fn pg_user_mappings(view: &View<'_>, out: &mut Rows) -> Result<()> {
    for mapping in &view.catalog.mappings {
        let Some(server) = view.catalog.servers.get(&mapping.server) else { continue };
        out.push(&[
            ("umid", Datum::Oid(mapping.oid)),
            ("srvid", Datum::Oid(server.oid)),
            ("srvname", Datum::text(&server.name)),
            ("umuser", Datum::Oid(mapping.role)),
            ("usename", if mapping.role == 0 { Datum::text("public") } else { owner(view, mapping.role) }),
        ])?;
    }
    Ok(())
}

pub(super) fn pg_settings(view: &View<'_>, out: &mut Rows) -> Result<()> {
    view.settings.iter().try_for_each(|(name, value)| {
        out.push(&[
            ("name", Datum::text(name)),
            ("setting", Datum::text(value)),
            ("pending_restart", Datum::Bool(false)),
        ])
    })
}

/// A superuser sees everybody's, others their own.
pub(super) fn usage(view: &View<'_>, out: &mut Rows) -> Result<()> {
    let all = view.catalog.is_superuser(view.role);
    let own = view.catalog.roles.get(&view.role).map(|role| role.name.as_str());
    for usage in view.usage.iter().filter(|usage| all || own == Some(usage.role.as_str())) {
        let number = |at: usize| Datum::Int8(i64::try_from(usage.numbers[at]).unwrap_or(i64::MAX));
        out.push(&[
            ("server", Datum::text(&usage.server)),
            ("role", Datum::text(&usage.role)),
            ("jobs", number(0)),
            ("failed", number(1)),
            ("rows", number(2)),
            ("bytes", number(3)),
            ("scanned_bytes", number(4)),
        ])?;
    }
    Ok(())
}

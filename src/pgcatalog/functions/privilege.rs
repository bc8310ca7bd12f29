//! has_*_privilege and pg_has_role.

use super::SessionCatalog;
use crate::catalog::{Privilege, Relation};
use crate::error::{Error, Result, SqlState};
use crate::types::{Datum, PgType};

pub(super) fn knows(symbol: &str) -> bool {
    symbol.starts_with("pg_has_role_") || object(symbol).is_some_and(|object| OBJECTS.contains(&object))
}

const OBJECTS: &[&str] = &[
    "any_column",
    "column",
    "database",
    "foreign_data_wrapper",
    "function",
    "language",
    "schema",
    "sequence",
    "server",
    "table",
    "tablespace",
    "type",
];

/// `has_table_privilege_name_id` -> `table`.
fn object(symbol: &str) -> Option<&str> {
    let rest = symbol.strip_prefix("has_")?;
    rest.find("_privilege_").map(|end| &rest[..end])
}

pub(super) fn call(session: &SessionCatalog, symbol: &str, args: &[Datum]) -> Result<Option<Datum>> {
    if !knows(symbol) {
        return Ok(None);
    }
    if args.iter().any(Datum::is_null) {
        return Ok(Some(Datum::Null));
    }
    if symbol.starts_with("pg_has_role_") {
        return has_role(session, args).map(Some);
    }
    let Some(object) = object(symbol) else { return Ok(None) };
    let explicit = args.len() > if object == "column" { 3 } else { 2 };
    let (role, args) = match args {
        [role, rest @ ..] if explicit => (self::role(session, role)?, rest),
        args => (session.role, args),
    };
    let privileges = privileges(args.last().and_then(Datum::as_str).unwrap_or(""), object)?;
    let any = |f: &dyn Fn(Privilege) -> bool| Datum::Bool(privileges.iter().any(|privilege| f(*privilege)));
    let catalog = &session.catalog;
    Ok(Some(match object {
        "table" | "sequence" => match relation(session, &args[0])? {
            Some(relation) => any(&|privilege| catalog.relation_allows(role, relation, privilege)),
            None => Datum::Null,
        },
        "any_column" => match relation(session, &args[0])? {
            Some(relation) => any(&|privilege| {
                (0..relation.columns.len()).any(|column| catalog.column_allows(role, relation, column, privilege))
            }),
            None => Datum::Null,
        },
        "column" => {
            let Some(relation) = relation(session, &args[0])? else { return Ok(Some(Datum::Null)) };
            match column(relation, &args[1])? {
                Some(column) => any(&|privilege| catalog.column_allows(role, relation, column, privilege)),
                None => Datum::Null,
            }
        }
        "schema" => {
            let schema = match &args[0] {
                Datum::Text(name) => Some(catalog.schemas.get(&**name).ok_or_else(|| {
                    Error::new(SqlState::INVALID_SCHEMA_NAME, format!("schema \"{name}\" does not exist"))
                })?),
                oid => catalog.schema_by_oid(oid.as_i64().unwrap_or(0) as u32),
            };
            schema.map_or(Datum::Null, |schema| any(&|privilege| catalog.schema_allows(role, schema, privilege)))
        }
        "server" => {
            let server = match &args[0] {
                Datum::Text(name) => Some(catalog.server(name).ok_or_else(|| {
                    Error::new(SqlState::UNDEFINED_OBJECT, format!("server \"{name}\" does not exist"))
                })?),
                oid => catalog.servers.get(&(oid.as_i64().unwrap_or(0) as u32)),
            };
            server.map_or(Datum::Null, |server| any(&|privilege| catalog.server_allows(role, server, privilege)))
        }
        // A database lets its users connect and, being a catalog of servers, make nothing but what a superuser may.
        "database" => any(&|privilege| privilege == Privilege::Connect || catalog.is_superuser(role)),
        "function" => any(&|privilege| privilege == Privilege::Execute),
        "language" | "type" => any(&|privilege| privilege == Privilege::Usage),
        "tablespace" | "foreign_data_wrapper" => Datum::Bool(catalog.is_superuser(role)),
        _ => return Ok(None),
    }))
}

fn role(session: &SessionCatalog, value: &Datum) -> Result<u32> {
    match value {
        Datum::Text(name) if &**name == "public" => Ok(0),
        Datum::Text(name) => session
            .catalog
            .role(name)
            .map(|role| role.oid)
            .ok_or_else(|| Error::new(SqlState::UNDEFINED_OBJECT, format!("role \"{name}\" does not exist"))),
        oid => Ok(oid.as_i64().unwrap_or(0) as u32),
    }
}

fn relation<'a>(session: &'a SessionCatalog, value: &Datum) -> Result<Option<&'a Relation>> {
    let oid = match value {
        Datum::Text(name) => super::reg::input(session, PgType::REGCLASS, name)?,
        oid => oid.as_i64().unwrap_or(0) as u32,
    };
    Ok(session.relation(oid).map(AsRef::as_ref))
}

fn column(relation: &Relation, value: &Datum) -> Result<Option<usize>> {
    match value {
        Datum::Text(name) => relation.column(name).map(Some).ok_or_else(|| {
            Error::new(
                SqlState::UNDEFINED_COLUMN,
                format!("column \"{name}\" of relation \"{}\" does not exist", relation.name),
            )
        }),
        attnum => Ok(relation.columns.iter().position(|column| Some(i64::from(column.attnum)) == attnum.as_i64())),
    }
}

/// Parses `'SELECT, INSERT WITH GRANT OPTION'`; 22023 for a word that is no privilege of the kind.
fn privileges(text: &str, object: &str) -> Result<Vec<Privilege>> {
    text.split(',')
        .map(|word| {
            let upper = word.trim().to_ascii_uppercase();
            let name = upper.strip_suffix(" WITH GRANT OPTION").unwrap_or(&upper);
            let privilege = match name {
                "SELECT" => Privilege::Select,
                "INSERT" => Privilege::Insert,
                "UPDATE" => Privilege::Update,
                "DELETE" => Privilege::Delete,
                "TRUNCATE" => Privilege::Truncate,
                "REFERENCES" => Privilege::References,
                "TRIGGER" => Privilege::Trigger,
                "USAGE" => Privilege::Usage,
                "CREATE" => Privilege::Create,
                "CONNECT" => Privilege::Connect,
                "TEMPORARY" | "TEMP" => Privilege::Temporary,
                "EXECUTE" => Privilege::Execute,
                _ => return Err(unrecognized(word)),
            };
            let fits = match object {
                "table" | "any_column" | "column" => !matches!(
                    privilege,
                    Privilege::Usage
                        | Privilege::Create
                        | Privilege::Connect
                        | Privilege::Temporary
                        | Privilege::Execute
                ),
                "schema" => matches!(privilege, Privilege::Usage | Privilege::Create),
                "database" => matches!(privilege, Privilege::Create | Privilege::Connect | Privilege::Temporary),
                "function" => privilege == Privilege::Execute,
                _ => true,
            };
            if fits { Ok(privilege) } else { Err(unrecognized(word)) }
        })
        .collect()
}

fn unrecognized(word: &str) -> Error {
    Error::new(SqlState::INVALID_PARAMETER_VALUE, format!("unrecognized privilege type: \"{}\"", word.trim()))
}

fn has_role(session: &SessionCatalog, args: &[Datum]) -> Result<Datum> {
    let (member, rest) = match args {
        [member, rest @ ..] if args.len() == 3 => (role(session, member)?, rest),
        args => (session.role, args),
    };
    let target = role(session, &rest[0])?;
    let kind = rest[1].as_str().unwrap_or("").trim().to_ascii_uppercase();
    if !matches!(kind.split(" WITH ").next(), Some("MEMBER" | "USAGE" | "SET")) {
        return Err(unrecognized(rest[1].as_str().unwrap_or("")));
    }
    let catalog = &session.catalog;
    Ok(Datum::Bool(catalog.is_superuser(member) || catalog.effective_roles(member).contains(&target)))
}

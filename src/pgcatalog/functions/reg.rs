//! reg* types: names to oids and back, and to_reg*.

use super::SessionCatalog;
use crate::error::{Error, Result, SqlState};
use crate::pgcatalog::regproc_names;
use crate::types::{Datum, PgType};

pub(super) fn knows(symbol: &str) -> bool {
    target(symbol).is_some()
}

fn target(symbol: &str) -> Option<PgType> {
    Some(match symbol {
        "to_regclass" | "text_regclass" => PgType::REGCLASS,
        "to_regnamespace" => PgType::REGNAMESPACE,
        "to_regproc" => PgType::REGPROC,
        "to_regprocedure" => PgType::REGPROCEDURE,
        "to_regrole" => PgType::REGROLE,
        "to_regtype" => PgType::REGTYPE,
        _ => return None,
    })
}

pub(super) fn call(session: &SessionCatalog, symbol: &str, args: &[Datum]) -> Result<Option<Datum>> {
    let Some(ty) = target(symbol) else { return Ok(None) };
    let Some(text) = args.first().and_then(Datum::as_str) else { return Ok(Some(Datum::Null)) };
    let found = input(session, ty, text);
    // The cast raises, to_reg* gives NULL for what does not exist.
    if symbol == "text_regclass" {
        found.map(|oid| Some(Datum::Oid(oid)))
    } else {
        Ok(Some(found.map_or(Datum::Null, Datum::Oid)))
    }
}

/// Text -> oid: a number, `-` (0), or a possibly qualified and quoted name.
pub(super) fn input(session: &SessionCatalog, ty: PgType, text: &str) -> Result<u32> {
    let text = text.trim();
    if text == "-" {
        return Ok(0);
    }
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().map_err(|_| {
            Error::new(SqlState::NUMERIC_VALUE_OUT_OF_RANGE, format!("value \"{text}\" is out of range for type oid"))
        });
    }
    match ty {
        PgType::REGCLASS => relation(session, text),
        PgType::REGNAMESPACE => {
            let name = single(text)?;
            session
                .catalog
                .schemas
                .get(&name)
                .filter(|schema| session.catalog.schema_visible(session.role, &schema.name))
                .map(|schema| schema.oid)
                .ok_or_else(|| Error::new(SqlState::INVALID_SCHEMA_NAME, format!("schema \"{name}\" does not exist")))
        }
        PgType::REGPROC => function(session, text),
        PgType::REGPROCEDURE => procedure(session, text),
        PgType::REGROLE => {
            let name = single(text)?;
            session
                .catalog
                .role(&name)
                .map(|role| role.oid)
                .ok_or_else(|| Error::new(SqlState::UNDEFINED_OBJECT, format!("role \"{name}\" does not exist")))
        }
        PgType::REGTYPE => type_oid(session, text),
        PgType::OID => text.parse().map_err(|_| {
            Error::new(SqlState::INVALID_TEXT_REPRESENTATION, format!("invalid input syntax for type oid: \"{text}\""))
        }),
        other => Err(Error::unsupported(format!("input of type {}", other.name()))),
    }
}

/// Splits `"a".b` by PostgreSQL's identifier rules (unquoted parts fold to lower case).
pub(super) fn parse_qualified(text: &str) -> Result<Vec<String>> {
    let invalid = || Error::new(SqlState::INVALID_NAME, "invalid name syntax");
    let mut parts = Vec::new();
    let mut chars = text.trim().chars().peekable();
    loop {
        let mut part = String::new();
        if chars.next_if_eq(&'"').is_some() {
            loop {
                match chars.next().ok_or_else(invalid)? {
                    '"' if chars.next_if_eq(&'"').is_some() => part.push('"'),
                    '"' => break,
                    other => part.push(other),
                }
            }
        } else {
            while let Some(next) = chars.next_if(|next| *next != '.' && !next.is_whitespace()) {
                if !(next.is_alphanumeric() || matches!(next, '_' | '$')) {
                    return Err(invalid());
                }
                part.extend(next.to_lowercase());
            }
        }
        if part.is_empty() {
            return Err(invalid());
        }
        parts.push(part);
        while chars.next_if(|next| next.is_whitespace()).is_some() {}
        match chars.next() {
            None => return Ok(parts),
            Some('.') => while chars.next_if(|next| next.is_whitespace()).is_some() {},
            Some(_) => return Err(invalid()),
        }
    }
}

fn single(text: &str) -> Result<String> {
    match <[String; 1]>::try_from(parse_qualified(text)?) {
        Ok([name]) => Ok(name),
        Err(_) => Err(Error::new(SqlState::SYNTAX_ERROR, "invalid name syntax")),
    }
}

fn relation(session: &SessionCatalog, text: &str) -> Result<u32> {
    let parts = parse_qualified(text)?;
    let found = match parts.as_slice() {
        [name] => session.find_relation(name).map(|relation| relation.oid).or_else(|| {
            let index = |schema: &String| {
                session.catalog.relations().filter(|relation| *relation.schema == **schema).find_map(|relation| {
                    relation.indexes.iter().find(|index| index.name == *name).map(|index| index.oid)
                })
            };
            session.search_path.iter().find_map(index)
        }),
        [schema, name] | [_, schema, name] if session.catalog.schema_visible(session.role, schema) => {
            session.catalog.relation(schema, name).map(|relation| relation.oid).or_else(|| {
                session.catalog.relations().filter(|relation| *relation.schema == **schema).find_map(|relation| {
                    relation.indexes.iter().find(|index| index.name == *name).map(|index| index.oid)
                })
            })
        }
        _ => None,
    };
    found.ok_or_else(|| {
        Error::new(SqlState::UNDEFINED_TABLE, format!("relation \"{}\" does not exist", parts.join(".")))
    })
}

fn function(session: &SessionCatalog, text: &str) -> Result<u32> {
    let parts = parse_qualified(text)?;
    let (schema, name) = match parts.as_slice() {
        [name] => (None, name),
        [schema, name] => (Some(schema.as_str()), name),
        _ => return Err(Error::new(SqlState::SYNTAX_ERROR, format!("improper qualified name: {text}"))),
    };
    let matching: Vec<u32> = session
        .catalog
        .language
        .functions(name)
        .iter()
        .filter(|function| schema.is_none_or(|schema| schema == function.schema))
        .map(|function| function.oid)
        .collect();
    match matching.as_slice() {
        [oid] => Ok(*oid),
        [] => regproc_names()
            .get(name.as_str())
            .copied()
            .filter(|_| schema.is_none_or(|schema| schema == "pg_catalog"))
            .ok_or_else(|| Error::new(SqlState::UNDEFINED_FUNCTION, format!("function \"{text}\" does not exist"))),
        _ => Err(Error::new(SqlState::AMBIGUOUS_FUNCTION, format!("more than one function named \"{text}\""))),
    }
}

fn procedure(session: &SessionCatalog, text: &str) -> Result<u32> {
    let missing = || Error::new(SqlState::UNDEFINED_FUNCTION, format!("function \"{text}\" does not exist"));
    let (name, rest) = text
        .split_once('(')
        .ok_or_else(|| Error::new(SqlState::INVALID_TEXT_REPRESENTATION, "expected a left parenthesis"))?;
    let args = rest
        .trim_end()
        .strip_suffix(')')
        .ok_or_else(|| Error::new(SqlState::INVALID_TEXT_REPRESENTATION, "expected a right parenthesis"))?;
    let types = if args.trim().is_empty() {
        Vec::new()
    } else {
        args.split(',').map(|arg| type_oid(session, arg)).collect::<Result<Vec<_>>>()?
    };
    let parts = parse_qualified(name)?;
    let name = parts.last().ok_or_else(missing)?;
    session
        .catalog
        .language
        .functions(name)
        .iter()
        .find(|function| {
            function.args.iter().map(|arg| arg.ty.0).eq(types.iter().copied())
                && (parts.len() == 1 || parts[0] == function.schema)
        })
        .map(|function| function.oid)
        .ok_or_else(missing)
}

/// A type by SQL spelling or `pg_type` name, arrays included; typmods are allowed and ignored, as regtype does.
fn type_oid(session: &SessionCatalog, text: &str) -> Result<u32> {
    let text = text.trim();
    if let Some(element) = text.strip_suffix("[]") {
        let element = PgType(type_oid(session, element)?);
        let array = element.array().or_else(|| session.catalog.foreign_type(element).and_then(|ty| ty.array));
        return array.map(|array| array.0).ok_or_else(|| missing_type(text));
    }
    let bare = text.split('(').next().unwrap_or(text).trim();
    let suffix = text.rsplit(')').next().filter(|_| text.contains('(')).unwrap_or("").trim();
    let spelled = format!("{bare} {suffix}").trim().to_ascii_lowercase();
    let spelled = spelled.split_whitespace().collect::<Vec<_>>().join(" ");
    let alias = match spelled.as_str() {
        "boolean" => "bool",
        "smallint" => "int2",
        "int" | "integer" => "int4",
        "bigint" => "int8",
        "real" => "float4",
        "float" | "double precision" => "float8",
        "decimal" | "dec" => "numeric",
        "character varying" => "varchar",
        "character" => "bpchar",
        "timestamp without time zone" => "timestamp",
        "timestamp with time zone" => "timestamptz",
        "time without time zone" => "time",
        "time with time zone" => "timetz",
        "bit varying" => "varbit",
        "char" => "bpchar",
        _ => "",
    };
    if !alias.is_empty() {
        return PgType::by_name(alias).map(|ty| ty.0).ok_or_else(|| missing_type(text));
    }
    let parts = parse_qualified(bare)?;
    let (schema, name) = match parts.as_slice() {
        [name] => (None, name),
        [schema, name] => (Some(schema), name),
        _ => return Err(missing_type(text)),
    };
    let builtin = PgType::by_name(name).filter(|ty| {
        let home =
            if ty.is_spatial() || ty.element().is_some_and(PgType::is_spatial) { "public" } else { "pg_catalog" };
        schema.is_none_or(|schema| schema == home)
    });
    if let Some(ty) = builtin {
        return Ok(ty.0);
    }
    let in_schema = |candidate: &str| match schema {
        Some(schema) => schema == candidate,
        None => session.search_path.iter().any(|path| path == candidate),
    };
    let foreign = session.catalog.foreign_types.values().find(|ty| ty.name == *name && in_schema(&ty.schema));
    let row = || {
        session
            .catalog
            .relations()
            .find(|relation| relation.row_type != 0 && relation.name == *name && in_schema(&relation.schema))
    };
    foreign.map(|ty| ty.oid.0).or_else(|| row().map(|relation| relation.row_type)).ok_or_else(|| missing_type(text))
}

fn missing_type(text: &str) -> Error {
    Error::new(SqlState::UNDEFINED_OBJECT, format!("type \"{text}\" does not exist"))
}

/// oid -> text: qualified unless the search path finds it; the number when nothing has that oid.
pub(super) fn output(session: &SessionCatalog, ty: PgType, oid: u32) -> String {
    if oid == 0 && ty != PgType::OID {
        return "-".to_owned();
    }
    let qualified = |schema: &str, name: &str, visible: bool| {
        if visible {
            quote_identifier(name)
        } else {
            format!("{}.{}", quote_identifier(schema), quote_identifier(name))
        }
    };
    let in_path = |schema: &str| session.search_path.iter().any(|path| path == schema);
    let found = match ty {
        PgType::REGCLASS => match (session.relation(oid), session.catalog.index(oid)) {
            (Some(relation), _) => {
                let visible = session.find_relation(&relation.name).is_some_and(|found| found.oid == oid);
                Some(qualified(&relation.schema, &relation.name, visible))
            }
            (None, Some((relation, index))) if session.catalog.schema_visible(session.role, &relation.schema) => {
                Some(qualified(&relation.schema, &index.name, in_path(&relation.schema)))
            }
            _ => None,
        },
        PgType::REGNAMESPACE => session.catalog.schema_by_oid(oid).map(|schema| quote_identifier(&schema.name)),
        PgType::REGPROC => session
            .catalog
            .language
            .function_by_oid(oid)
            .map(|function| {
                let unique = session.catalog.language.functions(&function.name).len() == 1;
                qualified(function.schema, &function.name, unique && in_path(function.schema))
            })
            .or_else(|| regproc_names().iter().find(|(_, other)| **other == oid).map(|(name, _)| (*name).to_owned())),
        PgType::REGPROCEDURE => session.catalog.language.function_by_oid(oid).map(|function| {
            let args: Vec<String> =
                function.args.iter().map(|arg| super::describe::format_type(session, arg.ty.0, -1)).collect();
            format!("{}({})", qualified(function.schema, &function.name, in_path(function.schema)), args.join(","))
        }),
        PgType::REGROLE => session.catalog.roles.get(&oid).map(|role| quote_identifier(&role.name)),
        PgType::REGTYPE => Some(super::describe::format_type(session, oid, -1)).filter(|name| name != "???"),
        _ => None,
    };
    found.unwrap_or_else(|| oid.to_string())
}

/// `quote_ident`: quotes unless a plain lower-case identifier (key words are left to the printer of SQL).
pub(super) fn quote_identifier(name: &str) -> String {
    let plain = name.starts_with(|first: char| first.is_ascii_lowercase() || first == '_')
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    if plain { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}

//! `quote_ident`, `quote_literal`, `format()` and `parse_ident`.

use super::macros::wrong;
use crate::error::{Error, Result, SqlState};
use crate::kernels::{Call, Scalar, io};
use crate::types::{ArrayValue, Datum, PgType};

pub(super) const SCALARS: &[(&str, Scalar)] = &[
    ("quote_ident", |call, args| one(call, args, quote_ident)),
    ("quote_literal", |call, args| one(call, args, quote_literal)),
    ("quote_nullable", quote_nullable),
    ("quote_literal(anyelement)", quote_any),
    ("quote_nullable(anyelement)", quote_any),
    ("text_format", format),
    ("text_format_nv", format),
    ("parse_ident", parse_ident),
];

/// Key words that are not unreserved: as identifiers they are quoted.
#[rustfmt::skip]
const RESERVED: &[&str] = &[
    "all", "analyse", "analyze", "and", "any", "array", "as", "asc", "asymmetric", "authorization", "between",
    "bigint", "binary", "bit", "boolean", "both", "case", "cast", "char", "character", "check", "coalesce", "collate",
    "collation", "column", "concurrently", "constraint", "create", "cross", "current_catalog", "current_date",
    "current_role", "current_schema", "current_time", "current_timestamp", "current_user", "dec", "decimal",
    "default", "deferrable", "desc", "distinct", "do", "else", "end", "except", "exists", "extract", "false", "fetch",
    "float", "for", "foreign", "freeze", "from", "full", "grant", "greatest", "group", "grouping", "having", "ilike",
    "in", "initially", "inner", "inout", "int", "integer", "intersect", "interval", "into", "is", "isnull", "join",
    "lateral", "leading", "least", "left", "like", "limit", "localtime", "localtimestamp", "national", "natural",
    "nchar", "none", "normalize", "not", "notnull", "null", "nullif", "numeric", "offset", "on", "only", "or",
    "order", "out", "outer", "overlaps", "overlay", "placing", "position", "precision", "primary", "real",
    "references", "returning", "right", "row", "select", "session_user", "setof", "similar", "smallint", "some",
    "substring", "symmetric", "table", "tablesample", "then", "time", "timestamp", "to", "trailing", "treat", "trim",
    "true", "union", "unique", "user", "using", "values", "varchar", "variadic", "verbose", "when", "where", "window",
    "with", "xmlattributes", "xmlconcat", "xmlelement", "xmlexists", "xmlforest", "xmlnamespaces", "xmlparse",
    "xmlpi", "xmlroot", "xmlserialize", "xmltable",
];

fn one(call: &Call<'_>, args: &[Datum], function: fn(&str) -> String) -> Result<Datum> {
    match args {
        [Datum::Text(text)] => Ok(Datum::text(function(text))),
        _ => Err(wrong(call, args)),
    }
}

/// An identifier as it must be written: quoted unless it is plain and no key word.
pub fn quote_ident(name: &str) -> String {
    let mut bytes = name.bytes();
    let plain = bytes.next().is_some_and(|b| b.is_ascii_lowercase() || b == b'_')
        && bytes.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        && RESERVED.binary_search(&name).is_err();
    if plain { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}

/// A string literal: with backslashes in the escape form.
pub fn quote_literal(text: &str) -> String {
    let prefix = if text.contains('\\') { "E" } else { "" };
    format!("{prefix}'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}

fn quote_nullable(call: &Call<'_>, args: &[Datum]) -> Result<Datum> {
    match args {
        [Datum::Null] => Ok(Datum::text("NULL")),
        [Datum::Text(text)] => Ok(Datum::text(quote_literal(text))),
        _ => Err(wrong(call, args)),
    }
}

fn quote_any(call: &Call<'_>, args: &[Datum]) -> Result<Datum> {
    match (args, call.args) {
        ([Datum::Null], _) => Ok(Datum::text("NULL")),
        ([value], [ty]) => Ok(Datum::text(quote_literal(&io::output(call.env, *ty, value)?))),
        _ => Err(wrong(call, args)),
    }
}

fn invalid(message: impl Into<String>) -> Error {
    Error::new(SqlState::INVALID_PARAMETER_VALUE, message)
}

fn unterminated() -> Error {
    invalid("unterminated format() type specifier").hint("For a single \"%\" use \"%%\".")
}

/// The decimal number at the start of `rest`, if any.
fn number(rest: &mut &str) -> Result<Option<i32>> {
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    if digits == 0 {
        return Ok(None);
    }
    let (text, after) = rest.split_at(digits);
    *rest = after;
    if after.is_empty() {
        return Err(unterminated());
    }
    text.parse().map(Some).map_err(|_| Error::new(SqlState::NUMERIC_VALUE_OUT_OF_RANGE, "number is out of range"))
}

/// `format(text, ...)`
fn format(call: &Call<'_>, args: &[Datum]) -> Result<Datum> {
    let Some(Datum::Text(pattern)) = args.first() else { return Ok(Datum::Null) };
    let too_few = || invalid("too few arguments for format()");
    let at = |index: usize| -> Result<(&Datum, PgType)> {
        let value = args.get(index).ok_or_else(too_few)?;
        Ok((value, call.args.get(index).copied().unwrap_or(PgType::TEXT)))
    };
    let mut out = String::new();
    let mut used = 0_usize;
    let mut rest: &str = pattern;
    while let Some(percent) = rest.find('%') {
        out.push_str(&rest[..percent]);
        rest = &rest[percent + 1..];
        if rest.is_empty() {
            return Err(unterminated());
        }
        if let Some(after) = rest.strip_prefix('%') {
            out.push('%');
            rest = after;
            continue;
        }
        // [position$][-][width | * | *position$]type
        let zero = || invalid("format specifies argument 0, but arguments are numbered from 1");
        let mut position: Option<i32> = None;
        let mut width: Option<i32> = None;
        let mut width_from: Option<Option<i32>> = None;
        let mut left = false;
        let leading = number(&mut rest)?;
        if let (Some(value), true) = (leading, rest.starts_with('$')) {
            if value == 0 {
                return Err(zero());
            }
            position = Some(value);
            rest = &rest[1..];
        } else {
            width = leading;
        }
        if width.is_none() {
            if rest.is_empty() {
                return Err(unterminated());
            }
            while let Some(after) = rest.strip_prefix('-') {
                left = true;
                rest = after;
                if rest.is_empty() {
                    return Err(unterminated());
                }
            }
            if let Some(after) = rest.strip_prefix('*') {
                rest = after;
                if rest.is_empty() {
                    return Err(unterminated());
                }
                let place = number(&mut rest)?;
                if let Some(place) = place {
                    if place == 0 {
                        return Err(zero());
                    }
                    rest = rest
                        .strip_prefix('$')
                        .ok_or_else(|| invalid("width argument position must be ended by \"$\""))?;
                    if rest.is_empty() {
                        return Err(unterminated());
                    }
                }
                width_from = Some(place);
            } else {
                width = number(&mut rest)?;
            }
        }
        if let Some(place) = width_from {
            let index = match place {
                Some(place) => place as usize,
                None => used + 1,
            };
            used = index;
            let (value, ty) = at(index)?;
            let value = match value {
                Datum::Null => 0,
                value if matches!(ty, PgType::INT2 | PgType::INT4) => value.as_i64().unwrap_or(0),
                value => i64::from(match io::input(call.env, PgType::INT4, -1, &io::output(call.env, ty, value)?)? {
                    Datum::Int4(value) => value,
                    _ => 0,
                }),
            };
            let value = i32::try_from(value).map_err(|_| super::macros::out_of_range("integer"))?;
            if value < 0 {
                left = true;
            }
            width = Some(value.checked_abs().ok_or_else(|| super::macros::out_of_range("integer"))?);
        }
        let kind = rest.chars().next().ok_or_else(unterminated)?;
        rest = &rest[kind.len_utf8()..];
        let index = position.map_or(used + 1, |position| position as usize);
        if !matches!(kind, 's' | 'I' | 'L') {
            return Err(invalid(format!("unrecognized format() type specifier \"{kind}\""))
                .hint("For a single \"%\" use \"%%\"."));
        }
        let (value, ty) = at(index)?;
        used = index;
        let text = match (value, kind) {
            (Datum::Null, 's') => String::new(),
            (Datum::Null, 'L') => "NULL".to_owned(),
            (Datum::Null, _) => {
                return Err(Error::new(
                    SqlState::NULL_VALUE_NOT_ALLOWED,
                    "null values cannot be formatted as an SQL identifier",
                ));
            }
            (value, kind) => {
                let text = io::output(call.env, ty, value)?;
                match kind {
                    'I' => quote_ident(&text),
                    'L' => quote_literal(&text),
                    _ => text,
                }
            }
        };
        let missing = (width.unwrap_or(0) as usize).saturating_sub(text.chars().count());
        if missing > super::text::LONGEST {
            return Err(super::text::too_long());
        }
        let padding = " ".repeat(missing);
        if left {
            out.push_str(&text);
            out.push_str(&padding);
        } else {
            out.push_str(&padding);
            out.push_str(&text);
        }
    }
    out.push_str(rest);
    Ok(Datum::text(out))
}

/// `parse_ident(text, strict)`: the parts of a qualified name.
fn parse_ident(call: &Call<'_>, args: &[Datum]) -> Result<Datum> {
    let [Datum::Text(whole), Datum::Bool(strict)] = args else { return Err(wrong(call, args)) };
    let bad = || invalid(format!("string is not a valid identifier: \"{whole}\""));
    let space = super::is_space;
    let mut parts = Vec::new();
    let mut rest = whole.trim_start_matches(space);
    let mut after_dot = false;
    loop {
        if let Some(quoted) = rest.strip_prefix('"') {
            let mut part = String::new();
            let mut tail = quoted;
            loop {
                let end = tail.find('"').ok_or_else(|| bad().detail("String has unclosed double quotes."))?;
                part.push_str(&tail[..end]);
                tail = &tail[end + 1..];
                match tail.strip_prefix('"') {
                    Some(after) => {
                        part.push('"');
                        tail = after;
                    }
                    None => break,
                }
            }
            if part.is_empty() {
                return Err(bad().detail("Quoted identifier must not be empty."));
            }
            rest = tail;
            parts.push(Datum::text(part));
        } else if rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_' || !c.is_ascii()) {
            let end = rest
                .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '$' || !c.is_ascii()))
                .unwrap_or(rest.len());
            // Folded as the parser does: ASCII only.
            parts.push(Datum::text(rest[..end].to_ascii_lowercase()));
            rest = &rest[end..];
        } else if rest.starts_with('.') {
            return Err(bad().detail("No valid identifier before \".\"."));
        } else if after_dot {
            return Err(bad().detail("No valid identifier after \".\"."));
        } else {
            return Err(bad());
        }
        rest = rest.trim_start_matches(space);
        match rest.strip_prefix('.') {
            Some(after) => {
                after_dot = true;
                rest = after.trim_start_matches(space);
            }
            None if rest.is_empty() || !*strict => break,
            None => return Err(bad()),
        }
    }
    Ok(Datum::Array(ArrayValue::vector(PgType::TEXT, parts).into()))
}

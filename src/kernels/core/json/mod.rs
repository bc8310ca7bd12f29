//! json and jsonb: input, output, order, operators and functions.

mod build;
mod functions;
mod value;

use std::cmp::Ordering;

use self::value::{Escapes, Value};
use crate::error::{Error, Result, SqlState};
use crate::kernels::{Aggregate, Env, SetReturning};
use crate::types::{Datum, PgType};

pub(super) use self::build::{AGGREGATES as BUILD_AGGREGATES, SCALARS as BUILD};
pub(super) use self::functions::{SCALARS, SET_RETURNING as FUNCTIONS_SET};

pub(super) const SET_RETURNING: &[(&str, SetReturning)] = FUNCTIONS_SET;
pub(super) const AGGREGATES: &[(&str, Aggregate)] = BUILD_AGGREGATES;

/// Text input of json (kept as written) and jsonb (canonical text).
pub fn input(_env: &Env, ty: PgType, _typmod: i32, text: &str) -> Result<Datum> {
    match ty {
        PgType::JSON => {
            value::parse(text, Escapes::Kept)?;
            Ok(Datum::text(text))
        }
        PgType::JSONB => jsonb(text),
        _ => Err(Error::unsupported(format!("input of {}", ty.name()))),
    }
}

/// A JSON text in jsonb's canonical form.
fn jsonb(text: &str) -> Result<Datum> {
    let mut node = value::parse(text, Escapes::Checked)?;
    node.value.canonical()?;
    Ok(Datum::text(node.value.print()))
}

fn text_of(ty: PgType, value: &Datum) -> Result<&str> {
    value.as_str().ok_or_else(|| Error::internal(format!("not a value of {}", ty.name())))
}

/// Text output.
pub fn output(_env: &Env, ty: PgType, value: &Datum) -> Result<String> {
    text_of(ty, value).map(str::to_owned)
}

/// Binary output (jsonb: version byte 1 first).
pub fn send(_env: &Env, ty: PgType, value: &Datum) -> Result<Vec<u8>> {
    let text = text_of(ty, value)?;
    let version: &[u8] = if ty == PgType::JSONB { &[1] } else { &[] };
    Ok([version, text.as_bytes()].concat())
}

/// Binary input.
pub fn receive(env: &Env, ty: PgType, typmod: i32, bytes: &[u8]) -> Result<Datum> {
    let bytes = if ty == PgType::JSONB {
        match bytes.split_first() {
            Some((1, rest)) => rest,
            first => {
                let version = first.map_or(0, |(version, _)| *version);
                return Err(Error::new(
                    SqlState::INTERNAL_ERROR,
                    format!("unsupported jsonb version number {version}"),
                ));
            }
        }
    } else {
        bytes
    };
    let text = std::str::from_utf8(bytes).map_err(|_| {
        Error::new(SqlState::CHARACTER_NOT_IN_REPERTOIRE, "invalid byte sequence for encoding \"UTF8\"")
    })?;
    input(env, ty, typmod, text)
}

/// json types have no typmod: the value as it is.
pub fn apply_typmod(env: &Env, ty: PgType, typmod: i32, value: Datum, explicit: bool) -> Result<Datum> {
    let _ = (env, ty, typmod, explicit);
    Ok(value)
}

/// jsonb's btree order.
pub fn compare(left: &Datum, right: &Datum) -> Result<Ordering> {
    let parsed = |value: &Datum| Ok::<_, Error>(value::parse(text_of(PgType::JSONB, value)?, Escapes::Checked)?.value);
    let (left, right) = (parsed(left)?, parsed(right)?);
    // Historical: an empty array at the top is less than everything.
    let empty = |value: &Value| matches!(value, Value::Array(items) if items.is_empty());
    match (empty(&left), empty(&right)) {
        (true, true) => Ok(Ordering::Equal),
        (true, false) => Ok(Ordering::Less),
        (false, true) => Ok(Ordering::Greater),
        (false, false) => value::compare(&left, &right),
    }
}

/// Bytes whose order is [`compare`]'s; must be prefix-free (no key is a proper prefix of another) so that it can stand inside an array's key.
pub fn sort_key(value: &Datum) -> Result<Vec<u8>> {
    let parsed = value::parse(text_of(PgType::JSONB, value)?, Escapes::Checked)?.value;
    let mut key = Vec::new();
    if matches!(&parsed, Value::Array(items) if items.is_empty()) {
        key.push(0);
    } else {
        write_key(&parsed, &mut key)?;
    }
    Ok(key)
}

fn write_text(text: &str, key: &mut Vec<u8>) {
    // Ends with a zero byte; none occurs in a text.
    key.extend_from_slice(text.as_bytes());
    key.push(0);
}

fn write_key(value: &Value, key: &mut Vec<u8>) -> Result<()> {
    match value {
        Value::Null => key.push(1),
        Value::String(text) => {
            key.push(2);
            write_text(text, key);
        }
        Value::Number(text) => {
            key.push(3);
            let number = Datum::Numeric(value::number(text)?);
            crate::kernels::compare::write_key(PgType::NUMERIC, &number, key)?;
        }
        Value::Bool(value) => key.extend([4, u8::from(*value)]),
        Value::Array(items) => {
            key.push(5);
            key.extend((items.len() as u32).to_be_bytes());
            for item in items {
                write_key(&item.value, key)?;
            }
        }
        Value::Object(fields) => {
            key.push(6);
            key.extend((fields.len() as u32).to_be_bytes());
            for (name, item) in fields {
                write_text(name, key);
                write_key(&item.value, key)?;
            }
        }
    }
    Ok(())
}

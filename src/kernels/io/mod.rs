//! Type input and output functions: text and binary, and typmod coercion. This file only dispatches.

pub mod array;
mod bytes;
mod number;
mod record;
mod text;

pub use self::bytes::{bytea_escape, bytea_hex, parse_bytea, parse_hex, parse_uuid, print_uuid};
pub use self::number::{out_of_range, parse_int, parse_oid, parse_tid, parse_xid8, print_point, type_label};
pub use self::record::{type_of, unpack as unpack_record};
pub use self::text::{char_from_byte, pad, truncate_name};

use crate::error::{Error, Result, SqlState};
use crate::kernels::core::{datetime, float_text, json, numeric};
use crate::kernels::{Env, spatial};
use crate::types::{Datum, PgType};

/// The type's input function (`int4in`, `geometry_in` ...), with typmod (length and precision checks as the *input function* does them).
pub fn input(env: &Env, ty: PgType, typmod: i32, text: &str) -> Result<Datum> {
    Ok(match ty {
        PgType::BOOL => Datum::Bool(number::parse_bool(text)?),
        PgType::INT2 => Datum::Int2(number::parse_int(text, ty)? as i16),
        PgType::INT4 => Datum::Int4(number::parse_int(text, ty)? as i32),
        PgType::INT8 => Datum::Int8(number::parse_int(text, ty)?),
        PgType::FLOAT4 => Datum::Float4(float_text::parse_f32(text)?),
        PgType::FLOAT8 => Datum::Float8(float_text::parse_f64(text)?),
        PgType::NUMERIC => Datum::Numeric(numeric::apply_typmod(numeric::parse(text)?, typmod)?),
        PgType::OID => Datum::Oid(number::parse_oid(text)?),
        PgType::XID | PgType::CID => Datum::Oid(number::parse_xid(text)),
        ty if ty.is_oid_like() => Datum::Oid(env.catalog.reg_in(ty, text)?),
        PgType::BYTEA => Datum::bytea(bytes::parse_bytea(text)?),
        PgType::UUID => Datum::Uuid(bytes::parse_uuid(text)?),
        PgType::H3INDEX => Datum::H3(number::parse_h3(text)?),
        PgType::POINT => Datum::text(number::parse_point(text)?),
        PgType::INT2VECTOR | PgType::OIDVECTOR => array::vector_in(ty, text)?,
        PgType::RECORD => return Err(Error::unsupported("input of anonymous composite types")),
        PgType::TID => Datum::text(number::print_tid(number::parse_tid(text)?)),
        PgType::XID8 => Datum::text(number::parse_xid8(text).to_string()),
        PgType::VOID => Datum::Void,
        ty if is_text(ty) => text::input(ty, typmod, text)?,
        ty if is_datetime(ty) => datetime::input(env, ty, typmod, text)?,
        PgType::JSON | PgType::JSONB => json::input(env, ty, typmod, text)?,
        ty if ty.is_spatial() => spatial::io::input(env, ty, typmod, text)?,
        PgType::SPHEROID => spatial::spheroid::input(text)?,
        ty if ty.is_array() => array::input(env, ty, typmod, text)?,
        ty if ty.is_foreign() => Datum::text(text),
        _ => return Err(Error::unsupported(format!("input of type {}", ty.name()))),
    })
}

/// The type's output function. Not called for NULL.
pub fn output(env: &Env, ty: PgType, value: &Datum) -> Result<String> {
    Ok(match value {
        Datum::Bool(value) => if *value { "t" } else { "f" }.to_owned(),
        Datum::Int2(value) => value.to_string(),
        Datum::Int4(value) => value.to_string(),
        Datum::Int8(value) => value.to_string(),
        Datum::Float4(value) => float_text::print_f32(*value, env.formats.extra_float_digits),
        Datum::Float8(value) => float_text::print_f64(*value, env.formats.extra_float_digits),
        Datum::Numeric(value) => numeric::print(value),
        Datum::Oid(value) if matches!(ty, PgType::OID | PgType::XID | PgType::CID) || !ty.is_oid_like() => {
            value.to_string()
        }
        Datum::Oid(value) => env.catalog.reg_out(ty, *value),
        Datum::Text(value) => match ty {
            PgType::JSON | PgType::JSONB => json::output(env, ty, &Datum::Text(value.clone()))?,
            PgType::SPHEROID => spatial::spheroid::output(value),
            _ => value.to_string(),
        },
        Datum::Bytea(value) => bytes::print_bytea(env, value),
        Datum::Uuid(value) => bytes::print_uuid(value),
        Datum::H3(value) => format!("{value:x}"),
        Datum::Array(value) if matches!(ty, PgType::INT2VECTOR | PgType::OIDVECTOR) => array::vector_out(value)?,
        Datum::Array(value) => array::output(env, value)?,
        Datum::Record(fields) => record::output(env, fields)?,
        Datum::Date(_)
        | Datum::Time(_)
        | Datum::Timetz(..)
        | Datum::Timestamp(_)
        | Datum::Timestamptz(_)
        | Datum::Interval(_) => datetime::output(env, ty, value)?,
        Datum::Geometry(_) | Datum::Box2d(_) | Datum::Box3d(..) => spatial::io::output(env, ty, value)?,
        Datum::Void => String::new(),
        Datum::Null => return Err(Error::internal("output of NULL")),
    })
}

/// The type's binary send function (wire format 1).
pub fn send(env: &Env, ty: PgType, value: &Datum) -> Result<Vec<u8>> {
    let sendable = is_text(ty) || matches!(ty, PgType::JSON | PgType::JSONB | PgType::TID | PgType::XID8 | PgType::XML);
    if matches!(value, Datum::Text(_)) && !sendable {
        return Err(if ty == PgType::ACLITEM {
            Error::new(SqlState::UNDEFINED_FUNCTION, "no binary output function available for type aclitem")
        } else if ty.is_foreign() {
            Error::unsupported("binary output of a type of an attached source")
        } else {
            Error::unsupported(format!("binary output of type {}", ty.name()))
        });
    }
    encode(env, ty, value)
}

/// As [`send`], and the bytes of the text form for types without a binary form here: the storage of array elements and fields.
pub fn encode(env: &Env, ty: PgType, value: &Datum) -> Result<Vec<u8>> {
    Ok(match value {
        Datum::Bool(value) => vec![u8::from(*value)],
        Datum::Int2(value) => value.to_be_bytes().to_vec(),
        Datum::Int4(value) => value.to_be_bytes().to_vec(),
        Datum::Int8(value) => value.to_be_bytes().to_vec(),
        Datum::Float4(value) => value.to_be_bytes().to_vec(),
        Datum::Float8(value) => value.to_be_bytes().to_vec(),
        Datum::Numeric(value) => numeric::encode(value),
        Datum::Oid(value) => value.to_be_bytes().to_vec(),
        Datum::Text(_) if matches!(ty, PgType::JSON | PgType::JSONB) => json::send(env, ty, value)?,
        Datum::Text(value) if ty == PgType::TID => {
            let (block, offset) = number::parse_tid(value)?;
            [&block.to_be_bytes()[..], &offset.to_be_bytes()].concat()
        }
        Datum::Text(value) if ty == PgType::XID8 => number::parse_xid8(value).to_be_bytes().to_vec(),
        Datum::Text(value) if ty == PgType::CHAR => vec![value.as_bytes().first().copied().unwrap_or(0)],
        Datum::Text(value) => value.as_bytes().to_vec(),
        Datum::Bytea(value) => value.to_vec(),
        Datum::Uuid(value) => value.to_vec(),
        Datum::H3(value) => value.to_be_bytes().to_vec(),
        Datum::Array(value) => array::encode(env, value)?,
        Datum::Record(fields) => record::encode(env, fields)?,
        Datum::Date(_)
        | Datum::Time(_)
        | Datum::Timetz(..)
        | Datum::Timestamp(_)
        | Datum::Timestamptz(_)
        | Datum::Interval(_) => datetime::send(env, ty, value)?,
        Datum::Geometry(_) | Datum::Box2d(_) | Datum::Box3d(..) => spatial::io::send(env, ty, value)?,
        Datum::Void => Vec::new(),
        Datum::Null => return Err(Error::internal("binary output of NULL")),
    })
}

/// The type's binary receive function; 22P03 on malformed bytes.
pub fn receive(env: &Env, ty: PgType, typmod: i32, bytes: &[u8]) -> Result<Datum> {
    let known = is_text(ty) || matches!(ty, PgType::JSON | PgType::JSONB | PgType::TID | PgType::XID8) || ty.is_array();
    if !known && crate::types::storage(ty) == arrow::datatypes::DataType::Utf8 && ty != PgType::NUMERIC {
        return Err(if ty == PgType::ACLITEM {
            Error::new(SqlState::UNDEFINED_FUNCTION, "no binary input function available for type aclitem")
        } else {
            Error::unsupported(format!("binary input of type {}", ty.name()))
        });
    }
    decode(env, ty, typmod, bytes)
}

/// The inverse of [`encode`].
pub fn decode(env: &Env, ty: PgType, typmod: i32, bytes: &[u8]) -> Result<Datum> {
    Ok(match ty {
        PgType::BOOL => Datum::Bool(fixed::<1>(bytes)?[0] != 0),
        PgType::INT2 => Datum::Int2(i16::from_be_bytes(fixed(bytes)?)),
        PgType::INT4 => Datum::Int4(i32::from_be_bytes(fixed(bytes)?)),
        PgType::INT8 => Datum::Int8(i64::from_be_bytes(fixed(bytes)?)),
        PgType::FLOAT4 => Datum::Float4(f32::from_be_bytes(fixed(bytes)?)),
        PgType::FLOAT8 => Datum::Float8(f64::from_be_bytes(fixed(bytes)?)),
        PgType::NUMERIC => Datum::Numeric(numeric::apply_typmod(numeric::decode(bytes)?, typmod)?),
        PgType::XID | PgType::CID => Datum::Oid(u32::from_be_bytes(fixed(bytes)?)),
        ty if ty.is_oid_like() => Datum::Oid(u32::from_be_bytes(fixed(bytes)?)),
        PgType::BYTEA => Datum::bytea(bytes),
        PgType::UUID => Datum::Uuid(fixed(bytes)?),
        PgType::H3INDEX => Datum::H3(u64::from_be_bytes(fixed(bytes)?)),
        PgType::CHAR => text::char_from_byte(fixed::<1>(bytes)?[0])?,
        PgType::RECORD => record::decode(env, bytes)?,
        PgType::TID => {
            let [a, b, c, d, e, f] = fixed(bytes)?;
            Datum::text(number::print_tid((u32::from_be_bytes([a, b, c, d]), u16::from_be_bytes([e, f]))))
        }
        PgType::XID8 => Datum::text(u64::from_be_bytes(fixed(bytes)?).to_string()),
        PgType::VOID => Datum::Void,
        ty if is_datetime(ty) => datetime::receive(env, ty, typmod, bytes)?,
        PgType::JSON | PgType::JSONB => json::receive(env, ty, typmod, bytes)?,
        ty if ty.is_spatial() => spatial::io::receive(env, ty, typmod, bytes)?,
        ty if ty.element().is_some() => array::decode(env, ty, typmod, bytes)?,
        ty if is_text(ty) => text::input(ty, typmod, text::utf8(bytes)?)?,
        _ => Datum::text(text::utf8(bytes)?),
    })
}

/// The length coercion function of a type (`varchar(n)`, `numeric(p,s)`, `timestamp(p)`, `geometry(Point,4326)`) as a cast applies it.
pub fn apply_typmod(env: &Env, ty: PgType, typmod: i32, value: Datum, explicit: bool) -> Result<Datum> {
    if typmod == -1 || value.is_null() {
        return Ok(value);
    }
    match (ty, value) {
        (PgType::VARCHAR | PgType::BPCHAR, Datum::Text(value)) => text::apply_typmod(ty, typmod, &value, explicit),
        (PgType::NUMERIC, Datum::Numeric(value)) => Ok(Datum::Numeric(numeric::apply_typmod(value, typmod)?)),
        (ty, value) if is_datetime(ty) => datetime::apply_typmod(env, ty, typmod, value, explicit),
        (ty, value) if ty.is_spatial() => spatial::io::apply_typmod(env, ty, typmod, value, explicit),
        (ty, Datum::Array(value)) => array::apply_typmod(env, ty, typmod, &value, explicit),
        (ty, _) => Err(Error::unsupported(format!("type modifier of type {}", ty.name()))),
    }
}

/// Types whose value is their text as it stands.
fn is_text(ty: PgType) -> bool {
    matches!(
        ty,
        PgType::TEXT
            | PgType::VARCHAR
            | PgType::BPCHAR
            | PgType::NAME
            | PgType::CHAR
            | PgType::UNKNOWN
            | PgType::CSTRING
            | PgType::REFCURSOR
    )
}

fn is_datetime(ty: PgType) -> bool {
    matches!(
        ty,
        PgType::DATE | PgType::TIME | PgType::TIMETZ | PgType::TIMESTAMP | PgType::TIMESTAMPTZ | PgType::INTERVAL
    )
}

/// Exactly N bytes, as a fixed-length receive function reads them.
fn fixed<const N: usize>(bytes: &[u8]) -> Result<[u8; N]> {
    bytes.try_into().map_err(|_| {
        if bytes.len() < N {
            Error::new(SqlState::PROTOCOL_VIOLATION, "insufficient data left in message")
        } else {
            Error::new(SqlState::INVALID_BINARY_REPRESENTATION, "incorrect binary data format")
        }
    })
}

#[cfg(test)]
mod tests;

//! Rows: `record_out`, `record_send`, and their way back from storage.

use crate::error::{Error, Result, SqlState};
use crate::kernels::Env;
use crate::types::{Datum, PgType};

/// The type a value has by itself. A [`Datum`] does not say which text or spatial type it is: text and geometry stand for all.
pub fn type_of(value: &Datum) -> PgType {
    match value {
        Datum::Null | Datum::Text(_) => PgType::TEXT,
        Datum::Bool(_) => PgType::BOOL,
        Datum::Int2(_) => PgType::INT2,
        Datum::Int4(_) => PgType::INT4,
        Datum::Int8(_) => PgType::INT8,
        Datum::Float4(_) => PgType::FLOAT4,
        Datum::Float8(_) => PgType::FLOAT8,
        Datum::Numeric(_) => PgType::NUMERIC,
        Datum::Oid(_) => PgType::OID,
        Datum::Bytea(_) => PgType::BYTEA,
        Datum::Date(_) => PgType::DATE,
        Datum::Time(_) => PgType::TIME,
        Datum::Timetz(..) => PgType::TIMETZ,
        Datum::Timestamp(_) => PgType::TIMESTAMP,
        Datum::Timestamptz(_) => PgType::TIMESTAMPTZ,
        Datum::Interval(_) => PgType::INTERVAL,
        Datum::Uuid(_) => PgType::UUID,
        Datum::H3(_) => PgType::H3INDEX,
        Datum::Array(value) => value.element.array().unwrap_or(PgType::TEXT_ARRAY),
        Datum::Record(_) => PgType::RECORD,
        Datum::Geometry(_) => PgType::GEOMETRY,
        Datum::Box2d(_) => PgType::BOX2D,
        Datum::Box3d(..) => PgType::BOX3D,
        Datum::Void => PgType::VOID,
    }
}

/// `record_out`.
pub(super) fn output(env: &Env, fields: &[Datum]) -> Result<String> {
    let mut text = String::from("(");
    for (index, field) in fields.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        if field.is_null() {
            continue;
        }
        let value = super::output(env, type_of(field), field)?;
        let quote = value.is_empty()
            || value.contains(|c: char| matches!(c, '"' | '\\' | '(' | ')' | ',') || crate::kernels::core::is_space(c));
        if quote {
            text.push('"');
            for c in value.chars() {
                if matches!(c, '"' | '\\') {
                    text.push(c);
                }
                text.push(c);
            }
            text.push('"');
        } else {
            text.push_str(&value);
        }
    }
    text.push(')');
    Ok(text)
}

/// `record_send`.
pub(super) fn encode(env: &Env, fields: &[Datum]) -> Result<Vec<u8>> {
    let mut bytes = (fields.len() as i32).to_be_bytes().to_vec();
    for field in fields {
        let ty = type_of(field);
        bytes.extend(ty.0.to_be_bytes());
        if field.is_null() {
            bytes.extend((-1_i32).to_be_bytes());
        } else {
            let value = super::encode(env, ty, field)?;
            bytes.extend((value.len() as i32).to_be_bytes());
            bytes.extend(value);
        }
    }
    Ok(bytes)
}

/// The fields of a `record_send` form.
pub(super) fn decode(env: &Env, bytes: &[u8]) -> Result<Datum> {
    unpack(env, bytes).map(|fields| Datum::Record(fields.into()))
}

/// As values, each of the type that its field names.
pub fn unpack(env: &Env, bytes: &[u8]) -> Result<Vec<Datum>> {
    let mut reader = super::array::Reader(bytes);
    let count = reader.int4()?;
    let mut fields = Vec::new();
    for _ in 0..count.max(0) {
        let ty = PgType(reader.int4()? as u32);
        fields.push(match reader.item()? {
            None => Datum::Null,
            Some(item) => super::decode(env, ty, -1, item)?,
        });
    }
    if !reader.0.is_empty() {
        return Err(Error::new(SqlState::INVALID_BINARY_REPRESENTATION, "incorrect binary data format"));
    }
    Ok(fields)
}

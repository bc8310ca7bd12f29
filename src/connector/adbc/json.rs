//! Structs, maps and lists of a driver as JSON texts.

use arrow::array::{Array, ArrayRef, AsArray, StringArray, StringBuilder};
use arrow::datatypes::{DataType, Float32Type, Float64Type};
use serde_json::{Map, Value};

use super::convert::{Plan, text};
use crate::error::{Error, Result, SqlState};
use crate::kernels::{Env, columns, io};
use crate::types::{Datum, PgType};

/// Can values of that type be said in JSON?
pub(super) fn says(ty: &DataType) -> bool {
    match ty {
        DataType::Struct(fields) => fields.iter().all(|field| says(field.data_type())),
        DataType::Map(entries, _) => match entries.data_type() {
            DataType::Struct(fields) => match &fields[..] {
                [key, value] => matches!(key.data_type(), DataType::Utf8) && says(value.data_type()),
                _ => false,
            },
            _ => false,
        },
        DataType::List(field) | DataType::LargeList(field) | DataType::FixedSizeList(field, _) => {
            says(field.data_type())
        }
        other => scalar(other).is_some(),
    }
}

/// The type here whose text is a scalar's in JSON.
fn scalar(ty: &DataType) -> Option<PgType> {
    Some(match ty {
        DataType::Boolean => PgType::BOOL,
        DataType::Int8 | DataType::Int16 | DataType::UInt8 | DataType::Int32 | DataType::UInt16 => PgType::INT4,
        DataType::Int64 | DataType::UInt32 => PgType::INT8,
        DataType::UInt64 | DataType::Decimal128(..) => PgType::NUMERIC,
        DataType::Float32 => PgType::FLOAT4,
        DataType::Float64 => PgType::FLOAT8,
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Dictionary(..) => PgType::TEXT,
        DataType::Date32 => PgType::DATE,
        DataType::Time64(_) => PgType::TIME,
        DataType::Timestamp(_, None) => PgType::TIMESTAMP,
        DataType::Timestamp(_, Some(_)) => PgType::TIMESTAMPTZ,
        _ => return None,
    })
}

/// One JSON text per row.
pub(super) fn texts(array: &ArrayRef) -> Result<StringArray> {
    let mut out = StringBuilder::with_capacity(array.len(), array.len() * 16);
    for row in 0..array.len() {
        if array.is_null(row) {
            out.append_null();
        } else {
            out.append_value(value(array, row)?.to_string());
        }
    }
    Ok(out.finish())
}

fn value(array: &ArrayRef, row: usize) -> Result<Value> {
    if array.is_null(row) {
        return Ok(Value::Null);
    }
    let list = |items: &ArrayRef| (0..items.len()).map(|item| value(items, item)).collect::<Result<Vec<_>>>();
    match array.data_type() {
        DataType::Struct(fields) => {
            let mut object = Map::new();
            for (field, column) in fields.iter().zip(array.as_struct().columns()) {
                object.insert(field.name().clone(), value(column, row)?);
            }
            Ok(Value::Object(object))
        }
        DataType::Map(..) => {
            let entries = array.as_map().value(row);
            let keys = text(entries.column(0))?;
            let mut object = Map::new();
            for (n, key) in keys.as_string::<i32>().iter().enumerate() {
                let key = key.ok_or_else(|| Error::internal("a map with a null key"))?;
                object.insert(key.to_owned(), value(entries.column(1), n)?);
            }
            Ok(Value::Object(object))
        }
        DataType::List(_) => Ok(Value::Array(list(&array.as_list::<i32>().value(row))?)),
        DataType::LargeList(_) => Ok(Value::Array(list(&array.as_list::<i64>().value(row))?)),
        DataType::FixedSizeList(..) => Ok(Value::Array(list(&array.as_fixed_size_list().value(row))?)),
        ty => {
            let finite = match ty {
                DataType::Float32 => array.as_primitive::<Float32Type>().value(row).is_finite(),
                DataType::Float64 => array.as_primitive::<Float64Type>().value(row).is_finite(),
                _ => true,
            };
            if !finite {
                return Err(Error::new(SqlState::INVALID_JSON_TEXT, "JSON has no NaN and no infinity"));
            }
            let target = scalar(ty).ok_or_else(|| Error::internal(format!("{ty} has no JSON")))?;
            let plan = Plan::new(ty, target, -1).ok_or_else(|| Error::internal(format!("{ty} is no {target:?}")))?;
            let converted = plan.convert(&array.slice(row, 1))?;
            let datum = columns::datum_at(&converted, 0, target)?;
            if let Datum::Bool(value) = datum {
                return Ok(Value::Bool(value));
            }
            let text = io::output(&Env::default(), target, &datum)?;
            match target {
                PgType::TEXT | PgType::DATE | PgType::TIME => Ok(Value::String(text)),
                // As to_jsonb does it: ISO 8601.
                PgType::TIMESTAMP => Ok(Value::String(text.replacen(' ', "T", 1))),
                PgType::TIMESTAMPTZ => Ok(Value::String(iso_zone(&text.replacen(' ', "T", 1)))),
                _ => text.parse().map(Value::Number).map_err(Error::internal),
            }
        }
    }
}

/// `+00` as `+00:00`.
fn iso_zone(text: &str) -> String {
    match text.as_bytes() {
        [.., b'+' | b'-', _, _] => [text, ":00"].concat(),
        _ => text.to_owned(),
    }
}

//! Arrow's types, and the extension types that drivers mark them with, in ours.

use arrow::datatypes::{DataType, Field, IntervalUnit, TimeUnit};
use serde_json::Value;

use crate::connector::FieldType;
use crate::connector::adbc::says_json;
use crate::dialect::Dialect;
use crate::types::{GeometryTypmod, NumericTypmod, PgType};

const EXTENSION: &str = "ARROW:extension:name";
const METADATA: &str = "ARROW:extension:metadata";

/// The type here of a column whose Arrow field the driver gives. Only a type whose values are all PostgreSQL's is known.
pub(super) fn field_type(field: &Field, dialect: &Dialect, srid: i32) -> FieldType {
    known(field, dialect, srid)
        .map_or_else(|| FieldType::Foreign(foreign_name(field)), |(ty, typmod)| FieldType::Known { ty, typmod })
}

fn known(field: &Field, dialect: &Dialect, srid: i32) -> Option<(PgType, i32)> {
    let metadata = field.metadata().get(METADATA);
    let spatial = |srid| (PgType::GEOMETRY, GeometryTypmod { srid, ..GeometryTypmod::default() }.pack());
    match field.metadata().get(EXTENSION).map(String::as_str) {
        None => plain(field, dialect, srid),
        // What the engine calls it: PostgreSQL's names are ours.
        Some("arrow.opaque") if dialect.text.postgresql => {
            let ty = PgType::by_name(&opaque_name(metadata?)?)?;
            dialect.has_type(ty).then_some((ty, -1))
        }
        Some("arrow.uuid") => Some((PgType::UUID, -1)),
        Some("arrow.json") => Some((PgType::JSONB, -1)),
        Some("geoarrow.wkb" | "ogc.wkb") => {
            let said: Value = serde_json::from_str(metadata.map_or("{}", String::as_str)).ok()?;
            match (said.get("edges").and_then(Value::as_str), said.get("crs")) {
                (Some(edges), _) if edges != "planar" => None,
                (_, None | Some(Value::Null)) => Some(spatial(srid)),
                (_, Some(crs)) => Some(spatial(crs_srid(crs)?)),
            }
        }
        Some(_) => None,
    }
}

fn plain(field: &Field, dialect: &Dialect, srid: i32) -> Option<(PgType, i32)> {
    let ty = match field.data_type() {
        DataType::Boolean => PgType::BOOL,
        DataType::Int8 | DataType::Int16 | DataType::UInt8 => PgType::INT2,
        DataType::Int32 | DataType::UInt16 => PgType::INT4,
        DataType::Int64 | DataType::UInt32 => PgType::INT8,
        DataType::UInt64 => PgType::NUMERIC,
        DataType::Float32 => PgType::FLOAT4,
        DataType::Float64 => PgType::FLOAT8,
        DataType::Decimal128(precision, scale) | DataType::Decimal256(precision, scale) if *scale >= 0 => {
            let typmod = NumericTypmod { precision: u16::from(*precision), scale: i16::from(*scale) };
            return Some((PgType::NUMERIC, typmod.pack()));
        }
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => PgType::TEXT,
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => PgType::BYTEA,
        DataType::Date32 => PgType::DATE,
        DataType::Time32(_) | DataType::Time64(TimeUnit::Microsecond) => PgType::TIME,
        DataType::Timestamp(TimeUnit::Nanosecond, _) => return None,
        DataType::Timestamp(_, None) => PgType::TIMESTAMP,
        DataType::Timestamp(_, Some(_)) => PgType::TIMESTAMPTZ,
        // Arrow counts its time in nanoseconds, which do not hold every interval: the text is asked for.
        DataType::Interval(IntervalUnit::MonthDayNano) if dialect.text.postgresql => PgType::INTERVAL,
        DataType::List(element) | DataType::LargeList(element) | DataType::FixedSizeList(element, _) => {
            let (ty, typmod) = known(element, dialect, srid)?;
            // Lists in lists are one array of more dimensions.
            return Some((if ty.is_array() { ty } else { ty.array()? }, typmod));
        }
        DataType::Struct(_) | DataType::Map(..) if !dialect.text.postgresql && says_json(field.data_type()) => {
            PgType::JSONB
        }
        _ => return None,
    };
    Some((ty, -1))
}

/// `EPSG:4326`, the names for longitude and latitude, or PROJJSON with its id.
fn crs_srid(crs: &Value) -> Option<i32> {
    let (authority, code) = match crs {
        Value::String(text) => {
            let (authority, code) = text.split_once(':')?;
            (authority.to_owned(), code.to_owned())
        }
        crs => {
            let id = crs.get("id")?;
            let code = id.get("code")?;
            (id.get("authority")?.as_str()?.to_owned(), code.as_str().map_or_else(|| code.to_string(), str::to_owned))
        }
    };
    match (authority.as_str(), code.as_str()) {
        ("OGC", "CRS84") => Some(4326),
        ("EPSG", code) => code.parse().ok(),
        _ => None,
    }
}

fn opaque_name(metadata: &str) -> Option<String> {
    let said: Value = serde_json::from_str(metadata).ok()?;
    said.get("type_name")?.as_str().map(str::to_owned)
}

/// The driver's name of a type that is not known here.
fn foreign_name(field: &Field) -> String {
    let metadata = field.metadata().get(METADATA).map(String::as_str);
    let name = match field.metadata().get(EXTENSION).map(String::as_str) {
        Some("arrow.opaque") => metadata.and_then(opaque_name),
        Some(other) => Some(other.to_owned()),
        None => None,
    };
    name.unwrap_or_else(|| field.data_type().to_string().to_lowercase())
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn marked(ty: DataType, name: &str, metadata: &str) -> Field {
        let pairs = [(EXTENSION, name), (METADATA, metadata)];
        let pairs: HashMap<String, String> =
            pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        Field::new("c", ty, true).with_metadata(pairs)
    }

    #[test]
    fn types_of_arrow() {
        let dialect = Dialect::postgis().expect("a dialect");
        let of = |field: &Field| field_type(field, dialect, 0);
        let known = |ty, typmod| FieldType::Known { ty, typmod };
        let opaque = |name: &str| {
            let metadata = format!(r#"{{"type_name":"{name}","vendor_name":"PostgreSQL"}}"#);
            marked(DataType::Binary, "arrow.opaque", &metadata)
        };
        let list = |field: Field| Field::new("c", DataType::List(field.into()), true);
        for (field, expected) in [
            (Field::new("c", DataType::Int32, true), known(PgType::INT4, -1)),
            (Field::new("c", DataType::Decimal128(10, 2), true), {
                known(PgType::NUMERIC, NumericTypmod { precision: 10, scale: 2 }.pack())
            }),
            (opaque("geometry"), known(PgType::GEOMETRY, -1)),
            (opaque("numeric"), known(PgType::NUMERIC, -1)),
            (list(opaque("numeric")), known(PgType::NUMERIC.array().expect("numeric[]"), -1)),
            (opaque("regclass"), FieldType::Foreign("regclass".to_owned())),
            (opaque("unnamed<oid:3904>"), FieldType::Foreign("unnamed<oid:3904>".to_owned())),
            (marked(DataType::Binary, "geoarrow.wkb", r#"{"crs":{"id":{"authority":"EPSG","code":3857}}}"#), {
                known(PgType::GEOMETRY, GeometryTypmod { srid: 3857, ..GeometryTypmod::default() }.pack())
            }),
            (
                marked(DataType::Binary, "geoarrow.wkb", r#"{"edges":"spherical"}"#),
                FieldType::Foreign("geoarrow.wkb".to_owned()),
            ),
            (
                Field::new("c", DataType::Timestamp(TimeUnit::Nanosecond, None), true),
                FieldType::Foreign("timestamp(ns)".to_owned()),
            ),
        ] {
            assert_eq!(of(&field), expected, "{field}");
        }
    }
}

//! The one table from PostgreSQL types to Arrow storage.
//!
//! Where Arrow's meaning and PostgreSQL's differ, PostgreSQL's wins: the storage carries PostgreSQL's bytes.
//! - geometry, geography: Binary holding EWKB (what `geometry_send` writes), so a row is written without decoding.
//! - numeric: Utf8 in PostgreSQL's text form (any precision, NaN, infinity).
//! - timestamps, date, time: microseconds/days since 1970 in Arrow (the sentinels i64/i32::MIN/MAX stay as they are).
//! - arrays of any shape: Binary in PostgreSQL's binary form (`array_send`), records likewise (`record_send`).

use std::collections::HashMap;

use arrow::datatypes::{DataType, Field, IntervalUnit, TimeUnit};

use super::PgType;

/// Field metadata: the extension name (`pg.geometry`, `pg.numeric` ...).
pub const EXTENSION_KEY: &str = "ARROW:extension:name";
/// Field metadata: the PostgreSQL type's oid in decimal.
pub const PG_OID_KEY: &str = "pg.oid";
/// Field metadata: the typmod in decimal; absent for -1.
pub const PG_TYPMOD_KEY: &str = "pg.typmod";

/// The Arrow storage of a type.
pub fn storage(ty: PgType) -> DataType {
    match ty {
        PgType::BOOL => DataType::Boolean,
        PgType::INT2 => DataType::Int16,
        PgType::INT4 => DataType::Int32,
        PgType::INT8 => DataType::Int64,
        PgType::FLOAT4 => DataType::Float32,
        PgType::FLOAT8 => DataType::Float64,
        PgType::DATE => DataType::Date32,
        PgType::TIME => DataType::Time64(TimeUnit::Microsecond),
        PgType::TIMESTAMP => DataType::Timestamp(TimeUnit::Microsecond, None),
        PgType::TIMESTAMPTZ => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        PgType::TIMETZ => DataType::FixedSizeBinary(12),
        PgType::INTERVAL => DataType::Interval(IntervalUnit::MonthDayNano),
        PgType::UUID => DataType::FixedSizeBinary(16),
        PgType::H3INDEX => DataType::UInt64,
        PgType::BYTEA | PgType::GEOMETRY | PgType::GEOGRAPHY | PgType::RECORD => DataType::Binary,
        // xmin ymin xmax ymax (box2d); xmin ymin zmin xmax ymax zmax as f64 LE, then the SRID as i32 LE (box3d).
        PgType::BOX2D => DataType::FixedSizeBinary(32),
        PgType::BOX3D => DataType::FixedSizeBinary(52),
        PgType::INT2VECTOR | PgType::OIDVECTOR => DataType::Binary,
        PgType::XID | PgType::CID => DataType::UInt32,
        ty if ty.is_oid_like() => DataType::UInt32,
        ty if ty.is_array() => DataType::Binary,
        // text family, name, "char", json, jsonb, numeric, unknown, ranges, tid, foreign types
        _ => DataType::Utf8,
    }
}

/// A nullable field of that type, with its tags.
pub fn field(name: impl Into<String>, ty: PgType, typmod: i32) -> Field {
    let mut metadata = HashMap::from([
        (EXTENSION_KEY.to_owned(), format!("pg.{}", ty.name())),
        (PG_OID_KEY.to_owned(), ty.0.to_string()),
    ]);
    if typmod != -1 {
        metadata.insert(PG_TYPMOD_KEY.to_owned(), typmod.to_string());
    }
    Field::new(name, storage(ty), true).with_metadata(metadata)
}

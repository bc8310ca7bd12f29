//! Snowflake's types in ours.

use crate::connector::FieldType;
use crate::types::{GeometryTypmod, NumericTypmod, PgType};

/// How the options of a server say its columns are to be read.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Reading {
    /// Of GEOMETRY columns: every value of theirs has it. Unknown: each value's own.
    pub(super) srid: Option<i32>,
    /// NUMBER(38,0), which is what INTEGER becomes, as bigint: a value that is larger is an error.
    pub(super) bigint: bool,
}

/// A column as INFORMATION_SCHEMA.COLUMNS tells it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Described<'a> {
    pub(super) data_type: &'a str,
    pub(super) precision: Option<i64>,
    pub(super) scale: Option<i64>,
    pub(super) collated: bool,
}

/// The type here of a column. Only a type whose values, order and equality are PostgreSQL's is known; others are there under their name.
pub(super) fn field_type(column: Described<'_>, reading: &Reading) -> FieldType {
    let known = |ty, typmod| FieldType::Known { ty, typmod };
    match column.data_type {
        "BOOLEAN" => known(PgType::BOOL, -1),
        "NUMBER" | "DECIMAL" | "NUMERIC" => number(column, reading),
        "FLOAT" | "DOUBLE" | "REAL" => known(PgType::FLOAT8, -1),
        "TEXT" | "VARCHAR" if column.collated => FieldType::Foreign("varchar with a collation".to_owned()),
        "TEXT" | "VARCHAR" => known(PgType::TEXT, -1),
        "BINARY" | "VARBINARY" => known(PgType::BYTEA, -1),
        "DATE" => known(PgType::DATE, -1),
        "TIME" => known(PgType::TIME, -1),
        "TIMESTAMP_NTZ" => known(PgType::TIMESTAMP, -1),
        "TIMESTAMP_LTZ" | "TIMESTAMP_TZ" => known(PgType::TIMESTAMPTZ, -1),
        "VARIANT" | "OBJECT" | "ARRAY" => known(PgType::JSONB, -1),
        "GEOGRAPHY" => known(PgType::GEOGRAPHY, GeometryTypmod { srid: 4326, ..GeometryTypmod::default() }.pack()),
        "GEOMETRY" => {
            let typmod = reading.srid.map_or(-1, |srid| GeometryTypmod { srid, ..GeometryTypmod::default() }.pack());
            known(PgType::GEOMETRY, typmod)
        }
        other => FieldType::Foreign(other.to_lowercase()),
    }
}

fn number(column: Described<'_>, reading: &Reading) -> FieldType {
    let (precision, scale) = (column.precision.unwrap_or(38), column.scale.unwrap_or(0));
    let integer = |ty| FieldType::Known { ty, typmod: -1 };
    match (precision, scale) {
        (1..=4, 0) => integer(PgType::INT2),
        (5..=9, 0) => integer(PgType::INT4),
        (10..=18, 0) => integer(PgType::INT8),
        (_, 0) if reading.bigint => integer(PgType::INT8),
        _ => match (u16::try_from(precision), i16::try_from(scale)) {
            (Ok(precision), Ok(scale)) => {
                FieldType::Known { ty: PgType::NUMERIC, typmod: NumericTypmod { precision, scale }.pack() }
            }
            _ => FieldType::Foreign("number".to_owned()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_of_snowflake() {
        let geometry = |srid| GeometryTypmod { srid, ..GeometryTypmod::default() }.pack();
        let numeric = |precision, scale| NumericTypmod { precision, scale }.pack();
        let reading = Reading::default();
        let told = Reading { srid: Some(3857), bigint: true };
        for (data_type, precision, scale, reading, ty, typmod) in [
            ("NUMBER", Some(38), Some(0), &reading, PgType::NUMERIC, numeric(38, 0)),
            ("NUMBER", Some(38), Some(0), &told, PgType::INT8, -1),
            ("NUMBER", Some(10), Some(2), &told, PgType::NUMERIC, numeric(10, 2)),
            ("NUMBER", Some(9), Some(0), &reading, PgType::INT4, -1),
            ("NUMBER", Some(4), Some(0), &reading, PgType::INT2, -1),
            ("NUMBER", Some(18), Some(0), &reading, PgType::INT8, -1),
            ("TIMESTAMP_NTZ", None, None, &reading, PgType::TIMESTAMP, -1),
            ("TIMESTAMP_TZ", None, None, &reading, PgType::TIMESTAMPTZ, -1),
            ("VARIANT", None, None, &reading, PgType::JSONB, -1),
            ("GEOGRAPHY", None, None, &told, PgType::GEOGRAPHY, geometry(4326)),
            ("GEOMETRY", None, None, &told, PgType::GEOMETRY, geometry(3857)),
            ("GEOMETRY", None, None, &reading, PgType::GEOMETRY, -1),
        ] {
            let column = Described { data_type, precision, scale, collated: false };
            assert_eq!(field_type(column, reading), FieldType::Known { ty, typmod }, "{data_type}");
        }
        let collated = Described { data_type: "TEXT", collated: true, ..Described::default() };
        assert_eq!(field_type(collated, &reading), FieldType::Foreign("varchar with a collation".to_owned()));
        let vector = Described { data_type: "VECTOR", ..Described::default() };
        assert_eq!(field_type(vector, &reading), FieldType::Foreign("vector".to_owned()));
    }
}

//! BigQuery's types in ours.

use serde::Deserialize;

use crate::connector::FieldType;
use crate::types::{GeometryTypmod, NumericTypmod, PgType};

/// `TableFieldSchema` of the API.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Field {
    pub name: String,
    #[serde(rename = "type")]
    pub kind: String,
    pub mode: Option<String>,
    pub fields: Vec<Field>,
    pub description: Option<String>,
    pub precision: Option<String>,
    pub scale: Option<String>,
    pub collation: Option<String>,
    pub timestamp_precision: Option<serde_json::Value>,
}

impl Field {
    pub fn is_repeated(&self) -> bool {
        self.mode.as_deref() == Some("REPEATED")
    }

    pub fn is_required(&self) -> bool {
        self.mode.as_deref() == Some("REQUIRED")
    }

    /// The type in one spelling: the API has two for some.
    pub fn ty(&self) -> &str {
        match self.kind.as_str() {
            "INT64" => "INTEGER",
            "FLOAT64" => "FLOAT",
            "BOOL" => "BOOLEAN",
            "STRUCT" => "RECORD",
            "DECIMAL" => "NUMERIC",
            "BIGDECIMAL" => "BIGNUMERIC",
            other => other,
        }
    }

    /// Can values of it be said in JSON?
    fn says_json(&self) -> bool {
        match self.ty() {
            "RECORD" => self.fields.iter().all(Field::says_json),
            other => !matches!(other, "INTERVAL" | "RANGE"),
        }
    }
}

/// The type here of a column. Arrays and structs are jsonb; only a type whose values, order and equality are PostgreSQL's is known.
pub(super) fn field_type(field: &Field, geometry: bool) -> FieldType {
    let known = |ty: PgType, typmod: i32| FieldType::Known { ty, typmod };
    let foreign = |name: &str| FieldType::Foreign(name.to_owned());
    if field.is_repeated() || field.ty() == "RECORD" {
        return if field.says_json() { known(PgType::JSONB, -1) } else { foreign("struct") };
    }
    match field.ty() {
        "BOOLEAN" => known(PgType::BOOL, -1),
        "INTEGER" => known(PgType::INT8, -1),
        "FLOAT" => known(PgType::FLOAT8, -1),
        "NUMERIC" => known(PgType::NUMERIC, numeric(field, 38, 9)),
        "BIGNUMERIC" => known(PgType::NUMERIC, numeric(field, 77, 38)),
        "STRING" if field.collation.as_deref().is_some_and(|name| !name.is_empty()) => {
            foreign("string with a collation")
        }
        "STRING" => known(PgType::TEXT, -1),
        "BYTES" => known(PgType::BYTEA, -1),
        "DATE" => known(PgType::DATE, -1),
        "TIME" => known(PgType::TIME, -1),
        "DATETIME" => known(PgType::TIMESTAMP, -1),
        // Of picoseconds the last digits would go.
        "TIMESTAMP" if field.timestamp_precision.as_ref().is_some_and(|digits| digits.to_string().contains("12")) => {
            foreign("timestamp(12)")
        }
        "TIMESTAMP" => known(PgType::TIMESTAMPTZ, -1),
        "JSON" => known(PgType::JSONB, -1),
        "GEOGRAPHY" if geometry => {
            known(PgType::GEOMETRY, GeometryTypmod { srid: 4326, ..GeometryTypmod::default() }.pack())
        }
        "GEOGRAPHY" => known(PgType::GEOGRAPHY, GeometryTypmod { srid: 4326, ..GeometryTypmod::default() }.pack()),
        "" => foreign("unknown"),
        other => foreign(&other.to_lowercase()),
    }
}

/// Digits that the column's type allows: its values are printed with all those after the point.
fn numeric(field: &Field, precision: u16, scale: i16) -> i32 {
    let number = |text: &Option<String>| text.as_deref().and_then(|text| text.parse::<u16>().ok());
    let typmod = match (number(&field.precision), number(&field.scale)) {
        (Some(precision), scale) => {
            NumericTypmod { precision, scale: scale.and_then(|s| i16::try_from(s).ok()).unwrap_or(0) }
        }
        (None, _) => NumericTypmod { precision, scale },
    };
    typmod.pack()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_of_bigquery() {
        let field =
            |kind: &str, mode: &str| Field { kind: kind.to_owned(), mode: Some(mode.to_owned()), ..Field::default() };
        for (kind, mode, expected) in [
            ("INT64", "NULLABLE", Some(PgType::INT8)),
            ("INTEGER", "REPEATED", Some(PgType::JSONB)),
            ("RECORD", "NULLABLE", Some(PgType::JSONB)),
            ("DATETIME", "NULLABLE", Some(PgType::TIMESTAMP)),
            ("TIMESTAMP", "REQUIRED", Some(PgType::TIMESTAMPTZ)),
            ("GEOGRAPHY", "NULLABLE", Some(PgType::GEOGRAPHY)),
            ("INTERVAL", "NULLABLE", None),
            ("RANGE", "REPEATED", None),
        ] {
            let found = field_type(&field(kind, mode), false);
            match expected {
                Some(ty) => {
                    assert!(matches!(found, FieldType::Known { ty: found, .. } if found == ty), "{kind}: {found:?}")
                }
                None => assert!(matches!(found, FieldType::Foreign(_)), "{kind}: {found:?}"),
            }
        }
        let decimal =
            Field { precision: Some("10".to_owned()), scale: Some("2".to_owned()), ..field("NUMERIC", "NULLABLE") };
        let typmod = NumericTypmod { precision: 10, scale: 2 }.pack();
        assert_eq!(field_type(&decimal, false), FieldType::Known { ty: PgType::NUMERIC, typmod });
    }
}

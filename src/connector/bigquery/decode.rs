//! Rows of JSON into the storage of `types::storage`.

use std::sync::Arc;

use arrow::datatypes::{Schema, SchemaRef};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Map, Number, Value};

use super::types::Field;
use crate::dialect::{Carrier, ResultColumn};
use crate::error::{Error, Result, SqlState};
use crate::kernels::columns::ColumnBuilder;
use crate::kernels::spatial::bounds::Bounds;
use crate::kernels::spatial::geometry::Geometry;
use crate::kernels::spatial::wkb;
use crate::kernels::{Env, io};
use crate::types::{self, Datum, PgType};

/// Microseconds of 2000-01-01 since 1970.
const EPOCH: i64 = 10_957 * 86_400_000_000;

/// A row of the API.
#[derive(Debug, Deserialize)]
pub(super) struct Row {
    #[serde(default)]
    pub f: Vec<Cell>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Cell {
    #[serde(default)]
    pub v: Value,
}

/// How the rows of one result become ours.
pub(super) struct Decoder {
    pub(super) schema: SchemaRef,
    pub(super) columns: Vec<Column>,
}

pub(super) struct Column {
    pub(super) ty: PgType,
    typmod: i32,
    pub(super) how: How,
    pub(super) field: Field,
}

pub(super) enum How {
    Bytes,
    /// Through the type's input function.
    Input,
    Json,
    Moment,
    Text,
    Wkb(i32),
}

impl Decoder {
    /// 0A000 when the result is not what bind expects.
    pub fn new(fields: &[Field], columns: &[ResultColumn]) -> Result<Decoder> {
        if fields.len() != columns.len() {
            return Err(drift(format!("{} columns were expected, and {} came.", columns.len(), fields.len())));
        }
        let plans = fields.iter().zip(columns).map(|(field, column)| {
            let how = how(field, column).ok_or_else(|| {
                drift(format!("Column {} of type {} came as {}.", column.name, column.ty.name(), field.kind))
            })?;
            Ok(Column { ty: column.ty, typmod: column.typmod, how, field: field.clone() })
        });
        let arrow = columns.iter().map(|column| types::field(&column.name, column.ty, column.typmod));
        Ok(Decoder { columns: plans.collect::<Result<_>>()?, schema: Arc::new(Schema::new(arrow.collect::<Vec<_>>())) })
    }

    pub fn rows(&self, rows: Vec<Row>) -> Result<RecordBatch> {
        let count = rows.len();
        let mut builders: Vec<ColumnBuilder> =
            self.columns.iter().map(|column| ColumnBuilder::with_capacity(column.ty, count)).collect();
        for row in rows {
            if row.f.len() != self.columns.len() {
                return Err(drift(format!("A row has {} values.", row.f.len())));
            }
            for ((cell, column), builder) in row.f.into_iter().zip(&self.columns).zip(&mut builders) {
                match cell.v {
                    // An array there is never NULL.
                    Value::Null => builder.append_null(),
                    value => builder.append(&column.datum(value)?)?,
                }
            }
        }
        let arrays = builders.iter_mut().map(ColumnBuilder::finish).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(count));
        RecordBatch::try_new_with_options(Arc::clone(&self.schema), arrays, &options).map_err(Error::internal)
    }
}

fn how(field: &Field, column: &ResultColumn) -> Option<How> {
    let ty = column.ty;
    if matches!(ty, PgType::JSON | PgType::JSONB) {
        return Some(How::Json);
    }
    if field.is_repeated() {
        return None;
    }
    Some(match (field.ty(), ty) {
        ("BOOLEAN", PgType::BOOL) => How::Input,
        ("INTEGER", PgType::INT2 | PgType::INT4 | PgType::INT8 | PgType::NUMERIC | PgType::OID) => How::Input,
        ("INTEGER", PgType::TIMESTAMPTZ) => How::Moment,
        ("FLOAT", PgType::FLOAT8) => How::Input,
        ("NUMERIC" | "BIGNUMERIC", PgType::NUMERIC) => How::Input,
        ("DATE", PgType::DATE) | ("TIME", PgType::TIME) | ("DATETIME", PgType::TIMESTAMP) => How::Input,
        ("STRING", PgType::TEXT | PgType::VARCHAR | PgType::UNKNOWN) => How::Text,
        ("STRING", ty) if ty.is_foreign() => How::Text,
        ("BYTES", PgType::BYTEA) => How::Bytes,
        ("BYTES", ty) if ty.is_spatial() => match column.carrier {
            Carrier::Wkb { srid } => How::Wkb(srid),
            Carrier::Ewkb | Carrier::Native | Carrier::Text => return None,
        },
        // A NULL without a type of its own is an integer there.
        ("INTEGER", PgType::UNKNOWN) => How::Text,
        _ => return None,
    })
}

impl Column {
    pub(super) fn datum(&self, value: Value) -> Result<Datum> {
        if let How::Json = &self.how {
            let field = &self.field;
            let text = match (field.ty(), value) {
                ("JSON", Value::String(text)) if !field.is_repeated() => text,
                (_, value) => json(field, value, field.is_repeated())?.to_string(),
            };
            return io::input(&Env::default(), self.ty, -1, &text);
        }
        let Value::String(text) = value else { return Err(garbled()) };
        match &self.how {
            How::Bytes => Ok(Datum::Bytea(STANDARD.decode(text).map_err(|_| garbled())?.into())),
            How::Input => {
                let text = match self.ty {
                    PgType::TIMESTAMP => text.replacen('T', " ", 1),
                    PgType::NUMERIC => plain_number(text),
                    _ => text,
                };
                io::input(&Env::default(), self.ty, self.typmod, &text)
            }
            How::Moment => {
                let micros: i64 = text.parse().map_err(|_| garbled())?;
                let micros = micros.checked_sub(EPOCH).ok_or_else(garbled)?;
                Ok(Datum::Timestamptz(micros))
            }
            How::Text => {
                if text.contains('\0') {
                    return Err(Error::new(
                        SqlState::CHARACTER_NOT_IN_REPERTOIRE,
                        "invalid byte sequence for encoding \"UTF8\": 0x00",
                    ));
                }
                Ok(Datum::Text(text.into()))
            }
            How::Wkb(srid) => self.geometry(&STANDARD.decode(text).map_err(|_| garbled())?, *srid),
            How::Json => Err(garbled()),
        }
    }

    pub(super) fn geometry(&self, wkb: &[u8], srid: i32) -> Result<Datum> {
        let mut geometry = wkb::decode(wkb)?;
        geometry.srid = srid;
        if self.ty == PgType::GEOGRAPHY && !on_the_globe(&geometry) {
            return Err(garbled());
        }
        Ok(geometry.into_datum())
    }
}

/// A value of a struct, an array or a scalar in them as JSON.
fn json(field: &Field, value: Value, repeated: bool) -> Result<Value> {
    match value {
        Value::Null => Ok(Value::Null),
        Value::Array(items) if repeated => {
            let items = items.into_iter().map(|item| match item {
                Value::Object(mut object) => json(field, object.remove("v").unwrap_or(Value::Null), false),
                _ => Err(garbled()),
            });
            Ok(Value::Array(items.collect::<Result<_>>()?))
        }
        Value::Object(mut object) if field.ty() == "RECORD" && !repeated => {
            let Some(Value::Array(cells)) = object.remove("f") else { return Err(garbled()) };
            if cells.len() != field.fields.len() {
                return Err(garbled());
            }
            let mut out = Map::new();
            for (n, (cell, inner)) in cells.into_iter().zip(&field.fields).enumerate() {
                let Value::Object(mut cell) = cell else { return Err(garbled()) };
                let value = json(inner, cell.remove("v").unwrap_or(Value::Null), inner.is_repeated())?;
                // Fields may lack a name, or have one twice.
                let mut name = if inner.name.is_empty() { format!("f{}", n + 1) } else { inner.name.clone() };
                while out.contains_key(&name) {
                    name = format!("{name}_{}", n + 1);
                }
                out.insert(name, value);
            }
            Ok(Value::Object(out))
        }
        Value::String(text) if !repeated => scalar(field, text),
        _ => Err(garbled()),
    }
}

fn scalar(field: &Field, text: String) -> Result<Value> {
    Ok(match field.ty() {
        "BOOLEAN" => Value::Bool(text == "true"),
        "INTEGER" | "NUMERIC" | "BIGNUMERIC" => {
            let number: Number = serde_json::from_str(&text).map_err(|_| garbled())?;
            Value::Number(number)
        }
        "FLOAT" => {
            let text = shown(PgType::FLOAT8, &text)?;
            match serde_json::from_str(&text) {
                Ok(number) => Value::Number(number),
                // Neither NaN nor an infinity is a number in JSON.
                Err(_) => Value::String(text),
            }
        }
        "JSON" => serde_json::from_str(&text).map_err(|_| garbled())?,
        "DATETIME" => Value::String(shown(PgType::TIMESTAMP, &text.replacen('T', " ", 1))?.replacen(' ', "T", 1)),
        "TIME" => Value::String(shown(PgType::TIME, &text)?),
        "TIMESTAMP" => {
            let micros: i64 = text.parse().map_err(|_| garbled())?;
            let micros = micros.checked_sub(EPOCH).ok_or_else(garbled)?;
            let text = io::output(&Env::default(), PgType::TIMESTAMP, &Datum::Timestamp(micros))?;
            Value::String([&text.replacen(' ', "T", 1), "+00:00"].concat())
        }
        _ => Value::String(text),
    })
}

/// The value as PostgreSQL writes it, whatever digits the API shows.
fn shown(ty: PgType, text: &str) -> Result<String> {
    io::output(&Env::default(), ty, &io::input(&Env::default(), ty, -1, text)?)
}

/// Longitudes and latitudes that PostGIS's geography takes as they are.
fn on_the_globe(geometry: &Geometry) -> bool {
    Bounds::of(geometry).is_none_or(|bounds| {
        let (min, max) = (bounds.min, bounds.max);
        min.x >= -180.0 && max.x <= 180.0 && min.y >= -90.0 && max.y <= 90.0
    })
}

/// `1E+2` is no form of numeric's output there, but of nothing else either.
fn plain_number(text: String) -> String {
    text.strip_prefix('+').map(str::to_owned).unwrap_or(text)
}

pub(super) fn drift(detail: String) -> Error {
    Error::unsupported("a result of another shape than the catalog says")
        .detail(detail)
        .hint("The table may have changed: attach it again.")
}

pub(super) fn garbled() -> Error {
    Error::new(SqlState::FDW_ERROR, "a value from BigQuery has another form than its type's")
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::Array;

    fn field(kind: &str, mode: &str, fields: Vec<Field>) -> Field {
        Field { name: "x".to_owned(), kind: kind.to_owned(), mode: Some(mode.to_owned()), fields, ..Field::default() }
    }

    fn text_of(field: Field, ty: PgType, typmod: i32, value: Value) -> Result<String> {
        let mut column = ResultColumn::new("c", ty, typmod);
        if ty.is_spatial() {
            column.carrier = Carrier::Wkb { srid: 4326 };
        }
        let decoder = Decoder::new(&[field], &[column])?;
        let batch = decoder.rows(vec![Row { f: vec![Cell { v: value }] }])?;
        if batch.column(0).is_null(0) {
            return Ok("null".to_owned());
        }
        let datum = crate::kernels::columns::datum_at(batch.column(0), 0, ty)?;
        io::output(&Env::default(), ty, &datum)
    }

    #[test]
    fn values_keep_what_they_are() {
        let nullable = |kind: &str| field(kind, "NULLABLE", Vec::new());
        let numeric = types::NumericTypmod { precision: 38, scale: 9 }.pack();
        for (kind, ty, typmod, value, expected) in [
            ("INTEGER", PgType::INT8, -1, "-9223372036854775808", "-9223372036854775808"),
            ("INTEGER", PgType::INT4, -1, "7", "7"),
            ("FLOAT", PgType::FLOAT8, -1, "0.1", "0.1"),
            ("FLOAT", PgType::FLOAT8, -1, "NaN", "NaN"),
            ("FLOAT", PgType::FLOAT8, -1, "-inf", "-Infinity"),
            ("NUMERIC", PgType::NUMERIC, numeric, "12.5", "12.500000000"),
            (
                "NUMERIC",
                PgType::NUMERIC,
                -1,
                "99999999999999999999999999999.999999999",
                "99999999999999999999999999999.999999999",
            ),
            ("STRING", PgType::TEXT, -1, "a\"b", "a\"b"),
            ("BYTES", PgType::BYTEA, -1, "AP8=", "\\x00ff"),
            ("DATETIME", PgType::TIMESTAMP, -1, "2020-01-02T03:04:05.678901", "2020-01-02 03:04:05.678901"),
            ("INTEGER", PgType::TIMESTAMPTZ, -1, "1577934245678901", "2020-01-02 03:04:05.678901+00"),
            (
                "BYTES",
                PgType::GEOGRAPHY,
                -1,
                "AQEAAAAAAAAAAADwPwAAAAAAAABA",
                "0101000020E6100000000000000000F03F0000000000000040",
            ),
        ] {
            let found = text_of(nullable(kind), ty, typmod, Value::String(value.to_owned())).expect(value);
            assert_eq!(found, expected);
        }
        assert_eq!(text_of(nullable("STRING"), PgType::TEXT, -1, Value::Null).expect("null"), "null");
        let wide = text_of(nullable("INTEGER"), PgType::INT4, -1, Value::String("5000000000".to_owned()));
        assert_eq!(wide.expect_err("too wide").state(), SqlState::NUMERIC_VALUE_OUT_OF_RANGE);
        assert!(text_of(nullable("STRING"), PgType::INT8, -1, Value::Null).is_err());
    }

    #[test]
    fn structs_and_arrays_are_json() {
        let inner = vec![
            Field { name: "a".to_owned(), ..field("INTEGER", "NULLABLE", Vec::new()) },
            Field { name: "b".to_owned(), ..field("STRING", "REPEATED", Vec::new()) },
        ];
        let value = serde_json::json!([{"v": {"f": [{"v": "9223372036854775807"}, {"v": [{"v": "x"}, {"v": "y"}]}]}}, {"v": {"f": [{"v": null}, {"v": []}]}}]);
        let found = text_of(field("RECORD", "REPEATED", inner), PgType::JSONB, -1, value).expect("json");
        assert_eq!(found, r#"[{"a": 9223372036854775807, "b": ["x", "y"]}, {"a": null, "b": []}]"#);
    }
}

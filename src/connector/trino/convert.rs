//! Pages of JSON into the storage of `types::storage`.
//!
//! The plan of each column is made from the result's types before the first row; a type that cannot be this column's is drift (0A000).

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::{Schema, SchemaRef};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::client::PageColumn;
use crate::connector::adbc::{check_kind, ewkb};
use crate::dialect::{Carrier, ResultColumn};
use crate::error::{Error, Result, SqlState};
use crate::kernels::columns::ColumnBuilder;
use crate::kernels::{Env, io};
use crate::types::{self, ArrayValue, Datum, Geom, GeometryTypmod, PgType};

/// How the pages of one result become ours.
pub(super) struct Converter {
    schema: SchemaRef,
    columns: Vec<Plan>,
    env: Env,
}

struct Plan {
    ty: PgType,
    typmod: i32,
    how: How,
    /// The array that values of this type are elements of.
    array: Option<PgType>,
}

/// How one column's values become ours.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum How {
    Bool,
    Bytes,
    Float4,
    Float8,
    /// WKB; the SRID of values without their own.
    Geometry(i32),
    Integer,
    /// PostgreSQL's text form but for the year.
    Moment,
    /// PostgreSQL's text form, through the type's input function.
    Input,
    Text,
}

impl Converter {
    /// 0A000 when the result is not what bind expects.
    pub fn new(came: &[PageColumn], columns: &[ResultColumn]) -> Result<Converter> {
        if came.len() != columns.len() {
            return Err(drift().detail(format!("{} columns were expected, and {} came.", columns.len(), came.len())));
        }
        let plans = came.iter().zip(columns).map(|(came, column)| {
            let element = element(&came.ty, column);
            let (came_type, wanted) = element.as_ref().map_or((came.ty.as_str(), column), |(ty, column)| (ty, column));
            let how = how(came_type, wanted).ok_or_else(|| {
                drift().detail(format!(
                    "Column \"{}\" was expected as {}, and came as {}.",
                    column.name,
                    types::format_type(column.ty, column.typmod),
                    came.ty
                ))
            })?;
            Ok(Plan { ty: wanted.ty, typmod: wanted.typmod, how, array: element.is_some().then_some(column.ty) })
        });
        let fields = columns.iter().map(|column| types::field(&column.name, column.ty, column.typmod));
        Ok(Converter {
            columns: plans.collect::<Result<_, Error>>()?,
            schema: Arc::new(Schema::new(fields.collect::<Vec<_>>())),
            env: Env::default(),
        })
    }

    /// The rows of one page: arrays of values.
    pub fn convert(&self, data: &Value) -> Result<RecordBatch> {
        let malformed = || Error::new(SqlState::PROTOCOL_VIOLATION, "a page of Trino holds no rows");
        let rows = data.as_array().ok_or_else(malformed)?;
        let mut builders: Vec<ColumnBuilder> = self
            .columns
            .iter()
            .map(|plan| ColumnBuilder::with_capacity(plan.array.unwrap_or(plan.ty), rows.len()))
            .collect();
        for row in rows {
            let row = row.as_array().filter(|row| row.len() == self.columns.len()).ok_or_else(malformed)?;
            for ((value, plan), builder) in row.iter().zip(&self.columns).zip(&mut builders) {
                match value {
                    Value::Null => builder.append_null(),
                    Value::Array(items) if plan.array.is_some() => {
                        let item = |item: &Value| match item {
                            Value::Null => Ok(Datum::Null),
                            item => self.datum(plan, item),
                        };
                        let items = items.iter().map(item).collect::<Result<Vec<_>, Error>>()?;
                        builder.append(&Datum::Array(Arc::new(ArrayValue::vector(plan.ty, items))))?;
                    }
                    value => builder.append(&self.datum(plan, value)?)?,
                }
            }
        }
        let arrays: Vec<ArrayRef> = builders.iter_mut().map(ColumnBuilder::finish).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
        RecordBatch::try_new_with_options(Arc::clone(&self.schema), arrays, &options).map_err(Error::internal)
    }

    fn datum(&self, plan: &Plan, value: &Value) -> Result<Datum> {
        let wrong = || Error::new(SqlState::PROTOCOL_VIOLATION, format!("a value of Trino is no {}", plan.ty.name()));
        let text = || value.as_str().ok_or_else(wrong);
        Ok(match plan.how {
            How::Bool => Datum::Bool(value.as_bool().ok_or_else(wrong)?),
            How::Integer => integer(plan.ty, value.as_i64().ok_or_else(wrong)?)?,
            // Numbers keep their digits; what is not finite comes as text.
            How::Float4 => Datum::Float4(digits(value).ok_or_else(wrong)?.parse().map_err(|_| wrong())?),
            How::Float8 => Datum::Float8(digits(value).ok_or_else(wrong)?.parse().map_err(|_| wrong())?),
            How::Text => {
                let text = text()?;
                if text.contains('\0') {
                    return Err(Error::new(
                        SqlState::CHARACTER_NOT_IN_REPERTOIRE,
                        "invalid byte sequence for encoding \"UTF8\": 0x00",
                    ));
                }
                Datum::text(text)
            }
            How::Input => io::input(&self.env, plan.ty, plan.typmod, text()?)?,
            How::Moment => moment(&self.env, plan.ty, text()?)?,
            How::Bytes => Datum::bytea(&STANDARD.decode(text()?).map_err(|_| wrong())?),
            How::Geometry(srid) => {
                let bytes = STANDARD.decode(text()?).map_err(|_| wrong())?;
                let mut stored = Vec::with_capacity(bytes.len() + 4);
                ewkb(&bytes, srid, &mut stored)?;
                check_kind(&stored, plan.typmod)?;
                Datum::Geometry(Geom(Arc::from(stored)))
            }
        })
    }
}

/// The type there of an array's elements, and what they are here.
fn element(came: &str, column: &ResultColumn) -> Option<(String, ResultColumn)> {
    let inner = came.strip_prefix("array(")?.strip_suffix(')')?;
    let ty = column.ty.array_element()?;
    Some((inner.to_owned(), ResultColumn::new(column.name.clone(), ty, column.typmod)))
}

/// `None` when values of that type of Trino cannot be this column's.
fn how(came: &str, column: &ResultColumn) -> Option<How> {
    let (name, arguments) = match came.split_once('(') {
        Some((name, rest)) => (name.trim_end(), rest),
        None => (came, ""),
    };
    let zoned = arguments.ends_with("with time zone") || name.ends_with("with time zone");
    Some(match (name, column.ty) {
        // NULL and nothing else.
        ("unknown", _) => How::Text,
        ("boolean", PgType::BOOL) => How::Bool,
        ("tinyint" | "smallint" | "integer" | "bigint", PgType::INT2 | PgType::INT4 | PgType::INT8) => How::Integer,
        ("real", PgType::FLOAT4) => How::Float4,
        ("real" | "double", PgType::FLOAT8) => How::Float8,
        ("decimal", PgType::NUMERIC) => How::Input,
        ("varchar", PgType::TEXT | PgType::VARCHAR) => How::Text,
        ("varchar", PgType::JSON | PgType::JSONB) if column.carrier == Carrier::Text => How::Input,
        ("varbinary", PgType::BYTEA) => How::Bytes,
        ("varbinary", PgType::GEOMETRY | PgType::GEOGRAPHY) => {
            let declared = GeometryTypmod::unpack(column.typmod).map_or(0, |typmod| typmod.srid);
            How::Geometry(match column.carrier {
                Carrier::Wkb { srid } => srid,
                _ if column.ty == PgType::GEOGRAPHY && declared == 0 => 4326,
                _ => declared,
            })
        }
        ("uuid", PgType::UUID) => How::Input,
        ("date", PgType::DATE) => How::Moment,
        ("time", PgType::TIME) if !zoned => How::Moment,
        ("timestamp", PgType::TIMESTAMP) if !zoned => How::Moment,
        ("timestamp" | "timestamp with time zone", PgType::TIMESTAMPTZ) if zoned => How::Moment,
        _ => return None,
    })
}

fn integer(ty: PgType, value: i64) -> Result<Datum> {
    let fits = match ty {
        PgType::INT2 => i16::try_from(value).ok().map(Datum::Int2),
        PgType::INT4 => i32::try_from(value).ok().map(Datum::Int4),
        _ => Some(Datum::Int8(value)),
    };
    fits.ok_or_else(|| {
        Error::new(SqlState::NUMERIC_VALUE_OUT_OF_RANGE, format!("{} out of range", types::format_type(ty, -1)))
    })
}

fn digits(value: &Value) -> Option<String> {
    match value {
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) if matches!(text.as_str(), "NaN" | "Infinity" | "-Infinity") => Some(text.clone()),
        _ => None,
    }
}

/// `2020-01-02 03:04:05.678901`, ` UTC` behind it with a zone; years below 1 and above 9999 have a sign.
fn moment(env: &Env, ty: PgType, text: &str) -> Result<Datum> {
    let too_precise =
        || Error::new(SqlState::DATETIME_FIELD_OVERFLOW, "a time of the source is more precise than microseconds");
    let (text, zone) = match text.strip_suffix(" UTC") {
        Some(text) if ty == PgType::TIMESTAMPTZ => (text, "+00"),
        None if ty != PgType::TIMESTAMPTZ => (text, ""),
        // The dialect asks for UTC.
        _ => return Err(Error::internal("a timestamp of Trino came in another zone than UTC")),
    };
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.len() > 6 && fraction.bytes().skip(6).any(|digit| digit != b'0') {
        return Err(too_precise());
    }
    let fraction = &fraction[..fraction.len().min(6)];
    let point = if fraction.is_empty() { "" } else { "." };
    let plain = |whole: &str| io::input(env, ty, -1, &[whole, point, fraction, zone].concat());
    if ty == PgType::TIME {
        return plain(whole);
    }
    let (sign, unsigned) = match whole.as_bytes().first() {
        Some(b'-') => ("-", &whole[1..]),
        Some(b'+') => ("+", &whole[1..]),
        _ => ("", whole),
    };
    let (year, rest) = unsigned.split_once('-').unwrap_or((unsigned, ""));
    let number: i64 = year.parse().map_err(|_| Error::internal("a date of Trino has no year"))?;
    if sign != "-" && number > 0 {
        return plain(unsigned);
    }
    // Year 0 is 1 BC.
    let whole = format!("{:04}-{rest}", number + 1);
    io::input(env, ty, -1, &[&whole, point, fraction, zone, " BC"].concat())
}

fn drift() -> Error {
    Error::new(SqlState::FEATURE_NOT_SUPPORTED, "cached plan must not change result type")
        .hint("Attach the schema again: SELECT graticule.attach(...).")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::columns::datum_at;

    fn column(name: &str, ty: PgType) -> ResultColumn {
        ResultColumn::new(name, ty, -1)
    }

    fn came(ty: &str) -> PageColumn {
        PageColumn { ty: ty.to_owned() }
    }

    /// Values as Trino 476 writes them.
    #[test]
    fn values_of_trino() {
        for (ty, of, value, shown) in [
            ("boolean", PgType::BOOL, "true", "t"),
            ("tinyint", PgType::INT2, "-1", "-1"),
            ("bigint", PgType::INT8, "9223372036854775807", "9223372036854775807"),
            ("real", PgType::FLOAT4, "0.1", "0.1"),
            ("double", PgType::FLOAT8, "\"-Infinity\"", "-Infinity"),
            ("double", PgType::FLOAT8, "1.0E20", "1e+20"),
            ("decimal(38, 5)", PgType::NUMERIC, "\"12345678901234567890.12340\"", "12345678901234567890.12340"),
            ("varchar(3)", PgType::TEXT, "\"a'b\"", "a'b"),
            ("varbinary", PgType::BYTEA, "\"AP8=\"", "\\x00ff"),
            ("date", PgType::DATE, "\"2020-02-29\"", "2020-02-29"),
            ("date", PgType::DATE, "\"-0005-01-01\"", "0006-01-01 BC"),
            ("date", PgType::DATE, "\"0000-12-31\"", "0001-12-31 BC"),
            ("timestamp(6)", PgType::TIMESTAMP, "\"+20200-01-01 00:00:00.100000\"", "20200-01-01 00:00:00.1"),
            ("timestamp(9)", PgType::TIMESTAMP, "\"2020-01-01 00:00:00.123456000\"", "2020-01-01 00:00:00.123456"),
            (
                "timestamp(3) with time zone",
                PgType::TIMESTAMPTZ,
                "\"2020-01-01 05:00:00.000 UTC\"",
                "2020-01-01 05:00:00+00",
            ),
            ("time(6)", PgType::TIME, "\"23:59:59.999999\"", "23:59:59.999999"),
            ("array(integer)", PgType::INT4.array().expect("int4[]"), "[1,null,3]", "{1,NULL,3}"),
            ("array(varchar)", PgType::TEXT.array().expect("text[]"), "[]", "{}"),
            ("array(double)", PgType::FLOAT8.array().expect("float8[]"), "[\"NaN\",0.5]", "{NaN,0.5}"),
            ("uuid", PgType::UUID, "\"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11\"", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
        ] {
            let converter = Converter::new(&[came(ty)], &[column("x", of)]).expect(ty);
            let data: Value = serde_json::from_str(&format!("[[{value}],[null]]")).expect("JSON");
            let batch = converter.convert(&data).unwrap_or_else(|error| panic!("{value}: {error:?}"));
            let datum = datum_at(batch.column(0), 0, of).expect("a value");
            assert_eq!(io::output(&Env::default(), of, &datum).expect("a text"), shown, "{value}");
            assert!(datum_at(batch.column(0), 1, of).expect("NULL").is_null());
        }
    }

    #[test]
    fn what_cannot_be_kept_is_told() {
        for (ty, of, value, state) in [
            ("bigint", PgType::INT4, "2147483648", "22003"),
            ("varchar", PgType::TEXT, "\"a\\u0000b\"", "22021"),
            ("timestamp(9)", PgType::TIMESTAMP, "\"2020-01-01 00:00:00.123456001\"", "22008"),
            ("double", PgType::FLOAT8, "\"x\"", "08P01"),
            ("varbinary", PgType::BYTEA, "\"%\"", "08P01"),
        ] {
            let converter = Converter::new(&[came(ty)], &[column("x", of)]).expect(ty);
            let data: Value = serde_json::from_str(&format!("[[{value}]]")).expect("JSON");
            assert_eq!(converter.convert(&data).expect_err(value).state().code(), state, "{value}");
        }
        for (ty, of) in [("varchar", PgType::INT4), ("timestamp(3)", PgType::TIMESTAMPTZ), ("char(3)", PgType::TEXT)] {
            assert_eq!(
                Converter::new(&[came(ty)], &[column("x", of)]).err().map(|e| e.state().code().to_owned()).as_deref(),
                Some("0A000")
            );
        }
        let converter = Converter::new(&[came("integer")], &[column("x", PgType::INT4)]).expect("one column");
        for data in ["[[1,2]]", "[1]", "{}"] {
            let data: Value = serde_json::from_str(data).expect("JSON");
            assert_eq!(converter.convert(&data).expect_err("no rows").state().code(), "08P01");
        }
    }
}

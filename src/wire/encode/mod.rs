//! Rows from Arrow arrays to DataRow messages: one typed writer a column, chosen once a batch.

mod numeric;
mod text;

use arrow::array::{Array, AsArray, BinaryArray, BooleanArray, FixedSizeBinaryArray, PrimitiveArray, StringArray};
use arrow::datatypes::{
    DataType, Date32Type, Float32Type, Float64Type, Int16Type, Int32Type, Int64Type, IntervalMonthDayNanoType,
    IntervalUnit, Time64MicrosecondType, TimeUnit, TimestampMicrosecondType, UInt32Type,
};
use arrow::record_batch::RecordBatch;

use self::text::{put_bytea_hex, put_date, put_f32, put_f64, put_hex, put_int, put_time, put_timestamp, put_uuid};
use crate::connector::Format;
use crate::error::{Error, Result};
use crate::kernels::columns::datum_at;
use crate::kernels::{ByteaOutput, DateOutput, Env, io};
use crate::session::OutputColumn;
use crate::types::PgType;

/// Days and microseconds from 1970 to 2000.
const EPOCH_DAYS: i32 = 10_957;
const EPOCH_MICROS: i64 = EPOCH_DAYS as i64 * 86_400_000_000;

/// Writes the rows of one result.
pub struct RowEncoder {
    env: Env,
    columns: Vec<(PgType, Format)>,
}

impl RowEncoder {
    /// `formats`: one per column.
    pub fn new(env: Env, columns: &[OutputColumn], formats: &[Format]) -> RowEncoder {
        let format = |at: usize| formats.get(at).copied().unwrap_or(Format::Text);
        let columns = columns.iter().enumerate().map(|(at, column)| (column.ty, format(at))).collect();
        RowEncoder { env, columns }
    }

    /// The batch's columns with their writers. XX000 when the batch does not have the result's shape.
    pub fn batch<'a>(&'a self, batch: &'a RecordBatch) -> Result<BatchEncoder<'a>> {
        if batch.num_columns() != self.columns.len() {
            let message = format!("a batch of {} columns for {}", batch.num_columns(), self.columns.len());
            return Err(Error::internal(message));
        }
        let columns = self.columns.iter().zip(batch.columns());
        let writers = columns.map(|((ty, format), array)| self.writer(*ty, *format, array.as_ref())).collect();
        Ok(BatchEncoder { encoder: self, rows: batch.num_rows(), writers })
    }

    fn writer<'a>(&self, ty: PgType, format: Format, array: &'a dyn Array) -> Column<'a> {
        let values = match format {
            Format::Text => self.text_writer(ty, array),
            Format::Binary => binary_writer(ty, array),
        };
        let values = values.unwrap_or(Values::Other { array, ty, format });
        Column {
            array: (array.null_count() > 0 || matches!(array.data_type(), DataType::Null)).then_some(array),
            values,
        }
    }

    fn text_writer<'a>(&self, ty: PgType, array: &'a dyn Array) -> Option<Values<'a>> {
        let formats = &self.env.formats;
        let iso = formats.date_style.output == DateOutput::Iso;
        Some(match (ty, array.data_type()) {
            (PgType::BOOL, DataType::Boolean) => Values::BoolText(array.as_boolean()),
            (PgType::INT2, DataType::Int16) => Values::Int2Text(array.as_primitive()),
            (PgType::INT4, DataType::Int32) => Values::Int4Text(array.as_primitive()),
            (PgType::INT8, DataType::Int64) => Values::Int8Text(array.as_primitive()),
            (PgType::OID | PgType::XID | PgType::CID, DataType::UInt32) => Values::UInt4Text(array.as_primitive()),
            (PgType::FLOAT4, DataType::Float32) if formats.extra_float_digits > 0 => {
                Values::Float4Text(array.as_primitive())
            }
            (PgType::FLOAT8, DataType::Float64) if formats.extra_float_digits > 0 => {
                Values::Float8Text(array.as_primitive())
            }
            (PgType::GEOMETRY | PgType::GEOGRAPHY, DataType::Binary) => Values::Hex(array.as_binary()),
            (PgType::BYTEA, DataType::Binary) if formats.bytea_output == ByteaOutput::Hex => {
                Values::ByteaHex(array.as_binary())
            }
            (PgType::DATE, DataType::Date32) if iso => Values::DateText(array.as_primitive()),
            (PgType::TIME, DataType::Time64(TimeUnit::Microsecond)) => Values::TimeText(array.as_primitive()),
            (PgType::TIMESTAMP, DataType::Timestamp(TimeUnit::Microsecond, _)) if iso => {
                Values::TimestampText(array.as_primitive(), "")
            }
            (PgType::TIMESTAMPTZ, DataType::Timestamp(TimeUnit::Microsecond, _))
                if iso && is_utc(&formats.time_zone) =>
            {
                Values::TimestampText(array.as_primitive(), "+00")
            }
            (PgType::UUID, DataType::FixedSizeBinary(16)) => Values::UuidText(array.as_fixed_size_binary()),
            // Void has no text; "char" and foreign types are kept as their text.
            (ty, DataType::Utf8) if ty != PgType::VOID => Values::Text(array.as_string()),
            _ => return None,
        })
    }
}

fn is_utc(zone: &str) -> bool {
    matches!(
        zone,
        "UTC" | "GMT" | "Etc/UTC" | "Etc/GMT" | "UCT" | "Zulu" | "Universal" | "Etc/UCT" | "Etc/Universal" | "Etc/Zulu"
    )
}

fn binary_writer<'a>(ty: PgType, array: &'a dyn Array) -> Option<Values<'a>> {
    Some(match (ty, array.data_type()) {
        (PgType::BOOL, DataType::Boolean) => Values::BoolBinary(array.as_boolean()),
        (PgType::INT2, DataType::Int16) => Values::Int2Binary(array.as_primitive()),
        (PgType::INT4, DataType::Int32) => Values::Int4Binary(array.as_primitive()),
        (PgType::INT8, DataType::Int64) => Values::Int8Binary(array.as_primitive()),
        (ty, DataType::UInt32) if ty.is_oid_like() || matches!(ty, PgType::XID | PgType::CID) => {
            Values::UInt4Binary(array.as_primitive())
        }
        (PgType::FLOAT4, DataType::Float32) => Values::Float4Binary(array.as_primitive()),
        (PgType::FLOAT8, DataType::Float64) => Values::Float8Binary(array.as_primitive()),
        (PgType::GEOMETRY | PgType::GEOGRAPHY | PgType::BYTEA | PgType::RECORD, DataType::Binary) => {
            Values::Bytes(array.as_binary())
        }
        (ty, DataType::Binary) if ty.is_array() || matches!(ty, PgType::INT2VECTOR | PgType::OIDVECTOR) => {
            Values::Bytes(array.as_binary())
        }
        (PgType::DATE, DataType::Date32) => Values::DateBinary(array.as_primitive()),
        (PgType::TIME, DataType::Time64(TimeUnit::Microsecond)) => Values::TimeBinary(array.as_primitive()),
        (PgType::TIMESTAMP | PgType::TIMESTAMPTZ, DataType::Timestamp(TimeUnit::Microsecond, _)) => {
            Values::TimestampBinary(array.as_primitive())
        }
        (PgType::INTERVAL, DataType::Interval(IntervalUnit::MonthDayNano)) => {
            Values::IntervalBinary(array.as_primitive())
        }
        (PgType::UUID, DataType::FixedSizeBinary(16)) => Values::Fixed(array.as_fixed_size_binary()),
        (PgType::TIMETZ, DataType::FixedSizeBinary(12)) => Values::Fixed(array.as_fixed_size_binary()),
        (PgType::NUMERIC, DataType::Utf8) => Values::NumericBinary(array.as_string()),
        (PgType::JSONB, DataType::Utf8) => Values::Jsonb(array.as_string()),
        (
            PgType::TEXT
            | PgType::VARCHAR
            | PgType::BPCHAR
            | PgType::NAME
            | PgType::JSON
            | PgType::UNKNOWN
            | PgType::CSTRING
            | PgType::XML,
            DataType::Utf8,
        ) => Values::Text(array.as_string()),
        _ => return None,
    })
}

/// One batch, ready to be written row by row.
pub struct BatchEncoder<'a> {
    encoder: &'a RowEncoder,
    rows: usize,
    writers: Vec<Column<'a>>,
}

struct Column<'a> {
    /// The array, when it has NULLs.
    array: Option<&'a dyn Array>,
    values: Values<'a>,
}

enum Values<'a> {
    BoolBinary(&'a BooleanArray),
    BoolText(&'a BooleanArray),
    ByteaHex(&'a BinaryArray),
    Bytes(&'a BinaryArray),
    DateBinary(&'a PrimitiveArray<Date32Type>),
    DateText(&'a PrimitiveArray<Date32Type>),
    Fixed(&'a FixedSizeBinaryArray),
    Float4Binary(&'a PrimitiveArray<Float32Type>),
    Float4Text(&'a PrimitiveArray<Float32Type>),
    Float8Binary(&'a PrimitiveArray<Float64Type>),
    Float8Text(&'a PrimitiveArray<Float64Type>),
    Hex(&'a BinaryArray),
    Int2Binary(&'a PrimitiveArray<Int16Type>),
    Int2Text(&'a PrimitiveArray<Int16Type>),
    Int4Binary(&'a PrimitiveArray<Int32Type>),
    Int4Text(&'a PrimitiveArray<Int32Type>),
    Int8Binary(&'a PrimitiveArray<Int64Type>),
    Int8Text(&'a PrimitiveArray<Int64Type>),
    IntervalBinary(&'a PrimitiveArray<IntervalMonthDayNanoType>),
    Jsonb(&'a StringArray),
    NumericBinary(&'a StringArray),
    /// Through the type's own output or send function.
    Other {
        array: &'a dyn Array,
        ty: PgType,
        format: Format,
    },
    Text(&'a StringArray),
    TimeBinary(&'a PrimitiveArray<Time64MicrosecondType>),
    TimeText(&'a PrimitiveArray<Time64MicrosecondType>),
    TimestampBinary(&'a PrimitiveArray<TimestampMicrosecondType>),
    TimestampText(&'a PrimitiveArray<TimestampMicrosecondType>, &'static str),
    UInt4Binary(&'a PrimitiveArray<UInt32Type>),
    UInt4Text(&'a PrimitiveArray<UInt32Type>),
    UuidText(&'a FixedSizeBinaryArray),
}

impl BatchEncoder<'_> {
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Writes DataRow messages from row `from` on until the buffer has `limit` bytes; answers the next row.
    /// On an error the buffer ends with the last whole row.
    pub fn rows_from(&self, from: usize, out: &mut Vec<u8>, limit: usize) -> Result<usize> {
        let columns = (self.writers.len() as u16).to_be_bytes();
        for row in from..self.rows {
            if out.len() >= limit {
                return Ok(row);
            }
            let start = out.len();
            out.extend_from_slice(&[b'D', 0, 0, 0, 0, columns[0], columns[1]]);
            for writer in &self.writers {
                if let Err(error) = self.field(writer, row, out) {
                    out.truncate(start);
                    return Err(error);
                }
            }
            let len = (out.len() - start - 1) as u32;
            out[start + 1..start + 5].copy_from_slice(&len.to_be_bytes());
        }
        Ok(self.rows)
    }

    /// Writes one row as COPY BINARY has it: the field count, then length and bytes of each field.
    pub fn copy_binary(&self, row: usize, out: &mut Vec<u8>) -> Result<()> {
        out.extend_from_slice(&(self.writers.len() as u16).to_be_bytes());
        self.writers.iter().try_for_each(|writer| self.field(writer, row, out))
    }

    /// One field's bytes without a length; `false` for NULL.
    pub fn value(&self, column: usize, row: usize, out: &mut Vec<u8>) -> Result<bool> {
        let Some(writer) = self.writers.get(column) else { return Err(Error::internal("no such column")) };
        if writer.array.is_some_and(|array| array.is_null(row)) {
            return Ok(false);
        }
        self.bytes(&writer.values, row, out)?;
        Ok(true)
    }

    #[inline]
    fn field(&self, writer: &Column<'_>, row: usize, out: &mut Vec<u8>) -> Result<()> {
        if writer.array.is_some_and(|array| array.is_null(row)) {
            out.extend_from_slice(&[0xff; 4]);
            return Ok(());
        }
        let start = out.len();
        out.extend_from_slice(&[0; 4]);
        self.bytes(&writer.values, row, out)?;
        let len = (out.len() - start - 4) as u32;
        out[start..start + 4].copy_from_slice(&len.to_be_bytes());
        Ok(())
    }

    #[inline]
    fn bytes(&self, values: &Values<'_>, row: usize, out: &mut Vec<u8>) -> Result<()> {
        match values {
            Values::BoolBinary(array) => out.push(u8::from(array.value(row))),
            Values::BoolText(array) => out.push(if array.value(row) { b't' } else { b'f' }),
            Values::ByteaHex(array) => put_bytea_hex(out, array.value(row)),
            Values::Bytes(array) => out.extend_from_slice(array.value(row)),
            Values::DateBinary(array) => out.extend_from_slice(&date_from_arrow(array.value(row)).to_be_bytes()),
            Values::DateText(array) => put_date(out, date_from_arrow(array.value(row))),
            Values::Fixed(array) => out.extend_from_slice(array.value(row)),
            Values::Float4Binary(array) => out.extend_from_slice(&array.value(row).to_be_bytes()),
            Values::Float4Text(array) => put_f32(out, array.value(row)),
            Values::Float8Binary(array) => out.extend_from_slice(&array.value(row).to_be_bytes()),
            Values::Float8Text(array) => put_f64(out, array.value(row)),
            Values::Hex(array) => put_hex(out, array.value(row)),
            Values::Int2Binary(array) => out.extend_from_slice(&array.value(row).to_be_bytes()),
            Values::Int2Text(array) => put_int(out, i64::from(array.value(row))),
            Values::Int4Binary(array) => out.extend_from_slice(&array.value(row).to_be_bytes()),
            Values::Int4Text(array) => put_int(out, i64::from(array.value(row))),
            Values::Int8Binary(array) => out.extend_from_slice(&array.value(row).to_be_bytes()),
            Values::Int8Text(array) => put_int(out, array.value(row)),
            Values::IntervalBinary(array) => {
                let value = array.value(row);
                out.extend_from_slice(&(value.nanoseconds / 1000).to_be_bytes());
                out.extend_from_slice(&value.days.to_be_bytes());
                out.extend_from_slice(&value.months.to_be_bytes());
            }
            Values::Jsonb(array) => {
                out.push(1);
                out.extend_from_slice(array.value(row).as_bytes());
            }
            Values::NumericBinary(array) => numeric::put_binary(out, array.value(row))?,
            Values::Text(array) => out.extend_from_slice(array.value(row).as_bytes()),
            Values::TimeBinary(array) => out.extend_from_slice(&array.value(row).to_be_bytes()),
            Values::TimeText(array) => put_time(out, array.value(row)),
            Values::TimestampBinary(array) => {
                out.extend_from_slice(&timestamp_from_arrow(array.value(row)).to_be_bytes());
            }
            Values::TimestampText(array, zone) => put_timestamp(out, timestamp_from_arrow(array.value(row)), zone),
            Values::UInt4Binary(array) => out.extend_from_slice(&array.value(row).to_be_bytes()),
            Values::UInt4Text(array) => put_int(out, i64::from(array.value(row))),
            Values::UuidText(array) => put_uuid(out, array.value(row)),
            Values::Other { array, ty, format } => {
                let value = datum_at(*array, row, *ty)?;
                match format {
                    Format::Text => out.extend_from_slice(io::output(&self.encoder.env, *ty, &value)?.as_bytes()),
                    Format::Binary => out.extend_from_slice(&io::send(&self.encoder.env, *ty, &value)?),
                }
            }
        }
        Ok(())
    }
}

/// Days since 2000; the infinities stay.
fn date_from_arrow(days: i32) -> i32 {
    if days == i32::MIN || days == i32::MAX { days } else { days.saturating_sub(EPOCH_DAYS) }
}

/// Microseconds since 2000; the infinities stay.
fn timestamp_from_arrow(micros: i64) -> i64 {
    if micros == i64::MIN || micros == i64::MAX { micros } else { micros.saturating_sub(EPOCH_MICROS) }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::ArrayRef;
    use arrow::datatypes::Schema;

    use super::*;
    use crate::kernels::columns::array_of;
    use crate::types::{Datum, field};

    /// Text and binary (hex) of a value, through its column's writers.
    fn written(ty: PgType, text: &str) -> [String; 2] {
        let env = Env::default();
        let value = match ty {
            // Their storage is their text.
            PgType::JSON | PgType::JSONB => Datum::text(text),
            ty => io::input(&env, ty, -1, text).unwrap_or_else(|error| panic!("{text}: {error}")),
        };
        let array: ArrayRef = array_of(ty, &[Datum::Null, value]).unwrap();
        let schema = Arc::new(Schema::new(vec![field("x", ty, -1)]));
        let batch = RecordBatch::try_new(schema, vec![array]).unwrap();
        let column = OutputColumn { name: "x".to_owned(), ty, typmod: -1, table_oid: 0, attnum: 0, row_type: 0 };
        [Format::Text, Format::Binary].map(|format| {
            let encoder = RowEncoder::new(env.clone(), std::slice::from_ref(&column), &[format]);
            let rows = encoder.batch(&batch).unwrap();
            let mut out = Vec::new();
            assert!(!rows.value(0, 0, &mut out).unwrap());
            assert!(rows.value(0, 1, &mut out).unwrap());
            match format {
                Format::Text => String::from_utf8(out).unwrap(),
                Format::Binary => out.iter().map(|byte| format!("{byte:02x}")).collect(),
            }
        })
    }

    /// Expected: PostgreSQL's `x::text` and `encode(x_send(x), 'hex')`.
    #[test]
    fn values_as_postgresql() {
        for (ty, text, expected, binary) in [
            (PgType::BOOL, "t", "t", "01"),
            (PgType::INT2, "-7", "-7", "fff9"),
            (PgType::INT4, "2147483647", "2147483647", "7fffffff"),
            (PgType::INT8, "-9223372036854775808", "-9223372036854775808", "8000000000000000"),
            (PgType::OID, "4294967295", "4294967295", "ffffffff"),
            (PgType::FLOAT4, "0.1", "0.1", "3dcccccd"),
            (PgType::FLOAT8, "-1e-7", "-1e-07", "be7ad7f29abcaf48"),
            (PgType::NUMERIC, "12345.6789", "12345.6789", "0003000100000004000109291a85"),
            (PgType::TEXT, "é\\x", "é\\x", "c3a95c78"),
            (PgType::VARCHAR, "", "", ""),
            (PgType::BYTEA, "\\x00ff", "\\x00ff", "00ff"),
            (PgType::DATE, "1999-12-31", "1999-12-31", "ffffffff"),
            (PgType::DATE, "0044-03-15 BC", "0044-03-15 BC", "fff49d7b"),
            (PgType::TIME, "23:59:59.5", "23:59:59.5", "000000141dcfbee0"),
            (PgType::TIMESTAMP, "2024-02-29 12:34:56.789", "2024-02-29 12:34:56.789", "0002b58341728608"),
            (PgType::TIMESTAMP, "infinity", "infinity", "7fffffffffffffff"),
            (PgType::TIMESTAMPTZ, "2000-01-01 00:00:00+00", "2000-01-01 00:00:00+00", "0000000000000000"),
            (PgType::INTERVAL, "1 mon 2 days 03:04:05", "1 mon 2 days 03:04:05", "00000002925553400000000200000001"),
            (
                PgType::UUID,
                "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
                "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
                "a0eebc999c0b4ef8bb6d6bb9bd380a11",
            ),
            (PgType::JSONB, "{\"a\": 1}", "{\"a\": 1}", "017b2261223a20317d"),
            (PgType::JSON, "[1,  2]", "[1,  2]", "5b312c2020325d"),
        ] {
            let [found, found_binary] = written(ty, text);
            assert_eq!(found, expected, "{ty:?} {text}");
            assert_eq!(found_binary, binary, "{ty:?} {text}");
        }
    }

    #[test]
    fn rows_are_whole_messages() {
        let array: ArrayRef = array_of(PgType::INT4, &[Datum::Int4(1), Datum::Null, Datum::Int4(22)]).unwrap();
        let schema = Arc::new(Schema::new(vec![field("x", PgType::INT4, -1)]));
        let batch = RecordBatch::try_new(schema, vec![array]).unwrap();
        let column =
            OutputColumn { name: "x".to_owned(), ty: PgType::INT4, typmod: -1, table_oid: 0, attnum: 0, row_type: 0 };
        let encoder = RowEncoder::new(Env::default(), &[column], &[Format::Text]);
        let rows = encoder.batch(&batch).unwrap();
        let mut out = Vec::new();
        assert_eq!(rows.rows_from(0, &mut out, 1).unwrap(), 1);
        assert_eq!(rows.rows_from(1, &mut out, 1 << 20).unwrap(), 3);
        assert_eq!(out, b"D\0\0\0\x0b\0\x01\0\0\0\x011D\0\0\0\x0a\0\x01\xff\xff\xff\xffD\0\0\0\x0c\0\x01\0\0\0\x0222");
        let other = RowEncoder::new(Env::default(), &[], &[]);
        assert!(other.batch(&batch).is_err());
    }
}

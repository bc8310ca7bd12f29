//! Between Arrow arrays (storage of `types::storage`) and [`Datum`]s.

use std::sync::OnceLock;

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BinaryBuilder, BinaryViewArray, BooleanArray, BooleanBuilder, Date32Array,
    Date32Builder, FixedSizeBinaryArray, FixedSizeBinaryBuilder, Float32Array, Float32Builder, Float64Array,
    Float64Builder, Int16Array, Int16Builder, Int32Array, Int32Builder, Int64Array, Int64Builder,
    IntervalMonthDayNanoArray, IntervalMonthDayNanoBuilder, LargeBinaryArray, LargeStringArray, StringArray,
    StringBuilder, StringViewArray, Time64MicrosecondArray, Time64MicrosecondBuilder, TimestampMicrosecondArray,
    TimestampMicrosecondBuilder, UInt32Array, UInt32Builder, UInt64Array, UInt64Builder,
};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{
    DataType, Date32Type, Float32Type, Float64Type, Int16Type, Int32Type, Int64Type, IntervalMonthDayNano,
    IntervalMonthDayNanoType, IntervalUnit, Time64MicrosecondType, TimeUnit, TimestampMicrosecondType, UInt32Type,
    UInt64Type,
};
use std::sync::Arc;

use crate::error::{Error, Result, SqlState};
use crate::kernels::core::numeric;
use crate::kernels::{Env, io};
use crate::types::{Datum, Geom, Interval, PgType, storage};

/// Days from 1970-01-01 to 2000-01-01.
const EPOCH_DAYS: i32 = 10_957;
/// The same in microseconds.
const EPOCH_MICROS: i64 = EPOCH_DAYS as i64 * 86_400_000_000;

/// The value at `row` of an array that stores `ty`. For many rows make one [`ColumnReader`].
pub fn datum_at(array: &dyn Array, row: usize, ty: PgType) -> Result<Datum> {
    ColumnReader::new(array, ty)?.get(row)
}

/// An array in the storage of `ty`.
pub fn array_of(ty: PgType, values: &[Datum]) -> Result<ArrayRef> {
    let mut builder = ColumnBuilder::with_capacity(ty, values.len());
    for value in values {
        builder.append(value)?;
    }
    Ok(builder.finish())
}

/// Days since 1970 from days since 2000; the infinities stay.
pub fn date_to_arrow(days: i32) -> Result<i32> {
    match days {
        i32::MIN | i32::MAX => Ok(days),
        days => days.checked_add(EPOCH_DAYS).filter(|days| *days != i32::MAX).ok_or_else(|| out_of_range("date")),
    }
}

/// Days since 2000 from days since 1970; the infinities stay.
pub fn date_from_arrow(days: i32) -> Result<i32> {
    match days {
        i32::MIN | i32::MAX => Ok(days),
        days => days.checked_sub(EPOCH_DAYS).filter(|days| *days != i32::MIN).ok_or_else(|| out_of_range("date")),
    }
}

/// Microseconds since 1970 from microseconds since 2000; the infinities stay.
pub fn timestamp_to_arrow(micros: i64) -> Result<i64> {
    match micros {
        i64::MIN | i64::MAX => Ok(micros),
        micros => micros
            .checked_add(EPOCH_MICROS)
            .filter(|micros| *micros != i64::MAX)
            .ok_or_else(|| Error::unsupported("a timestamp in the years from 294247 on")),
    }
}

/// Microseconds since 2000 from microseconds since 1970; the infinities stay.
pub fn timestamp_from_arrow(micros: i64) -> Result<i64> {
    match micros {
        i64::MIN | i64::MAX => Ok(micros),
        micros => micros
            .checked_sub(EPOCH_MICROS)
            .filter(|micros| *micros != i64::MIN)
            .ok_or_else(|| out_of_range("timestamp")),
    }
}

fn out_of_range(what: &str) -> Error {
    Error::new(SqlState::DATETIME_FIELD_OVERFLOW, format!("{what} out of range"))
}

/// The binary forms inside of array and record columns do not depend on settings.
fn env() -> &'static Env {
    static ENV: OnceLock<Env> = OnceLock::new();
    ENV.get_or_init(Env::default)
}

/// One column, downcast once; then a [`Datum`] per row.
pub struct ColumnReader<'a> {
    ty: PgType,
    nulls: Option<NullBuffer>,
    values: Values<'a>,
}

/// The typed array behind a reader.
enum Values<'a> {
    Null,
    Bool(&'a BooleanArray),
    Int2(&'a Int16Array),
    Int4(&'a Int32Array),
    Int8(&'a Int64Array),
    Float4(&'a Float32Array),
    Float8(&'a Float64Array),
    Oid(&'a UInt32Array),
    H3(&'a UInt64Array),
    Date(&'a Date32Array),
    Time(&'a Time64MicrosecondArray),
    Timestamp(&'a TimestampMicrosecondArray),
    Interval(&'a IntervalMonthDayNanoArray),
    Fixed(&'a FixedSizeBinaryArray),
    Text(&'a StringArray),
    LargeText(&'a LargeStringArray),
    TextView(&'a StringViewArray),
    Binary(&'a BinaryArray),
    LargeBinary(&'a LargeBinaryArray),
    BinaryView(&'a BinaryViewArray),
}

impl<'a> ColumnReader<'a> {
    /// XX000 when the array is not in the storage of `ty` (string and binary arrays may be of any offset width, or views).
    pub fn new(array: &'a dyn Array, ty: PgType) -> Result<ColumnReader<'a>> {
        let wrong = || Error::internal(format!("a column of type {} is stored as {}", ty.name(), array.data_type()));
        let expected = storage(ty);
        let actual = array.data_type();
        let fits = match (&expected, actual) {
            (_, DataType::Null) => true,
            (DataType::Utf8, DataType::LargeUtf8 | DataType::Utf8View) => true,
            (DataType::Binary, DataType::LargeBinary | DataType::BinaryView) => true,
            (DataType::Timestamp(TimeUnit::Microsecond, a), DataType::Timestamp(TimeUnit::Microsecond, b)) => {
                a.is_some() == b.is_some()
            }
            (expected, actual) => expected == actual,
        };
        if !fits {
            return Err(wrong());
        }
        let values = match actual {
            DataType::Null => Values::Null,
            DataType::Boolean => Values::Bool(array.as_boolean_opt().ok_or_else(wrong)?),
            DataType::Int16 => Values::Int2(array.as_primitive_opt::<Int16Type>().ok_or_else(wrong)?),
            DataType::Int32 => Values::Int4(array.as_primitive_opt::<Int32Type>().ok_or_else(wrong)?),
            DataType::Int64 => Values::Int8(array.as_primitive_opt::<Int64Type>().ok_or_else(wrong)?),
            DataType::Float32 => Values::Float4(array.as_primitive_opt::<Float32Type>().ok_or_else(wrong)?),
            DataType::Float64 => Values::Float8(array.as_primitive_opt::<Float64Type>().ok_or_else(wrong)?),
            DataType::UInt32 => Values::Oid(array.as_primitive_opt::<UInt32Type>().ok_or_else(wrong)?),
            DataType::UInt64 => Values::H3(array.as_primitive_opt::<UInt64Type>().ok_or_else(wrong)?),
            DataType::Date32 => Values::Date(array.as_primitive_opt::<Date32Type>().ok_or_else(wrong)?),
            DataType::Time64(TimeUnit::Microsecond) => {
                Values::Time(array.as_primitive_opt::<Time64MicrosecondType>().ok_or_else(wrong)?)
            }
            DataType::Timestamp(TimeUnit::Microsecond, _) => {
                Values::Timestamp(array.as_primitive_opt::<TimestampMicrosecondType>().ok_or_else(wrong)?)
            }
            DataType::Interval(IntervalUnit::MonthDayNano) => {
                Values::Interval(array.as_primitive_opt::<IntervalMonthDayNanoType>().ok_or_else(wrong)?)
            }
            DataType::FixedSizeBinary(_) => Values::Fixed(array.as_fixed_size_binary_opt().ok_or_else(wrong)?),
            DataType::Utf8 => Values::Text(array.as_string_opt::<i32>().ok_or_else(wrong)?),
            DataType::LargeUtf8 => Values::LargeText(array.as_string_opt::<i64>().ok_or_else(wrong)?),
            DataType::Utf8View => Values::TextView(array.as_string_view_opt().ok_or_else(wrong)?),
            DataType::Binary => Values::Binary(array.as_binary_opt::<i32>().ok_or_else(wrong)?),
            DataType::LargeBinary => Values::LargeBinary(array.as_binary_opt::<i64>().ok_or_else(wrong)?),
            DataType::BinaryView => Values::BinaryView(array.as_binary_view_opt().ok_or_else(wrong)?),
            _ => return Err(wrong()),
        };
        Ok(ColumnReader { ty, nulls: array.nulls().cloned(), values })
    }

    pub fn is_null(&self, row: usize) -> bool {
        matches!(self.values, Values::Null) || self.nulls.as_ref().is_some_and(|nulls| nulls.is_null(row))
    }

    /// The value at `row`, which must be within the array.
    pub fn get(&self, row: usize) -> Result<Datum> {
        if self.is_null(row) {
            return Ok(Datum::Null);
        }
        Ok(match &self.values {
            Values::Null => Datum::Null,
            Values::Bool(array) => Datum::Bool(array.value(row)),
            Values::Int2(array) => Datum::Int2(array.value(row)),
            Values::Int4(array) => Datum::Int4(array.value(row)),
            Values::Int8(array) => Datum::Int8(array.value(row)),
            Values::Float4(array) => Datum::Float4(array.value(row)),
            Values::Float8(array) => Datum::Float8(array.value(row)),
            Values::Oid(array) => Datum::Oid(array.value(row)),
            Values::H3(array) => Datum::H3(array.value(row)),
            Values::Date(array) => Datum::Date(date_from_arrow(array.value(row))?),
            Values::Time(array) => Datum::Time(array.value(row)),
            Values::Timestamp(array) => {
                let micros = timestamp_from_arrow(array.value(row))?;
                if self.ty == PgType::TIMESTAMPTZ { Datum::Timestamptz(micros) } else { Datum::Timestamp(micros) }
            }
            Values::Interval(array) => {
                let value = array.value(row);
                if value.nanoseconds % 1000 != 0 {
                    return Err(Error::unsupported("an interval finer than microseconds"));
                }
                Datum::Interval(Interval { months: value.months, days: value.days, micros: value.nanoseconds / 1000 })
            }
            Values::Fixed(array) => fixed(self.ty, array.value(row))?,
            Values::Text(array) => self.text(array.value(row))?,
            Values::LargeText(array) => self.text(array.value(row))?,
            Values::TextView(array) => self.text(array.value(row))?,
            Values::Binary(array) => self.binary(array.value(row))?,
            Values::LargeBinary(array) => self.binary(array.value(row))?,
            Values::BinaryView(array) => self.binary(array.value(row))?,
        })
    }

    /// The text at `row` without a copy; `None` for NULL and for columns that are not stored as text.
    pub fn str_at(&self, row: usize) -> Option<&'a str> {
        if self.is_null(row) {
            return None;
        }
        match &self.values {
            Values::Text(array) => Some(array.value(row)),
            Values::LargeText(array) => Some(array.value(row)),
            Values::TextView(array) => Some(array.value(row)),
            _ => None,
        }
    }

    /// The bytes at `row` without a copy; `None` for NULL and for columns that are not stored as Binary.
    pub fn bytes_at(&self, row: usize) -> Option<&'a [u8]> {
        if self.is_null(row) {
            return None;
        }
        match &self.values {
            Values::Binary(array) => Some(array.value(row)),
            Values::LargeBinary(array) => Some(array.value(row)),
            Values::BinaryView(array) => Some(array.value(row)),
            _ => None,
        }
    }

    fn text(&self, text: &str) -> Result<Datum> {
        match self.ty {
            PgType::NUMERIC => numeric::parse(text).map(Datum::Numeric),
            PgType::VOID => Ok(Datum::Void),
            _ => Ok(Datum::text(text)),
        }
    }

    fn binary(&self, bytes: &[u8]) -> Result<Datum> {
        match self.ty {
            PgType::BYTEA => Ok(Datum::bytea(bytes)),
            PgType::GEOMETRY | PgType::GEOGRAPHY => Ok(Datum::Geometry(Geom(Arc::from(bytes)))),
            ty => io::decode(env(), ty, -1, bytes),
        }
    }
}

fn fixed(ty: PgType, bytes: &[u8]) -> Result<Datum> {
    let short = || Error::internal(format!("a value of type {} has {} bytes", ty.name(), bytes.len()));
    let f64_at = |index: usize| -> Result<f64> {
        let part = bytes.get(index * 8..index * 8 + 8).ok_or_else(short)?;
        Ok(f64::from_le_bytes(part.try_into().map_err(|_| short())?))
    };
    match ty {
        PgType::UUID => Ok(Datum::Uuid(bytes.try_into().map_err(|_| short())?)),
        PgType::TIMETZ => {
            let (micros, zone) = bytes.split_at_checked(8).ok_or_else(short)?;
            Ok(Datum::Timetz(
                i64::from_be_bytes(micros.try_into().map_err(|_| short())?),
                i32::from_be_bytes(zone.try_into().map_err(|_| short())?),
            ))
        }
        PgType::BOX2D => Ok(Datum::Box2d([f64_at(0)?, f64_at(1)?, f64_at(2)?, f64_at(3)?])),
        PgType::BOX3D => {
            let srid = bytes.get(48..52).and_then(|part| part.try_into().ok()).ok_or_else(short)?;
            let corners = [f64_at(0)?, f64_at(1)?, f64_at(2)?, f64_at(3)?, f64_at(4)?, f64_at(5)?];
            Ok(Datum::Box3d(corners, i32::from_le_bytes(srid)))
        }
        _ => Err(short()),
    }
}

/// One column being built in the storage of its type.
pub struct ColumnBuilder {
    ty: PgType,
    values: Builder,
}

/// The typed builder behind it.
enum Builder {
    Bool(BooleanBuilder),
    Int2(Int16Builder),
    Int4(Int32Builder),
    Int8(Int64Builder),
    Float4(Float32Builder),
    Float8(Float64Builder),
    Oid(UInt32Builder),
    H3(UInt64Builder),
    Date(Date32Builder),
    Time(Time64MicrosecondBuilder),
    Timestamp(TimestampMicrosecondBuilder),
    Interval(IntervalMonthDayNanoBuilder),
    Fixed(FixedSizeBinaryBuilder),
    Text(StringBuilder),
    Binary(BinaryBuilder),
}

impl ColumnBuilder {
    pub fn new(ty: PgType) -> ColumnBuilder {
        ColumnBuilder::with_capacity(ty, 0)
    }

    pub fn with_capacity(ty: PgType, rows: usize) -> ColumnBuilder {
        let values = match storage(ty) {
            DataType::Boolean => Builder::Bool(BooleanBuilder::with_capacity(rows)),
            DataType::Int16 => Builder::Int2(Int16Builder::with_capacity(rows)),
            DataType::Int32 => Builder::Int4(Int32Builder::with_capacity(rows)),
            DataType::Int64 => Builder::Int8(Int64Builder::with_capacity(rows)),
            DataType::Float32 => Builder::Float4(Float32Builder::with_capacity(rows)),
            DataType::Float64 => Builder::Float8(Float64Builder::with_capacity(rows)),
            DataType::UInt32 => Builder::Oid(UInt32Builder::with_capacity(rows)),
            DataType::UInt64 => Builder::H3(UInt64Builder::with_capacity(rows)),
            DataType::Date32 => Builder::Date(Date32Builder::with_capacity(rows)),
            DataType::Time64(_) => Builder::Time(Time64MicrosecondBuilder::with_capacity(rows)),
            timestamp @ DataType::Timestamp(..) => {
                Builder::Timestamp(TimestampMicrosecondBuilder::with_capacity(rows).with_data_type(timestamp))
            }
            DataType::Interval(_) => Builder::Interval(IntervalMonthDayNanoBuilder::with_capacity(rows)),
            DataType::FixedSizeBinary(width) => Builder::Fixed(FixedSizeBinaryBuilder::with_capacity(rows, width)),
            DataType::Binary => Builder::Binary(BinaryBuilder::with_capacity(rows, rows * 16)),
            _ => Builder::Text(StringBuilder::with_capacity(rows, rows * 16)),
        };
        ColumnBuilder { ty, values }
    }

    pub fn append_null(&mut self) {
        match &mut self.values {
            Builder::Bool(builder) => builder.append_null(),
            Builder::Int2(builder) => builder.append_null(),
            Builder::Int4(builder) => builder.append_null(),
            Builder::Int8(builder) => builder.append_null(),
            Builder::Float4(builder) => builder.append_null(),
            Builder::Float8(builder) => builder.append_null(),
            Builder::Oid(builder) => builder.append_null(),
            Builder::H3(builder) => builder.append_null(),
            Builder::Date(builder) => builder.append_null(),
            Builder::Time(builder) => builder.append_null(),
            Builder::Timestamp(builder) => builder.append_null(),
            Builder::Interval(builder) => builder.append_null(),
            Builder::Fixed(builder) => builder.append_null(),
            Builder::Text(builder) => builder.append_null(),
            Builder::Binary(builder) => builder.append_null(),
        }
    }

    /// XX000 when the value is not of the column's type.
    pub fn append(&mut self, value: &Datum) -> Result<()> {
        match (&mut self.values, value) {
            (_, Datum::Null) => self.append_null(),
            (Builder::Bool(builder), Datum::Bool(value)) => builder.append_value(*value),
            (Builder::Int2(builder), Datum::Int2(value)) => builder.append_value(*value),
            (Builder::Int4(builder), Datum::Int4(value)) => builder.append_value(*value),
            (Builder::Int8(builder), Datum::Int8(value)) => builder.append_value(*value),
            (Builder::H3(builder), Datum::H3(value)) => builder.append_value(*value),
            (Builder::Float4(builder), Datum::Float4(value)) => builder.append_value(*value),
            (Builder::Float8(builder), Datum::Float8(value)) => builder.append_value(*value),
            (Builder::Oid(builder), Datum::Oid(value)) => builder.append_value(*value),
            (Builder::Date(builder), Datum::Date(value)) => builder.append_value(date_to_arrow(*value)?),
            (Builder::Time(builder), Datum::Time(value)) => builder.append_value(*value),
            (Builder::Timestamp(builder), Datum::Timestamp(value)) if self.ty == PgType::TIMESTAMP => {
                builder.append_value(timestamp_to_arrow(*value)?);
            }
            (Builder::Timestamp(builder), Datum::Timestamptz(value)) if self.ty == PgType::TIMESTAMPTZ => {
                builder.append_value(timestamp_to_arrow(*value)?);
            }
            (Builder::Interval(builder), Datum::Interval(value)) => {
                let nanoseconds = value.micros.checked_mul(1000).ok_or_else(|| {
                    Error::new(SqlState::DATETIME_FIELD_OVERFLOW, "interval out of range")
                        .detail("The engine carries intervals of less than 292 years of hours, minutes and seconds.")
                })?;
                builder.append_value(IntervalMonthDayNano::new(value.months, value.days, nanoseconds));
            }
            (Builder::Fixed(builder), value) => {
                let bytes = match value {
                    Datum::Uuid(value) => value.to_vec(),
                    Datum::Timetz(micros, zone) => [&micros.to_be_bytes()[..], &zone.to_be_bytes()].concat(),
                    Datum::Box2d(corners) => corners.iter().flat_map(|c| c.to_le_bytes()).collect(),
                    Datum::Box3d(corners, srid) => {
                        corners.iter().flat_map(|c| c.to_le_bytes()).chain(srid.to_le_bytes()).collect()
                    }
                    other => return Err(mismatch(self.ty, other)),
                };
                builder.append_value(bytes).map_err(|_| mismatch(self.ty, value))?;
            }
            (Builder::Text(builder), Datum::Text(value)) if self.ty != PgType::NUMERIC => builder.append_value(value),
            (Builder::Text(builder), Datum::Numeric(value)) if self.ty == PgType::NUMERIC => {
                builder.append_value(numeric::print(value));
            }
            (Builder::Text(builder), Datum::Void) => builder.append_value(""),
            (Builder::Binary(builder), Datum::Bytea(value)) if self.ty == PgType::BYTEA => builder.append_value(value),
            (Builder::Binary(builder), Datum::Geometry(value)) => builder.append_value(&value.0),
            (Builder::Binary(builder), Datum::Array(array)) if self.ty.element() == Some(array.element) => {
                builder.append_value(io::array::encode(env(), array)?);
            }
            (Builder::Binary(builder), Datum::Record(_)) => builder.append_value(io::encode(env(), self.ty, value)?),
            (_, other) => return Err(mismatch(self.ty, other)),
        }
        Ok(())
    }

    /// The array; the builder is empty afterwards.
    pub fn finish(&mut self) -> ArrayRef {
        match &mut self.values {
            Builder::Bool(builder) => Arc::new(builder.finish()),
            Builder::Int2(builder) => Arc::new(builder.finish()),
            Builder::Int4(builder) => Arc::new(builder.finish()),
            Builder::Int8(builder) => Arc::new(builder.finish()),
            Builder::Float4(builder) => Arc::new(builder.finish()),
            Builder::Float8(builder) => Arc::new(builder.finish()),
            Builder::Oid(builder) => Arc::new(builder.finish()),
            Builder::H3(builder) => Arc::new(builder.finish()),
            Builder::Date(builder) => Arc::new(builder.finish()),
            Builder::Time(builder) => Arc::new(builder.finish()),
            Builder::Timestamp(builder) => Arc::new(builder.finish()),
            Builder::Interval(builder) => Arc::new(builder.finish()),
            Builder::Fixed(builder) => Arc::new(builder.finish()),
            Builder::Text(builder) => Arc::new(builder.finish()),
            Builder::Binary(builder) => Arc::new(builder.finish()),
        }
    }
}

fn mismatch(ty: PgType, value: &Datum) -> Error {
    Error::internal(format!("a value of type {} in a column of type {}", io::type_of(value).name(), ty.name()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_storage_round_trips() {
        let env = Env::default();
        for (ty, text) in [
            (PgType::BOOL, "t"),
            (PgType::INT2, "-5"),
            (PgType::INT4, "7"),
            (PgType::INT8, "9000000000"),
            (PgType::FLOAT4, "1.5"),
            (PgType::FLOAT8, "-0"),
            (PgType::NUMERIC, "12.340"),
            (PgType::OID, "4000000000"),
            (PgType::TEXT, "é"),
            (PgType::BYTEA, "\\x00ff"),
            (PgType::UUID, "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
            (PgType::INT4_ARRAY, "[0:1]={1,NULL}"),
            (PgType::TEXT_ARRAY, "{{a,b},{c,d}}"),
            (PgType::INT2VECTOR, "1 2"),
        ] {
            let value = io::input(&env, ty, -1, text).unwrap();
            let array = array_of(ty, &[Datum::Null, value]).unwrap();
            assert_eq!(array.data_type(), &storage(ty));
            assert!(datum_at(&array, 0, ty).unwrap().is_null());
            assert_eq!(io::output(&env, ty, &datum_at(&array, 1, ty).unwrap()).unwrap(), text);
        }
    }

    #[test]
    fn instants_move_between_the_epochs() {
        for micros in [i64::MIN, i64::MAX, 0, -1] {
            let array = array_of(PgType::TIMESTAMPTZ, &[Datum::Timestamptz(micros)]).unwrap();
            let Datum::Timestamptz(back) = datum_at(&array, 0, PgType::TIMESTAMPTZ).unwrap() else { panic!("type") };
            assert_eq!(back, micros);
        }
        let array = array_of(PgType::DATE, &[Datum::Date(0)]).unwrap();
        assert_eq!(array.as_primitive::<Date32Type>().value(0), 10_957);
    }

    #[test]
    fn other_values() {
        for (ty, value) in [
            (PgType::TIMETZ, Datum::Timetz(5, -3600)),
            (PgType::INTERVAL, Datum::Interval(Interval { months: 1, days: -2, micros: 3 })),
            (PgType::BOX2D, Datum::Box2d([1.0, 2.0, 3.0, 4.0])),
            (PgType::H3INDEX, Datum::H3(0x8a1f_b466_22df_ffff)),
            (PgType::BOX3D, Datum::Box3d([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 4326)),
        ] {
            let array = array_of(ty, std::slice::from_ref(&value)).unwrap();
            assert_eq!(format!("{:?}", datum_at(&array, 0, ty).unwrap()), format!("{value:?}"));
        }
        let long = Datum::Interval(Interval { months: 0, days: 0, micros: i64::MAX });
        assert_eq!(array_of(PgType::INTERVAL, &[long]).unwrap_err().state(), SqlState::DATETIME_FIELD_OVERFLOW);
        assert_eq!(array_of(PgType::INT4, &[Datum::Int8(1)]).unwrap_err().state(), SqlState::INTERNAL_ERROR);
    }
}

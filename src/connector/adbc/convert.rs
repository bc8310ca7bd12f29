//! Result columns of a driver into the storage of `types::storage`.
//!
//! The plan of each column is made from the result's schema before the first row; a type that cannot be this column's is drift (0A000).
//! Only conversions that keep every value are here; one that a single value does not survive fails on that value. Intervals are not: in
//! Arrow their time is counted in nanoseconds, and engines wrap what does not fit.

use std::sync::Arc;

use arrow::array::MutableArrayData;
use arrow::array::{
    Array, ArrayRef, AsArray, BinaryBuilder, Decimal128Array, Decimal256Array, FixedSizeBinaryBuilder, StringArray,
    StringBuilder, make_array,
};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{
    DataType, Date32Type, Field, Schema, SchemaRef, Time64MicrosecondType, TimeUnit, TimestampMicrosecondType,
};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};

use super::{json, list};
use crate::dialect::{Carrier, ResultColumn};
use crate::error::{Error, Result, SqlState};
use crate::kernels::spatial::wkb;
use crate::kernels::{Env, columns, io};
use crate::types::{self, Datum, Geom, GeometryTypmod, PgType};

/// Days from 1970-01-01 of PostgreSQL's first and last date.
const FIRST_DATE: i32 = -2_440_588;
const LAST_DATE: i32 = 2_145_042_905;
/// Microseconds from 1970 of PostgreSQL's first timestamp; the last one is beyond an i64.
const FIRST_TIMESTAMP: i64 = -210_866_803_200_000_000;

/// How the batches of one result become ours.
pub(super) struct Converter {
    schema: SchemaRef,
    columns: Vec<Plan>,
}

/// How one column becomes ours.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    ty: PgType,
    typmod: i32,
    how: How,
}

#[derive(Clone, Debug)]
enum How {
    /// The same storage.
    AsIs,
    /// Another width of the same kind: a value that does not fit fails.
    Cast,
    Date,
    Decimal,
    /// Integers as numeric's text.
    Digits,
    /// WKB of either kind; the SRID of values without their own.
    Geometry(i32),
    /// Structs, maps and lists as JSON.
    Json,
    List(Box<Plan>),
    /// PostgreSQL's text form, through the type's input function.
    Input,
    Text,
    Timestamp,
    Time,
    Uuid,
}

impl Converter {
    /// 0A000 when the result is not what bind expects.
    pub fn new(schema: &Schema, columns: &[ResultColumn]) -> Result<Converter> {
        if schema.fields().len() != columns.len() {
            return Err(drift().detail(format!(
                "{} columns were expected, and {} came.",
                columns.len(),
                schema.fields().len()
            )));
        }
        let plans = schema.fields().iter().zip(columns).map(|(field, column)| {
            // What was asked for as bytes must not come as text.
            if is_text(field.data_type()) && matches!(column.carrier, Carrier::Ewkb | Carrier::Wkb { .. }) {
                return Err(mismatch(field, column));
            }
            let mut plan =
                Plan::new(field.data_type(), column.ty, column.typmod).ok_or_else(|| mismatch(field, column))?;
            match (&mut plan.how, column.carrier) {
                (How::Geometry(srid), Carrier::Wkb { srid: known }) => *srid = known,
                // Types that are kept as PostgreSQL writes them.
                (how @ How::Input, Carrier::Text) if is_kept_as_text(column.ty) => *how = How::Text,
                _ => {}
            }
            Ok(plan)
        });
        let fields = columns.iter().map(|column| types::field(&column.name, column.ty, column.typmod));
        Ok(Converter {
            columns: plans.collect::<Result<_, Error>>()?,
            schema: Arc::new(Schema::new(fields.collect::<Vec<_>>())),
        })
    }

    pub fn convert(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        let arrays = self.columns.iter().zip(batch.columns()).map(|(plan, array)| plan.convert(array));
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        RecordBatch::try_new_with_options(Arc::clone(&self.schema), arrays.collect::<Result<_>>()?, &options)
            .map_err(Error::internal)
    }
}

/// The values of a result of our own statements (catalog queries): each column as that type.
pub(in crate::connector) fn datums(
    schema: &Schema,
    batches: &[RecordBatch],
    wanted: &[PgType],
) -> Result<Vec<Vec<Datum>>> {
    let columns: Vec<ResultColumn> =
        schema.fields().iter().zip(wanted).map(|(field, ty)| ResultColumn::new(field.name(), *ty, -1)).collect();
    let converter = Converter::new(schema, &columns)?;
    let mut rows = Vec::new();
    for batch in batches {
        let batch = converter.convert(batch)?;
        for row in 0..batch.num_rows() {
            let values = batch.columns().iter().zip(wanted).map(|(array, ty)| columns::datum_at(array, row, *ty));
            rows.push(values.collect::<Result<_>>()?);
        }
    }
    Ok(rows)
}

impl Plan {
    /// `None` when values of that Arrow type cannot be this type's.
    pub(super) fn new(from: &DataType, ty: PgType, typmod: i32) -> Option<Plan> {
        let how = how(from, ty, typmod)?;
        Some(Plan { ty, typmod, how })
    }

    pub(super) fn ty(&self) -> PgType {
        self.ty
    }

    pub(super) fn convert(&self, array: &ArrayRef) -> Result<ArrayRef> {
        Ok(match &self.how {
            How::AsIs => own(array),
            How::Cast => cast(array, &types::storage(self.ty)).map_err(|_| out_of_range(self.ty))?,
            How::Date => {
                let dates = array.as_primitive::<Date32Type>();
                Arc::new(dates.try_unary::<_, Date32Type, Error>(date)?)
            }
            How::Decimal => decimals(array)?,
            How::Digits => cast(array, &DataType::Utf8).map_err(Error::internal)?,
            How::Geometry(srid) => geometries(array, *srid, self.typmod)?,
            How::Json => self.input(&json::texts(array)?)?,
            How::List(element) => list::convert(array, element, self.ty)?,
            How::Input => self.input(text(array)?.as_string::<i32>())?,
            How::Text => {
                let text = text(array)?;
                check_text(text.as_string::<i32>())?;
                own(&text)
            }
            How::Time => {
                let times = match array.data_type() {
                    DataType::Time64(TimeUnit::Nanosecond) => {
                        let nanos = array.as_primitive::<arrow::datatypes::Time64NanosecondType>();
                        Arc::new(nanos.try_unary::<_, Time64MicrosecondType, Error>(|nanos| micros(nanos, "time"))?)
                    }
                    _ => cast(array, &DataType::Time64(TimeUnit::Microsecond)).map_err(|_| out_of_range(self.ty))?,
                };
                let valid = |time: i64| (0..=86_400_000_000).contains(&time);
                if !times.as_primitive::<Time64MicrosecondType>().iter().flatten().all(valid) {
                    return Err(out_of_range(self.ty));
                }
                times
            }
            How::Timestamp => timestamps(array, self.ty)?,
            How::Uuid => uuids(array)?,
        })
    }

    /// Texts through the type's input function.
    fn input(&self, texts: &StringArray) -> Result<ArrayRef> {
        let env = Env::default();
        let mut builder = columns::ColumnBuilder::with_capacity(self.ty, texts.len());
        for text in texts {
            match text {
                None => builder.append_null(),
                Some(text) => builder.append(&io::input(&env, self.ty, self.typmod, text)?)?,
            }
        }
        Ok(builder.finish())
    }
}

fn how(from: &DataType, ty: PgType, typmod: i32) -> Option<How> {
    let storage = types::storage(ty);
    if let DataType::Dictionary(_, values) = from {
        return match (is_text(values), ty) {
            (true, ty) if carries_text(ty) => Some(How::Text),
            _ => None,
        };
    }
    if matches!(ty, PgType::JSON | PgType::JSONB) {
        return match from {
            from if is_text(from) => Some(How::Input),
            DataType::Struct(_) | DataType::Map(..) | DataType::List(_) | DataType::FixedSizeList(..) => {
                json::says(from).then_some(How::Json)
            }
            _ => None,
        };
    }
    if ty.is_array() {
        let element = ty.element()?;
        return match from {
            from if is_text(from) => Some(How::Input),
            // Lists in lists are further dimensions of one array.
            DataType::List(field) | DataType::LargeList(field) | DataType::FixedSizeList(field, _) => {
                let inner = list::innermost(field.data_type());
                Some(How::List(Box::new(Plan::new(inner, element, typmod)?)))
            }
            _ => None,
        };
    }
    Some(match (from, ty) {
        (DataType::Null, _) => How::Cast,
        (from, _) if is_text(from) && carries_text(ty) => How::Text,
        (from, PgType::UUID) if is_text(from) => How::Uuid,
        (from, _) if is_text(from) && !ty.is_foreign() => How::Input,
        (
            DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_),
            PgType::GEOMETRY | PgType::GEOGRAPHY,
        ) => {
            let declared = GeometryTypmod::unpack(typmod).map_or(0, |typmod| typmod.srid);
            How::Geometry(if ty == PgType::GEOGRAPHY && declared == 0 { 4326 } else { declared })
        }
        (from, _) if *from == storage && plain(ty) => How::AsIs,
        (DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_), PgType::BYTEA) => How::Cast,
        (from, PgType::INT2 | PgType::INT4 | PgType::INT8 | PgType::OID) if from.is_integer() => How::Cast,
        (DataType::Decimal128(_, 0), PgType::INT2 | PgType::INT4 | PgType::INT8) => How::Cast,
        (DataType::Float32, PgType::FLOAT8) => How::Cast,
        (DataType::Decimal128(..) | DataType::Decimal256(..), PgType::NUMERIC) => How::Decimal,
        (from, PgType::NUMERIC) if from.is_integer() => How::Digits,
        (DataType::Date32, PgType::DATE) => How::Date,
        (DataType::Time64(_) | DataType::Time32(_), PgType::TIME) => How::Time,
        (DataType::Timestamp(_, None), PgType::TIMESTAMP) => How::Timestamp,
        (DataType::Timestamp(_, Some(_)), PgType::TIMESTAMPTZ) => How::Timestamp,
        _ => return None,
    })
}

/// Types whose values are the same in Arrow's own type.
fn plain(ty: PgType) -> bool {
    matches!(
        ty,
        PgType::BOOL
            | PgType::INT2
            | PgType::INT4
            | PgType::INT8
            | PgType::FLOAT4
            | PgType::FLOAT8
            | PgType::BYTEA
            | PgType::UUID
    )
}

/// Types whose storage is the source's text as it is.
fn carries_text(ty: PgType) -> bool {
    matches!(ty, PgType::TEXT | PgType::VARCHAR | PgType::UNKNOWN) || ty.is_foreign()
}

/// Kept as its text, of which there is one for each value.
fn is_kept_as_text(ty: PgType) -> bool {
    types::storage(ty) == DataType::Utf8
        && !matches!(ty, PgType::BPCHAR | PgType::JSON | PgType::JSONB | PgType::NUMERIC)
}

fn is_text(ty: &DataType) -> bool {
    matches!(ty, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
}

fn cast(array: &ArrayRef, to: &DataType) -> std::result::Result<ArrayRef, arrow::error::ArrowError> {
    cast_with_options(array, to, &CastOptions { safe: false, ..CastOptions::default() })
}

/// A copy with buffers of its own: what comes over the socket shares one buffer, whose size each column would count as its own.
fn own(array: &ArrayRef) -> ArrayRef {
    let data = array.to_data();
    let mut copy = MutableArrayData::new(vec![&data], false, data.len());
    copy.extend(0, 0, data.len());
    make_array(copy.freeze())
}

/// Any of Arrow's texts as the plain one.
pub(super) fn text(array: &ArrayRef) -> Result<ArrayRef> {
    if *array.data_type() == DataType::Utf8 {
        return Ok(Arc::clone(array));
    }
    cast(array, &DataType::Utf8).map_err(Error::internal)
}

/// PostgreSQL's text holds no zero byte.
fn check_text(texts: &StringArray) -> Result<()> {
    let (offsets, data) = (texts.value_offsets(), texts.value_data());
    let range = match (offsets.first(), offsets.last()) {
        (Some(first), Some(last)) => *first as usize..*last as usize,
        _ => return Ok(()),
    };
    if data.get(range).is_some_and(|data| data.contains(&0)) && texts.iter().flatten().any(|text| text.contains('\0')) {
        return Err(Error::new(
            SqlState::CHARACTER_NOT_IN_REPERTOIRE,
            "invalid byte sequence for encoding \"UTF8\": 0x00",
        ));
    }
    Ok(())
}

fn decimals(array: &ArrayRef) -> Result<ArrayRef> {
    let mut out = StringBuilder::with_capacity(array.len(), array.len() * 8);
    let mut push = |digits: Option<String>, scale: i8| match digits {
        None => out.append_null(),
        Some(digits) => out.append_value(point(&digits, scale)),
    };
    match array.data_type() {
        DataType::Decimal256(_, scale) => {
            let decimals: &Decimal256Array = array.as_primitive();
            decimals.iter().for_each(|value| push(value.map(|value| value.to_string()), *scale));
        }
        DataType::Decimal128(_, scale) => {
            let decimals: &Decimal128Array = array.as_primitive();
            decimals.iter().for_each(|value| push(value.map(|value| value.to_string()), *scale));
        }
        other => return Err(Error::internal(format!("{other} is no decimal"))),
    }
    Ok(Arc::new(out.finish()))
}

/// Puts the decimal point: as many digits behind it as the scale says, as PostgreSQL's numeric(p, s) shows them.
fn point(digits: &str, scale: i8) -> String {
    let (sign, digits) = digits.strip_prefix('-').map_or(("", digits), |digits| ("-", digits));
    if scale <= 0 {
        let zeros = if digits == "0" { 0 } else { usize::from(scale.unsigned_abs()) };
        return [sign, digits, &"0".repeat(zeros)].concat();
    }
    let scale = usize::from(scale.unsigned_abs());
    let padded = if digits.len() <= scale {
        format!("{}{digits}", "0".repeat(scale + 1 - digits.len()))
    } else {
        digits.to_owned()
    };
    let (whole, fraction) = padded.split_at(padded.len() - scale);
    [sign, whole, ".", fraction].concat()
}

/// Engines write the infinities as the largest value and its negation.
fn date(days: i32) -> Result<i32> {
    match days {
        i32::MAX => Ok(i32::MAX),
        days if days <= -i32::MAX => Ok(i32::MIN),
        days if (FIRST_DATE..=LAST_DATE).contains(&days) => Ok(days),
        _ => Err(out_of_range(PgType::DATE)),
    }
}

fn timestamps(array: &ArrayRef, ty: PgType) -> Result<ArrayRef> {
    use arrow::datatypes::{TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType};
    let keep = |value: i64, micros: Option<i64>| match value {
        i64::MAX => Ok(i64::MAX),
        value if value <= -i64::MAX => Ok(i64::MIN),
        _ => micros.filter(|micros| (FIRST_TIMESTAMP..i64::MAX).contains(micros)).ok_or_else(|| out_of_range(ty)),
    };
    type Micros = TimestampMicrosecondType;
    let converted = match array.data_type() {
        DataType::Timestamp(TimeUnit::Second, _) => array
            .as_primitive::<TimestampSecondType>()
            .try_unary::<_, Micros, Error>(|value| keep(value, value.checked_mul(1_000_000)))?,
        DataType::Timestamp(TimeUnit::Millisecond, _) => array
            .as_primitive::<TimestampMillisecondType>()
            .try_unary::<_, Micros, Error>(|value| keep(value, value.checked_mul(1000)))?,
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            array.as_primitive::<Micros>().try_unary::<_, Micros, Error>(|value| keep(value, Some(value)))?
        }
        DataType::Timestamp(TimeUnit::Nanosecond, _) => {
            array.as_primitive::<TimestampNanosecondType>().try_unary::<_, Micros, Error>(|value| {
                if value == i64::MAX || value <= -i64::MAX { keep(value, None) } else { micros(value, "timestamp") }
            })?
        }
        other => return Err(Error::internal(format!("{other} is no timestamp"))),
    };
    Ok(Arc::new(converted.with_data_type(types::storage(ty))))
}

/// Nanoseconds that are whole microseconds; others cannot be kept.
fn micros(nanos: i64, what: &str) -> Result<i64> {
    if nanos % 1000 == 0 { Ok(nanos / 1000) } else { Err(too_precise(what)) }
}

fn uuids(array: &ArrayRef) -> Result<ArrayRef> {
    let texts = text(array)?;
    let env = Env::default();
    let mut out = FixedSizeBinaryBuilder::with_capacity(array.len(), 16);
    for text in texts.as_string::<i32>() {
        match text.map(|text| io::input(&env, PgType::UUID, -1, text)).transpose()? {
            None => out.append_null(),
            Some(Datum::Uuid(bytes)) => out.append_value(bytes).map_err(Error::internal)?,
            Some(_) => return Err(Error::internal("a uuid's text gave no uuid")),
        }
    }
    Ok(Arc::new(out.finish()))
}

fn geometries(array: &ArrayRef, srid: i32, typmod: i32) -> Result<ArrayRef> {
    let bytes = cast(array, &DataType::Binary).map_err(Error::internal)?;
    let bytes = bytes.as_binary::<i32>();
    let mut out = BinaryBuilder::with_capacity(bytes.len(), bytes.value_data().len() + bytes.len() * 4);
    let mut value = Vec::new();
    for wkb in bytes {
        match wkb {
            None => out.append_null(),
            Some(wkb) => {
                value.clear();
                ewkb(wkb, srid, &mut value)?;
                check_kind(&value, typmod)?;
                out.append_value(&value);
            }
        }
    }
    Ok(Arc::new(out.finish()))
}

/// 22023 when a value (in the stored form) is of another kind than its column was declared with.
pub(in crate::connector) fn check_kind(stored: &[u8], typmod: i32) -> Result<()> {
    const DIMENSIONS: u32 = 0xc000_0000;
    let Some(declared) = GeometryTypmod::unpack(typmod).filter(|declared| declared.kind > 0) else { return Ok(()) };
    let wanted = u32::from(declared.kind) | u32::from(declared.z) << 31 | u32::from(declared.m) << 30;
    let found = stored.first_chunk::<5>().map(|[_, kind @ ..]| u32::from_le_bytes(*kind));
    if found.is_some_and(|found| found & (DIMENSIONS | 0xff) == wanted) {
        return Ok(());
    }
    let value = Datum::Geometry(Geom(Arc::from(stored)));
    io::apply_typmod(&Env::default(), PgType::GEOMETRY, typmod, value, false).map(drop)
}

/// Any WKB as the stored form; an SRID of its own stays.
pub(in crate::connector) fn ewkb(bytes: &[u8], srid: i32, out: &mut Vec<u8>) -> Result<()> {
    const SRID: u32 = 0x2000_0000;
    // A little-endian point of the plane, with a header that only lacks its SRID.
    if let (21, [1, 1, 0, 0, 0, rest @ ..]) = (bytes.len(), bytes) {
        out.push(1);
        if srid == 0 {
            out.extend_from_slice(&1_u32.to_le_bytes());
        } else {
            out.extend_from_slice(&(1 | SRID).to_le_bytes());
            out.extend_from_slice(&srid.to_le_bytes());
        }
        out.extend_from_slice(rest);
        return Ok(());
    }
    let mut geometry = wkb::parse(bytes, wkb::Check::Nothing).map_err(|error| {
        Error::new(SqlState::DATA_EXCEPTION, "invalid WKB in a geometry column").detail(error.message())
    })?;
    if geometry.srid == 0 {
        geometry.srid = srid;
    } else if srid != 0 && geometry.srid != srid {
        let message = format!("Geometry SRID ({}) does not match column SRID ({srid})", geometry.srid);
        return Err(Error::new(SqlState::INVALID_PARAMETER_VALUE, message));
    }
    out.extend_from_slice(&wkb::encode(&geometry));
    Ok(())
}

fn drift() -> Error {
    Error::new(SqlState::FEATURE_NOT_SUPPORTED, "cached plan must not change result type")
        .hint("Attach the schema again: SELECT graticule.attach(...).")
}

fn mismatch(field: &Field, column: &ResultColumn) -> Error {
    drift().detail(format!(
        "Column \"{}\" was expected as {}, and came as {}.",
        column.name,
        types::format_type(column.ty, column.typmod),
        field.data_type()
    ))
}

fn out_of_range(ty: PgType) -> Error {
    let state = match ty {
        PgType::DATE | PgType::TIME | PgType::TIMESTAMP | PgType::TIMESTAMPTZ => SqlState::DATETIME_FIELD_OVERFLOW,
        _ => SqlState::NUMERIC_VALUE_OUT_OF_RANGE,
    };
    Error::new(state, format!("{} out of range", types::format_type(ty, -1)))
}

fn too_precise(what: &str) -> Error {
    Error::new(SqlState::DATETIME_FIELD_OVERFLOW, format!("a {what} of the source is more precise than microseconds"))
}

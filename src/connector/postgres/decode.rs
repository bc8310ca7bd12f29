//! DataRows: relayed as they are, or decoded into Arrow arrays in the storage of `types::storage`.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryBuilder, BooleanBuilder, Date32Builder, FixedSizeBinaryBuilder, Float32Builder, Float64Builder,
    Int16Builder, Int32Builder, Int64Builder, StringBuilder, Time64MicrosecondBuilder, TimestampMicrosecondBuilder,
    UInt32Builder,
};
use arrow::datatypes::{DataType, Schema, SchemaRef};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use bytes::BytesMut;

use super::remote_types::RemoteTypes;
use super::rewrite::{self, OidMap};
use super::wire::{Fields, malformed};
use crate::connector::{Format, Rows};
use crate::dialect::target::ResultColumn;
use crate::error::{Error, Result, SqlState};
use crate::kernels::{Env, columns, io};
use crate::types::{self, Datum, Interval, PgType};

/// Days and microseconds from 1970 to 2000.
const EPOCH_DAYS: i32 = 10_957;
const EPOCH_MICROS: i64 = 946_684_800_000_000;
/// Arrow's 32-bit offsets end at 2 GB.
const MAX_COLUMN_BYTES: usize = i32::MAX as usize;

/// How the rows of one statement come: result formats to ask for, and what becomes of the rows.
#[derive(Clone)]
pub(super) struct Output {
    /// As Bind carries them, one per column.
    pub formats: Vec<i16>,
    /// `None`: relay.
    decode: Option<Decode>,
    types: Arc<RemoteTypes>,
}

#[derive(Clone)]
struct Decode {
    schema: SchemaRef,
    columns: Arc<[PgType]>,
    typmods: Arc<[i32]>,
}

/// Rows gathered by one fetch.
pub(super) enum Sink {
    Frames { out: BytesMut, count: usize },
    Batch { columns: Vec<Column>, count: usize, bytes: usize, output: Output },
}

impl Output {
    pub fn new(columns: &[ResultColumn], relay: Option<&[Format]>, types: Arc<RemoteTypes>) -> Result<Output> {
        if let Some(formats) = relay {
            if formats.len() != columns.len() {
                return Err(Error::internal("a relay needs one format per column"));
            }
            // Arrays and records carry type oids in binary: the remote's must not get out.
            let carries = |(format, column): (&Format, &ResultColumn)| {
                *format == Format::Binary && (column.ty.is_foreign() || holds_remote_oids(column.ty))
            };
            if !formats.iter().zip(columns).any(carries) {
                let formats = formats.iter().map(|format| i16::from(*format == Format::Binary)).collect();
                return Ok(Output { formats, decode: None, types });
            }
        }
        let fields = columns.iter().map(|column| types::field(&column.name, column.ty, column.typmod));
        let decode = Decode {
            schema: Arc::new(Schema::new(fields.collect::<Vec<_>>())),
            columns: columns.iter().map(|column| column.ty).collect(),
            typmods: columns.iter().map(|column| column.typmod).collect(),
        };
        Ok(Output { formats: columns.iter().map(|column| wanted(column.ty)).collect(), decode: Some(decode), types })
    }

    pub fn sink(&self) -> Sink {
        match &self.decode {
            None => Sink::Frames { out: BytesMut::new(), count: 0 },
            Some(decode) => Sink::Batch {
                columns: decode
                    .columns
                    .iter()
                    .zip(decode.typmods.iter())
                    .map(|(ty, typmod)| Column::new(*ty, *typmod))
                    .collect(),
                count: 0,
                bytes: 0,
                output: self.clone(),
            },
        }
    }

    /// A sink whose rows nobody will read.
    pub fn discard() -> Sink {
        Sink::Frames { out: BytesMut::new(), count: 0 }
    }
}

impl Sink {
    pub fn count(&self) -> usize {
        match self {
            Sink::Frames { count, .. } | Sink::Batch { count, .. } => *count,
        }
    }

    pub fn bytes(&self) -> usize {
        match self {
            Sink::Frames { out, .. } => out.len(),
            Sink::Batch { bytes, .. } => *bytes,
        }
    }

    /// Adds complete DataRow frames.
    pub fn push(&mut self, frames: &[u8], rows: usize) -> Result<()> {
        match self {
            Sink::Frames { out, count } => {
                out.extend_from_slice(frames);
                *count += rows;
            }
            Sink::Batch { columns, count, bytes, output } => {
                if *bytes + frames.len() > MAX_COLUMN_BYTES {
                    return Err(Error::new(
                        SqlState::PROGRAM_LIMIT_EXCEEDED,
                        "rows are too large to be held in one batch",
                    ));
                }
                let mut rest = Fields(frames);
                for _ in 0..rows {
                    rest.u8()?;
                    let length = rest.u32()? as usize;
                    let mut row = Fields(rest.bytes(length.checked_sub(4).ok_or_else(malformed)?)?);
                    if usize::try_from(row.i16()?).ok() != Some(columns.len()) {
                        return Err(malformed());
                    }
                    for column in columns.iter_mut() {
                        let value = row.value()?;
                        column.push(value, &output.types)?;
                    }
                }
                *count += rows;
                *bytes += frames.len();
            }
        }
        Ok(())
    }

    /// The rows; `None` when there are none.
    pub fn finish(self) -> Result<Option<Rows>> {
        match self {
            Sink::Frames { count: 0, .. } | Sink::Batch { count: 0, .. } => Ok(None),
            Sink::Frames { out, count } => Ok(Some(Rows::Framed { frames: out.freeze(), count })),
            Sink::Batch { columns, count, output, .. } => {
                let arrays = columns.into_iter().map(Column::finish).collect::<Result<Vec<_>>>()?;
                let schema = output.decode.map(|decode| decode.schema).ok_or_else(|| Error::internal("no schema"))?;
                let options = RecordBatchOptions::new().with_row_count(Some(count));
                RecordBatch::try_new_with_options(schema, arrays, &options)
                    .map(|batch| Some(Rows::Batch(batch)))
                    .map_err(Error::internal)
            }
        }
    }
}

/// True for types whose binary form holds oids that differ between databases.
fn holds_remote_oids(ty: PgType) -> bool {
    rewrite::nests(ty) && ty.element().is_none_or(|element| element.is_spatial() || rewrite::nests(element))
}

/// The format to ask for when rows are decoded.
fn wanted(ty: PgType) -> i16 {
    i16::from(match types::storage(ty) {
        // Text forms are the storage; geometry boxes have no binary form, nor has aclitem.
        DataType::Utf8 => false,
        _ => !reads_text(ty),
    })
}

/// Types that go through their input function.
fn reads_text(ty: PgType) -> bool {
    matches!(ty, PgType::BOX2D | PgType::BOX3D)
        || ty.element().is_some_and(|element| {
            ty.is_array() && (reads_text(element) || element == PgType::ACLITEM || element == PgType::GTSVECTOR)
        })
}

/// A column under construction.
pub(super) enum Column {
    Bool(BooleanBuilder),
    Bytes(BinaryBuilder),
    Date(Date32Builder),
    /// Built by the kernels from values: types that are rare in bulk.
    Datums {
        ty: PgType,
        typmod: i32,
        values: Vec<Datum>,
        text: bool,
    },
    Float4(Float32Builder),
    Float8(Float64Builder),
    Int2(Int16Builder),
    Int4(Int32Builder),
    Int8(Int64Builder),
    /// Binary arrays and records, oids rewritten.
    Nested(BinaryBuilder, PgType),
    Oid(UInt32Builder),
    Text(StringBuilder),
    Time(Time64MicrosecondBuilder),
    Timestamp(TimestampMicrosecondBuilder, DataType),
    Uuid(FixedSizeBinaryBuilder),
}

impl Column {
    fn new(ty: PgType, typmod: i32) -> Column {
        match types::storage(ty) {
            _ if reads_text(ty) => Column::Datums { ty, typmod, values: Vec::new(), text: true },
            DataType::Boolean => Column::Bool(BooleanBuilder::new()),
            DataType::Int16 => Column::Int2(Int16Builder::new()),
            DataType::Int32 => Column::Int4(Int32Builder::new()),
            DataType::Int64 => Column::Int8(Int64Builder::new()),
            DataType::Float32 => Column::Float4(Float32Builder::new()),
            DataType::Float64 => Column::Float8(Float64Builder::new()),
            DataType::UInt32 => Column::Oid(UInt32Builder::new()),
            DataType::Utf8 => Column::Text(StringBuilder::new()),
            DataType::Date32 => Column::Date(Date32Builder::new()),
            DataType::Time64(_) => Column::Time(Time64MicrosecondBuilder::new()),
            DataType::Timestamp(..) => Column::Timestamp(TimestampMicrosecondBuilder::new(), types::storage(ty)),
            DataType::FixedSizeBinary(16) => Column::Uuid(FixedSizeBinaryBuilder::new(16)),
            DataType::Binary if rewrite::nests(ty) => Column::Nested(BinaryBuilder::new(), ty),
            DataType::Binary => Column::Bytes(BinaryBuilder::new()),
            _ => Column::Datums { ty, typmod, values: Vec::new(), text: false },
        }
    }

    fn push(&mut self, value: Option<&[u8]>, types: &RemoteTypes) -> Result<()> {
        match self {
            Column::Bool(builder) => {
                builder.append_option(value.map(fixed).transpose()?.map(|[byte]: [u8; 1]| byte != 0))
            }
            Column::Int2(builder) => builder.append_option(value.map(fixed).transpose()?.map(i16::from_be_bytes)),
            Column::Int4(builder) => builder.append_option(value.map(fixed).transpose()?.map(i32::from_be_bytes)),
            Column::Int8(builder) => builder.append_option(value.map(fixed).transpose()?.map(i64::from_be_bytes)),
            Column::Float4(builder) => builder.append_option(value.map(fixed).transpose()?.map(f32::from_be_bytes)),
            Column::Float8(builder) => builder.append_option(value.map(fixed).transpose()?.map(f64::from_be_bytes)),
            Column::Oid(builder) => builder.append_option(value.map(fixed).transpose()?.map(u32::from_be_bytes)),
            Column::Text(builder) => builder.append_option(value.map(text).transpose()?),
            Column::Bytes(builder) => builder.append_option(value),
            Column::Nested(builder, ty) => {
                let map = ToLocal(types);
                let rewritten = value.map(|value| {
                    if *ty == PgType::RECORD { rewrite::record(value, &map) } else { rewrite::array(value, &map) }
                });
                builder.append_option(rewritten.transpose()?);
            }
            Column::Date(builder) => {
                let days = value.map(fixed).transpose()?.map(i32::from_be_bytes);
                builder.append_option(days.map(date_from_2000).transpose()?);
            }
            Column::Time(builder) => builder.append_option(value.map(fixed).transpose()?.map(i64::from_be_bytes)),
            Column::Timestamp(builder, _) => {
                let micros = value.map(fixed).transpose()?.map(i64::from_be_bytes);
                builder.append_option(micros.map(micros_from_2000).transpose()?);
            }
            Column::Uuid(builder) => match value {
                Some(value) => builder.append_value(value).map_err(|_| malformed())?,
                None => builder.append_null(),
            },
            Column::Datums { ty, typmod, values, text: as_text } => values.push(match value {
                None => Datum::Null,
                Some(value) if *as_text => io::input(&Env::default(), *ty, *typmod, text(value)?)?,
                Some(value) => binary_datum(*ty, *typmod, value)?,
            }),
        }
        Ok(())
    }

    fn finish(self) -> Result<ArrayRef> {
        Ok(match self {
            Column::Bool(mut builder) => Arc::new(builder.finish()),
            Column::Int2(mut builder) => Arc::new(builder.finish()),
            Column::Int4(mut builder) => Arc::new(builder.finish()),
            Column::Int8(mut builder) => Arc::new(builder.finish()),
            Column::Float4(mut builder) => Arc::new(builder.finish()),
            Column::Float8(mut builder) => Arc::new(builder.finish()),
            Column::Oid(mut builder) => Arc::new(builder.finish()),
            Column::Text(mut builder) => Arc::new(builder.finish()),
            Column::Bytes(mut builder) | Column::Nested(mut builder, _) => Arc::new(builder.finish()),
            Column::Date(mut builder) => Arc::new(builder.finish()),
            Column::Time(mut builder) => Arc::new(builder.finish()),
            Column::Timestamp(mut builder, storage) => Arc::new(builder.finish().with_data_type(storage)),
            Column::Uuid(mut builder) => Arc::new(builder.finish()),
            Column::Datums { ty, values, .. } => columns::array_of(ty, &values)?,
        })
    }
}

fn binary_datum(ty: PgType, typmod: i32, bytes: &[u8]) -> Result<Datum> {
    let mut fields = Fields(bytes);
    let mut wide = || fixed(fields.bytes(8)?).map(i64::from_be_bytes);
    match ty {
        PgType::INTERVAL => {
            let micros = wide()?;
            let (days, months) = (fields.i32()?, fields.i32()?);
            Ok(Datum::Interval(Interval { months, days, micros }))
        }
        PgType::TIMETZ => {
            let micros = wide()?;
            Ok(Datum::Timetz(micros, fields.i32()?))
        }
        _ => io::receive(&Env::default(), ty, typmod, bytes),
    }
}

fn fixed<const N: usize>(bytes: &[u8]) -> Result<[u8; N]> {
    bytes.try_into().map_err(|_| malformed())
}

fn text(bytes: &[u8]) -> Result<&str> {
    // A database in SQL_ASCII sends what it holds.
    std::str::from_utf8(bytes).map_err(|_| {
        Error::new(
            SqlState::CHARACTER_NOT_IN_REPERTOIRE,
            "invalid byte sequence for encoding \"UTF8\" in a source's text",
        )
    })
}

fn date_from_2000(days: i32) -> Result<i32> {
    if days == i32::MIN || days == i32::MAX {
        return Ok(days);
    }
    days.checked_add(EPOCH_DAYS).ok_or_else(|| Error::new(SqlState::DATETIME_FIELD_OVERFLOW, "date out of range"))
}

fn micros_from_2000(micros: i64) -> Result<i64> {
    if micros == i64::MIN || micros == i64::MAX {
        return Ok(micros);
    }
    micros
        .checked_add(EPOCH_MICROS)
        .ok_or_else(|| Error::new(SqlState::DATETIME_FIELD_OVERFLOW, "timestamp out of range"))
}

struct ToLocal<'a>(&'a RemoteTypes);

impl OidMap for ToLocal<'_> {
    fn map(&self, oid: u32) -> Result<(u32, PgType)> {
        let ty = self
            .0
            .local(oid)
            .ok_or_else(|| Error::unsupported("an array or record over a type of the server's own"))?;
        Ok((ty.0, ty))
    }
}

//! Rows between Arrow batches and [`Datum`]s, keys for hashing, and errors between the two worlds.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use datafusion::common::ScalarValue;
use datafusion::error::DataFusionError;

use crate::error::{Error, Result, SqlState};
use crate::kernels::{columns, compare};
use crate::types::{Datum, PgType};

/// The value at a row of a column.
pub(super) fn read(array: &ArrayRef, row: usize, ty: PgType) -> Result<Datum> {
    if array.is_null(row) {
        return Ok(Datum::Null);
    }
    columns::datum_at(array.as_ref(), row, ty)
}

/// A whole row of a batch.
pub(super) fn read_row(batch: &RecordBatch, row: usize, types: &[PgType]) -> Result<Vec<Datum>> {
    types.iter().enumerate().map(|(column, ty)| read(batch.column(column), row, *ty)).collect()
}

/// A batch from columns of values.
pub(super) fn batch(schema: &SchemaRef, types: &[PgType], columns: &[Vec<Datum>], rows: usize) -> Result<RecordBatch> {
    let arrays = types
        .iter()
        .zip(columns)
        .map(|(ty, values)| columns::array_of(*ty, values))
        .collect::<Result<Vec<ArrayRef>>>()?;
    assemble(schema, arrays, rows)
}

/// A batch from arrays; works without columns too.
pub(super) fn assemble(schema: &SchemaRef, arrays: Vec<ArrayRef>, rows: usize) -> Result<RecordBatch> {
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(Arc::clone(schema), arrays, &options).map_err(from_arrow)
}

/// Bytes that a batch's rows take (a slice of a bigger batch counts for itself only).
pub(super) fn bytes_of(batch: &RecordBatch) -> usize {
    let bytes = |column: &ArrayRef| column.to_data().get_slice_memory_size().unwrap_or(column.get_array_memory_size());
    batch.columns().iter().map(bytes).sum()
}

/// A DataFusion literal.
pub(super) fn scalar(ty: PgType, value: &Datum) -> Result<ScalarValue> {
    let array = columns::array_of(ty, std::slice::from_ref(value))?;
    ScalarValue::try_from_array(&array, 0).map_err(from_datafusion)
}

/// Appends bytes that are equal iff the values are equal under the type's `=` (NULLs equal each other), self-delimiting.
pub(super) fn encode_key(ty: PgType, value: &Datum, key: &mut Vec<u8>) -> Result<()> {
    let mut put = |bytes: &[u8]| {
        key.push(1);
        key.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
        key.extend_from_slice(bytes);
    };
    match value {
        Datum::Null => key.push(0),
        Datum::Bool(value) => put(&[u8::from(*value)]),
        Datum::Int2(value) => put(&value.to_le_bytes()),
        Datum::Int4(value) | Datum::Date(value) => put(&value.to_le_bytes()),
        Datum::Int8(value) | Datum::Timestamp(value) | Datum::Timestamptz(value) | Datum::Time(value) => {
            put(&value.to_le_bytes());
        }
        Datum::Oid(value) => put(&value.to_le_bytes()),
        Datum::Text(value) if matches!(ty, PgType::TEXT | PgType::VARCHAR | PgType::NAME) => put(value.as_bytes()),
        Datum::Bytea(value) => put(value),
        Datum::Uuid(value) => put(value),
        other => put(&compare::sort_key(ty, other)?),
    }
    Ok(())
}

/// [`encode_key`] over several values.
pub(super) fn encode_row(types: &[PgType], values: &[Datum]) -> Result<Vec<u8>> {
    let mut key = Vec::with_capacity(values.len() * 12);
    for (ty, value) in types.iter().zip(values) {
        encode_key(*ty, value, &mut key)?;
    }
    Ok(key)
}

/// Types whose Arrow order and equality are PostgreSQL's.
pub(super) fn is_native(ty: PgType) -> bool {
    matches!(
        ty,
        PgType::BOOL
            | PgType::INT2
            | PgType::INT4
            | PgType::INT8
            | PgType::TEXT
            | PgType::VARCHAR
            | PgType::NAME
            | PgType::DATE
            | PgType::TIME
            | PgType::TIMESTAMP
            | PgType::TIMESTAMPTZ
            | PgType::UUID
            | PgType::BYTEA
            | PgType::XID
            | PgType::CID
    ) || ty.is_oid_like()
}

/// Bytes a value holds, for the memory accountant (an estimate).
pub(super) fn size_of(value: &Datum) -> usize {
    std::mem::size_of::<Datum>()
        + match value {
            Datum::Text(text) => text.len(),
            Datum::Bytea(bytes) => bytes.len(),
            Datum::Geometry(geometry) => geometry.0.len(),
            Datum::Numeric(_) => 32,
            Datum::Array(array) => array.values.iter().map(size_of).sum::<usize>() + 64,
            Datum::Record(fields) => fields.iter().map(size_of).sum(),
            _ => 0,
        }
}

/// Our error inside DataFusion's.
pub(super) fn into_datafusion(error: Error) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

/// Unwraps our own error; memory limits are 53200, anything else is a bug of ours.
pub(super) fn from_datafusion(error: DataFusionError) -> Error {
    match error {
        DataFusionError::External(inner) => from_external(inner),
        DataFusionError::ArrowError(inner, _) => from_arrow(*inner),
        DataFusionError::Context(_, inner) => from_datafusion(*inner),
        DataFusionError::Shared(inner) => match shared(&inner) {
            Some(error) => error,
            None => Error::internal(inner),
        },
        DataFusionError::ResourcesExhausted(detail) => out_of_memory(detail),
        DataFusionError::IoError(inner) => {
            Error::new(SqlState::IO_ERROR, format!("could not use a temporary file: {inner}"))
        }
        other => Error::internal(other),
    }
}

fn shared(error: &DataFusionError) -> Option<Error> {
    match error {
        DataFusionError::External(inner) => {
            inner.downcast_ref::<Error>().cloned().or_else(|| inner.downcast_ref::<DataFusionError>().and_then(shared))
        }
        DataFusionError::Context(_, inner) => shared(inner),
        DataFusionError::Shared(inner) => shared(inner),
        DataFusionError::ResourcesExhausted(detail) => Some(out_of_memory(detail.clone())),
        DataFusionError::ArrowError(inner, _) => match inner.as_ref() {
            ArrowError::ExternalError(inner) => inner
                .downcast_ref::<Error>()
                .cloned()
                .or_else(|| inner.downcast_ref::<DataFusionError>().and_then(shared)),
            _ => None,
        },
        _ => None,
    }
}

fn out_of_memory(detail: String) -> Error {
    Error::new(SqlState::OUT_OF_MEMORY, "out of memory").detail(detail)
}

/// [`from_datafusion`] for Arrow's.
pub(super) fn from_arrow(error: ArrowError) -> Error {
    match error {
        ArrowError::ExternalError(inner) => from_external(inner),
        other => Error::internal(other),
    }
}

fn from_external(inner: Box<dyn std::error::Error + Send + Sync>) -> Error {
    match inner.downcast::<Error>() {
        Ok(error) => *error,
        Err(inner) => match inner.downcast::<DataFusionError>() {
            Ok(error) => from_datafusion(*error),
            Err(inner) => match inner.downcast::<ArrowError>() {
                Ok(error) => from_arrow(*error),
                Err(inner) => Error::internal(inner),
            },
        },
    }
}

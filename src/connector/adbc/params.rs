//! Parameters as one row of Arrow columns.

use std::sync::Arc;

use arrow::array::{ArrayRef, BinaryArray, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use arrow::record_batch::RecordBatch;

use super::protocol;
use crate::dialect::Param;
use crate::error::{Error, Result};
use crate::kernels::spatial::{geometry::Geometry, wkb};
use crate::kernels::{Env, columns, io};
use crate::types::{self, Datum};

/// The payload of a statement's parameters; empty without any. The printed text casts each to its type.
pub(super) fn encode(params: &[Param], values: &[Datum], ewkb: bool) -> Result<Vec<u8>> {
    if params.len() != values.len() {
        return Err(Error::internal("a statement needs one value per parameter"));
    }
    if params.is_empty() {
        return Ok(Vec::new());
    }
    let columns = params.iter().zip(values).map(|(param, value)| column(param, value, ewkb));
    row(columns.collect::<Result<Vec<_>>>()?)
}

/// The payload of text parameters.
pub(super) fn texts(values: &[&str]) -> Result<Vec<u8>> {
    if values.is_empty() {
        return Ok(Vec::new());
    }
    row(values.iter().map(|value| Arc::new(StringArray::from(vec![*value])) as ArrayRef).collect())
}

fn row(columns: Vec<ArrayRef>) -> Result<Vec<u8>> {
    let fields: Vec<Field> = columns
        .iter()
        .enumerate()
        .map(|(n, column)| Field::new((n + 1).to_string(), column.data_type().clone(), true))
        .collect();
    let schema = Arc::new(Schema::new(fields));
    let batch = RecordBatch::try_new(Arc::clone(&schema), columns).map_err(Error::internal)?;
    protocol::encode(&schema, &[batch]).map_err(Error::internal)
}

/// Numbers, dates and bytes in Arrow's own types, geometries as ISO WKB or EWKB, everything else as its text.
fn column(param: &Param, value: &Datum, ewkb: bool) -> Result<ArrayRef> {
    if param.ty.is_spatial() {
        let bytes = match value {
            Datum::Null => None,
            Datum::Geometry(bytes) if ewkb => Some(bytes.0.to_vec()),
            value => {
                let geometry = Geometry::from_datum(value)?;
                Some(wkb::write(&geometry, wkb::ByteOrder::Little, wkb::Variant::Iso))
            }
        };
        return Ok(Arc::new(BinaryArray::from_opt_vec(vec![bytes.as_deref()])));
    }
    match types::storage(param.ty) {
        DataType::Boolean
        | DataType::Int16
        | DataType::Int32
        | DataType::Int64
        | DataType::Float32
        | DataType::Float64 => columns::array_of(param.ty, std::slice::from_ref(value)),
        DataType::Binary if param.ty == types::PgType::BYTEA => {
            columns::array_of(param.ty, std::slice::from_ref(value))
        }
        // Dates and times as text too: the infinities have one there.
        _ => {
            let text = match value {
                Datum::Null => None,
                value => Some(io::output(&Env::default(), param.ty, value)?),
            };
            Ok(Arc::new(StringArray::from(vec![text])))
        }
    }
}

//! Lists of a driver into PostgreSQL's arrays.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::DataType;

use super::convert::Plan;
use crate::error::{Error, Result, SqlState};
use crate::kernels::columns::{ColumnReader, array_of};
use crate::types::{ArrayValue, Datum, PgType};

/// The type below all lists.
pub(super) fn innermost(ty: &DataType) -> &DataType {
    match ty {
        DataType::List(field) | DataType::LargeList(field) | DataType::FixedSizeList(field, _) => {
            innermost(field.data_type())
        }
        other => other,
    }
}

pub(super) fn convert(array: &ArrayRef, element: &Plan, ty: PgType) -> Result<ArrayRef> {
    let mut values = Vec::with_capacity(array.len());
    for row in 0..array.len() {
        match slice(array, row)? {
            None => values.push(Datum::Null),
            Some(items) => {
                let mut built = ArrayValue { element: element.ty(), dimensions: Vec::new(), values: Vec::new() };
                let mut lengths = Vec::new();
                gather(&items, element, 0, &mut lengths, &mut built.values)?;
                if !built.values.is_empty() {
                    built.dimensions = lengths.iter().map(|length| (*length, 1)).collect();
                }
                values.push(Datum::Array(built.into()));
            }
        }
    }
    array_of(ty, &values)
}

/// The items of one list; `None` for NULL.
fn slice(array: &ArrayRef, row: usize) -> Result<Option<ArrayRef>> {
    if array.is_null(row) {
        return Ok(None);
    }
    Ok(Some(match array.data_type() {
        DataType::List(_) => array.as_list::<i32>().value(row),
        DataType::LargeList(_) => array.as_list::<i64>().value(row),
        DataType::FixedSizeList(..) => array.as_fixed_size_list().value(row),
        other => return Err(Error::internal(format!("{other} is no list"))),
    }))
}

/// Appends the values row by row; every list of one depth must have the same length.
fn gather(items: &ArrayRef, element: &Plan, depth: usize, lengths: &mut Vec<i32>, out: &mut Vec<Datum>) -> Result<()> {
    let length = i32::try_from(items.len()).map_err(Error::internal)?;
    match lengths.get(depth) {
        None => lengths.push(length),
        Some(known) if *known == length => {}
        Some(_) => return Err(ragged()),
    }
    if matches!(items.data_type(), DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..)) {
        for row in 0..items.len() {
            // An array of PostgreSQL has no NULL where a dimension should be.
            let inner = slice(items, row)?.ok_or_else(ragged)?;
            gather(&inner, element, depth + 1, lengths, out)?;
        }
        return Ok(());
    }
    let converted = element.convert(items)?;
    let reader = ColumnReader::new(&converted, element.ty())?;
    for row in 0..items.len() {
        out.push(reader.get(row)?);
    }
    Ok(())
}

fn ragged() -> Error {
    Error::new(SqlState::ARRAY_SUBSCRIPT_ERROR, "a list of the source is no array")
        .detail("Multidimensional arrays must have sub-arrays with matching dimensions.")
}

//! Between Arrow arrays (storage of `types::storage`) and [`Datum`]s.

use arrow::array::{Array, ArrayRef};

use crate::error::Result;
use crate::types::{Datum, PgType};

/// The value at `row` of an array that stores `ty`.
pub fn datum_at(array: &dyn Array, row: usize, ty: PgType) -> Result<Datum> {
    let _ = (array, row, ty);
    Err(crate::error::Error::unsupported("datum_at"))
}

/// An array in the storage of `ty`.
pub fn array_of(ty: PgType, values: &[Datum]) -> Result<ArrayRef> {
    let _ = (ty, values);
    Err(crate::error::Error::unsupported("array_of"))
}

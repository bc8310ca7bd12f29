//! PostgreSQL's default btree order and equality of each type, as comparison and as memcomparable sort key.

use std::cmp::Ordering;

use crate::error::{Error, Result};
use crate::types::{Datum, PgType};

/// Orders two non-NULL values of one type by its default btree operator class (text: collation C; float: -0 = 0, NaN last).
/// 42883 "could not identify an ordering operator" for types without one.
pub fn compare(ty: PgType, left: &Datum, right: &Datum) -> Result<Ordering> {
    let _ = (left, right);
    Err(Error::unsupported(format!("comparison of {}", ty.name())))
}

/// Bytes whose memcmp order is `compare`'s order and whose equality is the type's `=`; used for ORDER BY, GROUP BY, DISTINCT and
/// hash joins of types whose Arrow order is not PostgreSQL's.
pub fn sort_key(ty: PgType, value: &Datum) -> Result<Vec<u8>> {
    let _ = value;
    Err(Error::unsupported(format!("sorting of {}", ty.name())))
}

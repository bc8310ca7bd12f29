//! Operators of our own, over rows of [`crate::types::Datum`]s.

pub(super) mod concat;
pub(super) mod distinct;
pub(super) mod frame;
pub(super) mod group;
pub(super) mod limit;
pub(super) mod project_set;
pub(super) mod recursive;
pub(super) mod setop;
pub(super) mod values;
pub(super) mod window;

use std::cmp::Ordering;

use crate::error::Result;
use crate::kernels::compare;
use crate::types::{Datum, PgType};

/// Orders two values as a sort key does.
pub(super) fn order(ty: PgType, left: &Datum, right: &Datum, descending: bool, nulls_first: bool) -> Result<Ordering> {
    Ok(match (left.is_null(), right.is_null()) {
        (true, true) => Ordering::Equal,
        (true, false) => {
            if nulls_first {
                Ordering::Less
            } else {
                Ordering::Greater
            }
        }
        (false, true) => {
            if nulls_first {
                Ordering::Greater
            } else {
                Ordering::Less
            }
        }
        (false, false) => {
            let order = compare::compare(ty, left, right)?;
            if descending { order.reverse() } else { order }
        }
    })
}

/// Sorts rows by a fallible order.
pub(super) fn sort_rows<T>(rows: &mut [T], mut order: impl FnMut(&T, &T) -> Result<Ordering>) -> Result<()> {
    let mut failed = None;
    rows.sort_by(|left, right| {
        order(left, right).unwrap_or_else(|error| {
            failed.get_or_insert(error);
            Ordering::Equal
        })
    });
    failed.map_or(Ok(()), Err)
}

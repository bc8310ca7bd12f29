//! Comparison operators of the date and time types, across types too.

use std::cmp::Ordering;

use super::calendar::{MICROS_PER_DAY, MICROS_PER_SECOND};
use super::ops::arg;
use super::zone::Zone;
use crate::error::Result;
use crate::kernels::{Call, Scalar};
use crate::types::{Datum, Interval};

macro_rules! comparisons {
    ($($prefix:literal $suffix:literal $order:path;)*) => {
        &[$(
            (concat!($prefix, "_eq", $suffix), |call, args| Ok(Datum::Bool($order(call, args)?.is_eq()))),
            (concat!($prefix, "_ne", $suffix), |call, args| Ok(Datum::Bool($order(call, args)?.is_ne()))),
            (concat!($prefix, "_lt", $suffix), |call, args| Ok(Datum::Bool($order(call, args)?.is_lt()))),
            (concat!($prefix, "_le", $suffix), |call, args| Ok(Datum::Bool($order(call, args)?.is_le()))),
            (concat!($prefix, "_gt", $suffix), |call, args| Ok(Datum::Bool($order(call, args)?.is_gt()))),
            (concat!($prefix, "_ge", $suffix), |call, args| Ok(Datum::Bool($order(call, args)?.is_ge()))),
            (concat!($prefix, "_cmp", $suffix), |call, args| Ok(Datum::Int4($order(call, args)? as i32))),
        )*]
    };
}

macro_rules! extremes {
    ($($prefix:literal $order:path;)*) => {
        &[$(
            (concat!($prefix, "_larger"), |call, args| {
                Ok(if $order(call, args)?.is_gt() { args[0].clone() } else { args[1].clone() })
            }),
            (concat!($prefix, "_smaller"), |call, args| {
                Ok(if $order(call, args)?.is_lt() { args[0].clone() } else { args[1].clone() })
            }),
        )*]
    };
}

pub(in crate::kernels::core) const SCALARS: &[(&str, Scalar)] = comparisons! {
    "date" "" order;
    "date" "_timestamp" order;
    "date" "_timestamptz" order;
    "interval" "" order;
    "time" "" order;
    "timestamp" "" order;
    "timestamp" "_date" order;
    "timestamp" "_timestamptz" order;
    "timestamptz" "_date" order;
    "timestamptz" "_timestamp" order;
    "timetz" "" order;
};

pub(in crate::kernels::core) const EXTREMES: &[(&str, Scalar)] = extremes! {
    "date" order;
    "interval" order;
    "time" order;
    "timestamp" order;
    "timetz" order;
};

/// The length of an interval by which it is ordered: months of 30 days, days of 24 hours.
pub fn span(value: Interval) -> i128 {
    let days = i128::from(value.months) * 30 + i128::from(value.days);
    days * i128::from(MICROS_PER_DAY) + i128::from(value.micros)
}

fn order(call: &Call<'_>, args: &[Datum]) -> Result<Ordering> {
    Ok(match (arg(args, 0)?, arg(args, 1)?) {
        (Datum::Date(left), Datum::Date(right)) => left.cmp(right),
        (Datum::Time(left), Datum::Time(right)) => left.cmp(right),
        (Datum::Timestamp(left), Datum::Timestamp(right)) | (Datum::Timestamptz(left), Datum::Timestamptz(right)) => {
            left.cmp(right)
        }
        (Datum::Interval(left), Datum::Interval(right)) => span(*left).cmp(&span(*right)),
        (Datum::Timetz(left, left_west), Datum::Timetz(right, right_west)) => {
            let utc = |time: i64, west: i32| time + i64::from(west) * MICROS_PER_SECOND;
            utc(*left, *left_west).cmp(&utc(*right, *right_west)).then(left_west.cmp(right_west))
        }
        (left, right) => {
            let zoned = matches!(left, Datum::Timestamptz(_)) || matches!(right, Datum::Timestamptz(_));
            instant(call, left, zoned)?.cmp(&instant(call, right, zoned)?)
        }
    })
}

/// A date or timestamp on one line; local ones become instants when the other side is one.
fn instant(call: &Call<'_>, value: &Datum, zoned: bool) -> Result<i128> {
    let (local, is_local) = match value {
        Datum::Date(i32::MIN) | Datum::Timestamp(i64::MIN) | Datum::Timestamptz(i64::MIN) => return Ok(i128::MIN),
        Datum::Date(i32::MAX) | Datum::Timestamp(i64::MAX) | Datum::Timestamptz(i64::MAX) => return Ok(i128::MAX),
        Datum::Date(days) => (i128::from(*days) * i128::from(MICROS_PER_DAY), true),
        Datum::Timestamp(value) => (i128::from(*value), true),
        Datum::Timestamptz(value) => (i128::from(*value), false),
        _ => return Err(crate::error::Error::internal("not a date or timestamp")),
    };
    if !(zoned && is_local) {
        return Ok(local);
    }
    let day = i128::from(MICROS_PER_DAY);
    let civil = super::calendar::Civil::from_days(local.div_euclid(day) as i64).with_time(local.rem_euclid(day) as i64);
    let east = Zone::of(call.env)?.east_of_local(&civil);
    Ok(local - i128::from(east) * i128::from(MICROS_PER_SECOND))
}

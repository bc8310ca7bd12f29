//! Dates, times, timestamps and intervals: input, output, arithmetic.

use crate::error::{Error, Result};
use crate::kernels::{Aggregate, Env, Scalar, SetReturning};
use crate::types::{Datum, Interval, PgType};

pub(super) const SCALARS: &[(&str, Scalar)] = &[];
pub(super) const SET_RETURNING: &[(&str, SetReturning)] = &[];
pub(super) const AGGREGATES: &[(&str, Aggregate)] = &[];

/// Text input of date, time, timetz, timestamp, timestamptz, interval, with the typmod applied.
pub fn input(env: &Env, ty: PgType, typmod: i32, text: &str) -> Result<Datum> {
    let _ = (env, typmod, text);
    Err(Error::unsupported(format!("input of {}", ty.name())))
}

/// Text output of the same types.
pub fn output(env: &Env, ty: PgType, value: &Datum) -> Result<String> {
    let _ = (env, value);
    Err(Error::unsupported(format!("output of {}", ty.name())))
}

/// Binary output.
pub fn send(env: &Env, ty: PgType, value: &Datum) -> Result<Vec<u8>> {
    let _ = (env, value);
    Err(Error::unsupported(format!("binary output of {}", ty.name())))
}

/// Binary input, with the typmod applied.
pub fn receive(env: &Env, ty: PgType, typmod: i32, bytes: &[u8]) -> Result<Datum> {
    let _ = (env, typmod, bytes);
    Err(Error::unsupported(format!("binary input of {}", ty.name())))
}

/// The length coercion of a cast (`timestamp(p)`, `interval day to second(p)`). `typmod` is never -1 here.
pub fn apply_typmod(env: &Env, ty: PgType, typmod: i32, value: Datum, explicit: bool) -> Result<Datum> {
    let _ = (env, typmod, value, explicit);
    Err(Error::unsupported(format!("typmod of {}", ty.name())))
}

/// `interval_pl`: used by `sum(interval)` and `percentile_cont`.
pub fn interval_add(left: Interval, right: Interval) -> Result<Interval> {
    let _ = (left, right);
    Err(Error::unsupported("interval addition"))
}

/// `interval_mi`.
pub fn interval_subtract(left: Interval, right: Interval) -> Result<Interval> {
    let _ = (left, right);
    Err(Error::unsupported("interval subtraction"))
}

/// `interval_mul`: used by `percentile_cont`.
pub fn interval_multiply(value: Interval, factor: f64) -> Result<Interval> {
    let _ = (value, factor);
    Err(Error::unsupported("interval multiplication"))
}

/// `interval_div`: used by `avg(interval)`.
pub fn interval_divide(value: Interval, divisor: f64) -> Result<Interval> {
    let _ = (value, divisor);
    Err(Error::unsupported("interval division"))
}

//! json and jsonb: input, output, order, operators and functions.

use std::cmp::Ordering;

use crate::error::{Error, Result};
use crate::kernels::{Aggregate, Env, Scalar, SetReturning};
use crate::types::{Datum, PgType};

pub(super) const SCALARS: &[(&str, Scalar)] = &[];
pub(super) const SET_RETURNING: &[(&str, SetReturning)] = &[];
pub(super) const AGGREGATES: &[(&str, Aggregate)] = &[];

/// Text input of json (kept as written) and jsonb (canonical text).
pub fn input(env: &Env, ty: PgType, typmod: i32, text: &str) -> Result<Datum> {
    let _ = (env, typmod, text);
    Err(Error::unsupported(format!("input of {}", ty.name())))
}

/// Text output.
pub fn output(env: &Env, ty: PgType, value: &Datum) -> Result<String> {
    let _ = (env, value);
    Err(Error::unsupported(format!("output of {}", ty.name())))
}

/// Binary output (jsonb: version byte 1 first).
pub fn send(env: &Env, ty: PgType, value: &Datum) -> Result<Vec<u8>> {
    let _ = (env, value);
    Err(Error::unsupported(format!("binary output of {}", ty.name())))
}

/// Binary input.
pub fn receive(env: &Env, ty: PgType, typmod: i32, bytes: &[u8]) -> Result<Datum> {
    let _ = (env, typmod, bytes);
    Err(Error::unsupported(format!("binary input of {}", ty.name())))
}

/// json types have no typmod: the value as it is.
pub fn apply_typmod(env: &Env, ty: PgType, typmod: i32, value: Datum, explicit: bool) -> Result<Datum> {
    let _ = (env, ty, typmod, explicit);
    Ok(value)
}

/// jsonb's btree order.
pub fn compare(left: &Datum, right: &Datum) -> Result<Ordering> {
    let _ = (left, right);
    Err(Error::unsupported("comparison of jsonb"))
}

/// Bytes whose order is [`compare`]'s; must be prefix-free (no key is a proper prefix of another) so that it can stand inside an array's key.
pub fn sort_key(value: &Datum) -> Result<Vec<u8>> {
    let _ = value;
    Err(Error::unsupported("sorting of jsonb"))
}

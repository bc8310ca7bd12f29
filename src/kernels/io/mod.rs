//! Type input and output functions: text and binary, and typmod coercion. This file only dispatches.

use crate::error::{Error, Result};
use crate::kernels::{Env, core, spatial};
use crate::types::{Datum, PgType};

/// The type's input function (`int4in`, `geometry_in` ...), with typmod (length and precision checks as the *input function* does them).
pub fn input(env: &Env, ty: PgType, typmod: i32, text: &str) -> Result<Datum> {
    match ty {
        ty if is_datetime(ty) => core::datetime::input(env, ty, typmod, text),
        PgType::JSON | PgType::JSONB => core::json::input(env, ty, typmod, text),
        ty if ty.is_spatial() => spatial::io::input(env, ty, typmod, text),
        _ => Err(Error::unsupported(format!("input of {}", ty.name()))),
    }
}

/// The type's output function. Not called for NULL.
pub fn output(env: &Env, ty: PgType, value: &Datum) -> Result<String> {
    match ty {
        ty if is_datetime(ty) => core::datetime::output(env, ty, value),
        PgType::JSON | PgType::JSONB => core::json::output(env, ty, value),
        ty if ty.is_spatial() => spatial::io::output(env, ty, value),
        _ => Err(Error::unsupported(format!("output of {}", ty.name()))),
    }
}

/// The type's binary send function (wire format 1).
pub fn send(env: &Env, ty: PgType, value: &Datum) -> Result<Vec<u8>> {
    match ty {
        ty if is_datetime(ty) => core::datetime::send(env, ty, value),
        PgType::JSON | PgType::JSONB => core::json::send(env, ty, value),
        ty if ty.is_spatial() => spatial::io::send(env, ty, value),
        _ => Err(Error::unsupported(format!("binary output of {}", ty.name()))),
    }
}

/// The type's binary receive function; 22P03 on malformed bytes.
pub fn receive(env: &Env, ty: PgType, typmod: i32, bytes: &[u8]) -> Result<Datum> {
    match ty {
        ty if is_datetime(ty) => core::datetime::receive(env, ty, typmod, bytes),
        PgType::JSON | PgType::JSONB => core::json::receive(env, ty, typmod, bytes),
        ty if ty.is_spatial() => spatial::io::receive(env, ty, typmod, bytes),
        _ => Err(Error::unsupported(format!("binary input of {}", ty.name()))),
    }
}

/// The length coercion function of a type (`varchar(n)`, `numeric(p,s)`, `timestamp(p)`, `geometry(Point,4326)`) as a cast applies it.
pub fn apply_typmod(env: &Env, ty: PgType, typmod: i32, value: Datum, explicit: bool) -> Result<Datum> {
    if typmod == -1 || value.is_null() {
        return Ok(value);
    }
    match ty {
        ty if is_datetime(ty) => core::datetime::apply_typmod(env, ty, typmod, value, explicit),
        ty if ty.is_spatial() => spatial::io::apply_typmod(env, ty, typmod, value, explicit),
        _ => Err(Error::unsupported(format!("typmod of {}", ty.name()))),
    }
}

fn is_datetime(ty: PgType) -> bool {
    matches!(
        ty,
        PgType::DATE | PgType::TIME | PgType::TIMETZ | PgType::TIMESTAMP | PgType::TIMESTAMPTZ | PgType::INTERVAL
    )
}

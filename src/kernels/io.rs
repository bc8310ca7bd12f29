//! Type input and output functions: text and binary, and typmod coercion.

use crate::error::{Error, Result};
use crate::kernels::Env;
use crate::types::{Datum, PgType};

/// The type's input function (`int4in`, `geometry_in` ...), with typmod (length and precision checks as the *input function* does them).
pub fn input(env: &Env, ty: PgType, typmod: i32, text: &str) -> Result<Datum> {
    let _ = (env, typmod, text);
    Err(Error::unsupported(format!("input of {}", ty.name())))
}

/// The type's output function. Not called for NULL.
pub fn output(env: &Env, ty: PgType, value: &Datum) -> Result<String> {
    let _ = (env, value);
    Err(Error::unsupported(format!("output of {}", ty.name())))
}

/// The type's binary send function (wire format 1).
pub fn send(env: &Env, ty: PgType, value: &Datum) -> Result<Vec<u8>> {
    let _ = (env, value);
    Err(Error::unsupported(format!("binary output of {}", ty.name())))
}

/// The type's binary receive function; 22P03 on malformed bytes.
pub fn receive(env: &Env, ty: PgType, typmod: i32, bytes: &[u8]) -> Result<Datum> {
    let _ = (env, typmod, bytes);
    Err(Error::unsupported(format!("binary input of {}", ty.name())))
}

/// The length coercion function of a type (`varchar(n)`, `numeric(p,s)`, `timestamp(p)`, `geometry(Point,4326)`) as a cast applies it.
pub fn apply_typmod(env: &Env, ty: PgType, typmod: i32, value: Datum, explicit: bool) -> Result<Datum> {
    let _ = (env, explicit);
    if typmod == -1 { Ok(value) } else { Err(Error::unsupported(format!("typmod of {}", ty.name()))) }
}

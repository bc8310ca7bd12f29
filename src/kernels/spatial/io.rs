//! Input and output of geometry, geography, box2d and box3d.

use std::cmp::Ordering;

use crate::error::{Error, Result};
use crate::kernels::Env;
use crate::types::{Datum, PgType};

/// Text input with the typmod's checks.
pub fn input(env: &Env, ty: PgType, typmod: i32, text: &str) -> Result<Datum> {
    let _ = (env, typmod, text);
    Err(Error::unsupported(format!("input of {}", ty.name())))
}

/// Text output (hex EWKB for geometry and geography).
pub fn output(env: &Env, ty: PgType, value: &Datum) -> Result<String> {
    let _ = (env, value);
    Err(Error::unsupported(format!("output of {}", ty.name())))
}

/// Binary output (EWKB).
pub fn send(env: &Env, ty: PgType, value: &Datum) -> Result<Vec<u8>> {
    let _ = (env, value);
    Err(Error::unsupported(format!("binary output of {}", ty.name())))
}

/// Binary input with the typmod's checks.
pub fn receive(env: &Env, ty: PgType, typmod: i32, bytes: &[u8]) -> Result<Datum> {
    let _ = (env, typmod, bytes);
    Err(Error::unsupported(format!("binary input of {}", ty.name())))
}

/// `geometry_enforce_typmod`. `typmod` is never -1 here.
pub fn apply_typmod(env: &Env, ty: PgType, typmod: i32, value: Datum, explicit: bool) -> Result<Datum> {
    let _ = (env, typmod, value, explicit);
    Err(Error::unsupported(format!("typmod of {}", ty.name())))
}

/// The btree order of geometry and geography (`geometry_cmp`).
pub fn compare_geometry(ty: PgType, left: &Datum, right: &Datum) -> Result<Ordering> {
    let _ = (left, right);
    Err(Error::unsupported(format!("comparison of {}", ty.name())))
}

/// Bytes whose order is [`compare_geometry`]'s and whose equality is `geometry_eq`; prefix-free (no key is a proper prefix of another).
pub fn sort_key(ty: PgType, value: &Datum) -> Result<Vec<u8>> {
    let _ = value;
    Err(Error::unsupported(format!("sorting of {}", ty.name())))
}

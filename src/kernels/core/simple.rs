//! Small types: bool, oid, xid, tid, uuid, records; and functions over any type.

use std::cmp::Ordering;

use super::macros::{Row, binary, comparisons, unary, wrong};
use crate::error::Result;
use crate::kernels::{Call, io};
use crate::types::{Datum, PgType};

comparisons!(BOOL, "bool", PgType::BOOL);
comparisons!(OID, "oid", PgType::OID);
comparisons!(UUID, "uuid_", PgType::UUID);
comparisons!(TID, "tid", PgType::TID);
comparisons!(XID8, "xid8", PgType::XID8);
comparisons!(RECORD, "record_", PgType::RECORD);

pub(super) const SCALARS: &[Row] = &[
    ("booland_statefunc", binary!(Bool, Bool => Bool: |a, b| a && b)),
    ("boolor_statefunc", binary!(Bool, Bool => Bool: |a, b| a || b)),
    ("bool_int4", unary!(Bool => Int4: |a| i32::from(a))),
    ("booltext", |call, args| match args {
        [Datum::Bool(value)] => Ok(Datum::text(if *value { "true" } else { "false" })),
        _ => Err(wrong(call, args)),
    }),
    ("oidlarger", binary!(Oid, Oid => Oid: |a, b| a.max(b))),
    ("oidsmaller", binary!(Oid, Oid => Oid: |a, b| a.min(b))),
    ("xideq", |call, args| same_xid(call, args).map(Datum::Bool)),
    ("xidneq", |call, args| same_xid(call, args).map(|same| Datum::Bool(!same))),
    ("cideq", binary!(Oid, Oid => Bool: |a, b| a == b)),
    ("uuid_cmp", binary!(Uuid, Uuid => Int4: |a, b| super::bytea::memcmp(&a, &b))),
    ("btboolcmp", binary!(Bool, Bool => Int4: |a, b| i32::from(a) - i32::from(b))),
    ("btoidcmp", binary!(Oid, Oid => Int4: |a, b| a.cmp(&b) as i32)),
    ("xid8cmp", |call, args| super::macros::order(call, PgType::XID8, args).map(|order| Datum::Int4(order as i32))),
    ("bttidcmp", |call, args| super::macros::order(call, PgType::TID, args).map(|order| Datum::Int4(order as i32))),
    ("btarraycmp", |call, args| {
        super::macros::order(call, PgType::ANYARRAY, args).map(|order| Datum::Int4(order as i32))
    }),
    ("btrecordcmp", |call, args| {
        super::macros::order(call, PgType::RECORD, args).map(|order| Datum::Int4(order as i32))
    }),
    ("xid8toxid", |call, args| match args {
        [Datum::Text(value)] => Ok(Datum::Oid(io::parse_xid8(value) as u32)),
        _ => Err(wrong(call, args)),
    }),
    ("xid8_larger", |call, args| pick(call, PgType::XID8, args, Ordering::is_gt)),
    ("xid8_smaller", |call, args| pick(call, PgType::XID8, args, Ordering::is_lt)),
    ("tidlarger", |call, args| pick(call, PgType::TID, args, Ordering::is_gt)),
    ("tidsmaller", |call, args| pick(call, PgType::TID, args, Ordering::is_lt)),
    ("gen_random_uuid", |_, _| {
        let mut bytes = rand::random::<[u8; 16]>();
        // Version 4, variant 1.
        bytes[6] = (bytes[6] & 0x0f) | 0x40;
        bytes[8] = (bytes[8] & 0x3f) | 0x80;
        Ok(Datum::Uuid(bytes))
    }),
    ("record_image_eq", |call, args| same_image(call, args).map(Datum::Bool)),
    ("record_image_ne", |call, args| same_image(call, args).map(|same| Datum::Bool(!same))),
    ("pg_typeof", |call, args| match call.args {
        [ty] => Ok(Datum::Oid(ty.0)),
        _ => Err(wrong(call, args)),
    }),
    ("pg_num_nulls", |_, args| Ok(Datum::Int4(args.iter().filter(|arg| arg.is_null()).count() as i32))),
    ("pg_num_nonnulls", |_, args| Ok(Datum::Int4(args.iter().filter(|arg| !arg.is_null()).count() as i32))),
];

/// The first argument where `first` says so of their order, else the second.
fn pick(call: &Call<'_>, ty: PgType, args: &[Datum], first: fn(Ordering) -> bool) -> Result<Datum> {
    Ok(if first(super::macros::order(call, ty, args)?) { args[0].clone() } else { args[1].clone() })
}

/// `xideq` takes a xid or an int4 on the right.
fn same_xid(call: &Call<'_>, args: &[Datum]) -> Result<bool> {
    match args {
        [Datum::Oid(left), Datum::Oid(right)] => Ok(left == right),
        [Datum::Oid(left), Datum::Int4(right)] => Ok(*left == *right as u32),
        _ => Err(wrong(call, args)),
    }
}

/// Equal bytes, not equal values.
fn same_image(call: &Call<'_>, args: &[Datum]) -> Result<bool> {
    match args {
        [left, right] => {
            Ok(io::encode(call.env, PgType::RECORD, left)? == io::encode(call.env, PgType::RECORD, right)?)
        }
        _ => Err(wrong(call, args)),
    }
}

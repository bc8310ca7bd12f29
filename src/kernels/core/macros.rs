//! Shorthand for kernels over plain values, and the error for a call the binder should not have made.

use crate::error::{Error, Result, SqlState};
use crate::kernels::{Call, Scalar};
use crate::types::{Datum, PgType};

/// A kernel with arguments of the wrong variants: a bug of the caller.
#[cold]
pub(super) fn wrong(call: &Call<'_>, args: &[Datum]) -> Error {
    let types: Vec<String> = args.iter().map(|arg| crate::kernels::io::type_of(arg).name()).collect();
    let declared: Vec<String> = call.args.iter().map(|ty| ty.name()).collect();
    Error::internal(format!("kernel called with ({}) for ({})", types.join(", "), declared.join(", ")))
}

/// 22003 `integer out of range`.
#[cold]
pub(super) fn out_of_range(label: &str) -> Error {
    Error::new(SqlState::NUMERIC_VALUE_OUT_OF_RANGE, format!("{label} out of range"))
}

/// 22012.
#[cold]
pub(super) fn division_by_zero() -> Error {
    Error::new(SqlState::DIVISION_BY_ZERO, "division by zero")
}

/// Orders the two arguments by `ty`'s btree order.
pub(super) fn order(call: &Call<'_>, ty: PgType, args: &[Datum]) -> Result<std::cmp::Ordering> {
    match args {
        [left, right] => crate::kernels::compare::compare(ty, left, right),
        _ => Err(wrong(call, args)),
    }
}

/// One row of a kernel table.
pub(super) type Row = (&'static str, Scalar);

/// A kernel of one argument: `unary!(Int4 => Int8: |a| i64::from(a))`; `?` may be used.
macro_rules! unary {
    ($A:ident => $R:ident: |$a:ident| $body:expr) => {
        |call: &crate::kernels::Call<'_>, args: &[crate::types::Datum]| match args {
            [crate::types::Datum::$A($a)] => {
                let $a = *$a;
                Ok(crate::types::Datum::$R($body))
            }
            _ => Err(crate::kernels::core::macros::wrong(call, args)),
        }
    };
}

/// A kernel of two arguments: `binary!(Int4, Int4 => Bool: |a, b| a < b)`.
macro_rules! binary {
    ($A:ident, $B:ident => $R:ident: |$a:ident, $b:ident| $body:expr) => {
        |call: &crate::kernels::Call<'_>, args: &[crate::types::Datum]| match args {
            [crate::types::Datum::$A($a), crate::types::Datum::$B($b)] => {
                let ($a, $b) = (*$a, *$b);
                Ok(crate::types::Datum::$R($body))
            }
            _ => Err(crate::kernels::core::macros::wrong(call, args)),
        }
    };
}

/// As [`binary`], the arguments by reference.
macro_rules! binary_ref {
    ($A:ident, $B:ident => $R:ident: |$a:ident, $b:ident| $body:expr) => {
        |call: &crate::kernels::Call<'_>, args: &[crate::types::Datum]| match args {
            [crate::types::Datum::$A($a), crate::types::Datum::$B($b)] => Ok(crate::types::Datum::$R($body)),
            _ => Err(crate::kernels::core::macros::wrong(call, args)),
        }
    };
}

/// As [`unary`], the argument by reference.
macro_rules! unary_ref {
    ($A:ident => $R:ident: |$a:ident| $body:expr) => {
        |call: &crate::kernels::Call<'_>, args: &[crate::types::Datum]| match args {
            [crate::types::Datum::$A($a)] => Ok(crate::types::Datum::$R($body)),
            _ => Err(crate::kernels::core::macros::wrong(call, args)),
        }
    };
}

/// The six comparisons `{prefix}eq, ne, lt, le, gt, ge` of a type by `kernels::compare`.
macro_rules! comparisons {
    ($name:ident, $prefix:literal, $ty:expr) => {
        pub(in crate::kernels::core) const $name: &[crate::kernels::core::macros::Row] = &[
            (concat!($prefix, "eq"), |call, args| {
                crate::kernels::core::macros::order(call, $ty, args).map(|o| crate::types::Datum::Bool(o.is_eq()))
            }),
            (concat!($prefix, "ne"), |call, args| {
                crate::kernels::core::macros::order(call, $ty, args).map(|o| crate::types::Datum::Bool(o.is_ne()))
            }),
            (concat!($prefix, "lt"), |call, args| {
                crate::kernels::core::macros::order(call, $ty, args).map(|o| crate::types::Datum::Bool(o.is_lt()))
            }),
            (concat!($prefix, "le"), |call, args| {
                crate::kernels::core::macros::order(call, $ty, args).map(|o| crate::types::Datum::Bool(o.is_le()))
            }),
            (concat!($prefix, "gt"), |call, args| {
                crate::kernels::core::macros::order(call, $ty, args).map(|o| crate::types::Datum::Bool(o.is_gt()))
            }),
            (concat!($prefix, "ge"), |call, args| {
                crate::kernels::core::macros::order(call, $ty, args).map(|o| crate::types::Datum::Bool(o.is_ge()))
            }),
        ];
    };
}

pub(super) use {binary, binary_ref, comparisons, unary, unary_ref};

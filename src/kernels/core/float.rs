//! float4 and float8: arithmetic, comparison, casts, rounding, exponentials.

use super::macros::{Row, binary, division_by_zero, out_of_range, unary};
use crate::error::{Error, Result, SqlState};
use crate::kernels::compare::compare_f64;
use crate::types::Datum;

/// 22003 `value out of range: overflow`.
#[cold]
pub(super) fn overflow() -> Error {
    Error::new(SqlState::NUMERIC_VALUE_OUT_OF_RANGE, "value out of range: overflow")
}

/// 22003 `value out of range: underflow`.
#[cold]
pub(super) fn underflow() -> Error {
    Error::new(SqlState::NUMERIC_VALUE_OUT_OF_RANGE, "value out of range: underflow")
}

/// 22013, of RANGE frames.
#[cold]
pub(super) fn bad_frame_offset() -> Error {
    Error::new(SqlState::INVALID_PRECEDING_OR_FOLLOWING_SIZE, "invalid preceding or following size in window function")
}

/// The six comparisons of two float types.
macro_rules! compare_pair {
    ($name:ident, $prefix:literal, $A:ident, $B:ident) => {
        pub(super) const $name: &[Row] = &[
    (concat!($prefix, "eq"), binary!($A, $B => Bool: |a, b| compare_f64(f64::from(a), f64::from(b)).is_eq())),
    (concat!($prefix, "ne"), binary!($A, $B => Bool: |a, b| compare_f64(f64::from(a), f64::from(b)).is_ne())),
    (concat!($prefix, "lt"), binary!($A, $B => Bool: |a, b| compare_f64(f64::from(a), f64::from(b)).is_lt())),
    (concat!($prefix, "le"), binary!($A, $B => Bool: |a, b| compare_f64(f64::from(a), f64::from(b)).is_le())),
    (concat!($prefix, "gt"), binary!($A, $B => Bool: |a, b| compare_f64(f64::from(a), f64::from(b)).is_gt())),
    (concat!($prefix, "ge"), binary!($A, $B => Bool: |a, b| compare_f64(f64::from(a), f64::from(b)).is_ge())),
        ];
    };
}

compare_pair!(COMPARE_4, "float4", Float4, Float4);
compare_pair!(COMPARE_8, "float8", Float8, Float8);
compare_pair!(COMPARE_48, "float48", Float4, Float8);
compare_pair!(COMPARE_84, "float84", Float8, Float4);

/// + - * / with PostgreSQL's overflow and underflow checks, in the wider type.
macro_rules! arithmetic_pair {
    ($name:ident, $prefix:literal, $A:ident, $B:ident, $R:ident, $t:ty) => {
        pub(super) const $name: &[Row] = &[
            (
                concat!($prefix, "pl"),
                binary!($A, $B => $R: |a, b| {
                    let (a, b) = (<$t>::from(a), <$t>::from(b));
                    sum(a + b, a.is_infinite() || b.is_infinite(), |v| v.is_infinite())?
                }),
            ),
            (
                concat!($prefix, "mi"),
                binary!($A, $B => $R: |a, b| {
                    let (a, b) = (<$t>::from(a), <$t>::from(b));
                    sum(a - b, a.is_infinite() || b.is_infinite(), |v| v.is_infinite())?
                }),
            ),
            (
                concat!($prefix, "mul"),
                binary!($A, $B => $R: |a, b| {
                    let (a, b) = (<$t>::from(a), <$t>::from(b));
                    let product = a * b;
                    if product.is_infinite() && !a.is_infinite() && !b.is_infinite() {
                        return Err(overflow());
                    }
                    if product == 0.0 && a != 0.0 && b != 0.0 {
                        return Err(underflow());
                    }
                    product
                }),
            ),
            (
                concat!($prefix, "div"),
                binary!($A, $B => $R: |a, b| {
                    let (a, b) = (<$t>::from(a), <$t>::from(b));
                    if b == 0.0 && !a.is_nan() {
                        return Err(division_by_zero());
                    }
                    let quotient = a / b;
                    if quotient.is_infinite() && !a.is_infinite() {
                        return Err(overflow());
                    }
                    if quotient == 0.0 && a != 0.0 && !b.is_infinite() {
                        return Err(underflow());
                    }
                    quotient
                }),
            ),
        ];
    };
}

arithmetic_pair!(ARITHMETIC_4, "float4", Float4, Float4, Float4, f32);
arithmetic_pair!(ARITHMETIC_8, "float8", Float8, Float8, Float8, f64);
arithmetic_pair!(ARITHMETIC_48, "float48", Float4, Float8, Float8, f64);
arithmetic_pair!(ARITHMETIC_84, "float84", Float8, Float4, Float8, f64);

fn sum<T: Copy>(result: T, infinite_input: bool, infinite: impl Fn(T) -> bool) -> Result<T> {
    if infinite(result) && !infinite_input { Err(overflow()) } else { Ok(result) }
}

/// `float8pl` for aggregates.
pub(super) fn add(a: f64, b: f64) -> Result<f64> {
    sum(a + b, a.is_infinite() || b.is_infinite(), f64::is_infinite)
}

/// What each float type has for itself.
macro_rules! single {
    ($name:ident, $prefix:literal, $V:ident) => {
        pub(super) const $name: &[Row] = &[
    (concat!($prefix, "um"), unary!($V => $V: |a| -a)),
    (concat!($prefix, "up"), unary!($V => $V: |a| a)),
    (concat!($prefix, "abs"), unary!($V => $V: |a| a.abs())),
            (
                concat!($prefix, "larger"),
        binary!($V, $V => $V: |a, b| if compare_f64(f64::from(a), f64::from(b)).is_gt() { a } else { b }),
            ),
            (
                concat!($prefix, "smaller"),
        binary!($V, $V => $V: |a, b| if compare_f64(f64::from(a), f64::from(b)).is_lt() { a } else { b }),
            ),
            (
                concat!("bt", $prefix, "cmp"),
        binary!($V, $V => Int4: |a, b| compare_f64(f64::from(a), f64::from(b)) as i32),
            ),
        ];
    };
}

single!(SINGLE_4, "float4", Float4);
single!(SINGLE_8, "float8", Float8);

/// Rounded half to even, if it lies within the integer type.
pub(super) fn to_int(value: f64, low: f64, above: f64, label: &str) -> Result<i64> {
    let rounded = value.round_ties_even();
    // NaN fails both.
    if rounded >= low && rounded < above { Ok(rounded as i64) } else { Err(out_of_range(label)) }
}

const I2: (f64, f64, &str) = (-32_768.0, 32_768.0, "smallint");
const I4: (f64, f64, &str) = (-2_147_483_648.0, 2_147_483_648.0, "integer");
const I8: (f64, f64, &str) = (-9_223_372_036_854_775_808.0, 9_223_372_036_854_775_808.0, "bigint");

pub(super) const SCALARS: &[Row] = &[
    ("btfloat48cmp", binary!(Float4, Float8 => Int4: |a, b| compare_f64(f64::from(a), b) as i32)),
    ("btfloat84cmp", binary!(Float8, Float4 => Int4: |a, b| compare_f64(a, f64::from(b)) as i32)),
    ("ftod", unary!(Float4 => Float8: |a| f64::from(a))),
    (
        "dtof",
        unary!(Float8 => Float4: |a| {
            let narrow = a as f32;
            if narrow.is_infinite() && !a.is_infinite() {
                return Err(overflow());
            }
            if narrow == 0.0 && a != 0.0 {
                return Err(underflow());
            }
            narrow
        }),
    ),
    ("ftoi2", unary!(Float4 => Int2: |a| to_int(f64::from(a), I2.0, I2.1, I2.2)? as i16)),
    ("ftoi4", unary!(Float4 => Int4: |a| to_int(f64::from(a), I4.0, I4.1, I4.2)? as i32)),
    ("ftoi8", unary!(Float4 => Int8: |a| to_int(f64::from(a), I8.0, I8.1, I8.2)?)),
    ("dtoi2", unary!(Float8 => Int2: |a| to_int(a, I2.0, I2.1, I2.2)? as i16)),
    ("dtoi4", unary!(Float8 => Int4: |a| to_int(a, I4.0, I4.1, I4.2)? as i32)),
    ("dtoi8", unary!(Float8 => Int8: |a| to_int(a, I8.0, I8.1, I8.2)?)),
    ("dround", unary!(Float8 => Float8: |a| a.round_ties_even())),
    ("dceil", unary!(Float8 => Float8: |a| a.ceil())),
    ("dfloor", unary!(Float8 => Float8: |a| a.floor())),
    ("dtrunc", unary!(Float8 => Float8: |a| a.trunc())),
    (
        "dsign",
        unary!(Float8 => Float8: |a| if a > 0.0 {
            1.0
        } else if a < 0.0 {
            -1.0
        } else {
            0.0
        }),
    ),
    (
        "dsqrt",
        unary!(Float8 => Float8: |a| {
            if a < 0.0 {
                return Err(bad_power("cannot take square root of a negative number"));
            }
            a.sqrt()
        }),
    ),
    ("dcbrt", unary!(Float8 => Float8: |a| a.cbrt())),
    ("dpow", binary!(Float8, Float8 => Float8: |a, b| power(a, b)?)),
    (
        "dexp",
        unary!(Float8 => Float8: |a| {
            let result = a.exp();
            if result.is_infinite() && !a.is_infinite() {
                return Err(overflow());
            }
            if result == 0.0 && !a.is_infinite() {
                return Err(underflow());
            }
            result
        }),
    ),
    ("dlog1", unary!(Float8 => Float8: |a| logarithm(a, f64::ln)?)),
    ("dlog10", unary!(Float8 => Float8: |a| logarithm(a, f64::log10)?)),
    ("dpi", |_, _| Ok(Datum::Float8(std::f64::consts::PI))),
    ("drandom", |_, _| Ok(Datum::Float8(rand::random::<f64>()))),
    ("setseed", |_, _| Err(Error::unsupported("setseed()"))),
    ("width_bucket_float8", |call, args| match args {
        [Datum::Float8(operand), Datum::Float8(low), Datum::Float8(high), Datum::Int4(count)] => {
            width_bucket(*operand, *low, *high, *count).map(Datum::Int4)
        }
        _ => Err(super::macros::wrong(call, args)),
    }),
    ("in_range_float8_float8", |call, args| match args {
        [
            Datum::Float8(value),
            Datum::Float8(base),
            Datum::Float8(offset),
            Datum::Bool(subtract),
            Datum::Bool(less),
        ] => in_range(*value, *base, *offset, *subtract, *less),
        _ => Err(super::macros::wrong(call, args)),
    }),
    ("in_range_float4_float8", |call, args| match args {
        [
            Datum::Float4(value),
            Datum::Float4(base),
            Datum::Float8(offset),
            Datum::Bool(subtract),
            Datum::Bool(less),
        ] => in_range(f64::from(*value), f64::from(*base), *offset, *subtract, *less),
        _ => Err(super::macros::wrong(call, args)),
    }),
];

fn bad_power(what: &str) -> Error {
    Error::new(SqlState::INVALID_ARGUMENT_FOR_POWER, what)
}

fn logarithm(a: f64, f: fn(f64) -> f64) -> Result<f64> {
    let error =
        |what: &str| Err(Error::new(SqlState::INVALID_ARGUMENT_FOR_LOG, format!("cannot take logarithm of {what}")));
    if a == 0.0 {
        return error("zero");
    }
    if a < 0.0 {
        return error("a negative number");
    }
    Ok(f(a))
}

/// `dpow`: the POSIX cases, then overflow and underflow.
pub(super) fn power(base: f64, exponent: f64) -> Result<f64> {
    if base.is_nan() || exponent.is_nan() {
        return Ok(if exponent == 0.0 || base == 1.0 { 1.0 } else { f64::NAN });
    }
    if base == 0.0 && exponent < 0.0 {
        return Err(bad_power("zero raised to a negative power is undefined"));
    }
    if base < 0.0 && exponent.floor() != exponent {
        return Err(bad_power("a negative number raised to a non-integer power yields a complex result"));
    }
    let result = base.powf(exponent);
    if base.is_infinite() || exponent.is_infinite() {
        return Ok(result);
    }
    if result.is_infinite() {
        return Err(overflow());
    }
    if result == 0.0 && base != 0.0 {
        return Err(underflow());
    }
    Ok(result)
}

fn bad_bucket(what: &str) -> Error {
    Error::new(SqlState::INVALID_ARGUMENT_FOR_WIDTH_BUCKET, what)
}

fn width_bucket(operand: f64, low: f64, high: f64, count: i32) -> Result<i32> {
    if count <= 0 {
        return Err(bad_bucket("count must be greater than zero"));
    }
    if operand.is_nan() || low.is_nan() || high.is_nan() {
        return Err(bad_bucket("operand, lower bound, and upper bound cannot be NaN"));
    }
    if low.is_infinite() || high.is_infinite() {
        return Err(bad_bucket("lower and upper bounds must be finite"));
    }
    if low == high {
        return Err(bad_bucket("lower bound cannot equal upper bound"));
    }
    let (before, beyond) = if low < high { (operand < low, operand >= high) } else { (operand > low, operand <= high) };
    if before {
        return Ok(0);
    }
    if beyond {
        return count.checked_add(1).ok_or_else(|| out_of_range("integer"));
    }
    let width = high - low;
    let position = if width.is_infinite() {
        (operand / 2.0 - low / 2.0) / (high / 2.0 - low / 2.0)
    } else if low < high {
        (operand - low) / width
    } else {
        (low - operand) / (low - high)
    };
    // The quotient may round to 1.
    Ok(((f64::from(count) * position) as i32).min(count - 1) + 1)
}

fn in_range(value: f64, base: f64, offset: f64, subtract: bool, less: bool) -> Result<Datum> {
    if offset.is_nan() || offset < 0.0 {
        return Err(bad_frame_offset());
    }
    if value.is_nan() {
        return Ok(Datum::Bool(base.is_nan() || !less));
    }
    if base.is_nan() {
        return Ok(Datum::Bool(less));
    }
    if offset.is_infinite() && base.is_infinite() && (if subtract { base > 0.0 } else { base < 0.0 }) {
        return Ok(Datum::Bool(true));
    }
    let bound = if subtract { base - offset } else { base + offset };
    Ok(Datum::Bool(if less { value <= bound } else { value >= bound }))
}

#[cfg(test)]
mod tests {
    use crate::kernels::core::testing::check;

    #[test]
    fn as_postgresql() {
        check(&[
            ("float8pl", "float8 1e308, float8 1e308", "22003 value out of range: overflow"),
            ("float8mul", "float8 1e-200, float8 1e-200", "22003 value out of range: underflow"),
            ("float8div", "float8 1, float8 0", "22012 division by zero"),
            ("float8div", "float8 NaN, float8 0", "NaN"),
            ("float8eq", "float8 NaN, float8 NaN", "t"),
            ("float8gt", "float8 NaN, float8 Infinity", "t"),
            ("float8eq", "float8 -0, float8 0", "t"),
            ("float48pl", "float4 0.1, float8 0", "0.10000000149011612"),
            ("dround", "float8 2.5", "2"),
            ("dround", "float8 -1.5", "-2"),
            ("dtoi4", "float8 2147483647.5", "22003 integer out of range"),
            ("dtoi4", "float8 0.5", "0"),
            ("dtoi8", "float8 NaN", "22003 bigint out of range"),
            ("dtof", "float8 1e40", "22003 value out of range: overflow"),
            ("dpow", "float8 0, float8 -1", "2201F zero raised to a negative power is undefined"),
            (
                "dpow",
                "float8 -8, float8 0.5",
                "2201F a negative number raised to a non-integer power yields a complex result",
            ),
            ("dpow", "float8 10, float8 400", "22003 value out of range: overflow"),
            ("dexp", "float8 1000", "22003 value out of range: overflow"),
            ("dlog1", "float8 0", "2201E cannot take logarithm of zero"),
            ("dsqrt", "float8 -1", "2201F cannot take square root of a negative number"),
            ("width_bucket_float8", "float8 5.35, float8 0.024, float8 10.06, int4 5", "3"),
            ("width_bucket_float8", "float8 5, float8 10, float8 0, int4 5", "3"),
            (
                "width_bucket_float8",
                "float8 5, float8 0, float8 0, int4 5",
                "2201G lower bound cannot equal upper bound",
            ),
        ]);
    }
}

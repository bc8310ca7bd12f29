//! The scalar kernels over numeric.

use super::math;
use super::repr::{apply_typmod, compare, from_f32, from_f64, from_int, to_f64, to_i64};
use crate::error::{Error, Result, SqlState};
use crate::kernels::core::float_text;
use crate::kernels::core::macros::{Row, binary_ref, comparisons, out_of_range, unary, unary_ref, wrong};
use crate::types::{Datum, Numeric, PgType};

comparisons!(COMPARE, "numeric_", PgType::NUMERIC);

pub(in crate::kernels::core) const SCALARS: &[Row] = &[
    ("numeric_cmp", binary_ref!(Numeric, Numeric => Int4: |a, b| compare(a, b) as i32)),
    ("numeric_add", binary_ref!(Numeric, Numeric => Numeric: |a, b| math::add(a, b)?)),
    ("numeric_sub", binary_ref!(Numeric, Numeric => Numeric: |a, b| math::subtract(a, b)?)),
    ("numeric_mul", binary_ref!(Numeric, Numeric => Numeric: |a, b| math::multiply(a, b)?)),
    ("numeric_div", binary_ref!(Numeric, Numeric => Numeric: |a, b| math::divide(a, b)?)),
    ("numeric_div_trunc", binary_ref!(Numeric, Numeric => Numeric: |a, b| math::divide_truncated(a, b)?)),
    ("numeric_mod", binary_ref!(Numeric, Numeric => Numeric: |a, b| math::modulo(a, b)?)),
    ("numeric_power", binary_ref!(Numeric, Numeric => Numeric: |a, b| math::power(a, b)?)),
    ("numeric_log", binary_ref!(Numeric, Numeric => Numeric: |a, b| math::log(a, b)?)),
    ("log(numeric)", unary_ref!(Numeric => Numeric: |a| math::log(&from_int(10), a)?)),
    ("log10(numeric)", unary_ref!(Numeric => Numeric: |a| math::log(&from_int(10), a)?)),
    ("numeric_ln", unary_ref!(Numeric => Numeric: |a| math::ln(a)?)),
    ("numeric_exp", unary_ref!(Numeric => Numeric: |a| math::exp(a)?)),
    ("numeric_sqrt", unary_ref!(Numeric => Numeric: |a| math::sqrt(a)?)),
    ("numeric_gcd", binary_ref!(Numeric, Numeric => Numeric: |a, b| math::gcd(a, b)?)),
    ("numeric_lcm", binary_ref!(Numeric, Numeric => Numeric: |a, b| math::lcm(a, b)?)),
    (
        "numeric_larger",
        binary_ref!(Numeric, Numeric => Numeric: |a, b| if compare(a, b).is_gt() { a.clone() } else { b.clone() }),
    ),
    (
        "numeric_smaller",
        binary_ref!(Numeric, Numeric => Numeric: |a, b| if compare(a, b).is_lt() { a.clone() } else { b.clone() }),
    ),
    ("numeric_uminus", unary_ref!(Numeric => Numeric: |a| math::negate(a))),
    ("numeric_uplus", unary_ref!(Numeric => Numeric: |a| a.clone())),
    ("numeric_abs", unary_ref!(Numeric => Numeric: |a| math::abs(a))),
    ("numeric_sign", unary_ref!(Numeric => Numeric: |a| math::sign(a))),
    ("numeric_ceil", unary_ref!(Numeric => Numeric: |a| math::ceil(a)?)),
    ("numeric_floor", unary_ref!(Numeric => Numeric: |a| math::floor(a)?)),
    ("numeric_inc", unary_ref!(Numeric => Numeric: |a| math::add(a, &from_int(1))?)),
    ("numeric_fac", unary!(Int8 => Numeric: |a| math::factorial(a)?)),
    ("numeric_round", |call, args| match args {
        [Datum::Numeric(value), Datum::Int4(digits)] => math::round(value, *digits).map(Datum::Numeric),
        _ => Err(wrong(call, args)),
    }),
    ("numeric_trunc", |call, args| match args {
        [Datum::Numeric(value), Datum::Int4(digits)] => math::truncate(value, *digits).map(Datum::Numeric),
        _ => Err(wrong(call, args)),
    }),
    ("round(numeric)", unary_ref!(Numeric => Numeric: |a| math::round(a, 0)?)),
    ("trunc(numeric)", unary_ref!(Numeric => Numeric: |a| math::truncate(a, 0)?)),
    ("numeric_scale", |call, args| match args {
        [Datum::Numeric(Numeric::Finite { scale, .. })] => Ok(Datum::Int4(i32::from(*scale))),
        [Datum::Numeric(_)] => Ok(Datum::Null),
        _ => Err(wrong(call, args)),
    }),
    ("numeric_min_scale", |call, args| match args {
        [Datum::Numeric(value)] => Ok(math::min_scale(value).map_or(Datum::Null, |scale| Datum::Int4(scale as i32))),
        _ => Err(wrong(call, args)),
    }),
    (
        "numeric_trim_scale",
        unary_ref!(Numeric => Numeric: |a| match math::min_scale(a) {
            Some(scale) => math::truncate(a, scale as i32)?,
            None => a.clone(),
        }),
    ),
    // casts
    ("numeric", |call, args| match args {
        [Datum::Numeric(value), Datum::Int4(typmod)] => apply_typmod(value.clone(), *typmod).map(Datum::Numeric),
        _ => Err(wrong(call, args)),
    }),
    ("int2_numeric", unary!(Int2 => Numeric: |a| from_int(a))),
    ("int4_numeric", unary!(Int4 => Numeric: |a| from_int(a))),
    ("int8_numeric", unary!(Int8 => Numeric: |a| from_int(a))),
    ("float4_numeric", unary!(Float4 => Numeric: |a| from_f32(a)?)),
    ("float8_numeric", unary!(Float8 => Numeric: |a| from_f64(a)?)),
    ("numeric_float8", unary_ref!(Numeric => Float8: |a| to_f64(a)?)),
    (
        "numeric_float4",
        unary_ref!(Numeric => Float4: |a| match a {
            Numeric::Finite { .. } => float_text::parse_f32(&super::print(a))?,
            special => to_f64(special)? as f32,
        }),
    ),
    (
        "numeric_int2",
        unary_ref!(Numeric => Int2: |a| {
            to_i64(a, "smallint")?.and_then(|v| i16::try_from(v).ok()).ok_or_else(|| out_of_range("smallint"))?
        }),
    ),
    (
        "numeric_int4",
        unary_ref!(Numeric => Int4: |a| {
            to_i64(a, "integer")?.and_then(|v| i32::try_from(v).ok()).ok_or_else(|| out_of_range("integer"))?
        }),
    ),
    ("numeric_int8", unary_ref!(Numeric => Int8: |a| to_i64(a, "bigint")?.ok_or_else(|| out_of_range("bigint"))?)),
    ("in_range_numeric_numeric", |call, args| match args {
        [
            Datum::Numeric(value),
            Datum::Numeric(base),
            Datum::Numeric(offset),
            Datum::Bool(subtract),
            Datum::Bool(less),
        ] => in_range(value, base, offset, *subtract, *less).map(Datum::Bool),
        _ => Err(wrong(call, args)),
    }),
    ("width_bucket_numeric", |call, args| match args {
        [Datum::Numeric(operand), Datum::Numeric(low), Datum::Numeric(high), Datum::Int4(count)] => {
            width_bucket(operand, low, high, *count).map(Datum::Int4)
        }
        _ => Err(wrong(call, args)),
    }),
];

/// Of RANGE frames: NaN is above everything and equal to itself; infinity - infinity counts as within.
fn in_range(value: &Numeric, base: &Numeric, offset: &Numeric, subtract: bool, less: bool) -> Result<bool> {
    if matches!(offset, Numeric::NaN) || compare(offset, &from_int(0)).is_lt() {
        return Err(crate::kernels::core::float::bad_frame_offset());
    }
    match (value, base, offset) {
        (Numeric::NaN, base, _) => return Ok(matches!(base, Numeric::NaN) || !less),
        (_, Numeric::NaN, _) => return Ok(less),
        (_, Numeric::Infinity, Numeric::Infinity) if subtract => return Ok(true),
        (_, Numeric::NegativeInfinity, Numeric::Infinity) if !subtract => return Ok(true),
        _ => {}
    }
    let bound = if subtract { math::subtract(base, offset)? } else { math::add(base, offset)? };
    let order = compare(value, &bound);
    Ok(if less { order.is_le() } else { order.is_ge() })
}

fn width_bucket(operand: &Numeric, low: &Numeric, high: &Numeric, count: i32) -> Result<i32> {
    let error = |what: &str| Error::new(SqlState::INVALID_ARGUMENT_FOR_WIDTH_BUCKET, what);
    if count <= 0 {
        return Err(error("count must be greater than zero"));
    }
    if [operand, low, high].iter().any(|value| matches!(value, Numeric::NaN)) {
        return Err(error("operand, lower bound, and upper bound cannot be NaN"));
    }
    if [low, high].iter().any(|value| !matches!(value, Numeric::Finite { .. })) {
        return Err(error("lower and upper bounds must be finite"));
    }
    let order = compare(low, high);
    if order.is_eq() {
        return Err(error("lower bound cannot equal upper bound"));
    }
    let (before, beyond) = if order.is_lt() {
        (compare(operand, low).is_lt(), compare(operand, high).is_ge())
    } else {
        (compare(operand, low).is_gt(), compare(operand, high).is_le())
    };
    if before {
        return Ok(0);
    }
    if beyond {
        return count.checked_add(1).ok_or_else(|| out_of_range("integer"));
    }
    // The quotient is rounded, as in PostgreSQL 15: an operand very near to the upper bound may land beyond it.
    let position = math::multiply(&math::subtract(operand, low)?, &from_int(count))?;
    let quotient = math::divide(&position, &math::subtract(high, low)?)?;
    let bucket = to_i64(&math::floor(&math::add(&quotient, &from_int(1))?)?, "integer")?;
    bucket.and_then(|v| i32::try_from(v).ok()).ok_or_else(|| out_of_range("integer"))
}

#[cfg(test)]
mod tests {
    use crate::kernels::core::testing::check;

    #[test]
    fn as_postgresql() {
        check(&[
            ("numeric_add", "numeric 1.50, numeric 2.5", "4.00"),
            ("numeric_mul", "numeric 1.50, numeric 2.5", "3.750"),
            ("numeric_div", "numeric 1, numeric 3", "0.33333333333333333333"),
            ("numeric_sqrt", "numeric 2", "1.414213562373095"),
            ("numeric_ln", "numeric 2", "0.6931471805599453"),
            ("numeric_exp", "numeric 1", "2.7182818284590452"),
            ("numeric_log", "numeric 2, numeric 1000", "9.9657842846620870"),
            ("numeric_round", "numeric 2.567, int4 2", "2.57"),
            ("numeric_round", "numeric 1234, int4 -2", "1200"),
            ("numeric_int4", "numeric 2147483647.5", "22003 integer out of range"),
            ("numeric_int4", "numeric NaN", "0A000 cannot convert NaN to integer"),
            ("numeric_int2", "numeric -2.5", "-3"),
            ("numeric_trim_scale", "numeric 1.500", "1.5"),
            ("numeric_scale", "numeric 1.500", "3"),
            ("float8_numeric", "float8 0.1", "0.1"),
            ("float8_numeric", "float8 123456789.123456789", "123456789.123457"),
            ("float4_numeric", "float4 0.1", "0.1"),
            ("numeric_float8", "numeric 0.1", "0.1"),
            ("width_bucket_numeric", "numeric 5.35, numeric 0.024, numeric 10.06, int4 5", "3"),
            ("numeric_fac", "int8 20", "2432902008176640000"),
            ("numeric_fac", "int8 -1", "22003 factorial of a negative number is undefined"),
            ("numeric_gcd", "numeric 12.5, numeric 10", "2.5"),
            ("numeric_lcm", "numeric 12.5, numeric 10", "50.0"),
        ]);
    }
}

//! numeric arithmetic: results and their display scales as `numeric.c` chooses them.

use std::cmp::Ordering;

use num_bigint::{BigInt, Sign};

use super::repr::{
    MAX_SCALE, compare, digit_count, finite, groups, overflow, pow10, round_to, shift, to_f64_lossy, truncate_to,
};
use crate::error::{Error, Result, SqlState};
use crate::types::Numeric;

/// NUMERIC_MIN_SIG_DIGITS.
const MIN_SIGNIFICANT: i64 = 16;
/// NUMERIC_MAX_DISPLAY_SCALE.
const MAX_DISPLAY_SCALE: i64 = 1000;
/// NUMERIC_MAX_RESULT_SCALE.
const MAX_RESULT_SCALE: f64 = 2000.0;

pub fn division_by_zero() -> Error {
    Error::new(SqlState::DIVISION_BY_ZERO, "division by zero")
}

/// Where a value stands among the specials.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Class {
    NaN,
    /// With the sign of the infinity.
    Infinite(i8),
    /// With the sign of the value.
    Finite(i8),
}

fn class(value: &Numeric) -> Class {
    match value {
        Numeric::NaN => Class::NaN,
        Numeric::Infinity => Class::Infinite(1),
        Numeric::NegativeInfinity => Class::Infinite(-1),
        Numeric::Finite { unscaled, .. } => Class::Finite(match unscaled.sign() {
            Sign::Minus => -1,
            Sign::NoSign => 0,
            Sign::Plus => 1,
        }),
    }
}

fn infinity(sign: i8) -> Numeric {
    match sign {
        0 => Numeric::NaN,
        1.. => Numeric::Infinity,
        _ => Numeric::NegativeInfinity,
    }
}

/// The finite operand's parts; zero for specials (callers have dealt with them).
fn parts(value: &Numeric) -> (BigInt, i64) {
    match value {
        Numeric::Finite { unscaled, scale } => (unscaled.clone(), i64::from(*scale)),
        _ => (BigInt::ZERO, 0),
    }
}

/// -1, 0, 1 (NaN counts as 1, as in PostgreSQL's internal sign of the order).
pub fn sign(value: &Numeric) -> Numeric {
    match class(value) {
        Class::NaN => Numeric::NaN,
        Class::Infinite(sign) | Class::Finite(sign) => super::from_int(sign),
    }
}

pub fn negate(value: &Numeric) -> Numeric {
    match value {
        Numeric::NaN => Numeric::NaN,
        Numeric::Infinity => Numeric::NegativeInfinity,
        Numeric::NegativeInfinity => Numeric::Infinity,
        Numeric::Finite { unscaled, scale } => Numeric::Finite { unscaled: -unscaled, scale: *scale },
    }
}

pub fn abs(value: &Numeric) -> Numeric {
    match class(value) {
        Class::Infinite(-1) | Class::Finite(-1) => negate(value),
        _ => value.clone(),
    }
}

pub fn add(left: &Numeric, right: &Numeric) -> Result<Numeric> {
    match (class(left), class(right)) {
        (Class::NaN, _) | (_, Class::NaN) => Ok(Numeric::NaN),
        (Class::Infinite(a), Class::Infinite(b)) if a != b => Ok(Numeric::NaN),
        (Class::Infinite(sign), _) | (_, Class::Infinite(sign)) => Ok(infinity(sign)),
        _ => {
            let ((a, sa), (b, sb)) = (parts(left), parts(right));
            let scale = sa.max(sb);
            finite(shift(a, scale - sa) + shift(b, scale - sb), scale)
        }
    }
}

pub fn subtract(left: &Numeric, right: &Numeric) -> Result<Numeric> {
    add(left, &negate(right))
}

pub fn multiply(left: &Numeric, right: &Numeric) -> Result<Numeric> {
    match (class(left), class(right)) {
        (Class::NaN, _) | (_, Class::NaN) => Ok(Numeric::NaN),
        (Class::Infinite(a), Class::Infinite(b) | Class::Finite(b)) | (Class::Finite(b), Class::Infinite(a)) => {
            Ok(infinity(a * b))
        }
        _ => {
            let ((a, sa), (b, sb)) = (parts(left), parts(right));
            let (product, scale) = round_to(a * b, sa + sb, (sa + sb).min(MAX_SCALE));
            finite(product, scale)
        }
    }
}

/// `numeric_div`.
pub fn divide(left: &Numeric, right: &Numeric) -> Result<Numeric> {
    if let Some(special) = divide_special(left, right)? {
        return Ok(special);
    }
    let ((a, sa), (b, sb)) = (parts(left), parts(right));
    let scale = division_scale((&a, sa), (&b, sb));
    finite(quotient(&a, sa, &b, sb, scale), scale)
}

/// `div(numeric, numeric)`: the integer part of the quotient.
pub fn divide_truncated(left: &Numeric, right: &Numeric) -> Result<Numeric> {
    if let Some(special) = divide_special(left, right)? {
        return Ok(special);
    }
    let ((a, sa), (b, sb)) = (parts(left), parts(right));
    let scale = sa.max(sb);
    finite(shift(a, scale - sa) / shift(b, scale - sb), 0)
}

fn divide_special(left: &Numeric, right: &Numeric) -> Result<Option<Numeric>> {
    match (class(left), class(right)) {
        (Class::NaN, _) | (_, Class::NaN) => Ok(Some(Numeric::NaN)),
        (Class::Infinite(_), Class::Infinite(_)) => Ok(Some(Numeric::NaN)),
        (_, Class::Finite(0)) => Err(division_by_zero()),
        (Class::Infinite(a), Class::Finite(b)) => Ok(Some(infinity(a * b))),
        // By now the dividend is finite. The quotient is an exact zero without scale.
        (_, Class::Infinite(_)) => Ok(Some(super::from_int(0))),
        _ => Ok(None),
    }
}

/// `numeric_mod`: the sign of the dividend.
pub fn modulo(left: &Numeric, right: &Numeric) -> Result<Numeric> {
    match (class(left), class(right)) {
        (Class::NaN, _) | (_, Class::NaN) => Ok(Numeric::NaN),
        (_, Class::Finite(0)) => Err(division_by_zero()),
        (Class::Infinite(_), _) => Ok(Numeric::NaN),
        (_, Class::Infinite(_)) => Ok(left.clone()),
        _ => {
            let ((a, sa), (b, sb)) = (parts(left), parts(right));
            let scale = sa.max(sb);
            finite(shift(a, scale - sa) % shift(b, scale - sb), scale)
        }
    }
}

/// `select_div_scale`: at least 16 significant digits.
pub fn division_scale((a, sa): (&BigInt, i64), (b, sb): (&BigInt, i64)) -> i64 {
    let (weight_a, first_a) = leading_group(a, sa);
    let (weight_b, first_b) = leading_group(b, sb);
    let weight = weight_a - weight_b - i64::from(first_a <= first_b);
    (MIN_SIGNIFICANT - weight * 4).max(sa).max(sb).clamp(0, MAX_DISPLAY_SCALE)
}

/// a/b rounded half away from zero to `scale` digits.
pub fn quotient(a: &BigInt, sa: i64, b: &BigInt, sb: i64, scale: i64) -> BigInt {
    let exponent = scale + sb - sa;
    let (numerator, denominator) = if exponent >= 0 {
        (a * pow10(exponent as u32), b.clone())
    } else {
        (a.clone(), b * pow10(exponent.unsigned_abs() as u32))
    };
    let (numerator, denominator) =
        if denominator.sign() == Sign::Minus { (-numerator, -denominator) } else { (numerator, denominator) };
    let half = &denominator / 2_u8;
    // Twice the remainder against the denominator, done by adding half before an exact division.
    if numerator.sign() == Sign::Minus {
        -(((-numerator) + half) / denominator)
    } else {
        (numerator + half) / denominator
    }
}

/// The power of 10000 of the first base-10000 digit and that digit; (0, 0) for zero.
fn leading_group(unscaled: &BigInt, scale: i64) -> (i64, u64) {
    let digits = digit_count(unscaled);
    if digits == 0 {
        return (0, 0);
    }
    let weight = (digits - 1 - scale).div_euclid(4);
    let first = shift(BigInt::from(unscaled.magnitude().clone()), -scale - 4 * weight);
    (weight, u64::try_from(&first).unwrap_or(0))
}

/// `round(numeric, int)`.
pub fn round(value: &Numeric, digits: i32) -> Result<Numeric> {
    let Class::Finite(_) = class(value) else { return Ok(value.clone()) };
    let (unscaled, scale) = parts(value);
    let (unscaled, scale) = round_to(unscaled, scale, i64::from(digits).clamp(-131_073, MAX_SCALE));
    finite(unscaled, scale)
}

/// `trunc(numeric, int)`.
pub fn truncate(value: &Numeric, digits: i32) -> Result<Numeric> {
    let Class::Finite(_) = class(value) else { return Ok(value.clone()) };
    let (unscaled, scale) = parts(value);
    let (unscaled, scale) = truncate_to(unscaled, scale, i64::from(digits).clamp(-131_072, MAX_SCALE));
    finite(unscaled, scale)
}

pub fn floor(value: &Numeric) -> Result<Numeric> {
    toward(value, -1)
}

pub fn ceil(value: &Numeric) -> Result<Numeric> {
    toward(value, 1)
}

fn toward(value: &Numeric, direction: i8) -> Result<Numeric> {
    let Class::Finite(sign) = class(value) else { return Ok(value.clone()) };
    let (unscaled, scale) = parts(value);
    let whole = shift(unscaled.clone(), -scale);
    let exact = shift(whole.clone(), scale) == unscaled;
    finite(if !exact && sign == direction { whole + direction } else { whole }, 0)
}

/// Digits behind the point without trailing zeros.
pub fn min_scale(value: &Numeric) -> Option<i64> {
    let Class::Finite(_) = class(value) else { return None };
    let (mut unscaled, mut scale) = parts(value);
    if unscaled.sign() == Sign::NoSign {
        return Some(0);
    }
    while scale > 0 && (&unscaled % 10_u8).sign() == Sign::NoSign {
        unscaled /= 10_u8;
        scale -= 1;
    }
    Some(scale)
}

pub fn sqrt(value: &Numeric) -> Result<Numeric> {
    match class(value) {
        Class::NaN | Class::Infinite(1) => return Ok(value.clone()),
        Class::Infinite(_) | Class::Finite(-1) => {
            return Err(Error::new(
                SqlState::INVALID_ARGUMENT_FOR_POWER,
                "cannot take square root of a negative number",
            ));
        }
        Class::Finite(_) => {}
    }
    let (unscaled, scale) = parts(value);
    let (weight, _) = leading_group(&unscaled, scale);
    let result_weight = (weight + 1) * 4 / 2 - 1;
    let result_scale = (MIN_SIGNIFICANT - result_weight).max(scale).clamp(0, MAX_DISPLAY_SCALE);
    finite(sqrt_at(&unscaled, scale, result_scale), result_scale)
}

/// The square root of unscaled * 10^-scale, rounded to `result_scale`.
pub fn sqrt_at(unscaled: &BigInt, scale: i64, result_scale: i64) -> BigInt {
    // Four guard digits; the root of a non-square is never half-way, so flooring them is safe.
    let guarded = result_scale + 4;
    let root = shift(unscaled.clone(), 2 * guarded - scale).sqrt();
    round_to(root, guarded, result_scale).0
}

/// `estimate_ln_dweight`: about how many digits ln(value) has before the point (negative: zeros behind it).
fn ln_weight(unscaled: &BigInt, scale: i64) -> i64 {
    if unscaled.sign() != Sign::Plus {
        return 0;
    }
    let near_one = Numeric::Finite { unscaled: unscaled.clone(), scale: scale as u16 };
    let bound = |tenths: i32| Numeric::Finite { unscaled: BigInt::from(tenths), scale: 1 };
    if compare(&near_one, &bound(9)) != Ordering::Less && compare(&near_one, &bound(11)) != Ordering::Greater {
        let distance = unscaled - pow10(scale as u32);
        let (weight, first) = leading_group(&distance, scale);
        return if first == 0 { 0 } else { weight * 4 + (first as f64).log10() as i64 };
    }
    let (digits, weight) = groups(unscaled, scale);
    let Some(first) = digits.first() else { return 0 };
    let (head, exponent) = match digits.get(1) {
        Some(second) => (f64::from(*first) * 10000.0 + f64::from(*second), (weight - 1) * 4),
        None => (f64::from(*first), weight * 4),
    };
    let estimate = head.ln() + exponent as f64 * std::f64::consts::LN_10;
    estimate.abs().log10() as i64
}

fn check_logarithm(value: &Numeric) -> Result<()> {
    let error =
        |what: &str| Err(Error::new(SqlState::INVALID_ARGUMENT_FOR_LOG, format!("cannot take logarithm of {what}")));
    match class(value) {
        Class::Finite(0) => error("zero"),
        Class::Finite(-1) | Class::Infinite(-1) => error("a negative number"),
        _ => Ok(()),
    }
}

pub fn ln(value: &Numeric) -> Result<Numeric> {
    check_logarithm(value)?;
    let Class::Finite(_) = class(value) else { return Ok(value.clone()) };
    let (unscaled, scale) = parts(value);
    let result_scale = (MIN_SIGNIFICANT - ln_weight(&unscaled, scale)).max(scale).clamp(0, MAX_DISPLAY_SCALE);
    finite(ln_at(&unscaled, scale, result_scale), result_scale)
}

/// `log(base, value)`.
pub fn log(base: &Numeric, value: &Numeric) -> Result<Numeric> {
    if let (Class::NaN, _) | (_, Class::NaN) = (class(base), class(value)) {
        return Ok(Numeric::NaN);
    }
    check_logarithm(base)?;
    check_logarithm(value)?;
    match (class(base), class(value)) {
        (Class::Infinite(_), Class::Infinite(_)) => return Ok(Numeric::NaN),
        // log of infinity is infinity; to an infinite base it is 0.
        (Class::Infinite(_), _) => return Ok(super::from_int(0)),
        (_, Class::Infinite(_)) => return Ok(Numeric::Infinity),
        _ => {}
    }
    let ((b, sb), (v, sv)) = (parts(base), parts(value));
    let (base_weight, value_weight) = (ln_weight(&b, sb), ln_weight(&v, sv));
    let weight = value_weight - base_weight;
    let scale = (MIN_SIGNIFICANT - weight).max(sb).max(sv).clamp(0, MAX_DISPLAY_SCALE);
    let base_scale = (scale + weight - base_weight + 8).max(0);
    let value_scale = (scale + weight - value_weight + 8).max(0);
    let ln_base = ln_at(&b, sb, base_scale);
    if ln_base.sign() == Sign::NoSign {
        return Err(division_by_zero());
    }
    finite(quotient(&ln_at(&v, sv, value_scale), value_scale, &ln_base, base_scale, scale), scale)
}

pub fn exp(value: &Numeric) -> Result<Numeric> {
    match class(value) {
        Class::NaN | Class::Infinite(1) => return Ok(value.clone()),
        Class::Infinite(_) => return Ok(super::from_int(0)),
        Class::Finite(_) => {}
    }
    let (unscaled, scale) = parts(value);
    let weight = (to_f64_lossy(value) * std::f64::consts::LOG10_E).clamp(-MAX_RESULT_SCALE, MAX_RESULT_SCALE);
    let result_scale = (MIN_SIGNIFICANT - weight as i64).max(scale).clamp(0, MAX_DISPLAY_SCALE);
    exp_at(&unscaled, scale, result_scale)
}

/// e^(unscaled * 10^-scale) rounded to `result_scale`.
fn exp_at(unscaled: &BigInt, scale: i64, result_scale: i64) -> Result<Numeric> {
    let estimate = big_to_f64(unscaled, scale);
    if estimate.abs() >= MAX_RESULT_SCALE * 3.0 {
        return if estimate > 0.0 { Err(overflow()) } else { finite(BigInt::ZERO, result_scale) };
    }
    let weight = (estimate * std::f64::consts::LOG10_E).ceil().max(0.0) as i64;
    // 2^halvings brings the argument below 2^-8.
    let halvings = (estimate.abs().log2().ceil().max(-8.0) as i64 + 8) as u32;
    // A tiny argument may put the result next to a rounding boundary: keep as many digits again as it has zeros.
    let zeros = leading_zeros(estimate).min(result_scale);
    let precision = result_scale + weight + zeros + i64::from(halvings) / 3 + 12;
    let one = pow10(precision as u32);
    let x: BigInt = shift(unscaled.clone(), precision - scale) >> halvings;
    let (mut sum, mut term) = (one.clone() + &x, x.clone());
    let mut n = 1_u32;
    while term.sign() != Sign::NoSign {
        n += 1;
        term = &term * &x / &one / n;
        sum += &term;
    }
    for _ in 0..halvings {
        sum = &sum * &sum / &one;
    }
    let (rounded, scale) = round_to(sum, precision, result_scale);
    finite(rounded, scale)
}

/// Zeros behind the decimal point of a value below 1.
fn leading_zeros(value: f64) -> i64 {
    if value == 0.0 { 0 } else { (-value.abs().log10().floor() as i64).max(0) }
}

/// ln of a positive value, rounded to `result_scale`.
fn ln_at(unscaled: &BigInt, scale: i64, result_scale: i64) -> BigInt {
    let precision = result_scale + 12 + digit_count(&BigInt::from(unscaled.bits() + scale as u64));
    let one = pow10(precision as u32);
    // value = m * 2^k with m near 1.
    let approximate_bits = unscaled.bits() as f64 - scale as f64 * std::f64::consts::LOG2_10;
    let k = approximate_bits.round() as i64;
    // Exact up to the last division, so that tiny values keep all their digits.
    let widened = (unscaled * &one) << k.min(0).unsigned_abs();
    let m: BigInt = (widened / pow10(scale as u32)) >> k.max(0).unsigned_abs();
    let mut result = atanh_series(&(&m - &one), &(&m + &one), &one);
    if k != 0 {
        result += atanh_series(&BigInt::from(1), &BigInt::from(3), &one) * k;
    }
    round_to(result, precision, result_scale).0
}

/// 2 * atanh(numerator/denominator) in units of 1/one.
fn atanh_series(numerator: &BigInt, denominator: &BigInt, one: &BigInt) -> BigInt {
    let z = numerator * one / denominator;
    let square = &z * &z / one;
    let (mut sum, mut power) = (z.clone(), z);
    let mut n = 1_u32;
    while power.sign() != Sign::NoSign {
        n += 2;
        power = power * &square / one;
        sum += &power / n;
    }
    sum * 2_u8
}

fn big_to_f64(unscaled: &BigInt, scale: i64) -> f64 {
    to_f64_lossy(&Numeric::Finite { unscaled: unscaled.clone(), scale: scale.clamp(0, i64::from(u16::MAX)) as u16 })
}

/// `power(numeric, numeric)`.
pub fn power(base: &Numeric, exponent: &Numeric) -> Result<Numeric> {
    let one = super::from_int(1);
    let undefined = |what: &str| Err(Error::new(SqlState::INVALID_ARGUMENT_FOR_POWER, what));
    let integral = |value: &Numeric| min_scale(value) == Some(0);
    match (class(base), class(exponent)) {
        // 1^NaN and NaN^0 are 1.
        (Class::NaN, Class::Finite(0)) => return Ok(one),
        (Class::Finite(_), Class::NaN) if compare(base, &one) == Ordering::Equal => return Ok(one),
        (Class::NaN, _) | (_, Class::NaN) => return Ok(Numeric::NaN),
        _ => {}
    }
    if let (Class::Finite(0), Class::Finite(-1) | Class::Infinite(-1)) = (class(base), class(exponent)) {
        return undefined("zero raised to a negative power is undefined");
    }
    if let (Class::Finite(-1) | Class::Infinite(-1), Class::Finite(_)) = (class(base), class(exponent))
        && !integral(exponent)
    {
        return undefined("a negative number raised to a non-integer power yields a complex result");
    }
    match (class(base), class(exponent)) {
        (Class::Infinite(_), Class::Finite(0)) => return Ok(one),
        (Class::Infinite(sign), Class::Finite(exponent_sign)) => {
            if exponent_sign < 0 {
                return Ok(super::from_int(0));
            }
            let odd =
                modulo(exponent, &super::from_int(2)).map(|m| compare(&m, &super::from_int(0)) != Ordering::Equal)?;
            return Ok(if sign < 0 && odd { Numeric::NegativeInfinity } else { Numeric::Infinity });
        }
        (_, Class::Infinite(exponent_sign)) => {
            return Ok(match compare(&abs(base), &one) {
                Ordering::Equal => one,
                Ordering::Greater if exponent_sign > 0 => Numeric::Infinity,
                Ordering::Less if exponent_sign < 0 => Numeric::Infinity,
                _ => super::from_int(0),
            });
        }
        _ => {}
    }
    let ((b, sb), (e, se)) = (parts(base), parts(exponent));
    if integral(exponent)
        && let Ok(integer) = i32::try_from(&shift(e.clone(), -se))
    {
        let scale = MIN_SIGNIFICANT.max(sb).clamp(0, MAX_DISPLAY_SCALE);
        return power_integer(&b, sb, integer, scale);
    }
    if b.sign() == Sign::NoSign {
        return finite(BigInt::ZERO, MIN_SIGNIFICANT);
    }
    // A negative base has an integral exponent here.
    let odd = b.sign() == Sign::Minus && (shift(e.clone(), -se) % 2_u8).sign() != Sign::NoSign;
    let magnitude = BigInt::from(b.magnitude().clone());
    let weight = ln_weight(&magnitude, sb);
    let rough_scale = (8 - weight).max(0);
    let rough = big_to_f64(&ln_at(&magnitude, sb, rough_scale), rough_scale) * to_f64_lossy(exponent);
    if rough.abs() > MAX_RESULT_SCALE * 3.01 {
        return if rough > 0.0 { Err(overflow()) } else { finite(BigInt::ZERO, MAX_DISPLAY_SCALE) };
    }
    let result_weight = (rough * std::f64::consts::LOG10_E) as i64;
    let scale = (MIN_SIGNIFICANT - result_weight).max(sb).max(se).clamp(0, MAX_DISPLAY_SCALE);
    let ln_scale = (scale + result_weight - weight + 8).max(0) + digit_count(&e).max(0);
    let product = ln_at(&magnitude, sb, ln_scale) * e;
    let (argument, argument_scale) =
        round_to(product, ln_scale + se, scale + result_weight.max(0) + leading_zeros(rough).min(scale) + 12);
    let result = exp_at(&argument, argument_scale, scale)?;
    Ok(if odd { negate(&result) } else { result })
}

/// `power_var_int`: to `scale` digits behind the point.
fn power_integer(base: &BigInt, base_scale: i64, exponent: i32, scale: i64) -> Result<Numeric> {
    match exponent {
        0 => return finite(pow10(scale as u32), scale),
        1 => {
            let (unscaled, scale) = round_to(base.clone(), base_scale, scale);
            return finite(unscaled, scale);
        }
        _ => {}
    }
    if base.sign() == Sign::NoSign {
        return if exponent < 0 { Err(division_by_zero()) } else { finite(BigInt::ZERO, scale) };
    }
    // log10 of the result.
    let digits = digit_count(base);
    let (head, _) = round_to(BigInt::from(base.magnitude().clone()), 0, -(digits - 17).max(0));
    let head = shift(head, -(digits - 17).max(0));
    let log10 = (u64::try_from(&head).unwrap_or(1) as f64).log10() + ((digits - 17).max(0) - base_scale) as f64;
    let weight = f64::from(exponent) * log10;
    if weight > 131_072.0 {
        return Err(overflow());
    }
    if weight + 1.0 < -(scale.max(MAX_DISPLAY_SCALE) as f64) {
        return finite(BigInt::ZERO, scale);
    }
    // Work with enough significant digits for the whole result and for the error that the multiplications gather.
    let significant = (scale + weight as i64).max(0) + 24 + i64::from(exponent.unsigned_abs().ilog10());
    let cut = |unscaled: BigInt, scale: i64| {
        let excess = digit_count(&unscaled) - significant;
        if excess > 0 { (shift(unscaled, -excess), scale - excess) } else { (unscaled, scale) }
    };
    let mut remaining = exponent.unsigned_abs();
    let (mut square, mut square_scale) = (base.clone(), base_scale);
    let (mut result, mut result_scale) = (BigInt::from(1), 0_i64);
    loop {
        if remaining & 1 == 1 {
            (result, result_scale) = cut(result * &square, result_scale + square_scale);
        }
        remaining >>= 1;
        if remaining == 0 {
            break;
        }
        (square, square_scale) = cut(&square * &square, square_scale * 2);
    }
    if exponent < 0 {
        return finite(quotient(&BigInt::from(1), 0, &result, result_scale, scale), scale);
    }
    let (unscaled, scale) = round_to(result, result_scale, scale);
    finite(unscaled, scale)
}

/// `factorial(int8)`.
pub fn factorial(n: i64) -> Result<Numeric> {
    if n < 0 {
        return Err(Error::new(SqlState::NUMERIC_VALUE_OUT_OF_RANGE, "factorial of a negative number is undefined"));
    }
    if n > 32177 {
        return Err(overflow());
    }
    finite((2..=n).fold(BigInt::from(1), |product, k| product * k), 0)
}

/// `gcd(numeric, numeric)`.
pub fn gcd(left: &Numeric, right: &Numeric) -> Result<Numeric> {
    let (Class::Finite(_), Class::Finite(_)) = (class(left), class(right)) else { return Ok(Numeric::NaN) };
    let ((a, sa), (b, sb)) = (parts(left), parts(right));
    let scale = sa.max(sb);
    finite(gcd_integers(shift(a, scale - sa), shift(b, scale - sb)), scale)
}

/// `lcm(numeric, numeric)`.
pub fn lcm(left: &Numeric, right: &Numeric) -> Result<Numeric> {
    let (Class::Finite(_), Class::Finite(_)) = (class(left), class(right)) else { return Ok(Numeric::NaN) };
    let ((a, sa), (b, sb)) = (parts(left), parts(right));
    let scale = sa.max(sb);
    let (a, b) = (shift(a, scale - sa), shift(b, scale - sb));
    if a.sign() == Sign::NoSign || b.sign() == Sign::NoSign {
        return finite(BigInt::ZERO, scale);
    }
    let divisor = gcd_integers(a.clone(), b.clone());
    let result = a / divisor * b;
    finite(BigInt::from(result.magnitude().clone()), scale)
}

fn gcd_integers(mut a: BigInt, mut b: BigInt) -> BigInt {
    while b.sign() != Sign::NoSign {
        (a, b) = (b.clone(), a % b);
    }
    BigInt::from(a.magnitude().clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::core::numeric::{parse, print};

    fn check(f: fn(&Numeric, &Numeric) -> Result<Numeric>, cases: &[(&str, &str, &str)]) {
        for (a, b, expected) in cases {
            let got = f(&parse(a).unwrap(), &parse(b).unwrap()).map_or_else(|e| e.message().to_owned(), |v| print(&v));
            assert_eq!(got, *expected, "{a} {b}");
        }
    }

    #[test]
    fn division_scales() {
        check(
            divide,
            &[
                ("1", "3", "0.33333333333333333333"),
                ("10", "3", "3.3333333333333333"),
                ("1", "7000", "0.00014285714285714286"),
                ("100000", "3", "33333.333333333333"),
                ("1", "0", "division by zero"),
                ("Infinity", "-2", "-Infinity"),
                ("1", "Infinity", "0"),
                ("0", "5.00", "0.00000000000000000000"),
            ],
        );
        check(modulo, &[("-7", "3", "-1"), ("7.5", "2", "1.5"), ("1", "0", "division by zero")]);
    }

    #[test]
    fn logarithms_of_tiny_values() {
        // select left(ln(1e-16383)::text, 24), length(ln(1e-16383)::text)
        let text = print(&ln(&parse("1e-16383").unwrap()).unwrap());
        assert_eq!((&text[..24], text.len()), ("-37723.25157852145044126", 1007));
    }

    #[test]
    fn powers() {
        check(
            power,
            &[
                ("10", "5", "100000.0000000000000000"),
                ("10", "-3", "0.0010000000000000"),
                ("2", "0.5", "1.4142135623730950"),
                ("10", "20.5", "316227766016837933199.9"),
                ("0", "0", "1.0000000000000000"),
                ("1.00000000000000000000000000000000000000001", "0.5", "1.00000000000000000000000000000000000000000"),
                ("0", "-1", "zero raised to a negative power is undefined"),
            ],
        );
    }
}

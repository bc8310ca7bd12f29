//! numeric as a value: text form, binary form, rounding, order, conversions. Limits are PostgreSQL's (`numeric.c`).

use std::cmp::Ordering;

use num_bigint::{BigInt, BigUint, Sign};

use crate::error::{Error, Result, SqlState};
use crate::types::{Numeric, NumericTypmod};

/// Most digits behind the decimal point that a value may show.
pub const MAX_SCALE: i64 = 16383;
/// Most decimal digits before the decimal point ((NUMERIC_WEIGHT_MAX + 1) * 4).
const MAX_INTEGER_DIGITS: i64 = 131_072;

/// 22003 "value overflows numeric format".
pub fn overflow() -> Error {
    Error::new(SqlState::NUMERIC_VALUE_OUT_OF_RANGE, "value overflows numeric format")
}

/// 10^n.
pub fn pow10(n: u32) -> BigInt {
    if n <= 38 { BigInt::from(10_u128.pow(n)) } else { BigInt::from(10_u8).pow(n) }
}

/// unscaled * 10^n, for any sign of n; digits that fall off are cut.
pub fn shift(unscaled: BigInt, n: i64) -> BigInt {
    match n {
        0 => unscaled,
        1.. => unscaled * pow10(n as u32),
        _ => unscaled / pow10(n.unsigned_abs() as u32),
    }
}

/// Decimal digits of |value|; 0 for zero.
pub fn digit_count(value: &BigInt) -> i64 {
    let bits = value.bits();
    if bits == 0 {
        return 0;
    }
    if bits <= 128 {
        let magnitude = u128::try_from(value.magnitude()).unwrap_or(u128::MAX);
        return i64::from(magnitude.ilog10()) + 1;
    }
    // At least this many; one comparison decides the last.
    let low = ((bits - 1) as f64 * std::f64::consts::LOG10_2).floor() as i64;
    let mut count = low.max(1);
    while *value.magnitude() >= *pow10(count as u32).magnitude() {
        count += 1;
    }
    count
}

/// A checked finite value. `scale` must not be negative (see [`round_to`]).
pub fn finite(unscaled: BigInt, scale: i64) -> Result<Numeric> {
    if !(0..=MAX_SCALE).contains(&scale) || digit_count(&unscaled) - scale > MAX_INTEGER_DIGITS {
        return Err(overflow());
    }
    Ok(Numeric::Finite { unscaled, scale: scale as u16 })
}

/// Rounds unscaled * 10^-scale half away from zero to `target` digits behind the point (may be negative: the result then has
/// scale 0). Answers the new unscaled value and its scale.
pub fn round_to(unscaled: BigInt, scale: i64, target: i64) -> (BigInt, i64) {
    if target >= scale {
        return (shift(unscaled, target - scale), target);
    }
    let drop = scale - target;
    if drop > digit_count(&unscaled) {
        return (BigInt::ZERO, target.max(0));
    }
    let divisor = pow10(drop as u32);
    let half = &divisor / 2_u8;
    let rounded = match unscaled.sign() {
        Sign::Minus => (unscaled - half) / divisor,
        _ => (unscaled + half) / divisor,
    };
    if target < 0 { (shift(rounded, -target), 0) } else { (rounded, target) }
}

/// As [`round_to`], towards zero.
pub fn truncate_to(unscaled: BigInt, scale: i64, target: i64) -> (BigInt, i64) {
    if target >= scale {
        return (shift(unscaled, target - scale), target);
    }
    if scale - target > digit_count(&unscaled) {
        return (BigInt::ZERO, target.max(0));
    }
    let cut = shift(unscaled, target - scale);
    if target < 0 { (shift(cut, -target), 0) } else { (cut, target) }
}

/// `numeric_in` without typmod.
pub fn parse(text: &str) -> Result<Numeric> {
    let invalid = || {
        Error::new(SqlState::INVALID_TEXT_REPRESENTATION, format!("invalid input syntax for type numeric: \"{text}\""))
    };
    let trimmed = text.trim_matches(super::super::is_space);
    match trimmed.to_ascii_lowercase().as_str() {
        "nan" => return Ok(Numeric::NaN),
        "infinity" | "+infinity" | "inf" | "+inf" => return Ok(Numeric::Infinity),
        "-infinity" | "-inf" => return Ok(Numeric::NegativeInfinity),
        _ => {}
    }
    let (negative, body) = match trimmed.as_bytes().first() {
        Some(b'-') => (true, &trimmed[1..]),
        Some(b'+') => (false, &trimmed[1..]),
        _ => (false, trimmed),
    };
    let (mantissa, exponent) = match body.find(['e', 'E']) {
        Some(at) => (&body[..at], Some(&body[at + 1..])),
        None => (body, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty()) || !all_digits(whole) || !all_digits(fraction) {
        return Err(invalid());
    }
    let exponent: i64 = match exponent {
        None => 0,
        Some(digits) => {
            let unsigned = digits.strip_prefix(['+', '-']).unwrap_or(digits);
            if unsigned.is_empty() || !all_digits(unsigned) {
                return Err(invalid());
            }
            digits.parse().unwrap_or(i64::MAX)
        }
    };
    if exponent.unsigned_abs() >= u64::from(u32::MAX / 4) {
        return Err(overflow());
    }
    let scale = fraction.len() as i64 - exponent;
    if scale > MAX_SCALE {
        return Err(overflow());
    }
    let mut unscaled = if whole.len() + fraction.len() <= 18 {
        let digits = whole.bytes().chain(fraction.bytes()).fold(0_i64, |n, b| n * 10 + i64::from(b - b'0'));
        BigInt::from(digits)
    } else {
        let digits: Vec<u8> = whole.bytes().chain(fraction.bytes()).collect();
        BigInt::parse_bytes(&digits, 10).ok_or_else(invalid)?
    };
    if negative {
        unscaled = -unscaled;
    }
    if scale >= 0 {
        return finite(unscaled, scale);
    }
    if unscaled.sign() == Sign::NoSign {
        return Ok(Numeric::Finite { unscaled, scale: 0 });
    }
    if digit_count(&unscaled) - scale > MAX_INTEGER_DIGITS {
        return Err(overflow());
    }
    finite(shift(unscaled, -scale), 0)
}

/// `numeric_out`.
pub fn print(value: &Numeric) -> String {
    let (unscaled, scale) = match value {
        Numeric::NaN => return "NaN".to_owned(),
        Numeric::Infinity => return "Infinity".to_owned(),
        Numeric::NegativeInfinity => return "-Infinity".to_owned(),
        Numeric::Finite { unscaled, scale } => (unscaled, usize::from(*scale)),
    };
    let digits = match i64::try_from(unscaled) {
        Ok(small) => small.unsigned_abs().to_string(),
        Err(_) => unscaled.magnitude().to_string(),
    };
    let sign = if unscaled.sign() == Sign::Minus { "-" } else { "" };
    if scale == 0 {
        return format!("{sign}{digits}");
    }
    if digits.len() > scale {
        let (whole, fraction) = digits.split_at(digits.len() - scale);
        format!("{sign}{whole}.{fraction}")
    } else {
        format!("{sign}0.{}{digits}", "0".repeat(scale - digits.len()))
    }
}

/// `numeric_send`.
pub fn encode(value: &Numeric) -> Vec<u8> {
    let (unscaled, scale) = match value {
        // PostgreSQL 15 leaves a bit of the infinities' header in the scale word.
        Numeric::NaN => return vec![0, 0, 0, 0, 0xC0, 0, 0, 0],
        Numeric::Infinity => return vec![0, 0, 0, 0, 0xD0, 0, 0, 0x20],
        Numeric::NegativeInfinity => return vec![0, 0, 0, 0, 0xF0, 0, 0, 0x20],
        Numeric::Finite { unscaled, scale } => (unscaled, *scale),
    };
    let (groups, weight) = groups(unscaled, i64::from(scale));
    let sign = if unscaled.sign() == Sign::Minus { 0x4000_u16 } else { 0 };
    let mut bytes = Vec::with_capacity(8 + 2 * groups.len());
    bytes.extend((groups.len() as u16).to_be_bytes());
    bytes.extend((weight as i16).to_be_bytes());
    bytes.extend(sign.to_be_bytes());
    bytes.extend(scale.to_be_bytes());
    bytes.extend(groups.iter().flat_map(|group| group.to_be_bytes()));
    bytes
}

/// The base-10000 digits without leading and trailing zeros, and the power of 10000 of the first.
pub fn groups(unscaled: &BigInt, scale: i64) -> (Vec<u16>, i64) {
    if unscaled.sign() == Sign::NoSign {
        return (Vec::new(), 0);
    }
    let mut digits = unscaled.magnitude().to_string().into_bytes();
    // Align the decimal point on a group boundary, then fill the first group.
    let fraction_groups = scale.div_euclid(4) + i64::from(scale.rem_euclid(4) != 0);
    digits.resize(digits.len() + (fraction_groups * 4 - scale) as usize, b'0');
    let lead = (4 - digits.len() % 4) % 4;
    let mut padded = vec![b'0'; lead];
    padded.append(&mut digits);
    let mut groups: Vec<u16> =
        padded.chunks(4).map(|chunk| chunk.iter().fold(0, |n, b| n * 10 + u16::from(b - b'0'))).collect();
    let mut weight = groups.len() as i64 - 1 - fraction_groups;
    while groups.last() == Some(&0) {
        groups.pop();
    }
    let zeros = groups.iter().take_while(|group| **group == 0).count();
    groups.drain(..zeros);
    weight -= zeros as i64;
    (groups, weight)
}

/// `numeric_recv` without typmod.
pub fn decode(bytes: &[u8]) -> Result<Numeric> {
    let malformed = |what: &str| {
        Error::new(SqlState::INVALID_BINARY_REPRESENTATION, format!("invalid {what} in external \"numeric\" value"))
    };
    let word = |at: usize| {
        bytes
            .get(2 * at..2 * at + 2)
            .map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
            .ok_or_else(|| Error::new(SqlState::PROTOCOL_VIOLATION, "insufficient data left in message"))
    };
    let (count, weight, sign, scale) = (usize::from(word(0)?), i64::from(word(1)? as i16), word(2)?, word(3)?);
    match sign {
        0xC000 => return Ok(Numeric::NaN),
        0xD000 => return Ok(Numeric::Infinity),
        0xF000 => return Ok(Numeric::NegativeInfinity),
        0 | 0x4000 => {}
        _ => return Err(malformed("sign")),
    }
    if i64::from(scale) > MAX_SCALE {
        return Err(malformed("scale"));
    }
    let mut digits = Vec::with_capacity(count * 4);
    for at in 0..count {
        let group = word(4 + at)?;
        if group > 9999 {
            return Err(malformed("digit"));
        }
        digits.extend([group / 1000, group / 100 % 10, group / 10 % 10, group % 10].map(|d| d as u8));
    }
    let magnitude = if digits.is_empty() {
        BigUint::ZERO
    } else {
        BigUint::from_radix_be(&digits, 10).ok_or_else(|| malformed("digit"))?
    };
    let sign = if sign == 0x4000 { Sign::Minus } else { Sign::Plus };
    // The groups end at 10000^(weight - count + 1).
    let stored_scale = (count as i64 - 1 - weight) * 4;
    let (unscaled, scale) = truncate_to(BigInt::from_biguint(sign, magnitude), stored_scale, i64::from(scale));
    finite(unscaled, scale)
}

/// Rounds to the typmod's scale and checks its precision.
pub fn apply_typmod(value: Numeric, typmod: i32) -> Result<Numeric> {
    let Some(NumericTypmod { precision, scale }) = NumericTypmod::unpack(typmod) else { return Ok(value) };
    let field_overflow = |detail: String| {
        Error::new(SqlState::NUMERIC_VALUE_OUT_OF_RANGE, "numeric field overflow")
            .detail(format!("A field with precision {precision}, scale {scale} {detail}"))
    };
    match value {
        Numeric::NaN => Ok(Numeric::NaN),
        Numeric::Infinity | Numeric::NegativeInfinity => {
            Err(field_overflow("cannot hold an infinite value.".to_owned()))
        }
        Numeric::Finite { unscaled, scale: own } => {
            let (unscaled, new) = round_to(unscaled, i64::from(own), i64::from(scale));
            let limit = i64::from(precision) - i64::from(scale);
            if unscaled.sign() != Sign::NoSign && digit_count(&unscaled) - new > limit {
                let bound = if limit != 0 { format!("10^{limit}") } else { "1".to_owned() };
                return Err(field_overflow(format!("must round to an absolute value less than {bound}.")));
            }
            finite(unscaled, new)
        }
    }
}

/// `numeric_cmp`: NaN = NaN, and above everything.
pub fn compare(left: &Numeric, right: &Numeric) -> Ordering {
    let rank = |value: &Numeric| match value {
        Numeric::NegativeInfinity => 0,
        Numeric::Finite { .. } => 1,
        Numeric::Infinity => 2,
        Numeric::NaN => 3,
    };
    let (
        Numeric::Finite { unscaled: left_digits, scale: left_scale },
        Numeric::Finite { unscaled: right_digits, scale: right_scale },
    ) = (left, right)
    else {
        return rank(left).cmp(&rank(right));
    };
    if left_scale == right_scale || left_digits.sign() != right_digits.sign() {
        return left_digits.cmp(right_digits);
    }
    if left_scale < right_scale {
        shift(left_digits.clone(), i64::from(right_scale - left_scale)).cmp(right_digits)
    } else {
        left_digits.cmp(&shift(right_digits.clone(), i64::from(left_scale - right_scale)))
    }
}

/// An integer as numeric.
pub fn from_int(value: impl Into<BigInt>) -> Numeric {
    Numeric::Finite { unscaled: value.into(), scale: 0 }
}

/// `float8_numeric`: 15 significant digits.
pub fn from_f64(value: f64) -> Result<Numeric> {
    from_float(value, crate::kernels::core::float_text::general(value, 15))
}

/// `float4_numeric`: 6 significant digits.
pub fn from_f32(value: f32) -> Result<Numeric> {
    from_float(f64::from(value), crate::kernels::core::float_text::general(f64::from(value), 6))
}

fn from_float(value: f64, text: String) -> Result<Numeric> {
    if value.is_nan() {
        Ok(Numeric::NaN)
    } else if value.is_infinite() {
        Ok(if value > 0.0 { Numeric::Infinity } else { Numeric::NegativeInfinity })
    } else {
        parse(&text)
    }
}

/// `numeric_float8`; 22003 when it is too big (or too small) for a float8.
pub fn to_f64(value: &Numeric) -> Result<f64> {
    match value {
        Numeric::NaN => Ok(f64::NAN),
        Numeric::Infinity => Ok(f64::INFINITY),
        Numeric::NegativeInfinity => Ok(f64::NEG_INFINITY),
        Numeric::Finite { .. } => crate::kernels::core::float_text::parse_f64(&print(value)),
    }
}

/// The nearest float8, with overflow to infinity and underflow to zero.
pub fn to_f64_lossy(value: &Numeric) -> f64 {
    match value {
        Numeric::NaN => f64::NAN,
        Numeric::Infinity => f64::INFINITY,
        Numeric::NegativeInfinity => f64::NEG_INFINITY,
        Numeric::Finite { unscaled, scale } => match (i64::try_from(unscaled), *scale) {
            (Ok(small), 0) => small as f64,
            _ => print(value).parse().unwrap_or(f64::NAN),
        },
    }
}

/// Rounded to an integer (half away from zero); `None` outside of i64. `to` names the target (`integer`) in errors about NaN.
pub fn to_i64(value: &Numeric, to: &str) -> Result<Option<i64>> {
    let special = |what: &str| Error::new(SqlState::FEATURE_NOT_SUPPORTED, format!("cannot convert {what} to {to}"));
    match value {
        Numeric::NaN => Err(special("NaN")),
        Numeric::Infinity | Numeric::NegativeInfinity => Err(special("infinity")),
        Numeric::Finite { unscaled, scale: 0 } => Ok(i64::try_from(unscaled).ok()),
        Numeric::Finite { unscaled, scale } => {
            let (rounded, _) = round_to(unscaled.clone(), i64::from(*scale), 0);
            Ok(i64::try_from(&rounded).ok())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_forms() {
        for (input, expected) in [
            ("1.50", "1.50"),
            (" -0.00 ", "0.00"),
            ("1e3", "1000"),
            ("1.5e-3", "0.0015"),
            (".5", "0.5"),
            ("5.", "5"),
            ("-.5e1", "-5"),
            ("0e10", "0"),
            ("inf", "Infinity"),
            ("-INFINITY", "-Infinity"),
            ("nan", "NaN"),
            ("123456789012345678901234567890.12", "123456789012345678901234567890.12"),
        ] {
            assert_eq!(print(&parse(input).unwrap()), expected, "{input}");
        }
        for input in ["", ".", "e5", "1e", "1e+", "--1", "1 2", "0x10", "-nan", "1.2.3"] {
            assert_eq!(parse(input).unwrap_err().state(), SqlState::INVALID_TEXT_REPRESENTATION, "{input}");
        }
        for input in ["1e131072", "1e-16384", "1e999999999999"] {
            assert_eq!(parse(input).unwrap_err().state(), SqlState::NUMERIC_VALUE_OUT_OF_RANGE, "{input}");
        }
    }

    #[test]
    fn binary_forms_round_trip() {
        // select encode(numeric_send(x), 'hex')
        for (text, hex) in [
            ("0", "0000000000000000"),
            ("0.00", "0000000000000002"),
            ("1.5", "000200000000000100011388"),
            ("-12345.678", "0003000140000003000109291a7c"),
            ("0.0001", "0001ffff000000040001"),
            ("NaN", "00000000c0000000"),
        ] {
            let value = parse(text).unwrap();
            let bytes = encode(&value);
            assert_eq!(print(&decode(&bytes).unwrap()), text);
            assert_eq!(bytes.iter().map(|b| format!("{b:02x}")).collect::<String>(), hex, "{text}");
        }
    }

    #[test]
    fn rounds_half_away_from_zero() {
        for (text, scale, expected) in [
            ("2.5", 0, "3"),
            ("-2.5", 0, "-3"),
            ("1.25", 1, "1.3"),
            ("149", -2, "100"),
            ("150", -2, "200"),
            ("4", -1, "0"),
        ] {
            let Numeric::Finite { unscaled, scale: own } = parse(text).unwrap() else { panic!("finite") };
            let (unscaled, new) = round_to(unscaled, i64::from(own), scale);
            assert_eq!(print(&finite(unscaled, new).unwrap()), expected, "{text} {scale}");
        }
    }
}

//! Text forms of float4 and float8: shortest round trip (`extra_float_digits > 0`), `%g` otherwise, and input.

use num_bigint::BigInt;

use crate::error::{Error, Result, SqlState};

/// `float8out`.
pub fn print_f64(value: f64, extra_float_digits: i32) -> String {
    if let Some(special) = special(value) {
        return special.to_owned();
    }
    if extra_float_digits <= 0 {
        return general(value, (15 + extra_float_digits).max(1) as usize);
    }
    let mut shortest = format!("{value:e}");
    // Between two equally near decimals Ryu takes the even one; that can only happen at full length.
    if shortest.len() > 16 {
        let even = format!("{value:.*e}", mantissa_digits(&shortest) - 1);
        if even.parse() == Ok(value) {
            shortest = even;
        }
    }
    // PostgreSQL's Ryu does not accept an interval's bound as a representation; Rust does when the mantissa is even.
    if value.abs() >= 18_014_398_509_481_984.0 {
        let (magnitude, below, above) = (value.abs(), value.abs().next_down(), value.abs().next_up());
        shortest = inside(&shortest, value, [exact(magnitude), exact(below), exact_next(magnitude, above)]);
    }
    plain_or_scientific(&shortest, 15)
}

/// `float4out`.
pub fn print_f32(value: f32, extra_float_digits: i32) -> String {
    if let Some(special) = special(f64::from(value)) {
        return special.to_owned();
    }
    if extra_float_digits <= 0 {
        return general(f64::from(value), (6 + extra_float_digits).max(1) as usize);
    }
    let mut shortest = format!("{value:e}");
    if shortest.len() > 7 {
        let even = format!("{value:.*e}", mantissa_digits(&shortest) - 1);
        if even.parse() == Ok(value) {
            shortest = even;
        }
    }
    if value.abs() >= 33_554_432.0 {
        let (magnitude, below, above) = (value.abs(), value.abs().next_down(), value.abs().next_up());
        let [m, b] = [magnitude, below].map(|v| exact(f64::from(v)));
        let a = if above.is_infinite() { &m + (&m - &b) } else { exact(f64::from(above)) };
        let mut digits = 0;
        while on_bound(&shortest, &m, &b, &a) && digits < 12 {
            digits = mantissa_digits(&shortest) + 1;
            shortest = format!("{value:.*e}", digits - 1);
        }
    }
    plain_or_scientific(&shortest, 6)
}

/// `float8in`; 22P02 or 22003.
pub fn parse_f64(text: &str) -> Result<f64> {
    parse(text, "double precision", |digits| digits.parse::<f64>().ok(), |v| v.is_infinite(), |v| *v == 0.0)
}

/// `float4in`.
pub fn parse_f32(text: &str) -> Result<f32> {
    parse(text, "real", |digits| digits.parse::<f32>().ok(), |v| v.is_infinite(), |v| *v == 0.0)
}

/// C's `%.{precision}g`.
pub fn general(value: f64, precision: usize) -> String {
    let scientific = format!("{value:.*e}", precision - 1);
    let Some((mantissa, exponent)) = scientific.split_once('e') else { return scientific };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let strip = |digits: &str| {
        if digits.contains('.') {
            digits.trim_end_matches('0').trim_end_matches('.').to_owned()
        } else {
            digits.to_owned()
        }
    };
    if exponent < -4 || exponent >= precision as i32 {
        let sign = if exponent < 0 { '-' } else { '+' };
        format!("{}e{sign}{:02}", strip(mantissa), exponent.abs())
    } else {
        strip(&format!("{value:.*}", (precision as i32 - 1 - exponent).max(0) as usize))
    }
}

fn special(value: f64) -> Option<&'static str> {
    if value.is_nan() {
        Some("NaN")
    } else if value == f64::INFINITY {
        Some("Infinity")
    } else if value == f64::NEG_INFINITY {
        Some("-Infinity")
    } else {
        None
    }
}

/// The value of an integral float.
fn exact(value: f64) -> BigInt {
    let bits = value.to_bits();
    let exponent = ((bits >> 52) & 0x7ff) as i64 - 1075;
    let mantissa = (bits & ((1 << 52) - 1)) | (1 << 52);
    if exponent >= 0 { BigInt::from(mantissa) << exponent } else { BigInt::from(mantissa) >> -exponent }
}

fn exact_next(value: f64, above: f64) -> BigInt {
    if above.is_infinite() { exact(value) * 2 - exact(value.next_down()) } else { exact(above) }
}

fn inside(shortest: &str, value: f64, [m, below, above]: [BigInt; 3]) -> String {
    let mut text = shortest.to_owned();
    let mut digits = 0;
    while on_bound(&text, &m, &below, &above) && digits < 20 {
        digits = mantissa_digits(&text) + 1;
        text = format!("{value:.*e}", digits - 1);
    }
    text
}

fn mantissa_digits(scientific: &str) -> usize {
    scientific.bytes().take_while(|b| *b != b'e').filter(u8::is_ascii_digit).count()
}

/// Is the decimal exactly half-way between two neighbours?
fn on_bound(scientific: &str, value: &BigInt, below: &BigInt, above: &BigInt) -> bool {
    let Some((mantissa, exponent)) = scientific.trim_start_matches('-').split_once('e') else { return false };
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let exponent = exponent.parse::<i64>().unwrap_or(0) - (digits.len() as i64 - 1);
    if exponent < 0 {
        return false;
    }
    let Some(decimal) = BigInt::parse_bytes(digits.as_bytes(), 10) else { return false };
    let twice = decimal * super::numeric::pow10(exponent as u32) * 2;
    twice == value + below || twice == value + above
}

/// From Rust's `d.ddde-x` to PostgreSQL's form: scientific outside of 10^-4 .. 10^limit.
fn plain_or_scientific(scientific: &str, limit: i32) -> String {
    let Some((mantissa, exponent)) = scientific.split_once('e') else { return scientific.to_owned() };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if exponent < -4 || exponent >= limit {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{mantissa}e{sign}{:02}", exponent.abs());
    }
    let (sign, unsigned) = mantissa.strip_prefix('-').map_or(("", mantissa), |rest| ("-", rest));
    let digits: String = unsigned.chars().filter(char::is_ascii_digit).collect();
    if exponent < 0 {
        return format!("{sign}0.{}{digits}", "0".repeat((-exponent - 1) as usize));
    }
    let whole = exponent as usize + 1;
    if digits.len() <= whole {
        format!("{sign}{digits}{}", "0".repeat(whole - digits.len()))
    } else {
        format!("{sign}{}.{}", &digits[..whole], &digits[whole..])
    }
}

fn parse<T>(
    text: &str,
    type_name: &str,
    from_digits: impl Fn(&str) -> Option<T>,
    infinite: impl Fn(&T) -> bool,
    zero: impl Fn(&T) -> bool,
) -> Result<T> {
    let invalid = || {
        Error::new(
            SqlState::INVALID_TEXT_REPRESENTATION,
            format!("invalid input syntax for type {type_name}: \"{text}\""),
        )
    };
    let trimmed = text.trim_matches(super::is_space);
    let body = trimmed.strip_prefix(['+', '-']).unwrap_or(trimmed);
    let lower = body.to_ascii_lowercase();
    // NaN takes a sign in strtod; Rust's parser does not.
    if lower == "nan" {
        return from_digits("NaN").ok_or_else(invalid);
    }
    if lower == "inf" || lower == "infinity" {
        return from_digits(trimmed).ok_or_else(invalid);
    }
    if let Some(hex) = lower.strip_prefix("0x") {
        // C99 hexadecimal floats: accepted by strtod, hence by PostgreSQL.
        let value = hex_float(hex).ok_or_else(invalid)?;
        let signed = if trimmed.starts_with('-') { -value } else { value };
        return from_digits(&format!("{signed:e}")).ok_or_else(invalid);
    }
    let mantissa = body.split(['e', 'E']).next().unwrap_or("");
    if !mantissa.bytes().any(|b| b.is_ascii_digit())
        || !body.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-'))
    {
        return Err(invalid());
    }
    let value = from_digits(trimmed).ok_or_else(invalid)?;
    let nonzero = mantissa.bytes().any(|b| matches!(b, b'1'..=b'9'));
    if infinite(&value) || (zero(&value) && nonzero) {
        return Err(Error::new(
            SqlState::NUMERIC_VALUE_OUT_OF_RANGE,
            format!("\"{trimmed}\" is out of range for type {type_name}"),
        ));
    }
    Ok(value)
}

fn hex_float(text: &str) -> Option<f64> {
    let (mantissa, exponent) = match text.split_once('p') {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits: String = [whole, fraction].concat();
    // More than 13 digits would need a rounding rule of its own.
    if digits.is_empty() || digits.len() > 13 || exponent.abs() > 900 {
        return None;
    }
    let unscaled = u64::from_str_radix(&digits, 16).ok()?;
    Some(unscaled as f64 * 2_f64.powi(exponent - 4 * fraction.len() as i32))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_as_float8out() {
        for (value, expected) in [
            (1e20, "1e+20"),
            (100_000_000_000_000.0, "100000000000000"),
            (1e15, "1e+15"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (0.1, "0.1"),
            (-0.0, "-0"),
            (1.0 / 3.0, "0.3333333333333333"),
            (f64::INFINITY, "Infinity"),
            (f64::NAN, "NaN"),
            (5e-324, "5e-324"),
            (f64::MAX, "1.7976931348623157e+308"),
            // Exactly on the bound of its rounding interval.
            (618_970_019_642_690_137_449_562_112.0, "6.189700196426902e+26"),
            (9_007_199_254_740_993.0, "9.007199254740992e+15"),
        ] {
            assert_eq!(print_f64(value, 1), expected, "{value:e}");
        }
        assert_eq!(print_f64(0.1, 0), "0.1");
        assert_eq!(print_f64(1.0 / 3.0, -5), "0.3333333333");
        assert_eq!(print_f64(123_456_789.0, -10), "1.2346e+08");
    }

    #[test]
    fn prints_as_float4out() {
        for (value, expected) in [
            (1e6_f32, "1e+06"),
            (100_000.0, "100000"),
            (0.1, "0.1"),
            (1.0 / 3.0, "0.33333334"),
            (16_777_216.0, "1.6777216e+07"),
        ] {
            assert_eq!(print_f32(value, 1), expected);
        }
    }

    #[test]
    fn parses_as_float8in() {
        for (text, expected) in [
            (" 1.5 ", 1.5),
            ("1e5", 1e5),
            (".5", 0.5),
            ("5.", 5.0),
            ("-inf", f64::NEG_INFINITY),
            ("0x10", 16.0),
            ("1e-320", 1e-320),
        ] {
            assert_eq!(parse_f64(text).unwrap(), expected, "{text}");
        }
        for (text, state) in [
            ("", SqlState::INVALID_TEXT_REPRESENTATION),
            ("1 2", SqlState::INVALID_TEXT_REPRESENTATION),
            ("e5", SqlState::INVALID_TEXT_REPRESENTATION),
            ("1e400", SqlState::NUMERIC_VALUE_OUT_OF_RANGE),
            ("1e-400", SqlState::NUMERIC_VALUE_OUT_OF_RANGE),
        ] {
            assert_eq!(parse_f64(text).unwrap_err().state(), state, "{text}");
        }
    }
}

//! Numbers in PostGIS's text formats.
//!
//! liblwgeom prints the shortest decimal that reads back as the same double, rounded (half to even, on the decimal
//! digits) to the precision asked for; from 1e15 on and below 1e-8 in exponent form.

use std::fmt::Write;

/// Digits after the decimal point where no precision is asked for.
pub const FULL_PRECISION: i32 = 15;

const SMALLEST_FIXED: f64 = 1e-8;
const LARGEST_FIXED: f64 = 1e15;

/// Appends `value` with at most `precision` decimals.
pub fn write(out: &mut String, value: f64, precision: i32) {
    if value.is_nan() {
        out.push_str("NaN");
        return;
    }
    if value.is_infinite() {
        out.push_str(if value < 0.0 { "-Infinity" } else { "Infinity" });
        return;
    }
    if value == 0.0 {
        out.push('0');
        return;
    }
    let precision = usize::try_from(precision.max(0)).unwrap_or(0);
    let (digits, exponent) = shortest(value);
    let magnitude = value.abs();
    if magnitude <= SMALLEST_FIXED || magnitude >= LARGEST_FIXED {
        exponential(out, value < 0.0, &digits, exponent, precision);
    } else {
        fixed(out, value < 0.0, &digits, exponent, precision);
    }
}

/// `write` into a new string.
pub fn text(value: f64, precision: i32) -> String {
    let mut out = String::new();
    write(&mut out, value, precision);
    out
}

/// C's `%.*g` with `precision` significant digits.
pub fn general(value: f64, precision: usize) -> String {
    if value.is_nan() {
        return "nan".to_owned();
    }
    if value.is_infinite() {
        return if value < 0.0 { "-inf".to_owned() } else { "inf".to_owned() };
    }
    let precision = precision.max(1);
    let scientific = format!("{:.*e}", precision - 1, value);
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if exponent < -4 || exponent >= precision as i32 {
        let sign = if exponent < 0 { '-' } else { '+' };
        format!("{}e{sign}{:02}", trim_zeros(mantissa), exponent.abs())
    } else {
        let decimals = usize::try_from(precision as i32 - 1 - exponent).unwrap_or(0);
        trim_zeros(&format!("{value:.decimals$}")).to_owned()
    }
}

fn trim_zeros(text: &str) -> &str {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text }
}

/// The shortest digits `d` and exponent `e` with value = 0.d * 10^e... as `d[0].d[1..] * 10^exponent`.
fn shortest(value: f64) -> (Vec<u8>, i32) {
    let text = format!("{:e}", value.abs());
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let digits = mantissa.bytes().filter(u8::is_ascii_digit).map(|digit| digit - b'0').collect();
    (digits, exponent.parse().unwrap_or(0))
}

/// Keeps the first `keep` digits, rounding half to even; true when a carry made one digit more.
fn round(digits: &mut Vec<u8>, keep: usize) -> bool {
    if digits.len() <= keep {
        return false;
    }
    let rest = &digits[keep..];
    let odd = keep > 0 && digits[keep - 1] % 2 == 1;
    let half_or_more = rest[0] > 5 || (rest[0] == 5 && (rest[1..].iter().any(|digit| *digit != 0) || odd));
    digits.truncate(keep);
    if !half_or_more {
        return false;
    }
    for digit in digits.iter_mut().rev() {
        if *digit < 9 {
            *digit += 1;
            return false;
        }
        *digit = 0;
    }
    digits.insert(0, 1);
    true
}

fn exponential(out: &mut String, negative: bool, digits: &[u8], exponent: i32, precision: usize) {
    let mut digits = digits.to_vec();
    // A carry is printed as it falls (`10e+20`), as liblwgeom does.
    let whole = if round(&mut digits, precision + 1) { 2 } else { 1 };
    if negative {
        out.push('-');
    }
    push_digits(out, &digits, whole);
    let sign = if exponent < 0 { '-' } else { '+' };
    let _ = write!(out, "e{sign}{}", exponent.abs());
}

fn fixed(out: &mut String, negative: bool, digits: &[u8], exponent: i32, precision: usize) {
    // All digits from the units on, so that positions are simple: at least one before the point.
    let mut digits = digits.to_vec();
    let mut whole = exponent + 1;
    while whole < 1 {
        digits.insert(0, 0);
        whole += 1;
    }
    let mut whole = usize::try_from(whole).unwrap_or(1);
    while digits.len() < whole {
        digits.push(0);
    }
    if round(&mut digits, whole + precision) {
        whole += 1;
    }
    if negative && digits.iter().any(|digit| *digit != 0) {
        out.push('-');
    }
    push_digits(out, &digits, whole);
}

fn push_digits(out: &mut String, digits: &[u8], whole: usize) {
    let last = digits.iter().rposition(|digit| *digit != 0).map_or(whole, |last| (last + 1).max(whole));
    for (position, digit) in digits[..last.min(digits.len())].iter().enumerate() {
        if position == whole {
            out.push('.');
        }
        out.push(char::from(b'0' + digit));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_as_liblwgeom_does() {
        // select st_astext(st_point(value, 0), precision)
        for (value, precision, expected) in [
            (0.5, 0, "0"),
            (2.5, 0, "2"),
            (1.5, 1, "1.5"),
            (0.25, 1, "0.2"),
            (0.15, 1, "0.2"),
            (0.35, 1, "0.4"),
            (-0.0, 2, "0"),
            (-0.0001, 2, "0"),
            (1e-9, 3, "1e-9"),
            (-1e16, 3, "-1e+16"),
            (123_456.789, 3, "123456.789"),
            (9.9999, 3, "10"),
            (999_999_999_999_999.9, 0, "1000000000000000"),
            (1.5e15, 0, "2e+15"),
            (2.25e-12, 1, "2.2e-12"),
            (9.99e20, 0, "10e+20"),
            (1.0 / 3.0, 15, "0.333333333333333"),
            (123_456_789.123_456_79, 15, "123456789.12345679"),
            (0.1 + 0.2, 15, "0.3"),
            (1e-7, 15, "0.0000001"),
            (123_456_789_012_345_680.0, 15, "1.234567890123457e+17"),
            (0.123_456_789_012_345_68, 20, "0.12345678901234568"),
            (f64::NAN, 15, "NaN"),
            (f64::NEG_INFINITY, 15, "-Infinity"),
        ] {
            assert_eq!(text(value, precision), expected, "{value} at {precision}");
        }
        assert_eq!(general(24.300_000_12, 15), "24.30000012");
        assert_eq!(general(1e20, 15), "1e+20");
    }
}

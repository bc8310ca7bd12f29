//! Text forms of the hot types, written straight into the buffer.

use crate::kernels::core::float_text;

/// Decimal digits in pairs.
const PAIRS: &[u8; 200] = b"0001020304050607080910111213141516171819\
2021222324252627282930313233343536373839\
4041424344454647484950515253545556575859\
6061626364656667686970717273747576777879\
8081828384858687888990919293949596979899";

/// Two upper-case hex digits of each byte.
const UPPER: &[[u8; 2]; 256] = &hex_table(*b"0123456789ABCDEF");
const LOWER: &[[u8; 2]; 256] = &hex_table(*b"0123456789abcdef");

const fn hex_table(digits: [u8; 16]) -> [[u8; 2]; 256] {
    let mut table = [[0; 2]; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = [digits[byte >> 4], digits[byte & 15]];
        byte += 1;
    }
    table
}

/// An integer of up to 64 bits.
#[inline]
pub(super) fn put_int(out: &mut Vec<u8>, value: i64) {
    let mut digits = [0_u8; 20];
    let mut at = digits.len();
    let mut rest = value.unsigned_abs();
    while rest >= 100 {
        let pair = (rest % 100) as usize * 2;
        rest /= 100;
        at -= 2;
        digits[at..at + 2].copy_from_slice(&PAIRS[pair..pair + 2]);
    }
    if rest >= 10 {
        at -= 2;
        digits[at..at + 2].copy_from_slice(&PAIRS[rest as usize * 2..rest as usize * 2 + 2]);
    } else {
        at -= 1;
        digits[at] = b'0' + rest as u8;
    }
    if value < 0 {
        at -= 1;
        digits[at] = b'-';
    }
    out.extend_from_slice(&digits[at..]);
}

/// `float8out` with `extra_float_digits > 0`.
#[inline]
pub(super) fn put_f64(out: &mut Vec<u8>, value: f64) {
    // Beyond this PostgreSQL's and Rust's shortest forms may differ.
    if !value.is_finite() || value.abs() >= 18_014_398_509_481_984.0 {
        out.extend_from_slice(float_text::print_f64(value, 1).as_bytes());
        return;
    }
    if value == value.trunc() && value.abs() < 1e15 {
        if value == 0.0 && value.is_sign_negative() {
            out.push(b'-');
        }
        put_int(out, value as i64);
        return;
    }
    let mut buffer = ryu::Buffer::new();
    let text = buffer.format_finite(value).as_bytes();
    // Here both write the digits plainly; whole numbers, where Ryu adds `.0`, are done above.
    if (1e-4..1e15).contains(&value.abs()) { out.extend_from_slice(text) } else { put_decimal(out, text, 15) }
}

/// `float4out` with `extra_float_digits > 0`.
#[inline]
pub(super) fn put_f32(out: &mut Vec<u8>, value: f32) {
    if !value.is_finite() || value.abs() >= 33_554_432.0 {
        out.extend_from_slice(float_text::print_f32(value, 1).as_bytes());
        return;
    }
    let mut buffer = ryu::Buffer::new();
    let text = buffer.format_finite(value).as_bytes();
    let plain = (1e-4..1e6).contains(&value.abs()) && value != value.trunc();
    if plain { out.extend_from_slice(text) } else { put_decimal(out, text, 6) }
}

/// From Ryu's spelling (`1.5`, `1e-7`, `1.2345e16`, `0.001`) to C's `%g`: scientific outside of 10^-4 .. 10^limit.
fn put_decimal(out: &mut Vec<u8>, text: &[u8], limit: i32) {
    let mut digits = [0_u8; 32];
    let (mut count, mut exponent, mut point, mut position) = (0_usize, 0_i32, None, 0_i32);
    let mut bytes = text.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'-' => out.push(b'-'),
            b'.' => point = Some(position),
            b'e' => {
                let (mut sign, mut value) = (1, 0);
                for byte in bytes.by_ref() {
                    if *byte == b'-' { sign = -1 } else { value = value * 10 + i32::from(byte - b'0') }
                }
                exponent = sign * value;
            }
            digit => {
                position += 1;
                // Leading zeros only move the point.
                if count > 0 || *digit != b'0' {
                    if count < digits.len() {
                        digits[count] = *digit;
                        count += 1;
                    }
                } else if let Some(point) = &mut point {
                    *point -= 1;
                    position -= 1;
                } else {
                    position -= 1;
                }
            }
        }
    }
    while count > 1 && digits[count - 1] == b'0' {
        count -= 1;
        if point.is_none() {
            exponent += 1;
            position -= 1;
        }
    }
    if count == 0 {
        out.push(b'0');
        return;
    }
    // The value is 0.DIGITS times 10^before, written with `before` digits before the point.
    let before = point.unwrap_or(position) + exponent;
    let scientific = before - 1;
    if scientific < -4 || scientific >= limit {
        out.push(digits[0]);
        if count > 1 {
            out.push(b'.');
            out.extend_from_slice(&digits[1..count]);
        }
        out.extend_from_slice(if scientific < 0 { b"e-" } else { b"e+" });
        if scientific.abs() < 10 {
            out.push(b'0');
        }
        put_int(out, i64::from(scientific.abs()));
    } else if before <= 0 {
        out.extend_from_slice(b"0.");
        (before..0).for_each(|_| out.push(b'0'));
        out.extend_from_slice(&digits[..count]);
    } else {
        let before = before as usize;
        out.extend_from_slice(&digits[..before.min(count)]);
        (count..before).for_each(|_| out.push(b'0'));
        if count > before {
            out.push(b'.');
            out.extend_from_slice(&digits[before..count]);
        }
    }
}

/// Upper-case hex: geometry's text form.
#[inline]
pub(super) fn put_hex(out: &mut Vec<u8>, bytes: &[u8]) {
    hex(out, bytes, UPPER);
}

/// `\x` and lower-case hex.
pub(super) fn put_bytea_hex(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(b"\\x");
    hex(out, bytes, LOWER);
}

fn hex(out: &mut Vec<u8>, bytes: &[u8], table: &[[u8; 2]; 256]) {
    let start = out.len();
    out.resize(start + 2 * bytes.len(), 0);
    for (pair, byte) in out[start..].chunks_exact_mut(2).zip(bytes) {
        pair.copy_from_slice(&table[usize::from(*byte)]);
    }
}

fn two(out: &mut Vec<u8>, value: u32) {
    let at = (value % 100) as usize * 2;
    out.extend_from_slice(&PAIRS[at..at + 2]);
}

/// ISO date from days since 2000-01-01.
pub(super) fn put_date(out: &mut Vec<u8>, days: i32) {
    match days {
        i32::MAX => out.extend_from_slice(b"infinity"),
        i32::MIN => out.extend_from_slice(b"-infinity"),
        days => {
            let bc = put_calendar(out, i64::from(days));
            if bc {
                out.extend_from_slice(b" BC");
            }
        }
    }
}

/// `yyyy-mm-dd`; true when the year is before Christ.
fn put_calendar(out: &mut Vec<u8>, days: i64) -> bool {
    let (year, month, day) = civil(days);
    let bc = year <= 0;
    let year = if bc { 1 - year } else { year };
    if year < 10_000 {
        two(out, (year / 100) as u32);
        two(out, (year % 100) as u32);
    } else {
        put_int(out, year);
    }
    out.push(b'-');
    two(out, month);
    out.push(b'-');
    two(out, day);
    bc
}

/// Proleptic Gregorian date from days since 2000-01-01.
fn civil(days: i64) -> (i64, u32, u32) {
    // Days since 0000-03-01, in eras of 400 years.
    let days = days + 730_425;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month as u32, day as u32)
}

/// `hh:mm:ss[.ffffff]` from microseconds since midnight.
pub(super) fn put_time(out: &mut Vec<u8>, micros: i64) {
    let seconds = micros / 1_000_000;
    two(out, (seconds / 3600) as u32);
    out.push(b':');
    two(out, (seconds / 60 % 60) as u32);
    out.push(b':');
    two(out, (seconds % 60) as u32);
    let mut fraction = micros % 1_000_000;
    if fraction > 0 {
        out.push(b'.');
        let mut width = 6;
        while fraction % 10 == 0 {
            fraction /= 10;
            width -= 1;
        }
        let start = out.len();
        out.resize(start + width, b'0');
        for at in (start..start + width).rev() {
            out[at] = b'0' + (fraction % 10) as u8;
            fraction /= 10;
        }
    }
}

/// ISO timestamp from microseconds since 2000-01-01.
pub(super) fn put_timestamp(out: &mut Vec<u8>, micros: i64, zone: &str) {
    match micros {
        i64::MAX => out.extend_from_slice(b"infinity"),
        i64::MIN => out.extend_from_slice(b"-infinity"),
        micros => {
            let bc = put_calendar(out, micros.div_euclid(86_400_000_000));
            out.push(b' ');
            put_time(out, micros.rem_euclid(86_400_000_000));
            out.extend_from_slice(zone.as_bytes());
            if bc {
                out.extend_from_slice(b" BC");
            }
        }
    }
}

pub(super) fn put_uuid(out: &mut Vec<u8>, bytes: &[u8]) {
    for (at, byte) in bytes.iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            out.push(b'-');
        }
        out.extend_from_slice(&LOWER[usize::from(*byte)]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(put: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        put(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn integers() {
        for value in [0, 7, 10, 99, 100, 12_345, -1, -100, i64::MAX, i64::MIN] {
            assert_eq!(text(|out| put_int(out, value)), value.to_string());
        }
    }

    #[test]
    fn floats_as_postgresql() {
        for (value, expected) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (1.5, "1.5"),
            (-0.1, "-0.1"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (0.00012345, "0.00012345"),
            (1e15, "1e+15"),
            (123_456_789_012_345.0, "123456789012345"),
            (1_234_567_890_123_456.0, "1.234567890123456e+15"),
            (1e22, "1e+22"),
            (1e23, "9.999999999999999e+22"),
            (5e-324, "5e-324"),
            (100.25, "100.25"),
            (12_345_678.912, "12345678.912"),
            (1e14 + 0.5, "100000000000000.5"),
            (1_125_899_906_842_624.125, "1.125899906842624e+15"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-Infinity"),
        ] {
            assert_eq!(text(|out| put_f64(out, value)), expected);
        }
        for (value, expected) in [
            (1e6_f32, "1e+06"),
            (999_999.0, "999999"),
            (123_456.7, "123456.7"),
            (67_108_864.0, "6.7108864e+07"),
            (8_388_608.0, "8.388608e+06"),
            (0.333_333_34, "0.33333334"),
            (2e-44, "2e-44"),
            (312_985.13, "312985.12"),
            (100.0, "100"),
            (0.0, "0"),
        ] {
            assert_eq!(text(|out| put_f32(out, value)), expected);
        }
    }

    #[test]
    fn agrees_with_the_kernels() {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        for _ in 0..20_000 {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            let value = f64::from_bits(state);
            if value.abs() < 1e8 || value.abs() > 1e17 {
                assert_eq!(text(|out| put_f64(out, value)), float_text::print_f64(value, 1));
            }
            // Six digits after the point: no ties, which Ryu and the standard library round differently.
            let value = ((state as i64) % 1_000_000_000_000) as f64 / 1e6;
            assert_eq!(text(|out| put_f64(out, value)), float_text::print_f64(value, 1));
        }
    }

    #[test]
    fn dates_and_times() {
        for (days, expected) in [
            (0, "2000-01-01"),
            (-1, "1999-12-31"),
            (59, "2000-02-29"),
            (60, "2000-03-01"),
            (8_000, "2021-11-26"),
            (-730_120, "0001-12-31 BC"),
            (-730_119, "0001-01-01"),
            (2_921_940, "10000-01-01"),
            (i32::MAX, "infinity"),
        ] {
            assert_eq!(text(|out| put_date(out, days)), expected, "{days}");
        }
        for (micros, expected) in [
            (0, "2000-01-01 00:00:00"),
            (-1, "1999-12-31 23:59:59.999999"),
            (1_500_000, "2000-01-01 00:00:01.5"),
            (i64::MIN, "-infinity"),
        ] {
            assert_eq!(text(|out| put_timestamp(out, micros, "")), expected);
        }
        assert_eq!(text(|out| put_timestamp(out, 0, "+00")), "2000-01-01 00:00:00+00");
    }

    #[test]
    fn hex_and_uuid() {
        assert_eq!(text(|out| put_hex(out, &[0x01, 0xab])), "01AB");
        assert_eq!(text(|out| put_bytea_hex(out, &[0x01, 0xab])), "\\x01ab");
        assert_eq!(text(|out| put_uuid(out, &[0x11; 16])), "11111111-1111-1111-1111-111111111111");
    }
}

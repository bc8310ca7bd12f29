//! bool, integers and oids in text.

use crate::error::{Error, Result, SqlState};
use crate::kernels::core::{float_text, is_space};
use crate::types::{PgType, format_type};

/// The SQL name of a type as error messages spell it.
pub fn type_label(ty: PgType) -> String {
    format_type(ty, -1)
}

/// 22003 `value "x" is out of range for type integer`.
pub fn out_of_range(text: &str, label: &str) -> Error {
    Error::new(SqlState::NUMERIC_VALUE_OUT_OF_RANGE, format!("value \"{text}\" is out of range for type {label}"))
}

fn invalid(text: &str, label: &str) -> Error {
    Error::new(SqlState::INVALID_TEXT_REPRESENTATION, format!("invalid input syntax for type {label}: \"{text}\""))
}

/// `int2in`, `int4in`, `int8in`: decimal digits with a sign and blanks around.
pub fn parse_int(text: &str, ty: PgType) -> Result<i64> {
    let (low, high) = match ty {
        PgType::INT2 => (i64::from(i16::MIN), i64::from(i16::MAX)),
        PgType::INT4 => (i64::from(i32::MIN), i64::from(i32::MAX)),
        _ => (i64::MIN, i64::MAX),
    };
    let trimmed = text.trim_start_matches(is_space);
    let (negative, digits) = match trimmed.as_bytes() {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    let count = digits.iter().take_while(|b| b.is_ascii_digit()).count();
    if count == 0 {
        return Err(invalid(text, &type_label(ty)));
    }
    // Accumulated below zero, where there is one value more.
    let mut value = 0_i64;
    for digit in &digits[..count] {
        value = value
            .checked_mul(10)
            .and_then(|value| value.checked_sub(i64::from(digit - b'0')))
            .ok_or_else(|| out_of_range(text, &type_label(ty)))?;
        if value < low {
            return Err(out_of_range(text, &type_label(ty)));
        }
    }
    if !digits[count..].iter().all(|b| is_space(char::from(*b))) {
        return Err(invalid(text, &type_label(ty)));
    }
    if negative {
        return Ok(value);
    }
    value.checked_neg().filter(|value| *value <= high).ok_or_else(|| out_of_range(text, &type_label(ty)))
}

/// `boolin`: any unique prefix of true, false, yes, no, on, off; 1 and 0.
pub(super) fn parse_bool(text: &str) -> Result<bool> {
    let word = text.trim_matches(is_space).to_ascii_lowercase();
    let prefix_of = |full: &str, least: usize| word.len() >= least && full.starts_with(&word);
    if prefix_of("true", 1) || prefix_of("yes", 1) || word == "on" || word == "1" {
        Ok(true)
    } else if prefix_of("false", 1) || prefix_of("no", 1) || prefix_of("off", 2) || word == "0" {
        Ok(false)
    } else {
        Err(invalid(text, "boolean"))
    }
}

/// `oidin`: unsigned, or a negative int4 taken modulo 2^32.
pub fn parse_oid(text: &str) -> Result<u32> {
    let trimmed = text.trim_matches(is_space);
    let unsigned = trimmed.strip_prefix(['+', '-']).unwrap_or(trimmed);
    if unsigned.is_empty() || !unsigned.bytes().all(|b| b.is_ascii_digit()) {
        return Err(invalid(text, "oid"));
    }
    let value: i128 = unsigned.parse().map_err(|_| out_of_range(text, "oid"))?;
    let value = if trimmed.starts_with('-') { -value } else { value };
    if !(i128::from(i32::MIN)..=i128::from(u32::MAX)).contains(&value) {
        return Err(out_of_range(text, "oid"));
    }
    Ok(value as u32)
}

/// `xidin`: the low half of `strtou64`, which never fails.
pub(super) fn parse_xid(text: &str) -> u32 {
    parse_xid8(text) as u32
}

/// `xid8in`: C's `strtoull` in its three radixes.
pub fn parse_xid8(text: &str) -> u64 {
    let trimmed = text.trim_start_matches(is_space);
    let (negative, digits) = match trimmed.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, trimmed.strip_prefix('+').unwrap_or(trimmed)),
    };
    let (radix, digits) = if let Some(hex) = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        (16, hex)
    } else if digits.starts_with('0') {
        (8, digits)
    } else {
        (10, digits)
    };
    let value = digits
        .chars()
        .map_while(|c| c.to_digit(radix))
        .try_fold(0_u64, |value, digit| value.checked_mul(u64::from(radix))?.checked_add(u64::from(digit)));
    match value {
        None => u64::MAX,
        Some(value) if negative => value.wrapping_neg(),
        Some(value) => value,
    }
}

/// `tidin`: (block, offset), as loosely as PostgreSQL scans it.
pub fn parse_tid(text: &str) -> Result<(u32, u16)> {
    let scan = || {
        let end = text.find(')')?;
        let open = text[..end].find(['(', ','])?;
        let comma = open + 1 + text[open + 1..end].find(',')?;
        let number = |digits: &str| -> Option<i64> {
            let digits = digits.trim_start_matches(is_space);
            if digits.is_empty() { Some(0) } else { digits.parse().ok() }
        };
        let block = number(&text[open + 1..comma])?;
        let offset = number(&text[comma + 1..end])?;
        let block = u32::try_from(block).ok().or_else(|| i32::try_from(block).ok().map(|block| block as u32))?;
        Some((block, u16::try_from(offset).ok()?))
    };
    scan().ok_or_else(|| invalid(text, "tid"))
}

/// `tidout`.
pub(super) fn print_tid((block, offset): (u32, u16)) -> String {
    format!("({block},{offset})")
}

/// `h3index` input: hexadecimal digits, as the H3 library's `stringToH3`.
pub(super) fn parse_h3(text: &str) -> Result<u64> {
    let digits = text.trim_matches(is_space);
    let digits = digits.strip_prefix("0x").unwrap_or(digits);
    let whole = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_hexdigit());
    u64::from_str_radix(if whole { digits } else { "" }, 16).map_err(|_| invalid(text, "h3index"))
}

/// `point_in`: `(x,y)` or `x,y`; the value is kept as `point_out` prints it.
pub(super) fn parse_point(text: &str) -> Result<String> {
    let inner = text.trim_matches(is_space);
    let inner = match inner.strip_prefix('(') {
        Some(rest) => rest.strip_suffix(')').ok_or_else(|| invalid(text, "point"))?,
        None => inner,
    };
    let (x, y) = inner.split_once(',').ok_or_else(|| invalid(text, "point"))?;
    let number = |part: &str| {
        let part = part.trim_matches(is_space);
        let plain = part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'+' | b'-'));
        let value = if plain { float_text::parse_f64(part).ok() } else { None };
        value.ok_or_else(|| invalid(text, "point"))
    };
    Ok(print_point(number(x)?, number(y)?))
}

/// `point_out`.
pub fn print_point(x: f64, y: f64) -> String {
    format!("({},{})", float_text::print_f64(x, 1), float_text::print_f64(y, 1))
}

//! text, varchar, bpchar, name, "char".

use crate::error::{Error, Result, SqlState};
use crate::types::{Datum, PgType, format_type};

/// `textin`, `varcharin`, `bpcharin`, `namein`, `charin`.
pub(super) fn input(ty: PgType, typmod: i32, text: &str) -> Result<Datum> {
    match ty {
        PgType::VARCHAR | PgType::BPCHAR => apply_typmod(ty, typmod, text, false),
        PgType::NAME => Ok(Datum::text(truncate_name(text))),
        PgType::CHAR => char_from_byte(text.as_bytes().first().copied().unwrap_or(0)),
        _ => Ok(Datum::text(text)),
    }
}

/// `varchar(varchar, int, bool)` and `bpchar(bpchar, int, bool)`: blanks too many are cut silently, an explicit cast cuts anything.
pub(super) fn apply_typmod(ty: PgType, typmod: i32, text: &str, explicit: bool) -> Result<Datum> {
    if typmod < 4 {
        return Ok(Datum::text(text));
    }
    let limit = (typmod - 4) as usize;
    if let Some((cut, _)) = text.char_indices().nth(limit) {
        if !explicit && text[cut..].bytes().any(|b| b != b' ') {
            return Err(Error::new(
                SqlState::STRING_DATA_RIGHT_TRUNCATION,
                format!("value too long for type {}", format_type(ty, typmod)),
            ));
        }
        return Ok(Datum::text(&text[..cut]));
    }
    Ok(if ty == PgType::BPCHAR { Datum::text(pad(text, limit)) } else { Datum::text(text) })
}

/// Blank-padded to `length` characters.
pub fn pad(text: &str, length: usize) -> String {
    let missing = length.saturating_sub(text.chars().count());
    let mut padded = String::with_capacity(text.len() + missing);
    padded.push_str(text);
    padded.extend(std::iter::repeat_n(' ', missing));
    padded
}

/// At most 63 bytes, cut at a character.
pub fn truncate_name(text: &str) -> &str {
    let mut end = text.len().min(63);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// A `"char"`: one byte; the zero byte is the empty text.
pub fn char_from_byte(byte: u8) -> Result<Datum> {
    match byte {
        0 => Ok(Datum::text("")),
        1..=127 => Ok(Datum::text(char::from(byte).to_string())),
        _ => Err(Error::unsupported("a \"char\" outside of ASCII")),
    }
}

/// Text off the wire: UTF-8 without zero bytes.
pub(super) fn utf8(bytes: &[u8]) -> Result<&str> {
    let invalid = |bad: &[u8]| {
        let list: Vec<String> = bad.iter().map(|b| format!("0x{b:02x}")).collect();
        Error::new(
            SqlState::CHARACTER_NOT_IN_REPERTOIRE,
            format!("invalid byte sequence for encoding \"UTF8\": {}", list.join(" ")),
        )
    };
    if let Some(zero) = bytes.iter().position(|b| *b == 0) {
        return Err(invalid(&bytes[zero..=zero]));
    }
    std::str::from_utf8(bytes).map_err(|error| {
        let rest = &bytes[error.valid_up_to()..];
        // PostgreSQL shows as many bytes as the lead byte announces.
        let announced = match rest.first() {
            Some(0xC0..=0xDF) => 2,
            Some(0xE0..=0xEF) => 3,
            Some(0xF0..=0xF7) => 4,
            _ => 1,
        };
        invalid(&rest[..announced.min(rest.len())])
    })
}

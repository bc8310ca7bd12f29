//! bytea and uuid.

use crate::error::{Error, Result, SqlState};
use crate::kernels::{ByteaOutput, Env};

/// `byteain`: hex (`\x..`) or escape form.
pub fn parse_bytea(text: &str) -> Result<Vec<u8>> {
    if let Some(hex) = text.strip_prefix("\\x") {
        return parse_hex(hex.as_bytes(), text);
    }
    let invalid = || Error::new(SqlState::INVALID_TEXT_REPRESENTATION, "invalid input syntax for type bytea");
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        if *first != b'\\' {
            bytes.push(*first);
            rest = tail;
            continue;
        }
        match tail {
            [b'\\', after @ ..] => {
                bytes.push(b'\\');
                rest = after;
            }
            [a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', after @ ..] => {
                bytes.push(((a - b'0') << 6) | ((b - b'0') << 3) | (c - b'0'));
                rest = after;
            }
            _ => return Err(invalid()),
        }
    }
    Ok(bytes)
}

/// Hex digits with blanks between the pairs; errors as `hex_decode`.
pub fn parse_hex(digits: &[u8], whole: &str) -> Result<Vec<u8>> {
    let nibble = |b: u8| {
        char::from(b).to_digit(16).map(|d| d as u8).ok_or_else(|| {
            let shown = if b.is_ascii() {
                char::from(b).to_string()
            } else {
                // The whole character of which this is the first byte.
                whole.chars().find(|c| !c.is_ascii()).map(String::from).unwrap_or_default()
            };
            Error::new(SqlState::INVALID_PARAMETER_VALUE, format!("invalid hexadecimal digit: \"{shown}\""))
        })
    };
    let mut bytes = Vec::with_capacity(digits.len() / 2);
    let mut rest = digits.iter();
    while let Some(first) = rest.next() {
        if matches!(first, b' ' | b'\n' | b'\t' | b'\r') {
            continue;
        }
        let high = nibble(*first)?;
        let low = rest.next().ok_or_else(|| {
            Error::new(SqlState::INVALID_PARAMETER_VALUE, "invalid hexadecimal data: odd number of digits")
        })?;
        bytes.push((high << 4) | nibble(*low)?);
    }
    Ok(bytes)
}

pub(super) fn print_bytea(env: &Env, bytes: &[u8]) -> String {
    match env.formats.bytea_output {
        ByteaOutput::Hex => format!("\\x{}", bytea_hex(bytes)),
        ByteaOutput::Escape => bytea_escape(bytes),
    }
}

/// Lower-case hex digits.
pub fn bytea_hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}

/// `bytea_output = escape`: printable ASCII as it is, the rest in octal.
pub fn bytea_escape(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for byte in bytes {
        match byte {
            b'\\' => text.push_str("\\\\"),
            0x20..=0x7e => text.push(char::from(*byte)),
            _ => text.push_str(&format!("\\{byte:03o}")),
        }
    }
    text
}

/// `uuid_in`: hyphens after any group of four digits, braces around.
pub fn parse_uuid(text: &str) -> Result<[u8; 16]> {
    parse_uuid_digits(text.as_bytes()).ok_or_else(|| {
        Error::new(SqlState::INVALID_TEXT_REPRESENTATION, format!("invalid input syntax for type uuid: \"{text}\""))
    })
}

fn parse_uuid_digits(text: &[u8]) -> Option<[u8; 16]> {
    let mut rest = match text.strip_prefix(b"{") {
        Some(inner) => inner.strip_suffix(b"}")?,
        None => text,
    };
    let mut bytes = [0; 16];
    for (index, byte) in bytes.iter_mut().enumerate() {
        let [high, low, tail @ ..] = rest else { return None };
        *byte = (char::from(*high).to_digit(16)? * 16 + char::from(*low).to_digit(16)?) as u8;
        rest = match tail {
            [b'-', after @ ..] if index % 2 == 1 && index < 15 => after,
            _ => tail,
        };
    }
    rest.is_empty().then_some(bytes)
}

/// `uuid_out`.
pub fn print_uuid(bytes: &[u8; 16]) -> String {
    let hex = bytea_hex(bytes);
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

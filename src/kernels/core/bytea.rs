//! bytea: comparison, parts, bits, hashes, encode and decode.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::Digest;

use super::macros::{Row, binary_ref, comparisons, unary_ref, wrong};
use super::md5::md5;
use crate::error::{Error, Result, SqlState};
use crate::kernels::{Call, io};
use crate::types::{Datum, PgType};

comparisons!(COMPARE, "bytea", PgType::BYTEA);

pub(super) const SCALARS: &[Row] = &[
    ("byteacmp", binary_ref!(Bytea, Bytea => Int4: |a, b| memcmp(a, b))),
    ("byteaoctetlen", unary_ref!(Bytea => Int4: |a| a.len() as i32)),
    ("bit_length(bytea)", unary_ref!(Bytea => Int4: |a| a.len() as i32 * 8)),
    ("bytea_bit_count", unary_ref!(Bytea => Int8: |a| a.iter().map(|b| i64::from(b.count_ones())).sum())),
    ("byteacat", binary_ref!(Bytea, Bytea => Bytea: |a, b| [&a[..], &b[..]].concat().into())),
    ("byteapos", binary_ref!(Bytea, Bytea => Int4: |a, b| position(a, b))),
    ("bytea_substr", |call, args| match args {
        [Datum::Bytea(value), Datum::Int4(start), Datum::Int4(length)] => {
            substring(value, *start, Some(*length)).map(Datum::bytea)
        }
        _ => Err(wrong(call, args)),
    }),
    ("bytea_substr_no_len", |call, args| match args {
        [Datum::Bytea(value), Datum::Int4(start)] => substring(value, *start, None).map(Datum::bytea),
        _ => Err(wrong(call, args)),
    }),
    ("byteaoverlay", |call, args| match args {
        [Datum::Bytea(value), Datum::Bytea(new), Datum::Int4(start), Datum::Int4(length)] => {
            overlay(value, new, *start, *length)
        }
        _ => Err(wrong(call, args)),
    }),
    ("byteaoverlay_no_len", |call, args| match args {
        [Datum::Bytea(value), Datum::Bytea(new), Datum::Int4(start)] => overlay(value, new, *start, new.len() as i32),
        _ => Err(wrong(call, args)),
    }),
    ("byteaGetByte", |call, args| match args {
        [Datum::Bytea(value), Datum::Int4(at)] => {
            let at = index(i64::from(*at), value.len() as i64)?;
            Ok(Datum::Int4(i32::from(value[at])))
        }
        _ => Err(wrong(call, args)),
    }),
    ("byteaSetByte", |call, args| match args {
        [Datum::Bytea(value), Datum::Int4(at), Datum::Int4(new)] => {
            let at = index(i64::from(*at), value.len() as i64)?;
            let mut bytes = value.to_vec();
            bytes[at] = *new as u8;
            Ok(Datum::bytea(bytes))
        }
        _ => Err(wrong(call, args)),
    }),
    ("byteaGetBit", |call, args| match args {
        [Datum::Bytea(value), Datum::Int8(at)] => {
            let at = index(*at, value.len() as i64 * 8)?;
            Ok(Datum::Int4(i32::from(value[at / 8] >> (at % 8) & 1)))
        }
        _ => Err(wrong(call, args)),
    }),
    ("byteaSetBit", |call, args| match args {
        [Datum::Bytea(value), Datum::Int8(at), Datum::Int4(new)] => {
            let at = index(*at, value.len() as i64 * 8)?;
            if !matches!(new, 0 | 1) {
                return Err(Error::new(SqlState::INVALID_PARAMETER_VALUE, "new bit must be 0 or 1"));
            }
            let mut bytes = value.to_vec();
            let mask = 1 << (at % 8);
            bytes[at / 8] = if *new == 1 { bytes[at / 8] | mask } else { bytes[at / 8] & !mask };
            Ok(Datum::bytea(bytes))
        }
        _ => Err(wrong(call, args)),
    }),
    ("byteatrim", binary_ref!(Bytea, Bytea => Bytea: |a, set| trim(a, set, true, true).into())),
    ("bytealtrim", binary_ref!(Bytea, Bytea => Bytea: |a, set| trim(a, set, true, false).into())),
    ("byteartrim", binary_ref!(Bytea, Bytea => Bytea: |a, set| trim(a, set, false, true).into())),
    ("sha224_bytea", unary_ref!(Bytea => Bytea: |a| sha2::Sha224::digest(a).as_slice().into())),
    ("sha256_bytea", unary_ref!(Bytea => Bytea: |a| sha2::Sha256::digest(a).as_slice().into())),
    ("sha384_bytea", unary_ref!(Bytea => Bytea: |a| sha2::Sha384::digest(a).as_slice().into())),
    ("sha512_bytea", unary_ref!(Bytea => Bytea: |a| sha2::Sha512::digest(a).as_slice().into())),
    ("md5_bytea", |call, args| match args {
        [Datum::Bytea(value)] => Ok(Datum::text(io::bytea_hex(&md5(value)))),
        _ => Err(wrong(call, args)),
    }),
    ("binary_encode", |call, args| match args {
        [Datum::Bytea(value), Datum::Text(format)] => encode(value, format).map(Datum::text),
        _ => Err(wrong(call, args)),
    }),
    ("binary_decode", |call, args| decode(call, args)),
];

/// As `byteacmp` and `uuid_cmp` see it: the difference of the first bytes that differ, else the sign of the lengths' difference.
pub(super) fn memcmp(left: &[u8], right: &[u8]) -> i32 {
    let differing = left.iter().zip(right).find(|(a, b)| a != b);
    differing.map_or(left.len().cmp(&right.len()) as i32, |(a, b)| i32::from(*a) - i32::from(*b))
}

/// 2202E unless 0 <= at < length.
fn index(at: i64, length: i64) -> Result<usize> {
    if (0..length).contains(&at) {
        return Ok(at as usize);
    }
    Err(Error::new(SqlState::ARRAY_SUBSCRIPT_ERROR, format!("index {at} out of valid range, 0..{}", length - 1)))
}

fn position(haystack: &[u8], needle: &[u8]) -> i32 {
    if needle.is_empty() {
        return 1;
    }
    haystack.windows(needle.len()).position(|window| window == needle).map_or(0, |at| at as i32 + 1)
}

fn substring(value: &[u8], start: i32, length: Option<i32>) -> Result<&[u8]> {
    let from = i64::from(start).max(1);
    let to = match length {
        None => value.len() as i64 + 1,
        Some(length) if length < 0 => {
            // An end that overflows counts as the end of the value.
            if start.checked_add(length).is_none() && start > 0 {
                value.len() as i64 + 1
            } else {
                return Err(Error::new(SqlState::SUBSTRING_ERROR, "negative substring length not allowed"));
            }
        }
        Some(length) => (i64::from(start) + i64::from(length)).min(value.len() as i64 + 1),
    };
    if from >= to { Ok(&[]) } else { Ok(&value[(from - 1) as usize..(to - 1) as usize]) }
}

fn overlay(value: &[u8], new: &[u8], start: i32, length: i32) -> Result<Datum> {
    if start <= 0 {
        return Err(Error::new(SqlState::SUBSTRING_ERROR, "negative substring length not allowed"));
    }
    let after = start.checked_add(length).ok_or_else(|| super::macros::out_of_range("integer"))?;
    let head = substring(value, 1, Some(start - 1))?;
    let tail = substring(value, after, None)?;
    Ok(Datum::bytea([head, new, tail].concat()))
}

fn trim<'a>(value: &'a [u8], set: &[u8], left: bool, right: bool) -> &'a [u8] {
    let mut rest = value;
    while let [first, tail @ ..] = rest
        && left
        && set.contains(first)
    {
        rest = tail;
    }
    while let [head @ .., last] = rest
        && right
        && set.contains(last)
    {
        rest = head;
    }
    rest
}

fn unknown_encoding(name: &str) -> Error {
    Error::new(SqlState::INVALID_PARAMETER_VALUE, format!("unrecognized encoding: \"{name}\""))
}

fn encode(value: &[u8], format: &str) -> Result<String> {
    match format.to_ascii_lowercase().as_str() {
        "hex" => Ok(io::bytea_hex(value)),
        "base64" => {
            // Lines of 76 characters, as in MIME.
            let text = STANDARD.encode(value);
            let mut lines = String::with_capacity(text.len() + text.len() / 76);
            for (at, c) in text.chars().enumerate() {
                if at > 0 && at % 76 == 0 {
                    lines.push('\n');
                }
                lines.push(c);
            }
            Ok(lines)
        }
        // Only zero bytes and those outside of ASCII are escaped here, unlike in bytea_output.
        "escape" => Ok(value
            .iter()
            .map(|byte| match byte {
                b'\\' => "\\\\".to_owned(),
                0 | 0x80.. => format!("\\{byte:03o}"),
                byte => char::from(*byte).to_string(),
            })
            .collect()),
        _ => Err(unknown_encoding(format)),
    }
}

fn decode(call: &Call<'_>, args: &[Datum]) -> Result<Datum> {
    let [Datum::Text(text), Datum::Text(format)] = args else { return Err(wrong(call, args)) };
    match format.to_ascii_lowercase().as_str() {
        "hex" => io::parse_hex(text.as_bytes(), text).map(Datum::bytea),
        "escape" => decode_escape(text.as_bytes()).map(Datum::bytea),
        "base64" => decode_base64(text).map(Datum::bytea),
        _ => Err(unknown_encoding(format)),
    }
}

/// `esc_decode`: as `byteain`'s escape form, but "\x" has no meaning.
fn decode_escape(text: &[u8]) -> Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    loop {
        match rest {
            [] => return Ok(bytes),
            [b'\\', b'\\', after @ ..] => {
                bytes.push(b'\\');
                rest = after;
            }
            [b'\\', a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', after @ ..] => {
                bytes.push(((a - b'0') << 6) | ((b - b'0') << 3) | (c - b'0'));
                rest = after;
            }
            [b'\\', ..] => {
                return Err(Error::new(SqlState::INVALID_TEXT_REPRESENTATION, "invalid input syntax for type bytea"));
            }
            [byte, after @ ..] => {
                bytes.push(*byte);
                rest = after;
            }
        }
    }
}

/// `pg_base64_decode`: blanks anywhere, padding once the last group has two or three letters.
fn decode_base64(text: &str) -> Result<Vec<u8>> {
    let error = |what: String| Error::new(SqlState::INVALID_PARAMETER_VALUE, what);
    let mut bytes = Vec::with_capacity(text.len() * 3 / 4);
    let (mut word, mut letters, mut kept) = (0_u32, 0, 3);
    for c in text.chars() {
        let six = match c {
            ' ' | '\t' | '\n' | '\r' => continue,
            'A'..='Z' => c as u32 - 'A' as u32,
            'a'..='z' => c as u32 - 'a' as u32 + 26,
            '0'..='9' => c as u32 - '0' as u32 + 52,
            '+' => 62,
            '/' => 63,
            '=' => {
                if kept == 3 {
                    kept = match letters {
                        2 => 1,
                        3 => 2,
                        _ => return Err(error("unexpected \"=\" while decoding base64 sequence".to_owned())),
                    };
                }
                0
            }
            _ => return Err(error(format!("invalid symbol \"{c}\" found while decoding base64 sequence"))),
        };
        word = word << 6 | six;
        letters += 1;
        if letters == 4 {
            bytes.extend(&word.to_be_bytes()[1..=kept]);
            (word, letters) = (0, 0);
        }
    }
    if letters != 0 {
        return Err(error("invalid base64 end sequence".to_owned())
            .hint("Input data is missing padding, is truncated, or is otherwise corrupted."));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use crate::kernels::core::testing::check;

    #[test]
    fn as_postgresql() {
        check(&[
            ("bytea_substr", "bytea \\x01020304, int4 2, int4 2", "\\x0203"),
            ("bytea_substr", "bytea \\x01020304, int4 -1, int4 3", "\\x01"),
            ("bytea_substr", "bytea \\x01020304, int4 1, int4 -1", "22011 negative substring length not allowed"),
            ("byteaoverlay", "bytea \\x01020304, bytea \\xff, int4 2, int4 2", "\\x01ff04"),
            ("byteapos", "bytea \\x010203, bytea \\x0203", "2"),
            ("byteaGetByte", "bytea \\x0102, int4 2", "2202E index 2 out of valid range, 0..1"),
            ("byteaSetBit", "bytea \\x00, int8 7, int4 1", "\\x80"),
            ("byteatrim", "bytea \\x00010200, bytea \\x00", "\\x0102"),
            ("md5_bytea", "bytea abc", "900150983cd24fb0d6963f7d28e17f72"),
            ("sha256_bytea", "bytea \\x", "\\xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("binary_encode", "bytea \\x0001ff, text base64", "AAH/"),
            ("binary_encode", "bytea \\x0061ff, text escape", "\\000a\\377"),
            ("binary_decode", "text AAH/, text base64", "\\x0001ff"),
            ("binary_decode", "text AAH, text base64", "22023 invalid base64 end sequence"),
            (
                "binary_decode",
                "text A*, text base64",
                "22023 invalid symbol \"*\" found while decoding base64 sequence",
            ),
            ("binary_decode", "text 0g, text hex", "22023 invalid hexadecimal digit: \"g\""),
            ("binary_encode", "bytea a, text rot13", "22023 unrecognized encoding: \"rot13\""),
        ]);
    }
}

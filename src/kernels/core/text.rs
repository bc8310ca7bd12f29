//! Functions and operators of text, varchar, bpchar, name and "char".

use std::cmp::Ordering;

use super::macros::{Row, out_of_range, wrong};
use crate::error::{Error, Result, SqlState};
use crate::kernels::io::truncate_name;
use crate::kernels::{Call, Scalar, io};
use crate::types::{Datum, PgType};

/// The longest text that is made: PostgreSQL's allocation limit.
pub const LONGEST: usize = 0x3fff_ffff;

macro_rules! comparisons {
    ($($eq:literal $ne:literal $lt:literal $le:literal $gt:literal $ge:literal $cmp:literal $order:path;)*) => {
        &[$(
            ($eq, |call, args| Ok(Datum::Bool($order(call, args)?.is_eq()))),
            ($ne, |call, args| Ok(Datum::Bool($order(call, args)?.is_ne()))),
            ($lt, |call, args| Ok(Datum::Bool($order(call, args)?.is_lt()))),
            ($le, |call, args| Ok(Datum::Bool($order(call, args)?.is_le()))),
            ($gt, |call, args| Ok(Datum::Bool($order(call, args)?.is_gt()))),
            ($ge, |call, args| Ok(Datum::Bool($order(call, args)?.is_ge()))),
            ($cmp, |call, args| Ok(Datum::Int4($order(call, args)? as i32))),
        )*]
    };
}

/// Collation C: bytes.
pub(super) const COMPARE: &[Row] = comparisons! {
    "texteq" "textne" "text_lt" "text_le" "text_gt" "text_ge" "bttextcmp" order;
    "nameeq" "namene" "namelt" "namele" "namegt" "namege" "btnamecmp" order;
    "nameeqtext" "namenetext" "namelttext" "nameletext" "namegttext" "namegetext" "btnametextcmp" order;
    "texteqname" "textnename" "textltname" "textlename" "textgtname" "textgename" "bttextnamecmp" order;
    "bpchareq" "bpcharne" "bpcharlt" "bpcharle" "bpchargt" "bpcharge" "bpcharcmp" padded_order;
    "chareq" "charne" "charlt" "charle" "chargt" "charge" "btcharcmp" order;
};

pub(super) const SCALARS: &[(&str, Scalar)] = &[
    ("text_pattern_lt", |call, args| Ok(Datum::Bool(order(call, args)?.is_lt()))),
    ("text_pattern_le", |call, args| Ok(Datum::Bool(order(call, args)?.is_le()))),
    ("text_pattern_gt", |call, args| Ok(Datum::Bool(order(call, args)?.is_gt()))),
    ("text_pattern_ge", |call, args| Ok(Datum::Bool(order(call, args)?.is_ge()))),
    ("bttext_pattern_cmp", |call, args| Ok(Datum::Int4(order(call, args)? as i32))),
    ("bpchar_pattern_lt", |call, args| Ok(Datum::Bool(padded_order(call, args)?.is_lt()))),
    ("bpchar_pattern_le", |call, args| Ok(Datum::Bool(padded_order(call, args)?.is_le()))),
    ("bpchar_pattern_gt", |call, args| Ok(Datum::Bool(padded_order(call, args)?.is_gt()))),
    ("bpchar_pattern_ge", |call, args| Ok(Datum::Bool(padded_order(call, args)?.is_ge()))),
    ("btbpchar_pattern_cmp", |call, args| Ok(Datum::Int4(padded_order(call, args)? as i32))),
    ("text_larger", |call, args| pick(args, order(call, args)?.is_gt())),
    ("text_smaller", |call, args| pick(args, order(call, args)?.is_lt())),
    ("bpchar_larger", |call, args| pick(args, padded_order(call, args)?.is_ge())),
    ("bpchar_smaller", |call, args| pick(args, padded_order(call, args)?.is_le())),
    ("textlen", |call, args| Ok(Datum::Int4(text(call, args, 0)?.chars().count() as i32))),
    ("bpcharlen", |call, args| Ok(Datum::Int4(text(call, args, 0)?.trim_end_matches(' ').chars().count() as i32))),
    ("textoctetlen", |call, args| Ok(Datum::Int4(text(call, args, 0)?.len() as i32))),
    ("bpcharoctetlen", |call, args| Ok(Datum::Int4(text(call, args, 0)?.len() as i32))),
    ("bit_length(text)", |call, args| Ok(Datum::Int4(text(call, args, 0)?.len() as i32 * 8))),
    ("textcat", |call, args| Ok(Datum::text([text(call, args, 0)?, text(call, args, 1)?].concat()))),
    ("textanycat(text,anynonarray)", |call, args| {
        Ok(Datum::text([text(call, args, 0)?, &as_text(call, args, 1)?].concat()))
    }),
    ("anytextcat(anynonarray,text)", |call, args| {
        Ok(Datum::text([&as_text(call, args, 0)?, text(call, args, 1)?].concat()))
    }),
    ("text_substr", |call, args| {
        substring(text(call, args, 0)?, int(call, args, 1)?, Some(int(call, args, 2)?)).map(Datum::text)
    }),
    ("text_substr_no_len", |call, args| substring(text(call, args, 0)?, int(call, args, 1)?, None).map(Datum::text)),
    ("textoverlay", |call, args| {
        overlay(text(call, args, 0)?, text(call, args, 1)?, int(call, args, 2)?, int(call, args, 3)?)
    }),
    ("textoverlay_no_len", |call, args| {
        let with = text(call, args, 1)?;
        overlay(text(call, args, 0)?, with, int(call, args, 2)?, with.chars().count() as i32)
    }),
    ("textpos", |call, args| {
        let (whole, part) = (text(call, args, 0)?, text(call, args, 1)?);
        Ok(Datum::Int4(whole.find(part).map_or(0, |at| whole[..at].chars().count() as i32 + 1)))
    }),
    ("lower", |call, args| Ok(Datum::text(lower(text(call, args, 0)?)))),
    ("upper", |call, args| Ok(Datum::text(upper(text(call, args, 0)?)))),
    ("initcap", |call, args| Ok(Datum::text(initcap(text(call, args, 0)?)))),
    ("btrim", |call, args| trim(call, args, true, true)),
    ("btrim1", |call, args| trim(call, args, true, true)),
    ("ltrim", |call, args| trim(call, args, true, false)),
    ("ltrim1", |call, args| trim(call, args, true, false)),
    ("rtrim", |call, args| trim(call, args, false, true)),
    ("rtrim1", |call, args| trim(call, args, false, true)),
    ("lpad", |call, args| pad(text(call, args, 0)?, int(call, args, 1)?, text(call, args, 2)?, true)),
    ("rpad", |call, args| pad(text(call, args, 0)?, int(call, args, 1)?, text(call, args, 2)?, false)),
    ("lpad(text,int4)", |call, args| pad(text(call, args, 0)?, int(call, args, 1)?, " ", true)),
    ("rpad(text,int4)", |call, args| pad(text(call, args, 0)?, int(call, args, 1)?, " ", false)),
    ("text_left", |call, args| {
        let (whole, count) = (text(call, args, 0)?, int(call, args, 1)?);
        let length = whole.chars().count() as i64;
        let keep = if count < 0 { length + i64::from(count) } else { i64::from(count) };
        Ok(Datum::text(&whole[..offset(whole, keep.max(0) as usize)]))
    }),
    ("text_right", |call, args| {
        let (whole, count) = (text(call, args, 0)?, int(call, args, 1)?);
        let length = whole.chars().count() as i64;
        let skip = if count == i32::MIN {
            // Its negation overflows in PostgreSQL: nothing is skipped.
            0
        } else if count < 0 {
            -i64::from(count)
        } else {
            (length - i64::from(count)).max(0)
        };
        Ok(Datum::text(&whole[offset(whole, skip as usize)..]))
    }),
    ("repeat", |call, args| {
        let (whole, count) = (text(call, args, 0)?, int(call, args, 1)?.max(0) as usize);
        if whole.len().checked_mul(count).is_none_or(|length| length > LONGEST) {
            return Err(too_long());
        }
        Ok(Datum::text(whole.repeat(count)))
    }),
    ("replace_text", |call, args| {
        let (whole, from, to) = (text(call, args, 0)?, text(call, args, 1)?, text(call, args, 2)?);
        Ok(if from.is_empty() { args[0].clone() } else { Datum::text(whole.replace(from, to)) })
    }),
    ("translate", |call, args| {
        let from: Vec<char> = text(call, args, 1)?.chars().collect();
        let to: Vec<char> = text(call, args, 2)?.chars().collect();
        let mapped = text(call, args, 0)?.chars().filter_map(|c| match from.iter().position(|f| *f == c) {
            Some(at) => to.get(at).copied(),
            None => Some(c),
        });
        Ok(Datum::text(mapped.collect::<String>()))
    }),
    ("text_reverse", |call, args| Ok(Datum::text(text(call, args, 0)?.chars().rev().collect::<String>()))),
    ("split_part", |call, args| split_part(text(call, args, 0)?, text(call, args, 1)?, int(call, args, 2)?)),
    ("text_starts_with", |call, args| Ok(Datum::Bool(text(call, args, 0)?.starts_with(text(call, args, 1)?)))),
    ("ascii", |call, args| Ok(Datum::Int4(text(call, args, 0)?.chars().next().map_or(0, |c| c as i32)))),
    ("chr", |call, args| chr(int(call, args, 0)?)),
    ("to_hex32", |call, args| Ok(Datum::text(format!("{:x}", int(call, args, 0)?)))),
    ("to_hex64", |call, args| match args {
        [Datum::Int8(value)] => Ok(Datum::text(format!("{value:x}"))),
        _ => Err(wrong(call, args)),
    }),
    ("md5_text", |call, args| {
        let digest = super::md5::md5(text(call, args, 0)?.as_bytes());
        Ok(Datum::text(digest.iter().map(|b| format!("{b:02x}")).collect::<String>()))
    }),
    ("text_concat", |call, args| {
        let mut out = String::new();
        for index in 0..args.len() {
            if !args[index].is_null() {
                out.push_str(&shown(call, args, index)?);
            }
        }
        Ok(Datum::text(out))
    }),
    ("text_concat_ws", |call, args| {
        let Some(Datum::Text(separator)) = args.first() else { return Ok(Datum::Null) };
        let mut out: Option<String> = None;
        for index in 1..args.len() {
            if !args[index].is_null() {
                let next = shown(call, args, index)?;
                match &mut out {
                    Some(out) => {
                        out.push_str(separator);
                        out.push_str(&next);
                    }
                    None => out = Some(next),
                }
            }
        }
        Ok(Datum::text(out.unwrap_or_default()))
    }),
    ("text_name", |call, args| Ok(Datum::text(truncate_name(text(call, args, 0)?)))),
    ("bpchar_name", |call, args| Ok(Datum::text(truncate_name(text(call, args, 0)?).trim_end_matches(' ')))),
    ("name_text", |call, args| Ok(Datum::text(text(call, args, 0)?))),
    ("name_bpchar", |call, args| Ok(Datum::text(text(call, args, 0)?))),
    ("char_text", |call, args| Ok(Datum::text(text(call, args, 0)?))),
    ("char_bpchar", |call, args| Ok(Datum::text(text(call, args, 0)?))),
    ("text_char", |call, args| io::input(call.env, PgType::CHAR, -1, text(call, args, 0)?)),
    ("chartoi4", |call, args| Ok(Datum::Int4(text(call, args, 0)?.bytes().next().map_or(0, i32::from)))),
    ("i4tochar", |call, args| match int(call, args, 0)? {
        0 => Ok(Datum::text("")),
        value @ 1..=127 => Ok(Datum::text(char::from(value as u8).to_string())),
        -128..=-1 => Err(Error::unsupported("a \"char\" outside of ASCII")),
        _ => Err(Error::new(SqlState::NUMERIC_VALUE_OUT_OF_RANGE, "\"char\" out of range")),
    }),
    ("bpchar", length_cast),
    ("varchar", length_cast),
    ("nameconcatoid", |call, args| match args {
        [Datum::Text(name), Datum::Oid(oid)] => {
            let suffix = format!("_{oid}");
            let mut end = name.len().min(63 - suffix.len());
            while !name.is_char_boundary(end) {
                end -= 1;
            }
            Ok(Datum::text(format!("{}{suffix}", &name[..end])))
        }
        _ => Err(wrong(call, args)),
    }),
    ("unistr", |call, args| unistr(text(call, args, 0)?)),
    ("pg_convert_to", |call, args| {
        let (value, encoding) = (text(call, args, 0)?, text(call, args, 1)?);
        match encoding_of(encoding, "destination")? {
            Encoding::Utf8 => Ok(Datum::bytea(value.as_bytes())),
            Encoding::Latin1 => {
                let bytes: Option<Vec<u8>> = value.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect();
                bytes.map(Datum::bytea).ok_or_else(|| Error::unsupported("a character that LATIN1 does not have"))
            }
        }
    }),
    ("pg_convert_from", |call, args| match args {
        [Datum::Bytea(bytes), Datum::Text(encoding)] => match encoding_of(encoding, "source")? {
            Encoding::Utf8 => from_utf8(bytes),
            Encoding::Latin1 => Ok(Datum::text(bytes.iter().map(|b| char::from(*b)).collect::<String>())),
        },
        _ => Err(wrong(call, args)),
    }),
];

enum Encoding {
    Latin1,
    Utf8,
}

fn encoding_of(name: &str, which: &str) -> Result<Encoding> {
    let key: String = name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    match key.as_str() {
        "utf8" | "unicode" => Ok(Encoding::Utf8),
        "latin1" | "iso88591" => Ok(Encoding::Latin1),
        "sqlascii" | "latin2" | "latin9" | "win1252" | "win1251" | "win1250" | "koi8r" | "eucjp" | "sjis" | "big5"
        | "gbk" | "gb18030" | "iso885915" => Err(Error::unsupported(format!("encoding {name}"))),
        _ => Err(Error::new(SqlState::INVALID_PARAMETER_VALUE, format!("invalid {which} encoding name \"{name}\""))),
    }
}

fn from_utf8(bytes: &[u8]) -> Result<Datum> {
    let invalid = |at: usize| {
        let lead = bytes[at];
        let width = match lead {
            0xc0..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf7 => 4,
            _ => 1,
        };
        let shown: Vec<String> = bytes[at..].iter().take(width).map(|b| format!("0x{b:02x}")).collect();
        Error::new(
            SqlState::CHARACTER_NOT_IN_REPERTOIRE,
            format!("invalid byte sequence for encoding \"UTF8\": {}", shown.join(" ")),
        )
    };
    match std::str::from_utf8(bytes) {
        Ok(text) => match bytes.iter().position(|b| *b == 0) {
            Some(at) => Err(invalid(at)),
            None => Ok(Datum::text(text)),
        },
        Err(error) => Err(invalid(error.valid_up_to())),
    }
}

/// 54000 `requested length too large`.
pub fn too_long() -> Error {
    Error::new(SqlState::PROGRAM_LIMIT_EXCEEDED, "requested length too large")
}

pub(super) fn text<'a>(call: &Call<'_>, args: &'a [Datum], index: usize) -> Result<&'a str> {
    args.get(index).and_then(Datum::as_str).ok_or_else(|| wrong(call, args))
}

pub(super) fn int(call: &Call<'_>, args: &[Datum], index: usize) -> Result<i32> {
    match args.get(index) {
        Some(Datum::Int4(value)) => Ok(*value),
        _ => Err(wrong(call, args)),
    }
}

/// The text of any value by its type's output function.
fn shown(call: &Call<'_>, args: &[Datum], index: usize) -> Result<String> {
    let ty = call.args.get(index).copied().ok_or_else(|| wrong(call, args))?;
    io::output(call.env, ty, &args[index])
}

/// As a cast to text: of char(n) without its padding, of bool the whole word.
fn as_text(call: &Call<'_>, args: &[Datum], index: usize) -> Result<String> {
    match (&args[index], call.args.get(index)) {
        (Datum::Bool(value), _) => Ok(value.to_string()),
        (Datum::Text(value), Some(&PgType::BPCHAR)) => Ok(value.trim_end_matches(' ').to_owned()),
        _ => shown(call, args, index),
    }
}

fn order(call: &Call<'_>, args: &[Datum]) -> Result<Ordering> {
    match args {
        [Datum::Text(left), Datum::Text(right)] => Ok(left.as_bytes().cmp(right.as_bytes())),
        _ => Err(wrong(call, args)),
    }
}

/// Trailing blanks of char(n) do not count.
fn padded_order(call: &Call<'_>, args: &[Datum]) -> Result<Ordering> {
    match args {
        [Datum::Text(left), Datum::Text(right)] => {
            Ok(left.trim_end_matches(' ').as_bytes().cmp(right.trim_end_matches(' ').as_bytes()))
        }
        _ => Err(wrong(call, args)),
    }
}

fn pick(args: &[Datum], first: bool) -> Result<Datum> {
    Ok(args[usize::from(!first)].clone())
}

fn length_cast(call: &Call<'_>, args: &[Datum]) -> Result<Datum> {
    match args {
        [value, Datum::Int4(typmod), Datum::Bool(explicit)] => {
            io::apply_typmod(call.env, call.returns, *typmod, value.clone(), *explicit)
        }
        _ => Err(wrong(call, args)),
    }
}

/// The byte offset of the character at `index`, or the end.
fn offset(text: &str, index: usize) -> usize {
    if text.is_ascii() {
        return index.min(text.len());
    }
    text.char_indices().nth(index).map_or(text.len(), |(at, _)| at)
}

fn negative_length() -> Error {
    Error::new(SqlState::SUBSTRING_ERROR, "negative substring length not allowed")
}

/// `substring(text from start for length)`; positions before the first count towards the length.
pub fn substring(text: &str, start: i32, length: Option<i32>) -> Result<&str> {
    let end = match length {
        Some(length) if length < 0 => return Err(negative_length()),
        Some(length) => start.checked_add(length),
        None => None,
    };
    let from = offset(text, (i64::from(start.max(1)) - 1) as usize);
    Ok(match end {
        Some(end) if end <= start.max(1) => "",
        Some(end) => {
            let rest = &text[from..];
            &rest[..offset(rest, (end - start.max(1)) as usize)]
        }
        None => &text[from..],
    })
}

fn overlay(text: &str, with: &str, start: i32, length: i32) -> Result<Datum> {
    if start <= 0 {
        return Err(negative_length());
    }
    let after = start.checked_add(length).ok_or_else(|| out_of_range("integer"))?;
    let (before, rest) = (substring(text, 1, Some(start - 1))?, substring(text, after, None)?);
    Ok(Datum::text([before, with, rest].concat()))
}

/// Simple (one to one) upper case, as C's `towupper`.
fn upper_char(c: char) -> char {
    // Greek letters with iota: their simple upper case is the title case.
    match c {
        '\u{1f80}'..='\u{1f87}' | '\u{1f90}'..='\u{1f97}' | '\u{1fa0}'..='\u{1fa7}' => {
            return char::from_u32(u32::from(c) + 8).unwrap_or(c);
        }
        '\u{1fb3}' | '\u{1fc3}' | '\u{1ff3}' => return char::from_u32(u32::from(c) + 9).unwrap_or(c),
        _ => {}
    }
    let mut upper = c.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(upper), None) => upper,
        _ => c,
    }
}

fn lower_char(c: char) -> char {
    if c == '\u{130}' {
        return 'i';
    }
    let mut lower = c.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(lower), None) => lower,
        _ => c,
    }
}

/// Upper case of each character by itself.
pub fn upper(text: &str) -> String {
    if text.is_ascii() { text.to_ascii_uppercase() } else { text.chars().map(upper_char).collect() }
}

/// Lower case of each character by itself.
pub fn lower(text: &str) -> String {
    if text.is_ascii() { text.to_ascii_lowercase() } else { text.chars().map(lower_char).collect() }
}

/// The first letter of each word in upper case, the rest in lower case.
pub fn initcap(text: &str) -> String {
    // Superscripts and fractions are numbers to Unicode, but no part of a word to C.
    let in_word = |c: char| c.is_ascii_alphanumeric() || !c.is_ascii() && (c.is_alphabetic() || is_digit(c));
    let mut inside = false;
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        out.push(if inside { lower_char(c) } else { upper_char(c) });
        inside = in_word(c);
    }
    out
}

/// Numbers that are no letters: decimal digits of all scripts come in runs of ten.
fn is_digit(c: char) -> bool {
    c.is_numeric()
        && !matches!(c, '\u{b2}' | '\u{b3}' | '\u{b9}' | '\u{bc}'..='\u{be}' | '\u{2070}'..='\u{2099}' | '\u{2150}'..='\u{215f}' | '\u{2460}'..='\u{249b}')
}

fn trim(call: &Call<'_>, args: &[Datum], left: bool, right: bool) -> Result<Datum> {
    let mut rest = text(call, args, 0)?;
    let set = if args.len() > 1 { text(call, args, 1)? } else { " " };
    if left {
        rest = rest.trim_start_matches(|c| set.contains(c));
    }
    if right {
        rest = rest.trim_end_matches(|c| set.contains(c));
    }
    Ok(Datum::text(rest))
}

fn pad(text: &str, length: i32, fill: &str, left: bool) -> Result<Datum> {
    let length = length.max(0) as usize;
    let have = text.chars().count();
    let length = if fill.is_empty() { length.min(have) } else { length };
    if length.checked_mul(4).is_none_or(|bytes| bytes > LONGEST) {
        return Err(too_long());
    }
    if have >= length || fill.is_empty() {
        return Ok(Datum::text(&text[..offset(text, length)]));
    }
    let padding: String = fill.chars().cycle().take(length - have).collect();
    Ok(Datum::text(if left { padding + text } else { text.to_owned() + &padding }))
}

fn split_part(text: &str, separator: &str, field: i32) -> Result<Datum> {
    if field == 0 {
        return Err(Error::new(SqlState::INVALID_PARAMETER_VALUE, "field position must not be zero"));
    }
    if separator.is_empty() || text.is_empty() {
        return Ok(Datum::text(if matches!(field, 1 | -1) { text } else { "" }));
    }
    let index = field.unsigned_abs() as usize - 1;
    let part = if field > 0 {
        text.split(separator).nth(index)
    } else {
        // Counted from the end, of the fields found from the start.
        let parts: Vec<&str> = text.split(separator).collect();
        parts.len().checked_sub(index + 1).map(|at| parts[at])
    };
    Ok(Datum::text(part.unwrap_or("")))
}

fn chr(value: i32) -> Result<Datum> {
    let limit = |message: String| Err(Error::new(SqlState::PROGRAM_LIMIT_EXCEEDED, message));
    if value < 0 {
        return Err(Error::new(SqlState::INVALID_PARAMETER_VALUE, "character number must be positive"));
    }
    if value == 0 {
        return limit("null character not permitted".to_owned());
    }
    match char::from_u32(value as u32) {
        Some(c) => Ok(Datum::text(c.to_string())),
        None if value > 0x10_ffff => limit(format!("requested character too large for encoding: {value}")),
        None => limit(format!("requested character not valid for encoding: {value}")),
    }
}

fn unistr(text: &str) -> Result<Datum> {
    let invalid = || {
        Error::new(SqlState::SYNTAX_ERROR, "invalid Unicode escape")
            .hint("Unicode escapes must be \\XXXX, \\+XXXXXX, \\uXXXX, or \\UXXXXXXXX.")
    };
    let pair = || Error::new(SqlState::SYNTAX_ERROR, "invalid Unicode surrogate pair");
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut high: Option<u32> = None;
    while let Some(c) = rest.chars().next() {
        if c != '\\' {
            if high.is_some() {
                return Err(pair());
            }
            out.push(c);
            rest = &rest[c.len_utf8()..];
            continue;
        }
        if let Some(after) = rest.strip_prefix("\\\\") {
            if high.is_some() {
                return Err(pair());
            }
            out.push('\\');
            rest = after;
            continue;
        }
        let hex = |from: usize, count: usize| {
            let digits = rest.get(from..from + count).filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()))?;
            Some((u32::from_str_radix(digits, 16).ok()?, from + count))
        };
        let found = match rest.as_bytes().get(1) {
            Some(b'u') => hex(2, 4),
            Some(b'U') => hex(2, 8),
            Some(b'+') => hex(2, 6),
            _ => hex(1, 4),
        };
        let (code, used) = found.ok_or_else(invalid)?;
        rest = &rest[used..];
        match (high.take(), code) {
            (Some(first), 0xdc00..=0xdfff) => {
                let code = 0x10000 + ((first & 0x3ff) << 10) + (code & 0x3ff);
                out.push(char::from_u32(code).ok_or_else(pair)?);
            }
            (Some(_), _) | (None, 0xdc00..=0xdfff) => return Err(pair()),
            (None, 0xd800..=0xdbff) => high = Some(code),
            (None, code) => match char::from_u32(code).filter(|c| *c != '\0') {
                Some(c) => out.push(c),
                None => {
                    return Err(Error::new(
                        SqlState::INVALID_PARAMETER_VALUE,
                        format!("invalid Unicode code point: {code:04X}"),
                    ));
                }
            },
        }
    }
    if high.is_some() {
        return Err(pair());
    }
    Ok(Datum::text(out))
}

#[cfg(test)]
mod tests {
    use crate::kernels::core::testing::check;

    #[test]
    fn as_postgresql() {
        check(&[
            ("text_substr", "text abc, int4 -1, int4 3", "a"),
            ("text_substr", "text abc, int4 1, int4 -1", "22011 negative substring length not allowed"),
            ("split_part", "text a;b;;c, text ;, int4 -1", "c"),
            ("split_part", "text a, text ;, int4 0", "22023 field position must not be zero"),
            ("chr", "int4 0", "54000 null character not permitted"),
            ("text_right", "text abc, int4 -1", "bc"),
            ("texteq", "text a, text b", "f"),
            ("upper", "text äöüß", "ÄÖÜß"),
        ]);
    }
}

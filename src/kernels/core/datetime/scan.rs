//! Cuts a date, time or interval text into fields, and reports what is wrong with one.

use super::words;
use crate::error::{Error, Result, SqlState};

/// What a field looks like before anything is known about its meaning.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// Digits with delimiters, or digits and text.
    Date,
    /// Digits, perhaps a decimal point.
    Number,
    /// A sign and letters.
    Special,
    /// Letters.
    Text,
    /// Digits and colons.
    Time,
    /// A sign and digits.
    Zone,
}

/// A field in lower case.
#[derive(Clone, Debug)]
pub struct Field {
    pub kind: Kind,
    pub text: String,
}

/// What is wrong with a text.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Fault {
    Displacement,
    Format,
    Interval,
    MonthOrDay,
    Overflow,
    /// A zone that does not exist.
    Zone(String),
}

/// The result of reading one piece.
pub type Read<T> = std::result::Result<T, Fault>;

impl Fault {
    /// The error of an input function.
    pub fn error(self, text: &str, type_name: &str) -> Error {
        let out_of_range = |what: &str| format!("{what} out of range: \"{text}\"");
        match self {
            Fault::Format => Error::new(
                SqlState::INVALID_DATETIME_FORMAT,
                format!("invalid input syntax for type {type_name}: \"{text}\""),
            ),
            Fault::Overflow => Error::new(SqlState::DATETIME_FIELD_OVERFLOW, out_of_range("date/time field value")),
            Fault::MonthOrDay => Error::new(SqlState::DATETIME_FIELD_OVERFLOW, out_of_range("date/time field value"))
                .hint("Perhaps you need a different \"datestyle\" setting."),
            Fault::Interval => Error::new(SqlState::INTERVAL_FIELD_OVERFLOW, out_of_range("interval field value")),
            Fault::Displacement => Error::new(SqlState(*b"22009"), out_of_range("time zone displacement")),
            Fault::Zone(name) => super::zone::unrecognized(&name),
        }
    }
}

/// The fields of a text; at most `most`, and no more than `bytes` of text.
pub fn fields(text: &str, most: usize, bytes: usize) -> Read<Vec<Field>> {
    let input = text.as_bytes();
    let mut found: Vec<Field> = Vec::new();
    let mut used = 0;
    let mut at = 0;
    let peek = |at: usize| input.get(at).copied().unwrap_or(0);
    while at < input.len() {
        let first = input[at];
        if is_space(first) {
            at += 1;
            continue;
        }
        if found.len() >= most {
            return Err(Fault::Format);
        }
        let mut field = String::new();
        let take = |at: &mut usize, field: &mut String, wanted: &dyn Fn(u8) -> bool| {
            while wanted(peek(*at)) {
                field.push(char::from(peek(*at).to_ascii_lowercase()));
                *at += 1;
            }
        };
        let digit = |b: u8| b.is_ascii_digit();
        let kind = if digit(first) {
            take(&mut at, &mut field, &digit);
            match peek(at) {
                b':' => {
                    take(&mut at, &mut field, &|b| digit(b) || matches!(b, b':' | b'.'));
                    Kind::Time
                }
                delimiter @ (b'-' | b'/' | b'.') => {
                    field.push(char::from(delimiter));
                    at += 1;
                    if digit(peek(at)) {
                        take(&mut at, &mut field, &digit);
                        if peek(at) == delimiter {
                            take(&mut at, &mut field, &|b| digit(b) || b == delimiter);
                            Kind::Date
                        } else if delimiter == b'.' {
                            Kind::Number
                        } else {
                            Kind::Date
                        }
                    } else {
                        take(&mut at, &mut field, &|b| b.is_ascii_alphanumeric() || b == delimiter);
                        Kind::Date
                    }
                }
                _ => Kind::Number,
            }
        } else if first == b'.' {
            field.push('.');
            at += 1;
            take(&mut at, &mut field, &digit);
            Kind::Number
        } else if first.is_ascii_alphabetic() {
            take(&mut at, &mut field, &|b| b.is_ascii_alphabetic());
            let zone_or_date = match peek(at) {
                b'-' | b'/' | b'.' => true,
                // A word that is no keyword starts a zone name (EST5EDT, GMT+3).
                b'+' | b'0'..=b'9' => words::special(&field).is_none(),
                _ => false,
            };
            if zone_or_date {
                take(&mut at, &mut field, &|b| {
                    b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'/' | b'_' | b'.' | b':')
                });
                Kind::Date
            } else {
                Kind::Text
            }
        } else if matches!(first, b'+' | b'-') {
            field.push(char::from(first));
            at += 1;
            while is_space(peek(at)) {
                at += 1;
            }
            if digit(peek(at)) {
                take(&mut at, &mut field, &|b| digit(b) || matches!(b, b':' | b'.' | b'-'));
                Kind::Zone
            } else if peek(at).is_ascii_alphabetic() {
                take(&mut at, &mut field, &|b| b.is_ascii_alphabetic());
                Kind::Special
            } else {
                return Err(Fault::Format);
            }
        } else if first.is_ascii_punctuation() {
            at += 1;
            continue;
        } else {
            return Err(Fault::Format);
        };
        used += field.len() + 1;
        if used > bytes {
            return Err(Fault::Format);
        }
        found.push(Field { kind, text: field });
    }
    Ok(found)
}

pub fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

/// A leading integer (sign allowed) and what follows it; `Overflow` beyond 32 bits.
pub fn integer(text: &str) -> Read<(i32, &str)> {
    let (value, rest) = wide(text)?;
    Ok((i32::try_from(value).map_err(|_| Fault::Overflow)?, rest))
}

/// The same in 64 bits.
pub fn wide(text: &str) -> Read<(i64, &str)> {
    let signed = usize::from(text.starts_with(['-', '+']));
    let digits = text[signed..].bytes().take_while(u8::is_ascii_digit).count();
    let (number, rest) = text.split_at(signed + digits);
    if digits == 0 {
        // As strtol: nothing read, the value is 0 and the rest is the whole.
        return Ok((0, text));
    }
    Ok((number.strip_prefix('+').unwrap_or(number).parse().map_err(|_| Fault::Overflow)?, rest))
}

/// `.5` as a fraction; "." alone is 0.
pub fn fraction(text: &str) -> Read<f64> {
    let digits = text.strip_prefix('.').ok_or(Fault::Format)?;
    if digits.is_empty() {
        return Ok(0.0);
    }
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Fault::Format);
    }
    format!("0{text}").parse().map_err(|_| Fault::Format)
}

/// `.5` as microseconds, rounded.
pub fn micros(text: &str) -> Read<i32> {
    Ok((fraction(text)? * 1e6).round_ties_even() as i32)
}

/// `+05:30`, `-8`, `+0530`: seconds east of UTC.
pub fn displacement(text: &str) -> Read<i32> {
    let sign = match text.as_bytes().first() {
        Some(b'+') => 1,
        Some(b'-') => -1,
        _ => return Err(Fault::Format),
    };
    let part = |text: &str| match integer(text) {
        Ok((value, rest)) => Ok((value, rest.to_owned())),
        Err(_) => Err(Fault::Displacement),
    };
    let (mut hour, mut rest) = part(&text[1..])?;
    let (mut minute, mut second) = (0, 0);
    if let Some(after) = rest.strip_prefix(':').map(str::to_owned) {
        (minute, rest) = part(&after)?;
        if let Some(after) = rest.strip_prefix(':').map(str::to_owned) {
            (second, rest) = part(&after)?;
        }
    } else if rest.is_empty() && text.len() > 3 {
        (hour, minute) = (hour / 100, hour % 100);
    }
    if !(0..=15).contains(&hour) || !(0..60).contains(&minute) || !(0..60).contains(&second) {
        return Err(Fault::Displacement);
    }
    if !rest.is_empty() {
        return Err(Fault::Format);
    }
    Ok(sign * ((hour * 60 + minute) * 60 + second))
}

/// Passes a fault through with the text and type it belongs to.
pub fn told<T>(read: Read<T>, text: &str, type_name: &str) -> Result<T> {
    read.map_err(|fault| fault.error(text, type_name))
}

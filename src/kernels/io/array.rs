//! Arrays: `array_in`, `array_out`, `array_send`, `array_recv`, and the int2vector and oidvector forms.

use std::sync::Arc;

use crate::error::{Error, Result, SqlState};
use crate::kernels::Env;
use crate::kernels::core::is_space;
use crate::types::{ArrayValue, Datum, PgType};

/// MAXDIM.
pub const MAX_DIMENSIONS: usize = 6;
/// MaxArraySize.
const MAX_ELEMENTS: i64 = 134_217_727;

/// 54000 when there are more than six.
pub fn check_dimensions(count: usize) -> Result<()> {
    if count > MAX_DIMENSIONS {
        return Err(Error::new(
            SqlState::PROGRAM_LIMIT_EXCEEDED,
            format!("number of array dimensions ({count}) exceeds the maximum allowed ({MAX_DIMENSIONS})"),
        ));
    }
    Ok(())
}

fn delimiter(element: PgType) -> char {
    element.info().map_or(',', |info| char::from(info.delimiter))
}

/// What `array_in`'s scanner stands on.
#[derive(Clone, Copy, Eq, PartialEq)]
enum State {
    Start,
    LevelStarted,
    Element,
    ElementQuoted,
    ElementDone,
    ElementDelimited,
    LevelCompleted,
    LevelDelimited,
}

/// The elements of an array literal as text, before their own input function.
struct Scanned {
    lengths: Vec<i32>,
    elements: Vec<Option<String>>,
}

/// `array_in`.
pub(super) fn input(env: &Env, ty: PgType, typmod: i32, text: &str) -> Result<Datum> {
    let element = ty.element().ok_or_else(|| Error::internal("array type without element"))?;
    let literal = |text: &str, detail: &str| {
        Error::new(SqlState::INVALID_TEXT_REPRESENTATION, format!("malformed array literal: \"{text}\"")).detail(detail)
    };
    let malformed = |detail: &str| literal(text, detail);
    let (bounds, body) = explicit_bounds(text, &malformed)?;
    // PostgreSQL's scanner of the braces knows only what it is given.
    let scanned = scan(body, delimiter(element), &|detail: &str| literal(body, detail))?;
    let dimensions: Vec<(i32, i32)> = match bounds {
        None => scanned.lengths.iter().map(|length| (*length, 1)).collect(),
        Some(bounds) => {
            let lengths: Vec<i64> = scanned.lengths.iter().map(|length| i64::from(*length)).collect();
            if bounds.iter().map(|(lower, upper)| upper - lower + 1).collect::<Vec<_>>() != lengths {
                return Err(malformed("Specified array dimensions do not match array contents."));
            }
            bounds.iter().zip(&scanned.lengths).map(|((lower, _), length)| (*length, *lower as i32)).collect()
        }
    };
    let values = scanned
        .elements
        .iter()
        .map(|item| item.as_deref().map_or(Ok(Datum::Null), |item| super::input(env, element, typmod, item)))
        .collect::<Result<Vec<_>>>()?;
    Ok(Datum::Array(Arc::new(ArrayValue { element, dimensions, values })))
}

/// Explicit (lower, upper) bounds, when there are any.
type Bounds = Option<Vec<(i64, i64)>>;

/// `[lower:upper]...=` in front of the braces.
fn explicit_bounds<'a>(text: &'a str, malformed: &impl Fn(&str) -> Error) -> Result<(Bounds, &'a str)> {
    let mut rest = text.trim_start_matches(is_space);
    if !rest.starts_with('[') {
        if !rest.starts_with('{') {
            return Err(malformed("Array value must start with \"{\" or dimension information."));
        }
        return Ok((None, rest));
    }
    let integer = |rest: &mut &str| -> Option<i64> {
        let sign = usize::from(rest.starts_with(['+', '-']));
        let end = rest[sign..].find(|c: char| !c.is_ascii_digit()).map_or(rest.len(), |at| at + sign);
        let (digits, after) = rest.split_at(end);
        *rest = after;
        if end == sign { None } else { digits.trim_start_matches('+').parse().ok() }
    };
    let mut bounds = Vec::new();
    while let Some(inner) = rest.strip_prefix('[') {
        check_dimensions(bounds.len() + 1)?;
        rest = inner;
        let first = integer(&mut rest)
            .ok_or_else(|| malformed("\"[\" must introduce explicitly-specified array dimensions."))?;
        let (lower, upper) = match rest.strip_prefix(':') {
            Some(after) => {
                rest = after;
                (first, integer(&mut rest).ok_or_else(|| malformed("Missing array dimension value."))?)
            }
            None => (1, first),
        };
        rest = rest.strip_prefix(']').ok_or_else(|| malformed("Missing \"]\" after array dimensions."))?;
        if upper < lower {
            return Err(Error::new(SqlState::ARRAY_SUBSCRIPT_ERROR, "upper bound cannot be less than lower bound"));
        }
        bounds.push((lower, upper));
        rest = rest.trim_start_matches(is_space);
    }
    let rest = rest.strip_prefix('=').ok_or_else(|| malformed("Missing \"=\" after array dimensions."))?;
    let rest = rest.trim_start_matches(is_space);
    if !rest.starts_with('{') {
        return Err(malformed("Array contents must start with \"{\"."));
    }
    Ok((Some(bounds), rest))
}

/// One element while it is read.
#[derive(Default)]
struct Pending {
    text: String,
    /// Length that trailing blanks may not be cut below.
    keep: usize,
    quoted: bool,
}

fn scan(body: &str, delimiter: char, malformed: &impl Fn(&str) -> Error) -> Result<Scanned> {
    let unexpected = |c: char| malformed(&format!("Unexpected \"{c}\" character."));
    let end_of_input = || malformed("Unexpected end of input.");
    const RAGGED: &str = "Multidimensional arrays must have sub-arrays with matching dimensions.";
    let mut state = State::Start;
    let mut depth = 0_usize;
    // Elements seen in the open level and in the last closed one, by depth.
    let (mut open, mut closed) = ([0_i32; MAX_DIMENSIONS], [None::<i32>; MAX_DIMENSIONS]);
    let (mut levels, mut element_depth) = (0_usize, None);
    let mut elements = Vec::new();
    let mut pending = Pending::default();
    let mut chars = body.chars();
    loop {
        let c = chars.next().ok_or_else(end_of_input)?;
        if state == State::ElementQuoted && !matches!(c, '\\' | '"') {
            pending.text.push(c);
            continue;
        }
        match c {
            '\\' => {
                match state {
                    State::LevelStarted | State::ElementDelimited | State::Element => state = State::Element,
                    State::ElementQuoted => {}
                    _ => return Err(unexpected(c)),
                }
                pending.text.push(chars.next().ok_or_else(end_of_input)?);
                pending.keep = pending.text.len();
                pending.quoted = true;
            }
            '"' => match state {
                State::LevelStarted | State::ElementDelimited => {
                    pending.quoted = true;
                    state = State::ElementQuoted;
                }
                State::ElementQuoted => {
                    pending.keep = pending.text.len();
                    state = State::ElementDone;
                }
                _ => return Err(malformed("Unexpected array element.")),
            },
            '{' => {
                if !matches!(state, State::Start | State::LevelStarted | State::LevelDelimited) {
                    return Err(unexpected(c));
                }
                check_dimensions(depth + 1)?;
                open[depth] = 0;
                depth += 1;
                levels = levels.max(depth);
                state = State::LevelStarted;
            }
            '}' => {
                match state {
                    State::Element | State::ElementDone => {
                        finish(&mut pending, &mut elements, &mut element_depth, depth, malformed, RAGGED)?;
                        open[depth - 1] += 1;
                    }
                    State::LevelCompleted => {}
                    State::LevelStarted if depth == 1 => {}
                    _ => return Err(unexpected(c)),
                }
                depth -= 1;
                if closed[depth].is_some_and(|length| length != open[depth]) {
                    return Err(malformed(RAGGED));
                }
                closed[depth] = Some(open[depth]);
                state = State::LevelCompleted;
                if depth == 0 {
                    break;
                }
                open[depth - 1] += 1;
            }
            c if c == delimiter => match state {
                State::Element | State::ElementDone => {
                    finish(&mut pending, &mut elements, &mut element_depth, depth, malformed, RAGGED)?;
                    open[depth - 1] += 1;
                    state = State::ElementDelimited;
                }
                State::LevelCompleted => state = State::LevelDelimited,
                _ => return Err(unexpected(c)),
            },
            c if is_space(c) => {
                if state == State::Element {
                    pending.text.push(c);
                }
            }
            c => match state {
                State::LevelStarted | State::ElementDelimited | State::Element => {
                    state = State::Element;
                    pending.text.push(c);
                    pending.keep = pending.text.len();
                }
                _ => return Err(malformed("Unexpected array element.")),
            },
        }
    }
    if !chars.as_str().chars().all(is_space) {
        return Err(malformed("Junk after closing right brace."));
    }
    if elements.is_empty() {
        return Ok(Scanned { lengths: Vec::new(), elements });
    }
    let lengths = closed[..levels].iter().map(|length| length.unwrap_or(0)).collect();
    Ok(Scanned { lengths, elements })
}

fn finish(
    pending: &mut Pending,
    elements: &mut Vec<Option<String>>,
    element_depth: &mut Option<usize>,
    depth: usize,
    malformed: &impl Fn(&str) -> Error,
    ragged: &str,
) -> Result<()> {
    if *element_depth.get_or_insert(depth) != depth {
        return Err(malformed(ragged));
    }
    let Pending { mut text, keep, quoted } = std::mem::take(pending);
    text.truncate(keep);
    elements.push(if !quoted && text.eq_ignore_ascii_case("null") { None } else { Some(text) });
    Ok(())
}

/// `array_out`.
pub(super) fn output(env: &Env, value: &ArrayValue) -> Result<String> {
    if value.dimensions.is_empty() {
        return Ok("{}".to_owned());
    }
    let mut text = String::new();
    if value.dimensions.iter().any(|(_, lower)| *lower != 1) {
        for (length, lower) in &value.dimensions {
            text.push_str(&format!("[{lower}:{}]", i64::from(*lower) + i64::from(*length) - 1));
        }
        text.push('=');
    }
    let mut items = value.values.iter();
    level(env, value, &mut items, 0, &mut text)?;
    Ok(text)
}

fn level(
    env: &Env,
    value: &ArrayValue,
    items: &mut std::slice::Iter<'_, Datum>,
    depth: usize,
    text: &mut String,
) -> Result<()> {
    let delimiter = delimiter(value.element);
    text.push('{');
    for index in 0..value.dimensions[depth].0 {
        if index > 0 {
            text.push(delimiter);
        }
        if depth + 1 < value.dimensions.len() {
            level(env, value, items, depth + 1, text)?;
            continue;
        }
        match items.next() {
            None => return Err(Error::internal("array with fewer elements than its dimensions say")),
            Some(Datum::Null) => text.push_str("NULL"),
            Some(item) => quote(&super::output(env, value.element, item)?, delimiter, text),
        }
    }
    text.push('}');
    Ok(())
}

fn quote(item: &str, delimiter: char, text: &mut String) {
    let special = |c: char| matches!(c, '"' | '\\' | '{' | '}') || c == delimiter || is_space(c);
    if !item.is_empty() && !item.eq_ignore_ascii_case("null") && !item.contains(special) {
        text.push_str(item);
        return;
    }
    text.push('"');
    for c in item.chars() {
        if matches!(c, '"' | '\\') {
            text.push('\\');
        }
        text.push(c);
    }
    text.push('"');
}

/// `array_send`.
pub fn encode(env: &Env, value: &ArrayValue) -> Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(12 + 8 * value.dimensions.len() + 8 * value.values.len());
    bytes.extend((value.dimensions.len() as i32).to_be_bytes());
    bytes.extend(i32::from(value.values.iter().any(Datum::is_null)).to_be_bytes());
    bytes.extend(value.element.0.to_be_bytes());
    for (length, lower) in &value.dimensions {
        bytes.extend(length.to_be_bytes());
        bytes.extend(lower.to_be_bytes());
    }
    for item in &value.values {
        match item {
            Datum::Null => bytes.extend((-1_i32).to_be_bytes()),
            Datum::Int4(value) => {
                bytes.extend(4_i32.to_be_bytes());
                bytes.extend(value.to_be_bytes());
            }
            item => {
                let encoded = super::encode(env, value.element, item)?;
                bytes.extend((encoded.len() as i32).to_be_bytes());
                bytes.extend(encoded);
            }
        }
    }
    Ok(bytes)
}

/// A cursor over a binary value.
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8]> {
        let Some((head, tail)) = self.0.split_at_checked(length) else {
            return Err(Error::new(SqlState::PROTOCOL_VIOLATION, "insufficient data left in message"));
        };
        self.0 = tail;
        Ok(head)
    }

    pub(super) fn int4(&mut self) -> Result<i32> {
        let bytes = self.take(4)?;
        Ok(i32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
    }

    /// A length-prefixed item; `None` for NULL.
    pub(super) fn item(&mut self) -> Result<Option<&'a [u8]>> {
        match self.int4()? {
            -1 => Ok(None),
            length if length < 0 => {
                Err(Error::new(SqlState::INVALID_BINARY_REPRESENTATION, "insufficient data left in message"))
            }
            length => self.take(length as usize).map(Some),
        }
    }
}

/// `array_recv`.
pub(super) fn decode(env: &Env, ty: PgType, typmod: i32, bytes: &[u8]) -> Result<Datum> {
    let malformed = |what: String| Error::new(SqlState::INVALID_BINARY_REPRESENTATION, what);
    let expected = ty.element().ok_or_else(|| Error::internal("array type without element"))?;
    let mut reader = Reader(bytes);
    let count = reader.int4()?;
    if count < 0 {
        return Err(malformed(format!("invalid number of dimensions: {count}")));
    }
    check_dimensions(count as usize)?;
    let flags = reader.int4()?;
    if flags != 0 && flags != 1 {
        return Err(malformed("invalid array flags".to_owned()));
    }
    let element = PgType(reader.int4()? as u32);
    // A composite element arrives as record.
    if element != expected {
        return Err(Error::new(
            SqlState::DATATYPE_MISMATCH,
            format!(
                "binary data has array element type {} ({}) instead of expected {} ({})",
                element.0,
                super::type_label(element),
                expected.0,
                super::type_label(expected)
            ),
        ));
    }
    let mut dimensions = Vec::with_capacity(count as usize);
    let mut total = i64::from(count > 0);
    for _ in 0..count {
        let (length, lower) = (reader.int4()?, reader.int4()?);
        total *= i64::from(length);
        if length < 0 || total > MAX_ELEMENTS {
            return Err(Error::new(
                SqlState::PROGRAM_LIMIT_EXCEEDED,
                format!("array size exceeds the maximum allowed ({MAX_ELEMENTS})"),
            ));
        }
        if lower.checked_add(length).is_none() {
            return Err(Error::new(
                SqlState::PROGRAM_LIMIT_EXCEEDED,
                format!("array lower bound is too large: {lower}"),
            ));
        }
        dimensions.push((length, lower));
    }
    if total == 0 {
        dimensions.clear();
    }
    let mut values = Vec::with_capacity((total as usize).min(bytes.len() / 4));
    for _ in 0..total {
        values.push(match reader.item()? {
            None => Datum::Null,
            Some(item) => super::decode(env, element, typmod, item)?,
        });
    }
    if !reader.0.is_empty() {
        return Err(malformed("incorrect binary data format".to_owned()));
    }
    Ok(Datum::Array(Arc::new(ArrayValue { element, dimensions, values })))
}

/// The element's length coercion on each element.
pub(super) fn apply_typmod(env: &Env, ty: PgType, typmod: i32, value: &ArrayValue, explicit: bool) -> Result<Datum> {
    let element = ty.element().unwrap_or(value.element);
    let values = value
        .values
        .iter()
        .map(|item| super::apply_typmod(env, element, typmod, item.clone(), explicit))
        .collect::<Result<Vec<_>>>()?;
    Ok(Datum::Array(Arc::new(ArrayValue { element, dimensions: value.dimensions.clone(), values })))
}

/// `int2vectorin`, `oidvectorin`: numbers between blanks, counted from 0.
pub(super) fn vector_in(ty: PgType, text: &str) -> Result<Datum> {
    let element = ty.element().ok_or_else(|| Error::internal("vector type without element"))?;
    let mut values = Vec::new();
    let mut rest = text.trim_start_matches(is_space);
    while !rest.is_empty() {
        let (word, after) = rest.split_at(rest.find(is_space).unwrap_or(rest.len()));
        values.push(match element {
            // A word that is no number is shown with all that follows it.
            PgType::INT2 => match super::parse_int(word, PgType::INT2) {
                Ok(value) => Datum::Int2(value as i16),
                Err(error) if error.state() == SqlState::INVALID_TEXT_REPRESENTATION => {
                    return super::parse_int(rest, PgType::INT2).map(|_| Datum::Null).and(Err(error));
                }
                Err(error) => return Err(error),
            },
            _ => Datum::Oid(super::parse_oid(word)?),
        });
        rest = after.trim_start_matches(is_space);
    }
    // These types have one dimension even when empty.
    let dimensions = vec![(values.len() as i32, 0)];
    Ok(Datum::Array(Arc::new(ArrayValue { element, dimensions, values })))
}

/// `int2vectorout`, `oidvectorout`.
pub(super) fn vector_out(value: &ArrayValue) -> Result<String> {
    let words = value
        .values
        .iter()
        .map(|item| item.as_i64().map(|n| n.to_string()).ok_or_else(|| Error::internal("NULL in an int2vector")))
        .collect::<Result<Vec<_>>>()?;
    Ok(words.join(" "))
}

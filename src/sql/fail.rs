//! Parse errors: PostgreSQL's text, SQLSTATE and position from what the parser reports.

use crate::error::{Error, SqlState};

/// The error of a text that does not parse.
pub(super) fn error(text: &str, error: &pg_raw_parse::Error) -> Error {
    let Some(message) = message(error) else {
        return Error::new(SqlState::SYNTAX_ERROR, format!("statement cannot be read: {error}"));
    };
    let fail = Error::new(state(&message), message.clone());
    match position(text, &message) {
        Some(position) => fail.at(position),
        None => fail,
    }
}

/// The grammar's own message.
fn message(error: &pg_raw_parse::Error) -> Option<String> {
    match error {
        pg_raw_parse::Error::Parse(error) => Some(error.to_string()),
        pg_raw_parse::Error::PgError(_) | pg_raw_parse::Error::StatementContainedNul(_) => None,
    }
}

/// The grammar's own errors that are not 42601.
fn state(message: &str) -> SqlState {
    let any = |texts: &[&str]| texts.iter().any(|text| message.contains(text));
    // First: it goes on with the client's own words.
    if message.starts_with("syntax error at ") {
        SqlState::SYNTAX_ERROR
    } else if message.starts_with("invalid byte sequence for encoding") {
        SqlState::CHARACTER_NOT_IN_REPERTOIRE
    } else if any(&["stack depth limit", "memory exhausted", "nested too deeply"]) {
        SqlState::STATEMENT_TOO_COMPLEX
    } else if any(&["is not a valid hexadecimal digit", "is not a valid binary digit"]) {
        SqlState::INVALID_TEXT_REPRESENTATION
    } else if any(&["not implemented", "not supported", "current database cannot be changed", "must be superuser"]) {
        SqlState::FEATURE_NOT_SUPPORTED
    } else if message.starts_with("frame ") {
        SqlState::WINDOWING_ERROR
    } else if message.starts_with("precision for type float") {
        SqlState::INVALID_PARAMETER_VALUE
    } else {
        SqlState::SYNTAX_ERROR
    }
}

/// The byte offset where the parser stopped. It names only the text there, so the shortest prefix that fails in the same
/// way is looked for: prefixes that end before the place parse, or fail at their end.
fn position(text: &str, message: &str) -> Option<usize> {
    if message.ends_with("at end of input") {
        return Some(text.len());
    }
    let (what, near) = message.split_once(" at or near \"")?;
    let near = near.strip_suffix('"')?;
    if what.starts_with("unterminated") {
        return text.ends_with(near).then(|| text.len() - near.len());
    }
    let places: Vec<usize> =
        text.match_indices(near).map(|(start, _)| start).filter(|start| whole(text, *start, near)).collect();
    let fails = |place: usize| {
        let prefix = text.get(..place + near.len()).unwrap_or(text);
        pg_raw_parse::parse(prefix).is_err_and(|error| self::message(&error).as_deref() == Some(message))
    };
    let at = places.partition_point(|place| !fails(*place));
    places.get(at).copied()
}

/// Whether what stands at `start` is no part of a longer word or operator.
fn whole(text: &str, start: usize, near: &str) -> bool {
    let class = |byte: u8| match byte {
        b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'_' | b'$' | 0x80.. => Some(true),
        b'+' | b'-' | b'*' | b'/' | b'<' | b'>' | b'=' | b'~' | b'!' | b'@' | b'#' | b'%' | b'^' | b'&' | b'|'
        | b'`' | b'?' => Some(false),
        _ => None,
    };
    let joined = |left: Option<&u8>, right: Option<&u8>| {
        let left = left.and_then(|byte| class(*byte));
        left.is_some() && left == right.and_then(|byte| class(*byte))
    };
    let (bytes, near, end) = (text.as_bytes(), near.as_bytes(), start + near.len());
    let before = start.checked_sub(1).and_then(|before| bytes.get(before));
    !joined(before, near.first()) && !joined(near.last(), bytes.get(end))
}

//! Parse errors: PostgreSQL's text, SQLSTATE and position from what the parser reports.

use crate::error::{Error, SqlState};

/// The error of a text that does not parse.
pub(super) fn error(text: &str, error: pg_query::Error) -> Error {
    match error {
        pg_query::Error::Parse(message) | pg_query::Error::Scan(message) => {
            let fail = Error::new(state(&message), message.clone());
            match position(text, &message) {
                Some(position) => fail.at(position),
                None => fail,
            }
        }
        other => Error::new(SqlState::SYNTAX_ERROR, format!("statement cannot be read: {other}")),
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
    let places: Vec<usize> = match pg_query::scan_tokens(text) {
        Ok(tokens) => {
            let ranges = tokens.iter().map(|token| (token.start.max(0) as usize, token.end.max(0) as usize));
            ranges.filter(|(start, end)| text.get(*start..*end) == Some(near)).map(|(start, _)| start).collect()
        }
        Err(_) => text.match_indices(near).map(|(start, _)| start).collect(),
    };
    let fails = |place: usize| {
        let prefix = text.get(..place + near.len()).unwrap_or(text);
        matches!(pg_query::parse(prefix, 0), Err(pg_query::Error::Parse(found)) if found == message)
    };
    let at = places.partition_point(|place| !fails(*place));
    places.get(at).copied()
}

//! Errors of Snowflake and of its driver in PostgreSQL's states.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::connector::adbc::{Failure, Flavour, Kind, raised};
use crate::error::SqlState;

/// The driver's own codes for what failed between it and Snowflake (26....), and those of sessions and logins (39....).
const DRIVER: std::ops::Range<i32> = 260_000..270_000;
const SESSION: std::ops::Range<i32> = 390_000..400_000;

/// Snowflake's codes, and the numbers of the statements.
#[derive(Debug, Default)]
pub(super) struct SnowflakeFlavour {
    statements: AtomicU64,
}

impl Flavour for SnowflakeFlavour {
    fn error(&self, failure: &Failure) -> (SqlState, String) {
        let message = plain(&failure.message);
        // What a template of the dialect raises says its own state, in the text that a conversion refuses.
        if let Some((state, text)) = raised(&message) {
            return (state, text.split(';').next().unwrap_or_default().to_owned());
        }
        let state = match failure.vendor_code {
            604 | 684 => SqlState::QUERY_CANCELED,
            630 => SqlState::QUERY_CANCELED,
            606 => SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE,
            1003 => SqlState::SYNTAX_ERROR,
            904 => SqlState::UNDEFINED_COLUMN,
            2003 | 2043 if message.contains("column") => SqlState::UNDEFINED_COLUMN,
            2003 | 2043 => SqlState::UNDEFINED_TABLE,
            2140 | 2141 => SqlState::UNDEFINED_FUNCTION,
            3001 | 3003 => SqlState::INSUFFICIENT_PRIVILEGE,
            100_035 | 100_040 | 100_096 => SqlState::INVALID_DATETIME_FORMAT,
            100_037 | 100_038 => SqlState::INVALID_TEXT_REPRESENTATION,
            100_039 | 100_046 | 100_132 => SqlState::NUMERIC_VALUE_OUT_OF_RANGE,
            100_051 => SqlState::DIVISION_BY_ZERO,
            100_078 => SqlState::STRING_DATA_RIGHT_TRUNCATION,
            390_195 | 390_201 => SqlState::UNDEFINED_OBJECT,
            code if SESSION.contains(&code) => SqlState::INVALID_AUTHORIZATION,
            code if DRIVER.contains(&code) => SqlState::CONNECTION_FAILURE,
            _ => self.by_state(failure, &message),
        };
        (state, message)
    }

    fn connect_state(&self, failure: &Failure) -> Option<SqlState> {
        // 08004 of a login is a wrong password, or no right to come in.
        match failure.sqlstate.as_deref() {
            Some("08004") => Some(SqlState::INVALID_AUTHORIZATION),
            _ if SESSION.contains(&failure.vendor_code) => Some(SqlState::INVALID_AUTHORIZATION),
            Some("08001" | "08006") | None => None,
            Some(_) => Some(SqlState(*b"08001")),
        }
    }

    fn tag(&self) -> Option<(String, String)> {
        let number = self.statements.fetch_add(1, Ordering::Relaxed) + 1;
        let tag = format!("graticule {}-{number}", std::process::id());
        Some(("adbc.snowflake.statement.query_tag".to_owned(), tag))
    }
}

impl SnowflakeFlavour {
    /// By the state that came with it: ODBC's names for tables and columns, the standard's otherwise.
    fn by_state(&self, failure: &Failure, message: &str) -> SqlState {
        match failure.sqlstate.as_deref() {
            Some("42S02") => SqlState::UNDEFINED_TABLE,
            Some("42S22") => SqlState::UNDEFINED_COLUMN,
            Some("22018") => SqlState::INVALID_TEXT_REPRESENTATION,
            Some(state) if state.starts_with("02") => SqlState::FDW_ERROR,
            Some(state) => SqlState::parse(state).unwrap_or(SqlState::FDW_ERROR),
            // The driver met something else than an answer of Snowflake.
            None if failure.kind == Kind::Timeout || is_network(message) => SqlState::CONNECTION_FAILURE,
            None => SqlState::FDW_ERROR,
        }
    }
}

/// Words of Go's network and stream readers.
fn is_network(message: &str) -> bool {
    const WORDS: [&str; 9] = [
        "EOF",
        "HTTP",
        "broken pipe",
        "connection re",
        "dial tcp",
        "failed to get a chunk",
        "i/o timeout",
        "no such host",
        "timeout after",
    ];
    WORDS.iter().any(|word| message.contains(word))
}

/// The message without the driver's frame around it: `[Snowflake] 002003 (42S02): 01ab-...: text`, `text. Vendor code: ...`.
fn plain(message: &str) -> String {
    let mut text = message.trim();
    text = text.strip_prefix("[Snowflake] ").unwrap_or(text);
    while let Some((head, rest)) = text.split_once(": ")
        && is_code(head)
    {
        text = rest;
    }
    // What follows the first line shows the statement.
    let line = text.lines().next().unwrap_or_default().trim();
    // `SQL compilation error:` stands alone in its line.
    if let Some(second) = text.lines().nth(1).filter(|_| line.ends_with(':')) {
        return format!("{line} {}", second.trim());
    }
    line.to_owned()
}

/// `002003 (42S02)`, or the id of a query.
fn is_code(head: &str) -> bool {
    let number = head.split_once(' ').is_some_and(|(digits, state)| {
        digits.len() >= 4 && digits.bytes().all(|byte| byte.is_ascii_digit()) && state.starts_with('(')
    });
    let id = head.len() >= 32 && head.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    number || id
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_have_the_states_of_postgresql() {
        for (message, code, state, expected, text) in [
            (
                "[Snowflake] 002003 (42S02): 01b2c3d4-0000-1111-0000-00aa00bb00cc: SQL compilation error:\nObject 'NOSUCH' does not exist or not authorized.",
                2003,
                "42S02",
                "42P01",
                "SQL compilation error: Object 'NOSUCH' does not exist or not authorized.",
            ),
            (
                "[Snowflake] 000904 (42000): SQL compilation error:\ninvalid identifier 'X'",
                904,
                "42000",
                "42703",
                "SQL compilation error: invalid identifier 'X'",
            ),
            ("100051 (22012): Division by zero", 100_051, "22012", "22012", "Division by zero"),
            (
                "[Snowflake] 100038 (22018): Numeric value 'graticule 22003: integer out of range; 7' is not recognized",
                100_038,
                "22018",
                "22003",
                "integer out of range",
            ),
            ("000604 (57014): SQL execution canceled", 604, "57014", "57014", "SQL execution canceled"),
            (
                "390114 (08001): Authentication token has expired.",
                390_114,
                "08001",
                "28000",
                "Authentication token has expired.",
            ),
            (
                "failed to get a chunk of result sets. idx: 1",
                262_000,
                "",
                "08006",
                "failed to get a chunk of result sets. idx: 1",
            ),
            ("unexpected EOF", 0, "", "08006", "unexpected EOF"),
        ] {
            let failure = Failure {
                message: message.to_owned(),
                vendor_code: code,
                sqlstate: (!state.is_empty()).then(|| state.to_owned()),
                ..Failure::default()
            };
            let (found, said) = SnowflakeFlavour::default().error(&failure);
            assert_eq!((found.code(), said.as_str()), (expected, text), "{message}");
        }
    }
}

//! Errors of a source and of the way to it, and what of them a client may see.

use std::io;

use super::wire::Fields;
use crate::connector::fault::withheld;
pub(super) use crate::connector::fault::{canceled, lost, unreachable};
use crate::dialect::TargetSql;
use crate::error::{Error, Result, SqlState};

/// An ErrorResponse of the source.
#[derive(Clone, Debug)]
pub struct ServerError {
    pub state: SqlState,
    pub message: String,
    pub detail: Option<String>,
    pub hint: Option<String>,
    /// 1-based, in characters of the text that was sent.
    pub position: Option<usize>,
    pub schema: Option<String>,
    pub table: Option<String>,
    pub column: Option<String>,
    pub constraint: Option<String>,
    pub context: Option<String>,
    /// FATAL or PANIC: the server ends the connection.
    pub fatal: bool,
}

/// What ended an exchange: the source's error (its fate depends on the statement) or ours.
#[derive(Debug)]
pub(super) enum Fault {
    Own(Error),
    Server(Box<ServerError>),
}

impl From<Error> for Fault {
    fn from(error: Error) -> Fault {
        Fault::Own(error)
    }
}

impl ServerError {
    pub(super) fn parse(body: &[u8]) -> Result<ServerError> {
        let mut error = ServerError {
            state: SqlState::INTERNAL_ERROR,
            message: String::new(),
            detail: None,
            hint: None,
            position: None,
            schema: None,
            table: None,
            column: None,
            constraint: None,
            context: None,
            fatal: false,
        };
        let mut fields = Fields(body);
        loop {
            let tag = fields.u8()?;
            if tag == 0 {
                return Ok(error);
            }
            let text = fields.text()?;
            match tag {
                b'C' => error.state = SqlState::parse(&text).unwrap_or(SqlState::INTERNAL_ERROR),
                b'M' => error.message = text,
                b'D' => error.detail = Some(text),
                b'H' => error.hint = Some(text),
                b'P' => error.position = text.parse().ok(),
                b's' => error.schema = Some(text),
                b't' => error.table = Some(text),
                b'c' => error.column = Some(text),
                b'n' => error.constraint = Some(text),
                b'W' => error.context = Some(text),
                // The unlocalised severity, since 9.6.
                b'V' => error.fatal = matches!(text.as_str(), "FATAL" | "PANIC"),
                _ => {}
            }
        }
    }

    /// A plan that the server holds no longer fits, or the statement's name is gone: preparing anew helps.
    pub(super) fn is_stale_plan(&self) -> bool {
        self.state == SqlState::INVALID_SQL_STATEMENT_NAME
            || self.state == SqlState::FEATURE_NOT_SUPPORTED
                && self.message == "cached plan must not change result type"
    }

    /// What the client of a statement is told.
    fn into_error(self, server: &str, sql: &TargetSql) -> Error {
        if self.fatal {
            return lost(server, self.message);
        }
        if let Some(error) = withheld(server, sql, self.state, &self.message) {
            return error;
        }
        let position = self
            .position
            .and_then(|position| byte_offset(sql.text(), position))
            .and_then(|printed| sql.source_position(printed));
        let mut error = Error::new(self.state, self.message);
        let fields = error.fields_mut();
        fields.detail = self.detail;
        fields.hint = self.hint;
        fields.position = position;
        fields.schema = self.schema;
        fields.table = self.table;
        fields.column = self.column;
        fields.constraint = self.constraint;
        fields.context = self.context;
        error
    }

    /// For statements of our own (introspection, transaction control).
    pub(super) fn into_own_error(self, server: &str) -> Error {
        if self.fatal {
            return lost(server, self.message);
        }
        let mut error = Error::new(self.state, format!("server \"{server}\": {}", self.message));
        error.fields_mut().detail = self.detail;
        error.fields_mut().hint = self.hint;
        error
    }
}

impl Fault {
    pub fn into_error(self, server: &str, sql: &TargetSql) -> Error {
        match self {
            Fault::Own(error) => error,
            Fault::Server(error) => error.into_error(server, sql),
        }
    }

    pub fn into_own_error(self, server: &str) -> Error {
        match self {
            Fault::Own(error) => error,
            Fault::Server(error) => error.into_own_error(server),
        }
    }
}

pub(super) fn lost_io(server: &str, error: &io::Error) -> Error {
    lost(server, error)
}

fn byte_offset(text: &str, position: usize) -> Option<usize> {
    text.char_indices().nth(position.checked_sub(1)?).map(|(offset, _)| offset)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = b"SFATAL\0VFATAL\0C57P01\0Mterminating connection\0P3\0\0";

    #[test]
    fn parses_fields_and_maps_fatal_to_08006() {
        let error = ServerError::parse(BODY).expect("well-formed");
        assert!(error.fatal);
        assert_eq!((error.state.code(), error.position), ("57P01", Some(3)));
        assert_eq!(error.into_own_error("gis").state(), SqlState::CONNECTION_FAILURE);
        assert!(ServerError::parse(b"Mno end").is_err());
    }

    #[test]
    fn counts_positions_in_characters() {
        for (text, position, expected) in [("aäb", 3, Some(3)), ("ab", 1, Some(0)), ("ab", 9, None), ("ab", 0, None)] {
            assert_eq!(byte_offset(text, position), expected, "{text} {position}");
        }
    }
}

//! Errors of a query, and what of them a client may see.

use serde::Deserialize;

use crate::connector::fault::{lost, withheld};
use crate::dialect::TargetSql;
use crate::error::{Error, SqlState};

/// What ended an exchange: an error of the query (its fate depends on the statement), ours, or an answer that is no page.
#[derive(Debug)]
pub(super) enum Fault {
    Malformed,
    Own(Box<Error>),
    Query(Box<QueryError>),
}

/// `error` of a page.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct QueryError {
    message: String,
    error_name: String,
    error_type: String,
}

impl<'de> Deserialize<'de> for Fault {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Fault, D::Error> {
        QueryError::deserialize(deserializer).map(|error| Fault::Query(Box::new(error)))
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Fault {
        Fault::Own(Box::new(error))
    }
}

impl QueryError {
    /// Its SQLSTATE and message.
    fn said(&self) -> (SqlState, String) {
        // What a template of the dialect raises says its own state.
        if let Some((state, text)) = self.message.strip_prefix("graticule ").and_then(|raised| raised.split_once(": "))
            && let Ok(state) = <[u8; 5]>::try_from(state.as_bytes())
        {
            return (SqlState(state), text.to_owned());
        }
        // PostGIS has another state for it.
        if let Some((function, _)) = self.message.split_once(" only applies to POINT")
            && matches!(function, "ST_X" | "ST_Y")
        {
            return (SqlState::INTERNAL_ERROR, format!("Argument to {function}() must have type POINT"));
        }
        // `line 1:15: ` is about our text, not the client's.
        let placed = self.message.strip_prefix("line ").and_then(|rest| rest.split_once(": "));
        let message = match placed {
            Some((place, rest)) if place.chars().all(|c| c.is_ascii_digit() || c == ':') => rest,
            _ => &self.message,
        };
        (self.state(), message.lines().next().unwrap_or_default().to_owned())
    }

    fn state(&self) -> SqlState {
        match self.error_name.as_str() {
            "AMBIGUOUS_NAME" => SqlState::AMBIGUOUS_COLUMN,
            "CATALOG_NOT_FOUND" => SqlState::INVALID_CATALOG_NAME,
            "COLUMN_NOT_FOUND" => SqlState::UNDEFINED_COLUMN,
            "DIVISION_BY_ZERO" => SqlState::DIVISION_BY_ZERO,
            "EXCEEDED_TIME_LIMIT" | "USER_CANCELED" => SqlState::QUERY_CANCELED,
            "FUNCTION_NOT_FOUND" => SqlState::UNDEFINED_FUNCTION,
            "INVALID_CAST_ARGUMENT" => SqlState::INVALID_TEXT_REPRESENTATION,
            "INVALID_FUNCTION_ARGUMENT" => SqlState::INVALID_PARAMETER_VALUE,
            "INVALID_LITERAL" => SqlState::DATA_EXCEPTION,
            "NOT_SUPPORTED" => SqlState::FEATURE_NOT_SUPPORTED,
            "NUMERIC_VALUE_OUT_OF_RANGE" => SqlState::NUMERIC_VALUE_OUT_OF_RANGE,
            "PERMISSION_DENIED" => SqlState::INSUFFICIENT_PRIVILEGE,
            "QUERY_QUEUE_FULL" => SqlState::TOO_MANY_CONNECTIONS,
            "SCHEMA_NOT_FOUND" => SqlState::INVALID_SCHEMA_NAME,
            "SUBQUERY_MULTIPLE_ROWS" => SqlState::CARDINALITY_VIOLATION,
            "SYNTAX_ERROR" => SqlState::SYNTAX_ERROR,
            "TABLE_NOT_FOUND" => SqlState::UNDEFINED_TABLE,
            "TYPE_MISMATCH" => SqlState::DATATYPE_MISMATCH,
            "ABANDONED_QUERY"
            | "ADMINISTRATIVELY_KILLED"
            | "ADMINISTRATIVELY_PREEMPTED"
            | "NO_NODES_AVAILABLE"
            | "PAGE_TRANSPORT_ERROR"
            | "PAGE_TRANSPORT_TIMEOUT"
            | "REMOTE_HOST_GONE"
            | "REMOTE_TASK_ERROR"
            | "SERVER_SHUTTING_DOWN"
            | "SERVER_STARTING_UP"
            | "TOO_MANY_REQUESTS_FAILED" => SqlState::CONNECTION_FAILURE,
            _ if self.error_type == "INSUFFICIENT_RESOURCES" => SqlState(*b"53000"),
            _ => SqlState::FDW_ERROR,
        }
    }
}

impl Fault {
    /// What the client of a statement is told.
    pub fn into_error(self, server: &str, sql: &TargetSql) -> Error {
        let (state, message) = match self {
            Fault::Own(error) => return *error,
            Fault::Malformed => return malformed(server),
            Fault::Query(error) => error.said(),
        };
        if state == SqlState::CONNECTION_FAILURE {
            return lost(server, message);
        }
        withheld(server, sql, state, &message).unwrap_or_else(|| Error::new(state, message))
    }

    /// For statements of our own.
    pub fn into_own_error(self, server: &str) -> Error {
        match self {
            Fault::Own(error) => *error,
            Fault::Malformed => malformed(server),
            Fault::Query(error) => {
                let (state, message) = error.said();
                Error::new(state, format!("server \"{server}\": {message}"))
            }
        }
    }
}

fn malformed(server: &str) -> Error {
    let message = format!("server \"{server}\" does not keep to the client protocol");
    Error::new(SqlState::PROTOCOL_VIOLATION, message).detail("An answer is no page of a result.")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Errors as Trino 476 gives them.
    #[test]
    fn errors_have_the_states_of_postgresql() {
        for (name, kind, message, state, text) in [
            ("GENERIC_USER_ERROR", "USER_ERROR", "graticule 22012: division by zero", "22012", "division by zero"),
            (
                "TABLE_NOT_FOUND",
                "USER_ERROR",
                "line 1:15: Table 'memory.default.nosuch' does not exist",
                "42P01",
                "Table 'memory.default.nosuch' does not exist",
            ),
            ("DIVISION_BY_ZERO", "USER_ERROR", "Division by zero", "22012", "Division by zero"),
            ("INVALID_CAST_ARGUMENT", "USER_ERROR", "Cannot cast 'a' to INT", "22P02", "Cannot cast 'a' to INT"),
            ("EXCEEDED_LOCAL_MEMORY_LIMIT", "INSUFFICIENT_RESOURCES", "x", "53000", "x"),
            ("GENERIC_INTERNAL_ERROR", "INTERNAL_ERROR", "x", "HV000", "x"),
        ] {
            let error = QueryError { message: message.into(), error_name: name.into(), error_type: kind.into() };
            let (found, said) = error.said();
            assert_eq!((found.code(), said.as_str()), (state, text));
        }
    }
}

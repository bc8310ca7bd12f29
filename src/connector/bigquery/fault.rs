//! BigQuery's errors in SQLSTATEs.

use reqwest::StatusCode;
use serde::Deserialize;

use crate::connector::fault::{lost, withheld};
use crate::connector::rest::Answer;
use crate::dialect::TargetSql;
use crate::error::{Error, SqlState};

/// An error as BigQuery tells it.
#[derive(Clone, Debug, Default)]
pub(super) struct Fault {
    pub status: u16,
    pub reason: String,
    pub message: String,
}

#[derive(Deserialize)]
struct Body {
    error: Told,
}

#[derive(Deserialize)]
struct Told {
    #[serde(default)]
    message: String,
    #[serde(default)]
    errors: Vec<Proto>,
}

/// `ErrorProto` of the API.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Proto {
    #[serde(default)]
    pub reason: String,
    #[serde(default)]
    pub message: String,
}

impl Fault {
    /// `None`: the answer has no error of BigQuery's form.
    pub fn of(answer: &Answer) -> Option<Fault> {
        let body: Body = serde_json::from_slice(&answer.body).ok()?;
        let reason = body.error.errors.into_iter().next().map(|first| first.reason).unwrap_or_default();
        Some(Fault { status: answer.status.as_u16(), reason, message: body.error.message })
    }

    pub fn of_proto(proto: &Proto) -> Fault {
        Fault { status: 400, reason: proto.reason.clone(), message: proto.message.clone() }
    }

    pub fn is_busy(&self) -> bool {
        matches!(self.reason.as_str(), "rateLimitExceeded" | "jobRateLimitExceeded" | "jobBackendError")
    }

    /// The state and the message that PostgreSQL would have.
    fn state(&self) -> (SqlState, String) {
        // An emulator says which of its steps failed.
        let message = self.message.rsplit_once("failed to scan rows: ").map_or(&*self.message, |(_, rest)| rest);
        let message = message.split_once("graticule ").map_or(message, |(_, raised)| {
            if raised.get(5..7) == Some(": ") { &message[message.len() - raised.len() - 10..] } else { message }
        });
        // What a template of the dialect raises says its own state.
        if let Some((state, text)) = message.strip_prefix("graticule ").and_then(|raised| raised.split_once(": "))
            && let Ok(state) = <[u8; 5]>::try_from(state.as_bytes())
        {
            let text = text.split("; error in ").next().unwrap_or(text);
            return (SqlState(state), text.to_owned());
        }
        let has = |word: &str| message.contains(word);
        let state = match self.reason.as_str() {
            "stopped" => SqlState::QUERY_CANCELED,
            "timeout" => SqlState::QUERY_CANCELED,
            "accessDenied" => SqlState::INSUFFICIENT_PRIVILEGE,
            "bytesBilledLimitExceeded" => SqlState(*b"53400"),
            "quotaExceeded" | "rateLimitExceeded" | "jobRateLimitExceeded" => SqlState(*b"53400"),
            "responseTooLarge" => SqlState::PROGRAM_LIMIT_EXCEEDED,
            "resourcesExceeded" => SqlState(*b"53000"),
            "backendError" | "internalError" | "jobBackendError" | "jobInternalError" if !has("[at ") && !has(": ") => {
                SqlState::CONNECTION_FAILURE
            }
            "notFound" if has("Job") => SqlState::CONNECTION_FAILURE,
            "notFound" if has("Dataset") => SqlState::INVALID_SCHEMA_NAME,
            "notFound" => SqlState::UNDEFINED_TABLE,
            _ if self.status == StatusCode::FORBIDDEN.as_u16() => SqlState::INSUFFICIENT_PRIVILEGE,
            _ if has("division by zero") || has("zero divided") => SqlState::DIVISION_BY_ZERO,
            _ if has("overflow") || has("out of range") => SqlState::NUMERIC_VALUE_OUT_OF_RANGE,
            _ if has("Table not found") || has("Not found: Table") => SqlState::UNDEFINED_TABLE,
            _ if has("Unrecognized name") || has("not found inside") => SqlState::UNDEFINED_COLUMN,
            _ if has("Function not found") || has("No matching signature") => SqlState::UNDEFINED_FUNCTION,
            _ if has("Syntax error") => SqlState::SYNTAX_ERROR,
            _ if has("Could not cast") || has("Bad ") || has("Invalid ") => SqlState::INVALID_TEXT_REPRESENTATION,
            _ if has("produced more than one element") => SqlState::CARDINALITY_VIOLATION,
            "invalidQuery" | "invalid" => SqlState::SYNTAX_ERROR_OR_ACCESS_RULE_VIOLATION,
            _ => SqlState::FDW_ERROR,
        };
        let text = match state {
            SqlState::QUERY_CANCELED => "canceling statement due to user request",
            SqlState::DIVISION_BY_ZERO => "division by zero",
            _ => message,
        };
        (state, text.to_owned())
    }

    pub fn into_error(self) -> Error {
        let (state, message) = self.state();
        Error::new(state, message)
    }

    /// What the client is told of a statement's error.
    pub fn of_statement(&self, server: &str, sql: &TargetSql) -> Error {
        let (state, message) = self.state();
        withheld(server, sql, state, &message).unwrap_or_else(|| Error::new(state, message))
    }
}

/// 08006: what came is not what was to come.
pub(super) fn broken(server: &str, why: &str) -> Error {
    lost(server, why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_have_the_states_of_postgresql() {
        for (reason, message, state, text) in [
            (
                "invalidQuery",
                "graticule 22012: division by zero; error in ERROR expression",
                "22012",
                "division by zero",
            ),
            (
                "jobInternalError",
                "failed to scan rows: graticule 22003: integer out of range",
                "22003",
                "integer out of range",
            ),
            ("invalidQuery", "division by zero: 1 / 0", "22012", "division by zero"),
            ("notFound", "Not found: Table p:d.t was not found in location US", "42P01", ""),
            ("notFound", "Not found: Dataset p:d", "3F000", ""),
            ("invalidQuery", "Unrecognized name: x at [1:8]", "42703", ""),
            ("invalidQuery", "Syntax error: Expected end of input at [1:8]", "42601", ""),
            ("stopped", "Job execution was cancelled: User requested cancellation", "57014", ""),
            ("bytesBilledLimitExceeded", "Query exceeded limit for bytes billed", "53400", ""),
            ("accessDenied", "Access Denied: Table p:d.t", "42501", ""),
            ("quotaExceeded", "Quota exceeded", "53400", ""),
            ("something", "something else", "HV000", "something else"),
        ] {
            let fault = Fault { status: 400, reason: reason.to_owned(), message: message.to_owned() };
            let (found, said) = fault.state();
            assert_eq!(found.code(), state, "{message}");
            assert!(text.is_empty() || said == text, "{said}");
        }
    }
}

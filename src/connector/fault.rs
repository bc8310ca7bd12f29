//! What a client is told of what went wrong on a server or on the way to it: one rule for every backend.

use crate::dialect::TargetSql;
use crate::error::{Error, SqlState};

/// What the client is told in place of a source's own error (DESIGN section 8); `None`: it may read all of that.
///
/// The texts of a source hold values. They pass on only where the statement is the client's own as a whole and reads relations that hide
/// nothing ([`TargetSql::passes_errors`]); otherwise the client gets the state and words that say no more than the state does.
pub(super) fn withheld(server: &str, sql: &TargetSql, state: SqlState, message: &str) -> Option<Error> {
    if sql.passes_errors() {
        return None;
    }
    tracing::debug!(server, %state, message, "source error withheld");
    let words = match state {
        SqlState::CHECK_VIOLATION => "a row violates a check constraint",
        SqlState::DIVISION_BY_ZERO => "division by zero",
        SqlState::FOREIGN_KEY_VIOLATION => "a row violates a foreign key constraint",
        SqlState::IN_FAILED_SQL_TRANSACTION => {
            "current transaction is aborted, commands ignored until end of transaction block"
        }
        SqlState::INVALID_TEXT_REPRESENTATION => "invalid input syntax",
        SqlState::NOT_NULL_VIOLATION => "null value violates not-null constraint",
        SqlState::NUMERIC_VALUE_OUT_OF_RANGE => "value out of range",
        SqlState::QUERY_CANCELED => return Some(canceled()),
        SqlState::SERIALIZATION_FAILURE => "could not serialize access due to concurrent update",
        SqlState::UNIQUE_VIOLATION => "duplicate key value violates unique constraint",
        state => {
            let message = format!("server \"{server}\" reported an error of class {}", &state.code()[..2]);
            return Some(Error::new(state, message));
        }
    };
    Some(Error::new(state, words))
}

/// 08006: the connection went in mid-work.
pub(super) fn lost(server: &str, why: impl ToString) -> Error {
    Error::new(SqlState::CONNECTION_FAILURE, format!("the connection to server \"{server}\" was lost"))
        .detail(why.to_string())
}

/// 08001: no connection could be made.
pub(super) fn unreachable(server: &str, why: impl ToString) -> Error {
    Error::new(SqlState(*b"08001"), format!("could not connect to server \"{server}\"")).detail(why.to_string())
}

/// 57014, in PostgreSQL's words.
pub(super) fn canceled() -> Error {
    Error::new(SqlState::QUERY_CANCELED, "canceling statement due to user request")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stay_with_the_source_unless_the_statement_is_the_clients_own() {
        let whole = TargetSql::for_test("SELECT 1", Vec::new(), Vec::new());
        let part = whole.clone().in_part();
        let said = "Key (name)=(secret) already exists, 1/0, 'secret' is no number";
        for (code, words) in [
            ("22012", "division by zero"),
            ("22003", "value out of range"),
            ("22P02", "invalid input syntax"),
            ("23505", "duplicate key value violates unique constraint"),
            ("57014", "canceling statement due to user request"),
            ("42P01", "server \"far\" reported an error of class 42"),
            ("HV000", "server \"far\" reported an error of class HV"),
        ] {
            let state = SqlState::parse(code).expect("a state");
            assert!(withheld("far", &whole, state, said).is_none(), "{code}");
            let error = withheld("far", &part, state, said).expect("withheld");
            assert_eq!((error.state(), error.message()), (state, words));
            assert!(!format!("{error:?}").contains("secret"), "{error:?}");
        }
    }
}

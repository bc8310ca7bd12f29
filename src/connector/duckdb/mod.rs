//! The `duckdb` connector: DuckDB databases through DuckDB's own library, which is an ADBC driver.
//!
//! The library runs in a worker process (`connector::adbc`). A database file is opened read-only: statements only read, and other
//! processes may read it too.

mod describe;
mod options;
mod types;

use std::sync::Arc;

use async_trait::async_trait;

use self::options::Duckdb;
use super::adbc::{Failure, Flavour, Pool, raised};
use super::options::invalid_option;
use super::{Connector, Counters, Cursor, Execution, Options, RemoteTables, Wrapper};
use crate::error::{Result, SqlState};

/// `FOREIGN DATA WRAPPER duckdb`.
pub(super) struct DuckdbWrapper;

impl Wrapper for DuckdbWrapper {
    fn check_server(&self, server: &str, options: &Options) -> Result<()> {
        Duckdb::parse(server, options).map(|_| ())
    }

    fn check_mapping(&self, _server: &str, options: &Options) -> Result<()> {
        // A file has no users of its own: who may use the server is said by GRANT.
        options.keys().next().map_or(Ok(()), |name| Err(invalid_option(name, &[])))
    }

    fn needs_mapping(&self) -> bool {
        false
    }

    fn default_schema(&self) -> &'static str {
        "main"
    }

    fn connect(&self, server: &str, options: &Options, _mapping: &Options) -> Result<Arc<dyn Connector>> {
        let parsed = Duckdb::parse(server, options)?;
        let pool = Pool::new(server, parsed.launch(), parsed.limits, Box::new(DuckdbFlavour));
        Ok(Arc::new(DuckdbConnector { pool, srid: parsed.srid }))
    }
}

#[derive(Debug)]
struct DuckdbConnector {
    pool: Pool,
    /// Of geometry columns without a CRS.
    srid: i32,
}

#[async_trait]
impl Connector for DuckdbConnector {
    async fn open(&self, execution: Execution) -> Result<Box<dyn Cursor>> {
        self.pool.open(execution).await
    }

    async fn describe(&self, schema: &str) -> Result<RemoteTables> {
        describe::describe(&self.pool, self.srid, schema).await
    }

    fn counters(&self) -> Counters {
        self.pool.counters()
    }

    fn close(&self) {
        self.pool.close();
    }
}

/// DuckDB gives no SQLSTATE: the class of an error is the first words of its message.
#[derive(Debug)]
struct DuckdbFlavour;

impl Flavour for DuckdbFlavour {
    fn error(&self, failure: &Failure) -> (SqlState, String) {
        let (class, rest) = failure.message.split_once(" Error: ").unwrap_or(("", &failure.message));
        // What follows is a drawing of the statement, and hints that name objects.
        let message = rest.lines().next().unwrap_or_default().trim_end_matches('!').to_owned();
        // What a template of the dialect raises says its own state.
        if message.starts_with("graticule ")
            && let Some((state, text)) = raised(&message)
        {
            return (state, text.to_owned());
        }
        let state = match class {
            "Binder" if message.contains("olumn") => SqlState::UNDEFINED_COLUMN,
            "Binder" => SqlState::SYNTAX_ERROR_OR_ACCESS_RULE_VIOLATION,
            "Catalog" if message.contains("Function") => SqlState::UNDEFINED_FUNCTION,
            "Catalog" if message.starts_with("Table") => SqlState::UNDEFINED_TABLE,
            "Catalog" => SqlState::UNDEFINED_OBJECT,
            "Constraint" => SqlState::INTEGRITY_CONSTRAINT_VIOLATION,
            "Connection" | "HTTP" => SqlState::CONNECTION_FAILURE,
            "Conversion" if message.contains("out of range") => SqlState::NUMERIC_VALUE_OUT_OF_RANGE,
            "Conversion" => SqlState::INVALID_TEXT_REPRESENTATION,
            "Decimal" | "Out of Range" => SqlState::NUMERIC_VALUE_OUT_OF_RANGE,
            "Divide by Zero" => SqlState::DIVISION_BY_ZERO,
            "INTERRUPT" => SqlState::QUERY_CANCELED,
            "IO" => SqlState::IO_ERROR,
            "Invalid Input" if message.contains("More than one row returned") => SqlState::CARDINALITY_VIOLATION,
            "Invalid Input" => SqlState::DATA_EXCEPTION,
            "Not implemented" => SqlState::FEATURE_NOT_SUPPORTED,
            "Out of Memory" => SqlState::OUT_OF_MEMORY,
            "Parser" | "Syntax" => SqlState::SYNTAX_ERROR,
            "Permission" => SqlState::INSUFFICIENT_PRIVILEGE,
            _ => SqlState::FDW_ERROR,
        };
        (state, message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Messages as DuckDB 1.5.5 gives them.
    #[test]
    fn errors_have_the_states_of_postgresql() {
        for (message, state, text) in [
            ("Invalid Input Error: graticule 22012: division by zero", "22012", "division by zero"),
            (
                "Catalog Error: Table with name nosuch does not exist!\nDid you mean \"pg_sequences\"?\n\nLINE 1: select",
                "42P01",
                "Table with name nosuch does not exist",
            ),
            (
                "Conversion Error: Could not convert string 'a' to INT32\n\nLINE 1: select 'a'::int",
                "22P02",
                "Could not convert string 'a' to INT32",
            ),
            (
                "Out of Range Error: Overflow in addition of INT64 (9223372036854775807 + 1)!",
                "22003",
                "Overflow in addition of INT64 (9223372036854775807 + 1)",
            ),
            ("INTERRUPT Error: Interrupted!", "57014", "Interrupted"),
            (
                "Catalog Error: Scalar Function with name nosuch does not exist!",
                "42883",
                "Scalar Function with name nosuch does not exist",
            ),
            ("something else", "HV000", "something else"),
        ] {
            let failure = Failure { message: message.to_owned(), ..Failure::default() };
            let (found, said) = DuckdbFlavour.error(&failure);
            assert_eq!((found.code(), said.as_str()), (state, text));
        }
    }
}

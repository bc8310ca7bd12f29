//! The `adbc` connector: any engine that has an ADBC driver, by configuration alone.
//!
//! `OPTIONS (driver '...', dialect '...')` name the library and what the engine's SQL is; options that are not ours are the driver's own.
//! Tables come from the driver's lists (`GetObjects`, `GetTableSchema`), types from Arrow, pinned settings and the place of an error's text
//! from the dialect's data. What a driver does not say is not guessed: such a column is there under its type's name, and is refused.

mod describe;
mod options;
mod types;

use std::sync::Arc;

use async_trait::async_trait;

use self::options::{Any, check_mapping};
use super::{Failure, Flavour, Kind, Pool, raised};
use crate::connector::{Connector, Counters, Cursor, Execution, Options, RemoteTables, Wrapper};
use crate::dialect::Dialect;
use crate::error::{Result, SqlState};

/// `FOREIGN DATA WRAPPER adbc`.
pub(in crate::connector) struct AnyWrapper;

impl Wrapper for AnyWrapper {
    fn check_server(&self, _server: &str, options: &Options) -> Result<()> {
        Any::parse(options).map(|_| ())
    }

    fn check_mapping(&self, _server: &str, options: &Options) -> Result<()> {
        check_mapping(options)
    }

    fn needs_mapping(&self) -> bool {
        false
    }

    fn default_schema(&self) -> &'static str {
        "public"
    }

    fn connect(&self, server: &str, options: &Options, mapping: &Options) -> Result<Arc<dyn Connector>> {
        let parsed = Any::parse(options)?;
        let flavour = AnyFlavour { dialect: parsed.dialect };
        let pool = Pool::new(server, parsed.launch(mapping), parsed.limits, Box::new(flavour));
        Ok(Arc::new(AnyConnector { pool, catalog: parsed.catalog, srid: parsed.srid, dialect: parsed.dialect }))
    }
}

#[derive(Debug)]
struct AnyConnector {
    pool: Pool,
    catalog: Option<String>,
    /// Of geometry columns that do not say theirs.
    srid: i32,
    dialect: &'static Dialect,
}

#[async_trait]
impl Connector for AnyConnector {
    async fn open(&self, execution: Execution) -> Result<Box<dyn Cursor>> {
        self.pool.open(execution).await
    }

    async fn describe(&self, schema: &str) -> Result<RemoteTables> {
        describe::describe(self, schema).await
    }

    fn counters(&self) -> Counters {
        self.pool.counters()
    }

    fn close(&self) {
        self.pool.close();
    }
}

/// Errors as ADBC gives them.
#[derive(Debug)]
struct AnyFlavour {
    dialect: &'static Dialect,
}

impl Flavour for AnyFlavour {
    fn error(&self, failure: &Failure) -> (SqlState, String) {
        let detail = |name: &String| failure.details.iter().find(|(key, _)| key == name).map(|(_, text)| text.as_str());
        let message =
            self.dialect.driver().message.as_ref().and_then(detail).unwrap_or_else(|| plain(&failure.message));
        if let Some((state, text)) = raised(message) {
            return (state, text.to_owned());
        }
        let known = || {
            let mut states = self.dialect.driver().states.iter();
            states.find(|(words, _)| message.starts_with(words.as_str())).map(|(_, state)| *state)
        };
        let given = failure.sqlstate.as_deref().and_then(SqlState::parse);
        let state = given.or_else(known).unwrap_or(match failure.kind {
            Kind::Cancelled | Kind::Timeout => SqlState::QUERY_CANCELED,
            Kind::Connection => SqlState::CONNECTION_FAILURE,
            Kind::Denied => SqlState::INSUFFICIENT_PRIVILEGE,
            Kind::Unsupported => SqlState::FEATURE_NOT_SUPPORTED,
            Kind::Invalid | Kind::Other => SqlState::FDW_ERROR,
        });
        (state, message.to_owned())
    }

    /// Drivers say of any failed query that it is one of input and output: a state of another class says more.
    fn is_lost(&self, failure: &Failure) -> bool {
        match &failure.sqlstate {
            Some(state) => state.starts_with("08") || matches!(state.as_str(), "57P01" | "57P02" | "57P03"),
            None => failure.kind == Kind::Connection && !failure.message.contains("graticule "),
        }
    }

    fn sends_ewkb(&self) -> bool {
        self.dialect.text.postgresql
    }
}

/// The first line of a message, without the driver's name before it and the words of C interfaces around it.
fn plain(message: &str) -> &str {
    let line = message.trim().lines().next().unwrap_or_default();
    let line = match line.split_once("] ") {
        Some((name, rest)) if name.starts_with('[') && !name.contains(' ') => rest,
        _ => line,
    };
    // What an engine of PostgreSQL's family says stands behind what its library was doing.
    let said = line.split_once("ERROR:  ").map_or(line, |(_, said)| said);
    said.split_once(". SQLSTATE: ").map_or(said, |(said, _)| said).trim_end()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Errors as PostgreSQL's driver 1.11 gives them.
    #[test]
    fn errors_have_the_states_and_words_of_the_engine() {
        let flavour = AnyFlavour { dialect: Dialect::postgis().expect("a dialect") };
        let failed = |message: &str, state: Option<&str>, detail: Option<&str>| Failure {
            kind: Kind::Connection,
            message: message.to_owned(),
            sqlstate: state.map(str::to_owned),
            details: detail.map(|text| ("PG_DIAG_MESSAGE_PRIMARY".to_owned(), text.to_owned())).into_iter().collect(),
            ..Failure::default()
        };
        for (message, state, detail, expected, text) in [
            (
                "[libpq] Failed to execute query: could not begin COPY: ERROR:  division by zero\n\nQuery was: COPY (...)",
                Some("22012"),
                Some("division by zero"),
                "22012",
                "division by zero",
            ),
            (
                "[libpq] Execution error [PGRES_FATAL_ERROR]: ERROR:  division by zero\n. SQLSTATE: 22012",
                Some("22012"),
                None,
                "22012",
                "division by zero",
            ),
            ("[libpq] could not connect. SQLSTATE: 00000", None, None, "08006", "could not connect"),
        ] {
            let failure = failed(message, state, detail);
            let (found, said) = flavour.error(&failure);
            assert_eq!((found.code(), said.as_str()), (expected, text), "{message}");
            assert_eq!(flavour.is_lost(&failure), state.is_none(), "{message}");
        }
    }
}

//! Backends by the name of their foreign-data wrapper, and what the rest of the house holds of them.
//!
//! PostgreSQL has transactions, remote portals and rows that are relayed; every other backend is a [`Connector`]: its statements only
//! read, each on a connection or job of its own. A new one adds a line to [`wrapper`].

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;

use super::adbc::AnyWrapper;
use super::bigquery::BigqueryWrapper;
use super::duckdb::DuckdbWrapper;
use super::options::{invalid_option, invalid_value, missing_option};
use super::postgres::{self, Credentials, PostgresServer};
use super::snowflake::SnowflakeWrapper;
use super::trino::TrinoWrapper;
use super::{Cursor, Execution};
use crate::dialect::TargetSql;
use crate::error::{Error, Result};
use crate::kernels::Formats;
use crate::types::PgType;

/// Names of the wrappers, sorted.
pub const WRAPPERS: [&str; 7] = ["adbc", "bigquery", "duckdb", "geoparquet", "postgres", "snowflake", "trino"];

/// OPTIONS of a server or a user mapping.
pub type Options = BTreeMap<String, String>;

/// The kind of a backend that is neither PostgreSQL nor files.
pub trait Wrapper: Send + Sync {
    /// Checks the OPTIONS of a server: HV00D names a wrong one.
    fn check_server(&self, server: &str, options: &Options) -> Result<()>;

    /// Checks the OPTIONS of a user mapping.
    fn check_mapping(&self, server: &str, options: &Options) -> Result<()>;

    /// Must a role have a user mapping?
    fn needs_mapping(&self) -> bool;

    /// The schema that attach takes when none is named.
    fn default_schema(&self) -> &'static str;

    /// Are names written without quotes stored in capitals there? Attached, such names are in small letters.
    fn capitals(&self) -> bool {
        false
    }

    /// The connector of one (database, version of the server, credential identity). It connects when it is asked for something.
    fn connect(&self, server: &str, options: &Options, mapping: &Options) -> Result<Arc<dyn Connector>>;
}

/// The wrapper of that name.
pub fn wrapper(name: &str) -> Option<&'static dyn Wrapper> {
    match name {
        "adbc" => Some(&AnyWrapper),
        "bigquery" => Some(&BigqueryWrapper),
        "duckdb" => Some(&DuckdbWrapper),
        "snowflake" => Some(&SnowflakeWrapper),
        "trino" => Some(&TrinoWrapper),
        _ => None,
    }
}

/// A backend other than PostgreSQL, as one identity.
#[async_trait]
pub trait Connector: Debug + Send + Sync {
    /// Runs a statement that reads. Cursors do not disturb each other.
    async fn open(&self, execution: Execution) -> Result<Box<dyn Cursor>>;

    /// Bytes that a statement without parameters would read, where the backend tells that without running it.
    async fn estimate(&self, _sql: &TargetSql) -> Result<Option<u64>> {
        Ok(None)
    }

    /// The tables of a schema.
    async fn describe(&self, schema: &str) -> Result<RemoteTables>;

    fn counters(&self) -> Counters;

    /// Takes no new statement; those open end by themselves.
    fn close(&self);
}

/// What a pool holds, for metrics.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Counters {
    /// Connections that exist, those being made or cleaned included.
    pub open: usize,
    /// Connections out, those being cleaned included.
    pub in_use: usize,
    pub idle: usize,
}

/// A schema of a backend, in our types.
#[derive(Clone, Debug, Default)]
pub struct RemoteTables {
    pub schema: String,
    /// The engine's version as it says it.
    pub version: String,
    /// The schema of the PostGIS extension, where the engine is PostgreSQL.
    pub postgis_schema: Option<String>,
    pub tables: Vec<RemoteTable>,
}

/// A table or view of a backend.
#[derive(Clone, Debug, Default)]
pub struct RemoteTable {
    pub name: String,
    pub is_view: bool,
    pub comment: Option<String>,
    pub rows: Option<f64>,
    pub columns: Vec<RemoteField>,
    /// Names of the primary key's columns, in its order.
    pub primary_key: Vec<String>,
    /// Column names of each UNIQUE constraint.
    pub unique: Vec<Vec<String>>,
}

/// A column of a [`RemoteTable`].
#[derive(Clone, Debug)]
pub struct RemoteField {
    pub name: String,
    pub ty: FieldType,
    pub not_null: bool,
    pub comment: Option<String>,
}

/// What a column's type is here.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum FieldType {
    Known {
        ty: PgType,
        typmod: i32,
    },
    /// A type that PostgreSQL does not have: the column is there, under the type's own name.
    Foreign(String),
}

/// The connections of one (database, version of the server, credential identity). Cloning shares them.
#[derive(Clone, Debug)]
pub enum Pool {
    Other(Arc<str>, Arc<dyn Connector>),
    Postgres(postgres::Pool),
}

impl Pool {
    /// A pool that connects when it is asked for a lease.
    pub fn new(wrapper_name: &str, server: &str, options: &Options, mapping: &Options) -> Result<Pool> {
        let options = &own(options);
        if wrapper_name == "postgres" {
            let server_options = PostgresServer::parse(server, pairs(options))?;
            let credentials = Credentials::parse(server, pairs(mapping))?;
            return Ok(Pool::Postgres(postgres::Pool::new(server_options, credentials)));
        }
        match wrapper(wrapper_name) {
            Some(found) => Ok(Pool::Other(server.into(), found.connect(server, options, mapping)?)),
            None => Err(Error::unsupported(format!("connecting to server \"{server}\" of wrapper {wrapper_name}"))),
        }
    }

    /// The server's name.
    pub fn server(&self) -> &str {
        match self {
            Pool::Other(server, _) => server,
            Pool::Postgres(pool) => &pool.server().name,
        }
    }

    /// True when both are the same pool.
    pub fn is(&self, other: &Pool) -> bool {
        match (self, other) {
            (Pool::Other(_, a), Pool::Other(_, b)) => Arc::ptr_eq(a, b),
            (Pool::Postgres(a), Pool::Postgres(b)) => a.is(b),
            (Pool::Other(..) | Pool::Postgres(_), _) => false,
        }
    }

    pub fn counters(&self) -> Counters {
        match self {
            Pool::Other(_, connector) => connector.counters(),
            Pool::Postgres(pool) => pool.counters(),
        }
    }

    /// Closes idle connections now, and leased ones when they come back.
    pub fn close(&self) {
        match self {
            Pool::Other(_, connector) => connector.close(),
            Pool::Postgres(pool) => pool.close(),
        }
    }

    /// A connection for one statement.
    pub async fn lease(&self) -> Result<Lease> {
        Ok(match self {
            Pool::Other(_, connector) => Lease::Other(Arc::clone(connector)),
            Pool::Postgres(pool) => Lease::Postgres(pool.lease().await?),
        })
    }
}

impl From<postgres::Pool> for Pool {
    fn from(pool: postgres::Pool) -> Pool {
        Pool::Postgres(pool)
    }
}

/// A connection for one statement outside of a transaction.
#[derive(Debug)]
#[allow(clippy::large_enum_variant)] // moved once a statement; a box would be one more allocation on PostgreSQL's way
pub enum Lease {
    Other(Arc<dyn Connector>),
    Postgres(postgres::Lease),
}

impl Lease {
    /// The session's formats, for rows that are relayed.
    pub fn ensure_settings(&mut self, formats: &Formats) {
        match self {
            Lease::Other(_) => {}
            Lease::Postgres(lease) => lease.ensure_settings(formats),
        }
    }

    /// Runs a statement in a transaction of its own.
    pub async fn open(self, execution: Execution) -> Result<Box<dyn Cursor>> {
        match self {
            Lease::Other(connector) => connector.open(execution).await,
            Lease::Postgres(lease) => lease.open(execution).await,
        }
    }
}

/// A transaction's connection to one server. Cloning shares it.
#[derive(Clone, Debug)]
pub enum SharedLease {
    Other(Arc<str>, Arc<dyn Connector>),
    Postgres(postgres::SharedLease),
}

impl SharedLease {
    /// Takes a pool's connection into a transaction.
    pub(crate) async fn begin(pool: &Pool, begin: &str) -> Result<SharedLease> {
        Ok(match pool {
            Pool::Other(server, connector) => SharedLease::Other(Arc::clone(server), Arc::clone(connector)),
            Pool::Postgres(pool) => {
                SharedLease::Postgres(postgres::SharedLease::begin(pool.lease().await?, begin).await?)
            }
        })
    }

    pub fn server(&self) -> &str {
        match self {
            SharedLease::Other(server, _) => server,
            SharedLease::Postgres(lease) => lease.server(),
        }
    }

    /// As [`Connector::estimate`].
    pub async fn estimate(&self, sql: &TargetSql) -> Result<Option<u64>> {
        match self {
            SharedLease::Other(_, connector) => connector.estimate(sql).await,
            SharedLease::Postgres(_) => Ok(None),
        }
    }

    /// As [`Lease::ensure_settings`].
    pub async fn ensure_settings(&self, formats: &Formats) -> Result<()> {
        match self {
            SharedLease::Other(..) => Ok(()),
            SharedLease::Postgres(lease) => lease.ensure_settings(formats).await,
        }
    }

    /// Opens a statement that is fetched at once.
    pub async fn open(&self, execution: Execution) -> Result<Box<dyn Cursor>> {
        match self {
            SharedLease::Other(_, connector) => connector.open(execution).await,
            SharedLease::Postgres(lease) => lease.open(execution).await,
        }
    }

    /// Opens a cursor that is fetched later, and sees the data of now.
    pub async fn open_held(&self, execution: Execution) -> Result<Box<dyn Cursor>> {
        match self {
            // Opening executes: the result is that of now.
            SharedLease::Other(_, connector) => connector.open(execution).await,
            SharedLease::Postgres(lease) => lease.open_held(execution).await,
        }
    }

    /// Runs transaction control; answers the command tag. Backends that only read have nothing to control.
    pub(crate) async fn command(&self, text: &str) -> Result<String> {
        match self {
            SharedLease::Other(..) => Ok(text.to_owned()),
            SharedLease::Postgres(lease) => lease.command(text).await,
        }
    }

    /// ROLLBACK; what an abandoned fetch left running is cancelled.
    pub(crate) async fn rollback(&self) -> Result<()> {
        match self {
            SharedLease::Other(..) => Ok(()),
            SharedLease::Postgres(lease) => lease.rollback().await.map(|_| ()),
        }
    }

    /// Ends the sharing.
    pub(crate) async fn release(&self) {
        if let SharedLease::Postgres(lease) = self {
            lease.release().await;
        }
    }

    /// Ends the sharing unless a fetch is under way: then its cursor's end does.
    pub(crate) fn abandon(&self) {
        if let SharedLease::Postgres(lease) = self {
            lease.abandon();
        }
    }
}

/// The option of a server of any wrapper but files: the most bytes that a part of a statement may read there without a condition or LIMIT.
pub const MAX_LEAF_BYTES: &str = "max_leaf_bytes";

/// The value of the option `max_leaf_bytes`: `1GB`, `500MB`, `64kB`, or bytes.
pub fn max_leaf_bytes(options: &Options) -> Result<Option<u64>> {
    let Some(value) = options.get(MAX_LEAF_BYTES) else { return Ok(None) };
    let text = value.trim();
    let digits = text.len() - text.trim_start_matches(|letter: char| letter.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let shift = match unit.trim() {
        "" | "B" => 0,
        "kB" => 10,
        "MB" => 20,
        "GB" => 30,
        "TB" => 40,
        _ => {
            return Err(
                invalid_value(MAX_LEAF_BYTES, value).hint("Valid units are \"B\", \"kB\", \"MB\", \"GB\", and \"TB\".")
            );
        }
    };
    let bytes = number.parse::<u64>().ok().and_then(|number| number.checked_mul(1 << shift));
    bytes.map(Some).ok_or_else(|| invalid_value(MAX_LEAF_BYTES, value))
}

/// Checks the OPTIONS of a server.
pub fn check_server(wrapper_name: &str, server: &str, options: &Options) -> Result<()> {
    if WRAPPERS.contains(&wrapper_name) && wrapper_name != "geoparquet" && options.contains_key(MAX_LEAF_BYTES) {
        max_leaf_bytes(options)?;
        return check_server(wrapper_name, server, &own(options));
    }
    match (wrapper_name, wrapper(wrapper_name)) {
        ("postgres", _) => PostgresServer::parse(server, pairs(options)).map(|_| ()),
        (_, Some(found)) => found.check_server(server, options),
        _ => match options.keys().find(|name| *name != "path") {
            None if options.contains_key("path") => Ok(()),
            None => Err(missing_option("path").hint("Give the folder that holds the files: OPTIONS (path '/data').")),
            Some(name) => Err(invalid_option(name, &["path"])),
        },
    }
}

/// Checks the OPTIONS of a user mapping.
pub fn check_mapping(wrapper_name: &str, server: &str, options: &Options) -> Result<()> {
    match (wrapper_name, wrapper(wrapper_name)) {
        ("postgres", _) => Credentials::parse(server, pairs(options)).map(|_| ()),
        (_, Some(found)) => found.check_mapping(server, options),
        _ => options.keys().next().map_or(Ok(()), |name| Err(invalid_option(name, &[]))),
    }
}

/// Must a role have a user mapping to use a server of that wrapper?
pub fn needs_mapping(wrapper_name: &str) -> bool {
    wrapper(wrapper_name).is_none_or(Wrapper::needs_mapping)
}

/// The remote schema that attach takes when none is named.
pub fn default_schema(wrapper_name: &str) -> &'static str {
    wrapper(wrapper_name).map_or("public", Wrapper::default_schema)
}

/// The options that are the wrapper's own.
fn own(options: &Options) -> Options {
    options
        .iter()
        .filter(|(name, _)| *name != MAX_LEAF_BYTES)
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

fn pairs(options: &Options) -> impl Iterator<Item = (&str, &str)> {
    options.iter().map(|(name, value)| (name.as_str(), value.as_str()))
}

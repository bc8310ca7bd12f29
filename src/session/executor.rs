//! The seam between the session and the request path: the session speaks protocol, the [`Executor`] runs statements.

use std::any::Any;
use std::borrow::Cow;
use std::sync::{Arc, Mutex};

use crate::sql::ast::TypeName;
use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use crate::connector::{Cursor, Format};
use crate::error::{Error, Result, SqlState};
use crate::kernels::{Env, Formats};
use crate::session::settings::SharedSettings;
use crate::sql::{Isolation, Statement};
use crate::types::{Datum, PgType};

/// What a statement may know of its session. The session keeps one and changes it in place between statements;
/// a clone is cheap (shared parts), for cursors that outlive their statement.
#[derive(Clone)]
pub struct SessionContext {
    /// Number of the connection: `pg_backend_pid()`.
    pub pid: i32,
    pub database: Arc<str>,
    /// `session_user`.
    pub session_user: Arc<str>,
    /// `current_user`: the role set by SET ROLE, else the session's user.
    pub user: Arc<str>,
    /// The client's address; `None` over a local socket.
    pub peer: Option<std::net::SocketAddr>,
    /// `search_path` as written, `"$user"` unresolved.
    pub search_path: Arc<[String]>,
    pub formats: Arc<Formats>,
    /// All settings; `set_config` writes here, and the session notices after the statement.
    pub settings: Arc<SharedSettings>,
    /// `now()`, microseconds since 2000-01-01 UTC.
    pub transaction_time: i64,
    /// `statement_timestamp()`, same unit.
    pub statement_time: i64,
    /// The running transaction's characteristics (SET TRANSACTION may change them until the first query).
    pub mode: TransactionMode,
    /// True where several statements share a transaction (BEGIN ... COMMIT, a query string, a pipeline), false for a statement
    /// in its own.
    pub in_block: bool,
    /// Free for the executor: what it keeps for the whole session (temporary layer, caches).
    pub slot: Arc<Mutex<Option<Box<dyn Any + Send>>>>,
}

/// A transaction's characteristics.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct TransactionMode {
    pub isolation: Isolation,
    pub read_only: bool,
    pub deferrable: bool,
}

impl Default for TransactionMode {
    fn default() -> TransactionMode {
        TransactionMode { isolation: Isolation::ReadCommitted, read_only: false, deferrable: false }
    }
}

/// The request path as the session sees it.
#[async_trait]
pub trait Executor: Send + Sync {
    /// A client logs in: 3D000 for an unknown database, 28000 for an unknown role or one that may not log in.
    /// Answers whether the role is a superuser.
    async fn connect(&self, database: &str, user: &str) -> Result<Login>;

    /// The statements of a query string, perhaps from a cache; empty ones vanish.
    fn parse(&self, session: &SessionContext, text: &str) -> Result<Arc<[Arc<Statement>]>> {
        let _ = session;
        Ok(crate::sql::parse(text)?.into_iter().map(Arc::new).collect())
    }

    /// Whether what a plan was made from (settings, definitions, role, privileges, policies) is still so; if not, the session
    /// prepares again. `transaction`: the one that runs, whose own definitions count.
    fn is_valid(
        &self,
        session: &SessionContext,
        transaction: Option<&mut dyn Transaction>,
        plan: &Arc<dyn Plan>,
    ) -> bool;

    /// Binds, secures and plans a [`crate::sql::Kind::Query`], `Ddl` or `Explain`. `declared`: parameter types that the client gave,
    /// [`PgType::INVALID`] (or `UNKNOWN`) where it gave none; 42P18 when one stays undetermined.
    async fn prepare(
        &self,
        session: &SessionContext,
        transaction: &mut dyn Transaction,
        statement: &Arc<Statement>,
        declared: &[PgType],
    ) -> Result<Arc<dyn Plan>>;

    /// Runs a plan.
    async fn open(&self, session: &SessionContext, transaction: &mut dyn Transaction, open: Open<'_>)
    -> Result<Opened>;

    /// Starts a transaction. Sources join it at first touch; `session.mode` may still change until then.
    async fn begin(&self, session: &SessionContext) -> Result<Box<dyn Transaction>>;

    /// The kernels' surroundings: parameter input, row output in the session's formats.
    fn env(&self, session: &SessionContext) -> Env;

    /// A type name of PREPARE's list; 42704 when there is none. `unknown` answers [`PgType::INVALID`].
    async fn resolve_type(&self, session: &SessionContext, name: &TypeName) -> Result<PgType>;

    /// SET ROLE or SET SESSION AUTHORIZATION: 22023 `role "x" does not exist`, 42501 without the right.
    async fn set_role(&self, session: &SessionContext, change: SetRole<'_>) -> Result<Login>;

    /// DISCARD TEMP and DISCARD ALL: drops the temporary layer and what is cached for the session.
    async fn discard(&self, session: &SessionContext) -> Result<()>;

    /// The session ends.
    async fn disconnect(&self, session: &SessionContext);

    /// The connections to servers, for `/metrics`.
    fn pools(&self) -> Vec<PoolCount> {
        Vec::new()
    }

    /// What was read of servers, for metrics.
    fn usage(&self) -> Vec<UsageCount> {
        Vec::new()
    }

    /// False with the reason while the process cannot serve (for `/ready`).
    fn ready(&self) -> std::result::Result<(), String> {
        Ok(())
    }
}

/// Connections to one server as one user.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PoolCount {
    pub database: String,
    pub server: String,
    /// Those that exist.
    pub open: usize,
    /// Those that a statement or a transaction has.
    pub in_use: usize,
}

/// What was read of one server as one role since the process began.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct UsageCount {
    pub database: String,
    pub server: String,
    pub role: String,
    /// Statements sent, and those that ended with an error.
    pub jobs: u64,
    pub failed: u64,
    /// What came here.
    pub rows: u64,
    pub bytes: u64,
    /// Bytes that the server says it read.
    pub scanned: u64,
}

/// What login and SET ROLE find out about a role.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Login {
    /// `is_superuser`.
    pub superuser: bool,
    /// ALTER ROLE/DATABASE ... SET: applied as session defaults.
    pub settings: Vec<(String, String)>,
}

/// Which of the two role commands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SetRole<'a> {
    Role(&'a str),
    SessionAuthorization(&'a str),
}

/// What [`Executor::open`] gets.
pub struct Open<'a> {
    pub plan: &'a Arc<dyn Plan>,
    /// One value per `plan.params()`.
    pub params: Vec<Datum>,
    /// The client's formats, one per output column: a source of the PostgreSQL family may relay framed rows in them.
    /// `None`: the rows are not for the wire (COPY text): batches only.
    pub relay: Option<Vec<Format>>,
    /// DECLARE CURSOR: its rows are those of now, whenever they are fetched.
    pub held: bool,
    pub cancel: CancellationToken,
}

/// A running statement.
pub struct Opened {
    /// Its rows; `None` for a statement that returns none (it is finished then).
    pub cursor: Option<Box<dyn Cursor>>,
    pub tag: Tag,
    pub notices: Vec<Notice>,
    /// Some rows are read from a source only when they are fetched: a later write of the transaction would change them.
    pub late: bool,
}

/// CommandComplete's tag. A count of `None` is counted by the session: the rows sent for SELECT,
/// [`Cursor::affected`] (or else the rows sent) for the others.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Tag {
    Delete(Option<u64>),
    /// Rows of a cursor: those sent are counted.
    Fetch,
    Insert(Option<u64>),
    Merge(Option<u64>),
    Select(Option<u64>),
    Update(Option<u64>),
    /// The tag as it is: `CREATE TABLE`, `EXPLAIN`.
    Utility(Cow<'static, str>),
}

/// A NoticeResponse.
#[derive(Clone, Debug)]
pub struct Notice {
    pub severity: Severity,
    pub error: Error,
}

/// Severities of notices, in rising order as `client_min_messages` compares them.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Severity {
    Debug,
    Log,
    Notice,
    Warning,
    /// Sent whatever `client_min_messages` says.
    Info,
}

impl Severity {
    pub fn name(self) -> &'static str {
        match self {
            Severity::Debug => "DEBUG",
            Severity::Log => "LOG",
            Severity::Notice => "NOTICE",
            Severity::Warning => "WARNING",
            Severity::Info => "INFO",
        }
    }
}

impl Notice {
    /// A NOTICE with SQLSTATE 00000.
    #[allow(clippy::self_named_constructors)] // named for its severity, as `warning`
    pub fn notice(message: impl Into<String>) -> Notice {
        Notice { severity: Severity::Notice, error: Error::new(SqlState(*b"00000"), message) }
    }

    pub fn warning(state: SqlState, message: impl Into<String>) -> Notice {
        Notice { severity: Severity::Warning, error: Error::new(state, message) }
    }
}

/// A prepared plan: immutable, shared by portals and caches.
pub trait Plan: Send + Sync {
    /// Output columns; empty for a statement without a result.
    fn columns(&self) -> &Arc<[OutputColumn]>;

    /// True for statements with a result (Describe answers RowDescription, even with no column), false for NoData.
    fn returns_rows(&self) -> bool;

    /// Parameter types, all determined.
    fn params(&self) -> &[PgType];

    /// INSERT, UPDATE, DELETE, MERGE, data-modifying WITH, DDL: must run to completion at the first Execute, and is
    /// refused in a cursor.
    fn modifies(&self) -> bool;

    /// May run without an explicit transaction's snapshot being taken: constant plans. Only a hint.
    fn is_constant(&self) -> bool {
        false
    }

    fn as_any(&self) -> &dyn Any;
}

/// One output column, as RowDescription tells it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OutputColumn {
    pub name: String,
    pub ty: PgType,
    pub typmod: i32,
    /// Oid of the table whose plain column this is, else 0.
    pub table_oid: u32,
    /// Its attribute number there, else 0.
    pub attnum: i16,
    /// The named type of whole rows of a relation, else 0.
    pub row_type: u32,
}

/// The executor's side of a transaction: leases of connections, overlay of the catalog.
/// Savepoints are numbered from 0, the depth of the stack; the session keeps their names.
#[async_trait]
pub trait Transaction: Send {
    async fn commit(self: Box<Self>, session: &SessionContext) -> Result<Vec<Notice>>;

    /// Must not fail: what cannot be undone orderly is thrown away (connections closed).
    async fn rollback(self: Box<Self>, session: &SessionContext);

    /// A new savepoint `level` (0-based).
    async fn savepoint(&mut self, level: usize) -> Result<()>;

    /// Forgets savepoint `level` and those above it.
    async fn release(&mut self, level: usize) -> Result<()>;

    /// Back to savepoint `level`, which stays; those above it are forgotten. All cursors opened since are closed already.
    async fn rollback_to(&mut self, level: usize) -> Result<()>;

    fn as_any_mut(&mut self) -> &mut dyn Any;
}

//! One client's session: transaction state machine, prepared statements, portals, and what is derived from the settings.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::executor::{Executor, Login, Notice, SessionContext, Severity, Transaction, TransactionMode};
use super::portal::{Portal, PortalState, Prepared};
use super::settings::{Settings, SharedSettings};
use crate::error::{Error, Result, SqlState};
use crate::sql::{Isolation, TransactionOptions};

/// Seconds from 1970-01-01 to 2000-01-01.
const EPOCH: u64 = 946_684_800;

/// Settings that are reported to the client with their values.
pub const REPORTED: &[&str] = &[
    "in_hot_standby",
    "integer_datetimes",
    "application_name",
    "TimeZone",
    "IntervalStyle",
    "is_superuser",
    "default_transaction_read_only",
    "standard_conforming_strings",
    "DateStyle",
    "client_encoding",
    "server_version",
    "server_encoding",
    "session_authorization",
];

/// Where the session is in a transaction block.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Block {
    /// Outside: each statement (or pipeline up to Sync) is its own transaction.
    None,
    /// Inside a query string of several statements.
    Implicit,
    /// After BEGIN.
    Begun,
    /// After BEGIN and an error.
    Failed,
}

pub struct Session {
    pub context: SessionContext,
    pub executor: Arc<dyn Executor>,
    pub prepared: HashMap<String, Arc<Prepared>>,
    pub portals: HashMap<String, Portal>,
    /// To be sent with the next answer.
    pub notices: Vec<Notice>,
    pub derived: Derived,
    pub(crate) transaction: Option<Box<dyn Transaction>>,
    block: Block,
    savepoints: Vec<String>,
    /// A query ran in this transaction: its isolation is fixed.
    queried: bool,
    /// The version of the settings that `derived` belongs to.
    seen: Option<u64>,
    reported: Vec<String>,
    login: Arc<str>,
}

/// Settings that are needed at every statement.
#[derive(Clone, Debug)]
pub struct Derived {
    pub statement_timeout: Option<Duration>,
    pub idle_in_transaction_timeout: Option<Duration>,
    pub idle_timeout: Option<Duration>,
    pub client_min_messages: Severity,
    default_mode: TransactionMode,
}

/// What a client said when it connected.
pub struct Startup {
    pub pid: i32,
    pub user: String,
    pub database: String,
    pub peer: Option<std::net::SocketAddr>,
    pub settings: Settings,
}

impl Session {
    pub fn new(executor: Arc<dyn Executor>, startup: Startup, login: &Login) -> Session {
        let user: Arc<str> = Arc::from(startup.user);
        let mut settings = startup.settings;
        settings.set_internal("session_authorization", &user);
        settings.set_internal("is_superuser", if login.superuser { "on" } else { "off" });
        let context = SessionContext {
            pid: startup.pid,
            database: Arc::from(startup.database),
            session_user: user.clone(),
            user: user.clone(),
            peer: startup.peer,
            search_path: Arc::new([]),
            formats: Arc::default(),
            settings: Arc::new(SharedSettings::new(settings)),
            transaction_time: 0,
            statement_time: 0,
            mode: TransactionMode::default(),
            in_block: false,
            slot: Arc::default(),
        };
        let derived = Derived {
            statement_timeout: None,
            idle_in_transaction_timeout: None,
            idle_timeout: None,
            client_min_messages: Severity::Notice,
            default_mode: TransactionMode::default(),
        };
        let mut session = Session {
            context,
            executor,
            prepared: HashMap::new(),
            portals: HashMap::new(),
            notices: Vec::new(),
            derived,
            transaction: None,
            block: Block::None,
            savepoints: Vec::new(),
            queried: false,
            seen: None,
            reported: Vec::new(),
            login: user,
        };
        session.refresh();
        session
    }

    pub fn block(&self) -> Block {
        self.block
    }

    /// The user who logged in: what RESET SESSION AUTHORIZATION goes back to.
    pub fn login(&self) -> &Arc<str> {
        &self.login
    }

    /// Depth of the savepoint stack.
    pub fn level(&self) -> usize {
        self.savepoints.len()
    }

    /// A new statement begins: its time, and the settings as they are now.
    pub fn start_statement(&mut self) {
        self.context.statement_time = now();
        self.refresh();
    }

    /// Takes over what SET or `set_config` changed.
    pub fn refresh(&mut self) {
        let version = self.context.settings.version();
        if self.seen == Some(version) {
            return;
        }
        self.seen = Some(version);
        let (context, derived) = (&mut self.context, &mut self.derived);
        let settings = context.settings.clone();
        settings.read(|settings| {
            context.formats = Arc::new(settings.formats());
            context.search_path = settings.search_path().into();
            if let Some(user) = settings.get("session_authorization")
                && *context.session_user != *user
            {
                context.session_user = Arc::from(user);
            }
            context.user = match settings.get("role") {
                None | Some("none") => context.session_user.clone(),
                Some(role) => Arc::from(role),
            };
            derived.statement_timeout = settings.timeout("statement_timeout");
            derived.idle_in_transaction_timeout = settings.timeout("idle_in_transaction_session_timeout");
            derived.idle_timeout = settings.timeout("idle_session_timeout");
            derived.client_min_messages = match settings.get("client_min_messages") {
                Some("warning") => Severity::Warning,
                Some("error") => Severity::Info,
                Some("log") => Severity::Log,
                Some(level) if level.starts_with("debug") => Severity::Debug,
                _ => Severity::Notice,
            };
            derived.default_mode = TransactionMode {
                isolation: settings
                    .get("default_transaction_isolation")
                    .and_then(Isolation::parse)
                    .unwrap_or(Isolation::ReadCommitted),
                read_only: settings.bool("default_transaction_read_only"),
                deferrable: settings.bool("default_transaction_deferrable"),
            };
        });
    }

    /// Reported settings whose value the client does not know yet.
    pub fn unreported(&mut self) -> Vec<(&'static str, String)> {
        self.refresh();
        let first = self.reported.is_empty();
        let reported = &mut self.reported;
        self.context.settings.read(|settings| {
            let mut changed = Vec::new();
            for (at, name) in REPORTED.iter().enumerate() {
                let value = settings.show(name).unwrap_or_default();
                if first {
                    reported.push(value.clone());
                } else if reported[at] == value {
                    continue;
                } else {
                    reported[at].clone_from(&value);
                }
                changed.push((*name, value));
            }
            changed
        })
    }

    /// Whether `unreported` may find something.
    pub fn may_report(&self, since: u64) -> bool {
        self.context.settings.version() != since
    }

    pub fn notice(&mut self, notice: Notice) {
        if notice.severity >= self.derived.client_min_messages {
            self.notices.push(notice);
        }
    }

    pub fn warn(&mut self, state: SqlState, message: &str) {
        self.notice(Notice::warning(state, message));
    }

    // Transactions.

    /// A query string of several statements begins.
    pub fn start_implicit_block(&mut self) {
        if self.block == Block::None {
            self.block = Block::Implicit;
        }
        self.context.in_block = true;
    }

    /// The statement that comes shares its transaction with others, up to the next Sync.
    pub fn share_transaction(&mut self) {
        self.context.in_block = true;
    }

    /// Starts the transaction of a statement unless one runs.
    pub async fn ensure_transaction(&mut self) -> Result<()> {
        if self.transaction.is_some() || self.block == Block::Failed {
            return Ok(());
        }
        self.context.transaction_time = self.context.statement_time;
        self.context.mode = self.derived.default_mode;
        self.context.in_block = self.block != Block::None;
        self.queried = false;
        let mode = self.context.mode;
        self.context.settings.write(|settings| {
            settings.begin();
            if mode != TransactionMode::default() {
                show_mode(settings, mode);
            }
        });
        match self.executor.begin(&self.context).await {
            Ok(transaction) => {
                self.transaction = Some(transaction);
                Ok(())
            }
            Err(error) => {
                self.context.settings.write(Settings::rollback);
                Err(error)
            }
        }
    }

    /// A query is about to run: from now on the isolation level is fixed.
    pub fn mark_queried(&mut self) {
        self.queried = true;
    }

    pub async fn begin(&mut self, options: TransactionOptions) -> Result<()> {
        if self.block == Block::Begun {
            self.warn(SqlState::ACTIVE_SQL_TRANSACTION, "there is already a transaction in progress");
            return self.set_transaction(options);
        }
        self.ensure_transaction().await?;
        self.block = Block::Begun;
        self.context.in_block = true;
        self.set_transaction(options)
    }

    /// SET TRANSACTION inside a block.
    pub fn set_transaction(&mut self, options: TransactionOptions) -> Result<()> {
        if options.snapshot {
            return Err(Error::unsupported("SET TRANSACTION SNAPSHOT"));
        }
        let mut mode = self.context.mode;
        let late = |message: &str| Err(Error::new(SqlState::ACTIVE_SQL_TRANSACTION, message));
        if let Some(isolation) = options.isolation {
            if isolation != mode.isolation && self.queried {
                return late("SET TRANSACTION ISOLATION LEVEL must be called before any query");
            }
            mode.isolation = isolation;
        }
        if let Some(read_only) = options.read_only {
            if mode.read_only && !read_only && self.queried {
                return late("transaction read-write mode must be set before any query");
            }
            mode.read_only = read_only;
        }
        if let Some(deferrable) = options.deferrable {
            if self.queried {
                return late("SET TRANSACTION [NOT] DEFERRABLE must be called before any query");
            }
            mode.deferrable = deferrable;
        }
        if mode != self.context.mode {
            self.context.mode = mode;
            self.context.settings.write(|settings| show_mode(settings, mode));
        }
        Ok(())
    }

    /// COMMIT; answers the tag.
    pub async fn commit(&mut self, chain: bool) -> Result<&'static str> {
        match self.block {
            Block::None | Block::Implicit => {
                if chain {
                    return Err(Self::only_in_blocks("COMMIT AND CHAIN"));
                }
                self.warn(SqlState::NO_ACTIVE_SQL_TRANSACTION, "there is no transaction in progress");
                self.end(true).await?;
                Ok("COMMIT")
            }
            Block::Begun => {
                let mode = self.context.mode;
                self.end(true).await?;
                self.chain(chain, mode).await?;
                Ok("COMMIT")
            }
            Block::Failed => {
                let mode = self.context.mode;
                self.end(false).await?;
                self.chain(chain, mode).await?;
                Ok("ROLLBACK")
            }
        }
    }

    pub async fn rollback(&mut self, chain: bool) -> Result<()> {
        if matches!(self.block, Block::None | Block::Implicit) {
            if chain {
                return Err(Self::only_in_blocks("ROLLBACK AND CHAIN"));
            }
            self.warn(SqlState::NO_ACTIVE_SQL_TRANSACTION, "there is no transaction in progress");
        }
        let mode = self.context.mode;
        self.end(false).await?;
        self.chain(chain, mode).await
    }

    async fn chain(&mut self, chain: bool, mode: TransactionMode) -> Result<()> {
        if !chain {
            return Ok(());
        }
        let options = TransactionOptions {
            isolation: Some(mode.isolation),
            read_only: Some(mode.read_only),
            deferrable: Some(mode.deferrable),
            snapshot: false,
        };
        self.begin(options).await
    }

    pub async fn savepoint(&mut self, name: String) -> Result<()> {
        self.require_begun("SAVEPOINT")?;
        if let Some(transaction) = &mut self.transaction {
            transaction.savepoint(self.savepoints.len()).await?;
        }
        self.savepoints.push(name);
        self.context.settings.write(Settings::savepoint);
        Ok(())
    }

    pub async fn release(&mut self, name: &str) -> Result<()> {
        self.require_begun("RELEASE SAVEPOINT")?;
        let level = self.find_savepoint(name)?;
        if let Some(transaction) = &mut self.transaction {
            transaction.release(level).await?;
        }
        self.savepoints.truncate(level);
        self.context.settings.write(|settings| settings.release(level));
        for portal in self.portals.values_mut() {
            if !portal.held {
                portal.level = portal.level.min(level);
            }
        }
        Ok(())
    }

    pub async fn rollback_to(&mut self, name: &str) -> Result<()> {
        if !matches!(self.block, Block::Begun | Block::Failed) {
            return Err(Self::only_in_blocks("ROLLBACK TO SAVEPOINT"));
        }
        let level = self.find_savepoint(name)?;
        self.close_portals(level + 1).await;
        if let Some(transaction) = &mut self.transaction {
            transaction.rollback_to(level).await?;
        }
        self.savepoints.truncate(level + 1);
        self.context.settings.write(|settings| settings.rollback_to(level));
        self.block = Block::Begun;
        Ok(())
    }

    /// 25P01 unless inside BEGIN ... COMMIT.
    pub fn require_begun(&self, what: &str) -> Result<()> {
        if self.block == Block::Begun { Ok(()) } else { Err(Self::only_in_blocks(what)) }
    }

    /// 25P01 unless several statements share the transaction.
    pub fn require_block(&self, what: &str) -> Result<()> {
        if self.block == Block::None { Err(Self::only_in_blocks(what)) } else { Ok(()) }
    }

    fn only_in_blocks(what: &str) -> Error {
        let message = format!("{what} can only be used in transaction blocks");
        Error::new(SqlState::NO_ACTIVE_SQL_TRANSACTION, message)
    }

    fn find_savepoint(&self, name: &str) -> Result<usize> {
        self.savepoints
            .iter()
            .rposition(|savepoint| savepoint == name)
            .ok_or_else(|| Error::new(SqlState(*b"3B001"), format!("savepoint \"{name}\" does not exist")))
    }

    /// The end of a Query message or a Sync: an implicit transaction commits.
    pub async fn finish(&mut self) -> Result<()> {
        match self.block {
            Block::None | Block::Implicit if self.transaction.is_some() || !self.portals.is_empty() => {
                self.end(true).await
            }
            Block::None | Block::Implicit => {
                self.block = Block::None;
                Ok(())
            }
            Block::Begun | Block::Failed => Ok(()),
        }
    }

    /// After an error: the implicit transaction rolls back, a block fails.
    pub async fn fail(&mut self) {
        match self.block {
            Block::None | Block::Implicit => {
                // `end` cannot fail when it rolls back.
                let _ = self.end(false).await;
            }
            Block::Begun => {
                self.block = Block::Failed;
                self.close_portals(self.savepoints.len()).await;
                if self.savepoints.is_empty() {
                    self.context.settings.write(Settings::rollback);
                    if let Some(transaction) = self.transaction.take() {
                        transaction.rollback(&self.context).await;
                    }
                } else {
                    let level = self.savepoints.len() - 1;
                    self.context.settings.write(|settings| settings.rollback_to(level));
                }
            }
            Block::Failed => {}
        }
    }

    /// The end of the session.
    pub async fn close(&mut self) {
        self.close_portals(0).await;
        if let Some(transaction) = self.transaction.take() {
            transaction.rollback(&self.context).await;
        }
        self.executor.disconnect(&self.context).await;
    }

    async fn end(&mut self, commit: bool) -> Result<()> {
        let held = if commit { self.hold_cursors().await } else { Ok(()) };
        let commit = commit && held.is_ok();
        if held.is_err() {
            // What this transaction held already goes with it.
            self.portals.values_mut().for_each(|portal| portal.held &= portal.level == usize::MAX);
        }
        self.close_portals(0).await;
        self.savepoints.clear();
        self.block = Block::None;
        self.queried = false;
        let result = match self.transaction.take() {
            Some(transaction) if commit => transaction.commit(&self.context).await.map(|notices| {
                notices.into_iter().for_each(|notice| self.notice(notice));
            }),
            Some(transaction) => {
                transaction.rollback(&self.context).await;
                Ok(())
            }
            None => Ok(()),
        };
        let keep = commit && result.is_ok();
        if commit && !keep {
            // What was held in this transaction is gone with it.
            self.portals.retain(|_, portal| portal.held && portal.level == usize::MAX);
        }
        self.portals.values_mut().for_each(|portal| portal.level = usize::MAX);
        self.context.settings.write(|settings| if keep { settings.commit() } else { settings.rollback() });
        self.context.in_block = false;
        held.and(result)
    }

    /// Before a write: cursors whose sources are read as they are fetched take their rows, which are those of before it.
    pub async fn hold_late_cursors(&mut self) -> Result<()> {
        let limit = self.context.settings.read(|settings| settings.int("temp_file_limit"));
        for portal in self.portals.values_mut() {
            if let PortalState::Running(running) = &mut portal.state
                && running.late
            {
                running.late = false;
                running.hold(limit).await?;
            }
        }
        Ok(())
    }

    /// Before COMMIT the cursors WITH HOLD take their rows.
    async fn hold_cursors(&mut self) -> Result<()> {
        let limit = self.context.settings.read(|settings| settings.int("temp_file_limit"));
        for portal in self.portals.values_mut() {
            if portal.held || !portal.declared.is_some_and(|options| options.hold) {
                continue;
            }
            if let PortalState::Running(running) = &mut portal.state {
                running.hold(limit).await?;
            }
            portal.held = true;
        }
        Ok(())
    }

    /// Drops the portals made at that depth of the savepoint stack or deeper.
    async fn close_portals(&mut self, level: usize) {
        if self.portals.is_empty() {
            return;
        }
        let names: Vec<String> = self
            .portals
            .iter()
            .filter(|(_, portal)| portal.level >= level && !portal.held)
            .map(|(name, _)| name.clone())
            .collect();
        for name in names {
            self.close_portal(&name).await;
        }
    }

    /// Drops a portal; false when there is none.
    pub async fn close_portal(&mut self, name: &str) -> bool {
        let Some(portal) = self.portals.remove(name) else { return false };
        if let PortalState::Running(mut running) = portal.state
            && let Err(error) = running.close().await
        {
            tracing::debug!(state = %error.state(), "closing a cursor failed");
        }
        true
    }
}

/// Makes SHOW tell the transaction's characteristics.
fn show_mode(settings: &mut Settings, mode: TransactionMode) {
    let word = |flag: bool| if flag { "on" } else { "off" };
    settings.set_internal_local("transaction_isolation", mode.isolation.name());
    settings.set_internal_local("transaction_read_only", word(mode.read_only));
    settings.set_internal_local("transaction_deferrable", word(mode.deferrable));
}

/// Microseconds since 2000-01-01 UTC.
pub fn now() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    since.checked_sub(Duration::from_secs(EPOCH)).unwrap_or_default().as_micros() as i64
}

//! Session commands: what each does, and what it answers.

use std::sync::Arc;

use arrow::array::{ArrayRef, StringArray};
use arrow::record_batch::RecordBatch;

use super::connection::{Connection, Fail};
use super::extended::{cursor_exists, no_cursor};
use super::scroll;
use crate::connector::{Format, Rows};
use crate::error::{Error, Result, SqlState};
use crate::session::executor::SetRole;
use crate::session::settings::flatten;
use crate::session::{Block, OutputColumn, Portal, PortalState, Prepared, Running, Scope, Session, Tag};
use crate::sql::{
    Command, CursorOptions, Discard, Fetch, Isolation, Kind, RoleChange, Scroll, SetValue, Statement,
    TransactionOptions,
};
use crate::types::{PgType, field};

/// What a command leaves to do.
pub(super) enum Outcome {
    Done(String),
    /// Rows of an open cursor.
    Fetch {
        name: String,
        count: usize,
    },
    Rows(Running),
}

/// The columns that a command returns; `None` for most.
pub(super) fn result_columns(session: &Session, command: &Command) -> Option<Arc<[OutputColumn]>> {
    match command {
        Command::Show { name } => Some(show_columns(&[shown_name(name)])),
        Command::ShowAll => Some(show_columns(&["name", "setting", "description"])),
        Command::Fetch(fetch) if !fetch.moves => {
            let portal = session.portals.get(&fetch.name)?;
            match &portal.state {
                PortalState::Running(running) => Some(running.columns.clone()),
                PortalState::Ready | PortalState::Finished => {
                    portal.plan.as_ref().filter(|plan| plan.returns_rows()).map(|plan| Arc::clone(plan.columns()))
                }
            }
        }
        Command::Execute { name, .. } => {
            let prepared = session.prepared.get(name)?;
            prepared.plan.as_ref().filter(|plan| plan.returns_rows()).map(|plan| Arc::clone(plan.columns()))
        }
        _ => None,
    }
}

fn shown_name(name: &str) -> &str {
    crate::session::guc::find(name).map_or(name, |guc| guc.name)
}

fn show_columns(names: &[&str]) -> Arc<[OutputColumn]> {
    let column = |name: &&str| OutputColumn {
        name: (*name).to_owned(),
        ty: PgType::TEXT,
        typmod: -1,
        table_oid: 0,
        attnum: 0,
        row_type: 0,
    };
    names.iter().map(column).collect()
}

/// A result of texts.
fn texts(names: &[&str], rows: &[Vec<String>], tag: &'static str) -> Result<Running> {
    let columns = show_columns(names);
    let fields: Vec<_> = columns.iter().map(|column| field(column.name.clone(), PgType::TEXT, -1)).collect();
    let arrays = (0..names.len()).map(|at| {
        let values = rows.iter().map(|row| row.get(at).map(String::as_str));
        Arc::new(values.collect::<StringArray>()) as ArrayRef
    });
    let schema = Arc::new(arrow::datatypes::Schema::new(fields));
    let batch =
        RecordBatch::try_new(schema, arrays.collect()).map_err(|error| Error::internal(format!("SHOW: {error}")))?;
    Ok(Running::buffered(columns, [Rows::Batch(batch)], Tag::Utility(tag.into())))
}

impl Connection {
    /// A command of a simple query; answers its tag.
    pub(super) async fn simple_command(
        &mut self,
        statement: &Arc<Statement>,
        command: &Command,
    ) -> Result<String, Fail> {
        match self.command(statement, command, &[]).await? {
            Outcome::Done(tag) => Ok(tag),
            Outcome::Fetch { name, count } => {
                let binary = self.session.portals.get(&name).is_some_and(|portal| {
                    portal.declared.is_some_and(|options| options.binary)
                        || portal.declared.is_none() && portal.formats.first() == Some(&Format::Binary)
                });
                let formats = [if binary { Format::Binary } else { Format::Text }];
                self.send_notices();
                if let Some(columns) = self.session.portals.get(&name).and_then(|portal| match &portal.state {
                    PortalState::Running(running) => Some(running.columns.clone()),
                    PortalState::Ready | PortalState::Finished => None,
                }) {
                    self.writer.row_description(&columns, &vec![formats[0]; columns.len()]);
                }
                self.fetch(&name, count, &formats).await
            }
            Outcome::Rows(mut running) => {
                self.send_notices();
                self.writer.row_description(&running.columns, &[]);
                let formats = vec![Format::Text; running.columns.len()];
                let (sent, _) = self.send_rows(&mut running, &formats, None).await?;
                let tag = running.tag_text(sent);
                running.close().await?;
                Ok(tag)
            }
        }
    }

    /// Runs a command. `formats`: those of the portal that it runs in.
    pub(super) async fn command(
        &mut self,
        statement: &Arc<Statement>,
        command: &Command,
        formats: &[Format],
    ) -> Result<Outcome, Fail> {
        if self.session.block() != Block::Failed {
            self.session.ensure_transaction().await?;
        }
        let done = |tag: &str| Ok(Outcome::Done(tag.to_owned()));
        match command {
            Command::Begin(options) => {
                self.session.begin(*options).await?;
                let text = statement.text().trim_start();
                let start = text.get(..5).is_some_and(|word| word.eq_ignore_ascii_case("start"));
                done(if start { "START TRANSACTION" } else { "BEGIN" })
            }
            Command::Commit { chain } => {
                let tag = self.session.commit(*chain).await?;
                done(tag)
            }
            Command::Rollback { chain } => {
                self.session.rollback(*chain).await?;
                done("ROLLBACK")
            }
            Command::Savepoint { name } => {
                self.session.savepoint(name.clone()).await?;
                done("SAVEPOINT")
            }
            Command::Release { name } => {
                self.session.release(name).await?;
                done("RELEASE")
            }
            Command::RollbackTo { name } => {
                self.session.rollback_to(name).await?;
                done("ROLLBACK")
            }
            Command::PrepareTransaction => Err(Error::unsupported("two-phase commit").into()),
            Command::Set { local, name, values } => {
                self.set(*local, name, values.as_deref())?;
                done("SET")
            }
            Command::Reset { name } => {
                self.session.context.settings.write(|settings| settings.reset(name))?;
                done("RESET")
            }
            Command::ResetAll => {
                self.session.context.settings.write(|settings| {
                    settings.reset_all();
                });
                done("RESET")
            }
            Command::SetTransaction(options) => {
                if self.session.block() == Block::None {
                    let message = "SET TRANSACTION can only be used in transaction blocks";
                    self.session.warn(SqlState::NO_ACTIVE_SQL_TRANSACTION, message);
                } else {
                    self.session.set_transaction(*options)?;
                }
                done("SET")
            }
            Command::SetSessionCharacteristics(options) => {
                self.set_characteristics(*options)?;
                done("SET")
            }
            Command::SetConstraints => done("SET CONSTRAINTS"),
            Command::SetRole { local, role } => {
                self.set_role(*local, role).await?;
                done(if is_reset(statement) { "RESET" } else { "SET" })
            }
            Command::SetSessionAuthorization { local, role } => {
                self.set_session_authorization(*local, role).await?;
                done(if is_reset(statement) { "RESET" } else { "SET" })
            }
            Command::Show { name } => {
                let value = self.session.context.settings.read(|settings| settings.show(name))?;
                Ok(Outcome::Rows(texts(&[shown_name(name)], &[vec![value]], "SHOW")?))
            }
            Command::ShowAll => {
                let all = self.session.context.settings.read(|settings| settings.show_all());
                let rows: Vec<_> = all.into_iter().map(|(name, value, text)| vec![name, value, text]).collect();
                Ok(Outcome::Rows(texts(&["name", "setting", "description"], &rows, "SHOW")?))
            }
            Command::Discard(what) => {
                let tag = self.discard(*what).await?;
                done(tag)
            }
            Command::Declare { name, options, query } => {
                self.declare(name, *options, query, formats).await?;
                done("DECLARE CURSOR")
            }
            Command::Fetch(fetch) => self.begin_fetch(fetch).await,
            Command::Close { name } => {
                if !self.session.close_portal(name).await {
                    return Err(no_cursor(name).into());
                }
                done("CLOSE CURSOR")
            }
            Command::CloseAll => {
                let names: Vec<String> = self.session.portals.keys().cloned().collect();
                for name in names {
                    self.session.close_portal(&name).await;
                }
                done("CLOSE CURSOR ALL")
            }
            Command::Prepare { name, types, query } => {
                self.prepare_named(name, types, query).await?;
                done("PREPARE")
            }
            Command::Execute { name, arguments } => self.execute_named(statement, name, arguments, formats).await,
            Command::Deallocate { name } => {
                self.find_prepared(name)?;
                self.session.prepared.remove(name);
                done("DEALLOCATE")
            }
            Command::DeallocateAll => {
                self.session.prepared.clear();
                done("DEALLOCATE ALL")
            }
            // There is nobody who notifies.
            Command::Listen { .. } => done("LISTEN"),
            Command::Unlisten => done("UNLISTEN"),
            Command::Notify { .. } => Err(Error::unsupported("NOTIFY").into()),
            Command::Lock => Err(Error::unsupported("LOCK").into()),
            Command::CopyIn => Err(Error::unsupported("COPY FROM").into()),
            Command::CopyOut(copy) => {
                let tag = self.copy_out(copy).await?;
                done(&tag)
            }
        }
    }

    fn set(&mut self, local: bool, name: &str, values: Option<&[SetValue]>) -> Result<()> {
        let text = values.map(|values| flatten(name, values)).transpose()?;
        if local && self.session.block() == Block::None {
            let message = "SET LOCAL can only be used in transaction blocks";
            self.session.warn(SqlState::NO_ACTIVE_SQL_TRANSACTION, message);
        }
        let lower = name.to_ascii_lowercase();
        if let Some(of) = lower.strip_prefix("transaction_") {
            return self.set_transaction_variable(of, text.as_deref());
        }
        let scope = if local { Scope::Local } else { Scope::Session };
        self.session.context.settings.write(|settings| settings.set(name, text.as_deref(), scope))
    }

    /// `SET transaction_isolation = ...`.
    fn set_transaction_variable(&mut self, name: &str, text: Option<&str>) -> Result<()> {
        let setting = format!("transaction_{name}");
        let value = match text {
            Some(text) => text.to_owned(),
            None => self.session.context.settings.read(|settings| settings.show(&format!("default_{setting}")))?,
        };
        let mut options = TransactionOptions::default();
        let flag = || {
            let message = format!("parameter \"{setting}\" requires a Boolean value");
            crate::session::settings::parse_bool(&value)
                .ok_or_else(|| Error::new(SqlState::INVALID_PARAMETER_VALUE, message))
        };
        match name {
            "isolation" => {
                let message = format!("invalid value for parameter \"{setting}\": \"{value}\"");
                let hint = "Available values: serializable, repeatable read, read committed, read uncommitted.";
                options.isolation = Some(
                    Isolation::parse(&value)
                        .ok_or_else(|| Error::new(SqlState::INVALID_PARAMETER_VALUE, message).hint(hint))?,
                );
            }
            "read_only" => options.read_only = Some(flag()?),
            "deferrable" => options.deferrable = Some(flag()?),
            _ => {
                let message = format!("unrecognized configuration parameter \"{setting}\"");
                return Err(Error::new(SqlState::UNDEFINED_OBJECT, message));
            }
        }
        self.session.set_transaction(options)
    }

    fn set_characteristics(&mut self, options: TransactionOptions) -> Result<()> {
        let word = |flag: bool| if flag { "on" } else { "off" };
        self.session.context.settings.write(|settings| {
            if let Some(isolation) = options.isolation {
                settings.set("default_transaction_isolation", Some(isolation.name()), Scope::Session)?;
            }
            if let Some(read_only) = options.read_only {
                settings.set("default_transaction_read_only", Some(word(read_only)), Scope::Session)?;
            }
            if let Some(deferrable) = options.deferrable {
                settings.set("default_transaction_deferrable", Some(word(deferrable)), Scope::Session)?;
            }
            Ok(())
        })
    }

    async fn set_role(&mut self, local: bool, role: &RoleChange) -> Result<()> {
        let context = &self.session.context;
        let (name, superuser) = match role {
            RoleChange::To(name) => {
                let login = self.session.executor.set_role(context, SetRole::Role(name)).await?;
                (name.clone(), login.superuser)
            }
            RoleChange::Reset => {
                let own = SetRole::SessionAuthorization(&context.session_user);
                ("none".to_owned(), self.session.executor.set_role(context, own).await?.superuser)
            }
        };
        self.change_role(local, &[("role", &name)], superuser);
        Ok(())
    }

    async fn set_session_authorization(&mut self, local: bool, role: &RoleChange) -> Result<()> {
        let name = match role {
            RoleChange::To(name) => name.clone(),
            RoleChange::Reset => self.session.login().to_string(),
        };
        let change = SetRole::SessionAuthorization(&name);
        let login = self.session.executor.set_role(&self.session.context, change).await?;
        self.change_role(local, &[("session_authorization", &name), ("role", "none")], login.superuser);
        Ok(())
    }

    fn change_role(&mut self, local: bool, settings: &[(&str, &str)], superuser: bool) {
        if local && self.session.block() == Block::None {
            let message = "SET LOCAL can only be used in transaction blocks";
            self.session.warn(SqlState::NO_ACTIVE_SQL_TRANSACTION, message);
        }
        let superuser = ("is_superuser", if superuser { "on" } else { "off" });
        self.session.context.settings.write(|all| {
            for (name, value) in settings.iter().copied().chain([superuser]) {
                if local { all.set_internal_local(name, value) } else { all.set_internal(name, value) }
            }
        });
        self.session.refresh();
    }

    async fn discard(&mut self, what: Discard) -> Result<&'static str> {
        match what {
            Discard::Plans => Ok("DISCARD PLANS"),
            Discard::Sequences => Ok("DISCARD SEQUENCES"),
            Discard::Temp => {
                self.session.executor.discard(&self.session.context).await?;
                Ok("DISCARD TEMP")
            }
            Discard::All => {
                if self.session.block() != Block::None {
                    let message = "DISCARD ALL cannot run inside a transaction block";
                    return Err(Error::new(SqlState::ACTIVE_SQL_TRANSACTION, message));
                }
                let names: Vec<String> = self.session.portals.keys().cloned().collect();
                for name in names {
                    self.session.close_portal(&name).await;
                }
                self.set_session_authorization(false, &RoleChange::Reset).await?;
                self.session.context.settings.write(|settings| settings.reset_all());
                self.session.prepared.clear();
                self.session.executor.discard(&self.session.context).await?;
                Ok("DISCARD ALL")
            }
        }
    }

    async fn declare(
        &mut self,
        name: &str,
        options: CursorOptions,
        query: &Arc<Statement>,
        hint: &[Format],
    ) -> Result<(), Fail> {
        if !options.hold {
            self.session.require_block("DECLARE CURSOR")?;
        }
        if name.is_empty() {
            let message = "invalid cursor name: must not be empty";
            return Err(Error::new(SqlState::INVALID_CURSOR_NAME, message).into());
        }
        let plan = self.prepare(query, &[]).await?;
        if !plan.params().is_empty() {
            return Err(Error::new(SqlState::UNDEFINED_PARAMETER, "there is no parameter $1").into());
        }
        if plan.modifies() {
            let message = "DECLARE CURSOR must not contain data-modifying statements in WITH";
            return Err(Error::new(SqlState::FEATURE_NOT_SUPPORTED, message).into());
        }
        if self.session.portals.contains_key(name) {
            return Err(cursor_exists(name).into());
        }
        // Relayed rows come in the formats that FETCH will most likely ask for.
        let format =
            if options.binary || hint.first() == Some(&Format::Binary) { Format::Binary } else { Format::Text };
        let formats = vec![format; plan.columns().len()];
        let mut running = self.open_as(&plan, Vec::new(), Some(&formats), true).await?;
        if options.scroll == Scroll::Yes {
            running.keep(self.session.context.settings.read(|settings| settings.int("temp_file_limit")));
        }
        let portal = Portal {
            statement: Some(query.clone()),
            plan: Some(plan),
            params: Vec::new(),
            formats: vec![if options.binary { Format::Binary } else { Format::Text }],
            level: self.session.level(),
            declared: Some(options),
            held: false,
            state: PortalState::Running(running),
        };
        self.session.portals.insert(name.to_owned(), portal);
        Ok(())
    }

    /// FETCH up to its rows, MOVE altogether.
    async fn begin_fetch(&mut self, fetch: &Fetch) -> Result<Outcome, Fail> {
        let name = &fetch.name;
        let Some(portal) = self.session.portals.get_mut(name) else { return Err(no_cursor(name).into()) };
        if matches!(portal.state, PortalState::Ready) {
            // A protocol portal that was bound but not yet executed.
            let Some(plan) = portal.plan.clone() else {
                let message = format!("portal \"{name}\" cannot be run");
                return Err(Error::new(SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE, message).into());
            };
            let (params, formats) = (std::mem::take(&mut portal.params), portal.column_formats(plan.columns().len()));
            let running = self.open(&plan, params, Some(&formats)).await?;
            if let Some(portal) = self.session.portals.get_mut(name) {
                portal.state = PortalState::Running(running);
            }
        }
        let Some(portal) = self.session.portals.get_mut(name) else { return Err(no_cursor(name).into()) };
        let PortalState::Running(running) = &mut portal.state else {
            let message = format!("portal \"{name}\" cannot be run");
            return Err(Error::new(SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE, message).into());
        };
        let scroll = portal.declared.map_or(Scroll::Unspecified, |options| options.scroll);
        let count = scroll::position(&self.cancel, self.deadline, running, scroll, fetch.direction).await?;
        if !fetch.moves {
            return Ok(Outcome::Fetch { name: name.clone(), count });
        }
        let moved = scroll::pass(&self.cancel, self.deadline, running, count).await;
        running.backward = false;
        Ok(Outcome::Done(format!("MOVE {}", moved?)))
    }

    /// Sends rows of a cursor; answers the tag.
    pub(super) async fn fetch(&mut self, name: &str, count: usize, formats: &[Format]) -> Result<String, Fail> {
        // Out of the map while it runs; an error ends the transaction and with it the cursor.
        let Some(mut portal) = self.session.portals.remove(name) else { return Err(no_cursor(name).into()) };
        let PortalState::Running(running) = &mut portal.state else {
            return Err(Error::internal("a cursor that does not run").into());
        };
        let formats = crate::session::portal::expand(formats, running.columns.len());
        let result = self.send_rows(running, &formats, Some(count)).await;
        running.backward = false;
        if result.is_err()
            && let Err(error) = running.close().await
        {
            tracing::debug!(state = %error.state(), "closing a cursor failed");
        }
        let (sent, _) = result?;
        self.session.portals.insert(name.to_owned(), portal);
        Ok(format!("FETCH {sent}"))
    }

    async fn prepare_named(
        &mut self,
        name: &str,
        types: &[crate::sql::ast::TypeName],
        query: &Arc<Statement>,
    ) -> Result<()> {
        if name.is_empty() {
            let message = "invalid statement name: must not be empty";
            return Err(Error::new(SqlState(*b"42P14"), message));
        }
        let mut declared = Vec::with_capacity(types.len());
        for ty in types {
            declared.push(self.session.executor.resolve_type(&self.session.context, ty).await?);
        }
        let prepared: Prepared = self.prepared(Some(query.clone()), &declared).await?;
        if self.session.prepared.contains_key(name) {
            let message = format!("prepared statement \"{name}\" already exists");
            return Err(Error::new(SqlState::DUPLICATE_PREPARED_STATEMENT, message));
        }
        self.session.prepared.insert(name.to_owned(), Arc::new(prepared));
        Ok(())
    }

    async fn execute_named(
        &mut self,
        statement: &Arc<Statement>,
        name: &str,
        arguments: &[crate::sql::ast::Node],
        formats: &[Format],
    ) -> Result<Outcome, Fail> {
        let prepared = self.valid(name).await?;
        let expected = prepared.params.len();
        // As PostgreSQL: a statement without parameters passes over arguments.
        let arguments = if expected == 0 { &[] } else { arguments };
        if arguments.len() != expected {
            let message = format!("wrong number of parameters for prepared statement \"{name}\"");
            let detail = format!("Expected {expected} parameters but got {}.", arguments.len());
            return Err(Error::new(SqlState::SYNTAX_ERROR, message).detail(detail).into());
        }
        let Some(plan) = prepared.plan.clone() else {
            // A session command that was prepared by the protocol.
            let Some(inner) = prepared.statement.clone() else { return Ok(Outcome::Done(String::new())) };
            let Kind::Command(command) = &inner.kind else { return Err(Error::internal("no plan").into()) };
            if matches!(command, Command::Execute { .. }) {
                return Err(Error::unsupported("EXECUTE of an EXECUTE").into());
            }
            return Box::pin(self.command(&inner, command, formats)).await;
        };
        let params = self.arguments(statement, arguments, &prepared.params).await?;
        let relay = crate::session::portal::expand(formats, plan.columns().len());
        let mut running = self.open(&plan, params, Some(&relay)).await?;
        if plan.returns_rows() {
            return Ok(Outcome::Rows(running));
        }
        let tag = running.tag_text(0);
        running.close().await?;
        Ok(Outcome::Done(tag))
    }
}

fn is_reset(statement: &Statement) -> bool {
    statement.text().get(..5).is_some_and(|word| word.eq_ignore_ascii_case("reset"))
}

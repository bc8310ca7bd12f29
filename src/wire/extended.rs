//! The extended protocol: Parse, Bind, Describe, Execute, Close.

use std::sync::Arc;

use super::command::{Outcome, result_columns};
use super::connection::{Connection, Fail};
use super::read::{Bind, Target, utf8};
use crate::connector::Format;
use crate::error::{Error, Result, SqlState};
use crate::kernels::io;
use crate::session::portal::expand;
use crate::session::{Block, OutputColumn, Portal, PortalState, Prepared, Running, Transaction};
use crate::sql::{Kind, Statement};
use crate::types::{Datum, PgType};

impl Connection {
    pub(super) async fn parse(&mut self, name: String, query: &str, types: &[PgType]) -> Result<(), Fail> {
        self.source = Some(Arc::from(query));
        let statements = self.session.executor.parse(&self.session.context, query)?;
        if statements.len() > 1 {
            let message = "cannot insert multiple commands into a prepared statement";
            return Err(Error::new(SqlState::SYNTAX_ERROR, message).into());
        }
        let statement = statements.first().cloned();
        self.check_not_failed(statement.as_deref())?;
        let prepared = self.prepared(statement, types).await?;
        if name.is_empty() {
            self.session.prepared.remove("");
        } else if self.session.prepared.contains_key(&name) {
            let message = format!("prepared statement \"{name}\" already exists");
            return Err(Error::new(SqlState::DUPLICATE_PREPARED_STATEMENT, message).into());
        }
        self.session.prepared.insert(name, Arc::new(prepared));
        self.send_notices();
        self.writer.parse_complete();
        Ok(())
    }

    /// A prepared statement of a parsed one.
    pub(super) async fn prepared(&mut self, statement: Option<Arc<Statement>>, types: &[PgType]) -> Result<Prepared> {
        let plan = match statement.as_ref().map(|statement| &statement.kind) {
            Some(Kind::Query(_) | Kind::Ddl(_) | Kind::Explain(_)) => {
                let Some(statement) = &statement else { return Err(Error::internal("no statement")) };
                Some(self.prepare(statement, types).await?)
            }
            Some(Kind::Command(_)) | None => None,
        };
        let params = plan.as_ref().map_or_else(|| Arc::from(types), |plan| Arc::from(plan.params()));
        Ok(Prepared { statement, plan, params })
    }

    pub(super) fn find_prepared(&self, name: &str) -> Result<Arc<Prepared>> {
        self.session.prepared.get(name).cloned().ok_or_else(|| {
            let message = if name.is_empty() {
                "unnamed prepared statement does not exist".to_owned()
            } else {
                format!("prepared statement \"{name}\" does not exist")
            };
            Error::new(SqlState::INVALID_SQL_STATEMENT_NAME, message)
        })
    }

    /// The statement with a plan that is valid now; 0A000 when its result would be another one.
    pub(super) async fn valid(&mut self, name: &str) -> Result<Arc<Prepared>> {
        let prepared = self.find_prepared(name)?;
        self.check_not_failed(prepared.statement.as_deref())?;
        let Some(plan) = &prepared.plan else { return Ok(prepared) };
        let session = &mut self.session;
        let transaction: Option<&mut dyn Transaction> = match &mut session.transaction {
            Some(transaction) => Some(transaction.as_mut()),
            None => None,
        };
        if session.executor.is_valid(&session.context, transaction, plan) {
            return Ok(prepared);
        }
        let fresh = self.prepared(prepared.statement.clone(), &prepared.params).await?;
        if fresh.plan.as_ref().is_none_or(|fresh| fresh.columns() != plan.columns()) {
            let message = "cached plan must not change result type";
            return Err(Error::new(SqlState::FEATURE_NOT_SUPPORTED, message));
        }
        let fresh = Arc::new(fresh);
        self.session.prepared.insert(name.to_owned(), fresh.clone());
        Ok(fresh)
    }

    pub(super) async fn bind(&mut self, bind: Bind) -> Result<(), Fail> {
        let prepared = self.find_prepared(&bind.statement)?;
        self.source = prepared.statement.as_ref().map(|statement| statement.source.clone());
        let violation = |message: String| Fail::Sql(Error::new(SqlState::PROTOCOL_VIOLATION, message));
        let (given, formats) = (bind.params.len(), bind.param_formats.len());
        if formats > 1 && formats != given {
            return Err(violation(format!("bind message has {formats} parameter formats but {given} parameters")));
        }
        if given != prepared.params.len() {
            let (name, required) = (&bind.statement, prepared.params.len());
            return Err(violation(format!(
                "bind message supplies {given} parameters, but prepared statement \"{name}\" requires {required}"
            )));
        }
        let prepared = self.valid(&bind.statement).await?;
        // A portal lives in a transaction.
        self.session.ensure_transaction().await?;
        let params = self.decode(&prepared, &bind)?;
        let columns = self.columns(&prepared);
        let (wanted, has) = (bind.result_formats.len(), columns.as_ref().map_or(0, |columns| columns.len()));
        if wanted > 1 && wanted != has && columns.is_some() {
            return Err(violation(format!("bind message has {wanted} result formats but query has {has} columns")));
        }
        if bind.portal.is_empty() {
            self.session.close_portal("").await;
        } else if self.session.portals.contains_key(&bind.portal) {
            return Err(cursor_exists(&bind.portal).into());
        }
        let portal = Portal {
            statement: prepared.statement.clone(),
            plan: prepared.plan.clone(),
            params,
            formats: bind.result_formats,
            level: self.session.level(),
            declared: None,
            held: false,
            state: PortalState::Ready,
        };
        self.session.portals.insert(bind.portal, portal);
        self.writer.bind_complete();
        Ok(())
    }

    fn decode(&self, prepared: &Prepared, bind: &Bind) -> Result<Vec<Datum>> {
        if bind.params.is_empty() {
            return Ok(Vec::new());
        }
        let env = self.session.executor.env(&self.session.context);
        let formats = expand(&bind.param_formats, bind.params.len());
        let params = prepared.params.iter().zip(&bind.params).zip(formats);
        params
            .map(|((ty, bytes), format)| match (bytes, format) {
                (None, _) => Ok(Datum::Null),
                (Some(bytes), Format::Text) => io::input(&env, *ty, -1, utf8(bytes)?),
                (Some(bytes), Format::Binary) => io::receive(&env, *ty, -1, bytes),
            })
            .collect()
    }

    /// Result columns of a prepared statement; `None` when it returns no rows.
    pub(super) fn columns(&self, prepared: &Prepared) -> Option<Arc<[OutputColumn]>> {
        self.result_of(prepared.statement.as_deref(), prepared.plan.as_ref())
    }

    fn result_of(
        &self,
        statement: Option<&Statement>,
        plan: Option<&Arc<dyn crate::session::Plan>>,
    ) -> Option<Arc<[OutputColumn]>> {
        match (plan, statement.map(|statement| &statement.kind)) {
            (Some(plan), _) => plan.returns_rows().then(|| Arc::clone(plan.columns())),
            (None, Some(Kind::Command(command))) => result_columns(&self.session, command),
            (None, _) => None,
        }
    }

    pub(super) fn describe(&mut self, target: Target, name: &str) -> Result<(), Fail> {
        match target {
            Target::Statement => {
                let prepared = self.find_prepared(name)?;
                let columns = self.columns(&prepared);
                self.check_describe(columns.is_some())?;
                self.writer.parameter_description(&prepared.params);
                match columns {
                    Some(columns) => self.writer.row_description(&columns, &[]),
                    None => self.writer.no_data(),
                }
            }
            Target::Portal => {
                let Some(portal) = self.session.portals.get(name) else { return Err(no_portal(name).into()) };
                let columns = self.result_of(portal.statement.as_deref(), portal.plan.as_ref());
                self.check_describe(columns.is_some())?;
                match columns {
                    Some(columns) => {
                        let formats = match self.session.portals.get(name) {
                            Some(portal) => portal.column_formats(columns.len()),
                            None => Vec::new(),
                        };
                        self.writer.row_description(&columns, &formats);
                    }
                    None => self.writer.no_data(),
                }
            }
        }
        Ok(())
    }

    /// In a failed block only statements without a result may be described.
    fn check_describe(&self, returns_rows: bool) -> Result<()> {
        if self.session.block() == Block::Failed && returns_rows {
            return Err(Error::new(
                SqlState::IN_FAILED_SQL_TRANSACTION,
                "current transaction is aborted, commands ignored until end of transaction block",
            ));
        }
        Ok(())
    }

    pub(super) async fn execute(&mut self, name: &str, max_rows: usize) -> Result<(), Fail> {
        let Some(portal) = self.session.portals.get(name) else { return Err(no_portal(name).into()) };
        self.source = portal.statement.as_ref().map(|statement| statement.source.clone());
        let Some(statement) = portal.statement.clone() else {
            self.writer.empty_query_response();
            return Ok(());
        };
        self.check_not_failed(Some(&statement))?;
        self.server.metrics.statements.inc();
        // Out of the map while it runs: what the statement does may close it.
        let Some(mut portal) = self.session.portals.remove(name) else { return Err(no_portal(name).into()) };
        self.session.ensure_transaction().await?;
        if !self.syncing {
            self.session.share_transaction();
        }
        let result = self.run_portal(name, &statement, &mut portal, max_rows).await;
        self.send_notices();
        match result {
            Ok(Ran { tag, keeps }) => {
                match tag {
                    Some(tag) => self.writer.command_complete(&tag),
                    None => self.writer.portal_suspended(),
                }
                if keeps && portal.level <= self.session.level() {
                    self.session.portals.insert(name.to_owned(), portal);
                }
                Ok(())
            }
            Err(fail) => {
                if let PortalState::Running(mut running) = portal.state
                    && let Err(error) = running.close().await
                {
                    tracing::debug!(state = %error.state(), "closing a cursor failed");
                }
                Err(fail)
            }
        }
    }

    async fn run_portal(
        &mut self,
        name: &str,
        statement: &Arc<Statement>,
        portal: &mut Portal,
        max_rows: usize,
    ) -> Result<Ran, Fail> {
        if matches!(portal.state, PortalState::Finished) {
            let message = format!("portal \"{name}\" cannot be run");
            return Err(Error::new(SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE, message).into());
        }
        if matches!(portal.state, PortalState::Ready) {
            let running = match (&statement.kind, portal.plan.clone()) {
                (_, Some(plan)) => {
                    let formats = portal.column_formats(plan.columns().len());
                    let running = self.open(&plan, std::mem::take(&mut portal.params), Some(&formats)).await?;
                    if !plan.returns_rows() {
                        portal.state = PortalState::Finished;
                        return Ok(Ran { tag: Some(running.tag_text(0)), keeps: true });
                    }
                    running
                }
                (Kind::Command(command), None) => {
                    let transaction = self.session.transaction.is_some();
                    match self.command(statement, command, &portal.formats).await? {
                        Outcome::Done(tag) => {
                            portal.state = PortalState::Finished;
                            // COMMIT and ROLLBACK end the portal's transaction.
                            let keeps = transaction == self.session.transaction.is_some();
                            return Ok(Ran { tag: Some(tag), keeps });
                        }
                        Outcome::Fetch { name, count } => {
                            if max_rows == 0 {
                                let tag = self.fetch(&name, count, &portal.formats).await?;
                                portal.state = PortalState::Finished;
                                return Ok(Ran { tag: Some(tag), keeps: true });
                            }
                            self.fetched(&name, count).await?
                        }
                        Outcome::Rows(running) => running,
                    }
                }
                _ => return Err(Error::internal("a portal without a plan").into()),
            };
            portal.state = PortalState::Running(running);
        }
        let PortalState::Running(running) = &mut portal.state else {
            return Err(Error::internal("a portal that does not run").into());
        };
        let formats = expand(&portal.formats, running.columns.len());
        let (sent, ended) = self.send_rows(running, &formats, (max_rows > 0).then_some(max_rows)).await?;
        let tag = running.tag_text(sent);
        if ended {
            running.close().await?;
        }
        Ok(Ran { tag: ended.then_some(tag), keeps: true })
    }

    pub(super) async fn close(&mut self, target: Target, name: &str) {
        match target {
            Target::Portal => {
                self.session.close_portal(name).await;
            }
            Target::Statement => {
                self.session.prepared.remove(name);
            }
        }
        self.writer.close_complete();
    }

    /// The rows of a FETCH, collected, for a portal that gives them out piecewise.
    async fn fetched(&mut self, name: &str, count: usize) -> Result<Running, Fail> {
        let (cancel, deadline) = (self.cancel.clone(), self.deadline);
        let Some(portal) = self.session.portals.get_mut(name) else { return Err(no_cursor(name).into()) };
        let PortalState::Running(running) = &mut portal.state else {
            return Err(Error::internal("a cursor that does not run").into());
        };
        let (mut rows, mut left) = (Vec::new(), count);
        while left > 0
            && let Some(part) = super::connection::next_rows(&cancel, deadline, running, left.min(65_536)).await?
        {
            left -= part.count();
            rows.push(part);
        }
        running.backward = false;
        let tag = crate::session::Tag::Fetch;
        let mut fetched = Running::buffered(running.columns.clone(), rows, tag);
        fetched.relayed.clone_from(&running.relayed);
        Ok(fetched)
    }
}

/// How a portal's run ended: its tag, or suspended.
struct Ran {
    tag: Option<String>,
    keeps: bool,
}

pub(super) fn cursor_exists(name: &str) -> Error {
    Error::new(SqlState::DUPLICATE_CURSOR, format!("cursor \"{name}\" already exists"))
}

fn no_portal(name: &str) -> Error {
    Error::new(SqlState::INVALID_CURSOR_NAME, format!("portal \"{name}\" does not exist"))
}

pub(super) fn no_cursor(name: &str) -> Error {
    Error::new(SqlState::INVALID_CURSOR_NAME, format!("cursor \"{name}\" does not exist"))
}

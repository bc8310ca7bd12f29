//! Running a plan: parameters and context values are computed once, then the route's way is taken.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio_util::sync::CancellationToken;

use super::constant::{self, OneBatch};
use super::plan::{AdminAction, AdminPlan, QueryPlan};
use super::surroundings::Surroundings;
use super::transaction::SourceTransaction;
use super::{Pipeline, database::Database};
use crate::bound::{Statement, eval};
use crate::connector::{Cursor, Execution, Format};
use crate::dialect::{ParamSource, TargetSql};
use crate::error::{Error, Result, SqlState};
use crate::kernels::Env;
use crate::meter::metered;
use crate::route::{self, Route};
use crate::session::{Notice, Open, Opened, SessionContext, Severity, Tag, Transaction};
use crate::types::Datum;
use crate::{admin, txn};

/// The values of one execution.
pub(super) struct Values {
    pub(super) env: Env,
    pub(super) params: Vec<Datum>,
    pub(super) contexts: Vec<Datum>,
}

impl Values {
    fn of(plan: &QueryPlan, env: Env, params: Vec<Datum>) -> Result<Values> {
        let contexts = plan.secured.contexts().iter();
        let contexts = contexts.map(|expr| eval::evaluate(expr, &env, &[], &[])).collect::<Result<Vec<_>>>()?;
        Ok(Values { env, params, contexts })
    }
}

/// How the rows are wanted.
#[derive(Default)]
pub(super) struct Want {
    /// The client's formats, where a source's own rows may be passed on.
    pub(super) relay: Option<Vec<Format>>,
    /// The rows of now, whenever they are fetched.
    pub(super) held: bool,
    /// Where EXPLAIN ANALYZE counts the rows of fragments.
    pub(super) counters: Option<Arc<Counters>>,
}

/// The rows of each fragment in one execution.
#[derive(Debug, Default)]
pub(super) struct Counters(Vec<Counter>);

#[derive(Debug, Default)]
struct Counter {
    fetched: AtomicUsize,
    bytes: AtomicUsize,
    kept: AtomicUsize,
    told: Mutex<Vec<String>>,
}

impl Counters {
    pub(super) fn of(fragments: usize) -> Counters {
        Counters((0..fragments).map(|_| Default::default()).collect())
    }

    #[cfg(feature = "engine")]
    pub(super) fn fetched(&self, fragment: usize, rows: &crate::connector::Rows) {
        if let Some(counter) = self.0.get(fragment) {
            counter.fetched.fetch_add(rows.count(), Ordering::Relaxed);
            counter.bytes.fetch_add(rows.bytes(), Ordering::Relaxed);
        }
    }

    #[cfg(feature = "engine")]
    pub(super) fn kept(&self, fragment: usize, rows: usize) {
        if let Some(counter) = self.0.get(fragment) {
            counter.kept.fetch_add(rows, Ordering::Relaxed);
        }
    }

    /// What the fragment was told by another side of a join.
    #[cfg(feature = "engine")]
    pub(super) fn told(&self, fragment: usize, what: String) {
        if let Some(counter) = self.0.get(fragment) {
            counter.told.lock().unwrap_or_else(PoisonError::into_inner).push(what);
        }
    }

    pub(super) fn semi_joins(&self, fragment: usize) -> Vec<String> {
        let told = |counter: &Counter| counter.told.lock().unwrap_or_else(PoisonError::into_inner).clone();
        self.0.get(fragment).map(told).unwrap_or_default()
    }

    /// Rows that came, their bytes, and the rows that passed their recheck.
    pub(super) fn read(&self, fragment: usize) -> (usize, usize, usize) {
        let read = |number: &AtomicUsize| number.load(Ordering::Relaxed);
        let counter = self.0.get(fragment);
        counter.map_or((0, 0, 0), |counter| (read(&counter.fetched), read(&counter.bytes), read(&counter.kept)))
    }
}

/// A NOTICE for each translation in use that is only approximate.
fn approximations(plan: &QueryPlan) -> Vec<Notice> {
    let printed: Vec<&TargetSql> = match &plan.routed.route {
        Route::Constant | Route::Local => Vec::new(),
        Route::Federated { fragments, .. } => fragments.iter().map(|fragment| &fragment.sql).collect(),
        Route::Pushed { sql, .. } => vec![sql],
    };
    let notes = printed.into_iter().flat_map(TargetSql::approximations);
    notes.map(|note| Notice::notice(note.clone())).collect()
}

/// The plan under the values of this execution, where parameters stand in the way of a server that wants constants.
fn with_values(session: &SessionContext, plan: &QueryPlan, params: &[Datum]) -> Result<Option<QueryPlan>> {
    if params.is_empty() || !matches!(plan.routed.route, Route::Federated { .. }) {
        return Ok(None);
    }
    let Some(secured) = plan.secured.with_values(params)? else { return Ok(None) };
    let routed = route::choose(&secured, &plan.catalog, super::routing(session))?;
    Ok(Some(plan.rerouted(secured, routed)))
}

impl Pipeline {
    pub(super) async fn run_query(
        &self,
        session: &SessionContext,
        transaction: &mut dyn Transaction,
        plan: &QueryPlan,
        open: Open<'_>,
    ) -> Result<Opened> {
        let known = with_values(session, plan, &open.params)?;
        let plan = known.as_ref().unwrap_or(plan);
        let late = matches!(&plan.routed.route, Route::Federated { fragments, .. } if !fragments.is_empty());
        let want = Want { relay: open.relay, held: open.held, counters: None };
        let cursor = self.cursor(session, transaction, plan, open.params, want, &open.cancel).await?;
        Ok(Opened { cursor: Some(cursor), tag: plan.tag(), notices: approximations(plan), late })
    }

    /// Opens the rows of a plan.
    pub(super) async fn cursor(
        &self,
        session: &SessionContext,
        transaction: &mut dyn Transaction,
        plan: &QueryPlan,
        params: Vec<Datum>,
        want: Want,
        cancel: &CancellationToken,
    ) -> Result<Box<dyn Cursor>> {
        // The session's own: the plan may have been made by another one.
        let surroundings = Surroundings::of(session, &plan.catalog)?;
        let values = Values::of(plan, surroundings.env(session), params)?;
        match &plan.routed.route {
            Route::Constant => {
                if plan.is_computed(&values.env)
                    && let Statement::Query(query) = plan.secured.statement()
                {
                    let batch = constant::run(query, &values.env, &values.params, &values.contexts, cancel).await?;
                    return Ok(Box::new(OneBatch::new(batch)));
                }
                self.run_local(session, transaction, plan, &[], &plan.secured, values, cancel, None).await
            }
            Route::Local => self.run_local(session, transaction, plan, &[], &plan.secured, values, cancel, None).await,
            Route::Federated { fragments, residual } => {
                self.run_local(session, transaction, plan, fragments, residual, values, cancel, want.counters).await
            }
            Route::Pushed { server, sql } => {
                if plan_modifies(plan) && session.mode.read_only {
                    let command = match plan.secured.statement() {
                        Statement::Delete(_) => "DELETE",
                        Statement::Insert(_) => "INSERT",
                        Statement::Update(_) => "UPDATE",
                        Statement::Query(_) => "a data-modifying WITH",
                    };
                    return Err(Error::new(
                        SqlState::READ_ONLY_SQL_TRANSACTION,
                        format!("cannot execute {command} in a read-only transaction"),
                    ));
                }
                let access = if plan_modifies(plan) { txn::Access::Write } else { txn::Access::Read };
                open_on_server(session, transaction, plan, *server, sql, &values, want, access, cancel).await
            }
        }
    }

    /// Runs on the engine, which opens a cursor for each fragment when it needs its rows.
    #[cfg(feature = "engine")]
    #[allow(clippy::too_many_arguments)]
    async fn run_local(
        &self,
        session: &SessionContext,
        transaction: &mut dyn Transaction,
        plan: &QueryPlan,
        fragments: &[crate::route::Fragment],
        secured: &crate::policy::Secured,
        values: Values,
        cancel: &CancellationToken,
        counters: Option<Arc<Counters>>,
    ) -> Result<Box<dyn Cursor>> {
        let own = SourceTransaction::of(transaction)?;
        let mut leases = std::collections::BTreeMap::new();
        let mut statement_own = None;
        for fragment in fragments {
            if leases.contains_key(&fragment.server) {
                continue;
            }
            let pool = own.database().pool(&plan.catalog, fragment.server, plan.role)?;
            if let (crate::connector::Pool::Other(..), false) = (&pool, session.in_block) {
                leases.insert(fragment.server, crate::connector::SharedLease::begin(&pool, "").await?);
                continue;
            }
            let sources = if session.in_block {
                own.sources(session).await?
            } else {
                statement_own.get_or_insert_with(|| txn::Transaction::begin(txn::Options::SNAPSHOT))
            };
            let lease = unless(cancel, sources.lease_for(&pool, txn::Access::Read)).await?;
            lease.ensure_settings(&session.formats).await?;
            leases.insert(fragment.server, lease);
        }
        let sources = super::sources::StatementSources {
            database: Arc::clone(own.database()),
            user: Arc::clone(&session.user),
            surroundings: Surroundings::of(session, &plan.catalog)?,
            settings: super::sources::settings(session),
            fragments: fragments.to_vec(),
            leases,
            _own: statement_own,
            counters,
            most: super::leaf::limit(session),
            values,
            cancel: cancel.clone(),
        };
        self.engine.execute(secured, sources.inputs(session)).await
    }

    /// What the fragments of a plan will be told by another side of a join: the fragment, and the text.
    #[cfg(feature = "engine")]
    pub(super) fn semi_joins(
        &self,
        session: &SessionContext,
        plan: &QueryPlan,
        params: Vec<Datum>,
    ) -> Result<Vec<(usize, String)>> {
        let Route::Federated { fragments, residual } = &plan.routed.route else { return Ok(Vec::new()) };
        let surroundings = Surroundings::of(session, &plan.catalog)?;
        let values = Values::of(plan, surroundings.env(session), params)?;
        let sources = super::sources::StatementSources {
            database: self.database(&session.database)?,
            user: Arc::clone(&session.user),
            surroundings,
            settings: super::sources::settings(session),
            fragments: fragments.clone(),
            leases: std::collections::BTreeMap::new(),
            _own: None,
            counters: None,
            most: None,
            values,
            cancel: CancellationToken::new(),
        };
        self.engine.semi_joins(residual, sources.inputs(session))
    }

    #[cfg(not(feature = "engine"))]
    pub(super) fn semi_joins(
        &self,
        _session: &SessionContext,
        _plan: &QueryPlan,
        _params: Vec<Datum>,
    ) -> Result<Vec<(usize, String)>> {
        Ok(Vec::new())
    }

    #[cfg(not(feature = "engine"))]
    #[allow(clippy::too_many_arguments)]
    async fn run_local(
        &self,
        _session: &SessionContext,
        _transaction: &mut dyn Transaction,
        _plan: &QueryPlan,
        _fragments: &[crate::route::Fragment],
        _secured: &crate::policy::Secured,
        _values: Values,
        _cancel: &CancellationToken,
        _counters: Option<Arc<Counters>>,
    ) -> Result<Box<dyn Cursor>> {
        Err(Error::unsupported("this query in a build without the engine"))
    }

    pub(super) async fn run_admin(
        &self,
        session: &SessionContext,
        transaction: &mut dyn Transaction,
        plan: &AdminPlan,
    ) -> Result<Opened> {
        let own = SourceTransaction::of(transaction)?;
        let database = Arc::clone(own.database());
        let base = own.catalog().unwrap_or_else(|| database.catalog());
        if session.mode.read_only {
            return Err(Error::new(
                SqlState::READ_ONLY_SQL_TRANSACTION,
                "cannot change definitions in a read-only transaction",
            ));
        }
        let surroundings = Surroundings::of(session, &base)?;
        let context = admin::Context {
            catalog: &base,
            role: surroundings.role,
            search_path: surroundings.search_path(),
            sources: &*database as &dyn admin::Sources,
        };
        let (change, cursor) = match &plan.action {
            AdminAction::Statement(statement) => {
                let crate::sql::Kind::Ddl(node) = &statement.kind else {
                    return Err(Error::internal("no definition statement"));
                };
                (admin::execute(&context, node).await?, None)
            }
            AdminAction::Call(call) => {
                let change = admin::call(&context, call).await?;
                let batch = constant::batch_of(
                    &[(&call.function, crate::types::PgType::VOID, -1)],
                    &[vec![Datum::text("")]],
                    1,
                )?;
                (change, Some(Box::new(OneBatch::new(batch)) as Box<dyn Cursor>))
            }
        };
        let tag = if cursor.is_some() { Tag::Select(None) } else { Tag::Utility(change.tag.into()) };
        if session.in_block {
            SourceTransaction::of(transaction)?.change_catalog(&base, change.catalog);
        } else {
            publish(&database, &base, change.catalog)?;
        }
        let notices = change.notices.into_iter().map(|error| Notice { severity: Severity::Notice, error }).collect();
        Ok(Opened { cursor, tag, notices, late: false })
    }
}

fn publish(database: &Database, base: &Arc<crate::catalog::Catalog>, next: crate::catalog::Catalog) -> Result<()> {
    database.publish(base, next).map(|_| ())
}

fn plan_modifies(plan: &QueryPlan) -> bool {
    crate::session::Plan::modifies(plan)
}

/// Opens a printed statement on a server: in the session's transaction when there is one, else on a connection of its own.
#[allow(clippy::too_many_arguments)]
async fn open_on_server(
    session: &SessionContext,
    transaction: &mut dyn Transaction,
    plan: &QueryPlan,
    server: u32,
    sql: &TargetSql,
    values: &Values,
    want: Want,
    access: txn::Access,
    cancel: &CancellationToken,
) -> Result<Box<dyn Cursor>> {
    let own = SourceTransaction::of(transaction)?;
    let pool = own.database().pool(&plan.catalog, server, plan.role)?;
    let execution =
        Execution { sql: sql.clone(), params: params(sql, values)?, relay: want.relay, cancel: cancel.clone() };
    let database = Arc::clone(own.database());
    let usage = || database.meter().open(pool.server(), &session.user);
    if session.in_block {
        let sources = own.sources(session).await?;
        let lease = unless(cancel, sources.lease_for(&pool, access)).await?;
        lease.ensure_settings(&session.formats).await?;
        return if want.held {
            metered(usage(), lease.open_held(execution)).await
        } else {
            metered(usage(), lease.open(execution)).await
        };
    }
    let mut lease = unless(cancel, pool.lease()).await?;
    lease.ensure_settings(&session.formats);
    metered(usage(), lease.open(execution)).await
}

/// Waits for a connection, but no longer than the statement may live.
async fn unless<T>(cancel: &CancellationToken, work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::select! {
        biased;
        result = work => result,
        () = cancel.cancelled() => Err(Error::new(SqlState::QUERY_CANCELED, "canceling statement due to user request")),
    }
}

/// The values of a printed statement's parameters.
pub(super) fn params(sql: &TargetSql, values: &Values) -> Result<Vec<Datum>> {
    sql.params()
        .iter()
        .map(|param| match &param.source {
            ParamSource::Client(index) => values.params.get(*index).cloned(),
            ParamSource::Constant(value) => Some(value.clone()),
            ParamSource::Context(index) => values.contexts.get(*index).cloned(),
            ParamSource::Outer(_) => None,
        })
        .map(|value| value.ok_or_else(|| Error::internal("a parameter without a value")))
        .collect()
}

/// Reads a cursor to its end, for EXPLAIN ANALYZE: rows and bytes.
pub(super) async fn drain(cursor: &mut dyn Cursor) -> Result<(usize, usize)> {
    let (mut rows, mut bytes) = (0, 0);
    while let Some(fetched) = cursor.fetch(8192).await? {
        rows += fetched.count();
        bytes += fetched.bytes();
    }
    cursor.close().await?;
    Ok((rows, bytes))
}

//! The way of a request, top to bottom: bind, secure, route, print or lower, execute. See `ARCHITECTURE.md`.
//!
//! EXPLAIN, COPY and cursors enter here with a statement like any other: there is no second path to data.

mod cache;
mod constant;
mod database;
mod execute;
mod explain;
mod files;
#[cfg(feature = "engine")]
mod leaf;
mod plan;
#[cfg(feature = "engine")]
mod sources;
mod surroundings;
mod transaction;
mod verify;

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;

use crate::bind::{self, BindContext};
use crate::dialect::Evidence;
use crate::error::{Error, Result, SqlState};
use crate::kernels::Env;
use crate::policy;
use crate::route;
use crate::session::{
    Executor, Login, Open, Opened, Plan, PoolCount, SessionContext, SetRole, Transaction, UsageCount,
};
use crate::sql::ast::Node;
use crate::sql::{Kind, Statement};
use crate::types::PgType;

pub use self::database::Database;
use self::plan::{AdminPlan, ExplainPlan, QueryPlan};
use self::surroundings::Surroundings;
use self::transaction::SourceTransaction;

/// Every database of the process, and the engine that they share.
pub struct Pipeline {
    databases: RwLock<HashMap<String, Arc<Database>>>,
    #[cfg(feature = "engine")]
    engine: Arc<crate::engine::Engine>,
}

#[cfg_attr(not(feature = "engine"), allow(clippy::new_without_default))]
impl Pipeline {
    /// A pipeline without databases.
    #[cfg(feature = "engine")]
    pub fn new(engine: Arc<crate::engine::Engine>) -> Pipeline {
        Pipeline { databases: RwLock::default(), engine }
    }

    /// A pipeline without databases and without the engine: only push-down and constants run.
    #[cfg(not(feature = "engine"))]
    pub fn new() -> Pipeline {
        Pipeline { databases: RwLock::default() }
    }

    pub fn add_database(&self, name: &str, database: Database) {
        self.databases.write().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), Arc::new(database));
    }

    /// 3D000 when there is none of that name.
    pub fn database(&self, name: &str) -> Result<Arc<Database>> {
        let databases = self.databases.read().unwrap_or_else(PoisonError::into_inner);
        databases
            .get(name)
            .cloned()
            .ok_or_else(|| Error::new(SqlState::INVALID_CATALOG_NAME, format!("database \"{name}\" does not exist")))
    }

    fn plan_query(
        &self,
        surroundings: &Surroundings,
        session: &SessionContext,
        statement: &Statement,
        node: &crate::sql::ast::Node,
        declared: &[PgType],
    ) -> Result<QueryPlan> {
        let context = BindContext {
            catalog: &surroundings.catalog,
            role: surroundings.role,
            search_path: surroundings.search_path(),
            fold: surroundings.fold,
            formats: &session.formats,
        };
        let bound = bind::bind(&context, node, &statement.literals, declared)?;
        let read = bound.read.clone();
        let secured = policy::secure(bound, &surroundings.catalog, surroundings.role)?;
        let routed = route::choose(&secured, &surroundings.catalog, routing(session))?;
        Ok(QueryPlan::new(secured, routed, read, surroundings, session))
    }
}

/// How a session wants its statements routed.
fn routing(session: &SessionContext) -> route::Options {
    session.settings.read(|settings| route::Options {
        fidelity: settings.get("graticule.fidelity").and_then(Evidence::by_name).unwrap_or_default(),
        force: match settings.get("graticule.route") {
            Some("local") => Some(route::Engine::Local),
            Some("server") => Some(route::Engine::Server),
            _ => None,
        },
    })
}

#[async_trait]
impl Executor for Pipeline {
    async fn connect(&self, database: &str, user: &str) -> Result<Login> {
        let catalog = self.database(database)?.catalog();
        let role = catalog
            .role(user)
            .ok_or_else(|| Error::new(SqlState::INVALID_AUTHORIZATION, format!("role \"{user}\" does not exist")))?;
        if !role.login {
            return Err(Error::new(
                SqlState::INVALID_AUTHORIZATION,
                format!("role \"{user}\" is not permitted to log in"),
            ));
        }
        Ok(Login { superuser: role.superuser, settings: Vec::new() })
    }

    fn parse(&self, session: &SessionContext, text: &str) -> Result<Arc<[Arc<Statement>]>> {
        self.database(&session.database)?.plans().parse(text)
    }

    fn is_valid(
        &self,
        session: &SessionContext,
        transaction: Option<&mut dyn Transaction>,
        plan: &Arc<dyn Plan>,
    ) -> bool {
        let plan = plan.as_any();
        let Some(query) =
            plan.downcast_ref::<QueryPlan>().or_else(|| plan.downcast_ref::<ExplainPlan>().map(|plan| &plan.inner))
        else {
            // Definition statements are bound when they run.
            return true;
        };
        let catalog = match transaction {
            Some(transaction) => SourceTransaction::of(transaction).map(|own| own.seen()),
            None => self.database(&session.database).map(|database| database.catalog()),
        };
        catalog
            .and_then(|catalog| Surroundings::of(session, &catalog))
            .is_ok_and(|surroundings| query.fits(&surroundings))
    }

    async fn prepare(
        &self,
        session: &SessionContext,
        transaction: &mut dyn Transaction,
        statement: &Arc<Statement>,
        declared: &[PgType],
    ) -> Result<Arc<dyn Plan>> {
        let own = SourceTransaction::of(transaction)?;
        // What is bound over a transaction's own definitions is nobody else's.
        let cache = own.catalog().is_none().then(|| own.database().plans());
        let catalog = own.seen();
        let surroundings = Surroundings::of(session, &catalog)?;
        let placed = |error| statement.literals.placed(error);
        match &statement.kind {
            Kind::Query(node) => {
                if let Some(plan) = cache.and_then(|cache| cache.plan(statement, declared, &surroundings)) {
                    return Ok(plan);
                }
                if let Some(call) = plan::admin_call(node, &statement.literals)? {
                    return Ok(Arc::new(AdminPlan::call(call)));
                }
                let plan =
                    Arc::new(self.plan_query(&surroundings, session, statement, node, declared).map_err(placed)?);
                if let Some(cache) = cache {
                    cache.keep(statement, declared, &plan);
                }
                Ok(plan)
            }
            Kind::Ddl(node) if crate::admin::handles(node) => Ok(Arc::new(AdminPlan::statement(Arc::clone(statement)))),
            Kind::Ddl(node) => Err(Error::unsupported(plan::statement_name(node)).at(statement.text_range.start)),
            Kind::Explain(explain) => {
                let Kind::Query(node) = &explain.statement.kind else {
                    return Err(Error::unsupported("EXPLAIN of this statement"));
                };
                let inner = self.plan_query(&surroundings, session, &explain.statement, node, declared)?;
                Ok(Arc::new(ExplainPlan::new(inner, explain)?))
            }
            Kind::Command(_) => Err(Error::internal("a session command reached the pipeline")),
        }
    }

    async fn open(
        &self,
        session: &SessionContext,
        transaction: &mut dyn Transaction,
        open: Open<'_>,
    ) -> Result<Opened> {
        let plan = Arc::clone(open.plan);
        if let Some(query) = plan.as_any().downcast_ref::<QueryPlan>() {
            return self.run_query(session, transaction, query, open).await;
        }
        if let Some(explain) = plan.as_any().downcast_ref::<ExplainPlan>() {
            return self.run_explain(session, transaction, explain, open).await;
        }
        if let Some(admin) = plan.as_any().downcast_ref::<AdminPlan>() {
            return match &admin.action {
                plan::AdminAction::Call(call) if call.function == "verify" => {
                    self.run_verify(session, transaction, &call.args, open.cancel).await
                }
                _ => self.run_admin(session, transaction, admin).await,
            };
        }
        Err(Error::internal("a plan of another executor"))
    }

    async fn begin(&self, session: &SessionContext) -> Result<Box<dyn Transaction>> {
        Ok(Box::new(SourceTransaction::new(self.database(&session.database)?)))
    }

    fn env(&self, session: &SessionContext) -> Env {
        let surroundings =
            self.database(&session.database).and_then(|database| Surroundings::of(session, &database.catalog()));
        match surroundings {
            Ok(surroundings) => surroundings.env(session),
            Err(_) => Env { formats: Arc::clone(&session.formats), ..Env::default() },
        }
    }

    async fn resolve_type(&self, session: &SessionContext, name: &crate::sql::ast::TypeName) -> Result<PgType> {
        let unknown = |node: &crate::sql::ast::Node| matches!(node, Node::String(part) if part == "unknown");
        if name.names.last().is_some_and(unknown) {
            return Ok(PgType::INVALID);
        }
        bind::type_name(&self.database(&session.database)?.catalog(), name).map(|(ty, _)| ty)
    }

    async fn set_role(&self, session: &SessionContext, change: SetRole<'_>) -> Result<Login> {
        let catalog = self.database(&session.database)?.catalog();
        let (name, to_session) = match change {
            SetRole::Role(name) => (name, false),
            SetRole::SessionAuthorization(name) => (name, true),
        };
        let target = catalog
            .role(name)
            .ok_or_else(|| Error::new(SqlState::INVALID_PARAMETER_VALUE, format!("role \"{name}\" does not exist")))?;
        let login = catalog.role(&session.session_user).map_or(0, |role| role.oid);
        let allowed = catalog.is_superuser(login)
            || target.oid == login
            || (!to_session && catalog.effective_roles(login).contains(&target.oid));
        if !allowed {
            let what = if to_session { "session authorization" } else { "role" };
            return Err(Error::new(
                SqlState::INSUFFICIENT_PRIVILEGE,
                format!("permission denied to set {what} \"{name}\""),
            ));
        }
        Ok(Login { superuser: target.superuser, settings: Vec::new() })
    }

    async fn discard(&self, session: &SessionContext) -> Result<()> {
        *session.slot.lock().unwrap_or_else(PoisonError::into_inner) = None;
        Ok(())
    }

    fn pools(&self) -> Vec<PoolCount> {
        let databases = self.databases.read().unwrap_or_else(PoisonError::into_inner);
        databases.iter().flat_map(|(name, database)| database.pool_counts(name)).collect()
    }

    fn usage(&self) -> Vec<UsageCount> {
        let databases = self.databases.read().unwrap_or_else(PoisonError::into_inner);
        databases.iter().flat_map(|(name, database)| database.usage_counts(name)).collect()
    }

    async fn disconnect(&self, session: &SessionContext) {
        *session.slot.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

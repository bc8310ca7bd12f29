//! One tenant: its catalog snapshots, definitions store, and connections to its servers.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use async_trait::async_trait;

use super::cache::PlanCache;
use crate::admin::{Described, Sources};
use crate::catalog::{Catalog, Language, Privilege, Server};
use crate::connector::{self, Pool};
use crate::error::{Error, Result, SqlState};
use crate::meter::{Account, Meter, Numbers};
use crate::pgcatalog;
use crate::session::{PoolCount, UsageCount};
use crate::store::Store;

/// A database and everything that belongs to it alone.
#[derive(Debug)]
pub struct Database {
    catalog: RwLock<Arc<Catalog>>,
    store: Store,
    /// Invariant 8: a pool belongs to one database, one version of one server and one credential identity.
    pools: Mutex<HashMap<PoolKey, Pool>>,
    /// Invariant 8: plans belong to one database too.
    plans: PlanCache,
    meter: Meter,
}

#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
struct PoolKey {
    server: u32,
    version: u64,
    mapping: u32,
}

impl Database {
    /// Loads the definitions of a database; `folder` = None keeps them in memory.
    pub fn open(name: &str, language: Arc<Language>, folder: Option<&Path>) -> Result<Database> {
        let path = folder.map(|folder| folder.join(format!("{name}.db")));
        let store = Store::open(path.as_deref())?;
        let mut builder = Catalog::empty(name, language).edit();
        pgcatalog::install(&mut builder);
        let catalog = store.load(builder.finish())?;
        Ok(Database {
            catalog: RwLock::new(Arc::new(catalog)),
            store,
            pools: Mutex::default(),
            plans: PlanCache::default(),
            meter: Meter::default(),
        })
    }

    /// The published snapshot.
    pub fn catalog(&self) -> Arc<Catalog> {
        Arc::clone(&self.catalog.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Statements and plans that are kept.
    pub(super) fn plans(&self) -> &PlanCache {
        &self.plans
    }

    /// What statements read of servers.
    pub(super) fn meter(&self) -> &Meter {
        &self.meter
    }

    /// Stores and publishes the snapshot made from `base`. 40001 when another session published one since.
    pub fn publish(&self, base: &Arc<Catalog>, next: Catalog) -> Result<Arc<Catalog>> {
        let mut current = self.catalog.write().unwrap_or_else(PoisonError::into_inner);
        if !Arc::ptr_eq(&current, base) {
            return Err(Error::new(
                SqlState::SERIALIZATION_FAILURE,
                "could not change definitions: another session changed them meanwhile",
            )
            .hint("The statement can be tried again."));
        }
        self.store.save(base, &next)?;
        let next = Arc::new(next);
        *current = Arc::clone(&next);
        drop(current);
        self.plans.forget_plans();
        self.forget_stale_pools(&next);
        Ok(next)
    }

    /// Pools of servers or mappings that are gone or changed take no new work; what is leased ends by itself.
    fn forget_stale_pools(&self, catalog: &Catalog) {
        let mut pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        pools.retain(|key, pool| {
            let alive = catalog.servers.get(&key.server).is_some_and(|server| server.version == key.version)
                && (key.mapping == 0 || catalog.mappings.iter().any(|mapping| mapping.oid == key.mapping));
            if !alive {
                pool.close();
            }
            alive
        });
    }

    /// The pool of a role on a server. 42704 without the user mapping that the wrapper needs.
    pub fn pool(&self, catalog: &Catalog, server: u32, role: u32) -> Result<Pool> {
        let server = catalog
            .servers
            .get(&server)
            .ok_or_else(|| Error::internal(format!("server {server} is not in the snapshot")))?;
        let mapping = catalog.user_mapping(server.oid, role);
        if mapping.is_none() && connector::needs_mapping(&server.wrapper) {
            let role = catalog.roles.get(&role).map_or("?", |role| role.name.as_str());
            let message = format!("user mapping not found for \"{role}\" on server \"{}\"", server.name);
            return Err(Error::new(SqlState::UNDEFINED_OBJECT, message).hint("Make one with CREATE USER MAPPING."));
        }
        let mapping_oid = mapping.map_or(0, |mapping| mapping.oid);
        let key = PoolKey { server: server.oid, version: server.version, mapping: mapping_oid };
        let mut pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pool) = pools.get(&key) {
            return Ok(pool.clone());
        }
        let none = BTreeMap::new();
        let credentials = mapping.map_or(&none, |mapping| &mapping.options);
        let pool = Pool::new(&server.wrapper, &server.name, &server.options, credentials)?;
        pools.insert(key, pool.clone());
        Ok(pool)
    }

    /// The usage of every server by every role, for metrics.
    pub fn usage_counts(&self, database: &str) -> Vec<UsageCount> {
        let count = |(account, numbers): (Account, Numbers)| UsageCount {
            database: database.to_owned(),
            server: account.server,
            role: account.role,
            jobs: numbers.jobs,
            failed: numbers.failed,
            rows: numbers.rows,
            bytes: numbers.bytes,
            scanned: numbers.scanned,
        };
        self.meter.read().into_iter().map(count).collect()
    }

    /// The connections of every pool, for metrics.
    pub fn pool_counts(&self, database: &str) -> Vec<PoolCount> {
        let pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        let count = |pool: &Pool| {
            let counters = pool.counters();
            let (database, server) = (database.to_owned(), pool.server().to_owned());
            PoolCount { database, server, open: counters.open, in_use: counters.in_use }
        };
        pools.values().map(count).collect()
    }
}

#[async_trait]
impl Sources for Database {
    fn check_server_options(&self, server: &Server) -> Result<()> {
        connector::check_server(&server.wrapper, &server.name, &server.options)
    }

    fn check_mapping_options(&self, server: &Server, options: &BTreeMap<String, String>) -> Result<()> {
        connector::check_mapping(&server.wrapper, &server.name, options)
    }

    async fn describe(&self, catalog: &Arc<Catalog>, server: &Server, role: u32, schema: &str) -> Result<Described> {
        if !catalog.server_allows(role, server, Privilege::Usage) {
            return Err(Error::new(
                SqlState::INSUFFICIENT_PRIVILEGE,
                format!("permission denied for foreign server {}", server.name),
            ));
        }
        if server.wrapper == "geoparquet" {
            return super::files::describe(server, schema).await.map(Described::Files);
        }
        match self.pool(catalog, server.oid, role)? {
            Pool::Other(_, connector) => Ok(Described::Tables(Box::new(connector.describe(schema).await?))),
            Pool::Postgres(pool) => Ok(Described::Postgres(Box::new(pool.describe(schema).await?))),
        }
    }
}

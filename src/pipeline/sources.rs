//! Where the engine's rows come from, for one execution: system relations from the snapshot, files, and fragments on servers.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use arrow::datatypes::Schema;
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use super::database::Database;
use super::execute::{Counters, Values, params};
use super::leaf::Leaf;
use super::surroundings::Surroundings;
use crate::catalog::{Relation, Source};
use crate::connector::{Cursor, Execution, Rows, SharedLease};
use crate::engine::{Inputs, TableSource};
use crate::error::{Error, Result};
use crate::meter::{Account, Numbers, metered};
use crate::route::{Fragment, Partners, Wanted};
use crate::session::SessionContext;
use crate::{pgcatalog, txn, types};

/// The sources of one execution.
pub(super) struct StatementSources {
    pub(super) database: Arc<Database>,
    pub(super) surroundings: Arc<Surroundings>,
    /// The role by whose name its usage is counted.
    pub(super) user: Arc<str>,
    pub(super) settings: Vec<(String, String)>,
    pub(super) fragments: Vec<Fragment>,
    /// One connection per server touched: the fragments of a statement on one server share a snapshot.
    pub(super) leases: BTreeMap<u32, SharedLease>,
    /// Outside of a transaction block: the statement's own transactions, ended with it.
    pub(super) _own: Option<txn::Transaction>,
    pub(super) counters: Option<Arc<Counters>>,
    /// Bytes that a part without a condition may have.
    pub(super) most: Option<u64>,
    pub(super) values: Values,
    pub(super) cancel: CancellationToken,
}

#[async_trait]
impl TableSource for StatementSources {
    fn system(&self, relation: &Relation) -> Result<RecordBatch> {
        let view = pgcatalog::View {
            catalog: &self.surroundings.catalog,
            role: self.surroundings.role,
            settings: &self.settings,
            usage: &self.usage(relation),
        };
        let columns = pgcatalog::columns(&view, relation)?;
        let rows = columns.first().map_or(0, |column| column.len());
        let fields: Vec<_> =
            relation.columns.iter().map(|column| types::field(&column.name, column.ty, column.typmod)).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &options).map_err(Error::internal)
    }

    fn path(&self, relation: &Relation) -> Result<PathBuf> {
        match &relation.source {
            Source::Files { path, .. } => Ok(PathBuf::from(path)),
            Source::Remote { .. } | Source::System | Source::View => {
                Err(Error::internal(format!("relation {} has no files", relation.name)))
            }
        }
    }

    fn kept(&self, fragment: usize, rows: usize) {
        if let Some(counters) = &self.counters {
            counters.kept(fragment, rows);
        }
    }

    fn narrows(&self, number: usize, partners: &Partners) -> Result<bool> {
        let (_, said) = self.at(number)?.narrowed(&self.surroundings.catalog, std::slice::from_ref(partners))?;
        Ok(said.iter().all(|said| *said))
    }

    fn unread(&self, number: usize) {
        if let Some(counters) = &self.counters {
            counters.told(number, "no row has a partner".to_owned());
        }
    }

    async fn fragment(&self, number: usize, partners: &[Partners]) -> Result<Box<dyn Cursor>> {
        let cursor = self.open(number, partners).await?;
        Ok(match &self.counters {
            Some(counters) => Box::new(Counted { cursor, number, counters: Arc::clone(counters) }),
            None => cursor,
        })
    }
}

/// The session's settings, for pg_settings.
pub(super) fn settings(session: &SessionContext) -> Vec<(String, String)> {
    session.settings.read(|settings| settings.show_all().into_iter().map(|(name, value, _)| (name, value)).collect())
}

/// The most keys of one side of a join that a fragment is told.
fn most_keys(session: &SessionContext) -> usize {
    session.settings.read(|settings| match settings.get("graticule.semi_join") {
        Some("off") => 0,
        _ => usize::try_from(settings.int("graticule.semi_join_keys")).unwrap_or(0),
    })
}

impl StatementSources {
    /// What the engine needs of one execution.
    pub(super) fn inputs(self, session: &SessionContext) -> Inputs {
        Inputs {
            env: self.values.env.clone(),
            params: self.values.params.clone(),
            contexts: self.values.contexts.clone(),
            semi_join: most_keys(session),
            cancel: self.cancel.clone(),
            sources: Arc::new(self),
        }
    }

    /// For graticule.usage alone.
    fn usage(&self, relation: &Relation) -> Vec<pgcatalog::Usage> {
        if &*relation.schema != "graticule" {
            return Vec::new();
        }
        let row = |(account, numbers): (Account, Numbers)| {
            let numbers = [numbers.jobs, numbers.failed, numbers.rows, numbers.bytes, numbers.scanned];
            pgcatalog::Usage { server: account.server, role: account.role, numbers }
        };
        self.database.meter().read().into_iter().map(row).collect()
    }

    fn at(&self, fragment: usize) -> Result<&Fragment> {
        self.fragments.get(fragment).ok_or_else(|| Error::internal("a fragment that the route does not have"))
    }

    async fn open(&self, number: usize, partners: &[Partners]) -> Result<Box<dyn Cursor>> {
        let fragment = self.at(number)?;
        let lease =
            self.leases.get(&fragment.server).ok_or_else(|| Error::internal("a fragment without a connection"))?;
        let mut filtered = fragment.conditions > 0 || fragment.limited;
        let sql = if partners.is_empty() {
            fragment.sql.clone()
        } else {
            let (sql, said) = fragment.narrowed(&self.surroundings.catalog, partners)?;
            filtered |= said.contains(&true);
            if let Some(counters) = &self.counters {
                for (partners, _) in partners.iter().zip(said).filter(|(_, said)| *said) {
                    let what = match &partners.wanted {
                        Wanted::Box(_) => "the box around".to_owned(),
                        Wanted::Keys(keys) => format!("{} keys from", keys.len()),
                    };
                    counters.told(number, format!("{what} {}", partners.from));
                }
            }
            sql
        };
        let leaf = if filtered { None } else { Leaf::of(fragment, &self.surroundings.catalog, self.most)? };
        if let Some(leaf) = &leaf {
            leaf.check(fragment, lease).await?;
        }
        let execution =
            Execution { params: params(&sql, &self.values)?, sql, relay: None, cancel: self.cancel.clone() };
        let usage = self.database.meter().open(lease.server(), &self.user);
        let cursor = metered(usage, lease.open(execution)).await?;
        Ok(match leaf {
            Some(leaf) => leaf.counted(cursor),
            None => cursor,
        })
    }
}

/// A fragment's cursor whose rows are counted.
struct Counted {
    cursor: Box<dyn Cursor>,
    number: usize,
    counters: Arc<Counters>,
}

#[async_trait]
impl Cursor for Counted {
    async fn fetch(&mut self, max_rows: usize) -> Result<Option<Rows>> {
        let rows = self.cursor.fetch(max_rows).await?;
        if let Some(rows) = &rows {
            self.counters.fetched(self.number, rows);
        }
        Ok(rows)
    }

    fn affected(&self) -> Option<u64> {
        self.cursor.affected()
    }

    async fn close(&mut self) -> Result<()> {
        self.cursor.close().await
    }
}

//! The executor's side of a session's transaction: sources joined at first touch, and its own catalog.

use std::any::Any;
use std::sync::Arc;

use async_trait::async_trait;

use super::database::Database;
use crate::catalog::Catalog;
use crate::error::{Error, Result};
use crate::session::{Notice, SessionContext, Transaction};
use crate::{sql, txn};

/// One transaction of one session.
pub(super) struct SourceTransaction {
    database: Arc<Database>,
    /// Made at the first statement that touches a source.
    sources: Option<txn::Transaction>,
    /// Names given to the sources' savepoints, by level.
    savepoints: usize,
    /// Definitions changed here: the snapshot it began from and its own, per savepoint level.
    overlay: Option<Overlay>,
}

struct Overlay {
    base: Arc<Catalog>,
    /// The newest last: (savepoint level at which it was made, snapshot).
    versions: Vec<(usize, Arc<Catalog>)>,
}

impl SourceTransaction {
    pub(super) fn new(database: Arc<Database>) -> SourceTransaction {
        SourceTransaction { database, sources: None, savepoints: 0, overlay: None }
    }

    pub(super) fn of(transaction: &mut dyn Transaction) -> Result<&mut SourceTransaction> {
        transaction
            .as_any_mut()
            .downcast_mut::<SourceTransaction>()
            .ok_or_else(|| Error::internal("a transaction of another executor"))
    }

    pub(super) fn database(&self) -> &Arc<Database> {
        &self.database
    }

    /// The transaction's own snapshot, once it changed definitions.
    pub(super) fn catalog(&self) -> Option<Arc<Catalog>> {
        self.overlay.as_ref().and_then(|overlay| overlay.versions.last()).map(|(_, catalog)| Arc::clone(catalog))
    }

    /// The snapshot that a statement of this transaction sees.
    pub(super) fn seen(&self) -> Arc<Catalog> {
        self.catalog().unwrap_or_else(|| self.database.catalog())
    }

    /// Takes a changed snapshot: published at commit.
    pub(super) fn change_catalog(&mut self, base: &Arc<Catalog>, next: Catalog) {
        let level = self.savepoints;
        let overlay = self.overlay.get_or_insert_with(|| Overlay { base: Arc::clone(base), versions: Vec::new() });
        overlay.versions.push((level, Arc::new(next)));
    }

    /// The sources' transaction with this session's modes.
    pub(super) async fn sources(&mut self, session: &SessionContext) -> Result<&mut txn::Transaction> {
        if self.sources.is_none() {
            let mut sources = txn::Transaction::begin(options(session));
            for level in 0..self.savepoints {
                sources.savepoint(&savepoint_name(level)).await?;
            }
            self.sources = Some(sources);
        }
        self.sources.as_mut().ok_or_else(|| Error::internal("no transaction on the sources"))
    }
}

fn savepoint_name(level: usize) -> String {
    format!("graticule_{level}")
}

/// The session's transaction modes in the sources' words.
fn options(session: &SessionContext) -> txn::Options {
    txn::Options {
        isolation: match session.mode.isolation {
            sql::Isolation::ReadUncommitted | sql::Isolation::ReadCommitted => txn::Isolation::ReadCommitted,
            sql::Isolation::RepeatableRead => txn::Isolation::RepeatableRead,
            sql::Isolation::Serializable => txn::Isolation::Serializable,
        },
        access: if session.mode.read_only { txn::Access::Read } else { txn::Access::Write },
        deferrable: session.mode.deferrable,
    }
}

#[async_trait]
impl Transaction for SourceTransaction {
    async fn commit(mut self: Box<Self>, _session: &SessionContext) -> Result<Vec<Notice>> {
        if let Some(sources) = self.sources.take() {
            sources.commit().await?;
        }
        if let Some(overlay) = self.overlay.take()
            && let Some((_, next)) = overlay.versions.last()
        {
            self.database.publish(&overlay.base, (**next).clone())?;
        }
        Ok(Vec::new())
    }

    async fn rollback(mut self: Box<Self>, _session: &SessionContext) {
        if let Some(sources) = self.sources.take() {
            sources.rollback().await;
        }
    }

    async fn savepoint(&mut self, level: usize) -> Result<()> {
        if let Some(sources) = &mut self.sources {
            sources.savepoint(&savepoint_name(level)).await?;
        }
        self.savepoints = level + 1;
        Ok(())
    }

    async fn release(&mut self, level: usize) -> Result<()> {
        if let Some(sources) = &mut self.sources {
            sources.release(&savepoint_name(level)).await?;
        }
        self.savepoints = level;
        if let Some(overlay) = &mut self.overlay {
            overlay.versions.iter_mut().for_each(|(made, _)| *made = (*made).min(level));
        }
        Ok(())
    }

    async fn rollback_to(&mut self, level: usize) -> Result<()> {
        if let Some(sources) = &mut self.sources {
            sources.rollback_to(&savepoint_name(level)).await?;
        }
        self.savepoints = level + 1;
        if let Some(overlay) = &mut self.overlay {
            overlay.versions.retain(|(made, _)| *made <= level);
        }
        Ok(())
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }
}

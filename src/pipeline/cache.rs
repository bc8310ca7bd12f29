//! Statements and plans of one database, kept by text: what is sent again is neither parsed nor planned again.
//!
//! A text's parse depends on nothing but the text. A plan is used again only for the very statement that it was made for, with the
//! same declared parameter types, snapshot, role, and settings (`surroundings::Reading`): all that bind, policies and routing read.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::plan::QueryPlan;
use super::surroundings::Surroundings;
use crate::error::Result;
use crate::sql::{Command, Kind, Shapes, Statement};
use crate::types::PgType;

/// A longer text is not kept: trees take some thirty times their text.
const MAX_TEXT: usize = 16 << 10;

/// All texts together.
const MAX_BYTES: usize = 512 << 10;

/// Plans of one text: for several roles, search paths or parameter types.
const MAX_PLANS: usize = 8;

/// The cache; sessions share it.
#[derive(Debug, Default)]
pub(super) struct PlanCache {
    texts: Mutex<Texts>,
    shapes: Shapes,
}

#[derive(Default)]
struct Texts {
    entries: HashMap<Arc<str>, Entry>,
    bytes: usize,
    clock: u64,
}

struct Entry {
    statements: Arc<[Arc<Statement>]>,
    plans: Vec<Kept>,
    used: u64,
}

struct Kept {
    statement: Arc<Statement>,
    declared: Box<[PgType]>,
    plan: Arc<QueryPlan>,
}

impl std::fmt::Debug for Texts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Texts").field("entries", &self.entries.len()).field("bytes", &self.bytes).finish()
    }
}

impl PlanCache {
    /// The statements of a query string.
    pub(super) fn parse(&self, text: &str) -> Result<Arc<[Arc<Statement>]>> {
        if text.len() > MAX_TEXT {
            return self.fresh(text);
        }
        if let Some(statements) = self.with(|texts| texts.touch(text).map(|entry| Arc::clone(&entry.statements))) {
            return Ok(statements);
        }
        let statements = self.fresh(text)?;
        let key: Arc<str> = match statements.first() {
            Some(statement) => Arc::clone(&statement.source),
            None => return Ok(statements),
        };
        self.with(|texts| texts.insert(key, &statements));
        Ok(statements)
    }

    fn fresh(&self, text: &str) -> Result<Arc<[Arc<Statement>]>> {
        Ok(self.shapes.parse(text)?.into_iter().map(Arc::new).collect())
    }

    /// The plan made for that statement under the same conditions.
    pub(super) fn plan(
        &self,
        statement: &Arc<Statement>,
        declared: &[PgType],
        surroundings: &Surroundings,
    ) -> Option<Arc<QueryPlan>> {
        self.with(|texts| {
            let kept = texts.touch(&statement.source)?.plans.iter().find(|kept| {
                Arc::ptr_eq(&kept.statement, statement)
                    && *kept.declared == *declared
                    && kept.plan.fits(surroundings)
                    && kept.plan.formats_are(surroundings)
            })?;
            Some(Arc::clone(&kept.plan))
        })
    }

    /// Keeps a plan, if its statement's text is kept.
    pub(super) fn keep(&self, statement: &Arc<Statement>, declared: &[PgType], plan: &Arc<QueryPlan>) {
        self.with(|texts| {
            let Some(entry) = texts.entries.get_mut(&statement.source) else { return };
            // What was made up for an execution (EXECUTE's arguments) has the text of another statement.
            if !entry.statements.iter().any(|own| own_or_inner(own, statement)) {
                return;
            }
            if entry.plans.len() >= MAX_PLANS {
                entry.plans.remove(0);
            }
            let (statement, plan) = (Arc::clone(statement), Arc::clone(plan));
            entry.plans.push(Kept { statement, declared: declared.into(), plan });
        });
    }

    /// A new snapshot was published: no plan fits it.
    pub(super) fn forget_plans(&self) {
        let old = self
            .with(|texts| texts.entries.values_mut().map(|entry| std::mem::take(&mut entry.plans)).collect::<Vec<_>>());
        drop(old);
    }

    fn with<R>(&self, work: impl FnOnce(&mut Texts) -> R) -> R {
        work(&mut self.texts.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn own_or_inner(own: &Arc<Statement>, statement: &Arc<Statement>) -> bool {
    let inner = match &own.kind {
        Kind::Command(Command::CopyOut(copy)) => Some(&copy.query),
        Kind::Command(Command::Declare { query, .. } | Command::Prepare { query, .. }) => Some(query),
        Kind::Command(_) | Kind::Ddl(_) | Kind::Explain(_) | Kind::Query(_) => None,
    };
    Arc::ptr_eq(own, statement) || inner.is_some_and(|inner| Arc::ptr_eq(inner, statement))
}

impl Texts {
    fn touch(&mut self, text: &str) -> Option<&Entry> {
        self.clock += 1;
        let entry = self.entries.get_mut(text)?;
        entry.used = self.clock;
        Some(entry)
    }

    fn insert(&mut self, text: Arc<str>, statements: &Arc<[Arc<Statement>]>) {
        self.clock += 1;
        self.bytes += text.len();
        let entry = Entry { statements: Arc::clone(statements), plans: Vec::new(), used: self.clock };
        let length = text.len();
        if self.entries.insert(text, entry).is_some() {
            // Two sessions parsed it at once.
            self.bytes -= length;
        }
        if self.bytes > MAX_BYTES {
            self.shrink();
        }
    }

    /// Forgets the half that has not been used for longest.
    fn shrink(&mut self) {
        let mut ages: Vec<u64> = self.entries.values().map(|entry| entry.used).collect();
        let middle = ages.len() / 2;
        let (_, middle, _) = ages.select_nth_unstable(middle);
        let middle = *middle;
        self.entries.retain(|_, entry| entry.used >= middle);
        self.bytes = self.entries.keys().map(|text| text.len()).sum();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_what_was_used_last() {
        let cache = PlanCache::default();
        let first = cache.parse("select 1").unwrap();
        assert!(Arc::ptr_eq(&first, &cache.parse("select 1").unwrap()));
        assert!(cache.parse("selec 1").is_err());
        assert!(cache.parse(";").unwrap().is_empty());
        let long = format!("select '{}'", "x".repeat(MAX_TEXT));
        assert!(!Arc::ptr_eq(&cache.parse(&long).unwrap(), &cache.parse(&long).unwrap()));
        for number in 0..200 {
            cache.parse(&format!("select {number}, '{}'", "y".repeat(8 << 10))).unwrap();
            assert!(Arc::ptr_eq(&first, &cache.parse("select 1").unwrap()), "in use");
        }
        let texts = cache.texts.lock().unwrap();
        assert!(texts.bytes <= MAX_BYTES);
        assert_eq!(texts.bytes, texts.entries.keys().map(|text| text.len()).sum::<usize>());
    }
}

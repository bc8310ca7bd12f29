//! Prepared statements of one connection, kept by text, least recently used out first.

use std::collections::HashMap;
use std::sync::Arc;

use super::remote_types::RemoteTypes;
use super::wire::Fields;
use crate::dialect::target::ResultColumn;
use crate::error::{Error, Result, SqlState};

/// A statement that the server holds.
pub(super) struct Prepared {
    pub name: String,
    /// Declared parameter types, in the remote's oids (0: left to the server).
    pub params: Vec<u32>,
    pub columns: Vec<RemoteField>,
}

/// A column of a RowDescription.
#[derive(Debug)]
pub(super) struct RemoteField {
    pub oid: u32,
}

impl Prepared {
    /// The fields of a RowDescription's body.
    pub fn columns(body: &[u8]) -> Result<Vec<RemoteField>> {
        let mut fields = Fields(body);
        let count = fields.i16()?;
        (0..count)
            .map(|_| {
                fields.text()?;
                // table oid, column number
                fields.bytes(6)?;
                let oid = fields.u32()?;
                // length, typmod, format
                fields.bytes(8)?;
                Ok(RemoteField { oid })
            })
            .collect()
    }

    /// Compares what the server returns with what bind expects.
    pub fn check(&self, expected: &[ResultColumn], types: &RemoteTypes) -> Result<()> {
        let same = self.columns.len() == expected.len()
            && self.columns.iter().zip(expected).all(|(actual, expected)| {
                // A foreign type travels as text whatever it is (a domain answers as its base type).
                expected.ty.is_foreign() || types.local(actual.oid) == Some(expected.ty)
            });
        if same {
            return Ok(());
        }
        Err(Error::new(SqlState::FEATURE_NOT_SUPPORTED, "cached plan must not change result type"))
    }
}

/// The statements by text.
pub(super) struct Cache {
    entries: HashMap<Arc<str>, Entry>,
    capacity: usize,
    clock: u64,
}

struct Entry {
    prepared: Arc<Prepared>,
    used: u64,
}

impl Cache {
    pub fn new(capacity: usize) -> Cache {
        Cache { entries: HashMap::new(), capacity, clock: 0 }
    }

    pub fn get(&mut self, text: &str, params: &[u32]) -> Option<Arc<Prepared>> {
        self.clock += 1;
        let entry = self.entries.get_mut(text).filter(|entry| entry.prepared.params == params)?;
        entry.used = self.clock;
        Some(Arc::clone(&entry.prepared))
    }

    /// Adds a statement; answers those that the server may forget (statements in use by a cursor stay).
    pub fn insert(&mut self, text: Arc<str>, prepared: Arc<Prepared>) -> Vec<Arc<Prepared>> {
        self.clock += 1;
        let entry = Entry { prepared, used: self.clock };
        let mut evicted: Vec<_> = self.entries.insert(text, entry).map(|old| old.prepared).into_iter().collect();
        while self.entries.len() > self.capacity {
            let idle = self.entries.iter().filter(|(_, entry)| Arc::strong_count(&entry.prepared) == 1);
            let Some(oldest) = idle.min_by_key(|(_, entry)| entry.used).map(|(text, _)| Arc::clone(text)) else {
                break;
            };
            evicted.extend(self.entries.remove(&oldest).map(|entry| entry.prepared));
        }
        evicted
    }

    pub fn remove(&mut self, text: &str) -> Option<Arc<Prepared>> {
        self.entries.remove(text).map(|entry| entry.prepared)
    }

    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.entries.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prepared(name: &str) -> Arc<Prepared> {
        Arc::new(Prepared { name: name.to_owned(), params: vec![23], columns: Vec::new() })
    }

    #[test]
    fn evicts_the_least_recently_used_that_no_cursor_holds() {
        let mut cache = Cache::new(2);
        let held = prepared("a");
        assert!(cache.insert("a".into(), Arc::clone(&held)).is_empty());
        assert!(cache.insert("b".into(), prepared("b")).is_empty());
        assert!(cache.get("b", &[23]).is_some());
        assert!(cache.get("b", &[25]).is_none(), "other parameter types are another statement");
        let evicted = cache.insert("c".into(), prepared("c"));
        assert_eq!(evicted.iter().map(|old| old.name.as_str()).collect::<Vec<_>>(), ["b"]);
        assert_eq!(cache.len(), 2);
    }
}

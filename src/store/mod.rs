//! Where definitions live: one SQLite file (or memory), one row per object, written as the difference of two snapshots.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::{Arc, Mutex};

use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::catalog::{Catalog, Relation, Source};
use crate::error::{Error, Result, SqlState};

/// Version of the table layout; `open` refuses a newer file.
const LAYOUT: i64 = 1;

/// The definitions of one database.
#[derive(Debug)]
pub struct Store {
    connection: Mutex<Connection>,
}

impl Store {
    /// Opens or makes the file; `None` keeps definitions in memory. 58030 when it cannot be opened or is of a newer layout.
    pub fn open(path: Option<&Path>) -> Result<Store> {
        let connection = match path {
            Some(path) => Connection::open(path),
            None => Connection::open_in_memory(),
        }
        .map_err(|error| failed("open the definitions store", &error))?;
        let setup = || -> rusqlite::Result<i64> {
            connection.execute_batch(
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
                 CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
                 CREATE TABLE IF NOT EXISTS objects (kind TEXT NOT NULL, key TEXT NOT NULL, body TEXT NOT NULL,
                     PRIMARY KEY (kind, key)) STRICT;
                 CREATE TABLE IF NOT EXISTS oids (schema TEXT NOT NULL, name TEXT NOT NULL, oid INTEGER NOT NULL,
                     PRIMARY KEY (schema, name)) STRICT;",
            )?;
            let layout: Option<i64> =
                connection.query_row("SELECT value FROM meta WHERE key = 'layout'", [], |row| row.get(0)).optional()?;
            if layout.is_none() {
                connection.execute("INSERT INTO meta VALUES ('layout', ?1)", params![LAYOUT])?;
            }
            Ok(layout.unwrap_or(LAYOUT))
        };
        let layout = setup().map_err(|error| failed("open the definitions store", &error))?;
        if layout > LAYOUT {
            return Err(Error::new(
                SqlState::IO_ERROR,
                format!("the definitions store has layout {layout}, newer than {LAYOUT}"),
            )
            .hint("Use the version of Graticule that wrote it, or a newer one."));
        }
        Ok(Store { connection: Mutex::new(connection) })
    }

    /// The stored objects on top of `base` (an empty database with its system relations).
    pub fn load(&self, base: Catalog) -> Result<Catalog> {
        let connection = self.lock();
        let mut builder = base.edit();
        let all = |kind: &str| -> Result<Vec<String>> {
            let query = || -> rusqlite::Result<Vec<String>> {
                let mut statement = connection.prepare("SELECT body FROM objects WHERE kind = ?1 ORDER BY key")?;
                statement.query_map(params![kind], |row| row.get(0))?.collect()
            };
            query().map_err(|error| failed("read the definitions store", &error))
        };
        for schema in parse::<crate::catalog::Schema>(all("schema")?)? {
            builder.catalog().schemas.insert(schema.name.clone(), Arc::new(schema));
        }
        for role in parse::<crate::catalog::Role>(all("role")?)? {
            builder.catalog().roles.insert(role.oid, Arc::new(role));
        }
        for server in parse::<crate::catalog::Server>(all("server")?)? {
            builder.catalog().servers.insert(server.oid, Arc::new(server));
        }
        for mapping in parse::<crate::catalog::UserMapping>(all("mapping")?)? {
            builder.catalog().mappings.push(Arc::new(mapping));
        }
        for ty in parse::<crate::catalog::ForeignType>(all("type")?)? {
            builder.catalog().foreign_types.insert(ty.oid, Arc::new(ty));
        }
        for relation in parse::<Relation>(all("relation")?)? {
            builder.put_relation(relation);
        }
        let number = |key: &str| -> Result<Option<u32>> {
            connection
                .query_row("SELECT value FROM meta WHERE key = ?1", params![key], |row| row.get(0))
                .optional()
                .map_err(|error| failed("read the definitions store", &error))
        };
        if let Some(next) = number("next_oid")? {
            builder.catalog().next_oid = next;
        }
        let known = || -> rusqlite::Result<BTreeMap<(String, String), u32>> {
            let mut statement = connection.prepare("SELECT schema, name, oid FROM oids")?;
            statement.query_map([], |row| Ok(((row.get(0)?, row.get(1)?), row.get(2)?)))?.collect()
        };
        builder.catalog().known_oids = Arc::new(known().map_err(|error| failed("read the definitions store", &error))?);
        Ok(builder.finish())
    }

    /// Writes what differs between two snapshots, in one SQLite transaction.
    pub fn save(&self, old: &Catalog, new: &Catalog) -> Result<()> {
        let mut connection = self.lock();
        let write = |connection: &mut Connection| -> rusqlite::Result<()> {
            let transaction = connection.transaction()?;
            {
                let mut put = transaction.prepare("INSERT OR REPLACE INTO objects VALUES (?1, ?2, ?3)")?;
                let mut drop = transaction.prepare("DELETE FROM objects WHERE kind = ?1 AND key = ?2")?;
                let mut apply = |kind: &str, change: (String, Option<String>)| -> rusqlite::Result<()> {
                    match change {
                        (key, Some(body)) => put.execute(params![kind, key, body])?,
                        (key, None) => drop.execute(params![kind, key])?,
                    };
                    Ok(())
                };
                let numbered = |oid: &u32| format!("{oid:010}");
                for change in changes(&old.schemas, &new.schemas, Clone::clone) {
                    apply("schema", change)?;
                }
                for change in changes(&old.roles, &new.roles, numbered) {
                    apply("role", change)?;
                }
                for change in changes(&old.servers, &new.servers, numbered) {
                    apply("server", change)?;
                }
                for change in changes(&old.foreign_types, &new.foreign_types, |ty| format!("{:010}", ty.0)) {
                    apply("type", change)?;
                }
                for change in changes(&by_oid(&old.mappings, |m| m.oid), &by_oid(&new.mappings, |m| m.oid), numbered) {
                    apply("mapping", change)?;
                }
                for change in changes(&stored_relations(old), &stored_relations(new), numbered) {
                    apply("relation", change)?;
                }
                let mut oids = transaction.prepare("INSERT OR REPLACE INTO oids VALUES (?1, ?2, ?3)")?;
                for ((schema, name), oid) in new.known_oids.iter().filter(|(key, _)| !old.known_oids.contains_key(*key))
                {
                    oids.execute(params![schema, name, oid])?;
                }
                transaction.execute("INSERT OR REPLACE INTO meta VALUES ('next_oid', ?1)", params![new.next_oid])?;
            }
            transaction.commit()
        };
        write(&mut connection).map_err(|error| failed("write the definitions store", &error))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Connection> {
        // A poisoned lock only means that another thread panicked between two whole SQLite transactions.
        self.connection.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

fn failed(what: &str, error: &rusqlite::Error) -> Error {
    Error::new(SqlState::IO_ERROR, format!("could not {what}: {error}"))
}

fn parse<T: DeserializeOwned>(bodies: Vec<String>) -> Result<Vec<T>> {
    bodies
        .iter()
        .map(|body| {
            serde_json::from_str(body).map_err(|error| {
                Error::new(SqlState::IO_ERROR, format!("unreadable row in the definitions store: {error}"))
            })
        })
        .collect()
}

/// Objects that were put (with their JSON) or dropped. Sharing means unchanged.
fn changes<K: Ord, T: Serialize>(
    old: &BTreeMap<K, Arc<T>>,
    new: &BTreeMap<K, Arc<T>>,
    key: impl Fn(&K) -> String,
) -> Vec<(String, Option<String>)> {
    let put = new.iter().filter(|(id, value)| old.get(id).is_none_or(|other| !Arc::ptr_eq(other, value)));
    let put = put.map(|(id, value)| {
        (key(id), Some(serde_json::to_string(&**value).expect("catalog objects have string keys only")))
    });
    let dropped = old.keys().filter(|id| !new.contains_key(id)).map(|id| (key(id), None));
    dropped.chain(put).collect()
}

fn by_oid<T>(values: &[Arc<T>], oid: impl Fn(&T) -> u32) -> BTreeMap<u32, Arc<T>> {
    values.iter().map(|value| (oid(value), Arc::clone(value))).collect()
}

fn stored_relations(catalog: &Catalog) -> BTreeMap<u32, Arc<Relation>> {
    let relations: HashMap<u32, Arc<Relation>> = catalog
        .relations()
        .filter(|relation| !matches!(relation.source, Source::System))
        .map(|relation| (relation.oid, Arc::clone(relation)))
        .collect();
    relations.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{Acl, Language, Schema};

    #[test]
    fn a_snapshot_survives_a_restart() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("graticule.db");
        let base = Catalog::empty("demo", Arc::new(Language::default()));
        let mut builder = base.edit();
        let oid = builder.oid_of("geo", "cities");
        let schema =
            Schema { oid: 5, name: "geo".into(), owner: 10, acl: Acl::default(), comment: None, attached: None };
        builder.catalog().schemas.insert("geo".into(), Arc::new(schema));
        let next = builder.finish();
        Store::open(Some(&path)).expect("opens").save(&base, &next).expect("saves");
        let mut again = Store::open(Some(&path)).expect("opens").load(base).expect("loads").edit();
        assert!(again.catalog().schemas.contains_key("geo"));
        assert_eq!(again.oid_of("geo", "cities"), oid, "a name keeps its oid");
        assert!(again.new_oid() > oid, "oids are never given twice");
    }
}

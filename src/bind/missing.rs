//! Errors for names that are not there, with PostgreSQL's hints (`errorMissingRTE`, `errorMissingColumn`).

use crate::bound::Span;
use crate::error::{Error, SqlState};

use super::ast::at;
use super::context::Binder;
use super::scope::Entry;

/// `MAX_FUZZY_DISTANCE`.
const MAX_DISTANCE: usize = 3;

impl Binder<'_> {
    fn entries(&self) -> impl Iterator<Item = &Entry> {
        let stop = self.scopes.iter().rposition(|scope| scope.barrier).unwrap_or(0);
        self.scopes[stop..].iter().rev().flat_map(|scope| scope.entries.iter())
    }

    /// 42P01 for a table name in an expression.
    pub fn missing_relation(&self, schema: Option<&str>, name: &str, place: Span) -> Error {
        // The relation that the name itself would mean.
        let meant = match schema {
            Some(schema) => self.catalog.relation(schema, name),
            None => self.path.iter().find_map(|schema| self.catalog.relation(schema, name)),
        };
        let by_relation = |entry: &&Entry| match (&entry.cte, &entry.relation, meant) {
            (Some(cte), _, _) => schema.is_none() && cte == name,
            (None, Some(relation), Some(meant)) => relation.oid == meant.oid,
            (None, _, _) => false,
        };
        let entry = self.entries().find(|entry| by_relation(entry) || (schema.is_none() && entry.alias == name));
        let error = match entry {
            None => Error::new(SqlState::UNDEFINED_TABLE, format!("missing FROM-clause entry for table \"{name}\"")),
            Some(entry) => {
                let error = Error::new(
                    SqlState::UNDEFINED_TABLE,
                    format!("invalid reference to FROM-clause entry for table \"{name}\""),
                );
                let visible = entry.aliased
                    && entry.alias != name
                    && matches!(self.find_item(None, &entry.alias, place), Ok(Some(_)));
                if visible {
                    error.hint(format!("Perhaps you meant to reference the table alias \"{}\".", entry.alias))
                } else {
                    error.hint(format!(
                        "There is an entry for table \"{}\", but it cannot be referenced from this part of the query.",
                        entry.alias
                    ))
                }
            }
        };
        at(error, place)
    }

    /// 42703 for a column name.
    pub fn missing_column(&self, relation: Option<&str>, name: &str, place: Span) -> Error {
        let message = match relation {
            Some(relation) => format!("column {relation}.{name} does not exist"),
            None => format!("column \"{name}\" does not exist"),
        };
        let error = Error::new(SqlState::UNDEFINED_COLUMN, message);
        at(self.column_hint(error, relation, name), place)
    }

    fn column_hint(&self, error: Error, relation: Option<&str>, name: &str) -> Error {
        let mut best = MAX_DISTANCE + 1;
        let mut found: Vec<(&str, &str)> = Vec::new();
        for entry in self.entries().filter(|entry| !entry.join) {
            let penalty = relation.map_or(0, |relation| distance(relation, &entry.alias));
            if penalty == 0 && entry.columns.iter().any(|column| &*column.name == name) {
                return error.hint(format!(
                    "There is a column named \"{name}\" in table \"{}\", but it cannot be referenced from this part of the query.",
                    entry.alias
                ));
            }
            for column in entry.columns.iter().map(|column| &*column.name) {
                if penalty > best {
                    break;
                }
                let own = distance(name, column);
                if own > name.chars().count() / 2 {
                    continue;
                }
                let total = own + penalty;
                if total < best {
                    best = total;
                    found = vec![(&entry.alias, column)];
                } else if total == best && total <= MAX_DISTANCE {
                    found.push((&entry.alias, column));
                    if found.len() > 2 {
                        // Too many are equally near: this distance says nothing.
                        found.clear();
                        best = total.saturating_sub(1);
                    }
                }
            }
        }
        match found.as_slice() {
            [(table, column)] => error.hint(format!("Perhaps you meant to reference the column \"{table}.{column}\".")),
            [(table, column), (other, second)] => error.hint(format!(
                "Perhaps you meant to reference the column \"{table}.{column}\" or the column \"{other}.{second}\"."
            )),
            _ => error,
        }
    }
}

/// Levenshtein distance, all costs 1.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let next = (diagonal + usize::from(x != *y)).min(row[j] + 1).min(row[j + 1] + 1);
            diagonal = row[j + 1];
            row[j + 1] = next;
        }
    }
    row[b.len()]
}

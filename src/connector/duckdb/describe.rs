//! A schema of a DuckDB database, from DuckDB's catalog functions.

use std::collections::{HashMap, HashSet};

use super::types::field_type;
use crate::connector::adbc::{Pool, missing, text};
use crate::connector::{FieldType, RemoteField, RemoteTable, RemoteTables};
use crate::error::{Error, Result, SqlState};
use crate::types::PgType;

const VERSION: &str = "SELECT version()";

const SCHEMA: &str =
    "SELECT count(*) FROM duckdb_schemas() WHERE database_name = current_database() AND schema_name = $1";

const TABLES: &str = "SELECT table_name, false, comment, estimated_size::DOUBLE, sql FROM duckdb_tables() \
     WHERE database_name = current_database() AND schema_name = $1 AND NOT internal AND NOT temporary \
     UNION ALL \
     SELECT view_name, true, comment, NULL, '' FROM duckdb_views() \
     WHERE database_name = current_database() AND schema_name = $1 AND NOT internal AND NOT temporary \
     ORDER BY 1";

const COLUMNS: &str = "SELECT table_name, column_name, data_type, NOT is_nullable, comment FROM duckdb_columns() \
     WHERE database_name = current_database() AND schema_name = $1 AND NOT internal \
     ORDER BY table_name, column_index";

const KEYS: &str = "SELECT table_name, constraint_type, to_json(constraint_column_names)::VARCHAR FROM duckdb_constraints() \
     WHERE database_name = current_database() AND schema_name = $1 AND constraint_type IN ('PRIMARY KEY', 'UNIQUE') \
     ORDER BY table_name, constraint_index";

/// Is any column of the database compared otherwise than by its bytes?
const COLLATED: &str = "SELECT count(*) FROM duckdb_tables() WHERE NOT internal AND sql ILIKE '%collate%'";

pub(super) async fn describe(pool: &Pool, srid: i32, schema: &str) -> Result<RemoteTables> {
    let known = pool.rows(SCHEMA, Some(schema), &[PgType::INT8]).await?;
    if known.first().and_then(|row| row.first()?.as_i64()) == Some(0) {
        let message = format!("schema \"{schema}\" does not exist on server \"{}\"", pool.server());
        return Err(Error::new(SqlState::INVALID_SCHEMA_NAME, message));
    }
    let version = pool.rows(VERSION, None, &[PgType::TEXT]).await?;
    let version = text(version.first().and_then(|row| row.first()))?.trim_start_matches('v').to_owned();
    let collated = pool.rows(COLLATED, None, &[PgType::INT8]).await?;
    let collated = collated.first().and_then(|row| row.first()?.as_i64()) != Some(0);
    let mut tables: Vec<RemoteTable> = Vec::new();
    let mut places = HashMap::new();
    // Columns whose texts are compared by another collation.
    let mut otherwise: HashMap<String, HashSet<String>> = HashMap::new();
    let wanted = [PgType::TEXT, PgType::BOOL, PgType::TEXT, PgType::FLOAT8, PgType::TEXT];
    for row in pool.rows(TABLES, Some(schema), &wanted).await? {
        let [name, is_view, comment, size, sql] = &row[..] else { return Err(missing()) };
        let name = text(Some(name))?.to_owned();
        places.insert(name.clone(), tables.len());
        otherwise.insert(name.clone(), collated_columns(sql.as_str().unwrap_or_default()));
        tables.push(RemoteTable {
            name,
            is_view: is_view.as_bool() == Some(true),
            comment: comment.as_str().map(str::to_owned),
            rows: size.as_f64(),
            ..RemoteTable::default()
        });
    }
    let wanted = [PgType::TEXT, PgType::TEXT, PgType::TEXT, PgType::BOOL, PgType::TEXT];
    for row in pool.rows(COLUMNS, Some(schema), &wanted).await? {
        let [table, name, data_type, not_null, comment] = &row[..] else { return Err(missing()) };
        let Some(table) = places.get(text(Some(table))?).and_then(|place| tables.get_mut(*place)) else { continue };
        let name = text(Some(name))?.to_owned();
        let mut ty = field_type(text(Some(data_type))?, srid);
        let is_text =
            matches!(ty, FieldType::Known { ty, .. } if ty == PgType::TEXT || ty.element() == Some(PgType::TEXT));
        let listed = otherwise.get(&table.name).is_some_and(|columns| columns.contains(&name.to_lowercase()));
        // A view does not tell its columns' collations.
        if is_text && (listed || table.is_view && collated) {
            ty = FieldType::Foreign("varchar with a collation".to_owned());
        }
        table.columns.push(RemoteField {
            name,
            ty,
            not_null: not_null.as_bool() == Some(true),
            comment: comment.as_str().map(str::to_owned),
        });
    }
    for row in pool.rows(KEYS, Some(schema), &[PgType::TEXT; 3]).await? {
        let [table, kind, names] = &row[..] else { return Err(missing()) };
        let Some(table) = places.get(text(Some(table))?).and_then(|place| tables.get_mut(*place)) else { continue };
        let names: Vec<String> = serde_json::from_str(text(Some(names))?).map_err(|_| missing())?;
        if text(Some(kind))? == "PRIMARY KEY" {
            table.primary_key = names;
        } else {
            table.unique.push(names);
        }
    }
    Ok(RemoteTables { schema: schema.to_owned(), version, tables, ..RemoteTables::default() })
}

/// Names, in lower case, of the columns that a CREATE TABLE gives a collation.
fn collated_columns(sql: &str) -> HashSet<String> {
    let mut found = HashSet::new();
    let (mut depth, mut first) = (0_usize, None::<String>);
    let mut letters = sql.chars().peekable();
    while let Some(letter) = letters.next() {
        let word = match letter {
            '\'' | '"' => {
                let mut word = String::new();
                while let Some(next) = letters.next() {
                    if next != letter {
                        word.push(next);
                    } else if letters.next_if_eq(&letter).is_some() {
                        word.push(letter);
                    } else {
                        break;
                    }
                }
                if letter == '\'' { continue } else { word }
            }
            '(' => {
                depth += 1;
                if depth == 1 {
                    first = None;
                }
                continue;
            }
            ')' => {
                depth = depth.saturating_sub(1);
                continue;
            }
            ',' => {
                if depth == 1 {
                    first = None;
                }
                continue;
            }
            letter if letter.is_alphanumeric() || letter == '_' => {
                let mut word = letter.to_string();
                while let Some(next) = letters.next_if(|next| next.is_alphanumeric() || *next == '_') {
                    word.push(next);
                }
                if depth >= 1 && word.eq_ignore_ascii_case("collate") {
                    found.extend(first.clone());
                }
                word
            }
            _ => continue,
        };
        if depth == 1 && first.is_none() {
            first = Some(word.to_lowercase());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn collations_are_found_in_the_definition() {
        let sql = "CREATE TABLE t(a VARCHAR COLLATE nocase, \"B,b\" VARCHAR COLLATE de, c VARCHAR DEFAULT('x collate y'), \
                   d DECIMAL(10,2), PRIMARY KEY(a));";
        let mut found: Vec<String> = collated_columns(sql).into_iter().collect();
        found.sort();
        assert_eq!(found, ["a", "b,b"]);
        assert!(collated_columns("CREATE TABLE t(\"collate\" VARCHAR, b VARCHAR)").is_empty());
    }
}

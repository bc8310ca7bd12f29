//! A schema of a Snowflake database, from its INFORMATION_SCHEMA.
//!
//! Keys are not told: Snowflake does not enforce them.

use std::collections::HashMap;

use super::types::{Described, Reading, field_type};
use crate::connector::adbc::{Pool, missing, text};
use crate::connector::{RemoteField, RemoteTable, RemoteTables};
use crate::error::{Error, Result, SqlState};
use crate::types::{Datum, PgType};

const VERSION: &str = "SELECT CURRENT_VERSION()";

const SCHEMAS: &str = "SELECT schema_name FROM information_schema.schemata WHERE UPPER(schema_name) = UPPER(?)";

const TABLES: &str = "SELECT table_name, table_type, comment, TO_VARCHAR(row_count) FROM information_schema.tables \
     WHERE table_schema = ? ORDER BY table_name";

const COLUMNS: &str = "SELECT table_name, column_name, data_type, TO_VARCHAR(numeric_precision), TO_VARCHAR(numeric_scale), is_nullable, comment, \
     collation_name FROM information_schema.columns WHERE table_schema = ? ORDER BY table_name, ordinal_position";

pub(super) async fn describe(pool: &Pool, reading: &Reading, schema: &str) -> Result<RemoteTables> {
    let schema = real_name(pool, schema).await?;
    let version = pool.rows(VERSION, None, &[PgType::TEXT]).await?;
    let version = text(version.first().and_then(|row| row.first()))?.to_owned();
    let mut tables: Vec<RemoteTable> = Vec::new();
    let mut places = HashMap::new();
    let wanted = [PgType::TEXT; 4];
    for row in pool.rows(TABLES, Some(&schema), &wanted).await? {
        let [name, kind, comment, count] = &row[..] else { return Err(missing()) };
        let name = text(Some(name))?.to_owned();
        places.insert(name.clone(), tables.len());
        tables.push(RemoteTable {
            name,
            is_view: text(Some(kind))?.ends_with("VIEW"),
            comment: comment_of(comment),
            rows: number(count).map(|count| count as f64),
            ..RemoteTable::default()
        });
    }
    let wanted = [PgType::TEXT; 8];
    for row in pool.rows(COLUMNS, Some(&schema), &wanted).await? {
        let [table, name, data_type, precision, scale, nullable, comment, collation] = &row[..] else {
            return Err(missing());
        };
        let Some(table) = places.get(text(Some(table))?).and_then(|place| tables.get_mut(*place)) else { continue };
        let column = Described {
            data_type: text(Some(data_type))?,
            precision: number(precision),
            scale: number(scale),
            collated: collation.as_str().is_some_and(|collation| !matches!(collation, "" | "utf8")),
        };
        table.columns.push(RemoteField {
            name: text(Some(name))?.to_owned(),
            ty: field_type(column, reading),
            not_null: text(Some(nullable))? == "NO",
            comment: comment_of(comment),
        });
    }
    Ok(RemoteTables { schema, version, tables, ..RemoteTables::default() })
}

/// The schema of exactly that name, else the only one that has it in capitals or small letters.
async fn real_name(pool: &Pool, schema: &str) -> Result<String> {
    let found = pool.rows(SCHEMAS, Some(schema), &[PgType::TEXT]).await?;
    let names: Vec<&str> = found.iter().filter_map(|row| row.first().and_then(Datum::as_str)).collect();
    match names.as_slice() {
        names if names.contains(&schema) => Ok(schema.to_owned()),
        [only] => Ok((*only).to_owned()),
        _ => {
            let message = format!("schema \"{schema}\" does not exist on server \"{}\"", pool.server());
            Err(Error::new(SqlState::INVALID_SCHEMA_NAME, message))
        }
    }
}

fn comment_of(value: &Datum) -> Option<String> {
    value.as_str().filter(|comment| !comment.is_empty()).map(str::to_owned)
}

/// Numbers come as text: their width there varies.
fn number(value: &Datum) -> Option<i64> {
    value.as_str()?.parse().ok()
}

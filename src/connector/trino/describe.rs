//! A schema of a catalog, from its information schema.

use std::collections::HashMap;

use serde_json::Value;

use super::client::Client;
use super::types::field_type;
use crate::connector::{RemoteField, RemoteTable, RemoteTables};
use crate::dialect::{Dialect, TargetSql, Version};
use crate::error::{Error, Result, SqlState};

/// From this version on each geometry has an SRID of its own, which its WKB does not say.
const OWN_SRIDS: u32 = 483;

const VERSION: &str = "SELECT version()";
const SCHEMA: &str = "SELECT count(*) FROM information_schema.schemata WHERE schema_name = ";
const TABLES: &str = "SELECT t.table_name, t.table_type, c.comment FROM information_schema.tables t \
     LEFT JOIN (SELECT table_name, comment FROM system.metadata.table_comments \
     WHERE catalog_name = :catalog AND schema_name = :schema) c ON c.table_name = t.table_name \
     WHERE t.table_schema = :schema ORDER BY 1";
const TABLES_ONLY: &str =
    "SELECT table_name, table_type, NULL FROM information_schema.tables WHERE table_schema = :schema ORDER BY 1";
const COLUMNS: &str = "SELECT table_name, column_name, data_type, is_nullable FROM information_schema.columns \
     WHERE table_schema = :schema ORDER BY table_name, ordinal_position";

/// What a statement reads and gives, by statistics.
const EXPLAIN: &str = "EXPLAIN (TYPE IO, FORMAT JSON) ";

pub(super) async fn describe(client: &Client, schema: &str) -> Result<RemoteTables> {
    let quoting = Dialect::by_name("trino")?.text.quoting;
    let literals = [quoting.literal(&client.options().catalog)?, quoting.literal(schema)?];
    let filled = |sql: &str| sql.replace(":catalog", &literals[0]).replace(":schema", &literals[1]);
    let (_, known) = client.rows(&[SCHEMA, literals[1].as_str()].concat()).await?;
    if known.first().and_then(|row| row.get(0)?.as_i64()) == Some(0) {
        let message = format!("schema \"{schema}\" does not exist on server \"{}\"", client.server());
        return Err(Error::new(SqlState::INVALID_SCHEMA_NAME, message));
    }
    let (_, version) = client.rows(VERSION).await?;
    let version = text(version.first(), 0)?.to_owned();
    let srid = client.options().srid;
    let old = Version::parse(&version).is_some_and(|version| version.0.first().is_some_and(|major| *major < OWN_SRIDS));
    // A newer server's geometries have the SRID that the option says, or are not read.
    let geometry = old || srid.is_some();
    let mut tables: Vec<RemoteTable> = Vec::new();
    let mut places = HashMap::new();
    // Comments need a right that not everybody has.
    let found = match client.rows(&filled(TABLES)).await {
        Ok((_, rows)) => rows,
        Err(error) if error.state() == SqlState::CONNECTION_FAILURE => return Err(error),
        Err(_) => client.rows(&filled(TABLES_ONLY)).await?.1,
    };
    for row in &found {
        let name = text(Some(row), 0)?.to_owned();
        places.insert(name.clone(), tables.len());
        let is_view = text(Some(row), 1)? == "VIEW";
        let comment = row.get(2).and_then(Value::as_str).map(str::to_owned);
        tables.push(RemoteTable { name, is_view, comment, ..RemoteTable::default() });
    }
    for row in &client.rows(&filled(COLUMNS)).await?.1 {
        let Some(table) = places.get(text(Some(row), 0)?).and_then(|place| tables.get_mut(*place)) else { continue };
        table.columns.push(RemoteField {
            name: text(Some(row), 1)?.to_owned(),
            ty: field_type(text(Some(row), 2)?, srid, geometry),
            not_null: text(Some(row), 3)? == "NO",
            comment: None,
        });
    }
    Ok(RemoteTables { schema: schema.to_owned(), version, tables, ..RemoteTables::default() })
}

/// Bytes of a statement's result by the statistics of its tables, where they have any.
pub(super) async fn estimate(client: &Client, sql: &TargetSql) -> Result<Option<u64>> {
    if !sql.params().is_empty() {
        return Ok(None);
    }
    let (_, rows) = client.rows(&[EXPLAIN, sql.text()].concat()).await?;
    let plan: Value = serde_json::from_str(text(rows.first(), 0)?).map_err(Error::internal)?;
    // What is not known is written as "NaN".
    let bytes = plan["estimate"]["outputSizeInBytes"].as_f64().filter(|bytes| bytes.is_finite() && *bytes >= 0.0);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    // whole and not negative; a float's cast saturates
    Ok(bytes.map(|bytes| bytes as u64))
}

fn text(row: Option<&Value>, at: usize) -> Result<&str> {
    let value = row.and_then(|row| row.get(at)?.as_str());
    value.ok_or_else(|| Error::internal("a row of Trino's catalog has another shape"))
}

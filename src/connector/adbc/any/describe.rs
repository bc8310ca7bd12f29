//! A schema of any engine, from its driver's lists.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, StructArray};
use arrow::datatypes::Schema;
use arrow::record_batch::RecordBatch;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::AnyConnector;
use super::types::field_type;
use crate::connector::adbc::json;
use crate::connector::adbc::protocol::{Depth, Request};
use crate::connector::{RemoteField, RemoteTable, RemoteTables};
use crate::error::{Error, Result, SqlState};

/// A table of every PostGIS: the extension's functions are in its schema.
const POSTGIS_TABLE: &str = "spatial_ref_sys";

/// A catalog of `GetObjects`. Lists that were not asked for are null.
#[derive(Debug, Deserialize)]
struct CatalogObject {
    catalog_name: Option<String>,
    catalog_db_schemas: Option<Vec<SchemaObject>>,
}

#[derive(Debug, Deserialize)]
struct SchemaObject {
    db_schema_name: Option<String>,
    db_schema_tables: Option<Vec<TableObject>>,
}

#[derive(Debug, Deserialize)]
struct TableObject {
    table_name: String,
    table_type: String,
    table_columns: Option<Vec<ColumnObject>>,
    table_constraints: Option<Vec<ConstraintObject>>,
}

#[derive(Debug, Deserialize)]
struct ColumnObject {
    column_name: String,
    remarks: Option<String>,
    /// 0: holds no NULL.
    xdbc_nullable: Option<i16>,
}

#[derive(Debug, Deserialize)]
struct ConstraintObject {
    constraint_type: String,
    constraint_column_names: Option<Vec<String>>,
}

/// Where a schema is: engines without schemas are asked by their catalogs.
#[derive(Debug)]
struct Place {
    catalog: Option<String>,
    schema: Option<String>,
}

pub(super) async fn describe(connector: &AnyConnector, schema: &str) -> Result<RemoteTables> {
    let info = connector.pool.info().await?;
    let catalog = connector.catalog.clone().or(info.catalog);
    let place = place(connector, catalog.as_deref(), schema).await?;
    let mut found = RemoteTables {
        schema: schema.to_owned(),
        version: info.version.unwrap_or_default(),
        postgis_schema: if connector.dialect.text.postgresql { postgis(connector, &place).await? } else { None },
        ..RemoteTables::default()
    };
    for catalog in objects(connector, Depth::Columns, &place, None).await? {
        if catalog.catalog_name != place.catalog {
            continue;
        }
        let schemas = catalog.catalog_db_schemas.unwrap_or_default().into_iter();
        for listed in schemas.filter(|listed| named(listed.db_schema_name.as_ref()) == place.schema.as_deref()) {
            for table in listed.db_schema_tables.unwrap_or_default() {
                if is_relation(&table.table_type) {
                    found.tables.push(self::table(connector, &place, table).await?);
                }
            }
        }
    }
    found.tables.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

/// The schema of that name; 3F000 when there is none, or several catalogs have one.
async fn place(connector: &AnyConnector, catalog: Option<&str>, schema: &str) -> Result<Place> {
    let anywhere = Place { catalog: None, schema: None };
    let mut places = Vec::new();
    for listed in objects(connector, Depth::Schemas, &anywhere, None).await? {
        let schemas = listed.catalog_db_schemas.unwrap_or_default();
        let here = catalog.is_none_or(|catalog| listed.catalog_name.as_deref() == Some(catalog));
        if here && schemas.iter().any(|found| found.db_schema_name.as_deref() == Some(schema)) {
            places.push(Place { catalog: listed.catalog_name, schema: Some(schema.to_owned()) });
        } else if listed.catalog_name.as_deref() == Some(schema)
            && schemas.iter().all(|found| named(found.db_schema_name.as_ref()).is_none())
        {
            places.push(Place { catalog: listed.catalog_name, schema: None });
        }
    }
    let several = places.len() > 1;
    match (places.pop(), several) {
        (Some(place), false) => Ok(place),
        (Some(_), true) => {
            let message =
                format!("several catalogs of server \"{}\" have a schema \"{schema}\"", connector.pool.server());
            Err(Error::new(SqlState::INVALID_SCHEMA_NAME, message).hint("Name one by the server's option catalog."))
        }
        (None, _) => {
            let message = format!("schema \"{schema}\" does not exist on server \"{}\"", connector.pool.server());
            Err(Error::new(SqlState::INVALID_SCHEMA_NAME, message))
        }
    }
}

/// The schema that PostGIS is in.
async fn postgis(connector: &AnyConnector, place: &Place) -> Result<Option<String>> {
    let everywhere = Place { catalog: place.catalog.clone(), schema: None };
    let catalogs = objects(connector, Depth::Tables, &everywhere, Some(POSTGIS_TABLE)).await?;
    let here = catalogs.into_iter().filter(|catalog| catalog.catalog_name == place.catalog);
    let mut schemas = here.flat_map(|catalog| catalog.catalog_db_schemas.unwrap_or_default());
    let has = |schema: &SchemaObject| {
        let tables = schema.db_schema_tables.as_deref().unwrap_or_default();
        tables.iter().any(|table| table.table_name == POSTGIS_TABLE)
    };
    Ok(schemas.find(has).and_then(|schema| schema.db_schema_name))
}

async fn table(connector: &AnyConnector, place: &Place, table: TableObject) -> Result<RemoteTable> {
    let request = Request::TableSchema {
        catalog: place.catalog.clone(),
        schema: place.schema.clone(),
        table: table.table_name.clone(),
    };
    let (schema, _) = connector.pool.listed(&request).await?;
    let listed = table.table_columns.unwrap_or_default();
    let columns = schema.fields().iter().map(|field| {
        let listed = listed.iter().find(|column| column.column_name == *field.name());
        RemoteField {
            name: field.name().clone(),
            ty: field_type(field, connector.dialect, connector.srid),
            not_null: listed.is_some_and(|column| column.xdbc_nullable == Some(0)),
            comment: listed.and_then(|column| column.remarks.clone()).filter(|remarks| !remarks.is_empty()),
        }
    });
    let mut found = RemoteTable {
        columns: columns.collect(),
        is_view: table.table_type.to_lowercase().contains("view"),
        name: table.table_name,
        ..RemoteTable::default()
    };
    for constraint in table.table_constraints.unwrap_or_default() {
        let names = constraint.constraint_column_names.unwrap_or_default();
        match constraint.constraint_type.as_str() {
            "PRIMARY KEY" => {
                found.columns.iter_mut().filter(|column| names.contains(&column.name)).for_each(|c| c.not_null = true);
                found.primary_key = names;
            }
            "UNIQUE" if !names.is_empty() => found.unique.push(names),
            _ => {}
        }
    }
    Ok(found)
}

async fn objects(
    connector: &AnyConnector,
    depth: Depth,
    place: &Place,
    table: Option<&str>,
) -> Result<Vec<CatalogObject>> {
    let request = Request::Objects {
        depth,
        catalog: place.catalog.clone(),
        schema: place.schema.clone(),
        table: table.map(str::to_owned),
    };
    let (schema, batches) = connector.pool.listed(&request).await?;
    parse(&schema, &batches)
}

/// The rows of a list, by their names.
fn parse<T: DeserializeOwned>(schema: &Schema, batches: &[RecordBatch]) -> Result<Vec<T>> {
    let wrong = |what: &dyn std::fmt::Display| Error::new(SqlState::FDW_ERROR, format!("a driver's list: {what}"));
    let mut rows = Vec::new();
    for batch in batches {
        let rows_of: ArrayRef = Arc::new(StructArray::from(batch.clone()));
        if !json::says(rows_of.data_type()) {
            return Err(wrong(&schema));
        }
        for text in json::texts(&rows_of)?.iter().flatten() {
            rows.push(serde_json::from_str(text).map_err(|error| wrong(&error))?);
        }
    }
    Ok(rows)
}

/// Drivers of engines without schemas say NULL, or an empty name.
fn named(schema: Option<&String>) -> Option<&str> {
    schema.map(String::as_str).filter(|name| !name.is_empty())
}

/// What can be read: drivers list indexes, sequences and internal tables too.
fn is_relation(table_type: &str) -> bool {
    let kind = table_type.to_lowercase();
    (kind.contains("table") || kind.contains("view")) && !kind.contains("toast") && !kind.contains("system")
}

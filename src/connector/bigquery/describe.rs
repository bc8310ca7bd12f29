//! A dataset, from the API's lists of tables: they cost nothing.

use futures::stream::{self, StreamExt, TryStreamExt};
use serde::Deserialize;
use serde_json::Value;

use super::client::{Client, Refusal};
use super::types::{Field, field_type};
use crate::connector::{RemoteField, RemoteTable, RemoteTables};
use crate::error::{Error, Result, SqlState};

/// Tables that are asked for at once.
const AT_ONCE: usize = 8;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
struct List {
    tables: Vec<Entry>,
    next_page_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    table_reference: Reference,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reference {
    table_id: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Table {
    #[serde(rename = "type")]
    kind: Option<String>,
    schema: Option<Fields>,
    num_rows: Option<String>,
    description: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Fields {
    fields: Vec<Field>,
}

/// `schema` is a dataset of the server's project, or `project.dataset`.
pub(super) async fn describe(client: &Client, schema: &str) -> Result<RemoteTables> {
    let (project, dataset) = schema.rsplit_once('.').unwrap_or((&client.options().project, schema));
    let found = client.get::<Value>(client.url(project, &["datasets", dataset])?, None).await;
    found.map_err(|refusal| match refusal {
        Refusal::Far(fault) if fault.status == 404 || fault.reason == "notFound" => {
            let message = format!("schema \"{schema}\" does not exist on server \"{}\"", client.server());
            Error::new(SqlState::INVALID_SCHEMA_NAME, message)
        }
        refusal => refusal.into_error(),
    })?;
    let mut names = Vec::new();
    let mut token: Option<String> = None;
    loop {
        let mut url = client.url(project, &["datasets", dataset, "tables"])?;
        url.query_pairs_mut().append_pair("maxResults", "1000");
        if let Some(token) = &token {
            url.query_pairs_mut().append_pair("pageToken", token);
        }
        let list: List = client.get(url, None).await.map_err(Refusal::into_error)?;
        names.extend(list.tables.into_iter().map(|entry| entry.table_reference.table_id));
        token = list.next_page_token.filter(|token| !token.is_empty());
        if token.is_none() {
            break;
        }
    }
    names.sort();
    let tables = stream::iter(names).map(|name| table(client, project, dataset, name)).buffered(AT_ONCE);
    let tables: Vec<Option<RemoteTable>> = tables.try_collect().await?;
    Ok(RemoteTables {
        schema: schema.to_owned(),
        version: "2".to_owned(),
        tables: tables.into_iter().flatten().collect(),
        ..RemoteTables::default()
    })
}

/// `None` when it went in the meantime.
async fn table(client: &Client, project: &str, dataset: &str, name: String) -> Result<Option<RemoteTable>> {
    let url = client.url(project, &["datasets", dataset, "tables", &name])?;
    let found: Table = match client.get(url, None).await {
        Ok(found) => found,
        Err(Refusal::Far(fault)) if fault.status == 404 || fault.reason == "notFound" => return Ok(None),
        Err(refusal) => return Err(refusal.into_error()),
    };
    let fields = found.schema.unwrap_or_default().fields;
    let columns = fields.into_iter().map(|field| RemoteField {
        ty: field_type(&field, client.options().geometry),
        not_null: field.is_required(),
        comment: field.description.clone(),
        name: field.name,
    });
    // Keys are promises there, which nobody checks: they are not ours.
    Ok(Some(RemoteTable {
        name,
        is_view: matches!(found.kind.as_deref(), Some("VIEW" | "MATERIALIZED_VIEW")),
        comment: found.description,
        rows: found.num_rows.and_then(|rows| rows.parse().ok()),
        columns: columns.collect(),
        primary_key: Vec::new(),
        unique: Vec::new(),
    }))
}

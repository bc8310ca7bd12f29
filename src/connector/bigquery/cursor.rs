//! A statement as a job, and its rows page by page, or as a stream.

use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Url;
use ring::rand::{SecureRandom, SystemRandom};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::client::{Client, Refusal};
use super::decode::{Decoder, Row};
use super::fault::{Fault, Proto, broken};
use super::storage::{self, Reading, Table};
use super::types::Field;
use crate::connector::fault::canceled;
use crate::connector::ready::Ready;
use crate::connector::{Cursor, Execution, Rows};
use crate::dialect::{Param, TargetSql};
use crate::error::{Error, Result, SqlState};
use crate::kernels::spatial::{geometry::Geometry, wkb};
use crate::kernels::{Env, io};
use crate::types::{Datum, PgType};

/// How long the first request waits for the result: then the job has a name by which it can be stopped.
const FIRST_WAIT: u64 = 1_000;
/// How long each later one does.
const NEXT_WAIT: u64 = 10_000;
/// How long a client waits for its cancel: longer than the first request does.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long a request to cancel may take.
const STOPPING: Duration = Duration::from_secs(10);

/// The answer of `jobs.query` and `getQueryResults`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Page {
    job_complete: Option<bool>,
    job_reference: Option<Job>,
    schema: Option<Fields>,
    rows: Vec<Row>,
    page_token: Option<String>,
    total_rows: Option<String>,
    total_bytes_processed: Option<String>,
    errors: Vec<Proto>,
}

#[derive(Debug, Deserialize)]
struct Fields {
    #[serde(default)]
    fields: Vec<Field>,
}

/// The name of a job.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Job {
    project_id: Option<String>,
    job_id: Option<String>,
    location: Option<String>,
}

pub(super) struct BigqueryCursor {
    client: Client,
    sql: TargetSql,
    cancel: CancellationToken,
    decoder: Decoder,
    ready: Ready,
    /// The next page, if there is one.
    next: Option<(Job, String)>,
    /// Where rows come from in place of pages.
    reading: Option<Box<Reading>>,
    /// Rows that came, and that were said to come.
    seen: u64,
    total: Option<u64>,
    scanned: Option<u64>,
}

/// What is stopped when it is dropped: a statement that nobody waits for any more.
struct Running {
    client: Client,
    job: Option<Job>,
    first: Option<JoinHandle<Result<Page, Refusal>>>,
}

impl Drop for Running {
    fn drop(&mut self) {
        let (client, job, first) = (self.client.clone(), self.job.take(), self.first.take());
        if job.is_none() && first.is_none() {
            return;
        }
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(stop(client, job, first));
        }
    }
}

/// Waits for a stop, for as long as a client may be kept waiting for its cancel; what takes longer goes on without it.
async fn stopping(stop: impl Future<Output = ()> + Send + 'static) {
    if timeout(PATIENCE, tokio::spawn(stop)).await.is_err() {
        tracing::info!("a cancel takes long");
    }
}

/// Stops a job; the first request's answer names it.
async fn stop(client: Client, mut job: Option<Job>, first: Option<JoinHandle<Result<Page, Refusal>>>) {
    if let Some(mut first) = first {
        match timeout(STOPPING, &mut first).await {
            Ok(Ok(Ok(page))) if page.job_complete == Some(false) => job = page.job_reference,
            Ok(_) => return,
            // It is not asked again either.
            Err(_) => return first.abort(),
        }
    }
    let Some(job) = job else { return };
    let sent = async {
        let url = job_url(&client, &job, "jobs", &["cancel"])?;
        client.post::<Value>(url, &json!({})).await.map_err(Refusal::into_error)
    };
    match timeout(STOPPING, sent).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => tracing::info!(server = client.server(), %error, "a cancel failed"),
        Err(_) => tracing::info!(server = client.server(), "a cancel timed out"),
    }
}

fn job_url(client: &Client, job: &Job, kind: &str, rest: &[&str]) -> Result<Url> {
    let id = job.job_id.as_deref().ok_or_else(|| Error::internal("a job without a name"))?;
    let project = job.project_id.as_deref().unwrap_or(&client.options().project);
    let mut url = client.url(project, &[&[kind, id], rest].concat())?;
    let location = job.location.as_deref().or(client.options().location.as_deref());
    if let Some(location) = location.filter(|location| !location.is_empty()) {
        url.query_pairs_mut().append_pair("location", location);
    }
    Ok(url)
}

impl BigqueryCursor {
    pub async fn open(client: Client, execution: Execution) -> Result<BigqueryCursor> {
        let Execution { sql, params, relay: _, cancel } = execution;
        let body = request(&client, &sql, &params, false)?;
        let url = client.url(&client.options().project, &["queries"])?;
        // On a task of its own, which outlives a cancel: its answer names the job.
        let first = {
            let client = client.clone();
            tokio::spawn(async move { client.post::<Page>(url, &body).await })
        };
        let mut running = Running { client: client.clone(), job: None, first: Some(first) };
        let mut page = {
            let first = running.first.as_mut().ok_or_else(|| Error::internal("a request that is not there"))?;
            tokio::select! {
                biased;
                () = cancel.cancelled() => {
                    let first = running.first.take();
                    stopping(stop(client.clone(), None, first)).await;
                    return Err(canceled());
                }
                page = first => page.map_err(Error::internal)?,
            }
        };
        running.first = None;
        loop {
            let too_much = is_over_the_limit(&page);
            let found = match told(&client, &sql, page) {
                Err(_) if too_much => {
                    running.job = None;
                    return Err(over_the_limit(&client, &sql, &params).await);
                }
                found => found?,
            };
            if found.job_complete != Some(false) {
                let fields = found.schema.as_ref().map(|schema| &schema.fields[..]).unwrap_or_default();
                let decoder = Decoder::new(fields, sql.columns())?;
                running.job = None;
                drop(running);
                let job = found.job_reference.clone();
                let total = found.total_rows.as_deref().and_then(|total| total.parse().ok());
                let scanned = found.total_bytes_processed.as_deref().and_then(|bytes| bytes.parse().ok());
                let (ready, next, reading) = (Ready::default(), None, None);
                let mut cursor =
                    BigqueryCursor { client, sql, cancel, decoder, ready, next, reading, seen: 0, total, scanned };
                // The first page comes again in the stream: the order of the two need not be the same.
                cursor.reading = cursor.read(&found).await?;
                if cursor.reading.is_none() {
                    cursor.take(found, job)?;
                }
                return Ok(cursor);
            }
            let job = found.job_reference.ok_or_else(|| broken(client.server(), "A job has no name."))?;
            running.job = Some(job.clone());
            let url = results_url(&client, &job, None)?;
            page = tokio::select! {
                biased;
                () = cancel.cancelled() => {
                    let job = running.job.take();
                    stopping(stop(client.clone(), job, None)).await;
                    return Err(canceled());
                }
                page = client.get::<Page>(url, None) => page,
            };
        }
    }

    /// Begins to read a large result as a stream; `None`: it comes in pages.
    async fn read(&self, found: &Page) -> Result<Option<Box<Reading>>> {
        let more = found.page_token.as_deref().is_some_and(|token| !token.is_empty());
        let (Some(job), Some(total)) = (&found.job_reference, self.total) else { return Ok(None) };
        if !more || !self.client.reads_storage(total) {
            return Ok(None);
        }
        let opening = async {
            let Some(table) = destination(&self.client, job).await? else { return Ok(None) };
            let trace = job.job_id.as_deref().unwrap_or_default();
            match Reading::open(&self.client, &self.sql, &table, trace).await {
                Ok(reading) => Ok(Some(Box::new(reading))),
                Err(storage::Refusal::Told(error)) => Err(error),
                Err(storage::Refusal::Absent(why)) => {
                    self.client.storage_is_absent(&why);
                    Ok(None)
                }
            }
        };
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => Err(canceled()),
            opened = opening => opened,
        }
    }

    /// Takes what the stream gives next; false at its end.
    async fn stream(&mut self) -> Result<bool> {
        let Some(reading) = &mut self.reading else { return Ok(false) };
        let Some(batches) = reading.next(&self.cancel).await? else {
            self.reading = None;
            return match self.total {
                Some(total) if total != self.seen => {
                    Err(broken(self.client.server(), &format!("{} rows came of {total}.", self.seen)))
                }
                _ => Ok(false),
            };
        };
        for batch in batches {
            self.seen += batch.num_rows() as u64;
            self.ready.push(self.decoder.batch(&batch)?);
        }
        Ok(true)
    }

    /// Takes a page's rows, and remembers the next page.
    fn take(&mut self, page: Page, job: Option<Job>) -> Result<()> {
        self.seen += page.rows.len() as u64;
        if !page.rows.is_empty() {
            self.ready.push(self.decoder.rows(page.rows)?);
        }
        self.next = match page.page_token.filter(|token| !token.is_empty()) {
            None => None,
            Some(token) => Some((job.ok_or_else(|| broken(self.client.server(), "A page has no job."))?, token)),
        };
        match (&self.next, self.total) {
            (None, Some(total)) if total != self.seen => {
                let why = format!("{} rows came of {total}.", self.seen);
                Err(broken(self.client.server(), &why))
            }
            _ => Ok(()),
        }
    }
}

/// The table that the job wrote its result to.
async fn destination(client: &Client, job: &Job) -> Result<Option<Table>> {
    let found: Value = match client.get(job_url(client, job, "jobs", &[])?, None).await {
        Ok(found) => found,
        Err(Refusal::Far(fault)) => {
            tracing::debug!(server = client.server(), ?fault, "no destination is told");
            return Ok(None);
        }
        Err(Refusal::Way(error)) => return Err(error),
    };
    let table = &found["configuration"]["query"]["destinationTable"];
    Ok(Table::deserialize(table).ok())
}

fn results_url(client: &Client, job: &Job, token: Option<&str>) -> Result<Url> {
    let mut url = job_url(client, job, "queries", &[])?;
    {
        let mut pairs = url.query_pairs_mut();
        pairs.append_pair("maxResults", &client.options().page_rows.to_string());
        pairs.append_pair("formatOptions.useInt64Timestamp", "true");
        match token {
            Some(token) => pairs.append_pair("pageToken", token),
            None => pairs.append_pair("timeoutMs", &NEXT_WAIT.to_string()),
        };
    }
    Ok(url)
}

/// The page, or what is told of the statement's failure.
fn told(client: &Client, sql: &TargetSql, page: Result<Page, Refusal>) -> Result<Page> {
    let page = page.map_err(|refusal| match refusal {
        Refusal::Far(fault) => at(&fault, client.server(), sql),
        Refusal::Way(error) => error,
    })?;
    match page.errors.first() {
        // Warnings stand there too, beside rows.
        Some(proto) if page.job_complete != Some(false) && page.schema.is_none() => {
            Err(at(&Fault::of_proto(proto), client.server(), sql))
        }
        _ => Ok(page),
    }
}

/// The error, with the place in the client's text that `[at 1:8]` names.
fn at(fault: &Fault, server: &str, sql: &TargetSql) -> Error {
    let error = fault.of_statement(server, sql);
    let place = fault.message.rsplit_once("[at 1:").and_then(|(_, rest)| rest.split(']').next()?.parse::<usize>().ok());
    let byte = place.and_then(|column| Some(sql.text().char_indices().nth(column.checked_sub(1)?)?.0));
    match byte.and_then(|byte| sql.source_position(byte)).filter(|_| sql.passes_errors()) {
        Some(position) => error.at(position),
        None => error,
    }
}

/// Did BigQuery refuse a statement for the bytes that it would read?
fn is_over_the_limit(page: &Result<Page, Refusal>) -> bool {
    let reason = match page {
        Ok(page) => page.errors.first().map(|proto| &*proto.reason).filter(|_| page.schema.is_none()),
        Err(Refusal::Far(fault)) => Some(&*fault.reason),
        Err(Refusal::Way(_)) => None,
    };
    reason == Some("bytesBilledLimitExceeded")
}

/// 53400, with what the statement would have read.
async fn over_the_limit(client: &Client, sql: &TargetSql, params: &[Datum]) -> Error {
    let message = format!("the statement reads more bytes than server \"{}\" allows", client.server());
    let error = Error::new(SqlState::CONFIGURATION_LIMIT_EXCEEDED, message)
        .hint("Read fewer columns, or let the server's owner raise its option maximum_bytes_billed.");
    let most = client.options().maximum_bytes_billed.map(|most| most.to_string()).unwrap_or_default();
    match dry_run(client, sql, params).await {
        Ok(Some(bytes)) => error.detail(format!("It would read {bytes} bytes; maximum_bytes_billed is {most}.")),
        Ok(None) => error,
        Err(failed) => {
            tracing::debug!(server = client.server(), error = %failed, "no estimate");
            error
        }
    }
}

/// Bytes that a statement would read: asked without running it, at no cost.
pub(super) async fn dry_run(client: &Client, sql: &TargetSql, params: &[Datum]) -> Result<Option<u64>> {
    let body = request(client, sql, params, true)?;
    let url = client.url(&client.options().project, &["queries"])?;
    let answer: Value = client.post(url, &body).await.map_err(Refusal::into_error)?;
    Ok(answer["totalBytesProcessed"].as_str().and_then(|bytes| bytes.parse().ok()))
}

/// The body of `jobs.query`.
fn request(client: &Client, sql: &TargetSql, params: &[Datum], dry_run: bool) -> Result<Value> {
    let options = client.options();
    let mut id = [0_u8; 16];
    SystemRandom::new().fill(&mut id).map_err(|_| Error::internal("no random numbers"))?;
    let id: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut labels = serde_json::Map::new();
    for (name, value) in &options.labels {
        labels.insert(name.clone(), json!(value));
    }
    labels.insert("graticule_query".to_owned(), json!(id));
    tracing::debug!(server = client.server(), query = id, "a statement");
    let values = sql.params().iter().zip(params).map(|(param, value)| parameter(param, value));
    let mut body = json!({
        "query": sql.text(),
        "useLegacySql": false,
        "requestId": id,
        "labels": labels,
        "maxResults": options.page_rows,
        "timeoutMs": FIRST_WAIT,
        "jobCreationMode": "JOB_CREATION_OPTIONAL",
        "formatOptions": { "useInt64Timestamp": true },
    });
    if !params.is_empty() {
        body["parameterMode"] = json!("POSITIONAL");
        body["queryParameters"] = Value::Array(values.collect::<Result<_>>()?);
    }
    if dry_run {
        body["dryRun"] = json!(true);
    }
    if let Some(location) = &options.location {
        body["location"] = json!(location);
    }
    if let Some(most) = options.maximum_bytes_billed.filter(|_| !dry_run) {
        body["maximumBytesBilled"] = json!(most.to_string());
    }
    Ok(body)
}

/// A value with its type. What has no type there is refused: the printer said a cast for it.
fn parameter(param: &Param, value: &Datum) -> Result<Value> {
    let kind = match param.ty {
        PgType::BOOL => "BOOL",
        PgType::INT2 | PgType::INT4 | PgType::INT8 => "INT64",
        PgType::FLOAT8 => "FLOAT64",
        PgType::NUMERIC => "BIGNUMERIC",
        PgType::TEXT | PgType::VARCHAR => "STRING",
        PgType::BYTEA | PgType::GEOGRAPHY | PgType::GEOMETRY => "BYTES",
        PgType::DATE => "DATE",
        PgType::TIME => "TIME",
        PgType::TIMESTAMP => "DATETIME",
        PgType::TIMESTAMPTZ => "TIMESTAMP",
        other => return Err(Error::unsupported(format!("a parameter of type {}", other.name()))),
    };
    let text = match value {
        Datum::Null => return Ok(json!({ "parameterType": { "type": kind }, "parameterValue": { "value": null } })),
        Datum::Bytea(bytes) => STANDARD.encode(bytes),
        Datum::Geometry(_) => {
            let geometry = Geometry::from_datum(value)?;
            STANDARD.encode(wkb::write(&geometry, wkb::ByteOrder::Little, wkb::Variant::Iso))
        }
        Datum::Bool(value) => value.to_string(),
        Datum::Float8(value) if value.is_infinite() => if *value > 0.0 { "inf" } else { "-inf" }.to_owned(),
        value => io::output(&Env::default(), param.ty, value)?,
    };
    if param.ty == PgType::NUMERIC && !fits(&text) {
        return Err(Error::unsupported("a numeric parameter of this size"));
    }
    let moment = matches!(kind, "DATE" | "DATETIME" | "TIMESTAMP");
    if moment && (text.ends_with(" BC") || text.ends_with("infinity")) {
        return Err(Error::unsupported(format!("a parameter of the value {text}")));
    }
    Ok(json!({ "parameterType": { "type": kind }, "parameterValue": { "value": text } }))
}

/// 38 digits on either side of the point.
fn fits(text: &str) -> bool {
    let digits = text.trim_start_matches('-');
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    whole.len() <= 38 && fraction.len() <= 38 && digits.chars().all(|letter| letter.is_ascii_digit() || letter == '.')
}

#[async_trait]
impl Cursor for BigqueryCursor {
    async fn fetch(&mut self, max_rows: usize) -> Result<Option<Rows>> {
        if self.cancel.is_cancelled() {
            self.close().await?;
            return Err(canceled());
        }
        while self.ready.is_empty() {
            if self.stream().await? {
                continue;
            }
            let Some((job, token)) = self.next.take() else { return Ok(None) };
            let url = results_url(&self.client, &job, Some(&token))?;
            let page = self.client.get::<Page>(url, Some(&self.cancel)).await;
            let page = told(&self.client, &self.sql, page)?;
            if page.job_complete == Some(false) {
                return Err(broken(self.client.server(), "A result went back to work."));
            }
            self.take(page, Some(job))?;
        }
        Ok(self.ready.take(max_rows))
    }

    fn scanned(&self) -> Option<u64> {
        self.scanned
    }

    async fn close(&mut self) -> Result<()> {
        // The job is done: what is left is its result, which costs nobody anything.
        self.ready.clear();
        self.reading = None;
        self.next = None;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::ParamSource;

    #[test]
    fn parameters_have_their_types_and_texts() {
        let of = |ty: PgType, text: &str| {
            let value = io::input(&Env::default(), ty, -1, text).expect(text);
            let found = parameter(&Param { source: ParamSource::Client(0), ty }, &value);
            found.map(|found| {
                let part = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                [part(&found["parameterType"]["type"]), part(&found["parameterValue"]["value"])].join(" ")
            })
        };
        for (ty, text, expected) in [
            (PgType::TEXT, "year 5 BC", Some("STRING year 5 BC")),
            (PgType::TEXT, "-infinity", Some("STRING -infinity")),
            (PgType::BYTEA, "\\x8a77e29e2b72", Some("BYTES infinity")),
            (PgType::FLOAT8, "-Infinity", Some("FLOAT64 -inf")),
            (PgType::NUMERIC, "12.50", Some("BIGNUMERIC 12.50")),
            (PgType::NUMERIC, "NaN", None),
            (PgType::DATE, "2020-02-29", Some("DATE 2020-02-29")),
            (PgType::DATE, "0044-03-15 BC", None),
            (PgType::TIMESTAMP, "infinity", None),
            (PgType::TIMESTAMPTZ, "0001-01-01 00:00:00+00 BC", None),
        ] {
            let found = of(ty, text);
            match expected {
                Some(expected) => assert_eq!(found.expect(text), expected),
                None => assert_eq!(found.expect_err(text).state().code(), "0A000"),
            }
        }
    }
}

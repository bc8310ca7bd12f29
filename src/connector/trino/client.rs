//! Queries over the client protocol: posted, paged, ended.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use reqwest::{Method, StatusCode, Url};
use serde::Deserialize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use super::fault::Fault;
use super::options::{Identity, Trino};
use super::spool;
use crate::connector::Counters;
use crate::connector::fault::{canceled, lost};
use crate::connector::rest::{self, Answer, Call, Repeat, Rest, RestOptions};
use crate::error::{Error, Result, SqlState};

/// What a page may hold; the server ends a page when it is reached.
const PAGE: &str = "4MB";
/// How often a page whose text is no page is asked for again.
const MALFORMED: usize = 3;

/// The client of one (database, server, credential identity). Cloning shares it.
#[derive(Clone)]
pub(super) struct Client {
    inner: Arc<Inner>,
}

struct Inner {
    rest: Rest,
    /// For segments of results: it knows no credentials.
    storage: Rest,
    options: Trino,
    headers: HeaderMap,
    permits: Arc<Semaphore>,
    open: AtomicUsize,
    closed: AtomicBool,
}

/// A query that runs there. It is ended when this is dropped before its last page.
pub(super) struct Query {
    client: Client,
    headers: HeaderMap,
    next: Option<Url>,
    cancel: CancellationToken,
    _permit: OwnedSemaphorePermit,
}

/// A page of a result.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Page {
    #[serde(rename = "nextUri")]
    next: Option<String>,
    pub columns: Option<Vec<PageColumn>>,
    #[serde(default)]
    pub data: Option<serde_json::Value>,
    pub stats: Option<Stats>,
    error: Option<Fault>,
}

/// How far the query is.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Stats {
    #[serde(rename = "processedBytes")]
    pub processed: Option<u64>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct PageColumn {
    #[serde(rename = "type")]
    pub ty: String,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("server", &self.server()).finish_non_exhaustive()
    }
}

impl Client {
    pub fn new(server: &str, options: Trino, identity: &Identity) -> Result<Client> {
        let mut headers = HeaderMap::new();
        headers.insert("x-trino-user", rest::header("X-Trino-User", &identity.user)?);
        headers.insert("x-trino-source", HeaderValue::from_static("graticule"));
        headers.insert("x-trino-catalog", rest::header("X-Trino-Catalog", &options.catalog)?);
        // Meaning must not depend on the server's zone or language, nor digits on what old clients can read.
        headers.insert("x-trino-time-zone", HeaderValue::from_static("UTC"));
        headers.insert("x-trino-language", HeaderValue::from_static("en-US"));
        headers.insert("x-trino-client-capabilities", HeaderValue::from_static("PARAMETRIC_DATETIME"));
        if let Some(authorization) = &identity.authorization {
            headers.insert(AUTHORIZATION, authorization.clone());
        }
        let rest = Rest::new(server, &options.url, options.rest.clone())?;
        let storage = Rest::new(server, &options.url, RestOptions { public_roots: true, ..options.rest.clone() })?;
        let permits = Arc::new(Semaphore::new(options.max_connections));
        let inner = Inner {
            rest,
            storage,
            options,
            headers,
            permits,
            open: AtomicUsize::new(0),
            closed: AtomicBool::new(false),
        };
        Ok(Client { inner: Arc::new(inner) })
    }

    pub fn server(&self) -> &str {
        self.inner.rest.server()
    }

    pub fn storage(&self) -> &Rest {
        &self.inner.storage
    }

    pub fn options(&self) -> &Trino {
        &self.inner.options
    }

    pub fn counters(&self) -> Counters {
        let open = self.inner.open.load(Ordering::Relaxed);
        Counters { open, in_use: open, idle: 0 }
    }

    pub fn close(&self) {
        self.inner.closed.store(true, Ordering::Relaxed);
        self.inner.permits.close();
    }

    /// Posts a statement; its first page may hold nothing yet. `segments`: may its rows come so?
    pub async fn start(&self, sql: &str, segments: bool, cancel: CancellationToken) -> Result<(Query, Page), Fault> {
        let waiting =
            tokio::time::timeout(self.inner.options.pool_timeout, Arc::clone(&self.inner.permits).acquire_owned());
        let closed =
            || Error::new(SqlState::CONNECTION_FAILURE, format!("server \"{}\" was changed or dropped", self.server()));
        let permit = tokio::select! {
            biased;
            () = cancel.cancelled() => return Err(canceled().into()),
            permit = waiting => permit,
        };
        let permit = match permit {
            Ok(permit) => permit.map_err(|_| closed())?,
            Err(_) => {
                let message = format!(
                    "all {} connections to server \"{}\" are in use",
                    self.inner.options.max_connections,
                    self.server()
                );
                return Err(Error::new(SqlState::TOO_MANY_CONNECTIONS, message).into());
            }
        };
        let mut headers = self.inner.headers.clone();
        let id = query_id();
        let tags = rest::header("X-Trino-Client-Tags", &["graticule,", &id].concat())?;
        headers.insert("x-trino-client-tags", tags);
        headers.insert("x-trino-trace-token", rest::header("X-Trino-Trace-Token", &id)?);
        if segments && self.inner.options.spooling {
            // A server that does not know it, or has no store, answers with rows in its pages.
            headers.insert(spool::ASKED.0, HeaderValue::from_static(spool::ASKED.1));
        }
        let url = self.inner.options.url.join("/v1/statement").map_err(Error::internal)?;
        // Posting starts a query: only what the server did not take is sent again.
        let call = Call::new(Method::POST, url, Repeat::Untaken).headers(headers.clone()).body(sql.to_owned());
        self.inner.open.fetch_add(1, Ordering::Relaxed);
        let mut query = Query { client: self.clone(), headers, next: None, cancel: cancel.clone(), _permit: permit };
        let rest = self.inner.rest.clone();
        // In a task of its own: when the statement is cancelled before the answer, the query that it names is ended all the same.
        let posted = tokio::spawn(async move {
            let answer = rest.send(&call, None).await?;
            let page = query.taken(answer)?;
            Ok((query, page))
        });
        tokio::select! {
            biased;
            () = cancel.cancelled() => Err(canceled().into()),
            started = posted => started.map_err(Error::internal)?,
        }
    }

    /// The rows of a statement of our own, and the names of its columns' types.
    pub async fn rows(&self, sql: &str) -> Result<(Vec<PageColumn>, Vec<serde_json::Value>)> {
        let own = |fault: Fault| fault.into_own_error(self.server());
        let (mut query, mut page) = self.start(sql, false, CancellationToken::new()).await.map_err(own)?;
        let (mut columns, mut rows) = (Vec::new(), Vec::new());
        loop {
            columns = page.columns.take().unwrap_or(columns);
            if let Some(serde_json::Value::Array(data)) = page.data.take() {
                rows.extend(data);
            }
            match query.next().await.map_err(own)? {
                Some(next) => page = next,
                None => return Ok((columns, rows)),
            }
        }
    }
}

impl Client {
    /// An address of the server's, at the server that we know: credentials go nowhere else, whatever an answer says.
    pub fn here(&self, text: &str) -> Result<Url> {
        let said = Url::parse(text).map_err(|_| self.protocol("what is to be asked next has no address"))?;
        let mut url = self.inner.options.url.clone();
        url.set_path(said.path());
        url.set_query(said.query());
        Ok(url)
    }

    pub fn protocol(&self, why: &str) -> Error {
        let message = format!("server \"{}\" does not keep to the client protocol", self.server());
        Error::new(SqlState::PROTOCOL_VIOLATION, message).detail(format!("{}{}.", why[..1].to_uppercase(), &why[1..]))
    }
}

impl Query {
    /// The next page; `None` after the last.
    pub async fn next(&mut self) -> Result<Option<Page>, Fault> {
        let Some(url) = self.next.clone() else { return Ok(None) };
        let mut malformed = 0;
        loop {
            let call = Call::get(url.clone()).headers(self.headers.clone());
            let answer = match self.client.inner.rest.send(&call, Some(&self.cancel)).await {
                Ok(answer) => answer,
                // It was there when the query began.
                Err(error) if error.state().code() == "08001" => {
                    self.next = None;
                    let why = error.fields().detail.clone().unwrap_or_default();
                    return Err(lost(self.client.server(), why).into());
                }
                Err(error) => return Err(error.into()),
            };
            match self.taken(answer) {
                // Asking for the same page again gives the same rows.
                Err(Fault::Malformed) if malformed < MALFORMED => malformed += 1,
                Err(Fault::Malformed) => return Err(self.client.protocol("an answer is no page of a result").into()),
                taken => return taken.map(Some),
            }
        }
    }

    /// Has the server more to say?
    pub fn is_done(&self) -> bool {
        self.next.is_none()
    }

    /// Ends the query there; waits until the server heard of it.
    pub async fn end(&mut self) -> Result<()> {
        let Some(url) = self.next.take() else { return Ok(()) };
        delete(&self.client, url, self.headers.clone()).await
    }

    /// What an answer says; `next` follows it.
    fn taken(&mut self, answer: Answer) -> Result<Page, Fault> {
        match answer.status {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND | StatusCode::GONE => {
                self.next = None;
                let why = format!("It answered {}: it does not know the query.", answer.status);
                return Err(lost(self.client.server(), why).into());
            }
            _ => return Err(self.client.inner.rest.refused(&answer).detail(answer.text()).into()),
        }
        let page: Page = serde_json::from_slice(&answer.body).map_err(|_| Fault::Malformed)?;
        self.next = match &page.next {
            None => None,
            Some(text) => Some(self.here(text)?),
        };
        match page.error {
            Some(fault) => {
                self.next = None;
                Err(fault)
            }
            None => Ok(page),
        }
    }

    /// The next page's address.
    fn here(&self, text: &str) -> Result<Url> {
        let mut url = self.client.here(text)?;
        if !url.query_pairs().any(|(name, _)| name == "targetResultSize") {
            url.query_pairs_mut().append_pair("targetResultSize", PAGE);
        }
        Ok(url)
    }
}

impl Drop for Query {
    fn drop(&mut self) {
        self.client.inner.open.fetch_sub(1, Ordering::Relaxed);
        let Some(url) = self.next.take() else { return };
        let (client, headers) = (self.client.clone(), self.headers.clone());
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                if let Err(error) = delete(&client, url, headers).await {
                    tracing::debug!(server = client.server(), %error, "a query may run on");
                }
            });
        }
    }
}

async fn delete(client: &Client, url: Url, headers: HeaderMap) -> Result<()> {
    let call = Call::new(Method::DELETE, url, Repeat::Reads).headers(headers);
    client.inner.rest.send(&call, None).await.map(|_| ())
}

/// A name of ours for a query, which the server shows with it.
fn query_id() -> String {
    static NUMBER: AtomicU64 = AtomicU64::new(1);
    format!("graticule-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed))
}

//! Requests to BigQuery: authorised, in the project, judged.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Method, StatusCode, Url};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::auth::Auth;
use super::fault::{self, Fault};
use super::grpc::{Channel, Failure};
use super::options::{Bigquery, Credentials};
use crate::connector::rest::{self, Answer, Call, Repeat, Rest, RestOptions};
use crate::error::{Error, Result};

/// A page of BigQuery has at most some 20 MB.
const MAX_ANSWER: usize = 64 << 20;

/// One (database, server, credential identity). Cloning shares it.
#[derive(Clone)]
pub(super) struct Client(Arc<Inner>);

struct Inner {
    rest: Rest,
    auth: Auth,
    options: Bigquery,
    /// How the Storage Read API is spoken to.
    tls: Arc<rustls::ClientConfig>,
    /// Until then it is not tried: it was not there.
    absent: Mutex<Option<Instant>>,
}

/// For how long a Storage Read API that was not there is not tried again.
const ABSENCE: Duration = Duration::from_secs(300);

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Client").field(&self.0.rest).finish()
    }
}

/// What went wrong: told by BigQuery, or on the way.
pub(super) enum Refusal {
    Far(Fault),
    Way(Error),
}

impl Client {
    pub fn new(server: &str, options: Bigquery, credentials: Credentials) -> Result<Client> {
        let rest_options = RestOptions {
            root_certificates: options.root_certificates.clone(),
            timeout: options.timeout,
            max_answer: MAX_ANSWER,
            ..RestOptions::default()
        };
        let mut tls = rest::tls(server, &rest_options)?;
        tls.alpn_protocols = vec![b"h2".to_vec()];
        let rest = Rest::new(server, &options.endpoint, rest_options)?;
        let auth = Auth::new(&credentials, &options.endpoint)?;
        // Without credentials only to this machine.
        if let (Credentials::None, Some((storage, _))) = (&credentials, &options.storage) {
            Auth::new(&credentials, storage)?;
        }
        Ok(Client(Arc::new(Inner { rest, auth, options, tls: Arc::new(tls), absent: Mutex::new(None) })))
    }

    /// Is a result of so many rows read through the Storage Read API?
    pub fn reads_storage(&self, rows: u64) -> bool {
        let absent = self.0.absent.lock().unwrap_or_else(PoisonError::into_inner);
        let enough = self.0.options.storage.as_ref().is_some_and(|(_, least)| rows >= *least);
        enough && absent.is_none_or(|until| until <= Instant::now())
    }

    /// It was not there.
    pub fn storage_is_absent(&self, why: &str) {
        tracing::info!(server = self.server(), why, "no Storage Read API: rows come in pages");
        *self.0.absent.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now() + ABSENCE);
    }

    /// A connection to it.
    pub async fn channel(&self) -> Result<Channel, Failure> {
        let Some((endpoint, _)) = &self.0.options.storage else {
            return Err(Failure::Unreached("there is no endpoint".to_owned()));
        };
        Channel::connect(endpoint, Arc::clone(&self.0.tls), self.0.options.timeout).await
    }

    /// What authorises a request; `refused`: what did not.
    pub async fn token(&self, refused: Option<&HeaderValue>) -> Result<Option<HeaderValue>> {
        self.0.auth.header(&self.0.rest, refused).await
    }

    pub fn options(&self) -> &Bigquery {
        &self.0.options
    }

    pub fn server(&self) -> &str {
        self.0.rest.server()
    }

    pub fn active(&self) -> usize {
        self.0.rest.active()
    }

    /// `projects/{project}/{path...}` of the API.
    pub fn url(&self, project: &str, path: &[&str]) -> Result<Url> {
        let mut url = self.0.options.endpoint.clone();
        let mut segments = url.path_segments_mut().map_err(|()| Error::internal("an endpoint without a path"))?;
        segments.pop_if_empty().extend(["bigquery", "v2", "projects", project]).extend(path);
        drop(segments);
        Ok(url)
    }

    /// GET; it may be asked again.
    pub async fn get<T: DeserializeOwned>(&self, url: Url, cancel: Option<&CancellationToken>) -> Result<T, Refusal> {
        self.send(Method::GET, url, None, Repeat::Reads, cancel).await
    }

    /// POST of what a request id makes safe to send again.
    pub async fn post<T: DeserializeOwned>(&self, url: Url, body: &Value) -> Result<T, Refusal> {
        self.send(Method::POST, url, Some(body), Repeat::Reads, None).await
    }

    async fn send<T: DeserializeOwned>(
        &self,
        method: Method,
        url: Url,
        body: Option<&Value>,
        repeat: Repeat,
        cancel: Option<&CancellationToken>,
    ) -> Result<T, Refusal> {
        let mut refused: Option<HeaderValue> = None;
        let mut waits = 0;
        loop {
            let token = self.0.auth.header(&self.0.rest, refused.as_ref()).await.map_err(Refusal::Way)?;
            let mut headers = HeaderMap::new();
            if let Some(token) = &token {
                headers.insert(AUTHORIZATION, token.clone());
            }
            let mut call = Call::new(method.clone(), url.clone(), repeat);
            call.judged = true;
            if let Some(body) = body {
                headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
                call = call.body(body.to_string());
            }
            let answer = self.0.rest.send(&call.headers(headers), cancel).await.map_err(Refusal::Way)?;
            if answer.status == StatusCode::UNAUTHORIZED && token.is_some() && refused.is_none() {
                // It ended in the meantime: another one, once.
                refused = token;
                continue;
            }
            if answer.status.is_success() {
                return serde_json::from_slice(&answer.body).map_err(|_| Refusal::Way(self.garbled(&answer)));
            }
            let fault = Fault::of(&answer).ok_or_else(|| Refusal::Way(self.0.rest.refused(&answer)))?;
            // Too many requests is told as 403 too.
            if fault.is_busy() && waits < 6 {
                tokio::time::sleep(Duration::from_millis(200 << waits)).await;
                waits += 1;
                continue;
            }
            return Err(Refusal::Far(fault));
        }
    }

    fn garbled(&self, answer: &Answer) -> Error {
        tracing::debug!(server = self.server(), text = answer.text(), "an answer that is not understood");
        fault::broken(self.server(), "An answer was not understood.")
    }
}

impl Refusal {
    /// For requests of our own about the catalog.
    pub fn into_error(self) -> Error {
        match self {
            Refusal::Far(fault) => fault.into_error(),
            Refusal::Way(error) => error,
        }
    }
}

//! The HTTP client of backends that are reached by REST.
//!
//! What is common to them: TLS with the server's name verified, no redirect followed (credentials go nowhere else), a bound on each answer,
//! timeouts, waiting and asking again where a server says that it is busy, and SQLSTATEs. Errors hold neither URLs' queries nor headers.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use base64::Engine as _;
use bytes::{Bytes, BytesMut};
use reqwest::header::{HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::{Client, Method, Response, StatusCode, Url};
use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use tokio_util::sync::CancellationToken;

use super::fault::{canceled, lost, unreachable};
use crate::error::{Error, Result, SqlState};

/// The longest wait between two attempts, whatever the server asks for.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// How a server is reached.
#[derive(Clone, Debug)]
pub(super) struct RestOptions {
    /// The only certificates that are trusted; `None`: the Mozilla roots.
    pub root_certificates: Option<PathBuf>,
    /// The Mozilla roots are trusted beside those.
    pub public_roots: bool,
    pub connect_timeout: Duration,
    /// From the request to the last byte of its answer.
    pub timeout: Duration,
    /// Bytes of one answer.
    pub max_answer: usize,
    /// How often one request is sent, at most.
    pub attempts: u32,
    /// The first wait between attempts; each later one is twice as long.
    pub first_wait: Duration,
}

impl Default for RestOptions {
    fn default() -> RestOptions {
        RestOptions {
            root_certificates: None,
            public_roots: false,
            connect_timeout: Duration::from_secs(10),
            timeout: Duration::from_secs(120),
            max_answer: 256 << 20,
            attempts: 8,
            first_wait: Duration::from_millis(100),
        }
    }
}

/// What may be sent again, and when.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Repeat {
    /// It reads, or asks for the same again: after 429, 502, 503, 504, a lost connection or a truncated answer.
    Reads,
    /// As `Reads`, from a store of objects, which says 500 too when it is to be asked again.
    Stored,
    /// It may have had its effect: only when the server says that it did not take it (429, 503), or was not reached.
    Untaken,
    /// Only once.
    Never,
}

/// One request.
#[derive(Clone)]
pub(super) struct Call {
    pub method: Method,
    pub url: Url,
    /// Those with credentials are marked sensitive.
    pub headers: HeaderMap,
    pub body: Option<Bytes>,
    pub repeat: Repeat,
    /// 401 and 403 come back to the caller as they are.
    pub judged: bool,
}

/// An answer with a status that needs no repeating; the caller judges it.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// The client of one (database, server, credential identity). Cloning shares its connections.
#[derive(Clone)]
pub(super) struct Rest {
    client: Client,
    server: Arc<str>,
    options: Arc<RestOptions>,
    /// Requests under way.
    active: Arc<AtomicUsize>,
}

impl fmt::Debug for Rest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rest").field("server", &self.server).finish_non_exhaustive()
    }
}

/// Why one attempt gave no answer.
enum Lost {
    /// The server was not reached.
    Unreached(String),
    /// The connection broke, or the answer was cut off.
    Broken(String),
    /// Our error: nothing helps.
    Own(Error),
}

impl Repeat {
    fn reads(self) -> bool {
        matches!(self, Repeat::Reads | Repeat::Stored)
    }
}

impl Call {
    pub fn new(method: Method, url: Url, repeat: Repeat) -> Call {
        Call { method, url, headers: HeaderMap::new(), body: None, repeat, judged: false }
    }

    pub fn get(url: Url) -> Call {
        Call::new(Method::GET, url, Repeat::Reads)
    }

    pub fn headers(mut self, headers: HeaderMap) -> Call {
        self.headers = headers;
        self
    }

    pub fn body(mut self, body: impl Into<Bytes>) -> Call {
        self.body = Some(body.into());
        self
    }
}

impl Answer {
    /// The body as text, for messages.
    pub fn text(&self) -> String {
        let text = String::from_utf8_lossy(&self.body);
        text.chars().filter(|letter| !letter.is_control() || *letter == '\n').take(500).collect()
    }
}

impl Rest {
    /// A client for the servers behind `base`; no connection is made yet.
    pub fn new(server: &str, base: &Url, options: RestOptions) -> Result<Rest> {
        let mut builder = Client::builder()
            .use_preconfigured_tls(tls(server, &options)?)
            .user_agent(concat!("graticule/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(options.connect_timeout)
            .timeout(options.timeout)
            .tcp_nodelay(true);
        if is_loopback(base) {
            builder = builder.no_proxy();
        }
        let client = builder.build().map_err(|error| unreachable(server, plain(error)))?;
        Ok(Rest { client, server: server.into(), options: Arc::new(options), active: Arc::default() })
    }

    pub fn server(&self) -> &str {
        &self.server
    }

    /// Requests under way.
    pub fn active(&self) -> usize {
        self.active.load(Ordering::Relaxed)
    }

    /// Sends a request, again where it may be; 57014 when `cancel` fires before the answer is here.
    pub async fn send(&self, call: &Call, cancel: Option<&CancellationToken>) -> Result<Answer> {
        self.active.fetch_add(1, Ordering::Relaxed);
        let _under_way = UnderWay(&self.active);
        match cancel {
            None => self.attempts(call).await,
            Some(cancel) => tokio::select! {
                biased;
                () = cancel.cancelled() => Err(canceled()),
                answer = self.attempts(call) => answer,
            },
        }
    }

    async fn attempts(&self, call: &Call) -> Result<Answer> {
        let mut attempt = 1;
        loop {
            let last = attempt >= self.options.attempts || call.repeat == Repeat::Never;
            let wait = match self.attempt(call).await {
                Ok(answer) if is_busy(answer.status, call.repeat) && !last => retry_after(&answer),
                Ok(answer) if is_busy(answer.status, call.repeat) => return Err(self.refused(&answer)),
                Ok(answer)
                    if matches!(answer.status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) && !call.judged =>
                {
                    return Err(self.refused(&answer));
                }
                Ok(answer) => return Ok(answer),
                Err(Lost::Own(error)) => return Err(error),
                Err(Lost::Unreached(why)) if last => return Err(unreachable(&self.server, why)),
                // A server that is not there is not waited for long.
                Err(Lost::Unreached(why)) if attempt >= 3 => return Err(unreachable(&self.server, why)),
                Err(Lost::Broken(why)) if last || !call.repeat.reads() => return Err(lost(&self.server, why)),
                Err(Lost::Unreached(why) | Lost::Broken(why)) => {
                    tracing::debug!(server = &*self.server, why, attempt, "asking again");
                    None
                }
            };
            let own = self.options.first_wait * 2_u32.pow((attempt - 1).min(16));
            tokio::time::sleep(wait.unwrap_or(own).min(LONGEST_WAIT)).await;
            attempt += 1;
        }
    }

    async fn attempt(&self, call: &Call) -> Result<Answer, Lost> {
        let mut request = self.client.request(call.method.clone(), call.url.clone()).headers(call.headers.clone());
        if let Some(body) = &call.body {
            request = request.body(body.clone());
        }
        let lost = |error: reqwest::Error| {
            let connecting = error.is_connect() || error.is_builder();
            let why = plain(error);
            if connecting { Lost::Unreached(why) } else { Lost::Broken(why) }
        };
        let mut response = request.send().await.map_err(lost)?;
        let body = self.body(&mut response).await?;
        Ok(Answer { status: response.status(), headers: std::mem::take(response.headers_mut()), body })
    }

    /// The whole body, up to the bound.
    async fn body(&self, response: &mut Response) -> Result<Bytes, Lost> {
        let too_large = || {
            let message =
                format!("an answer of server \"{}\" is larger than {} bytes", self.server, self.options.max_answer);
            Lost::Own(Error::new(SqlState::PROGRAM_LIMIT_EXCEEDED, message))
        };
        if response.content_length().is_some_and(|length| length > self.options.max_answer as u64) {
            return Err(too_large());
        }
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| Lost::Broken(plain(error)))? {
            if body.len() + chunk.len() > self.options.max_answer {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body.freeze())
    }

    /// What a status that is no success means, where the backend itself says no more.
    pub fn refused(&self, answer: &Answer) -> Error {
        let server = &self.server;
        match answer.status {
            StatusCode::UNAUTHORIZED => {
                Error::new(SqlState::INVALID_AUTHORIZATION, format!("server \"{server}\" refused the credentials"))
                    .hint("See the options of the user mapping.")
            }
            StatusCode::FORBIDDEN => {
                Error::new(SqlState::INVALID_AUTHORIZATION, format!("server \"{server}\" refused access"))
                    .hint("See the options of the user mapping.")
            }
            StatusCode::TOO_MANY_REQUESTS => {
                Error::new(SqlState::TOO_MANY_CONNECTIONS, format!("server \"{server}\" has too many requests"))
            }
            StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT => {
                Error::new(SqlState::CONNECTION_FAILURE, format!("server \"{server}\" is not available"))
                    .detail(format!("It answered {}.", answer.status))
            }
            status => Error::new(SqlState::FDW_ERROR, format!("server \"{server}\" answered {status}")),
        }
    }
}

struct UnderWay<'a>(&'a AtomicUsize);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// `Basic ...`, marked sensitive.
pub(super) fn basic(user: &str, password: &str) -> Result<HeaderValue> {
    let pair = base64::engine::general_purpose::STANDARD.encode([user, ":", password].concat());
    sensitive(&["Basic ", &pair].concat())
}

/// `Bearer ...`, marked sensitive.
pub(super) fn bearer(token: &str) -> Result<HeaderValue> {
    sensitive(&["Bearer ", token].concat())
}

fn sensitive(text: &str) -> Result<HeaderValue> {
    let mut value = HeaderValue::from_str(text)
        .map_err(|_| Error::new(SqlState::INVALID_PARAMETER_VALUE, "credentials hold a control character"))?;
    value.set_sensitive(true);
    Ok(value)
}

/// A header's value; what HTTP cannot carry in one is refused.
pub(super) fn header(name: &str, value: &str) -> Result<HeaderValue> {
    HeaderValue::from_str(value)
        .map_err(|_| Error::new(SqlState::INVALID_PARAMETER_VALUE, format!("invalid value for the header {name}")))
}

fn is_busy(status: StatusCode, repeat: Repeat) -> bool {
    match status {
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => true,
        StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT => repeat.reads(),
        StatusCode::INTERNAL_SERVER_ERROR => repeat == Repeat::Stored,
        _ => false,
    }
}

/// `Retry-After` in seconds.
fn retry_after(answer: &Answer) -> Option<Duration> {
    let text = answer.headers.get(RETRY_AFTER)?.to_str().ok()?;
    text.trim().parse().ok().map(Duration::from_secs)
}

/// An error's text and its causes', without the URL, which may hold more than a name.
fn plain(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text = [text, inner_text].join(": ");
        }
        cause = inner.source();
    }
    text
}

/// Is it this machine?
pub(super) fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// How TLS is spoken with it.
pub(super) fn tls(server: &str, options: &RestOptions) -> Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    if options.public_roots || options.root_certificates.is_none() {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    if let Some(path) = &options.root_certificates {
        let bad = |error: &dyn fmt::Display| {
            unreachable(server, format!("root certificate file \"{}\": {error}", path.display()))
        };
        for certificate in CertificateDer::pem_file_iter(path).map_err(|error| bad(&error))? {
            roots.add(certificate.map_err(|error| bad(&error))?).map_err(|error| bad(&error))?;
        }
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| unreachable(server, error))?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    /// Answers each connection with the next of these bytes, then closes it.
    async fn double(answers: Vec<&'static str>) -> (Url, Arc<AtomicUsize>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url =
            Url::parse(&format!("http://{}/x?secret=1", listener.local_addr().expect("an address"))).expect("a URL");
        let seen = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&seen);
        tokio::spawn(async move {
            for answer in answers {
                let (mut stream, _) = listener.accept().await.expect("a connection");
                count.fetch_add(1, Ordering::SeqCst);
                let mut request = [0; 4096];
                let _ = stream.read(&mut request).await;
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        (url, seen)
    }

    fn client(url: &Url) -> Rest {
        let options =
            RestOptions { first_wait: Duration::from_millis(1), attempts: 4, max_answer: 64, ..RestOptions::default() };
        Rest::new("far", url, options).expect("a client")
    }

    const BUSY: &str =
        "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 0\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    const GATEWAY: &str = "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";
    const SHORT: &str = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\nConnection: close\r\n\r\nok";
    const LARGE: &str = "HTTP/1.1 200 OK\r\nContent-Length: 999\r\nConnection: close\r\n\r\n";
    const FAILED: &str = "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    const DENIED: &str = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

    #[tokio::test]
    async fn what_may_be_asked_again_is() {
        for (answers, repeat, expected, requests) in [
            (vec![BUSY, GATEWAY, SHORT, OK], Repeat::Reads, Ok("ok"), 4),
            (vec![BUSY, BUSY, BUSY, BUSY], Repeat::Reads, Err("53300"), 4),
            (vec![GATEWAY, GATEWAY, GATEWAY, GATEWAY], Repeat::Reads, Err("08006"), 4),
            (vec![BUSY, OK], Repeat::Untaken, Ok("ok"), 2),
            (vec![SHORT, OK], Repeat::Untaken, Err("08006"), 1),
            (vec![BUSY, OK], Repeat::Never, Err("53300"), 1),
            (vec![LARGE, OK], Repeat::Reads, Err("54000"), 1),
            (vec![DENIED, OK], Repeat::Reads, Err("28000"), 1),
            (vec![FAILED, GATEWAY, SHORT, OK], Repeat::Stored, Ok("ok"), 4),
            (vec![FAILED, FAILED, FAILED, FAILED], Repeat::Stored, Err("HV000"), 4),
            (vec![FAILED, OK], Repeat::Reads, Ok(""), 1),
        ] {
            let (url, seen) = double(answers.clone()).await;
            let call = Call::new(Method::GET, url.clone(), repeat);
            let answer = client(&url).send(&call, None).await;
            let answer = answer.map(|answer| answer.text()).map_err(|error| {
                assert!(!format!("{error:?}").contains("secret"), "{error:?}");
                error.state().code().to_owned()
            });
            assert_eq!(answer, expected.map(str::to_owned).map_err(str::to_owned), "{answers:?} {repeat:?}");
            assert_eq!(seen.load(Ordering::SeqCst), requests, "{answers:?} {repeat:?}");
        }
    }

    #[tokio::test]
    async fn nobody_there_is_08001_and_a_cancel_is_57014() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = Url::parse(&format!("http://{}/", listener.local_addr().expect("an address"))).expect("a URL");
        let cancel = CancellationToken::new();
        cancel.cancel();
        let error = client(&url).send(&Call::get(url.clone()), Some(&cancel)).await.expect_err("canceled");
        assert_eq!(error.state(), SqlState::QUERY_CANCELED);
        drop(listener);
        let error = client(&url).send(&Call::get(url.clone()), None).await.expect_err("nobody");
        assert_eq!(error.state().code(), "08001");
    }

    #[test]
    fn credentials_are_not_shown() {
        let headers = [basic("u", "hidden"), bearer("hidden")];
        assert!(headers.iter().all(|header| !format!("{header:?}").contains("hidden")));
        assert!(bearer("a\nb").is_err());
    }
}

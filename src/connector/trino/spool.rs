//! Results in segments (the spooling protocol): within a page, or in a store that the server names.
//!
//! A segment is rows as JSON, compressed or not, with the numbers by which it is judged: bytes, bytes when decompressed, rows, and rows before
//! it. Segments are fetched a few ahead and given in their order; the store gets the headers that the server gave for it, and nothing of
//! the session's. What was read, and what nobody will read any more, is acknowledged: the server then removes it at once.

use std::collections::VecDeque;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, LOCATION};
use reqwest::{Method, Url};
use serde_json::Value;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::client::Client;
use crate::connector::fault::{canceled, lost};
use crate::connector::rest::{self, Call, Repeat, is_loopback};
use crate::error::{Error, Result, SqlState};

/// The header that asks for segments, and the encodings that are understood, the best first.
pub(super) const ASKED: (&str, &str) = ("x-trino-query-data-encoding", "json+zstd,json+lz4,json");

/// Segments that are fetched before the one in hand is read.
const AHEAD: usize = 2;
/// How often a segment is fetched that comes in another length than it has.
const CUT: usize = 3;
/// How often a server may send us elsewhere for a segment.
const REDIRECTS: usize = 3;
/// Bytes of one segment, decompressed.
const LARGEST: usize = 512 << 20;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Encoding {
    Json,
    Lz4,
    Zstd,
}

/// What is known of a segment's content.
#[derive(Clone, Copy, Debug)]
struct Shape {
    encoding: Encoding,
    rows: Option<u64>,
    /// Rows of the result before it.
    offset: Option<u64>,
    bytes: Option<usize>,
    /// Bytes when decompressed; `None`: it is not compressed, whatever the encoding.
    decompressed: Option<usize>,
}

/// A segment's place outside of the page.
#[derive(Debug)]
struct Stored {
    url: Url,
    acknowledge: Option<Url>,
    headers: HeaderMap,
}

enum Place {
    Page(String),
    Store { stored: Arc<Stored>, fetched: Option<JoinHandle<Result<Vec<u8>>>> },
}

/// The segments of a result that are known and were not given yet.
pub(super) struct Spool {
    client: Client,
    segments: VecDeque<(Shape, Place)>,
    /// Rows that were given.
    rows: u64,
}

impl Spool {
    pub fn new(client: Client) -> Spool {
        Spool { client, segments: VecDeque::new(), rows: 0 }
    }

    pub fn is_empty(&self) -> bool {
        self.segments.is_empty()
    }

    /// The segments of a page.
    pub fn push(&mut self, data: Value) -> Result<()> {
        let Value::Object(mut data) = data else { return Err(self.protocol("data is no object")) };
        let encoding = match data.get("encoding").and_then(Value::as_str) {
            Some("json") => Encoding::Json,
            Some("json+lz4") => Encoding::Lz4,
            Some("json+zstd") => Encoding::Zstd,
            _ => return Err(self.protocol("rows come in an encoding that was not asked for")),
        };
        let Some(Value::Array(segments)) = data.remove("segments") else {
            return Err(self.protocol("a page has no list of segments"));
        };
        for segment in segments {
            let segment = self.segment(encoding, segment)?;
            self.segments.push_back(segment);
        }
        Ok(())
    }

    fn segment(&self, encoding: Encoding, mut segment: Value) -> Result<(Shape, Place)> {
        let number = |name: &str| match &segment["metadata"][name] {
            Value::Null => Ok(None),
            Value::Number(number) => Ok(number.as_u64()),
            Value::String(text) => Ok(text.parse().ok()),
            _ => Err(self.protocol("a number of a segment is none")),
        };
        let size = |name: &str| match number(name)? {
            None => Ok(None),
            Some(bytes) => match usize::try_from(bytes) {
                Ok(bytes) if bytes <= LARGEST => Ok(Some(bytes)),
                _ => {
                    let message =
                        format!("a segment of server \"{}\" has more than {LARGEST} bytes", self.client.server());
                    Err(Error::new(SqlState::PROGRAM_LIMIT_EXCEEDED, message))
                }
            },
        };
        let shape = Shape {
            encoding,
            rows: number("rowsCount")?,
            offset: number("rowOffset")?,
            bytes: size("segmentSize")?,
            decompressed: size("uncompressedSize")?,
        };
        let place = match segment["type"].as_str() {
            Some("inline") => match segment["data"].take() {
                Value::String(data) => Place::Page(data),
                _ => return Err(self.protocol("a segment has no data")),
            },
            // By these numbers a cut is seen.
            Some("spooled") if shape.rows.is_none() || shape.bytes.is_none() => {
                return Err(self.protocol("a segment has no numbers"));
            }
            Some("spooled") => Place::Store { stored: Arc::new(self.stored(&segment)?), fetched: None },
            _ => return Err(self.protocol("a segment is of another kind")),
        };
        Ok((shape, place))
    }

    fn stored(&self, segment: &Value) -> Result<Stored> {
        let url = segment["uri"].as_str().and_then(|text| Url::parse(text).ok());
        let url = url.ok_or_else(|| self.protocol("a segment has no address"))?;
        safe(&self.client, &url)?;
        let acknowledge = segment["ackUri"].as_str().map(|text| self.client.here(text)).transpose()?;
        let mut headers = HeaderMap::new();
        for (name, values) in segment["headers"].as_object().into_iter().flatten() {
            let name: HeaderName = name.parse().map_err(|_| self.protocol("a header of a segment has no name"))?;
            for value in values.as_array().into_iter().flatten().filter_map(Value::as_str) {
                let mut value = rest::header(name.as_str(), value)?;
                // Keys of encrypted segments stand here.
                value.set_sensitive(true);
                headers.append(name.clone(), value);
            }
        }
        Ok(Stored { url, acknowledge, headers })
    }

    /// The rows of the next segment; `None` when no more are known. 57014 when `cancel` fires.
    pub async fn next(&mut self, cancel: &CancellationToken) -> Result<Option<Value>> {
        for (shape, place) in self.segments.iter_mut().take(1 + AHEAD) {
            if let Place::Store { stored, fetched: fetched @ None } = place {
                *fetched = Some(tokio::spawn(fetch(self.client.clone(), Arc::clone(stored), *shape)));
            }
        }
        let Some((shape, place)) = self.segments.front_mut() else { return Ok(None) };
        let shape = *shape;
        let text = match place {
            Place::Page(data) => {
                let bytes = STANDARD.decode(data).map_err(|_| "a segment of the result is no base64".to_owned());
                let opened = bytes.and_then(|bytes| opened(shape, bytes.into()));
                opened.map_err(|why| lost(self.client.server(), [&why, "."].concat()))
            }
            Place::Store { fetched: Some(fetched), .. } => tokio::select! {
                biased;
                () = cancel.cancelled() => return Err(canceled()),
                fetched = fetched => fetched.map_err(Error::internal).flatten(),
            },
            Place::Store { .. } => Err(Error::internal("a segment that is not fetched")),
        };
        self.segments.pop_front();
        let rows: Value =
            serde_json::from_slice(&text?).map_err(|_| self.protocol("a segment of the result is no JSON"))?;
        let count = rows.as_array().map_or(0, Vec::len) as u64;
        let missing = |what: &str, found: u64, said: u64| {
            lost(self.client.server(), format!("A segment of the result has {found} rows{what}, not {said}."))
        };
        match shape {
            Shape { rows: Some(said), .. } if said != count => Err(missing("", count, said)),
            Shape { offset: Some(said), .. } if said != self.rows => Err(missing(" before it", self.rows, said)),
            _ => {
                self.rows += count;
                Ok(Some(rows))
            }
        }
    }

    /// Forgets what was not given: nobody will read it.
    pub fn clear(&mut self) {
        let mut rest = Vec::new();
        for (_, place) in self.segments.drain(..) {
            let Place::Store { stored, fetched } = place else { continue };
            if let Some(fetched) = fetched {
                if fetched.is_finished() {
                    // It is acknowledged already, or it failed.
                    continue;
                }
                fetched.abort();
            }
            rest.push(stored);
        }
        if rest.is_empty() {
            return;
        }
        let client = self.client.clone();
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                for stored in rest {
                    acknowledge(&client, &stored).await;
                }
            });
        }
    }

    fn protocol(&self, why: &str) -> Error {
        self.client.protocol(why)
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        self.clear();
    }
}

/// A segment's content, checked and decompressed; then the server may remove it.
async fn fetch(client: Client, stored: Arc<Stored>, shape: Shape) -> Result<Vec<u8>> {
    let mut attempt = 1;
    loop {
        let body = get(&client, &stored).await?;
        let opened = tokio::task::spawn_blocking(move || opened(shape, body)).await.map_err(Error::internal)?;
        match opened {
            Ok(text) => {
                // Nobody waits for it: one that is lost leaves the segment to the server's own cleaning.
                tokio::spawn(async move { acknowledge(&client, &stored).await });
                return Ok(text);
            }
            Err(why) if attempt >= CUT => return Err(unread(&client, &stored.url, &why)),
            Err(why) => tracing::debug!(server = client.server(), why, attempt, "a segment is fetched again"),
        }
        attempt += 1;
    }
}

/// The bytes of a segment, wherever the server sends us for them.
async fn get(client: &Client, stored: &Stored) -> Result<Bytes> {
    let (mut url, mut headers) = (stored.url.clone(), stored.headers.clone());
    for _ in 0..=REDIRECTS {
        let mut call = Call::new(Method::GET, url.clone(), Repeat::Stored).headers(headers.clone());
        call.judged = true;
        let answer = client.storage().send(&call, None).await.map_err(|error| match error.state() {
            SqlState::TOO_MANY_CONNECTIONS | SqlState::PROGRAM_LIMIT_EXCEEDED => error,
            _ => unread(client, &url, error.fields().detail.as_deref().unwrap_or(error.message())),
        })?;
        if answer.status.is_success() {
            return Ok(answer.body);
        }
        let location = answer.headers.get(LOCATION).filter(|_| answer.status.is_redirection());
        let Some(location) = location.and_then(|location| url.join(location.to_str().ok()?).ok()) else {
            return Err(unread(client, &url, &format!("it answered {}", answer.status)));
        };
        safe(client, &location)?;
        if location.origin() != url.origin() {
            headers.remove(AUTHORIZATION);
        }
        url = location;
    }
    Err(unread(client, &stored.url, "it sends us from one place to the next"))
}

/// Checks the length and decompresses.
fn opened(shape: Shape, body: Bytes) -> Result<Vec<u8>, String> {
    if let Some(said) = shape.bytes.filter(|said| *said != body.len()) {
        return Err(format!("a segment of the result has {} bytes, not {said}", body.len()));
    }
    let text = match (shape.encoding, shape.decompressed) {
        // Below a threshold nothing is compressed.
        (Encoding::Json, _) | (_, None) => return Ok(body.into()),
        (Encoding::Lz4, Some(size)) => lz4_flex::block::decompress(&body, size).ok(),
        (Encoding::Zstd, Some(size)) => zstd::bulk::decompress(&body, size).ok(),
    };
    let text = text.ok_or("a segment of the result cannot be decompressed")?;
    match shape.decompressed {
        Some(said) if said != text.len() => {
            Err(format!("a segment of the result has {} bytes decompressed, not {said}", text.len()))
        }
        _ => Ok(text),
    }
}

/// Tells the server that nobody needs the segment any more.
async fn acknowledge(client: &Client, stored: &Stored) {
    let Some(url) = &stored.acknowledge else { return };
    let mut call = Call::new(Method::GET, url.clone(), Repeat::Stored).headers(stored.headers.clone());
    call.judged = true;
    match client.storage().send(&call, None).await {
        Ok(answer) if answer.status.is_success() => {}
        Ok(answer) => {
            tracing::debug!(server = client.server(), status = %answer.status, "a segment was not acknowledged")
        }
        Err(error) => tracing::debug!(server = client.server(), %error, "a segment was not acknowledged"),
    }
}

/// Rows that the server guards with TLS are not read from elsewhere without.
fn safe(client: &Client, url: &Url) -> Result<()> {
    match url.scheme() {
        "https" => Ok(()),
        "http" if client.options().url.scheme() == "http" || is_loopback(url) => Ok(()),
        "http" => {
            let message =
                format!("server \"{}\" keeps segments of the result where they are read without TLS", client.server());
            Err(Error::new(SqlState::FDW_ERROR, message).hint(ELSEWHERE))
        }
        _ => Err(client.protocol("a segment has no address of HTTP")),
    }
}

const ELSEWHERE: &str = "With the server's option spooling 'false' rows come through the coordinator.";

fn unread(client: &Client, url: &Url, why: &str) -> Error {
    let message = format!("a segment of the result of server \"{}\" cannot be read", client.server());
    let place = url.host_str().unwrap_or_default();
    Error::new(SqlState::CONNECTION_FAILURE, message).detail(format!("From {place}: {why}.")).hint(ELSEWHERE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connector::options::pairs;
    use crate::connector::trino::options::{Identity, Trino};

    fn spool(url: &str) -> Spool {
        let options = Trino::parse(&pairs(&[("url", url), ("catalog", "c")])).expect("options");
        let identity = Identity::parse(&pairs(&[("user", "u")])).expect("an identity");
        Spool::new(Client::new("far", options, &identity).expect("a client"))
    }

    fn lz4(bytes: &[u8]) -> Vec<u8> {
        lz4_flex::block::compress(bytes)
    }

    fn zstd(bytes: &[u8]) -> Vec<u8> {
        zstd::bulk::compress(bytes, 3).expect("compressed")
    }

    #[tokio::test]
    async fn segments_of_a_page_are_rows_in_their_order() {
        let text = format!("[{}]", ["[1,\"a long text that repeats\"]"; 50].join(","));
        let plain = |encoding: &str, bytes: Vec<u8>, offset: u64| {
            serde_json::json!({ "encoding": encoding, "segments": [{ "type": "inline", "data": STANDARD.encode(&bytes),
                "metadata": { "rowOffset": offset, "rowsCount": "50", "segmentSize": bytes.len(), "uncompressedSize": text.len() } }] })
        };
        let mut spool = spool("http://127.0.0.1:1");
        spool.push(plain("json+zstd", zstd(text.as_bytes()), 0)).expect("zstd");
        spool.push(plain("json+lz4", lz4(text.as_bytes()), 50)).expect("lz4");
        spool.push(plain("json", text.clone().into_bytes(), 100)).expect("plain");
        let small = serde_json::json!({ "encoding": "json+zstd", "segments": [{ "type": "inline", "data": STANDARD.encode("[[2]]"),
            "metadata": { "rowOffset": 150, "segmentSize": 5 } }] });
        spool.push(small).expect("not compressed");
        let cancel = CancellationToken::new();
        for _ in 0..3 {
            let rows = spool.next(&cancel).await.expect("a segment").expect("rows");
            assert_eq!(rows.as_array().map(Vec::len), Some(50));
        }
        assert_eq!(spool.next(&cancel).await.expect("a segment"), Some(serde_json::json!([[2]])));
        assert!(spool.is_empty() && spool.next(&cancel).await.expect("the end").is_none());
    }

    #[tokio::test]
    async fn what_is_cut_or_lost_is_told() {
        let text = b"[[1],[2],[3]]";
        let (lz4, zstd) = (lz4(text), zstd(text));
        type Case<'a> = (&'a str, &'a [u8], u64, u64, usize, usize, &'a str);
        let cases: [Case<'_>; 9] = [
            ("json", text, 0, 3, 13, 13, ""),
            ("json", &text[..9], 0, 3, 13, 13, "08006"),
            ("json", b"[[1],[2]]", 0, 3, 9, 9, "08006"),
            ("json", text, 3, 3, 13, 13, "08006"),
            ("json", &text[..9], 0, 3, 9, 9, "08P01"),
            ("json+zstd", &zstd[..zstd.len() - 4], 0, 3, zstd.len() - 4, 13, "08006"),
            ("json+zstd", &zstd, 0, 3, zstd.len(), 14, "08006"),
            ("json+lz4", &lz4[..lz4.len() - 4], 0, 3, lz4.len() - 4, 13, "08006"),
            ("json+lz4", &lz4, 0, 3, lz4.len(), 12, "08006"),
        ];
        for (encoding, bytes, offset, rows, size, whole, state) in cases {
            let mut spool = spool("http://127.0.0.1:1");
            let data = serde_json::json!({ "encoding": encoding, "segments": [{ "type": "inline", "data": STANDARD.encode(bytes),
                "metadata": { "rowOffset": offset, "rowsCount": rows, "segmentSize": size, "uncompressedSize": whole } }] });
            spool.push(data).expect("understood");
            let found = spool.next(&CancellationToken::new()).await;
            let found = found.map_or_else(|error| error.state().code().to_owned(), |_| String::new());
            assert_eq!(found, state, "{encoding} {bytes:?} {offset} {rows} {size} {whole}");
        }
    }

    #[tokio::test]
    async fn what_is_no_segment_is_refused() {
        let segment = |fields: &str| format!("{{\"encoding\":\"json\",\"segments\":[{{{fields}}}]}}");
        let stored = "\"type\":\"spooled\",\"ackUri\":\"http://x/ack\"";
        let numbers = "\"metadata\":{\"rowsCount\":1,\"segmentSize\":5}";
        for (url, data, state) in [
            ("http://127.0.0.1:1", "{\"encoding\":\"arrow\",\"segments\":[]}".to_owned(), "08P01"),
            ("http://127.0.0.1:1", "{\"encoding\":\"json\"}".to_owned(), "08P01"),
            ("http://127.0.0.1:1", segment("\"type\":\"other\""), "08P01"),
            ("http://127.0.0.1:1", segment("\"type\":\"inline\""), "08P01"),
            ("http://127.0.0.1:1", segment(&format!("{stored},\"uri\":\"http://x/\"")), "08P01"),
            ("http://127.0.0.1:1", segment(&format!("{stored},{numbers}")), "08P01"),
            ("http://127.0.0.1:1", segment(&format!("{stored},{numbers},\"uri\":\"file:///etc/passwd\"")), "08P01"),
            (
                "http://127.0.0.1:1",
                segment(&format!("{stored},{},\"uri\":\"http://x/\"", numbers.replace('5', "5000000000"))),
                "54000",
            ),
            ("https://trino.example.com", segment(&format!("{stored},{numbers},\"uri\":\"http://x/\"")), "HV000"),
        ] {
            let data = serde_json::from_str(&data).expect("JSON");
            let error = spool(url).push(data).expect_err("no segment");
            assert_eq!(error.state().code(), state, "{error:?}");
        }
    }
}

//! gRPC over an HTTP/2 connection of its own: one call at a time, and its messages as they are asked for.
//!
//! HTTP/2 itself is `shiguredo_http2`'s work, which knows no sockets; a call is dropped with its connection.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, BytesMut};
use reqwest::Url;
use reqwest::header::HeaderValue;
use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use shiguredo_http2::{Connection, ErrorCode, Event, HeaderField, Limits, StreamId, WindowSize};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::error::Error;

/// What may come before it is read here.
const WINDOW: u32 = 8 << 20;
/// A message; a row of BigQuery has 100 MB at most.
const LARGEST: usize = 256 << 20;
const READ: usize = 256 << 10;

/// Statuses of gRPC.
pub(super) mod code {
    pub const OK: u32 = 0;
    pub const UNKNOWN: u32 = 2;
    pub const DEADLINE_EXCEEDED: u32 = 4;
    pub const NOT_FOUND: u32 = 5;
    pub const PERMISSION_DENIED: u32 = 7;
    pub const RESOURCE_EXHAUSTED: u32 = 8;
    pub const ABORTED: u32 = 10;
    pub const UNIMPLEMENTED: u32 = 12;
    pub const INTERNAL: u32 = 13;
    pub const UNAVAILABLE: u32 = 14;
    pub const UNAUTHENTICATED: u32 = 16;
}

/// How a call ended, as the server says it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Status {
    pub code: u32,
    pub message: String,
}

/// Why there is no message.
#[derive(Debug)]
pub(super) enum Failure {
    /// Nobody there, or nobody who speaks it.
    Unreached(String),
    /// The connection, or the call, broke.
    Broken(String),
    Told(Status),
    /// Ours: nothing helps.
    Own(Error),
}

trait Stream: AsyncRead + AsyncWrite + Send + Sync + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Sync + Unpin> Stream for S {}

/// A connection, and the call that runs on it.
pub(super) struct Channel {
    io: Box<dyn Stream>,
    http: Connection,
    scheme: String,
    authority: String,
    /// Without a byte for so long, it is broken.
    patience: Duration,
    call: Option<StreamId>,
    /// Bytes of messages that are not whole, or not asked for yet.
    came: BytesMut,
    /// Bytes that came since the server was told that there is room for them.
    untold: u32,
    answered: Option<u16>,
    ended: Option<Result<Status, String>>,
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Channel").field("authority", &self.authority).finish_non_exhaustive()
    }
}

fn broken(why: impl ToString) -> Failure {
    Failure::Broken(why.to_string())
}

impl Channel {
    /// Connects. `tls` must offer `h2`; it is not used for `http://`.
    pub async fn connect(endpoint: &Url, tls: Arc<ClientConfig>, patience: Duration) -> Result<Channel, Failure> {
        let unreached = |why: &dyn ToString| Failure::Unreached(why.to_string());
        let host = endpoint.host_str().ok_or_else(|| unreached(&"an endpoint without a host"))?;
        let port = endpoint.port_or_known_default().unwrap_or(443);
        let name = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let connecting = async {
            let tcp = TcpStream::connect((name.as_str(), port)).await.map_err(|error| unreached(&error))?;
            tcp.set_nodelay(true).map_err(|error| unreached(&error))?;
            if endpoint.scheme() == "http" {
                return Ok(Box::new(tcp) as Box<dyn Stream>);
            }
            let name = ServerName::try_from(name.clone()).map_err(|error| unreached(&error))?;
            let stream = TlsConnector::from(tls).connect(name, tcp).await.map_err(|error| unreached(&error))?;
            if stream.get_ref().1.alpn_protocol() != Some(b"h2") {
                return Err(unreached(&"it does not speak HTTP/2"));
            }
            Ok(Box::new(stream) as Box<dyn Stream>)
        };
        let io = timeout(patience, connecting).await.map_err(|_| unreached(&"no answer in time"))??;
        let window = WindowSize::new(WINDOW).map_err(broken)?;
        let limits = Limits::builder().initial_window_size(window).connection_window_size(window);
        let limits = limits.max_header_list_size(Some(64 << 10)).build().map_err(broken)?;
        let mut http = Connection::client(limits);
        http.initiate().map_err(broken)?;
        let mut channel = Channel {
            io,
            http,
            scheme: endpoint.scheme().to_owned(),
            authority: endpoint.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")),
            patience,
            call: None,
            came: BytesMut::new(),
            untold: 0,
            answered: None,
            ended: None,
        };
        channel.flush().await?;
        Ok(channel)
    }

    /// Begins a call with one message. `route` says, encoded, what it is about: the service finds its way by it.
    pub async fn call(
        &mut self,
        method: &str,
        route: &str,
        token: Option<&HeaderValue>,
        message: &[u8],
    ) -> Result<(), Failure> {
        let mut headers = Vec::new();
        for (name, value) in [
            (":method", "POST"),
            (":scheme", &self.scheme),
            (":authority", &self.authority),
            (":path", method),
            ("content-type", "application/grpc"),
            ("te", "trailers"),
            ("user-agent", concat!("graticule/", env!("CARGO_PKG_VERSION"))),
            ("x-goog-request-params", route),
        ] {
            headers.push(HeaderField::new(name, value).map_err(broken)?);
        }
        if let Some(token) = token {
            let field = HeaderField::new_with_sensitive("authorization", token.as_bytes(), true);
            headers.push(field.map_err(|_| broken("credentials that are no header"))?);
        }
        (self.came, self.answered, self.ended) = (BytesMut::new(), None, None);
        let call = self.http.start_stream(headers, false).map_err(broken)?;
        self.call = Some(call);
        let length = u32::try_from(message.len()).map_err(broken)?;
        let framed = [&[0][..], &length.to_be_bytes(), message].concat();
        self.http.send_data(call, framed, true).map_err(broken)?;
        self.flush().await
    }

    /// The next message; `None` at a good end.
    pub async fn message(&mut self) -> Result<Option<Vec<u8>>, Failure> {
        loop {
            if let Some(message) = self.whole()? {
                return Ok(Some(message));
            }
            match &self.ended {
                None => self.read().await?,
                Some(Err(why)) => return Err(broken(why)),
                Some(Ok(status)) if status.code != code::OK => return Err(Failure::Told(status.clone())),
                Some(Ok(_)) if !self.came.is_empty() => return Err(broken("the last message is not whole")),
                Some(Ok(_)) => return Ok(None),
            }
        }
    }

    /// A message that is here as a whole.
    fn whole(&mut self) -> Result<Option<Vec<u8>>, Failure> {
        let Some((head, _)) = self.came.split_at_checked(5) else { return Ok(None) };
        if head[0] != 0 {
            return Err(broken("a message is compressed, which was not asked for"));
        }
        let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize;
        if length > LARGEST {
            return Err(broken(format!("a message of {length} bytes")));
        }
        if self.came.len() < 5 + length {
            return Ok(None);
        }
        self.came.advance(5);
        Ok(Some(self.came.split_to(length).to_vec()))
    }

    /// Takes what comes next.
    async fn read(&mut self) -> Result<(), Failure> {
        if self.untold >= WINDOW / 4 {
            let untold = std::mem::take(&mut self.untold);
            self.http.send_window_update(StreamId::Connection, untold).map_err(broken)?;
            if let Some(call) = self.call {
                self.http.send_window_update(call, untold).map_err(broken)?;
            }
            self.flush().await?;
        }
        let mut bytes = vec![0; READ];
        let came = timeout(self.patience, self.io.read(&mut bytes)).await;
        let length = came.map_err(|_| broken("no answer in time"))?.map_err(broken)?;
        if length == 0 {
            return Err(broken("the connection ended"));
        }
        self.http.feed(&bytes[..length]).map_err(broken)?;
        let processed = self.http.process();
        while let Some(event) = self.http.poll_event() {
            self.happened(event)?;
        }
        processed.map_err(broken)?;
        self.flush().await
    }

    fn happened(&mut self, event: Event) -> Result<(), Failure> {
        let ours = event.stream_id() == self.call && self.call.is_some();
        match event {
            Event::HeadersReceived { headers, end_stream, .. } if ours => {
                self.answered = text(&headers, b":status").and_then(|status| status.parse().ok());
                if end_stream {
                    self.ended = Some(self.status(&headers));
                }
            }
            Event::DataReceived { data, end_stream, .. } if ours => {
                if self.answered == Some(200) {
                    self.came.extend_from_slice(&data);
                }
                self.untold = self.untold.saturating_add(u32::try_from(data.len()).unwrap_or(u32::MAX));
                if end_stream {
                    self.ended = Some(self.status(&[]));
                }
            }
            Event::TrailersReceived { trailers, .. } if ours => self.ended = Some(self.status(&trailers)),
            Event::StreamReset { error_code, .. } if ours && self.ended.is_none() => {
                self.ended = Some(Err(format!("the call was reset: {error_code:?}")));
            }
            Event::GoawayReceived { error_code, .. } if error_code != ErrorCode::NoError => {
                return Err(broken(format!("the server went away: {error_code:?}")));
            }
            Event::ConnectionError { reason, .. } => return Err(broken(reason)),
            // Calls run one after the other, and what is left of one is dropped with its connection.
            _ => {}
        }
        Ok(())
    }

    /// The end of a call, by its last headers.
    fn status(&self, headers: &[HeaderField]) -> Result<Status, String> {
        let message = text(headers, b"grpc-message").map(percent_decoded).unwrap_or_default();
        if let Some(code) = text(headers, b"grpc-status") {
            let code = code.parse().map_err(|_| "a status that is no number")?;
            return Ok(Status { code, message });
        }
        // Somebody in between answered.
        let code = match self.answered {
            Some(200) => return Err("the call ended without a status".to_owned()),
            Some(401) => code::UNAUTHENTICATED,
            Some(403) => code::PERMISSION_DENIED,
            Some(404) => code::UNIMPLEMENTED,
            Some(429 | 502 | 503 | 504) => code::UNAVAILABLE,
            _ => code::UNKNOWN,
        };
        Ok(Status { code, message: format!("HTTP status {}", self.answered.unwrap_or_default()) })
    }

    async fn flush(&mut self) -> Result<(), Failure> {
        while let Some(output) = self.http.poll_output() {
            let written = timeout(self.patience, self.io.write_all(&output)).await;
            written.map_err(|_| broken("nothing is taken in time"))?.map_err(broken)?;
        }
        timeout(self.patience, self.io.flush()).await.map_err(|_| broken("nothing is taken in time"))?.map_err(broken)
    }
}

fn text<'h>(headers: &'h [HeaderField], name: &[u8]) -> Option<&'h str> {
    let field = headers.iter().find(|field| field.name() == name)?;
    std::str::from_utf8(field.value()).ok()
}

/// `grpc-message` writes what is not printable ASCII as `%XX`.
fn percent_decoded(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        let hex = after.get(..2).and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        match hex.filter(|_| *byte == b'%') {
            Some(code) => {
                out.push(code);
                rest = &after[2..];
            }
            None => out.push(*byte),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_of_statuses_are_decoded() {
        for (written, said) in [("plain", "plain"), ("a%20b%C3%A9", "a bé"), ("100%", "100%"), ("%zz%4", "%zz%4")] {
            assert_eq!(percent_decoded(written), said);
        }
    }
}

//! Frontend messages: framing, and reading their bodies with PostgreSQL's own checks.
//!
//! pgwire's codec is not used here: its strings are decoded lossily, so invalid UTF-8 would become another query.

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt};

use crate::connector::Format;
use crate::error::{Error, Result, SqlState};
use crate::types::PgType;

/// While a statement runs, at most this much of what the client sends ahead is read.
const READ_AHEAD: usize = 256 << 10;

/// The longest message: PostgreSQL's limit of an allocation.
const MAX_MESSAGE: usize = 0x3fff_ffff;

/// Messages before login are short.
pub(super) const MAX_STARTUP: usize = 10_000;

/// A message after startup.
#[derive(Debug)]
pub(super) enum Message {
    Bind(Bind),
    Close { target: Target, name: String },
    CopyData,
    CopyDone,
    CopyFail,
    Describe { target: Target, name: String },
    Execute { portal: String, max_rows: usize },
    Flush,
    FunctionCall,
    Parse { name: String, query: String, types: Vec<PgType> },
    Password(Bytes),
    Query(String),
    Sync,
    Terminate,
}

#[derive(Debug)]
pub(super) struct Bind {
    pub(super) portal: String,
    pub(super) statement: String,
    pub(super) param_formats: Vec<Format>,
    /// `None` is NULL.
    pub(super) params: Vec<Option<Bytes>>,
    pub(super) result_formats: Vec<Format>,
}

/// What Describe and Close name.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Target {
    Portal,
    Statement,
}

/// The receiving half of a connection.
pub(super) struct Reader {
    socket: Box<dyn AsyncRead + Send + Unpin>,
    buffer: BytesMut,
}

/// A message that could not be read.
#[derive(Debug)]
pub(super) enum ReadError {
    /// The client is gone.
    Closed,
    /// Framing is lost: the connection ends after this error.
    Fatal(Error),
    /// The message is bad, the next one can be read. For skip-until-Sync: whether it was one of the extended protocol.
    Message { error: Error, extended: bool },
}

impl Reader {
    pub(super) fn new(socket: Box<dyn AsyncRead + Send + Unpin>, buffer: BytesMut) -> Reader {
        Reader { socket, buffer }
    }

    /// The next message.
    pub(super) async fn message(&mut self) -> Result<Message, ReadError> {
        self.fill(5).await?;
        let kind = self.buffer[0];
        let len = u32::from_be_bytes([self.buffer[1], self.buffer[2], self.buffer[3], self.buffer[4]]) as usize;
        if !is_known(kind) {
            let message = format!("invalid frontend message type {kind}");
            return Err(ReadError::Fatal(Error::new(SqlState::PROTOCOL_VIOLATION, message)));
        }
        if !(4..=MAX_MESSAGE).contains(&len) {
            return Err(ReadError::Fatal(Error::new(SqlState::PROTOCOL_VIOLATION, "invalid message length")));
        }
        self.fill(1 + len).await?;
        let mut frame = self.buffer.split_to(1 + len).freeze();
        frame.advance(5);
        let extended = matches!(kind, b'B' | b'C' | b'D' | b'E' | b'P');
        decode(kind, Body(frame)).map_err(|error| ReadError::Message { error, extended })
    }

    /// True when a whole message is here already, so that answers may wait for the next one's.
    pub(super) fn has_message(&self) -> bool {
        match self.buffer.get(1..5).and_then(|len| <[u8; 4]>::try_from(len).ok()) {
            Some(len) => self.buffer.len() > u32::from_be_bytes(len) as usize,
            None => false,
        }
    }

    /// True when a Sync is here already.
    pub(super) fn next_is_sync(&self) -> bool {
        self.buffer.first() == Some(&b'S')
    }

    /// Reads ahead while a statement runs; returns when the client is gone.
    pub(super) async fn closed(&mut self) {
        loop {
            if self.buffer.len() >= READ_AHEAD {
                // What is more stays in the socket; a client that goes away now is noticed when rows are sent.
                std::future::pending::<()>().await;
            }
            match self.socket.read_buf(&mut self.buffer).await {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
        }
    }

    async fn fill(&mut self, len: usize) -> Result<(), ReadError> {
        while self.buffer.len() < len {
            self.buffer.reserve((len - self.buffer.len()).max(4096));
            match self.socket.read_buf(&mut self.buffer).await {
                Ok(0) | Err(_) => return Err(ReadError::Closed),
                Ok(_) => {}
            }
        }
        Ok(())
    }
}

fn is_known(kind: u8) -> bool {
    matches!(kind, b'B' | b'C' | b'D' | b'E' | b'F' | b'H' | b'P' | b'Q' | b'S' | b'X' | b'c' | b'd' | b'f' | b'p')
}

fn decode(kind: u8, mut body: Body) -> Result<Message> {
    let message = match kind {
        b'B' => Message::Bind(bind(&mut body)?),
        b'C' => {
            let (target, name) = named(&mut body, "CLOSE")?;
            Message::Close { target, name }
        }
        b'D' => {
            let (target, name) = named(&mut body, "DESCRIBE")?;
            Message::Describe { target, name }
        }
        b'E' => {
            let portal = body.cstr()?;
            Message::Execute { portal, max_rows: usize::try_from(body.i32()?).unwrap_or(0) }
        }
        b'P' => {
            let (name, query) = (body.cstr()?, body.cstr()?);
            let count = body.u16()?;
            let types = (0..count).map(|_| Ok(PgType(body.i32()? as u32))).collect::<Result<_>>()?;
            Message::Parse { name, query, types }
        }
        b'Q' => Message::Query(body.cstr()?),
        b'p' => return Ok(Message::Password(body.0)),
        b'F' => return Ok(Message::FunctionCall),
        b'd' => return Ok(Message::CopyData),
        b'f' => return Ok(Message::CopyFail),
        b'c' => return Ok(Message::CopyDone),
        b'H' => Message::Flush,
        b'S' => Message::Sync,
        _ => Message::Terminate,
    };
    if body.0.is_empty() {
        Ok(message)
    } else {
        Err(Error::new(SqlState::PROTOCOL_VIOLATION, "invalid message format"))
    }
}

fn named(body: &mut Body, what: &str) -> Result<(Target, String)> {
    let target = match body.u8()? {
        b'P' => Target::Portal,
        b'S' => Target::Statement,
        other => {
            let message = format!("invalid {what} message subtype {other}");
            return Err(Error::new(SqlState::PROTOCOL_VIOLATION, message));
        }
    };
    Ok((target, body.cstr()?))
}

fn bind(body: &mut Body) -> Result<Bind> {
    let (portal, statement) = (body.cstr()?, body.cstr()?);
    let param_formats = formats(body)?;
    let count = body.u16()?;
    let mut params = Vec::with_capacity(usize::from(count));
    for _ in 0..count {
        let len = body.i32()?;
        params.push(match usize::try_from(len) {
            Ok(len) => Some(body.take(len)?),
            Err(_) => None,
        });
    }
    Ok(Bind { portal, statement, param_formats, params, result_formats: formats(body)? })
}

fn formats(body: &mut Body) -> Result<Vec<Format>> {
    let count = body.u16()?;
    (0..count)
        .map(|_| match body.u16()? {
            0 => Ok(Format::Text),
            1 => Ok(Format::Binary),
            other => {
                Err(Error::new(SqlState::INVALID_PARAMETER_VALUE, format!("unsupported format code: {}", other as i16)))
            }
        })
        .collect()
}

/// A message's body, read from the front.
pub(super) struct Body(pub(super) Bytes);

impl Body {
    fn short() -> Error {
        Error::new(SqlState::PROTOCOL_VIOLATION, "insufficient data left in message")
    }

    fn u8(&mut self) -> Result<u8> {
        Ok(self.take(1)?[0])
    }

    fn u16(&mut self) -> Result<u16> {
        Ok(self.take(2)?.get_u16())
    }

    pub(super) fn i32(&mut self) -> Result<i32> {
        Ok(self.take(4)?.get_i32())
    }

    pub(super) fn take(&mut self, len: usize) -> Result<Bytes> {
        if len > self.0.len() { Err(Body::short()) } else { Ok(self.0.split_to(len)) }
    }

    /// A C string, checked to be UTF-8: 22021 otherwise.
    pub(super) fn cstr(&mut self) -> Result<String> {
        let Some(end) = self.0.iter().position(|byte| *byte == 0) else {
            return Err(Error::new(SqlState::PROTOCOL_VIOLATION, "invalid string in message"));
        };
        let text = self.0.split_to(end);
        self.0.advance(1);
        utf8(&text).map(str::to_owned)
    }
}

/// Checks bytes from the client: 22021 with PostgreSQL's text.
pub(super) fn utf8(bytes: &[u8]) -> Result<&str> {
    std::str::from_utf8(bytes).map_err(|error| {
        let at = error.valid_up_to();
        // PostgreSQL shows as many bytes as the first one announces.
        let announced = match bytes.get(at) {
            Some(0xc0..=0xdf) => 2,
            Some(0xe0..=0xef) => 3,
            Some(0xf0..=0xf7) => 4,
            _ => 1,
        };
        let shown =
            bytes.iter().skip(at).take(announced).map(|byte| format!("0x{byte:02x}")).collect::<Vec<_>>().join(" ");
        let message = format!("invalid byte sequence for encoding \"UTF8\": {shown}");
        Error::new(SqlState::CHARACTER_NOT_IN_REPERTOIRE, message)
    })
}

//! The byte stream of one connection: frames in, batches of messages out.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};

use crate::error::{Error, Result, SqlState};

/// What a single read asks for; big enough that a wide result costs few system calls.
const READ: usize = 64 * 1024;
/// PostgreSQL builds no message over 1 GB.
const MAX_FRAME: usize = 0x4000_0000;

/// A TCP or Unix socket, or a TLS session over one.
pub(super) trait Io: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// A message of the server.
pub(super) struct Frame {
    pub tag: u8,
    pub body: Bytes,
}

/// The stream with its buffers.
pub(super) struct Wire {
    io: Box<dyn Io>,
    read: BytesMut,
    pub write: BytesMut,
    /// A write began and did not end: the stream is lost.
    torn: bool,
}

impl Wire {
    pub fn new(io: Box<dyn Io>) -> Wire {
        Wire { io, read: BytesMut::with_capacity(READ), write: BytesMut::with_capacity(1024), torn: false }
    }

    /// Tag and whole length of the first complete frame in the buffer.
    pub fn peek(&self) -> io::Result<Option<(u8, usize)>> {
        frame_at(&self.read, 0)
    }

    /// Takes the first complete frame.
    pub fn take(&mut self) -> io::Result<Option<Frame>> {
        let Some((tag, length)) = self.peek()? else { return Ok(None) };
        let mut body = self.read.split_to(length).freeze();
        body.advance(5);
        Ok(Some(Frame { tag, body }))
    }

    /// The DataRow frames at the start of the buffer, at most so many and about so many bytes: their count and length.
    pub fn rows(&self, max_rows: usize, max_bytes: usize) -> io::Result<(usize, usize)> {
        let (mut count, mut end) = (0, 0);
        while count < max_rows && end < max_bytes {
            match frame_at(&self.read, end)? {
                Some((b'D', length)) => end += length,
                _ => break,
            }
            count += 1;
        }
        Ok((count, end))
    }

    /// The first bytes of the buffer.
    pub fn front(&self, length: usize) -> &[u8] {
        &self.read[..length]
    }

    pub fn skip(&mut self, length: usize) {
        self.read.advance(length);
    }

    /// Waits for more bytes. Safe to drop.
    pub async fn fill(&mut self) -> io::Result<()> {
        let missing = match self.read.first_chunk::<5>() {
            Some(head) => (u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize + 1)
                .saturating_sub(self.read.len())
                .min(MAX_FRAME),
            None => 0,
        };
        self.read.reserve(missing.max(READ));
        match self.io.read_buf(&mut self.read).await? {
            0 => Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the server closed the connection")),
            _ => Ok(()),
        }
    }

    /// Writes what is gathered in `write`.
    pub async fn flush(&mut self) -> io::Result<()> {
        if self.torn {
            return Err(io::Error::new(io::ErrorKind::BrokenPipe, "an earlier write did not end"));
        }
        self.torn = true;
        self.io.write_all(&self.write).await?;
        self.io.flush().await?;
        self.torn = false;
        self.write.clear();
        // One huge parameter must not keep its memory for good.
        if self.write.capacity() > 1024 * 1024 {
            self.write = BytesMut::with_capacity(1024);
        }
        Ok(())
    }

    pub fn is_torn(&self) -> bool {
        self.torn
    }

    /// True when the peer is still there and has sent nothing unasked (looks, does not wait).
    pub fn is_quiet(&mut self) -> bool {
        let mut space = [0; 1];
        let mut space = ReadBuf::new(&mut space);
        let mut context = Context::from_waker(std::task::Waker::noop());
        self.read.is_empty() && matches!(Pin::new(&mut self.io).poll_read(&mut context, &mut space), Poll::Pending)
    }
}

fn frame_at(buffer: &[u8], at: usize) -> io::Result<Option<(u8, usize)>> {
    let Some(head) = buffer.get(at..).and_then(|rest| rest.first_chunk::<5>()) else { return Ok(None) };
    let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize;
    if !(4..=MAX_FRAME).contains(&length) {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "invalid message length"));
    }
    Ok((buffer.len() - at > length).then_some((head[0], length + 1)))
}

/// Reads the fields of a message's body; what is short is 08P01.
pub(super) struct Fields<'a>(pub &'a [u8]);

impl<'a> Fields<'a> {
    pub fn bytes(&mut self, count: usize) -> Result<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(count).ok_or_else(malformed)?;
        self.0 = rest;
        Ok(head)
    }

    pub fn u8(&mut self) -> Result<u8> {
        Ok(self.bytes(1)?[0])
    }

    pub fn i16(&mut self) -> Result<i16> {
        self.bytes(2)?.try_into().map(i16::from_be_bytes).map_err(|_| malformed())
    }

    pub fn i32(&mut self) -> Result<i32> {
        self.bytes(4)?.try_into().map(i32::from_be_bytes).map_err(|_| malformed())
    }

    pub fn u32(&mut self) -> Result<u32> {
        self.bytes(4)?.try_into().map(u32::from_be_bytes).map_err(|_| malformed())
    }

    /// A string up to its zero byte. Errors before the encoding is agreed may not be UTF-8.
    pub fn text(&mut self) -> Result<String> {
        let end = self.0.iter().position(|byte| *byte == 0).ok_or_else(malformed)?;
        let text = String::from_utf8_lossy(&self.0[..end]).into_owned();
        self.0 = &self.0[end + 1..];
        Ok(text)
    }

    /// A column's value: `None` is NULL.
    pub fn value(&mut self) -> Result<Option<&'a [u8]>> {
        match self.i32()? {
            -1 => Ok(None),
            length => Ok(Some(self.bytes(usize::try_from(length).map_err(|_| malformed())?)?)),
        }
    }
}

pub(super) fn malformed() -> Error {
    Error::new(SqlState::PROTOCOL_VIOLATION, "a source sent a malformed message")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn counts_only_complete_rows() {
        let (near, mut far) = tokio::io::duplex(1024);
        let mut wire = Wire::new(Box::new(near));
        assert!(wire.is_quiet());
        far.write_all(b"D\0\0\0\x06\0\0D\0\0\0\x06\0\0D\0\0\0\x06\0").await.expect("room");
        wire.fill().await.expect("bytes");
        assert_eq!(wire.rows(10, 1000).expect("frames"), (2, 14));
        assert_eq!(wire.rows(1, 1000).expect("frames"), (1, 7));
        assert_eq!(wire.rows(10, 5).expect("frames"), (1, 7));
        assert!(!wire.is_quiet());
        drop(far);
        wire.skip(14);
        assert!(wire.fill().await.is_err());
    }

    #[tokio::test]
    async fn a_bad_length_is_an_error() {
        let (near, mut far) = tokio::io::duplex(1024);
        let mut wire = Wire::new(Box::new(near));
        far.write_all(b"D\0\0\0\x03").await.expect("room");
        wire.fill().await.expect("bytes");
        assert!(wire.peek().is_err());
    }
}

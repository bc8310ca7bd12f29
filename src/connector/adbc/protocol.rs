//! The frames between server and worker.
//!
//! A frame: length of the rest (u32), channel (u32), number of the request (u32), length of the message (u32), the message as JSON, and
//! what is left is its payload (Arrow IPC). Numbers are little-endian. Each request but `Cancel` and `Leave` has one reply, which carries
//! its number; requests of one channel are answered in order.

use std::io::{self, Cursor, Read};

use arrow::datatypes::Schema;
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::StreamWriter;
use arrow::record_batch::RecordBatch;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Longer frames are refused: a length that is not ours.
const MAX_FRAME: usize = 1 << 31;
const HEAD: usize = 16;

/// Which driver, and how its database is opened.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(in crate::connector) struct Launch {
    /// Name (found by the manifest rules of ADBC) or path.
    pub driver: String,
    pub entrypoint: Option<String>,
    /// Options of the ADBC database.
    pub options: Vec<(String, String)>,
    /// Statements run once, when the database is open.
    pub init: Vec<String>,
    /// Statements run on each connection.
    pub settings: Vec<String>,
    /// A query of one number, run at the end of each result: how many rows the statement before it had. For drivers that may end a
    /// result early without an error.
    pub count: Option<String>,
    /// A result that is left early is cancelled and read to its end: a driver may do that itself at the next statement, without the cancel.
    pub drain: bool,
}

#[derive(Debug, Deserialize, Serialize)]
pub(in crate::connector) enum Request {
    /// On channel 0, first: loads the driver and opens the database.
    Start(Launch),
    /// Opens the channel's connection.
    Open,
    /// Runs a statement; its parameters are one row in the payload.
    Execute {
        sql: String,
        /// Options of the ADBC statement.
        options: Vec<(String, String)>,
    },
    /// The next rows: about so many, about so many bytes.
    Fetch {
        rows: usize,
        bytes: usize,
    },
    /// Frees the statement.
    Finish,
    /// What the driver tells of its database: the engine's version, the connection's catalog.
    Info,
    /// The driver's list of objects (`GetObjects`); its payload is answered as rows are.
    Objects {
        depth: Depth,
        catalog: Option<String>,
        schema: Option<String>,
        table: Option<String>,
    },
    /// The Arrow schema of a table.
    TableSchema {
        catalog: Option<String>,
        schema: Option<String>,
        table: String,
    },
    /// Stops the channel's requests up to this number. No reply.
    Cancel,
    /// Ends the channel. No reply.
    Leave,
    Ping,
}

#[derive(Debug, Deserialize, Serialize)]
pub(in crate::connector) enum Reply {
    Done,
    /// The statement runs; its schema in the payload.
    Executed,
    Info(Info),
    /// Rows in the payload.
    Rows,
    /// No rows are left.
    End,
    Failed(Failure),
}

/// How deep a list of objects goes.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub(in crate::connector) enum Depth {
    Columns,
    Schemas,
    Tables,
}

/// What a driver tells of its database.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(in crate::connector) struct Info {
    pub version: Option<String>,
    pub catalog: Option<String>,
}

/// An error of the driver.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub(in crate::connector) struct Failure {
    pub kind: Kind,
    /// As the driver gives it; drivers without one leave it out.
    pub sqlstate: Option<String>,
    pub vendor_code: i32,
    pub message: String,
    /// What drivers of ADBC 1.1 tell beside: names of their own.
    #[serde(default)]
    pub details: Vec<(String, String)>,
}

/// The kinds of errors that ADBC tells apart, as far as they matter here.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub(in crate::connector) enum Kind {
    Cancelled,
    Connection,
    Denied,
    Invalid,
    #[default]
    Other,
    Timeout,
    Unsupported,
}

/// A frame as it is read.
#[derive(Debug)]
pub(in crate::connector) struct Frame {
    pub channel: u32,
    pub number: u32,
    message: Vec<u8>,
    pub payload: Vec<u8>,
}

impl Frame {
    pub fn message<T: DeserializeOwned>(&self) -> io::Result<T> {
        serde_json::from_slice(&self.message).map_err(|error| wrong(&error.to_string()))
    }

    /// The length of what follows the first four bytes.
    pub fn length(head: [u8; 4]) -> io::Result<usize> {
        let length = u32::from_le_bytes(head) as usize;
        if (HEAD - 4..MAX_FRAME).contains(&length) { Ok(length) } else { Err(wrong("a frame of this length")) }
    }

    /// Takes apart what follows the first four bytes.
    pub fn parse(mut rest: Vec<u8>) -> io::Result<Frame> {
        let word = |at: usize| -> io::Result<u32> {
            let bytes = rest.get(at..at + 4).and_then(|bytes| bytes.try_into().ok());
            bytes.map(u32::from_le_bytes).ok_or_else(|| wrong("a short frame"))
        };
        let (channel, number, length) = (word(0)?, word(4)?, word(8)? as usize);
        let start = HEAD - 4;
        let end = start.checked_add(length).filter(|end| *end <= rest.len()).ok_or_else(|| wrong("a short frame"))?;
        let payload = rest.split_off(end);
        let message = rest.split_off(start);
        Ok(Frame { channel, number, message, payload })
    }

    /// The next frame; `None` at the end of the stream.
    pub fn read(stream: &mut impl Read) -> io::Result<Option<Frame>> {
        let mut head = [0; 4];
        match stream.read_exact(&mut head) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            Err(error) => return Err(error),
        }
        let mut rest = vec![0; Frame::length(head)?];
        stream.read_exact(&mut rest)?;
        Frame::parse(rest).map(Some)
    }
}

/// A frame in one piece.
pub(in crate::connector) fn frame(
    channel: u32,
    number: u32,
    message: &impl Serialize,
    payload: &[u8],
) -> io::Result<Vec<u8>> {
    let message = serde_json::to_vec(message).map_err(io::Error::other)?;
    let length = HEAD - 4 + message.len() + payload.len();
    if length >= MAX_FRAME {
        return Err(wrong("a message of this length"));
    }
    let mut out = Vec::with_capacity(length + 4);
    for word in [length, channel as usize, number as usize, message.len()] {
        out.extend_from_slice(&(word as u32).to_le_bytes());
    }
    out.extend_from_slice(&message);
    out.extend_from_slice(payload);
    Ok(out)
}

/// Batches of one schema as an IPC stream.
pub(in crate::connector) fn encode(schema: &Schema, batches: &[RecordBatch]) -> io::Result<Vec<u8>> {
    let mut writer = StreamWriter::try_new(Vec::new(), schema).map_err(io::Error::other)?;
    for batch in batches {
        writer.write(batch).map_err(io::Error::other)?;
    }
    writer.into_inner().map_err(io::Error::other)
}

/// The schema and the batches of an IPC stream.
pub(in crate::connector) fn decode(payload: &[u8]) -> io::Result<(Schema, Vec<RecordBatch>)> {
    let reader = StreamReader::try_new(Cursor::new(payload), None).map_err(io::Error::other)?;
    let schema = reader.schema().as_ref().clone();
    let batches = reader.collect::<Result<Vec<_>, _>>().map_err(io::Error::other)?;
    Ok((schema, batches))
}

fn wrong(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_come_back_whole_or_as_an_error() {
        let bytes = frame(7, 9, &Request::Fetch { rows: 5, bytes: 6 }, b"payload").expect("a frame");
        let frame = Frame::read(&mut &bytes[..]).expect("well-formed").expect("one");
        assert_eq!((frame.channel, frame.number, &frame.payload[..]), (7, 9, &b"payload"[..]));
        assert!(matches!(frame.message(), Ok(Request::Fetch { rows: 5, bytes: 6 })));
        assert!(matches!(Frame::read(&mut &b""[..]), Ok(None)));
        for length in 5..bytes.len() {
            assert!(Frame::read(&mut &bytes[..length]).is_err(), "{length}");
        }
        assert!(Frame::parse(vec![0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255]).is_err());
        assert!(Frame::length([0; 4]).is_err());
    }
}

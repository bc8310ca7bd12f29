//! The messages of BigQuery's Storage Read API that are used, as far as they are used.
//!
//! Field numbers are those of `google/cloud/bigquery/storage/v1/{storage,stream,arrow}.proto`.

use crate::types::protobuf::{block, number};

/// `DataFormat.ARROW`.
const ARROW: u64 = 2;

/// What is used of a `ReadSession`.
#[derive(Debug, Default, Eq, PartialEq)]
pub(super) struct Session {
    /// An IPC message.
    pub schema: Vec<u8>,
    pub streams: Vec<String>,
}

/// What is used of a `ReadRowsResponse`.
#[derive(Debug, Default, Eq, PartialEq)]
pub(super) struct Rows {
    /// An IPC message.
    pub batch: Option<Vec<u8>>,
    pub count: u64,
}

/// A message that is not of its form.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Malformed;

/// `CreateReadSessionRequest`: Arrow, in one stream, which keeps the order of the table.
pub(super) fn create_read_session(parent: &str, table: &str, trace: &str) -> Vec<u8> {
    let mut session = Vec::new();
    number(&mut session, 3, ARROW);
    block(&mut session, 6, table.as_bytes());
    block(&mut session, 13, trace.as_bytes());
    let mut out = Vec::new();
    block(&mut out, 1, parent.as_bytes());
    block(&mut out, 2, &session);
    number(&mut out, 3, 1);
    out
}

/// `ReadRowsRequest`.
pub(super) fn read_rows(stream: &str, offset: u64) -> Vec<u8> {
    let mut out = Vec::new();
    block(&mut out, 1, stream.as_bytes());
    number(&mut out, 2, offset);
    out
}

pub(super) fn session(message: &[u8]) -> Result<Session, Malformed> {
    let mut session = Session::default();
    each(message, |field, value| {
        match (field, value) {
            (5, Value::Bytes(schema)) => session.schema = first(schema)?.unwrap_or_default(),
            (10, Value::Bytes(stream)) => {
                if let Some(name) = first(stream)? {
                    session.streams.push(String::from_utf8(name).map_err(|_| Malformed)?);
                }
            }
            _ => {}
        }
        Ok(())
    })?;
    Ok(session)
}

pub(super) fn rows(message: &[u8]) -> Result<Rows, Malformed> {
    let mut rows = Rows::default();
    each(message, |field, value| {
        match (field, value) {
            (4, Value::Bytes(batch)) => rows.batch = first(batch)?,
            (6, Value::Number(count)) => rows.count = count,
            _ => {}
        }
        Ok(())
    })?;
    Ok(rows)
}

/// The bytes of field 1.
fn first(message: &[u8]) -> Result<Option<Vec<u8>>, Malformed> {
    let mut found = None;
    each(message, |field, value| {
        if let (1, Value::Bytes(bytes)) = (field, value) {
            found = Some(bytes.to_vec());
        }
        Ok(())
    })?;
    Ok(found)
}

enum Value<'m> {
    Bytes(&'m [u8]),
    Number(u64),
    /// Of a width that no field here has.
    Other,
}

/// Gives every field of a message.
fn each<'m>(
    mut message: &'m [u8],
    mut take: impl FnMut(u64, Value<'m>) -> Result<(), Malformed>,
) -> Result<(), Malformed> {
    while !message.is_empty() {
        let tag = varint(&mut message)?;
        let value = match tag & 7 {
            0 => Value::Number(varint(&mut message)?),
            1 => {
                split(&mut message, 8)?;
                Value::Other
            }
            2 => {
                let length = varint(&mut message)?;
                Value::Bytes(split(&mut message, length)?)
            }
            5 => {
                split(&mut message, 4)?;
                Value::Other
            }
            _ => return Err(Malformed),
        };
        take(tag >> 3, value)?;
    }
    Ok(())
}

fn split<'m>(message: &mut &'m [u8], length: u64) -> Result<&'m [u8], Malformed> {
    let length = usize::try_from(length).map_err(|_| Malformed)?;
    let (part, rest) = message.split_at_checked(length).ok_or(Malformed)?;
    *message = rest;
    Ok(part)
}

fn varint(message: &mut &[u8]) -> Result<u64, Malformed> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = message.split_first().ok_or(Malformed)?;
        *message = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_written_and_read() {
        // As protoc encodes { parent: "projects/p" read_session { data_format: ARROW table: "t" trace_id: "x" } max_stream_count: 1 }.
        let mut expected = b"\x0a\x0aprojects/p\x12\x08\x18\x02\x32\x01t\x6a\x01x\x18\x01".to_vec();
        assert_eq!(create_read_session("projects/p", "t", "x"), expected);
        assert_eq!(read_rows("s", 300), b"\x0a\x01s\x10\xac\x02");
        let found = session(b"\x0a\x04name\x18\x02\x2a\x05\x0a\x03abc\x52\x04\x0a\x02s1\x52\x04\x0a\x02s2\x70\x07");
        let streams = vec!["s1".to_owned(), "s2".to_owned()];
        assert_eq!(found, Ok(Session { schema: b"abc".to_vec(), streams }));
        let found = rows(b"\x22\x06\x0a\x02ab\x10\x05\x30\xac\x02\x12\x09\x12\x07ignored");
        assert_eq!(found, Ok(Rows { batch: Some(b"ab".to_vec()), count: 300 }));
        assert_eq!(rows(b""), Ok(Rows::default()));
        // A message of any other shape is one of no shape, not a panic.
        expected.truncate(expected.len() - 3);
        for broken in
            [&b"\x0a\x05abc"[..], b"\x22", b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", b"\x0b", &expected]
        {
            assert!(rows(broken).is_err() || session(broken).is_err(), "{broken:?}");
        }
    }
}

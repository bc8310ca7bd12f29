//! A client of the PostgreSQL v3 protocol that hides nothing: messages out, messages in.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// An open connection.
pub struct Client {
    pub stream: TcpStream,
    pub process_id: i32,
    pub secret: i32,
    pub parameters: Vec<(String, String)>,
}

/// The rows of one statement.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ResultSet {
    pub columns: Vec<ColumnInfo>,
    pub rows: Vec<Vec<Option<Vec<u8>>>>,
    pub tag: String,
}

#[derive(Clone, Debug, PartialEq)]
pub struct ColumnInfo {
    pub name: String,
    pub table: u32,
    pub attnum: i16,
    pub oid: u32,
    pub typmod: i32,
    pub format: i16,
}

/// An ErrorResponse.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    pub state: String,
    pub message: String,
    pub position: Option<String>,
    pub detail: Option<String>,
    pub hint: Option<String>,
}

/// One backend message.
#[derive(Clone, Debug)]
pub struct Message {
    pub tag: u8,
    pub body: Vec<u8>,
}

impl ResultSet {
    /// Rows as text, NULL as `∅`, columns joined by `|`.
    pub fn text(&self) -> Vec<String> {
        let cell = |cell: &Option<Vec<u8>>| {
            cell.as_ref().map_or("∅".to_owned(), |v| String::from_utf8_lossy(v).into_owned())
        };
        self.rows.iter().map(|row| row.iter().map(cell).collect::<Vec<_>>().join("|")).collect()
    }
}

impl Client {
    pub fn connect(port: u16, user: &str, database: &str) -> Result<Client, Failure> {
        let stream = TcpStream::connect(("127.0.0.1", port)).expect("the server listens");
        stream.set_nodelay(true).expect("TCP_NODELAY");
        stream.set_read_timeout(Some(Duration::from_secs(300))).expect("a timeout");
        let mut client = Client { stream, process_id: 0, secret: 0, parameters: Vec::new() };
        let mut body = 196_608_i32.to_be_bytes().to_vec();
        for (name, value) in [("user", user), ("database", database), ("client_encoding", "UTF8")] {
            body.extend(format!("{name}\0{value}\0").bytes());
        }
        body.push(0);
        let mut packet = ((body.len() + 4) as i32).to_be_bytes().to_vec();
        packet.extend(body);
        client.stream.write_all(&packet).expect("startup is sent");
        let mut failure = None;
        loop {
            let message = client.read();
            match message.tag {
                b'R' => assert_eq!(&message.body[..4], &[0; 4], "these tests log in by trust"),
                b'S' => {
                    let mut parts =
                        message.body.split(|byte| *byte == 0).map(|part| String::from_utf8_lossy(part).into_owned());
                    client.parameters.push((parts.next().unwrap_or_default(), parts.next().unwrap_or_default()));
                }
                b'K' => {
                    client.process_id = i32::from_be_bytes(message.body[..4].try_into().expect("four bytes"));
                    client.secret = i32::from_be_bytes(message.body[4..8].try_into().expect("four bytes"));
                }
                b'E' => failure = Some(Failure::parse(&message.body)),
                b'Z' => return Ok(client),
                b'N' => {}
                0 => return Err(failure.unwrap_or_else(Failure::closed)),
                other => panic!("unexpected message {} at startup", char::from(other)),
            }
        }
    }

    /// Sends one message.
    pub fn send(&mut self, tag: u8, body: &[u8]) {
        let mut packet = vec![tag];
        packet.extend(((body.len() + 4) as i32).to_be_bytes());
        packet.extend(body);
        let _ = self.stream.write_all(&packet);
    }

    /// The next message; tag 0 at the end of the connection.
    pub fn read(&mut self) -> Message {
        let mut head = [0; 5];
        if self.stream.read_exact(&mut head).is_err() {
            return Message { tag: 0, body: Vec::new() };
        }
        let length = i32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize - 4;
        let mut body = vec![0; length];
        if self.stream.read_exact(&mut body).is_err() {
            return Message { tag: 0, body: Vec::new() };
        }
        Message { tag: head[0], body }
    }

    /// A simple query: results up to the first error.
    pub fn simple(&mut self, sql: &str) -> Result<Vec<ResultSet>, Failure> {
        let mut body = sql.as_bytes().to_vec();
        body.push(0);
        self.send(b'Q', &body);
        self.results()
    }

    /// The last result of a simple query.
    pub fn query(&mut self, sql: &str) -> Result<ResultSet, Failure> {
        self.simple(sql).map(|mut sets| sets.pop().unwrap_or_default())
    }

    /// Rows of a query that must succeed, as text.
    pub fn rows(&mut self, sql: &str) -> Vec<String> {
        match self.query(sql) {
            Ok(set) => set.text(),
            Err(failure) => panic!("{sql}\n  {failure:?}"),
        }
    }

    /// Reads results until ReadyForQuery.
    pub fn results(&mut self) -> Result<Vec<ResultSet>, Failure> {
        let (mut sets, mut current, mut failure) = (Vec::new(), ResultSet::default(), None);
        loop {
            let message = self.read();
            match message.tag {
                b'T' => current.columns = columns(&message.body),
                b'D' => current.rows.push(row(&message.body)),
                b'C' => {
                    current.tag =
                        String::from_utf8_lossy(message.body.strip_suffix(&[0]).unwrap_or(&message.body)).into_owned();
                    sets.push(std::mem::take(&mut current));
                }
                b'E' => failure = Some(Failure::parse(&message.body)),
                b'Z' => return failure.map_or(Ok(sets), Err),
                0 => return Err(failure.unwrap_or_else(Failure::closed)),
                _ => {}
            }
        }
    }

    /// The column types of a statement by Parse + Describe.
    pub fn describe(&mut self, sql: &str) -> Result<Vec<ColumnInfo>, Failure> {
        self.send(b'P', &[b"\0", sql.as_bytes(), b"\0\0\0"].concat());
        self.send(b'D', b"S\0");
        self.send(b'S', b"");
        let (mut found, mut failure) = (Vec::new(), None);
        loop {
            let message = self.read();
            match message.tag {
                b'T' => found = columns(&message.body),
                b'E' => failure = Some(Failure::parse(&message.body)),
                b'Z' => return failure.map_or(Ok(found), Err),
                0 => return Err(failure.unwrap_or_else(Failure::closed)),
                _ => {}
            }
        }
    }

    /// Drops the connection without Terminate.
    pub fn cut(self) {
        drop(self.stream);
    }
}

impl Failure {
    pub(super) fn parse(body: &[u8]) -> Failure {
        let mut failure =
            Failure { state: String::new(), message: String::new(), position: None, detail: None, hint: None };
        for field in body.split(|byte| *byte == 0).filter(|field| !field.is_empty()) {
            let value = String::from_utf8_lossy(&field[1..]).into_owned();
            match field[0] {
                b'C' => failure.state = value,
                b'M' => failure.message = value,
                b'P' => failure.position = Some(value),
                b'D' => failure.detail = Some(value),
                b'H' => failure.hint = Some(value),
                _ => {}
            }
        }
        failure
    }

    fn closed() -> Failure {
        Failure {
            state: "closed".into(),
            message: "the connection is closed".into(),
            position: None,
            detail: None,
            hint: None,
        }
    }
}

fn columns(body: &[u8]) -> Vec<ColumnInfo> {
    let count = i16::from_be_bytes([body[0], body[1]]);
    let mut rest = &body[2..];
    (0..count)
        .map(|_| {
            let end = rest.iter().position(|byte| *byte == 0).expect("a terminated name");
            let name = String::from_utf8_lossy(&rest[..end]).into_owned();
            let fixed = &rest[end + 1..end + 19];
            rest = &rest[end + 19..];
            let int = |at: usize| i32::from_be_bytes(fixed[at..at + 4].try_into().expect("four bytes"));
            let short = |at: usize| i16::from_be_bytes(fixed[at..at + 2].try_into().expect("two bytes"));
            ColumnInfo {
                name,
                table: int(0) as u32,
                attnum: short(4),
                oid: int(6) as u32,
                typmod: int(12),
                format: short(16),
            }
        })
        .collect()
}

pub(super) fn row(body: &[u8]) -> Vec<Option<Vec<u8>>> {
    let count = i16::from_be_bytes([body[0], body[1]]);
    let mut rest = &body[2..];
    (0..count)
        .map(|_| {
            let length = i32::from_be_bytes(rest[..4].try_into().expect("four bytes"));
            rest = &rest[4..];
            let length = usize::try_from(length).ok()?;
            let (value, after) = rest.split_at(length);
            rest = after;
            Some(value.to_vec())
        })
        .collect()
}

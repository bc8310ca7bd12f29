//! What a client has seen of an exchange that may end anywhere: nothing is taken for whole that is not.

use super::{Client, Failure};

/// Everything up to ReadyForQuery or the end of the connection.
#[derive(Debug, Default)]
pub struct Exchange {
    pub rows: Vec<Vec<Option<Vec<u8>>>>,
    /// The payload of CopyData messages.
    pub copied: Vec<u8>,
    pub copy_done: bool,
    /// One per CommandComplete.
    pub tags: Vec<String>,
    pub suspended: bool,
    pub failure: Option<Failure>,
    /// Of ReadyForQuery; 0 where the connection ended.
    pub status: u8,
}

impl Exchange {
    /// The SQLSTATE, `""` without an error.
    pub fn state(&self) -> &str {
        self.failure.as_ref().map_or("", |failure| &failure.state)
    }
}

impl Client {
    /// Sends a simple query without waiting.
    pub fn send_query(&mut self, sql: &str) {
        self.send(b'Q', &[sql.as_bytes(), b"\0"].concat());
    }

    /// A simple query, whatever comes of it.
    pub fn exchange(&mut self, sql: &str) -> Exchange {
        self.send_query(sql);
        self.rest()
    }

    /// Parse, Bind (no parameters) and Execute of the unnamed portal, without Sync. `format`: 0 text, 1 binary; `max`: 0 all rows.
    pub fn send_extended(&mut self, sql: &str, format: u8, max: i32) {
        self.send(b'P', &[b"\0", sql.as_bytes(), b"\0\0\0"].concat());
        self.send(b'B', &[0, 0, 0, 0, 0, 0, 0, 1, 0, format]);
        self.send(b'E', &[b"\0", &max.to_be_bytes()[..]].concat());
    }

    /// By the extended protocol, up to its Sync.
    pub fn extended(&mut self, sql: &str, format: u8) -> Exchange {
        self.send_extended(sql, format, 0);
        self.send(b'S', b"");
        self.rest()
    }

    /// What is left up to ReadyForQuery.
    pub fn rest(&mut self) -> Exchange {
        let mut seen = Exchange::default();
        loop {
            let message = self.read();
            match message.tag {
                b'D' => seen.rows.push(super::client::row(&message.body)),
                b'd' => seen.copied.extend(message.body),
                b'c' => seen.copy_done = true,
                b's' => seen.suspended = true,
                b'C' => {
                    let tag = message.body.strip_suffix(&[0]).unwrap_or(&message.body);
                    seen.tags.push(String::from_utf8_lossy(tag).into_owned());
                }
                b'E' => {
                    assert!(seen.failure.is_none(), "two errors in one exchange");
                    seen.failure = Some(Failure::parse(&message.body));
                }
                b'Z' => {
                    seen.status = message.body[0];
                    return seen;
                }
                0 => return seen,
                _ => {}
            }
        }
    }
}

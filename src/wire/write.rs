//! Backend messages, written into one buffer that goes out in large pieces.

use tokio::io::{AsyncWrite, AsyncWriteExt};

use super::error::error_fields;
use crate::connector::Format;
use crate::error::Error;
use crate::session::{Notice, OutputColumn};
use crate::types::PgType;

/// The buffer is sent when it has grown to this.
pub(super) const FLUSH_AT: usize = 64 << 10;

/// The sending half of a connection.
pub(super) struct Writer {
    socket: Box<dyn AsyncWrite + Send + Unpin>,
    pub(super) buffer: Vec<u8>,
}

/// ReadyForQuery's byte.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum TransactionStatus {
    Block,
    Failed,
    Idle,
}

impl Writer {
    pub(super) fn new(socket: Box<dyn AsyncWrite + Send + Unpin>) -> Writer {
        Writer { socket, buffer: Vec::with_capacity(8 << 10) }
    }

    /// Sends what is buffered.
    pub(super) async fn flush(&mut self) -> std::io::Result<()> {
        if !self.buffer.is_empty() {
            self.socket.write_all(&self.buffer).await?;
            self.buffer.clear();
            self.buffer.shrink_to(4 * FLUSH_AT);
        }
        self.socket.flush().await
    }

    /// Sends the buffer when it is large.
    pub(super) async fn flush_if_full(&mut self) -> std::io::Result<()> {
        if self.buffer.len() >= FLUSH_AT { self.flush().await } else { Ok(()) }
    }

    pub(super) async fn shutdown(&mut self) {
        // The peer may be gone already.
        let _ = self.flush().await;
        let _ = self.socket.shutdown().await;
    }

    /// A message whose body `fill` writes.
    pub(super) fn message(&mut self, kind: u8, fill: impl FnOnce(&mut Vec<u8>)) {
        message(&mut self.buffer, kind, fill);
    }

    pub(super) fn authentication(&mut self, code: i32, data: &[u8]) {
        self.message(b'R', |body| {
            body.extend_from_slice(&code.to_be_bytes());
            body.extend_from_slice(data);
        });
    }

    pub(super) fn parameter_status(&mut self, name: &str, value: &str) {
        self.message(b'S', |body| {
            put_cstr(body, name);
            put_cstr(body, value);
        });
    }

    pub(super) fn backend_key_data(&mut self, pid: i32, key: i32) {
        self.message(b'K', |body| {
            body.extend_from_slice(&pid.to_be_bytes());
            body.extend_from_slice(&key.to_be_bytes());
        });
    }

    pub(super) fn negotiate_protocol_version(&mut self, minor: i32, options: &[String]) {
        self.message(b'v', |body| {
            body.extend_from_slice(&minor.to_be_bytes());
            body.extend_from_slice(&(options.len() as i32).to_be_bytes());
            options.iter().for_each(|option| put_cstr(body, option));
        });
    }

    pub(super) fn ready_for_query(&mut self, status: TransactionStatus) {
        let status = match status {
            TransactionStatus::Block => b'T',
            TransactionStatus::Failed => b'E',
            TransactionStatus::Idle => b'I',
        };
        self.buffer.extend_from_slice(&[b'Z', 0, 0, 0, 5, status]);
    }

    /// A message without a body.
    pub(super) fn empty(&mut self, kind: u8) {
        self.buffer.extend_from_slice(&[kind, 0, 0, 0, 4]);
    }

    pub(super) fn parse_complete(&mut self) {
        self.empty(b'1');
    }

    pub(super) fn bind_complete(&mut self) {
        self.empty(b'2');
    }

    pub(super) fn close_complete(&mut self) {
        self.empty(b'3');
    }

    pub(super) fn no_data(&mut self) {
        self.empty(b'n');
    }

    pub(super) fn empty_query_response(&mut self) {
        self.empty(b'I');
    }

    pub(super) fn portal_suspended(&mut self) {
        self.empty(b's');
    }

    pub(super) fn command_complete(&mut self, tag: &str) {
        self.message(b'C', |body| put_cstr(body, tag));
    }

    pub(super) fn parameter_description(&mut self, types: &[PgType]) {
        self.message(b't', |body| {
            body.extend_from_slice(&(types.len() as u16).to_be_bytes());
            types.iter().for_each(|ty| body.extend_from_slice(&ty.0.to_be_bytes()));
        });
    }

    /// `formats`: one per column, or none for all text.
    pub(super) fn row_description(&mut self, columns: &[OutputColumn], formats: &[Format]) {
        self.message(b'T', |body| {
            body.extend_from_slice(&(columns.len() as u16).to_be_bytes());
            for (at, column) in columns.iter().enumerate() {
                put_cstr(body, &column.name);
                body.extend_from_slice(&column.table_oid.to_be_bytes());
                body.extend_from_slice(&column.attnum.to_be_bytes());
                let told = if column.row_type == 0 { column.ty.0 } else { column.row_type };
                body.extend_from_slice(&told.to_be_bytes());
                body.extend_from_slice(&column.ty.len().to_be_bytes());
                body.extend_from_slice(&column.typmod.to_be_bytes());
                body.extend_from_slice(&format_code(formats.get(at)).to_be_bytes());
            }
        });
    }

    /// CopyOutResponse.
    pub(super) fn copy_out_response(&mut self, format: Format, columns: usize) {
        self.message(b'H', |body| {
            let code = format_code(Some(&format));
            body.push(code as u8);
            body.extend_from_slice(&(columns as u16).to_be_bytes());
            (0..columns).for_each(|_| body.extend_from_slice(&code.to_be_bytes()));
        });
    }

    /// ErrorResponse. `source`: the query string that positions refer to.
    pub(super) fn error(&mut self, severity: &str, error: &Error, source: Option<&str>) {
        self.message(b'E', |body| error_fields(body, severity, error, source));
    }

    pub(super) fn notice(&mut self, notice: &Notice) {
        self.message(b'N', |body| error_fields(body, notice.severity.name(), &notice.error, None));
    }
}

/// Appends a message whose body `fill` writes.
pub(super) fn message(buffer: &mut Vec<u8>, kind: u8, fill: impl FnOnce(&mut Vec<u8>)) {
    buffer.push(kind);
    let start = buffer.len();
    buffer.extend_from_slice(&[0; 4]);
    fill(buffer);
    let len = (buffer.len() - start) as u32;
    buffer[start..start + 4].copy_from_slice(&len.to_be_bytes());
}

/// A C string; a zero byte would end it early, so it is left out.
pub(super) fn put_cstr(body: &mut Vec<u8>, text: &str) {
    body.extend(text.bytes().filter(|byte| *byte != 0));
    body.push(0);
}

fn format_code(format: Option<&Format>) -> i16 {
    match format {
        Some(Format::Binary) => 1,
        Some(Format::Text) | None => 0,
    }
}

//! A double of BigQuery's Storage Read API: gRPC, a table of rows `(n, 'row n')` for n from 1 on as Arrow, and chosen trouble on the way.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};

use arrow::array::{ArrayRef, Int64Array, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use arrow::ipc::writer::StreamWriter;
use arrow::record_batch::RecordBatch;
use shiguredo_http2::{Connection, ErrorCode, Event, HeaderField, Limits, StreamId};

/// Rows of a message.
const PART: u64 = 100;

/// What goes wrong with a stream after so many rows of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Trouble {
    /// The connection ends.
    Break,
    /// The call is reset.
    Reset,
    /// The call ends with that status.
    Status(u32),
    /// A batch whose last bytes are missing, in a message that is whole.
    CutBatch,
    /// A message whose end does not come, and an end that says all is well.
    CutMessage,
    /// A good end, too early.
    Short,
    /// A row less than the message says.
    Miscounted,
    /// Nothing more comes.
    Hang,
}

/// A call, as the double saw it.
#[derive(Clone, Debug)]
pub struct Call {
    pub method: String,
    pub route: String,
    pub token: Option<String>,
    pub offset: u64,
}

#[derive(Default)]
struct Shared {
    total: u64,
    /// Statuses of the next sessions that are asked for; 0: it is made.
    sessions: VecDeque<u32>,
    troubles: VecDeque<(u64, Trouble)>,
    calls: Vec<Call>,
    /// Calls that the client left.
    left: usize,
}

pub struct Storage {
    pub port: u16,
    shared: Arc<Mutex<Shared>>,
}

impl Storage {
    /// Runs until the process ends.
    pub fn start(total: u64) -> Storage {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free loopback port");
        let port = listener.local_addr().expect("a bound address").port();
        let shared = Arc::new(Mutex::new(Shared { total, ..Shared::default() }));
        let own = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&own);
                std::thread::spawn(move || Serving::new(stream, shared).run());
            }
        });
        Storage { port, shared }
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().expect("no panic")
    }

    /// What becomes of the next streams: trouble after that row of the table.
    pub fn trouble(&self, troubles: &[(u64, Trouble)]) {
        let mut shared = self.lock();
        shared.troubles.extend(troubles);
        shared.calls.clear();
    }

    /// What becomes of the next sessions.
    pub fn sessions(&self, statuses: &[u32]) {
        let mut shared = self.lock();
        shared.sessions.extend(statuses);
        shared.calls.clear();
    }

    /// Trouble that did not happen yet.
    pub fn pending(&self) -> usize {
        let shared = self.lock();
        shared.troubles.len() + shared.sessions.len()
    }

    pub fn calls(&self) -> Vec<Call> {
        self.lock().calls.clone()
    }

    /// Offsets of the reads so far.
    pub fn offsets(&self) -> Vec<u64> {
        self.lock().calls.iter().filter(|call| call.method == "ReadRows").map(|call| call.offset).collect()
    }

    pub fn left(&self) -> usize {
        self.lock().left
    }
}

/// One connection.
struct Serving {
    io: TcpStream,
    http: Connection,
    shared: Arc<Mutex<Shared>>,
    call: Option<(StreamId, Call)>,
    body: Vec<u8>,
    /// Did the client reset the call?
    reset: bool,
}

impl Serving {
    fn new(io: TcpStream, shared: Arc<Mutex<Shared>>) -> Serving {
        let mut http = Connection::server(Limits::default());
        http.initiate().expect("settings");
        Serving { io, http, shared, call: None, body: Vec::new(), reset: false }
    }

    fn run(mut self) {
        loop {
            if self.flush().is_none() {
                return;
            }
            match self.read() {
                None => return,
                Some(false) => {}
                Some(true) => {
                    let Some((stream, call)) = self.call.take() else { continue };
                    if self.answer(stream, call).is_none() {
                        return;
                    }
                }
            }
        }
    }

    fn flush(&mut self) -> Option<()> {
        while let Some(output) = self.http.poll_output() {
            self.io.write_all(&output).ok()?;
        }
        Some(())
    }

    /// Is there a whole request?
    fn read(&mut self) -> Option<bool> {
        let mut bytes = [0; 65536];
        let length = self.io.read(&mut bytes).ok().filter(|length| *length > 0)?;
        self.http.feed(&bytes[..length]).expect("HTTP/2");
        self.http.process().expect("HTTP/2");
        let mut whole = false;
        while let Some(event) = self.http.poll_event() {
            match event {
                Event::HeadersReceived { stream_id, headers, .. } => {
                    let of = |name: &[u8]| {
                        let field = headers.iter().find(|field| field.name() == name)?;
                        Some(String::from_utf8_lossy(field.value()).into_owned())
                    };
                    assert_eq!(of(b"content-type").as_deref(), Some("application/grpc"));
                    assert_eq!(of(b"te").as_deref(), Some("trailers"));
                    let path = of(b":path").expect("a path");
                    let method = path.strip_prefix("/google.cloud.bigquery.storage.v1.BigQueryRead/");
                    let method = method.expect("the service").to_owned();
                    let (route, token) = (of(b"x-goog-request-params").expect("a route"), of(b"authorization"));
                    self.call = Some((stream_id, Call { method, route, token, offset: 0 }));
                    self.body.clear();
                }
                Event::DataReceived { data, end_stream, .. } => {
                    self.body.extend(data);
                    whole |= end_stream;
                }
                Event::StreamReset { .. } => self.reset = true,
                _ => {}
            }
        }
        Some(whole)
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().expect("no panic")
    }

    fn answer(&mut self, stream: StreamId, mut call: Call) -> Option<()> {
        let message = self.body.split_off(5);
        let creates = call.method == "CreateReadSession";
        if !creates {
            call.offset = field(&message, 2).1;
        }
        let offset = call.offset;
        self.lock().calls.push(call);
        if !creates {
            assert_eq!(field(&message, 1).0, b"the/stream");
            return self.rows(stream, offset);
        }
        let session = field(&message, 2).0;
        assert_eq!((field(&session, 3).1, field(&message, 3).1), (2, 1), "Arrow, one stream");
        let status = self.lock().sessions.pop_front().unwrap_or(0);
        self.head(stream)?;
        if status == 0 {
            let schema = put(5, &put(1, &schema()));
            self.send(stream, &[schema, put(10, &put(1, b"the/stream"))].concat())?;
        }
        self.end(stream, status)
    }

    fn rows(&mut self, stream: StreamId, offset: u64) -> Option<()> {
        self.head(stream)?;
        let total = self.lock().total;
        let mut next = offset + 1;
        while next <= total {
            let trouble = {
                let mut shared = self.lock();
                match shared.troubles.front() {
                    Some((after, _)) if *after < next + PART => shared.troubles.pop_front().map(|(_, trouble)| trouble),
                    _ => None,
                }
            };
            let end = (next + PART - 1).min(total);
            let batch = batch(next, end);
            let count = end - next + 1;
            match trouble {
                None => self.send(stream, &response(&batch, count))?,
                Some(Trouble::Break) => return None,
                Some(Trouble::Reset) => {
                    self.http.reset_stream(stream, ErrorCode::InternalError).expect("reset");
                    return self.flush();
                }
                Some(Trouble::Status(status)) => return self.end(stream, status),
                Some(Trouble::CutBatch) => self.send(stream, &response(&batch[..batch.len() - 100], count))?,
                Some(Trouble::CutMessage) => {
                    let message = framed(&response(&batch, count));
                    self.http.send_data(stream, message[..message.len() / 2].to_vec(), false).expect("sent");
                    return self.end(stream, 0);
                }
                Some(Trouble::Short) => return self.end(stream, 0),
                Some(Trouble::Miscounted) => self.send(stream, &response(&batch, count + 1))?,
                Some(Trouble::Hang) => {
                    self.flush()?;
                    while !self.reset && self.read().is_some() {}
                    self.lock().left += 1;
                    return None;
                }
            }
            next = end + 1;
        }
        self.end(stream, 0)
    }

    fn head(&mut self, stream: StreamId) -> Option<()> {
        let headers = [(":status", "200"), ("content-type", "application/grpc")];
        let headers = headers.map(|(name, value)| HeaderField::new(name, value).expect("a header"));
        self.http.send_response(stream, headers.to_vec(), false).expect("a head");
        self.flush()
    }

    fn send(&mut self, stream: StreamId, message: &[u8]) -> Option<()> {
        self.http.send_data(stream, framed(message), false).expect("sent");
        self.flush()?;
        while self.http.has_pending_send_data(stream) {
            self.read()?;
            self.flush()?;
        }
        Some(())
    }

    fn end(&mut self, stream: StreamId, status: u32) -> Option<()> {
        let said = format!("the double%27s status {status}");
        let trailers = [("grpc-status", status.to_string()), ("grpc-message", said)];
        let trailers = trailers.map(|(name, value)| HeaderField::new(name, value).expect("a header"));
        self.http.send_trailers(stream, trailers.to_vec()).expect("trailers");
        self.flush()
    }
}

fn framed(message: &[u8]) -> Vec<u8> {
    [&[0][..], &u32::try_from(message.len()).expect("small").to_be_bytes(), message].concat()
}

fn response(batch: &[u8], rows: u64) -> Vec<u8> {
    [put(4, &put(1, batch)), [vec![6 << 3], varint(rows)].concat()].concat()
}

fn table() -> Arc<Schema> {
    Arc::new(Schema::new(vec![Field::new("id", DataType::Int64, true), Field::new("v", DataType::Utf8, true)]))
}

/// The schema's message alone, without the mark of an end.
fn schema() -> Vec<u8> {
    let mut stream = Vec::new();
    StreamWriter::try_new(&mut stream, &table()).expect("a writer").finish().expect("written");
    stream.truncate(stream.len() - 8);
    stream
}

/// The message of a batch alone.
fn batch(first: u64, last: u64) -> Vec<u8> {
    let ids: ArrayRef = Arc::new(Int64Array::from_iter_values((first..=last).map(|n| n as i64)));
    let texts: ArrayRef = Arc::new(StringArray::from_iter_values((first..=last).map(|n| format!("row {n}"))));
    let batch = RecordBatch::try_new(table(), vec![ids, texts]).expect("a batch");
    let mut stream = Vec::new();
    let mut writer = StreamWriter::try_new(&mut stream, &table()).expect("a writer");
    writer.write(&batch).expect("written");
    writer.finish().expect("written");
    stream[schema().len()..stream.len() - 8].to_vec()
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    while value > 0x7f {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
    out
}

fn put(field: u8, value: &[u8]) -> Vec<u8> {
    [vec![field << 3 | 2], varint(value.len() as u64), value.to_vec()].concat()
}

/// The last field of that number: bytes or a number.
fn field(mut message: &[u8], wanted: u64) -> (Vec<u8>, u64) {
    fn take(message: &mut &[u8]) -> u64 {
        let (mut value, mut shift) = (0, 0);
        loop {
            let byte = message[0];
            *message = &message[1..];
            value |= u64::from(byte & 0x7f) << shift;
            shift += 7;
            if byte & 0x80 == 0 {
                return value;
            }
        }
    }
    let mut found = (Vec::new(), 0);
    while !message.is_empty() {
        let tag = take(&mut message);
        let number = take(&mut message);
        let mut bytes = Vec::new();
        if tag & 7 == 2 {
            bytes = message[..number as usize].to_vec();
            message = &message[number as usize..];
        }
        if tag >> 3 == wanted {
            found = (bytes, number);
        }
    }
    found
}

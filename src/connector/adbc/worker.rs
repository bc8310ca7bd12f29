//! The worker process: reads requests, runs each channel's on a thread of its own.

use std::collections::HashMap;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

use adbc_core::options::{OptionStatement, OptionValue};
use adbc_core::{CancelHandle, Connection, Optionable, Statement};
use adbc_driver_manager::{ManagedConnection, ManagedDatabase, ManagedStatement};
use arrow::array::{Array, AsArray, RecordBatchReader};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Schema, SchemaRef, UInt64Type};
use arrow::record_batch::RecordBatch;
use serde::Serialize;

use super::driver::{connect, failure, info, objects, open, stream_failure};
use super::protocol::{self, Failure, Frame, Kind, Launch, Reply, Request};

/// How often a driver is told again to stop: a cancel that meets no running call is lost.
const CANCEL_AGAIN: Duration = Duration::from_millis(50);
/// How long exit handlers of drivers may take.
const EXIT: Duration = Duration::from_secs(2);
/// Engines in a library parse and run on the caller's stack.
const STACK: usize = 16 << 20;

/// The life of a worker: serves its standard input until the server goes.
pub fn run() -> io::Result<()> {
    let input = io::stdin().as_fd().try_clone_to_owned()?;
    let stream = UnixStream::from(input);
    stream.peer_addr().map_err(|_| io::Error::other("adbc-worker is started by the server itself"))?;
    let served = serve(stream);
    // Threads in a driver do not hear that the server is gone, and a driver's exit handlers may wait for them.
    thread::spawn(|| {
        thread::park_timeout(EXIT);
        std::process::abort();
    });
    match served {
        Ok(()) => std::process::exit(0),
        Err(error) => {
            eprintln!("graticule adbc-worker: {error}");
            std::process::exit(1)
        }
    }
}

/// Answers the requests of a socket until it ends.
pub(super) fn serve(stream: UnixStream) -> io::Result<()> {
    let shared = Arc::new(Shared { out: Mutex::new(stream.try_clone()?), database: OnceLock::new() });
    let mut input = io::BufReader::new(stream);
    let mut channels: HashMap<u32, ChannelHandle> = HashMap::new();
    while let Some(frame) = Frame::read(&mut input)? {
        let (channel, number) = (frame.channel, frame.number);
        match frame.message()? {
            Request::Start(launch) => {
                let reply = match open(&launch) {
                    Ok(database) => match shared.database.set((database, launch)) {
                        Ok(()) => Reply::Done,
                        Err(_) => Reply::Failed(own("the database is open already")),
                    },
                    Err(failure) => Reply::Failed(failure),
                };
                shared.reply(channel, number, &reply, &[])?;
            }
            Request::Ping => shared.reply(channel, number, &Reply::Done, &[])?,
            Request::Cancel => {
                if let Some(handle) = channels.get(&channel) {
                    let state = Arc::clone(&handle.state);
                    state.cancel(number);
                    thread::spawn(move || state.insist(number));
                }
            }
            Request::Leave => {
                // The thread ends with the request that it is at; the connection ends with the thread.
                channels.remove(&channel);
            }
            request => {
                let handle = channels.entry(channel).or_insert_with(|| ChannelHandle::start(channel, &shared));
                if handle.requests.send((number, request, frame.payload)).is_err() {
                    shared.reply(channel, number, &Reply::Failed(own("the channel has ended")), &[])?;
                }
            }
        }
    }
    Ok(())
}

/// What all channels use.
struct Shared {
    out: Mutex<UnixStream>,
    database: OnceLock<(ManagedDatabase, Launch)>,
}

impl Shared {
    fn reply(&self, channel: u32, number: u32, reply: &impl Serialize, payload: &[u8]) -> io::Result<()> {
        let frame = protocol::frame(channel, number, reply, payload)?;
        lock(&self.out).write_all(&frame)
    }
}

struct ChannelHandle {
    requests: Sender<(u32, Request, Vec<u8>)>,
    state: Arc<Cancellation>,
}

impl ChannelHandle {
    fn start(channel_number: u32, shared: &Arc<Shared>) -> ChannelHandle {
        let (requests, receiver) = channel();
        let state = Arc::new(Cancellation::default());
        let (own_state, shared) = (Arc::clone(&state), Arc::clone(shared));
        // Without its thread the channel answers that it has ended.
        let _ = thread::Builder::new().stack_size(STACK).spawn(move || {
            let channel =
                Channel { number: channel_number, shared, state: own_state, connection: None, statement: None };
            channel.run(&receiver);
        });
        ChannelHandle { requests, state }
    }
}

/// What a channel is at, and up to which request it was told to stop.
#[derive(Default)]
struct Cancellation {
    at: Mutex<At>,
    changed: Condvar,
}

#[derive(Default)]
struct At {
    /// The request whose call into the driver runs.
    running: Option<u32>,
    cancelled: u32,
    handle: Option<Arc<dyn CancelHandle>>,
}

impl Cancellation {
    fn cancel(&self, number: u32) {
        let mut at = lock(&self.at);
        at.cancelled = at.cancelled.max(number);
    }

    /// Tells the driver until the call has ended.
    fn insist(&self, number: u32) {
        let mut at = lock(&self.at);
        while at.running.is_some_and(|running| running <= number) {
            if let Some(handle) = at.handle.clone() {
                drop(at);
                // A driver that cannot be stopped is left to end by itself; the server does not wait for it.
                if handle.try_cancel().is_err_and(|error| error.status == adbc_core::error::Status::NotImplemented) {
                    return;
                }
                at = lock(&self.at);
            }
            at = self.changed.wait_timeout(at, CANCEL_AGAIN).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn is_cancelled(&self, number: u32) -> bool {
        lock(&self.at).cancelled >= number
    }

    fn begin(&self, number: u32) {
        lock(&self.at).running = Some(number);
    }

    fn end(&self) {
        lock(&self.at).running = None;
        self.changed.notify_all();
    }

    /// Tells the driver once.
    fn cancel_now(&self) {
        let handle = lock(&self.at).handle.clone();
        if let Some(handle) = handle {
            // What does not stop is read.
            let _ = handle.try_cancel();
        }
    }

    fn stops_by(&self, handle: Option<Arc<dyn CancelHandle>>) {
        lock(&self.at).handle = handle;
    }
}

/// One connection and its statement.
struct Channel {
    number: u32,
    shared: Arc<Shared>,
    state: Arc<Cancellation>,
    connection: Option<ManagedConnection>,
    statement: Option<Running>,
}

struct Running {
    reader: Box<dyn RecordBatchReader + Send>,
    schema: SchemaRef,
    /// Rows read from the driver that were not asked for yet.
    rest: Option<RecordBatch>,
    /// The driver has said that nothing is left; it must not be asked again.
    ended: bool,
    /// How many it gave.
    given: u64,
    /// Released after its reader.
    _statement: ManagedStatement,
}

type Answer = Result<(Reply, Vec<u8>), Failure>;

impl Channel {
    fn run(mut self, requests: &Receiver<(u32, Request, Vec<u8>)>) {
        while let Ok((number, request, payload)) = requests.recv() {
            self.state.begin(number);
            let answer = catch_unwind(AssertUnwindSafe(|| self.answer(number, request, &payload)))
                .unwrap_or_else(|_| Err(own("the driver's manager failed")));
            self.state.end();
            let (reply, payload) = match answer {
                Ok(answer) => answer,
                Err(failure) if self.state.is_cancelled(number) => {
                    (Reply::Failed(Failure { kind: Kind::Cancelled, ..failure }), Vec::new())
                }
                Err(failure) => (Reply::Failed(failure), Vec::new()),
            };
            let sent = self.shared.reply(self.number, number, &reply, &payload).or_else(|error| {
                // Too long for a frame.
                let failure = Failure { sqlstate: Some("54000".to_owned()), ..own(&error.to_string()) };
                self.shared.reply(self.number, number, &Reply::Failed(failure), &[])
            });
            if sent.is_err() {
                return;
            }
        }
    }

    fn answer(&mut self, number: u32, request: Request, payload: &[u8]) -> Answer {
        if self.state.is_cancelled(number) && !matches!(request, Request::Finish) {
            return Err(Failure { kind: Kind::Cancelled, ..own("cancelled") });
        }
        match request {
            Request::Open => {
                let (database, launch) = self.shared.database.get().ok_or_else(|| own("no database is open"))?;
                self.connection = Some(connect(database, &launch.settings)?);
                Ok((Reply::Done, Vec::new()))
            }
            Request::Execute { sql, options } => self.execute(number, &sql, options, payload),
            Request::Fetch { rows, bytes } => self.fetch(number, rows, bytes),
            Request::Finish => {
                if self.shared.database.get().is_some_and(|(_, launch)| launch.drain) {
                    self.drain();
                }
                self.state.stops_by(None);
                self.statement = None;
                Ok((Reply::Done, Vec::new()))
            }
            Request::Info => Ok((Reply::Info(info(self.connection()?)), Vec::new())),
            Request::Objects { depth, catalog, schema, table } => {
                let (catalog, schema, table) = (catalog.as_deref(), schema.as_deref(), table.as_deref());
                let (columns, batches) = objects(self.connection()?, depth, catalog, schema, table)?;
                Ok((Reply::Executed, encode(&columns, &batches)?))
            }
            Request::TableSchema { catalog, schema, table } => {
                let connection = self.connection()?;
                let columns = connection.get_table_schema(catalog.as_deref(), schema.as_deref(), &table);
                Ok((Reply::Executed, encode(&columns.map_err(failure)?, &[])?))
            }
            Request::Cancel | Request::Leave | Request::Ping | Request::Start(_) => Err(own("not on a channel")),
        }
    }

    fn drain(&mut self) {
        let Some(running) = self.statement.as_mut().filter(|running| !running.ended) else { return };
        self.state.cancel_now();
        // The cancel's own error, or the last rows.
        while running.reader.next().is_some_and(|batch| batch.is_ok()) {}
    }

    fn connection(&mut self) -> Result<&mut ManagedConnection, Failure> {
        self.connection.as_mut().ok_or_else(|| own("no connection is open"))
    }

    fn execute(&mut self, number: u32, sql: &str, options: Vec<(String, String)>, payload: &[u8]) -> Answer {
        self.statement = None;
        let mut statement = self.connection()?.new_statement().map_err(failure)?;
        self.state.stops_by(Some(Arc::from(statement.get_cancel_handle())));
        for (name, value) in options {
            statement.set_option(OptionStatement::Other(name), OptionValue::String(value)).map_err(failure)?;
        }
        statement.set_sql_query(sql).map_err(failure)?;
        if !payload.is_empty() {
            let (_, batches) = protocol::decode(payload).map_err(|error| own(&error.to_string()))?;
            statement.prepare().map_err(failure)?;
            for batch in batches {
                statement.bind(batch).map_err(failure)?;
            }
        }
        if self.state.is_cancelled(number) {
            return Err(own("cancelled"));
        }
        let reader = statement.execute().map_err(failure)?;
        let schema = reader.schema();
        let payload = protocol::encode(&schema, &[]).map_err(|error| own(&error.to_string()))?;
        self.statement = Some(Running { reader, schema, rest: None, ended: false, given: 0, _statement: statement });
        Ok((Reply::Executed, payload))
    }

    fn fetch(&mut self, number: u32, rows: usize, bytes: usize) -> Answer {
        let running = self.statement.as_mut().ok_or_else(|| own("no statement runs"))?;
        let (mut batches, mut left, mut room) = (Vec::new(), rows.max(1), bytes.max(1));
        while left > 0 && room > 0 {
            if self.state.is_cancelled(number) {
                return Err(own("cancelled"));
            }
            let batch = match running.rest.take() {
                Some(batch) => batch,
                None if running.ended => break,
                None => match running.reader.next() {
                    None => {
                        running.ended = true;
                        break;
                    }
                    Some(batch) => batch.map_err(|error| stream_failure(&error))?,
                },
            };
            if batch.num_rows() == 0 {
                continue;
            }
            let size = size(&batch);
            // At least one row: a row that is larger than the room must come too.
            let fit = (room * batch.num_rows() / size.max(1)).clamp(1, left).min(batch.num_rows());
            if fit < batch.num_rows() {
                running.rest = Some(batch.slice(fit, batch.num_rows() - fit));
            }
            left -= fit;
            room = room.saturating_sub(size * fit / batch.num_rows());
            running.given += fit as u64;
            batches.push(batch.slice(0, fit));
        }
        if batches.is_empty() {
            let given = running.given;
            self.state.stops_by(None);
            self.statement = None;
            self.check_count(given)?;
            return Ok((Reply::End, Vec::new()));
        }
        let payload = encode(&running.schema, &batches)?;
        Ok((Reply::Rows, payload))
    }

    /// Asks how many rows there were, where the driver is not trusted to have given all.
    fn check_count(&mut self, given: u64) -> Result<(), Failure> {
        let launch = self.shared.database.get().map(|(_, launch)| launch);
        let Some(sql) = launch.and_then(|launch| launch.count.clone()) else { return Ok(()) };
        let mut statement = self.connection()?.new_statement().map_err(failure)?;
        self.state.stops_by(Some(Arc::from(statement.get_cancel_handle())));
        statement.set_sql_query(sql).map_err(failure)?;
        let mut total = None;
        for batch in statement.execute().map_err(failure)? {
            let batch = batch.map_err(|error| stream_failure(&error))?;
            let number = batch.columns().first().and_then(|column| cast(column, &DataType::UInt64).ok());
            let number = number.filter(|number| number.len() == 1 && number.is_valid(0));
            total = number.map(|number| number.as_primitive::<UInt64Type>().value(0));
        }
        self.state.stops_by(None);
        if total == Some(given) {
            return Ok(());
        }
        let total = total.map_or_else(|| "an unknown number".to_owned(), |total| total.to_string());
        let message = format!("the driver gave {given} rows of {total}");
        Err(Failure { kind: Kind::Connection, message, ..Failure::default() })
    }
}

fn encode(schema: &Schema, batches: &[RecordBatch]) -> Result<Vec<u8>, Failure> {
    protocol::encode(schema, batches).map_err(|error| own(&error.to_string()))
}

/// The bytes of a batch's rows, without what the rows before and after them hold.
fn size(batch: &RecordBatch) -> usize {
    batch.columns().iter().map(|column| column.to_data().get_slice_memory_size().unwrap_or(0)).sum()
}

/// A failure of the worker itself.
fn own(message: &str) -> Failure {
    Failure { message: message.to_owned(), ..Failure::default() }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

//! One connection: every exchange ends in a Sync, and what was sent and not yet answered is always known.

use std::sync::{Arc, Mutex, PoisonError};

use postgres_protocol::message::frontend;
use tokio::time::{Instant, timeout, timeout_at};

use super::auth::{dial, refused, start};
use super::cancel::{AGAIN, Canceller, GRACE, PATIENCE, Watch};
use super::decode::Sink;
use super::encode::Param;
use super::fault::{Fault, ServerError, canceled, lost, lost_io, unreachable};
use super::options::{Credentials, PostgresServer};
use super::pool::OpenCount;
use super::prepared::{Cache, Prepared};
use super::remote_types::{RemoteTypes, SPATIAL_TYPES};
use super::settings::{PINNED, SET_FORMATS, SessionSettings};
use super::wire::{Fields, Frame, Wire, malformed};
use crate::error::{Error, Result};
use crate::kernels::Formats;

/// Portals whose cursors are gone; closed with the next exchange.
pub(super) type DeadPortals = Arc<Mutex<Vec<String>>>;

/// A connection to a PostgreSQL server.
///
/// Dropping a future of it in mid-exchange is safe: the next exchange first reads what is left of the earlier one.
pub struct Connection {
    wire: Wire,
    canceller: Canceller,
    /// Of the last ReadyForQuery: `I` idle, `T` in a transaction, `E` in a failed one.
    status: u8,
    /// Syncs whose ReadyForQuery has not been read.
    unanswered: u32,
    broken: bool,
    /// Not to be used again once its lease ends.
    spent: bool,
    statements: Cache,
    named: u64,
    dead_portals: DeadPortals,
    /// What the server has; `None` when a rollback may have changed it.
    settings: Option<SessionSettings>,
    /// They were set in the transaction that is open: a rollback takes them back.
    tentative: bool,
    wanted: SessionSettings,
    types: Arc<RemoteTypes>,
    version: String,
    _count: OpenCount,
}

/// How far the answers to one Bind/Execute have been read.
#[derive(Default)]
pub(super) struct Progress {
    pub bound: bool,
    /// The CommandComplete tag.
    pub tag: Option<String>,
    pub suspended: bool,
    pub error: Option<Box<ServerError>>,
}

impl Progress {
    /// A plan that no longer fits is refused at Bind, before anything ran: it may be prepared anew.
    pub fn is_stale(&self) -> bool {
        !self.bound && self.error.as_ref().is_some_and(|error| error.is_stale_plan())
    }

    /// Rows changed, by the command tag.
    pub fn affected(&self) -> Option<u64> {
        let mut words = self.tag.as_deref()?.split(' ');
        match words.next()? {
            "INSERT" | "UPDATE" | "DELETE" | "MERGE" => words.next_back()?.parse().ok(),
            _ => None,
        }
    }
}

/// Why [`Connection::pump`] came back.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Pumped {
    /// The sink is full; more is on the way.
    Full,
    /// All answers have been read.
    Ready,
}

/// A limit on the rows that one pump gathers.
#[derive(Clone, Copy)]
pub(super) struct Limit {
    pub rows: usize,
    pub bytes: usize,
}

impl Limit {
    pub const NONE: Limit = Limit { rows: usize::MAX, bytes: usize::MAX };
}

impl Connection {
    /// Connects and logs in, within the server's `connect_timeout`.
    pub(super) async fn connect(
        server: Arc<PostgresServer>,
        credentials: &Credentials,
        count: OpenCount,
    ) -> Result<Connection> {
        let (limit, name) = (server.connect_timeout, server.name.clone());
        match timeout(limit, Connection::login(server, credentials, count)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(unreachable(&name, "The server did not answer within connect_timeout.")),
        }
    }

    async fn login(server: Arc<PostgresServer>, credentials: &Credentials, count: OpenCount) -> Result<Connection> {
        let mut wire = Wire::new(dial(&server).await?);
        start(&mut wire, &server, credentials, PINNED).await?;
        let mut connection = Connection {
            wire,
            status: b'I',
            unanswered: 1,
            broken: false,
            spent: false,
            statements: Cache::new(server.statement_cache_size),
            canceller: Canceller { server, process: 0, secret: 0 },
            named: 0,
            dead_portals: DeadPortals::default(),
            settings: Some(SessionSettings::default()),
            tentative: false,
            wanted: SessionSettings::default(),
            types: Arc::default(),
            version: String::new(),
            _count: count,
        };
        connection.greeting().await?;
        let rows = connection.query(SPATIAL_TYPES, &[]).await?;
        connection.types = Arc::new(RemoteTypes::new(&rows));
        Ok(connection)
    }

    /// Reads what follows AuthenticationOk.
    async fn greeting(&mut self) -> Result<()> {
        loop {
            let Some(frame) = self.wire.take().map_err(|error| unreachable(self.server(), error))? else {
                self.wire.fill().await.map_err(|error| unreachable(self.server(), error))?;
                continue;
            };
            match frame.tag {
                b'K' => {
                    let mut fields = Fields(&frame.body);
                    self.canceller.process = fields.i32()?;
                    self.canceller.secret = fields.i32()?;
                }
                b'E' => return Err(refused(&self.canceller.server, &frame)?),
                b'Z' => {
                    self.unanswered = 0;
                    return Ok(());
                }
                _ => self.note(&frame)?,
            }
        }
    }

    /// The name of the server, for messages.
    pub fn server(&self) -> &str {
        &self.canceller.server.name
    }

    /// The server's `server_version`.
    pub fn version(&self) -> &str {
        &self.version
    }

    pub(super) fn types(&self) -> &Arc<RemoteTypes> {
        &self.types
    }

    pub(super) fn canceller(&self) -> Canceller {
        self.canceller.clone()
    }

    pub(super) fn dead_portals(&self) -> DeadPortals {
        Arc::clone(&self.dead_portals)
    }

    /// True when the connection can serve another statement as it is: idle, all answers read, not lost.
    pub fn is_clean(&self) -> bool {
        self.is_usable() && !self.spent && self.unanswered == 0 && self.status == b'I'
    }

    /// True when it may serve one after cleaning up.
    pub(super) fn is_usable(&self) -> bool {
        !self.broken && !self.wire.is_torn()
    }

    pub(super) fn is_answered(&self) -> bool {
        self.unanswered == 0
    }

    /// True when the server has closed it or sent something unasked.
    pub(super) fn is_stale(&mut self) -> bool {
        !self.wire.is_quiet()
    }

    /// Closes the connection when its lease ends.
    pub(super) fn discard_when_free(&mut self) {
        self.spent = true;
    }

    /// Sets the formats of the session that uses the connection next; sent before its next statement, if they differ.
    pub fn ensure_settings(&mut self, formats: &Formats) {
        let wanted = SessionSettings::from(formats);
        if self.wanted != wanted {
            self.wanted = wanted;
        }
    }

    pub(super) fn forget_settings(&mut self) {
        self.wanted = SessionSettings::default();
    }

    async fn apply_settings(&mut self, watch: &mut Watch) -> Result<(), Fault> {
        if self.settings.as_ref() == Some(&self.wanted) {
            return Ok(());
        }
        let wanted = self.wanted.clone();
        self.settings = None;
        let values = wanted.0.each_ref().map(|value| Some(value.as_str()));
        self.run(SET_FORMATS, &values, watch).await?;
        self.settings = Some(wanted);
        self.tentative = self.status != b'I';
        Ok(())
    }

    /// Prepares a statement, or finds it prepared.
    pub(super) async fn prepare(
        &mut self,
        text: &str,
        params: &[u32],
        watch: &mut Watch,
    ) -> Result<Arc<Prepared>, Fault> {
        self.begin(watch).await?;
        self.apply_settings(watch).await?;
        if let Some(prepared) = self.statements.get(text, params) {
            return Ok(prepared);
        }
        self.named += 1;
        let name = ["s", &self.named.to_string()].concat();
        self.encode(|out| frontend::parse(&name, text, params.iter().copied(), out))?;
        self.encode(|out| frontend::describe(b'S', &name, out))?;
        self.send(watch).await?;
        let (mut error, mut columns) = (None, Vec::new());
        while self.unanswered > 0 {
            let frame = self.frame(watch).await?;
            match frame.tag {
                b'E' => error = Some(Box::new(ServerError::parse(&frame.body)?)),
                b'T' => columns = Prepared::columns(&frame.body)?,
                _ => {}
            }
        }
        if let Some(error) = error {
            return Err(Fault::Server(error));
        }
        let prepared = Arc::new(Prepared { name, params: params.to_vec(), columns });
        for evicted in self.statements.insert(text.into(), Arc::clone(&prepared)) {
            self.encode(|out| frontend::close(b'S', &evicted.name, out))?;
        }
        Ok(prepared)
    }

    /// Forgets a statement that no longer fits.
    pub(super) fn unprepare(&mut self, text: &str) {
        if let Some(old) = self.statements.remove(text) {
            // The name holds no zero byte, so this cannot fail.
            let _ = self.encode(|out| frontend::close(b'S', &old.name, out));
        }
    }

    /// Adds a Bind to the batch.
    pub(super) fn bind(&mut self, portal: &str, statement: &str, params: &[Param], formats: &[i16]) -> Result<()> {
        let written = frontend::bind(
            portal,
            statement,
            params.iter().map(|param| param.format),
            params,
            |param, out| match &param.value {
                Some(value) => {
                    out.extend_from_slice(value);
                    Ok(postgres_protocol::IsNull::No)
                }
                None => Ok(postgres_protocol::IsNull::Yes),
            },
            formats.iter().copied(),
            &mut self.wire.write,
        );
        written.map_err(|error| {
            // The batch holds half a message now.
            self.wire.write.clear();
            Error::new(crate::error::SqlState::PROGRAM_LIMIT_EXCEEDED, "a statement's parameters are too large").detail(
                match error {
                    frontend::BindError::Conversion(error) => error.to_string(),
                    frontend::BindError::Serialization(error) => error.to_string(),
                },
            )
        })
    }

    /// Adds an Execute to the batch; 0 is all rows.
    pub(super) fn execute(&mut self, portal: &str, max_rows: i32) -> Result<()> {
        self.encode(|out| frontend::execute(portal, max_rows, out))
    }

    fn encode(&mut self, message: impl FnOnce(&mut bytes::BytesMut) -> std::io::Result<()>) -> Result<()> {
        let start = self.wire.write.len();
        message(&mut self.wire.write).map_err(|error| {
            self.wire.write.truncate(start);
            Error::new(crate::error::SqlState::INVALID_PARAMETER_VALUE, "a statement cannot be sent")
                .detail(error.to_string())
        })
    }

    /// Sends the batch with a Sync.
    pub(super) async fn send(&mut self, watch: &mut Watch) -> Result<(), Fault> {
        frontend::sync(&mut self.wire.write);
        self.unanswered += 1;
        self.flush(watch).await
    }

    async fn flush(&mut self, watch: &mut Watch) -> Result<(), Fault> {
        let token = watch.token();
        let written = tokio::select! {
            biased;
            written = self.wire.flush() => written,
            () = token.cancelled() => {
                // Half a batch may have gone: the connection is no longer of use.
                self.broken = true;
                return Err(canceled().into());
            }
        };
        if let Err(error) = written {
            self.broken = true;
            return Err(lost_io(self.server(), &error).into());
        }
        Ok(())
    }

    /// Makes ready for the next batch: answers of an exchange that nobody waited for are read first.
    pub(super) async fn begin(&mut self, watch: &mut Watch) -> Result<(), Fault> {
        if !self.is_usable() {
            self.broken = true;
            return Err(lost(self.server(), "An earlier statement found it broken.").into());
        }
        self.drain(watch).await?;
        let dead = std::mem::take(&mut *self.dead_portals.lock().unwrap_or_else(PoisonError::into_inner));
        for portal in dead {
            self.encode(|out| frontend::close(b'P', &portal, out))?;
        }
        Ok(())
    }

    /// Reads all that is still to come, and forgets it.
    pub(super) async fn drain(&mut self, watch: &mut Watch) -> Result<(), Fault> {
        while self.unanswered > 0 {
            self.frame(watch).await?;
        }
        Ok(())
    }

    /// The next message that is an answer. A source's error is an answer, unless it ends the connection.
    async fn frame(&mut self, watch: &mut Watch) -> Result<Frame, Fault> {
        loop {
            let taken = self.wire.take();
            let Some(frame) = self.sound(taken)? else {
                self.fill(watch).await?;
                continue;
            };
            match frame.tag {
                b'A' | b'N' | b'S' => self.note(&frame)?,
                b'E' => {
                    let error = ServerError::parse(&frame.body)?;
                    if error.fatal {
                        self.broken = true;
                        return Err(lost(self.server(), error.message).into());
                    }
                    return Ok(frame);
                }
                b'G' | b'H' | b'W' => {
                    self.broken = true;
                    return Err(Error::unsupported("COPY through a prepared statement of a server").into());
                }
                b'Z' => {
                    self.status = Fields(&frame.body).u8()?;
                    self.unanswered = self.unanswered.saturating_sub(1);
                    return Ok(frame);
                }
                _ => return Ok(frame),
            }
        }
    }

    fn sound<T>(&mut self, read: std::io::Result<T>) -> Result<T> {
        read.map_err(|error| {
            self.broken = true;
            malformed().detail(error.to_string())
        })
    }

    async fn fill(&mut self, watch: &mut Watch) -> Result<(), Fault> {
        let read = match watch.deadline {
            Some(deadline) => match timeout_at(deadline.min(watch.again), self.wire.fill()).await {
                Ok(read) => read,
                Err(_) if Instant::now() < deadline => {
                    // The request may have come before the server had taken up the statement: then it did nothing.
                    self.ask_to_stop(watch).await;
                    return Ok(());
                }
                Err(_) => {
                    self.broken = true;
                    return Err(canceled().into());
                }
            },
            None => {
                let token = watch.token();
                tokio::select! {
                    biased;
                    () = token.cancelled() => {
                        self.interrupt(watch).await;
                        return Ok(());
                    }
                    read = self.wire.fill() => read,
                }
            }
        };
        if let Err(error) = read {
            self.broken = true;
            return Err(lost_io(self.server(), &error).into());
        }
        Ok(())
    }

    /// Asks the server to stop what runs; its answer is waited for so long.
    pub(super) async fn interrupt(&mut self, watch: &mut Watch) {
        if watch.deadline.is_none() {
            watch.deadline = Some(Instant::now() + GRACE);
            self.ask_to_stop(watch).await;
        }
    }

    /// Only while an answer is due: nothing else can be hit.
    async fn ask_to_stop(&mut self, watch: &mut Watch) {
        if self.unanswered > 0 {
            self.canceller.cancel().await;
        }
        watch.again = Instant::now() + AGAIN;
    }

    /// ROLLBACK of a transaction whose statement may still run; a server that does not answer soon is given up.
    pub(super) async fn roll_back(&mut self) -> Result<String, Fault> {
        let mut watch = Watch::never();
        if self.is_usable() && self.unanswered > 0 {
            self.interrupt(&mut watch).await;
            watch.deadline = Some(Instant::now() + PATIENCE);
        } else {
            watch.deadline = Some(Instant::now() + GRACE);
        }
        self.command("ROLLBACK", &mut watch).await
    }

    /// Messages that may come at any time.
    fn note(&mut self, frame: &Frame) -> Result<()> {
        match frame.tag {
            b'S' => {
                let mut fields = Fields(&frame.body);
                let (name, value) = (fields.text()?, fields.text()?);
                match name.as_str() {
                    "server_version" => self.version = value,
                    // A function of the server has changed what was pinned: no other statement may find it so.
                    "standard_conforming_strings" => self.spent |= value != "on",
                    "client_encoding" if value != "UTF8" => {
                        self.broken = true;
                        return Err(Error::unsupported("a function of a server that changes client_encoding"));
                    }
                    _ => {}
                }
            }
            b'N' => {
                let notice = ServerError::parse(&frame.body)?;
                tracing::debug!(server = self.server(), state = %notice.state, notice.message, "notice of a source");
            }
            _ => {}
        }
        Ok(())
    }

    /// Reads answers into the sink until it is full or all have come. A source's error lands in `progress`.
    pub(super) async fn pump(
        &mut self,
        progress: &mut Progress,
        sink: &mut Sink,
        limit: Limit,
        watch: &mut Watch,
    ) -> Result<Pumped, Fault> {
        while self.unanswered > 0 {
            let room = (limit.rows - sink.count().min(limit.rows), limit.bytes - sink.bytes().min(limit.bytes));
            let rows = self.wire.rows(room.0, room.1);
            let (count, length) = self.sound(rows)?;
            if count > 0 {
                let pushed = sink.push(self.wire.front(length), count);
                self.wire.skip(length);
                pushed?;
                continue;
            }
            if room.0 == 0 || room.1 == 0 {
                return Ok(Pumped::Full);
            }
            let next = self.wire.peek();
            let Some((tag, _)) = self.sound(next)? else {
                self.fill(watch).await?;
                continue;
            };
            if matches!(tag, b'A' | b'N' | b'S') {
                let taken = self.wire.take();
                if let Some(frame) = self.sound(taken)? {
                    self.note(&frame)?;
                }
                continue;
            }
            let frame = self.frame(watch).await?;
            match frame.tag {
                b'2' => progress.bound = true,
                b'C' => progress.tag = Some(Fields(&frame.body).text()?),
                b'I' => progress.tag = Some(String::new()),
                b's' => progress.suspended = true,
                b'E' => progress.error = Some(Box::new(ServerError::parse(&frame.body)?)),
                _ => {}
            }
        }
        Ok(Pumped::Ready)
    }

    /// Runs a statement without parameters or rows (transaction control); answers its last command tag.
    pub(super) async fn command(&mut self, text: &str, watch: &mut Watch) -> Result<String, Fault> {
        self.begin(watch).await?;
        self.encode(|out| frontend::query(text, out))?;
        // A simple query brings its own ReadyForQuery.
        self.unanswered += 1;
        self.flush(watch).await?;
        let (mut error, mut tag) = (None, String::new());
        while self.unanswered > 0 {
            let frame = self.frame(watch).await?;
            match frame.tag {
                b'E' => error = Some(Box::new(ServerError::parse(&frame.body)?)),
                b'C' => tag = Fields(&frame.body).text()?,
                _ => {}
            }
        }
        if self.tentative && (error.is_some() || tag == "ROLLBACK") {
            self.settings = None;
        }
        if self.status == b'I' {
            self.tentative = false;
            self.dead_portals.lock().unwrap_or_else(PoisonError::into_inner).clear();
        }
        error.map_or(Ok(tag), |error| Err(Fault::Server(error)))
    }

    /// Runs one of the connector's own statements; rows as text.
    pub(super) async fn query(
        &mut self,
        text: &'static str,
        params: &[Option<&str>],
    ) -> Result<Vec<Vec<Option<String>>>> {
        let mut watch = Watch::never();
        let rows = self.run(text, params, &mut watch).await;
        rows.map_err(|fault| fault.into_own_error(self.server()))
    }

    async fn run(
        &mut self,
        text: &str,
        params: &[Option<&str>],
        watch: &mut Watch,
    ) -> Result<Vec<Vec<Option<String>>>, Fault> {
        self.begin(watch).await?;
        self.encode(|out| frontend::parse("", text, [], out))?;
        let params: Vec<_> =
            params.iter().map(|param| Param { format: 0, value: param.map(|text| text.as_bytes().to_vec()) }).collect();
        self.bind("", "", &params, &[])?;
        self.execute("", 0)?;
        self.send(watch).await?;
        let (mut error, mut rows) = (None, Vec::new());
        while self.unanswered > 0 {
            let frame = self.frame(watch).await?;
            match frame.tag {
                b'E' => error = Some(Box::new(ServerError::parse(&frame.body)?)),
                b'D' => rows.push(text_row(&frame.body)?),
                _ => {}
            }
        }
        error.map_or(Ok(rows), |error| Err(Fault::Server(error)))
    }

    /// Brings a connection that was left in mid-work back to idle; false when that failed. What still runs is cancelled.
    pub(super) async fn clean_up(&mut self) -> bool {
        let work = async {
            let mut watch = Watch::never();
            if self.unanswered > 0 && self.is_usable() {
                self.interrupt(&mut watch).await;
            }
            self.begin(&mut watch).await?;
            if self.status != b'I' {
                self.command("ROLLBACK", &mut watch).await?;
            }
            Ok::<_, Fault>(())
        };
        let done = timeout(GRACE, work).await;
        matches!(done, Ok(Ok(()))) && self.is_clean()
    }

    /// Says goodbye, without waiting long.
    pub(super) async fn close(mut self) {
        frontend::terminate(&mut self.wire.write);
        let _ = timeout(std::time::Duration::from_secs(1), self.wire.flush()).await;
    }
}

fn text_row(body: &[u8]) -> Result<Vec<Option<String>>> {
    let mut fields = Fields(body);
    let count = fields.i16()?;
    (0..count).map(|_| Ok(fields.value()?.map(|value| String::from_utf8_lossy(value).into_owned()))).collect()
}

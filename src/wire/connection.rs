//! The loop of one connection: reads messages, answers them, keeps PostgreSQL's order of messages.

use std::future::Future;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use tokio::time::Instant;

use super::Server;
use super::cancel::{self, Cancel, Reason, Slot};
use super::encode::RowEncoder;
use super::read::{Message, ReadError, Reader};
use super::write::{FLUSH_AT, TransactionStatus, Writer};
use crate::connector::{Format, Rows};
use crate::error::{Error, Result, SqlState};
use crate::session::portal::fields;
use crate::session::{Block, Opened, Running, Session};
use crate::sql::{self, Statement};

/// Rows asked for at a time when the client wants all.
const FETCH: usize = 65_536;

/// How long a source may take to stop after its statement was cancelled.
const CANCEL_GRACE: Duration = Duration::from_secs(5);

/// What follows a message's answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum After {
    /// Nothing; after an error everything up to Sync is passed over.
    Extended,
    /// ReadyForQuery.
    Simple,
    /// ReadyForQuery, and errors are forgotten.
    Sync,
}

/// Why handling a message stopped.
#[derive(Debug)]
pub(super) enum Fail {
    /// The client is told, and the connection ends.
    Fatal(Error),
    Io(std::io::Error),
    /// The client is told.
    Sql(Error),
}

impl From<Error> for Fail {
    fn from(error: Error) -> Fail {
        Fail::Sql(error)
    }
}

impl From<std::io::Error> for Fail {
    fn from(error: std::io::Error) -> Fail {
        Fail::Io(error)
    }
}

pub(super) struct Connection {
    pub(super) server: Arc<Server>,
    pub(super) session: Session,
    pub(super) writer: Writer,
    pub(super) cancel: Cancel,
    slot: Slot,
    /// The query string that error positions refer to.
    pub(super) source: Option<Arc<str>>,
    pub(super) deadline: Option<Instant>,
    /// Sync is the next message: what is executed before it needs no transaction of several statements.
    pub(super) syncing: bool,
    /// After an error in the extended protocol everything up to Sync is passed over.
    skipping: bool,
    /// The version of the settings that the client was told.
    reported: Option<u64>,
}

impl Connection {
    pub(super) fn new(server: Arc<Server>, session: Session, writer: Writer, slot: Slot) -> Connection {
        Connection {
            server,
            session,
            writer,
            cancel: Cancel::default(),
            slot,
            source: None,
            deadline: None,
            syncing: false,
            skipping: false,
            reported: None,
        }
    }

    /// Serves until the client leaves.
    pub(super) async fn serve(mut self, mut reader: Reader, pid: i32, key: i32) {
        let talk = std::panic::AssertUnwindSafe(self.talk(&mut reader, pid, key));
        // A bug of ours ends this connection, with an answer.
        let result = talk.catch_unwind().await.unwrap_or_else(|_| Err(Fail::Fatal(Error::internal("a panic"))));
        if let Err(Fail::Fatal(error) | Fail::Sql(error)) = &result {
            self.writer.error("FATAL", error, None);
        }
        self.session.close().await;
        if !matches!(result, Err(Fail::Io(_))) {
            self.writer.shutdown().await;
        }
    }

    async fn talk(&mut self, reader: &mut Reader, pid: i32, key: i32) -> Result<(), Fail> {
        self.report();
        self.writer.backend_key_data(pid, key);
        self.ready().await?;
        loop {
            let message = match self.next(reader).await? {
                Ok(message) => message,
                Err(ReadError::Closed) => return Ok(()),
                Err(ReadError::Fatal(error)) => return Err(Fail::Fatal(error)),
                Err(ReadError::Message { error, extended }) => {
                    let after = if extended { After::Extended } else { After::Simple };
                    if !self.skipping {
                        self.answer(Err(Fail::Sql(error)), after).await?;
                    }
                    continue;
                }
            };
            let after = match &message {
                Message::Terminate => return Ok(()),
                Message::Query(_) | Message::FunctionCall => After::Simple,
                Message::Sync => After::Sync,
                _ => After::Extended,
            };
            if self.skipping && after != After::Sync {
                continue;
            }
            self.skipping = false;
            self.syncing = reader.next_is_sync();
            self.start();
            let result = {
                let cancel = self.cancel.clone();
                let work = self.handle(message);
                tokio::pin!(work);
                tokio::select! {
                    biased;
                    result = &mut work => result,
                    () = reader.closed() => {
                        cancel.fire(Reason::Disconnect);
                        work.await
                    }
                }
            };
            *self.slot.lock().unwrap_or_else(PoisonError::into_inner) = None;
            self.answer(result, after).await?;
        }
    }

    /// The next message, or the end of the session's patience.
    async fn next(&mut self, reader: &mut Reader) -> Result<Result<Message, ReadError>, Fail> {
        if reader.has_message() {
            return Ok(reader.message().await);
        }
        // Without a Flush PostgreSQL would let answers wait; a client that waits for them would wait for ever there.
        self.writer.flush_if_full().await?;
        let derived = &self.session.derived;
        let limit = match self.session.block() {
            Block::Begun | Block::Failed => derived.idle_in_transaction_timeout,
            Block::None | Block::Implicit => derived.idle_timeout,
        };
        let idle = self.session.block() == Block::None;
        let drain = self.server.drain.clone();
        tokio::select! {
            biased;
            message = reader.message() => Ok(message),
            () = drain.cancelled(), if idle => Err(Fail::Fatal(cancel::shutdown())),
            () = async { tokio::time::sleep(limit.unwrap_or_default()).await }, if limit.is_some() => {
                Err(Fail::Fatal(if idle {
                    Error::new(SqlState(*b"57P05"), "terminating connection due to idle-session timeout")
                } else {
                    let message = "terminating connection due to idle-in-transaction timeout";
                    Error::new(SqlState::IDLE_IN_TRANSACTION_TIMEOUT, message)
                }))
            }
            () = self.server.kill.cancelled() => Err(Fail::Fatal(cancel::shutdown())),
        }
    }

    /// A message begins: a fresh cancellation, the statement's time and deadline.
    fn start(&mut self) {
        self.cancel = Cancel::default();
        *self.slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(self.cancel.clone());
        self.session.start_statement();
        self.start_deadline();
    }

    fn start_deadline(&mut self) {
        self.deadline = self.session.derived.statement_timeout.map(|timeout| Instant::now() + timeout);
    }

    async fn handle(&mut self, message: Message) -> Result<(), Fail> {
        match message {
            Message::Query(text) => self.query(&text).await,
            Message::Parse { name, query, types } => self.parse(name, &query, &types).await,
            Message::Bind(bind) => self.bind(bind).await,
            Message::Describe { target, name } => self.describe(target, &name),
            Message::Execute { portal, max_rows } => self.execute(&portal, max_rows).await,
            Message::Close { target, name } => {
                self.close(target, &name).await;
                Ok(())
            }
            Message::Flush => Ok(self.writer.flush().await?),
            Message::Sync => Ok(self.session.finish().await?),
            Message::FunctionCall => Err(Error::unsupported("the function call protocol").into()),
            // PostgreSQL passes over what is left of a failed COPY.
            Message::CopyData | Message::CopyDone | Message::CopyFail | Message::Terminate => Ok(()),
            Message::Password(_) => {
                Err(Fail::Fatal(Error::new(SqlState::PROTOCOL_VIOLATION, "unexpected password message")))
            }
        }
    }

    /// After a message: the error if there is one, ReadyForQuery where it is due.
    async fn answer(&mut self, result: Result<(), Fail>, after: After) -> Result<(), Fail> {
        match result {
            Ok(()) => {}
            Err(Fail::Sql(error)) => {
                self.server.metrics.errors.inc();
                if self.cancel.error().is_some_and(|error| error.state() == SqlState::ADMIN_SHUTDOWN) {
                    return Err(Fail::Fatal(cancel::shutdown()));
                }
                self.session.fail().await;
                self.send_notices();
                let source = self.source.take();
                self.writer.error("ERROR", &error, source.as_deref());
                if error.state() == SqlState::INTERNAL_ERROR {
                    tracing::error!(message = error.message(), "internal error");
                }
                self.skipping = after == After::Extended;
            }
            Err(fail) => return Err(fail),
        }
        self.source = None;
        match after {
            After::Extended => Ok(()),
            After::Simple | After::Sync => self.ready().await,
        }
    }

    /// ReadyForQuery with what has changed, and everything goes out.
    pub(super) async fn ready(&mut self) -> Result<(), Fail> {
        self.send_notices();
        self.report();
        self.writer.ready_for_query(match self.session.block() {
            Block::None | Block::Implicit => TransactionStatus::Idle,
            Block::Begun => TransactionStatus::Block,
            Block::Failed => TransactionStatus::Failed,
        });
        Ok(self.writer.flush().await?)
    }

    /// ParameterStatus of what changed.
    fn report(&mut self) {
        let version = self.session.context.settings.version();
        if self.reported != Some(version) {
            self.reported = Some(version);
            for (name, value) in self.session.unreported() {
                self.writer.parameter_status(name, &value);
            }
        }
    }

    pub(super) fn send_notices(&mut self) {
        for notice in self.session.notices.drain(..) {
            self.writer.notice(&notice);
        }
    }

    /// A simple query.
    async fn query(&mut self, text: &str) -> Result<(), Fail> {
        self.session.close_portal("").await;
        self.session.prepared.remove("");
        self.source = Some(Arc::from(text));
        let statements = self.session.executor.parse(&self.session.context, text)?;
        if statements.is_empty() {
            self.writer.empty_query_response();
        }
        let last = statements.len().saturating_sub(1);
        for (at, statement) in statements.iter().enumerate() {
            if at > 0 {
                self.session.start_statement();
                self.start_deadline();
            }
            if last > 0 {
                self.session.start_implicit_block();
            }
            let tag = self.simple(statement).await?;
            if at == last {
                // The transaction's end may fail: before the statement is called complete.
                self.session.finish().await?;
            }
            self.send_notices();
            self.writer.command_complete(&tag);
        }
        Ok(())
    }

    /// 25P02 in a failed block, for all but what ends it.
    pub(super) fn check_not_failed(&self, statement: Option<&Statement>) -> Result<()> {
        use sql::{Command, Kind};
        let exits = |statement: &Statement| {
            matches!(
                statement.kind,
                Kind::Command(Command::Commit { .. } | Command::Rollback { .. } | Command::RollbackTo { .. })
            )
        };
        if self.session.block() != Block::Failed || statement.is_none_or(exits) {
            return Ok(());
        }
        Err(Error::new(
            SqlState::IN_FAILED_SQL_TRANSACTION,
            "current transaction is aborted, commands ignored until end of transaction block",
        ))
    }

    /// Runs one statement of a simple query; answers its tag.
    async fn simple(&mut self, statement: &Arc<Statement>) -> Result<String, Fail> {
        self.server.metrics.statements.inc();
        self.check_not_failed(Some(statement))?;
        if let sql::Kind::Command(command) = &statement.kind {
            return self.simple_command(statement, command).await;
        }
        let plan = self.prepare(statement, &[]).await?;
        if !plan.params().is_empty() {
            return Err(Error::new(SqlState(*b"42P02"), "there is no parameter $1").into());
        }
        let columns = plan.columns().len();
        let formats = vec![Format::Text; columns];
        let (mut running, returns_rows) = (self.open(&plan, Vec::new(), Some(&formats)).await?, plan.returns_rows());
        self.send_notices();
        if returns_rows {
            self.writer.row_description(&running.columns, &[]);
        }
        let (sent, _) = self.send_rows(&mut running, &formats, None).await?;
        let tag = running.tag_text(sent);
        running.close().await?;
        Ok(tag)
    }

    /// Opens a plan. `relay`: the formats for the wire.
    pub(super) async fn open(
        &mut self,
        plan: &Arc<dyn crate::session::Plan>,
        params: Vec<crate::types::Datum>,
        relay: Option<&[Format]>,
    ) -> Result<Running> {
        self.open_as(plan, params, relay, false).await
    }

    /// As `open`; `held`: for a cursor, whose rows are those of now.
    pub(super) async fn open_as(
        &mut self,
        plan: &Arc<dyn crate::session::Plan>,
        params: Vec<crate::types::Datum>,
        relay: Option<&[Format]>,
        held: bool,
    ) -> Result<Running> {
        self.session.ensure_transaction().await?;
        self.session.mark_queried();
        let (cancel, deadline) = (self.cancel.clone(), self.deadline);
        if plan.modifies() {
            guarded(&cancel, deadline, self.session.hold_late_cursors()).await?;
        }
        let session = &mut self.session;
        let Some(transaction) = session.transaction.as_deref_mut() else {
            return Err(Error::internal("no transaction"));
        };
        let open = crate::session::Open {
            plan,
            params,
            relay: relay.map(<[Format]>::to_vec),
            held,
            cancel: cancel.token.clone(),
        };
        let opening = session.executor.open(&session.context, transaction, open);
        let Opened { cursor, tag, notices, late } = guarded(&cancel, deadline, opening).await?;
        notices.into_iter().for_each(|notice| session.notice(notice));
        let columns = Arc::clone(plan.columns());
        let mut running = Running::new(columns, relay.map(<[Format]>::to_vec).unwrap_or_default(), cursor, tag);
        running.token = cancel.token.clone();
        running.late = late;
        if plan.modifies() {
            guarded(&cancel, deadline, running.drain()).await?;
        }
        Ok(running)
    }

    /// Plans a statement.
    pub(super) async fn prepare(
        &mut self,
        statement: &Arc<Statement>,
        declared: &[crate::types::PgType],
    ) -> Result<Arc<dyn crate::session::Plan>> {
        self.session.ensure_transaction().await?;
        let session = &mut self.session;
        let Some(transaction) = session.transaction.as_deref_mut() else {
            return Err(Error::internal("no transaction"));
        };
        let preparing = session.executor.prepare(&session.context, transaction, statement, declared);
        guarded(&self.cancel, self.deadline, preparing).await
    }

    /// Sends rows until the end or the limit; answers how many and whether it was the end.
    pub(super) async fn send_rows(
        &mut self,
        running: &mut Running,
        formats: &[Format],
        limit: Option<usize>,
    ) -> Result<(u64, bool), Fail> {
        let mut sent = 0;
        let mut encoder = None;
        loop {
            let want = limit.map_or(FETCH, |limit| limit.saturating_sub(sent).min(FETCH));
            if want == 0 {
                return Ok((sent as u64, false));
            }
            let Some(rows) = next_rows(&self.cancel, self.deadline, running, want).await? else {
                return Ok((sent as u64, true));
            };
            sent += rows.count();
            match rows {
                Rows::Framed { frames, .. } if running.relayed == formats => {
                    self.writer.buffer.extend_from_slice(&frames);
                    self.send_full().await?;
                }
                Rows::Framed { frames, .. } => {
                    let env = self.session.executor.env(&self.session.context);
                    for row in fields(frames) {
                        reframe(&env, running, formats, &row, &mut self.writer.buffer)?;
                        self.send_full().await?;
                    }
                }
                Rows::Batch(batch) => {
                    if encoder.is_none() {
                        let env = self.session.executor.env(&self.session.context);
                        encoder = Some(RowEncoder::new(env, &running.columns, formats));
                    }
                    let Some(encoder) = &encoder else { continue };
                    let rows = encoder.batch(&batch)?;
                    let mut row = 0;
                    while row < rows.rows() {
                        row = rows.rows_from(row, &mut self.writer.buffer, FLUSH_AT)?;
                        self.send_full().await?;
                    }
                }
            }
        }
    }

    /// Sends a full buffer; a cancelled statement does not wait for a client that does not read.
    pub(super) async fn send_full(&mut self) -> Result<(), Fail> {
        if self.writer.buffer.len() < FLUSH_AT {
            return Ok(());
        }
        if let Some(error) = self.cancel.error() {
            return Err(error.into());
        }
        self.writer.flush().await?;
        if let Some(deadline) = self.deadline
            && Instant::now() >= deadline
        {
            self.cancel.fire(Reason::StatementTimeout);
        }
        self.cancel.error().map_or(Ok(()), |error| Err(error.into()))
    }
}

/// Runs a part of a statement under its cancellation and its timeout.
pub(super) async fn guarded<T>(
    cancel: &Cancel,
    deadline: Option<Instant>,
    work: impl Future<Output = Result<T>>,
) -> Result<T> {
    tokio::pin!(work);
    let result = tokio::select! {
        biased;
        result = &mut work => result,
        () = cancel.token.cancelled() => {
            tokio::time::timeout(CANCEL_GRACE, work).await.unwrap_or_else(|_| Err(Error::internal("cancelled")))
        }
        () = async { tokio::time::sleep_until(deadline.unwrap_or_else(Instant::now)).await }, if deadline.is_some() => {
            cancel.fire(Reason::StatementTimeout);
            tokio::time::timeout(CANCEL_GRACE, work).await.unwrap_or_else(|_| Err(Error::internal("cancelled")))
        }
    };
    match (result, cancel.error()) {
        (Err(_), Some(cancelled)) => Err(cancelled),
        (result, _) => result,
    }
}

/// Rows of an open result. Its source knows the token of the statement that opened it: that one is fired too.
pub(super) async fn next_rows(
    cancel: &Cancel,
    deadline: Option<Instant>,
    running: &mut Running,
    max: usize,
) -> Result<Option<Rows>> {
    let token = running.token.clone();
    let work = running.next(max);
    tokio::pin!(work);
    let passing = async {
        cancel.token.cancelled().await;
        token.cancel();
        std::future::pending::<()>().await;
    };
    let both = async {
        tokio::select! {
            biased;
            rows = &mut work => rows,
            () = passing => Err(Error::internal("cancelled")),
        }
    };
    guarded(cancel, deadline, both).await
}

/// A relayed row in other formats than it came in.
fn reframe(
    env: &crate::kernels::Env,
    running: &Running,
    formats: &[Format],
    row: &[Option<bytes::Bytes>],
    out: &mut Vec<u8>,
) -> Result<()> {
    use crate::kernels::io;
    let start = out.len();
    out.extend_from_slice(&[b'D', 0, 0, 0, 0]);
    out.extend_from_slice(&(row.len() as u16).to_be_bytes());
    for (at, field) in row.iter().enumerate() {
        let Some(bytes) = field else {
            out.extend_from_slice(&[0xff; 4]);
            continue;
        };
        let Some(column) = running.columns.get(at) else { return Err(Error::internal("a row with too many fields")) };
        let from = running.relayed.get(at).copied().unwrap_or(Format::Text);
        let to = formats.get(at).copied().unwrap_or(Format::Text);
        let converted = match (from, to) {
            (Format::Text, Format::Binary) => {
                let text = super::read::utf8(bytes)?;
                io::send(env, column.ty, &io::input(env, column.ty, -1, text)?)?
            }
            (Format::Binary, Format::Text) => {
                io::output(env, column.ty, &io::receive(env, column.ty, -1, bytes)?)?.into_bytes()
            }
            (Format::Text, Format::Text) | (Format::Binary, Format::Binary) => bytes.to_vec(),
        };
        out.extend_from_slice(&(converted.len() as u32).to_be_bytes());
        out.extend_from_slice(&converted);
    }
    let len = (out.len() - start - 1) as u32;
    out[start + 1..start + 5].copy_from_slice(&len.to_be_bytes());
    Ok(())
}

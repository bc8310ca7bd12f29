//! Prepared statements and portals. SQL cursors and protocol portals share one namespace.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::{Buf, Bytes};
use tokio_util::sync::CancellationToken;

use super::executor::{OutputColumn, Plan, Tag};
use crate::connector::{Cursor, Format, Rows};
use crate::error::{Error, Result, SqlState};
use crate::sql::{CursorOptions, Statement};
use crate::types::{Datum, PgType};

/// A prepared statement, by Parse or by PREPARE.
#[derive(Clone)]
pub struct Prepared {
    /// `None`: an empty query.
    pub statement: Option<Arc<Statement>>,
    /// `None` for session commands.
    pub plan: Option<Arc<dyn Plan>>,
    pub params: Arc<[PgType]>,
}

/// A portal, by Bind or by DECLARE.
pub struct Portal {
    pub statement: Option<Arc<Statement>>,
    pub plan: Option<Arc<dyn Plan>>,
    pub params: Vec<Datum>,
    /// Result formats as given: none, one for all, or one per column.
    pub formats: Vec<Format>,
    /// Depth of the savepoint stack when it was made.
    pub level: usize,
    /// Set for SQL cursors.
    pub declared: Option<CursorOptions>,
    /// A cursor WITH HOLD whose transaction has committed: its rows are here.
    pub held: bool,
    pub state: PortalState,
}

pub enum PortalState {
    Ready,
    Running(Running),
    Finished,
}

impl Portal {
    /// One format per column.
    pub fn column_formats(&self, columns: usize) -> Vec<Format> {
        expand(&self.formats, columns)
    }
}

/// None: all text; one: for all columns.
pub fn expand(formats: &[Format], columns: usize) -> Vec<Format> {
    match formats {
        [] => vec![Format::Text; columns],
        [one] => vec![*one; columns],
        many => many.to_vec(),
    }
}

/// An open result, read from the front.
pub struct Running {
    pub columns: Arc<[OutputColumn]>,
    /// The formats in which framed rows come.
    pub relayed: Vec<Format>,
    pub tag: Tag,
    /// Rows given so far.
    pub position: u64,
    pub ended: bool,
    /// A later write of the transaction would change rows that are still to come.
    pub late: bool,
    /// Cancels the source's side: it outlives the statement that opened it.
    pub token: CancellationToken,
    cursor: Option<Box<dyn Cursor>>,
    buffered: VecDeque<Rows>,
}

impl Running {
    pub fn new(
        columns: Arc<[OutputColumn]>,
        relayed: Vec<Format>,
        cursor: Option<Box<dyn Cursor>>,
        tag: Tag,
    ) -> Running {
        Running {
            columns,
            relayed,
            tag,
            position: 0,
            ended: false,
            late: false,
            token: CancellationToken::new(),
            cursor,
            buffered: VecDeque::new(),
        }
    }

    /// A result that is all here.
    pub fn buffered(columns: Arc<[OutputColumn]>, rows: impl IntoIterator<Item = Rows>, tag: Tag) -> Running {
        Running { buffered: rows.into_iter().collect(), ..Running::new(columns, Vec::new(), None, tag) }
    }

    /// At most `max` rows; `None` at the end.
    pub async fn next(&mut self, max: usize) -> Result<Option<Rows>> {
        loop {
            if self.ended || max == 0 {
                return Ok(None);
            }
            let rows = match (self.buffered.pop_front(), &mut self.cursor) {
                (Some(rows), _) => Some(rows),
                (None, Some(cursor)) => cursor.fetch(max).await?,
                (None, None) => None,
            };
            let Some(rows) = rows else {
                self.ended = true;
                return Ok(None);
            };
            let rows = match split(rows, max) {
                (rows, Some(rest)) => {
                    self.buffered.push_front(rest);
                    rows
                }
                (rows, None) => rows,
            };
            if rows.count() > 0 {
                self.position += rows.count() as u64;
                return Ok(Some(rows));
            }
        }
    }

    /// Reads everything into memory: a data-modifying statement runs to its end at the first Execute.
    pub async fn drain(&mut self) -> Result<()> {
        if let Some(cursor) = &mut self.cursor {
            while let Some(rows) = cursor.fetch(usize::MAX).await? {
                self.buffered.push_back(rows);
            }
            let affected = cursor.affected();
            let fill = |count: &mut Option<u64>| {
                if count.is_none() {
                    *count = affected;
                }
            };
            match &mut self.tag {
                Tag::Delete(count) | Tag::Insert(count) | Tag::Merge(count) | Tag::Update(count) => fill(count),
                Tag::Select(_) | Tag::Utility(_) => {}
            }
        }
        self.close().await
    }

    /// Takes what is left into memory, for a cursor WITH HOLD. 53400 when that is more than the limit.
    pub async fn hold(&mut self, max_bytes: usize) -> Result<()> {
        let mut bytes = 0;
        if let Some(cursor) = &mut self.cursor {
            while let Some(rows) = cursor.fetch(8192).await? {
                bytes += match &rows {
                    Rows::Batch(batch) => batch.get_array_memory_size(),
                    Rows::Framed { frames, .. } => frames.len(),
                };
                if bytes > max_bytes {
                    let message = format!("a cursor WITH HOLD may hold {} MB", max_bytes >> 20);
                    return Err(Error::new(SqlState::CONFIGURATION_LIMIT_EXCEEDED, message)
                        .hint("Read it inside of its transaction."));
                }
                self.buffered.push_back(rows);
            }
        }
        self.close().await
    }

    /// Ends the source's side; buffered rows stay.
    pub async fn close(&mut self) -> Result<()> {
        match self.cursor.take() {
            Some(mut cursor) => cursor.close().await,
            None => Ok(()),
        }
    }

    /// CommandComplete's text after `sent` rows.
    pub fn tag_text(&self, sent: u64) -> String {
        let affected = |count: &Option<u64>| {
            count.or_else(|| self.cursor.as_ref().and_then(|cursor| cursor.affected())).unwrap_or(sent)
        };
        match &self.tag {
            Tag::Select(count) => format!("SELECT {}", count.unwrap_or(sent)),
            Tag::Insert(count) => format!("INSERT 0 {}", affected(count)),
            Tag::Update(count) => format!("UPDATE {}", affected(count)),
            Tag::Delete(count) => format!("DELETE {}", affected(count)),
            Tag::Merge(count) => format!("MERGE {}", affected(count)),
            Tag::Utility(text) => text.to_string(),
        }
    }
}

/// The first `max` rows and the rest.
fn split(rows: Rows, max: usize) -> (Rows, Option<Rows>) {
    if rows.count() <= max {
        return (rows, None);
    }
    match rows {
        Rows::Batch(batch) => {
            let rest = batch.slice(max, batch.num_rows() - max);
            (Rows::Batch(batch.slice(0, max)), Some(Rows::Batch(rest)))
        }
        Rows::Framed { mut frames, count } => {
            let mut end = 0;
            for _ in 0..max {
                end += frame_len(&frames[end.min(frames.len())..]);
            }
            let first = frames.split_to(end.min(frames.len()));
            (Rows::Framed { frames: first, count: max }, Some(Rows::Framed { frames, count: count - max }))
        }
    }
}

fn frame_len(frames: &[u8]) -> usize {
    match frames.get(1..5).and_then(|len| <[u8; 4]>::try_from(len).ok()) {
        Some(len) => u32::from_be_bytes(len) as usize + 1,
        None => frames.len(),
    }
}

/// The fields of each DataRow in a run of frames.
pub fn fields(mut frames: Bytes) -> Vec<Vec<Option<Bytes>>> {
    let mut rows = Vec::new();
    while frames.len() >= 7 {
        let len = frame_len(&frames).min(frames.len());
        let mut body = frames.split_to(len);
        body.advance(5.min(len));
        let count = if body.remaining() >= 2 { body.get_u16() } else { 0 };
        let mut row = Vec::with_capacity(usize::from(count));
        for _ in 0..count {
            if body.remaining() < 4 {
                break;
            }
            row.push(match usize::try_from(body.get_i32()) {
                Ok(len) => Some(body.split_to(len.min(body.len()))),
                Err(_) => None,
            });
        }
        rows.push(row);
    }
    rows
}

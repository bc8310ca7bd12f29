//! Prepared statements and portals. SQL cursors and protocol portals share one namespace.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::{Buf, Bytes};
use tokio_util::sync::CancellationToken;

use super::executor::{OutputColumn, Plan, Tag};
use super::spool::{Spool, spool};
use crate::connector::{Cursor, Format, Rows};
use crate::error::{Error, Result};
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
    /// `next` gives the rows before the position, the nearest first. Only with a spool.
    pub backward: bool,
    cursor: Option<Box<dyn Cursor>>,
    buffered: VecDeque<Rows>,
    /// What was read, for cursors that scroll; what is left, for held ones.
    spool: Option<Box<Spool>>,
}

impl Running {
    pub fn new(
        columns: Arc<[OutputColumn]>,
        relayed: Vec<Format>,
        cursor: Option<Box<dyn Cursor>>,
        tag: Tag,
    ) -> Running {
        let token = CancellationToken::new();
        Running {
            columns,
            relayed,
            tag,
            position: 0,
            ended: false,
            late: false,
            token,
            backward: false,
            cursor,
            buffered: VecDeque::new(),
            spool: None,
        }
    }

    /// Keeps all rows from here on, so that the cursor can go back. `limit`: kB on disk, -1 for none.
    pub fn keep(&mut self, limit: i64) {
        self.spool = Some(spool(self.position, limit));
    }

    /// A result that is all here.
    pub fn buffered(columns: Arc<[OutputColumn]>, rows: impl IntoIterator<Item = Rows>, tag: Tag) -> Running {
        Running { buffered: rows.into_iter().collect(), ..Running::new(columns, Vec::new(), None, tag) }
    }

    /// At most `max` rows in the direction of travel; `None` at the end.
    pub async fn next(&mut self, max: usize) -> Result<Option<Rows>> {
        if self.backward {
            return self.previous(max).await;
        }
        if self.ended || max == 0 {
            return Ok(None);
        }
        let kept = match &mut self.spool {
            Some(spool) if self.position < spool.end() => Some(spool.read(self.position, max).await?),
            _ => None,
        };
        let rows = match kept {
            Some(rows) => Some(rows),
            None => {
                let rows = self.pull(max).await?;
                if let (Some(spool), Some(rows)) = (&mut self.spool, &rows) {
                    spool.push(rows.clone()).await?;
                }
                rows
            }
        };
        match &rows {
            Some(rows) => self.position += rows.count() as u64,
            None => self.ended = true,
        }
        Ok(rows)
    }

    /// At most `max` rows of the source, which has more behind what was kept.
    async fn pull(&mut self, max: usize) -> Result<Option<Rows>> {
        loop {
            let rows = match (self.buffered.pop_front(), &mut self.cursor) {
                (Some(rows), _) => rows,
                (None, Some(cursor)) => match cursor.fetch(max).await? {
                    Some(rows) => rows,
                    None => return Ok(None),
                },
                (None, None) => return Ok(None),
            };
            let (rows, rest) = split(rows, max);
            if let Some(rest) = rest {
                self.buffered.push_front(rest);
            }
            if rows.count() > 0 {
                return Ok(Some(rows));
            }
        }
    }

    /// At most `max` rows before the one that the cursor stands on, the nearest first; `None`, and before the first, when there is none.
    async fn previous(&mut self, max: usize) -> Result<Option<Rows>> {
        if max == 0 {
            return Ok(None);
        }
        let before = if self.ended { self.position } else { self.position.saturating_sub(1) };
        let Some(spool) = self.spool.as_mut().filter(|spool| spool.first() == 0) else {
            return Err(Error::unsupported("moving backward in a cursor"));
        };
        self.ended = false;
        if before == 0 {
            self.position = 0;
            return Ok(None);
        }
        let rows = spool.read_back(before, max).await?;
        self.position = before - rows.count() as u64 + 1;
        Ok(Some(rows))
    }

    /// Whether the cursor stands on a row.
    pub fn on_row(&self) -> bool {
        self.position > 0 && !self.ended
    }

    /// Stands between the rows `position` and the next, which must have been read before.
    pub fn stand_after(&mut self, position: u64) {
        (self.position, self.ended) = (position, false);
    }

    /// Whether a row of that number (from 1) was kept.
    pub fn has_kept(&self, row: u64) -> bool {
        self.spool.as_ref().is_some_and(|spool| spool.first() == 0 && row <= spool.end())
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
                Tag::Fetch | Tag::Select(_) | Tag::Utility(_) => {}
            }
        }
        self.close().await
    }

    /// Takes what is left out of the transaction, for a cursor WITH HOLD. `limit`: kB on disk, -1 for none.
    pub async fn hold(&mut self, limit: i64) -> Result<()> {
        if self.spool.is_none() {
            self.keep(limit);
        }
        while let Some(rows) = self.pull(8192).await? {
            if let Some(spool) = &mut self.spool {
                spool.push(rows).await?;
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
            Tag::Fetch => format!("FETCH {sent}"),
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
pub(super) fn split(rows: Rows, max: usize) -> (Rows, Option<Rows>) {
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

pub(super) fn frame_len(frames: &[u8]) -> usize {
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

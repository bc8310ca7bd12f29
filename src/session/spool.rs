//! Rows kept in order and read from any place: the first in memory, the rest in a temporary file. For cursors that scroll or are held.

use arrow::array::UInt32Array;
use arrow::compute::take_record_batch;
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::StreamWriter;
use bytes::{Bytes, BytesMut};
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt, SeekFrom};

use super::portal::{frame_len, split};
use crate::connector::Rows;
use crate::error::{Error, Result, SqlState};

/// Bytes kept in memory before the file is begun.
const MEMORY: usize = 4 << 20;

/// See the module.
pub struct Spool {
    chunks: Vec<Chunk>,
    /// The number of the first row here; those before it were not kept.
    first: u64,
    end: u64,
    memory: usize,
    file: Option<File>,
    written: u64,
    /// `temp_file_limit`: bytes that the file may have.
    limit: Option<u64>,
    /// The chunk that was read last.
    read: Option<(usize, Rows)>,
}

struct Chunk {
    first: u64,
    count: usize,
    place: Place,
}

enum Place {
    Memory(Rows),
    File { offset: u64, length: usize, framed: bool },
}

impl std::fmt::Debug for Spool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Spool({}..{})", self.first, self.end)
    }
}

impl Spool {
    /// An empty one whose first row will have that number.
    pub fn new(first: u64, limit: Option<u64>) -> Spool {
        Spool { chunks: Vec::new(), first, end: first, memory: 0, file: None, written: 0, limit, read: None }
    }

    /// The number of the first row kept.
    pub fn first(&self) -> u64 {
        self.first
    }

    /// The number behind the last row kept.
    pub fn end(&self) -> u64 {
        self.end
    }

    /// Adds rows at the end.
    pub async fn push(&mut self, rows: Rows) -> Result<()> {
        let count = rows.count();
        if count == 0 {
            return Ok(());
        }
        let bytes = match &rows {
            Rows::Batch(batch) => batch.get_array_memory_size(),
            Rows::Framed { frames, .. } => frames.len(),
        };
        let place = if self.file.is_none() && self.memory + bytes <= MEMORY {
            self.memory += bytes;
            Place::Memory(rows)
        } else {
            self.write(&rows).await?
        };
        self.chunks.push(Chunk { first: self.end, count, place });
        self.end += count as u64;
        Ok(())
    }

    async fn write(&mut self, rows: &Rows) -> Result<Place> {
        let (bytes, framed) = match rows {
            Rows::Framed { frames, .. } => (frames.clone(), true),
            Rows::Batch(batch) => {
                let mut bytes = Vec::new();
                let mut writer = StreamWriter::try_new(&mut bytes, &batch.schema()).map_err(Error::internal)?;
                writer.write(batch).and_then(|()| writer.finish()).map_err(Error::internal)?;
                drop(writer);
                (Bytes::from(bytes), false)
            }
        };
        let length = bytes.len() as u64;
        if let Some(limit) = self.limit.filter(|limit| self.written + length > *limit) {
            let message = format!("temporary file size exceeds temp_file_limit ({}kB)", limit >> 10);
            return Err(Error::new(SqlState::CONFIGURATION_LIMIT_EXCEEDED, message));
        }
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(File::from_std(tempfile::tempfile().map_err(failed)?)),
        };
        file.seek(SeekFrom::Start(self.written)).await.map_err(failed)?;
        file.write_all(&bytes).await.map_err(failed)?;
        file.flush().await.map_err(failed)?;
        let place = Place::File { offset: self.written, length: bytes.len(), framed };
        self.written += length;
        Ok(place)
    }

    /// At most `max` rows from that number on, which is inside.
    pub async fn read(&mut self, from: u64, max: usize) -> Result<Rows> {
        let (chunk, rows) = self.chunk(from).await?;
        let skip = usize::try_from(from - chunk).map_err(Error::internal)?;
        let rows = split(rows, skip).1.ok_or_else(|| Error::internal("a row behind its chunk"))?;
        Ok(split(rows, max).0)
    }

    /// At most `max` rows before that number, the last first. There is one.
    pub async fn read_back(&mut self, before: u64, max: usize) -> Result<Rows> {
        let (chunk, rows) = self.chunk(before - 1).await?;
        let upto = usize::try_from(before - chunk).map_err(Error::internal)?;
        let (rows, count) = (split(rows, upto).0, upto.min(max));
        let rows = match upto - count {
            0 => rows,
            skip => split(rows, skip).1.ok_or_else(|| Error::internal("a row behind its chunk"))?,
        };
        reversed(rows)
    }

    /// The chunk with that row, and the number of its first.
    async fn chunk(&mut self, row: u64) -> Result<(u64, Rows)> {
        let at = self.chunks.partition_point(|chunk| chunk.first <= row).checked_sub(1);
        let (at, chunk) = at
            .and_then(|at| Some((at, self.chunks.get(at)?)))
            .filter(|(_, chunk)| row < chunk.first + chunk.count as u64)
            .ok_or_else(|| Error::internal("a row that was not kept"))?;
        let (first, count) = (chunk.first, chunk.count);
        let (offset, length, framed) = match &chunk.place {
            Place::Memory(rows) => return Ok((first, rows.clone())),
            Place::File { offset, length, framed } => (*offset, *length, *framed),
        };
        if let Some((_, rows)) = self.read.as_ref().filter(|(read, _)| *read == at) {
            return Ok((first, rows.clone()));
        }
        let file = self.file.as_mut().ok_or_else(|| Error::internal("a spool without its file"))?;
        let mut bytes = vec![0; length];
        file.seek(SeekFrom::Start(offset)).await.map_err(failed)?;
        file.read_exact(&mut bytes).await.map_err(failed)?;
        let rows = if framed {
            Rows::Framed { frames: Bytes::from(bytes), count }
        } else {
            let mut reader = StreamReader::try_new(std::io::Cursor::new(bytes), None).map_err(Error::internal)?;
            let batch = reader.next().ok_or_else(|| Error::internal("a spool without its batch"))?;
            Rows::Batch(batch.map_err(Error::internal)?)
        };
        self.read = Some((at, rows.clone()));
        Ok((first, rows))
    }
}

fn failed(error: std::io::Error) -> Error {
    let state = if error.kind() == std::io::ErrorKind::StorageFull { *b"53100" } else { *b"58030" };
    Error::new(SqlState(state), format!("temporary file: {error}"))
}

/// The same rows, the last first.
fn reversed(rows: Rows) -> Result<Rows> {
    match rows {
        Rows::Batch(batch) => {
            let count = u32::try_from(batch.num_rows()).map_err(Error::internal)?;
            let order: UInt32Array = (0..count).rev().collect();
            take_record_batch(&batch, &order).map(Rows::Batch).map_err(Error::internal)
        }
        Rows::Framed { mut frames, count } => {
            let mut parts = Vec::with_capacity(count);
            while !frames.is_empty() {
                let length = frame_len(&frames).min(frames.len());
                parts.push(frames.split_to(length));
            }
            let mut out = BytesMut::new();
            parts.iter().rev().for_each(|part| out.extend_from_slice(part));
            Ok(Rows::Framed { frames: out.freeze(), count })
        }
    }
}

/// An empty spool for what follows `position`, as `temp_file_limit` (kB, -1: none) has it.
pub fn spool(position: u64, limit: i64) -> Box<Spool> {
    Box::new(Spool::new(position, u64::try_from(limit).ok().map(|limit| limit << 10)))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Array, Int64Array, StringArray};
    use arrow::record_batch::RecordBatch;

    use super::*;

    fn batch(from: i64, count: i64) -> Rows {
        let numbers: Int64Array = (from..from + count).collect();
        let texts: StringArray = (from..from + count).map(|n| Some(format!("{n:>200}"))).collect();
        let columns: [(&str, Arc<dyn Array>); 2] = [("n", Arc::new(numbers)), ("t", Arc::new(texts))];
        Rows::Batch(RecordBatch::try_from_iter(columns).unwrap())
    }

    fn numbers(rows: &Rows) -> Vec<i64> {
        match rows {
            Rows::Batch(batch) => batch.column(0).as_any().downcast_ref::<Int64Array>().unwrap().values().to_vec(),
            Rows::Framed { frames, .. } => frames.chunks(6).map(|frame| i64::from(frame[5])).collect(),
        }
    }

    #[tokio::test]
    async fn batches_come_back_from_memory_and_file_in_both_directions() {
        let mut spool = Spool::new(10, None);
        for part in 0..50 {
            spool.push(batch(10 + part * 1000, 1000)).await.unwrap();
        }
        assert!(spool.file.is_some() && spool.memory <= MEMORY);
        assert_eq!((spool.first(), spool.end()), (10, 50_010));
        for from in [10, 11, 1009, 1010, 30_000, 50_009] {
            let rows = numbers(&spool.read(from, 3).await.unwrap());
            assert_eq!(rows[0], from as i64);
            assert!(rows.windows(2).all(|pair| pair[1] == pair[0] + 1), "{rows:?}");
        }
        assert_eq!(numbers(&spool.read_back(40_005, 3).await.unwrap()), [40_004, 40_003, 40_002]);
        assert_eq!(numbers(&spool.read_back(40_011, 3).await.unwrap()), [40_010]);
        assert_eq!(numbers(&spool.read_back(11, 3).await.unwrap()), [10]);
    }

    #[tokio::test]
    async fn frames_come_back_in_both_directions() {
        let frames = |from: u8| Rows::Framed {
            frames: (from..from + 3).flat_map(|n| [b'D', 0, 0, 0, 5, n]).collect::<Vec<u8>>().into(),
            count: 3,
        };
        let mut spool = Spool::new(0, None);
        spool.memory = MEMORY - 20;
        for n in 0..4 {
            spool.push(frames(n * 3)).await.unwrap();
        }
        assert_eq!(spool.written, 54);
        assert_eq!(numbers(&spool.read(4, 9).await.unwrap()), [4, 5]);
        assert_eq!(numbers(&spool.read_back(8, 9).await.unwrap()), [7, 6]);
    }

    #[tokio::test]
    async fn the_file_has_a_limit() {
        let mut spool = Spool::new(0, Some(100 << 10));
        let mut outcome = Ok(());
        for part in 0..30 {
            outcome = outcome.and(spool.push(batch(part * 1000, 1000)).await);
        }
        assert_eq!(outcome.unwrap_err().state(), SqlState::CONFIGURATION_LIMIT_EXCEEDED);
        assert!(spool.read(999_999, 1).await.is_err());
    }
}

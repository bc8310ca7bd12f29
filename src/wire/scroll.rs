//! Moving in a cursor: PostgreSQL's rules of FETCH and MOVE.

use tokio::time::Instant;

use super::cancel::Cancel;
use super::connection::next_rows;
use crate::error::{Error, Result, SqlState};
use crate::session::Running;
use crate::sql::{FetchDirection, Scroll};

/// Rows passed over at a time.
const STEP: usize = 8192;

/// Goes to where a FETCH begins to read; answers how many rows it reads there, in the direction that `running` then has.
pub(super) async fn position(
    cancel: &Cancel,
    deadline: Option<Instant>,
    running: &mut Running,
    scroll: Scroll,
    direction: FetchDirection,
) -> Result<usize> {
    let backward = || match scroll {
        Scroll::No => Error::new(SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE, "cursor can only scan forward")
            .hint("Declare it with SCROLL option to enable backward scan."),
        Scroll::Unspecified | Scroll::Yes => Error::unsupported("moving backward in a cursor without SCROLL"),
    };
    let may = |back: bool| if back && scroll != Scroll::Yes { Err(backward()) } else { Ok(()) };
    let count = |rows: u64| usize::try_from(rows).unwrap_or(usize::MAX);
    running.backward = false;
    match direction {
        FetchDirection::Forward(0) | FetchDirection::Backward(0) | FetchDirection::Relative(0) => {
            // The row that the cursor stands on: none before the first and after the last.
            if !running.on_row() {
                return Ok(0);
            }
            may(true)?;
            running.stand_after(running.position - 1);
            Ok(1)
        }
        FetchDirection::Forward(rows) if rows > 0 => Ok(count(rows.unsigned_abs())),
        FetchDirection::Backward(rows) if rows < 0 => Ok(count(rows.unsigned_abs())),
        FetchDirection::Forward(rows) | FetchDirection::Backward(rows) => {
            may(true)?;
            running.backward = true;
            Ok(count(rows.unsigned_abs()))
        }
        FetchDirection::Relative(rows) => {
            running.backward = rows < 0;
            may(running.backward)?;
            let between = count(rows.unsigned_abs() - 1);
            let passed = pass(cancel, deadline, running, between).await;
            if passed.is_err() {
                running.backward = false;
            }
            passed.map(|_| 1)
        }
        FetchDirection::Absolute(0) => {
            may(running.position > 0 || running.ended)?;
            running.stand_after(0);
            Ok(0)
        }
        FetchDirection::Absolute(row) if row > 0 => {
            let before = row.unsigned_abs() - 1;
            let behind = before < running.position || before == running.position && running.ended && before > 0;
            may(behind)?;
            if running.has_kept(row.unsigned_abs()) {
                running.stand_after(before);
            } else {
                let between = count(before.saturating_sub(running.position));
                pass(cancel, deadline, running, between).await?;
            }
            Ok(1)
        }
        FetchDirection::Absolute(row) => {
            // From the end.
            may(true)?;
            pass(cancel, deadline, running, usize::MAX).await?;
            match running.position.checked_sub(row.unsigned_abs()) {
                Some(before) => {
                    running.stand_after(before);
                    Ok(1)
                }
                None => {
                    running.stand_after(0);
                    Ok(0)
                }
            }
        }
    }
}

/// Passes over at most so many rows; answers how many there were.
pub(super) async fn pass(
    cancel: &Cancel,
    deadline: Option<Instant>,
    running: &mut Running,
    count: usize,
) -> Result<usize> {
    let mut passed = 0;
    while passed < count
        && let Some(rows) = next_rows(cancel, deadline, running, (count - passed).min(STEP)).await?
    {
        passed += rows.count();
    }
    Ok(passed)
}

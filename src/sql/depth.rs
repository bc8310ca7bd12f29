//! Deep trees: decoding and dropping them recurses, so long texts get a large stack.
//!
//! The depth cap is libpg_query's own: it refuses a tree that needs more than 100 kB of its stack (about 500 nested
//! operators) with 54001. What might overflow even its unchecked parts is refused before.

use pg_query::protobuf::Token;

use crate::error::{Error, Result, SqlState};

/// The deepest tree that the parser is given.
const MAX_DEPTH: usize = 5_000;

/// Stack for the deepest tree. Process threads that parse should have as much.
const STACK: usize = 16 << 20;

/// What a tree of a text of that length may need: a level takes two characters at least, and some kilobytes of frames
/// in a debug build.
fn needed(text_len: usize) -> usize {
    (text_len.min(768) + 16) * (8 << 10)
}

/// Runs `work` on a stack that fits a tree of a text of that length.
pub(super) fn grown<R>(text_len: usize, work: impl FnOnce() -> R) -> R {
    stacker::maybe_grow(needed(text_len), STACK, work)
}

/// As [`grown`] for the parser, which measures the stack of its *thread*: where that is short, another thread works.
pub(super) fn parsing<R: Send>(text_len: usize, work: impl FnOnce() -> Result<R> + Send) -> Result<R> {
    if stacker::remaining_stack().is_some_and(|room| room >= needed(text_len)) {
        return work();
    }
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("parse".to_owned()).stack_size(STACK);
        match thread.spawn_scoped(scope, work) {
            Ok(handle) => handle.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            Err(error) => Err(Error::new(SqlState::INSUFFICIENT_RESOURCES, format!("cannot start a thread: {error}"))),
        }
    })
}

/// Refuses texts whose tree may nest deeper than [`MAX_DEPTH`]: 54001.
pub(super) fn check(text: &str) -> Result<()> {
    if text.len() <= MAX_DEPTH || bound(text) <= MAX_DEPTH {
        return Ok(());
    }
    Err(Error::new(SqlState::STATEMENT_TOO_COMPLEX, "stack depth limit exceeded")
        .detail("The statement is nested too deeply."))
}

/// An upper bound of the tree's depth: tokens since the last separator that does not nest, summed over the open brackets.
fn bound(text: &str) -> usize {
    // Texts that the scanner refuses are refused by the parser too, with the better message.
    let Ok(tokens) = pg_query::scan_tokens(text) else { return 0 };
    let mut chains = vec![0_usize];
    let (mut open, mut deepest) = (0, 0);
    for token in tokens {
        let Ok(kind) = Token::try_from(token.token) else { continue };
        match kind {
            Token::Ascii40 | Token::Ascii91 => {
                open += chains.last().copied().unwrap_or(0) + 1;
                chains.push(0);
            }
            Token::Ascii41 | Token::Ascii93 => {
                if chains.len() > 1 {
                    chains.pop();
                    open -= chains.last().copied().unwrap_or(0) + 1;
                }
            }
            // `a, b`, `a; b`, `a AND b`, `a OR b`, WHEN branches are flat lists.
            Token::Ascii44 | Token::Ascii59 | Token::And | Token::Or | Token::When => {
                if let Some(chain) = chains.last_mut() {
                    *chain = 0;
                }
            }
            Token::SqlComment | Token::CComment => {}
            // Each level of nesting takes an operator, a keyword or a cast; operands are leaves.
            Token::Ident | Token::Sconst | Token::Iconst | Token::Fconst | Token::Ascii46 | Token::Param => {}
            _ => {
                if let Some(chain) = chains.last_mut() {
                    *chain += 1;
                }
            }
        }
        deepest = deepest.max(open + chains.last().copied().unwrap_or(0));
    }
    deepest
}

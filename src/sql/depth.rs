//! Deep trees: decoding and dropping them recurses, so long texts get a large stack.
//!
//! The depth cap is libpg_query's own: it refuses a tree that needs more than 100 kB of its stack (about 500 nested
//! operators) with 54001.

/// Texts up to this length nest too little to need care.
pub(super) const SHALLOW_TEXT: usize = 1024;

/// Runs `work` on a stack that fits a tree of a text of that length.
pub(super) fn grown<R>(text_len: usize, work: impl FnOnce() -> R) -> R {
    if text_len <= SHALLOW_TEXT {
        stacker::maybe_grow(1 << 20, 4 << 20, work)
    } else {
        stacker::maybe_grow(6 << 20, 16 << 20, work)
    }
}

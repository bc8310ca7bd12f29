//! Deep trees: reading and dropping them recurses, so long texts get a large stack.

/// Stack for the deepest tree.
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

//! Sources: spans and the bounds on what is compiled.

use serde::Serialize;

/// Bounds of the compiler. Past any of them a source is refused.
pub mod limits {
    /// The longest source, in bytes.
    pub const SOURCE_BYTES_MAX: usize = 64 * 1024;
    /// The most tokens of a source.
    pub const TOKENS_MAX: usize = 16 * 1024;
    /// How deep blocks may lie in one another.
    pub const DEPTH_MAX: usize = 4;
    /// The most digits of a number.
    pub const DIGITS_MAX: usize = 38;
    /// The most errors that are reported one by one.
    pub const ERRORS_MAX: usize = 64;
    /// The most characters of a source line, or of an offending text, that a diagnostic shows.
    pub const SHOWN_CHARS_MAX: usize = 120;
}

/// A part of a source, in bytes from its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
}

impl Span {
    pub(crate) const fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    /// From the start of this span to the end of `other`.
    pub(crate) const fn to(self, other: Self) -> Self {
        Self { start: self.start, end: other.end }
    }
}

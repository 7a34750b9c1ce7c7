//! Tokens.

use crate::{decimal::Decimal, source::Span};

/// A token and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token<'s> {
    pub(crate) kind: TokenKind<'s>,
    pub(crate) span: Span,
}

/// What a token is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TokenKind<'s> {
    /// A letter or underscore, then letters, digits and underscores.
    Word(&'s str),
    /// A number with its unit, which may be empty.
    Number { value: Decimal, unit: &'s str },
    /// A text, without its quotes and escapes.
    Text(String),
    /// `{`
    Open,
    /// `}`
    Close,
    /// The end of a line, or `;`.
    End,
    /// Something that was reported.
    Bad,
}

//! The nodes of the syntax tree.

use crate::{decimal::Decimal, source::Span};

/// A source: its statements in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tree<'s> {
    pub(crate) statements: Vec<Statement<'s>>,
}

/// `head argument… [{ statement… }]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Statement<'s> {
    pub(crate) head: &'s str,
    pub(crate) head_span: Span,
    pub(crate) arguments: Vec<Argument<'s>>,
    pub(crate) block: Option<Block<'s>>,
}

/// `{ statement… }`; its span is that of the opening brace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Block<'s> {
    pub(crate) span: Span,
    pub(crate) statements: Vec<Statement<'s>>,
}

/// An argument of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Argument<'s> {
    pub(crate) kind: ArgumentKind<'s>,
    pub(crate) span: Span,
}

/// What an argument is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ArgumentKind<'s> {
    /// A word.
    Word(&'s str),
    /// A number and its unit, which may be empty.
    Number { value: Decimal, unit: &'s str },
    /// A text, without its quotes and escapes.
    Text(String),
    /// Something that the lexer has reported.
    Bad,
}

impl Statement<'_> {
    /// From the head to the last argument.
    pub(crate) fn span(&self) -> Span {
        self.arguments.last().map_or(self.head_span, |last| self.head_span.to(last.span))
    }
}

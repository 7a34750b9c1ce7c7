//! A curve as its file says it.

use curvevm::{
    module::{Fees, Graduation, Rounding},
    types::{Base, Quote},
};

use super::Price;
use crate::source::Span;

/// A curve: amounts in base units, prices exact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Curve {
    pub(crate) name: String,
    pub(crate) symbol: String,
    pub(crate) decimals: u8,
    pub(crate) supply: Base,
    pub(crate) pieces: Vec<Piece>,
    pub(crate) fees: Fees,
    pub(crate) graduation: Graduation,
    pub(crate) spans: Spans,
}

/// Where the parts of a curve are said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Spans {
    pub(crate) head: Span,
    pub(crate) supply: Span,
    pub(crate) price: Span,
    pub(crate) fee: Span,
    pub(crate) graduation: Span,
}

/// A piece of the price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) sell: Base,
    pub(crate) kind: PieceKind,
    pub(crate) span: Span,
}

/// How a piece prices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PieceKind {
    ConstantProduct { virtual_quote: Quote, virtual_base: Base, rounding: Rounding },
    Linear { from: Price, to: Price },
}

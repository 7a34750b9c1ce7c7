//! A curve as its file says it.

use curvevm::{
    module::{Allotment, Fees, Graduation, Migration, Rounding, Vault},
    types::{Address, Base, Quote},
};

use super::{Point, Price};
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
    pub(crate) partner: Option<Address>,
    pub(crate) graduation: Graduation,
    pub(crate) vault: Option<Vault>,
    pub(crate) allotment: Option<Allotment>,
    pub(crate) migration: Migration,
    pub(crate) spans: Spans,
    /// Where the fee tiers of the pool are said; empty when they are not.
    pub(crate) tiers: Vec<Span>,
}

/// Where the parts of a curve are said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Spans {
    pub(crate) head: Span,
    pub(crate) supply: Span,
    pub(crate) price: Span,
    pub(crate) fee: Span,
    pub(crate) graduation: Span,
    pub(crate) vault: Span,
    pub(crate) allotment: Span,
    pub(crate) migration: Span,
}

/// A piece of the price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) kind: PieceKind,
    pub(crate) span: Span,
}

/// How a piece prices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PieceKind {
    ConstantProduct { sell: Base, virtual_quote: Quote, virtual_base: Base, rounding: Rounding },
    Linear { sell: Base, from: Price, to: Price, rounding: Rounding },
    Fixed { sell: Base, price: Price },
    FixedRatio { sell: Base, quote: Quote, base: Base },
    ConstantLiquidity { from: Option<Point>, to: Point, extent: Extent },
}

/// How much a piece of constant liquidity holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    /// So many tokens are sold from it.
    Sell(Base),
    /// So much liquidity, Q64.64.
    Liquidity(u128),
}

//! What a source says, with every name and unit resolved: the input of lowering.

mod curve;
mod price;
mod trade;

pub(crate) use curve::{Curve, Piece, PieceKind, Spans};
pub(crate) use price::Price;
pub(crate) use trade::Trade;

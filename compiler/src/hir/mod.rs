//! What a source says, with every name and unit resolved: the input of lowering.

mod curve;
mod price;
mod trade;

pub(crate) use curve::{Curve, Extent, Piece, PieceKind, Spans};
pub(crate) use price::{Point, Price};
pub(crate) use trade::Trade;

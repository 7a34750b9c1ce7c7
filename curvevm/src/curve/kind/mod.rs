//! The price inside one piece.
//!
//! Pieces of [`path`] are priced by the tokens sold from them (and some by the reserve), pieces of [`liquidity`] by the square
//! root of the price.

mod linear;
pub(super) mod liquidity;
pub(super) mod path;
mod product;

use crate::error::Error;

/// Where a piece stands.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Inside {
    /// Tokens sold from it.
    pub(super) sold: u64,
    /// The reserve, where it counts for the price: in a piece that stands alone.
    pub(super) reserve: Option<u64>,
}

/// A result in 64 bits.
fn narrow(result: Option<u128>) -> Result<u64, Error> {
    result.and_then(|result| u64::try_from(result).ok()).ok_or(Error::Overflow)
}

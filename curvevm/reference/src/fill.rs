//! What an order fills, on a curve or on a pool.

use curvevm::{
    error::Error,
    module::{FeeSide, Fees},
    receipt::Side,
};
use num_traits::Zero;

use crate::{
    curve::Place,
    fees::{Charge, Split},
    number::Int,
};

/// A fee in one of the two assets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fee {
    /// In quote.
    Quote(Split),
    /// In tokens.
    Base(Split),
}

/// What an order fills, and the state after it.
#[derive(Clone, Debug)]
pub struct Fill {
    /// Tokens that leave or enter the curve or the pool.
    pub base: Int,
    /// Quote that enters or leaves it, fees not included.
    pub quote: Int,
    /// The fee.
    pub fee: Fee,
    /// What the trader pays or receives in quote.
    pub trader_quote: Int,
    /// What the trader receives or gives in tokens.
    pub trader_base: Int,
    /// Whether the order was cut.
    pub partial: bool,
    /// The curve after it.
    pub place: Place,
    /// The pool's quote after it.
    pub pool_quote: Int,
    /// The pool's tokens after it.
    pub pool_base: Int,
}

/// The fees of a trade under `fees`, and whether a purchase pays them in tokens.
pub(crate) fn charge(fees: &Fees, side: Side, secs: u64, referred: bool) -> (Charge<'_>, bool) {
    let in_tokens = side == Side::Buy && fees.side == FeeSide::Output;
    (Charge { fees, side, secs, referred }, in_tokens)
}

/// Refuses what would receive nothing.
pub(crate) fn not_dust(amount: &Int) -> Result<(), Error> {
    if amount.is_zero() { Err(Error::Dust) } else { Ok(()) }
}

//! The marginal price as an exact ratio.

use core::cmp::Ordering;

use super::position::Position;
use crate::{
    cell::Curve,
    error::Error,
    math::{U256, ratio_ceil, ratio_floor},
    module::Module,
    types::{Base, Quote},
};

/// A price: `quote` base units of the quote asset for `base` tokens. Not reduced.
#[derive(Clone, Copy, Debug)]
pub struct Price {
    /// Quote, below 2^193.
    pub quote: U256,
    /// Tokens, at most 2^128 and not zero.
    pub base: U256,
}

/// The price of the next infinitesimal token in the curve's present state.
///
/// # Errors
///
/// [`Error::Overflow`] for a state that the module cannot be in.
pub fn price(module: &Module, curve: &Curve) -> Result<Price, Error> {
    Position::of(module, curve).price()
}

impl Price {
    /// What `base` tokens are worth, rounded down.
    ///
    /// # Errors
    ///
    /// [`Error::Overflow`].
    pub fn quote_for_floor(&self, base: Base) -> Result<u128, Error> {
        let worth = self.quote.checked_mul(base.get().into()).ok_or(Error::Overflow)?;
        ratio_floor(worth, self.base).ok_or(Error::Overflow)
    }

    /// What `base` tokens are worth, rounded up.
    ///
    /// # Errors
    ///
    /// [`Error::Overflow`].
    pub fn quote_for_ceil(&self, base: Base) -> Result<u128, Error> {
        let worth = self.quote.checked_mul(base.get().into()).ok_or(Error::Overflow)?;
        ratio_ceil(worth, self.base).ok_or(Error::Overflow)
    }

    /// The tokens that `quote` is worth, rounded down.
    ///
    /// # Errors
    ///
    /// [`Error::Overflow`], also when the price is zero.
    pub fn base_for(&self, quote: Quote) -> Result<u128, Error> {
        let worth = self.base.checked_mul(quote.get().into()).ok_or(Error::Overflow)?;
        ratio_floor(worth, self.quote).ok_or(Error::Overflow)
    }
}

impl PartialEq for Price {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Price {}

impl PartialOrd for Price {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Price {
    fn cmp(&self, other: &Self) -> Ordering {
        wide_product(self.quote, other.base).cmp(&wide_product(other.quote, self.base))
    }
}

/// `a · b`, of 512 bits, the higher half first.
fn wide_product(a: U256, b: U256) -> (U256, U256) {
    let low = U256::product(a.low(), b.low());
    let high = U256::product(a.high(), b.high());
    let (cross, other) = (U256::product(a.low(), b.high()), U256::product(a.high(), b.low()));
    let (n1, first) = low.high().overflowing_add(cross.low());
    let (n1, second) = n1.overflowing_add(other.low());
    // Three numbers below 2^128, and at most two more.
    let upper = [cross.high(), other.high(), u128::from(first), u128::from(second)]
        .into_iter()
        .try_fold(high, |sum, part| sum.checked_add(U256::from_u128(part)));
    // It fits, for the product of two numbers of 256 bits has 512.
    (upper.unwrap_or(U256::MAX), U256::from_parts(n1, low.low()))
}

#[cfg(test)]
mod tests {
    use super::{Price, U256, wide_product};

    #[test]
    fn products_carry_through_all_limbs() {
        let (high, low) = wide_product(U256::MAX, U256::MAX);
        // (2^256 - 1)^2 = 2^512 - 2^257 + 1
        assert_eq!(high, U256::from_parts(u128::MAX, u128::MAX - 1));
        assert_eq!(low, U256::ONE);
        let (high, low) = wide_product(U256::MAX, U256::from_parts(1, 0));
        assert_eq!(high, U256::from_parts(0, u128::MAX));
        assert_eq!(low, U256::from_parts(u128::MAX, 0));
    }

    #[test]
    fn prices_are_ordered_by_their_value() {
        let price = |quote: u64, base: u64| Price { quote: quote.into(), base: base.into() };
        assert_eq!(price(1, 3), price(2, 6));
        assert!(price(1, 3) < price(2, 5));
        let near = Price { quote: U256::from_parts(1 << 64, 0), base: U256::from_parts(1, 0) };
        assert!(near > Price { quote: U256::from_parts((1 << 64) - 1, u128::MAX), ..near });
    }
}

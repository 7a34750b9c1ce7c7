//! Constant liquidity `L` between square roots of the price, Q64.64: exactly `L·(u - l) / 2^128` quote and `L·(u - l) / (l·u)`
//! tokens between the square roots `l` and `u`.
//!
//! The square root that an amount leads to is the one at which exactly that amount lies in between, rounded down when the amount
//! is quote and up when it is tokens.

use num_traits::Zero;

use crate::number::{Int, Rat, ceil, floor, ratio, two_to, whole};

/// Quote between two square roots.
pub fn quote(low: &Int, high: &Int, liquidity: &Int) -> Rat {
    ratio(liquidity * (high - low), two_to(128))
}

/// Tokens between two square roots.
pub fn base(low: &Int, high: &Int, liquidity: &Int) -> Rat {
    ratio(liquidity * (high - low), low * high)
}

/// After quote came in: `quote` lies below it.
pub fn after_quote_in(from: &Int, liquidity: &Int, quote: &Int) -> Int {
    floor(&(whole(from.clone()) + ratio(quote << 128, liquidity.clone())))
}

/// After quote went out.
pub fn after_quote_out(from: &Int, liquidity: &Int, quote: &Int) -> Int {
    floor(&(whole(from.clone()) - ratio(quote << 128, liquidity.clone())))
}

/// After tokens came in: `1/P' = 1/P + base/L`.
pub fn after_base_in(from: &Int, liquidity: &Int, base: &Int) -> Int {
    let inverse = ratio(1, from.clone()) + ratio(base.clone(), liquidity.clone());
    ceil(&inverse.recip())
}

/// After tokens went out: `1/P' = 1/P - base/L`; none when there are not so many.
pub fn after_base_out(from: &Int, liquidity: &Int, base: &Int) -> Option<Int> {
    let inverse = ratio(1, from.clone()) - ratio(base.clone(), liquidity.clone());
    (inverse > Rat::zero()).then(|| ceil(&inverse.recip()))
}

//! Constant liquidity between two square roots of the price, in Meteora DBC's formulae and roundings.
//!
//! With square roots `l ≤ u` in Q64.64 and liquidity `L`: quote `L·(u - l) / 2^128`, base `L·(u - l) / (l·u)`. The square root
//! that an amount leads to is rounded down when quote comes in or goes out, and up when tokens do.

use super::narrow;
use crate::{
    error::Error,
    math::{
        U256, mul_shr_ceil, mul_shr_floor, ratio_ceil, ratio_floor, shl_div_ceil, shl_div_floor,
    },
};

/// The lowest square root of a price, Q64.64: Meteora's bound.
pub const SQRT_PRICE_MIN: u128 = 4_295_048_016;
/// The highest square root of a price, Q64.64: Meteora's bound. It is below 2^96.
pub const SQRT_PRICE_MAX: u128 = 79_226_673_521_066_979_257_578_248_091;

/// Tokens between two square roots, rounded down.
pub(crate) fn base_floor(low: u128, high: u128, liquidity: u128) -> Result<u64, Error> {
    let Some(distance) = distance(low, high)? else { return Ok(0) };
    narrow(ratio_floor(U256::product(liquidity, distance), U256::product(low, high)))
}

/// Tokens between two square roots, rounded up.
pub(crate) fn base_ceil(low: u128, high: u128, liquidity: u128) -> Result<u64, Error> {
    let Some(distance) = distance(low, high)? else { return Ok(0) };
    narrow(ratio_ceil(U256::product(liquidity, distance), U256::product(low, high)))
}

/// Quote between two square roots, rounded down.
pub(crate) fn quote_floor(low: u128, high: u128, liquidity: u128) -> Result<u64, Error> {
    let distance = high.checked_sub(low).ok_or(Error::Overflow)?;
    narrow(mul_shr_floor(liquidity, distance, 128))
}

/// Quote between two square roots, rounded up.
pub(crate) fn quote_ceil(low: u128, high: u128, liquidity: u128) -> Result<u64, Error> {
    let distance = high.checked_sub(low).ok_or(Error::Overflow)?;
    narrow(mul_shr_ceil(liquidity, distance, 128))
}

/// The square root after `quote` came in: `P + floor(quote·2^128 / L)`.
pub(crate) fn after_quote_in(sqrt: u128, liquidity: u128, quote: u64) -> Result<u128, Error> {
    shl_div_floor(quote.into(), 128, liquidity)
        .and_then(|rise| sqrt.checked_add(rise))
        .ok_or(Error::Overflow)
}

/// The square root after `quote` went out: `P - ceil(quote·2^128 / L)`.
pub(crate) fn after_quote_out(sqrt: u128, liquidity: u128, quote: u64) -> Option<u128> {
    sqrt.checked_sub(shl_div_ceil(quote.into(), 128, liquidity)?)
}

/// The square root after `base` tokens came in: `ceil(L·P / (L + base·P))`.
pub(crate) fn after_base_in(sqrt: u128, liquidity: u128, base: u64) -> Result<u128, Error> {
    U256::from_u128(liquidity)
        .checked_add(U256::product(sqrt, base.into()))
        .and_then(|whole| ratio_ceil(U256::product(liquidity, sqrt), whole))
        .ok_or(Error::Overflow)
}

/// The square root after `base` tokens went out: `ceil(L·P / (L - base·P))`.
pub(crate) fn after_base_out(sqrt: u128, liquidity: u128, base: u64) -> Result<u128, Error> {
    U256::from_u128(liquidity)
        .checked_sub(U256::product(sqrt, base.into()))
        .and_then(|rest| ratio_ceil(U256::product(liquidity, sqrt), rest))
        .ok_or(Error::Overflow)
}

/// The distance between two square roots; none when there is none.
fn distance(low: u128, high: u128) -> Result<Option<u128>, Error> {
    let distance = high.checked_sub(low).ok_or(Error::Overflow)?;
    Ok(Some(distance).filter(|distance| *distance > 0))
}

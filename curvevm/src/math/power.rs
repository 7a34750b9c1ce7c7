//! Powers of Q64.64 numbers, to the unit as the fee schedules of Meteora's programs compute them.

use super::{U256, limb::mul_wide};

/// One in Q64.64.
pub const ONE_Q64: u128 = 1 << 64;

/// The greatest exponent of [`pow_q64`].
pub const POW_EXPONENT_MAX: u32 = 0x7_ffff;

/// `base ^ exponent` in Q64.64.
///
/// None when `exponent` is above [`POW_EXPONENT_MAX`], or when the power is so small that it is rounded to zero, or so
/// large (about 2^64) that its inverse is. An exponent of zero gives [`ONE_Q64`], whatever the base.
///
/// # Rounding
///
/// It is not that of the exact power: errors add up, and results have to be equal to others' to the unit. In this order:
///
/// 1. A base of one or more is inverted: `x = floor((2^128 - 1) / base)`; any other is `x`. Now `x` is below one.
/// 2. The bits of the exponent are taken from the lowest on, with `power` one at first. For a set bit,
///    `power = floor(power · x / 2^64)`; after each bit, `x = floor(x^2 / 2^64)`.
/// 3. If the base was inverted, the result is `floor((2^128 - 1) / power)`, otherwise `power`.
///
/// So a power of a base below one is never above the exact one, and one of exactly [`ONE_Q64`] is a little above one.
/// Callers that decay by nothing should not ask for a power at all.
pub fn pow_q64(base: u128, exponent: u32) -> Option<u128> {
    if exponent == 0 {
        return Some(ONE_Q64);
    }
    if exponent > POW_EXPONENT_MAX {
        return None;
    }
    let inverted = base >= ONE_Q64;
    let base = if inverted { inverse(base)? } else { base };
    let power = power_below_one(U256::from_u128(base).to_u64()?, exponent);
    match (power, inverted) {
        (0, _) => None,
        (power, true) => inverse(power.into()),
        (power, false) => Some(power.into()),
    }
}

/// Rule 2, for an exponent that is not zero. All numbers are below one and so fit a limb.
fn power_below_one(base: u64, exponent: u32) -> u64 {
    // The lowest set bit replaces one by `square`: one times `square` is exact.
    let mut square = base;
    for _ in 0..exponent.trailing_zeros() {
        square = mul_fraction(square, square);
    }
    let mut power = square;
    let mut bits = exponent.unbounded_shr(exponent.trailing_zeros()) >> 1;
    // At most 18 times: the exponent has 19 bits.
    while bits != 0 {
        square = mul_fraction(square, square);
        if bits & 1 != 0 {
            power = mul_fraction(power, square);
        }
        bits >>= 1;
    }
    power
}

/// `floor(a · b / 2^64)`.
const fn mul_fraction(a: u64, b: u64) -> u64 {
    mul_wide(a, b).0
}

/// `floor((2^128 - 1) / n)`; none when `n` is zero.
fn inverse(n: u128) -> Option<u128> {
    U256::from_u128(u128::MAX).div_rem(U256::from_u128(n))?.0.to_u128()
}

//! Quotients of products, with the rounding in their names.
//!
//! What a curve of constant liquidity `L` needs, with square-root prices `P`, `l ≤ u` in Q64.64 and amounts `x`:
//!
//! | value | how | width |
//! |---|---|---|
//! | `P·L / (L ± x·P)` | [`ratio_floor`], [`ratio_ceil`] of [`U256::product`]s | 256 / 193 bits |
//! | `L·(u - l) / (l·u)` | the same | 256 / 256 bits |
//! | `L·(u - l) / 2^128` | [`mul_shr_floor`], [`mul_shr_ceil`] | 256 bits |
//! | `x·2^128 / L` | [`shl_div_floor`], [`shl_div_ceil`] | 192 bits for a 64-bit `x` |

use super::{
    U256,
    limb::{Divisor, mul_wide},
};

/// `floor(a · b / divisor)`; none when the divisor is zero or the result does not fit.
pub fn mul_div_floor(a: u64, b: u64, divisor: u64) -> Option<u64> {
    mul_div(a, b, divisor).map(|(quotient, _)| quotient)
}

/// `ceil(a · b / divisor)`; none when the divisor is zero or the result does not fit.
pub fn mul_div_ceil(a: u64, b: u64, divisor: u64) -> Option<u64> {
    let (quotient, exact) = mul_div(a, b, divisor)?;
    quotient.checked_add(u64::from(!exact))
}

/// `floor(a · b / divisor)`; none when the divisor is zero or the result does not fit.
pub fn mul_div_floor_u128(a: u128, b: u128, divisor: u128) -> Option<u128> {
    ratio_floor(U256::product(a, b), U256::from_u128(divisor))
}

/// `ceil(a · b / divisor)`; none when the divisor is zero or the result does not fit.
pub fn mul_div_ceil_u128(a: u128, b: u128, divisor: u128) -> Option<u128> {
    ratio_ceil(U256::product(a, b), U256::from_u128(divisor))
}

/// `floor(numerator / denominator)`; none when the denominator is zero or the result does not fit.
pub fn ratio_floor(numerator: U256, denominator: U256) -> Option<u128> {
    numerator.div_rem(denominator)?.0.to_u128()
}

/// `ceil(numerator / denominator)`; none when the denominator is zero or the result does not fit.
pub fn ratio_ceil(numerator: U256, denominator: U256) -> Option<u128> {
    let (quotient, rest) = numerator.div_rem(denominator)?;
    quotient.to_u128()?.checked_add(u128::from(!rest.is_zero()))
}

/// `floor(a · b / 2^bits)`; none when the result does not fit or `bits` is above 255.
pub const fn mul_shr_floor(a: u128, b: u128, bits: u32) -> Option<u128> {
    match U256::product(a, b).shift_down(bits) {
        Some((quotient, _)) => Some(quotient),
        None => None,
    }
}

/// `ceil(a · b / 2^bits)`; none when the result does not fit or `bits` is above 255.
pub const fn mul_shr_ceil(a: u128, b: u128, bits: u32) -> Option<u128> {
    match U256::product(a, b).shift_down(bits) {
        Some((quotient, cut)) => quotient.checked_add(cut as u128),
        None => None,
    }
}

/// `floor(n · 2^bits / divisor)`; none when the divisor is zero, or the result or `n · 2^bits` does not fit 128 and 256 bits.
pub fn shl_div_floor(n: u128, bits: u32, divisor: u128) -> Option<u128> {
    ratio_floor(U256::from_u128(n).checked_shl(bits)?, U256::from_u128(divisor))
}

/// `ceil(n · 2^bits / divisor)`; none when the divisor is zero, or the result or `n · 2^bits` does not fit 128 and 256 bits.
pub fn shl_div_ceil(n: u128, bits: u32, divisor: u128) -> Option<u128> {
    ratio_ceil(U256::from_u128(n).checked_shl(bits)?, U256::from_u128(divisor))
}

/// `floor(a · b / divisor)`, and whether nothing is left; none when the divisor is zero or the quotient does not fit.
fn mul_div(a: u64, b: u64, divisor: u64) -> Option<(u64, bool)> {
    let (high, low) = mul_wide(a, b);
    if high == 0 {
        return Some((low.checked_div(divisor)?, low.checked_rem(divisor)? == 0));
    }
    if high >= divisor {
        return None;
    }
    let (normal, shift) = Divisor::normalized(divisor)?;
    let (high, low) = match shift {
        0 => (high, low),
        _ => (high << shift | low >> 64u32.wrapping_sub(shift), low << shift),
    };
    let (quotient, rest) = normal.divide(high, low);
    Some((quotient, rest == 0))
}

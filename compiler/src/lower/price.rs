//! Prices as modules have them: lines in Q64.64 and 2^-128, ratios, square roots in Q64.64.
//!
//! Ratios are exact. Everything else is rounded down. With the source's prices `f` and `t` for one base unit, `F = floor(f·2^64)`,
//! `T = floor(t·2^64)`, and over `n` base units the slope `b = floor((T - F)·2^64 / n)`:
//!
//! * at the start the compiled price is below the source's by less than one unit of 2^-64;
//! * at the end it is `F + b·n/2^64`, which is in `(T - 1, T]`, so below the source's by less than two such units;
//! * in between the error is linear, so that any purchase of up to `n` units is too cheap by less than `2·n/2^64`;
//! * a next piece that starts at `t` starts at `T`, so that rounding never makes the price fall; behind a piece of another kind,
//!   whose price at `t` is not rounded to the same step, it starts one step higher.

use curvevm::{
    math::{U256, isqrt_u256, ratio_ceil},
    module::PieceKind,
    types::{Base, Quote},
};

use crate::hir::Price;

/// Limbs of a [`Wide`]: a mantissa of 127 bits, up to 128 for the fraction, and room for factors of ten.
const LIMBS: usize = 5;

/// The start and the slope of a linear piece, as the module has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) start: u128,
    pub(super) slope: u128,
    /// In units of 2^-64, rounded up: the compiled price is less than this below the source's.
    pub(super) error_max: u64,
}

impl Line {
    /// The line from one price to another over `length` base units of a token, behind a piece whose price ends at `before`; none
    /// when it does not fit.
    pub(super) fn between(
        (from, to): (Price, Price),
        length: u64,
        decimals: u8,
        before: Option<u128>,
    ) -> Option<Self> {
        let (low, high) = (q64_floor(from, decimals)?, q64_floor(to, decimals)?);
        let start = joined(low, before);
        let rise = high.max(start).checked_sub(start).filter(|_| high >= low)?;
        let length = u128::from(length);
        let (whole, rest) = (rise.checked_div(length)?, rise.checked_rem(length)?);
        let whole = u64::try_from(whole).ok()?;
        let slope = (u128::from(whole) << 64) + (rest << 64) / length;
        let is_exact = (rest << 64) % length == 0;
        Some(Self { start, slope, error_max: if is_exact { 1 } else { 2 } })
    }
}

/// Where a piece starts whose source says a price of `low` rounded down: higher by one step when the piece before ends there, so
/// that rounding does not make the price fall.
pub(super) fn joined(low: u128, before: Option<u128>) -> u128 {
    before.filter(|before| low.checked_add(1) == Some(*before)).unwrap_or(low)
}

/// The price at the end of a piece of the module that sells `sell` tokens, in units of 2^-64 and rounded up; none when it does not
/// fit.
pub(super) fn end_q64_ceil(kind: &PieceKind, sell: Base) -> Option<u128> {
    match *kind {
        PieceKind::ConstantProduct { virtual_quote, virtual_base, .. } => {
            let left = u128::from(virtual_base.get().checked_sub(sell.get())?);
            let product = U256::product(virtual_quote.get().into(), virtual_base.get().into());
            ratio_ceil(product.checked_shl(64)?, U256::product(left, left))
        }
        PieceKind::Linear { start, slope, .. } => {
            let risen = U256::product(slope, sell.get().into());
            ratio_ceil(risen, U256::from_u128(1 << 64))?.checked_add(start)
        }
        PieceKind::FixedPrice { quote, base } => ratio_ceil(
            U256::from_u128(u128::from(quote.get()) << 64),
            U256::from_u128(base.get().into()),
        ),
        PieceKind::ConstantLiquidity { sqrt_end, .. } => {
            ratio_ceil(U256::product(sqrt_end, sqrt_end), U256::from_u128(1 << 64))
        }
    }
}

/// A price as quote base units for so many base units of a token, in lowest terms; none when it does not fit.
pub(super) fn ratio(price: Price, decimals: u8) -> Option<(Quote, Base)> {
    let exponent = price.exponent.checked_sub(i16::from(decimals))?;
    let power = 10u128.checked_pow(u32::from(exponent.unsigned_abs()))?;
    let (quote, base) = if exponent < 0 {
        (price.mantissa, power)
    } else {
        (price.mantissa.checked_mul(power)?, 1)
    };
    let common = greatest_common_divisor(quote, base);
    let quote = u64::try_from(quote.checked_div(common)?).ok()?;
    let base = u64::try_from(base.checked_div(common)?).ok()?;
    Some((Quote::new(quote), Base::new(base)))
}

/// The square root of a price for one base unit, in units of 2^-64, rounded down, of a piece behind one whose price ends at
/// `before`; none when the price does not fit.
pub(super) fn sqrt_q64(price: Price, decimals: u8, before: Option<u128>) -> Option<u128> {
    let low = q64_floor(price, decimals)?;
    // Rounding under the root does not change the root rounded down.
    let wide = Wide::shifted_twice(price.mantissa).scaled(price, decimals)?;
    let root = wide.to_u256().map(isqrt_u256)?;
    let Some(before) = before.filter(|before| [low, joined(low, Some(*before))].contains(before))
    else {
        return Some(root);
    };
    // The least whose square is not below the price before.
    let square = U256::from_u128(before).checked_shl(64)?;
    let least = isqrt_u256(square);
    let least = if U256::product(least, least) < square { least.checked_add(1)? } else { least };
    Some(root.max(least))
}

/// `floor` of a price for one base unit, in units of 2^-64; none when it does not fit.
fn q64_floor(price: Price, decimals: u8) -> Option<u128> {
    Wide::shifted(price.mantissa).scaled(price, decimals)?.to_u128()
}

const fn greatest_common_divisor(mut a: u128, mut b: u128) -> u128 {
    // Euclid's: the remainder halves in two steps.
    while b > 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// An unsigned integer, least limb first.
#[derive(Clone, Copy, Debug)]
struct Wide([u64; LIMBS]);

impl Wide {
    /// `value · 2^64`.
    const fn shifted(value: u128) -> Self {
        Self([0, value as u64, (value >> 64) as u64, 0, 0])
    }

    /// `value · 2^128`.
    const fn shifted_twice(value: u128) -> Self {
        Self([0, 0, value as u64, (value >> 64) as u64, 0])
    }

    /// Times the power of ten of a price of one base unit, rounded down.
    fn scaled(mut self, price: Price, decimals: u8) -> Option<Self> {
        let exponent = price.exponent.checked_sub(i16::from(decimals))?;
        // Dividing by ten again and again, rounding down each time, is dividing once by the power, rounding down.
        for _ in 0..exponent.unsigned_abs() {
            self = if exponent < 0 { self.tenth_floor() } else { self.times_ten()? };
        }
        Some(self)
    }

    fn times_ten(mut self) -> Option<Self> {
        let mut carry = 0u128;
        for limb in &mut self.0 {
            let product = u128::from(*limb) * 10 + carry;
            *limb = product as u64;
            carry = product >> 64;
        }
        (carry == 0).then_some(self)
    }

    fn tenth_floor(mut self) -> Self {
        let mut rest = 0u128;
        for limb in self.0.iter_mut().rev() {
            let value = rest << 64 | u128::from(*limb);
            *limb = (value / 10) as u64;
            rest = value % 10;
        }
        self
    }

    fn to_u256(self) -> Option<U256> {
        let [a, b, c, d, rest] = self.0.map(u128::from);
        (rest == 0).then(|| U256::from_parts(d << 64 | c, b << 64 | a))
    }

    fn to_u128(self) -> Option<u128> {
        let [low, high, rest @ ..] = self.0;
        (rest == [0; LIMBS - 2]).then_some(u128::from(high) << 64 | u128::from(low))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Line, q64_floor, ratio, sqrt_q64};
    use crate::hir::Price;

    #[test]
    fn ratios_are_exact_and_in_lowest_terms() {
        let ratio = |mantissa, exponent, decimals| {
            let found = ratio(Price { mantissa, exponent }, decimals);
            found.map(|(quote, base)| (quote.get(), base.get()))
        };
        assert_eq!(ratio(28, 0, 6), Some((7, 250_000)));
        assert_eq!(ratio(1, 9, 6), Some((1_000, 1)));
        assert_eq!(ratio(0, 9, 6), Some((0, 1)));
        assert_eq!(ratio(1, -20, 6), None);
        assert_eq!(ratio(1 << 70, 0, 0), None);
    }

    #[test]
    fn square_roots_are_rounded_down() {
        let root =
            |mantissa, exponent, decimals| sqrt_q64(Price { mantissa, exponent }, decimals, None);
        assert_eq!(root(4, 0, 0), Some(2 << 64));
        assert_eq!(root(2, 0, 0), Some(26_087_635_650_665_564_424));
        assert_eq!(root(1, -6, 0), Some((1u128 << 64) / 1_000));
        assert_eq!(root(1, 0, 6), Some((1u128 << 64) / 1_000));
        assert_eq!(root(u128::MAX >> 1, 9, 0), None);
    }

    #[test]
    fn prices_are_rounded_down() {
        let price = |mantissa, exponent| Price { mantissa, exponent };
        assert_eq!(q64_floor(price(1, 0), 0), Some(1 << 64));
        assert_eq!(q64_floor(price(15, -1), 0), Some(3 << 63));
        assert_eq!(q64_floor(price(1, 0), 1), Some((1u128 << 64) / 10));
        assert_eq!(q64_floor(price(28, 0), 6), Some((28u128 << 64) / 1_000_000));
        assert_eq!(q64_floor(price(1, -38), 18), Some(0));
        assert_eq!(q64_floor(price(1 << 64, 0), 0), None);
        assert_eq!(q64_floor(price(u128::MAX, 9), 0), None);
        assert_eq!(q64_floor(price((1 << 64) - 1, 0), 0), Some(((1 << 64) - 1) << 64));
    }

    #[test]
    fn a_line_without_length_that_falls_or_is_too_steep_is_none() {
        let price = |mantissa| Price { mantissa, exponent: 0 };
        assert_eq!(Line::between((price(1), price(2)), 0, 0, None), None);
        assert_eq!(Line::between((price(2), price(1)), 1, 0, None), None);
        assert_eq!(Line::between((price(0), price(1)), 1, 0, None), None);
        assert_eq!(Line::between((price(0), price(1)), 2, 0, None).unwrap().slope, 1 << 127);
    }

    proptest! {
        /// The end is reached from below, by less than one unit of the rounded target.
        #[test]
        fn the_end_is_reached(
            from in 0u128..1 << 60, rise in 0u128..1 << 60, scale in 0i16..20, decimals in 0u8..=18,
            length in 1u64..,
        ) {
            let price = |mantissa| Price { mantissa, exponent: 9 - scale };
            let (Some(target), Some(line)) = (
                q64_floor(price(from + rise), decimals),
                Line::between((price(from), price(from + rise)), length, decimals, None),
            ) else { return Ok(()) };
            let length = u128::from(length);
            // b·n in two halves, since it has up to 192 bits.
            let (high, low) = ((line.slope >> 64) * length, (line.slope & u128::from(u64::MAX)) * length);
            let reached = line.start + high + (low >> 64);
            let exact = low & u128::from(u64::MAX) == 0;
            prop_assert!(reached == target || !exact && reached + 1 == target);
            prop_assert_eq!(line.error_max == 1, reached == target && exact);
        }
    }
}

//! Linear: the price `a + b·s` over the tokens `s` sold in the piece.
//!
//! The area under it from `s` to `s + d` is `a·d + b·d·(2·s + d)/2`, kept exactly in units of 2^-129. Its inverse is the positive
//! root of a quadratic equation, `2·A / (p + √(p² + 4·b·A))` for the area `A` ahead of the price `p`, which loses nothing to
//! cancellation; the numbers are cut to what the square root takes, and the result is then corrected against the exact area.

use super::{Inside, narrow};
use crate::{
    error::Error,
    math::{U256, isqrt_u256, ratio_floor},
    module::Rounding,
};

/// Prices of linear pieces are Q64.64 and slopes 2^-128, so that halves of products are units of 2^-129.
pub(super) const AREA_SHIFT: u32 = 129;
/// From the units of `price · base` (2^-64) to those of [`AREA_SHIFT`].
const PRICE_SHIFT: u32 = 65;
/// The most bits of a price whose square a square root takes.
const ROOT_BITS: u32 = 127;
/// Steps by which an approximate root may be off; it never is by more than two.
const CORRECTIONS_MAX: usize = 4;

/// A linear piece and where it stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line {
    start: u128,
    slope: u128,
    sold: u64,
    /// The reserve, for the profile that counts it.
    counted: Option<u64>,
}

/// The most tokens, up to `most`, whose area from `sold` on is at most `area`. By reference, as a call on Solana passes five words.
struct Aim {
    sold: u64,
    area: U256,
    most: u64,
}

impl Line {
    pub(super) fn new((start, slope): (u128, u128), rounding: Rounding, at: Inside) -> Self {
        let counted = match rounding {
            Rounding::Cumulative => at.reserve,
            Rounding::Ceiling | Rounding::FloorPlusOne => None,
        };
        Self { start, slope, sold: at.sold, counted }
    }

    /// Quote and base of the marginal price.
    pub(super) fn price(&self) -> Result<(U256, U256), Error> {
        let start = U256::from_parts(self.start >> 64, self.start << 64);
        let growth = U256::product(self.slope, self.sold.into());
        Ok((start.checked_add(growth).ok_or(Error::Overflow)?, U256::from_parts(1, 0)))
    }

    pub(super) fn cost(&self, base: u64) -> Result<u64, Error> {
        let Some(reserve) = self.counted else { return up(self.area(self.sold, base)?) };
        let sold = self.sold.checked_add(base).ok_or(Error::Overflow)?;
        // What earlier trades left may pay for all of it.
        Ok(up(self.area(0, sold)?)?.saturating_sub(reserve))
    }

    /// At most one more than `most`.
    pub(super) fn bought(&self, quote: u64, most: u64) -> Result<u64, Error> {
        let most = most.saturating_add(1);
        let Some(reserve) = self.counted else {
            return self.reach(&Aim { sold: self.sold, area: units(quote.into()), most });
        };
        let whole = u128::from(reserve).saturating_add(quote.into());
        let most = self.sold.saturating_add(most);
        let sold = self.reach(&Aim { sold: 0, area: units(whole), most })?;
        Ok(sold.saturating_sub(self.sold))
    }

    pub(super) fn proceeds(&self, base: u64) -> Result<u64, Error> {
        let rest = self.sold.checked_sub(base).ok_or(Error::SellExceedsSold)?;
        match self.counted {
            None => down(self.area(rest, base)?),
            Some(reserve) => {
                reserve.checked_sub(up(self.area(0, rest)?)?).ok_or(Error::InsufficientReserve)
            }
        }
    }

    pub(super) fn given(&self, quote: u64) -> Result<Option<u64>, Error> {
        let area = match self.counted {
            None => self.area(0, self.sold)?.checked_sub(units(quote.into())),
            Some(reserve) => reserve.checked_sub(quote).map(|rest| units(rest.into())),
        };
        let Some(area) = area else { return Ok(None) };
        Ok(self.sold.checked_sub(self.reach(&Aim { sold: 0, area, most: self.sold })?))
    }

    /// The area from `sold` on over `base` tokens, in units of 2^-129.
    fn area(&self, sold: u64, base: u64) -> Result<U256, Error> {
        let twice = u128::from(sold).saturating_mul(2).saturating_add(base.into());
        let weight = U256::product(twice, base.into()).to_u128().ok_or(Error::Overflow)?;
        U256::product(self.start, base.into())
            .checked_shl(PRICE_SHIFT)
            .and_then(|flat| flat.checked_add(U256::product(self.slope, weight)))
            .ok_or(Error::Overflow)
    }

    /// The tokens that an aim reaches.
    fn reach(&self, aim: &Aim) -> Result<u64, Error> {
        let Aim { sold, area, most } = *aim;
        let mut base = self.root(sold, area)?.min(most);
        let fits = |base| self.area(sold, base).is_ok_and(|whole| whole <= area);
        for _ in 0..CORRECTIONS_MAX {
            if base == 0 || fits(base) {
                break;
            }
            base = base.saturating_sub(1);
        }
        for _ in 0..CORRECTIONS_MAX {
            let next = base.saturating_add(1);
            if next > most || !fits(next) {
                break;
            }
            base = next;
        }
        Ok(base)
    }

    /// The root of the quadratic equation, within two of the exact one; at most 2^64 - 1.
    fn root(&self, sold: u64, area: U256) -> Result<u64, Error> {
        // Else a price of zero would be divided by.
        if area.is_zero() {
            return Ok(0);
        }
        let growth = U256::product(self.slope, u128::from(sold).saturating_mul(2));
        let price = U256::from_u128(self.start)
            .checked_shl(PRICE_SHIFT)
            .and_then(|start| start.checked_add(growth))
            .ok_or(Error::Overflow)?;
        if self.slope == 0 {
            return Ok(saturate(ratio_floor(area, price)));
        }
        let slope_bits = U256::from_u128(self.slope).bit_length();
        // Four times slope and area in 254 bits, and the price in half as many.
        let spare = slope_bits.saturating_add(area.bit_length()).saturating_sub(252).div_ceil(2);
        let cut = price.bit_length().saturating_sub(ROOT_BITS).max(spare);
        let cut_price = price.checked_shr(cut).and_then(U256::to_u128).ok_or(Error::Overflow)?;
        let rise = area
            .checked_shr(cut.saturating_mul(2))
            .and_then(|area| area.checked_mul(self.slope))
            .and_then(|rise| rise.checked_shl(2))
            .ok_or(Error::Overflow)?;
        let square =
            U256::product(cut_price, cut_price).checked_add(rise).ok_or(Error::Overflow)?;
        let divisor = U256::from_u128(cut_price).checked_add(isqrt_u256(square).into());
        let twice = area.checked_shl(1).and_then(|twice| twice.checked_shr(cut));
        let (divisor, twice) = divisor.zip(twice).ok_or(Error::Overflow)?;
        Ok(saturate(ratio_floor(twice, divisor)))
    }
}

/// A quotient in 64 bits; a larger one, and one by zero, is the largest.
fn saturate(quotient: Option<u128>) -> u64 {
    quotient.and_then(|quotient| u64::try_from(quotient).ok()).unwrap_or(u64::MAX)
}

/// Quote in units of 2^-129; `quote` is at most 2^65.
fn units(quote: u128) -> U256 {
    U256::from_parts(quote.saturating_mul(2), 0)
}

fn down(area: U256) -> Result<u64, Error> {
    narrow(area.checked_shr(AREA_SHIFT).and_then(U256::to_u128))
}

fn up(area: U256) -> Result<u64, Error> {
    let (floor, cut) = area.shift_down(AREA_SHIFT).ok_or(Error::Overflow)?;
    narrow(floor.checked_add(u128::from(cut)))
}

//! The price inside one piece.
//!
//! Constant product, virtual reserves `VS` (quote) and `VT` (base), from pump.fun's public documentation:
//! cost of `t` tokens `floor(t·VS / (VT - t)) + 1`, tokens for `s` quote `floor((s-1)·VT / (VS + s - 1))`, proceeds of `t`
//! tokens `floor(t·VS / (VT + t))`. The profile `Ceiling` has `ceil(t·VS / (VT - t))` and `floor(s·VT / (VS + s))` instead.
//!
//! Linear, price `a + b·s`: cost from `s` to `s + d` is `ceil(a·d + b·d·(2s + d)/2)`, in units of 2^-129 before rounding.

use crate::{
    error::Error,
    math::{U256, mul_div_ceil, mul_div_floor},
    module::{PieceKind, Rounding},
};

/// Prices of linear pieces are Q64.64 and slopes 2^-128, so that halves of products are units of 2^-129.
const LINEAR_SHIFT: u32 = 129;
/// From the units of `price · base` (2^-64) to those of [`LINEAR_SHIFT`].
const PRICE_SHIFT: u32 = 65;
/// Steps of a bisection over 64 bits.
const BISECTION_STEPS_MAX: u32 = 65;

/// Where a piece stands: tokens sold from it and quote collected in it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Inside {
    pub(super) sold: u64,
    pub(super) reserve: u64,
}

/// Quote for exactly `base` tokens, rounded up.
pub(super) fn cost(kind: &PieceKind, at: Inside, base: u64) -> Result<u64, Error> {
    match kind {
        PieceKind::ConstantProduct { rounding, .. } => {
            let (vs, vt) = virtual_reserves(kind, at)?;
            let rest = vt.checked_sub(base).filter(|rest| *rest > 0).ok_or(Error::Overflow)?;
            match rounding {
                Rounding::Ceiling | Rounding::Cumulative => mul_div_ceil(base, vs, rest),
                Rounding::FloorPlusOne => {
                    mul_div_floor(base, vs, rest).and_then(|cost| cost.checked_add(1))
                }
            }
            .ok_or(Error::Overflow)
        }
        PieceKind::Linear { start, slope, .. } => {
            let (floor, cut) = area(*start, *slope, at.sold, base)?;
            floor.checked_add(u64::from(cut)).ok_or(Error::Overflow)
        }
        PieceKind::FixedPrice { .. } | PieceKind::ConstantLiquidity { .. } => {
            Err(Error::InvalidModule)
        }
    }
}

/// Tokens for at most `quote`, rounded down; at most `most`.
pub(super) fn bought(kind: &PieceKind, at: Inside, quote: u64, most: u64) -> Result<u64, Error> {
    match kind {
        PieceKind::ConstantProduct { rounding, .. } => {
            let (vs, vt) = virtual_reserves(kind, at)?;
            let effective = match rounding {
                Rounding::Ceiling | Rounding::Cumulative => quote,
                Rounding::FloorPlusOne => quote.saturating_sub(1),
            };
            let whole = vs.checked_add(effective).ok_or(Error::Overflow)?;
            Ok(mul_div_floor(effective, vt, whole).ok_or(Error::Overflow)?.min(most))
        }
        PieceKind::FixedPrice { .. } | PieceKind::ConstantLiquidity { .. } => {
            Err(Error::InvalidModule)
        }
        PieceKind::Linear { .. } => bisect(most, |base| Ok(cost(kind, at, base)? <= quote)),
    }
}

/// Quote for giving back exactly `base` tokens, rounded down.
pub(super) fn proceeds(kind: &PieceKind, at: Inside, base: u64) -> Result<u64, Error> {
    match kind {
        PieceKind::ConstantProduct { .. } => {
            let (vs, vt) = virtual_reserves(kind, at)?;
            let whole = vt.checked_add(base).ok_or(Error::Overflow)?;
            mul_div_floor(base, vs, whole).ok_or(Error::Overflow)
        }
        PieceKind::Linear { start, slope, .. } => {
            let from = at.sold.checked_sub(base).ok_or(Error::SellExceedsSold)?;
            Ok(area(*start, *slope, from, base)?.0)
        }
        PieceKind::FixedPrice { .. } | PieceKind::ConstantLiquidity { .. } => {
            Err(Error::InvalidModule)
        }
    }
}

/// The fewest tokens whose proceeds are at least `quote`; at most what the piece has sold, and then maybe too few.
pub(super) fn given(kind: &PieceKind, at: Inside, quote: u64) -> Result<u64, Error> {
    match kind {
        PieceKind::ConstantProduct { .. } => {
            let (vs, vt) = virtual_reserves(kind, at)?;
            let Some(rest) = vs.checked_sub(quote).filter(|rest| *rest > 0) else {
                return Ok(at.sold);
            };
            Ok(mul_div_ceil(quote, vt, rest).unwrap_or(u64::MAX).min(at.sold))
        }
        PieceKind::FixedPrice { .. } | PieceKind::ConstantLiquidity { .. } => {
            Err(Error::InvalidModule)
        }
        PieceKind::Linear { .. } => {
            let below = bisect(at.sold, |base| Ok(proceeds(kind, at, base)? < quote))?;
            Ok(if quote == 0 { 0 } else { below.saturating_add(1).min(at.sold) })
        }
    }
}

fn virtual_reserves(kind: &PieceKind, at: Inside) -> Result<(u64, u64), Error> {
    let PieceKind::ConstantProduct { virtual_quote, virtual_base, .. } = kind else {
        return Err(Error::InvalidModule);
    };
    let vs = virtual_quote.get().checked_add(at.reserve).ok_or(Error::Overflow)?;
    let vt = virtual_base.get().checked_sub(at.sold).ok_or(Error::Overflow)?;
    Ok((vs, vt))
}

/// `floor` of the price integrated from `sold` to `sold + base`, and whether anything was cut off.
fn area(start: u128, slope: u128, sold: u64, base: u64) -> Result<(u64, bool), Error> {
    let twice = u128::from(sold).checked_mul(2).and_then(|s| s.checked_add(u128::from(base)));
    let weight = twice.and_then(|t| t.checked_mul(u128::from(base))).ok_or(Error::Overflow)?;
    let sum = U256::product(start, u128::from(base))
        .checked_shl(PRICE_SHIFT)
        .and_then(|flat| flat.checked_add(U256::product(slope, weight)))
        .and_then(|sum| sum.shift_down(LINEAR_SHIFT))
        .ok_or(Error::Overflow)?;
    Ok((u64::try_from(sum.0).map_err(|_| Error::Overflow)?, sum.1))
}

/// The largest `n` up to `most` for which `holds`, which must be true up to some `n` and false from there on; zero when it
/// never is.
fn bisect(most: u64, holds: impl Fn(u64) -> Result<bool, Error>) -> Result<u64, Error> {
    let (mut low, mut high) = (0u64, most);
    for _ in 0..BISECTION_STEPS_MAX {
        if low >= high {
            break;
        }
        // Rounded up, so that the range always shrinks.
        let middle = high.saturating_sub(high.saturating_sub(low) >> 1);
        if holds(middle)? {
            low = middle;
        } else {
            high = middle.saturating_sub(1);
        }
    }
    Ok(low)
}

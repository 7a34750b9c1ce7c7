//! Pricing: what an order on a curve fills, what it costs and what the curve is after it.
//!
//! [`buy`] and [`sell`] are both the quote and the execution, so that they cannot differ.
//!
//! # Invariants
//!
//! 1. Amounts are rounded against the trader: costs and fees up, tokens and proceeds down.
//! 2. The reserve of a curve covers the sale of all tokens sold, in any order and any split.
//! 3. Limits are compared net of all fees.

mod fees;
mod piece;
mod position;
pub mod verify;

use crate::{
    cell::{Curve, Mark, Phase},
    error::Error,
    module::{Graduation, Module},
    program::{BuyOrder, SellOrder},
    receipt::{FeeSplit, TakenFees},
    types::{Base, Quote},
};
use position::Position;

/// What a trade's price depends on besides the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// The block's time, in milliseconds since 1970.
    pub time_ms: u64,
    /// Whether the order names a referrer.
    pub referred: bool,
}

/// What an order fills.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fill {
    /// Tokens that change hands.
    pub base: Base,
    /// Quote that the curve takes or gives, fees not included.
    pub quote: Quote,
    /// The fees.
    pub fees: TakenFees,
    /// What the trader pays or receives in quote, fees included.
    pub trader_quote: Quote,
    /// What the trader receives or gives in tokens, fees included.
    pub trader_base: Base,
    /// Whether the order was cut at the end of the curve.
    pub partial: bool,
    /// Tokens sold after it.
    pub sold_after: Base,
    /// The reserve after it.
    pub reserve_after: Quote,
    /// The square root of the price after it, see [`Curve::sqrt_price`].
    pub sqrt_price_after: u128,
    marks_after: alloc::vec::Vec<Mark>,
}

/// What a purchase fills on a curve in its present state.
///
/// # Errors
///
/// [`Error::ZeroAmount`], [`Error::CurveComplete`], [`Error::Dust`], [`Error::LimitNotMet`], [`Error::Overflow`].
pub fn buy(
    module: &Module,
    curve: &Curve,
    order: &BuyOrder,
    _terms: &Terms,
) -> Result<Fill, Error> {
    if curve.phase != Phase::Trading {
        return Err(Error::CurveComplete);
    }
    let fill = match *order {
        BuyOrder::ExactIn { quote, .. } => buy_exact_in(module, curve, quote)?,
        BuyOrder::ExactOut { base, .. } => buy_exact_out(module, curve, base)?,
    };
    if fill.base.is_zero() {
        return Err(Error::Dust);
    }
    let met = match *order {
        BuyOrder::ExactIn { base_min, .. } if !fill.partial => fill.base >= base_min,
        // A partial fill keeps the worst price that the order accepts.
        BuyOrder::ExactIn { quote, base_min } => fill.is_at_least_rate(base_min, quote),
        BuyOrder::ExactOut { quote_max: Quote::MAX, .. } => true,
        BuyOrder::ExactOut { base, quote_max } => fill.is_at_least_rate(base, quote_max),
    };
    if met { Ok(fill) } else { Err(Error::LimitNotMet) }
}

/// What a sale fills on a curve in its present state.
///
/// # Errors
///
/// [`Error::ZeroAmount`], [`Error::SellExceedsSold`], [`Error::InsufficientReserve`], [`Error::Dust`],
/// [`Error::LimitNotMet`], [`Error::Overflow`].
pub fn sell(
    module: &Module,
    curve: &Curve,
    order: &SellOrder,
    _terms: &Terms,
) -> Result<Fill, Error> {
    let mut position = Position::of(curve);
    let base = match *order {
        SellOrder::ExactIn { base, .. } => base,
        SellOrder::ExactOut { quote, .. } => {
            if quote.is_zero() {
                return Err(Error::ZeroAmount);
            }
            position.base_for(module, fees::gross_for(&module.fees, quote)?)?
        }
    };
    if base.is_zero() {
        return Err(Error::ZeroAmount);
    }
    if base > curve.sold {
        return Err(Error::SellExceedsSold);
    }
    let quote = position.give(module, base)?;
    let fees = fees::on(&module.fees, quote)?;
    let trader_quote = quote.checked_sub(fees::total(&fees)?).ok_or(Error::Dust)?;
    if trader_quote.is_zero() {
        return Err(Error::Dust);
    }
    let met = match *order {
        SellOrder::ExactIn { quote_min, .. } => trader_quote >= quote_min,
        SellOrder::ExactOut { quote, base_max } => trader_quote >= quote && base <= base_max,
    };
    if !met {
        return Err(Error::LimitNotMet);
    }
    Ok(fill(base, quote, fees, trader_quote, position))
}

impl Fill {
    /// Whether the trader gets at least as many tokens for their quote as `base` for `quote`.
    fn is_at_least_rate(&self, base: Base, quote: Quote) -> bool {
        let got = u128::from(self.base.get()).saturating_mul(u128::from(quote.get()));
        got >= u128::from(base.get()).saturating_mul(u128::from(self.trader_quote.get()))
    }

    /// Writes the state after the order into the curve.
    pub(crate) fn settle(self, module: &Module, curve: &mut Curve) -> Result<(), Error> {
        let TakenFees::Quote(fees) = self.fees else { return Err(Error::Overflow) };
        for (accrued, fee) in [
            (&mut curve.fees.protocol.quote, fees.protocol),
            (&mut curve.fees.creator.quote, fees.creator),
            (&mut curve.fees.partner.quote, fees.partner),
        ] {
            *accrued = accrued.checked_add(fee).ok_or(Error::Overflow)?;
        }
        curve.sold = self.sold_after;
        curve.reserve = self.reserve_after;
        curve.sqrt_price = self.sqrt_price_after;
        curve.marks = self.marks_after;
        curve.phase = if is_complete(module, curve) { Phase::Complete } else { Phase::Trading };
        Ok(())
    }
}

fn is_complete(module: &Module, curve: &Curve) -> bool {
    let raised = match module.graduation {
        Graduation::SoldOut => false,
        Graduation::Raised(target) => curve.reserve >= target,
    };
    raised || curve.sold >= module.sale_end()
}

fn buy_exact_in(module: &Module, curve: &Curve, quote: Quote) -> Result<Fill, Error> {
    if quote.is_zero() {
        return Err(Error::ZeroAmount);
    }
    let net = fees::net_of(&module.fees, quote)?;
    let budget = net.min(room(module, curve)?);
    let mut position = Position::of(curve);
    let (base, used) = position.take_for(module, budget)?;
    let fees = fees::on(&module.fees, used)?;
    let paid = used.checked_add(fees::total(&fees)?).ok_or(Error::Overflow)?;
    Ok(Fill { partial: used < net, ..fill(base, used, fees, paid, position) })
}

fn buy_exact_out(module: &Module, curve: &Curve, base: Base) -> Result<Fill, Error> {
    if base.is_zero() {
        return Err(Error::ZeroAmount);
    }
    let left = module.sale_end().checked_sub(curve.sold).ok_or(Error::Overflow)?;
    let mut filled = base.min(left);
    let mut position = Position::of(curve);
    let mut used = position.take(module, filled)?;
    let room = room(module, curve)?;
    if used > room {
        position = Position::of(curve);
        (filled, used) = position.take_for(module, room)?;
    }
    let fees = fees::on(&module.fees, used)?;
    let paid = used.checked_add(fees::total(&fees)?).ok_or(Error::Overflow)?;
    Ok(Fill { partial: filled < base, ..fill(filled, used, fees, paid, position) })
}

/// Quote that the curve still takes before it is complete: what is left to its target, and at least what one more unit
/// costs, so that a remainder too small to buy anything cannot keep it from completing.
fn room(module: &Module, curve: &Curve) -> Result<Quote, Error> {
    let target = match module.graduation {
        Graduation::SoldOut => return Ok(Quote::MAX),
        Graduation::Raised(target) => target,
    };
    let left = target.checked_sub(curve.reserve).unwrap_or(Quote::ZERO);
    let unit = Position::of(curve).take(module, Base::new(1))?;
    // One more: the profile that adds a unit to a cost takes one off a budget.
    let least = unit.checked_add(Quote::new(1)).ok_or(Error::Overflow)?;
    Ok(left.max(least))
}

fn fill(
    base: Base,
    quote: Quote,
    fees: FeeSplit<Quote>,
    trader_quote: Quote,
    after: Position,
) -> Fill {
    Fill {
        base,
        quote,
        fees: TakenFees::Quote(fees),
        trader_quote,
        trader_base: base,
        partial: false,
        sold_after: after.sold,
        reserve_after: after.reserve,
        sqrt_price_after: after.sqrt_price,
        marks_after: after.marks,
    }
}

#[cfg(test)]
#[cfg(any())]
mod tests;

//! Pricing: what an order on a curve fills, what it costs and what the curve is after it.
//!
//! [`buy`] and [`sell`] are both the quote and the execution, so that they cannot differ.
//!
//! # Status
//!
//! Experimental.
//!
//! # Where a curve stands
//!
//! The state of a curve is the number of tokens sold, the reserve, the square root of the price, and a *mark* for each piece that
//! was entered after the first: the tokens that were sold then. The piece that was entered last is the present one.
//!
//! * A piece of constant product, linear or fixed price stands where the tokens sold from it say: those sold in all less its mark.
//!   It is left upwards when its length is sold, and downwards when nothing of it is.
//! * Pieces of constant liquidity stand next to one another, and there the square root of the price says where the curve is, as in
//!   Meteora DBC: such a piece is left for the next one when the square root reaches its end. As tokens are rounded down when they
//!   are bought and up when they are sold, fewer are sold than the price implies, by less than one a trade. So a piece may end before
//!   [`Piece::end`] is sold, which is why the marks are kept. The lowest of these pieces is left for a piece of another kind below
//!   when the tokens sold from them have come back; the square root stays where it is then, and they go on from there.
//! * At a boundary a purchase leaves the curve in the piece below it, a sale in the piece above it; the next trade goes where it has
//!   to. So the price is the one of the last unit that was traded.
//!
//! # What the reserve counts for
//!
//! A piece that is alone in its module is priced as its launchpad prices: pieces of constant product and linear ones of the profile
//! [`Cumulative`] count the reserve as it is, with what the rounding of earlier trades left in it. Where pieces are joined, prices
//! depend on the tokens sold (or the square root of the price) alone, and what rounding leaves is not counted: else the price could
//! fall from one piece to the next, and what others left could be taken out by crossing a boundary twice.
//!
//! # The end
//!
//! A curve is complete when its pieces are sold out, or when its reserve has reached the target of [`Graduation::Raised`]. A purchase
//! is cut at the point of graduation: the end of the pieces, or the first point at which the tokens below it, bought at once, have
//! cost the target. Everything rounds in the reserve's favour, so that the target is reached there at the latest. Where less than a
//! whole token is left in a piece of constant liquidity, or no more tokens than a fee in tokens takes, the purchase that completes
//! the curve receives nothing for the few units that it pays, as on Meteora DBC; any limit refuses that, and no other purchase is
//! filled without tokens.
//!
//! # Invariants
//!
//! 1. Amounts are rounded against the trader: costs and fees up, tokens and proceeds down. An exact-in purchase uses all of its
//!    quote, an exact-out sale gives the quote that was asked for and no more.
//! 2. The reserve of a curve covers the sale of all tokens sold, in any order and any split.
//! 3. Limits are compared net of all fees; a partial fill keeps the worst price that the order accepts.
//! 4. The marginal price never falls by a purchase and never rises by a sale.
//! 5. Who ends with the tokens that they began with has not gained quote, and splitting an order does not pay.
//! 6. [`Cumulative`] pieces are the exception to 5: there a trade costs or yields the difference of two rounded-up reserves, so that
//!    what others left in the reserve goes to who trades next. It is never more than that: the reserve always holds what the formula
//!    gives for the tokens sold, and nobody gains who trades alone on a curve that holds no more.
//!
//! [`Cumulative`]: crate::module::Rounding::Cumulative
//! [`Piece::end`]: crate::module::Piece::end

mod graduation;
mod kind;
mod position;
mod price;
pub mod quote;
pub mod verify;

use alloc::vec::Vec;

use crate::{
    cell::{Curve, Phase},
    error::Error,
    fees::Tariff,
    module::{BPS, FeeSide, Graduation, Module, Vault},
    program::{BuyOrder, SellOrder},
    receipt::{Side, TakenFees},
    types::{Base, Quote},
};
pub use kind::liquidity::{SQRT_PRICE_MAX, SQRT_PRICE_MIN};
use position::{Moved, Position};
pub use price::{Price, price};

/// Milliseconds in a second.
const SECOND_MS: u64 = 1_000;

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
    marks_after: Vec<Base>,
}

/// The tokens that a piece of constant liquidity sells: those between two square roots of the price (Q64.64), rounded down.
///
/// It is what the verifier asks of [`crate::module::Piece::end`].
///
/// # Errors
///
/// [`Error::Overflow`] when they do not fit or `sqrt_end` is below `sqrt_start`.
pub fn liquidity_base(sqrt_start: u128, sqrt_end: u128, liquidity: u128) -> Result<Base, Error> {
    kind::liquidity::base_floor(sqrt_start, sqrt_end, liquidity).map(Base::new)
}

/// What a purchase fills on a curve in its present state.
///
/// # Errors
///
/// [`Error::ZeroAmount`], [`Error::CurveComplete`], [`Error::AlreadyMigrated`], [`Error::Dust`], [`Error::LimitNotMet`],
/// [`Error::VaultBreached`], [`Error::Overflow`].
pub fn buy(module: &Module, curve: &Curve, order: &BuyOrder, terms: &Terms) -> Result<Fill, Error> {
    match curve.phase {
        Phase::Trading => {}
        Phase::Complete => return Err(Error::CurveComplete),
        Phase::Migrated => return Err(Error::AlreadyMigrated),
    }
    let tariff = tariff(module, curve, Side::Buy, terms)?;
    let (fill, price) = match *order {
        BuyOrder::ExactIn { quote, .. } => buy_exact_in(module, curve, &tariff, quote.get())?,
        BuyOrder::ExactOut { base, .. } => buy_exact_out(module, curve, &tariff, base.get())?,
    };
    if fill.trader_base.is_zero() && !fill.completes(module, curve)? {
        return Err(Error::Dust);
    }
    let met = match *order {
        BuyOrder::ExactIn { base_min, .. } if !fill.partial => fill.trader_base >= base_min,
        BuyOrder::ExactIn { quote, base_min } => fill.is_at_least_rate(base_min, quote),
        BuyOrder::ExactOut { quote_max, .. } if !fill.partial => fill.trader_quote <= quote_max,
        BuyOrder::ExactOut { quote_max: Quote::MAX, .. } => true,
        BuyOrder::ExactOut { base, quote_max } => fill.is_at_least_rate(base, quote_max),
    };
    if !met {
        return Err(Error::LimitNotMet);
    }
    match module.vault.zip(price) {
        Some((vault, price)) if !vault.holds(fill.reserve_after, &price, fill.sold_after)? => {
            Err(Error::VaultBreached)
        }
        Some(_) | None => Ok(fill),
    }
}

/// What a sale fills on a curve in its present state.
///
/// # Errors
///
/// [`Error::ZeroAmount`], [`Error::AlreadyMigrated`], [`Error::SellExceedsSold`], [`Error::InsufficientReserve`],
/// [`Error::Dust`], [`Error::LimitNotMet`], [`Error::Overflow`].
pub fn sell(
    module: &Module,
    curve: &Curve,
    order: &SellOrder,
    terms: &Terms,
) -> Result<Fill, Error> {
    if curve.phase == Phase::Migrated {
        return Err(Error::AlreadyMigrated);
    }
    let tariff = tariff(module, curve, Side::Sell, terms)?;
    let mut position = Position::of(module, curve);
    let moved = match *order {
        SellOrder::ExactIn { base, .. } => {
            if base.is_zero() {
                return Err(Error::ZeroAmount);
            }
            if base > curve.sold {
                return Err(Error::SellExceedsSold);
            }
            position.give(base.get())?
        }
        SellOrder::ExactOut { quote, .. } => {
            if quote.is_zero() {
                return Err(Error::ZeroAmount);
            }
            position.withdraw(tariff.for_rest(quote.get())?)?
        }
    };
    let (rest, split) = tariff.out_of(moved.quote)?;
    if rest == 0 || moved.base == 0 {
        return Err(Error::Dust);
    }
    let fill = Fill {
        fees: TakenFees::Quote(split.map(Quote::new)),
        trader_quote: Quote::new(rest),
        ..fill(moved, position)
    };
    let met = match *order {
        SellOrder::ExactIn { quote_min, .. } => fill.trader_quote >= quote_min,
        SellOrder::ExactOut { base_max, .. } => fill.base <= base_max,
    };
    if met { Ok(fill) } else { Err(Error::LimitNotMet) }
}

impl Fill {
    /// Whether the trader gets at least as many tokens for their quote as `base` for `quote`.
    fn is_at_least_rate(&self, base: Base, quote: Quote) -> bool {
        let got = u128::from(self.trader_base.get()).saturating_mul(quote.get().into());
        got >= u128::from(base.get()).saturating_mul(self.trader_quote.get().into())
    }

    /// Whether the curve is complete after the order.
    fn completes(&self, module: &Module, curve: &Curve) -> Result<bool, Error> {
        let mut after = curve.clone();
        self.clone().settle(module, &mut after)?;
        Ok(after.phase == Phase::Complete)
    }

    /// Writes the state after the order into the curve, and accrues the fees of all but the referrer.
    pub(crate) fn settle(self, module: &Module, curve: &mut Curve) -> Result<(), Error> {
        curve.fees.add(&self.fees)?;
        curve.sold = self.sold_after;
        curve.reserve = self.reserve_after;
        curve.sqrt_price = self.sqrt_price_after;
        curve.marks = self.marks_after;
        let position = Position::of(module, curve);
        let complete = graduation::is_complete(module, &position)?;
        curve.phase = if complete { Phase::Complete } else { Phase::Trading };
        Ok(())
    }
}

impl Vault {
    /// Whether `reserve` covers its part of the market cap of `circulating` tokens. The market cap is rounded up to a unit.
    ///
    /// # Errors
    ///
    /// [`Error::Overflow`].
    pub fn holds(&self, reserve: Quote, price: &Price, circulating: Base) -> Result<bool, Error> {
        let cap = price.quote_for_ceil(circulating)?;
        let least = cap.checked_mul(self.reserve_bps.into()).ok_or(Error::Overflow)?;
        Ok(u128::from(reserve.get()).saturating_mul(BPS.into()) >= least)
    }
}

fn tariff<'m>(
    module: &'m Module,
    curve: &Curve,
    side: Side,
    terms: &Terms,
) -> Result<Tariff<'m>, Error> {
    let secs = terms.time_ms.saturating_sub(curve.launched_ms) / SECOND_MS;
    Tariff::new(&module.fees, side, secs, terms.referred)
}

/// A fill, and the price after it if there is a vault.
type Bought = (Fill, Option<Price>);

fn buy_exact_in(
    module: &Module,
    curve: &Curve,
    tariff: &Tariff<'_>,
    quote: u64,
) -> Result<Bought, Error> {
    if quote == 0 {
        return Err(Error::ZeroAmount);
    }
    let (net, charged) = match module.fees.side {
        FeeSide::Quote => tariff.within(quote).map(|(net, split)| (net, Some(split)))?,
        FeeSide::Output => (quote, None),
    };
    let (moved, position) = walk(module, curve, |position| position.spend(net))?;
    let price = vault_price(module, &position)?;
    let fill = fill(moved, position);
    let (paid, split) = match charged {
        None => return Ok((in_tokens(fill, tariff)?, price)),
        Some(_) if fill.partial => tariff.on_top_of(moved.quote)?,
        Some(split) => {
            let fees = split.total().ok_or(Error::Overflow)?;
            (net.checked_add(fees).ok_or(Error::Overflow)?, split)
        }
    };
    let fees = TakenFees::Quote(split.map(Quote::new));
    Ok((Fill { fees, trader_quote: Quote::new(paid), ..fill }, price))
}

fn buy_exact_out(
    module: &Module,
    curve: &Curve,
    tariff: &Tariff<'_>,
    base: u64,
) -> Result<Bought, Error> {
    if base == 0 {
        return Err(Error::ZeroAmount);
    }
    let wanted = match module.fees.side {
        FeeSide::Quote => base,
        FeeSide::Output => tariff.for_rest(base)?,
    };
    let (moved, position) = walk(module, curve, |position| position.take(wanted))?;
    let price = vault_price(module, &position)?;
    let fill = fill(moved, position);
    if module.fees.side == FeeSide::Output {
        return Ok((in_tokens(fill, tariff)?, price));
    }
    let (paid, split) = tariff.on_top_of(moved.quote)?;
    let fees = TakenFees::Quote(split.map(Quote::new));
    Ok((Fill { fees, trader_quote: Quote::new(paid), ..fill }, price))
}

/// Moves a position up, no further than the point of graduation.
fn walk<'m>(
    module: &'m Module,
    curve: &Curve,
    go: impl Fn(&mut Position<'m>) -> Result<Moved, Error>,
) -> Result<(Moved, Position<'m>), Error> {
    let mut position = Position::of(module, curve);
    let moved = go(&mut position);
    // Where the point is has to be known only by who has reached the target; an order may also be so large that it cannot pass.
    let passed = match (module.graduation, &moved) {
        (Graduation::SoldOut, _) => false,
        (Graduation::Raised(target), Ok(_)) => position.reserve >= target.get(),
        (Graduation::Raised(_), Err(_)) => true,
    };
    if passed {
        if let Some(stop) = graduation::stop(module)? {
            if moved.is_err() || position.is_beyond(stop) {
                let mut position = Position::of(module, curve).until(stop);
                return Ok((go(&mut position)?, position));
            }
        }
    }
    Ok((moved?, position))
}

fn vault_price(module: &Module, position: &Position<'_>) -> Result<Option<Price>, Error> {
    module.vault.map(|_| position.price()).transpose()
}

/// A purchase whose fee is taken out of its tokens.
fn in_tokens(fill: Fill, tariff: &Tariff<'_>) -> Result<Fill, Error> {
    let (rest, split) = tariff.out_of(fill.base.get())?;
    Ok(Fill { fees: TakenFees::Base(split.map(Base::new)), trader_base: Base::new(rest), ..fill })
}

/// A fill without fees.
fn fill(moved: Moved, after: Position<'_>) -> Fill {
    let (base, quote) = (Base::new(moved.base), Quote::new(moved.quote));
    Fill {
        base,
        quote,
        fees: TakenFees::Quote(Default::default()),
        trader_quote: quote,
        trader_base: base,
        partial: moved.cut,
        sold_after: Base::new(after.sold),
        reserve_after: Quote::new(after.reserve),
        sqrt_price_after: after.sqrt_price,
        marks_after: after.marks,
    }
}

#[cfg(test)]
mod tests;

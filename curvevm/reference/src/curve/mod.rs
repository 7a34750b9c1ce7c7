//! A curve: where it stands, what an order moves, and what it costs, by the doc comments of `curvevm::curve`.

pub mod liquidity;
pub mod piece;
mod place;

use curvevm::{
    error::Error,
    module::{BPS, Module},
    program::{BuyOrder, SellOrder},
    receipt::Side,
};

pub use place::Place;

use crate::{
    fees::{Charge, Split},
    fill::{Fee, Fill, charge, not_dust},
    number::{Int, ceil, int, ratio, to_u64, whole},
};

/// What a trade's price depends on besides the state.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// Whole seconds since launch.
    pub secs: u64,
    /// Whether the order names a referrer.
    pub referred: bool,
}

/// What a walk moved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Moved {
    /// Tokens.
    pub base: Int,
    /// Quote.
    pub quote: Int,
    /// Whether more would have moved if the curve did not end.
    pub cut: bool,
}

/// A purchase on a curve that is neither complete nor migrated.
///
/// # Errors
///
/// As `curvevm::curve::buy`.
pub fn buy(module: &Module, place: &Place, order: &BuyOrder, terms: &Terms) -> Result<Fill, Error> {
    let (charge, in_tokens) = charge(&module.fees, Side::Buy, terms.secs, terms.referred);
    let fill = match *order {
        BuyOrder::ExactIn { quote, .. } if quote.is_zero() => return Err(Error::ZeroAmount),
        BuyOrder::ExactOut { base, .. } if base.is_zero() => return Err(Error::ZeroAmount),
        BuyOrder::ExactIn { quote, .. } => {
            exact_in(module, place, &charge, &int(quote.get()), in_tokens)?
        }
        BuyOrder::ExactOut { base, .. } => {
            exact_out(module, place, &charge, &int(base.get()), in_tokens)?
        }
    };
    for amount in [&fill.place.sold, &fill.place.reserve, &fill.trader_quote] {
        to_u64(amount).ok_or(Error::Overflow)?;
    }
    // Who completes the curve may receive nothing, when less than a token was left, or no more than the fee.
    if !fill.place.is_complete(module) {
        not_dust(&fill.trader_base)?;
    }
    check_limit(order, &fill)?;
    check_vault(module, &fill.place)?;
    Ok(fill)
}

/// A sale on a curve that has not migrated.
///
/// # Errors
///
/// As `curvevm::curve::sell`.
pub fn sell(
    module: &Module,
    place: &Place,
    order: &SellOrder,
    terms: &Terms,
) -> Result<Fill, Error> {
    let (charge, _) = charge(&module.fees, Side::Sell, terms.secs, terms.referred);
    let mut after = place.clone();
    let moved = match *order {
        SellOrder::ExactIn { base, .. } => {
            if base.is_zero() {
                return Err(Error::ZeroAmount);
            }
            let base = int(base.get());
            if base > place.sold {
                return Err(Error::SellExceedsSold);
            }
            after.give(module, &base)?
        }
        SellOrder::ExactOut { quote, .. } => {
            if quote.is_zero() {
                return Err(Error::ZeroAmount);
            }
            let gross = charge.for_rest(&int(quote.get())).ok_or(Error::Overflow)?;
            after.withdraw(module, &gross)?
        }
    };
    let (received, split) = charge.out_of(&moved.quote).ok_or(Error::Dust)?;
    not_dust(&received)?;
    not_dust(&moved.base)?;
    let met = match *order {
        SellOrder::ExactIn { quote_min, .. } => received >= int(quote_min.get()),
        SellOrder::ExactOut { base_max, .. } => moved.base <= int(base_max.get()),
    };
    if !met {
        return Err(Error::LimitNotMet);
    }
    Ok(filled(moved, after, Fee::Quote(split), received, None))
}

fn exact_in(
    module: &Module,
    place: &Place,
    charge: &Charge<'_>,
    gross: &Int,
    in_tokens: bool,
) -> Result<Fill, Error> {
    let mut after = place.clone();
    if in_tokens {
        let moved = after.spend(module, gross);
        return tokens_charged(moved, after, charge);
    }
    let (net, split) = charge.within(gross).ok_or(Error::Dust)?;
    let moved = after.spend(module, &net);
    if moved.cut {
        let (paid, split) = charge.on_top_of(&moved.quote).ok_or(Error::Overflow)?;
        return Ok(filled(moved, after, Fee::Quote(split), paid, None));
    }
    let paid = net + split.total();
    Ok(filled(moved, after, Fee::Quote(split), paid, None))
}

fn exact_out(
    module: &Module,
    place: &Place,
    charge: &Charge<'_>,
    base: &Int,
    in_tokens: bool,
) -> Result<Fill, Error> {
    let mut after = place.clone();
    if in_tokens {
        let wanted = charge.for_rest(base).ok_or(Error::Overflow)?;
        let moved = after.take(module, &wanted);
        return tokens_charged(moved, after, charge);
    }
    let moved = after.take(module, base);
    let (paid, split) = charge.on_top_of(&moved.quote).ok_or(Error::Overflow)?;
    Ok(filled(moved, after, Fee::Quote(split), paid, None))
}

/// A purchase whose fee comes out of its tokens.
fn tokens_charged(moved: Moved, after: Place, charge: &Charge<'_>) -> Result<Fill, Error> {
    let (rest, split) = charge.out_of(&moved.base).ok_or(Error::Dust)?;
    let paid = moved.quote.clone();
    Ok(filled(moved, after, Fee::Base(split), paid, Some(rest)))
}

fn filled(
    moved: Moved,
    after: Place,
    fee: Fee,
    trader_quote: Int,
    trader_base: Option<Int>,
) -> Fill {
    Fill {
        trader_base: trader_base.unwrap_or_else(|| moved.base.clone()),
        base: moved.base,
        quote: moved.quote,
        fee,
        trader_quote,
        partial: moved.cut,
        place: after,
        pool_quote: int(0),
        pool_base: int(0),
    }
}

/// The limit, net of all fees. A partial fill keeps the worst price that the order accepts.
fn check_limit(order: &BuyOrder, fill: &Fill) -> Result<(), Error> {
    let is_at_least = |base: u64, quote: u64| {
        // got / paid >= base / quote
        &fill.trader_base * int(quote) >= int(base) * &fill.trader_quote
    };
    let met = match *order {
        BuyOrder::ExactIn { base_min, .. } if !fill.partial => {
            fill.trader_base >= int(base_min.get())
        }
        BuyOrder::ExactIn { quote, base_min } => is_at_least(base_min.get(), quote.get()),
        BuyOrder::ExactOut { quote_max, .. } if !fill.partial => {
            fill.trader_quote <= int(quote_max.get())
        }
        BuyOrder::ExactOut { quote_max, .. } if quote_max.get() == u64::MAX => true,
        BuyOrder::ExactOut { base, quote_max } => is_at_least(base.get(), quote_max.get()),
    };
    if met { Ok(()) } else { Err(Error::LimitNotMet) }
}

/// Whether the reserve covers its part of the market cap after a purchase: the marginal price times what is sold, rounded up.
fn check_vault(module: &Module, after: &Place) -> Result<(), Error> {
    let Some(vault) = module.vault else { return Ok(()) };
    let market_cap = ceil(&(after.price(module) * whole(after.sold.clone())));
    let covered = ratio(&after.reserve * int(BPS), vault.reserve_bps);
    if covered >= whole(market_cap) { Ok(()) } else { Err(Error::VaultBreached) }
}

impl Default for Fee {
    fn default() -> Self {
        Self::Quote(Split::default())
    }
}

//! Trades on a pool.

use crate::{
    cell::Pool,
    curve::{Price, Terms},
    error::Error,
    fees::Tariff,
    math::{U256, mul_div_ceil, mul_div_floor, ratio_floor},
    module::{Fees, Module},
    program::{BuyOrder, SellOrder},
    receipt::{FeeSplit, Side, TakenFees},
    types::{Base, Quote},
};

/// What an order fills.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fill {
    /// Tokens that change hands.
    pub base: Base,
    /// Quote that the pool takes or gives, fees not included.
    pub quote: Quote,
    /// The fees.
    pub fees: TakenFees,
    /// What the trader pays or receives in quote, fees included.
    pub trader_quote: Quote,
    /// What the trader receives or gives in tokens.
    pub trader_base: Base,
    /// The quote reserve after it, with the liquidity's part of the fee.
    pub quote_after: Quote,
    /// The base reserve after it.
    pub base_after: Base,
}

/// What a purchase fills on a pool in its present state.
///
/// # Errors
///
/// [`Error::ZeroAmount`], [`Error::InsufficientReserve`], [`Error::Dust`], [`Error::LimitNotMet`], [`Error::VaultBreached`],
/// [`Error::Overflow`].
pub fn buy(module: &Module, pool: &Pool, order: &BuyOrder, terms: &Terms) -> Result<Fill, Error> {
    let tariff = tariff(module, pool, Side::Buy, terms)?;
    let (q, b) = (pool.quote.get(), pool.base.get());
    let (base, quote, paid, fees) = match *order {
        BuyOrder::ExactIn { quote: Quote::ZERO, .. }
        | BuyOrder::ExactOut { base: Base::ZERO, .. } => return Err(Error::ZeroAmount),
        BuyOrder::ExactIn { quote, .. } => {
            let (net, fees) = tariff.within(quote.get())?;
            let used = net.checked_sub(1).ok_or(Error::Dust)?;
            let base = mul_div_floor(b, used, q.checked_add(used).ok_or(Error::Overflow)?);
            (base, net, net.checked_add(fees.total().ok_or(Error::Overflow)?), fees)
        }
        BuyOrder::ExactOut { base, .. } => {
            let left = b.checked_sub(base.get()).filter(|left| *left > 0);
            let cost = mul_div_ceil(q, base.get(), left.ok_or(Error::InsufficientReserve)?);
            let cost = cost.ok_or(Error::Overflow)?;
            let (paid, fees) = tariff.on_top_of(cost)?;
            (Some(base.get()), cost, Some(paid), fees)
        }
    };
    let base = base.filter(|base| *base > 0).ok_or(Error::Dust)?;
    let added = quote.checked_add(fees.liquidity).and_then(|added| q.checked_add(added));
    let fill = Fill {
        trader_quote: Quote::new(paid.ok_or(Error::Overflow)?),
        quote_after: Quote::new(added.ok_or(Error::Overflow)?),
        base_after: Base::new(b.checked_sub(base).ok_or(Error::Overflow)?),
        ..filled(base, quote, fees)
    };
    let met = match *order {
        BuyOrder::ExactIn { base_min, .. } => fill.trader_base >= base_min,
        BuyOrder::ExactOut { quote_max, .. } => fill.trader_quote <= quote_max,
    };
    if !met {
        return Err(Error::LimitNotMet);
    }
    if vault_holds(module, pool, &fill)? { Ok(fill) } else { Err(Error::VaultBreached) }
}

/// What a sale fills on a pool in its present state.
///
/// # Errors
///
/// [`Error::ZeroAmount`], [`Error::InsufficientReserve`], [`Error::Dust`], [`Error::LimitNotMet`], [`Error::Overflow`].
pub fn sell(module: &Module, pool: &Pool, order: &SellOrder, terms: &Terms) -> Result<Fill, Error> {
    let tariff = tariff(module, pool, Side::Sell, terms)?;
    let (q, b) = (pool.quote.get(), pool.base.get());
    let (base, quote) = match *order {
        SellOrder::ExactIn { base: Base::ZERO, .. }
        | SellOrder::ExactOut { quote: Quote::ZERO, .. } => return Err(Error::ZeroAmount),
        SellOrder::ExactIn { base, .. } => {
            let whole = b.checked_add(base.get()).ok_or(Error::Overflow)?;
            (base.get(), mul_div_floor(q, base.get(), whole).ok_or(Error::Overflow)?)
        }
        SellOrder::ExactOut { quote, .. } => {
            let out = tariff.for_rest(quote.get())?;
            let left = q.checked_sub(out).filter(|left| *left > 0);
            let base = mul_div_ceil(b, out, left.ok_or(Error::InsufficientReserve)?);
            (base.ok_or(Error::Overflow)?, out)
        }
    };
    let (rest, fees) = tariff.out_of(quote)?;
    if rest == 0 {
        return Err(Error::Dust);
    }
    let kept = q.checked_sub(quote).and_then(|left| left.checked_add(fees.liquidity));
    let fill = Fill {
        trader_quote: Quote::new(rest),
        quote_after: Quote::new(kept.ok_or(Error::Overflow)?),
        base_after: Base::new(b.checked_add(base).ok_or(Error::Overflow)?),
        ..filled(base, quote, fees)
    };
    let met = match *order {
        SellOrder::ExactIn { quote_min, .. } => fill.trader_quote >= quote_min,
        SellOrder::ExactOut { base_max, .. } => fill.trader_base <= base_max,
    };
    if met { Ok(fill) } else { Err(Error::LimitNotMet) }
}

/// The pool's price times the supply, in quote units, rounded down.
///
/// # Errors
///
/// [`Error::Overflow`] for a pool without tokens, which there is none of.
pub fn market_cap(module: &Module, pool: &Pool) -> Result<u128, Error> {
    let worth = U256::product(pool.quote.get().into(), module.supply.get().into());
    ratio_floor(worth, U256::from_u128(pool.base.get().into())).ok_or(Error::Overflow)
}

impl Fill {
    /// Writes the state after the order into the pool, and accrues the fees of all but the referrer and the liquidity, whose part is
    /// in the reserve.
    ///
    /// # Errors
    ///
    /// [`Error::Overflow`] when what has accrued does not fit; then nothing is written.
    pub fn settle(self, pool: &mut Pool) -> Result<(), Error> {
        pool.fees.add(&self.fees)?;
        pool.quote = self.quote_after;
        pool.base = self.base_after;
        Ok(())
    }
}

/// A fill without a trader and without a state after it.
fn filled(base: u64, quote: u64, fees: FeeSplit<u64>) -> Fill {
    Fill {
        base: Base::new(base),
        quote: Quote::new(quote),
        fees: TakenFees::Quote(fees.map(Quote::new)),
        trader_quote: Quote::ZERO,
        trader_base: Base::new(base),
        quote_after: Quote::ZERO,
        base_after: Base::ZERO,
    }
}

fn tariff<'m>(
    module: &'m Module,
    pool: &Pool,
    side: Side,
    terms: &Terms,
) -> Result<Tariff<'m>, Error> {
    // The fees of a pool have no schedule.
    Tariff::new(fees(module, pool)?, side, 0, terms.referred)
}

/// The fees of the pool's market cap.
fn fees<'m>(module: &'m Module, pool: &Pool) -> Result<&'m Fees, Error> {
    let tiers = module.migration.tiers.as_slice();
    let tier = match tiers {
        [only] => Some(only),
        _ => {
            let cap = market_cap(module, pool)?;
            let reached = tiers.iter().take_while(|tier| u128::from(tier.from.get()) <= cap);
            reached.last().or(tiers.first())
        }
    };
    tier.map(|tier| &tier.fees).ok_or(Error::InvalidModule)
}

/// Whether the reserve after a purchase covers what the vault asks for.
fn vault_holds(module: &Module, pool: &Pool, fill: &Fill) -> Result<bool, Error> {
    let Some(vault) = module.vault else { return Ok(true) };
    let price = Price {
        quote: U256::from_u128(fill.quote_after.get().into()),
        base: U256::from_u128(fill.base_after.get().into()),
    };
    let circulating = circulating(module, pool, fill.base_after).ok_or(Error::Overflow)?;
    vault.holds(fill.quote_after, &price, circulating)
}

/// Tokens that somebody holds, or is owed as a fee: all but those in the pool, those burnt, and those the creator has yet to claim.
fn circulating(module: &Module, pool: &Pool, in_pool: Base) -> Option<Base> {
    let locked = module.allotted().checked_sub(pool.vested)?;
    module.supply.checked_sub(pool.burnt)?.checked_sub(in_pool)?.checked_sub(locked)
}

//! Trades on a pool: the constant product of its reserves, by the doc comments of `curvevm::pool`.

use curvevm::{
    error::Error,
    module::{BPS, Fees, Module},
    program::{BuyOrder, SellOrder},
    receipt::Side,
};
use num_traits::Zero;

use crate::{
    curve::{Place, Terms},
    fees::Split,
    fill::{Fee, Fill, charge, not_dust},
    model::Pool,
    number::{Int, ceil, floor, int, ratio, smallest, to_u64, whole},
};

/// The tier of the market cap before the trade: the last whose threshold it reaches.
pub fn tier<'m>(module: &'m Module, pool: &Pool) -> &'m Fees {
    let market_cap = floor(&ratio(&pool.quote * int(module.supply.get()), pool.base.clone()));
    let tiers = &module.migration.tiers;
    let reached = tiers.iter().rev().find(|tier| int(tier.from.get()) <= market_cap);
    &reached.unwrap_or(&tiers[0]).fees
}

/// A purchase.
///
/// # Errors
///
/// As `curvevm::pool::buy`.
pub fn buy(module: &Module, pool: &Pool, order: &BuyOrder, terms: &Terms) -> Result<Fill, Error> {
    let (charge, _) = charge(tier(module, pool), Side::Buy, 0, terms.referred);
    let (quote, base, split, paid) = match *order {
        BuyOrder::ExactIn { quote: gross, .. } => {
            if gross.is_zero() {
                return Err(Error::ZeroAmount);
            }
            let (net, split) = charge.within(&int(gross.get())).ok_or(Error::Dust)?;
            if net.is_zero() {
                return Err(Error::Dust);
            }
            // One unit less than what is paid.
            let counted: Int = &net - 1;
            let base = floor(&ratio(&pool.base * &counted, &pool.quote + &counted));
            let paid = &net + split.total();
            (net, base, split, paid)
        }
        BuyOrder::ExactOut { base, .. } => {
            if base.is_zero() {
                return Err(Error::ZeroAmount);
            }
            let base = int(base.get());
            if base >= pool.base {
                return Err(Error::InsufficientReserve);
            }
            let quote = ceil(&ratio(&pool.quote * &base, &pool.base - &base));
            let (paid, split) = charge.on_top_of(&quote).ok_or(Error::Overflow)?;
            (quote, base, split, paid)
        }
    };
    not_dust(&base)?;
    for amount in [&(&pool.quote + &quote + &split.liquidity), &paid] {
        to_u64(amount).ok_or(Error::Overflow)?;
    }
    let met = match *order {
        BuyOrder::ExactIn { base_min, .. } => base >= int(base_min.get()),
        BuyOrder::ExactOut { quote_max, .. } => paid <= int(quote_max.get()),
    };
    if !met {
        return Err(Error::LimitNotMet);
    }
    let after = Pool {
        quote: &pool.quote + &quote + &split.liquidity,
        base: &pool.base - &base,
        ..pool.clone()
    };
    check_vault(module, &after)?;
    Ok(fill((base, quote), split, paid, after))
}

/// A sale.
///
/// # Errors
///
/// As `curvevm::pool::sell`.
pub fn sell(module: &Module, pool: &Pool, order: &SellOrder, terms: &Terms) -> Result<Fill, Error> {
    let (charge, _) = charge(tier(module, pool), Side::Sell, 0, terms.referred);
    let proceeds = |base: &Int| floor(&ratio(&pool.quote * base, &pool.base + base));
    let (base, quote) = match *order {
        SellOrder::ExactIn { base, .. } => {
            if base.is_zero() {
                return Err(Error::ZeroAmount);
            }
            let base = int(base.get());
            let quote = proceeds(&base);
            (base, quote)
        }
        SellOrder::ExactOut { quote, .. } => {
            if quote.is_zero() {
                return Err(Error::ZeroAmount);
            }
            let gross = charge.for_rest(&int(quote.get())).ok_or(Error::Overflow)?;
            if gross >= pool.quote {
                return Err(Error::InsufficientReserve);
            }
            // What the tokens yield beyond it stays.
            let base = smallest(&int(u64::MAX), |base| proceeds(base) >= gross);
            (base.ok_or(Error::Overflow)?, gross)
        }
    };
    let (received, split) = charge.out_of(&quote).ok_or(Error::Dust)?;
    not_dust(&received)?;
    to_u64(&(&pool.base + &base)).ok_or(Error::Overflow)?;
    let met = match *order {
        SellOrder::ExactIn { quote_min, .. } => received >= int(quote_min.get()),
        SellOrder::ExactOut { base_max, .. } => base <= int(base_max.get()),
    };
    if !met {
        return Err(Error::LimitNotMet);
    }
    let after = Pool {
        quote: &pool.quote - &quote + &split.liquidity,
        base: &pool.base + &base,
        ..pool.clone()
    };
    Ok(fill((base, quote), split, received, after))
}

/// Whether the reserve covers enough of the market cap: tokens outside the pool that are neither burnt nor unclaimed, at the
/// pool's price.
fn check_vault(module: &Module, pool: &Pool) -> Result<(), Error> {
    let Some(vault) = module.vault else { return Ok(()) };
    let unclaimed = int(module.allotted().get()) - &pool.vested;
    let circulating = int(module.supply.get()) - &pool.burnt - &pool.base - unclaimed;
    let market_cap = ceil(&ratio(&pool.quote * circulating, pool.base.clone()));
    let covered = ratio(&pool.quote * int(BPS), int(vault.reserve_bps));
    if covered >= whole(market_cap) { Ok(()) } else { Err(Error::VaultBreached) }
}

fn fill((base, quote): (Int, Int), split: Split, trader_quote: Int, after: Pool) -> Fill {
    Fill {
        trader_base: base.clone(),
        base,
        quote,
        fee: Fee::Quote(split),
        trader_quote,
        partial: false,
        place: Place::default(),
        pool_quote: after.quote,
        pool_base: after.base,
    }
}

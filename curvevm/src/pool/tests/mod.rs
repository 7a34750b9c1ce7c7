//! Tests of pools.

mod liquidity;
mod migration;
mod properties;
mod trade;

use std::vec;

use super::{add, buy, migrate, remove, sell};
use crate::{
    cell::{Accrued, Pool},
    curve::Terms,
    error::Error,
    module::{Fees, LiquidityLock, Migration, Module, PoolTier},
    program::{BuyOrder, SellOrder},
    templates,
    types::{Base, Quote, Shares},
};

const TERMS: Terms = Terms { time_ms: 0, referred: false };

/// A pool of a module whose supply is in it or in circulation.
fn pool(quote: u64, base: u64, shares: u64) -> Pool {
    Pool {
        version: 0,
        quote: Quote::new(quote),
        base: Base::new(base),
        shares: Shares::new(shares),
        term_locked: Shares::ZERO,
        migrated_ms: 0,
        burnt: Base::ZERO,
        vested: Base::ZERO,
        fees: Accrued::default(),
    }
}

/// A module whose pools charge `fees` at any market cap.
fn charging(fees: Fees) -> Module {
    let tiers = vec![PoolTier { from: Quote::ZERO, fees }];
    let migration = Migration { lock: LiquidityLock::Forever, tiers };
    Module { migration, supply: Base::MAX, ..templates::pump_fun() }
}

/// Spend so much in all.
const fn spend(quote: u64) -> BuyOrder {
    BuyOrder::ExactIn { quote: Quote::new(quote), base_min: Base::ZERO }
}

/// Buy so many tokens.
const fn take(base: u64) -> BuyOrder {
    BuyOrder::ExactOut { base: Base::new(base), quote_max: Quote::MAX }
}

/// Sell so many tokens.
const fn give(base: u64) -> SellOrder {
    SellOrder::ExactIn { base: Base::new(base), quote_min: Quote::ZERO }
}

/// Sell for so much after fees.
const fn get(quote: u64) -> SellOrder {
    SellOrder::ExactOut { quote: Quote::new(quote), base_max: Base::MAX }
}

fn bought(module: &Module, pool: &Pool, order: BuyOrder) -> Result<super::Fill, Error> {
    buy(module, pool, &order, &TERMS)
}

fn sold(module: &Module, pool: &Pool, order: SellOrder) -> Result<super::Fill, Error> {
    sell(module, pool, &order, &TERMS)
}

//! Migration, and liquidity by share.

use curvevm::{
    cell::Phase,
    error::Error,
    module::LiquidityLock,
    receipt::{Event, Liquidity},
    tx::Body,
    types::{Address, Base, CurveId, Quote, Shares},
};
use num_traits::Zero;

use super::{Accrued, Model, Pool, units};
use crate::number::{Int, ceil, floor, int, ratio, whole};

/// Shares of a new pool that are nobody's for ever.
const MINIMUM_LOCKED: u64 = 1_000;

impl Model {
    /// Turns a complete curve into a pool that opens at the curve's marginal price.
    pub(super) fn migrate(&mut self, id: &CurveId) -> Result<Event, Error> {
        let (mut curve, module) = self.curve_and_module(id)?;
        match curve.phase {
            Phase::Trading => return Err(Error::NotComplete),
            Phase::Migrated => return Err(Error::AlreadyMigrated),
            Phase::Complete => {}
        }
        let reserve = curve.place.reserve.clone();
        let price = curve.place.price(&module);
        let left = int(module.supply.get()) - &curve.place.sold - int(module.allotted().get());
        let wanted = floor(&(whole(reserve.clone()) / &price));
        let (quote, base) = if wanted > left {
            (ceil(&(whole(left.clone()) * &price)).min(reserve.clone()), left.clone())
        } else {
            (reserve.clone(), wanted)
        };
        let shares = (&quote * &base).sqrt();
        if shares <= int(MINIMUM_LOCKED) {
            return Err(Error::Dust);
        }
        let term_locked = match module.migration.lock {
            LiquidityLock::Forever => int(0),
            LiquidityLock::Term { .. } => &shares - int(MINIMUM_LOCKED),
        };
        let mut fees = Accrued::default();
        fees.protocol.quote = reserve - &quote;
        let pool = Pool {
            quote: quote.clone(),
            base: base.clone(),
            shares: shares.clone(),
            term_locked,
            migrated_ms: self.time_ms,
            burnt: left - &base,
            vested: int(0),
            fees,
        };
        curve.place.reserve = int(0);
        curve.place.marks.clear();
        curve.phase = Phase::Migrated;
        self.pools.insert(*id, pool);
        self.curves.insert(*id, curve);
        Ok(Event::Migrated(liquidity(id, &quote, &base, &shares)?))
    }

    /// Makes as many shares as `quote` is worth, rounded down, and takes their part of both reserves, rounded up.
    pub(super) fn add_liquidity(
        &mut self,
        body: &Body,
        id: &CurveId,
        (quote, base_max, shares_min): (Quote, Base, Shares),
    ) -> Result<Event, Error> {
        let (curve, _) = self.curve_and_module(id)?;
        let pool = self.pools.get(id).ok_or(Error::NotMigrated)?;
        if quote.is_zero() {
            return Err(Error::ZeroAmount);
        }
        let shares = floor(&ratio(&pool.shares * int(quote.get()), pool.quote.clone()));
        if shares.is_zero() {
            return Err(Error::Dust);
        }
        let part = |of: &Int| ceil(&ratio(of * &shares, pool.shares.clone()));
        let (quote, base) = (part(&pool.quote), part(&pool.base));
        units(&base)?;
        if base > int(base_max.get()) || shares < int(shares_min.get()) {
            return Err(Error::LimitNotMet);
        }
        self.spend(body, curve.quote_asset, &quote)?;
        self.debit(&body.signer, curve.quote_asset, &quote)?;
        self.take_tokens(id, &body.signer, &base)?;
        let pool = self.pools.get_mut(id).ok_or(Error::NotMigrated)?;
        pool.quote += &quote;
        pool.base += &base;
        pool.shares += &shares;
        units(&pool.quote)?;
        units(&pool.shares)?;
        *self.stakes.entry((*id, body.signer)).or_default() += &shares;
        Ok(Event::LiquidityAdded(liquidity(id, &quote, &base, &shares)?))
    }

    /// Gives the shares' part of both reserves, rounded down.
    pub(super) fn remove_liquidity(
        &mut self,
        signer: &Address,
        id: &CurveId,
        (shares, quote_min, base_min): (Shares, Quote, Base),
    ) -> Result<Event, Error> {
        let (curve, _) = self.curve_and_module(id)?;
        let pool = self.pools.get_mut(id).ok_or(Error::NotMigrated)?;
        if shares.is_zero() {
            return Err(Error::ZeroAmount);
        }
        let shares = int(shares.get());
        if &pool.shares - &shares < int(MINIMUM_LOCKED) {
            return Err(Error::InsufficientShares);
        }
        let quote = floor(&ratio(&pool.quote * &shares, pool.shares.clone()));
        let base = floor(&ratio(&pool.base * &shares, pool.shares.clone()));
        if quote.is_zero() && base.is_zero() {
            return Err(Error::Dust);
        }
        if quote < int(quote_min.get()) || base < int(base_min.get()) {
            return Err(Error::LimitNotMet);
        }
        let held = self.stakes.get(&(*id, *signer)).cloned().unwrap_or_default();
        if held < shares {
            return Err(Error::InsufficientShares);
        }
        pool.quote -= &quote;
        pool.base -= &base;
        pool.shares -= &shares;
        self.stakes.insert((*id, *signer), held - &shares);
        self.credit(signer, curve.quote_asset, &quote)?;
        self.give_tokens(id, signer, &base)?;
        Ok(Event::LiquidityRemoved(liquidity(id, &quote, &base, &shares)?))
    }
}

fn liquidity(id: &CurveId, quote: &Int, base: &Int, shares: &Int) -> Result<Liquidity, Error> {
    Ok(Liquidity {
        curve: *id,
        quote: Quote::new(units(quote)?),
        base: Base::new(units(base)?),
        shares: Shares::new(units(shares)?),
    })
}

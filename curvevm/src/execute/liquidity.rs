//! `MIGRATE_TO_AMM`, `ADD_LIQUIDITY` and `REMOVE_LIQUIDITY`.

use alloc::vec::Vec;

use super::{Fault, Machine, State, name::Name};
use crate::{
    cell::{Cell, Phase},
    error::Error,
    pool,
    receipt::{Event, Liquidity},
    types::{AssetId, Base, CurveId, Quote, Shares},
};

/// `ADD_LIQUIDITY`.
pub(super) struct Addition {
    pub(super) quote: Quote,
    pub(super) base_max: Base,
    pub(super) shares_min: Shares,
}

/// `REMOVE_LIQUIDITY`.
pub(super) struct Removal {
    pub(super) shares: Shares,
    pub(super) quote_min: Quote,
    pub(super) base_min: Base,
}

impl<S: State> Machine<'_, S> {
    /// `MIGRATE_TO_AMM`, by anyone. The curve's cell stays for its name, its creator and the fees that wait in it.
    pub(super) fn migrate(&mut self, id: &CurveId) -> Result<Event, Fault> {
        let module = self.curve(id)?.module;
        let module = self.module(&module)?;
        let time_ms = self.context.time_ms;
        let curve = self.curve_mut(id)?;
        let pool = pool::migrate(&module, curve, time_ms)?;
        curve.phase = Phase::Migrated;
        curve.reserve = Quote::ZERO;
        curve.marks = Vec::new();
        let migrated =
            Liquidity { curve: *id, quote: pool.quote, base: pool.base, shares: pool.shares };
        self.create(Name::Pool(*id), Cell::Pool(pool))?;
        Ok(Event::Migrated(migrated))
    }

    /// `ADD_LIQUIDITY`.
    pub(super) fn add_liquidity(
        &mut self,
        id: &CurveId,
        addition: &Addition,
    ) -> Result<Event, Fault> {
        let asset = self.pool_asset(id)?;
        let pool = self.pool_mut(id)?;
        let added = pool::add(pool, addition.quote, addition.base_max)?;
        if added.shares < addition.shares_min {
            return Err(Error::LimitNotMet.into());
        }
        added.settle(pool)?;
        self.spend(&asset, added.quote)?;
        self.take_base(id, added.base)?;
        self.give_shares(id, added.shares)?;
        let (quote, base, shares) = (added.quote, added.base, added.shares);
        Ok(Event::LiquidityAdded(Liquidity { curve: *id, quote, base, shares }))
    }

    /// `REMOVE_LIQUIDITY`.
    pub(super) fn remove_liquidity(
        &mut self,
        id: &CurveId,
        removal: &Removal,
    ) -> Result<Event, Fault> {
        let asset = self.pool_asset(id)?;
        let pool = self.pool_mut(id)?;
        let removed = pool::remove(pool, removal.shares)?;
        if removed.quote < removal.quote_min || removed.base < removal.base_min {
            return Err(Error::LimitNotMet.into());
        }
        removed.settle(pool)?;
        self.take_shares(id, removal.shares)?;
        let signer = self.signer;
        self.credit(&signer, asset, removed.quote)?;
        self.give_base(&signer, id, removed.base)?;
        let (quote, base, shares) = (removed.quote, removed.base, removal.shares);
        Ok(Event::LiquidityRemoved(Liquidity { curve: *id, quote, base, shares }))
    }

    /// The asset that the pool of a migrated curve is priced in.
    fn pool_asset(&mut self, id: &CurveId) -> Result<AssetId, Fault> {
        let curve = self.curve(id)?;
        match curve.phase {
            Phase::Migrated => Ok(curve.quote_asset),
            Phase::Trading | Phase::Complete => Err(Error::NotMigrated.into()),
        }
    }
}

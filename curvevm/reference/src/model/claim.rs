//! Claims: accrued fees, vested tokens, and the initial liquidity after its term.

use curvevm::{
    error::Error,
    module::{LiquidityLock, Module},
    program::Claim,
    receipt::Event,
    types::{Address, Base, CurveId, Quote, Shares},
};
use num_traits::Zero;

use super::{Accrued, Model, Money, Pool, units};
use crate::number::{Int, floor, int, ratio};

impl Model {
    pub(super) fn claim(
        &mut self,
        signer: &Address,
        id: &CurveId,
        what: Claim,
    ) -> Result<Event, Error> {
        let (curve, module) = self.curve_and_module(id)?;
        let entitled = match what {
            Claim::CreatorFees | Claim::Vested | Claim::Liquidity => Some(curve.creator),
            Claim::PartnerFees => module.partner,
            Claim::ProtocolFees => Some(self.treasury),
        };
        if entitled != Some(*signer) {
            return Err(Error::NotEntitled);
        }
        let (mut paid, mut shares) = (Money::default(), int(0));
        match what {
            Claim::CreatorFees | Claim::PartnerFees | Claim::ProtocolFees => {
                if let Some(curve) = self.curves.get_mut(id) {
                    take(&mut curve.fees, what, &mut paid);
                }
                if let Some(pool) = self.pools.get_mut(id) {
                    take(&mut pool.fees, what, &mut paid);
                }
            }
            Claim::Vested => {
                let time_ms = self.time_ms;
                let pool = self.pools.get_mut(id).ok_or(Error::NotMigrated)?;
                let vested = vested(&module, pool, time_ms);
                paid.base = &vested - &pool.vested;
                pool.vested = vested;
            }
            Claim::Liquidity => {
                let time_ms = self.time_ms;
                let pool = self.pools.get_mut(id).ok_or(Error::NotMigrated)?;
                let LiquidityLock::Term { secs } = module.migration.lock else {
                    return Err(Error::NothingToClaim);
                };
                if (time_ms - pool.migrated_ms) / 1_000 < u64::from(secs) {
                    return Err(Error::NothingToClaim);
                }
                shares = std::mem::take(&mut pool.term_locked);
                *self.stakes.entry((*id, *signer)).or_default() += &shares;
            }
        }
        if paid.quote.is_zero() && paid.base.is_zero() && shares.is_zero() {
            return Err(Error::NothingToClaim);
        }
        self.credit(signer, curve.quote_asset, &paid.quote)?;
        if !paid.base.is_zero() {
            self.give_tokens(id, signer, &paid.base)?;
        }
        Ok(Event::Claimed {
            curve: *id,
            what,
            quote: Quote::new(units(&paid.quote)?),
            base: Base::new(units(&paid.base)?),
            shares: Shares::new(units(&shares)?),
        })
    }
}

/// What has vested of the creator's allotment: nothing before the cliff, all of it after the term, and in between by the whole
/// seconds since the cliff.
pub(super) fn vested(module: &Module, pool: &Pool, time_ms: u64) -> Int {
    let Some(allotment) = module.allotment else { return int(0) };
    let amount = int(allotment.amount.get());
    let secs = time_ms.saturating_sub(pool.migrated_ms) / 1_000;
    let Some(since_cliff) = secs.checked_sub(u64::from(allotment.cliff_secs)) else {
        return int(0);
    };
    if since_cliff >= u64::from(allotment.vesting_secs) {
        return amount;
    }
    floor(&ratio(amount * int(since_cliff), allotment.vesting_secs))
}

/// Moves what is due from the fees.
fn take(fees: &mut Accrued, what: Claim, paid: &mut Money) {
    let due = match what {
        Claim::CreatorFees => &mut fees.creator,
        Claim::PartnerFees => &mut fees.partner,
        Claim::ProtocolFees => &mut fees.protocol,
        Claim::Vested | Claim::Liquidity => return,
    };
    paid.quote += std::mem::take(&mut due.quote);
    paid.base += std::mem::take(&mut due.base);
}

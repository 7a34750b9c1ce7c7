//! `CLAIM`: what has accrued, vested or been released is paid to whom it belongs.

use super::{Fault, Machine, State};
use crate::{
    cell::{Accrued, Money, Phase, Pool},
    error::Error,
    module::{LiquidityLock, Module},
    pool,
    program::Claim,
    receipt::Event,
    types::{Address, AssetId, Base, CurveId, Hash, Quote, Shares},
};

/// Milliseconds in a second.
const SECOND_MS: u64 = 1_000;

/// What a claim depends on of the curve.
struct Claimed {
    id: CurveId,
    asset: AssetId,
    creator: Address,
    module: Hash,
    phase: Phase,
}

/// What a claim pays.
struct Payment {
    money: Money,
    shares: Shares,
}

impl<S: State> Machine<'_, S> {
    pub(super) fn claim(&mut self, id: &CurveId, what: Claim) -> Result<Event, Fault> {
        let curve = self.curve(id)?;
        let curve = Claimed {
            id: *id,
            asset: curve.quote_asset,
            creator: curve.creator,
            module: curve.module,
            phase: curve.phase,
        };
        let entitled = match what {
            Claim::CreatorFees | Claim::Vested | Claim::Liquidity => Some(curve.creator),
            Claim::PartnerFees => self.module(&curve.module)?.partner,
            Claim::ProtocolFees => Some(self.rules()?.treasury),
        };
        if entitled != Some(self.signer) {
            return Err(Error::NotEntitled.into());
        }
        let payment = match what {
            Claim::CreatorFees => self.take_fees(&curve, |fees| &mut fees.creator)?,
            Claim::PartnerFees => self.take_fees(&curve, |fees| &mut fees.partner)?,
            Claim::ProtocolFees => self.take_fees(&curve, |fees| &mut fees.protocol)?,
            Claim::Vested => self.take_vested(&curve)?,
            Claim::Liquidity => self.take_liquidity(&curve)?,
        };
        self.pay(&curve, what, &payment)
    }

    /// Takes what has accrued for a recipient on the curve and on its pool.
    fn take_fees(
        &mut self,
        curve: &Claimed,
        of: impl Fn(&mut Accrued) -> &mut Money,
    ) -> Result<Payment, Fault> {
        let mut money = core::mem::take(of(&mut self.curve_mut(&curve.id)?.fees));
        if curve.phase == Phase::Migrated {
            let more = core::mem::take(of(&mut self.pool_mut(&curve.id)?.fees));
            money.quote = money.quote.checked_add(more.quote).ok_or(Error::Overflow)?;
            money.base = money.base.checked_add(more.base).ok_or(Error::Overflow)?;
        }
        Ok(Payment { money, shares: Shares::ZERO })
    }

    fn take_vested(&mut self, curve: &Claimed) -> Result<Payment, Fault> {
        let module = self.module(&curve.module)?;
        let time_ms = self.context.time_ms;
        let pool = self.migrated(curve)?;
        let vested = pool::vested(&module, pool, time_ms);
        let base = vested.checked_sub(pool.vested).unwrap_or(Base::ZERO);
        pool.vested = pool.vested.max(vested);
        Ok(Payment { money: Money { quote: Quote::ZERO, base }, shares: Shares::ZERO })
    }

    fn take_liquidity(&mut self, curve: &Claimed) -> Result<Payment, Fault> {
        let module = self.module(&curve.module)?;
        let time_ms = self.context.time_ms;
        let pool = self.migrated(curve)?;
        if !is_released(&module, pool, time_ms) {
            return Err(Error::NothingToClaim.into());
        }
        let shares = core::mem::take(&mut pool.term_locked);
        Ok(Payment { money: Money::default(), shares })
    }

    fn migrated(&mut self, curve: &Claimed) -> Result<&mut Pool, Fault> {
        match curve.phase {
            Phase::Migrated => self.pool_mut(&curve.id),
            Phase::Trading | Phase::Complete => Err(Error::NotMigrated.into()),
        }
    }

    fn pay(&mut self, curve: &Claimed, what: Claim, payment: &Payment) -> Result<Event, Fault> {
        let Payment { money: Money { quote, base }, shares } = *payment;
        if quote.is_zero() && base.is_zero() && shares.is_zero() {
            return Err(Error::NothingToClaim.into());
        }
        let signer = self.signer;
        self.credit(&signer, curve.asset, quote)?;
        self.give_base(&signer, &curve.id, base)?;
        self.give_shares(&curve.id, shares)?;
        Ok(Event::Claimed { curve: curve.id, what, quote, base, shares })
    }
}

/// Whether the lock of the initial liquidity is over.
fn is_released(module: &Module, pool: &Pool, time_ms: u64) -> bool {
    match module.migration.lock {
        LiquidityLock::Forever => false,
        LiquidityLock::Term { secs } => {
            let term_ms = u64::from(secs).saturating_mul(SECOND_MS);
            time_ms >= pool.migrated_ms.saturating_add(term_ms)
        }
    }
}

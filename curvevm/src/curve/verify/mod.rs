//! The module verifier: what must hold before a module is published.
//!
//! It looks at the module as data, and at its *nominal* states: those of a curve of which each piece was bought at once. What real
//! trades leave over by rounding only adds to the reserve; half of 64 bits is kept free for it.
//!
//! # Invariants
//!
//! 1. On a curve of an accepted module no sale overflows, and none passes the reserve.
//! 2. Its price does not fall from one piece to the next, compared exactly.
//! 3. It can be bought up to its graduation, and then it can be migrated.

mod fees;
mod pieces;
mod refusal;

use super::{
    graduation,
    position::{Position, Stop},
    quote::{At, curve_at},
};
use crate::{
    math::isqrt,
    module::{
        BPS, FeeSchedule, FeeSide, FeeTotal, Graduation, MODULE_VERSION, Module, PIECES_MAX,
        POOL_TIERS_MAX,
    },
    types::{Base, Quote},
};
pub use refusal::{Refusal, Rule};

/// The most decimals of an asset.
const DECIMALS_MAX: u8 = 18;
/// Half of the range of an amount.
const AMOUNT_MAX: u64 = u64::MAX >> 1;
/// Shares that a pool has at least: more than the 1,000 that are nobody's.
const POOL_SHARES_MIN: u64 = 1_001;

/// Verifies a module.
///
/// # Errors
///
/// The first rule that it breaks.
pub fn verify(module: &Module) -> Result<(), Refusal> {
    need(module.version == MODULE_VERSION, Rule::Version)?;
    need(module.decimals <= DECIMALS_MAX, Rule::Decimals)?;
    need((1..=PIECES_MAX).contains(&module.pieces.len()), Rule::PieceCount)?;
    let taken = module.sale_end().checked_add(module.allotted());
    need(taken.is_some_and(|taken| taken <= module.supply), Rule::Supply)?;
    need(module.allotment.is_none_or(|allotment| !allotment.amount.is_zero()), Rule::Allotment)?;
    let raised = pieces::verify_pieces(module)?;
    let partner = module.partner.is_some();
    fees::verify_fees(&module.fees, fees::Venue::Curve, partner).map_err(Refusal::of)?;
    verify_tiers(module)?;
    if let Graduation::Raised(target) = module.graduation {
        need(!target.is_zero() && target.get() <= raised, Rule::Unreachable)?;
    }
    verify_nominal(module)
}

fn need(holds: bool, rule: Rule) -> Result<(), Refusal> {
    if holds { Ok(()) } else { Err(Refusal::of(rule)) }
}

/// The rules of the pool's fee tiers.
fn verify_tiers(module: &Module) -> Result<(), Refusal> {
    let tiers = &module.migration.tiers;
    need((1..=POOL_TIERS_MAX).contains(&tiers.len()), Rule::TierCount)?;
    let mut least = Quote::ZERO;
    for (index, tier) in tiers.iter().enumerate() {
        let refuse = |rule| Refusal::of_tier(rule, index);
        if index == 0 && tier.from != least || index > 0 && tier.from <= least {
            return Err(refuse(Rule::TierOrder));
        }
        least = tier.from;
        fees::verify_fees(&tier.fees, fees::Venue::Pool, module.partner.is_some())
            .map_err(refuse)?;
        let changes = match tier.fees.total {
            FeeTotal::OnTop => false,
            FeeTotal::Included { schedule, .. } => schedule != FeeSchedule::Constant,
        };
        if changes || tier.fees.side != FeeSide::Quote {
            return Err(refuse(Rule::TierFees));
        }
    }
    Ok(())
}

/// The rules of the nominal states: each piece is bought at once, up to graduation.
fn verify_nominal(module: &Module) -> Result<(), Refusal> {
    let overflow = |_| Refusal::of(Rule::Overflow);
    if module.vault.is_some_and(|vault| !(1..=BPS).contains(&vault.reserve_bps.into())) {
        return Err(Refusal::of(Rule::VaultRate));
    }
    let curve = curve_at(module, &At::default()).map_err(|_| Refusal::of(Rule::Overflow))?;
    let end = graduation::stop(module).map_err(overflow)?;
    let mut position = Position::of(module, &curve);
    for (index, piece) in module.pieces.iter().enumerate() {
        let refuse = |rule| Refusal::of_piece(rule, index);
        let here = end.filter(|end| end.piece == index);
        let stop = here.unwrap_or_else(|| Stop::end_of(index, piece));
        position = position.until(stop);
        position.enter().map_err(|_| refuse(Rule::Overflow))?;
        if !vault_holds(module, &position).map_err(refuse)? {
            return Err(refuse(Rule::VaultUnreachable));
        }
        position.take(u64::MAX).map_err(|_| refuse(Rule::Overflow))?;
        if !vault_holds(module, &position).map_err(refuse)? {
            return Err(refuse(Rule::VaultUnreachable));
        }
        if here.is_some() {
            break;
        }
    }
    verify_pool(module, &position)
}

fn vault_holds(module: &Module, position: &Position<'_>) -> Result<bool, Rule> {
    let Some(vault) = module.vault else { return Ok(true) };
    let price = position.price().map_err(|_| Rule::Overflow)?;
    vault
        .holds(Quote::new(position.reserve), &price, Base::new(position.sold))
        .map_err(|_| Rule::Overflow)
}

/// Whether a curve that stands at its graduation can become a pool.
fn verify_pool(module: &Module, position: &Position<'_>) -> Result<(), Refusal> {
    let price = position.price().map_err(|_| Refusal::of(Rule::Overflow))?;
    let kept = module
        .supply
        .checked_sub(module.allotted())
        .and_then(|left| left.checked_sub(Base::new(position.sold)))
        .ok_or(Refusal::of(Rule::Supply))?;
    // No error but for a price of zero, or for one so low that no supply is enough.
    let wanted = price.base_for(Quote::new(position.reserve)).unwrap_or(u128::MAX);
    let (quote, base) = match u64::try_from(wanted) {
        Ok(wanted) if wanted <= kept.get() => (position.reserve.into(), wanted),
        Ok(_) | Err(_) => {
            let quote = price.quote_for_ceil(kept).map_err(|_| Refusal::of(Rule::Overflow))?;
            let least = u128::from(position.reserve).saturating_mul(9).div_ceil(10);
            need(quote >= least, Rule::PoolTokens)?;
            (quote.min(position.reserve.into()), kept.get())
        }
    };
    // Who pays more than a token costs may reach the target before the point of graduation, with no more in the reserve than that.
    let (quote, base) = match module.graduation {
        Graduation::SoldOut => (quote, base),
        Graduation::Raised(target) => {
            let fewest = price.base_for(target).unwrap_or(u128::MAX);
            (quote.min(target.get().into()), fewest.min(base.into()).try_into().unwrap_or(base))
        }
    };
    let shares = isqrt(quote.saturating_mul(base.into()));
    need(shares >= POOL_SHARES_MIN, Rule::PoolShares)
}

//! Migration: a complete curve becomes a pool at its end price.
//!
//! With the reserve `R`, the marginal price `p` and the tokens `left` that are neither sold nor allotted, the pool gets `R` and
//! `floor(R / p)` tokens, so that with one token more it would be below the curve's price. When so many are not left, it gets `left`
//! tokens and `ceil(left · p)` quote, and what remains of `R` is the protocol's. Tokens that the pool does not need are nobody's.

use crate::{
    cell::{Accrued, Curve, Money, Phase, Pool},
    curve,
    error::Error,
    math::{isqrt, mul_div_floor},
    module::{LiquidityLock, Module},
    types::{Base, Quote, Shares},
};

/// Shares of every pool that are nobody's, so that it is never empty and a share never dear.
pub const MINIMUM_LOCKED: Shares = Shares::new(1_000);

/// Milliseconds in a second.
const SECOND_MS: u64 = 1_000;

/// The pool that a complete curve becomes.
///
/// # Errors
///
/// [`Error::NotComplete`], [`Error::AlreadyMigrated`]; [`Error::Overflow`] and [`Error::Dust`] only for a module that the verifier
/// refuses.
pub fn migrate(module: &Module, curve: &Curve, time_ms: u64) -> Result<Pool, Error> {
    match curve.phase {
        Phase::Trading => return Err(Error::NotComplete),
        Phase::Complete => {}
        Phase::Migrated => return Err(Error::AlreadyMigrated),
    }
    let left = module
        .supply
        .checked_sub(curve.sold)
        .and_then(|left| left.checked_sub(module.allotted()))
        .ok_or(Error::Overflow)?;
    let (quote, base) = reserves(module, curve, left)?;
    let shares = isqrt(u128::from(quote.get()).saturating_mul(base.get().into()));
    let unlocked = shares.checked_sub(MINIMUM_LOCKED.get()).filter(|unlocked| *unlocked > 0);
    let unlocked = unlocked.ok_or(Error::Dust)?;
    let surplus = curve.reserve.checked_sub(quote).ok_or(Error::Overflow)?;
    let protocol = Money { quote: surplus, base: Base::ZERO };
    Ok(Pool {
        version: 0,
        quote,
        base,
        shares: Shares::new(shares),
        term_locked: match module.migration.lock {
            LiquidityLock::Forever => Shares::ZERO,
            LiquidityLock::Term { .. } => Shares::new(unlocked),
        },
        migrated_ms: time_ms,
        burnt: left.checked_sub(base).ok_or(Error::Overflow)?,
        vested: Base::ZERO,
        fees: Accrued { protocol, ..Accrued::default() },
    })
}

/// The reserves of the pool of a curve of which `left` tokens are neither sold nor allotted.
fn reserves(module: &Module, curve: &Curve, left: Base) -> Result<(Quote, Base), Error> {
    let price = curve::price(module, curve)?;
    // An error is a price so low that no number of tokens is enough.
    let wanted = price.base_for(curve.reserve).ok().and_then(|base| u64::try_from(base).ok());
    if let Some(base) = wanted.map(Base::new).filter(|base| *base <= left) {
        return Ok((curve.reserve, base));
    }
    let worth = price.quote_for_ceil(left)?;
    let quote = u64::try_from(worth).map_or(curve.reserve, Quote::new);
    Ok((quote.min(curve.reserve), left))
}

/// Tokens of the creator's allotment that have vested so far, claimed ones included, rounded down.
pub fn vested(module: &Module, pool: &Pool, time_ms: u64) -> Base {
    let Some(allotment) = module.allotment else { return Base::ZERO };
    let secs = time_ms.saturating_sub(pool.migrated_ms) / SECOND_MS;
    let Some(since) = secs.checked_sub(allotment.cliff_secs.into()) else { return Base::ZERO };
    let term = u64::from(allotment.vesting_secs);
    if since >= term {
        return allotment.amount;
    }
    // `since < term`, so that it fits and the term is not zero.
    mul_div_floor(allotment.amount.get(), since, term).map_or(Base::ZERO, Base::new)
}

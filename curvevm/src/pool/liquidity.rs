//! Liquidity by share.

use super::MINIMUM_LOCKED;
use crate::{
    cell::Pool,
    error::Error,
    math::{mul_div_ceil, mul_div_floor},
    types::{Base, Quote, Shares},
};

/// Liquidity to be added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "nothing is added until it is settled"]
pub struct Added {
    /// Quote that is taken: at most what was offered.
    pub quote: Quote,
    /// Tokens that are taken with it.
    pub base: Base,
    /// Shares that are made.
    pub shares: Shares,
}

/// Liquidity to be removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "nothing is removed until it is settled"]
pub struct Removed {
    /// Quote that is given.
    pub quote: Quote,
    /// Tokens that are given.
    pub base: Base,
    /// Shares that are destroyed.
    pub shares: Shares,
}

/// The shares that `quote` and at most `base_max` tokens make. What they take is rounded up.
///
/// # Errors
///
/// [`Error::ZeroAmount`], [`Error::Dust`] when it is less than a share, [`Error::LimitNotMet`] when more tokens belong to it,
/// [`Error::Overflow`].
pub fn add(pool: &Pool, quote: Quote, base_max: Base) -> Result<Added, Error> {
    if quote.is_zero() {
        return Err(Error::ZeroAmount);
    }
    let (q, b, all) = (pool.quote.get(), pool.base.get(), pool.shares.get());
    let shares = mul_div_floor(quote.get(), all, q).ok_or(Error::Overflow)?;
    if shares == 0 {
        return Err(Error::Dust);
    }
    let base = Base::new(mul_div_ceil(b, shares, all).ok_or(Error::Overflow)?);
    if base > base_max {
        return Err(Error::LimitNotMet);
    }
    let quote = mul_div_ceil(q, shares, all).map(Quote::new).ok_or(Error::Overflow)?;
    let added = Added { quote, base, shares: Shares::new(shares) };
    added.after(pool).ok_or(Error::Overflow)?;
    Ok(added)
}

/// What `shares` are worth. It is rounded down.
///
/// # Errors
///
/// [`Error::ZeroAmount`], [`Error::Dust`] when they are worth nothing, [`Error::InsufficientShares`] when so many are not anybody's,
/// [`Error::Overflow`].
pub fn remove(pool: &Pool, shares: Shares) -> Result<Removed, Error> {
    if shares.is_zero() {
        return Err(Error::ZeroAmount);
    }
    let left = pool.shares.checked_sub(shares).ok_or(Error::InsufficientShares)?;
    if left < MINIMUM_LOCKED {
        return Err(Error::InsufficientShares);
    }
    let part = |units| mul_div_floor(units, shares.get(), pool.shares.get());
    let quote = part(pool.quote.get()).map(Quote::new).ok_or(Error::Overflow)?;
    let base = part(pool.base.get()).map(Base::new).ok_or(Error::Overflow)?;
    if quote.is_zero() && base.is_zero() {
        return Err(Error::Dust);
    }
    Ok(Removed { quote, base, shares })
}

impl Added {
    /// Writes the state after it into the pool.
    ///
    /// # Errors
    ///
    /// [`Error::Overflow`] when it is of another pool and does not fit; then nothing is written.
    pub fn settle(self, pool: &mut Pool) -> Result<(), Error> {
        (pool.quote, pool.base, pool.shares) = self.after(pool).ok_or(Error::Overflow)?;
        Ok(())
    }

    /// Reserves and shares after it; none when they do not fit.
    fn after(&self, pool: &Pool) -> Option<(Quote, Base, Shares)> {
        let quote = pool.quote.checked_add(self.quote)?;
        let base = pool.base.checked_add(self.base)?;
        Some((quote, base, pool.shares.checked_add(self.shares)?))
    }
}

impl Removed {
    /// Writes the state after it into the pool.
    ///
    /// # Errors
    ///
    /// [`Error::Overflow`] when it is of another pool; then nothing is written.
    pub fn settle(self, pool: &mut Pool) -> Result<(), Error> {
        let quote = pool.quote.checked_sub(self.quote).ok_or(Error::Overflow)?;
        let base = pool.base.checked_sub(self.base).ok_or(Error::Overflow)?;
        pool.shares = pool.shares.checked_sub(self.shares).ok_or(Error::Overflow)?;
        (pool.quote, pool.base) = (quote, base);
        Ok(())
    }
}

//! A rate that grows with the size of a purchase: Meteora DBC's rate limiter.
//!
//! With the rate `c`, the reference `x` and the increment `i`, the first `x` of an amount pays `c`, the next `x` pays `c + i`, and so
//! on; from the step on that would pass [`RATE_MAX`], all pays that. The rate of the amount is the fee over the amount, rounded up.

use crate::{
    error::Error,
    math::{U256, isqrt_u256, mul_div_ceil, ratio_floor},
    module::{RATE_MAX, RATE_ONE},
};

const ONE: u64 = RATE_ONE as u64;
const MAX: u64 = RATE_MAX as u64;

/// A rate that grows with the size.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limiter {
    /// `c`.
    rate: u64,
    /// `x`, not zero.
    reference: u64,
    /// `i`, not zero.
    increment: u64,
    /// Steps until the rate stays.
    steps: u64,
}

impl Limiter {
    /// # Errors
    ///
    /// [`Error::InvalidModule`] when the reference or the increment is zero.
    pub(super) fn new(rate: u64, reference: u64, increment: u32) -> Result<Self, Error> {
        let increment = u64::from(increment);
        let steps = MAX.saturating_sub(rate).checked_div(increment);
        let steps = steps.filter(|_| reference != 0).ok_or(Error::InvalidModule)?;
        Ok(Self { rate, reference, increment, steps })
    }

    /// The rate of an amount that includes the fee.
    pub(super) fn rate_of_included(&self, amount: u64) -> Result<u64, Error> {
        self.included(amount).ok_or(Error::Overflow)
    }

    /// The rate of an amount that the fee comes on top of: that of the amount with the fee. Where it is an estimate, the amount is at
    /// most a few units from the one that [`Limiter::rate_of_included`] leaves `net` of.
    pub(super) fn rate_of_excluded(&self, net: u64) -> Result<u64, Error> {
        self.excluded(net).ok_or(Error::Overflow)
    }

    fn included(&self, amount: u64) -> Option<u64> {
        let Some(above) = amount.checked_sub(self.reference).filter(|above| *above > 0) else {
            return Some(self.rate);
        };
        let steps = above.checked_div(self.reference)?;
        let partial = u128::from(above.checked_rem(self.reference)?);
        let reference = u128::from(self.reference);
        let whole = steps.min(self.steps);
        // In billionths of a unit. 5 · 10^17 is the most that the steps add up to, so that 2^64 references fit.
        let mut fee = reference.checked_mul(self.rates_below(whole)?)?;
        let beyond = if steps < self.steps {
            partial.checked_mul(self.rate_of_step(steps.checked_add(1)?)?.into())?
        } else {
            let units = u128::from(steps.checked_sub(whole)?).checked_mul(reference)?;
            units.checked_add(partial)?.checked_mul(MAX.into())?
        };
        fee = fee.checked_add(beyond)?;
        let units = u64::try_from(fee.div_ceil(u128::from(ONE))).ok()?;
        Some(mul_div_ceil(units, ONE, amount)?.min(MAX))
    }

    /// The sum of the rates of the first step and of `steps` more.
    fn rates_below(&self, steps: u64) -> Option<u128> {
        let steps = u128::from(steps);
        let count = steps.checked_add(1)?;
        let grown = steps.checked_mul(count)?.checked_mul(self.increment.into())? >> 1;
        u128::from(self.rate).checked_mul(count)?.checked_add(grown)
    }

    fn rate_of_step(&self, step: u64) -> Option<u64> {
        self.rate.checked_add(self.increment.checked_mul(step)?)
    }

    /// What the fee leaves of `amount`.
    fn rest(&self, amount: u64) -> Option<u64> {
        amount.checked_sub(mul_div_ceil(amount, self.included(amount)?, ONE)?)
    }

    fn excluded(&self, net: u64) -> Option<u64> {
        if net <= self.rest(self.reference)? {
            return Some(self.rate);
        }
        let top = self.steps.checked_add(1)?.checked_mul(self.reference);
        let end = top.unwrap_or(u64::MAX);
        let rest = self.rest(end)?;
        let gross = match net.cmp(&rest) {
            core::cmp::Ordering::Equal => return self.included(end),
            core::cmp::Ordering::Less => self.gross_below_top(net)?,
            core::cmp::Ordering::Greater => {
                let above = net.checked_sub(rest).filter(|_| top.is_some())?;
                end.checked_add(mul_div_ceil(above, ONE, ONE.checked_sub(MAX)?)?)?
            }
        };
        let fee = gross.checked_sub(net)?;
        // Between the bounds that it has by construction, up to a unit of rounding.
        Some(mul_div_ceil(fee, ONE, gross)?.clamp(self.rate.min(MAX), MAX))
    }

    /// The amount that leaves `net`, below the step at which the rate stays.
    ///
    /// What is left is a quadratic function of whole steps. Its root tells the step, and within it what is left grows evenly.
    fn gross_below_top(&self, net: u64) -> Option<u64> {
        let (one, reference) = (u128::from(ONE), u128::from(self.reference));
        let (rate, increment) = (u128::from(self.rate), u128::from(self.increment));
        // `increment · s^2 - linear · s + 2 · net · 10^9 · reference = 0`.
        let factor =
            one.checked_mul(2)?.checked_add(increment)?.checked_sub(rate.checked_mul(2)?)?;
        let linear = factor.checked_mul(reference)?;
        let constant = U256::product(reference.checked_mul(one)?, u128::from(net).checked_mul(2)?);
        let under = constant.checked_mul(increment.checked_mul(4)?)?;
        let root = isqrt_u256(U256::product(linear, linear).checked_sub(under)?);
        let twice = U256::from_u128(increment.checked_mul(2)?);
        let whole = ratio_floor(U256::from_u128(linear.checked_sub(root)?), twice)?;
        let whole = u64::try_from(whole).ok()?;
        let step = whole.checked_div(self.reference)?;
        // Nothing is missing but for a unit of rounding, where upstream fails.
        let missing = net.saturating_sub(self.rest(whole)?);
        let left = ONE.checked_sub(self.rate_of_step(step)?)?;
        whole.checked_add(mul_div_ceil(missing, ONE, left)?)
    }
}

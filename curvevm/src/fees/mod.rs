//! Fees: what an amount is charged, and who receives which part.
//!
//! # Rules
//!
//! | method | when | on top | included, at the rate `f` |
//! |---|---|---|---|
//! | [`Tariff::within`] | a purchase for `gross` | `net = floor(gross / (1 + rates))`, less what `net` and its parts pass `gross` by | fee `ceil(gross · f)` |
//! | [`Tariff::on_top_of`] | a purchase that the curve takes `net` for | the parts of `net` | `gross = ceil(net / (1 - f))` |
//! | [`Tariff::out_of`] | an output of `amount` | the parts of `amount` | fee `ceil(amount · f)` |
//! | [`Tariff::for_rest`] | an output that leaves `rest` | the least amount whose parts leave it | `ceil(rest / (1 - f))` |
//!
//! Rates are in billionths. An included fee is divided among its parts in order, and what they leave is the rest's; a part of the
//! amount is of the whole amount, fee included. These are the rules of the launchpads, to the unit: on top pump.fun's, included
//! those of Raydium LaunchLab and Meteora DBC.
//!
//! # Invariants
//!
//! 1. What the trader pays or receives and the fee add up: no unit is made or lost.
//! 2. A fee is never more than the amount that it is taken out of.
//! 3. The rate is never above [`RATE_MAX`].

mod limiter;
mod schedule;
mod split;
#[cfg(test)]
mod tests;

use crate::{
    error::Error,
    math::{mul_div_ceil, mul_div_floor},
    module::{
        FEE_PARTS_MAX, FeeOf, FeePart, FeeRounding, FeeSchedule, FeeSide, FeeTotal, Fees, RATE_MAX,
        RATE_ONE, Recipient,
    },
    receipt::{FeeSplit, Side},
};
use limiter::Limiter;

const ONE: u64 = RATE_ONE as u64;
/// Steps to the least amount that [`Tariff::for_rest`] takes before it settles for one that is a few units more: more are needed
/// only when parts on top pass one half in all.
const LEAST_STEPS_MAX: u32 = 8;
/// Steps of [`Tariff::for_rest`] in all.
const STEPS_MAX: u32 = 20;

/// The fees of one trade: a module's fees at a time, on a side, with or without a referrer.
#[derive(Clone, Copy, Debug)]
pub struct Tariff<'a> {
    fees: &'a Fees,
    referred: bool,
    rate: Rate,
}

/// What is charged in all.
#[derive(Clone, Copy, Debug)]
enum Rate {
    /// The sum of the rates of the parts, on top.
    OnTop(u64),
    /// A rate of the whole amount.
    Included(u64),
    /// A rate that grows with the amount.
    Limited(Limiter),
}

impl<'a> Tariff<'a> {
    /// The fees of a trade on `side`, `secs_since_launch` after the launch.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidModule`] when the fees are such that the verifier refuses them.
    pub fn new(
        fees: &'a Fees,
        side: Side,
        secs_since_launch: u64,
        referred: bool,
    ) -> Result<Self, Error> {
        let rate = match fees.total {
            FeeTotal::OnTop => Rate::OnTop(on_top_rate(fees, referred)?),
            FeeTotal::Included { rate, referred: more, schedule } => {
                let more = if referred { u64::from(more) } else { 0 };
                let at = |rate: u64| rate.saturating_add(more).min(u64::from(RATE_MAX));
                let limiter = match schedule {
                    FeeSchedule::SizeLimiter { reference, increment, duration_secs }
                        if side == Side::Buy
                            && fees.side == FeeSide::Quote
                            && secs_since_launch <= u64::from(duration_secs) =>
                    {
                        Some(Limiter::new(at(rate.into()), reference.get(), increment)?)
                    }
                    FeeSchedule::Constant
                    | FeeSchedule::Linear { .. }
                    | FeeSchedule::Exponential { .. }
                    | FeeSchedule::SizeLimiter { .. } => None,
                };
                match limiter {
                    Some(limiter) => Rate::Limited(limiter),
                    None => Rate::Included(at(schedule::rate(rate, schedule, secs_since_launch)?)),
                }
            }
        };
        Ok(Self { fees, referred, rate })
    }

    /// What is left for the curve of `gross`, which pays the fee too, and the fee.
    ///
    /// On top, by pump.fun's rule, the parts are those of the first estimate, so that a buyer pays `gross`, or one unit less.
    ///
    /// # Errors
    ///
    /// [`Error::Dust`] when `gross` does not cover the fee.
    pub fn within(&self, gross: u64) -> Result<(u64, FeeSplit<u64>), Error> {
        let rate = match self.rate {
            Rate::OnTop(rates) => {
                let whole = ONE.checked_add(rates).ok_or(Error::Overflow)?;
                let net = mul_div_floor(gross, ONE, whole).ok_or(Error::Overflow)?;
                let split = self.parts_of(net)?;
                let left = gross.checked_sub(net).ok_or(Error::Overflow)?;
                let excess = split.total().ok_or(Error::Overflow)?.saturating_sub(left);
                return Ok((net.checked_sub(excess).ok_or(Error::Dust)?, split));
            }
            Rate::Included(rate) => rate,
            Rate::Limited(limiter) => limiter.rate_of_included(gross)?,
        };
        self.take(gross, rate)
    }

    /// What is paid in all so that the curve receives `net`, and the fee.
    ///
    /// # Errors
    ///
    /// [`Error::Overflow`] when it does not fit.
    pub fn on_top_of(&self, net: u64) -> Result<(u64, FeeSplit<u64>), Error> {
        let rate = match self.rate {
            Rate::OnTop(_) => {
                let split = self.parts_of(net)?;
                let gross = split.total().and_then(|total| net.checked_add(total));
                return Ok((gross.ok_or(Error::Overflow)?, split));
            }
            Rate::Included(rate) => rate,
            Rate::Limited(limiter) => limiter.rate_of_excluded(net)?,
        };
        let gross = including(net, rate)?;
        let total = gross.checked_sub(net).ok_or(Error::Overflow)?;
        Ok((gross, self.divide(gross, total, rate)?))
    }

    /// What is left of an output of `amount`, and the fee.
    ///
    /// # Errors
    ///
    /// [`Error::Dust`] when `amount` does not cover the fee.
    pub fn out_of(&self, amount: u64) -> Result<(u64, FeeSplit<u64>), Error> {
        match self.rate {
            Rate::OnTop(_) => {
                let split = self.parts_of(amount)?;
                let total = split.total().ok_or(Error::Overflow)?;
                Ok((amount.checked_sub(total).ok_or(Error::Dust)?, split))
            }
            Rate::Included(rate) => self.take(amount, rate),
            // A limiter is on the input of a purchase.
            Rate::Limited(_) => Err(Error::InvalidModule),
        }
    }

    /// The least output of which at least `rest` is left.
    ///
    /// When parts on top pass one half in all, the amount may be some units more than the least.
    ///
    /// # Errors
    ///
    /// [`Error::Overflow`] when it does not fit.
    pub fn for_rest(&self, rest: u64) -> Result<u64, Error> {
        match self.rate {
            Rate::OnTop(rates) => self.for_rest_on_top(rest, rates),
            Rate::Included(rate) => including(rest, rate),
            Rate::Limited(_) => Err(Error::InvalidModule),
        }
    }

    fn for_rest_on_top(&self, rest: u64, rates: u64) -> Result<u64, Error> {
        let left = ONE.checked_sub(rates).ok_or(Error::Overflow)?;
        // Each part that is rounded down may take one unit less than its rate.
        let down = self.charged().filter(|part| part.rounding == FeeRounding::Down).count();
        let below = rest.saturating_sub(u64::try_from(down).unwrap_or(u64::MAX));
        let mut amount = mul_div_ceil(below, ONE, left).ok_or(Error::Overflow)?;
        for step in 0..STEPS_MAX {
            let taken = self.parts_of(amount)?.total().ok_or(Error::Overflow)?;
            let reached = amount.saturating_sub(taken);
            let missing = match rest.checked_sub(reached) {
                None | Some(0) => return Ok(amount),
                Some(missing) => missing,
            };
            // A unit more leaves at most a unit more, so that the least amount is not stepped over.
            let least = step < LEAST_STEPS_MAX;
            let more = if least { Some(missing) } else { mul_div_ceil(missing, ONE, left) };
            amount = more.and_then(|more| amount.checked_add(more)).ok_or(Error::Overflow)?;
        }
        Err(Error::Overflow)
    }

    /// An included fee at `rate` out of `amount`.
    fn take(&self, amount: u64, rate: u64) -> Result<(u64, FeeSplit<u64>), Error> {
        let total = mul_div_ceil(amount, rate, ONE).ok_or(Error::Overflow)?;
        let rest = amount.checked_sub(total).ok_or(Error::Dust)?;
        Ok((rest, self.divide(amount, total, rate)?))
    }

    /// The parts that are charged to this trade.
    fn charged(&self) -> impl Iterator<Item = &'a FeePart> + use<'a> {
        let referred = self.referred;
        self.fees.parts.iter().filter(move |part| is_charged(part, referred))
    }

    /// The parts on top of `amount`.
    fn parts_of(&self, amount: u64) -> Result<FeeSplit<u64>, Error> {
        let mut total = Total { fee: u64::MAX, rate: ONE, left: u64::MAX };
        self.parts(amount, &mut total)
    }

    /// The parts of an included `fee`, which is `rate` of `amount`.
    fn divide(&self, amount: u64, fee: u64, rate: u64) -> Result<FeeSplit<u64>, Error> {
        let mut total = Total { fee, rate, left: fee };
        let mut split = self.parts(amount, &mut total)?;
        let rest = match self.fees.rest {
            // Nobody is named, so that it falls to the chain.
            Recipient::Referrer if !self.referred => Recipient::Protocol,
            recipient => recipient,
        };
        split.add(rest, total.left).ok_or(Error::Overflow)?;
        Ok(split)
    }

    fn parts(&self, amount: u64, total: &mut Total) -> Result<FeeSplit<u64>, Error> {
        let mut taken = [0u64; FEE_PARTS_MAX];
        for (place, part) in self.fees.parts.iter().enumerate() {
            if !is_charged(part, self.referred) {
                continue;
            }
            let (of, one) = match part.of {
                FeeOf::Amount => (amount, ONE),
                FeeOf::Total => (total.fee, ONE),
                FeeOf::Proportion => (total.fee, total.rate),
                FeeOf::Rest => (total.left, ONE),
                FeeOf::Part(source) => {
                    let source = usize::from(source);
                    let earlier = taken.get_mut(..place).and_then(|all| all.get_mut(source));
                    let source = earlier.ok_or(Error::InvalidModule)?;
                    let units = portion(*source, part, ONE)?.min(*source);
                    *source = source.checked_sub(units).ok_or(Error::Overflow)?;
                    *taken.get_mut(place).ok_or(Error::InvalidModule)? = units;
                    continue;
                }
            };
            // A rate of nothing has no proportions, and no fee to divide.
            let units = if one == 0 { 0 } else { portion(of, part, one)?.min(total.left) };
            total.left = total.left.checked_sub(units).ok_or(Error::Overflow)?;
            *taken.get_mut(place).ok_or(Error::InvalidModule)? = units;
        }
        let mut split = FeeSplit::<u64>::default();
        for (part, units) in self.fees.parts.iter().zip(taken) {
            split.add(part.recipient, units).ok_or(Error::Overflow)?;
        }
        Ok(split)
    }
}

/// An included fee while it is divided.
struct Total {
    fee: u64,
    rate: u64,
    left: u64,
}

/// `of · rate / one`, rounded as the part says.
fn portion(of: u64, part: &FeePart, one: u64) -> Result<u64, Error> {
    let divide = match part.rounding {
        FeeRounding::Up => mul_div_ceil,
        FeeRounding::Down => mul_div_floor,
    };
    divide(of, part.rate.into(), one).ok_or(Error::Overflow)
}

/// The least amount of which `net` is left after a fee of `rate`, rounded up.
fn including(net: u64, rate: u64) -> Result<u64, Error> {
    let left = ONE.checked_sub(rate).ok_or(Error::Overflow)?;
    mul_div_ceil(net, ONE, left).ok_or(Error::Overflow)
}

fn is_charged(part: &FeePart, referred: bool) -> bool {
    referred || part.recipient != Recipient::Referrer
}

/// The sum of the rates of the parts on top.
fn on_top_rate(fees: &Fees, referred: bool) -> Result<u64, Error> {
    let mut rates = 0u64;
    for part in fees.parts.iter().filter(|part| is_charged(part, referred)) {
        match part.of {
            FeeOf::Amount => {
                rates = rates.checked_add(part.rate.into()).ok_or(Error::InvalidModule)?;
            }
            FeeOf::Part(_) => {}
            FeeOf::Total | FeeOf::Proportion | FeeOf::Rest => return Err(Error::InvalidModule),
        }
    }
    if rates > u64::from(RATE_MAX) { Err(Error::InvalidModule) } else { Ok(rates) }
}

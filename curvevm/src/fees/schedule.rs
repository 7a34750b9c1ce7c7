//! Rates that change with time.

use crate::{
    error::Error,
    math::{ONE_Q64, mul_shr_floor, pow_q64},
    module::{BPS, FeeSchedule},
};

/// The rate `secs` after the launch, of one that is `cliff` at the launch.
///
/// # Errors
///
/// [`Error::InvalidModule`] when it would fall below zero, or out of what powers in Q64.64 can tell from zero.
pub(super) fn rate(cliff: u32, schedule: FeeSchedule, secs: u64) -> Result<u64, Error> {
    let cliff = u64::from(cliff);
    match schedule {
        FeeSchedule::Constant | FeeSchedule::SizeLimiter { .. } => Ok(cliff),
        FeeSchedule::Linear { reduction, period_secs, periods } => {
            let passed = u64::from(passed(secs, period_secs, periods));
            let fallen = passed.checked_mul(reduction.into());
            fallen.and_then(|fallen| cliff.checked_sub(fallen)).ok_or(Error::InvalidModule)
        }
        FeeSchedule::Exponential { reduction_bps, period_secs, periods } => {
            let passed = passed(secs, period_secs, periods);
            if reduction_bps == 0 || passed == 0 {
                return Ok(cliff);
            }
            let decayed = decay(reduction_bps).and_then(|base| pow_q64(base, passed));
            let rate = decayed.and_then(|power| mul_shr_floor(cliff.into(), power, 64));
            rate.and_then(|rate| u64::try_from(rate).ok()).ok_or(Error::InvalidModule)
        }
    }
}

/// Whole periods since the launch; a period of no time never passes.
fn passed(secs: u64, period_secs: u32, periods: u16) -> u32 {
    let whole = secs.checked_div(period_secs.into()).unwrap_or(0);
    u32::try_from(whole).unwrap_or(u32::MAX).min(periods.into())
}

/// What is left of one after a period, Q64.64.
fn decay(reduction_bps: u16) -> Option<u128> {
    let part = u128::from(reduction_bps).checked_shl(64)?.checked_div(u128::from(BPS))?;
    ONE_Q64.checked_sub(part)
}

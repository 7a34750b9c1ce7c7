//! The rules of fees.

use super::Rule;
use crate::{
    math::{ONE_Q64, pow_q64},
    module::{
        BPS, FEE_PARTS_MAX, FeeOf, FeeSchedule, FeeSide, FeeTotal, Fees, RATE_MAX, RATE_ONE,
        Recipient,
    },
};

/// Whose fees they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Venue {
    Curve,
    Pool,
}

/// Verifies the fees of a module that names a partner or does not.
pub(super) fn verify_fees(fees: &Fees, venue: Venue, partner: bool) -> Result<(), Rule> {
    let need = |holds: bool, rule| if holds { Ok(()) } else { Err(rule) };
    need(fees.parts.len() <= FEE_PARTS_MAX, Rule::FeeParts)?;
    let recipients = fees.parts.iter().map(|part| part.recipient).chain([fees.rest]);
    for recipient in recipients {
        match recipient {
            Recipient::Liquidity => need(venue == Venue::Pool, Rule::FeeLiquidity)?,
            Recipient::Partner => need(partner, Rule::FeePartner)?,
            Recipient::Protocol | Recipient::Creator | Recipient::Referrer => {}
        }
    }
    verify_parts(fees)?;
    match fees.total {
        FeeTotal::OnTop => {
            let rates = fees.parts.iter().filter(|part| part.of == FeeOf::Amount);
            let sum = rates.fold(0u64, |sum, part| sum.saturating_add(part.rate.into()));
            need(sum <= RATE_MAX.into(), Rule::FeeRate)
        }
        FeeTotal::Included { rate, referred, schedule } => {
            let sum = u64::from(rate).saturating_add(referred.into());
            need(sum <= RATE_MAX.into(), Rule::FeeRate)?;
            need(is_sane(rate, referred, schedule, fees.side), Rule::FeeSchedule)
        }
    }
}

fn verify_parts(fees: &Fees) -> Result<(), Rule> {
    let included = fees.total != FeeTotal::OnTop;
    for (index, part) in fees.parts.iter().enumerate() {
        if part.rate > RATE_ONE {
            return Err(Rule::FeeRate);
        }
        let fits = match part.of {
            FeeOf::Amount => true,
            FeeOf::Total | FeeOf::Proportion | FeeOf::Rest => included,
            FeeOf::Part(earlier) => usize::from(earlier) < index,
        };
        if !fits {
            return Err(Rule::FeeOf);
        }
    }
    Ok(())
}

fn is_sane(rate: u32, referred: u32, schedule: FeeSchedule, side: FeeSide) -> bool {
    match schedule {
        FeeSchedule::Constant => true,
        FeeSchedule::Linear { reduction, period_secs, periods } => {
            let fall = u64::from(reduction).saturating_mul(periods.into());
            fall > 0 && period_secs > 0 && fall <= rate.into()
        }
        FeeSchedule::Exponential { reduction_bps, period_secs, periods } => {
            let part = u128::from(reduction_bps);
            if part == 0 || part >= u128::from(BPS) || period_secs == 0 || periods == 0 {
                return false;
            }
            // The least power must not vanish.
            let cut = (part << 64).checked_div(BPS.into()).unwrap_or(ONE_Q64);
            let base = ONE_Q64.saturating_sub(cut);
            pow_q64(base, periods.into()).is_some()
        }
        FeeSchedule::SizeLimiter { reference, increment, duration_secs } => {
            side == FeeSide::Quote
                && !reference.is_zero()
                && increment > 0
                && increment < RATE_ONE
                && duration_secs > 0
                && rate > 0
                && u64::from(rate).saturating_add(referred.into()) < RATE_MAX.into()
        }
    }
}

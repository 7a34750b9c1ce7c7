//! Random fees, of every form.

use curvevm::{
    module::{
        FeeOf, FeePart, FeeRounding, FeeSchedule, FeeSide, FeeTotal, Fees, RATE_MAX, RATE_ONE,
        Recipient,
    },
    types::Quote,
};

use super::{Choices, pick};

/// Fees of a curve.
pub fn curve_fees(choices: &mut dyn Choices, partner: bool) -> Fees {
    let side = *pick(choices, &[FeeSide::Quote, FeeSide::Quote, FeeSide::Output]);
    fees(choices, side, &recipients(partner, false), true)
}

/// Fees of a pool.
pub fn pool_fees(choices: &mut dyn Choices, partner: bool) -> Fees {
    fees(choices, FeeSide::Quote, &recipients(partner, true), false)
}

fn recipients(partner: bool, pool: bool) -> Vec<Recipient> {
    let mut recipients = vec![Recipient::Protocol, Recipient::Creator, Recipient::Referrer];
    if partner {
        recipients.push(Recipient::Partner);
    }
    if pool {
        recipients.extend([Recipient::Liquidity, Recipient::Liquidity]);
    }
    recipients
}

fn fees(
    choices: &mut dyn Choices,
    side: FeeSide,
    recipients: &[Recipient],
    schedules: bool,
) -> Fees {
    let included = choices.once_in(2);
    let total = if included { self::included(choices, side, schedules) } else { FeeTotal::OnTop };
    let count = choices.below(5);
    let parts = (0..count).map(|place| part(choices, place, included, recipients)).collect();
    Fees { total, side, parts, rest: *pick(choices, recipients) }
}

fn part(
    choices: &mut dyn Choices,
    place: u64,
    included: bool,
    recipients: &[Recipient],
) -> FeePart {
    let mut kinds = vec![FeeOf::Amount];
    if included {
        kinds.extend([FeeOf::Total, FeeOf::Proportion, FeeOf::Rest]);
    }
    if place > 0 {
        let earlier = choices.below(place);
        kinds.push(FeeOf::Part(u8::try_from(earlier).unwrap_or(0)));
    }
    let of = *pick(choices, &kinds);
    let most = match of {
        FeeOf::Amount => RATE_ONE / 25,
        FeeOf::Total | FeeOf::Proportion | FeeOf::Rest | FeeOf::Part(_) => RATE_ONE,
    };
    FeePart {
        recipient: *pick(choices, recipients),
        rate: rate(choices, most),
        of,
        rounding: *pick(choices, &[FeeRounding::Up, FeeRounding::Down]),
    }
}

fn included(choices: &mut dyn Choices, side: FeeSide, schedules: bool) -> FeeTotal {
    let highest = *pick(choices, &[RATE_ONE / 50, RATE_ONE / 4, RATE_MAX]);
    let rate = self::rate(choices, highest).max(1);
    let referred = if choices.once_in(3) { self::rate(choices, RATE_MAX - rate) } else { 0 };
    let schedule = if schedules { schedule(choices, rate, side) } else { FeeSchedule::Constant };
    FeeTotal::Included { rate, referred, schedule }
}

fn schedule(choices: &mut dyn Choices, rate: u32, side: FeeSide) -> FeeSchedule {
    let period_secs = narrow(choices.magnitude(100_000)).max(1);
    let periods = u16::try_from(choices.magnitude(300)).unwrap_or(1).max(1);
    match choices.below(5) {
        1 => {
            let most = rate / u32::from(periods);
            if most == 0 {
                return FeeSchedule::Constant;
            }
            let reduction = self::rate(choices, most).max(1);
            FeeSchedule::Linear { reduction, period_secs, periods }
        }
        2 => {
            let reduction_bps = u16::try_from(choices.magnitude(3_000)).unwrap_or(1).max(1);
            FeeSchedule::Exponential { reduction_bps, period_secs, periods }
        }
        3 | 4 if side == FeeSide::Quote => FeeSchedule::SizeLimiter {
            reference: Quote::new(choices.magnitude(1 << 40).max(1)),
            increment: self::rate(choices, RATE_ONE / 10).max(1),
            duration_secs: narrow(choices.magnitude(1_000_000)).max(1),
        },
        _ => FeeSchedule::Constant,
    }
}

/// A rate of any magnitude.
fn rate(choices: &mut dyn Choices, most: u32) -> u32 {
    // The launchpads' rates are round.
    if choices.once_in(2) {
        return narrow(choices.below(u64::from(most) / 100_000 + 1)) * 100_000;
    }
    narrow(choices.magnitude(most.into()))
}

fn narrow(value: u64) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

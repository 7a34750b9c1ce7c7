//! Fees: what an amount is charged, and who receives which part.

use crate::{
    error::Error,
    math::{mul_div_ceil, mul_div_floor},
    module::{FeeRounding, FeeTotal, Fees, RATE_ONE, Recipient},
    receipt::FeeSplit,
    types::Quote,
};

/// The fees on `quote`.
pub(super) fn on(fees: &Fees, quote: Quote) -> Result<FeeSplit<Quote>, Error> {
    if fees.total != FeeTotal::OnTop {
        return Err(Error::OpcodeInactive);
    }
    let mut split = FeeSplit::<Quote>::default();
    for part in &fees.parts {
        let divide = match part.rounding {
            FeeRounding::Up => mul_div_ceil,
            FeeRounding::Down => mul_div_floor,
        };
        let amount = divide(quote.get(), u64::from(part.rate), u64::from(RATE_ONE));
        let amount = amount.map(Quote::new).ok_or(Error::Overflow)?;
        let field = match part.recipient {
            Recipient::Protocol => &mut split.protocol,
            Recipient::Creator => &mut split.creator,
            Recipient::Partner => &mut split.partner,
            Recipient::Referrer => &mut split.referrer,
            Recipient::Liquidity => &mut split.liquidity,
        };
        *field = field.checked_add(amount).ok_or(Error::Overflow)?;
    }
    Ok(split)
}

/// The sum of the parts.
pub(super) fn total(split: &FeeSplit<Quote>) -> Result<Quote, Error> {
    let parts = [split.creator, split.partner, split.referrer, split.liquidity];
    let add = |sum: Quote, part: Quote| sum.checked_add(part);
    parts.into_iter().try_fold(split.protocol, add).ok_or(Error::Overflow)
}

fn total_rate(fees: &Fees) -> u64 {
    fees.parts.iter().map(|part| u64::from(part.rate)).fold(0, u64::saturating_add)
}

/// What is left for the curve when `gross` pays both the curve and its fees: the estimate `floor(gross / (1 + fees))`, less
/// what the rounding of the components puts on top (pump.fun's rule).
pub(super) fn net_of(fees: &Fees, gross: Quote) -> Result<Quote, Error> {
    let one = u64::from(RATE_ONE);
    let whole = one.checked_add(total_rate(fees)).ok_or(Error::Overflow)?;
    let net = Quote::new(mul_div_floor(gross.get(), one, whole).ok_or(Error::Overflow)?);
    let left = gross.checked_sub(net).ok_or(Error::Overflow)?;
    match total(&on(fees, net)?)?.checked_sub(left) {
        Some(excess) => Ok(net.checked_sub(excess).unwrap_or(Quote::ZERO)),
        None => Ok(net),
    }
}

/// The least amount whose rest after fees is at least `net`.
pub(super) fn gross_for(fees: &Fees, net: Quote) -> Result<Quote, Error> {
    let one = u64::from(RATE_ONE);
    let rest = one.checked_sub(total_rate(fees)).ok_or(Error::Overflow)?;
    let mut gross = mul_div_ceil(net.get(), one, rest).ok_or(Error::Overflow)?;
    // Each of the components is rounded up by less than one unit, so as many more always suffice.
    for _ in &fees.parts {
        let taken = total(&on(fees, Quote::new(gross))?)?.get();
        if gross.checked_sub(taken).is_some_and(|left| left >= net.get()) {
            break;
        }
        gross = gross.checked_add(1).ok_or(Error::Overflow)?;
    }
    Ok(Quote::new(gross))
}

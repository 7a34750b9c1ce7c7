//! Fees: each component rounded up on its own.

use crate::{
    error::Error,
    math::{mul_div_ceil, mul_div_floor},
    module::{BPS, Fees},
    types::Quote,
};

/// The fees of one trade.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct FeeSplit {
    /// The protocol's part.
    pub protocol: Quote,
    /// The creator's part.
    pub creator: Quote,
}

impl FeeSplit {
    /// The fees on `quote`.
    pub(super) fn on(fees: Fees, quote: Quote) -> Result<Self, Error> {
        let part = |bps: u16| {
            mul_div_ceil(quote.get(), u64::from(bps), BPS).map(Quote::new).ok_or(Error::Overflow)
        };
        Ok(Self { protocol: part(fees.protocol_bps)?, creator: part(fees.creator_bps)? })
    }

    /// The sum.
    ///
    /// # Errors
    ///
    /// [`Error::Overflow`].
    pub fn total(self) -> Result<Quote, Error> {
        self.protocol.checked_add(self.creator).ok_or(Error::Overflow)
    }
}

/// What is left for the curve when `gross` pays both the curve and its fees: the estimate `floor(gross / (1 + fees))`, less
/// what the rounding of the components puts on top (pump.fun's rule).
pub(super) fn net_of(fees: Fees, gross: Quote) -> Result<Quote, Error> {
    let whole = BPS.checked_add(u64::from(fees.total_bps())).ok_or(Error::Overflow)?;
    let net = Quote::new(mul_div_floor(gross.get(), BPS, whole).ok_or(Error::Overflow)?);
    let left = gross.checked_sub(net).ok_or(Error::Overflow)?;
    match FeeSplit::on(fees, net)?.total()?.checked_sub(left) {
        Some(excess) => Ok(net.checked_sub(excess).unwrap_or(Quote::ZERO)),
        None => Ok(net),
    }
}

/// The least amount whose rest after fees is at least `net`.
pub(super) fn gross_for(fees: Fees, net: Quote) -> Result<Quote, Error> {
    let rest = BPS.checked_sub(u64::from(fees.total_bps())).ok_or(Error::Overflow)?;
    let mut gross = mul_div_ceil(net.get(), BPS, rest).ok_or(Error::Overflow)?;
    // Each of the two components is rounded up by less than one unit, so two more always suffice.
    for _ in 0..2 {
        let taken = FeeSplit::on(fees, Quote::new(gross))?.total()?.get();
        if gross.checked_sub(taken).is_some_and(|left| left >= net.get()) {
            break;
        }
        gross = gross.checked_add(1).ok_or(Error::Overflow)?;
    }
    Ok(Quote::new(gross))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{FeeSplit, gross_for, net_of};
    use crate::{module::Fees, types::Quote};

    proptest! {
        #[test]
        fn net_and_fees_never_pass_gross(gross in prop_oneof![1u64.., (u64::MAX - 9).., 1u64..9], protocol_bps in 0u16..1_000, creator_bps in 0u16..1_000) {
            let fees = Fees { protocol_bps, creator_bps };
            let net = net_of(fees, Quote::new(gross)).unwrap();
            let paid = net.get() + FeeSplit::on(fees, net).unwrap().total().unwrap().get();
            prop_assert!(paid <= gross);
            prop_assert!(gross - paid <= 3);
        }

        #[test]
        fn gross_pays_net_and_not_a_unit_more_than_needed(net in 1u64..1 << 60, protocol_bps in 0u16..1_000, creator_bps in 0u16..1_000) {
            let fees = Fees { protocol_bps, creator_bps };
            let rest = |gross: u64| gross - FeeSplit::on(fees, Quote::new(gross)).unwrap().total().unwrap().get();
            let gross = gross_for(fees, Quote::new(net)).unwrap().get();
            prop_assert!(rest(gross) >= net);
            prop_assert!(rest(gross) - net <= 2);
        }
    }
}

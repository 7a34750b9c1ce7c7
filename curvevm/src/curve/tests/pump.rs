//! pump.fun: the figures of section 10 of the design, and its formulae written down once more.

use super::*;
use crate::{math::mul_div_floor, test_support::pump_module};

const VS: u128 = 30_000_000_000;
const VT: u128 = 1_073_000_000_000_000;
const ALL: u64 = 793_100_000_000_000;

fn fees(quote: u128) -> u128 {
    (quote * 95).div_ceil(10_000) + (quote * 30).div_ceil(10_000)
}

#[test]
fn buying_everything_from_genesis() {
    let mut market = Market::new(pump_module());
    let done = market.take(ALL).unwrap();
    assert_eq!(done, (ALL, 85_005_359_057 + 807_550_912 + 255_016_078));
    assert_eq!(market.curve.reserve, Quote::new(85_005_359_057));
    assert_eq!(market.curve.fees.protocol.quote, Quote::new(807_550_912));
    assert_eq!(market.curve.fees.creator.quote, Quote::new(255_016_078));
    assert_eq!(market.curve.phase, Phase::Complete);
    assert_eq!(market.take(1), Err(Error::CurveComplete));
    assert_eq!(market.spend(1), Err(Error::CurveComplete));
}

#[test]
fn market_cap_at_genesis() {
    let supply = pump_module().supply.get();
    assert_eq!(mul_div_floor(VS as u64, supply, VT as u64), Some(27_958_993_476));
}

#[test]
fn the_reserve_counts_to_the_real_tokens_and_no_further() {
    let mut market = Market::new(pump_module());
    market.take(ALL - 1).unwrap();
    let (base, paid) = market.spend(1_000_000_000_000).unwrap();
    assert_eq!(base, 1);
    assert!(paid < 1_000);
    assert_eq!(market.curve.phase, Phase::Complete);
}

proptest! {
    #[test]
    fn exact_base_out(tokens in 1..=ALL) {
        let mut market = Market::new(pump_module());
        let cost = u128::from(tokens) * VS / (VT - u128::from(tokens)) + 1;
        prop_assert_eq!(market.take(tokens), Ok((tokens, (cost + fees(cost)) as u64)));
    }

    #[test]
    fn exact_base_in(bought in 1..=ALL, part in 1..=ALL) {
        let mut market = Market::new(pump_module());
        market.take(bought).unwrap();
        let tokens = part.min(bought);
        let (vs, vt) = (VS + u128::from(market.curve.reserve.get()), VT - u128::from(bought));
        let gross = u128::from(tokens) * vs / (vt + u128::from(tokens));
        let expected = match gross.checked_sub(fees(gross)) {
            None | Some(0) => Err(Error::Dust),
            Some(net) => Ok((tokens, net as u64)),
        };
        prop_assert_eq!(market.give(tokens), expected);
    }

    #[test]
    fn exact_quote_in(bought in 0..ALL, spent in 1u64..200_000_000_000) {
        let mut market = Market::new(pump_module());
        if bought > 0 {
            market.take(bought).unwrap();
        }
        let (vs, vt) = (VS + u128::from(market.curve.reserve.get()), VT - u128::from(bought));
        let gross = u128::from(spent);
        let mut net = gross * 10_000 / 10_125;
        // The fees stay those of the estimate.
        let charged = fees(net);
        net -= (net + charged).saturating_sub(gross).min(net);
        let tokens = (net.saturating_sub(1)) * vt / (vs + net.saturating_sub(1));
        let rest = u128::from(ALL - bought);
        let done = market.spend(spent);
        if tokens == 0 {
            prop_assert_eq!(done, Err(Error::Dust));
        } else if tokens < rest {
            prop_assert_eq!(done, Ok((tokens as u64, (net + charged) as u64)));
        } else {
            // Clamped to what is left, and only that is paid.
            let cost = rest * vs / (vt - rest) + 1;
            prop_assert_eq!(done, Ok((rest as u64, (cost + fees(cost)) as u64)));
            prop_assert!(u128::from(done.unwrap().1) <= gross);
        }
    }
}

//! Referrers of trades.

use std::{vec, vec::Vec};

use super::world::{Case, DEPOSIT, SOL, World, case, give, raised, referred, rich, spend, take};
use crate::{
    error::Error,
    module::{FeeOf, FeePart, FeeRounding, Fees, Module, RATE_ONE, Recipient},
    receipt::TakenFees,
    test_support::pump_module,
    types::{Base, Quote},
};

pub(super) fn failures() -> Vec<Case> {
    vec![
        case(Error::UnknownReferrer, |w| vec![referred(spend(w.id(), SOL), 77)]),
        case(Error::UnknownReferrer, |w| vec![take(w.id(), SOL), referred(give(w.id(), SOL), 77)]),
        case(Error::SelfReferral, |w| vec![referred(spend(w.id(), SOL), 1)]),
        case(Error::SelfReferral, |w| vec![take(w.id(), SOL), referred(give(w.id(), SOL), 1)]),
        case(Error::SelfReferral, |w| {
            *w = World::migrated(raised());
            vec![referred(spend(w.id(), SOL), 1)]
        }),
    ]
}

#[test]
fn a_referrer_is_paid_at_once_in_tokens_or_in_quote() {
    let mut world = World::new(vec![rich()]);
    let curve = world.id();
    let trade = world.trade(1, referred(spend(curve, SOL), 2));
    let TakenFees::Base(fees) = trade.fees else { panic!("{trade:?}") };
    assert!(fees.referrer > Base::ZERO);
    assert_eq!(world.held(2, &curve), fees.referrer.get());
    world.check();

    let trade = world.trade(1, referred(give(curve, trade.trader_base.get()), 2));
    let TakenFees::Quote(fees) = trade.fees else { panic!("{trade:?}") };
    assert!(fees.referrer > Quote::ZERO);
    assert_eq!(world.sol(2), DEPOSIT + fees.referrer.get());
    world.check();
}

/// A module that pays a referrer nothing takes one all the same.
#[test]
fn a_referrer_without_a_part_gets_nothing() {
    let mut world = World::pump();
    let curve = world.id();
    world.succeed(1, vec![referred(spend(curve, SOL), 2), spend(curve, SOL)]);
    assert_eq!((world.sol(2), world.held(2, &curve)), (DEPOSIT, 0));
    world.check();
}

#[test]
fn a_pool_pays_referrers_too() {
    let mut module = pump_module();
    module.migration.tiers[0].fees = Fees {
        parts: [(Recipient::Liquidity, 25), (Recipient::Referrer, 10)]
            .map(|(recipient, bps)| FeePart {
                recipient,
                rate: bps * (RATE_ONE / 10_000),
                of: FeeOf::Amount,
                rounding: FeeRounding::Up,
            })
            .to_vec(),
        ..Fees::none()
    };
    let mut world = World::migrated(Module { ..module });
    let curve = world.id();
    let plain = world.trade(1, spend(curve, SOL));
    assert_eq!(plain.fees.referrer().quote, Quote::ZERO);
    let trade = world.trade(1, referred(spend(curve, SOL), 2));
    assert_eq!(world.sol(2), DEPOSIT + trade.quote.get().div_ceil(1_000));
    let trade = world.trade(1, referred(give(curve, trade.base.get()), 2));
    assert!(trade.fees.referrer().quote > Quote::ZERO);
    world.check();
}

//! `CLAIM`.

use std::{vec, vec::Vec};

use super::world::{
    Case, DEPOSIT, PARTNER, SOL, TREASURY, World, case, claim, give, migrate, nobody, raised,
    remove, rich, spend, take,
};
use crate::{
    error::Error,
    program::Claim,
    receipt::Event,
    types::{Base, Quote, Shares},
};

const ALL: [Claim; 5] =
    [Claim::CreatorFees, Claim::PartnerFees, Claim::ProtocolFees, Claim::Vested, Claim::Liquidity];

pub(super) fn failures() -> Vec<Case> {
    /// User 1 is the creator of a fresh curve on [`rich`].
    fn creators(w: &mut World) -> crate::types::CurveId {
        let id = crate::types::CurveId::derive(&super::world::address_of(1), 3);
        let module = rich();
        let publish = crate::program::Instruction::PublishModule(module.clone());
        let launch = super::world::launch(&module, crate::types::AssetId::SOL, 3);
        w.succeed(1, vec![publish, launch]);
        id
    }
    fn migrated(w: &mut World) -> crate::types::CurveId {
        let id = creators(w);
        w.succeed(9, vec![take(id, rich().sale_end().get()), migrate(id)]);
        id
    }
    let mut cases = vec![
        case(Error::UnknownCurve, |_| vec![claim(nobody(), Claim::CreatorFees)]),
        case(Error::NothingToClaim, |w| vec![claim(creators(w), Claim::CreatorFees)]),
        case(Error::NothingToClaim, |w| {
            let id = creators(w);
            w.succeed(2, vec![spend(id, SOL)]);
            vec![claim(id, Claim::CreatorFees), claim(id, Claim::CreatorFees)]
        }),
        case(Error::NotMigrated, |w| vec![claim(creators(w), Claim::Vested)]),
        case(Error::NotMigrated, |w| vec![claim(creators(w), Claim::Liquidity)]),
        case(Error::NothingToClaim, |w| {
            let id = migrated(w);
            w.pass_secs(100);
            // At the cliff, nothing has vested.
            vec![claim(id, Claim::Vested)]
        }),
        case(Error::NothingToClaim, |w| {
            let id = migrated(w);
            w.pass_secs(499);
            vec![claim(id, Claim::Liquidity)]
        }),
        case(Error::NothingToClaim, |w| {
            let id = migrated(w);
            w.pass_secs(500);
            vec![claim(id, Claim::Liquidity), claim(id, Claim::Liquidity)]
        }),
    ];
    // Nobody claims what is not theirs; and pump.fun's module has no partner.
    let strangers = |what| case(Error::NotEntitled, move |w| vec![claim(w.id(), what)]);
    cases.extend(ALL.map(strangers));
    cases
}

#[test]
fn everyone_claims_their_own_fees_of_curve_and_pool() {
    let mut world = World::new(vec![rich()]);
    let id = world.id();
    world.succeed(1, vec![spend(id, SOL)]);
    world.succeed(1, vec![give(id, 1_000_000)]);
    world.graduate(0);
    world.succeed(5, vec![migrate(id)]);
    world.succeed(1, vec![spend(id, SOL)]);
    let (curve, pool) = (world.curve(&id).fees, world.pool(&id).fees);
    for (user, what, first, second) in [
        (0, Claim::CreatorFees, curve.creator, pool.creator),
        (PARTNER, Claim::PartnerFees, curve.partner, pool.partner),
        (TREASURY, Claim::ProtocolFees, curve.protocol, pool.protocol),
    ] {
        assert!(!first.base.is_zero() && !first.quote.is_zero() && !second.quote.is_zero());
        let quote = Quote::new(first.quote.get() + second.quote.get());
        let base = first.base;
        let before = world.sol(user);
        let events = world.succeed(user, vec![claim(id, what)]);
        let shares = Shares::ZERO;
        assert_eq!(events, [Event::Claimed { curve: id, what, quote, base, shares }]);
        assert_eq!(world.sol(user), before + quote.get());
        assert_eq!(world.held(user, &id), base.get());
        world.check();
        let again = world.fail(user, vec![claim(id, what)]);
        assert_eq!(again, (0, Error::NothingToClaim));
    }
    // All claimed tokens can be sold.
    for user in [0, PARTNER, TREASURY] {
        let held = world.held(user, &id);
        world.succeed(user, vec![give(id, held)]);
    }
    world.check();
}

#[test]
fn fees_are_claimed_while_the_curve_trades() {
    let mut world = World::new(vec![raised()]);
    let id = world.id();
    let trade = world.trade(1, spend(id, SOL));
    let events = world.succeed(0, vec![claim(id, Claim::CreatorFees)]);
    let Event::Claimed { quote, .. } = events[0] else { panic!("{events:?}") };
    assert_eq!(quote.get(), (trade.quote.get() * 250).div_ceil(10_000));
    assert_eq!(world.sol(0), DEPOSIT + quote.get());
    assert_eq!(world.curve(&id).fees.creator, Default::default());
    assert_ne!(world.curve(&id).fees.protocol, Default::default());
    world.check();
}

#[test]
fn an_allotment_vests_from_its_cliff_evenly() {
    let mut world = World::migrated(rich());
    let (id, all) = (world.id(), rich().allotted().get());
    let what = Claim::Vested;
    assert_eq!(world.fail(0, vec![claim(id, what)]), (0, Error::NothingToClaim));
    world.pass_secs(101);
    let events = world.succeed(0, vec![claim(id, what)]);
    let base = Base::new(all / 1_000);
    let (quote, shares) = (Quote::ZERO, Shares::ZERO);
    assert_eq!(events, [Event::Claimed { curve: id, what, quote, base, shares }]);
    assert_eq!(world.fail(0, vec![claim(id, what)]), (0, Error::NothingToClaim));
    world.check();
    world.pass_secs(499);
    world.succeed(0, vec![claim(id, what)]);
    assert_eq!(world.held(0, &id), all / 2);
    world.pass_secs(100_000);
    world.succeed(0, vec![claim(id, what)]);
    assert_eq!(world.held(0, &id), all);
    assert_eq!(world.fail(0, vec![claim(id, what)]), (0, Error::NothingToClaim));
    world.check();
}

#[test]
fn liquidity_is_released_at_the_end_of_its_term() {
    let mut world = World::migrated(rich());
    let (id, what) = (world.id(), Claim::Liquidity);
    let locked = world.pool(&id).term_locked;
    world.context.time_ms += 499_999;
    assert_eq!(world.fail(0, vec![claim(id, what)]), (0, Error::NothingToClaim));
    world.context.time_ms += 1;
    let events = world.succeed(0, vec![claim(id, what), remove(id, locked.get())]);
    let (quote, base) = (Quote::ZERO, Base::ZERO);
    assert_eq!(events[0], Event::Claimed { curve: id, what, quote, base, shares: locked });
    world.check();
    // What is nobody's stays, and the pool goes on.
    assert!(!world.pool(&id).quote.is_zero());
    world.succeed(9, vec![give(id, 1_000_000)]);
    world.check();
    // But not for purchases: so little quote no longer covers the market cap.
    assert_eq!(world.fail(1, vec![spend(id, 1_000)]), (0, Error::VaultBreached));
}

#[test]
fn liquidity_that_is_locked_for_good_is_never_released() {
    let mut world = World::migrated(raised());
    world.context.time_ms = u64::MAX;
    let program = vec![claim(world.id(), Claim::Liquidity)];
    assert_eq!(world.fail(0, program), (0, Error::NothingToClaim));
}

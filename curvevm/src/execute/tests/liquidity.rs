//! `MIGRATE_TO_AMM`, `ADD_LIQUIDITY` and `REMOVE_LIQUIDITY`.

use std::{vec, vec::Vec};

use super::world::{
    Case, DEPOSIT, SOL, World, add, case, dear, give, hand_over, migrate, nobody, pay, raised,
    remove, rich, spend,
};
use crate::{
    cell::Phase,
    error::Error,
    pool::MINIMUM_LOCKED,
    program::Instruction,
    receipt::{Event, Liquidity},
    test_support::pump_module,
    types::{Base, Quote, Shares},
};

pub(super) fn failures() -> Vec<Case> {
    /// User 9 has most of the tokens; user 1 some.
    fn pool(w: &mut World) {
        *w = World::migrated(raised());
        w.succeed(9, vec![hand_over(w.id(), 1, SOL)]);
    }
    vec![
        case(Error::UnknownCurve, |_| vec![migrate(nobody())]),
        case(Error::NotComplete, |w| vec![migrate(w.id())]),
        case(Error::NotComplete, |w| {
            w.graduate(0);
            w.succeed(9, vec![give(w.id(), 1_000_000)]);
            vec![migrate(w.id())]
        }),
        case(Error::AlreadyMigrated, |w| {
            w.graduate(0);
            vec![migrate(w.id()), migrate(w.id())]
        }),
        case(Error::UnknownCurve, |_| vec![add(nobody(), 1)]),
        case(Error::NotMigrated, |w| vec![add(w.id(), SOL)]),
        case(Error::NotMigrated, |w| {
            w.graduate(0);
            vec![add(w.id(), SOL)]
        }),
        case(Error::ZeroAmount, |w| {
            pool(w);
            vec![add(w.id(), 0)]
        }),
        case(Error::InsufficientBalance, |w| {
            pool(w);
            vec![pay(2, DEPOSIT), add(w.id(), 1_000)]
        }),
        case(Error::InsufficientBalance, |w| {
            pool(w);
            vec![hand_over(w.id(), 2, SOL), add(w.id(), 1_000)]
        }),
        case(Error::LimitNotMet, |w| {
            pool(w);
            let (curve, quote) = (w.id(), Quote::new(1_000));
            let (base_max, shares_min) = (Base::MAX, Shares::MAX);
            vec![Instruction::AddLiquidity { curve, quote, base_max, shares_min }]
        }),
        case(Error::LimitNotMet, |w| {
            pool(w);
            let (curve, quote) = (w.id(), Quote::new(1_000));
            let (base_max, shares_min) = (Base::new(1), Shares::ZERO);
            vec![Instruction::AddLiquidity { curve, quote, base_max, shares_min }]
        }),
        case(Error::UnknownCurve, |_| vec![remove(nobody(), 1)]),
        case(Error::NotMigrated, |w| vec![remove(w.id(), 1)]),
        case(Error::ZeroAmount, |w| {
            pool(w);
            vec![remove(w.id(), 0)]
        }),
        case(Error::InsufficientShares, |w| {
            pool(w);
            vec![remove(w.id(), 1)]
        }),
        case(Error::InsufficientShares, |w| {
            pool(w);
            w.succeed(1, vec![add(w.id(), 1_000)]);
            let shares = w.stake(1, &w.id());
            vec![remove(w.id(), shares + 1)]
        }),
        case(Error::LimitNotMet, |w| {
            pool(w);
            let (curve, shares) = (w.id(), Shares::new(100));
            let (quote_min, base_min) = (Quote::MAX, Base::ZERO);
            let bad = Instruction::RemoveLiquidity { curve, shares, quote_min, base_min };
            vec![add(w.id(), 1_000), bad]
        }),
        case(Error::LimitNotMet, |w| {
            pool(w);
            let (curve, shares) = (w.id(), Shares::new(100));
            let (quote_min, base_min) = (Quote::ZERO, Base::MAX);
            let bad = Instruction::RemoveLiquidity { curve, shares, quote_min, base_min };
            vec![add(w.id(), 1_000), bad]
        }),
    ]
}

#[test]
fn anyone_turns_a_complete_curve_into_a_pool() {
    for module in [pump_module(), raised(), rich(), dear(SOL)] {
        let mut world = World::new(vec![module.clone()]);
        let id = world.id();
        world.graduate(0);
        let reserve = world.curve(&id).reserve;
        let events = world.succeed(4, vec![migrate(id)]);
        let pool = world.pool(&id);
        let (quote, base, shares) = (pool.quote, pool.base, pool.shares);
        assert_eq!(events, [Event::Migrated(Liquidity { curve: id, quote, base, shares })]);
        let surplus = pool.fees.protocol.quote.get();
        assert_eq!(quote.get() + surplus, reserve.get());
        assert_eq!(pool.migrated_ms, world.context.time_ms);
        let curve = world.curve(&id);
        assert_eq!((curve.phase, curve.reserve), (Phase::Migrated, Quote::ZERO));
        assert!(curve.marks.is_empty());
        world.check();
    }
}

/// The end of the curve and the start of the pool meet within one unit of rounding.
#[test]
fn the_price_does_not_jump() {
    let mut world = World::new(vec![pump_module()]);
    let id = world.id();
    world.graduate(0);
    let end = crate::curve::price(&pump_module(), &world.curve(&id)).unwrap();
    world.succeed(4, vec![migrate(id)]);
    let pool = world.pool(&id);
    let worth = end.quote_for_floor(pool.base).unwrap();
    assert!(worth <= u128::from(pool.quote.get()), "{worth} {pool:?}");
    let more = end.quote_for_ceil(Base::new(pool.base.get() + 1)).unwrap();
    assert!(more >= u128::from(pool.quote.get()), "{more} {pool:?}");
}

#[test]
fn liquidity_is_added_and_removed_by_share() {
    let mut world = World::migrated(raised());
    let id = world.id();
    let before = world.pool(&id);
    let events = world.succeed(9, vec![add(id, 10 * SOL)]);
    let [Event::LiquidityAdded(added)] = events[..] else { panic!("{events:?}") };
    assert_eq!(world.stake(9, &id), added.shares.get());
    let pool = world.pool(&id);
    assert_eq!(pool.quote.get(), before.quote.get() + added.quote.get());
    assert_eq!(pool.base.get(), before.base.get() + added.base.get());
    assert_eq!(pool.shares.get(), before.shares.get() + added.shares.get());
    world.check();

    let half = added.shares.get() / 2;
    let events = world.succeed(9, vec![remove(id, half)]);
    let [Event::LiquidityRemoved(removed)] = events[..] else { panic!("{events:?}") };
    assert_eq!(removed.shares.get(), half);
    assert!(removed.quote.get() <= added.quote.get() / 2 + 1);
    world.check();
    world.succeed(9, vec![remove(id, added.shares.get() - half)]);
    assert_eq!(world.stake(9, &id), 0);
    // What rounding leaves stays with the others.
    let after = world.pool(&id);
    assert!(after.quote >= before.quote && after.base >= before.base);
    assert_eq!(after.shares, before.shares);
    world.check();
}

#[test]
fn the_fees_of_trades_belong_to_who_holds_shares() {
    let mut world = World::migrated(raised());
    let id = world.id();
    let events = world.succeed(9, vec![add(id, 10 * SOL)]);
    let [Event::LiquidityAdded(added)] = events[..] else { panic!("{events:?}") };
    for _ in 0..10 {
        world.succeed(1, vec![spend(id, 20 * SOL)]);
        let held = world.held(1, &id);
        world.succeed(1, vec![give(id, held)]);
    }
    let events = world.succeed(9, vec![remove(id, added.shares.get())]);
    let [Event::LiquidityRemoved(removed)] = events[..] else { panic!("{events:?}") };
    assert!(removed.quote > added.quote, "{removed:?} {added:?}");
    world.check();
}

#[test]
fn the_initial_liquidity_is_nobodys_or_locked_for_its_term() {
    let forever = World::migrated(pump_module());
    let pool = forever.pool(&forever.id());
    assert_eq!(pool.term_locked, Shares::ZERO);
    let term = World::migrated(rich());
    let pool = term.pool(&term.id());
    assert_eq!(pool.term_locked.get(), pool.shares.get() - MINIMUM_LOCKED.get());
}

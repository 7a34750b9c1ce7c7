//! Migration and vesting.

use proptest::prelude::*;
use serde_json::Value;

use super::{migrate, pool};
use crate::{
    cell::{Curve, Phase, Pool},
    curve::{
        self, Terms,
        quote::{At, curve_at},
        verify::verify,
    },
    error::Error,
    math::U256,
    module::{Allotment, LiquidityLock, Migration, Module},
    pool::vested,
    program::{BuyOrder, SellOrder},
    templates::{self, LaunchLab},
    types::{Base, Quote, Shares},
};

const LAUNCHLAB: &str =
    include_str!("../../../../tests/conformance/upstream/raydium-launchlab.json");
const TERMS: Terms = Terms { time_ms: 0, referred: false };

/// A fresh curve.
fn fresh(module: &Module) -> Curve {
    curve_at(module, &At::default()).unwrap()
}

/// Buys all that is left.
fn complete(module: &Module, curve: &mut Curve) {
    let order = BuyOrder::ExactOut { base: Base::MAX, quote_max: Quote::MAX };
    let fill = curve::buy(module, curve, &order, &TERMS).unwrap();
    fill.settle(module, curve).unwrap();
    assert_eq!(curve.phase, Phase::Complete);
}

/// What holds of every migration: nothing is lost, and the pool is at the end price within a unit.
fn check(module: &Module, curve: &Curve, pool: &Pool) {
    let surplus = pool.fees.protocol.quote;
    assert_eq!(pool.quote.checked_add(surplus), Some(curve.reserve));
    let tokens = [pool.base, pool.burnt, module.allotted(), curve.sold];
    let tokens = tokens.into_iter().try_fold(Base::ZERO, Base::checked_add);
    assert_eq!(tokens, Some(module.supply));
    let price = curve::price(module, curve).unwrap();
    let [quote, base] = [pool.quote.get(), pool.base.get()].map(u128::from);
    let is_below = |quote: u128, base: u128| {
        let [own, other] = [price.base.checked_mul(quote), price.quote.checked_mul(base)];
        own.unwrap() < other.unwrap()
    };
    assert!(!is_below(quote, base), "below the end price");
    assert!(is_below(quote - 1, base) || is_below(quote, base + 1), "a unit above the end price");
    assert!(surplus.is_zero() || pool.burnt.is_zero());
    assert!(pool.shares > Shares::new(1_000));
    assert!(
        U256::product(quote, base)
            >= U256::product(pool.shares.get().into(), pool.shares.get().into())
    );
}

#[test]
fn every_template_migrates_at_its_end_price() {
    for (name, module) in templates::ALL {
        let module = module();
        let mut curve = fresh(&module);
        assert_eq!(migrate(&module, &curve, 7), Err(Error::NotComplete), "{name}");
        complete(&module, &mut curve);
        let pool = migrate(&module, &curve, 7).unwrap();
        check(&module, &curve, &pool);
        assert_eq!(
            (pool.migrated_ms, pool.term_locked, pool.vested),
            (7, Shares::ZERO, Base::ZERO)
        );
        curve.phase = Phase::Migrated;
        assert_eq!(migrate(&module, &curve, 7), Err(Error::AlreadyMigrated), "{name}");
    }
}

#[test]
fn pump_burns_what_the_pool_does_not_need() {
    let module = templates::pump_fun();
    let mut curve = fresh(&module);
    complete(&module, &mut curve);
    let pool = migrate(&module, &curve, 0).unwrap();
    assert_eq!(pool.quote.get(), 85_005_359_057);
    // floor(85,005,359,057 · 279.9e12 / 115,005,359,057) of the 206.9e12 that are left.
    assert_eq!(pool.base.get(), 206_886_011_183_720);
    assert_eq!(pool.burnt.get(), 206_900_000_000_000 - 206_886_011_183_720);
}

#[test]
fn a_migration_fee_is_the_protocols() {
    let launch = LaunchLab { migrate_fee: Quote::new(100_000_000), ..LaunchLab::standard() };
    let module = launch.constant_product().unwrap();
    let mut curve = fresh(&module);
    complete(&module, &mut curve);
    let pool = migrate(&module, &curve, 0).unwrap();
    check(&module, &curve, &pool);
    assert_eq!(pool.base.get(), 206_900_000_000_000);
    assert!(pool.burnt.is_zero());
    let surplus = pool.fees.protocol.quote.get();
    assert!(surplus.abs_diff(100_000_000) < 1_000, "{surplus}");
}

#[test]
fn a_term_locks_all_but_the_minimum() {
    let plain = templates::pump_fun();
    let migration = Migration { lock: LiquidityLock::Term { secs: 9 }, ..plain.migration.clone() };
    let module = Module { migration, ..plain };
    let mut curve = fresh(&module);
    complete(&module, &mut curve);
    let pool = migrate(&module, &curve, 0).unwrap();
    assert_eq!(pool.shares.get() - pool.term_locked.get(), 1_000);
}

#[test]
fn a_curve_too_small_for_shares_does_not_migrate() {
    let module = templates::pump_fun();
    let curve = Curve { phase: Phase::Complete, ..fresh(&module) };
    assert_eq!(migrate(&module, &curve, 0), Err(Error::Dust));
}

#[test]
fn vests_as_launchlab() {
    let file: Value = serde_json::from_str(LAUNCHLAB).unwrap();
    let number = |value: &Value| value.as_str().unwrap().parse::<u64>().unwrap();
    let mut compared = 0;
    for case in file["functions"].as_array().unwrap() {
        if case["function"] != "vested" {
            continue;
        }
        let input = &case["input"];
        let allotment = Allotment {
            amount: Base::new(number(&input["share"])),
            cliff_secs: number(&input["cliff"]) as u32,
            vesting_secs: number(&input["unlock"]) as u32,
        };
        let module = Module { allotment: Some(allotment), ..templates::pump_fun() };
        let end = number(&input["fundraising_end"]) * 1_000;
        let migrated = Pool { migrated_ms: end, ..pool(1, 1, 1) };
        let now = number(&input["now"]) * 1_000;
        assert_eq!(vested(&module, &migrated, now).get(), number(&case["output"]["vested"]));
        // A second counts when it is over.
        let before = vested(&module, &migrated, now.saturating_sub(1));
        assert!(before <= vested(&module, &migrated, now));
        assert_eq!(vested(&module, &migrated, 0), Base::ZERO);
        compared += 1;
    }
    assert!(compared > 3);
    assert_eq!(vested(&templates::pump_fun(), &pool(1, 1, 1), u64::MAX), Base::ZERO);
}

#[test]
fn a_long_vesting_does_not_overflow() {
    let allotment = Allotment { amount: Base::MAX, cliff_secs: u32::MAX, vesting_secs: u32::MAX };
    let module = Module { allotment: Some(allotment), ..templates::pump_fun() };
    let at = |ms| vested(&module, &pool(1, 1, 1), ms);
    let term_ms = u64::from(u32::MAX) * 1_000;
    assert_eq!(at(term_ms), Base::ZERO);
    assert!(at(term_ms + 1_000) > Base::ZERO);
    assert!(at(2 * term_ms - 1) < Base::MAX);
    assert_eq!(at(2 * term_ms), Base::MAX);
    assert_eq!(at(u64::MAX), Base::MAX);
}

fn any_launch() -> impl Strategy<Value = Module> {
    let launch =
        (1u64..1 << 60, 0.05..0.95f64, 0.0..0.3f64, 1u64..1 << 50, 0.0..0.09f64, 0..3usize);
    launch.prop_filter_map("no such launch", |(supply, sold, locked, raised, fee, kind)| {
        let part = |of: u64, part: f64| (of as f64 * part) as u64;
        let locked = part(supply, locked);
        let amount = Base::new(locked);
        let launch = LaunchLab {
            supply: Base::new(supply),
            sold: Base::new(part(supply - locked, sold)),
            raised: Quote::new(raised),
            migrate_fee: Quote::new(part(raised, fee)),
            locked: (locked > 0).then_some(Allotment { amount, cliff_secs: 0, vesting_secs: 0 }),
            ..LaunchLab::standard()
        };
        let module = match kind {
            0 => launch.constant_product(),
            1 => launch.fixed_price(),
            _ => launch.linear_price(),
        };
        module.ok().filter(|module| verify(module).is_ok())
    })
}

proptest! {
    #![proptest_config(ProptestConfig { max_global_rejects: 100_000, ..ProptestConfig::default() })]

    /// Whatever was traded before, an accepted module migrates: nothing is lost and the price does not jump.
    #[test]
    fn every_accepted_launch_migrates(module in any_launch(), moves in prop::collection::vec((any::<bool>(), 0.0..1.0f64), 0..12)) {
        let mut curve = fresh(&module);
        for (up, part) in moves {
            let units = |of: u64| Base::new((of as f64 * part) as u64);
            let fill = if up {
                let base = units(module.sale_end().get() - curve.sold.get());
                let order = BuyOrder::ExactOut { base, quote_max: Quote::MAX };
                curve::buy(&module, &curve, &order, &TERMS)
            } else {
                let order = SellOrder::ExactIn { base: units(curve.sold.get()), quote_min: Quote::ZERO };
                curve::sell(&module, &curve, &order, &TERMS)
            };
            if let Ok(fill) = fill {
                fill.settle(&module, &mut curve).unwrap();
            }
        }
        if curve.phase == Phase::Trading {
            complete(&module, &mut curve);
        }
        let pool = migrate(&module, &curve, 0).unwrap();
        check(&module, &curve, &pool);
    }
}

//! `BUY`, `SELL`, liquidity, migration and claims.

use curvevm::{
    error::Error,
    module::{FeeSchedule, Fees, Graduation, LiquidityLock, Migration, Module, Recipient, Vault},
    program::{Claim, Instruction},
    types::{AssetId, Base, CurveId, Quote, Shares},
};
use serde_json::Value;

use super::scene::Scenes;
use crate::{
    modules::{charging, cumulative, fixed, included, liquid, plain, pump, raised, rich},
    world::{
        DEPOSIT, PARTNER, SOL, TREASURY, USD, World, add, address, authorize, buy, claim, get,
        getting, give, giving, hand_over, launch, migrate, nobody, pay, referred, remove, revoke,
        sell, spend, spending, take, taking,
    },
};

/// A module and what it is called.
type Named = (&'static str, fn() -> Module);

const CLAIMS: [Claim; 5] =
    [Claim::CreatorFees, Claim::PartnerFees, Claim::ProtocolFees, Claim::Vested, Claim::Liquidity];

pub(super) fn successes() -> Vec<Value> {
    let mut scenes = Scenes::new();
    on_curves(&mut scenes);
    fees(&mut scenes);
    on_pools(&mut scenes);
    claims(&mut scenes);
    scenes.done()
}

fn on_curves(scenes: &mut Scenes) {
    let curves: [Named; 6] = [
        ("a constant product", pump),
        ("three pieces", raised),
        ("fees in tokens", rich),
        ("constant liquidity", liquid),
        ("a cumulative line", cumulative),
        ("a fixed price", || plain(vec![fixed(10_000, 1_000)])),
    ];
    for (curve, module) in curves {
        let name = |what: &str| format!("{what} on {curve}");
        let unit = if module().decimals == 0 { 1 } else { 1_000_000 };
        scenes.succeeds(&name("BUY exact in"), |w| {
            *w = World::new(vec![module()]);
            vec![spend(w.id(), 1_234_567 * unit.min(1_000))]
        });
        scenes.succeeds(&name("BUY exact out"), |w| {
            *w = World::new(vec![module()]);
            vec![take(w.id(), 3 * unit)]
        });
        scenes.succeeds(&name("SELL exact in"), |w| {
            *w = World::new(vec![module()]);
            w.succeed(1, vec![take(w.id(), 7 * unit)]);
            vec![give(w.id(), 5 * unit)]
        });
        scenes.succeeds(&name("SELL exact out"), |w| {
            *w = World::new(vec![module()]);
            w.succeed(1, vec![take(w.id(), 7 * unit)]);
            vec![get(w.id(), 1)]
        });
        scenes.succeeds(&name("all bought and all sold"), |w| {
            *w = World::new(vec![module()]);
            w.succeed(1, vec![take(w.id(), module().sale_end().get())]);
            let held = w.held(1);
            vec![give(w.id(), held)]
        });
        // Up to a target, the curve is complete before it is sold out.
        if module().graduation == Graduation::SoldOut {
            scenes.succeeds(&name("a partial fill, exact in,"), |w| {
                *w = World::new(vec![module()]);
                // With a fee in tokens, more than this is sold.
                let left = module().sale_end().get() / 10 * 9;
                w.succeed(9, vec![take(w.id(), left)]);
                vec![spend(w.id(), 300 * SOL)]
            });
        }
        scenes.succeeds(&name("a partial fill, exact out, then migration"), |w| {
            *w = World::new(vec![module()]);
            vec![take(w.id(), module().sale_end().get()), migrate(w.id())]
        });
    }
    scenes.succeeds("BUY across three pieces", |w| {
        *w = World::new(vec![raised()]);
        vec![take(w.id(), 3_500_000_000_000)]
    });
    scenes.succeeds("BUY up to a target", |w| {
        let graduation = Graduation::Raised(Quote::new(10 * SOL));
        *w = World::new(vec![Module { graduation, ..raised() }]);
        vec![spend(w.id(), 100 * SOL)]
    });
    scenes.succeeds("limits that are just met", |w| {
        let id = w.id();
        let program = vec![take(id, 1_000_000_000)];
        w.succeed(2, program);
        vec![buy(id, taking(1, 3)), buy(id, spending(SOL, 1)), sell(id, giving(1_000_000, 0))]
    });
    scenes.succeeds("the first and the last unit of a curve", |w| {
        let end = pump().sale_end().get();
        w.succeed(9, vec![take(w.id(), end - 1)]);
        vec![take(w.id(), 1)]
    });
    scenes.succeeds("a curve priced in another asset", |w| {
        w.launch(pump(), USD);
        vec![spend(w.nth(1), SOL), give(w.nth(1), 1_000_000)]
    });
    scenes.succeeds("eight instructions", |w| {
        let (id, end_ms) = (w.id(), u64::MAX);
        vec![
            take(id, 2_000_000),
            give(id, 1_000_000),
            authorize(60, end_ms, 1),
            pay(78, 9),
            authorize(61, end_ms, 2),
            revoke(60),
            pay(3, 4),
            revoke(61),
        ]
    });
    scenes.succeeds("SELL of a vault that would halt purchases", |w| {
        *w = World::unverified(Module { vault: Some(Vault { reserve_bps: 9_000 }), ..pump() });
        w.succeed(1, vec![spend(w.id(), SOL)]);
        let half = w.held(1) / 2;
        vec![give(w.id(), half)]
    });
}

fn fees(scenes: &mut Scenes) {
    let linear = FeeSchedule::Linear { reduction: 10_000_000, period_secs: 60, periods: 10 };
    let decay = FeeSchedule::Exponential { reduction_bps: 500, period_secs: 60, periods: 20 };
    let (increment, duration_secs) = (10_000_000, 600);
    let limiter = FeeSchedule::SizeLimiter { reference: Quote::new(SOL), increment, duration_secs };
    let schedules = [
        ("constant", FeeSchedule::Constant),
        ("linear", linear),
        ("exponential", decay),
        ("by size", limiter),
    ];
    for (schedule, data) in schedules {
        for secs in [0, 61, 5_000] {
            scenes.succeeds(&format!("a {schedule} fee after {secs} s"), |w| {
                *w = World::new(vec![charging(included(200_000_000, data))]);
                w.pass_ms(secs * 1_000);
                vec![spend(w.id(), 5 * SOL), give(w.id(), 1_000_000_000)]
            });
        }
    }
    scenes.succeeds("the highest fee", |w| {
        *w = World::new(vec![charging(included(990_000_000, FeeSchedule::Constant))]);
        vec![spend(w.id(), 5 * SOL), take(w.id(), 1_000_000), give(w.id(), 1_000_000_000)]
    });
    scenes.succeeds("no fee", |w| {
        *w = World::new(vec![charging(Fees::none())]);
        vec![spend(w.id(), 5 * SOL), give(w.id(), 1_000_000_000)]
    });
    scenes.succeeds("a referrer's part, in tokens and in quote", |w| {
        *w = World::new(vec![rich()]);
        vec![referred(spend(w.id(), SOL), 3), referred(give(w.id(), 1_000_000_000), 3)]
    });
    scenes.succeeds("a referrer who has no part", |w| vec![referred(spend(w.id(), SOL), 3)]);
    scenes.succeeds("four recipients on top", |w| {
        let recipients = [
            (Recipient::Protocol, 95),
            (Recipient::Creator, 30),
            (Recipient::Partner, 7),
            (Recipient::Referrer, 11),
        ];
        *w = World::new(vec![charging(Fees::on_top(&recipients))]);
        vec![referred(spend(w.id(), SOL), 3), give(w.id(), 1_000_000_000)]
    });
}

fn on_pools(scenes: &mut Scenes) {
    let modules: [Named; 4] =
        [("pump", pump), ("raised", raised), ("rich", rich), ("liquid", liquid)];
    for (module, build) in modules {
        let name = |what: &str| format!("{what}, module {module}");
        scenes.succeeds(&name("MIGRATE_TO_AMM"), |w| {
            *w = World::new(vec![build()]);
            w.graduate();
            vec![migrate(w.id())]
        });
        scenes.succeeds(&name("BUY on a pool"), |w| {
            *w = World::migrated(build());
            vec![spend(w.id(), 1_000_000), take(w.id(), 1_000_000)]
        });
        scenes.succeeds_by(&name("SELL on a pool"), (9, None), |w| {
            *w = World::migrated(build());
            vec![give(w.id(), 100_000_000), get(w.id(), 1_000)]
        });
        scenes.succeeds_by(&name("ADD_LIQUIDITY"), (9, None), |w| {
            *w = World::migrated(build());
            vec![add(w.id(), SOL / 100)]
        });
        scenes.succeeds_by(&name("REMOVE_LIQUIDITY, all of it"), (9, None), |w| {
            *w = World::migrated(build());
            w.succeed(9, vec![add(w.id(), SOL / 100)]);
            let shares = w.stake(9);
            vec![remove(w.id(), shares)]
        });
    }
    scenes.succeeds("migration, purchase and sale in one program", |w| {
        w.graduate();
        vec![migrate(w.id()), spend(w.id(), SOL), give(w.id(), 1_000_000)]
    });
    scenes.succeeds("MIGRATE_TO_AMM in another asset", |w| {
        w.launch(pump(), USD);
        w.succeed(9, vec![take(w.nth(1), u64::MAX)]);
        vec![migrate(w.nth(1))]
    });
    scenes.succeeds("a pool's second fee tier", |w| {
        *w = World::migrated(raised_tiers());
        vec![spend(w.id(), 300 * SOL), spend(w.id(), SOL)]
    });
}

/// [`raised`] with the pool of [`rich`].
fn raised_tiers() -> Module {
    let lock = LiquidityLock::Forever;
    Module {
        partner: rich().partner,
        migration: Migration { lock, tiers: rich().migration.tiers },
        ..raised()
    }
}

fn claims(scenes: &mut Scenes) {
    for (user, what) in
        [(0, Claim::CreatorFees), (PARTNER, Claim::PartnerFees), (TREASURY, Claim::ProtocolFees)]
    {
        let traded = |w: &mut World| {
            *w = World::new(vec![rich()]);
            w.succeed(1, vec![spend(w.id(), SOL), give(w.id(), 1_000_000)]);
        };
        scenes.succeeds_by(&format!("CLAIM {what:?} of a curve"), (user, None), |w| {
            traded(w);
            vec![claim(w.id(), what)]
        });
        scenes.succeeds_by(&format!("CLAIM {what:?} of curve and pool"), (user, None), |w| {
            traded(w);
            w.graduate();
            w.succeed(5, vec![migrate(w.id())]);
            w.succeed(1, vec![spend(w.id(), SOL)]);
            vec![claim(w.id(), what)]
        });
    }
    for (ms, what) in [
        (101_000, Claim::Vested),
        (600_000, Claim::Vested),
        (1_100_000, Claim::Vested),
        (9_000_000_000, Claim::Vested),
        (500_000, Claim::Liquidity),
    ] {
        scenes.succeeds_by(&format!("CLAIM {what:?} after {ms} ms"), (0, None), |w| {
            *w = World::migrated(rich());
            w.pass_ms(ms);
            vec![claim(w.id(), what)]
        });
    }
    scenes.succeeds_by("CLAIM and removal of the initial liquidity", (0, None), |w| {
        *w = World::migrated(rich());
        w.pass_ms(500_000);
        vec![claim(w.id(), Claim::Liquidity), remove(w.id(), 1_000_000)]
    });
}

pub(super) fn failures() -> Vec<Value> {
    let mut scenes = Scenes::new();
    failed_trades(&mut scenes);
    failed_liquidity(&mut scenes);
    failed_claims(&mut scenes);
    scenes.done()
}

fn failed_trades(s: &mut Scenes) {
    use Error::{Dust, InsufficientBalance, LimitNotMet, ZeroAmount};
    s.fails(ZeroAmount, "BUY exact in", |w| vec![spend(w.id(), 0)]);
    s.fails(ZeroAmount, "BUY exact out", |w| vec![take(w.id(), 0)]);
    s.fails(ZeroAmount, "SELL exact in", |w| vec![give(w.id(), 0)]);
    s.fails(ZeroAmount, "SELL exact out", |w| vec![get(w.id(), 0)]);
    s.fails(ZeroAmount, "BUY on a pool", |w| {
        *w = World::migrated(raised());
        vec![spend(w.id(), 0)]
    });
    s.fails(InsufficientBalance, "BUY", |w| vec![pay(2, DEPOSIT), spend(w.id(), SOL)]);
    s.fails(InsufficientBalance, "SELL of what another holds", |w| {
        w.succeed(2, vec![take(w.id(), SOL)]);
        vec![give(w.id(), SOL)]
    });
    s.fails(InsufficientBalance, "SELL on a pool", |w| {
        *w = World::migrated(raised());
        vec![give(w.id(), SOL)]
    });
    s.fails(Error::UnknownCurve, "BUY", |_| vec![spend(nobody(), 1_000)]);
    s.fails(Error::UnknownCurve, "SELL", |_| vec![give(nobody(), 1_000)]);
    s.fails(LimitNotMet, "BUY exact in", |w| vec![buy(w.id(), spending(SOL, u64::MAX))]);
    s.fails(LimitNotMet, "BUY exact out", |w| vec![buy(w.id(), taking(SOL, 1))]);
    s.fails(LimitNotMet, "SELL exact in", |w| {
        vec![take(w.id(), SOL), sell(w.id(), giving(SOL, SOL))]
    });
    s.fails(LimitNotMet, "SELL exact out", |w| {
        vec![take(w.id(), SOL), sell(w.id(), getting(10, 1))]
    });
    s.fails(LimitNotMet, "BUY on a pool", |w| {
        *w = World::migrated(raised());
        vec![buy(w.id(), spending(SOL, u64::MAX))]
    });
    s.fails(Error::CurveComplete, "BUY", |w| {
        w.graduate();
        vec![spend(w.id(), SOL)]
    });
    s.fails(Error::SellExceedsSold, "SELL", |w| vec![take(w.id(), 10), give(w.id(), 11)]);
    s.fails(Dust, "BUY", |w| vec![spend(w.id(), 1)]);
    s.fails(Dust, "SELL", |w| vec![take(w.id(), 10), give(w.id(), 1)]);
    s.fails(Error::InsufficientReserve, "SELL exact out", |w| {
        vec![take(w.id(), SOL), get(w.id(), SOL)]
    });
    s.fails(Error::VaultBreached, "BUY", |w| {
        *w = World::unverified(Module { vault: Some(Vault { reserve_bps: 9_000 }), ..pump() });
        vec![spend(w.id(), 50 * SOL)]
    });
    s.fails(Error::UnknownReferrer, "BUY", |w| vec![referred(spend(w.id(), SOL), 77)]);
    s.fails(Error::UnknownReferrer, "SELL", |w| {
        vec![take(w.id(), SOL), referred(give(w.id(), SOL), 77)]
    });
    s.fails(Error::SelfReferral, "BUY", |w| vec![referred(spend(w.id(), SOL), 1)]);
    s.fails(Error::SelfReferral, "SELL", |w| {
        vec![take(w.id(), SOL), referred(give(w.id(), SOL), 1)]
    });
}

fn failed_liquidity(s: &mut Scenes) {
    fn pool(w: &mut World) -> CurveId {
        *w = World::migrated(raised());
        w.succeed(9, vec![hand_over(w.id(), 1, SOL)]);
        w.id()
    }
    s.fails(Error::UnknownCurve, "MIGRATE_TO_AMM", |_| vec![migrate(nobody())]);
    s.fails(Error::NotComplete, "MIGRATE_TO_AMM", |w| vec![migrate(w.id())]);
    s.fails(Error::NotComplete, "MIGRATE_TO_AMM after a sale", |w| {
        w.graduate();
        w.succeed(9, vec![give(w.id(), 1_000_000)]);
        vec![migrate(w.id())]
    });
    s.fails(Error::AlreadyMigrated, "MIGRATE_TO_AMM", |w| {
        w.graduate();
        vec![migrate(w.id()), migrate(w.id())]
    });
    s.fails(Error::UnknownCurve, "ADD_LIQUIDITY", |_| vec![add(nobody(), 1)]);
    s.fails(Error::NotMigrated, "ADD_LIQUIDITY", |w| vec![add(w.id(), SOL)]);
    s.fails(Error::ZeroAmount, "ADD_LIQUIDITY", |w| vec![add(pool(w), 0)]);
    s.fails(Error::InsufficientBalance, "ADD_LIQUIDITY without quote", |w| {
        let id = pool(w);
        vec![pay(2, DEPOSIT), add(id, 1_000)]
    });
    s.fails(Error::InsufficientBalance, "ADD_LIQUIDITY without tokens", |w| {
        let id = pool(w);
        vec![hand_over(id, 2, SOL), add(id, 1_000)]
    });
    for (name, base_max, shares_min) in
        [("shares", Base::MAX, Shares::MAX), ("tokens", Base::new(1), Shares::ZERO)]
    {
        s.fails(Error::LimitNotMet, &format!("ADD_LIQUIDITY, {name}"), |w| {
            let (curve, quote) = (pool(w), Quote::new(1_000));
            vec![Instruction::AddLiquidity { curve, quote, base_max, shares_min }]
        });
    }
    s.fails(Error::UnknownCurve, "REMOVE_LIQUIDITY", |_| vec![remove(nobody(), 1)]);
    s.fails(Error::NotMigrated, "REMOVE_LIQUIDITY", |w| vec![remove(w.id(), 1)]);
    s.fails(Error::ZeroAmount, "REMOVE_LIQUIDITY", |w| vec![remove(pool(w), 0)]);
    s.fails(Error::InsufficientShares, "REMOVE_LIQUIDITY of none", |w| vec![remove(pool(w), 1)]);
    s.fails(Error::InsufficientShares, "REMOVE_LIQUIDITY of one more", |w| {
        let id = pool(w);
        w.succeed(1, vec![add(id, 1_000)]);
        let shares = w.stake(1);
        vec![remove(id, shares + 1)]
    });
    for (name, quote_min, base_min) in
        [("quote", Quote::MAX, Base::ZERO), ("tokens", Quote::ZERO, Base::MAX)]
    {
        s.fails(Error::LimitNotMet, &format!("REMOVE_LIQUIDITY, {name}"), |w| {
            let (curve, shares) = (pool(w), Shares::new(100));
            let bad = Instruction::RemoveLiquidity { curve, shares, quote_min, base_min };
            vec![add(curve, 1_000), bad]
        });
    }
}

fn failed_claims(s: &mut Scenes) {
    /// User 1 is the creator of a fresh curve on [`rich`].
    fn own(w: &mut World) -> CurveId {
        *w = World::new(vec![rich()]);
        w.succeed(1, vec![launch(&rich(), AssetId::SOL, 3)]);
        CurveId::derive(&address(1), 3)
    }
    fn migrated(w: &mut World) -> CurveId {
        let id = own(w);
        w.succeed(9, vec![take(id, rich().sale_end().get()), migrate(id)]);
        id
    }
    s.fails(Error::UnknownCurve, "CLAIM", |_| vec![claim(nobody(), Claim::CreatorFees)]);
    s.fails(Error::NothingToClaim, "CLAIM", |w| vec![claim(own(w), Claim::CreatorFees)]);
    s.fails(Error::NotMigrated, "CLAIM Vested", |w| vec![claim(own(w), Claim::Vested)]);
    s.fails(Error::NotMigrated, "CLAIM Liquidity", |w| vec![claim(own(w), Claim::Liquidity)]);
    s.fails(Error::NothingToClaim, "CLAIM Vested at the cliff", |w| {
        let id = migrated(w);
        w.pass_ms(100_000);
        vec![claim(id, Claim::Vested)]
    });
    s.fails(Error::NothingToClaim, "CLAIM Liquidity a millisecond early", |w| {
        let id = migrated(w);
        w.pass_ms(499_999);
        vec![claim(id, Claim::Liquidity)]
    });
    s.fails(Error::NothingToClaim, "CLAIM Liquidity twice", |w| {
        let id = migrated(w);
        w.pass_ms(500_000);
        vec![claim(id, Claim::Liquidity), claim(id, Claim::Liquidity)]
    });
    for what in CLAIMS {
        s.fails(Error::NotEntitled, &format!("CLAIM {what:?}"), |w| vec![claim(w.id(), what)]);
    }
}

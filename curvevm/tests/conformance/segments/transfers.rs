//! `LAUNCH`, `PUBLISH_MODULE`, `TRANSFER`, `WITHDRAW`, sessions.

use curvevm::{
    cell::{ASSETS_MAX, Account},
    error::Error,
    program::{BuyOrder, Claim, Instruction, Launch},
    types::{AssetId, Base, CurveId, Hash, Quote},
};
use serde_json::Value;

use super::scene::Scenes;
use crate::{
    modules::{cumulative, dear, fixed, liquid, plain, pump, raised, rich},
    world::{
        DEPOSIT, OTHER, SOL, TIME_MS, USD, World, add, address, authorize, claim, give, hand_over,
        launch, launch_of, migrate, nobody, pay, pay_in, remove, revoke, spend, spending, take,
        taking, withdraw, withdraw_tokens,
    },
};

/// The session key of user 1, and when it expires.
pub(super) const KEY: u8 = 60;
pub(super) const END_MS: u64 = 20_000;

/// A module whose verification takes more than half of what a transaction may cost.
pub(super) fn large(price: u64) -> Instruction {
    let pieces = (0..45).map(|at| fixed(at * 1_000 + 1_000, at + price)).collect();
    Instruction::PublishModule(plain(pieces))
}

/// A launch of pump.fun's curve, changed.
fn changed(change: impl FnOnce(&mut Launch)) -> Instruction {
    let mut launch = launch_of(&pump(), AssetId::SOL, 9);
    change(&mut launch);
    Instruction::Launch(launch)
}

fn first_buy(order: BuyOrder) -> Instruction {
    changed(|launch| launch.first_buy = Some(order))
}

pub(super) fn successes() -> Vec<Value> {
    let mut scenes = Scenes::new();
    let s = &mut scenes;
    s.succeeds("LAUNCH", |_| vec![changed(|_| {})]);
    s.succeeds("LAUNCH in another asset", |_| vec![launch(&pump(), USD, u64::MAX)]);
    s.succeeds("LAUNCH with the longest name", |_| {
        vec![changed(|launch| {
            launch.name = "\u{e4}".repeat(16);
            launch.symbol = "ABCDEFGHIJ".into();
        })]
    });
    s.succeeds("LAUNCH with a first purchase, exact in", |_| vec![first_buy(spending(SOL, 1))]);
    s.succeeds("LAUNCH with a first purchase, exact out", |_| {
        vec![first_buy(taking(1_000_000, SOL))]
    });
    s.succeeds("LAUNCH, a first purchase of all, migration", |_| {
        let all = first_buy(taking(u64::MAX, u64::MAX));
        vec![all, migrate(CurveId::derive(&address(1), 9))]
    });
    let sixty_four = || plain((1..=64).map(|at| fixed(at * 1_000, at)).collect());
    for (name, module) in [
        ("rich", rich()),
        ("raised", raised()),
        ("liquid", liquid()),
        ("cumulative", cumulative()),
        ("dear", dear(SOL)),
        ("64 pieces", sixty_four()),
    ] {
        s.succeeds(&format!("PUBLISH_MODULE, {name}"), |_| {
            vec![Instruction::PublishModule(module)]
        });
    }
    s.succeeds("PUBLISH_MODULE and LAUNCH", |_| {
        let launch = launch(&rich(), AssetId::SOL, 5);
        vec![Instruction::PublishModule(rich()), launch]
    });
    s.succeeds("TRANSFER of SOL", |_| vec![pay(2, SOL)]);
    s.succeeds("TRANSFER of all of an asset to a new account", |_| vec![pay_in(USD, 77, DEPOSIT)]);
    s.succeeds("TRANSFER of tokens to a new account", |w| {
        vec![take(w.id(), 1_000_000), hand_over(w.id(), 77, 1_000_000)]
    });
    s.succeeds("WITHDRAW", |_| vec![withdraw(1)]);
    s.succeeds("WITHDRAW of tokens", |w| vec![take(w.id(), 1_000), withdraw_tokens(w.id(), 600)]);
    s.succeeds("WITHDRAW of all tokens and of quote", |w| {
        let all = withdraw_tokens(w.id(), u64::MAX >> 20);
        vec![take(w.id(), u64::MAX >> 20), all, withdraw(1)]
    });
    s.succeeds("WITHDRAW of tokens of a migrated curve", |w| {
        *w = World::migrated(raised());
        vec![spend(w.id(), SOL), withdraw_tokens(w.id(), 7)]
    });
    s.succeeds("WITHDRAW twice, all of it", |_| vec![withdraw(SOL), withdraw(DEPOSIT - SOL)]);
    s.succeeds("AUTHORIZE", |_| vec![authorize(KEY, END_MS, SOL)]);
    s.succeeds("AUTHORIZE until the next millisecond, for good", |_| {
        vec![authorize(KEY, TIME_MS + 1, 1), authorize(KEY + 1, u64::MAX, u64::MAX)]
    });
    s.succeeds("AUTHORIZE anew and REVOKE", |w| {
        w.succeed(1, vec![authorize(KEY, END_MS, SOL)]);
        vec![authorize(KEY, END_MS, 2 * SOL), revoke(KEY)]
    });
    let by_key = (1, Some(KEY));
    s.succeeds_by("a session key's trades", by_key, |w| {
        w.succeed(1, vec![authorize(KEY, END_MS, SOL)]);
        vec![spend(w.id(), SOL / 2), give(w.id(), 1_000_000)]
    });
    s.succeeds_by("a session key spends all it may", by_key, |w| {
        w.succeed(1, vec![authorize(KEY, END_MS, SOL)]);
        w.edit_chain(|chain| chain.time_ms = END_MS - 1);
        vec![spend(w.id(), SOL)]
    });
    s.succeeds_by("a session key's liquidity", (9, Some(KEY)), |w| {
        *w = World::migrated(raised());
        w.succeed(9, vec![authorize(KEY, END_MS, SOL)]);
        vec![add(w.id(), SOL / 2), remove(w.id(), 1_000)]
    });
    scenes.done()
}

pub(super) fn failures() -> Vec<Value> {
    let mut scenes = Scenes::new();
    launches(&mut scenes);
    transfers(&mut scenes);
    sessions(&mut scenes);
    scenes.done()
}

fn launches(s: &mut Scenes) {
    type Change = fn(&mut Launch);
    s.fails(Error::CurveExists, "LAUNCH", |_| vec![changed(|_| {}), changed(|_| {})]);
    s.fails(Error::UnknownModule, "LAUNCH", |_| vec![changed(|launch| launch.module = Hash::ZERO)]);
    s.fails(Error::UnknownAsset, "LAUNCH", |_| vec![launch(&pump(), OTHER, 9)]);
    let names: [(&str, Change); 6] = [
        ("no name", |launch| launch.name.clear()),
        ("a name of spaces", |launch| launch.name = "  ".into()),
        ("a name that is too long", |launch| launch.name = "x".repeat(33)),
        ("a name that cannot be printed", |launch| launch.name = "a\u{7}".into()),
        ("no symbol", |launch| launch.symbol.clear()),
        ("a symbol that is too long", |launch| launch.symbol = "x".repeat(11)),
    ];
    for (name, change) in names {
        s.fails(Error::InvalidMetadata, name, |_| vec![changed(change)]);
    }
    s.fails(Error::LimitNotMet, "LAUNCH", |_| vec![first_buy(spending(SOL, u64::MAX))]);
    s.fails(Error::ZeroAmount, "LAUNCH", |_| vec![first_buy(spending(0, 0))]);
    s.fails(Error::InsufficientBalance, "LAUNCH", |_| {
        vec![pay(2, DEPOSIT), first_buy(taking(SOL, u64::MAX))]
    });
    s.fails(Error::ModuleExists, "PUBLISH_MODULE", |_| vec![Instruction::PublishModule(pump())]);
    s.fails(Error::TooExpensive, "two large modules", |_| [1, 2].map(large).to_vec());
    s.fails(Error::InvalidModule, "PUBLISH_MODULE", |_| {
        let mut module = rich();
        module.supply = Base::ZERO;
        vec![Instruction::PublishModule(module)]
    });
}

fn transfers(s: &mut Scenes) {
    use Error::InsufficientBalance;
    s.fails(Error::ZeroAmount, "TRANSFER of quote", |_| vec![pay(2, 0)]);
    s.fails(Error::ZeroAmount, "TRANSFER of tokens", |w| vec![hand_over(w.id(), 2, 0)]);
    s.fails(Error::ZeroAmount, "WITHDRAW", |_| vec![withdraw(0)]);
    s.fails(Error::ZeroAmount, "WITHDRAW of tokens", |w| vec![withdraw_tokens(w.id(), 0)]);
    s.fails(Error::Overflow, "TRANSFER", |w| {
        let balances = vec![(AssetId::SOL, Quote::MAX)];
        w.put_account(30, Account { balances, ..Account::default() });
        vec![pay(30, 1)]
    });
    s.fails(Error::TooManyAssets, "TRANSFER", |w| {
        let asset = |at: u8| (AssetId::new([10 + at; 32]), Quote::new(1));
        let balances = (0..ASSETS_MAX as u8).map(asset).collect();
        w.put_account(30, Account { balances, ..Account::default() });
        vec![pay(30, 1)]
    });
    s.fails(InsufficientBalance, "TRANSFER of one more", |_| vec![pay(2, DEPOSIT + 1)]);
    s.fails(InsufficientBalance, "TRANSFER of the most", |_| vec![pay(2, u64::MAX)]);
    s.fails(InsufficientBalance, "TRANSFER of another asset", |_| vec![pay_in(OTHER, 2, 1)]);
    s.fails(InsufficientBalance, "TRANSFER of tokens", |w| {
        vec![take(w.id(), 5), hand_over(w.id(), 2, 6)]
    });
    s.fails(InsufficientBalance, "TRANSFER of no curve's", |_| vec![hand_over(nobody(), 2, 1)]);
    s.fails(InsufficientBalance, "WITHDRAW", |_| vec![withdraw(DEPOSIT + 1)]);
    s.fails(InsufficientBalance, "WITHDRAW of tokens", |w| {
        vec![take(w.id(), 5), withdraw_tokens(w.id(), 6)]
    });
    s.fails(InsufficientBalance, "WITHDRAW of tokens, none held", |w| {
        vec![withdraw_tokens(w.id(), 1)]
    });
    s.fails(InsufficientBalance, "WITHDRAW of tokens that have not vested", |w| {
        *w = World::migrated(rich());
        vec![withdraw_tokens(w.id(), 1)]
    });
    s.fails(Error::UnknownCurve, "WITHDRAW of tokens", |_| vec![withdraw_tokens(nobody(), 1)]);
    s.fails(Error::SelfTransfer, "TRANSFER of quote", |_| vec![pay(1, 1)]);
    s.fails(Error::SelfTransfer, "TRANSFER of tokens", |w| vec![hand_over(w.id(), 1, 1)]);
}

fn sessions(s: &mut Scenes) {
    let invalid = Error::InvalidSession;
    s.fails(invalid, "AUTHORIZE of oneself", |_| vec![authorize(1, END_MS, 1)]);
    s.fails(invalid, "AUTHORIZE until zero", |_| vec![authorize(KEY, 0, 1)]);
    s.fails(invalid, "AUTHORIZE until now", |_| vec![authorize(KEY, TIME_MS, 1)]);
    s.fails(invalid, "AUTHORIZE for nothing", |_| vec![authorize(KEY, END_MS, 0)]);
    s.fails(invalid, "REVOKE of no session", |_| vec![revoke(KEY)]);
    s.fails(invalid, "REVOKE twice", |_| vec![authorize(KEY, END_MS, 1), revoke(KEY), revoke(KEY)]);
    let by_key = (1, Some(KEY));
    type Build = fn(&World) -> Instruction;
    let out_of_scope: [(&str, Build); 10] = [
        ("TRANSFER of quote", |_| pay(2, 1)),
        ("TRANSFER of tokens", |w| hand_over(w.id(), 2, 1)),
        ("WITHDRAW", |_| withdraw(1)),
        ("WITHDRAW of tokens", |w| withdraw_tokens(w.id(), 1)),
        ("MIGRATE_TO_AMM", |w| migrate(w.id())),
        ("CLAIM", |w| claim(w.id(), Claim::CreatorFees)),
        ("LAUNCH", |_| launch(&pump(), AssetId::SOL, 4)),
        ("PUBLISH_MODULE", |_| Instruction::PublishModule(raised())),
        ("AUTHORIZE", |_| authorize(KEY + 1, END_MS, 1)),
        ("REVOKE", |_| revoke(KEY)),
    ];
    for (name, instruction) in out_of_scope {
        s.fails_by(Error::SessionScope, name, by_key, |w| {
            w.succeed(1, vec![authorize(KEY, END_MS, SOL)]);
            vec![instruction(w)]
        });
    }
    s.fails_by(Error::SpendLimit, "BUY", by_key, |w| {
        w.succeed(1, vec![authorize(KEY, END_MS, SOL)]);
        vec![spend(w.id(), SOL), spend(w.id(), 1_000)]
    });
    s.fails_by(Error::SpendLimit, "BUY in another asset", by_key, |w| {
        w.launch(pump(), USD);
        w.succeed(1, vec![authorize(KEY, END_MS, SOL)]);
        vec![spend(w.nth(1), 1_000)]
    });
    s.fails_by(Error::SpendLimit, "ADD_LIQUIDITY", by_key, |w| {
        *w = World::migrated(raised());
        w.succeed(1, vec![spend(w.id(), 100 * SOL), authorize(KEY, END_MS, SOL)]);
        vec![add(w.id(), 2 * SOL)]
    });
}

//! `BUY` and `SELL`.

use std::{vec, vec::Vec};

use super::world::{
    Case, DEPOSIT, SOL, USD, World, case, dear, get, give, hand_over, nobody, pay, raised, rich,
    spend, take, withdraw,
};
use crate::{
    cell::{Cell, Phase, Withdrawal},
    error::Error,
    module::{Module, Vault},
    program::{Amount, BuyOrder, Instruction, SellOrder},
    receipt::{Event, FeeSplit, Side, TakenFees, Trade, Venue},
    test_support::{address, pump_module},
    types::{AssetId, Base, Quote},
};

pub(super) fn failures() -> Vec<Case> {
    let buy_in = |quote, base_min| BuyOrder::ExactIn { quote, base_min };
    let sell = |w: &World, order| Instruction::Sell { curve: w.id(), order, referrer: None };
    let buy = |w: &World, order| Instruction::Buy { curve: w.id(), order, referrer: None };
    vec![
        case(Error::ZeroAmount, |w| vec![spend(w.id(), 0)]),
        case(Error::ZeroAmount, |w| vec![take(w.id(), 0)]),
        case(Error::ZeroAmount, |w| vec![give(w.id(), 0)]),
        case(Error::ZeroAmount, |w| vec![get(w.id(), 0)]),
        case(Error::InsufficientBalance, |w| vec![spend(w.id(), DEPOSIT), withdraw(DEPOSIT)]),
        case(Error::InsufficientBalance, |w| vec![pay(2, DEPOSIT), spend(w.id(), SOL)]),
        case(Error::InsufficientBalance, |w| {
            w.succeed(2, vec![take(w.id(), SOL)]);
            vec![give(w.id(), SOL)]
        }),
        case(Error::UnknownCurve, |_| vec![spend(nobody(), 1_000)]),
        case(Error::UnknownCurve, |_| vec![give(nobody(), 1_000)]),
        case(Error::LimitNotMet, move |w| vec![buy(w, buy_in(Quote::new(SOL), Base::MAX))]),
        case(Error::LimitNotMet, move |w| {
            let order = BuyOrder::ExactOut { base: Base::new(SOL), quote_max: Quote::new(1) };
            vec![buy(w, order)]
        }),
        case(Error::LimitNotMet, move |w| {
            let order = SellOrder::ExactIn { base: Base::new(SOL), quote_min: Quote::new(SOL) };
            vec![take(w.id(), SOL), sell(w, order)]
        }),
        case(Error::LimitNotMet, move |w| {
            let order = SellOrder::ExactOut { quote: Quote::new(10), base_max: Base::new(1) };
            vec![take(w.id(), SOL), sell(w, order)]
        }),
        case(Error::CurveComplete, |w| {
            w.graduate(0);
            vec![spend(w.id(), SOL)]
        }),
        case(Error::SellExceedsSold, |w| vec![take(w.id(), 10), give(w.id(), 11)]),
        case(Error::Dust, |w| vec![spend(w.id(), 1)]),
        case(Error::Dust, |w| vec![take(w.id(), 10), give(w.id(), 1)]),
        case(Error::InsufficientReserve, |w| vec![take(w.id(), SOL), get(w.id(), SOL)]),
        case(Error::VaultBreached, |w| {
            let vault = Some(Vault { reserve_bps: 9_000 });
            *w = World::unverified(Module { vault, ..pump_module() });
            // Sales stay open.
            w.trade(1, spend(w.id(), SOL));
            let held = w.held(1, &w.id());
            vec![give(w.id(), held / 2), spend(w.id(), 50 * SOL)]
        }),
        // The same on a pool.
        case(Error::ZeroAmount, |w| {
            *w = World::migrated(raised());
            vec![spend(w.id(), 0)]
        }),
        case(Error::LimitNotMet, move |w| {
            *w = World::migrated(raised());
            vec![buy(w, buy_in(Quote::new(SOL), Base::MAX))]
        }),
        case(Error::InsufficientBalance, |w| {
            *w = World::migrated(raised());
            vec![give(w.id(), SOL)]
        }),
    ]
}

#[test]
fn trades_leave_receipts_and_cells_to_the_unit() {
    let mut world = World::pump();
    let curve = world.id();
    let trade = world.trade(1, take(curve, 793_100_000_000_000));
    let expected = Trade {
        curve,
        side: Side::Buy,
        base: Base::new(793_100_000_000_000),
        quote: Quote::new(85_005_359_057),
        fees: TakenFees::Quote(FeeSplit {
            protocol: Quote::new(807_550_912),
            creator: Quote::new(255_016_078),
            ..FeeSplit::default()
        }),
        trader_quote: Quote::new(86_067_926_047),
        trader_base: Base::new(793_100_000_000_000),
        partial: false,
        venue: Venue::Curve,
        base_after: Base::new(793_100_000_000_000),
        reserve_after: Quote::new(85_005_359_057),
    };
    assert_eq!(trade, expected);
    assert_eq!(world.sol(1), DEPOSIT - 86_067_926_047);
    assert_eq!(world.held(1, &curve), 793_100_000_000_000);
    assert_eq!(world.curve(&curve).phase, Phase::Complete);
    world.check();

    let trade = world.trade(1, give(curve, 793_100_000_000_000));
    assert_eq!((trade.side, trade.base_after), (Side::Sell, Base::ZERO));
    // One unit was added to the cost, and it stays.
    assert_eq!(trade.reserve_after, Quote::new(1));
    assert_eq!(world.held(1, &curve), 0);
    assert_eq!(world.curve(&curve).phase, Phase::Trading);
    world.check();
}

#[test]
fn a_program_sees_its_own_effects() {
    let mut world = World::pump();
    let curve = world.id();
    let program = vec![
        take(curve, 1_000_000),
        hand_over(curve, 42, 400_000),
        give(curve, 600_000),
        pay(42, SOL),
        withdraw(SOL),
        withdraw(2 * SOL),
    ];
    let events = world.succeed(2, program);
    assert_eq!(events[4..], [Event::Withdrawn { index: 0 }, Event::Withdrawn { index: 1 }]);
    assert_eq!((world.held(2, &curve), world.held(42, &curve)), (0, 400_000));
    assert_eq!(world.sol(42), SOL);
    world.check();
    let Some(Cell::Withdrawal(withdrawal)) = world.tree.get(&Withdrawal::key(1)).unwrap() else {
        panic!("no withdrawal");
    };
    let expected = Withdrawal {
        version: 0,
        index: 1,
        amount: Amount::Quote(AssetId::SOL, Quote::new(2 * SOL)),
        recipient: address(200),
    };
    assert_eq!(*withdrawal, expected);
    // The new account acts at once.
    world.succeed(42, vec![give(curve, 400_000)]);
    world.check();
}

#[test]
fn a_fee_on_the_output_of_a_purchase_is_in_tokens() {
    let mut world = World::new(vec![rich()]);
    let curve = world.id();
    let trade = world.trade(1, spend(curve, SOL));
    let TakenFees::Base(fees) = trade.fees else { panic!("{trade:?}") };
    assert_eq!((trade.trader_quote, trade.quote), (Quote::new(SOL), Quote::new(SOL)));
    assert_eq!(world.sol(1), DEPOSIT - SOL);
    assert_eq!(world.held(1, &curve), trade.trader_base.get());
    let (all, rest) = (trade.base.get(), trade.trader_base.get());
    let fee = all.div_ceil(20);
    assert_eq!(rest, all - fee);
    let protocol = fee / 5;
    let creator = (fee - protocol) * 3 / 10;
    let parts = [fees.protocol, fees.creator, fees.partner].map(Base::get);
    assert_eq!(parts, [protocol, creator, fee - protocol - creator]);
    let accrued = world.curve(&curve).fees;
    assert_eq!(accrued.partner.base, fees.partner);
    assert_eq!(accrued.partner.quote, Quote::ZERO);
    world.check();

    let trade = world.trade(1, give(curve, rest));
    assert!(matches!(trade.fees, TakenFees::Quote(_)));
    world.check();
}

#[test]
fn a_rate_that_falls_is_that_of_the_time_since_launch() {
    let mut world = World::new(vec![rich()]);
    let rate =
        |trade: Trade| (trade.base.get() - trade.trader_base.get()) * 1_000 / trade.base.get();
    let take = take(world.id(), 1_000_000);
    assert_eq!(rate(world.trade(1, take.clone())), 50);
    world.pass_secs(599);
    assert_eq!(rate(world.trade(1, take.clone())), 41);
    world.pass_secs(1);
    assert_eq!(rate(world.trade(1, take.clone())), 40);
    world.pass_secs(1_000_000);
    assert_eq!(rate(world.trade(1, take)), 10);
    world.check();
}

#[test]
fn a_curve_is_paid_in_its_own_asset() {
    let mut world = World::pump();
    world.launch(pump_module(), USD);
    let curve = world.curves[1].id;
    world.succeed(1, vec![spend(curve, SOL), give(curve, 1_000_000)]);
    assert_eq!(world.sol(1), DEPOSIT);
    assert!(world.balance(1, USD) < DEPOSIT);
    world.check();
    let trade = world.trade(9, take(curve, u64::MAX));
    assert!(trade.partial);
    world.succeed(9, vec![Instruction::MigrateToAmm { curve }]);
    world.succeed(9, vec![spend(curve, SOL), give(curve, SOL)]);
    assert_eq!(world.sol(9), DEPOSIT);
    world.check();
}

#[test]
fn trades_go_to_the_pool_once_there_is_one() {
    let mut world = World::migrated(rich());
    let curve = world.id();
    let before = world.pool(&curve);
    let bought = world.trade(1, spend(curve, SOL));
    assert_eq!((bought.venue, bought.side), (Venue::Pool, Side::Buy));
    assert_eq!(world.held(1, &curve), bought.trader_base.get());
    assert_eq!(world.sol(1), DEPOSIT - bought.trader_quote.get());
    let after = world.pool(&curve);
    assert_eq!((after.base, after.quote), (bought.base_after, bought.reserve_after));
    assert_eq!(after.base.get(), before.base.get() - bought.base.get());
    let TakenFees::Quote(fees) = bought.fees else { panic!("{bought:?}") };
    let quote = before.quote.get() + bought.quote.get() + fees.liquidity.get();
    assert_eq!(after.quote.get(), quote);
    assert_eq!(after.fees.partner.quote, fees.partner);
    world.check();
    let sold = world.trade(1, give(curve, bought.trader_base.get()));
    assert_eq!((sold.venue, sold.side), (Venue::Pool, Side::Sell));
    assert!(sold.trader_quote < bought.trader_quote);
    world.check();
}

#[test]
fn the_dearest_and_the_smallest_curve_trade_to_the_end() {
    let mut world = World::new(vec![dear(SOL)]);
    let curve = world.id();
    assert_eq!(world.trade(1, spend(curve, 3 * SOL + 1)).base, Base::new(3));
    // A whole token, for one unit of quote and no more.
    assert_eq!(world.trade(1, get(curve, 1)).base, Base::new(1));
    assert_eq!(world.trade(3, take(curve, 100)).base, Base::new(8));
    assert_eq!(world.curve(&curve).phase, Phase::Complete);
    world.check();
}

#[test]
fn an_emptied_balance_leaves_no_entry() {
    let mut world = World::pump();
    world.succeed(1, vec![pay(2, DEPOSIT)]);
    assert_eq!(world.account(1).balances, [(USD, Quote::new(DEPOSIT))]);
    assert_eq!(world.sol(2), 2 * DEPOSIT);
    world.succeed(2, vec![pay(1, 1)]);
    assert_eq!(world.sol(1), 1);
    world.check();
}

#[test]
fn the_signer_is_who_pays() {
    let mut world = World::pump();
    let curve = world.id();
    let before: Vec<_> = (0..10).map(|user| world.account(user)).collect();
    world.succeed(3, vec![spend(curve, SOL)]);
    for (user, before) in (0..10).zip(before) {
        assert_eq!(world.account(user) == before, user != 3, "{user}");
    }
    assert_eq!(world.curve(&curve).creator, address(0));
}

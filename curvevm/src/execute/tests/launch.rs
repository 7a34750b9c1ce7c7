//! `LAUNCH` and `PUBLISH_MODULE`.

use std::{vec, vec::Vec};

use super::world::{Case, DEPOSIT, OTHER, SOL, USD, World, case, launch, pay, rich, spend, take};
use crate::{
    cell::{Accrued, Cell, Curve, Phase},
    error::Error,
    module::{Fees, Module, Piece, PieceKind},
    program::{BuyOrder, Instruction, Launch},
    receipt::{Event, Venue},
    test_support::{address, pump_module},
    types::{AssetId, Base, CurveId, Hash, Quote},
};

/// A launch of pump.fun's curve by user 1, changed.
fn changed(change: impl FnOnce(&mut Launch)) -> Instruction {
    let Instruction::Launch(mut launch) = launch(&pump_module(), AssetId::SOL, 9) else { panic!() };
    change(&mut launch);
    Instruction::Launch(launch)
}

fn first_buy(order: BuyOrder) -> Instruction {
    changed(|launch| launch.first_buy = Some(order))
}

/// A module whose verification takes more than half of what a transaction may cost.
fn large(price: u64) -> Instruction {
    let piece = |at: u64| Piece {
        end: Base::new(at * 1_000),
        kind: PieceKind::FixedPrice { quote: Quote::new(price + at), base: Base::new(1) },
    };
    let pieces = (1..=45).map(piece).collect();
    let (decimals, supply) = (0, Base::new(90_000));
    Instruction::PublishModule(Module {
        decimals,
        supply,
        pieces,
        fees: Fees::none(),
        ..pump_module()
    })
}

pub(super) fn failures() -> Vec<Case> {
    let bad = |error, change: fn(&mut Launch)| case(error, move |_| vec![changed(change)]);
    let (base, quote) = (Base::new(SOL), Quote::new(SOL));
    vec![
        case(Error::CurveExists, |_| vec![changed(|_| {}), changed(|_| {})]),
        bad(Error::UnknownModule, |launch| launch.module = Hash::ZERO),
        bad(Error::InvalidMetadata, |launch| launch.name.clear()),
        bad(Error::InvalidMetadata, |launch| launch.name = "  ".into()),
        bad(Error::InvalidMetadata, |launch| launch.name = "x".repeat(33)),
        bad(Error::InvalidMetadata, |launch| launch.name = "a\u{7}".into()),
        bad(Error::InvalidMetadata, |launch| launch.symbol.clear()),
        bad(Error::InvalidMetadata, |launch| launch.symbol = "x".repeat(11)),
        bad(Error::UnknownAsset, |launch| launch.quote_asset = OTHER),
        case(Error::LimitNotMet, move |_| {
            vec![first_buy(BuyOrder::ExactIn { quote, base_min: Base::MAX })]
        }),
        case(Error::InsufficientBalance, move |_| {
            vec![pay(2, DEPOSIT), first_buy(BuyOrder::ExactOut { base, quote_max: Quote::MAX })]
        }),
        case(Error::ZeroAmount, move |_| {
            vec![first_buy(BuyOrder::ExactIn { quote: Quote::ZERO, base_min: Base::ZERO })]
        }),
        case(Error::ModuleExists, |_| vec![Instruction::PublishModule(pump_module())]),
        case(Error::TooExpensive, |_| [1, 2].map(large).to_vec()),
        case(Error::InvalidModule, |_| {
            vec![Instruction::PublishModule(Module { supply: Base::ZERO, ..pump_module() })]
        }),
    ]
}

#[test]
fn a_launch_opens_an_empty_curve() {
    let mut world = World::pump();
    let module = pump_module();
    let events = world.succeed(3, vec![launch(&module, USD, 4)]);
    let id = CurveId::derive(&address(3), 4);
    let expected = Event::Launched { curve: id, module: module.hash(), first_buy: None };
    assert_eq!(events, [expected]);
    let curve = Curve {
        version: 0,
        module: module.hash(),
        quote_asset: USD,
        creator: address(3),
        name: "Test".into(),
        symbol: "TST".into(),
        launched_ms: world.context.time_ms,
        sold: Base::ZERO,
        reserve: Quote::ZERO,
        sqrt_price: 0,
        marks: vec![],
        fees: Accrued::default(),
        phase: Phase::Trading,
    };
    assert_eq!(world.curve(&id), curve);
}

#[test]
fn a_creator_buys_before_anybody_else() {
    let mut world = World::pump();
    let order = BuyOrder::ExactIn { quote: Quote::new(SOL), base_min: Base::new(1) };
    let events = world.succeed(1, vec![first_buy(order)]);
    let [Event::Launched { curve, first_buy: Some(trade), .. }] = events[..] else {
        panic!("{events:?}");
    };
    // To the unit what a purchase on the same fresh curve gives.
    let other = world.trade(2, spend(world.id(), SOL));
    assert_eq!((trade.base, trade.quote, trade.fees), (other.base, other.quote, other.fees));
    assert_eq!((trade.curve, trade.venue), (curve, Venue::Curve));
    assert_eq!(world.held(1, &curve), trade.trader_base.get());
    assert_eq!(world.sol(1), DEPOSIT - trade.trader_quote.get());
    assert_eq!(world.curve(&curve).sold, trade.base);
}

#[test]
fn a_first_purchase_may_buy_everything() {
    let mut world = World::pump();
    let order = BuyOrder::ExactOut { base: Base::MAX, quote_max: Quote::MAX };
    let program = vec![
        first_buy(order),
        Instruction::MigrateToAmm { curve: CurveId::derive(&address(1), 9) },
    ];
    world.succeed(1, program);
    assert_eq!(world.curve(&CurveId::derive(&address(1), 9)).phase, Phase::Migrated);
}

#[test]
fn a_failed_first_purchase_leaves_no_curve() {
    let mut world = World::pump();
    let order = BuyOrder::ExactIn { quote: Quote::new(SOL), base_min: Base::MAX };
    assert_eq!(world.fail(1, vec![first_buy(order)]), (0, Error::LimitNotMet));
    assert_eq!(world.tree.get(&Curve::key(&CurveId::derive(&address(1), 9))), Ok(None));
}

#[test]
fn a_curve_of_constant_liquidity_starts_at_its_modules_price() {
    let sqrt_start = 1u128 << 60;
    let (sqrt_end, liquidity) = (1u128 << 61, 1u128 << 110);
    let end = crate::curve::liquidity_base(sqrt_start, sqrt_end, liquidity).unwrap();
    let module = Module {
        sqrt_start,
        supply: Base::new(end.get() * 3),
        pieces: vec![Piece { end, kind: PieceKind::ConstantLiquidity { liquidity, sqrt_end } }],
        ..pump_module()
    };
    let mut world = World::new(vec![module]);
    assert_eq!(world.curve(&world.id()).sqrt_price, sqrt_start);
    let trade = world.trade(1, spend(world.id(), 1_000_000));
    assert!(trade.base > Base::ZERO);
    assert!(world.curve(&world.id()).sqrt_price > sqrt_start);
    world.check();
}

#[test]
fn a_module_is_stored_under_its_hash() {
    let mut world = World::pump();
    let module = rich();
    let events = world.succeed(1, vec![Instruction::PublishModule(module.clone())]);
    assert_eq!(events, [Event::Published { module: module.hash() }]);
    let Ok(Some(Cell::Module(stored))) = world.tree.get(&Module::key(&module.hash())) else {
        panic!("no module");
    };
    assert_eq!(**stored, module);
    // And can be used in the same program that publishes it.
    let module = Module { decimals: 2, ..module };
    let curve = CurveId::derive(&address(1), 5);
    let publish = Instruction::PublishModule(module.clone());
    world.succeed(1, vec![publish, launch(&module, AssetId::SOL, 5), take(curve, SOL)]);
}

//! Compiled curves against what their sources say.

use curvescript::{CompiledCurve, compile_curve};
use curvevm::{
    cell::{Curve, Phase},
    curve,
    program::BuyOrder,
    types::{Address, AssetId, Base, Quote},
};

pub(crate) fn genesis(compiled: &CompiledCurve) -> Curve {
    Curve {
        version: 0,
        module: compiled.hash,
        quote_asset: AssetId::SOL,
        creator: Address::default(),
        name: compiled.name.clone(),
        symbol: compiled.symbol.clone(),
        sold: Base::ZERO,
        reserve: Quote::ZERO,
        marks: Vec::new(),
        protocol_fees: Quote::ZERO,
        creator_fees: Quote::ZERO,
        phase: Phase::Trading,
    }
}

#[test]
fn the_pump_template_prices_to_the_lamport() {
    let compiled = compile_curve(include_str!("../../examples/pump.curve")).unwrap();
    let all = Base::new(793_100_000_000_000);
    let order = BuyOrder::ExactOut { base: all, quote_max: Quote::MAX };
    let fill = curve::buy(&compiled.module, &genesis(&compiled), &order).unwrap();
    assert_eq!(fill.base, all);
    assert!(!fill.partial);
    assert_eq!(fill.quote, Quote::new(85_005_359_057));
    assert_eq!(fill.fees.protocol, Quote::new(807_550_912));
    assert_eq!(fill.fees.creator, Quote::new(255_016_078));
    assert_eq!(fill.trader_quote, Quote::new(85_005_359_057 + 807_550_912 + 255_016_078));
    assert_eq!(compiled.report.completion.quote, fill.quote);
    assert_eq!(compiled.report.completion.protocol_fee, fill.fees.protocol);
    assert_eq!(compiled.report.completion.creator_fee, fill.fees.creator);
}

#[test]
fn a_raised_curve_is_complete_at_its_target() {
    let compiled = compile_curve(include_str!("../../examples/linear.curve")).unwrap();
    assert_eq!(compiled.report.completion.quote, Quote::new(50_000_000_000));
    assert!(compiled.report.completion.base < compiled.module.sale_end());
}

//! Compiled curves against what their sources say.

use curvescript::{CompiledCurve, compile_curve};
use curvevm::{
    cell::{Accrued, Curve, Phase},
    curve,
    program::BuyOrder,
    receipt::TakenFees,
    types::{Address, AssetId, Base, Quote},
};

/// At the time of the launch, without a referrer.
pub(crate) const AT_LAUNCH: curve::Terms = curve::Terms { time_ms: 0, referred: false };

pub(crate) fn genesis(compiled: &CompiledCurve) -> Curve {
    Curve {
        version: 0,
        module: compiled.hash,
        quote_asset: AssetId::SOL,
        creator: Address::default(),
        name: compiled.name.clone(),
        symbol: compiled.symbol.clone(),
        launched_ms: 0,
        sold: Base::ZERO,
        reserve: Quote::ZERO,
        sqrt_price: compiled.module.sqrt_start,
        marks: Vec::new(),
        fees: Accrued::default(),
        phase: Phase::Trading,
    }
}

#[test]
fn the_pump_template_prices_to_the_lamport() {
    let compiled = compile_curve(include_str!("../../examples/pump.curve")).unwrap();
    let all = Base::new(793_100_000_000_000);
    let order = BuyOrder::ExactOut { base: all, quote_max: Quote::MAX };
    let fill = curve::buy(&compiled.module, &genesis(&compiled), &order, &AT_LAUNCH).unwrap();
    let TakenFees::Quote(fees) = fill.fees else { panic!("{:?}", fill.fees) };
    assert_eq!(fill.base, all);
    assert!(!fill.partial);
    assert_eq!(fill.quote, Quote::new(85_005_359_057));
    assert_eq!(fees.protocol, Quote::new(807_550_912));
    assert_eq!(fees.creator, Quote::new(255_016_078));
    assert_eq!(fill.trader_quote, Quote::new(85_005_359_057 + 807_550_912 + 255_016_078));
    assert_eq!(compiled.report.completion.quote, fill.quote);
    assert_eq!(compiled.report.completion.fees, fill.fees);
}

#[test]
fn a_raised_curve_is_complete_at_its_target() {
    let compiled = compile_curve(include_str!("../../examples/linear.curve")).unwrap();
    assert_eq!(compiled.report.completion.quote, Quote::new(50_000_000_000));
    assert!(compiled.report.completion.base < compiled.module.sale_end());
}

/// Each kind of piece behind each other at the price where the one before ends, in a way that no price is a whole step.
#[test]
fn pieces_of_any_kind_join() {
    let linear = |from, to| format!("linear sell 1_000_000 from {from}sol to {to}sol");
    let fixed = |at| format!("fixed sell 1_000_000 price {at}sol");
    let liquidity =
        |from, to| format!("constant_liquidity sell 1_000_000 from {from}sol to {to}sol");
    // From 12 / 4 to 12 · 4 / 2².
    let product = |scale: u64| {
        format!(
            "constant_product sell 2_000_000 virtual_base 4_000_000 virtual_quote {}lamports",
            12 * scale
        )
    };
    let (three, seven) = ("0.0000000030000001", "0.0000000070000003");
    let chains = [
        [fixed(three), linear(three, seven), fixed(seven)],
        [fixed(three), linear(three, three), linear(three, seven)],
        [fixed(three), liquidity(three, seven), fixed(seven)],
        [liquidity(three, seven), linear(seven, seven), linear(seven, "1")],
        [linear(three, seven), liquidity(seven, "0.0000001"), linear("0.0000001", "0.1")],
        [product(1_000_001), linear("0.000000012000012", "0.00000002"), fixed("0.00000002")],
        [product(1_000_001), liquidity("0.000000012000012", "0.00000002"), fixed("0.00000002")],
        [fixed("0.000000003000003"), product(1_000_001), fixed("0.000000012000012")],
    ];
    for pieces in chains {
        let pieces = pieces.join("\n");
        let source = format!(
            "curve {{\nname \"N\"\nsymbol \"S\"\nsupply 8_000_000\nprice {{\n{pieces}\n}}\nfee none\ngraduation sold_out\n}}"
        );
        compile_curve(&source).unwrap_or_else(|found| panic!("{found}"));
    }
}

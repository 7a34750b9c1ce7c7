//! Compiled trade scripts.

use curvescript::{TradeContext, compile_trades};
use curvevm::{
    program::{BuyOrder, Claim, Instruction, SellOrder},
    tx::INSTRUCTIONS_MAX,
    types::{Address, Base, CurveId, Quote, Shares},
};

use crate::dump::CONTEXT;

fn one(source: &str, context: &TradeContext) -> Instruction {
    let programs = compile_trades(source, context).unwrap();
    assert_eq!((programs.len(), programs[0].len()), (1, 1), "{source}");
    programs[0][0].clone()
}

#[test]
fn amounts_are_exact_out_in_tokens_and_exact_in_in_quote() {
    let curve = CONTEXT.curve;
    let buy = |order| Instruction::Buy { curve, order, referrer: None };
    let sell = |order| Instruction::Sell { curve, order, referrer: None };
    let add = |quote| Instruction::AddLiquidity {
        curve,
        quote: Quote::new(quote),
        base_max: Base::MAX,
        shares_min: Shares::ZERO,
    };
    let cases = [
        ("BUY 5", buy(BuyOrder::ExactOut { base: Base::new(5_000_000), quote_max: Quote::MAX })),
        (
            "BUY 7units max 20lamports",
            buy(BuyOrder::ExactOut { base: Base::new(7), quote_max: Quote::new(20) }),
        ),
        (
            "BUY 1.5sol",
            buy(BuyOrder::ExactIn { quote: Quote::new(1_500_000_000), base_min: Base::ZERO }),
        ),
        (
            "BUY 1.5sol min 0.000001",
            buy(BuyOrder::ExactIn { quote: Quote::new(1_500_000_000), base_min: Base::new(1) }),
        ),
        ("SELL 2", sell(SellOrder::ExactIn { base: Base::new(2_000_000), quote_min: Quote::ZERO })),
        (
            "SELL 2 min 1lamports",
            sell(SellOrder::ExactIn { base: Base::new(2_000_000), quote_min: Quote::new(1) }),
        ),
        (
            "SELL 0.1sol",
            sell(SellOrder::ExactOut { quote: Quote::new(100_000_000), base_max: Base::MAX }),
        ),
        (
            "SELL 0.1sol max 3",
            sell(SellOrder::ExactOut {
                quote: Quote::new(100_000_000),
                base_max: Base::new(3_000_000),
            }),
        ),
        ("ADD_LIQUIDITY 3", add(3_000_000_000)),
        ("ADD_LIQUIDITY 3sol", add(3_000_000_000)),
        ("ADD_LIQUIDITY 3lamports", add(3)),
        (
            "ADD_LIQUIDITY 3sol max 5 min 7",
            Instruction::AddLiquidity {
                curve,
                quote: Quote::new(3_000_000_000),
                base_max: Base::new(5_000_000),
                shares_min: Shares::new(7),
            },
        ),
        (
            "REMOVE_LIQUIDITY 7 min_base 2",
            Instruction::RemoveLiquidity {
                curve,
                shares: Shares::new(7),
                quote_min: Quote::ZERO,
                base_min: Base::new(2_000_000),
            },
        ),
        ("CLAIM vested", Instruction::Claim { curve, what: Claim::Vested }),
        ("CLAIM protocol", Instruction::Claim { curve, what: Claim::ProtocolFees }),
        ("MIGRATE_TO_AMM 1", Instruction::MigrateToAmm { curve }),
    ];
    for (source, expected) in cases {
        assert_eq!(one(source, &CONTEXT), expected, "{source}");
    }
}

#[test]
fn a_trade_names_its_referrer() {
    let referrer = Address::new([5; 32]);
    let instruction = one(&format!("SELL 2 min 1sol referrer \"{referrer}\""), &CONTEXT);
    let order =
        SellOrder::ExactIn { base: Base::new(2_000_000), quote_min: Quote::new(1_000_000_000) };
    let (curve, referrer) = (CONTEXT.curve, Some(referrer));
    assert_eq!(instruction, Instruction::Sell { curve, order, referrer });
}

#[test]
fn decimals_come_from_the_context() {
    let curve = CurveId::new([9; 32]);
    let context = TradeContext { curve, decimals: 0, quote_decimals: 6 };
    let order = BuyOrder::ExactOut { base: Base::new(5), quote_max: Quote::new(1_500_000) };
    assert_eq!(
        one("BUY 5 max 1.5sol", &context),
        Instruction::Buy { curve, order, referrer: None }
    );
    assert!(compile_trades("BUY 0.5", &context).is_err());
}

#[test]
fn programs_are_filled_in_order_up_to_the_bound() {
    let source: String = (1..=17).map(|amount| format!("SELL {amount}units\n")).collect();
    let programs = compile_trades(&source, &CONTEXT).unwrap();
    assert!(programs.iter().all(|program| program.len() <= INSTRUCTIONS_MAX));
    assert_eq!(programs.iter().map(Vec::len).collect::<Vec<_>>(), [8, 8, 1]);
    let amounts = programs.concat().into_iter().map(|instruction| match instruction {
        Instruction::Sell { order: SellOrder::ExactIn { base, .. }, .. } => base.get(),
        other => panic!("{other:?}"),
    });
    assert!(amounts.eq(1..=17));
}

#[test]
fn a_script_without_trades_has_no_programs() {
    assert_eq!(compile_trades("", &CONTEXT), Ok(Vec::new()));
    assert_eq!(compile_trades("# nothing\n\n;;\r\n", &CONTEXT), Ok(Vec::new()));
}

#[test]
fn every_error_is_reported_where_it_is() {
    let errors = compile_trades("BUY\nSELL 2 min\n  HOLD 3\nBUY 1usd", &CONTEXT).unwrap_err();
    let places: Vec<_> =
        errors.iter().map(|error| (error.line, error.column, error.text.as_str())).collect();
    assert_eq!(places, [(1, 1, "BUY"), (2, 8, "min"), (3, 3, "HOLD"), (4, 5, "1usd")]);
}

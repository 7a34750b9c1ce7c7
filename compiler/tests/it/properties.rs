//! Properties: no source panics, places lie inside the source, what compiles verifies and is as exact as stated.

use curvescript::{CompiledCurve, Diagnostics, compile_curve, compile_trades, limits};
use curvevm::{
    curve::{self, verify::verify},
    module::PieceKind,
    program::BuyOrder,
    tx::INSTRUCTIONS_MAX,
    types::{Base, Quote},
};
use proptest::prelude::*;

use crate::{
    curves::{AT_LAUNCH, genesis},
    dump::CONTEXT,
};

/// Pieces of the language in any order, so that sources are often nearly right.
fn nearly() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        prop::sample::select(vec![
            "curve",
            "name",
            "symbol",
            "decimals",
            "supply",
            "price",
            "fee",
            "graduation",
            "linear",
            "constant_product",
            "constant_liquidity",
            "fixed",
            "price",
            "per",
            "liquidity",
            "none",
            "on_top",
            "included",
            "referred",
            "side",
            "of",
            "rest",
            "round",
            "schedule",
            "limiter",
            "partner",
            "vault",
            "allotment",
            "cliff",
            "migration",
            "lock",
            "term",
            "tier",
            "REMOVE_LIQUIDITY",
            "CLAIM",
            "referrer",
            "30d",
            "7sqrt",
            "sell",
            "from",
            "to",
            "virtual_base",
            "virtual_quote",
            "rounding",
            "ceiling",
            "sold_out",
            "raised",
            "protocol",
            "creator",
            "BUY",
            "SELL",
            "ADD_LIQUIDITY",
            "MIGRATE_TO_AMM",
            "min",
            "max",
            "{",
            "}",
            "{",
            "}",
            "\n",
            "\n",
            ";",
            "#",
            "\"",
            "\\",
            "\"x\"",
            "1",
            "0",
            "1.5sol",
            "20lamports",
            "95bps",
            "1%",
            "5units",
            "1_",
            "é",
            "\u{1b}",
        ])
        .prop_map(str::to_owned),
        "[0-9._]{1,45}[a-z%]{0,8}",
    ];
    prop::collection::vec(part, 0..80).prop_map(|parts| parts.join(" "))
}

fn check_places(source: &str, diagnostics: &Diagnostics) -> Result<(), TestCaseError> {
    prop_assert!((1..=limits::ERRORS_MAX + 1).contains(&diagnostics.iter().count()));
    for diagnostic in diagnostics {
        let text = source.get(diagnostic.span.start..diagnostic.span.end);
        prop_assert!(text.is_some(), "{diagnostic:?}");
        let line = source.split('\n').nth(diagnostic.line - 1);
        prop_assert!(line.is_some_and(|line| diagnostic.column <= line.chars().count() + 1));
    }
    let rendered = diagnostics.render("a");
    prop_assert!(!rendered.contains(|char: char| char.is_control() && !"\n\t".contains(char)));
    Ok(())
}

fn compile_both(source: &str) -> Result<(), TestCaseError> {
    match compile_curve(source) {
        Ok(compiled) => prop_assert_eq!(verify(&compiled.module), Ok(())),
        Err(diagnostics) => check_places(source, &diagnostics)?,
    }
    match compile_trades(source, &CONTEXT) {
        Ok(programs) => {
            for program in programs {
                prop_assert!((1..=INSTRUCTIONS_MAX).contains(&program.len()));
            }
        }
        Err(diagnostics) => check_places(source, &diagnostics)?,
    }
    Ok(())
}

/// Half of the supply is kept, which is enough for the pool at any price that does not fall.
fn linear(decimals: u8, pieces: &[(u64, u64)], start: u64) -> String {
    let mut from = start;
    let mut source =
        String::from("curve {\nname \"N\"\nsymbol \"S\"\nfee protocol 0bps\ngraduation sold_out\n");
    source += &format!(
        "decimals {decimals}\nsupply {}units\nprice {{\n",
        2 * pieces.iter().map(|p| p.0).sum::<u64>()
    );
    for (sell, rise) in pieces {
        let to = from + rise;
        source += &format!("linear sell {sell}units from {from}lamports to {to}lamports\n");
        from = to;
    }
    source + "}\n}"
}

fn cost(compiled: &CompiledCurve, base: u64) -> u64 {
    let order = BuyOrder::ExactOut { base: Base::new(base), quote_max: Quote::MAX };
    curve::buy(&compiled.module, &genesis(compiled), &order, &AT_LAUNCH).unwrap().quote.get()
}

proptest! {
    #[test]
    fn no_text_makes_the_compiler_panic(source in any::<String>()) {
        compile_both(&source)?;
    }

    #[test]
    fn no_nearly_right_text_makes_the_compiler_panic(source in nearly()) {
        compile_both(&source)?;
    }

    /// A part of a right source, with something else in it, is either right or refused with a place.
    #[test]
    fn a_damaged_curve_is_refused_with_a_place(from in 0usize..1_400, length in 0usize..80, with in ".{0,8}") {
        let source = include_str!("../../examples/complete.curve");
        let from = from.min(source.len());
        let until = (from + length).min(source.len());
        compile_both(&format!("{}{with}{}", &source[..from], &source[until..]))?;
    }

    /// Against the exact area under the source's line, in whole arithmetic: I3 and the report's bound.
    #[test]
    fn a_linear_piece_costs_what_its_source_says(
        decimals in 0u8..=9, sell in 1u64..1 << 46, start in 0u64..1 << 30, rise in 0u64..1 << 30, part in 1u64..,
    ) {
        let Ok(compiled) = compile_curve(&linear(decimals, &[(sell, rise)], start)) else { return Ok(()) };
        let error = u128::from(compiled.report.pieces[0].cost_error_max.get());
        prop_assert!(error <= 2);
        let part = part % sell + 1;
        // cost · 2 · 10^decimals · sell = part · (2 · start · sell + rise · part)
        let (sell, part) = (u128::from(sell), u128::from(part));
        let unit = 2 * 10u128.pow(u32::from(decimals));
        let exact = 2 * u128::from(start) * part * sell + part * part * u128::from(rise);
        let exact_ceil = exact.div_ceil(unit * sell);
        let paid = u128::from(cost(&compiled, u64::try_from(part).unwrap()));
        prop_assert!(paid <= exact_ceil && exact_ceil <= paid + error, "{paid} {exact_ceil}");
    }

    /// Pieces that join in the source join in the module: rounding never makes the verifier refuse them.
    #[test]
    fn joined_pieces_verify(
        decimals in 0u8..=9, start in 1u64 << 24..1 << 30,
        pieces in prop::collection::vec((1u64 << 20..1 << 30, 0u64..1 << 20), 1..12),
    ) {
        let compiled = compile_curve(&linear(decimals, &pieces, start));
        let compiled = compiled.map_err(|errors| TestCaseError::fail(errors.to_string()))?;
        prop_assert_eq!(verify(&compiled.module), Ok(()));
        let is_linear = |kind: &PieceKind| matches!(kind, PieceKind::Linear { .. });
        prop_assert!(compiled.module.pieces.iter().all(|piece| is_linear(&piece.kind)));
    }
}

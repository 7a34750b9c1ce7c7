//! Stable text forms of compiled sources, for fixtures.

use std::fmt::Write as _;

use curvescript::{CompiledCurve, TradeContext};
use curvevm::{module::PieceKind, program::Program, types::CurveId};

/// The context that fixtures are compiled in.
pub(crate) const CONTEXT: TradeContext =
    TradeContext { curve: CurveId::new([7; 32]), decimals: 6, quote_decimals: 9 };

pub(crate) fn curve(compiled: &CompiledCurve) -> String {
    let CompiledCurve { module, name, symbol, hash, report } = compiled;
    let mut out = format!("name {name:?}\nsymbol {symbol:?}\nhash {hash}\n");
    let _ = writeln!(
        out,
        "version {} decimals {} supply {}",
        module.version, module.decimals, module.supply
    );
    for (piece, error) in module.pieces.iter().zip(&report.pieces) {
        let kind = match &piece.kind {
            PieceKind::ConstantProduct { virtual_quote, virtual_base, rounding } => {
                format!(
                    "constant_product virtual_quote {virtual_quote} virtual_base {virtual_base} {rounding:?}"
                )
            }
            PieceKind::Linear { start, slope, rounding } => {
                format!("linear start {start} slope {slope} {rounding:?}")
            }
            PieceKind::FixedPrice { quote, base } => format!("fixed quote {quote} base {base}"),
            PieceKind::ConstantLiquidity { liquidity, sqrt_end } => {
                format!("constant_liquidity liquidity {liquidity} sqrt_end {sqrt_end}")
            }
        };
        let _ = writeln!(out, "piece end {} {kind}", piece.end);
        let _ = writeln!(
            out,
            "  sell {} price_error_max {} cost_error_max {}",
            error.sell, error.price_error_max, error.cost_error_max
        );
    }
    let _ = writeln!(
        out,
        "sqrt_start {}\nfees {:?}\npartner {:?}\ngraduation {:?}\nvault {:?}\nallotment {:?}",
        module.sqrt_start,
        module.fees,
        module.partner,
        module.graduation,
        module.vault,
        module.allotment
    );
    let _ = writeln!(out, "migration {:?}\ncompletion {:?}", module.migration, report.completion);
    out
}

pub(crate) fn programs(programs: &[Program]) -> String {
    let mut out = String::new();
    for (index, program) in programs.iter().enumerate() {
        let _ = writeln!(out, "transaction {index}");
        for instruction in program {
            let _ = writeln!(out, "  {instruction:?}");
        }
    }
    out
}

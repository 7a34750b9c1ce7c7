//! Transaction programs.

use curvevm::{
    program::{Instruction, Program},
    tx::INSTRUCTIONS_MAX,
    types::CurveId,
};

use crate::hir::Trade;

/// Packs trades in order into as few programs as a transaction's count of instructions allows. What they cost on the meter depends on the
/// state that they meet.
pub(crate) fn programs(trades: &[Trade], curve: CurveId) -> Vec<Program> {
    let program =
        |trades: &[Trade]| trades.iter().map(|trade| instruction(*trade, curve)).collect();
    trades.chunks(INSTRUCTIONS_MAX).map(program).collect()
}

fn instruction(trade: Trade, curve: CurveId) -> Instruction {
    match trade {
        Trade::Buy { order, referrer } => Instruction::Buy { curve, order, referrer },
        Trade::Sell { order, referrer } => Instruction::Sell { curve, order, referrer },
        Trade::AddLiquidity { quote, base_max, shares_min } => {
            Instruction::AddLiquidity { curve, quote, base_max, shares_min }
        }
        Trade::RemoveLiquidity { shares, quote_min, base_min } => {
            Instruction::RemoveLiquidity { curve, shares, quote_min, base_min }
        }
        Trade::Claim(what) => Instruction::Claim { curve, what },
        Trade::MigrateToAmm => Instruction::MigrateToAmm { curve },
    }
}

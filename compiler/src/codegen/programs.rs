//! Transaction programs.

use curvevm::{
    meter,
    program::{Instruction, Program},
    tx::INSTRUCTIONS_MAX,
    types::CurveId,
};

use crate::hir::Trade;

/// Packs trades in order into as few programs as a transaction's bounds allow.
pub(crate) fn programs(trades: &[Trade], curve: CurveId) -> Vec<Program> {
    let mut programs: Vec<Program> = Vec::new();
    for trade in trades {
        let instruction = instruction(*trade, curve);
        match programs.last_mut().filter(|program| has_room(program, &instruction)) {
            Some(program) => program.push(instruction),
            None => programs.push(vec![instruction]),
        }
    }
    programs
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

fn has_room(program: &Program, next: &Instruction) -> bool {
    let metered = meter::transaction(program).saturating_add(meter::instruction(next));
    program.len() < INSTRUCTIONS_MAX && metered <= meter::SEGMENT_CU_MAX
}

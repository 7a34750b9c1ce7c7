//! The meter: an upper bound, in Solana compute units, of replaying each instruction in the AssetRollup program.
//!
//! # Status
//!
//! The figures are budgets that bound how much a segment may hold. They are set from the costs of the system calls and the
//! depth of the tree, and are to be tightened against measurements of the replay entry point.

use crate::program::Instruction;

/// The most compute units in a segment: a challenge replays a whole one in one transaction.
pub const SEGMENT_CU_MAX: u32 = 1_000_000;
/// The most transactions in a segment.
pub const SEGMENT_TRANSACTIONS_MAX: usize = 8;
/// The most inbox messages in a segment.
pub const SEGMENT_MESSAGES_MAX: usize = 8;

/// Decoding, the signature, and the signer's account.
const TRANSACTION: u32 = 45_000;
/// Reading and updating one more cell of a tree of 2^32 cells.
const CELL: u32 = 20_000;

/// The bound of one instruction.
pub const fn instruction(instruction: &Instruction) -> u32 {
    match instruction {
        // The curve, its module, the holding.
        Instruction::Buy { .. } | Instruction::Sell { .. } => 4 * CELL,
        Instruction::AddLiquidity { .. }
        | Instruction::RemoveLiquidity { .. }
        | Instruction::MigrateToAmm { .. }
        | Instruction::Claim { .. } => 6 * CELL,
        Instruction::Authorize { .. } | Instruction::Revoke { .. } => CELL,
        // The curve and the module.
        Instruction::Launch(_) => 2 * CELL,
        // The recipient's cell and the sender's holding.
        Instruction::Transfer { .. } => 2 * CELL,
        // The withdrawal and the chain's counters.
        Instruction::Withdraw { .. } => 2 * CELL,
        // Verification walks all pieces.
        Instruction::PublishModule(_) => 6 * CELL,
    }
}

/// The bound of a transaction.
pub fn transaction(program: &[Instruction]) -> u32 {
    program.iter().map(instruction).fold(TRANSACTION, u32::saturating_add)
}

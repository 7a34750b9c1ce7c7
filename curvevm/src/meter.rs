//! The meter: an upper bound, in Solana compute units, of replaying a segment in the AssetRollup program.
//!
//! A challenge replays a whole segment in one transaction on Solana, which has 1.4 million units. So execution counts what its replay
//! costs at most, and a segment ends where the next transaction would take it over [`SEGMENT_CU_MAX`].
//!
//! # Status
//!
//! Experimental. The bounds are consensus: they decide where segments end and which transactions fail.
//!
//! # Rules
//!
//! 1. Execution counts as it goes, the same natively and on Solana: a transaction, a message, each instruction, each piece or tier
//!    that a price may have to look at, each cell that is opened, by its size and by the depth of its path.
//! 2. A cell that was opened in a segment is not opened again; a later transaction of the segment pays for the touch alone.
//! 3. A transaction that alone would take more than [`TRANSACTION_CU_MAX`] fails with [`Error::TooExpensive`]. It uses its nonce; what
//!    was counted up to there stays counted.
//! 4. A deposit always fits a segment of its own, and a forced transaction is counted as any other.
//! 5. A transaction or a message that does not fit what is left of a segment begins the next one. A segment that holds it nevertheless is
//!    [full](Exceeded::Segment) in its replay, at the latest one charge after the bound; no root follows from it.
//! 6. What is not counted costs [`SEGMENT_CU`] at most, on top of the bound: decoding the chunk, reading and writing the chain's cell
//!    where a block begins and where messages end, on a path of 80 branches, and the comparison.
//!
//! # Where the figures are from
//!
//! Measured on both builds of the program; each bound is at least a tenth above every measurement. The test
//! `tests/tests/program/meter.rs` fails when one comes closer. It has the dearest states that were found: modules of 64 pieces that a trade
//! crosses all, 32 fee tiers, accounts with every asset, names as long as they may be, paths of 4 to 80 branches.
//!
//! # What is not counted
//!
//! A cell is charged for the path that it has when it is opened. Two cells that one segment creates may part deeper, when somebody
//! searched for keys that share their first bits: 2^40 tries give a pair that parts at bit 80. The second path then is up to 60
//! branches longer than was charged, 20,000 units; a segment has room for a dozen such pairs between the bound and Solana's limit.
//!
//! [`Error::TooExpensive`]: crate::error::Error::TooExpensive

use alloc::vec::Vec;

use crate::{
    cell::Cell,
    module::{Module, PIECES_MAX},
    program::Instruction,
    tree::Found,
    types::Key,
};

/// The most compute units in a segment, besides [`SEGMENT_CU`].
pub const SEGMENT_CU_MAX: u32 = 1_000_000;
/// What a segment costs besides its transactions, the beginning of its block among it.
pub const SEGMENT_CU: u32 = 150_000;
/// The most compute units of a transaction: it fits a segment of its own.
pub const TRANSACTION_CU_MAX: u32 = SEGMENT_CU_MAX;
/// The most transactions in a segment.
pub const SEGMENT_TRANSACTIONS_MAX: usize = 8;
/// The most inbox messages in a segment.
pub const SEGMENT_MESSAGES_MAX: usize = 8;
/// The most blocks that begin in a segment without content; in one with content it is one.
pub const SEGMENT_BEGINS_MAX: usize = 8;

/// Decoding, the signature, the nonce, the receipt.
const TRANSACTION: u32 = 35_000;
/// What a forced transaction costs besides: the message and its hash, a longer form.
const FORCED: u32 = 15_000;
/// A deposit: the message and its hash, the receipt.
const DEPOSIT: u32 = 15_000;
/// A cell that a transaction touches: its key, its copy.
const TOUCH: u32 = 3_000;
/// A cell that a segment opens: read, hashed, and hashed again when it was written.
const CELL: u32 = 8_000;
/// A branch on the path of a cell that a segment opens.
const LEVEL: u32 = 1_000;

/// A piece of a module that is opened.
const MODULE_PIECE: u32 = 500;
/// A fee tier of a module that is opened.
const MODULE_TIER: u32 = 500;
/// A mark of a curve that is opened.
const MARK: u32 = 100;
/// A price, its fees and what is paid.
const PRICE: u32 = 40_000;
/// A piece that a price may have to look at.
const PIECE: u32 = 3_000;
/// A fee tier that a price on a pool may have to look at.
const TIER: u32 = 500;
/// Verifying a module,
const VERIFICATION: u32 = 50_000;
/// each of its pieces,
const VERIFIED_PIECE: u32 = 11_000;
/// and each of its tiers.
const VERIFIED_TIER: u32 = 500;

/// The cells of a deposit of tokens, the dearer one: the curve, an account, a holding.
const DEPOSIT_CELLS: u32 = 3;
/// The longest path.
const DEPTH_MAX: u32 = 256;
/// The most marks of a curve.
const MARKS_MAX: u32 = 64;
const _: () = assert!(PIECES_MAX <= MARKS_MAX as usize);

// Rule 4, on the longest paths; admission alone, which opens an account and a session, cannot pass a transaction's bound either.
const _: () = {
    let cell = TOUCH + CELL + DEPTH_MAX * LEVEL;
    let deposit = DEPOSIT + DEPOSIT_CELLS * cell + MARKS_MAX * MARK;
    assert!(deposit <= SEGMENT_CU_MAX);
    assert!(TRANSACTION + FORCED + 2 * cell <= TRANSACTION_CU_MAX);
};

/// What a segment has cost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Meter {
    segment: u32,
    /// Of the present transaction, were it alone in its segment.
    transaction: u32,
    opened: Vec<Key>,
}

/// A bound was passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exceeded {
    /// That of the transaction.
    Transaction,
    /// That of the segment.
    Segment,
}

impl Meter {
    /// Begins a segment.
    pub const fn new() -> Self {
        Self { segment: 0, transaction: 0, opened: Vec::new() }
    }

    /// What the segment has cost, besides [`SEGMENT_CU`].
    pub const fn units(&self) -> u32 {
        self.segment
    }

    /// Begins a transaction.
    ///
    /// # Errors
    ///
    /// [`Exceeded`].
    pub fn begin(&mut self) -> Result<(), Exceeded> {
        self.transaction = 0;
        self.charge(TRANSACTION)
    }

    /// Begins a transaction that a message carries.
    ///
    /// # Errors
    ///
    /// [`Exceeded`].
    pub fn begin_forced(&mut self) -> Result<(), Exceeded> {
        self.begin()?;
        self.charge(FORCED)
    }

    /// Begins a deposit.
    ///
    /// # Errors
    ///
    /// [`Exceeded`].
    pub fn begin_deposit(&mut self) -> Result<(), Exceeded> {
        self.transaction = 0;
        self.charge(DEPOSIT)
    }

    /// Counts work.
    ///
    /// # Errors
    ///
    /// [`Exceeded`]. The transaction's bound is looked at first, so that one that is alone in its segment fails by its own bound.
    pub fn charge(&mut self, units: u32) -> Result<(), Exceeded> {
        self.count(units, units)
    }

    /// Counts a cell that the present transaction touches for the first time.
    ///
    /// # Errors
    ///
    /// As [`Meter::charge`].
    pub fn touch(&mut self, key: &Key, found: &Found<'_>) -> Result<(), Exceeded> {
        let opening = opening(found);
        let units = TOUCH.saturating_add(opening);
        if self.opened.contains(key) {
            return self.count(units, TOUCH);
        }
        self.opened.push(*key);
        self.count(units, units)
    }

    fn count(&mut self, transaction: u32, segment: u32) -> Result<(), Exceeded> {
        self.transaction = self.transaction.saturating_add(transaction);
        self.segment = self.segment.saturating_add(segment);
        if self.transaction > TRANSACTION_CU_MAX {
            return Err(Exceeded::Transaction);
        }
        if self.segment > SEGMENT_CU_MAX { Err(Exceeded::Segment) } else { Ok(()) }
    }
}

/// Opening a cell in the witness, and hashing its path again.
fn opening(found: &Found<'_>) -> u32 {
    let depth = u32::try_from(found.depth).unwrap_or(u32::MAX);
    let path = depth.saturating_mul(LEVEL);
    CELL.saturating_add(path).saturating_add(found.cell.map_or(0, size))
}

/// What a cell of this size costs more than a small one.
fn size(cell: &Cell) -> u32 {
    match cell {
        Cell::Module(module) => {
            let pieces = per(module.pieces.len(), MODULE_PIECE);
            pieces.saturating_add(per(module.migration.tiers.len(), MODULE_TIER))
        }
        Cell::Curve(curve) => per(curve.marks.len(), MARK),
        Cell::Pool(_)
        | Cell::Chain(_)
        | Cell::Rules(_)
        | Cell::Account(_)
        | Cell::Holding(_)
        | Cell::Stake(_)
        | Cell::Session(_)
        | Cell::Withdrawal(_) => 0,
    }
}

/// Pricing a trade on a curve of `module`.
pub fn curve_price(module: &Module) -> u32 {
    PRICE.saturating_add(per(module.pieces.len(), PIECE))
}

/// Pricing a trade on a pool of `module`.
pub fn pool_price(module: &Module) -> u32 {
    PRICE.saturating_add(per(module.migration.tiers.len(), TIER))
}

/// Verifying a module and storing it.
pub fn verification(module: &Module) -> u32 {
    let pieces = per(module.pieces.len(), VERIFIED_PIECE);
    VERIFICATION
        .saturating_add(pieces)
        .saturating_add(per(module.migration.tiers.len(), VERIFIED_TIER))
}

/// An instruction, besides its cells and what the functions above count.
pub const fn instruction(instruction: &Instruction) -> u32 {
    match instruction {
        Instruction::Buy { .. }
        | Instruction::Sell { .. }
        | Instruction::PublishModule(_)
        | Instruction::Transfer { .. }
        | Instruction::Withdraw { .. }
        | Instruction::Authorize { .. }
        | Instruction::Revoke { .. } => 5_000,
        Instruction::Launch(_) => 10_000,
        Instruction::AddLiquidity { .. }
        | Instruction::RemoveLiquidity { .. }
        | Instruction::MigrateToAmm { .. }
        | Instruction::Claim { .. } => 20_000,
    }
}

fn per(count: usize, units: u32) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX).saturating_mul(units)
}

#[cfg(test)]
mod tests {
    use super::{CELL, Exceeded, LEVEL, Meter, SEGMENT_CU_MAX, TOUCH, TRANSACTION};
    use crate::{tree::Found, types::Key};

    fn at(depth: usize) -> Found<'static> {
        Found { cell: None, depth }
    }

    #[test]
    fn a_cell_is_opened_once_in_a_segment() {
        let mut meter = Meter::new();
        let open = TOUCH + CELL + 20 * LEVEL;
        for (key, found, units) in [(1, at(20), open), (1, at(20), TOUCH), (2, at(20), open)] {
            let before = meter.units();
            meter.begin().unwrap();
            meter.touch(&Key::new([key; 32]), &found).unwrap();
            assert_eq!(meter.units() - before, TRANSACTION + units);
        }
    }

    #[test]
    fn a_deeper_path_costs_more() {
        let cost = |depth| {
            let mut meter = Meter::new();
            meter.touch(&Key::new([1; 32]), &at(depth)).unwrap();
            meter.units()
        };
        assert_eq!(cost(80) - cost(20), 60 * LEVEL);
    }

    #[test]
    fn what_is_alone_fails_by_its_own_bound_and_what_is_not_by_the_segments() {
        let mut meter = Meter::new();
        meter.begin().unwrap();
        let left = SEGMENT_CU_MAX - TRANSACTION;
        assert_eq!(meter.clone().charge(left), Ok(()));
        assert_eq!(meter.clone().charge(left + 1), Err(Exceeded::Transaction));
        assert_eq!(meter.clone().charge(u32::MAX), Err(Exceeded::Transaction));
        meter.charge(1_000).unwrap();
        meter.begin().unwrap();
        assert_eq!(meter.clone().charge(left - TRANSACTION), Err(Exceeded::Segment));
        assert_eq!(meter.charge(left - TRANSACTION - 1_000), Ok(()));
    }

    #[test]
    fn the_bound_of_a_transaction_counts_what_others_have_opened() {
        let mut meter = Meter::new();
        let touch = |meter: &mut Meter| {
            meter.begin()?;
            (0..8).try_for_each(|key| meter.touch(&Key::new([key; 32]), &at(200)))
        };
        assert_eq!(touch(&mut Meter::new()), Err(Exceeded::Transaction));
        for key in 0..8 {
            meter.opened.push(Key::new([key; 32]));
        }
        assert_eq!(touch(&mut meter), Err(Exceeded::Transaction));
    }
}

//! Limits that the program enforces.

pub use curvevm::{batch::CHUNKS_MAX, genesis::MEMBERS_MAX};

/// Messages that the inbox holds before the chain has consumed them.
pub const INBOX_CAPACITY: usize = 84;
/// Finalized roots that can be proved against: the last so many batches.
pub const ROOTS_CAPACITY: usize = 64;
/// Withdrawals in a page of nullifiers.
pub const NULLIFIERS_PER_PAGE: u64 = 2_048;
/// The smallest deposit, in lamports. A deposit holds a place in the inbox, so it may not be free.
pub const DEPOSIT_LAMPORTS_MIN: u64 = 1_000;

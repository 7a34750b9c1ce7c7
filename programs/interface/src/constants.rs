//! Limits that the program enforces.

pub use curvevm::{batch::CHUNKS_MAX, genesis::MEMBERS_MAX};

/// The longest body of a message, in bytes: a signed transaction that comes in one Solana transaction fits it.
pub const MESSAGE_BODY_BYTES_MAX: usize = 1_024;
/// Finalized roots that can be proved against: the last so many batches.
pub const ROOTS_CAPACITY: usize = 64;
/// Withdrawals in a page of nullifiers.
pub const NULLIFIERS_PER_PAGE: u64 = 2_048;
/// The smallest deposit, in lamports. The chain executes each message, so that none may be free.
pub const DEPOSIT_LAMPORTS_MIN: u64 = 1_000;

//! Rebuilds the chain from genesis and the posted data of its batches, and compares it with what each batch claims.
//!
//! # Status
//!
//! Experimental.
//!
//! # Terms
//!
//! A batch *claims*: its header names heights, roots, the inbox, the number of withdrawals, and the root over its data. What
//! follows from the state before it and from its data is *computed*. A *fault* is the first difference between the two.
//!
//! ```text
//!  genesis ─► tree ─┬─► batch 1: chunks ─► segments ─► replay, signature by signature ─► tree ─┬─► batch 2 ..
//!                   └── header: number, height, root before      header: root after, inbox .. ─┘
//! ```
//!
//! # Rules
//!
//! 1. The header follows the batch before it: chain, versions, number, first height, root.
//! 2. The chunks are the header's: their count, the root over their hashes.
//! 3. Every segment is replayed as a challenge replays it on Solana (`curvevm::block::replay_segment`), signatures included;
//!    the roots before and after it are those that its chunk claims.
//! 4. The state after the last segment is the header's: height, time, inbox, withdrawals, root.
//! 5. What the committee agrees on beyond that (how full a block is, when a batch closes) binds no one else and is not compared.
//!
//! # Invariants
//!
//! 1. A batch with a fault changes nothing: the state stays that of the batch before it.
//! 2. Memory is bounded by the state and one batch.

mod fault;
mod segments;
mod state;
#[cfg(test)]
mod tests;

pub use fault::{Difference, Fault, Place, Side};
pub use state::{Applied, Head, Rebuild};

//! The block store: committed blocks and their effects, in one redb database.
//!
//! # Terms
//!
//! The *checkpoint* is the state after some batch, as cells. A *delta* is what a block wrote. The *head* is the last block.
//!
//! ```text
//!   cells at the checkpoint ── delta ── delta ─┬─ delta ── delta ─┬─ delta ── head
//!                                              batch n            batch n + 1
//! ```
//!
//! A start reads the cells, plays the deltas over them, and so has the state after each batch from the checkpoint on again,
//! in trees that share what they have in common. The checkpoint follows the batches that nobody proves against any more.
//!
//! # Invariants
//!
//! 1. A block, its receipts, its delta, and the batch that it closes are written in one transaction, durable when `commit`
//!    returns.
//! 2. The roots of the checkpoint, of each batch and of the head are recomputed at every start; a state that differs from what
//!    was committed is an error, never served.

mod database;
mod error;
mod records;
mod recover;

pub(crate) use database::{CommitRecord, Store};
pub use error::StoreError;
pub(crate) use records::{Attestation, Place, StoredBatch, StoredBlock, StoredHead, StoredReceipt};
pub(crate) use recover::Recovered;

#[cfg(test)]
mod tests;

//! Follows a rollup from the L1 alone: rebuilds every batch as it is committed, checks it, and says what it finds.
//!
//! # Status
//!
//! Experimental. The fields of [`Event`] are stable; some may be added.
//!
//! # Terms
//!
//! The *head* is the last batch that was checked and found right. A *mark* is the state after a batch that a rollback may still
//! take out.
//!
//! ```text
//!  L1 ─► standing: committed, finalized ──────────┐
//!   └──► history: header, chunks (read ahead) ─► rebuild ─► right: head, mark
//!                                                  └─► fault ─► said until it is gone
//!                                                        └─► with a key: proof ─► witness ─► challenge ─► rollback ─► slash
//! ```
//!
//! # Rules
//!
//! 1. Batches are checked in order up to the one that the rollup's account names, and no further.
//! 2. A fault is believed when the faulty commit still is the last of its number after the fault was found.
//! 3. The head is given up for the newest mark whose commit still counts when the rollup's account, or the header of the next
//!    batch, contradicts it: there was a rollback. Without a mark that far back everything is rebuilt.
//! 4. What cannot be read is no fault: it is said and tried again, later each time, up to a bound.
//! 5. With a key, a fault in a live batch is challenged until it is gone. What is left to do then (slashing, closing) is done between
//!    checks, and does not hold them up when it fails.
//!
//! # Invariants
//!
//! 1. Nothing is asked of any node of the chain.
//! 2. Memory is bounded by the state, [`AHEAD_MAX`] batches, and what changed in the state over [`MARKS_MAX`] batches.

mod action;
mod ahead;
mod challenge;
mod error;
mod event;
mod follow;
mod proof;
mod pursue;
mod source;
#[cfg(test)]
mod tests;

pub use action::{Accused, Action, Proves};
pub use ahead::AHEAD_MAX;
pub use challenge::{BATCHES_MAX, Challenger, VERDICTS_MAX};
pub use error::WatchError;
pub use event::{Event, FoundFault, Progress};
pub use follow::{MARKS_MAX, Watch, WatchConfig};
pub use proof::{Accusation, NoProof, Proof, Upload, proof_of};
pub use source::{Source, Standing};

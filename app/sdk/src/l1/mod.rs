//! The L1: reads and writes of the AssetRollup program on a Solana cluster.
//!
//! # Status
//!
//! Experimental.
//!
//! # Rules
//!
//! 1. A read names the commitment it wants; what has to outlive forks is read at [`Level::Finalized`].
//! 2. A write is signed over a recent blockhash, sent again as the same bytes until its status is known, and signed anew only
//!    when its blockhash has expired and its status is still unknown at that height: then it can no longer land.
//! 3. A write succeeded only when its status holds no execution error.
//! 4. A message goes to the address of the inbox's next index. Who is not the first there reads the index again, a bounded number
//!    of times.
//! 5. [`L1Error`] keeps apart an L1 that does not answer, a program that is not there, and a rollup that is not initialized.

mod address;
mod buffer;
mod challenges;
mod client;
mod config;
mod error;
mod force;
pub mod history;
mod instructions;
mod members;
mod send;
mod tokens;

pub use address::RollupAddresses;
pub use asset_rollup_interface::{
    instruction::{
        Challenge, ChallengeTrace, ReportEquivocation, RotateCommittee, Rotation, TraceFault,
    },
    state::{Batch, Data, Inbox, Member, Message, Parts, Rollup, Verdict, Witness},
};
pub use challenges::{Case, WITNESS_PIECES_IN_FLIGHT};
pub use client::{CLOSED_MESSAGES_MAX, Chunk, Claim, Commit, DEPOSIT_ATTEMPTS_MAX, L1Client};
pub use config::{L1Config, Level, TransactionFormat};
pub use error::L1Error;
pub use force::FORCE_ATTEMPTS_MAX;
pub use history::{CommitRecord, History, HistoryError, PostedBatch};
pub use send::Landed;
pub use solana_signature::Signature as TransactionSignature;
pub use tokens::{Mint, MintProof};

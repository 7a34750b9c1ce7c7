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
//! 4. [`L1Error`] keeps apart an L1 that does not answer, a program that is not there, and a rollup that is not initialized.

mod address;
mod client;
mod config;
mod error;
mod instructions;
mod members;
mod send;

pub use address::RollupAddresses;
pub use asset_rollup_interface::{
    instruction::{ReportEquivocation, RotateCommittee, Rotation},
    state::{Batch, Data, Inbox, Member, Rollup, Verdict},
};
pub use client::{Chunk, Claim, Commit, L1Client};
pub use config::{L1Config, Level, TransactionFormat};
pub use error::L1Error;
pub use send::Landed;

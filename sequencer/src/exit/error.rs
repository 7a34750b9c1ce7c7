//! Why an exit does not start, or does not go on.

use asset_sdk::l1::{HistoryError, L1Error};
use curvevm::{block::BlockError, codec::CodecError, error::StateError};

use crate::{error::NodeError, rebuild::Fault};

/// An exit does not start, or does not go on. Started again, it goes on where it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExitError {
    /// The genesis or the rollup on the L1 is not usable.
    #[error(transparent)]
    Start(#[from] NodeError),
    /// The history cannot be read.
    #[error(transparent)]
    History(#[from] HistoryError),
    /// The L1 did not do what was asked.
    #[error(transparent)]
    L1(#[from] L1Error),
    /// A committed batch is wrong, or a batch that was built here.
    #[error("{0}; a wrong batch that is live is challenged with `asset watch --key`")]
    Fault(Box<Fault>),
    /// The state cannot be read.
    #[error("the state: {0}")]
    State(#[from] StateError),
    /// There is nothing to be consumed.
    #[error("nothing waits in the inbox")]
    NothingWaits,
    /// What waits leads to no block.
    #[error("what waits in the inbox leads to no block: {0}")]
    Block(#[from] BlockError),
    /// What waits leads to no batch.
    #[error("what waits in the inbox leads to no batch: {0}")]
    Codec(#[from] CodecError),
    /// The account of the rollup and its history do not fit together.
    #[error(
        "the rollup's account does not name the root that the history leads to: ask another node of the L1"
    )]
    Contradiction,
    /// What was forced did not lead to what was planned, again and again.
    #[error(
        "what was forced in did not take effect {rounds} times; others may be trading in the same way: start again"
    )]
    Unsettled {
        /// How often it was tried.
        rounds: usize,
    },
    /// A task ended without a result.
    #[error("a task of the exit stopped unexpectedly")]
    Task,
}

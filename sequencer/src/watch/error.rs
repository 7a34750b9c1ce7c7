//! Why watching does not start, or does not go on.

use asset_sdk::l1::HistoryError;
use curvevm::types::Hash;

use super::FoundFault;
use crate::error::NodeError;

/// Watching does not start, or does not go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WatchError {
    /// The genesis or the rollup on the L1 is not usable.
    #[error(transparent)]
    Start(#[from] NodeError),
    /// The history cannot be read.
    #[error(transparent)]
    History(#[from] HistoryError),
    /// Two answers of the L1 do not fit together.
    #[error(
        "the rollup's account names root {account} after batch {batch}, the commit of that batch names {commit}: the L1's nodes are at different states, or one of them lies"
    )]
    Contradiction {
        /// The batch.
        batch: u64,
        /// The account's root.
        account: Hash,
        /// The header's root.
        commit: Hash,
    },
    /// A batch is wrong.
    #[error(transparent)]
    Fault(Box<FoundFault>),
    /// A task ended without a result.
    #[error("a task of the watcher stopped unexpectedly")]
    Task,
}

impl WatchError {
    /// Whether it is worth trying again.
    pub const fn is_transient(&self) -> bool {
        match self {
            Self::History(error) => error.is_transient(),
            Self::Contradiction { .. } => true,
            Self::Start(_) | Self::Fault(_) | Self::Task => false,
        }
    }
}

//! Why the executor cannot go on.

use asset_consensus::BlockId;
use curvevm::error::StateError;

use crate::store::StoreError;

/// The executor cannot go on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ExecutorError {
    /// The store failed.
    #[error("the block store failed")]
    Store(#[from] StoreError),
    /// The state failed.
    #[error("the state failed: {0}")]
    State(StateError),
    /// A block that neither follows the head nor was validated was committed.
    #[error(
        "block {block} at height {height} was committed, but its parent is not the head at height {head}"
    )]
    NotNext {
        /// The block.
        block: BlockId,
        /// Its height.
        height: u64,
        /// The height of the head.
        head: u64,
    },
    /// A committed block breaks a rule.
    #[error("block {block} was committed, but it is invalid: {reason}")]
    CommittedInvalid {
        /// The block.
        block: BlockId,
        /// Why.
        reason: String,
    },
    /// Not even an empty block can be built.
    #[error("no block can be built: {reason}")]
    Unbuildable {
        /// Why.
        reason: String,
    },
    /// A task panicked.
    #[error("a task of the executor panicked")]
    Panicked,
}

//! Why the history cannot be read.

use curvevm::types::{Address, Hash};

use crate::l1::error::L1Error;

/// The history cannot be read, or is not what the header says.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HistoryError {
    /// The L1 does not answer, or refuses.
    #[error(transparent)]
    L1(#[from] L1Error),
    /// No commit of a batch that the rollup says is committed.
    #[error(
        "the L1's node lists no commit of batch {number}: it does not keep transactions for so long, ask one with the whole history"
    )]
    NoCommit {
        /// The batch.
        number: u64,
    },
    /// A listed transaction is gone.
    #[error(
        "the L1's node has transaction {signature} no longer: ask one with the whole history, or again when it has caught up"
    )]
    Pruned {
        /// The transaction.
        signature: String,
    },
    /// A chunk is in no transaction that the L1's node has.
    #[error(
        "chunk {chunk} of {count} of batch {number} is in no transaction of data account {account}: the L1's node has them no longer, or the chunk was posted by another program"
    )]
    DataMissing {
        /// The batch.
        number: u64,
        /// The first chunk that is missing, from zero.
        chunk: usize,
        /// How many chunks the batch has.
        count: usize,
        /// The account that it was posted to.
        account: Address,
    },
    /// A chunk is not the one that the program recorded.
    #[error("chunk {chunk} of batch {number} has hash {found}, the program recorded {expected}")]
    ChunkMismatch {
        /// The batch.
        number: u64,
        /// The chunk, from zero.
        chunk: usize,
        /// What the data account has.
        expected: Hash,
        /// The hash of what was found.
        found: Hash,
    },
    /// The chunks together are not those of the header, and the account that would tell which is closed.
    #[error("the data of batch {number} has hash {found}, its header names {expected}")]
    DataMismatch {
        /// The batch.
        number: u64,
        /// What the header names.
        expected: Hash,
        /// The hash over what was found.
        found: Hash,
    },
    /// A transaction is not the one that was asked for.
    #[error("the L1's node returned something else than transaction {signature}: {reason}")]
    Altered {
        /// The transaction that was asked for.
        signature: String,
        /// What is wrong.
        reason: &'static str,
    },
    /// More transactions name an account than are looked through.
    #[error(
        "more than {max} transactions name account {account}: they are not looked through further"
    )]
    TooMany {
        /// The account.
        account: Address,
        /// How many were looked through.
        max: usize,
    },
}

impl HistoryError {
    /// Whether the same call may succeed later, or at another node of the L1.
    pub const fn is_transient(&self) -> bool {
        match self {
            Self::L1(error) => error.is_transient(),
            Self::NoCommit { .. }
            | Self::Pruned { .. }
            | Self::DataMissing { .. }
            | Self::Altered { .. } => true,
            Self::ChunkMismatch { .. } | Self::DataMismatch { .. } | Self::TooMany { .. } => false,
        }
    }
}

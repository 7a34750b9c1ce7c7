//! Why a transaction is not taken.

use asset_sdk::rpc::{NodeError, RpcError};

/// A transaction was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SubmitError {
    /// It may be in no block.
    #[error("{0}")]
    Rejected(curvevm::error::Error),
    /// There is no room.
    #[error("the mempool is full")]
    Full,
    /// Another transaction holds the nonce.
    #[error("another transaction with the same nonce waits")]
    NonceInUse,
    /// The signer has too many.
    #[error("the signer has too many waiting transactions")]
    SignerLimit,
    /// It could not be stored.
    #[error("the mempool's database failed")]
    Storage,
    /// The node is stopping.
    #[error("the node is stopping")]
    ShuttingDown,
}

impl From<SubmitError> for RpcError {
    fn from(error: SubmitError) -> Self {
        Self::Node(match error {
            SubmitError::Rejected(error) => return Self::Vm(error),
            SubmitError::Full => NodeError::MempoolFull,
            SubmitError::NonceInUse => NodeError::NonceInUse,
            SubmitError::SignerLimit => NodeError::SignerLimit,
            SubmitError::Storage => NodeError::Storage,
            SubmitError::ShuttingDown => NodeError::ShuttingDown,
        })
    }
}

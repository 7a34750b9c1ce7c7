//! Why a batch could not be posted now.

use asset_sdk::l1::L1Error;

use crate::store::StoreError;

/// A batch could not be posted now.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PosterError {
    /// The L1 refused or does not answer.
    #[error("{0}")]
    L1(#[from] L1Error),
    /// The store failed.
    #[error("{0}")]
    Store(#[from] StoreError),
}

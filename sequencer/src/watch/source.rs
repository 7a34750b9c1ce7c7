//! Where batches come from: the L1, or a test.

use std::future::Future;

use asset_sdk::l1::{History, HistoryError, PostedBatch, TransactionSignature};
use curvevm::types::Hash;

/// Where a rollup stands on the L1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The last committed batch.
    pub committed: u64,
    /// The state root after it.
    pub root: Hash,
    /// The time of its last block, in milliseconds since 1970.
    pub time_ms: u64,
    /// The last batch whose window is over.
    pub finalized: u64,
}

/// Where batches come from. Clones are cheap and read the same.
pub trait Source: Clone + Send + Sync + 'static {
    /// Where the rollup stands.
    fn standing(&self) -> impl Future<Output = Result<Standing, HistoryError>> + Send;

    /// A committed batch with its data, as it was committed last.
    fn batch(&self, number: u64) -> impl Future<Output = Result<PostedBatch, HistoryError>> + Send;

    /// The transaction that committed a batch last, none where nothing did.
    fn last_commit(
        &self,
        number: u64,
    ) -> impl Future<Output = Result<Option<TransactionSignature>, HistoryError>> + Send;
}

impl Source for History {
    async fn standing(&self) -> Result<Standing, HistoryError> {
        let rollup = self.client().rollup(self.level()).await?;
        Ok(Standing {
            committed: rollup.committed_number,
            root: rollup.committed_root,
            time_ms: rollup.committed_time_ms,
            finalized: rollup.finalized_number,
        })
    }

    async fn batch(&self, number: u64) -> Result<PostedBatch, HistoryError> {
        Self::batch(self, number).await
    }

    async fn last_commit(&self, number: u64) -> Result<Option<TransactionSignature>, HistoryError> {
        let commits = self.commits(number).await?;
        Ok(commits.first().map(|commit| commit.signature))
    }
}

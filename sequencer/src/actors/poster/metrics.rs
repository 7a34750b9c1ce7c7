//! Metrics of the poster.

use prometheus_client::{
    metrics::{
        counter::Counter,
        histogram::{Histogram, exponential_buckets},
    },
    registry::Registry,
};

/// Metrics of the poster. Clones share their values.
#[derive(Clone, Debug)]
pub(crate) struct PosterMetrics {
    pub(super) chunks: Counter,
    pub(super) chunk_bytes: Counter,
    pub(super) committed: Counter,
    pub(super) finalized: Counter,
    pub(super) messages_closed: Counter,
    pub(super) failures: Counter,
    pub(super) commit_seconds: Histogram,
}

impl Default for PosterMetrics {
    fn default() -> Self {
        Self {
            chunks: Counter::default(),
            chunk_bytes: Counter::default(),
            committed: Counter::default(),
            finalized: Counter::default(),
            messages_closed: Counter::default(),
            failures: Counter::default(),
            commit_seconds: Histogram::new(exponential_buckets(10e-3, 2.0, 14)),
        }
    }
}

impl PosterMetrics {
    pub(crate) fn register(&self, registry: &mut Registry) {
        let poster = registry.sub_registry_with_prefix("poster");
        poster.register("chunks", "Chunks posted by this member", self.chunks.clone());
        poster.register("chunk_bytes", "Bytes of those chunks", self.chunk_bytes.clone());
        poster.register("committed", "Batches committed by this member", self.committed.clone());
        poster.register("finalized", "Batches finalized by this member", self.finalized.clone());
        let help = "Inbox messages closed by this member";
        poster.register("messages_closed", help, self.messages_closed.clone());
        poster.register("failures", "Calls to the L1 that failed", self.failures.clone());
        let help = "Time from the first look to the commit of a batch";
        poster.register("commit_seconds", help, self.commit_seconds.clone());
    }
}

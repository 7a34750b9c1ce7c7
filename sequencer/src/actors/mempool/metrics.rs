//! Metrics of the mempool.

use prometheus_client::{
    metrics::{
        counter::Counter,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
    },
    registry::Registry,
};

/// Metrics of the mempool. Clones share their values.
#[derive(Clone, Debug)]
pub(crate) struct MempoolMetrics {
    pub(super) waiting: Gauge,
    pub(super) accepted: Counter,
    pub(super) rejected: Counter,
    pub(super) full: Counter,
    pub(super) forwarded: Counter,
    pub(super) group_size: Histogram,
    pub(super) flush_seconds: Histogram,
}

impl Default for MempoolMetrics {
    fn default() -> Self {
        Self {
            waiting: Gauge::default(),
            accepted: Counter::default(),
            rejected: Counter::default(),
            full: Counter::default(),
            forwarded: Counter::default(),
            group_size: Histogram::new(exponential_buckets(1.0, 2.0, 11)),
            flush_seconds: Histogram::new(exponential_buckets(50e-6, 2.0, 16)),
        }
    }
}

impl MempoolMetrics {
    pub(crate) fn register(&self, registry: &mut Registry) {
        let mempool = registry.sub_registry_with_prefix("mempool");
        mempool.register("waiting", "Transactions waiting", self.waiting.clone());
        mempool.register("accepted", "Transactions taken", self.accepted.clone());
        mempool.register("rejected", "Transactions refused", self.rejected.clone());
        mempool.register("full", "Transactions refused for lack of room", self.full.clone());
        let help = "Transactions sent to other members, repeats included";
        mempool.register("forwarded", help, self.forwarded.clone());
        let help = "Transactions stored with one flush";
        mempool.register("group_size", help, self.group_size.clone());
        let help = "Time to make a group durable";
        mempool.register("flush_seconds", help, self.flush_seconds.clone());
    }
}

//! Metrics of the L1 watcher.

use prometheus_client::{
    metrics::{counter::Counter, gauge::Gauge},
    registry::Registry,
};

/// Metrics of the L1 watcher. Clones share their values.
#[derive(Clone, Debug, Default)]
pub(crate) struct WatcherMetrics {
    pub(super) reachable: Gauge,
    pub(super) slot: Gauge,
    pub(super) committed: Gauge,
    pub(super) finalized: Gauge,
    pub(super) inbox_count: Gauge,
    pub(super) failures: Counter,
}

impl WatcherMetrics {
    pub(crate) fn register(&self, registry: &mut Registry) {
        let l1 = registry.sub_registry_with_prefix("l1");
        l1.register("reachable", "Whether the L1 answered the last look", self.reachable.clone());
        l1.register("slot", "The last slot that was seen", self.slot.clone());
        let help = "The last batch that the L1 recorded";
        l1.register("batch_committed", help, self.committed.clone());
        let help = "The last batch whose window is over";
        l1.register("batch_finalized", help, self.finalized.clone());
        l1.register("inbox_count", "Messages in the inbox in all", self.inbox_count.clone());
        l1.register("failures", "Looks at the L1 that failed", self.failures.clone());
    }
}

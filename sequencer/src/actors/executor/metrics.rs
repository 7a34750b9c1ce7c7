//! Metrics of the executor.

use prometheus_client::{
    metrics::{
        counter::Counter,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
    },
    registry::Registry,
};

/// Metrics of the executor. Clones share their values.
#[derive(Clone, Debug)]
pub(crate) struct ExecutorMetrics {
    pub(super) height: Gauge,
    pub(super) batch: Gauge,
    pub(super) transactions: Counter,
    pub(super) failed: Counter,
    pub(super) invalid_blocks: Counter,
    pub(super) execute_seconds: Histogram,
    pub(super) persist_seconds: Histogram,
    pub(super) block_transactions: Histogram,
}

impl Default for ExecutorMetrics {
    fn default() -> Self {
        let seconds = || Histogram::new(exponential_buckets(50e-6, 2.0, 18));
        Self {
            height: Gauge::default(),
            batch: Gauge::default(),
            transactions: Counter::default(),
            failed: Counter::default(),
            invalid_blocks: Counter::default(),
            execute_seconds: seconds(),
            persist_seconds: seconds(),
            block_transactions: Histogram::new(exponential_buckets(1.0, 2.0, 14)),
        }
    }
}

impl ExecutorMetrics {
    pub(crate) fn register(&self, registry: &mut Registry) {
        let executor = registry.sub_registry_with_prefix("executor");
        executor.register("height", "Height of the last committed block", self.height.clone());
        executor.register("batch", "Number of the last closed batch", self.batch.clone());
        let help = "Transactions in committed blocks";
        executor.register("transactions", help, self.transactions.clone());
        let help = "Transactions in committed blocks that failed";
        executor.register("failed", help, self.failed.clone());
        executor.register("invalid_blocks", "Blocks refused", self.invalid_blocks.clone());
        let help = "Time to execute a block, roots included";
        executor.register("execute_seconds", help, self.execute_seconds.clone());
        let help = "Time to make a committed block durable";
        executor.register("persist_seconds", help, self.persist_seconds.clone());
        let help = "Transactions in a committed block";
        executor.register("block_transactions", help, self.block_transactions.clone());
    }
}

//! Latency, loss, duplication and partitions. Reordering follows from latency drawn per message.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::RngCore as _;

/// How messages travel.
#[derive(Clone, Debug)]
pub struct NetworkConfig {
    /// The least latency, in milliseconds.
    pub latency_min_ms: u64,
    /// The greatest latency, in milliseconds.
    pub latency_max_ms: u64,
    /// Of 100 messages, how many are lost.
    pub loss_percent: u64,
    /// Of 100 messages, how many arrive twice.
    pub duplicate_percent: u64,
    /// Until when loss, duplication and partitions last, in milliseconds of simulated time.
    pub faults_end_ms: u64,
    /// How often the members are split into two groups at random, in milliseconds; 0 for never.
    pub partition_every_ms: u64,
}

impl NetworkConfig {
    /// A network without faults.
    pub const fn perfect() -> Self {
        Self {
            latency_min_ms: 5,
            latency_max_ms: 20,
            loss_percent: 0,
            duplicate_percent: 0,
            faults_end_ms: 0,
            partition_every_ms: 0,
        }
    }
}

#[derive(Debug)]
pub(crate) struct Network {
    config: NetworkConfig,
    /// The group of each slot.
    groups: Vec<bool>,
    next_partition_ms: u64,
}

impl Network {
    pub(crate) fn new(config: NetworkConfig, slots: usize) -> Self {
        let next_partition_ms = config.partition_every_ms;
        Self { config, groups: vec![false; slots], next_partition_ms }
    }

    /// The latencies of the copies that arrive: none, one or two.
    pub(crate) fn route(
        &mut self,
        now_ms: u64,
        from: usize,
        to: usize,
        rng: &mut ChaCha8Rng,
    ) -> Vec<u64> {
        self.repartition(now_ms, rng);
        let faulty = now_ms < self.config.faults_end_ms;
        let lost = rng.next_u64() % 100 < self.config.loss_percent;
        let twice = rng.next_u64() % 100 < self.config.duplicate_percent;
        let spread = self.config.latency_max_ms - self.config.latency_min_ms + 1;
        let mut copies = Vec::new();
        for copy in 0..2 {
            let latency = self.config.latency_min_ms + rng.next_u64() % spread;
            if copy == 0 || twice && faulty {
                copies.push(latency);
            }
        }
        let apart = self.groups[from] != self.groups[to];
        if faulty && (lost || apart) { Vec::new() } else { copies }
    }

    fn repartition(&mut self, now_ms: u64, rng: &mut ChaCha8Rng) {
        if self.config.partition_every_ms == 0 || now_ms < self.next_partition_ms {
            return;
        }
        self.next_partition_ms = now_ms + self.config.partition_every_ms;
        // Every other partition is none.
        let split = rng.next_u64().is_multiple_of(2);
        for group in &mut self.groups {
            *group = split && rng.next_u64().is_multiple_of(2);
        }
    }
}

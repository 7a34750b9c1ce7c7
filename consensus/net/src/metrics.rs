//! Metrics of the engine.

use std::time::Duration;

use asset_consensus::{MemberIx, PeerFault, View};
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
    },
    registry::Registry,
};

/// A member as a label.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct MemberLabel {
    member: u16,
}

/// A member and its fault as labels.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct FaultLabel {
    member: u16,
    fault: &'static str,
}

/// Metrics of the engine. Clones share their values.
#[derive(Clone, Debug)]
pub struct EngineMetrics {
    view: Gauge,
    height: Gauge,
    lock_view: Gauge,
    applied_height: Gauge,
    syncing: Gauge,
    timeouts: Family<MemberLabel, Counter>,
    timeouts_in_a_row: Gauge,
    finality: Histogram,
    build: Histogram,
    validate: Histogram,
    commit: Histogram,
    fsync: Histogram,
    fsync_records: Histogram,
    verify: Histogram,
    verify_batch: Histogram,
    not_useful: Counter,
    duplicates: Counter,
    malformed: Family<MemberLabel, Counter>,
    invalid_signatures: Family<MemberLabel, Counter>,
    faults: Family<FaultLabel, Counter>,
    evidence: Counter,
    blocks_committed: Counter,
    ranges_served: Counter,
    ranges_refused: Counter,
}

impl Default for EngineMetrics {
    fn default() -> Self {
        // 50 microseconds to 26 seconds.
        let seconds = || Histogram::new(exponential_buckets(50e-6, 2.0, 20));
        let counts = || Histogram::new(exponential_buckets(1.0, 2.0, 11));
        Self {
            view: Gauge::default(),
            height: Gauge::default(),
            lock_view: Gauge::default(),
            applied_height: Gauge::default(),
            syncing: Gauge::default(),
            timeouts: Family::default(),
            timeouts_in_a_row: Gauge::default(),
            finality: seconds(),
            build: seconds(),
            validate: seconds(),
            commit: seconds(),
            fsync: seconds(),
            fsync_records: counts(),
            verify: seconds(),
            verify_batch: counts(),
            not_useful: Counter::default(),
            duplicates: Counter::default(),
            malformed: Family::default(),
            invalid_signatures: Family::default(),
            faults: Family::default(),
            evidence: Counter::default(),
            blocks_committed: Counter::default(),
            ranges_served: Counter::default(),
            ranges_refused: Counter::default(),
        }
    }
}

impl EngineMetrics {
    /// Adds the metrics to `registry`.
    pub fn register(&self, registry: &mut Registry) {
        let consensus = registry.sub_registry_with_prefix("consensus");
        self.register_progress(consensus);
        self.register_times(consensus);
        self.register_faults(consensus);
    }

    fn register_progress(&self, consensus: &mut Registry) {
        consensus.register("view", "The current view", self.view.clone());
        consensus.register("height", "The last committed height", self.height.clone());
        consensus.register("lock_view", "The view of the lock", self.lock_view.clone());
        let help = "The last height that the application holds";
        consensus.register("applied_height", help, self.applied_height.clone());
        let help = "1 while committed blocks are missing";
        consensus.register("syncing", help, self.syncing.clone());
        let help = "Abandoned views by their leader";
        consensus.register("timeouts", help, self.timeouts.clone());
        let help = "Views abandoned since the last certified one";
        consensus.register("timeouts_in_a_row", help, self.timeouts_in_a_row.clone());
        let help = "Committed blocks, by this run";
        consensus.register("blocks_committed", help, self.blocks_committed.clone());
        let help = "Answers to members that lack blocks";
        consensus.register("ranges_served", help, self.ranges_served.clone());
        let help = "Requests of members that lack blocks, refused because too many run";
        consensus.register("ranges_refused", help, self.ranges_refused.clone());
    }

    fn register_times(&self, consensus: &mut Registry) {
        let help = "From the first sight of a block to its commit";
        consensus.register("finality_seconds", help, self.finality.clone());
        let help = "Building a block in the application";
        consensus.register("build_seconds", help, self.build.clone());
        let help = "Validating a block in the application";
        consensus.register("validate_seconds", help, self.validate.clone());
        let help = "Committing a block in the application";
        consensus.register("commit_seconds", help, self.commit.clone());
        let help = "One group commit of the log";
        consensus.register("fsync_seconds", help, self.fsync.clone());
        let help = "Records in one group commit of the log";
        consensus.register("fsync_records", help, self.fsync_records.clone());
        let help = "Verifying one batch of messages";
        consensus.register("verify_seconds", help, self.verify.clone());
        let help = "Messages in one verified batch";
        consensus.register("verify_batch", help, self.verify_batch.clone());
    }

    fn register_faults(&self, consensus: &mut Registry) {
        let help = "Messages dropped unverified because they cannot change anything";
        consensus.register("not_useful", help, self.not_useful.clone());
        let help = "Messages dropped because the same one is being verified";
        consensus.register("duplicates", help, self.duplicates.clone());
        let help = "Messages that do not decode, by sender";
        consensus.register("malformed", help, self.malformed.clone());
        let help = "Messages that do not verify, by sender";
        consensus.register("invalid_signatures", help, self.invalid_signatures.clone());
        let help = "Other misbehaviour of members";
        consensus.register("peer_faults", help, self.faults.clone());
        consensus.register("evidence", "Proofs of a member's fault", self.evidence.clone());
    }

    /// Messages from `member` that did not verify.
    pub fn invalid_signatures(&self, member: MemberIx) -> u64 {
        self.invalid_signatures.get_or_create(&label(member)).get()
    }

    /// Messages from `member` that did not decode.
    pub fn malformed(&self, member: MemberIx) -> u64 {
        self.malformed.get_or_create(&label(member)).get()
    }

    /// Views of `leader` that were abandoned.
    pub fn timeouts(&self, leader: MemberIx) -> u64 {
        self.timeouts.get_or_create(&label(leader)).get()
    }

    pub(crate) fn on_progress(&self, view: View, heights: (u64, u64), lock: View, syncing: bool) {
        let (committed, applied) = heights;
        self.view.set(signed(view.get()));
        self.height.set(signed(committed));
        self.applied_height.set(signed(applied));
        self.lock_view.set(signed(lock.get()));
        self.syncing.set(i64::from(syncing));
    }

    pub(crate) fn on_timeout(&self, leader: MemberIx) {
        self.timeouts.get_or_create(&label(leader)).inc();
    }

    pub(crate) fn on_timeouts_in_a_row(&self, count: u64) {
        self.timeouts_in_a_row.set(signed(count));
    }

    pub(crate) fn on_final(&self, since: Option<Duration>) {
        self.blocks_committed.inc();
        if let Some(since) = since {
            self.finality.observe(since.as_secs_f64());
        }
    }

    pub(crate) fn on_built(&self, took: Duration) {
        self.build.observe(took.as_secs_f64());
    }

    pub(crate) fn on_validated(&self, took: Duration) {
        self.validate.observe(took.as_secs_f64());
    }

    pub(crate) fn on_applied(&self, took: Duration) {
        self.commit.observe(took.as_secs_f64());
    }

    pub(crate) fn on_fsync(&self, took: Duration, records: usize) {
        self.fsync.observe(took.as_secs_f64());
        self.fsync_records.observe(records as f64);
    }

    pub(crate) fn on_verified(&self, took: Duration, messages: usize) {
        self.verify.observe(took.as_secs_f64());
        self.verify_batch.observe(messages as f64);
    }

    pub(crate) fn on_not_useful(&self) {
        self.not_useful.inc();
    }

    pub(crate) fn on_duplicate(&self) {
        self.duplicates.inc();
    }

    pub(crate) fn on_malformed(&self, from: MemberIx) {
        self.malformed.get_or_create(&label(from)).inc();
    }

    pub(crate) fn on_invalid(&self, from: MemberIx) {
        self.invalid_signatures.get_or_create(&label(from)).inc();
    }

    pub(crate) fn on_fault(&self, member: MemberIx, fault: PeerFault) {
        let fault = match fault {
            PeerFault::Unsolicited => "unsolicited",
            PeerFault::BadRange => "bad_range",
            PeerFault::BadProposal => "bad_proposal",
            PeerFault::InvalidBlock => "invalid_block",
            PeerFault::TooManyRequests => "too_many_requests",
        };
        self.faults.get_or_create(&FaultLabel { member: member.get(), fault }).inc();
    }

    pub(crate) fn on_evidence(&self) {
        self.evidence.inc();
    }

    pub(crate) fn on_range_served(&self) {
        self.ranges_served.inc();
    }

    pub(crate) fn on_range_refused(&self) {
        self.ranges_refused.inc();
    }
}

const fn label(member: MemberIx) -> MemberLabel {
    MemberLabel { member: member.get() }
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

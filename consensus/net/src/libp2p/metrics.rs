//! Metrics of the transport.

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};
use tokio::sync::watch;

use crate::{libp2p::Refusal, transport::Class};

/// The class of traffic as a label.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ClassLabel {
    class: &'static str,
}

/// The reason of a refused handshake as a label.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabel {
    reason: &'static str,
}

/// Metrics of the transport. Clones share their values.
#[derive(Clone, Debug, Default)]
pub struct TransportMetrics {
    peers_connected: Gauge,
    handshakes: Counter,
    refusals: Family<ReasonLabel, Counter>,
    gate_closed: Counter,
    queue_drops: Family<ClassLabel, Counter>,
    oversized_frames: Family<ClassLabel, Counter>,
    bytes_sent: Family<ClassLabel, Counter>,
    bytes_received: Family<ClassLabel, Counter>,
    dial_failures: Counter,
    incidents: watch::Sender<u64>,
}

impl TransportMetrics {
    /// Adds the metrics to `registry`.
    pub fn register(&self, registry: &mut Registry) {
        let net = registry.sub_registry_with_prefix("net");
        net.register("peers_connected", "Members with an open link", self.peers_connected.clone());
        net.register("handshakes", "Completed stream handshakes", self.handshakes.clone());
        net.register("refusals", "Refused stream handshakes", self.refusals.clone());
        let help = "Connections closed because the peer did not prove a committee key";
        net.register("gate_closed", help, self.gate_closed.clone());
        net.register("queue_drops", "Frames dropped by full queues", self.queue_drops.clone());
        let help = "Streams closed for a frame above the bound";
        net.register("oversized_frames", help, self.oversized_frames.clone());
        net.register("sent_bytes", "Bytes of frames sent", self.bytes_sent.clone());
        net.register("received_bytes", "Bytes of frames received", self.bytes_received.clone());
        net.register("dial_failures", "Failed dials", self.dial_failures.clone());
    }

    /// Changes with every refusal, closed gate and oversized frame, for those who wait for one.
    pub fn incidents(&self) -> watch::Receiver<u64> {
        self.incidents.subscribe()
    }

    /// Handshakes refused by this node for `reason`.
    pub fn refusals(&self, reason: Refusal) -> u64 {
        self.refusals.get_or_create(&ReasonLabel { reason: reason.name() }).get()
    }

    /// Connections closed by the gate.
    pub fn gate_closed(&self) -> u64 {
        self.gate_closed.get()
    }

    /// Streams closed for an oversized frame of `class`.
    pub fn oversized_frames(&self, class: Class) -> u64 {
        self.oversized_frames.get_or_create(&label(class)).get()
    }

    /// Frames of `class` dropped by full send queues.
    pub fn queue_drops(&self, class: Class) -> u64 {
        self.queue_drops.get_or_create(&label(class)).get()
    }

    pub(crate) fn on_connected(&self, peers: usize) {
        self.peers_connected.set(i64::try_from(peers).unwrap_or(i64::MAX));
    }

    pub(crate) fn on_handshake(&self) {
        self.handshakes.inc();
    }

    pub(crate) fn on_refusal(&self, reason: Refusal) {
        self.refusals.get_or_create(&ReasonLabel { reason: reason.name() }).inc();
        self.notify();
    }

    pub(crate) fn on_gate_closed(&self) {
        self.gate_closed.inc();
        self.notify();
    }

    pub(crate) fn on_queue_drops(&self, class: Class, frames: usize) {
        if frames > 0 {
            self.queue_drops.get_or_create(&label(class)).inc_by(frames as u64);
        }
    }

    pub(crate) fn on_oversized_frame(&self, class: Class) {
        self.oversized_frames.get_or_create(&label(class)).inc();
        self.notify();
    }

    pub(crate) fn on_sent(&self, class: Class, bytes: usize) {
        self.bytes_sent.get_or_create(&label(class)).inc_by(bytes as u64);
    }

    pub(crate) fn on_received(&self, class: Class, bytes: usize) {
        self.bytes_received.get_or_create(&label(class)).inc_by(bytes as u64);
    }

    fn notify(&self) {
        self.incidents.send_modify(|count| *count += 1);
    }

    pub(crate) fn on_dial_failure(&self) {
        self.dial_failures.inc();
    }
}

const fn label(class: Class) -> ClassLabel {
    ClassLabel { class: class.name() }
}

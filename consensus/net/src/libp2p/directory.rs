//! What the tasks of the transport share: who is where, and who is connected.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    sync::{Mutex, PoisonError},
};

use asset_consensus::MemberIx;
use libp2p::PeerId;
use tokio::sync::{mpsc, oneshot, watch};

use crate::{
    libp2p::{Libp2pConfig, TransportMetrics, handshake::Handshaker, swarm::Command},
    transport::Class,
};

/// Where a member was last seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Presence {
    /// Its peer id, while it is believed to be connected.
    pub(crate) peer: Option<PeerId>,
    /// The boot of its process.
    pub(crate) boot: u64,
}

/// Resolves when a newer substream of the same member and class took over.
pub(crate) type Superseded = oneshot::Receiver<Infallible>;

/// Shared state of the transport's tasks.
#[derive(Debug)]
pub(crate) struct Directory {
    pub(crate) config: Libp2pConfig,
    pub(crate) handshaker: Handshaker,
    pub(crate) commands: mpsc::Sender<Command>,
    pub(crate) metrics: TransportMetrics,
    presence: Vec<watch::Sender<Presence>>,
    connected: watch::Sender<Vec<MemberIx>>,
    readers: Mutex<BTreeMap<(MemberIx, Class), oneshot::Sender<Infallible>>>,
}

impl Directory {
    pub(crate) fn new(
        config: Libp2pConfig,
        handshaker: Handshaker,
        commands: mpsc::Sender<Command>,
        metrics: TransportMetrics,
    ) -> Self {
        let members = handshaker.access().keys.len();
        Self {
            config,
            handshaker,
            commands,
            metrics,
            presence: (0..members).map(|_| watch::Sender::new(Presence::default())).collect(),
            connected: watch::Sender::new(Vec::new()),
            readers: Mutex::default(),
        }
    }

    /// The presence of a member of the committee.
    pub(crate) fn presence(&self, member: MemberIx) -> &watch::Sender<Presence> {
        &self.presence[usize::from(member.get())]
    }

    /// Records that `member` proved itself behind `peer`, and says whether it is a new process behind the same peer id.
    /// Then the connections of the process before may be dead without anybody having noticed.
    pub(crate) fn on_proved(&self, member: MemberIx, peer: PeerId, boot: u64) -> bool {
        let mut restarted = false;
        let seen = Presence { peer: Some(peer), boot };
        self.presence(member).send_if_modified(|presence| {
            let changed = *presence != seen;
            restarted = presence.peer == Some(peer) && presence.boot != boot;
            *presence = seen;
            changed
        });
        restarted
    }

    /// Records that `member` cannot be reached behind `peer` any more.
    pub(crate) fn on_lost(&self, member: MemberIx, peer: PeerId) {
        self.presence(member).send_if_modified(|presence| {
            let changed = presence.peer == Some(peer);
            if changed {
                presence.peer = None;
            }
            changed
        });
    }

    /// Makes the caller the only reader of a member's class.
    pub(crate) fn claim_reader(&self, member: MemberIx, class: Class) -> Superseded {
        let (sender, superseded) = oneshot::channel();
        let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        readers.insert((member, class), sender);
        superseded
    }

    /// The members with an open link.
    pub(crate) fn connected(&self) -> watch::Receiver<Vec<MemberIx>> {
        self.connected.subscribe()
    }

    /// Records that the link to `member` opened.
    pub(crate) fn on_link_open(&self, member: MemberIx) {
        self.connected.send_if_modified(|connected| {
            let position = connected.binary_search(&member);
            if let Err(index) = position {
                connected.insert(index, member);
            }
            self.metrics.on_connected(connected.len());
            position.is_err()
        });
    }

    /// Records that the link to `member` closed.
    pub(crate) fn on_link_closed(&self, member: MemberIx) {
        self.connected.send_if_modified(|connected| {
            let position = connected.binary_search(&member);
            if let Ok(index) = position {
                connected.remove(index);
            }
            self.metrics.on_connected(connected.len());
            position.is_ok()
        });
    }
}

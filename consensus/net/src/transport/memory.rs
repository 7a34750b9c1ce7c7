//! A transport inside one process, for tests of the driver.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use asset_consensus::MemberIx;
use tokio::sync::watch;

use crate::transport::{
    Class, Inbound, Inbox, QueueFull, Rank, Transport,
    interface::{InboxSender, inbox},
};

/// A committee's worth of connected [`MemoryTransport`]s, with cuts for tests.
///
/// A frame that meets a full inbox, a cut member or a dead receiver is lost, which the protocol must tolerate.
#[derive(Clone, Debug)]
pub struct MemoryNetwork {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    nodes: Mutex<Vec<Node>>,
    connected: watch::Sender<Vec<MemberIx>>,
    inbox_frames_max: usize,
    lost: AtomicU64,
}

#[derive(Debug)]
struct Node {
    inbox: Option<InboxSender>,
    cut: bool,
}

impl MemoryNetwork {
    /// A network of `size` members that have not joined yet.
    pub fn new(size: u16, inbox_frames_max: usize) -> Self {
        let nodes = (0..size).map(|_| Node { inbox: None, cut: false }).collect();
        let connected = watch::Sender::new(Vec::new());
        let lost = AtomicU64::new(0);
        let shared = Shared { nodes: Mutex::new(nodes), connected, inbox_frames_max, lost };
        Self { shared: Arc::new(shared) }
    }

    /// Joins as `member`, in place of an earlier transport of the same member.
    ///
    /// # Panics
    ///
    /// When the member is outside the network.
    pub fn join(&self, member: MemberIx) -> (Arc<MemoryTransport>, Inbox) {
        let (sender, receiver) = inbox(self.shared.inbox_frames_max);
        self.shared.change(member, |node| node.inbox = Some(sender));
        let transport = MemoryTransport { local: member, shared: self.shared.clone() };
        (Arc::new(transport), receiver)
    }

    /// Loses every frame from and to `member` until [`MemoryNetwork::heal`].
    ///
    /// # Panics
    ///
    /// When the member is outside the network.
    pub fn cut(&self, member: MemberIx) {
        self.shared.change(member, |node| node.cut = true);
    }

    /// Ends a [`MemoryNetwork::cut`].
    ///
    /// # Panics
    ///
    /// When the member is outside the network.
    pub fn heal(&self, member: MemberIx) {
        self.shared.change(member, |node| node.cut = false);
    }

    /// How many frames were lost so far.
    pub fn lost(&self) -> u64 {
        self.shared.lost.load(Ordering::Relaxed)
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Vec<Node>> {
        self.nodes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, member: MemberIx, change: impl FnOnce(&mut Node)) {
        let mut nodes = self.lock();
        change(&mut nodes[usize::from(member.get())]);
        let alive = |node: &Node| node.inbox.is_some() && !node.cut;
        let indices = (0..).map(MemberIx::new).zip(nodes.iter());
        let connected = indices.filter(|(_, node)| alive(node)).map(|(index, _)| index).collect();
        self.connected.send_replace(connected);
    }

    fn deliver(&self, from: MemberIx, to: usize, class: Class, bytes: &[u8]) -> bool {
        let nodes = self.lock();
        let cut = nodes.get(usize::from(from.get())).is_none_or(|node| node.cut);
        let target = nodes.get(to).filter(|node| !node.cut && !cut);
        let sent = target.and_then(|node| node.inbox.as_ref()).is_some_and(|inbox| {
            inbox.of(class).try_send(Inbound { from, bytes: bytes.to_vec() }).is_ok()
        });
        if !sent {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
        sent
    }
}

/// One member's end of a [`MemoryNetwork`].
#[derive(Debug)]
pub struct MemoryTransport {
    local: MemberIx,
    shared: Arc<Shared>,
}

impl MemoryTransport {
    fn others(&self) -> impl Iterator<Item = usize> {
        let local = usize::from(self.local.get());
        let size = self.shared.lock().len();
        (0..size).filter(move |index| *index != local)
    }
}

impl Transport for MemoryTransport {
    fn local(&self) -> MemberIx {
        self.local
    }

    fn broadcast(&self, class: Class, _rank: Rank, bytes: Arc<[u8]>) {
        for index in self.others() {
            self.shared.deliver(self.local, index, class, &bytes);
        }
    }

    fn send(&self, to: MemberIx, class: Class, _rank: Rank, bytes: Arc<[u8]>) {
        if to != self.local {
            self.shared.deliver(self.local, usize::from(to.get()), class, &bytes);
        }
    }

    fn send_app(&self, to: MemberIx, bytes: Arc<[u8]>) -> Result<(), QueueFull> {
        let sent = self.shared.deliver(self.local, usize::from(to.get()), Class::App, &bytes);
        if sent { Ok(()) } else { Err(QueueFull { to }) }
    }

    fn broadcast_app(&self, bytes: Arc<[u8]>) -> usize {
        let deliver = |index: &usize| self.shared.deliver(self.local, *index, Class::App, &bytes);
        self.others().filter(deliver).count()
    }

    fn connected(&self) -> watch::Receiver<Vec<MemberIx>> {
        self.shared.connected.subscribe()
    }
}

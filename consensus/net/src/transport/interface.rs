//! The transport trait, its traffic classes, and the receivers of inbound frames.

use std::{fmt, sync::Arc};

use asset_consensus::MemberIx;
use tokio::sync::{mpsc, watch};

/// The kind of traffic a frame belongs to. Each class has a queue and a stream of its own to each peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Votes, timeouts and certificates: small and urgent.
    Control,
    /// Proposals, blocks and answers that carry blocks: large.
    Block,
    /// Messages of the application between members, such as forwarded transactions.
    App,
}

impl Class {
    /// Every class, in the order of [`Class::index`].
    pub const ALL: [Self; 3] = [Self::Control, Self::Block, Self::App];

    /// The position of the class in [`Class::ALL`].
    pub const fn index(self) -> usize {
        match self {
            Self::Control => 0,
            Self::Block => 1,
            Self::App => 2,
        }
    }

    /// The name of the class in logs and metric labels.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Control => "control",
            Self::Block => "block",
            Self::App => "app",
        }
    }
}

/// How recent a frame is: the view it belongs to. A full queue keeps the highest ranks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rank(u64);

impl Rank {
    /// A rank equal to a view number.
    pub const fn new(view: u64) -> Self {
        Self(view)
    }

    /// The view number.
    pub const fn get(self) -> u64 {
        self.0
    }
}

/// A frame from a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inbound {
    /// The member that sent it; its key was proved when the stream was opened.
    pub from: MemberIx,
    /// The frame.
    pub bytes: Vec<u8>,
}

/// The receivers of one transport, one for each class. A receiver that is not drained stops its own class only.
#[derive(Debug)]
pub struct Inbox {
    /// Frames for the engine.
    pub consensus: ConsensusInbox,
    /// Frames of [`Class::App`].
    pub app: mpsc::Receiver<Inbound>,
}

/// The receivers that the engine drains.
#[derive(Debug)]
pub struct ConsensusInbox {
    /// Frames of [`Class::Control`].
    pub control: mpsc::Receiver<Inbound>,
    /// Frames of [`Class::Block`].
    pub block: mpsc::Receiver<Inbound>,
}

/// The sending halves that belong to an [`Inbox`].
#[derive(Clone, Debug)]
pub(crate) struct InboxSender([mpsc::Sender<Inbound>; Class::ALL.len()]);

impl InboxSender {
    /// The sender of a class.
    pub(crate) const fn of(&self, class: Class) -> &mpsc::Sender<Inbound> {
        &self.0[class.index()]
    }
}

/// An inbox whose receivers hold at most `frames_max` frames each.
pub(crate) fn inbox(frames_max: usize) -> (InboxSender, Inbox) {
    let (control_sender, control) = mpsc::channel(frames_max);
    let (block_sender, block) = mpsc::channel(frames_max);
    let (app_sender, app) = mpsc::channel(frames_max);
    let consensus = ConsensusInbox { control, block };
    (InboxSender([control_sender, block_sender, app_sender]), Inbox { consensus, app })
}

/// An application frame was refused because the queue to the member is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the application queue to member {to} is full")]
pub struct QueueFull {
    /// The member the frame was meant for.
    pub to: MemberIx,
}

/// Sends frames to the other members of the committee.
///
/// No method blocks or waits. Frames for the local member or for an index outside the committee are ignored.
pub trait Transport: Send + Sync + 'static {
    /// The index of the local member.
    fn local(&self) -> MemberIx;

    /// Queues a frame for every other member; a full queue drops its lowest ranks.
    fn broadcast(&self, class: Class, rank: Rank, bytes: Arc<[u8]>);

    /// Queues a frame for one member; a full queue drops its lowest ranks.
    fn send(&self, to: MemberIx, class: Class, rank: Rank, bytes: Arc<[u8]>);

    /// Queues an application frame for one member.
    ///
    /// # Errors
    ///
    /// [`QueueFull`] when there is no room; nothing is dropped for an application frame.
    fn send_app(&self, to: MemberIx, bytes: Arc<[u8]>) -> Result<(), QueueFull>;

    /// Queues an application frame for every other member and returns for how many there was room.
    fn broadcast_app(&self, bytes: Arc<[u8]>) -> usize;

    /// The members that frames can be sent to at this moment, in index order.
    fn connected(&self) -> watch::Receiver<Vec<MemberIx>>;
}

/// The application's share of a transport: sends application frames and nothing else.
#[derive(Clone)]
pub struct AppSender(Arc<dyn Transport>);

impl AppSender {
    /// The application's share of `transport`.
    pub fn new(transport: Arc<dyn Transport>) -> Self {
        Self(transport)
    }

    /// Queues a frame for one member. See [`Transport::send_app`].
    ///
    /// # Errors
    ///
    /// [`QueueFull`] when there is no room.
    pub fn send(&self, to: MemberIx, bytes: Arc<[u8]>) -> Result<(), QueueFull> {
        self.0.send_app(to, bytes)
    }

    /// Queues a frame for every other member. See [`Transport::broadcast_app`].
    pub fn broadcast(&self, bytes: Arc<[u8]>) -> usize {
        self.0.broadcast_app(bytes)
    }
}

impl fmt::Debug for AppSender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AppSender").field("local", &self.0.local()).finish_non_exhaustive()
    }
}

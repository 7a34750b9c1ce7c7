//! The door of the state machine: what goes in, what comes out, and how it is configured.

use crate::committee::Committee;
use crate::durable::Record;
use crate::types::{
    Block, BlockId, Cert2, ChainId, Evidence, Height, MemberIx, SealedBlock, Seq, View,
};
use crate::verify::Verified;
use crate::wire::Msg;

/// What the driver tells the core.
#[derive(Clone, Debug)]
pub enum Input {
    /// A verified message of a peer (`from` is the transport's authenticated sender, not a signer).
    Message {
        /// Who sent it.
        from: MemberIx,
        /// What was sent.
        msg: Verified<Msg>,
    },
    /// Every batch of records up to `seq` is on disk.
    Persisted {
        /// The highest durable batch.
        seq: Seq,
    },
    /// A timer set by [`Action::SetTimer`] ran out. One that was replaced since is ignored.
    Timer {
        /// Which timer.
        kind: TimerKind,
        /// The view it was set for.
        view: View,
    },
    /// Answers [`Action::BuildBlock`], at any time before the view ends. The application counts the
    /// block as executed: it is not asked to validate it.
    BlockBuilt {
        /// The view asked for.
        view: View,
        /// The block on the parent asked for.
        block: Block,
    },
    /// Answers [`Action::ValidateBlock`].
    BlockValid {
        /// The block asked about.
        id: BlockId,
        /// Whether the application accepts it. The answer is a function of the chain alone: every
        /// honest member gives the same.
        ok: bool,
    },
    /// The application holds everything up to this height durably, so that the log may forget it.
    Applied {
        /// The height.
        height: Height,
    },
}

/// What the core tells the driver to do, in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Append the records to the log as one batch, make them durable, answer with
    /// [`Input::Persisted`]. If that fails the driver stops for good.
    Persist {
        /// The batch's number, one more than the one before in this run.
        seq: Seq,
        /// The records.
        records: Vec<Record>,
    },
    /// Send to every other member, not before `after` is durable (zero: at once).
    Broadcast {
        /// The batch to wait for.
        after: Seq,
        /// The message.
        msg: Msg,
    },
    /// Send to one peer, not before `after` is durable (zero: at once).
    Send {
        /// The batch to wait for.
        after: Seq,
        /// The receiver.
        to: MemberIx,
        /// The message.
        msg: Msg,
    },
    /// Start a timer in place of the one of this kind, if any.
    SetTimer {
        /// Which timer.
        kind: TimerKind,
        /// Handed back when it runs out.
        view: View,
        /// How long from now, in milliseconds.
        after_ms: u64,
    },
    /// This member leads `view`: answer with [`Input::BlockBuilt`]. The application may delay its
    /// answer until it has something to propose, but below the view timer. A later `BuildBlock`
    /// replaces this one.
    BuildBlock {
        /// The view.
        view: View,
        /// The parent to build on, which the application has validated or committed.
        parent: BlockId,
        /// The height of the new block.
        height: Height,
        /// The bound of the new payload.
        payload_bytes_max: usize,
    },
    /// Execute a block on its parent, which the application has validated or committed, and answer
    /// with [`Input::BlockValid`].
    ValidateBlock {
        /// The block.
        block: SealedBlock,
    },
    /// The blocks are final. They continue the blocks committed before without a gap; the
    /// application stores them with the proof and may not have validated them before. It applies
    /// each height once: after a restart the core repeats what is above the given head.
    Commit {
        /// Ascending by height, at least one.
        blocks: Vec<SealedBlock>,
        /// Certifies the last block.
        proof: Box<Cert2>,
    },
    /// A peer lacks committed blocks. If the application's store has any from this height on, send
    /// them as [`Msg::Range`]: consecutive blocks, ending with the first one that has a stored
    /// certificate once `RANGE_BYTES_SOFT_MAX` is passed (or with the last one that has), at most
    /// `RANGE_BLOCKS_MAX`.
    ServeRange {
        /// Who asks.
        to: MemberIx,
        /// The first height.
        from: Height,
    },
    /// The core is in a new view (for logs and metrics).
    ViewEntered {
        /// The view.
        view: View,
        /// Its leader.
        leader: MemberIx,
        /// How it was entered.
        cause: ViewCause,
    },
    /// Proof of a member's fault, to be stored.
    Evidence(Box<Evidence>),
    /// A peer misbehaved in a way that proves nothing to others.
    Penalize {
        /// The peer.
        peer: MemberIx,
        /// What it did.
        fault: PeerFault,
    },
    /// More members are faulty than the protocol bears. The core does nothing from here on; the
    /// driver stops and reports.
    Halt(Box<Evidence>),
}

/// The timers of the core.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TimerKind {
    /// Abandons the current view.
    View,
    /// Sends again what may be lost and asks again for what is missing.
    Retry,
}

/// How a view was entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ViewCause {
    /// At start-up.
    Start,
    /// The view before has a phase-1 certificate.
    Cert1,
    /// The view before was abandoned.
    TimeoutCert,
    /// The view before has a phase-2 certificate.
    Cert2,
}

/// Misbehaviour of a peer towards this member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeerFault {
    /// Sent a block or range nobody asked for.
    Unsolicited,
    /// Sent a range that does not continue the chain.
    BadRange,
    /// Proposed a block that does not follow from its justification.
    BadProposal,
    /// Proposed a block that the application refuses.
    InvalidBlock,
    /// Asked for more than a member answers in a while.
    TooManyRequests,
}

/// Timers. Values are local to a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PacemakerConfig {
    /// The timer of a view after progress, in milliseconds. At least four times the network delay
    /// plus the time to build, validate and store a block.
    pub view_base_ms: u64,
    /// What each failed view in a row multiplies the timer by, in percent; at least 100.
    pub growth_percent: u32,
    /// The longest timer of a view, in milliseconds; at least the base.
    pub view_cap_ms: u64,
    /// The interval at which a stuck member repeats itself, in milliseconds; below the base.
    pub retry_ms: u64,
}

/// What the core is configured with. Everything but `pacemaker` and `allow_missing_log` must be the
/// same on all members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The chain, bound into every id and signature.
    pub chain: ChainId,
    /// The members.
    pub committee: Committee,
    /// The id of the genesis block, whose height is 0.
    pub genesis: BlockId,
    /// The timers.
    pub pacemaker: PacemakerConfig,
    /// Whether a member may start to vote with an empty log on a chain that has blocks. Only for a
    /// key that never voted: otherwise it may sign against its own earlier votes.
    pub allow_missing_log: bool,
}

/// The last block that the application holds durably.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Its height; 0 for genesis.
    pub height: Height,
    /// Its id.
    pub id: BlockId,
    /// The stored certificate of it, if it has one of its own.
    pub proof: Option<Cert2>,
}

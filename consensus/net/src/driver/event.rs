//! What happens outside the driver's task and comes back to it.

use asset_consensus::{Block, BlockId, Head, MemberIx, Msg, Seq, Verified, VerifyError, View};

use crate::{driver::ingress::DedupeKey, engine::EngineError, transport::Class};

/// How many events may wait for the driver's task. Their senders wait beyond it.
pub(crate) const EVENTS_MAX: usize = 256;

/// An answer to something that the driver started.
#[derive(Debug)]
pub(crate) enum Event {
    /// Every batch of records up to this one is on disk.
    Persisted(Seq),
    /// The application built a block, or gave the turn away.
    Built { view: View, built: Option<(Block, BlockId)> },
    /// The application judged a block.
    Validated { id: BlockId, ok: bool },
    /// The application committed a block.
    Applied(Head),
    /// A batch of messages was verified.
    Verified { class: Class, messages: Vec<Checked> },
    /// The engine cannot go on.
    Failed(EngineError),
}

/// A message after verification.
#[derive(Debug)]
pub(crate) struct Checked {
    pub(crate) from: MemberIx,
    pub(crate) key: Option<DedupeKey>,
    pub(crate) result: Result<Verified<Msg>, VerifyError>,
}

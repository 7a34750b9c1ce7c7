//! What a consensus engine asks of the state machine it replicates. Nothing here names an engine.

use std::{error::Error, future::Future, sync::Arc};

use asset_consensus::{Block, BlockId, Cert2, Evidence, Head, Height, SealedBlock, View};

/// A leader's turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BuildRequest {
    /// The view that the block is for.
    pub view: View,
    /// The block to build on. The application validated, built or committed it before, in this run or an earlier one.
    pub parent: BlockId,
    /// The height of the new block.
    pub height: Height,
    /// The bound of the payload, in bytes.
    pub payload_bytes_max: usize,
}

/// A block as the application makes it; the engine knows the rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockProposal {
    /// The application's bytes.
    pub payload: Vec<u8>,
    /// The digest that the block's phase-2 voters attest.
    pub settlement: Option<[u8; 32]>,
}

/// A stored block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommittedBlock {
    /// The block.
    pub block: Block,
    /// The certificate of this very block. Without one it is covered by that of a later block.
    pub proof: Option<Cert2>,
}

/// The application cannot go on: its storage failed, or it is shutting down. The engine stops and reports it.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct ApplicationError(Box<dyn Error + Send + Sync>);

impl ApplicationError {
    /// Wraps the cause.
    pub fn new(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(cause.into())
    }
}

/// The replicated state machine behind a consensus engine.
///
/// The engine calls `build`, `validate`, `commit` and `committed_block` concurrently with each other. Their futures are
/// dropped when their result is no longer wanted, `build` often, so each must be safe to drop at every await. They
/// should await rather than compute for long; heavy work belongs on a blocking pool.
pub trait Application: Send + Sync + 'static {
    /// The last block whose `commit` is durable. Genesis has height 0.
    fn head(&self) -> impl Future<Output = Result<Head, ApplicationError>> + Send;

    /// Makes the next block of this member's turn. It may wait for something to propose, but less than the view timer.
    /// `None` gives the turn away, which costs the committee a timeout.
    ///
    /// A block that was built is not validated here again: it counts as executed, under the id that
    /// [`Block::id`](asset_consensus::Block::id) gives for the request's parent and height and the proposal. The future is
    /// dropped when the view is left.
    fn build(
        &self,
        request: BuildRequest,
    ) -> impl Future<Output = Result<Option<BlockProposal>, ApplicationError>> + Send;

    /// Executes a block on its parent, and says whether it is valid. The answer is a function of the chain alone.
    ///
    /// The parent was built, validated or committed before. Siblings may be validated at the same time. After a restart,
    /// blocks that are not committed come again, the ones that were built here among them.
    fn validate(
        &self,
        block: SealedBlock,
    ) -> impl Future<Output = Result<bool, ApplicationError>> + Send;

    /// Stores a final block and its effects durably.
    ///
    /// Blocks come in height order, one at a time, each one validated (or built here) in this run before. After a crash
    /// the engine repeats what is above [`head`](Self::head). `proof` certifies this block or a descendant of it; it
    /// belongs to this block where `proof.block` is the block's id, and is then to be stored with it.
    fn commit(
        &self,
        block: SealedBlock,
        proof: Arc<Cert2>,
    ) -> impl Future<Output = Result<(), ApplicationError>> + Send;

    /// Takes a proof of a member's fault, for those who punish it. The engine has logged it.
    fn evidence(&self, evidence: Box<Evidence>) -> impl Future<Output = ()> + Send {
        drop(evidence);
        std::future::ready(())
    }

    /// A stored block, to help a member that was away. `None` where there is none of this height, or not any more.
    fn committed_block(
        &self,
        height: Height,
    ) -> impl Future<Output = Result<Option<CommittedBlock>, ApplicationError>> + Send;
}

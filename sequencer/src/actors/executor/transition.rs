//! From one version to the next: the same for a leader, a replica, a member that catches up, and a benchmark.

use curvevm::{
    block::{BlockBody, BlockError, chain},
    cell::Chain,
    codec::{CodecError, Tip},
    error::StateError,
    tree::Tree,
    types::Hash,
};

use super::Version;
use crate::chain::{ChainSpec, ExecutedBlock, OpenBatch, SealedBatch, execute};

/// What executing a block on its parent gives.
#[derive(Debug)]
pub(crate) struct Transition {
    pub(crate) tree: Tree,
    pub(crate) chain: Chain,
    pub(crate) executed: ExecutedBlock,
    /// The batch that the next block is in.
    pub(crate) open: OpenBatch,
    /// The number of the batch that the block is in.
    pub(crate) batch: u64,
    pub(crate) sealed: Option<SealedBatch>,
}

/// A block does not lead to a state.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TransitionError {
    #[error("{0}")]
    Block(BlockError),
    #[error("the batch cannot be encoded: {0}")]
    Codec(CodecError),
    #[error("{0}")]
    State(StateError),
}

impl From<StateError> for TransitionError {
    fn from(error: StateError) -> Self {
        Self::State(error)
    }
}

/// Executes a block whose transactions were admitted under `ids` and whose signatures verify.
pub(crate) fn transition(
    spec: &ChainSpec,
    parent: &Version,
    body: BlockBody,
    ids: Vec<Hash>,
) -> Result<Transition, TransitionError> {
    let mut tree = parent.tree.clone();
    let executed = execute(&mut tree, spec, body, ids).map_err(|error| match error {
        BlockError::State(error) => TransitionError::State(error),
        error => TransitionError::Block(error),
    })?;
    let chain = chain(&tree)?;
    let open = parent.open.with(executed.block.clone());
    let batch = open.number;
    if !open.is_closed(spec) {
        return Ok(Transition { tree, chain, executed, open, batch, sealed: None });
    }
    let sealed = open.seal(spec, &chain, executed.post_root).map_err(TransitionError::Codec)?;
    let open = OpenBatch::new(batch.saturating_add(1), Tip::new(&chain, executed.post_root));
    Ok(Transition { tree, chain, executed, open, batch, sealed: Some(sealed) })
}

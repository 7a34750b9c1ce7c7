//! States that are not committed yet.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use asset_consensus::BlockId;
use curvevm::{block::chain, cell::Chain, codec::Tip, error::StateError, tree::Tree, types::Hash};

use super::Transition;
use crate::{
    chain::{ChainSpec, ExecutedBlock, OpenBatch, SealedBatch},
    store::Recovered,
};

/// How many blocks that this member built and nobody asked about are kept.
const BUILT_MAX: usize = 64;

/// The state after a block.
#[derive(Debug)]
pub(crate) struct Version {
    pub(crate) id: BlockId,
    pub(crate) height: u64,
    pub(crate) root: Hash,
    pub(crate) tree: Tree,
    /// The chain's cell: time, inbox cursor, counters.
    pub(crate) chain: Chain,
    /// The batch that the next block is in.
    pub(crate) open: OpenBatch,
    /// The number of the batch that the block is in.
    pub(crate) batch: u64,
    /// The block; none for a state that was loaded.
    pub(crate) executed: Option<Arc<ExecutedBlock>>,
    /// The batch that the block closes.
    pub(crate) sealed: Option<Arc<SealedBatch>>,
}

impl Version {
    /// The state after executing block `id`.
    pub(crate) fn new(id: BlockId, transition: Transition) -> Self {
        let Transition { tree, chain, executed, open, batch, sealed } = transition;
        Self {
            id,
            height: chain.height,
            root: executed.post_root,
            tree,
            chain,
            open,
            batch,
            executed: Some(Arc::new(executed)),
            sealed: sealed.map(Arc::new),
        }
    }

    /// The state before the first block.
    pub(crate) fn genesis(spec: &ChainSpec) -> Result<Self, StateError> {
        let mut tree = spec.genesis.tree()?;
        let (root, chain) = (tree.root(), chain(&tree)?);
        Ok(Self {
            id: spec.genesis_block(),
            height: 0,
            root,
            open: OpenBatch::new(1, Tip::new(&chain, root)),
            chain,
            tree,
            batch: 0,
            executed: None,
            sealed: None,
        })
    }

    /// The state that the store holds.
    pub(crate) fn recovered(recovered: &Recovered) -> Result<Self, StateError> {
        Ok(Self {
            id: recovered.head.id,
            height: recovered.head.height,
            root: recovered.head.root,
            tree: recovered.tree.clone(),
            chain: chain(&recovered.tree)?,
            open: recovered.open.clone(),
            batch: recovered.open.number,
            executed: None,
            sealed: None,
        })
    }

    /// The number of the last closed batch, zero when there is none.
    pub(crate) const fn last_batch(&self) -> u64 {
        self.open.number.saturating_sub(1)
    }
}

/// The versions above the head, and the head.
#[derive(Debug)]
pub(super) struct Versions {
    by_id: HashMap<BlockId, Arc<Version>>,
    built: VecDeque<BlockId>,
}

impl Versions {
    pub(super) fn new(head: Arc<Version>) -> Self {
        Self { by_id: HashMap::from([(head.id, head)]), built: VecDeque::new() }
    }

    pub(super) fn get(&self, id: &BlockId) -> Option<Arc<Version>> {
        self.by_id.get(id).cloned()
    }

    /// Adds a validated block.
    pub(super) fn insert(&mut self, version: Arc<Version>) {
        self.built.retain(|id| *id != version.id);
        self.by_id.insert(version.id, version);
    }

    /// Adds a block that this member built. Consensus may never come back to it, so that the oldest ones go.
    pub(super) fn insert_built(&mut self, version: Arc<Version>) {
        self.built.push_back(version.id);
        self.by_id.insert(version.id, version);
        if self.built.len() > BUILT_MAX
            && let Some(oldest) = self.built.pop_front()
        {
            self.by_id.remove(&oldest);
        }
    }

    /// Forgets what can no longer be committed.
    pub(super) fn prune(&mut self, head: &Arc<Version>) {
        self.by_id.retain(|_, version| version.height > head.height);
        self.by_id.insert(head.id, head.clone());
        let kept = &self.by_id;
        self.built.retain(|id| kept.contains_key(id));
    }
}

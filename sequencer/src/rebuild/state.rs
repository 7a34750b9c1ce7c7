//! The state after a batch, and how the next batch is applied to it.

use std::sync::Arc;

use curvevm::{
    batch::{BATCH_VERSION, BatchHeader, VM_VERSION},
    block::chain,
    codec::{Placed, decode_chunk},
    error::StateError,
    genesis::Genesis,
    tree::Tree,
    types::Hash,
};
use serde::Serialize;

use super::{
    fault::{Difference, Fault, Place},
    segments::{Trace, data_root, height},
};
use crate::chain::ChainSpec;

/// The state after a batch. Cloning is cheap: clones share what they have in common.
#[derive(Clone, Debug)]
pub struct Rebuild {
    spec: Arc<ChainSpec>,
    tree: Tree,
    head: Head,
}

/// Where the state stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Head {
    /// The last batch that was applied; zero is genesis.
    pub batch: u64,
    /// The height of its last block.
    pub height: u64,
    /// The time of that block, in milliseconds since 1970.
    pub time_ms: u64,
    /// The state root after it.
    pub root: Hash,
}

/// What was in a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Applied {
    /// Segments that were replayed.
    pub segments: u32,
    /// Transactions that were executed in them, those that came in messages among them.
    pub transactions: u64,
}

impl Rebuild {
    /// The state of genesis.
    ///
    /// # Errors
    ///
    /// None for a fresh tree; the signature is that of every write to a tree.
    pub fn new(genesis: Genesis) -> Result<Self, StateError> {
        Self::genesis(Arc::new(ChainSpec::new(genesis)))
    }

    pub(crate) fn genesis(spec: Arc<ChainSpec>) -> Result<Self, StateError> {
        let mut tree = spec.genesis.tree()?;
        let (time_ms, root) = (spec.genesis.time_ms, tree.root());
        Ok(Self { spec, tree, head: Head { batch: 0, height: 0, time_ms, root } })
    }

    /// Where the state stands.
    pub const fn head(&self) -> &Head {
        &self.head
    }

    /// The state.
    pub const fn tree(&self) -> &Tree {
        &self.tree
    }

    /// Applies the next batch: replays its data and compares all that its header claims.
    ///
    /// # Errors
    ///
    /// [`Fault`], the first difference; the state is then that of before.
    pub fn apply(&mut self, header: &BatchHeader, chunks: &[Vec<u8>]) -> Result<Applied, Fault> {
        let whole = |difference| Fault {
            batch: header.number,
            height: header.last_height,
            place: None,
            difference,
        };
        self.follows(header).map_err(whole)?;
        has_data(header, chunks).map_err(whole)?;
        let mut tree = self.tree.clone();
        let trace = self.replay(&mut tree, header, chunks)?;
        let head = leads_to(header, &mut tree).map_err(whole)?;
        (self.tree, self.head) = (tree, head);
        Ok(Applied { segments: trace.segments, transactions: trace.transactions })
    }

    pub(crate) fn spec(&self) -> &ChainSpec {
        &self.spec
    }

    /// The segment at a place of the next batch, and the state before it; none where there is no such segment, or no state before it.
    pub(crate) fn before(&self, chunks: &[Vec<u8>], place: Place) -> Option<(Tree, Placed)> {
        let mut tree = self.tree.clone();
        for (chunk, bytes) in (0..=place.chunk).zip(chunks) {
            for placed in decode_chunk(bytes).ok()? {
                if (Place { chunk, offset: placed.offset }) == place {
                    // Hashes what was written last.
                    tree.root();
                    return Some((tree, placed));
                }
                Trace::default().replay(&mut tree, &self.spec, &placed).ok()?;
            }
        }
        None
    }

    /// The state after the next batch, whatever its header says; none where its data leads to none.
    pub(crate) fn after(&self, header: &BatchHeader, chunks: &[Vec<u8>]) -> Option<Tree> {
        let mut tree = self.tree.clone();
        self.replay(&mut tree, header, chunks).ok()?;
        tree.root();
        Some(tree)
    }

    /// Rule 1.
    fn follows(&self, header: &BatchHeader) -> Result<(), Difference> {
        let next = self.head.batch.saturating_add(1);
        let first = self.head.height.saturating_add(1);
        Difference::header("version", &header.version, &BATCH_VERSION)?;
        Difference::header("vm_version", &header.vm_version, &VM_VERSION)?;
        Difference::header("chain_id", &header.chain_id, &self.spec.id)?;
        Difference::header("number", &header.number, &next)?;
        Difference::header("prev_root", &header.prev_root, &self.head.root)?;
        Difference::header("first_height", &header.first_height, &first)
    }

    /// Rule 3.
    fn replay(
        &self,
        tree: &mut Tree,
        header: &BatchHeader,
        chunks: &[Vec<u8>],
    ) -> Result<Trace, Fault> {
        let mut trace = Trace::default();
        let mut last = self.head.height;
        for (chunk, bytes) in (0..).zip(chunks) {
            let fault = |height, offset, difference| Fault {
                batch: header.number,
                height,
                place: Some(Place { chunk, offset }),
                difference,
            };
            let segments = decode_chunk(bytes)
                .map_err(|error| fault(last, 0, Difference::Chunk { reason: error.to_string() }))?;
            for placed in &segments {
                last = height(placed);
                let replayed = trace.replay(tree, &self.spec, placed);
                replayed.map_err(|difference| fault(last, placed.offset, difference))?;
            }
        }
        Ok(trace)
    }
}

/// Rule 2.
fn has_data(header: &BatchHeader, chunks: &[Vec<u8>]) -> Result<(), Difference> {
    let count = u32::try_from(chunks.len()).unwrap_or(u32::MAX);
    Difference::header("chunk_count", &header.chunk_count, &count)?;
    Difference::header("data_root", &header.data_root, &data_root(chunks))
}

/// Rule 4.
fn leads_to(header: &BatchHeader, tree: &mut Tree) -> Result<Head, Difference> {
    let unreadable = |error: StateError| Difference::Segment { reason: error.to_string() };
    let chain = chain(tree).map_err(unreadable)?;
    let root = tree.root();
    Difference::header("last_height", &header.last_height, &chain.height)?;
    Difference::header("time_ms", &header.time_ms, &chain.time_ms)?;
    Difference::header("inbox_cursor", &header.inbox_cursor, &chain.inbox_cursor)?;
    Difference::header("inbox_hash", &header.inbox_hash, &chain.inbox_hash)?;
    Difference::header("withdrawals", &header.withdrawals, &chain.withdrawals)?;
    Difference::header("post_root", &header.post_root, &root)?;
    Ok(Head { batch: header.number, height: chain.height, time_ms: chain.time_ms, root })
}

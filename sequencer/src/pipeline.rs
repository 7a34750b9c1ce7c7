//! One node's work on blocks without consensus, for benchmarks: the very functions that validate and commit blocks.
//!
//! ```text
//!  block ─► decode, ids, signatures in batches on all cores ─► execute, a root per segment, batches ─► store, durably
//!           of block n + 2                                     of block n + 1                          of block n
//! ```

use std::{
    path::Path,
    sync::{
        Arc,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    time::{Duration, Instant},
};

use asset_consensus::{Block, Height, SealedBlock};
use curvevm::{
    block::{BlockBody, admit},
    genesis::Genesis,
    inbox::InboxMessage,
    tx::Transaction,
    types::Hash,
};

use crate::{
    actors::executor::{Invalid, Prepared, Version, check, commit_record, prepare, transition},
    chain::ChainSpec,
    payload::Payload,
    store::{Store, StoreError},
};

/// Blocks that wait between two stages.
const STAGE_BLOCKS_MAX: usize = 2;

/// A pipeline stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PipelineError {
    /// The genesis breaks rules.
    #[error("the genesis is invalid: {0}")]
    Genesis(String),
    /// A block is invalid.
    #[error("block {height} is invalid: {reason}")]
    Invalid {
        /// Its height.
        height: u64,
        /// Why.
        reason: String,
    },
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

impl PipelineError {
    fn invalid(height: u64, reason: &dyn std::fmt::Display) -> Self {
        Self::Invalid { height, reason: reason.to_string() }
    }
}

/// Makes blocks as a leader does, in memory.
#[derive(Debug)]
pub struct BlockMaker {
    spec: Arc<ChainSpec>,
    head: Arc<Version>,
    /// The batch that is being filled.
    open: BatchSize,
    /// The batch that the last block closed.
    closed: Option<BatchSize>,
}

/// What the transactions of a batch take in its data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BatchSize {
    /// Transactions in the batch.
    pub transactions: u64,
    /// The length of its chunks in all.
    pub bytes: u64,
}

/// Takes blocks as a replica does, with a store of its own.
#[derive(Debug)]
pub struct Pipeline {
    spec: Arc<ChainSpec>,
    store: Arc<Store>,
    head: Arc<Version>,
}

/// What a run did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PipelineReport {
    /// Blocks taken.
    pub blocks: u64,
    /// Transactions in them.
    pub transactions: u64,
    /// Transactions whose instructions failed.
    pub failed: u64,
    /// From the first block's bytes to the last one's durable commit.
    pub elapsed: Duration,
}

impl BlockMaker {
    /// A maker on the genesis state.
    ///
    /// # Errors
    ///
    /// [`PipelineError::Genesis`].
    pub fn new(genesis: Genesis) -> Result<Self, PipelineError> {
        let spec = checked(genesis)?;
        let head = genesis_version(&spec)?;
        Ok(Self { spec, head, open: BatchSize::default(), closed: None })
    }

    /// The chain id, which transactions are signed for.
    pub fn chain_id(&self) -> Hash {
        self.spec.id
    }

    /// Makes the next block. Signatures are not verified here.
    ///
    /// # Errors
    ///
    /// [`PipelineError::Invalid`] where a transaction may be in no block, or the messages do not follow.
    pub fn make(
        &mut self,
        time_ms: u64,
        messages: Vec<InboxMessage>,
        transactions: Vec<Transaction>,
    ) -> Result<Block, PipelineError> {
        let height = self.head.height + 1;
        let ids = admit(&self.spec.id, self.spec.chunk_bytes_max(), &transactions)
            .map_err(|error| PipelineError::invalid(height, &error))?;
        let body = BlockBody { height, time_ms, messages, transactions };
        let next = transition(&self.spec, &self.head, body.clone(), ids)
            .map_err(|error| PipelineError::invalid(height, &error))?;
        self.open.transactions += body.transactions.len() as u64;
        self.closed = next.sealed.as_ref().map(|sealed| {
            let bytes = sealed.chunks.iter().map(|chunk| chunk.len() as u64).sum();
            BatchSize { bytes, ..core::mem::take(&mut self.open) }
        });
        let seal = next.sealed.as_ref().map(|sealed| sealed.header.clone());
        let digest = |header: &curvevm::batch::BatchHeader| {
            header.settlement_digest(self.spec.program_id(), &self.spec.committee_hash).to_bytes()
        };
        let settlement = seal.as_ref().map(digest);
        let post_root = next.executed.post_root;
        let payload = Payload { body, post_root, seal }.encode();
        let block =
            Block { height: Height::new(height), parent: self.head.id, settlement, payload };
        let id = block.id(&self.spec.consensus_chain());
        self.head = Arc::new(Version::new(id, next));
        Ok(block)
    }

    /// The state root after the last block.
    pub fn root(&self) -> Hash {
        self.head.root
    }

    /// The batch that the last block closed, if it did.
    pub const fn closed(&self) -> Option<BatchSize> {
        self.closed
    }
}

impl Pipeline {
    /// A pipeline with its store in `data_dir`, which goes on where the store ends.
    ///
    /// # Errors
    ///
    /// [`PipelineError::Genesis`], [`PipelineError::Store`].
    pub fn open(genesis: Genesis, data_dir: &Path) -> Result<Self, PipelineError> {
        let spec = checked(genesis)?;
        let store = Store::open(&data_dir.join("store"), &spec)?;
        let recovered = store.recover(&spec)?;
        let head = Version::recovered(&recovered).map_err(StoreError::corrupt)?;
        Ok(Self { spec, store: Arc::new(store), head: Arc::new(head) })
    }

    /// Decodes, verifies, executes and stores the blocks, each stage on a thread of its own.
    ///
    /// # Errors
    ///
    /// [`PipelineError`] of the first block that does not pass.
    pub fn run(&mut self, blocks: Vec<Block>) -> Result<PipelineReport, PipelineError> {
        let started = Instant::now();
        let (to_execute, prepared) = sync_channel::<(SealedBlock, Prepared)>(STAGE_BLOCKS_MAX);
        let (to_store, executed) = sync_channel::<(SealedBlock, Arc<Version>)>(STAGE_BLOCKS_MAX);
        let (spec, store, head) = (&self.spec, &self.store, self.head.clone());
        let (head, mut report) = std::thread::scope(|scope| {
            let preparing = scope.spawn(move || prepare_all(spec, blocks, to_execute));
            let executing = scope.spawn(move || execute_all(spec, head, prepared, to_store));
            let report = store_all(store, executed);
            // A stage that fails closes its channels, so that the others end as well; its own error says the most.
            let prepared = joined(preparing.join());
            let executed = joined(executing.join());
            prepared?;
            Ok::<_, PipelineError>((executed?, report?))
        })?;
        self.head = head;
        report.elapsed = started.elapsed();
        Ok(report)
    }

    /// The height of the last block.
    pub fn height(&self) -> u64 {
        self.head.height
    }

    /// The state root after the last block.
    pub fn root(&self) -> Hash {
        self.head.root
    }
}

fn checked(genesis: Genesis) -> Result<Arc<ChainSpec>, PipelineError> {
    let spec = ChainSpec::new(genesis);
    let violations = spec.violations();
    if violations.is_empty() {
        Ok(Arc::new(spec))
    } else {
        Err(PipelineError::Genesis(violations.join("; ")))
    }
}

fn genesis_version(spec: &ChainSpec) -> Result<Arc<Version>, PipelineError> {
    Version::genesis(spec).map(Arc::new).map_err(|error| PipelineError::Genesis(error.to_string()))
}

fn prepare_all(
    spec: &ChainSpec,
    blocks: Vec<Block>,
    next: SyncSender<(SealedBlock, Prepared)>,
) -> Result<(), PipelineError> {
    let chain = spec.consensus_chain();
    for block in blocks {
        let block = SealedBlock::seal(block, &chain);
        let prepared = prepare(spec, None, &block)
            .map_err(|error: Invalid| PipelineError::invalid(block.height().get(), &error))?;
        if next.send((block, prepared)).is_err() {
            break;
        }
    }
    Ok(())
}

fn execute_all(
    spec: &ChainSpec,
    mut head: Arc<Version>,
    blocks: Receiver<(SealedBlock, Prepared)>,
    next: SyncSender<(SealedBlock, Arc<Version>)>,
) -> Result<Arc<Version>, PipelineError> {
    for (block, prepared) in blocks {
        let height = block.height().get();
        if block.parent() != head.id {
            return Err(PipelineError::invalid(height, &"its parent is not the block before"));
        }
        let transition =
            check(spec, &head, prepared).map_err(|error| PipelineError::invalid(height, &error))?;
        head = Arc::new(Version::new(block.id(), transition));
        if next.send((block, head.clone())).is_err() {
            break;
        }
    }
    Ok(head)
}

fn store_all(
    store: &Store,
    blocks: Receiver<(SealedBlock, Arc<Version>)>,
) -> Result<PipelineReport, PipelineError> {
    let mut report =
        PipelineReport { blocks: 0, transactions: 0, failed: 0, elapsed: Duration::ZERO };
    for (block, version) in blocks {
        commit_record(store, block.block(), None, &version, &[])?;
        let tally = version.executed.as_ref().map(|executed| executed.tally());
        let (transactions, failed) = tally.unwrap_or_default();
        report.blocks += 1;
        report.transactions += transactions;
        report.failed += failed;
    }
    Ok(report)
}

/// A thread's result; its panic goes on here.
fn joined<T>(result: std::thread::Result<T>) -> T {
    result.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

#[cfg(test)]
mod tests {
    use curvevm::types::{Address, Signature};

    use super::*;
    use crate::testing::{GENESIS_MS, deposits, genesis, key, transfer};

    /// Deposits, then blocks of transfers, 300 ms apart.
    fn blocks(maker: &mut BlockMaker, count: u64) -> Vec<Block> {
        let owners: Vec<Address> = (1..=8).map(|number| key(number).address()).collect();
        let mut blocks =
            vec![maker.make(GENESIS_MS + 1, deposits(0, &owners, 1_000_000), Vec::new()).unwrap()];
        for number in 1..=count {
            let chain = maker.chain_id();
            let transfers = (1..=8u8).map(|signer| {
                transfer(&chain, &key(signer), number, &key(signer % 8 + 1).address(), number)
            });
            let time_ms = GENESIS_MS + number * 300;
            blocks.push(maker.make(time_ms, Vec::new(), transfers.collect()).unwrap());
        }
        blocks
    }

    #[test]
    fn takes_a_leaders_blocks_to_the_leaders_root_and_goes_on_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let mut maker = BlockMaker::new(genesis(1)).unwrap();
        let mut blocks = blocks(&mut maker, 20);
        let rest = blocks.split_off(11);
        let mut pipeline = Pipeline::open(genesis(1), folder.path()).unwrap();
        let report = pipeline.run(blocks).unwrap();
        assert_eq!((report.blocks, report.transactions, report.failed), (11, 80, 0));
        drop(pipeline);
        let mut pipeline = Pipeline::open(genesis(1), folder.path()).unwrap();
        assert_eq!(pipeline.height(), 11);
        pipeline.run(rest).unwrap();
        assert_eq!((pipeline.height(), pipeline.root()), (21, maker.root()));
    }

    #[test]
    fn stops_at_a_forged_signature() {
        let folder = tempfile::tempdir().unwrap();
        let mut maker = BlockMaker::new(genesis(1)).unwrap();
        let mut blocks = blocks(&mut maker, 3);
        let mut payload = Payload::decode(&blocks[2].payload).unwrap();
        payload.body.transactions[5].signature = Signature::new([9; 64]);
        blocks[2].payload = payload.encode();
        let mut pipeline = Pipeline::open(genesis(1), folder.path()).unwrap();
        let error = pipeline.run(blocks).unwrap_err();
        assert!(matches!(error, PipelineError::Invalid { height: 3, .. }), "{error}");
    }
}

//! The state machine behind consensus: the executor as its [`Application`].

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use asset_consensus::{BlockId, Cert2, Head, Height, SealedBlock};
use asset_consensus_net::{
    Application, ApplicationError, BlockProposal, BuildRequest, CommittedBlock,
};
use curvevm::{
    receipt::Receipt,
    tree::Tree,
    types::{Address, Hash},
};
use parking_lot::Mutex;
use tokio::{
    sync::{Notify, broadcast, watch},
    time::{Instant, sleep},
};

use super::{
    ExecutorError, ExecutorMetrics, Invalid, TransitionError, Version,
    build::blocking,
    validate::{check, prepare},
    version::Versions,
};
use crate::{
    actors::{
        mempool::{MempoolStorage, Pool},
        watcher::L1View,
    },
    chain::{ChainSpec, ExecutedBlock},
    store::{
        Attestation, CommitRecord, Place, Recovered, Store, StoreError, StoredBatch, StoredBlock,
        StoredReceipt,
    },
};

/// How far a block's time may be ahead of a member's clock before it waits with its vote.
const CLOCK_AHEAD_MAX: Duration = Duration::from_secs(2);
/// Committed blocks that a slow subscriber may be behind.
const EVENTS_MAX: usize = 1_024;
/// How many finalized batches can be proved against: as many roots as the program keeps.
const FINALIZED_KEPT: u64 = 64;

/// Timers of the executor.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ExecutorConfig {
    /// The least time between a block and its parent.
    pub(crate) block_interval: Duration,
    /// The longest wait of an idle leader.
    pub(crate) heartbeat: Duration,
}

/// What the executor works with.
#[derive(Debug)]
pub(crate) struct ExecutorSetup {
    pub(crate) config: ExecutorConfig,
    pub(crate) spec: Arc<ChainSpec>,
    pub(crate) store: Arc<Store>,
    pub(crate) recovered: Recovered,
    pub(crate) pool: Arc<Pool>,
    pub(crate) mempool: MempoolStorage,
    pub(crate) l1: watch::Receiver<Arc<L1View>>,
    /// Asks the watcher for a look.
    pub(crate) look: Arc<Notify>,
    pub(crate) metrics: ExecutorMetrics,
}

/// A block that was committed.
#[derive(Clone, Debug)]
pub(crate) struct BlockEvent {
    /// The version after it; its block is there.
    pub(crate) version: Arc<Version>,
    /// The id of its parent.
    pub(crate) parent: BlockId,
}

/// The executor. Clones are the same one.
#[derive(Clone, Debug)]
pub(crate) struct Executor {
    pub(super) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) config: ExecutorConfig,
    pub(super) spec: Arc<ChainSpec>,
    store: Arc<Store>,
    pub(super) pool: Arc<Pool>,
    mempool: MempoolStorage,
    pub(super) l1: watch::Receiver<Arc<L1View>>,
    look: Arc<Notify>,
    pub(super) versions: Mutex<Versions>,
    head: watch::Sender<Arc<Version>>,
    /// The height that consensus committed, which the head follows.
    final_height: watch::Sender<u64>,
    /// The state after each batch that can be proved against.
    trees: Mutex<BTreeMap<u64, Tree>>,
    /// One commit at a time, also when a caller gave up on the one before.
    committing: Mutex<()>,
    events: broadcast::Sender<BlockEvent>,
    metrics: ExecutorMetrics,
}

impl Executor {
    /// The executor on what was recovered.
    pub(crate) fn new(setup: ExecutorSetup) -> Result<Self, ExecutorError> {
        let head = Version::recovered(&setup.recovered).map_err(ExecutorError::State)?;
        let head = Arc::new(head);
        let inner = Inner {
            config: setup.config,
            spec: setup.spec,
            store: setup.store,
            pool: setup.pool,
            mempool: setup.mempool,
            l1: setup.l1,
            look: setup.look,
            versions: Mutex::new(Versions::new(head.clone())),
            final_height: watch::Sender::new(head.height),
            head: watch::Sender::new(head),
            trees: Mutex::new(setup.recovered.trees),
            committing: Mutex::new(()),
            events: broadcast::Sender::new(EVENTS_MAX),
            metrics: setup.metrics,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The last committed state.
    pub(crate) fn latest(&self) -> Arc<Version> {
        self.inner.head.borrow().clone()
    }

    /// The last committed state, and its changes.
    pub(crate) fn head_changes(&self) -> watch::Receiver<Arc<Version>> {
        self.inner.head.subscribe()
    }

    /// Blocks from now on, as they are committed.
    pub(crate) fn blocks(&self) -> broadcast::Receiver<BlockEvent> {
        self.inner.events.subscribe()
    }

    /// Says how far consensus has committed.
    pub(crate) fn set_final_height(&self, height: u64) {
        self.inner.final_height.send_if_modified(|known| {
            let is_more = height > *known;
            *known = height.max(*known);
            is_more
        });
    }

    /// The state after a batch, while it is kept.
    pub(crate) fn batch_tree(&self, number: u64) -> Option<Tree> {
        self.inner.trees.lock().get(&number).cloned()
    }

    /// Lets go of states that no withdrawal is proved against any more, in memory and in the store's deltas. Blocks.
    pub(crate) fn release_batches(&self, finalized: u64) -> Result<(), StoreError> {
        let keep_from = finalized.saturating_sub(FINALIZED_KEPT);
        let last = self.latest().last_batch();
        while self.inner.store.checkpoint_batch()? < keep_from.min(last) {
            self.inner.store.advance_checkpoint()?;
        }
        let mut trees = self.inner.trees.lock();
        *trees = trees.split_off(&keep_from.min(last));
        Ok(())
    }

    /// Waits until this member has seen the block's messages and its clock is not far behind, or until the committee has
    /// committed the height.
    async fn await_evidence(&self, height: u64, prepared: &super::Prepared) {
        let inner = &self.inner;
        let (mut l1, mut final_height) = (inner.l1.clone(), inner.final_height.subscribe());
        let body = &prepared.payload.body;
        loop {
            let committed = *final_height.borrow_and_update() >= height;
            let known = l1.borrow_and_update().holds(&body.messages);
            let ahead = Duration::from_millis(body.time_ms.saturating_sub(now_ms()));
            let early = ahead.saturating_sub(CLOCK_AHEAD_MAX);
            if committed || (known && early.is_zero()) {
                return;
            }
            if !known {
                inner.look.notify_one();
            }
            tokio::select! {
                Ok(()) = l1.changed(), if !known => {}
                Ok(()) = final_height.changed() => {}
                () = sleep(early), if !early.is_zero() => {}
            }
        }
    }

    /// The version of a block, once it is here.
    async fn parent_of(&self, block: &SealedBlock) -> Arc<Version> {
        let mut head = self.inner.head.subscribe();
        loop {
            if let Some(version) = self.inner.versions.lock().get(&block.parent()) {
                return version;
            }
            // Consensus asks in order; what is missing comes with a commit, or the answer is not wanted any more.
            if head.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    async fn judge(&self, block: SealedBlock) -> Result<bool, ExecutorError> {
        if self.inner.versions.lock().get(&block.id()).is_some() {
            return Ok(true);
        }
        let parent = self.parent_of(&block).await;
        let (executor, subject) = (self.clone(), block.clone());
        let prepared = blocking(move || {
            let inner = &executor.inner;
            prepare(&inner.spec, Some(&inner.pool), &subject)
        });
        let prepared = match prepared.await? {
            Ok(prepared) => prepared,
            Err(reason) => return self.refuse(&block, &reason),
        };
        self.await_evidence(block.height().get(), &prepared).await;
        let (executor, id) = (self.clone(), block.id());
        let verdict = blocking(move || executor.inner.execute_block(id, &parent, prepared)).await?;
        match verdict {
            Ok(()) => Ok(true),
            Err(Invalid::Transition(TransitionError::State(error))) => {
                Err(ExecutorError::State(error))
            }
            Err(reason) => self.refuse(&block, &reason),
        }
    }

    fn refuse(&self, block: &SealedBlock, reason: &Invalid) -> Result<bool, ExecutorError> {
        self.inner.metrics.invalid_blocks.inc();
        tracing::warn!(height = %block.height(), block = %block.id(), %reason, "refused a block");
        Ok(false)
    }
}

impl Inner {
    /// Executes a prepared block on its parent and keeps the state after it.
    fn execute_block(
        &self,
        id: BlockId,
        parent: &Version,
        prepared: super::Prepared,
    ) -> Result<(), Invalid> {
        let started = Instant::now();
        let next = check(&self.spec, parent, prepared)?;
        self.metrics.execute_seconds.observe(started.elapsed().as_secs_f64());
        self.versions.lock().insert(Arc::new(Version::new(id, next)));
        Ok(())
    }

    /// Makes a final block and its effects durable and visible. Committing the head again changes nothing.
    fn commit(&self, block: &SealedBlock, proof: &Cert2) -> Result<(), ExecutorError> {
        let _one_at_a_time = self.committing.lock();
        let head = self.head.borrow().clone();
        if block.height().get() <= head.height {
            return Ok(());
        }
        if block.parent() != head.id {
            return Err(ExecutorError::NotNext {
                block: block.id(),
                height: block.height().get(),
                head: head.height,
            });
        }
        let version = self.executed(block, &head)?;
        let Some(executed) = version.executed.clone() else { return Ok(()) };
        let started = Instant::now();
        self.persist(block, proof, &version)?;
        self.metrics.persist_seconds.observe(started.elapsed().as_secs_f64());
        if version.sealed.is_some() {
            self.trees.lock().insert(version.batch, version.tree.clone());
        }
        self.versions.lock().prune(&version);
        self.head.send_replace(version.clone());
        let transactions = &executed.block.body.transactions;
        let signers = transactions.iter().map(|transaction| transaction.body.signer);
        let mut done: Vec<(Hash, Address)> = executed.ids.iter().copied().zip(signers).collect();
        done.extend(&executed.forced);
        let removed = self.pool.on_commit(&version.tree, &version.chain, &done);
        if let Err(error) = self.mempool.remove(&removed) {
            tracing::error!(%error, "the mempool's database cannot remove transactions");
        }
        self.count(&version);
        // Nobody may be listening.
        let _ = self.events.send(BlockEvent { version, parent: head.id });
        Ok(())
    }

    /// The version of a block on the head; executes it when that was not done in this run.
    fn executed(&self, block: &SealedBlock, head: &Version) -> Result<Arc<Version>, ExecutorError> {
        if let Some(version) = self.versions.lock().get(&block.id()) {
            return Ok(version);
        }
        let invalid = |reason: Invalid| ExecutorError::CommittedInvalid {
            block: block.id(),
            reason: reason.to_string(),
        };
        let prepared = prepare(&self.spec, Some(&self.pool), block).map_err(invalid)?;
        let next = check(&self.spec, head, prepared).map_err(invalid)?;
        Ok(Arc::new(Version::new(block.id(), next)))
    }

    fn persist(
        &self,
        block: &SealedBlock,
        proof: &Cert2,
        version: &Version,
    ) -> Result<(), StoreError> {
        let own = (proof.block == block.id()).then_some(proof);
        let attestations = own.map(attestations).unwrap_or_default();
        commit_record(&self.store, block.block(), own, version, &attestations)
    }

    fn count(&self, version: &Version) {
        let gauge = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        self.metrics.height.set(gauge(version.height));
        self.metrics.batch.set(gauge(version.last_batch()));
        let Some(executed) = &version.executed else { return };
        let (transactions, failed) = executed.tally();
        self.metrics.transactions.inc_by(transactions);
        self.metrics.failed.inc_by(failed);
        if transactions > 0 {
            self.metrics.block_transactions.observe(transactions as f64);
        }
    }
}

/// Writes a block and the version after it; what a commit and the benchmark share.
pub(crate) fn commit_record(
    store: &Store,
    block: &asset_consensus::Block,
    proof: Option<&Cert2>,
    version: &Version,
    attestations: &[Attestation],
) -> Result<(), StoreError> {
    let Some(executed) = &version.executed else { return Ok(()) };
    let stored = StoredBlock {
        id: version.id,
        block: block.clone(),
        proof: proof.cloned(),
        trace: executed.block.trace.clone(),
        batch: version.batch,
        inbox_cursor: version.chain.inbox_cursor,
        ids: executed.ids.clone(),
        message_ids: executed.message_ids(),
    };
    let receipts = stored_receipts(version, executed);
    let sealed = version
        .sealed
        .as_ref()
        .map(|sealed| StoredBatch { header: sealed.header.clone(), chunks: sealed.chunks.clone() });
    store.commit(&CommitRecord {
        block: &stored,
        height: version.height,
        root: version.root,
        receipts: &receipts,
        changes: &executed.changes,
        sealed: sealed.as_ref().map(|batch| (batch, attestations)),
    })
}

/// The receipts of a block with their places, those of the messages first.
fn stored_receipts(version: &Version, executed: &ExecutedBlock) -> Vec<StoredReceipt> {
    let (height, batch) = (version.height, version.batch);
    let stored =
        |place, receipt: &Receipt| StoredReceipt { height, place, batch, receipt: receipt.clone() };
    let (of_messages, of_transactions) = executed.receipts_apart();
    let messages = executed.block.body.messages.iter().zip(of_messages);
    let messages = messages.map(|(message, it)| stored(Place::Message(message.index), it));
    let transactions = (0..).zip(of_transactions);
    let transactions = transactions.map(|(index, it)| stored(Place::Transaction(index), it));
    messages.chain(transactions).collect()
}

/// The attestations in a certificate.
fn attestations(proof: &Cert2) -> Vec<Attestation> {
    let signatures = proof.signatures.iter();
    let attestation = |it: &asset_consensus::Cert2Signature| {
        let member = u8::try_from(it.member.get()).ok()?;
        Some(Attestation { member, signature: it.attestation? })
    };
    signatures.filter_map(attestation).collect()
}

/// The time in milliseconds since 1970.
pub(crate) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

impl Application for Executor {
    async fn head(&self) -> Result<Head, ApplicationError> {
        let read = |store: &Store| {
            let head = store.head()?;
            let proof = store.block(head.height)?.and_then(|block| block.proof);
            Ok(Head { height: Height::new(head.height), id: head.id, proof })
        };
        self.inner.store.run(read).await.map_err(ApplicationError::new)
    }

    async fn build(
        &self,
        request: BuildRequest,
    ) -> Result<Option<BlockProposal>, ApplicationError> {
        self.build_block(request).await.map_err(ApplicationError::new)
    }

    async fn validate(&self, block: SealedBlock) -> Result<bool, ApplicationError> {
        self.judge(block).await.map_err(ApplicationError::new)
    }

    async fn commit(&self, block: SealedBlock, proof: Arc<Cert2>) -> Result<(), ApplicationError> {
        let executor = self.clone();
        let result = blocking(move || executor.inner.commit(&block, &proof)).await;
        result.and_then(|committed| committed).map_err(ApplicationError::new)
    }

    async fn committed_block(
        &self,
        height: Height,
    ) -> Result<Option<CommittedBlock>, ApplicationError> {
        let stored = self.inner.store.run(move |store| store.block(height.get())).await;
        let stored = stored.map_err(ApplicationError::new)?;
        Ok(stored.map(|stored| CommittedBlock { block: stored.block, proof: stored.proof }))
    }
}

//! Building a block: when there is something to put into it, and what.

use std::{collections::BTreeSet, sync::Arc};

use asset_consensus::{Block, SealedBlock};
use asset_consensus_net::{BlockProposal, BuildRequest};
use curvevm::{
    block::{BlockBody, BlockError, MESSAGES_MAX},
    execute::open_forced,
    inbox::{InboxMessage, MessageKind},
    types::{Address, Hash},
};
use tokio::{
    sync::watch,
    time::{Duration, Instant, sleep_until},
};

use super::{
    Executor, ExecutorError, TransitionError, Version,
    actor::{Inner, now_ms},
    transition,
};
use crate::{
    actors::{mempool::SelectLimits, watcher::L1View},
    chain::{BEGIN_BYTES, CONTENT_BYTES, content_bytes, message_bytes},
    payload::Payload,
};

/// An upper bound of what a payload has around its messages and transactions, in bytes.
const PAYLOAD_OVERHEAD_BYTES: usize = 1_024;
/// How often a block is tried anew without a transaction that turned out not to be executable.
const ATTEMPTS_MAX: usize = 16;

impl Executor {
    /// Waits until there is something to do, or for the heartbeat, and makes a block.
    pub(super) async fn build_block(
        &self,
        request: BuildRequest,
    ) -> Result<Option<BlockProposal>, ExecutorError> {
        let inner = &self.inner;
        let Some(parent) = inner.versions.lock().get(&request.parent) else {
            tracing::warn!(parent = %request.parent, "asked to build on a block that is not here");
            return Ok(None);
        };
        let mut wake = Wake {
            pool: inner.pool.changes(),
            l1: inner.l1.clone(),
            heartbeat: Instant::now() + inner.config.heartbeat,
        };
        sleep_until(self.earliest(&parent)).await;
        loop {
            wake.mark();
            let (executor, from) = (self.clone(), parent.clone());
            let made = blocking(move || executor.inner.make(&from, &request)).await??;
            let idle = made.is_idle() && now_ms() < due_ms(inner, &parent);
            if !idle || Instant::now() >= wake.heartbeat {
                let (executor, from) = (self.clone(), parent.clone());
                return blocking(move || executor.inner.propose(&from, made, &request))
                    .await?
                    .map(Some);
            }
            wake.wait(due_ms(inner, &parent)).await;
        }
    }

    /// When the block may be made, as far as the interval between blocks goes.
    fn earliest(&self, parent: &Version) -> Instant {
        let interval = self.inner.config.block_interval;
        let passed = Duration::from_millis(now_ms().saturating_sub(parent.chain.time_ms));
        Instant::now() + interval.saturating_sub(passed)
    }
}

/// What may end a leader's wait.
struct Wake {
    pool: watch::Receiver<u64>,
    l1: watch::Receiver<Arc<L1View>>,
    heartbeat: Instant,
}

impl Wake {
    /// What changed until now is known.
    fn mark(&mut self) {
        self.pool.mark_unchanged();
        self.l1.mark_unchanged();
    }

    async fn wait(&mut self, due_ms: u64) {
        let left = Duration::from_millis(due_ms.saturating_sub(now_ms()));
        let until = self.heartbeat.min(Instant::now() + left.min(Duration::from_secs(3_600)));
        tokio::select! {
            () = sleep_until(until) => {}
            Ok(()) = self.pool.changed() => {}
            Ok(()) = self.l1.changed() => {}
        }
    }
}

/// When the open batch is to be closed for its age; never for one without content.
fn due_ms(inner: &Inner, parent: &Version) -> u64 {
    parent.open.due_ms(&inner.spec).unwrap_or(u64::MAX)
}

/// What a block would hold.
struct Made {
    body: BlockBody,
    ids: Vec<Hash>,
}

impl Made {
    const fn is_idle(&self) -> bool {
        self.body.messages.is_empty() && self.body.transactions.is_empty()
    }
}

impl Inner {
    /// Takes messages and transactions that fit a block on `parent`.
    fn make(&self, parent: &Version, request: &BuildRequest) -> Result<Made, ExecutorError> {
        let room = request.payload_bytes_max.saturating_sub(PAYLOAD_OVERHEAD_BYTES);
        let room = room.min(self.spec.block_bytes_max());
        let messages = self.l1.borrow().messages_from(parent.chain.inbox_cursor, MESSAGES_MAX);
        let messages = fitting(messages, room.saturating_sub(BEGIN_BYTES + CONTENT_BYTES));
        let time_ms = now_ms().max(parent.chain.time_ms.saturating_add(1));
        let mut body =
            BlockBody { height: request.height.get(), time_ms, messages, transactions: Vec::new() };
        let limits = SelectLimits {
            transactions_max: self.spec.genesis.params.block_transactions_max as usize,
            bytes_max: room.saturating_sub(content_bytes(&body) + CONTENT_BYTES),
        };
        let mut chosen = self.pool.select(&parent.tree, (body.height, body.time_ms), limits);
        // Messages come first, and use their nonces.
        let forced = forced_nonces(&body.messages, &self.spec.id);
        chosen.retain(|entry| {
            let body = &entry.transaction.body;
            !forced.contains(&(body.signer, body.nonce))
        });
        body.transactions = chosen.iter().map(|entry| entry.transaction.clone()).collect();
        Ok(Made { body, ids: chosen.iter().map(|entry| entry.id).collect() })
    }

    /// Executes the block and keeps the state after it.
    fn propose(
        &self,
        parent: &Arc<Version>,
        mut made: Made,
        request: &BuildRequest,
    ) -> Result<BlockProposal, ExecutorError> {
        // The wait may have taken a while.
        made.body.time_ms = made.body.time_ms.max(now_ms());
        let next = self.execute_made(parent, made)?;
        let seal = next.sealed.as_ref().map(|sealed| sealed.header.clone());
        let settlement = seal.as_ref().map(|header| {
            let digest =
                header.settlement_digest(self.spec.program_id(), &self.spec.committee_hash);
            digest.to_bytes()
        });
        let body = next.executed.block.body.clone();
        let payload = Payload { body, post_root: next.executed.post_root, seal }.encode();
        let proposal = BlockProposal { payload, settlement };
        let block = Block {
            height: request.height,
            parent: request.parent,
            settlement,
            payload: proposal.payload.clone(),
        };
        let id = SealedBlock::seal(block, &self.spec.consensus_chain()).id();
        self.versions.lock().insert_built(Arc::new(Version::new(id, next)));
        Ok(proposal)
    }

    /// Executes what was chosen. A transaction that cannot be executed after all is left out.
    fn execute_made(
        &self,
        parent: &Version,
        made: Made,
    ) -> Result<super::Transition, ExecutorError> {
        let Made { mut body, mut ids } = made;
        for _ in 0..ATTEMPTS_MAX {
            let index = match transition(&self.spec, parent, body.clone(), ids.clone()) {
                Ok(next) => return Ok(next),
                Err(TransitionError::Block(BlockError::Transaction { index, error })) => {
                    tracing::warn!(id = ?ids.get(index), %error, "left a transaction out of a block");
                    index
                }
                Err(TransitionError::State(error)) => return Err(ExecutorError::State(error)),
                Err(error @ (TransitionError::Block(_) | TransitionError::Codec(_))) => {
                    tracing::error!(%error, "a block cannot be built, trying without transactions");
                    0
                }
            };
            // Whatever follows may depend on it.
            body.transactions.truncate(index);
            ids.truncate(index);
        }
        body.transactions.clear();
        transition(&self.spec, parent, body, Vec::new()).map_err(|error| match error {
            TransitionError::State(error) => ExecutorError::State(error),
            error => ExecutorError::Unbuildable { reason: error.to_string() },
        })
    }
}

/// The first of the messages, as many as fit a block.
fn fitting(mut messages: Vec<InboxMessage>, bytes_max: usize) -> Vec<InboxMessage> {
    let mut bytes = 0usize;
    let fits = |message: &&InboxMessage| {
        bytes = bytes.saturating_add(message_bytes(message));
        bytes <= bytes_max
    };
    let count = messages.iter().take_while(fits).count();
    messages.truncate(count);
    messages
}

/// The nonces of the transactions that messages carry.
fn forced_nonces(messages: &[InboxMessage], chain: &Hash) -> BTreeSet<(Address, u64)> {
    let nonce = |message: &InboxMessage| match &message.kind {
        MessageKind::Transaction { bytes } => {
            let (transaction, _) = open_forced(bytes, chain).ok()?;
            Some((transaction.body.signer, transaction.body.nonce))
        }
        MessageKind::Deposit { .. } | MessageKind::DepositBase { .. } => None,
    };
    messages.iter().filter_map(nonce).collect()
}

/// Runs `work` on the blocking pool.
pub(super) async fn blocking<R: Send + 'static>(
    work: impl FnOnce() -> R + Send + 'static,
) -> Result<R, ExecutorError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| ExecutorError::Panicked)
}

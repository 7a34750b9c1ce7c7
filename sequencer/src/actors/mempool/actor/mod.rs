//! The mempool's loop: takes what waits in the queue as one group, and forwards.

use std::{
    collections::HashSet,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use asset_consensus_net::transport::AppSender;
use curvevm::{
    error::Error,
    execute::{Context, Refusal, check},
    host::{BatchItem, verify_batch},
    tx::Transaction,
    types::{Address, Hash},
};
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::{Instant, MissedTickBehavior, interval},
};

use super::{
    MempoolMetrics, MempoolStorage, Pool, SubmitError, pool::Entry, storage::StoredTransaction,
};
use crate::{
    actors::{
        executor::{Version, now_ms},
        stopped,
    },
    chain::ChainSpec,
    gossip::{AppMessage, TRANSACTIONS_BYTES_MAX, TRANSACTIONS_MAX},
    store::{Store, StoredReceipt},
};

/// Commands that may wait.
const QUEUE_MAX: usize = 4_096;
/// The most transactions that are stored with one flush.
const GROUP_MAX: usize = 1_024;
/// How often waiting transactions are sent to the other members again.
const REPEAT: Duration = Duration::from_secs(1);
/// The most bytes that are sent again at one time.
const REPEAT_BYTES_MAX: usize = 2 * TRANSACTIONS_BYTES_MAX;

/// Sends frames to every other member.
pub(crate) trait Forwarder: Send + Sync + fmt::Debug {
    /// Queues a frame for every other member, as far as there is room.
    fn broadcast(&self, frame: Arc<[u8]>);
}

impl Forwarder for AppSender {
    fn broadcast(&self, frame: Arc<[u8]>) {
        Self::broadcast(self, frame);
    }
}

#[derive(Debug)]
enum Command {
    Submit { bytes: Vec<u8>, reply: oneshot::Sender<Result<Hash, SubmitError>> },
    FromMember(Vec<Vec<u8>>),
}

/// The way to the mempool.
#[derive(Clone, Debug)]
pub(crate) struct MempoolHandle {
    commands: mpsc::Sender<Command>,
}

impl MempoolHandle {
    /// Takes a transaction of a client. It is on disk when this returns its id.
    ///
    /// # Errors
    ///
    /// [`SubmitError`].
    pub(crate) async fn submit(&self, bytes: Vec<u8>) -> Result<Hash, SubmitError> {
        let (reply, answer) = oneshot::channel();
        let command = Command::Submit { bytes, reply };
        self.commands.send(command).await.map_err(|_| SubmitError::ShuttingDown)?;
        answer.await.unwrap_or(Err(SubmitError::ShuttingDown))
    }

    /// Takes transactions that another member forwarded.
    pub(crate) async fn take_forwarded(&self, transactions: Vec<Vec<u8>>) {
        // Without a receiver the node is stopping.
        let _ = self.commands.send(Command::FromMember(transactions)).await;
    }
}

/// What the mempool works with.
#[derive(Debug)]
pub(crate) struct MempoolSetup {
    pub(crate) spec: Arc<ChainSpec>,
    pub(crate) pool: Arc<Pool>,
    pub(crate) storage: MempoolStorage,
    pub(crate) store: Arc<Store>,
    pub(crate) head: watch::Receiver<Arc<Version>>,
    pub(crate) forwarder: Arc<dyn Forwarder>,
    pub(crate) metrics: MempoolMetrics,
}

/// The mempool's actor.
#[derive(Debug)]
pub(crate) struct Mempool {
    door: Arc<Door>,
    commands: mpsc::Receiver<Command>,
    forwarder: Arc<dyn Forwarder>,
}

/// Who checks and stores transactions; its methods block.
#[derive(Debug)]
struct Door {
    spec: Arc<ChainSpec>,
    pool: Arc<Pool>,
    storage: MempoolStorage,
    store: Arc<Store>,
    head: watch::Receiver<Arc<Version>>,
    metrics: MempoolMetrics,
    arrivals: AtomicU64,
}

/// A transaction at the door, and who waits for the answer.
#[derive(Debug)]
struct Item {
    bytes: Vec<u8>,
    reply: Option<oneshot::Sender<Result<Hash, SubmitError>>>,
}

#[derive(Debug)]
struct Candidate {
    id: Hash,
    transaction: Transaction,
    item: Item,
}

impl Mempool {
    /// Loads what was stored, without what the state has left behind.
    pub(crate) fn open(setup: MempoolSetup) -> Result<(Self, MempoolHandle), sled::Error> {
        let (sender, commands) = mpsc::channel(QUEUE_MAX);
        let MempoolSetup { spec, pool, storage, store, head, forwarder, metrics } = setup;
        let arrivals = AtomicU64::new(0);
        let door = Door { spec, pool, storage, store, head, metrics, arrivals };
        door.reload()?;
        let actor = Self { door: Arc::new(door), commands, forwarder };
        Ok((actor, MempoolHandle { commands: sender }))
    }

    /// Runs until `stop` turns true or every handle is gone.
    pub(crate) async fn run(mut self, mut stop: watch::Receiver<bool>) {
        let mut repeat = interval(REPEAT);
        repeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut seen = self.door.arrivals.load(Ordering::Relaxed);
        loop {
            tokio::select! {
                biased;
                () = stopped(&mut stop) => return,
                _ = repeat.tick() => {
                    self.repeat(seen);
                    seen = self.door.arrivals.load(Ordering::Relaxed);
                }
                command = self.commands.recv() => {
                    let Some(command) = command else { return };
                    self.take(command).await;
                }
            }
        }
    }

    async fn take(&mut self, first: Command) {
        let mut group = Vec::new();
        push(&mut group, first);
        while group.len() < GROUP_MAX {
            let Ok(command) = self.commands.try_recv() else { break };
            push(&mut group, command);
        }
        let door = self.door.clone();
        let taken = tokio::task::spawn_blocking(move || door.admit(group)).await;
        match taken {
            Ok(taken) => self.forward(taken.iter().map(Vec::as_slice)),
            Err(error) => tracing::error!(%error, "the mempool dropped a group"),
        }
    }

    fn repeat(&self, before: u64) {
        let waiting = self.door.pool.local_before(before, REPEAT_BYTES_MAX);
        self.forward(waiting.iter().map(|entry| entry.bytes.as_slice()));
    }

    /// Sends transactions to the other members. Where a queue is full they go again with the next repeat.
    fn forward<'a>(&self, transactions: impl Iterator<Item = &'a [u8]>) {
        let mut frame: Vec<Vec<u8>> = Vec::new();
        let mut size = 0usize;
        for bytes in transactions {
            if size.saturating_add(bytes.len()) > TRANSACTIONS_BYTES_MAX
                || frame.len() >= TRANSACTIONS_MAX
            {
                self.send(std::mem::take(&mut frame));
                size = 0;
            }
            size = size.saturating_add(bytes.len());
            frame.push(bytes.to_vec());
        }
        if !frame.is_empty() {
            self.send(frame);
        }
    }

    fn send(&self, transactions: Vec<Vec<u8>>) {
        self.door.metrics.forwarded.inc_by(transactions.len() as u64);
        self.forwarder.broadcast(AppMessage::Transactions(transactions).encode().into());
    }
}

fn push(group: &mut Vec<Item>, command: Command) {
    match command {
        Command::Submit { bytes, reply } => group.push(Item { bytes, reply: Some(reply) }),
        Command::FromMember(list) => {
            group.extend(list.into_iter().map(|bytes| Item { bytes, reply: None }));
        }
    }
}

impl Door {
    /// Checks a group, stores what passes with one flush, then answers. Gives what clients sent, to be forwarded.
    fn admit(&self, group: Vec<Item>) -> Vec<Vec<u8>> {
        let mut candidates = Vec::with_capacity(group.len());
        let mut repeats = Vec::new();
        let (mut ids, mut nonces) = (HashSet::new(), HashSet::new());
        for item in group {
            match self.check(&item.bytes, candidates.len()) {
                Err(error) => self.refuse(item, error),
                Ok(Checked::Known(id)) => answer(item, Ok(id)),
                Ok(Checked::New(id, transaction)) => {
                    if !ids.insert(id) {
                        repeats.push((id, item));
                    } else if !nonces.insert((transaction.body.signer, transaction.body.nonce)) {
                        self.refuse(item, SubmitError::NonceInUse);
                    } else {
                        candidates.push(Candidate { id, transaction: *transaction, item });
                    }
                }
            }
        }
        let candidates = self.verified(candidates);
        let stored = self.store(candidates);
        for (id, item) in repeats {
            let result = if self.pool.get(&id).is_some() || self.is_executed(&id) {
                Ok(id)
            } else {
                Err(SubmitError::Rejected(Error::BadSignature))
            };
            answer(item, result);
        }
        self.metrics.waiting.set(i64::try_from(self.pool.len()).unwrap_or(i64::MAX));
        stored
    }

    /// Checks all but the signature. `pending` others are on their way in.
    fn check(&self, bytes: &[u8], pending: usize) -> Result<Checked, SubmitError> {
        let transaction = Transaction::decode(bytes).map_err(SubmitError::Rejected)?;
        let id = transaction
            .admit(&self.spec.id, self.spec.chunk_bytes_max())
            .map_err(SubmitError::Rejected)?;
        if self.pool.has_verified(&id, &transaction) {
            return Ok(Checked::Known(id));
        }
        let head = self.head.borrow().clone();
        match self.could_follow(&head, &transaction) {
            Err(Error::NonceUsed | Error::Expired) if self.is_executed(&id) => {
                return Ok(Checked::Known(id));
            }
            Err(error) => return Err(SubmitError::Rejected(error)),
            Ok(()) => {}
        }
        self.pool.check_room(&id, &transaction, pending)?;
        Ok(Checked::New(id, Box::new(transaction)))
    }

    /// Whether a transaction could be in a block that is made now on `head`.
    fn could_follow(&self, head: &Version, transaction: &Transaction) -> Result<(), Error> {
        let context = Context {
            genesis: self.spec.id,
            height: head.height.saturating_add(1),
            time_ms: now_ms().max(head.chain.time_ms.saturating_add(1)),
        };
        match check(&head.tree, &transaction.body, &context) {
            Ok(()) => Ok(()),
            Err(Refusal::Rejected(error)) => Err(error),
            Err(refusal @ (Refusal::State(_) | Refusal::SegmentFull)) => {
                tracing::error!(error = %refusal, "the state cannot be read");
                Err(Error::UnknownAccount)
            }
        }
    }

    /// Whether a block has executed it. What was forced and rejected may still be.
    fn is_executed(&self, id: &Hash) -> bool {
        let executed = |stored: &StoredReceipt| !stored.receipt.outcome.is_rejected();
        self.store.receipt(id).is_ok_and(|receipt| receipt.as_ref().is_some_and(executed))
    }

    fn verified(&self, candidates: Vec<Candidate>) -> Vec<Candidate> {
        let items: Vec<BatchItem> =
            candidates.iter().map(|it| signed(&it.transaction, it.id)).collect();
        let valid = verify_batch(&items);
        let mut passed = Vec::with_capacity(candidates.len());
        for (candidate, valid) in candidates.into_iter().zip(valid) {
            if valid {
                passed.push(candidate);
            } else {
                self.refuse(candidate.item, SubmitError::Rejected(Error::BadSignature));
            }
        }
        passed
    }

    /// Stores what passed every check, answers, and gives what clients sent.
    fn store(&self, candidates: Vec<Candidate>) -> Vec<Vec<u8>> {
        if candidates.is_empty() {
            return Vec::new();
        }
        let count = candidates.len() as u64;
        let first = self.arrivals.fetch_add(count, Ordering::Relaxed);
        let numbered = || (first..).zip(&candidates);
        let rows = numbered().map(|(arrival, it)| (&it.id, arrival, it.item.bytes.as_slice()));
        let acknowledged = candidates.iter().any(|it| it.item.reply.is_some());
        let started = Instant::now();
        let written = self.storage.put(rows).and_then(|()| match acknowledged {
            true => self.storage.flush(),
            false => Ok(()),
        });
        if let Err(error) = written {
            tracing::error!(%error, "the mempool cannot store transactions");
            candidates.into_iter().for_each(|it| self.refuse(it.item, SubmitError::Storage));
            return Vec::new();
        }
        self.metrics.flush_seconds.observe(started.elapsed().as_secs_f64());
        self.metrics.group_size.observe(count as f64);
        self.metrics.accepted.inc_by(count);
        let entries = numbered().map(|(arrival, it)| it.entry(arrival)).collect();
        self.pool.insert(entries);
        self.purge(&candidates);
        let mut local = Vec::new();
        for Candidate { id, item, .. } in candidates {
            if item.reply.is_some() {
                local.push(item.bytes.clone());
            }
            answer(item, Ok(id));
        }
        local
    }

    /// Takes out what a block executed between the check and the insertion.
    fn purge(&self, candidates: &[Candidate]) {
        let head = self.head.borrow().clone();
        let touched: Vec<(Hash, Address)> = candidates
            .iter()
            .filter(|it| self.is_executed(&it.id))
            .map(|it| (it.id, it.transaction.body.signer))
            .collect();
        if !touched.is_empty() {
            let removed = self.pool.on_commit(&head.tree, &head.chain, &touched);
            self.forget(&removed);
        }
    }

    fn forget(&self, ids: &[Hash]) {
        if let Err(error) = self.storage.remove(ids) {
            tracing::error!(%error, "the mempool cannot remove transactions from its database");
        }
    }

    fn refuse(&self, item: Item, error: SubmitError) {
        self.metrics.rejected.inc();
        if error == SubmitError::Full {
            self.metrics.full.inc();
        }
        answer(item, Err(error));
    }

    /// Puts what was stored back into the pool. What cannot be executed yet is kept: the state may be behind.
    fn reload(&self) -> Result<(), sled::Error> {
        let head = self.head.borrow().clone();
        let (mut entries, mut gone) = (Vec::new(), Vec::new());
        for stored in self.storage.load()? {
            self.arrivals.fetch_max(stored.arrival.saturating_add(1), Ordering::Relaxed);
            match self.check_stored(&head, &stored) {
                Some(transaction) => entries.push(Entry {
                    id: stored.id,
                    transaction,
                    bytes: stored.bytes,
                    arrival: stored.arrival,
                    is_local: true,
                }),
                None => gone.push(stored.id),
            }
        }
        let items: Vec<BatchItem> =
            entries.iter().map(|entry| signed(&entry.transaction, entry.id)).collect();
        let mut valid = verify_batch(&items).into_iter();
        entries.retain(|_| valid.next().unwrap_or(false));
        tracing::info!(waiting = entries.len(), left_behind = gone.len(), "the mempool is loaded");
        self.pool.insert(entries);
        self.storage.remove(&gone)
    }

    fn check_stored(&self, head: &Version, stored: &StoredTransaction) -> Option<Transaction> {
        let transaction = Transaction::decode(&stored.bytes).ok()?;
        if transaction.admit(&self.spec.id, self.spec.chunk_bytes_max()) != Ok(stored.id) {
            return None;
        }
        match self.could_follow(head, &transaction) {
            Err(
                error @ (Error::NonceUsed
                | Error::Expired
                | Error::UnknownSession
                | Error::SessionExpired),
            ) => {
                if !self.is_executed(&stored.id) {
                    self.pool.note_dropped(stored.id, error);
                }
                None
            }
            Ok(()) | Err(_) => Some(transaction),
        }
    }
}

/// What a look at a transaction without its signature says.
#[derive(Debug)]
enum Checked {
    /// It waits, or it was executed.
    Known(Hash),
    New(Hash, Box<Transaction>),
}

impl Candidate {
    fn entry(&self, arrival: u64) -> Entry {
        Entry {
            id: self.id,
            transaction: self.transaction.clone(),
            bytes: self.item.bytes.clone(),
            arrival,
            is_local: self.item.reply.is_some(),
        }
    }
}

fn signed(transaction: &Transaction, id: Hash) -> BatchItem {
    BatchItem { signer: *transaction.body.key(), digest: id, signature: transaction.signature }
}

fn answer(item: Item, result: Result<Hash, SubmitError>) {
    if let Some(reply) = item.reply {
        // A client that went away does not wait for the answer.
        let _ = reply.send(result);
    }
}

#[cfg(test)]
mod tests;

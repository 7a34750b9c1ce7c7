//! Tests of the executor, as consensus calls it.

use std::{sync::Arc, time::Duration};

use asset_consensus::{Block, Cert2, Epoch, Height, SealedBlock, View};
use asset_consensus_net::{Application as _, BuildRequest};
use curvevm::{
    error::Error,
    inbox::{FORCED_BYTES_MAX, InboxMessage},
    receipt::Outcome,
    tx::Transaction,
    types::Address,
};
use tempfile::TempDir;
use tokio::sync::{Notify, watch};

use super::*;
use crate::{
    actors::{
        mempool::{
            Forwarder, Mempool, MempoolHandle, MempoolMetrics, MempoolSetup, MempoolStorage, Pool,
            PoolLimits,
        },
        watcher::L1View,
    },
    chain::{ChainSpec, content_bytes},
    payload::Payload,
    store::{Place, Store},
    testing::{deposits, forced, forced_bytes, genesis, key, spec, transfer},
};

#[derive(Debug)]
struct Nobody;

impl Forwarder for Nobody {
    fn broadcast(&self, _frame: Arc<[u8]>) {}
}

struct Fixture {
    spec: Arc<ChainSpec>,
    executor: Executor,
    mempool: MempoolHandle,
    store: Arc<Store>,
    l1: watch::Sender<Arc<L1View>>,
    _stop: watch::Sender<bool>,
    _folder: TempDir,
}

fn owners() -> Vec<Address> {
    (1..=3).map(|number| key(number).address()).collect()
}

fn credits() -> Vec<InboxMessage> {
    deposits(0, &owners(), 1_000_000)
}

impl Fixture {
    fn new() -> Self {
        Self::on(spec())
    }

    fn on(spec: ChainSpec) -> Self {
        let spec = Arc::new(spec);
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(Store::open(&folder.path().join("store"), &spec).unwrap());
        let storage = MempoolStorage::open(&folder.path().join("mempool")).unwrap();
        let pool =
            Arc::new(Pool::new(PoolLimits { transactions_max: 100, signer_transactions_max: 50 }));
        let l1 = watch::Sender::new(Arc::new(L1View::default()));
        let executor = Executor::new(ExecutorSetup {
            config: ExecutorConfig {
                block_interval: Duration::from_millis(1),
                heartbeat: Duration::from_millis(20),
            },
            spec: spec.clone(),
            recovered: store.recover(&spec).unwrap(),
            store: store.clone(),
            pool: pool.clone(),
            mempool: storage.clone(),
            l1: l1.subscribe(),
            look: Arc::new(Notify::new()),
            metrics: ExecutorMetrics::default(),
        })
        .unwrap();
        let (actor, mempool) = Mempool::open(MempoolSetup {
            spec: spec.clone(),
            pool,
            storage,
            store: store.clone(),
            head: executor.head_changes(),
            forwarder: Arc::new(Nobody),
            metrics: MempoolMetrics::default(),
        })
        .unwrap();
        let stop = watch::Sender::new(false);
        tokio::spawn(actor.run(stop.subscribe()));
        Self { spec, executor, mempool, store, l1, _stop: stop, _folder: folder }
    }

    fn deposit(&self) {
        self.inbox(Vec::new());
    }

    /// The L1 holds these messages after the deposits.
    fn inbox(&self, more: Vec<InboxMessage>) {
        let messages = [credits(), more].concat();
        self.l1.send_replace(Arc::new(L1View::with_messages(messages)));
    }

    /// Builds and commits a block, which holds the deposits.
    async fn fund(&self) {
        self.deposit();
        let block = self.build().await;
        self.commit(&block).await;
    }

    async fn build(&self) -> SealedBlock {
        let head = self.executor.latest();
        self.build_on(head.id, head.height).await
    }

    async fn build_on(&self, parent: asset_consensus::BlockId, height: u64) -> SealedBlock {
        let height = Height::new(height + 1);
        let request =
            BuildRequest { view: View::new(1), parent, height, payload_bytes_max: 1 << 20 };
        let built = self.executor.build(request).await.unwrap().unwrap();
        let (settlement, payload) = (built.settlement, built.payload);
        SealedBlock::seal(
            Block { height, parent, settlement, payload },
            &self.spec.consensus_chain(),
        )
    }

    async fn commit(&self, block: &SealedBlock) {
        self.executor.commit(block.clone(), Arc::new(self.proof(block))).await.unwrap();
    }

    fn proof(&self, block: &SealedBlock) -> Cert2 {
        Cert2 {
            epoch: Epoch::ZERO,
            view: View::new(1),
            height: block.height(),
            block: block.id(),
            settlement: block.settlement(),
            signatures: Vec::new(),
        }
    }

    /// The same block with a payload that was changed.
    fn changed(&self, block: &SealedBlock, change: impl FnOnce(&mut Payload)) -> SealedBlock {
        let mut payload = Payload::decode(&block.block().payload).unwrap();
        change(&mut payload);
        let block = Block { payload: payload.encode(), ..block.block().clone() };
        SealedBlock::seal(block, &self.spec.consensus_chain())
    }
}

fn payload(block: &SealedBlock) -> Payload {
    Payload::decode(&block.block().payload).unwrap()
}

fn send(spec: &ChainSpec, nonce: u64) -> Transaction {
    transfer(&spec.id, &key(1), nonce, &key(2).address(), 10)
}

#[tokio::test]
async fn an_idle_leader_makes_an_empty_block_at_the_heartbeat() {
    let fixture = Fixture::new();
    let block = fixture.build().await;
    let body = payload(&block).body;
    assert!(body.messages.is_empty() && body.transactions.is_empty());
}

#[tokio::test]
async fn a_block_takes_deposits_then_transactions_and_a_commit_is_durable() {
    let fixture = Fixture::new();
    fixture.deposit();
    let first = fixture.build().await;
    assert_eq!(payload(&first).body.messages, credits());
    fixture.commit(&first).await;
    let transaction = send(&fixture.spec, 0);
    let id = fixture.mempool.submit(transaction.encode()).await.unwrap();
    let mut events = fixture.executor.blocks();
    let second = fixture.build().await;
    assert_eq!(payload(&second).body.transactions, vec![transaction]);
    fixture.commit(&second).await;
    let receipt = fixture.store.receipt(&id).unwrap().unwrap();
    assert_eq!((receipt.height, receipt.place), (2, Place::Transaction(0)));
    let head = fixture.executor.head().await.unwrap();
    assert_eq!((head.height, head.id), (Height::new(2), second.id()));
    assert_eq!(head.proof, Some(fixture.proof(&second)));
    assert_eq!(events.recv().await.unwrap().version.height, 2);
    // Once more, as after a crash: nothing changes.
    fixture.commit(&second).await;
    assert_eq!(fixture.executor.latest().height, 2);
    // It has left the mempool, and is known as executed.
    assert_eq!(fixture.mempool.submit(send(&fixture.spec, 0).encode()).await, Ok(id));
    assert!(payload(&fixture.build().await).body.transactions.is_empty());
}

#[tokio::test]
async fn a_block_on_an_uncommitted_parent_does_not_repeat_its_transactions() {
    let fixture = Fixture::new();
    fixture.deposit();
    let first = fixture.build().await;
    fixture.commit(&first).await;
    fixture.mempool.submit(send(&fixture.spec, 0).encode()).await.unwrap();
    let second = fixture.build().await;
    fixture.mempool.submit(send(&fixture.spec, 1).encode()).await.unwrap();
    let third = fixture.build_on(second.id(), 2).await;
    assert_eq!(payload(&third).body.transactions, vec![send(&fixture.spec, 1)]);
    fixture.commit(&second).await;
    fixture.commit(&third).await;
    assert_eq!(fixture.executor.latest().height, 3);
}

#[tokio::test]
async fn a_replica_accepts_what_a_leader_built_and_reaches_the_same_root() {
    let (leader, replica) = (Fixture::new(), Fixture::new());
    leader.deposit();
    replica.deposit();
    let first = leader.build().await;
    assert!(replica.executor.validate(first.clone()).await.unwrap());
    leader.commit(&first).await;
    replica.commit(&first).await;
    leader.mempool.submit(send(&leader.spec, 0).encode()).await.unwrap();
    let second = leader.build().await;
    assert!(replica.executor.validate(second.clone()).await.unwrap());
    leader.commit(&second).await;
    replica.commit(&second).await;
    assert_eq!(leader.executor.latest().root, replica.executor.latest().root);
}

#[tokio::test]
async fn refuses_a_wrong_root_a_forged_signature_and_a_wrong_seal() {
    let (leader, replica) = (Fixture::new(), Fixture::new());
    leader.deposit();
    replica.deposit();
    let first = leader.build().await;
    leader.commit(&first).await;
    assert!(replica.executor.validate(first.clone()).await.unwrap());
    replica.commit(&first).await;
    leader.mempool.submit(send(&leader.spec, 0).encode()).await.unwrap();
    let good = leader.build().await;
    let wrong = [
        leader.changed(&good, |payload| payload.post_root = Default::default()),
        leader.changed(&good, |payload| {
            payload.body.transactions[0].signature = curvevm::types::Signature::new([2; 64]);
        }),
        leader.changed(&good, |payload| payload.body.height += 1),
        leader.changed(&good, |payload| payload.body.time_ms = 1),
        leader.changed(&good, |payload| {
            let again = payload.body.transactions[0].clone();
            payload.body.transactions.push(again);
        }),
        SealedBlock::seal(
            Block { settlement: Some([1; 32]), ..good.block().clone() },
            &leader.spec.consensus_chain(),
        ),
        SealedBlock::seal(
            Block { payload: vec![1, 2, 3], ..good.block().clone() },
            &leader.spec.consensus_chain(),
        ),
    ];
    for (index, block) in wrong.into_iter().enumerate() {
        assert!(!replica.executor.validate(block).await.unwrap(), "block {index}");
    }
    assert!(replica.executor.validate(good).await.unwrap());
}

#[tokio::test]
async fn waits_for_deposits_that_it_has_not_seen() {
    let (leader, replica) = (Fixture::new(), Fixture::new());
    leader.deposit();
    let block = leader.build().await;
    let mut validating = Box::pin(replica.executor.validate(block));
    let early = tokio::time::timeout(Duration::from_millis(50), &mut validating).await;
    assert!(early.is_err(), "voted for deposits that it has not seen");
    replica.deposit();
    assert!(validating.await.unwrap());
}

#[tokio::test]
async fn takes_over_what_the_committee_committed_without_it() {
    let (leader, replica) = (Fixture::new(), Fixture::new());
    leader.deposit();
    let block = leader.build().await;
    replica.executor.set_final_height(1);
    assert!(replica.executor.validate(block.clone()).await.unwrap());
    replica.commit(&block).await;
    assert_eq!(replica.executor.latest().chain.inbox_cursor, 3);
}

/// What waits in the mempool and comes in a message as well is executed once, where the message is consumed.
#[tokio::test]
async fn a_forced_transaction_is_executed_and_leaves_the_mempool() {
    let (leader, replica) = (Fixture::new(), Fixture::new());
    // Two members are at the same block only when one of them makes it: each has a time of its own.
    leader.deposit();
    replica.deposit();
    let funding = leader.build().await;
    leader.commit(&funding).await;
    replica.commit(&funding).await;
    let (both, other) = (send(&leader.spec, 0), send(&leader.spec, 1));
    let id = leader.mempool.submit(both.encode()).await.unwrap();
    leader.mempool.submit(other.encode()).await.unwrap();
    // Of an account that the mempool does not know of, and one that fails.
    let third = transfer(&leader.spec.id, &key(3), 0, &key(2).address(), 7);
    let fails = transfer(&leader.spec.id, &key(3), 1, &key(2).address(), u64::MAX);
    let messages =
        [(3, &both), (4, &third), (5, &fails)].map(|(index, it)| forced(index, it)).to_vec();
    leader.inbox(messages.clone());
    replica.inbox(messages.clone());
    let block = leader.build().await;
    let body = payload(&block).body;
    assert_eq!((body.messages, body.transactions), (messages, vec![other.clone()]));
    assert!(replica.executor.validate(block.clone()).await.unwrap());
    leader.commit(&block).await;
    replica.commit(&block).await;
    assert_eq!(leader.executor.latest().root, replica.executor.latest().root);
    let place = |transaction: &Transaction| {
        let stored = leader.store.receipt(&transaction.id(&leader.spec.id)).unwrap().unwrap();
        (stored.height, stored.place, matches!(stored.receipt.outcome, Outcome::Succeeded(_)))
    };
    assert_eq!(place(&both), (2, Place::Message(3), true));
    assert_eq!(place(&third), (2, Place::Message(4), true));
    assert_eq!(place(&fails), (2, Place::Message(5), false));
    assert_eq!(place(&other), (2, Place::Transaction(0), true));
    let executed = leader.executor.latest().executed.clone().unwrap();
    assert_eq!((executed.tally(), executed.message_ids()[0]), ((4, 1), id));
    // It has left the mempool, and is known as executed.
    assert!(payload(&leader.build().await).body.transactions.is_empty());
    assert_eq!(leader.mempool.submit(both.encode()).await, Ok(id));
}

/// Bytes that look like somebody's transaction keep nothing out of a block, and what was executed stays so.
#[tokio::test]
async fn what_is_rejected_in_a_message_does_not_stand_for_a_transaction() {
    let fixture = Fixture::new();
    fixture.fund().await;
    let good = send(&fixture.spec, 0);
    let id = fixture.mempool.submit(good.encode()).await.unwrap();
    let mut bad = good.clone();
    bad.signature = curvevm::types::Signature::new([2; 64]);
    let messages = vec![forced(3, &bad), forced_bytes(4, vec![1, 2, 3])];
    fixture.inbox(messages.clone());
    let block = fixture.build().await;
    assert_eq!(payload(&block).body.messages, messages);
    assert_eq!(payload(&block).body.transactions, vec![good.clone()]);
    fixture.commit(&block).await;
    let hashes = fixture.executor.latest().executed.clone().unwrap().message_ids();
    let outcome = |id| fixture.store.receipt(&id).unwrap().unwrap().receipt.outcome;
    assert_eq!(outcome(hashes[0]), Outcome::Rejected { error: Error::BadSignature });
    assert_eq!(outcome(hashes[1]), Outcome::Rejected { error: Error::Malformed });
    assert!(matches!(outcome(id), Outcome::Succeeded(_)));
    // Forced again, it is rejected under the same id.
    fixture.inbox([messages, vec![forced(5, &good)]].concat());
    let block = fixture.build().await;
    fixture.commit(&block).await;
    let executed = fixture.executor.latest().executed.clone().unwrap();
    let again = Outcome::Rejected { error: Error::NonceUsed };
    assert_eq!((executed.receipts[0].id, &executed.receipts[0].outcome), (id, &again));
    assert!(matches!(outcome(id), Outcome::Succeeded(_)));
}

/// A transaction that was rejected in a message may still be executed: the mempool takes it.
#[tokio::test]
async fn a_transaction_that_was_rejected_can_be_sent() {
    let fixture = Fixture::new();
    fixture.fund().await;
    let early = send(&fixture.spec, 600);
    let id = early.id(&fixture.spec.id);
    fixture.inbox(vec![forced(3, &early)]);
    let block = fixture.build().await;
    fixture.commit(&block).await;
    let outcome = || fixture.store.receipt(&id).unwrap().unwrap().receipt.outcome;
    assert_eq!(outcome(), Outcome::Rejected { error: Error::NonceTooDistant });
    fixture.mempool.submit(send(&fixture.spec, 400).encode()).await.unwrap();
    let block = fixture.build().await;
    fixture.commit(&block).await;
    assert_eq!(fixture.mempool.submit(early.encode()).await, Ok(id));
    let block = fixture.build().await;
    assert_eq!(payload(&block).body.transactions, vec![early]);
    fixture.commit(&block).await;
    assert!(matches!(outcome(), Outcome::Succeeded(_)));
}

/// Messages that do not fit a block wait for the next one.
#[tokio::test]
async fn a_block_takes_as_many_messages_as_fit() {
    let mut genesis = genesis(1);
    (genesis.params.chunk_bytes_max, genesis.params.batch_chunks_max) = (832, 20);
    let fixture = Fixture::on(ChainSpec::new(genesis));
    assert_eq!(fixture.spec.violations(), Vec::<String>::new());
    fixture.fund().await;
    let longest = vec![1; FORCED_BYTES_MAX];
    let messages: Vec<InboxMessage> =
        (3..10).map(|index| forced_bytes(index, longest.clone())).collect();
    fixture.inbox(messages.clone());
    let mut taken = Vec::new();
    while taken.len() < messages.len() {
        let block = fixture.build().await;
        let body = payload(&block).body;
        assert!(content_bytes(&body) <= fixture.spec.block_bytes_max());
        assert!(body.messages.len() < messages.len());
        taken.extend(body.messages);
        let proof = Arc::new(fixture.proof(&block));
        fixture.executor.commit(block, proof).await.unwrap();
    }
    assert_eq!(taken, messages);
}

#[tokio::test]
async fn closes_a_batch_with_a_digest_and_keeps_the_state_after_it() {
    let fixture = Fixture::new();
    fixture.deposit();
    let first = fixture.build().await;
    fixture.commit(&first).await;
    // The leader waits until the batch is due, then makes a block without content that closes it.
    let mut block = fixture.build().await;
    while block.settlement().is_none() {
        fixture.commit(&block).await;
        block = fixture.build().await;
    }
    let header = payload(&block).seal.unwrap();
    let digest = header.settlement_digest(fixture.spec.program_id(), &fixture.spec.committee_hash);
    assert_eq!(block.block().settlement, Some(digest.to_bytes()));
    assert_eq!((header.number, header.first_height), (1, 1));
    fixture.commit(&block).await;
    assert_eq!(fixture.executor.latest().last_batch(), 1);
    let mut tree = fixture.executor.batch_tree(1).unwrap();
    assert_eq!(tree.root(), header.post_root);
    assert!(fixture.executor.batch_tree(0).is_some());
    assert!(fixture.executor.batch_tree(2).is_none());
    assert_eq!(fixture.store.batch(1).unwrap().unwrap().header, header);
}

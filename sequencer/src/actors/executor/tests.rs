//! Tests of the executor, as consensus calls it.

use std::{sync::Arc, time::Duration};

use asset_consensus::{Block, Cert2, Epoch, Height, SealedBlock, View};
use asset_consensus_net::{Application as _, BuildRequest};
use curvevm::{inbox::InboxMessage, tx::Transaction, types::Address};
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
    chain::ChainSpec,
    payload::Payload,
    store::Store,
    testing::{deposits, key, spec, transfer},
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
        let spec = Arc::new(spec());
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
        self.l1.send_replace(Arc::new(L1View::with_messages(credits())));
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
    assert_eq!((receipt.height, receipt.index), (2, 0));
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

//! Tests of the mempool's actor.

use std::sync::Mutex as StdMutex;

use curvevm::{
    block::BlockBody,
    tx::TX_BYTES_MAX,
    types::{Address, Signature},
};
use tempfile::TempDir;

use super::*;
use crate::{
    actors::{executor::transition, mempool::PoolLimits},
    testing::{GENESIS_MS, deposits, expiring, key, spec, transfer},
};

/// Remembers what was forwarded.
#[derive(Debug, Default)]
struct Outbox(StdMutex<Vec<Vec<u8>>>);

impl Forwarder for Outbox {
    fn broadcast(&self, frame: Arc<[u8]>) {
        let Some(AppMessage::Transactions(list)) = AppMessage::decode(&frame) else { panic!() };
        self.0.lock().unwrap().extend(list);
    }
}

struct Fixture {
    spec: Arc<ChainSpec>,
    pool: Arc<Pool>,
    outbox: Arc<Outbox>,
    head: watch::Sender<Arc<Version>>,
    stop: watch::Sender<bool>,
    folder: TempDir,
    store: Arc<Store>,
}

/// The state in which the keys 1 to 3 have accounts.
fn funded(spec: &ChainSpec) -> Arc<Version> {
    let genesis = Version::genesis(spec).unwrap();
    let owners: Vec<Address> = (1..=3).map(|number| key(number).address()).collect();
    let body = BlockBody {
        height: 1,
        time_ms: GENESIS_MS + 1,
        messages: deposits(0, &owners, 1_000_000),
        transactions: Vec::new(),
    };
    let next = transition(spec, &genesis, body, Vec::new()).unwrap();
    Arc::new(Version::new(spec.genesis_block(), next))
}

impl Fixture {
    fn new() -> Self {
        let spec = Arc::new(spec());
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("store"), &spec).unwrap();
        let head = watch::Sender::new(funded(&spec));
        Self {
            pool: Self::pool(),
            outbox: Arc::default(),
            head,
            stop: watch::Sender::new(false),
            store: Arc::new(store),
            spec,
            folder,
        }
    }

    fn pool() -> Arc<Pool> {
        Arc::new(Pool::new(PoolLimits { transactions_max: 4, signer_transactions_max: 3 }))
    }

    fn open(&self) -> (Mempool, MempoolHandle) {
        let storage = MempoolStorage::open(&self.folder.path().join("mempool")).unwrap();
        Mempool::open(MempoolSetup {
            spec: self.spec.clone(),
            pool: self.pool.clone(),
            storage,
            store: self.store.clone(),
            head: self.head.subscribe(),
            forwarder: self.outbox.clone(),
            metrics: MempoolMetrics::default(),
        })
        .unwrap()
    }

    fn start(&self) -> (MempoolHandle, tokio::task::JoinHandle<()>) {
        let (actor, handle) = self.open();
        (handle, tokio::spawn(actor.run(self.stop.subscribe())))
    }

    fn send(&self, signer: u8, nonce: u64) -> Transaction {
        transfer(&self.spec.id, &key(signer), nonce, &key(9).address(), 1)
    }
}

#[tokio::test]
async fn takes_a_transaction_once_and_forwards_it() {
    let fixture = Fixture::new();
    let (mempool, _task) = fixture.start();
    let transaction = fixture.send(1, 0);
    let id = transaction.id(&fixture.spec.id);
    assert_eq!(mempool.submit(transaction.encode()).await, Ok(id));
    assert_eq!(mempool.submit(transaction.encode()).await, Ok(id));
    assert_eq!(fixture.pool.len(), 1);
    // The answer to a second submission comes after the forwarding of the first.
    assert_eq!(*fixture.outbox.0.lock().unwrap(), vec![transaction.encode()]);
}

#[tokio::test]
async fn refuses_what_may_be_in_no_block() {
    let fixture = Fixture::new();
    let (mempool, _task) = fixture.start();
    let chain = fixture.spec.id;
    let submit = |bytes: Vec<u8>| mempool.submit(bytes);
    let rejected = |error| Err(SubmitError::Rejected(error));
    let good = fixture.send(1, 0);
    assert_eq!(submit(Vec::new()).await, rejected(Error::Malformed));
    assert_eq!(submit(good.encode()[..50].to_vec()).await, rejected(Error::Malformed));
    assert_eq!(submit(vec![1; TX_BYTES_MAX + 1]).await, rejected(Error::Oversized));
    assert_eq!(submit(vec![2; 100]).await, rejected(Error::UnknownVersion));
    let mut forged = good.clone();
    forged.signature = Signature::new([1; 64]);
    assert_eq!(submit(forged.encode()).await, rejected(Error::BadSignature));
    let other_chain = transfer(&Hash::ZERO, &key(1), 0, &key(2).address(), 1);
    assert_eq!(submit(other_chain.encode()).await, rejected(Error::BadSignature));
    assert_eq!(submit(fixture.send(1, 512).encode()).await, rejected(Error::NonceTooDistant));
    assert_eq!(submit(fixture.send(7, 0).encode()).await, rejected(Error::UnknownAccount));
    let to = key(2).address();
    let program = transfer(&chain, &key(1), 0, &to, 1).body.program;
    let expired = expiring(&chain, &key(1), (0, 1), program);
    assert_eq!(submit(expired.encode()).await, rejected(Error::Expired));
    let empty = expiring(&chain, &key(1), (0, u64::MAX), Vec::new());
    assert_eq!(submit(empty.encode()).await, rejected(Error::InstructionCount));
    assert_eq!(fixture.pool.len(), 0);
}

#[tokio::test]
async fn a_full_mempool_a_busy_signer_and_a_held_nonce_are_told_apart() {
    let fixture = Fixture::new();
    let (mempool, _task) = fixture.start();
    for nonce in 0..3 {
        mempool.submit(fixture.send(1, nonce).encode()).await.unwrap();
    }
    let other = transfer(&fixture.spec.id, &key(1), 1, &key(2).address(), 9);
    assert_eq!(mempool.submit(other.encode()).await, Err(SubmitError::NonceInUse));
    assert_eq!(mempool.submit(fixture.send(1, 3).encode()).await, Err(SubmitError::SignerLimit));
    mempool.submit(fixture.send(2, 0).encode()).await.unwrap();
    assert_eq!(mempool.submit(fixture.send(3, 0).encode()).await, Err(SubmitError::Full));
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_a_restart_and_goes_out_again() {
    let mut fixture = Fixture::new();
    let (mempool, task) = fixture.start();
    let transactions: Vec<Transaction> = (0..3).map(|nonce| fixture.send(1, nonce)).collect();
    for transaction in &transactions {
        mempool.submit(transaction.encode()).await.unwrap();
    }
    fixture.stop.send_replace(true);
    task.await.unwrap();
    drop(mempool);
    // Nonce 0 was executed meanwhile, by another one's block.
    let head = fixture.head.borrow().clone();
    let body = BlockBody {
        height: 2,
        time_ms: GENESIS_MS + 2,
        messages: Vec::new(),
        transactions: vec![transactions[0].clone()],
    };
    let ids = vec![transactions[0].id(&fixture.spec.id)];
    let next = transition(&fixture.spec, &head, body, ids).unwrap();
    fixture.head.send_replace(Arc::new(Version::new(fixture.spec.genesis_block(), next)));
    (fixture.pool, fixture.outbox) = (Fixture::pool(), Arc::default());
    let (actor, _mempool) = fixture.open();
    assert_eq!(fixture.pool.len(), 2);
    assert!(fixture.pool.get(&transactions[1].id(&fixture.spec.id)).is_some());
    actor.repeat(u64::MAX);
    let again: Vec<Vec<u8>> = transactions[1..].iter().map(Transaction::encode).collect();
    assert_eq!(*fixture.outbox.0.lock().unwrap(), again);
}

#[tokio::test]
async fn takes_what_other_members_forward_without_sending_it_on() {
    let fixture = Fixture::new();
    let (mempool, _task) = fixture.start();
    let transaction = fixture.send(1, 0);
    mempool.take_forwarded(vec![transaction.encode(), vec![0; 10]]).await;
    // Commands are taken in order: what is acknowledged later was stored later, or with it.
    let own = fixture.send(2, 0);
    mempool.submit(own.encode()).await.unwrap();
    assert!(fixture.pool.get(&transaction.id(&fixture.spec.id)).is_some());
    // An answer to a later command comes after the forwarding.
    mempool.submit(own.encode()).await.unwrap();
    assert_eq!(*fixture.outbox.0.lock().unwrap(), vec![own.encode()]);
}

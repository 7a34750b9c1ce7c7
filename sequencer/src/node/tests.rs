//! Tests of a whole node: a committee of one over the real engine and transport, with a given view of the L1.

use std::{net::TcpListener, path::PathBuf, sync::Arc};

use asset_sdk::{
    keys::Key,
    rpc::{AssetRpcClient as _, Bytes, NodeError as Number, RpcError, TransactionState},
};
use curvevm::{
    cell::{Account, Cell},
    error::Error as VmError,
    genesis::Genesis,
    receipt::Outcome,
    tree::Tree,
    tx::Transaction,
    types::{Address, Hash},
};
use jsonrpsee::{
    core::client::{Error as ClientError, Subscription},
    http_client::{HttpClient, HttpClientBuilder},
    ws_client::WsClientBuilder,
};
use tempfile::TempDir;
use tokio::sync::watch;

use super::{
    local::{Local, read_genesis},
    start::{Assembly, L1},
};
use crate::{
    NodeConfig, NodeError, NodeFiles, NodeHandle,
    actors::watcher::L1View,
    testing::{deposits, forced, forced_bytes, genesis, key, transfer},
};

struct Fixture {
    config: NodeConfig,
    l1: watch::Sender<Arc<L1View>>,
    chain: Hash,
    folder: TempDir,
}

impl Fixture {
    /// A node whose owners 1 to 3 have deposited.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut genesis = genesis(1);
        genesis.params.batch_interval_ms = 50;
        let chain = genesis.hash();
        let config = config(&folder, &genesis, &key(1));
        let owners: Vec<Address> = (1..=3).map(|number| key(number).address()).collect();
        let view = L1View::with_messages(deposits(0, &owners, 1_000_000));
        Self { config, l1: watch::Sender::new(Arc::new(view)), chain, folder }
    }

    async fn start(&self) -> NodeHandle {
        self.try_start().await.unwrap()
    }

    async fn try_start(&self) -> Result<NodeHandle, NodeError> {
        self.config.validate()?;
        let spec = Arc::new(read_genesis(&self.config.genesis_file)?);
        let (local, listeners, recovered) = Local::open(self.config.clone(), spec).await?;
        let l1 = L1 { view: self.l1.subscribe(), cluster: None };
        Assembly::new(local, recovered, &l1)?.start(listeners, l1).await
    }

    fn send(&self, signer: u8, nonce: u64) -> Transaction {
        transfer(&self.chain, &key(signer), nonce, &key(2).address(), 10)
    }
}

fn config(folder: &TempDir, genesis: &Genesis, committee_key: &Key) -> NodeConfig {
    let file = |name: &str| folder.path().join(name);
    std::fs::write(file("genesis.json"), serde_json::to_string(genesis).unwrap()).unwrap();
    committee_key.write(&file("member.json")).unwrap();
    let files = NodeFiles {
        data_dir: file("data"),
        genesis_file: file("genesis.json"),
        committee_key_file: file("member.json"),
    };
    let mut config = NodeConfig::recommended(files, "http://127.0.0.1:1");
    (config.block_interval_ms, config.heartbeat_ms) = (1, 20);
    config
}

fn client(node: &NodeHandle) -> HttpClient {
    HttpClientBuilder::default().build(format!("http://{}", node.rpc_address())).unwrap()
}

fn bytes(transaction: &Transaction) -> Bytes {
    Bytes::new(transaction.encode())
}

/// The stable error of a failed call.
fn error_of<T>(result: Result<T, ClientError>) -> RpcError {
    match result {
        Err(ClientError::Call(object)) => RpcError::from_object(&object).unwrap(),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("succeeded"),
    }
}

async fn next<T: serde::de::DeserializeOwned>(subscription: &mut Subscription<T>) -> T {
    subscription.next().await.unwrap().unwrap()
}

/// Waits until the deposits are credited.
async fn funded(node: &NodeHandle) {
    let url = format!("ws://{}", node.rpc_address());
    let client = WsClientBuilder::default().build(url).await.unwrap();
    let mut blocks = client.subscribe_blocks().await.unwrap();
    while client.get_balance(key(1).address(), None).await.unwrap().amount.get() == 0 {
        next(&mut blocks).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_goes_from_the_client_to_a_block_and_survives_a_restart() {
    let fixture = Fixture::new();
    let node = fixture.start().await;
    funded(&node).await;
    let url = format!("ws://{}", node.rpc_address());
    let client = WsClientBuilder::default().build(url).await.unwrap();
    let transaction = fixture.send(1, 0);
    let id = transaction.id(&fixture.chain);
    assert_eq!(client.get_transaction(id).await.unwrap().state, TransactionState::Unknown);
    let sent = client.send_transaction(bytes(&transaction)).await.unwrap();
    assert_eq!(sent.id, id);
    let mut fate = client.subscribe_transaction(id).await.unwrap();
    let mut view = next(&mut fate).await;
    if view.state == TransactionState::Pending {
        view = next(&mut fate).await;
    }
    assert_eq!(view.state, TransactionState::Preconfirmed);
    let height = view.height.unwrap();
    assert_eq!(client.get_block(height).await.unwrap().transactions, vec![id]);
    let balance = client.get_balance(key(2).address(), None).await.unwrap();
    assert_eq!(balance.amount.get(), 1_000_010);
    drop((client, fate));
    node.shutdown().await.unwrap();

    let node = fixture.start().await;
    let client = self::client(&node);
    let view = client.get_transaction(id).await.unwrap();
    assert_eq!((view.state, view.height), (TransactionState::Preconfirmed, Some(height)));
    assert_eq!(client.send_transaction(bytes(&transaction)).await.unwrap().id, id);
    let balance = client.get_balance(key(2).address(), None).await.unwrap();
    assert_eq!(balance.amount.get(), 1_000_010);
    // The chain goes on.
    let second = client.send_transaction(bytes(&fixture.send(1, 1))).await.unwrap().id;
    let url = format!("ws://{}", node.rpc_address());
    let socket = WsClientBuilder::default().build(url).await.unwrap();
    let mut fate = socket.subscribe_transaction(second).await.unwrap();
    while next(&mut fate).await.state != TransactionState::Preconfirmed {}
    drop((socket, fate));
    node.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn states_follow_the_batch_and_proofs_verify() {
    let fixture = Fixture::new();
    let node = fixture.start().await;
    funded(&node).await;
    let url = format!("ws://{}", node.rpc_address());
    let client = WsClientBuilder::default().build(url).await.unwrap();
    let id = client.send_transaction(bytes(&fixture.send(1, 0))).await.unwrap().id;
    let mut fate = client.subscribe_transaction(id).await.unwrap();
    while next(&mut fate).await.state != TransactionState::Preconfirmed {}
    let mut blocks = client.subscribe_blocks().await.unwrap();
    let number = loop {
        if let Some(batch) = client.get_transaction(id).await.unwrap().batch {
            break batch;
        }
        next(&mut blocks).await;
    };
    let batch = client.get_batch(number).await.unwrap();
    assert_eq!(batch.signers, vec![0]);
    assert!(batch.transactions >= 1);
    // The L1 records the batch, then its window ends.
    let settle = |committed, finalized| {
        fixture.l1.send_modify(|view| {
            let view = Arc::make_mut(view);
            (view.committed, view.finalized) = (committed, finalized);
        });
    };
    settle(number, 0);
    assert_eq!(next(&mut fate).await.state, TransactionState::Committed);
    settle(number, number);
    assert_eq!(next(&mut fate).await.state, TransactionState::Finalized);

    let at = Account::key(&key(2).address());
    for against in [None, Some(number)] {
        let proof = client.get_proof(at, against).await.unwrap();
        let mut tree = Tree::from_witness(proof.witness.as_ref()).unwrap();
        assert_eq!(tree.root(), proof.at.root);
        let Some(Cell::Account(_)) = tree.get(&at).unwrap() else { panic!("not proved") };
    }
    assert_eq!(client.get_proof(at, Some(number)).await.unwrap().at.root, batch.header.post_root);
    let missing = client.get_proof(at, Some(1_000_000)).await;
    assert_eq!(error_of(missing), RpcError::Node(Number::ProofUnavailable));
    drop((client, fate, blocks));
    node.shutdown().await.unwrap();
}

/// A forced transaction is found by its id, a deposit and what was rejected by their messages' hashes, and they settle as others.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_came_in_messages_is_found() {
    let fixture = Fixture::new();
    let transaction = fixture.send(1, 0);
    let id = transaction.id(&fixture.chain);
    fixture.l1.send_modify(|view| {
        let owners: Vec<Address> = (1..=3).map(|number| key(number).address()).collect();
        let mut messages = deposits(0, &owners, 1_000_000);
        messages.extend([forced(3, &transaction), forced_bytes(4, vec![7; 20])]);
        *view = Arc::new(L1View::with_messages(messages));
    });
    let node = fixture.start().await;
    funded(&node).await;
    let url = format!("ws://{}", node.rpc_address());
    let client = WsClientBuilder::default().build(url).await.unwrap();
    let mut fate = client.subscribe_transaction(id).await.unwrap();
    let mut view = next(&mut fate).await;
    while view.state != TransactionState::Preconfirmed {
        view = next(&mut fate).await;
    }
    assert_eq!((view.index, view.message), (None, Some(3)));
    assert!(matches!(view.receipt.unwrap().outcome, Outcome::Succeeded(_)));
    let block = client.get_block(view.height.unwrap()).await.unwrap();
    assert_eq!((block.messages, block.message_ids.len()), (5, 5));
    assert_eq!((block.message_ids[3], block.transactions), (id, vec![]));
    for (index, succeeds) in [(0, true), (2, true), (4, false)] {
        let hash = block.message_ids[index];
        let view = client.get_transaction(hash).await.unwrap();
        assert_eq!((view.id, view.message), (hash, Some(index as u64)));
        assert_eq!(view.state, TransactionState::Preconfirmed);
        let outcome = view.receipt.unwrap().outcome;
        assert_eq!(matches!(outcome, Outcome::Succeeded(_)), succeeds, "{outcome:?}");
    }
    // It was executed: the node says so to who sends it.
    assert_eq!(client.send_transaction(bytes(&transaction)).await.unwrap().id, id);
    let mut blocks = client.subscribe_blocks().await.unwrap();
    let number = loop {
        if let Some(batch) = client.get_transaction(id).await.unwrap().batch {
            break batch;
        }
        next(&mut blocks).await;
    };
    fixture.l1.send_modify(|view| {
        let view = Arc::make_mut(view);
        (view.committed, view.finalized) = (number, number);
    });
    assert_eq!(next(&mut fate).await.state, TransactionState::Finalized);
    drop((client, fate, blocks));
    node.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reads_and_errors_have_their_stable_forms() {
    let fixture = Fixture::new();
    let node = fixture.start().await;
    funded(&node).await;
    let client = client(&node);
    let status = client.get_status().await.unwrap();
    assert_eq!((status.chain_id, status.member, status.members), (fixture.chain, Some(0), 1));
    assert_eq!(status.inbox_cursor, 3);
    assert!(status.l1.reachable);
    let nobody = client.get_account(key(50).address()).await.unwrap();
    assert!(!nobody.exists && nobody.balances.is_empty());
    let simulated = client.simulate_transaction(bytes(&fixture.send(1, 0))).await.unwrap();
    assert_eq!(simulated.receipt.id, fixture.send(1, 0).id(&fixture.chain));
    let vm = |error| RpcError::Vm(error);
    let node_error = |error| RpcError::Node(error);
    let refused = client.send_transaction(Bytes::new(vec![1, 2, 3])).await;
    assert_eq!(error_of(refused), vm(VmError::Malformed));
    let stranger = fixture.send(60, 0);
    assert_eq!(
        error_of(client.send_transaction(bytes(&stranger)).await),
        vm(VmError::UnknownAccount)
    );
    assert_eq!(
        error_of(client.simulate_transaction(bytes(&stranger)).await),
        vm(VmError::UnknownAccount)
    );
    assert_eq!(error_of(client.get_block(1 << 40).await), node_error(Number::NotFound));
    assert_eq!(error_of(client.get_batch(1 << 40).await), node_error(Number::NotFound));
    let curve = curvevm::types::CurveId::new([1; 32]);
    assert_eq!(error_of(client.get_curve(curve).await), vm(VmError::UnknownCurve));
    node.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn metrics_and_health_are_served() {
    let fixture = Fixture::new();
    let node = fixture.start().await;
    funded(&node).await;
    let metrics = get(&node, "/metrics").await;
    assert!(metrics.starts_with("HTTP/1.1 200"), "{metrics}");
    assert!(metrics.contains("asset_node_executor_height"), "{metrics}");
    assert!(get(&node, "/health/live").await.starts_with("HTTP/1.1 200"));
    assert!(get(&node, "/health/ready").await.starts_with("HTTP/1.1 200"));
    fixture.l1.send_modify(|view| Arc::make_mut(view).reachable = false);
    let unready = get(&node, "/health/ready").await;
    assert!(unready.starts_with("HTTP/1.1 503") && unready.contains("L1"), "{unready}");
    node.shutdown().await.unwrap();
}

/// The whole answer to a GET.
async fn get(node: &NodeHandle, path: &str) -> String {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut stream = tokio::net::TcpStream::connect(node.metrics_address()).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_node_on_the_same_folder_is_refused() {
    let fixture = Fixture::new();
    let node = fixture.start().await;
    let error = fixture.try_start().await.unwrap_err();
    assert!(matches!(error, NodeError::DataDirInUse { .. }), "{error}");
    node.shutdown().await.unwrap();
    fixture.start().await.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_port_in_use_is_named() {
    let mut fixture = Fixture::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    fixture.config.rpc_address = taken.local_addr().unwrap();
    let error = fixture.try_start().await.unwrap_err();
    let message = error.to_string();
    assert!(matches!(error, NodeError::PortInUse { what: "JSON-RPC", .. }), "{message}");
    assert!(message.contains(&taken.local_addr().unwrap().to_string()), "{message}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_corrupt_data_folder_is_refused_with_advice() {
    let fixture = Fixture::new();
    fixture.start().await.shutdown().await.unwrap();
    std::fs::write(fixture.folder.path().join("data/store"), vec![1u8; 5_000]).unwrap();
    let error = fixture.try_start().await.unwrap_err();
    assert!(matches!(error, NodeError::Corrupt { .. }), "{error}");
    assert!(error.to_string().contains("move"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_folder_of_another_chain_is_refused() {
    let fixture = Fixture::new();
    fixture.start().await.shutdown().await.unwrap();
    let mut other = genesis(1);
    other.name = "other".to_owned();
    let path = &fixture.config.genesis_file;
    std::fs::write(path, serde_json::to_string(&other).unwrap()).unwrap();
    let error = fixture.try_start().await.unwrap_err();
    assert!(matches!(error, NodeError::ForeignData { .. }), "{error}");
}

#[tokio::test]
async fn a_key_outside_the_committee_is_refused() {
    let mut fixture = Fixture::new();
    let path: PathBuf = fixture.folder.path().join("stranger.json");
    key(77).write(&path).unwrap();
    fixture.config.committee_key_file = path;
    let error = fixture.try_start().await.unwrap_err();
    assert!(matches!(error, NodeError::NotAMember { .. }), "{error}");
}

#[tokio::test]
async fn a_genesis_that_breaks_rules_is_refused_with_all_of_them() {
    let fixture = Fixture::new();
    let mut wrong = genesis(1);
    wrong.params.chunk_bytes_max = 10;
    wrong.params.batch_interval_ms = 0;
    wrong.params.takeover_slots = 0;
    let path = &fixture.config.genesis_file;
    std::fs::write(path, serde_json::to_string(&wrong).unwrap()).unwrap();
    let error = fixture.try_start().await.unwrap_err();
    let message = error.to_string();
    assert!(matches!(error, NodeError::Genesis { .. }), "{message}");
    for violated in ["chunk_bytes_max", "batch_interval_ms", "takeover_slots"] {
        assert!(message.contains(violated), "{message}");
    }
}

#[tokio::test]
async fn an_l1_that_does_not_answer_is_named() {
    let mut fixture = Fixture::new();
    // A port that nobody listens on.
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    fixture.config.l1.url = format!("http://{free}");
    let error = crate::Node::start(fixture.config.clone()).await.unwrap_err();
    let NodeError::L1(cause) = &error else { panic!("{error}") };
    assert!(cause.to_string().contains(&free.to_string()), "{cause}");
}

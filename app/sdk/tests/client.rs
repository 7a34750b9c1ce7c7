//! The client against scripted nodes: rotation, sending again, waiting.

use std::{
    collections::VecDeque,
    net::TcpListener,
    sync::{Arc, Mutex},
    time::Duration,
};

use asset_sdk::{
    Client, ClientConfig, ClientError, Key, TransactionState, Wallet,
    rpc::{
        AccountView, AssetRpcServer, At, BalanceView, BatchView, BlockView, Bytes, CurveView,
        ErrorView, HoldingView, L1Status, MempoolStatus, ModuleView, NodeError, ProofView, Role,
        RpcError, SendResult, SessionView, SimulationView, StakeView, StatusView, TransactionView,
    },
    tx::{SignedTx, TxBuilder},
};
use curvevm::{
    error::Error as VmError,
    program::Amount,
    tx::Transaction,
    types::{Address, AssetId, CurveId, Hash, Key as CellKey, Quote},
};
use jsonrpsee::{
    PendingSubscriptionSink, SubscriptionMessage,
    core::{RpcResult, SubscriptionResult, async_trait},
    server::{Server, ServerHandle},
};

const CHAIN: Hash = Hash::new([1; 32]);
const AT: At = At { height: 7, root: Hash::new([2; 32]) };

/// What a node answers.
#[derive(Default)]
struct Script {
    chain: Hash,
    /// Answers to `sendTransaction`; without one it is taken.
    sends: VecDeque<Result<(), RpcError>>,
    /// What each subscription to a transaction says before it breaks; without one it is silent.
    subscriptions: VecDeque<Vec<TransactionState>>,
    /// The answer to `getTransaction`.
    state: Option<TransactionState>,
    nonce_next: u64,
    /// What was sent.
    received: Vec<Vec<u8>>,
}

#[derive(Clone)]
struct Node(Arc<Mutex<Script>>);

impl Node {
    fn script<T>(&self, read: impl FnOnce(&mut Script) -> T) -> T {
        read(&mut self.0.lock().unwrap())
    }
}

fn view(id: Hash, state: TransactionState) -> TransactionView {
    let error = (state == TransactionState::Dropped).then(|| RpcError::Vm(VmError::Expired).view());
    TransactionView {
        id,
        state,
        height: None,
        index: None,
        message: None,
        batch: None,
        receipt: None,
        error,
        at: AT,
    }
}

fn absent<T>() -> RpcResult<T> {
    Err(RpcError::Node(NodeError::NotFound).into())
}

#[async_trait]
impl AssetRpcServer for Node {
    async fn send_transaction(&self, transaction: Bytes) -> RpcResult<SendResult> {
        let id = Transaction::decode(transaction.as_ref()).unwrap().id(&CHAIN);
        let answer = self.script(|script| {
            script.received.push(transaction.into_vec());
            script.sends.pop_front()
        });
        match answer {
            Some(Err(error)) => Err(error.into()),
            Some(Ok(())) | None => Ok(SendResult { id }),
        }
    }

    async fn get_transaction(&self, id: Hash) -> RpcResult<TransactionView> {
        Ok(view(id, self.script(|script| script.state).unwrap_or(TransactionState::Unknown)))
    }

    async fn get_account(&self, owner: Address) -> RpcResult<AccountView> {
        let nonce_next = self.script(|script| script.nonce_next);
        Ok(AccountView { owner, exists: true, nonce_base: 0, nonce_next, balances: vec![], at: AT })
    }

    async fn get_status(&self) -> RpcResult<StatusView> {
        Ok(StatusView {
            version: "0".to_owned(),
            chain_id: self.script(|script| script.chain),
            name: "test".to_owned(),
            program_id: Address::default(),
            role: Role::Sequencer,
            member: Some(0),
            members: 1,
            peers: 0,
            view: 1,
            leader: Some(0),
            at: AT,
            time_ms: 1,
            batch_closed: 0,
            batch_committed: 0,
            batch_finalized: 0,
            inbox_cursor: 0,
            mempool: MempoolStatus { transactions: 0, transactions_max: 1 },
            l1: L1Status {
                url: String::new(),
                reachable: true,
                slot: 1,
                inbox_count: 0,
                error: None,
            },
            syncing: false,
            waiting_for: vec![],
        })
    }

    async fn get_stake(&self, _: CurveId, _: Address) -> RpcResult<StakeView> {
        absent()
    }

    async fn get_session(&self, _: Address, _: Address) -> RpcResult<SessionView> {
        absent()
    }

    async fn subscribe_transaction(
        &self,
        pending: PendingSubscriptionSink,
        id: Hash,
    ) -> SubscriptionResult {
        let states = self.script(|script| script.subscriptions.pop_front());
        let sink = pending.accept().await?;
        let Some(states) = states else {
            sink.closed().await;
            return Ok(());
        };
        for state in states {
            let raw = serde_json::value::to_raw_value(&view(id, state))?;
            sink.send(SubscriptionMessage::from(raw)).await?;
        }
        Err("the subscription breaks".into())
    }

    async fn subscribe_blocks(&self, _pending: PendingSubscriptionSink) -> SubscriptionResult {
        Ok(())
    }

    async fn simulate_transaction(&self, _transaction: Bytes) -> RpcResult<SimulationView> {
        absent()
    }

    async fn get_balance(
        &self,
        _owner: Address,
        _asset: Option<AssetId>,
    ) -> RpcResult<BalanceView> {
        absent()
    }

    async fn get_holding(&self, _curve: CurveId, _owner: Address) -> RpcResult<HoldingView> {
        absent()
    }

    async fn get_curve(&self, _curve: CurveId) -> RpcResult<CurveView> {
        Err(RpcError::Vm(VmError::UnknownCurve).into())
    }

    async fn get_module(&self, _module: Hash) -> RpcResult<ModuleView> {
        absent()
    }

    async fn get_block(&self, _height: u64) -> RpcResult<BlockView> {
        absent()
    }

    async fn get_batch(&self, _number: u64) -> RpcResult<BatchView> {
        absent()
    }

    async fn get_proof(&self, key: CellKey, batch: Option<u64>) -> RpcResult<ProofView> {
        // An empty tree.
        Ok(ProofView { key, batch, at: AT, witness: Bytes::new(vec![0]) })
    }
}

/// Serves a script; stopped when the handle is dropped.
async fn serve(script: Script) -> (Node, String, ServerHandle) {
    let node = Node(Arc::new(Mutex::new(script)));
    let server = Server::builder().build("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", server.local_addr().unwrap());
    (node.clone(), url, server.start(node.into_rpc()))
}

fn script() -> Script {
    Script { chain: CHAIN, ..Script::default() }
}

/// An address on which nobody listens.
fn dead() -> String {
    format!("http://{}", TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap())
}

fn config() -> ClientConfig {
    ClientConfig { pause: Duration::from_millis(1), ..ClientConfig::new() }
}

async fn wallet(url: &str) -> Wallet {
    let client = Client::connect(&[url], config()).await.unwrap();
    Wallet::open(Arc::new(client), Key::from_seed([7; 32])).await.unwrap()
}

fn transfer() -> TxBuilder {
    TxBuilder::new().transfer(Address::new([3; 32]), Amount::Quote(AssetId::SOL, Quote::new(1)))
}

fn signed() -> SignedTx {
    transfer().sign(&Key::from_seed([7; 32]), 0, &CHAIN).unwrap()
}

#[tokio::test]
async fn a_full_mempool_gets_the_same_bytes_again() {
    let full = Err(RpcError::Node(NodeError::MempoolFull));
    let (node, url, _server) = serve(Script { sends: [full, full].into(), ..script() }).await;
    let client = Client::connect(&[url], config()).await.unwrap();
    assert_eq!(client.send(&signed()).await.unwrap(), signed().id());
    assert_eq!(node.script(|script| script.received.clone()), vec![signed().bytes().to_vec(); 3]);
}

#[tokio::test]
async fn a_final_refusal_is_not_sent_again() {
    let refused = Err(RpcError::Vm(VmError::BadSignature));
    let (node, url, _server) = serve(Script { sends: [refused].into(), ..script() }).await;
    let client = Client::connect(&[url], config()).await.unwrap();
    let error = client.send(&signed()).await.unwrap_err();
    assert_eq!(error.number(), Some(5));
    assert_eq!(node.script(|script| script.received.len()), 1);
}

#[tokio::test]
async fn the_next_node_is_asked_when_one_does_not_answer() {
    let (node, url, _server) = serve(script()).await;
    let client = Client::connect(&[dead(), url.clone()], config()).await.unwrap();
    client.send(&signed()).await.unwrap();
    assert_eq!(client.url(), url);
    assert_eq!(node.script(|script| script.received.len()), 1);
}

#[tokio::test]
async fn without_any_node_the_error_names_them() {
    let dead = dead();
    let error = Client::connect(&[&dead], config()).await.unwrap_err();
    assert!(matches!(error, ClientError::Unreachable { .. }));
    assert!(error.to_string().contains(&dead), "{error}");
}

#[tokio::test]
async fn nodes_of_two_chains_are_refused() {
    let (_one, first, _first) = serve(script()).await;
    let (_two, second, _second) = serve(Script { chain: Hash::new([9; 32]), ..script() }).await;
    let error = Client::connect(&[first, second], config()).await.unwrap_err();
    assert!(matches!(error, ClientError::OtherChain { .. }), "{error}");
}

#[tokio::test]
async fn a_wait_survives_a_broken_subscription() {
    use TransactionState::{Committed, Pending, Preconfirmed};
    let subscriptions = [vec![Pending], vec![Pending, Preconfirmed], vec![Committed]].into();
    let (_node, url, _server) = serve(Script { subscriptions, ..script() }).await;
    let client = Client::connect(&[url], config()).await.unwrap();
    let view = client.wait_for(signed().id(), Committed).await.unwrap();
    assert_eq!(view.state, Committed);
}

#[tokio::test]
async fn a_silent_subscription_is_not_waited_for() {
    let config = ClientConfig { silence: Duration::from_millis(1), ..config() };
    let state = Some(TransactionState::Committed);
    let (_node, url, _server) = serve(Script { state, ..script() }).await;
    let client = Client::connect(&[url], config).await.unwrap();
    let view = client.wait_for(signed().id(), TransactionState::Committed).await.unwrap();
    assert_eq!(view.state, TransactionState::Committed);
}

#[tokio::test]
async fn a_dropped_transaction_ends_the_wait_with_its_reason() {
    use TransactionState::{Dropped, Pending, Preconfirmed};
    let subscriptions = [vec![Pending, Dropped]].into();
    let (_node, url, _server) = serve(Script { subscriptions, ..script() }).await;
    let client = Client::connect(&[url], config()).await.unwrap();
    let error = client.wait_for(signed().id(), Preconfirmed).await.unwrap_err();
    let ClientError::Dropped { error: Some(ErrorView { number, .. }), .. } = error else {
        panic!("{error}");
    };
    assert_eq!(number, u32::from(VmError::Expired.code()));
}

#[tokio::test]
async fn a_wait_that_takes_too_long_says_how_far_it_came() {
    let wait_timeout = Duration::from_millis(50);
    let config = ClientConfig { wait_timeout, silence: Duration::from_millis(5), ..config() };
    let state = Some(TransactionState::Pending);
    let (_node, url, _server) = serve(Script { state, ..script() }).await;
    let client = Client::connect(&[url], config).await.unwrap();
    let error = client.wait_for(signed().id(), TransactionState::Finalized).await.unwrap_err();
    assert!(
        matches!(error, ClientError::WaitTimeout { last: TransactionState::Pending, .. }),
        "{error}"
    );
}

#[tokio::test]
async fn a_nonce_that_another_client_took_is_replaced() {
    let taken = Err(RpcError::Vm(VmError::NonceUsed));
    let (node, url, _server) = serve(Script { sends: [taken].into(), ..script() }).await;
    let wallet = wallet(&url).await;
    node.script(|script| script.nonce_next = 5);
    assert_eq!(wallet.submit(&transfer()).await.unwrap().nonce(), 5);
}

#[tokio::test]
async fn a_transaction_whose_answer_was_lost_is_not_signed_again() {
    let used = Err(RpcError::Vm(VmError::NonceUsed));
    let state = Some(TransactionState::Preconfirmed);
    let (node, url, _server) = serve(Script { sends: [used].into(), state, ..script() }).await;
    let submitted = wallet(&url).await.submit(&transfer()).await.unwrap();
    assert_eq!(submitted.id, signed().id());
    assert_eq!(node.script(|script| script.received.len()), 1);
}

#[tokio::test]
async fn a_proof_under_another_root_is_refused() {
    let (_node, url, _server) = serve(script()).await;
    let client = Client::connect(&[url], config()).await.unwrap();
    let error = client.prove_withdrawal(0, 3, Hash::new([5; 32])).await.unwrap_err();
    assert!(matches!(error, ClientError::BadProof { index: 0, batch: 3 }), "{error}");
    // The empty tree's own root proves that the withdrawal is not there.
    let error = client.prove_withdrawal(0, 3, Hash::ZERO).await.unwrap_err();
    assert!(matches!(error, ClientError::NotFinalized { .. }), "{error}");
}

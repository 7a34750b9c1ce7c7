//! The methods. The macro makes a client and a server trait of them.

use curvevm::types::{Address, AssetId, CurveId, Hash, Key};
use jsonrpsee::{
    core::{RpcResult, SubscriptionResult},
    proc_macros::rpc,
};

use super::types::{
    AccountView, BalanceView, BatchView, BlockView, Bytes, CurveView, HoldingView, ModuleView,
    ProofView, SendResult, SessionView, SimulationView, StakeView, StatusView, TransactionView,
};

/// The methods of a node.
#[rpc(client, server)]
pub trait AssetRpc {
    /// Takes a signed transaction. The answer comes after it is stored durably; sending the same bytes again gives the same
    /// answer, also after they were executed.
    #[method(name = "sendTransaction")]
    async fn send_transaction(&self, transaction: Bytes) -> RpcResult<SendResult>;

    /// Executes a signed transaction on the latest preconfirmed state and forgets the result.
    #[method(name = "simulateTransaction")]
    async fn simulate_transaction(&self, transaction: Bytes) -> RpcResult<SimulationView>;

    /// Where a transaction stands. An id that the node never saw has the state `unknown`; it is not an error.
    #[method(name = "getTransaction")]
    async fn get_transaction(&self, id: Hash) -> RpcResult<TransactionView>;

    /// Nonces and all quote balances of an owner; an owner without an account has an empty one.
    #[method(name = "getAccount")]
    async fn get_account(&self, owner: Address) -> RpcResult<AccountView>;

    /// An owner's balance of one quote asset, SOL when none is named.
    #[method(name = "getBalance")]
    async fn get_balance(&self, owner: Address, asset: Option<AssetId>) -> RpcResult<BalanceView>;

    /// An owner's tokens of a curve.
    #[method(name = "getHolding")]
    async fn get_holding(&self, curve: CurveId, owner: Address) -> RpcResult<HoldingView>;

    /// An owner's shares of the pool of a migrated curve.
    #[method(name = "getStake")]
    async fn get_stake(&self, curve: CurveId, owner: Address) -> RpcResult<StakeView>;

    /// What a session key may do for an owner.
    #[method(name = "getSession")]
    async fn get_session(&self, owner: Address, session: Address) -> RpcResult<SessionView>;

    /// A curve, and the pool that it has become.
    #[method(name = "getCurve")]
    async fn get_curve(&self, curve: CurveId) -> RpcResult<CurveView>;

    /// A published module.
    #[method(name = "getModule")]
    async fn get_module(&self, module: Hash) -> RpcResult<ModuleView>;

    /// A preconfirmed block.
    #[method(name = "getBlock")]
    async fn get_block(&self, height: u64) -> RpcResult<BlockView>;

    /// A closed batch.
    #[method(name = "getBatch")]
    async fn get_batch(&self, number: u64) -> RpcResult<BatchView>;

    /// The witness that opens a cell's key (present or absent) under a state root: that after the batch of this number, or
    /// the latest.
    #[method(name = "getProof")]
    async fn get_proof(&self, key: Key, batch: Option<u64>) -> RpcResult<ProofView>;

    /// What the node does and what it waits for.
    #[method(name = "getStatus")]
    async fn get_status(&self) -> RpcResult<StatusView>;

    /// Every block as it is preconfirmed, from now on. A subscriber that does not keep up is closed.
    #[subscription(name = "subscribeBlocks" => "blocks", unsubscribe = "unsubscribeBlocks", item = BlockView)]
    async fn subscribe_blocks(&self) -> SubscriptionResult;

    /// Where a transaction stands now, then each change, until it is finalized or dropped.
    #[subscription(name = "subscribeTransaction" => "transaction", unsubscribe = "unsubscribeTransaction", item = TransactionView)]
    async fn subscribe_transaction(&self, id: Hash) -> SubscriptionResult;
}

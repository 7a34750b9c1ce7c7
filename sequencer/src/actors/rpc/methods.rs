//! The methods.

use asset_sdk::rpc::{
    AccountView, AssetRpcServer, BalanceView, BatchView, BlockView, Bytes, CurveView, HoldingView,
    ModuleView, NodeError, ProofView, RpcError, SendResult, SessionView, SimulationView, StakeView,
    StatusView, TransactionView,
};
use curvevm::types::{Address, AssetId, CurveId, Hash, Key};
use jsonrpsee::{
    PendingSubscriptionSink,
    core::{RpcResult, SubscriptionResult, async_trait},
};

use super::{Reads, StatusSource, subscriptions};
use crate::actors::mempool::MempoolHandle;

/// The methods of a node.
#[derive(Clone, Debug)]
pub(super) struct Methods {
    pub(super) reads: Reads,
    pub(super) status: StatusSource,
    pub(super) mempool: MempoolHandle,
}

#[async_trait]
impl AssetRpcServer for Methods {
    async fn send_transaction(&self, transaction: Bytes) -> RpcResult<SendResult> {
        let taken = self.mempool.submit(transaction.into_vec()).await;
        let id = taken.map_err(RpcError::from)?;
        Ok(SendResult { id })
    }

    async fn simulate_transaction(&self, transaction: Bytes) -> RpcResult<SimulationView> {
        let reads = self.reads.clone();
        let simulated = tokio::task::spawn_blocking(move || reads.simulate(transaction.as_ref()));
        simulated.await.unwrap_or_else(|_| Err(RpcError::Node(NodeError::Internal).into()))
    }

    async fn get_transaction(&self, id: Hash) -> RpcResult<TransactionView> {
        self.reads.transaction(id).await
    }

    async fn get_account(&self, owner: Address) -> RpcResult<AccountView> {
        self.reads.account(owner)
    }

    async fn get_balance(&self, owner: Address, asset: Option<AssetId>) -> RpcResult<BalanceView> {
        self.reads.balance(owner, asset.unwrap_or(AssetId::SOL))
    }

    async fn get_holding(&self, curve: CurveId, owner: Address) -> RpcResult<HoldingView> {
        self.reads.holding(curve, owner)
    }

    async fn get_stake(&self, curve: CurveId, owner: Address) -> RpcResult<StakeView> {
        self.reads.stake(curve, owner)
    }

    async fn get_session(&self, owner: Address, session: Address) -> RpcResult<SessionView> {
        self.reads.session(owner, session)
    }

    async fn get_curve(&self, curve: CurveId) -> RpcResult<CurveView> {
        self.reads.curve(curve)
    }

    async fn get_module(&self, module: Hash) -> RpcResult<ModuleView> {
        self.reads.module(module)
    }

    async fn get_block(&self, height: u64) -> RpcResult<BlockView> {
        self.reads.block(height).await
    }

    async fn get_batch(&self, number: u64) -> RpcResult<BatchView> {
        self.reads.batch(number).await
    }

    async fn get_proof(&self, key: Key, batch: Option<u64>) -> RpcResult<ProofView> {
        self.reads.proof(key, batch).await
    }

    async fn get_status(&self) -> RpcResult<StatusView> {
        Ok(self.status.view())
    }

    async fn subscribe_blocks(&self, pending: PendingSubscriptionSink) -> SubscriptionResult {
        subscriptions::blocks(&self.reads, pending).await
    }

    async fn subscribe_transaction(
        &self,
        pending: PendingSubscriptionSink,
        id: Hash,
    ) -> SubscriptionResult {
        subscriptions::transaction(&self.reads, pending, id).await
    }
}

//! The client and its calls.

use curvevm::{
    cell::{Cell, Curve, Withdrawal},
    module::Module,
    tree::Tree,
    types::{Address, AssetId, CurveId, Hash, Key as CellKey},
};

use super::{config::ClientConfig, error::ClientError, merge::merge, nodes::Nodes};
use crate::{
    rpc::{
        AccountView, AssetRpcClient, BalanceView, BatchView, BlockView, Bytes, CurveView,
        HoldingView, ModuleView, ProofView, SessionView, SimulationView, StakeView, StatusView,
        TransactionView,
    },
    tx::SignedTx,
};

/// A client of one or several nodes of one chain.
pub struct Client {
    pub(super) nodes: Nodes,
    pub(super) config: ClientConfig,
    chain_id: Hash,
}

/// A withdrawal and its proof under a root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvenWithdrawal {
    /// The withdrawal.
    pub withdrawal: Withdrawal,
    /// The batch after which the root holds.
    pub batch: u64,
    /// Opens the withdrawal's cell under the root.
    pub witness: Vec<u8>,
}

/// A curve and its module, and their proof under a root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvenCurve {
    /// The curve.
    pub curve: Curve,
    /// The batch after which the root holds.
    pub batch: u64,
    /// Opens the cells of the curve and of its module under the root.
    pub witness: Vec<u8>,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("chain_id", &self.chain_id).finish_non_exhaustive()
    }
}

impl Client {
    /// Connects to nodes; at least one must answer, and all that answer must serve one chain.
    ///
    /// # Errors
    ///
    /// [`ClientError::NoNodes`], [`ClientError::BadUrl`], [`ClientError::Unreachable`], [`ClientError::OtherChain`].
    pub async fn connect<U: AsRef<str>>(
        urls: &[U],
        config: ClientConfig,
    ) -> Result<Self, ClientError> {
        let nodes = Nodes::new(urls, &config)?;
        let mut chain_id = None;
        let mut last = ClientError::NoNodes;
        for node in nodes.all() {
            match node.http().get_status().await {
                Ok(status) => match chain_id {
                    Some(expected) if expected != status.chain_id => {
                        return Err(ClientError::OtherChain {
                            url: node.url.clone(),
                            found: status.chain_id,
                            expected,
                        });
                    }
                    Some(_) => {}
                    None => chain_id = Some(status.chain_id),
                },
                Err(error) => last = ClientError::from_transport(error, &node.url),
            }
        }
        chain_id.map(|chain_id| Self { nodes, config, chain_id }).ok_or(last)
    }

    /// The genesis hash.
    pub const fn chain_id(&self) -> Hash {
        self.chain_id
    }

    /// The address of the preferred node.
    pub fn url(&self) -> &str {
        &self.nodes.preferred().url
    }

    /// Sends a signed transaction; the node has stored it durably when this returns. Transient errors are met by sending the
    /// same bytes again, to other nodes too.
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    pub async fn send(&self, transaction: &SignedTx) -> Result<Hash, ClientError> {
        let bytes = Bytes::new(transaction.bytes().to_vec());
        let sent = self
            .nodes
            .call(|node| {
                let bytes = bytes.clone();
                async move { node.send_transaction(bytes).await }
            })
            .await?;
        Ok(sent.id)
    }

    /// What a signed transaction would do on the latest preconfirmed state.
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    pub async fn simulate(&self, transaction: &SignedTx) -> Result<SimulationView, ClientError> {
        let bytes = Bytes::new(transaction.bytes().to_vec());
        self.nodes
            .call(|node| {
                let bytes = bytes.clone();
                async move { node.simulate_transaction(bytes).await }
            })
            .await
    }

    /// Where a transaction stands.
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    pub async fn transaction(&self, id: Hash) -> Result<TransactionView, ClientError> {
        self.nodes.call(|node| async move { node.get_transaction(id).await }).await
    }

    /// An owner's nonces and balances.
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    pub async fn account(&self, owner: Address) -> Result<AccountView, ClientError> {
        self.nodes.call(|node| async move { node.get_account(owner).await }).await
    }

    /// An owner's balance of a quote asset.
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    pub async fn balance(
        &self,
        owner: Address,
        asset: AssetId,
    ) -> Result<BalanceView, ClientError> {
        self.nodes.call(|node| async move { node.get_balance(owner, Some(asset)).await }).await
    }

    /// An owner's tokens of a curve.
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    pub async fn holding(
        &self,
        curve: CurveId,
        owner: Address,
    ) -> Result<HoldingView, ClientError> {
        self.nodes.call(|node| async move { node.get_holding(curve, owner).await }).await
    }

    /// An owner's shares of the pool of a migrated curve.
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    pub async fn stake(&self, curve: CurveId, owner: Address) -> Result<StakeView, ClientError> {
        self.nodes.call(|node| async move { node.get_stake(curve, owner).await }).await
    }

    /// What a session key may do for an owner.
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    pub async fn session(
        &self,
        owner: Address,
        session: Address,
    ) -> Result<SessionView, ClientError> {
        self.nodes.call(|node| async move { node.get_session(owner, session).await }).await
    }

    /// A curve, and the pool that it has become.
    ///
    /// # Errors
    ///
    /// [`ClientError`], [`curvevm::error::Error::UnknownCurve`] among them.
    pub async fn curve(&self, curve: CurveId) -> Result<CurveView, ClientError> {
        self.nodes.call(|node| async move { node.get_curve(curve).await }).await
    }

    /// A published module.
    ///
    /// # Errors
    ///
    /// [`ClientError`]; [`ClientError::BadProof`] never, the module's hash is checked by the caller who knows it.
    pub async fn module(&self, hash: Hash) -> Result<Option<Module>, ClientError> {
        let view: ModuleView =
            self.nodes.call(|node| async move { node.get_module(hash).await }).await?;
        let module = borsh::from_slice::<Module>(view.module.as_ref()).ok();
        Ok(module.filter(|module| module.hash() == hash))
    }

    /// A preconfirmed block.
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    pub async fn block(&self, height: u64) -> Result<BlockView, ClientError> {
        self.nodes.call(|node| async move { node.get_block(height).await }).await
    }

    /// A closed batch.
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    pub async fn batch(&self, number: u64) -> Result<BatchView, ClientError> {
        self.nodes.call(|node| async move { node.get_batch(number).await }).await
    }

    /// The witness of a cell under the root after a batch, or under the latest.
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    pub async fn proof(&self, key: CellKey, batch: Option<u64>) -> Result<ProofView, ClientError> {
        self.nodes.call(|node| async move { node.get_proof(key, batch).await }).await
    }

    /// What the preferred node does and what it waits for.
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    pub async fn status(&self) -> Result<StatusView, ClientError> {
        self.nodes.call(|node| async move { node.get_status().await }).await
    }

    /// A withdrawal, proved under the root that the L1 holds as finalized for `batch`. The node is not believed: its witness
    /// must lead to `root`.
    ///
    /// # Errors
    ///
    /// [`ClientError::NotFinalized`] when the root does not know the withdrawal yet, [`ClientError::BadProof`], and those of
    /// the call.
    pub async fn prove_withdrawal(
        &self,
        index: u64,
        batch: u64,
        root: Hash,
    ) -> Result<ProvenWithdrawal, ClientError> {
        let key = Withdrawal::key(index);
        let proof = self.proof(key, Some(batch)).await?;
        let bad = || ClientError::BadProof { index, batch };
        let mut tree = Tree::from_witness(proof.witness.as_ref()).map_err(|_| bad())?;
        if tree.root() != root {
            return Err(bad());
        }
        match tree.get(&key).map_err(|_| bad())? {
            Some(Cell::Withdrawal(withdrawal)) => Ok(ProvenWithdrawal {
                withdrawal: withdrawal.clone(),
                batch,
                witness: proof.witness.into_vec(),
            }),
            Some(_) => Err(bad()),
            None => Err(ClientError::NotFinalized { index, batch }),
        }
    }
    /// A curve and its module, proved under the root that the L1 holds as finalized for `batch`. The node is not believed, as in
    /// [`Client::prove_withdrawal`].
    ///
    /// # Errors
    ///
    /// [`ClientError::CurveNotFinalized`] when the root does not know the curve yet, [`ClientError::BadCurveProof`], and those of
    /// the calls.
    pub async fn prove_curve(
        &self,
        id: CurveId,
        batch: u64,
        root: Hash,
    ) -> Result<ProvenCurve, ClientError> {
        let bad = || ClientError::BadCurveProof { curve: id, batch };
        let of_curve = self.proof(Curve::key(&id), Some(batch)).await?.witness.into_vec();
        let tree = opened(&of_curve, root).ok_or_else(bad)?;
        let curve = match tree.get(&Curve::key(&id)).map_err(|_| bad())? {
            Some(Cell::Curve(curve)) => curve.clone(),
            Some(_) => return Err(bad()),
            None => return Err(ClientError::CurveNotFinalized { curve: id, batch }),
        };
        let module = Module::key(&curve.module);
        let of_module = self.proof(module, Some(batch)).await?.witness.into_vec();
        let witness = merge(&of_curve, &of_module).ok_or_else(bad)?;
        let tree = opened(&witness, root).ok_or_else(bad)?;
        match tree.get(&module).map_err(|_| bad())? {
            Some(Cell::Module(_)) => Ok(ProvenCurve { curve, batch, witness }),
            Some(_) | None => Err(bad()),
        }
    }
}

/// The tree of a witness, when it leads to the root.
fn opened(witness: &[u8], root: Hash) -> Option<Tree> {
    let mut tree = Tree::from_witness(witness).ok()?;
    (tree.root() == root).then_some(tree)
}

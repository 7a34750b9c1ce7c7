//! A key at work: its nonces, its trades, its withdrawals.

use std::sync::Arc;

use curvevm::{
    module::Module,
    program::{Amount, BuyOrder, Launch, SellOrder},
    receipt::{Event, Outcome, Receipt},
    types::{Address, CurveId, Hash, Quote},
};

use crate::{
    client::{Client, ClientError, succeeded},
    keys::Key,
    nonce::{NonceLease, NonceManager},
    rpc::{TransactionState, TransactionView},
    tx::TxBuilder,
};

/// How often a transaction that was never accepted is signed again with another nonce, when other clients use the same key.
const RESIGN_MAX: usize = 16;

/// A key at work on one chain.
#[derive(Clone, Debug)]
pub struct Wallet {
    client: Arc<Client>,
    key: Key,
    nonces: NonceManager,
}

/// A transaction that a node has stored. Holds its nonce until it is dropped.
#[derive(Debug)]
pub struct Submitted {
    /// The transaction's id.
    pub id: Hash,
    lease: NonceLease,
    client: Arc<Client>,
}

impl Wallet {
    /// A wallet; reads the account's nonces.
    ///
    /// # Errors
    ///
    /// Those of [`Client::account`].
    pub async fn open(client: Arc<Client>, key: Key) -> Result<Self, ClientError> {
        let account = client.account(key.address()).await?;
        Ok(Self { client, key, nonces: NonceManager::new(account.nonce_next) })
    }

    /// The wallet's address.
    pub fn address(&self) -> Address {
        self.key.address()
    }

    /// The key.
    pub const fn key(&self) -> &Key {
        &self.key
    }

    /// The client.
    pub const fn client(&self) -> &Arc<Client> {
        &self.client
    }

    /// Signs and sends. When this returns, a node has stored the transaction durably.
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    pub async fn submit(&self, transaction: &TxBuilder) -> Result<Submitted, ClientError> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            let lease = self.nonces.take().await;
            let signed = transaction
                .sign(&self.key, lease.nonce(), &self.client.chain_id())
                .map_err(ClientError::Build)?;
            match self.client.send(&signed).await {
                Ok(id) => return Ok(Submitted { id, lease, client: Arc::clone(&self.client) }),
                Err(error) if error.is_nonce_conflict() => {
                    // It may be this very transaction, when the answer to an earlier send was lost.
                    if self.client.transaction(signed.id()).await?.state > TransactionState::Dropped
                    {
                        return Ok(Submitted {
                            id: signed.id(),
                            lease,
                            client: Arc::clone(&self.client),
                        });
                    }
                    if attempt >= RESIGN_MAX {
                        return Err(error);
                    }
                    self.nonces.advance_to(self.client.account(self.address()).await?.nonce_next);
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Signs, sends, and waits until the transaction has reached a state and has taken effect.
    ///
    /// # Errors
    ///
    /// [`ClientError`]; [`ClientError::Failed`] when it was executed and did nothing.
    pub async fn execute(
        &self,
        transaction: &TxBuilder,
        wanted: TransactionState,
    ) -> Result<TransactionView, ClientError> {
        self.submit(transaction).await?.wait(wanted).await.and_then(succeeded)
    }

    /// What a transaction would do now; nothing is sent.
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    pub async fn simulate(&self, transaction: &TxBuilder) -> Result<Receipt, ClientError> {
        let signed = transaction
            .sign(&self.key, self.nonces.peek(), &self.client.chain_id())
            .map_err(ClientError::Build)?;
        self.client.simulate(&signed).await.map(|simulation| simulation.receipt)
    }

    /// Buys from a curve.
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    pub async fn buy(&self, curve: CurveId, order: BuyOrder) -> Result<Submitted, ClientError> {
        self.submit(&TxBuilder::new().buy(curve, order)).await
    }

    /// Sells to a curve.
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    pub async fn sell(&self, curve: CurveId, order: SellOrder) -> Result<Submitted, ClientError> {
        self.submit(&TxBuilder::new().sell(curve, order)).await
    }

    /// Publishes a module.
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    pub async fn publish(&self, module: Module) -> Result<Submitted, ClientError> {
        self.submit(&TxBuilder::new().publish(module)).await
    }

    /// Launches an asset, and says its curve's id.
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    pub async fn launch(&self, launch: Launch) -> Result<(CurveId, Submitted), ClientError> {
        let curve = CurveId::derive(&self.address(), launch.salt);
        Ok((curve, self.submit(&TxBuilder::new().launch(launch)).await?))
    }

    /// Transfers on this chain.
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    pub async fn transfer(&self, to: Address, amount: Amount) -> Result<Submitted, ClientError> {
        self.submit(&TxBuilder::new().transfer(to, amount)).await
    }

    /// Withdraws SOL to a Solana address. The receipt names the withdrawal's index ([`withdrawal_index`]), by which it is
    /// claimed on the L1 once its batch is finalized.
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    pub async fn withdraw_sol(
        &self,
        recipient: Address,
        amount: Quote,
    ) -> Result<Submitted, ClientError> {
        self.submit(&TxBuilder::new().withdraw_sol(recipient, amount)).await
    }
}

impl Submitted {
    /// The nonce.
    pub const fn nonce(&self) -> u64 {
        self.lease.nonce()
    }

    /// Waits until it has reached a state. Its nonce is free for the window to move on after that.
    ///
    /// # Errors
    ///
    /// Those of [`Client::wait_for`].
    pub async fn wait(self, wanted: TransactionState) -> Result<TransactionView, ClientError> {
        self.client.wait_for(self.id, wanted).await
    }
}

/// The index of the first withdrawal that a transaction recorded.
pub fn withdrawal_index(view: &TransactionView) -> Option<u64> {
    let Outcome::Succeeded(events) = &view.receipt.as_ref()?.outcome else { return None };
    events.iter().find_map(|event| match event {
        Event::Withdrawn { index } => Some(*index),
        Event::Traded(_)
        | Event::Launched { .. }
        | Event::Published { .. }
        | Event::Transferred { .. } => None,
    })
}

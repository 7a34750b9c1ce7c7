//! A key at work: its nonces, its trades, its withdrawals.

use std::sync::Arc;

use curvevm::{
    module::Module,
    program::{Amount, BuyOrder, Claim, Launch, SellOrder},
    receipt::{Event, Outcome, Receipt, Trade},
    types::{Address, CurveId, Hash, Quote},
};

use crate::{
    client::{Client, ClientError, succeeded},
    keys::Key,
    nonce::{NonceLease, NonceManager},
    rpc::{TransactionState, TransactionView},
    tx::{Addition, Grant, Removal, TxBuilder},
};

/// How often a transaction that was never accepted is signed again with another nonce, when other clients use the same key.
const RESIGN_MAX: usize = 16;

/// A key at work on one chain.
#[derive(Clone, Debug)]
pub struct Wallet {
    client: Arc<Client>,
    key: Key,
    owner: Option<Address>,
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
        Ok(Self { client, key, owner: None, nonces: NonceManager::new(account.nonce_next) })
    }

    /// A wallet that acts for the account of `owner` with a session key; reads the owner's nonces.
    ///
    /// # Errors
    ///
    /// Those of [`Client::account`].
    pub async fn open_session(
        client: Arc<Client>,
        key: Key,
        owner: Address,
    ) -> Result<Self, ClientError> {
        let account = client.account(owner).await?;
        Ok(Self { client, key, owner: Some(owner), nonces: NonceManager::new(account.nonce_next) })
    }

    /// The address of the account that acts.
    pub fn address(&self) -> Address {
        self.owner.unwrap_or_else(|| self.key.address())
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
        let transaction = self.acting(transaction);
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
        let signed = self
            .acting(transaction)
            .sign(&self.key, self.nonces.peek(), &self.client.chain_id())
            .map_err(ClientError::Build)?;
        self.client.simulate(&signed).await.map(|simulation| simulation.receipt)
    }

    /// The transaction, for the account that acts.
    fn acting(&self, transaction: &TxBuilder) -> TxBuilder {
        let transaction = transaction.clone();
        match self.owner {
            Some(owner) => transaction.on_behalf_of(owner),
            None => transaction,
        }
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

    /// Turns a complete curve into a pool.
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    pub async fn migrate(&self, curve: CurveId) -> Result<Submitted, ClientError> {
        self.submit(&TxBuilder::new().migrate(curve)).await
    }

    /// Adds quote and tokens to a pool.
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    pub async fn add_liquidity(
        &self,
        curve: CurveId,
        addition: Addition,
    ) -> Result<Submitted, ClientError> {
        self.submit(&TxBuilder::new().add_liquidity(curve, addition)).await
    }

    /// Takes quote and tokens out of a pool.
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    pub async fn remove_liquidity(
        &self,
        curve: CurveId,
        removal: Removal,
    ) -> Result<Submitted, ClientError> {
        self.submit(&TxBuilder::new().remove_liquidity(curve, removal)).await
    }

    /// Claims what has accrued for this account.
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    pub async fn claim(&self, curve: CurveId, what: Claim) -> Result<Submitted, ClientError> {
        self.submit(&TxBuilder::new().claim(curve, what)).await
    }

    /// Lets a session key trade for this account.
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    pub async fn authorize(&self, grant: Grant) -> Result<Submitted, ClientError> {
        self.submit(&TxBuilder::new().authorize(grant)).await
    }

    /// No longer lets a session key trade for this account.
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    pub async fn revoke(&self, session: Address) -> Result<Submitted, ClientError> {
        self.submit(&TxBuilder::new().revoke(session)).await
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

    /// Withdraws a quote asset, or tokens of a curve, to a Solana address; as [`Wallet::withdraw_sol`].
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    pub async fn withdraw(
        &self,
        recipient: Address,
        amount: Amount,
    ) -> Result<Submitted, ClientError> {
        self.submit(&TxBuilder::new().withdraw(recipient, amount)).await
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
    events.iter().find_map(withdrawal_of)
}

/// The index of the withdrawal, if the event is one.
pub const fn withdrawal_of(event: &Event) -> Option<u64> {
    match event {
        Event::Withdrawn { index } => Some(*index),
        Event::Traded(_)
        | Event::Launched { .. }
        | Event::Published { .. }
        | Event::Transferred { .. }
        | Event::LiquidityAdded(_)
        | Event::LiquidityRemoved(_)
        | Event::Migrated(_)
        | Event::Claimed { .. }
        | Event::Authorized { .. }
        | Event::Revoked { .. }
        | Event::Deposited { .. } => None,
    }
}

/// The trade, if the event is one or has one in it.
pub const fn trade_of(event: &Event) -> Option<Trade> {
    match event {
        Event::Traded(trade) => Some(*trade),
        Event::Launched { first_buy, .. } => *first_buy,
        Event::Withdrawn { .. }
        | Event::Published { .. }
        | Event::Transferred { .. }
        | Event::LiquidityAdded(_)
        | Event::LiquidityRemoved(_)
        | Event::Migrated(_)
        | Event::Claimed { .. }
        | Event::Authorized { .. }
        | Event::Revoked { .. }
        | Event::Deposited { .. } => None,
    }
}

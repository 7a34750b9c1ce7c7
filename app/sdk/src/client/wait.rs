//! Waiting for a transaction's fate: a subscription, opened anew at another node when it breaks.

use curvevm::{receipt::Outcome, types::Hash};
use jsonrpsee::core::{ClientError as TransportError, client::Subscription};
use tokio::time::{Instant, sleep, timeout_at};

use super::{error::ClientError, methods::Client};
use crate::rpc::{AssetRpcClient, BlockView, StatusView, TransactionState, TransactionView};

impl Client {
    /// Waits until a transaction has reached a state, one of `preconfirmed`, `committed`, `finalized` (`pending` is reached
    /// when [`Client::send`] returns).
    ///
    /// # Errors
    ///
    /// [`ClientError::Dropped`], [`ClientError::WaitTimeout`]. A transaction that failed in its block has reached the state;
    /// see [`succeeded`].
    pub async fn wait_for(
        &self,
        id: Hash,
        wanted: TransactionState,
    ) -> Result<TransactionView, ClientError> {
        let deadline = Instant::now() + self.config.wait_timeout;
        let mut last = TransactionState::Unknown;
        while Instant::now() < deadline {
            match self.follow(id, wanted, deadline, &mut last).await {
                Ok(Some(view)) => return Ok(view),
                Ok(None) => {}
                Err(error @ ClientError::Dropped { .. }) => return Err(error),
                Err(error) => {
                    tracing::debug!(%error, url = self.url(), "a subscription broke");
                }
            }
            self.nodes.rotate();
            // The next node may take calls even if it takes no subscriptions.
            if let Ok(view) = self.nodes.preferred().http().get_transaction(id).await
                && let Some(view) = reached(view, wanted, &mut last)?
            {
                return Ok(view);
            }
            sleep(self.config.pause).await;
        }
        Err(ClientError::WaitTimeout { id, wanted, last })
    }

    /// Follows one subscription; nothing when it ended or time is up.
    async fn follow(
        &self,
        id: Hash,
        wanted: TransactionState,
        deadline: Instant,
        last: &mut TransactionState,
    ) -> Result<Option<TransactionView>, ClientError> {
        let node = self.nodes.preferred();
        let broken = |error: TransportError| ClientError::from_transport(error, &node.url);
        let ws = node.ws().await.map_err(broken)?;
        let mut views: Subscription<TransactionView> =
            ws.subscribe_transaction(id).await.map_err(broken)?;
        while Instant::now() < deadline {
            let silent_at = deadline.min(Instant::now() + self.config.silence);
            let view = match timeout_at(silent_at, views.next()).await {
                Ok(Some(Ok(view))) => view,
                Ok(Some(Err(error))) => {
                    let error = TransportError::ParseError(error);
                    return Err(ClientError::BadAnswer(Box::new(error)));
                }
                Ok(None) => break,
                // A server may end a subscription without a word.
                Err(_) => node.http().get_transaction(id).await.map_err(broken)?,
            };
            if let Some(view) = reached(view, wanted, last)? {
                return Ok(Some(view));
            }
        }
        Ok(None)
    }

    /// Blocks as they are preconfirmed, from the preferred node. The subscription ends when the connection breaks; subscribe
    /// again and fetch what was missed by height.
    ///
    /// # Errors
    ///
    /// [`ClientError::Unreachable`] and what the node refuses with.
    pub async fn subscribe_blocks(&self) -> Result<Subscription<BlockView>, ClientError> {
        let node = self.nodes.preferred();
        let broken = |error: TransportError| ClientError::from_transport(error, &node.url);
        let ws = node.ws().await.map_err(broken)?;
        ws.subscribe_blocks().await.map_err(broken)
    }

    /// Waits until the chain has consumed the inbox up to `cursor`: the deposits below it are credited.
    ///
    /// # Errors
    ///
    /// [`ClientError::Timeout`] and those of [`Client::status`].
    pub async fn wait_inbox(&self, cursor: u64) -> Result<StatusView, ClientError> {
        self.wait_status("the deposit to be credited", |status| status.inbox_cursor >= cursor).await
    }

    /// Waits until the status of the preferred node fulfils a condition.
    ///
    /// # Errors
    ///
    /// [`ClientError::Timeout`] and those of [`Client::status`].
    pub async fn wait_status(
        &self,
        what: &str,
        condition: impl Fn(&StatusView) -> bool,
    ) -> Result<StatusView, ClientError> {
        let deadline = Instant::now() + self.config.wait_timeout;
        while Instant::now() < deadline {
            let status = self.status().await?;
            if condition(&status) {
                return Ok(status);
            }
            sleep(self.config.pause).await;
        }
        Err(ClientError::Timeout { what: what.to_owned() })
    }
}

/// The view, when it has reached a state.
fn reached(
    view: TransactionView,
    wanted: TransactionState,
    last: &mut TransactionState,
) -> Result<Option<TransactionView>, ClientError> {
    *last = view.state;
    if view.state == TransactionState::Dropped {
        return Err(ClientError::Dropped { id: view.id, error: view.error });
    }
    Ok(view.state.has_reached(wanted).then_some(view))
}

/// The view, when the transaction took effect.
///
/// # Errors
///
/// [`ClientError::Failed`], [`ClientError::Rejected`].
pub fn succeeded(view: TransactionView) -> Result<TransactionView, ClientError> {
    match view.receipt.as_ref().map(|receipt| &receipt.outcome) {
        Some(Outcome::Failed { instruction, error }) => {
            Err(ClientError::Failed { id: view.id, instruction: *instruction, error: *error })
        }
        Some(Outcome::Rejected { error }) => {
            Err(ClientError::Rejected { id: view.id, error: *error })
        }
        Some(Outcome::Succeeded(_)) | None => Ok(view),
    }
}

//! Subscriptions to blocks and to the fate of a transaction.

use std::time::Duration;

use asset_sdk::rpc::TransactionState;
use curvevm::types::Hash;
use jsonrpsee::{PendingSubscriptionSink, SubscriptionSink, core::SubscriptionResult};
use serde::Serialize;
use tokio::{sync::broadcast::error::RecvError, time::interval};

use super::Reads;

/// How long a subscriber may stall before it is closed.
const STALL_MAX: Duration = Duration::from_secs(10);
/// How often a waiting transaction is looked at when no block and no news of the L1 wake its subscriber.
const LOOK: Duration = Duration::from_secs(1);

/// Sends every block from now on.
pub(super) async fn blocks(reads: &Reads, pending: PendingSubscriptionSink) -> SubscriptionResult {
    let mut blocks = reads.executor.blocks();
    let sink = pending.accept().await?;
    loop {
        let event = tokio::select! {
            () = sink.closed() => return Ok(()),
            event = blocks.recv() => event,
        };
        match event {
            Ok(event) => match reads.committed(&event.version, &event.parent) {
                Some(view) => send(&sink, &view).await?,
                None => continue,
            },
            Err(RecvError::Lagged(missed)) => {
                return Err(format!("the subscriber missed {missed} blocks").into());
            }
            Err(RecvError::Closed) => return Ok(()),
        }
    }
}

/// Sends where a transaction stands now, then each change, until its last state.
pub(super) async fn transaction(
    reads: &Reads,
    pending: PendingSubscriptionSink,
    id: Hash,
) -> SubscriptionResult {
    let (mut head, mut l1) = (reads.executor.head_changes(), reads.l1.clone());
    let sink = pending.accept().await?;
    let mut look = interval(LOOK);
    let mut sent: Option<(TransactionState, bool)> = None;
    loop {
        let view = reads.transaction(id).await.map_err(|error| error.message().to_owned())?;
        // What was forced and rejected may be executed later.
        let is_rejected = view.receipt.as_ref().is_some_and(|it| it.outcome.is_rejected());
        if sent != Some((view.state, is_rejected)) {
            sent = Some((view.state, is_rejected));
            send(&sink, &view).await?;
        }
        let is_executed = match view.state {
            TransactionState::Finalized | TransactionState::Dropped => return Ok(()),
            TransactionState::Preconfirmed | TransactionState::Committed => !is_rejected,
            TransactionState::Unknown | TransactionState::Pending => false,
        };
        // While it waits in the mempool no block has it, and the store need not be asked.
        loop {
            tokio::select! {
                () = sink.closed() => return Ok(()),
                changed = head.changed(), if !is_executed => changed?,
                changed = l1.changed(), if is_executed => changed?,
                _ = look.tick() => break,
            }
            if is_executed || reads.pool.get(&id).is_none() {
                break;
            }
        }
    }
}

async fn send<T: Serialize>(sink: &SubscriptionSink, item: &T) -> SubscriptionResult {
    let message = serde_json::value::to_raw_value(item)?;
    sink.send_timeout(message, STALL_MAX).await?;
    Ok(())
}

//! Brings the messages of other members to those that they are for.

use std::sync::Arc;

use asset_consensus::MemberIx;
use asset_consensus_net::transport::Inbound;
use tokio::sync::{mpsc, watch};

use crate::{
    actors::{mempool::MempoolHandle, poster::Attestations, stopped},
    gossip::AppMessage,
    store::{Store, StoreError},
};

/// Brings messages to those that they are for.
#[derive(Debug)]
pub(super) struct Router {
    pub(super) inbox: mpsc::Receiver<Inbound>,
    pub(super) mempool: MempoolHandle,
    pub(super) attestations: Arc<Attestations>,
    pub(super) store: Arc<Store>,
}

impl Router {
    /// Runs until `stop` turns true.
    pub(super) async fn run(mut self, mut stop: watch::Receiver<bool>) {
        loop {
            let inbound = tokio::select! {
                () = stopped(&mut stop) => return,
                inbound = self.inbox.recv() => inbound,
            };
            let Some(Inbound { from, bytes }) = inbound else { return };
            match AppMessage::decode(&bytes) {
                Some(message) => self.take(from, message).await,
                None => {
                    tracing::debug!(%from, "a member sent an application message that cannot be read")
                }
            }
        }
    }

    async fn take(&self, from: MemberIx, message: AppMessage) {
        let attestations = self.attestations.clone();
        let taken: Result<(), StoreError> = match message {
            AppMessage::Transactions(list) => {
                self.mempool.take_forwarded(list).await;
                Ok(())
            }
            AppMessage::AttestationRequest { batch } => {
                self.store.run(move |_| attestations.on_request(from, batch)).await
            }
            AppMessage::Attestation { batch, signature } => {
                self.store.run(move |_| attestations.on_attestation(from, batch, signature)).await
            }
        };
        if let Err(error) = taken {
            tracing::error!(%error, "a member's message could not be taken");
        }
    }
}

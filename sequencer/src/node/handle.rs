//! A running node, seen from outside.

use std::net::SocketAddr;

use asset_consensus_net::libp2p::Multiaddr;
use asset_sdk::rpc::StatusView;
use tokio::{sync::watch, task::JoinHandle};

use crate::{actors::rpc::StatusSource, error::NodeError};

/// A running node. Dropping it stops the node in the background.
#[derive(Debug)]
pub struct NodeHandle {
    pub(super) rpc_address: SocketAddr,
    pub(super) metrics_address: SocketAddr,
    pub(super) listen_addresses: Vec<Multiaddr>,
    pub(super) member: u16,
    pub(super) status: StatusSource,
    pub(super) stop: watch::Sender<bool>,
    pub(super) supervisor: JoinHandle<Result<(), NodeError>>,
}

impl NodeHandle {
    /// Where JSON-RPC is served.
    pub const fn rpc_address(&self) -> SocketAddr {
        self.rpc_address
    }

    /// Where metrics and health are served.
    pub const fn metrics_address(&self) -> SocketAddr {
        self.metrics_address
    }

    /// The libp2p addresses that are listened on.
    pub fn listen_addresses(&self) -> &[Multiaddr] {
        &self.listen_addresses
    }

    /// The node's index in the committee.
    pub const fn member(&self) -> u16 {
        self.member
    }

    /// What the node does and what it waits for.
    pub fn status(&self) -> StatusView {
        self.status.view()
    }

    /// Stops the node: calls that run are answered, a commit that runs ends, everything is closed.
    ///
    /// # Errors
    ///
    /// The error with which the node had stopped before.
    pub async fn shutdown(mut self) -> Result<(), NodeError> {
        self.stop.send_replace(true);
        self.stopped().await
    }

    /// Waits until the node has stopped by itself, which it does only for an error. Cancel-safe; call it once to the end.
    ///
    /// # Errors
    ///
    /// Why it stopped.
    pub async fn stopped(&mut self) -> Result<(), NodeError> {
        (&mut self.supervisor).await.unwrap_or_else(|error| {
            Err(NodeError::Task { task: "supervisor", reason: error.to_string() })
        })
    }
}

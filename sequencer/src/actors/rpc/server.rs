//! The server.

use std::net::{SocketAddr, TcpListener};

use asset_sdk::rpc::AssetRpcServer as _;
use jsonrpsee::server::{Server, ServerConfig, ServerHandle};

use super::{Reads, StatusSource, methods::Methods};
use crate::{actors::mempool::MempoolHandle, config::RpcConfig, error::NodeError};

/// The longest answer, in bytes.
const ANSWER_BYTES_MAX: u32 = 4 * 1024 * 1024;

/// Takes an address, so that one that is in use is found before anything else starts.
///
/// # Errors
///
/// [`NodeError::PortInUse`].
pub(crate) fn bind(what: &'static str, address: SocketAddr) -> Result<TcpListener, NodeError> {
    let failed = |source| NodeError::PortInUse { what, address, source };
    let listener = TcpListener::bind(address).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    Ok(listener)
}

/// A running RPC server.
#[derive(Debug)]
pub(crate) struct RpcServer {
    handle: ServerHandle,
}

impl RpcServer {
    /// Serves on `listener` until it is stopped.
    pub(crate) fn start(
        listener: TcpListener,
        limits: &RpcConfig,
        (reads, status, mempool): (Reads, StatusSource, MempoolHandle),
    ) -> Result<Self, std::io::Error> {
        let config = ServerConfig::builder()
            .max_connections(limits.connections_max)
            .max_request_body_size(limits.request_bytes_max)
            .max_response_body_size(ANSWER_BYTES_MAX)
            .max_subscriptions_per_connection(limits.subscriptions_max)
            .build();
        let server = Server::builder().set_config(config).build_from_tcp(listener)?;
        let handle = server.start(Methods { reads, status, mempool }.into_rpc());
        Ok(Self { handle })
    }

    /// Stops taking calls and waits for those that run.
    pub(crate) async fn stop(self) {
        // Fails only when it is stopped already.
        let _ = self.handle.stop();
        self.handle.stopped().await;
    }
}

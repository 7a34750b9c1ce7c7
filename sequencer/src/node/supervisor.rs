//! Watches what runs, and stops it in order.

use std::sync::Arc;

use asset_consensus_net::{EngineHandle, libp2p::Libp2pTransport};
use tokio::{sync::watch, task::JoinSet};

use super::data_dir::DataDir;
use crate::{
    actors::{rpc::RpcServer, telemetry::TelemetryServer},
    error::NodeError,
};

/// Everything that runs.
pub(super) struct Running {
    pub(super) engine: EngineHandle,
    pub(super) transport: Arc<Libp2pTransport>,
    pub(super) rpc: RpcServer,
    pub(super) telemetry: TelemetryServer,
    pub(super) tasks: JoinSet<&'static str>,
    pub(super) stop: watch::Sender<bool>,
    /// Keeps the folder locked until the end.
    pub(super) data_dir: DataDir,
}

impl Running {
    /// Waits for a request to stop or for a part that fails, and then stops every part in order.
    pub(super) async fn supervise(
        mut self,
        mut requested: watch::Receiver<bool>,
    ) -> Result<(), NodeError> {
        let mut engine_stopped = false;
        let result = tokio::select! {
            // A handle that was dropped asks for a stop as well.
            _ = requested.wait_for(|stop| *stop) => Ok(()),
            stopped = self.engine.stopped() => {
                engine_stopped = true;
                stopped.map_err(NodeError::from)
            }
            Some(ended) = self.tasks.join_next() => Err(match ended {
                Ok(task) => NodeError::Task { task, reason: "it ended".to_owned() },
                Err(error) => NodeError::Task { task: "actor", reason: error.to_string() },
            }),
        };
        if let Err(error) = &result {
            tracing::error!(%error, "the node stops");
        }
        self.rpc.stop().await;
        let engine = if engine_stopped { Ok(()) } else { self.engine.shutdown().await };
        self.stop.send_replace(true);
        while self.tasks.join_next().await.is_some() {}
        self.telemetry.stopped().await;
        self.transport.close().await;
        tracing::info!(data_dir = %self.data_dir.path().display(), "the node has stopped");
        result.and(engine.map_err(NodeError::from))
    }
}

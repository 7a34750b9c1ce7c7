//! The server.

use std::{net::TcpListener, sync::Arc};

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
    routing::get,
};
use prometheus_client::{encoding::text::encode, registry::Registry};
use tokio::{sync::watch, task::JoinHandle};

use crate::actors::rpc::StatusSource;

/// The media type of the metrics.
const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// A running server of metrics and health.
#[derive(Debug)]
pub(crate) struct TelemetryServer {
    task: JoinHandle<()>,
}

#[derive(Clone)]
struct Sources {
    registry: Arc<Registry>,
    status: StatusSource,
}

impl TelemetryServer {
    /// Serves on `listener` until `stop` turns true.
    pub(crate) fn start(
        listener: TcpListener,
        registry: Registry,
        status: StatusSource,
        mut stop: watch::Receiver<bool>,
    ) -> Result<Self, std::io::Error> {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let sources = Sources { registry: Arc::new(registry), status };
        let routes = Router::new()
            .route("/metrics", get(metrics))
            .route("/health/live", get(live))
            .route("/health/ready", get(ready))
            .with_state(sources);
        let task = tokio::spawn(async move {
            let stopped = async move {
                let _ = stop.wait_for(|stopped| *stopped).await;
            };
            if let Err(error) = axum::serve(listener, routes).with_graceful_shutdown(stopped).await
            {
                tracing::error!(%error, "metrics and health are no longer served");
            }
        });
        Ok(Self { task })
    }

    /// Waits until it has stopped.
    pub(crate) async fn stopped(self) {
        // A panic there was logged by the runtime, and nothing depends on it.
        let _ = self.task.await;
    }
}

async fn metrics(State(sources): State<Sources>) -> Response {
    let mut text = String::new();
    match encode(&mut text, &sources.registry) {
        Ok(()) => ([(CONTENT_TYPE, OPENMETRICS)], text).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

async fn live() -> &'static str {
    "live\n"
}

/// 200 when the node serves, otherwise 503 and the reasons, one in a line.
async fn ready(State(sources): State<Sources>) -> Response {
    let reasons = sources.status.not_ready();
    if reasons.is_empty() {
        return (StatusCode::OK, "ready\n").into_response();
    }
    (StatusCode::SERVICE_UNAVAILABLE, reasons.join("\n") + "\n").into_response()
}

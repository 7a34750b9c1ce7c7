//! The roles of a node.
//!
//! ```text
//!  clients ─► rpc ─► mempool ─► executor ◄─► consensus ◄─► other members
//!                      ▲            │  ▲
//!   other members ─────┘            ▼  └─── watcher ◄── L1
//!                                 store ──► poster ───► L1
//! ```

pub(crate) mod executor;
pub(crate) mod mempool;
pub(crate) mod poster;
pub(crate) mod rpc;
pub(crate) mod telemetry;
pub(crate) mod watcher;

use tokio::sync::watch;

/// Waits until `stop` turns true, or until nobody can turn it any more.
pub(crate) async fn stopped(stop: &mut watch::Receiver<bool>) {
    // Both outcomes mean the same.
    let _ = stop.wait_for(|stopped| *stopped).await;
}

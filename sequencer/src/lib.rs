//! The Asset L2 node.
//!
//! # Status
//!
//! Experimental. The configuration's keys are stable; the data folder's formats are versioned.
//!
//! # Terms
//!
//! A *member* is a node of the committee. It orders *blocks* with the others ([`payload`]), executes them, keeps them in its
//! *store*, and posts *batches* of them to the *L1*.
//!
//! ```text
//!  clients ─► rpc ─► mempool ─► executor ◄─► consensus ◄─► other members
//!                      ▲            │  ▲
//!   other members ─────┘            ▼  └─── watcher ◄── L1
//!                                 store ──► poster ───► L1
//! ```
//!
//! # Invariants
//!
//! 1. An acknowledged transaction survives a crash, and is executed at most once.
//! 2. What is served as preconfirmed is durable here and final in the committee.
//! 3. A member votes only for blocks that it has executed.
#![forbid(unsafe_code)]

mod actors;
mod chain;
mod config;
mod error;
pub mod exit;
mod gossip;
mod node;
pub mod payload;
pub mod pipeline;
pub mod rebuild;
mod store;
#[cfg(test)]
mod testing;
pub mod watch;

pub use config::{L1Section, MempoolConfig, NodeConfig, NodeFiles, PeerSection, RpcConfig};
pub use error::NodeError;
pub use node::{Node, NodeHandle};
pub use store::StoreError;

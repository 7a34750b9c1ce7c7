//! A whole network on one machine: an embedded L1 in this process and a committee of `asset node` processes.
//!
//! # Status
//!
//! Experimental; used by `asset devnet` and by the end-to-end tests.
//!
//! ```text
//!  this process                          processes of their own
//! ┌───────────────────────────┐        ┌──────────────────────────┐
//! │ EmbeddedL1: surfpool with │ ◀───── │ asset node, member 0..n  │ ◀── RPC, WebSocket
//! │ the AssetRollup bytecode  │  RPC   │ libp2p on loopback       │
//! └───────────────────────────┘        └──────────────────────────┘
//! ```
//!
//! # Invariants
//!
//! 1. The program runs as the SBF bytecode that is deployed on clusters; nothing of it is linked into this process.
//! 2. Everything that was started is stopped when its handle is dropped, by its process id.
//! 3. Addresses are on loopback, ports are given by the system.
#![forbid(unsafe_code)]

mod config;
mod files;
mod l1;
mod member;
mod network;
mod ports;

pub use config::{LocalnetConfig, ProgramBuild};
pub use files::MemberAddresses;
pub use l1::EmbeddedL1;
pub use member::Member;
pub use network::Localnet;

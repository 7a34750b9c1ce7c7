//! A whole network on one machine: an embedded L1 in this process and a committee of `asset node` processes.
//!
//! # Status
//!
//! Experimental; used by `asset devnet` and by the end-to-end tests.
//!
//! # Terms
//!
//! The *embedded L1* is a Solana-compatible runtime inside this process, with the real program loaded from its ELF file. A
//! *member* is a process of its own, so that one can be killed. The *localnet* is both, with genesis, keys and configuration
//! files in a folder.
//!
//! ```text
//!  this process                          processes of their own
//! ┌───────────────────────────┐        ┌──────────────────────────┐
//! │ EmbeddedL1: surfpool with │ ◀───── │ asset node, member 0..n  │ ◀── RPC, WebSocket
//! │ the AssetRollup bytecode  │  RPC   │ libp2p on loopback       │
//! └───────────────────────────┘        └──────────────────────────┘
//!  folder: genesis.json  faucet.json  member-N/{committee.json, poster.json, node.toml, node.log, data/}
//! ```
//!
//! # Invariants
//!
//! 1. The program runs as the SBF bytecode that is deployed on clusters; nothing of it is linked into this process.
//! 2. Nothing leaves the machine: the L1 has no remote, and every address is on the loopback interface.
//! 3. What was started is stopped: on drop by process id, and members stop by themselves when this process is gone.
//! 4. A restarted member has its folder, its keys and its addresses of before.
#![forbid(unsafe_code)]

mod config;
mod error;
mod l1;
mod layout;
mod localnet;
mod member;
mod node_file;
mod ports;
mod program;

pub use config::LocalnetConfig;
pub use error::LocalnetError;
pub use l1::{EmbeddedL1, EmbeddedL1Config};
pub use layout::Layout;
pub use localnet::Localnet;
pub use member::{Member, MemberAddresses};
pub use node_file::{L1File, NodeFile, PeerFile, RpcFile};
pub use program::{PROGRAM_ID, ProgramBuild, SO_DIR_VARIABLE, load_program};

//! The configuration file of a member, as far as a local network sets it; the node's defaults stand for the rest.
//!
//! The node owns the format and refuses unknown keys; a test of the command line reads what is written here.

use std::{net::SocketAddr, path::PathBuf};

use serde::Serialize;

/// The configuration file of a member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NodeFile {
    /// The folder of everything that the node stores.
    pub data_dir: PathBuf,
    /// The genesis.
    pub genesis_file: PathBuf,
    /// The member's key.
    pub committee_key_file: PathBuf,
    /// libp2p addresses to listen on.
    pub listen: Vec<String>,
    /// Where JSON-RPC is served.
    pub rpc_address: SocketAddr,
    /// Where metrics and health are served.
    pub metrics_address: SocketAddr,
    /// The least time between a block and its parent, in milliseconds.
    pub block_interval_ms: u64,
    /// The longest time without a block, in milliseconds.
    pub heartbeat_ms: u64,
    /// How long a view may last, in milliseconds.
    pub view_timeout_ms: u64,
    /// Bounds of the RPC server.
    pub rpc: RpcFile,
    /// The L1.
    pub l1: L1File,
    /// The other members.
    pub peers: Vec<PeerFile>,
}

/// Bounds of the RPC server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RpcFile {
    /// The most connections at one time.
    pub connections_max: u32,
    /// The longest request, in bytes.
    pub request_bytes_max: u32,
    /// The most subscriptions of one connection.
    pub subscriptions_max: u32,
}

/// The L1.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct L1File {
    /// The cluster's JSON-RPC over HTTP.
    pub url: String,
    /// The key that pays for posting.
    pub poster_key_file: PathBuf,
    /// The time between two looks at the L1, in milliseconds.
    pub poll_interval_ms: u64,
    /// How long a member's turn to post lasts, in milliseconds.
    pub poster_timeout_ms: u64,
}

/// Another member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PeerFile {
    /// Its index in the committee.
    pub member: u16,
    /// Its libp2p addresses.
    pub addresses: Vec<String>,
}

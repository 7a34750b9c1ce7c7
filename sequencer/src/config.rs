//! The configuration of a node, from a TOML file.
//!
//! Values on which nodes must agree are in the genesis file. Relative paths are relative to the working directory.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use asset_sdk::l1::{Level, TransactionFormat};
use serde::{Deserialize, Serialize};

use crate::error::NodeError;

/// Configuration of a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeConfig {
    /// The folder of everything that the node stores. One node at a time uses it.
    pub data_dir: PathBuf,
    /// The genesis as JSON: [`curvevm::genesis::Genesis`].
    pub genesis_file: PathBuf,
    /// The member's key as a Solana JSON key file; one of the genesis' committee.
    pub committee_key_file: PathBuf,
    /// libp2p addresses to listen on, such as `/ip4/127.0.0.1/udp/9000/quic-v1`. Port 0 lets the system choose.
    pub listen: Vec<String>,
    /// Where JSON-RPC is served over HTTP and WebSocket. Port 0 lets the system choose.
    pub rpc_address: SocketAddr,
    /// Where metrics and health are served over HTTP. Port 0 lets the system choose.
    pub metrics_address: SocketAddr,
    /// The least time between a block and its parent, in milliseconds.
    #[serde(default = "default_block_interval_ms")]
    pub block_interval_ms: u64,
    /// The longest time that an idle leader waits before it makes an empty block, in milliseconds; at most half of
    /// `view_timeout_ms`.
    #[serde(default = "default_heartbeat_ms")]
    pub heartbeat_ms: u64,
    /// How long a view may last before its leader is passed over, in milliseconds.
    #[serde(default = "default_view_timeout_ms")]
    pub view_timeout_ms: u64,
    /// Whether a member may start to vote without its log on a chain that has blocks. Only for a key that never voted.
    #[serde(default)]
    pub allow_missing_log: bool,
    /// Bounds of the mempool.
    #[serde(default = "MempoolConfig::recommended")]
    pub mempool: MempoolConfig,
    /// Bounds of the RPC server.
    #[serde(default = "RpcConfig::recommended")]
    pub rpc: RpcConfig,
    /// The L1.
    pub l1: L1Section,
    /// The other members. One that is not named is waited for.
    #[serde(default)]
    pub peers: Vec<PeerSection>,
}

/// Bounds of the mempool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MempoolConfig {
    /// The most transactions that wait.
    pub transactions_max: usize,
    /// The most transactions of one signer that wait; more than the nonce window has no use.
    pub signer_transactions_max: usize,
}

/// Bounds of the RPC server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RpcConfig {
    /// The most connections at one time.
    pub connections_max: u32,
    /// The longest request, in bytes.
    pub request_bytes_max: u32,
    /// The most subscriptions of one connection.
    pub subscriptions_max: u32,
}

/// The L1 as a node uses it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct L1Section {
    /// The cluster's JSON-RPC over HTTP.
    pub url: String,
    /// The key that pays for posting, as a Solana JSON key file. Without it the member posts nothing.
    #[serde(default)]
    pub poster_key_file: Option<PathBuf>,
    /// How settled a deposit must be before it is credited.
    #[serde(default = "default_commitment")]
    pub commitment: Level,
    /// The format of posted transactions; the genesis' chunks must fit it.
    #[serde(default = "default_format")]
    pub format: TransactionFormat,
    /// The time between two looks at the L1, in milliseconds.
    #[serde(default = "default_poll_interval_ms")]
    pub poll_interval_ms: u64,
    /// How long a member's turn to post a batch lasts before the next member posts it as well, in milliseconds.
    #[serde(default = "default_poster_timeout_ms")]
    pub poster_timeout_ms: u64,
}

/// Another member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PeerSection {
    /// Its index in the committee.
    pub member: u16,
    /// Its libp2p addresses, tried in order.
    pub addresses: Vec<String>,
}

const fn default_block_interval_ms() -> u64 {
    20
}

const fn default_heartbeat_ms() -> u64 {
    1_000
}

const fn default_view_timeout_ms() -> u64 {
    2_000
}

const fn default_commitment() -> Level {
    Level::Finalized
}

const fn default_format() -> TransactionFormat {
    TransactionFormat::V1
}

const fn default_poll_interval_ms() -> u64 {
    400
}

const fn default_poster_timeout_ms() -> u64 {
    10_000
}

impl MempoolConfig {
    /// Room for 100,000 transactions, of one signer as many as its nonces allow.
    pub const fn recommended() -> Self {
        Self { transactions_max: 100_000, signer_transactions_max: 512 }
    }
}

impl RpcConfig {
    /// 512 connections, requests of 64 KiB, 64 subscriptions of a connection.
    pub const fn recommended() -> Self {
        Self { connections_max: 512, request_bytes_max: 64 * 1024, subscriptions_max: 64 }
    }
}

impl NodeConfig {
    /// A configuration with the recommended timers and bounds, to be changed field by field.
    pub fn recommended(files: NodeFiles, l1_url: impl Into<String>) -> Self {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        Self {
            data_dir: files.data_dir,
            genesis_file: files.genesis_file,
            committee_key_file: files.committee_key_file,
            listen: vec!["/ip4/127.0.0.1/udp/0/quic-v1".to_owned()],
            rpc_address: any,
            metrics_address: any,
            block_interval_ms: default_block_interval_ms(),
            heartbeat_ms: default_heartbeat_ms(),
            view_timeout_ms: default_view_timeout_ms(),
            allow_missing_log: false,
            mempool: MempoolConfig::recommended(),
            rpc: RpcConfig::recommended(),
            l1: L1Section {
                url: l1_url.into(),
                poster_key_file: None,
                commitment: default_commitment(),
                format: default_format(),
                poll_interval_ms: default_poll_interval_ms(),
                poster_timeout_ms: default_poster_timeout_ms(),
            },
            peers: Vec::new(),
        }
    }

    /// Reads a configuration file.
    ///
    /// # Errors
    ///
    /// [`NodeError::Read`], [`NodeError::ConfigSyntax`] (also for an unknown key).
    pub fn load(path: &Path) -> Result<Self, NodeError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| NodeError::Read { path: path.to_owned(), source })?;
        Self::parse(&text, path)
    }

    /// Reads a configuration from text; `path` is named in errors.
    ///
    /// # Errors
    ///
    /// [`NodeError::ConfigSyntax`] (also for an unknown key).
    pub fn parse(text: &str, path: &Path) -> Result<Self, NodeError> {
        toml::from_str(text).map_err(|error| NodeError::ConfigSyntax {
            path: path.to_owned(),
            message: error.to_string(),
        })
    }

    /// The text of a configuration file.
    ///
    /// # Errors
    ///
    /// When a path is not Unicode.
    pub fn to_toml(&self) -> Result<String, toml::ser::Error> {
        toml::to_string_pretty(self)
    }

    /// Every rule that the values break, none when they may be used.
    pub fn violations(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut check = |holds: bool, violation: String| {
            if !holds {
                found.push(violation);
            }
        };
        check(!self.listen.is_empty(), "listen: at least one address".to_owned());
        let peers = self.peers.iter().flat_map(|peer| &peer.addresses);
        for address in self.listen.iter().chain(peers) {
            let parsed = address.parse::<asset_consensus_net::libp2p::Multiaddr>();
            check(
                parsed.is_ok(),
                format!("{address}: not a libp2p address, such as /ip4/127.0.0.1/udp/9000/quic-v1"),
            );
        }
        check(self.view_timeout_ms >= 100, "view_timeout_ms: at least 100".to_owned());
        let half = self.view_timeout_ms / 2;
        let bound = |name: &str| format!("{name}: 1 to half of view_timeout_ms ({half})");
        check((1..=half).contains(&self.block_interval_ms), bound("block_interval_ms"));
        check((1..=half).contains(&self.heartbeat_ms), bound("heartbeat_ms"));
        check(self.mempool.transactions_max > 0, "mempool.transactions_max: at least 1".to_owned());
        let signer = self.mempool.signer_transactions_max;
        check(
            (1..=512).contains(&signer),
            "mempool.signer_transactions_max: 1 to 512, what nonces allow".to_owned(),
        );
        check(self.rpc.connections_max > 0, "rpc.connections_max: at least 1".to_owned());
        check(
            self.rpc.request_bytes_max >= 4_096,
            "rpc.request_bytes_max: at least 4096".to_owned(),
        );
        check(self.rpc.subscriptions_max > 0, "rpc.subscriptions_max: at least 1".to_owned());
        let http = ["http://", "https://"].iter().any(|scheme| self.l1.url.starts_with(scheme));
        check(http, format!("l1.url: {} does not begin with http:// or https://", self.l1.url));
        check(self.l1.poll_interval_ms >= 10, "l1.poll_interval_ms: at least 10".to_owned());
        check(self.l1.poster_timeout_ms >= 100, "l1.poster_timeout_ms: at least 100".to_owned());
        for (at, peer) in self.peers.iter().enumerate() {
            let earlier = self.peers.iter().take(at).any(|other| other.member == peer.member);
            check(!earlier, format!("peers: member {} is named twice", peer.member));
        }
        found
    }

    /// Checks the values.
    ///
    /// # Errors
    ///
    /// [`NodeError::Config`] with every violation.
    pub fn validate(&self) -> Result<(), NodeError> {
        let violations = self.violations();
        if violations.is_empty() { Ok(()) } else { Err(NodeError::Config { violations }) }
    }

    pub(crate) const fn block_interval(&self) -> Duration {
        Duration::from_millis(self.block_interval_ms)
    }

    pub(crate) const fn heartbeat(&self) -> Duration {
        Duration::from_millis(self.heartbeat_ms)
    }
}

/// The files that a node cannot do without.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeFiles {
    /// See [`NodeConfig::data_dir`].
    pub data_dir: PathBuf,
    /// See [`NodeConfig::genesis_file`].
    pub genesis_file: PathBuf,
    /// See [`NodeConfig::committee_key_file`].
    pub committee_key_file: PathBuf,
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = include_str!("../../config.example.toml");

    #[test]
    fn the_example_is_valid_and_names_every_recommended_value() {
        let config = NodeConfig::parse(EXAMPLE, Path::new("config.example.toml")).unwrap();
        assert_eq!(config.violations(), Vec::<String>::new());
        let files = NodeFiles {
            data_dir: config.data_dir.clone(),
            genesis_file: config.genesis_file.clone(),
            committee_key_file: config.committee_key_file.clone(),
        };
        let recommended = NodeConfig::recommended(files, config.l1.url.clone());
        assert_eq!(config.mempool, recommended.mempool);
        assert_eq!(config.rpc, recommended.rpc);
        assert_eq!(config.view_timeout_ms, recommended.view_timeout_ms);
        assert_eq!(config.block_interval_ms, recommended.block_interval_ms);
        assert_eq!(config.heartbeat_ms, recommended.heartbeat_ms);
        assert_eq!(config.l1.poster_timeout_ms, recommended.l1.poster_timeout_ms);
        assert_eq!(config.l1.poll_interval_ms, recommended.l1.poll_interval_ms);
    }

    #[test]
    fn refuses_an_unknown_key_and_names_it() {
        let text = format!("colour = \"red\"\n{EXAMPLE}");
        let error = NodeConfig::parse(&text, Path::new("node.toml")).unwrap_err();
        assert!(matches!(error, NodeError::ConfigSyntax { .. }));
        let message = error.to_string();
        assert!(message.contains("colour") && message.contains("node.toml"), "{message}");
    }

    #[test]
    fn reports_every_violation_at_once() {
        let mut config = NodeConfig::parse(EXAMPLE, Path::new("x")).unwrap();
        config.listen = vec!["127.0.0.1:9000".to_owned()];
        config.heartbeat_ms = config.view_timeout_ms;
        config.l1.url = "localhost".to_owned();
        config.mempool.transactions_max = 0;
        let Err(NodeError::Config { violations }) = config.validate() else { panic!("accepted") };
        assert_eq!(violations.len(), 4, "{violations:?}");
    }

    #[test]
    fn what_it_writes_is_what_it_reads() {
        let config = NodeConfig::parse(EXAMPLE, Path::new("x")).unwrap();
        let text = config.to_toml().unwrap();
        assert_eq!(NodeConfig::parse(&text, Path::new("x")).unwrap(), config);
    }
}

//! Why a node does not start, or stopped.

use std::{io, net::SocketAddr, path::PathBuf};

use asset_consensus_net::{EngineError, libp2p};
use asset_sdk::l1::L1Error;
use curvevm::types::{Address, Hash};

use crate::store::StoreError;

/// A node does not start, or stopped. Each message says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NodeError {
    /// A file cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The configuration file is no TOML, lacks a key, or has a key that is not known.
    #[error("{} is no valid configuration: {message}; config.example.toml names every key", path.display())]
    ConfigSyntax {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        message: String,
    },
    /// Values of the configuration break rules.
    #[error("the configuration breaks these rules: {}", violations.join("; "))]
    Config {
        /// The violations, each with its key.
        violations: Vec<String>,
    },
    /// The genesis file is no genesis, or breaks rules.
    #[error("{} is no valid genesis: {reason}; every member uses the same file", path.display())]
    Genesis {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A key file cannot be used.
    #[error("cannot use a key")]
    Key(#[from] asset_sdk::keys::KeyError),
    /// The committee key is not in the committee.
    #[error(
        "the key {key} is not in the committee of the genesis: use the key of a member, or the genesis that names it"
    )]
    NotAMember {
        /// The public key.
        key: Address,
    },
    /// Another node uses the data folder.
    #[error("another node uses the data folder {}: stop it, or give this node a folder of its own", path.display())]
    DataDirInUse {
        /// The folder.
        path: PathBuf,
    },
    /// The data folder cannot be created or locked.
    #[error("cannot use the data folder {}: check the path and its permissions", path.display())]
    DataDir {
        /// The folder.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// What the data folder holds does not fit together.
    #[error("the data folder {} is corrupt: move its `store` file away, and the node fetches the chain from the other members", path.display())]
    Corrupt {
        /// The folder.
        path: PathBuf,
        /// What is wrong.
        source: StoreError,
    },
    /// The data folder belongs to another chain.
    #[error("the data folder {} belongs to another chain: use the genesis that it was made with, or an empty folder", path.display())]
    ForeignData {
        /// The folder.
        path: PathBuf,
        /// Both chain ids.
        source: StoreError,
    },
    /// The mempool's database cannot be opened.
    #[error("the mempool database in {} cannot be opened: move it away, waiting transactions in it are lost", path.display())]
    MempoolStore {
        /// The folder.
        path: PathBuf,
        /// The cause.
        source: sled::Error,
    },
    /// The store failed while the node ran.
    #[error("the store failed: check the disk")]
    Store(#[from] StoreError),
    /// An address is taken or cannot be bound.
    #[error("cannot listen on {address} for {what}: stop what uses it or choose another address")]
    PortInUse {
        /// What was to be served.
        what: &'static str,
        /// The address.
        address: SocketAddr,
        /// The cause.
        source: io::Error,
    },
    /// The L1 does not answer, the program is not there, or the rollup is not initialized.
    #[error("the L1 cannot be used")]
    L1(#[from] L1Error),
    /// The rollup on the L1 was initialized with other values than the genesis has.
    #[error(
        "the rollup of chain {chain_id} on the L1 has another {what} than the genesis: use the genesis that it was initialized with"
    )]
    RollupDiffers {
        /// The chain.
        chain_id: Hash,
        /// What differs.
        what: &'static str,
    },
    /// The transport did not start.
    #[error("the network transport cannot start")]
    Transport(#[from] libp2p::StartError),
    /// The network key cannot be used.
    #[error("the network key cannot be used")]
    Identity(#[from] libp2p::IdentityError),
    /// Consensus did not start, or stopped.
    #[error("consensus stopped")]
    Engine(#[from] EngineError),
    /// A task of the node ended without being told to.
    #[error("the node's {task} stopped unexpectedly: {reason}; see the log")]
    Task {
        /// The task.
        task: &'static str,
        /// Why.
        reason: String,
    },
}

//! What a node has before anything runs: its files, its keys, its ports.

use std::{net::TcpListener, path::Path, sync::Arc};

use asset_consensus::MemberIx;
use asset_sdk::keys::Key;
use curvevm::genesis::Genesis;

use super::data_dir::DataDir;
use crate::{
    actors::{mempool::MempoolStorage, rpc::bind},
    chain::ChainSpec,
    config::NodeConfig,
    error::NodeError,
    store::{Recovered, Store, StoreError},
};

/// What is local to a node.
pub(super) struct Local {
    pub(super) config: NodeConfig,
    pub(super) spec: Arc<ChainSpec>,
    pub(super) key: Key,
    pub(super) member: MemberIx,
    pub(super) data_dir: DataDir,
    pub(super) store: Arc<Store>,
    pub(super) mempool: MempoolStorage,
}

/// The ports that are served.
pub(super) struct Listeners {
    pub(super) rpc: TcpListener,
    pub(super) metrics: TcpListener,
}

impl Local {
    /// Opens everything that is local; gives what the store holds as well.
    pub(super) async fn open(
        config: NodeConfig,
        spec: Arc<ChainSpec>,
    ) -> Result<(Self, Listeners, Recovered), NodeError> {
        let key = Key::read(&config.committee_key_file)?;
        let address = key.address();
        let position = spec.genesis.committee.iter().position(|member| *member == address);
        let member = position.and_then(|index| u16::try_from(index).ok()).map(MemberIx::new);
        let member = member.ok_or(NodeError::NotAMember { key: address })?;
        let data_dir = DataDir::open(&config.data_dir)?;
        let listeners = Listeners {
            rpc: bind("JSON-RPC", config.rpc_address)?,
            metrics: bind("metrics", config.metrics_address)?,
        };
        let (store, recovered) = open_store(&data_dir, &spec).await?;
        let path = data_dir.mempool();
        let mempool = MempoolStorage::open(&path)
            .map_err(|source| NodeError::MempoolStore { path: path.clone(), source })?;
        Ok((Self { config, spec, key, member, data_dir, store, mempool }, listeners, recovered))
    }
}

/// Reads and checks a genesis file.
pub(crate) fn read_genesis(path: &Path) -> Result<ChainSpec, NodeError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| NodeError::Read { path: path.to_owned(), source })?;
    let invalid = |reason: String| NodeError::Genesis { path: path.to_owned(), reason };
    let genesis: Genesis =
        serde_json::from_str(&text).map_err(|error| invalid(error.to_string()))?;
    let spec = ChainSpec::new(genesis);
    let violations = spec.violations();
    if !violations.is_empty() {
        return Err(invalid(violations.join("; ")));
    }
    spec.committee().map_err(|error| invalid(error.to_string()))?;
    Ok(spec)
}

async fn open_store(
    data_dir: &DataDir,
    spec: &Arc<ChainSpec>,
) -> Result<(Arc<Store>, Recovered), NodeError> {
    let (path, spec) = (data_dir.store(), spec.clone());
    let opened = tokio::task::spawn_blocking(move || {
        let store = Store::open(&path, &spec)?;
        let recovered = store.recover(&spec)?;
        Ok((Arc::new(store), recovered))
    });
    let path = data_dir.path().to_owned();
    match opened.await.unwrap_or(Err(StoreError::Panicked)) {
        Ok(opened) => Ok(opened),
        Err(source @ StoreError::ForeignChain { .. }) => {
            Err(NodeError::ForeignData { path, source })
        }
        Err(source) => Err(NodeError::Corrupt { path, source }),
    }
}

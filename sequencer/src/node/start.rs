//! Starting a node.

use std::{path::Path, sync::Arc, time::Duration};

use asset_consensus::{Config, Ed25519Signer, MemberIx, PacemakerConfig};
use asset_consensus_net::{
    ConsensusEngine as _, EngineConfig, EngineHandle, EngineMetrics, EngineSetup, EngineStatus, HotShot,
    libp2p::{
        CommitteeAccess, Libp2pConfig, Libp2pTransport, Multiaddr, PeerConfig, TransportMetrics,
        load_or_create_identity,
    },
    transport::{AppSender, Inbox},
};
use asset_sdk::keys::Key;
use curvevm::genesis::Genesis;
use ed25519_zebra::{SigningKey, VerificationKeyBytes};
use prometheus_client::registry::Registry;
use tokio::{
    sync::{Notify, watch},
    task::JoinSet,
};

use super::{data_dir::DataDir, handle::NodeHandle, router::Router, settlement::Settlement};
use crate::{
    actors::{
        executor::{Executor, ExecutorConfig, ExecutorMetrics, ExecutorSetup},
        mempool::{Mempool, MempoolHandle, MempoolMetrics, MempoolSetup, MempoolStorage, Pool, PoolLimits},
        poster::{Attestations, Finalizer, Poster, PosterConfig, PosterMetrics, PosterStage},
        rpc::{Reads, RpcServer, StatusSource, bind},
        stopped,
        telemetry::TelemetryServer,
        watcher::{L1View, Watcher, WatcherConfig, WatcherMetrics},
    },
    chain::ChainSpec,
    config::NodeConfig,
    error::NodeError,
    store::{Recovered, Store, StoreError},
};

/// The size at which a segment of the consensus log is replaced.
const WAL_SEGMENT_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Committed blocks that may wait for the executor.
const COMMITS_WAITING_MAX: usize = 64;
/// What each failed view in a row multiplies the view timer by, in percent.
const VIEW_GROWTH_PERCENT: u32 = 150;
/// The longest view timer, in view timers.
const VIEW_CAP: u64 = 16;
/// The interval at which a stuck member repeats itself, in milliseconds.
const RETRY_MS: u64 = 200;

/// A node of the committee.
#[derive(Clone, Copy, Debug)]
pub struct Node;

impl Node {
    /// Starts a node and returns when it serves.
    ///
    /// # Errors
    ///
    /// [`NodeError`], whose message says what to do.
    pub async fn start(config: NodeConfig) -> Result<NodeHandle, NodeError> {
        config.validate()?;
        let spec = Arc::new(read_genesis(&config.genesis_file)?);
        let settlement = Settlement::open(&config.l1, &spec).await?;
        Parts::open(config, spec).await?.start(L1::Cluster(settlement)).await
    }
}

/// Where the node's view of the L1 comes from.
pub(super) enum L1 {
    /// A cluster.
    Cluster(Settlement),
    /// A test.
    #[cfg(test)]
    Given(watch::Receiver<Arc<L1View>>),
}

/// What is open before anything runs.
pub(super) struct Parts {
    config: NodeConfig,
    spec: Arc<ChainSpec>,
    key: Key,
    member: MemberIx,
    data_dir: DataDir,
    listeners: Listeners,
    store: Arc<Store>,
    recovered: Recovered,
    mempool: MempoolStorage,
}

struct Listeners {
    rpc: std::net::TcpListener,
    metrics: std::net::TcpListener,
}

/// Reads and checks a genesis file.
pub(super) fn read_genesis(path: &Path) -> Result<ChainSpec, NodeError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| NodeError::Read { path: path.to_owned(), source })?;
    let invalid = |reason: String| NodeError::Genesis { path: path.to_owned(), reason };
    let genesis: Genesis = serde_json::from_str(&text).map_err(|error| invalid(error.to_string()))?;
    let spec = ChainSpec::new(genesis);
    let violations = spec.violations();
    if !violations.is_empty() {
        return Err(invalid(violations.join("; ")));
    }
    spec.committee().map_err(|error| invalid(error.to_string()))?;
    Ok(spec)
}

impl Parts {
    /// Opens everything that is local.
    pub(super) async fn open(config: NodeConfig, spec: Arc<ChainSpec>) -> Result<Self, NodeError> {
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
        Ok(Self { config, spec, key, member, data_dir, listeners, store, recovered, mempool })
    }

    /// Starts every part.
    pub(super) async fn start(self, l1: L1) -> Result<NodeHandle, NodeError> {
        let mut registry = Registry::with_prefix("asset");
        let (transport, inbox) = self.transport(&mut registry).await?;
        let sender = Arc::new(AppSender::new(transport.clone()));
        let (stop, stop_signal) = watch::channel(false);
        let look = Arc::new(Notify::new());
        let mut tasks = JoinSet::new();
        let view = watch::Sender::new(Arc::new(L1View::default()));
        let l1_view = match &l1 {
            L1::Cluster(_) => view.subscribe(),
            #[cfg(test)]
            L1::Given(given) => given.clone(),
        };

        let Self { config, spec, key, member, data_dir, listeners, store, recovered, mempool } = self;
        let pool = Arc::new(Pool::new(PoolLimits {
            transactions_max: config.mempool.transactions_max,
            signer_transactions_max: config.mempool.signer_transactions_max,
        }));
        let metrics = ExecutorMetrics::default();
        metrics.register(registry.sub_registry_with_prefix("node"));
        let executor = Executor::new(ExecutorSetup {
            config: ExecutorConfig {
                block_interval: config.block_interval(),
                heartbeat: config.heartbeat(),
            },
            spec: spec.clone(),
            store: store.clone(),
            recovered,
            pool: pool.clone(),
            mempool: mempool.clone(),
            l1: l1_view.clone(),
            look: look.clone(),
            metrics,
        })
        .map_err(|error| NodeError::Task { task: "executor", reason: error.to_string() })?;

        let metrics = MempoolMetrics::default();
        metrics.register(registry.sub_registry_with_prefix("node"));
        let setup = MempoolSetup {
            spec: spec.clone(),
            pool: pool.clone(),
            storage: mempool,
            store: store.clone(),
            head: executor.head_changes(),
            forwarder: sender.clone(),
            metrics,
        };
        let (actor, mempool) = open_mempool(setup, &data_dir).await?;
        tasks.spawn(named("mempool", actor.run(stop_signal.clone())));

        let engine = start_engine(&config, &spec, &key, &data_dir, executor.clone(), EngineParts {
            transport: transport.clone(),
            inbox: inbox.consensus,
            registry: &mut registry,
        })
        .await?;
        let status = engine.watch();
        tasks.spawn(named("follower", follow(status.clone(), executor.clone(), stop_signal.clone())));
        tasks.spawn(named("releaser", release(l1_view.clone(), executor.clone(), stop_signal.clone())));

        let member_index = member.get();
        let key = Key::from_seed(key.seed());
        let attestations = Arc::new(Attestations::new(spec.clone(), store.clone(), (member, key), sender));
        let router = Router {
            inbox: inbox.app,
            mempool: mempool.clone(),
            attestations: attestations.clone(),
            store: store.clone(),
        };
        tasks.spawn(named("router", router.run(stop_signal.clone())));

        let stage = watch::Sender::new(PosterStage::NoKey);
        let poster_stage = stage.subscribe();
        match l1 {
            L1::Cluster(settlement) => start_l1(L1Parts {
                config: &config,
                spec: spec.clone(),
                store: store.clone(),
                executor: &executor,
                settlement,
                member: member_index,
                attestations,
                view,
                look,
                stage,
                stop: stop_signal.clone(),
                registry: registry.sub_registry_with_prefix("node"),
                tasks: &mut tasks,
            }),
            #[cfg(test)]
            L1::Given(_) => {}
        }

        let reads = Reads { spec: spec.clone(), store, executor: executor.clone(), pool: pool.clone(), l1: l1_view.clone() };
        let source = StatusSource {
            spec,
            member: member_index,
            l1_url: config.l1.url.clone(),
            heartbeat_ms: config.heartbeat_ms,
            executor,
            pool,
            l1: l1_view,
            poster: poster_stage,
            engine: status,
        };
        let failed = |what: &'static str, address| move |source| NodeError::PortInUse { what, address, source };
        let rpc_address = listeners.rpc.local_addr().map_err(failed("JSON-RPC", config.rpc_address))?;
        let metrics_address =
            listeners.metrics.local_addr().map_err(failed("metrics", config.metrics_address))?;
        let rpc = RpcServer::start(listeners.rpc, &config.rpc, (reads, source.clone(), mempool))
            .map_err(failed("JSON-RPC", rpc_address))?;
        let telemetry =
            TelemetryServer::start(listeners.metrics, registry, source.clone(), stop_signal)
                .map_err(failed("metrics", metrics_address))?;

        let (request, requested) = watch::channel(false);
        let listen_addresses = transport.listen_addresses().to_vec();
        tracing::info!(member = member_index, %rpc_address, %metrics_address, "the node serves");
        let running = Running { engine, transport, rpc, telemetry, tasks, stop, data_dir };
        Ok(NodeHandle {
            rpc_address,
            metrics_address,
            listen_addresses,
            member: member_index,
            status: source,
            stop: request,
            supervisor: tokio::spawn(running.supervise(requested)),
        })
    }

    async fn transport(&self, registry: &mut Registry) -> Result<(Arc<Libp2pTransport>, Inbox), NodeError> {
        let identity = load_or_create_identity(&self.data_dir.network_key())?;
        // The texts were checked with the rest of the configuration.
        let parse = |texts: &[String]| texts.iter().filter_map(|text| text.parse::<Multiaddr>().ok()).collect();
        let peers = self.config.peers.iter().filter(|peer| peer.member != self.member.get());
        let peers = peers.map(|peer| PeerConfig {
            member: MemberIx::new(peer.member),
            addresses: parse(&peer.addresses),
        });
        let libp2p = Libp2pConfig::recommended(parse(&self.config.listen), peers.collect());
        let access = CommitteeAccess {
            chain_id: self.spec.id.to_bytes(),
            committee_hash: self.spec.committee_hash.to_bytes(),
            keys: self
                .spec
                .genesis
                .committee
                .iter()
                .map(|key| VerificationKeyBytes::from(key.to_bytes()))
                .collect(),
            local: self.member,
            signing_key: SigningKey::from(self.key.seed()),
        };
        let metrics = TransportMetrics::default();
        metrics.register(registry);
        Ok(Libp2pTransport::start(libp2p, access, identity, metrics).await?)
    }
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
        Err(source @ StoreError::ForeignChain { .. }) => Err(NodeError::ForeignData { path, source }),
        Err(source) => Err(NodeError::Corrupt { path, source }),
    }
}

async fn open_mempool(
    setup: MempoolSetup,
    data_dir: &DataDir,
) -> Result<(Mempool, MempoolHandle), NodeError> {
    let path = data_dir.mempool();
    let opened = tokio::task::spawn_blocking(move || Mempool::open(setup)).await;
    let opened = opened.map_err(|error| NodeError::Task { task: "mempool", reason: error.to_string() })?;
    opened.map_err(|source| NodeError::MempoolStore { path, source })
}

struct EngineParts<'a> {
    transport: Arc<Libp2pTransport>,
    inbox: asset_consensus_net::transport::ConsensusInbox,
    registry: &'a mut Registry,
}

async fn start_engine(
    config: &NodeConfig,
    spec: &ChainSpec,
    key: &Key,
    data_dir: &DataDir,
    executor: Executor,
    parts: EngineParts<'_>,
) -> Result<EngineHandle, NodeError> {
    let invalid = |reason: String| NodeError::Genesis { path: config.genesis_file.clone(), reason };
    let committee = spec.committee().map_err(|error| invalid(error.to_string()))?;
    let signer = Ed25519Signer::from_seed(&key.seed())
        .map_err(|error| NodeError::Task { task: "signer", reason: error.to_string() })?;
    let consensus = Config {
        chain: spec.consensus_chain(),
        committee,
        genesis: spec.genesis_block(),
        pacemaker: PacemakerConfig {
            view_base_ms: config.view_timeout_ms,
            growth_percent: VIEW_GROWTH_PERCENT,
            view_cap_ms: config.view_timeout_ms.saturating_mul(VIEW_CAP),
            retry_ms: RETRY_MS.min(config.view_timeout_ms / 4),
        },
        allow_missing_log: config.allow_missing_log,
    };
    let metrics = EngineMetrics::default();
    metrics.register(parts.registry);
    let setup = EngineSetup {
        config: EngineConfig {
            consensus,
            wal_dir: data_dir.wal(),
            wal_segment_bytes_max: WAL_SEGMENT_BYTES_MAX,
            commits_waiting_max: COMMITS_WAITING_MAX,
        },
        signer: Box::new(signer),
        application: Arc::new(executor),
        transport: parts.transport,
        inbox: parts.inbox,
        metrics,
    };
    Ok(HotShot::start(setup).await?)
}

struct L1Parts<'a> {
    config: &'a NodeConfig,
    spec: Arc<ChainSpec>,
    store: Arc<Store>,
    executor: &'a Executor,
    settlement: Settlement,
    member: u16,
    attestations: Arc<Attestations>,
    view: watch::Sender<Arc<L1View>>,
    look: Arc<Notify>,
    stage: watch::Sender<PosterStage>,
    stop: watch::Receiver<bool>,
    registry: &'a mut Registry,
    tasks: &'a mut JoinSet<&'static str>,
}

/// Starts the watcher and, with a key that pays, the poster.
fn start_l1(parts: L1Parts<'_>) {
    let Settlement { client, poster } = parts.settlement;
    let section = &parts.config.l1;
    let l1 = parts.view.subscribe();
    let metrics = WatcherMetrics::default();
    metrics.register(parts.registry);
    let watcher = Watcher {
        config: WatcherConfig {
            poll_interval: Duration::from_millis(section.poll_interval_ms),
            commitment: section.commitment,
        },
        client: client.clone(),
        view: parts.view,
        wanted: parts.look.clone(),
        metrics,
    };
    parts.tasks.spawn(named("watcher", watcher.run(parts.stop.clone())));
    let Some(key) = poster else {
        tracing::warn!("without l1.poster_key_file this member posts no batches");
        return;
    };
    let metrics = PosterMetrics::default();
    metrics.register(parts.registry);
    let timeout = Duration::from_millis(section.poster_timeout_ms);
    let config = PosterConfig { timeout, member: parts.member };
    let finalizer = Finalizer {
        config,
        spec: parts.spec.clone(),
        client: client.clone(),
        key: key.clone(),
        l1: l1.clone(),
        look: parts.look.clone(),
        metrics: metrics.clone(),
    };
    parts.tasks.spawn(named("finalizer", finalizer.run(parts.stop.clone())));
    let poster = Poster {
        config,
        spec: parts.spec,
        store: parts.store,
        client,
        key,
        attestations: parts.attestations,
        head: parts.executor.head_changes(),
        l1,
        look: parts.look,
        stage: parts.stage,
        metrics,
    };
    parts.tasks.spawn(named("poster", poster.run(parts.stop)));
}

/// A task that says its name when it ends.
async fn named(name: &'static str, task: impl Future<Output = ()>) -> &'static str {
    task.await;
    name
}

/// Tells the executor how far consensus has committed.
async fn follow(
    mut status: watch::Receiver<EngineStatus>,
    executor: Executor,
    mut stop: watch::Receiver<bool>,
) {
    loop {
        let committed = status.borrow_and_update().committed;
        executor.set_final_height(committed.get());
        tokio::select! {
            () = stopped(&mut stop) => return,
            changed = status.changed() => if changed.is_err() { return },
        }
    }
}

/// Lets go of old states as batches are finalized.
async fn release(
    mut l1: watch::Receiver<Arc<L1View>>,
    executor: Executor,
    mut stop: watch::Receiver<bool>,
) {
    let mut released = 0;
    loop {
        let finalized = l1.borrow_and_update().finalized;
        if finalized > released {
            let executor = executor.clone();
            let work = tokio::task::spawn_blocking(move || executor.release_batches(finalized));
            match work.await {
                Ok(Ok(())) => released = finalized,
                Ok(Err(error)) => tracing::error!(%error, "old states cannot be released"),
                Err(error) => tracing::error!(%error, "old states cannot be released"),
            }
        }
        tokio::select! {
            () = stopped(&mut stop) => return,
            changed = l1.changed() => if changed.is_err() { return },
        }
    }
}

/// Everything that runs.
struct Running {
    engine: EngineHandle,
    transport: Arc<Libp2pTransport>,
    rpc: RpcServer,
    telemetry: TelemetryServer,
    tasks: JoinSet<&'static str>,
    stop: watch::Sender<bool>,
    /// Keeps the folder locked until the end.
    data_dir: DataDir,
}

impl Running {
    /// Waits for a request to stop or for a part that fails, and then stops every part in order.
    async fn supervise(mut self, mut requested: watch::Receiver<bool>) -> Result<(), NodeError> {
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

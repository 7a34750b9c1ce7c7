//! Starting a node.

use std::sync::Arc;

use asset_consensus_net::{EngineHandle, libp2p::Libp2pTransport, transport::AppSender};
use asset_sdk::keys::Key;
use prometheus_client::registry::Registry;
use tokio::{
    sync::{Notify, watch},
    task::JoinSet,
};

use super::{
    engine::{start_engine, start_transport},
    handle::NodeHandle,
    local::{Listeners, Local, read_genesis},
    router::Router,
    settlement::Settlement,
    supervisor::Running,
    tasks::{L1Parts, follow, named, release, start_l1},
};
use crate::{
    actors::{
        executor::{Executor, ExecutorConfig, ExecutorMetrics, ExecutorSetup},
        mempool::{Mempool, MempoolHandle, MempoolMetrics, MempoolSetup, Pool, PoolLimits},
        poster::{Attestations, PosterStage},
        rpc::{Reads, RpcServer, StatusSource},
        telemetry::TelemetryServer,
        watcher::L1View,
    },
    config::NodeConfig,
    error::NodeError,
    store::Recovered,
};

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
        let (local, listeners, recovered) = Local::open(config, spec).await?;
        let view = watch::Sender::new(Arc::new(L1View::default()));
        let l1 = view.subscribe();
        let l1 = L1 { view: l1, cluster: Some((settlement, view)) };
        Assembly::new(local, recovered, &l1)?.start(listeners, l1).await
    }
}

/// Where the node's view of the L1 comes from.
pub(super) struct L1 {
    pub(super) view: watch::Receiver<Arc<L1View>>,
    /// None in a test that gives the view.
    pub(super) cluster: Option<(Settlement, watch::Sender<Arc<L1View>>)>,
}

/// A node that is being put together.
pub(super) struct Assembly {
    local: Local,
    registry: Registry,
    pool: Arc<Pool>,
    executor: Executor,
    /// Asks the watcher for a look.
    look: Arc<Notify>,
    stop: watch::Sender<bool>,
    tasks: JoinSet<&'static str>,
}

/// What serves clients and speaks to members.
struct Doors {
    mempool: MempoolHandle,
    attestations: Arc<Attestations>,
    transport: Arc<Libp2pTransport>,
    engine: EngineHandle,
}

impl Assembly {
    /// The executor and the pool on what the store holds.
    pub(super) fn new(local: Local, recovered: Recovered, l1: &L1) -> Result<Self, NodeError> {
        let mut registry = Registry::with_prefix("asset");
        let pool = Arc::new(Pool::new(PoolLimits {
            transactions_max: local.config.mempool.transactions_max,
            signer_transactions_max: local.config.mempool.signer_transactions_max,
        }));
        let metrics = ExecutorMetrics::default();
        metrics.register(registry.sub_registry_with_prefix("node"));
        let look = Arc::new(Notify::new());
        let executor = Executor::new(ExecutorSetup {
            config: ExecutorConfig {
                block_interval: local.config.block_interval(),
                heartbeat: local.config.heartbeat(),
            },
            spec: local.spec.clone(),
            store: local.store.clone(),
            recovered,
            pool: pool.clone(),
            mempool: local.mempool.clone(),
            l1: l1.view.clone(),
            look: look.clone(),
            metrics,
        });
        let failed = |reason: String| NodeError::Task { task: "executor", reason };
        let executor = executor.map_err(|error| failed(error.to_string()))?;
        let (stop, tasks) = (watch::Sender::new(false), JoinSet::new());
        Ok(Self { local, registry, pool, executor, look, stop, tasks })
    }

    /// Starts every part, those that serve last.
    pub(super) async fn start(
        mut self,
        listeners: Listeners,
        l1: L1,
    ) -> Result<NodeHandle, NodeError> {
        let doors = self.open_doors().await?;
        let status = doors.engine.watch();
        let (view, executor) = (l1.view.clone(), self.executor.clone());
        self.spawn("follower", follow(status.clone(), executor.clone(), self.stop.subscribe()));
        self.spawn("releaser", release(view.clone(), executor.clone(), self.stop.subscribe()));
        let source = StatusSource {
            spec: self.local.spec.clone(),
            member: self.local.member.get(),
            l1_url: self.local.config.l1.url.clone(),
            heartbeat_ms: self.local.config.heartbeat_ms,
            executor,
            pool: self.pool.clone(),
            l1: view,
            poster: self.settle(l1.cluster, doors.attestations.clone()),
            engine: status,
        };
        self.serve(listeners, doors, source)
    }

    fn spawn(&mut self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(named(name, task));
    }

    /// Starts the transport, the mempool, consensus, and what brings members' messages to them.
    async fn open_doors(&mut self) -> Result<Doors, NodeError> {
        let (transport, inbox) = start_transport(&self.local, &mut self.registry).await?;
        let sender = Arc::new(AppSender::new(transport.clone()));
        let mempool = self.open_mempool(sender.clone()).await?;
        let parts = (transport.clone(), inbox.consensus);
        let executor = self.executor.clone();
        let engine = start_engine(&self.local, executor, parts, &mut self.registry).await?;
        let (spec, store) = (self.local.spec.clone(), self.local.store.clone());
        let me = (self.local.member, Key::from_seed(self.local.key.seed()));
        let attestations = Arc::new(Attestations::new(spec, store.clone(), me, sender));
        let router = Router {
            inbox: inbox.app,
            mempool: mempool.clone(),
            attestations: attestations.clone(),
            store,
        };
        self.spawn("router", router.run(self.stop.subscribe()));
        Ok(Doors { mempool, attestations, transport, engine })
    }

    async fn open_mempool(
        &mut self,
        forwarder: Arc<AppSender>,
    ) -> Result<MempoolHandle, NodeError> {
        let metrics = MempoolMetrics::default();
        metrics.register(self.registry.sub_registry_with_prefix("node"));
        let setup = MempoolSetup {
            spec: self.local.spec.clone(),
            pool: self.pool.clone(),
            storage: self.local.mempool.clone(),
            store: self.local.store.clone(),
            head: self.executor.head_changes(),
            forwarder,
            metrics,
        };
        let opened = tokio::task::spawn_blocking(move || Mempool::open(setup)).await;
        let failed = |reason: String| NodeError::Task { task: "mempool", reason };
        let path = self.local.data_dir.mempool();
        let (actor, mempool) = opened
            .map_err(|error| failed(error.to_string()))?
            .map_err(|source| NodeError::MempoolStore { path, source })?;
        self.spawn("mempool", actor.run(self.stop.subscribe()));
        Ok(mempool)
    }

    /// Starts what speaks to the L1; gives where the poster stands.
    fn settle(
        &mut self,
        cluster: Option<(Settlement, watch::Sender<Arc<L1View>>)>,
        attestations: Arc<Attestations>,
    ) -> watch::Receiver<PosterStage> {
        let stage = watch::Sender::new(PosterStage::NoKey);
        let stages = stage.subscribe();
        let Some((settlement, view)) = cluster else { return stages };
        start_l1(L1Parts {
            section: &self.local.config.l1,
            spec: self.local.spec.clone(),
            store: self.local.store.clone(),
            executor: &self.executor,
            settlement,
            member: self.local.member.get(),
            attestations,
            view,
            look: self.look.clone(),
            stage,
            stop: self.stop.subscribe(),
            registry: self.registry.sub_registry_with_prefix("node"),
            tasks: &mut self.tasks,
        });
        stages
    }

    /// Starts to serve clients.
    fn serve(
        self,
        listeners: Listeners,
        doors: Doors,
        status: StatusSource,
    ) -> Result<NodeHandle, NodeError> {
        let Self { local, registry, pool, executor, stop, tasks, .. } = self;
        let Doors { mempool, transport, engine, .. } = doors;
        let (spec, store, l1) = (local.spec, local.store, status.l1.clone());
        let reads = Reads { spec, store, executor, pool, l1 };
        let failed = |what, address| move |source| NodeError::PortInUse { what, address, source };
        let config = local.config;
        let rpc_address =
            listeners.rpc.local_addr().map_err(failed("JSON-RPC", config.rpc_address))?;
        let metrics_address =
            listeners.metrics.local_addr().map_err(failed("metrics", config.metrics_address))?;
        let rpc = RpcServer::start(listeners.rpc, &config.rpc, (reads, status.clone(), mempool))
            .map_err(failed("JSON-RPC", rpc_address))?;
        let signal = stop.subscribe();
        let telemetry = TelemetryServer::start(listeners.metrics, registry, status.clone(), signal)
            .map_err(failed("metrics", metrics_address))?;
        let (request, requested) = watch::channel(false);
        let listen_addresses = transport.listen_addresses().to_vec();
        let member = local.member.get();
        tracing::info!(member, %rpc_address, %metrics_address, "the node serves");
        let data_dir = local.data_dir;
        let running = Running { engine, transport, rpc, telemetry, tasks, stop, data_dir };
        Ok(NodeHandle {
            rpc_address,
            metrics_address,
            listen_addresses,
            member,
            status,
            stop: request,
            supervisor: tokio::spawn(running.supervise(requested)),
        })
    }
}

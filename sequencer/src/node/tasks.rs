//! The tasks of a node: those around the L1, and those that carry news from one part to another.

use std::{sync::Arc, time::Duration};

use asset_consensus_net::EngineStatus;
use prometheus_client::registry::Registry;
use tokio::{
    sync::{Notify, watch},
    task::JoinSet,
};

use super::settlement::Settlement;
use crate::{
    actors::{
        executor::Executor,
        poster::{Attestations, Finalizer, Poster, PosterConfig, PosterMetrics, PosterStage},
        stopped,
        watcher::{L1View, Watcher, WatcherConfig, WatcherMetrics},
    },
    chain::ChainSpec,
    config::L1Section,
    store::Store,
};

/// What the parts around the L1 work with.
pub(super) struct L1Parts<'a> {
    pub(super) section: &'a L1Section,
    pub(super) spec: Arc<ChainSpec>,
    pub(super) store: Arc<Store>,
    pub(super) executor: &'a Executor,
    pub(super) settlement: Settlement,
    pub(super) member: u16,
    pub(super) attestations: Arc<Attestations>,
    pub(super) view: watch::Sender<Arc<L1View>>,
    pub(super) look: Arc<Notify>,
    pub(super) stage: watch::Sender<PosterStage>,
    pub(super) stop: watch::Receiver<bool>,
    pub(super) registry: &'a mut Registry,
    pub(super) tasks: &'a mut JoinSet<&'static str>,
}

/// Starts the watcher and, with a key that pays, the poster.
pub(super) fn start_l1(parts: L1Parts<'_>) {
    let Settlement { client, poster } = parts.settlement;
    let section = parts.section;
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
        head: parts.executor.head_changes(),
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
pub(super) async fn named(name: &'static str, task: impl Future<Output = ()>) -> &'static str {
    task.await;
    name
}

/// Tells the executor how far consensus has committed.
pub(super) async fn follow(
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
pub(super) async fn release(
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

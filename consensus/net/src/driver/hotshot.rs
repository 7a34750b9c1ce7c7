//! HotShot behind the engine's door.

use asset_consensus::{Core, Ed25519, Verifier};
use asset_consensus_wal::{Wal, WalConfig};
use tokio::{
    sync::{mpsc, watch},
    task::spawn_blocking,
};

use crate::{
    application::Application,
    driver::{
        calls::Calls,
        event::EVENTS_MAX,
        ingress::Ingress,
        log::Log,
        outbox::Outbox,
        range::Ranges,
        task::{Driver, Parts},
    },
    engine::{ConsensusEngine, EngineError, EngineHandle, EngineSetup},
    transport::Transport,
};

/// HotShot fast finality, rule set R2, with ed25519.
#[derive(Clone, Copy, Debug)]
pub struct HotShot;

impl ConsensusEngine for HotShot {
    async fn start<A: Application, T: Transport>(
        setup: EngineSetup<A, T>,
    ) -> Result<EngineHandle, EngineError> {
        let EngineSetup { config, signer, application, transport, inbox, metrics } = setup;
        let consensus = config.consensus;
        let (chain, key) = (consensus.chain, signer.public_key());
        let local = transport.local();
        if consensus.committee.key(local) != Some(key) {
            return Err(EngineError::ForeignTransport { transport: local, signer: key });
        }
        let (dir, segment_bytes_max) = (config.wal_dir, config.wal_segment_bytes_max);
        let open = move || Wal::open(WalConfig { dir, chain, key, segment_bytes_max });
        let opened = spawn_blocking(open).await;
        let wal = opened.map_err(|error| EngineError::Panicked(error.to_string()))??;
        let head = application.head().await?;
        let verifier =
            Verifier::new(Ed25519, chain, consensus.committee.clone(), consensus.genesis);
        let committee = consensus.committee.clone();
        let durable = wal.state().clone();
        let (core, actions) = Core::recover(consensus, Some(signer), durable, head.clone())?;
        let (events_sender, events) = mpsc::channel(EVENTS_MAX);
        let (stop_sender, stop) = watch::channel(false);
        let connected = transport.connected();
        let parts = Parts {
            ingress: Ingress::start(inbox, verifier, events_sender.clone(), metrics.clone()),
            log: Log::start(wal, events_sender.clone(), metrics.clone()),
            outbox: Outbox::new(transport.clone()),
            ranges: Ranges::new(application.clone(), transport, chain, metrics.clone()),
            calls: Calls::new(application, chain, head, events_sender, metrics.clone()),
            core,
            committee,
            commits_waiting_max: config.commits_waiting_max,
            events,
            connected,
            stop,
            metrics,
        };
        let (driver, status) = Driver::new(parts);
        let task = tokio::spawn(driver.run(actions));
        Ok(EngineHandle::new(status, stop_sender, task))
    }
}

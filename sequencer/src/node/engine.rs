//! The transport and the consensus engine of a node.

use std::sync::Arc;

use asset_consensus::{Config, Ed25519Signer, MemberIx, PacemakerConfig};
use asset_consensus_net::{
    ConsensusEngine as _, EngineConfig, EngineHandle, EngineMetrics, EngineSetup, HotShot,
    libp2p::{
        CommitteeAccess, Libp2pConfig, Libp2pTransport, Multiaddr, PeerConfig, TransportMetrics,
        load_or_create_identity,
    },
    transport::{ConsensusInbox, Inbox},
};
use ed25519_zebra::{SigningKey, VerificationKeyBytes};
use prometheus_client::registry::Registry;

use super::local::Local;
use crate::{actors::executor::Executor, error::NodeError};

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

/// Starts the way to the other members.
pub(super) async fn start_transport(
    local: &Local,
    registry: &mut Registry,
) -> Result<(Arc<Libp2pTransport>, Inbox), NodeError> {
    let identity = load_or_create_identity(&local.data_dir.network_key())?;
    // The texts were checked with the rest of the configuration.
    let parse =
        |texts: &[String]| texts.iter().filter_map(|text| text.parse::<Multiaddr>().ok()).collect();
    let peers = local.config.peers.iter().filter(|peer| peer.member != local.member.get());
    let peers = peers.map(|peer| PeerConfig {
        member: MemberIx::new(peer.member),
        addresses: parse(&peer.addresses),
    });
    let libp2p = Libp2pConfig::recommended(parse(&local.config.listen), peers.collect());
    let access = CommitteeAccess {
        chain_id: local.spec.id.to_bytes(),
        committee_hash: local.spec.committee_hash.to_bytes(),
        keys: local
            .spec
            .genesis
            .committee
            .iter()
            .map(|key| VerificationKeyBytes::from(key.to_bytes()))
            .collect(),
        local: local.member,
        signing_key: SigningKey::from(local.key.seed()),
    };
    let metrics = TransportMetrics::default();
    metrics.register(registry);
    Ok(Libp2pTransport::start(libp2p, access, identity, metrics).await?)
}

/// Starts consensus on what the executor holds.
pub(super) async fn start_engine(
    local: &Local,
    executor: Executor,
    (transport, inbox): (Arc<Libp2pTransport>, ConsensusInbox),
    registry: &mut Registry,
) -> Result<EngineHandle, NodeError> {
    let invalid =
        |reason: String| NodeError::Genesis { path: local.config.genesis_file.clone(), reason };
    let committee = local.spec.committee().map_err(|error| invalid(error.to_string()))?;
    let signer = Ed25519Signer::from_seed(&local.key.seed())
        .map_err(|error| NodeError::Task { task: "signer", reason: error.to_string() })?;
    let consensus = Config {
        chain: local.spec.consensus_chain(),
        committee,
        genesis: local.spec.genesis_block(),
        pacemaker: PacemakerConfig {
            view_base_ms: local.config.view_timeout_ms,
            growth_percent: VIEW_GROWTH_PERCENT,
            view_cap_ms: local.config.view_timeout_ms.saturating_mul(VIEW_CAP),
            retry_ms: RETRY_MS.min(local.config.view_timeout_ms / 4),
        },
        allow_missing_log: local.config.allow_missing_log,
    };
    let metrics = EngineMetrics::default();
    metrics.register(registry);
    let setup = EngineSetup {
        config: EngineConfig {
            consensus,
            wal_dir: local.data_dir.wal(),
            wal_segment_bytes_max: WAL_SEGMENT_BYTES_MAX,
            commits_waiting_max: COMMITS_WAITING_MAX,
        },
        signer: Box::new(signer),
        application: Arc::new(executor),
        transport,
        inbox,
        metrics,
    };
    Ok(HotShot::start(setup).await?)
}

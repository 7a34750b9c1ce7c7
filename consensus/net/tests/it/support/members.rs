//! The keys and configuration of a test committee, and its members' engines.

use std::{sync::Arc, time::Duration};

use asset_consensus::{
    BlockId, ChainId, Config, Ed25519Signer, Epoch, MemberIx, PacemakerConfig, PublicKey,
    Signer as _,
};
use asset_consensus_net::{
    ConsensusEngine as _, EngineConfig, EngineError, EngineHandle, EngineMetrics, EngineSetup,
    HotShot,
    libp2p::{CommitteeAccess, Keypair, Libp2pConfig, Libp2pTransport, TransportMetrics},
    transport::{ConsensusInbox, Inbox, Transport},
};
use ed25519_zebra::{SigningKey, VerificationKeyBytes};
use tempfile::TempDir;

use super::Counter;

/// Timers for a loaded test machine: nothing but a crashed leader should ever wait for them.
pub(crate) const fn pacemaker() -> PacemakerConfig {
    PacemakerConfig { view_base_ms: 1000, growth_percent: 150, view_cap_ms: 5000, retry_ms: 200 }
}

/// A committee of which each test starts what it needs.
pub(crate) struct Committee {
    pub(crate) size: u16,
    pub(crate) config: Config,
    pub(crate) folder: TempDir,
}

impl Committee {
    pub(crate) fn new(size: u16, pacemaker: PacemakerConfig) -> Self {
        let keys = (0..size).map(|member| signer(member).public_key());
        let committee = asset_consensus::Committee::equal(Epoch::new(1), keys).unwrap();
        let config = Config {
            chain: ChainId::new([3; 32]),
            committee,
            genesis: BlockId::new([4; 32]),
            pacemaker,
            allow_missing_log: false,
        };
        Self { size, config, folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn members(&self) -> impl Iterator<Item = MemberIx> + use<> {
        (0..self.size).map(MemberIx::new)
    }

    pub(crate) fn application(&self, member: MemberIx) -> Arc<Counter> {
        Counter::new(member.get(), self.config.chain, self.config.genesis)
    }

    /// Starts a member's engine on its log.
    pub(crate) async fn start<T: Transport>(
        &self,
        application: Arc<Counter>,
        transport: Arc<T>,
        inbox: ConsensusInbox,
        metrics: EngineMetrics,
    ) -> Result<EngineHandle, EngineError> {
        let member = transport.local().get();
        let config = EngineConfig {
            consensus: self.config.clone(),
            wal_dir: self.folder.path().join(member.to_string()),
            wal_segment_bytes_max: 1024 * 1024,
            commits_waiting_max: 64,
        };
        let signer = Box::new(signer(member));
        HotShot::start(EngineSetup { config, signer, application, transport, inbox, metrics }).await
    }

    pub(crate) fn access(&self, member: MemberIx) -> CommitteeAccess {
        CommitteeAccess {
            chain_id: *self.config.chain.as_bytes(),
            committee_hash: [5; 32],
            keys: self.members().map(|it| VerificationKeyBytes::from(&secret(it.get()))).collect(),
            local: member,
            signing_key: secret(member.get()),
        }
    }

    /// A transport on loopback, on QUIC and TCP, that knows no addresses yet.
    pub(crate) async fn transport(&self, member: MemberIx) -> (Arc<Libp2pTransport>, Inbox) {
        transport(transport_config(), self.access(member)).await
    }
}

/// A transport with a fresh network key.
pub(crate) async fn transport(
    config: Libp2pConfig,
    access: CommitteeAccess,
) -> (Arc<Libp2pTransport>, Inbox) {
    transport_with(config, access, Keypair::generate_ed25519()).await
}

/// A transport with a given network key.
pub(crate) async fn transport_with(
    config: Libp2pConfig,
    access: CommitteeAccess,
    identity: Keypair,
) -> (Arc<Libp2pTransport>, Inbox) {
    Libp2pTransport::start(config, access, identity, TransportMetrics::default()).await.unwrap()
}

/// The configuration of a transport on loopback.
pub(crate) fn transport_config() -> Libp2pConfig {
    let listen = ["/ip4/127.0.0.1/udp/0/quic-v1", "/ip4/127.0.0.1/tcp/0"];
    let listen = listen.map(|address| address.parse().unwrap()).to_vec();
    let recommended = Libp2pConfig::recommended(listen, Vec::new());
    Libp2pConfig { redial_max: Duration::from_millis(500), ..recommended }
}

pub(crate) fn secret(member: u16) -> SigningKey {
    SigningKey::from([u8::try_from(member).unwrap() + 1; 32])
}

fn signer(member: u16) -> Ed25519Signer {
    let signer = Ed25519Signer::from_seed(secret(member).as_bytes()).unwrap();
    let expected: [u8; 32] = VerificationKeyBytes::from(&secret(member)).into();
    assert_eq!(signer.public_key(), PublicKey(expected));
    signer
}

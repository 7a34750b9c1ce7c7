//! The libp2p transport between two or three members on loopback.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use asset_consensus::MemberIx;
use asset_consensus_net::{
    libp2p::{
        ClassLimits, CommitteeAccess, Keypair, Libp2pConfig, Libp2pTransport, Multiaddr, Refusal,
        StartError, TransportMetrics,
    },
    transport::{Class, Inbox, QueueLimits, Rank, Transport as _},
};
use ed25519_zebra::VerificationKeyBytes;
use futures::StreamExt as _;
use libp2p::{SwarmBuilder, noise, swarm::SwarmEvent, tcp, yamux};

use crate::support::{
    Committee, Proxy, pacemaker, secret, transport, transport_config, transport_with, within,
};

const A: MemberIx = MemberIx::new(0);
const B: MemberIx = MemberIx::new(1);

fn committee() -> Committee {
    Committee::new(4, pacemaker())
}

fn addresses(transport: &Libp2pTransport, kind: &str) -> Vec<Multiaddr> {
    let all = transport.listen_addresses().iter();
    all.filter(|address| address.to_string().contains(kind)).cloned().collect()
}

fn introduce(a: &Libp2pTransport, b: &Libp2pTransport, kind: &str) {
    a.set_addresses(b.local(), addresses(b, kind));
    b.set_addresses(a.local(), addresses(a, kind));
}

async fn connected(transport: &Libp2pTransport, member: MemberIx) {
    let mut connected = transport.connected();
    connected.wait_for(|connected| connected.contains(&member)).await.unwrap();
}

/// Waits until the condition holds; it can change only with an incident.
async fn incident(transport: &Libp2pTransport, happened: impl Fn(&TransportMetrics) -> bool) {
    let mut incidents = transport.metrics().incidents();
    while !happened(transport.metrics()) {
        incidents.changed().await.unwrap();
    }
}

async fn exchanges_frames(kind: &str) {
    let committee = committee();
    let (a, mut inbox_a) = committee.transport(A).await;
    let (b, mut inbox_b) = committee.transport(B).await;
    introduce(&a, &b, kind);
    a.broadcast(Class::Control, Rank::new(1), Arc::from(*b"vote"));
    a.send(B, Class::Block, Rank::new(1), vec![7; 5_000_000].into());
    assert_eq!(b.broadcast_app(Arc::from(*b"transaction")), 3, "for absent members it waits");
    let vote = inbox_b.consensus.control.recv().await.unwrap();
    assert_eq!((vote.from, vote.bytes.as_slice()), (A, b"vote".as_slice()));
    let block = inbox_b.consensus.block.recv().await.unwrap();
    assert_eq!((block.from, block.bytes), (A, vec![7; 5_000_000]));
    let transaction = inbox_a.app.recv().await.unwrap();
    assert_eq!((transaction.from, transaction.bytes.as_slice()), (B, b"transaction".as_slice()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exchanges_frames_over_quic() {
    within(exchanges_frames("quic")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exchanges_frames_over_tcp() {
    within(exchanges_frames("tcp")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_side_that_knows_the_address_is_enough() {
    within(async {
        let committee = committee();
        let (a, mut inbox_a) = committee.transport(A).await;
        let (b, _inbox_b) = committee.transport(B).await;
        // The higher index dials, after its grace for the lower one.
        b.set_addresses(A, addresses(&a, "quic"));
        connected(&a, B).await;
        connected(&b, A).await;
        b.send(A, Class::Control, Rank::new(1), Arc::from(*b"hello"));
        assert_eq!(inbox_a.consensus.control.recv().await.unwrap().bytes, b"hello");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reconnects_after_the_peer_restarts_elsewhere() {
    within(async {
        let committee = committee();
        let (a, _inbox_a) = committee.transport(A).await;
        let (b, _inbox_b) = committee.transport(B).await;
        introduce(&a, &b, "tcp");
        connected(&a, B).await;
        b.close().await;
        drop(b);
        let mut link = a.connected();
        link.wait_for(|connected| connected.is_empty()).await.unwrap();
        let (b, mut inbox_b) = committee.transport(B).await;
        b.set_addresses(A, addresses(&a, "tcp"));
        connected(&a, B).await;
        a.send(B, Class::Control, Rank::new(9), Arc::from(*b"again"));
        assert_eq!(inbox_b.consensus.control.recv().await.unwrap().bytes, b"again");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restarted_peer_replaces_a_connection_that_died_silently() {
    within(async {
        let committee = committee();
        // No time limit helps here: only the new process can tell that the old connection is dead.
        let hour = Duration::from_secs(3600);
        let patient =
            Libp2pConfig { dial_timeout: hour, write_timeout: hour, ..transport_config() };
        let (a, _inbox_a) = transport(patient.clone(), committee.access(A)).await;
        let identity = Keypair::generate_ed25519();
        let (first, _inbox_first) =
            transport_with(transport_config(), committee.access(B), identity.clone()).await;
        let proxy = Proxy::start(socket_address(&addresses(&first, "tcp")[0])).await;
        let hop = format!("/ip4/127.0.0.1/tcp/{}", proxy.address.port()).parse().unwrap();
        a.set_addresses(B, vec![hop]);
        connected(&a, B).await;
        connected(&first, A).await;
        proxy.fall_silent();
        first.close().await;
        let (second, mut inbox) = transport_with(patient, committee.access(B), identity).await;
        let mut link = a.connected();
        link.mark_unchanged();
        second.set_addresses(A, addresses(&a, "tcp"));
        link.changed().await.unwrap();
        link.wait_for(|connected| connected.contains(&B)).await.unwrap();
        a.send(B, Class::Control, Rank::new(1), Arc::from(*b"again"));
        assert_eq!(inbox.consensus.control.recv().await.unwrap().bytes, b"again");
    })
    .await;
}

fn socket_address(address: &Multiaddr) -> SocketAddr {
    let text = address.to_string();
    let port = text.rsplit('/').next().unwrap();
    format!("127.0.0.1:{port}").parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stranger_without_a_committee_key_is_refused() {
    within(async {
        let committee = committee();
        let (a, _inbox_a) = committee.transport(A).await;
        // It claims to be member 1, with a key of its own.
        let mut keys = committee.access(B).keys;
        keys[1] = VerificationKeyBytes::from(&secret(77));
        let impostor = CommitteeAccess { keys, signing_key: secret(77), ..committee.access(B) };
        let (stranger, _inbox) = transport(transport_config(), impostor).await;
        stranger.set_addresses(A, addresses(&a, "quic"));
        incident(&a, |metrics| {
            metrics.refusals(Refusal::Signature) > 0 && metrics.gate_closed() > 0
        })
        .await;
        assert!(a.connected().borrow().is_empty());
        assert!(stranger.connected().borrow().is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_with_another_chain_id_is_refused() {
    within(async {
        let committee = committee();
        let (a, _inbox_a) = committee.transport(A).await;
        let other = CommitteeAccess { chain_id: [99; 32], ..committee.access(B) };
        let (b, _inbox_b) = transport(transport_config(), other).await;
        b.set_addresses(A, addresses(&a, "tcp"));
        incident(&a, |metrics| metrics.refusals(Refusal::Chain) > 0).await;
        assert!(a.connected().borrow().is_empty());
        assert!(b.connected().borrow().is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_stranger_is_disconnected() {
    within(async {
        let committee = committee();
        let quick = Libp2pConfig { gate_timeout: Duration::from_millis(200), ..transport_config() };
        let (a, _inbox_a) = transport(quick, committee.access(A)).await;
        let mut stranger = SwarmBuilder::with_new_identity()
            .with_tokio()
            .with_tcp(tcp::Config::default(), noise::Config::new, yamux::Config::default)
            .unwrap()
            .with_behaviour(|_| libp2p_stream::Behaviour::new())
            .unwrap()
            .with_swarm_config(|config| {
                config.with_idle_connection_timeout(Duration::from_secs(3600))
            })
            .build();
        stranger.dial(addresses(&a, "tcp")[0].clone()).unwrap();
        let mut established = false;
        loop {
            match stranger.select_next_some().await {
                SwarmEvent::ConnectionEstablished { .. } => established = true,
                SwarmEvent::ConnectionClosed { .. } => break,
                _ => {}
            }
        }
        assert!(established);
        assert_eq!(a.metrics().gate_closed(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_oversized_frame_closes_the_stream_and_is_counted() {
    within(async {
        let committee = committee();
        let small = ClassLimits { frame_size_bytes_max: 1000, ..transport_config().block };
        let strict = Libp2pConfig { block: small, ..transport_config() };
        let (a, _inbox_a) = committee.transport(A).await;
        let (b, mut inbox_b) = transport(strict, committee.access(B)).await;
        introduce(&a, &b, "quic");
        connected(&a, B).await;
        let mut link = a.connected();
        a.send(B, Class::Block, Rank::new(1), vec![1; 1001].into());
        incident(&b, |metrics| metrics.oversized_frames(Class::Block) > 0).await;
        // The link closes, opens again, and carries frames within the bound.
        link.changed().await.unwrap();
        link.wait_for(|connected| connected.contains(&B)).await.unwrap();
        a.send(B, Class::Block, Rank::new(2), vec![2; 1000].into());
        assert_eq!(inbox_b.consensus.block.recv().await.unwrap().bytes, vec![2; 1000]);
        assert_eq!(b.metrics().oversized_frames(Class::Block), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn application_frames_never_delay_votes() {
    within(async {
        let committee = committee();
        let queue = QueueLimits { frames_max: 4, size_bytes_max: 4 << 20 };
        let app = ClassLimits { queue, ..transport_config().app };
        let config = Libp2pConfig { app, inbox_frames_max: 1, ..transport_config() };
        let (a, _inbox_a) = transport(config.clone(), committee.access(A)).await;
        let (b, inbox_b) = transport(config, committee.access(B)).await;
        introduce(&a, &b, "quic");
        connected(&a, B).await;
        // Nobody takes application frames from this inbox.
        let Inbox { mut consensus, app: _untaken } = inbox_b;
        let frame: Arc<[u8]> = vec![0; 900_000].into();
        while a.send_app(B, frame.clone()).is_ok() {
            tokio::task::yield_now().await;
        }
        assert!(a.metrics().queue_drops(Class::App) > 0);
        a.send(B, Class::Control, Rank::new(1), Arc::from(*b"vote"));
        assert_eq!(consensus.control.recv().await.unwrap().bytes, b"vote");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_port_in_use_is_reported() {
    within(async {
        let committee = committee();
        let (a, _inbox) = committee.transport(A).await;
        for kind in ["tcp", "quic"] {
            let config = Libp2pConfig { listen: addresses(&a, kind), ..transport_config() };
            let identity = Keypair::generate_ed25519();
            let metrics = TransportMetrics::default();
            let started =
                Libp2pTransport::start(config, committee.access(B), identity, metrics).await;
            assert!(matches!(started, Err(StartError::Listen { .. })), "{kind}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_foreign_signing_key_is_reported() {
    let committee = committee();
    let access = CommitteeAccess { signing_key: secret(9), ..committee.access(A) };
    let identity = Keypair::generate_ed25519();
    let metrics = TransportMetrics::default();
    let started = Libp2pTransport::start(transport_config(), access, identity, metrics).await;
    assert!(matches!(started, Err(StartError::ForeignKey(member)) if member == A));
}

//! The task that owns the libp2p swarm: listening, dialing, and the gate.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    net::{IpAddr, TcpListener},
    time::Duration,
};

use futures::StreamExt as _;
use libp2p::{
    Multiaddr, PeerId, Swarm, SwarmBuilder,
    connection_limits::{self, ConnectionLimits},
    identity::Keypair,
    multiaddr::Protocol,
    noise,
    swarm::{ConnectionId, NetworkBehaviour, SwarmEvent, dial_opts::DialOpts},
    tcp, yamux,
};
use libp2p_stream as stream;
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, sleep_until},
};

use crate::libp2p::{StartError, TransportMetrics};

/// Two for each direction of a simultaneous dial, and one generation before them that has not been noticed dead.
const CONNECTIONS_PER_PEER_MAX: u32 = 6;
const QUIC_IDLE_TIMEOUT_MS: u32 = 5_000;
const QUIC_KEEP_ALIVE: Duration = Duration::from_secs(1);

/// A request to the swarm task.
#[derive(Debug)]
pub(crate) enum Command {
    /// Connect to an address and answer with the peer id behind it.
    Dial { address: Multiaddr, reply: oneshot::Sender<Result<PeerId, String>> },
    /// The peer proved a committee key: lift the gate for it.
    Admit { peer: PeerId },
    /// The peer failed its proof: disconnect it, unless it proved a key on another stream.
    Expel { peer: PeerId },
    /// The peer's process restarted: close all connections to it but the newest.
    CloseOlder { peer: PeerId },
    /// Answer whether there is a connection to the peer.
    Probe { peer: PeerId, reply: oneshot::Sender<bool> },
    /// The connections to the peer do not carry data any more: close them.
    Disconnect { peer: PeerId },
}

/// The behaviour of the swarm: streams, and limits on what precedes them.
#[derive(NetworkBehaviour)]
pub(crate) struct Behaviour {
    pub(crate) streams: stream::Behaviour,
    limits: connection_limits::Behaviour,
}

/// Builds a swarm that speaks QUIC and TCP with noise and yamux.
pub(crate) fn build_swarm(
    identity: Keypair,
    strangers_max: usize,
    idle_timeout: Duration,
) -> Result<Swarm<Behaviour>, StartError> {
    let pending = u32::try_from(strangers_max).unwrap_or(u32::MAX);
    let limits = ConnectionLimits::default()
        .with_max_pending_incoming(Some(pending))
        .with_max_established_per_peer(Some(CONNECTIONS_PER_PEER_MAX));
    let tcp = tcp::Config::default().nodelay(true);
    let swarm = SwarmBuilder::with_existing_identity(identity)
        .with_tokio()
        .with_tcp(tcp, noise::Config::new, yamux::Config::default)
        .map_err(|error| StartError::Identity(error.to_string()))?
        .with_quic_config(|mut quic| {
            quic.max_idle_timeout = QUIC_IDLE_TIMEOUT_MS;
            quic.keep_alive_interval = QUIC_KEEP_ALIVE;
            quic
        })
        .with_behaviour(|_| Behaviour {
            streams: stream::Behaviour::new(),
            limits: connection_limits::Behaviour::new(limits),
        })
        .map_err(|error| StartError::Identity(error.to_string()))?
        .with_swarm_config(|config| config.with_idle_connection_timeout(idle_timeout))
        .build();
    Ok(swarm)
}

/// Listens on every address and returns the real ones.
pub(crate) async fn listen(
    swarm: &mut Swarm<Behaviour>,
    addresses: &[Multiaddr],
) -> Result<Vec<Multiaddr>, StartError> {
    let mut waiting = BTreeMap::new();
    for address in addresses {
        let failed = |cause: String| StartError::Listen { address: address.clone(), cause };
        probe(address).map_err(|error| failed(error.to_string()))?;
        let listener = swarm.listen_on(address.clone()).map_err(|error| failed(chain(&error)))?;
        waiting.insert(listener.to_string(), address.clone());
    }
    let mut found = Vec::new();
    while !waiting.is_empty() {
        match swarm.select_next_some().await {
            SwarmEvent::NewListenAddr { listener_id, address } => {
                waiting.remove(&listener_id.to_string());
                found.push(address);
            }
            SwarmEvent::ListenerClosed { listener_id, reason: Err(error), .. } => {
                if let Some(address) = waiting.remove(&listener_id.to_string()) {
                    return Err(StartError::Listen { address, cause: error.to_string() });
                }
            }
            _ => {}
        }
    }
    Ok(found)
}

/// Fails if another socket listens on a TCP address. libp2p shares ports (`SO_REUSEPORT`), so that two nodes on one
/// port would each get a part of the connections.
fn probe(address: &Multiaddr) -> std::io::Result<()> {
    let mut parts = address.iter();
    let ip = match parts.next() {
        Some(Protocol::Ip4(ip)) => IpAddr::V4(ip),
        Some(Protocol::Ip6(ip)) => IpAddr::V6(ip),
        _ => return Ok(()),
    };
    match parts.next() {
        Some(Protocol::Tcp(port)) if port > 0 => TcpListener::bind((ip, port)).map(drop),
        _ => Ok(()),
    }
}

/// The state of the swarm task.
pub(crate) struct SwarmTask {
    swarm: Swarm<Behaviour>,
    commands: mpsc::Receiver<Command>,
    metrics: TransportMetrics,
    gate_timeout: Duration,
    strangers_max: usize,
    dials: BTreeMap<ConnectionId, oneshot::Sender<Result<PeerId, String>>>,
    admitted: BTreeSet<PeerId>,
    /// The connections to each peer, oldest first.
    connections: BTreeMap<PeerId, Vec<ConnectionId>>,
    /// Connections without a proof, in the order of their deadlines.
    gate: VecDeque<Stranger>,
}

struct Stranger {
    connection: ConnectionId,
    peer: PeerId,
    deadline: Instant,
}

impl SwarmTask {
    pub(crate) fn new(
        swarm: Swarm<Behaviour>,
        commands: mpsc::Receiver<Command>,
        metrics: TransportMetrics,
        gate: (Duration, usize),
    ) -> Self {
        let (gate_timeout, strangers_max) = gate;
        Self {
            swarm,
            commands,
            metrics,
            gate_timeout,
            strangers_max,
            dials: BTreeMap::new(),
            admitted: BTreeSet::new(),
            connections: BTreeMap::new(),
            gate: VecDeque::new(),
        }
    }

    /// Runs until every sender of commands is gone.
    pub(crate) async fn run(mut self) {
        loop {
            let deadline = self.gate.front().map(|stranger| stranger.deadline);
            let expired = async {
                match deadline {
                    Some(deadline) => sleep_until(deadline).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                event = self.swarm.select_next_some() => self.on_event(event),
                command = self.commands.recv() => match command {
                    Some(command) => self.on_command(command),
                    None => return,
                },
                () = expired => self.on_gate_deadline(),
            }
        }
    }

    fn on_event(&mut self, event: SwarmEvent<BehaviourEvent>) {
        match event {
            SwarmEvent::ConnectionEstablished { peer_id, connection_id, endpoint, .. } => {
                if let Some(reply) = self.dials.remove(&connection_id) {
                    // The link may have found its peer another way meanwhile.
                    let _ = reply.send(Ok(peer_id));
                }
                self.on_connection(peer_id, connection_id, endpoint.is_listener());
            }
            SwarmEvent::ConnectionClosed {
                peer_id, connection_id, num_established, cause, ..
            } => {
                tracing::debug!(peer = %peer_id, ?cause, "connection closed");
                self.gate.retain(|stranger| stranger.connection != connection_id);
                if let Some(connections) = self.connections.get_mut(&peer_id) {
                    connections.retain(|connection| *connection != connection_id);
                }
                if num_established == 0 {
                    self.admitted.remove(&peer_id);
                    self.connections.remove(&peer_id);
                }
            }
            SwarmEvent::OutgoingConnectionError { connection_id, error, .. } => {
                if let Some(reply) = self.dials.remove(&connection_id) {
                    let _ = reply.send(Err(chain(&error)));
                }
            }
            SwarmEvent::IncomingConnectionError { send_back_addr, error, .. } => {
                tracing::debug!(from = %send_back_addr, error = %chain(&error), "inbound connection failed");
            }
            SwarmEvent::ListenerClosed { addresses, reason, .. } => {
                tracing::error!(?addresses, ?reason, "a listener closed");
            }
            _ => {}
        }
    }

    fn on_connection(&mut self, peer: PeerId, connection: ConnectionId, inbound: bool) {
        self.connections.entry(peer).or_default().push(connection);
        if self.admitted.contains(&peer) {
            return;
        }
        if inbound && self.gate.len() >= self.strangers_max {
            tracing::debug!(%peer, "too many connections without a proof");
            self.metrics.on_gate_closed();
            self.swarm.close_connection(connection);
            return;
        }
        let deadline = Instant::now() + self.gate_timeout;
        self.gate.push_back(Stranger { connection, peer, deadline });
    }

    fn on_command(&mut self, command: Command) {
        match command {
            Command::Dial { address, reply } => self.dial(address, reply),
            Command::Admit { peer } => {
                if self.swarm.is_connected(&peer) {
                    self.gate.retain(|stranger| stranger.peer != peer);
                    self.admitted.insert(peer);
                }
            }
            Command::Expel { peer } => {
                if !self.admitted.contains(&peer) && self.swarm.is_connected(&peer) {
                    tracing::debug!(%peer, "disconnecting a peer that failed its proof");
                    self.metrics.on_gate_closed();
                    self.disconnect(peer);
                }
            }
            Command::CloseOlder { peer } => {
                if let Some((_, older)) =
                    self.connections.get(&peer).and_then(|connections| connections.split_last())
                {
                    for connection in older {
                        self.swarm.close_connection(*connection);
                    }
                }
            }
            Command::Probe { peer, reply } => drop(reply.send(self.swarm.is_connected(&peer))),
            Command::Disconnect { peer } => self.disconnect(peer),
        }
    }

    fn dial(&mut self, address: Multiaddr, reply: oneshot::Sender<Result<PeerId, String>>) {
        // A port of its own keeps two members that dial each other from meeting in a TCP simultaneous open.
        let options = DialOpts::unknown_peer_id().address(address).allocate_new_port().build();
        let connection = options.connection_id();
        match self.swarm.dial(options) {
            Ok(()) => drop(self.dials.insert(connection, reply)),
            Err(error) => drop(reply.send(Err(chain(&error)))),
        }
    }

    fn disconnect(&mut self, peer: PeerId) {
        self.admitted.remove(&peer);
        // The error means that there is no connection, which is what is wanted.
        let _ = self.swarm.disconnect_peer_id(peer);
    }

    fn on_gate_deadline(&mut self) {
        let now = Instant::now();
        while let Some(stranger) = self.gate.pop_front_if(|stranger| stranger.deadline <= now) {
            tracing::debug!(peer = %stranger.peer, "no proof of a committee key in time");
            self.metrics.on_gate_closed();
            self.swarm.close_connection(stranger.connection);
        }
    }
}

/// An error with its causes, in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}

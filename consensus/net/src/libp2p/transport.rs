//! The libp2p transport: starts the tasks, and queues frames for them.

use std::{fmt, sync::Arc};

use asset_consensus::MemberIx;
use libp2p::{Multiaddr, PeerId, identity::Keypair};
use tokio::{
    sync::{Mutex, mpsc, watch},
    task::JoinSet,
};

use crate::{
    libp2p::{
        CommitteeAccess, Libp2pConfig, TransportMetrics,
        directory::Directory,
        handshake::Handshaker,
        inbound,
        link::{Link, PROTOCOL, Queues},
        swarm::{self, SwarmTask},
    },
    transport::{Class, Inbox, QueueFull, Rank, SendQueue, Transport, inbox},
};

const COMMANDS_MAX: usize = 256;

/// The transport could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// An address cannot be listened on.
    #[error("cannot listen on {address}: {cause}; choose another address or stop what uses it")]
    Listen {
        /// The address.
        address: Multiaddr,
        /// The cause.
        cause: String,
    },
    /// The network key cannot be used.
    #[error("cannot use the network key: {0}")]
    Identity(String),
    /// The local index or a peer's index is outside the committee.
    #[error("member {member} is outside the committee of {size}")]
    OutsideCommittee {
        /// The index.
        member: MemberIx,
        /// The number of members.
        size: usize,
    },
    /// The signing key is not the one of the local index.
    #[error("the signing key is not the key of member {0}")]
    ForeignKey(MemberIx),
}

/// A [`Transport`] over libp2p. Dropping it closes every connection.
pub struct Libp2pTransport {
    directory: Arc<Directory>,
    queues: Vec<Arc<Queues>>,
    addresses: Vec<watch::Sender<Vec<Multiaddr>>>,
    listening: Vec<Multiaddr>,
    local_peer: PeerId,
    tasks: Mutex<JoinSet<()>>,
}

impl Libp2pTransport {
    /// Listens, and begins to open links to the peers.
    ///
    /// # Errors
    ///
    /// [`StartError`] when an address is not usable or the configuration contradicts the committee.
    pub async fn start(
        config: Libp2pConfig,
        access: CommitteeAccess,
        identity: Keypair,
        metrics: TransportMetrics,
    ) -> Result<(Arc<Self>, Inbox), StartError> {
        check(&config, &access)?;
        let local_peer = identity.public().to_peer_id();
        let idle_timeout = config.gate_timeout.saturating_mul(2);
        let mut swarm = swarm::build_swarm(identity, config.strangers_max, idle_timeout)?;
        let listening = swarm::listen(&mut swarm, &config.listen).await?;
        let mut control = swarm.behaviour().streams.new_control();
        let Ok(incoming) = control.accept(PROTOCOL) else {
            return Err(StartError::Identity("the protocol is registered twice".to_owned()));
        };
        let (commands, receiver) = mpsc::channel(COMMANDS_MAX);
        let gate = (config.gate_timeout, config.strangers_max);
        let swarm_task = SwarmTask::new(swarm, receiver, metrics.clone(), gate);
        let (inbox_sender, inbox) = inbox(config.inbox_frames_max);
        let handshaker = Handshaker::new(access, local_peer);
        let directory = Arc::new(Directory::new(config, handshaker, commands, metrics));
        let mut tasks = JoinSet::new();
        tasks.spawn(swarm_task.run());
        tasks.spawn(inbound::accept(incoming, directory.clone(), inbox_sender));
        let mut transport = Self {
            queues: queues(&directory),
            addresses: addresses(&directory),
            directory,
            listening,
            local_peer,
            tasks: Mutex::default(),
        };
        for member in transport.others() {
            tasks.spawn(transport.link(member, control.clone()).run());
        }
        transport.tasks = Mutex::new(tasks);
        Ok((Arc::new(transport), inbox))
    }

    /// The addresses this member really listens on, without its peer id.
    pub fn listen_addresses(&self) -> &[Multiaddr] {
        &self.listening
    }

    /// The peer id of this member.
    pub const fn local_peer(&self) -> PeerId {
        self.local_peer
    }

    /// The metrics.
    pub fn metrics(&self) -> &TransportMetrics {
        &self.directory.metrics
    }

    /// Replaces the addresses of a member. An open link is kept.
    pub fn set_addresses(&self, member: MemberIx, addresses: Vec<Multiaddr>) {
        if let Some(sender) = self.addresses.get(usize::from(member.get())) {
            sender.send_replace(addresses);
        }
    }

    /// Closes every connection and listener, and returns when the sockets are free.
    pub async fn close(&self) {
        self.tasks.lock().await.shutdown().await;
    }

    fn link(&self, member: MemberIx, control: libp2p_stream::Control) -> Link {
        let index = usize::from(member.get());
        Link {
            member,
            addresses: self.addresses[index].subscribe(),
            queues: self.queues[index].clone(),
            directory: self.directory.clone(),
            control,
            last: None,
        }
    }

    fn others(&self) -> impl Iterator<Item = MemberIx> + use<> {
        let access = self.directory.handshaker.access();
        let local = access.local;
        let size = u16::try_from(access.keys.len()).unwrap_or(u16::MAX);
        (0..size).map(MemberIx::new).filter(move |member| *member != local)
    }

    /// The queue to another member, if the frame is for one and not too long.
    fn queue(&self, to: MemberIx, class: Class, size_bytes: usize) -> Option<&SendQueue> {
        let size_bytes_max = self.directory.config.limits(class).frame_size_bytes_max;
        if size_bytes > size_bytes_max {
            tracing::error!(
                class = class.name(),
                size_bytes,
                size_bytes_max,
                "own frame is too long"
            );
            return None;
        }
        if to == self.local() {
            return None;
        }
        self.queues.get(usize::from(to.get())).map(|queues| &queues[class.index()])
    }
}

impl Transport for Libp2pTransport {
    fn local(&self) -> MemberIx {
        self.directory.handshaker.access().local
    }

    fn broadcast(&self, class: Class, rank: Rank, bytes: Arc<[u8]>) {
        for member in self.others() {
            self.send(member, class, rank, bytes.clone());
        }
    }

    fn send(&self, to: MemberIx, class: Class, rank: Rank, bytes: Arc<[u8]>) {
        if let Some(queue) = self.queue(to, class, bytes.len()) {
            self.directory.metrics.on_queue_drops(class, queue.push(rank, bytes));
        }
    }

    fn send_app(&self, to: MemberIx, bytes: Arc<[u8]>) -> Result<(), QueueFull> {
        let queue = self.queue(to, Class::App, bytes.len());
        if queue.is_some_and(|queue| queue.try_push(Rank::default(), bytes)) {
            return Ok(());
        }
        self.directory.metrics.on_queue_drops(Class::App, 1);
        Err(QueueFull { to })
    }

    fn broadcast_app(&self, bytes: Arc<[u8]>) -> usize {
        self.others().filter(|member| self.send_app(*member, bytes.clone()).is_ok()).count()
    }

    fn connected(&self) -> watch::Receiver<Vec<MemberIx>> {
        self.directory.connected()
    }
}

impl fmt::Debug for Libp2pTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Libp2pTransport")
            .field("local", &self.local())
            .field("local_peer", &self.local_peer)
            .field("listening", &self.listening)
            .finish_non_exhaustive()
    }
}

fn check(config: &Libp2pConfig, access: &CommitteeAccess) -> Result<(), StartError> {
    let size = access.keys.len();
    let peers = config.peers.iter().map(|peer| peer.member);
    for member in peers.chain([access.local]) {
        if usize::from(member.get()) >= size {
            return Err(StartError::OutsideCommittee { member, size });
        }
    }
    let own = ed25519_zebra::VerificationKeyBytes::from(&access.signing_key);
    if access.keys[usize::from(access.local.get())] != own {
        return Err(StartError::ForeignKey(access.local));
    }
    Ok(())
}

fn queues(directory: &Directory) -> Vec<Arc<Queues>> {
    let queue = |class| SendQueue::new(directory.config.limits(class).queue);
    directory.handshaker.access().keys.iter().map(|_| Arc::new(Class::ALL.map(queue))).collect()
}

fn addresses(directory: &Directory) -> Vec<watch::Sender<Vec<Multiaddr>>> {
    let count = directory.handshaker.access().keys.len();
    let senders: Vec<_> = (0..count).map(|_| watch::Sender::new(Vec::new())).collect();
    for peer in &directory.config.peers {
        senders[usize::from(peer.member.get())].send_replace(peer.addresses.clone());
    }
    senders
}

//! The link to one member: finds it, opens a substream for each class, and writes the queues out.

use std::{
    io,
    sync::Arc,
    time::{Duration, Instant},
};

use asset_consensus::MemberIx;
use futures::{AsyncReadExt as _, AsyncWrite, future::try_join_all};
use libp2p::{Multiaddr, PeerId, Stream, StreamProtocol};
use libp2p_stream::Control;
use tokio::{
    sync::{oneshot, watch},
    time::{sleep, timeout},
};

use crate::{
    libp2p::{
        codec::write_frames,
        directory::{Directory, Presence},
        handshake::{HandshakeError, Refusal, Remote},
        swarm::Command,
    },
    transport::{Class, SendQueue},
};

/// The protocol of every substream.
pub(crate) const PROTOCOL: StreamProtocol = StreamProtocol::new("/asset-l2/consensus/1");
/// Frames are written together up to this size.
const WRITE_BATCH_SIZE: usize = 64 * 1024;
/// How many times the shortest pause the higher index waits for the lower one to dial first.
const DIAL_GRACE_FACTOR: u32 = 4;

/// The send queues to one member, by class.
pub(crate) type Queues = [SendQueue; Class::ALL.len()];

/// Why a link is down.
#[derive(Debug, thiserror::Error)]
enum LinkError {
    #[error("cannot reach the member: {0}")]
    Unreachable(String),
    #[error("the connection does not carry data")]
    Stalled,
    #[error("the handshake failed: {0}")]
    Handshake(#[from] HandshakeError),
    #[error("the stream broke: {0}")]
    Io(#[from] io::Error),
    #[error("the member restarted")]
    Restarted,
    #[error("the transport is closed")]
    Closed,
}

/// The task that keeps the link to one member open.
pub(crate) struct Link {
    pub(crate) member: MemberIx,
    pub(crate) addresses: watch::Receiver<Vec<Multiaddr>>,
    pub(crate) queues: Arc<Queues>,
    pub(crate) directory: Arc<Directory>,
    pub(crate) control: Control,
    /// The peer id behind which the member was last.
    pub(crate) last: Option<PeerId>,
}

impl Link {
    /// Opens the link again and again, with growing pauses.
    pub(crate) async fn run(mut self) {
        let mut presence = self.directory.presence(self.member).subscribe();
        let config = &self.directory.config;
        let mut pause = Backoff::new(config.redial_min, config.redial_max);
        if self.directory.handshaker.access().local > self.member {
            let grace = config.redial_min.saturating_mul(DIAL_GRACE_FACTOR);
            // Whether the member came first or the time is over makes no difference here.
            let _ = timeout(grace, presence.wait_for(|presence| presence.peer.is_some())).await;
        }
        loop {
            let opened = Instant::now();
            let error = match self.serve(&mut presence).await {
                Ok(never) => match never {},
                Err(LinkError::Closed) => return,
                Err(error) => error,
            };
            self.log(&error);
            if opened.elapsed() > self.directory.config.redial_max {
                pause.reset();
            }
            self.rest(pause.next(), &mut presence).await;
        }
    }

    /// Opens the link and writes until something breaks.
    async fn serve(
        &mut self,
        presence: &mut watch::Receiver<Presence>,
    ) -> Result<std::convert::Infallible, LinkError> {
        let peer = self.find(presence).await?;
        self.last = Some(peer);
        let (remote, streams) = match self.open(peer).await {
            Ok(opened) => opened,
            Err(error) => {
                self.on_failed(peer, &error).await;
                return Err(error);
            }
        };
        self.directory
            .commands
            .send(Command::Admit { peer })
            .await
            .map_err(|_| LinkError::Closed)?;
        if self.directory.on_proved(self.member, peer, remote.boot) {
            let close = Command::CloseOlder { peer };
            self.directory.commands.send(close).await.map_err(|_| LinkError::Closed)?;
        }
        self.directory.on_link_open(self.member);
        tracing::info!(member = %self.member, %peer, "link open");
        let writers = Class::ALL.into_iter().zip(streams);
        let writers = writers.map(|(class, stream)| self.write(class, stream));
        let ended = tokio::select! {
            ended = try_join_all(writers) => ended.err(),
            seen = presence.wait_for(|presence| presence.boot != remote.boot) => {
                seen.is_ok().then_some(LinkError::Restarted)
            }
        };
        self.directory.on_link_closed(self.member);
        let error = ended.unwrap_or(LinkError::Closed);
        self.on_failed(peer, &error).await;
        Err(error)
    }

    /// The peer id of the member: known from its own substreams, still connected from before, or found by dialing.
    async fn find(
        &mut self,
        presence: &mut watch::Receiver<Presence>,
    ) -> Result<PeerId, LinkError> {
        if let Some(peer) = presence.borrow().peer {
            return Ok(peer);
        }
        if let Some(peer) = self.last
            && self.is_connected(peer).await?
        {
            return Ok(peer);
        }
        let mut presence = presence.clone();
        let arrives = async {
            let arrived = presence.wait_for(|presence| presence.peer.is_some()).await;
            arrived.ok().and_then(|presence| presence.peer).ok_or(LinkError::Closed)
        };
        let addresses = self.addresses.borrow_and_update().clone();
        let dialed = async {
            if addresses.is_empty() {
                sleep(self.directory.config.redial_max).await;
            }
            dial_each(&self.directory, &addresses).await
        };
        tokio::select! {
            biased;
            peer = arrives => peer,
            peer = dialed => peer,
        }
    }

    async fn is_connected(&self, peer: PeerId) -> Result<bool, LinkError> {
        let (reply, answer) = oneshot::channel();
        let probe = Command::Probe { peer, reply };
        self.directory.commands.send(probe).await.map_err(|_| LinkError::Closed)?;
        answer.await.map_err(|_| LinkError::Closed)
    }

    /// Opens a substream for each class, in the order of [`Class::ALL`].
    async fn open(&mut self, peer: PeerId) -> Result<(Remote, Vec<Stream>), LinkError> {
        let limit = self.directory.config.dial_timeout;
        let mut streams = Vec::with_capacity(Class::ALL.len());
        let mut last = None;
        for class in Class::ALL {
            let opening = self.control.open_stream(peer, PROTOCOL);
            let opened = timeout(limit, opening).await.map_err(|_| LinkError::Stalled)?;
            let mut stream = opened.map_err(|error| LinkError::Unreachable(error.to_string()))?;
            let handshake = self.directory.handshaker.open(&mut stream, peer, class, self.member);
            let remote = timeout(limit, handshake).await.map_err(|_| LinkError::Stalled)??;
            streams.push(stream);
            last = Some(remote);
        }
        let remote = last.ok_or(LinkError::Closed)?;
        Ok((remote, streams))
    }

    /// Writes the queue of one class out, until the substream ends.
    async fn write(
        &self,
        class: Class,
        stream: Stream,
    ) -> Result<std::convert::Infallible, LinkError> {
        let (mut reader, mut writer) = stream.split();
        let hung_up = async {
            // The other end never writes after the handshake.
            let mut byte = [0; 1];
            let kind = match reader.read(&mut byte).await? {
                0 => io::ErrorKind::UnexpectedEof,
                _ => io::ErrorKind::InvalidData,
            };
            Err(LinkError::Io(kind.into()))
        };
        tokio::select! {
            ended = self.pump(class, &mut writer) => ended,
            ended = hung_up => ended,
        }
    }

    async fn pump<W: AsyncWrite + Unpin>(
        &self,
        class: Class,
        writer: &mut W,
    ) -> Result<std::convert::Infallible, LinkError> {
        let limit = self.directory.config.write_timeout;
        loop {
            let frames = self.queues[class.index()].pop(WRITE_BATCH_SIZE).await;
            let written = timeout(limit, write_frames(writer, &frames)).await;
            written.map_err(|_| LinkError::Stalled)??;
            self.directory.metrics.on_sent(class, frames.iter().map(|frame| frame.len()).sum());
        }
    }

    async fn on_failed(&self, peer: PeerId, error: &LinkError) {
        let commands = &self.directory.commands;
        match error {
            LinkError::Stalled => {
                let _ = commands.send(Command::Disconnect { peer }).await;
                self.directory.on_lost(self.member, peer);
            }
            LinkError::Handshake(HandshakeError::Refused(reason)) => {
                self.directory.metrics.on_refusal(*reason);
                self.directory.on_lost(self.member, peer);
                if *reason != Refusal::OtherMember {
                    let _ = commands.send(Command::Expel { peer }).await;
                }
            }
            LinkError::Unreachable(_) | LinkError::Handshake(_) | LinkError::Io(_) => {
                self.directory.on_lost(self.member, peer);
            }
            LinkError::Restarted | LinkError::Closed => {}
        }
    }

    /// Pauses, but not longer than until the member shows up by itself or its addresses change.
    async fn rest(&mut self, pause: Duration, presence: &mut watch::Receiver<Presence>) {
        presence.mark_unchanged();
        let appears = async {
            while presence.changed().await.is_ok() {
                if presence.borrow_and_update().peer.is_some() {
                    return;
                }
            }
            std::future::pending().await
        };
        tokio::select! {
            () = sleep(pause) => {}
            () = appears => {}
            Ok(()) = self.addresses.changed() => {}
        }
    }

    fn log(&self, error: &LinkError) {
        match error {
            LinkError::Handshake(HandshakeError::Refused(_) | HandshakeError::RefusedByPeer(_)) => {
                tracing::warn!(member = %self.member, %error, "link refused")
            }
            LinkError::Unreachable(_)
            | LinkError::Stalled
            | LinkError::Handshake(_)
            | LinkError::Io(_)
            | LinkError::Restarted
            | LinkError::Closed => tracing::debug!(member = %self.member, %error, "link down"),
        }
    }
}

/// Dials the addresses in turn and returns the first peer that answers.
async fn dial_each(directory: &Directory, addresses: &[Multiaddr]) -> Result<PeerId, LinkError> {
    let mut last = LinkError::Unreachable("no address is known".to_owned());
    for address in addresses {
        let (reply, answer) = oneshot::channel();
        let dial = Command::Dial { address: address.clone(), reply };
        directory.commands.send(dial).await.map_err(|_| LinkError::Closed)?;
        let cause = match timeout(directory.config.dial_timeout, answer).await {
            Ok(Ok(Ok(peer))) => return Ok(peer),
            Ok(Ok(Err(cause))) => cause,
            Ok(Err(_)) => return Err(LinkError::Closed),
            Err(_) => "timed out".to_owned(),
        };
        directory.metrics.on_dial_failure();
        last = LinkError::Unreachable(format!("{address}: {cause}"));
    }
    Err(last)
}

/// Pauses that double up to a limit; half of each is random.
struct Backoff {
    min: Duration,
    max: Duration,
    current: Duration,
}

impl Backoff {
    const fn new(min: Duration, max: Duration) -> Self {
        Self { min, max, current: min }
    }

    const fn reset(&mut self) {
        self.current = self.min;
    }

    fn next(&mut self) -> Duration {
        let pause = self.current.mul_f64(rand::random_range(0.5..=1.0));
        self.current = self.current.saturating_mul(2).min(self.max);
        pause
    }
}

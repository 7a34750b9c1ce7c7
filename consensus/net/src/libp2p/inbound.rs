//! Accepts substreams, checks their handshake, and reads their frames into the inbox.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use futures::StreamExt as _;
use libp2p::{PeerId, Stream};
use libp2p_stream::IncomingStreams;
use tokio::{task::JoinSet, time::timeout};

use crate::{
    libp2p::{
        codec::{ReadError, read_frame},
        directory::Directory,
        handshake::{HandshakeError, Remote},
        swarm::Command,
    },
    transport::{Class, Inbound, InboxSender},
};

/// How many handshakes of one peer run at one time: one for each class, and as many of a link that is being replaced.
const HANDSHAKES_PER_PEER_MAX: usize = 2 * Class::ALL.len();

/// The running handshakes. Connections are bounded by the gate, and this bounds what one of them costs.
#[derive(Debug, Default)]
struct Handshakes(Mutex<BTreeMap<PeerId, usize>>);

/// A running handshake.
#[derive(Debug)]
struct Permit {
    handshakes: Arc<Handshakes>,
    peer: PeerId,
}

impl Handshakes {
    fn enter(self: &Arc<Self>, peer: PeerId) -> Option<Permit> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(peer).or_default();
        if *count >= HANDSHAKES_PER_PEER_MAX {
            return None;
        }
        *count += 1;
        Some(Permit { handshakes: self.clone(), peer })
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut counts = self.handshakes.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.peer) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.peer);
            }
        }
    }
}

/// Accepts substreams until the swarm is gone.
pub(crate) async fn accept(
    mut streams: IncomingStreams,
    directory: Arc<Directory>,
    inbox: InboxSender,
) {
    let handshakes = Arc::new(Handshakes::default());
    let mut tasks = JoinSet::new();
    loop {
        tokio::select! {
            Some(_) = tasks.join_next() => {}
            next = streams.next() => {
                let Some((peer, stream)) = next else { return };
                let Some(permit) = handshakes.enter(peer) else {
                    tracing::debug!(%peer, "too many handshakes at one time");
                    continue;
                };
                let (directory, inbox) = (directory.clone(), inbox.clone());
                tasks.spawn(async move {
                    let mut stream = stream;
                    let proved = prove(&directory, peer, &mut stream).await;
                    drop(permit);
                    if let Some((remote, class)) = proved {
                        read(&directory, &inbox, (remote, class), stream).await;
                    }
                });
            }
        }
    }
}

async fn prove(
    directory: &Directory,
    peer: PeerId,
    stream: &mut Stream,
) -> Option<(Remote, Class)> {
    let handshake = directory.handshaker.accept(stream, peer);
    let reason = match timeout(directory.config.gate_timeout, handshake).await {
        Ok(Ok((remote, class))) => {
            directory.metrics.on_handshake();
            // The swarm task ends only with the transport.
            let _ = directory.commands.send(Command::Admit { peer }).await;
            if directory.on_proved(remote.member, peer, remote.boot) {
                let _ = directory.commands.send(Command::CloseOlder { peer }).await;
            }
            return Some((remote, class));
        }
        Ok(Err(HandshakeError::Refused(reason))) => reason,
        Ok(Err(error)) => {
            tracing::debug!(%peer, %error, "inbound handshake failed");
            return None;
        }
        // The gate closes the connection.
        Err(_) => return None,
    };
    tracing::warn!(%peer, reason = reason.name(), "refused a peer");
    directory.metrics.on_refusal(reason);
    let _ = directory.commands.send(Command::Expel { peer }).await;
    None
}

/// Reads frames until the substream ends, misbehaves, or is superseded.
async fn read(
    directory: &Directory,
    inbox: &InboxSender,
    (remote, class): (Remote, Class),
    mut stream: Stream,
) {
    let member = remote.member;
    let mut superseded = directory.claim_reader(member, class);
    let size_max = directory.config.limits(class).frame_size_bytes_max;
    loop {
        let frame = tokio::select! {
            frame = read_frame(&mut stream, size_max) => frame,
            _ = &mut superseded => return,
        };
        let bytes = match frame {
            Ok(bytes) => bytes,
            Err(ReadError::Io(error)) => {
                tracing::debug!(%member, class = class.name(), %error, "inbound stream ended");
                return;
            }
            Err(error @ ReadError::Oversized { .. }) => {
                tracing::warn!(%member, class = class.name(), %error, "closing the stream");
                directory.metrics.on_oversized_frame(class);
                return;
            }
        };
        directory.metrics.on_received(class, bytes.len());
        // Waiting here is the back-pressure: the peer's own queue fills and drops its oldest frames.
        tokio::select! {
            sent = inbox.of(class).send(Inbound { from: member, bytes }) => {
                if sent.is_err() {
                    return;
                }
            }
            _ = &mut superseded => return,
        }
    }
}

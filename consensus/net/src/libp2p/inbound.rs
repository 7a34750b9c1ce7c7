//! Accepts substreams, checks their handshake, and reads their frames into the inbox.

use std::sync::Arc;

use futures::StreamExt as _;
use libp2p::{PeerId, Stream};
use libp2p_stream::IncomingStreams;
use tokio::{sync::Semaphore, task::JoinSet, time::timeout};

use crate::{
    libp2p::{
        codec::{ReadError, read_frame},
        directory::Directory,
        handshake::{HandshakeError, Remote},
        swarm::Command,
    },
    transport::{Class, Inbound, InboxSender},
};

/// Accepts substreams until the swarm is gone.
pub(crate) async fn accept(
    mut streams: IncomingStreams,
    directory: Arc<Directory>,
    inbox: InboxSender,
) {
    let members = directory.handshaker.access().keys.len();
    let handshakes_max = directory.config.strangers_max + members * Class::ALL.len();
    let handshakes = Arc::new(Semaphore::new(handshakes_max));
    let mut tasks = JoinSet::new();
    loop {
        tokio::select! {
            Some(_) = tasks.join_next() => {}
            next = streams.next() => {
                let Some((peer, stream)) = next else { return };
                let Ok(permit) = handshakes.clone().try_acquire_owned() else {
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
            directory.on_proved(remote.member, peer, remote.boot);
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

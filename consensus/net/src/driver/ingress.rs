//! From bytes to verified messages, away from the driver's task.

use std::{
    collections::{BTreeSet, VecDeque},
    sync::Arc,
};

use asset_consensus::{Ed25519, MemberIx, Msg, Verifier, wire};
use sha2::{Digest as _, Sha256};
use tokio::{
    sync::mpsc,
    task::{JoinSet, spawn_blocking},
    time::Instant,
};

use crate::{
    driver::event::{Checked, Event},
    engine::EngineError,
    metrics::EngineMetrics,
    transport::{Class, ConsensusInbox, Inbound},
};

/// Decoded messages of one class that may wait for the driver's task.
const DECODED_MAX: usize = 64;
/// Messages of one class that may wait for verification.
const WAITING_MAX: usize = 512;
/// Messages in one batch.
const BATCH_MAX: usize = 128;
/// Longer frames are decoded on the blocking pool.
const INLINE_SIZE_MAX: usize = 64 * 1024;

/// What makes two messages the same: the bytes and, unless the message is a certificate, the sender.
pub(crate) type DedupeKey = (Option<MemberIx>, [u8; 32]);

/// A decoded message of a peer.
#[derive(Debug)]
pub(crate) struct Decoded {
    from: MemberIx,
    key: Option<DedupeKey>,
    msg: Msg,
}

/// The two lanes of inbound messages, which do not wait for each other.
#[derive(Debug)]
pub(crate) struct Ingress {
    control: Lane,
    block: Lane,
    in_flight: BTreeSet<DedupeKey>,
    verifier: Arc<Verifier<Ed25519>>,
    events: mpsc::Sender<Event>,
    metrics: EngineMetrics,
    /// Ends with the ingress.
    _decoders: JoinSet<()>,
}

#[derive(Debug)]
struct Lane {
    decoded: mpsc::Receiver<Decoded>,
    waiting: VecDeque<Decoded>,
    verifying: bool,
}

impl Ingress {
    pub(crate) fn start(
        inbox: ConsensusInbox,
        verifier: Verifier<Ed25519>,
        events: mpsc::Sender<Event>,
        metrics: EngineMetrics,
    ) -> Self {
        let mut decoders = JoinSet::new();
        let mut lane = |class, receiver| {
            let (sender, decoded) = mpsc::channel(DECODED_MAX);
            decoders.spawn(decode_all(class, receiver, sender, metrics.clone()));
            Lane { decoded, waiting: VecDeque::new(), verifying: false }
        };
        let control = lane(Class::Control, inbox.control);
        let block = lane(Class::Block, inbox.block);
        Self {
            control,
            block,
            in_flight: BTreeSet::new(),
            verifier: Arc::new(verifier),
            events,
            metrics,
            _decoders: decoders,
        }
    }

    /// Waits for a decoded message. Cancel-safe. Pending for good once the transport is gone.
    pub(crate) async fn next(&mut self) -> (Class, Decoded) {
        tokio::select! {
            Some(decoded) = self.control.decoded.recv(), if self.control.has_room() => {
                (Class::Control, decoded)
            }
            Some(decoded) = self.block.decoded.recv(), if self.block.has_room() => {
                (Class::Block, decoded)
            }
            else => std::future::pending().await,
        }
    }

    /// Lets a message wait for verification, unless the same one waits already.
    pub(crate) fn push(&mut self, class: Class, decoded: Decoded) {
        if let Some(key) = decoded.key
            && !self.in_flight.insert(key)
        {
            self.metrics.on_duplicate();
            return;
        }
        self.lane(class).waiting.push_back(decoded);
    }

    /// Starts to verify what waits and is of use, in each lane that is idle.
    pub(crate) fn pump(&mut self, is_useful: impl Fn(MemberIx, &Msg) -> bool) {
        for class in [Class::Control, Class::Block] {
            if self.lane(class).verifying {
                continue;
            }
            let batch = self.take_batch(class, &is_useful);
            if !batch.is_empty() {
                self.lane(class).verifying = true;
                self.verify(class, batch);
            }
        }
    }

    /// A batch is done.
    pub(crate) fn on_verified(&mut self, class: Class, messages: &[Checked]) {
        self.lane(class).verifying = false;
        for key in messages.iter().filter_map(|checked| checked.key) {
            self.in_flight.remove(&key);
        }
    }

    fn take_batch(
        &mut self,
        class: Class,
        is_useful: &impl Fn(MemberIx, &Msg) -> bool,
    ) -> Vec<Decoded> {
        let mut batch = Vec::new();
        while batch.len() < BATCH_MAX {
            let Some(decoded) = self.lane(class).waiting.pop_front() else { break };
            if is_useful(decoded.from, &decoded.msg) {
                batch.push(decoded);
                continue;
            }
            self.metrics.on_not_useful();
            if let Some(key) = decoded.key {
                self.in_flight.remove(&key);
            }
        }
        batch
    }

    fn verify(&self, class: Class, batch: Vec<Decoded>) {
        let (verifier, metrics) = (self.verifier.clone(), self.metrics.clone());
        let events = self.events.clone();
        let verify = move || {
            let started = Instant::now();
            let (senders, messages): (Vec<_>, Vec<_>) =
                batch.into_iter().map(|it| ((it.from, it.key), it.msg)).unzip();
            let count = messages.len();
            let results = verifier.verify_many(messages);
            metrics.on_verified(started.elapsed(), count);
            let checked = |((from, key), result)| Checked { from, key, result };
            senders.into_iter().zip(results).map(checked).collect()
        };
        tokio::spawn(async move {
            let event = match spawn_blocking(verify).await {
                Ok(messages) => Event::Verified { class, messages },
                Err(error) => Event::Failed(EngineError::Panicked(error.to_string())),
            };
            // Without a receiver the driver has stopped.
            let _ = events.send(event).await;
        });
    }

    const fn lane(&mut self, class: Class) -> &mut Lane {
        match class {
            Class::Control | Class::App => &mut self.control,
            Class::Block => &mut self.block,
        }
    }
}

impl Lane {
    fn has_room(&self) -> bool {
        self.waiting.len() < WAITING_MAX
    }
}

async fn decode_all(
    class: Class,
    mut frames: mpsc::Receiver<Inbound>,
    decoded: mpsc::Sender<Decoded>,
    metrics: EngineMetrics,
) {
    while let Some(Inbound { from, bytes }) = frames.recv().await {
        let result = if bytes.len() > INLINE_SIZE_MAX {
            let Ok(result) = spawn_blocking(move || decode(from, &bytes)).await else { continue };
            result
        } else {
            decode(from, &bytes)
        };
        match result {
            Ok(message) => {
                if decoded.send(message).await.is_err() {
                    return;
                }
            }
            Err(error) => {
                tracing::warn!(%from, class = class.name(), %error, "malformed message");
                metrics.on_malformed(from);
            }
        }
    }
}

fn decode(from: MemberIx, bytes: &[u8]) -> Result<Decoded, wire::DecodeError> {
    let msg = wire::decode(bytes)?;
    let key = dedupe_key(from, &msg, bytes);
    Ok(Decoded { from, key, msg })
}

/// Proposals and blocks are large and come once, so hashing them buys nothing.
fn dedupe_key(from: MemberIx, msg: &Msg, bytes: &[u8]) -> Option<DedupeKey> {
    let sender = match msg {
        Msg::Cert1(_) | Msg::Cert2(_) | Msg::TimeoutCert(_) => None,
        Msg::Vote1(_)
        | Msg::Vote2(_)
        | Msg::Timeout(_)
        | Msg::BlockRequest(_)
        | Msg::RangeRequest(_) => Some(from),
        Msg::Proposal(_) | Msg::BlockAnswer(_) | Msg::Range(_) => return None,
    };
    Some((sender, Sha256::digest(bytes).into()))
}

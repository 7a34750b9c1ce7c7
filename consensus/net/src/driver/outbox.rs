//! Outgoing messages, held until what they depend on is durable.

use std::{collections::BTreeMap, sync::Arc};

use asset_consensus::{MemberIx, Msg, Seq, View, wire};

use crate::transport::{Class, Rank, Transport};

/// How many frames may be held before the driver stops listening to its peers.
const HELD_MAX: usize = 4096;

/// Sends messages, each one after its batch of records is durable (`D1`).
#[derive(Debug)]
pub(crate) struct Outbox<T> {
    transport: Arc<T>,
    durable: Seq,
    held: BTreeMap<Seq, Vec<Frame>>,
    held_count: usize,
}

#[derive(Debug)]
struct Frame {
    to: Option<MemberIx>,
    class: Class,
    rank: Rank,
    bytes: Arc<[u8]>,
}

impl<T: Transport> Outbox<T> {
    pub(crate) const fn new(transport: Arc<T>) -> Self {
        Self { transport, durable: Seq::ZERO, held: BTreeMap::new(), held_count: 0 }
    }

    /// Sends a message to `to`, or to everybody, once `after` is durable. `view` ranks messages that have none.
    pub(crate) fn post(&mut self, after: Seq, to: Option<MemberIx>, msg: &Msg, view: View) {
        let (class, rank) = route(msg, view);
        let frame = Frame { to, class, rank, bytes: wire::encode(msg).into() };
        if after <= self.durable {
            self.send(frame);
            return;
        }
        self.held.entry(after).or_default().push(frame);
        self.held_count += 1;
    }

    /// Sends what waited for the batches up to `seq`.
    pub(crate) fn on_persisted(&mut self, seq: Seq) {
        self.durable = self.durable.max(seq);
        let later = self.held.split_off(&seq.next());
        let ready = std::mem::replace(&mut self.held, later);
        for frame in ready.into_values().flatten() {
            self.held_count -= 1;
            self.send(frame);
        }
    }

    /// The highest durable batch.
    pub(crate) const fn durable(&self) -> Seq {
        self.durable
    }

    /// Whether too much waits to take on more work.
    pub(crate) const fn is_behind(&self) -> bool {
        self.held_count >= HELD_MAX
    }

    fn send(&self, frame: Frame) {
        let Frame { to, class, rank, bytes } = frame;
        match to {
            Some(to) => self.transport.send(to, class, rank, bytes),
            None => self.transport.broadcast(class, rank, bytes),
        }
    }
}

/// The class of a message, and the view it belongs to.
fn route(msg: &Msg, now: View) -> (Class, Rank) {
    let (class, view) = match msg {
        Msg::Proposal(proposal) => (Class::Block, proposal.view),
        Msg::Vote1(vote) => (Class::Control, vote.view),
        Msg::Vote2(vote) => (Class::Control, vote.view),
        Msg::Timeout(vote) => (Class::Control, vote.view),
        Msg::Cert1(cert) => (Class::Control, cert.view),
        Msg::Cert2(cert) => (Class::Control, cert.view),
        Msg::TimeoutCert(cert) => (Class::Control, cert.view),
        Msg::BlockRequest(_) | Msg::RangeRequest(_) => (Class::Control, now),
        Msg::BlockAnswer(_) | Msg::Range(_) => (Class::Block, now),
    };
    (class, Rank::new(view.get()))
}

#[cfg(test)]
mod tests {
    use asset_consensus::Height;

    use super::*;
    use crate::transport::MemoryNetwork;

    fn request(height: u64) -> Msg {
        Msg::RangeRequest(Height::new(height))
    }

    #[test]
    fn holds_messages_until_their_batch_is_durable() {
        let network = MemoryNetwork::new(2, 16);
        let (sender, _sender_inbox) = network.join(MemberIx::new(0));
        let (_receiver, mut inbox) = network.join(MemberIx::new(1));
        let mut received = || {
            inbox.consensus.control.try_recv().ok().map(|found| wire::decode(&found.bytes).unwrap())
        };
        let mut outbox = Outbox::new(sender);
        let to = Some(MemberIx::new(1));
        outbox.post(Seq::new(2), to, &request(2), View::ZERO);
        outbox.post(Seq::new(1), None, &request(1), View::ZERO);
        outbox.post(Seq::ZERO, to, &request(0), View::ZERO);
        outbox.post(Seq::new(3), None, &request(3), View::ZERO);
        assert_eq!(received(), Some(request(0)));
        assert_eq!(received(), None);
        outbox.on_persisted(Seq::new(2));
        assert_eq!(received(), Some(request(1)));
        assert_eq!(received(), Some(request(2)));
        assert_eq!(received(), None);
        outbox.on_persisted(Seq::new(3));
        assert_eq!(received(), Some(request(3)));
        outbox.post(Seq::new(3), None, &request(4), View::ZERO);
        assert_eq!(received(), Some(request(4)));
    }
}

//! Collects what one step produces, so that everything signed in it waits for its one batch of
//! records.

use crate::durable::Record;
use crate::io::Action;
use crate::types::{Cert1, Cert2, Height, MemberIx, Seq, TimeoutCert};
use crate::wire::Msg;

#[derive(Debug, Default)]
pub(super) struct Outbox {
    seq: Seq,
    background: Background,
    records: Vec<Record>,
    signed: Vec<Msg>,
    actions: Vec<Action>,
}

/// Facts that no signature of this step waits for. They ride with the next batch, the latest of
/// each kind, so that they cost no disk sync of their own.
#[derive(Debug, Default)]
struct Background {
    lock: Option<Cert1>,
    timeout_cert: Option<TimeoutCert>,
    committed: Option<Cert2>,
    applied: Option<Height>,
}

impl Background {
    fn take(&mut self) -> impl Iterator<Item = Record> + use<> {
        let taken = core::mem::take(self);
        let certs = taken.timeout_cert.map(Record::TimeoutCert);
        let commit = taken.committed.map(Record::Committed);
        let applied = taken.applied.map(Record::Applied);
        taken.lock.map(Record::Lock).into_iter().chain(certs).chain(commit).chain(applied)
    }
}

impl Outbox {
    /// Adds a record that a signature of this step waits for.
    pub(super) fn record(&mut self, record: Record) {
        self.records.push(record);
    }

    /// The lock was raised. Every signature that speaks of it is in this batch or a later one (I3).
    pub(super) fn note_lock(&mut self, cert: Cert1) {
        self.background.lock = Some(cert);
    }

    pub(super) fn note_timeout_cert(&mut self, cert: TimeoutCert) {
        self.background.timeout_cert = Some(cert);
    }

    pub(super) fn note_committed(&mut self, cert: Cert2) {
        self.background.committed = Some(cert);
    }

    pub(super) fn note_applied(&mut self, height: Height) {
        self.background.applied = Some(height);
    }

    /// Broadcasts a message of this member's signature once the step's records are durable.
    pub(super) fn broadcast_signed(&mut self, msg: Msg) {
        self.signed.push(msg);
    }

    /// Broadcasts a message that everything durable backs already.
    pub(super) fn broadcast(&mut self, msg: Msg) {
        self.actions.push(Action::Broadcast { after: Seq::ZERO, msg });
    }

    pub(super) fn send(&mut self, to: MemberIx, msg: Msg) {
        self.actions.push(Action::Send { after: Seq::ZERO, to, msg });
    }

    pub(super) fn push(&mut self, action: Action) {
        self.actions.push(action);
    }

    /// Moves everything to `out`, records first. Returns the signed messages with their batch.
    pub(super) fn flush(&mut self, out: &mut Vec<Action>) -> Vec<(Seq, Msg)> {
        let mut after = Seq::ZERO;
        if !self.records.is_empty() {
            self.seq = self.seq.next();
            after = self.seq;
            let mut records: Vec<_> = self.background.take().collect();
            records.append(&mut self.records);
            out.push(Action::Persist { seq: after, records });
        }
        let signed = core::mem::take(&mut self.signed);
        out.extend(signed.iter().cloned().map(|msg| Action::Broadcast { after, msg }));
        out.append(&mut self.actions);
        signed.into_iter().map(|msg| (after, msg)).collect()
    }

    /// Drops everything but the actions, which a halt leaves to be done.
    pub(super) fn drop_on_halt(&mut self) {
        self.records.clear();
        self.signed.clear();
        self.actions.retain(|action| matches!(action, Action::Halt(_) | Action::Evidence(_)));
    }
}

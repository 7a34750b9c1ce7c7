//! Repeating what may be lost, fetching what is missing, and helping those who are behind.

use super::Core;
use crate::chain::Path;
use crate::io::{Action, PeerFault, TimerKind};
use crate::limits::UNCOMMITTED_HEIGHTS_USUAL;
use crate::types::{BlockId, CommittedRange, Height, MemberIx, SealedBlock, View};
use crate::wire::Msg;
use std::collections::BTreeMap;

impl Core {
    /// The retry timer: a member that is in the same view as at the last tick repeats itself.
    pub(super) fn on_tick(&mut self) {
        self.answers.on_tick();
        self.fetch.on_tick();
        if self.view_at_tick == self.view {
            self.repeat();
        }
        self.view_at_tick = self.view;
        self.arm_tick();
    }

    pub(super) fn arm_tick(&mut self) {
        let (view, after_ms) = (self.view, self.pacemaker.retry_ms());
        self.outbox.push(Action::SetTimer { kind: TimerKind::Retry, view, after_ms });
    }

    /// Everything that brought this member here and everything it said last, since any of it may
    /// not have arrived.
    fn repeat(&mut self) {
        let Some(me) = self.me() else { return };
        let mut msgs = self.evidence();
        let committed = self.committed_view();
        let own = &self.own;
        msgs.extend(own.vote1.iter().filter(|it| it.view == self.view).cloned().map(Msg::Vote1));
        msgs.extend(own.vote2.iter().filter(|it| it.view > committed).cloned().map(Msg::Vote2));
        msgs.extend(
            own.timeout.iter().filter(|it| it.view >= self.view).cloned().map(Msg::Timeout),
        );
        if let Some(proposal) = own.proposal.clone().filter(|it| it.view == self.view) {
            // Blocks are large: only to those who have not voted for it.
            for member in self.config.committee.indices().filter(|member| *member != me) {
                if !self.tally.has_vote1((proposal.epoch, proposal.view), member) {
                    self.outbox.send(member, Msg::Proposal(proposal.clone()));
                }
            }
        }
        msgs.into_iter().for_each(|msg| self.outbox.broadcast(msg));
    }

    /// What proves to others where this member is: how it entered its view, and the last commit.
    fn evidence(&self) -> Vec<Msg> {
        let mut msgs = Vec::new();
        let before = self.view.checked_prev();
        if self.lock.view > View::ZERO {
            msgs.push(Msg::Cert1(Box::new(self.lock.clone())));
        }
        let timeout = self.timeout_cert.clone().filter(|cert| Some(cert.view) == before);
        msgs.extend(timeout.map(Box::new).map(Msg::TimeoutCert));
        let commit = self.pending_commit.clone().or_else(|| self.committed.clone());
        msgs.extend(commit.map(Box::new).map(Msg::Cert2));
        msgs
    }

    /// Rule 9: a peer that acts in a view before this member's gets the evidence to catch up, once
    /// between two ticks.
    pub(super) fn help(&mut self, peer: MemberIx, view: View) {
        if view >= self.view || Some(peer) == self.me() || !self.answers.take_help(peer) {
            return;
        }
        for msg in self.evidence() {
            self.outbox.send(peer, msg);
        }
    }

    pub(super) fn on_block_request(&mut self, from: MemberIx, id: BlockId) {
        if !self.answer(from) {
            return;
        }
        match self.chain.get(&id) {
            Some(block) => self.outbox.send(from, Msg::BlockAnswer(block.clone())),
            // It may be committed here and gone from the tree: the proof leads to the range.
            None => self.help(from, View::ZERO),
        }
    }

    pub(super) fn on_block_answer(&mut self, block: SealedBlock) {
        if self.fetch.wants(&block.id()) {
            self.hold(block);
        }
    }

    pub(super) fn on_range_request(&mut self, from: MemberIx, height: Height) {
        if height <= self.chain.height() && self.answer(from) {
            self.outbox.push(Action::ServeRange { to: from, from: height });
        }
    }

    fn answer(&mut self, peer: MemberIx) -> bool {
        let allowed = self.answers.take(peer);
        if !allowed {
            self.outbox.push(Action::Penalize { peer, fault: PeerFault::TooManyRequests });
        }
        allowed
    }

    /// Committed blocks from a peer. The proof covers the last one, the links the others.
    pub(super) fn on_range(&mut self, from: MemberIx, range: CommittedRange) {
        let CommittedRange { blocks, proof } = range;
        if proof.height <= self.chain.height() {
            return;
        }
        let new: Vec<_> =
            blocks.into_iter().filter(|block| block.height() > self.chain.height()).collect();
        let mut tip = (self.chain.height(), self.chain.head());
        for block in &new {
            if block.height() != tip.0.next() || block.parent() != tip.1 {
                self.outbox.push(Action::Penalize { peer: from, fault: PeerFault::BadRange });
                return;
            }
            tip = (block.height(), block.id());
        }
        if tip != (proof.height, proof.block) {
            self.outbox.push(Action::Penalize { peer: from, fault: PeerFault::BadRange });
            return;
        }
        let view = proof.view;
        self.commit(new, proof);
        if view >= self.view {
            self.enter(view.next(), crate::io::ViewCause::Cert2);
        }
    }

    /// Asks for what the certificates at hand name and the tree lacks.
    pub(super) fn request_missing(&mut self) {
        let needed = self.needed_blocks();
        for (id, peer) in self.fetch.need_blocks(&needed) {
            self.outbox.send(peer, Msg::BlockRequest(id));
        }
        let from = self.chain.height().next();
        let holders = self.range_holders();
        let need = holders.as_ref().map(|holders| (from, holders.as_slice()));
        if let Some(peer) = self.fetch.need_range(need) {
            self.outbox.send(peer, Msg::RangeRequest(from));
        }
    }

    /// Whom to ask for committed blocks, if any are missing: a commit waits for them, or the lock is
    /// so far ahead that there must have been commits.
    fn range_holders(&self) -> Option<Vec<MemberIx>> {
        if let Some(cert) = &self.pending_commit {
            return Some(self.others(cert.signatures.iter().map(|entry| entry.member)));
        }
        let usual = self.chain.height().saturating_add(UNCOMMITTED_HEIGHTS_USUAL);
        (self.lock.height > usual)
            .then(|| self.others(self.lock.signatures.iter().map(|entry| entry.member)))
    }

    /// The first missing block below each certificate, with those who hold it.
    fn needed_blocks(&self) -> BTreeMap<BlockId, Vec<MemberIx>> {
        let mut needed = BTreeMap::new();
        // Far behind, blocks come by ranges.
        let next = self.chain.height().next();
        if self.pending_commit.as_ref().is_some_and(|cert| cert.height > next) {
            return needed;
        }
        let certs = self.certs1.values().chain([&self.lock]);
        for cert in certs.filter(|cert| cert.height > self.chain.height()) {
            if let Path::Missing(id) = self.chain.path(&cert.block) {
                let holders = self.others(cert.signatures.iter().map(|entry| entry.member));
                needed.entry(id).or_insert(holders);
            }
        }
        needed
    }

    /// These members first, then all the rest, without this one.
    fn others(&self, first: impl Iterator<Item = MemberIx>) -> Vec<MemberIx> {
        let mut members: Vec<_> = first.collect();
        for member in self.config.committee.indices() {
            if !members.contains(&member) {
                members.push(member);
            }
        }
        members.retain(|member| Some(*member) != self.me());
        members
    }
}

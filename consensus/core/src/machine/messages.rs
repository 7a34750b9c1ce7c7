//! What verified messages, timers and the application's blocks change.

use super::{Building, Core};
use crate::chain::Validity;
use crate::durable::Record;
use crate::io::{Action, PeerFault, TimerKind, ViewCause};
use crate::limits::{PAYLOAD_BYTES_MAX, PROPOSALS_PER_VIEW_MAX, VIEWS_AHEAD_MAX, VIEWS_BEHIND_MAX};
use crate::tally::Added;
use crate::types::{
    Block, Cert1, Cert2, Evidence, MemberIx, Proposal, SealedBlock, TimeoutCert, TimeoutVote, View,
    Vote1, Vote2,
};
use crate::verify::Verified;
use crate::wire::Msg;

impl Core {
    pub(super) fn on_message(&mut self, from: MemberIx, msg: Verified<Msg>) {
        match msg.into_inner() {
            Msg::Proposal(proposal) => self.on_proposal(from, *proposal),
            Msg::Vote1(vote) => self.on_vote1(from, vote),
            Msg::Vote2(vote) => self.on_vote2(from, vote),
            Msg::Timeout(vote) => self.on_timeout(from, *vote),
            Msg::Cert1(cert) => self.on_cert1(*cert),
            Msg::Cert2(cert) => self.on_cert2(*cert),
            Msg::TimeoutCert(cert) => self.on_timeout_cert(*cert),
            Msg::BlockRequest(id) => self.on_block_request(from, id),
            Msg::BlockAnswer(block) => self.on_block_answer(block),
            Msg::RangeRequest(height) => self.on_range_request(from, height),
            Msg::Range(range) => self.on_range(from, *range),
        }
    }

    fn on_proposal(&mut self, from: MemberIx, proposal: Proposal) {
        let block = &proposal.block;
        let follows = block.parent() == proposal.justify.block
            && block.height() == proposal.justify.height.next();
        let timeout = proposal.timeout.as_ref();
        if !follows || !self.rules.is_justified(proposal.view, &proposal.justify, timeout) {
            self.outbox.push(Action::Penalize { peer: from, fault: PeerFault::BadProposal });
            return;
        }
        // Rule 1: the justification is what enters the view.
        self.on_cert1(proposal.justify.clone());
        if let Some(cert) = proposal.timeout.clone() {
            self.on_timeout_cert(cert);
        }
        if proposal.view != self.view {
            // Too late to vote for; its block may still be certified and missing.
            if self.fetch.wants(&block.id()) {
                self.hold(block.clone());
            }
            self.help(from, proposal.view.next());
            return;
        }
        self.keep_proposal(proposal);
    }

    fn keep_proposal(&mut self, proposal: Proposal) {
        let id = proposal.block.id();
        if self.proposals.iter().any(|held| held.block.id() == id)
            || self.proposals.len() >= PROPOSALS_PER_VIEW_MAX
        {
            return;
        }
        if let Some(first) = self.proposals.first() {
            let pair = (Box::new(first.clone()), Box::new(proposal.clone()));
            self.outbox.push(Action::Evidence(Box::new(Evidence::Proposals(pair.0, pair.1))));
        }
        self.hold(proposal.block.clone());
        self.proposals.push(proposal);
    }

    fn on_vote1(&mut self, from: MemberIx, vote: Vote1) {
        self.help(from, vote.view.next());
        if !self.is_in_window(vote.view) || self.certs1.contains_key(&vote.view) {
            return;
        }
        match self.tally.add_vote1(vote, &self.config.committee) {
            Added::Counted => {}
            Added::Quorum(cert) => self.on_cert1(cert),
            Added::Conflict(evidence) => self.outbox.push(Action::Evidence(evidence)),
        }
    }

    fn on_vote2(&mut self, from: MemberIx, vote: Vote2) {
        self.help(from, vote.view.next());
        if !self.is_in_window(vote.view) {
            return;
        }
        match self.tally.add_vote2(vote, &self.config.committee) {
            Added::Counted => {}
            Added::Quorum(cert) => {
                if cert.height > self.chain.height() {
                    // Rule 6: who misses votes learns of the commit from who has them.
                    self.outbox.broadcast(Msg::Cert2(Box::new(cert.clone())));
                }
                self.on_cert2(cert);
            }
            Added::Conflict(evidence) => self.outbox.push(Action::Evidence(evidence)),
        }
    }

    fn on_timeout(&mut self, from: MemberIx, vote: TimeoutVote) {
        self.on_cert1(vote.lock.clone());
        self.help(from, vote.view);
        if vote.view < self.view || vote.view > self.view.saturating_add(VIEWS_AHEAD_MAX) {
            return;
        }
        match self.tally.add_timeout(vote, &self.config.committee) {
            Added::Counted => {}
            Added::Quorum(cert) => self.on_timeout_cert(cert),
            Added::Conflict(evidence) => self.outbox.push(Action::Evidence(evidence)),
        }
    }

    /// Rule 4: lock and enter the next view, whether or not the block is here.
    pub(super) fn on_cert1(&mut self, cert: Cert1) {
        let higher = cert.view > self.lock.view;
        let open = cert.view > self.committed_view()
            && cert.view >= self.view.saturating_sub(VIEWS_BEHIND_MAX);
        if let Some(held) = self.certs1.get(&cert.view) {
            if held.block != cert.block {
                // I6.
                let evidence = Evidence::Certs1(held.clone(), cert);
                self.halt(evidence);
            }
            return;
        }
        if open {
            self.certs1.insert(cert.view, cert.clone());
        }
        if higher {
            // I3. A commit learned from others may be above the lock, so this does not ask whether
            // the view is still open: a leader needs the lock that a timeout states.
            self.outbox.note_lock(cert.clone());
            self.lock = cert.clone();
        }
        if cert.view >= self.view {
            self.enter(cert.view.next(), ViewCause::Cert1);
            self.outbox.broadcast(Msg::Cert1(Box::new(cert)));
        }
    }

    pub(super) fn on_cert2(&mut self, cert: Cert2) {
        if cert.height <= self.chain.height() {
            let conflict = cert.height == self.chain.height() && cert.block != self.chain.head();
            if let (true, Some(held)) = (conflict, self.committed.clone()) {
                // I7.
                self.halt(Evidence::Commit(held, cert));
            }
            return;
        }
        let view = cert.view;
        let rival = self
            .pending_commit
            .take_if(|held| held.height == cert.height && held.block != cert.block);
        if let Some(held) = rival {
            // I7.
            self.halt(Evidence::Commit(held, cert));
            return;
        }
        let higher = self
            .pending_commit
            .as_ref()
            .is_none_or(|held| (cert.height, cert.view) > (held.height, held.view));
        if higher {
            self.pending_commit = Some(cert);
        }
        if view >= self.view {
            self.enter(view.next(), ViewCause::Cert2);
        }
    }

    /// Rule 8.
    fn on_timeout_cert(&mut self, cert: TimeoutCert) {
        self.on_cert1(cert.lock.clone());
        if cert.view < self.view {
            return;
        }
        self.outbox.note_timeout_cert(cert.clone());
        let next = cert.view.next();
        self.timeout_cert = Some(cert.clone());
        self.pacemaker.on_failure();
        self.enter(next, ViewCause::TimeoutCert);
        self.outbox.broadcast(Msg::TimeoutCert(Box::new(cert)));
    }

    /// Rule 1. Views only ascend (I4): callers have compared.
    pub(super) fn enter(&mut self, view: View, cause: ViewCause) {
        self.view = view;
        self.proposals.clear();
        self.building = None;
        let oldest = view.saturating_sub(VIEWS_BEHIND_MAX);
        self.tally.prune(oldest.max(self.committed_view().next()), view);
        self.certs1.retain(|certified, _| *certified >= oldest);
        let leader = self.config.committee.leader(view);
        self.outbox.push(Action::ViewEntered { view, leader, cause });
        let after_ms = self.pacemaker.view_ms();
        self.outbox.push(Action::SetTimer { kind: TimerKind::View, view, after_ms });
    }

    /// Rule 7, by the timer.
    pub(super) fn on_view_timer(&mut self, view: View) {
        if view == self.view {
            self.abandon(view);
        }
    }

    pub(super) fn abandon(&mut self, view: View) {
        let Some(guard) = &mut self.guard else { return };
        if let Some(signed) = guard.timeout(view, &self.lock) {
            self.outbox.record(signed.record);
            self.outbox.broadcast_signed(Msg::Timeout(Box::new(signed.value)));
        }
    }

    /// Rule 2: the block of a leader. One that does not fit what was asked for is dropped.
    pub(super) fn on_block_built(&mut self, view: View, block: Block) {
        let fits = |asked: &mut Building| {
            asked.view == view
                && block.parent == asked.justify.block
                && block.height == asked.justify.height.next()
                && block.payload.len() <= PAYLOAD_BYTES_MAX
        };
        let Some(building) = self.building.take_if(fits) else { return };
        let Some(guard) = &mut self.guard else { return };
        let block = SealedBlock::seal(block, &self.config.chain);
        let id = block.id();
        let signed = guard.propose(view, block.clone(), building.justify, building.timeout);
        let Some(signed) = signed else { return };
        self.hold(block);
        self.chain.set_validity(&id, Validity::Valid);
        self.log_block(&id);
        self.outbox.record(signed.record);
        self.outbox.broadcast_signed(Msg::Proposal(Box::new(signed.value)));
    }

    /// Holds a block in the tree, making room if need be.
    pub(super) fn hold(&mut self, block: SealedBlock) {
        if self.chain.is_full() {
            let tips: Vec<_> = self
                .certs1
                .values()
                .map(|cert| cert.block)
                .chain([self.lock.block])
                .chain(self.pending_commit.iter().map(|cert| cert.block))
                .chain(self.proposals.iter().map(|proposal| proposal.block.id()))
                .collect();
            self.chain.retain_ancestors(tips);
        }
        self.chain.insert(block, false);
    }

    /// Writes a block to the log before it is voted for, once.
    pub(super) fn log_block(&mut self, id: &crate::types::BlockId) {
        if let Some(block) = self.chain.log(id) {
            self.outbox.record(Record::Block(block));
        }
    }
}

//! The state machine: its state, and the dispatch of inputs.

mod messages;
mod outbox;
mod recover;
mod rules;
mod sync;
#[cfg(test)]
mod tests;

use crate::chain::{Chain, Validity};
use crate::fetch::{Answers, Fetch};
use crate::guard::SigningGuard;
use crate::io::{Action, Config, Input, PeerFault, TimerKind};
use crate::limits::{VIEWS_AHEAD_MAX, VIEWS_BEHIND_MAX};
use crate::pacemaker::Pacemaker;
use crate::safety::Rules;
use crate::tally::Tally;
use crate::types::{
    BlockId, Cert1, Cert2, Evidence, Height, MemberIx, Proposal, Seq, TimeoutCert, TimeoutVote,
    View, Vote1, Vote2,
};
use crate::verify::Verified;
use crate::wire::Msg;
use outbox::Outbox;
use std::collections::{BTreeMap, VecDeque};

pub use recover::RecoverError;

/// A look at the core from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    /// The current view.
    pub view: View,
    /// Its leader.
    pub leader: MemberIx,
    /// The height of the last committed block.
    pub committed: Height,
    /// The view of the lock.
    pub lock_view: View,
    /// Whether a committed block is missing and asked for.
    pub syncing: bool,
    /// Whether the core has stopped for good.
    pub halted: bool,
}

/// The state machine of one member, or of an observer, who follows without a key.
#[derive(Debug)]
pub struct Core {
    config: Config,
    rules: Rules,
    guard: Option<SigningGuard>,
    pacemaker: Pacemaker,
    view: View,
    /// The highest phase-1 certificate.
    lock: Cert1,
    /// The highest timeout certificate.
    timeout_cert: Option<TimeoutCert>,
    /// Phase-1 certificates of the window above the committed view.
    certs1: BTreeMap<View, Cert1>,
    /// The highest commit that waits for blocks.
    pending_commit: Option<Cert2>,
    /// The proof of the committed head.
    committed: Option<Cert2>,
    chain: Chain,
    tally: Tally,
    /// Of the current view, in order of arrival.
    proposals: Vec<Proposal>,
    /// What the application was asked to build, and what will justify it.
    building: Option<Building>,
    /// Signed, but not durable yet; each comes back to this member once it is.
    unconfirmed: VecDeque<(Seq, Msg)>,
    /// The last durable message of each kind, to be repeated.
    own: Own,
    fetch: Fetch,
    answers: Answers,
    /// The view at the last retry tick; a view that lasts from one tick to the next is stuck.
    view_at_tick: View,
    outbox: Outbox,
    halted: bool,
}

#[derive(Debug)]
struct Building {
    view: View,
    justify: Cert1,
    timeout: Option<TimeoutCert>,
}

#[derive(Debug, Default)]
struct Own {
    proposal: Option<Box<Proposal>>,
    vote1: Option<Vote1>,
    vote2: Option<Vote2>,
    timeout: Option<Box<TimeoutVote>>,
}

impl Core {
    /// Takes one input and appends what is to be done to `out`.
    pub fn step(&mut self, input: Input, out: &mut Vec<Action>) {
        if self.halted {
            return;
        }
        match input {
            Input::Message { from, msg } => self.on_message(from, msg),
            Input::Persisted { seq } => self.on_persisted(seq),
            Input::Timer { kind: TimerKind::View, view } => self.on_view_timer(view),
            Input::Timer { kind: TimerKind::Retry, .. } => self.on_tick(),
            Input::BlockBuilt { view, block } => self.on_block_built(view, block),
            Input::BlockValid { id, ok } => self.on_block_valid(&id, ok),
            Input::Applied { height } => self.on_applied(height),
        }
        self.settle(out);
    }

    /// Whether verifying this message can change anything. The driver asks before it pays for the
    /// signatures; a message that is not useful is dropped without blame.
    pub fn is_useful(&self, from: MemberIx, msg: &Msg) -> bool {
        if self.halted {
            return false;
        }
        let behind = |view: View| view < self.view && !self.answers.was_helped(from);
        let far_behind = |view: View| behind(view.next());
        match msg {
            Msg::Proposal(proposal) => {
                let id = proposal.block.id();
                let known = self.proposals.iter().any(|held| held.block.id() == id);
                let current = proposal.view >= self.view && !known;
                current || self.fetch.wants(&id) || far_behind(proposal.view)
            }
            Msg::Vote1(vote) => {
                let open = self.is_in_window(vote.view) && !self.certs1.contains_key(&vote.view);
                (open && !self.tally.knows_vote1(vote)) || far_behind(vote.view)
            }
            Msg::Vote2(vote) => {
                let open = self.is_in_window(vote.view);
                (open && !self.tally.knows_vote2(vote)) || far_behind(vote.view)
            }
            Msg::Timeout(vote) => {
                let open = vote.view >= self.view && !self.tally.knows_timeout(vote);
                open || vote.lock.view > self.lock.view || behind(vote.view)
            }
            Msg::Cert1(cert) => {
                let held = self.certs1.get(&cert.view);
                let open = cert.view > self.committed_view() || cert.view > self.lock.view;
                open && held.is_none_or(|it| it.block != cert.block)
            }
            Msg::Cert2(cert) => self.is_useful_cert2(cert),
            Msg::TimeoutCert(cert) => cert.view >= self.view,
            Msg::BlockAnswer(block) => self.fetch.wants(&block.id()),
            Msg::Range(range) => {
                self.fetch.wants_range() && range.proof.height > self.chain.height()
            }
            Msg::BlockRequest(_) | Msg::RangeRequest(_) => true,
        }
    }

    /// A look at the core.
    pub fn status(&self) -> Status {
        Status {
            view: self.view,
            leader: self.config.committee.leader(self.view),
            committed: self.chain.height(),
            lock_view: self.lock.view,
            syncing: self.fetch.wants_range(),
            halted: self.halted,
        }
    }

    fn is_useful_cert2(&self, cert: &Cert2) -> bool {
        if cert.height == self.chain.height() {
            return cert.block != self.chain.head();
        }
        cert.height > self.chain.height()
            && self
                .pending_commit
                .as_ref()
                .is_none_or(|held| cert.height > held.height || cert.view > held.view)
    }

    fn on_persisted(&mut self, seq: Seq) {
        let Some(me) = self.me() else { return };
        while self.unconfirmed.front().is_some_and(|(after, _)| *after <= seq) {
            let Some((_, msg)) = self.unconfirmed.pop_front() else { return };
            self.remember(&msg);
            self.on_message(me, Verified::own(msg));
        }
    }

    fn remember(&mut self, msg: &Msg) {
        match msg {
            Msg::Proposal(it) => self.own.proposal = Some(it.clone()),
            Msg::Vote1(it) => self.own.vote1 = Some(it.clone()),
            Msg::Vote2(it) => self.own.vote2 = Some(it.clone()),
            Msg::Timeout(it) => self.own.timeout = Some(it.clone()),
            Msg::Cert1(_)
            | Msg::Cert2(_)
            | Msg::TimeoutCert(_)
            | Msg::BlockRequest(_)
            | Msg::BlockAnswer(_)
            | Msg::RangeRequest(_)
            | Msg::Range(_) => {}
        }
    }

    fn on_block_valid(&mut self, id: &BlockId, ok: bool) {
        if self.chain.validity(id) != Some(Validity::Asked) {
            return;
        }
        self.chain.set_validity(id, if ok { Validity::Valid } else { Validity::Invalid });
        let proposed = self.proposals.iter().any(|proposal| proposal.block.id() == *id);
        if !ok && proposed {
            let peer = self.config.committee.leader(self.view);
            self.outbox.push(Action::Penalize { peer, fault: PeerFault::InvalidBlock });
        }
    }

    fn on_applied(&mut self, height: Height) {
        self.outbox.note_applied(height.min(self.chain.height()));
    }

    /// Applies the rules to what the input changed, then releases the step's output.
    fn settle(&mut self, out: &mut Vec<Action>) {
        if !self.halted {
            self.advance();
        }
        if self.halted {
            self.outbox.drop_on_halt();
        }
        let signed = self.outbox.flush(out);
        self.unconfirmed.extend(signed);
    }

    fn halt(&mut self, evidence: Evidence) {
        self.halted = true;
        self.outbox.push(Action::Halt(Box::new(evidence)));
    }

    fn me(&self) -> Option<MemberIx> {
        self.guard.as_ref().map(SigningGuard::me)
    }

    fn committed_view(&self) -> View {
        self.committed.as_ref().map_or(View::ZERO, |cert| cert.view)
    }

    /// Whether votes of this view are collected.
    fn is_in_window(&self, view: View) -> bool {
        view > self.committed_view()
            && view >= self.view.saturating_sub(VIEWS_BEHIND_MAX)
            && view <= self.view.saturating_add(VIEWS_AHEAD_MAX)
    }
}

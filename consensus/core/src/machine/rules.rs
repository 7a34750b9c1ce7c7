//! The rules that fire whenever their conditions hold. Each is a function of the state, so that
//! the order in which messages, blocks and answers arrive does not matter.

use super::{Building, Core};
use crate::chain::{Path, Validity};
use crate::durable::Record;
use crate::io::Action;
use crate::limits::{PAYLOAD_BYTES_MAX, UNCOMMITTED_BYTES_MAX};
use crate::types::{Cert2, Evidence, TimeoutCert, View};
use crate::wire::Msg;

impl Core {
    pub(super) fn advance(&mut self) {
        self.try_commit();
        if self.halted {
            return;
        }
        for block in self.chain.take_executable() {
            self.outbox.push(Action::ValidateBlock { block });
        }
        self.try_vote1();
        self.try_vote2();
        self.try_amplify();
        self.try_build();
        self.request_missing();
    }

    /// Rule 6.
    fn try_commit(&mut self) {
        let Some(cert) = self.pending_commit.take() else { return };
        match self.chain.path(&cert.block) {
            Path::Complete(blocks) => self.commit(blocks, cert),
            Path::Missing(_) => self.pending_commit = Some(cert),
            Path::Detached => {
                // I7.
                let held = self.committed.clone().unwrap_or_else(|| cert.clone());
                self.halt(Evidence::Commit(held, cert));
            }
        }
    }

    /// I5: the blocks continue the committed chain.
    pub(super) fn commit(&mut self, blocks: Vec<crate::types::SealedBlock>, proof: Cert2) {
        let Some(last) = blocks.last() else { return };
        self.chain.commit(last);
        self.pacemaker.on_commit();
        self.outbox.note_committed(proof.clone());
        self.outbox.push(Action::Commit { blocks, proof: Box::new(proof.clone()) });
        let view = proof.view;
        self.committed = Some(proof);
        self.certs1.retain(|certified, _| *certified > view);
        self.tally.prune(view.next(), self.view);
        if self.own.vote2.as_ref().is_some_and(|vote| vote.view <= view) {
            self.own.vote2 = None;
        }
        if self.pending_commit.as_ref().is_some_and(|cert| cert.height <= self.chain.height()) {
            self.pending_commit = None;
        }
    }

    /// Rule 3: the first proposal of the current view that the application accepts.
    fn try_vote1(&mut self) {
        let Some(guard) = &mut self.guard else { return };
        for proposal in &self.proposals {
            let block = &proposal.block;
            if self.chain.validity(&block.id()) != Some(Validity::Valid) {
                continue;
            }
            let Some(signed) = guard.vote1(self.view, block.height(), block.id()) else { continue };
            if let Some(block) = self.chain.log(&signed.value.block) {
                self.outbox.record(Record::Block(block));
            }
            self.outbox.record(signed.record);
            self.outbox.broadcast_signed(Msg::Vote1(signed.value));
        }
    }

    /// Rule 5: in any certified view, current or not.
    fn try_vote2(&mut self) {
        let Some(guard) = &mut self.guard else { return };
        for (view, cert) in &self.certs1 {
            let Some(block) = self.chain.get(&cert.block) else { continue };
            if self.chain.validity(&cert.block) != Some(Validity::Valid) {
                continue;
            }
            let Some(signed) = guard.vote2(*view, block, &self.lock) else { continue };
            if let Some(block) = self.chain.log(&cert.block) {
                self.outbox.record(Record::Block(block));
            }
            self.outbox.record(signed.record);
            self.outbox.broadcast_signed(Msg::Vote2(signed.value));
        }
    }

    /// Rule 7, by amplification.
    fn try_amplify(&mut self) {
        let amplified = self.tally.amplified(&self.config.committee);
        if let Some(view) = amplified.filter(|view| *view >= self.view) {
            self.abandon(view);
        }
    }

    /// Rule 2: the leader asks for a block on what its certificates justify.
    fn try_build(&mut self) {
        let Some(guard) = &self.guard else { return };
        let leads = self.config.committee.leader(self.view) == guard.me();
        if !leads || self.building.is_some() || !guard.may_propose(self.view) {
            return;
        }
        let timeout = self.justifying_timeout();
        let justified = self.rules.is_justified(self.view, &self.lock, timeout.as_ref());
        if !justified || !self.chain.is_executed(&self.lock.block) {
            return;
        }
        let Path::Complete(uncommitted) = self.chain.path(&self.lock.block) else { return };
        let held: usize = uncommitted
            .iter()
            .fold(0, |sum: usize, block| sum.saturating_add(block.block().payload.len()));
        self.outbox.push(Action::BuildBlock {
            view: self.view,
            parent: self.lock.block,
            height: self.lock.height.next(),
            payload_bytes_max: UNCOMMITTED_BYTES_MAX.saturating_sub(held).min(PAYLOAD_BYTES_MAX),
        });
        self.building = Some(Building { view: self.view, justify: self.lock.clone(), timeout });
    }

    /// The timeout certificate that a proposal for the current view needs, if it needs one.
    pub(super) fn justifying_timeout(&self) -> Option<TimeoutCert> {
        let before: View = self.view.checked_prev()?;
        if self.lock.view == before {
            return None;
        }
        self.timeout_cert.clone().filter(|cert| cert.view == before)
    }
}

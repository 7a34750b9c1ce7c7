//! The signing guard: the only producer of this member's signatures. It signs what the safety
//! predicates allow, and gives each signature together with the record that must be durable first.

use crate::durable::Record;
use crate::safety::{History, Rules};
use crate::scheme::Signer;
use crate::signed::SigningContext;
use crate::types::{
    BlockId, Cert1, Digest, Height, MemberIx, Proposal, SealedBlock, TimeoutCert, TimeoutVote,
    View, Vote1, Vote2,
};

/// A signature and the record that must be durable before it leaves.
#[derive(Debug)]
pub(crate) struct Signed<T> {
    pub(crate) value: T,
    pub(crate) record: Record,
}

#[derive(Debug)]
pub(crate) struct SigningGuard {
    signer: Box<dyn Signer>,
    me: MemberIx,
    context: SigningContext,
    history: History,
    rules: Rules,
}

impl SigningGuard {
    pub(crate) const fn new(
        signer: Box<dyn Signer>,
        me: MemberIx,
        context: SigningContext,
        history: History,
        rules: Rules,
    ) -> Self {
        Self { signer, me, context, history, rules }
    }

    pub(crate) const fn me(&self) -> MemberIx {
        self.me
    }

    pub(crate) const fn history(&self) -> &History {
        &self.history
    }

    pub(crate) fn may_propose(&self, view: View) -> bool {
        self.rules.may_propose(&self.history, view)
    }

    pub(crate) fn propose(
        &mut self,
        view: View,
        block: SealedBlock,
        justify: Cert1,
        timeout: Option<TimeoutCert>,
    ) -> Option<Signed<Proposal>> {
        let justified = self.rules.is_justified(view, &justify, timeout.as_ref());
        if !justified || !self.rules.may_propose(&self.history, view) {
            return None;
        }
        let id = block.id();
        self.history.proposed = Some((view, id));
        let value = self.sign_proposal(view, block, justify, timeout);
        Some(Signed { value, record: Record::Proposed { view, block: id } })
    }

    pub(crate) fn vote1(
        &mut self,
        view: View,
        height: Height,
        id: BlockId,
    ) -> Option<Signed<Vote1>> {
        if !self.rules.may_vote1(&self.history, view, &id) {
            return None;
        }
        self.history.vote1 = Some((view, height, id));
        let value = self.sign_vote1(view, height, id);
        Some(Signed { value, record: Record::Vote1 { view, height, block: id } })
    }

    pub(crate) fn vote2(
        &mut self,
        view: View,
        block: &SealedBlock,
        lock: &Cert1,
    ) -> Option<Signed<Vote2>> {
        if !self.rules.may_vote2(&self.history, view, lock) {
            return None;
        }
        let (height, id, settlement) = (block.height(), block.id(), block.settlement());
        self.history.vote2 = Some((view, height, id, settlement));
        let value = self.sign_vote2(view, height, id, settlement);
        Some(Signed { value, record: Record::Vote2 { view, height, block: id, settlement } })
    }

    pub(crate) fn timeout(&mut self, view: View, lock: &Cert1) -> Option<Signed<TimeoutVote>> {
        if !self.rules.may_timeout(&self.history, view, lock) {
            return None;
        }
        self.history.timeout = Some((view, lock.clone()));
        let value = self.sign_timeout(view, lock.clone());
        Some(Signed { value, record: Record::Timeout { view, lock: lock.clone() } })
    }

    /// The last phase-1 vote once more, after a restart.
    pub(crate) fn vote1_again(&self) -> Option<Vote1> {
        self.history.vote1.map(|(view, height, id)| self.sign_vote1(view, height, id))
    }

    /// The last phase-2 vote once more, after a restart.
    pub(crate) fn vote2_again(&self) -> Option<Vote2> {
        let (view, height, id, settlement) = self.history.vote2?;
        Some(self.sign_vote2(view, height, id, settlement))
    }

    /// The last timeout vote once more, after a restart.
    pub(crate) fn timeout_again(&self) -> Option<TimeoutVote> {
        let (view, lock) = self.history.timeout.clone()?;
        Some(self.sign_timeout(view, lock))
    }

    /// The last proposal once more, after a restart: the same block, whatever justifies it now.
    pub(crate) fn propose_again(
        &self,
        block: SealedBlock,
        justify: Cert1,
        timeout: Option<TimeoutCert>,
    ) -> Option<Proposal> {
        let (view, id) = self.history.proposed?;
        let same = block.id() == id && block.parent() == justify.block;
        let justified = self.rules.is_justified(view, &justify, timeout.as_ref());
        (same && justified).then(|| self.sign_proposal(view, block, justify, timeout))
    }

    fn sign_proposal(
        &self,
        view: View,
        block: SealedBlock,
        justify: Cert1,
        timeout: Option<TimeoutCert>,
    ) -> Proposal {
        let digest = self.context.proposal(view, &block.id(), &justify, timeout.as_ref());
        let signature = self.signer.sign(&digest);
        Proposal { epoch: self.context.epoch, view, block, justify, timeout, signature }
    }

    fn sign_vote1(&self, view: View, height: Height, block: BlockId) -> Vote1 {
        let signature = self.signer.sign(&self.context.vote1(view, height, &block));
        Vote1 { epoch: self.context.epoch, view, height, block, voter: self.me, signature }
    }

    fn sign_vote2(
        &self,
        view: View,
        height: Height,
        block: BlockId,
        settlement: Option<Digest>,
    ) -> Vote2 {
        let digest = self.context.vote2(view, height, &block, settlement.as_ref());
        Vote2 {
            epoch: self.context.epoch,
            view,
            height,
            block,
            settlement,
            voter: self.me,
            signature: self.signer.sign(&digest),
            attestation: settlement.map(|digest| self.signer.sign(&digest)),
        }
    }

    fn sign_timeout(&self, view: View, lock: Cert1) -> TimeoutVote {
        let signature = self.signer.sign(&self.context.timeout(view, lock.view));
        TimeoutVote { epoch: self.context.epoch, view, lock, voter: self.me, signature }
    }
}

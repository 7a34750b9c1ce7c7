//! Verification: the only way from a peer's bytes into the state machine.

use crate::committee::Committee;
use crate::scheme::{PublicKey, Scheme, Signature, SignedItem};
use crate::signed::SigningContext;
use crate::types::{
    BlockId, Cert1, Cert2, ChainId, CommittedRange, Digest, Epoch, Evidence, MemberIx, Proposal,
    TimeoutCert, TimeoutVote, View, Vote1, Vote2,
};
use crate::wire::Msg;
use core::ops::Deref;

/// A value whose signatures, ids, quorums and epoch were checked. Only this module makes one of a
/// peer's value; the crate makes one of what it signed or assembled out of verified parts itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified<T>(T);

impl<T> Verified<T> {
    /// For values made of this member's own signatures or of verified votes.
    pub(crate) const fn own(value: T) -> Self {
        Self(value)
    }

    /// The value.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> Deref for Verified<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// Why a message is refused. Each is a fault of its sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// Of an epoch with another committee.
    #[error("epoch {found}, expected {expected}")]
    Epoch {
        /// The message's.
        found: Epoch,
        /// The committee's.
        expected: Epoch,
    },
    /// Signed by somebody outside the committee.
    #[error("member {0} is not in the committee")]
    UnknownMember(MemberIx),
    /// A signature does not verify.
    #[error("a signature is invalid")]
    Signature,
    /// The signers do not reach the threshold.
    #[error("the signers weigh {found}, a quorum is {needed}")]
    Quorum {
        /// Their weight.
        found: u64,
        /// The threshold.
        needed: u64,
    },
    /// Signers are repeated or out of order.
    #[error("the signers are not in ascending order")]
    SignerOrder,
    /// A view-0 certificate other than the genesis certificate, or a vote in view 0.
    #[error("view 0 belongs to the genesis certificate")]
    GenesisView,
    /// The id of a block is not the one of its content.
    #[error("the id of block {0} is not the hash of its content")]
    BlockId(BlockId),
    /// A timeout names a lock that is not below its view, or its certificate is not the highest.
    #[error("the lock of view {lock} does not fit the timeout of view {view}")]
    LockView {
        /// The lock's view.
        lock: View,
        /// The timeout's view.
        view: View,
    },
    /// A settlement digest without attestation or the reverse.
    #[error("settlement digest and attestation do not go together")]
    Attestation,
}

/// Checks messages against one committee.
#[derive(Clone, Debug)]
pub struct Verifier<S> {
    scheme: S,
    context: SigningContext,
    committee: Committee,
    genesis: BlockId,
}

impl<S: Scheme> Verifier<S> {
    /// A verifier for a chain, its committee and its genesis block.
    pub const fn new(scheme: S, chain: ChainId, committee: Committee, genesis: BlockId) -> Self {
        let context = SigningContext { chain, epoch: committee.epoch() };
        Self { scheme, context, committee, genesis }
    }

    /// Checks one message.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong with it.
    pub fn verify(&self, msg: Msg) -> Result<Verified<Msg>, VerifyError> {
        let mut items = Vec::new();
        self.collect(&msg, &mut items)?;
        if self.scheme.verify_batch(&items) {
            Ok(Verified(msg))
        } else {
            Err(VerifyError::Signature)
        }
    }

    /// Checks many messages with one batch of signatures; where that fails, one by one.
    pub fn verify_many(&self, msgs: Vec<Msg>) -> Vec<Result<Verified<Msg>, VerifyError>> {
        let mut items = Vec::new();
        let mut collect = |msg: &Msg| {
            let start = items.len();
            // What a refused message leaves behind must not spoil the batch.
            self.collect(msg, &mut items).inspect_err(|_| items.truncate(start))
        };
        let outcomes: Vec<_> = msgs.iter().map(&mut collect).collect();
        let all_valid = self.scheme.verify_batch(&items);
        let verdict = |(msg, outcome): (Msg, Result<(), VerifyError>)| match outcome {
            Err(error) => Err(error),
            Ok(()) if all_valid => Ok(Verified(msg)),
            Ok(()) => self.verify(msg),
        };
        msgs.into_iter().zip(outcomes).map(verdict).collect()
    }

    /// Checks a finality proof on its own, for light clients and stored blocks.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong with it.
    pub fn verify_cert2(&self, cert: Cert2) -> Result<Verified<Cert2>, VerifyError> {
        let mut items = Vec::new();
        self.cert2(&cert, &mut items)?;
        if self.scheme.verify_batch(&items) {
            Ok(Verified(cert))
        } else {
            Err(VerifyError::Signature)
        }
    }

    /// Whether the evidence convicts somebody: both statements verify and contradict each other.
    pub fn verify_evidence(&self, evidence: &Evidence) -> bool {
        let (first, second, conflict) = match evidence {
            Evidence::Proposals(a, b) => {
                let conflict = a.view == b.view && a.block.id() != b.block.id();
                (Msg::Proposal(a.clone()), Msg::Proposal(b.clone()), conflict)
            }
            Evidence::Votes1(a, b) => {
                let conflict = a.view == b.view && a.voter == b.voter && a.block != b.block;
                (Msg::Vote1(a.clone()), Msg::Vote1(b.clone()), conflict)
            }
            Evidence::Votes2(a, b) => {
                let conflict = a.view == b.view
                    && a.voter == b.voter
                    && (a.block, a.settlement) != (b.block, b.settlement);
                (Msg::Vote2(a.clone()), Msg::Vote2(b.clone()), conflict)
            }
            Evidence::Timeouts(a, b) => {
                let conflict = a.view == b.view && a.voter == b.voter && a.lock.view != b.lock.view;
                (Msg::Timeout(a.clone()), Msg::Timeout(b.clone()), conflict)
            }
            Evidence::Certs1(a, b) => {
                let conflict = a.view == b.view && a.block != b.block;
                (Msg::Cert1(Box::new(a.clone())), Msg::Cert1(Box::new(b.clone())), conflict)
            }
            Evidence::Commit(a, b) => {
                let conflict = a.height == b.height && a.block != b.block;
                (Msg::Cert2(Box::new(a.clone())), Msg::Cert2(Box::new(b.clone())), conflict)
            }
        };
        conflict && self.verify(first).is_ok() && self.verify(second).is_ok()
    }

    fn collect(&self, msg: &Msg, items: &mut Vec<SignedItem>) -> Result<(), VerifyError> {
        match msg {
            Msg::Proposal(proposal) => self.proposal(proposal, items),
            Msg::Vote1(vote) => self.vote1(vote, items),
            Msg::Vote2(vote) => self.vote2(vote, items),
            Msg::Timeout(vote) => self.timeout(vote, items),
            Msg::Cert1(cert) => self.cert1(cert, items),
            Msg::Cert2(cert) => self.cert2(cert, items),
            Msg::TimeoutCert(cert) => self.timeout_cert(cert, items),
            Msg::BlockAnswer(block) => self.block(block),
            Msg::Range(range) => self.range(range, items),
            Msg::BlockRequest(_) | Msg::RangeRequest(_) => Ok(()),
        }
    }

    fn proposal(&self, it: &Proposal, items: &mut Vec<SignedItem>) -> Result<(), VerifyError> {
        self.round(it.epoch, it.view)?;
        self.block(&it.block)?;
        let digest =
            self.context.proposal(it.view, &it.block.id(), &it.justify, it.timeout.as_ref());
        items.push(self.item(self.committee.leader(it.view), digest, it.signature)?);
        self.cert1(&it.justify, items)?;
        it.timeout.as_ref().map_or(Ok(()), |cert| self.timeout_cert(cert, items))
    }

    fn vote1(&self, it: &Vote1, items: &mut Vec<SignedItem>) -> Result<(), VerifyError> {
        self.round(it.epoch, it.view)?;
        let digest = self.context.vote1(it.view, it.height, &it.block);
        items.push(self.item(it.voter, digest, it.signature)?);
        Ok(())
    }

    fn vote2(&self, it: &Vote2, items: &mut Vec<SignedItem>) -> Result<(), VerifyError> {
        self.round(it.epoch, it.view)?;
        let digest = self.context.vote2(it.view, it.height, &it.block, it.settlement.as_ref());
        items.push(self.item(it.voter, digest, it.signature)?);
        self.attestation(it.voter, it.settlement, it.attestation, items)
    }

    fn attestation(
        &self,
        voter: MemberIx,
        settlement: Option<Digest>,
        attestation: Option<Signature>,
        items: &mut Vec<SignedItem>,
    ) -> Result<(), VerifyError> {
        match (settlement, attestation) {
            (None, None) => Ok(()),
            (Some(digest), Some(signature)) => {
                items.push(self.item(voter, digest, signature)?);
                Ok(())
            }
            (Some(_), None) | (None, Some(_)) => Err(VerifyError::Attestation),
        }
    }

    fn timeout(&self, it: &TimeoutVote, items: &mut Vec<SignedItem>) -> Result<(), VerifyError> {
        self.round(it.epoch, it.view)?;
        let digest = self.context.timeout(it.view, it.lock.view);
        items.push(self.item(it.voter, digest, it.signature)?);
        self.cert1(&it.lock, items)
    }

    fn cert1(&self, it: &Cert1, items: &mut Vec<SignedItem>) -> Result<(), VerifyError> {
        // Genesis is a constant: anything else in view 0 is refused, whoever signed it.
        if *it == Cert1::genesis(self.context.epoch, crate::types::Height::ZERO, self.genesis) {
            return Ok(());
        }
        self.round(it.epoch, it.view)?;
        self.quorum(it.signatures.iter().map(|entry| entry.member))?;
        let digest = self.context.vote1(it.view, it.height, &it.block);
        for entry in &it.signatures {
            items.push(self.item(entry.member, digest, entry.signature)?);
        }
        Ok(())
    }

    fn cert2(&self, it: &Cert2, items: &mut Vec<SignedItem>) -> Result<(), VerifyError> {
        self.round(it.epoch, it.view)?;
        self.quorum(it.signatures.iter().map(|entry| entry.member))?;
        let digest = self.context.vote2(it.view, it.height, &it.block, it.settlement.as_ref());
        for entry in &it.signatures {
            items.push(self.item(entry.member, digest, entry.signature)?);
            self.attestation(entry.member, it.settlement, entry.attestation, items)?;
        }
        Ok(())
    }

    fn timeout_cert(
        &self,
        it: &TimeoutCert,
        items: &mut Vec<SignedItem>,
    ) -> Result<(), VerifyError> {
        self.round(it.epoch, it.view)?;
        self.quorum(it.signatures.iter().map(|entry| entry.member))?;
        if it.lock.view != it.lock_view_max() {
            return Err(VerifyError::LockView { lock: it.lock.view, view: it.view });
        }
        for entry in &it.signatures {
            let digest = self.context.timeout(it.view, entry.lock_view);
            items.push(self.item(entry.member, digest, entry.signature)?);
        }
        self.cert1(&it.lock, items)
    }

    fn range(&self, it: &CommittedRange, items: &mut Vec<SignedItem>) -> Result<(), VerifyError> {
        it.blocks.iter().try_for_each(|block| self.block(block))?;
        self.cert2(&it.proof, items)
    }

    fn block(&self, block: &crate::types::SealedBlock) -> Result<(), VerifyError> {
        if block.is_sealed(&self.context.chain) {
            Ok(())
        } else {
            Err(VerifyError::BlockId(block.id()))
        }
    }

    fn round(&self, epoch: Epoch, view: View) -> Result<(), VerifyError> {
        if epoch != self.context.epoch {
            return Err(VerifyError::Epoch { found: epoch, expected: self.context.epoch });
        }
        if view == View::ZERO { Err(VerifyError::GenesisView) } else { Ok(()) }
    }

    fn quorum(&self, members: impl Iterator<Item = MemberIx>) -> Result<(), VerifyError> {
        let mut found: u64 = 0;
        let mut last = None;
        for member in members {
            if last.is_some_and(|last| last >= member) {
                return Err(VerifyError::SignerOrder);
            }
            last = Some(member);
            self.key(member)?;
            found = found.saturating_add(self.committee.weight(member));
        }
        let needed = self.committee.quorum();
        if found >= needed { Ok(()) } else { Err(VerifyError::Quorum { found, needed }) }
    }

    fn key(&self, member: MemberIx) -> Result<PublicKey, VerifyError> {
        self.committee.key(member).ok_or(VerifyError::UnknownMember(member))
    }

    fn item(
        &self,
        member: MemberIx,
        digest: Digest,
        signature: Signature,
    ) -> Result<SignedItem, VerifyError> {
        Ok(SignedItem { key: self.key(member)?, digest, signature })
    }
}

#[cfg(test)]
mod tests;

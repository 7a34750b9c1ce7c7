//! Signed messages of single members, and the answer to a catch-up request.

use super::{
    BlockId, Cert1, Cert2, Digest, Epoch, Height, MemberIx, SealedBlock, TimeoutCert, View,
};
use crate::scheme::Signature;
use borsh::{BorshDeserialize, BorshSerialize};

/// The leader's block for a view, with what justifies it.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Proposal {
    /// The committee's epoch.
    pub epoch: Epoch,
    /// The view it is for.
    pub view: View,
    /// The proposed block.
    pub block: SealedBlock,
    /// Certifies the parent.
    pub justify: Cert1,
    /// Of the view before; present exactly when `justify` is of an earlier view than that.
    pub timeout: Option<TimeoutCert>,
    /// Of the view's leader.
    pub signature: Signature,
}

/// A phase-1 vote: "the only block I support in this view".
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Vote1 {
    /// The committee's epoch.
    pub epoch: Epoch,
    /// The view of the proposal.
    pub view: View,
    /// The block's height.
    pub height: Height,
    /// The block voted for.
    pub block: BlockId,
    /// Who votes.
    pub voter: MemberIx,
    /// Of the voter.
    pub signature: Signature,
}

/// A phase-2 vote: "I hold and have executed this block, and my lock on it is durable".
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Vote2 {
    /// The committee's epoch.
    pub epoch: Epoch,
    /// The view of the block's phase-1 certificate.
    pub view: View,
    /// The block's height.
    pub height: Height,
    /// The block voted for.
    pub block: BlockId,
    /// The block's settlement digest.
    pub settlement: Option<Digest>,
    /// Who votes.
    pub voter: MemberIx,
    /// Of the voter.
    pub signature: Signature,
    /// The voter's signature over the settlement digest itself, present exactly when there is one.
    pub attestation: Option<Signature>,
}

/// A vote to abandon a view, which states the voter's lock.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct TimeoutVote {
    /// The committee's epoch.
    pub epoch: Epoch,
    /// The view to abandon.
    pub view: View,
    /// The voter's lock; its view is what is signed.
    pub lock: Cert1,
    /// Who votes.
    pub voter: MemberIx,
    /// Of the voter.
    pub signature: Signature,
}

/// Consecutive committed blocks, the last of which `proof` certifies.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct CommittedRange {
    /// Ascending by height, each one the parent of the next, at least one.
    pub blocks: Vec<SealedBlock>,
    /// Certifies the last block.
    pub proof: Cert2,
}

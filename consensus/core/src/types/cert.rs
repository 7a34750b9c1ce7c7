//! Certificates: quorums of votes. Two certificates are the same when their round and block are the
//! same; which members signed is not part of their identity.

use super::{BlockId, Digest, Epoch, Height, MemberIx, View};
use crate::scheme::Signature;
use borsh::{BorshDeserialize, BorshSerialize};

/// One member's signature in a certificate.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct MemberSignature {
    /// Who signed.
    pub member: MemberIx,
    /// Over the certified vote.
    pub signature: Signature,
}

/// A quorum of phase-1 votes: at most one block of a view has one, and its payload is held by an
/// honest member.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Cert1 {
    /// The committee's epoch.
    pub epoch: Epoch,
    /// The view of the votes.
    pub view: View,
    /// The block's height.
    pub height: Height,
    /// The certified block.
    pub block: BlockId,
    /// Ascending by member. Empty only in the genesis certificate.
    pub signatures: Vec<MemberSignature>,
}

impl Cert1 {
    /// The certificate of the genesis block, which is true by configuration.
    pub const fn genesis(epoch: Epoch, height: Height, block: BlockId) -> Self {
        Self { epoch, view: View::ZERO, height, block, signatures: Vec::new() }
    }
}

/// One member's signatures in a [`Cert2`].
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Cert2Signature {
    /// Who signed.
    pub member: MemberIx,
    /// Over the phase-2 vote.
    pub signature: Signature,
    /// Over the settlement digest itself, present exactly when the certificate has one.
    pub attestation: Option<Signature>,
}

/// A quorum of phase-2 votes: the block and its ancestors are final.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Cert2 {
    /// The committee's epoch.
    pub epoch: Epoch,
    /// The view of the votes.
    pub view: View,
    /// The block's height.
    pub height: Height,
    /// The committed block.
    pub block: BlockId,
    /// The block's settlement digest.
    pub settlement: Option<Digest>,
    /// Ascending by member.
    pub signatures: Vec<Cert2Signature>,
}

/// One member's part of a [`TimeoutCert`].
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct TimeoutSignature {
    /// Who signed.
    pub member: MemberIx,
    /// The view of the lock that the member signed.
    pub lock_view: View,
    /// Over the timeout vote.
    pub signature: Signature,
}

/// A quorum of timeout votes of one view, with the highest lock among them.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct TimeoutCert {
    /// The committee's epoch.
    pub epoch: Epoch,
    /// The abandoned view.
    pub view: View,
    /// Ascending by member.
    pub signatures: Vec<TimeoutSignature>,
    /// The certificate whose view is the highest signed lock view.
    pub lock: Cert1,
}

impl TimeoutCert {
    /// The highest signed lock view; a proposal after this timeout must be justified at least there.
    pub fn lock_view_max(&self) -> View {
        self.signatures.iter().map(|entry| entry.lock_view).max().unwrap_or(View::ZERO)
    }
}

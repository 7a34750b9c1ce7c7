//! The bytes that members sign, separated by domain, kind, chain, version, epoch and view.

use crate::types::{BlockId, Cert1, ChainId, Digest, Epoch, Height, TimeoutCert, View};
use crate::wire::{PROTOCOL_VERSION, to_bytes};
use sha2::{Digest as _, Sha256};

const DOMAIN: &[u8] = b"asset-l2/consensus/v1";
const KIND_PROPOSAL: u8 = 1;
const KIND_VOTE1: u8 = 2;
const KIND_VOTE2: u8 = 3;
const KIND_TIMEOUT: u8 = 4;

/// The chain and epoch that every signature is bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SigningContext {
    /// The chain.
    pub chain: ChainId,
    /// The epoch.
    pub epoch: Epoch,
}

impl SigningContext {
    /// What a leader signs: the block, and what justifies it, so that nobody can pass the proposal
    /// on with another justification.
    pub fn proposal(
        &self,
        view: View,
        block: &BlockId,
        justify: &Cert1,
        timeout: Option<&TimeoutCert>,
    ) -> Digest {
        let mut justification = Sha256::new();
        justification.update(to_bytes(justify));
        justification.update(to_bytes(&timeout));
        let mut hasher = self.hasher(KIND_PROPOSAL, view);
        hasher.update(block.as_bytes());
        hasher.update(justification.finalize());
        Digest::new(hasher.finalize().into())
    }

    /// What a phase-1 voter signs.
    pub fn vote1(&self, view: View, height: Height, block: &BlockId) -> Digest {
        let mut hasher = self.hasher(KIND_VOTE1, view);
        hasher.update(height.get().to_le_bytes());
        hasher.update(block.as_bytes());
        Digest::new(hasher.finalize().into())
    }

    /// What a phase-2 voter signs, besides the attestation of the settlement digest.
    pub fn vote2(
        &self,
        view: View,
        height: Height,
        block: &BlockId,
        settlement: Option<&Digest>,
    ) -> Digest {
        let mut hasher = self.hasher(KIND_VOTE2, view);
        hasher.update(height.get().to_le_bytes());
        hasher.update(block.as_bytes());
        hasher.update(to_bytes(&settlement));
        Digest::new(hasher.finalize().into())
    }

    /// What a member signs who abandons a view.
    pub fn timeout(&self, view: View, lock_view: View) -> Digest {
        let mut hasher = self.hasher(KIND_TIMEOUT, view);
        hasher.update(lock_view.get().to_le_bytes());
        Digest::new(hasher.finalize().into())
    }

    fn hasher(&self, kind: u8, view: View) -> Sha256 {
        Sha256::new()
            .chain_update(DOMAIN)
            .chain_update([kind])
            .chain_update(self.chain.as_bytes())
            .chain_update(PROTOCOL_VERSION.to_le_bytes())
            .chain_update(self.epoch.get().to_le_bytes())
            .chain_update(view.get().to_le_bytes())
    }
}

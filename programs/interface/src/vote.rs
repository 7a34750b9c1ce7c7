//! What a member of the committee signs when it votes for a block in phase 2.
//!
//! These are the bytes of `SigningContext::vote2` of the consensus, which the program cannot depend on; a test holds both against
//! each other.
//!
//! ```text
//! sha256("asset-l2/consensus/v1" ‖ 3 ‖ chain id ‖ version u16 ‖ epoch u64 ‖ view u64
//!        ‖ height u64 ‖ block id ‖ (0 | 1 ‖ settlement digest))
//! ```

use borsh::{BorshDeserialize, BorshSerialize};
use curvevm::{
    host::sha256,
    types::{Hash, Signature},
};

const DOMAIN: &[u8] = b"asset-l2/consensus/v1";
const KIND_VOTE2: u8 = 3;
/// The version of the consensus protocol.
const PROTOCOL_VERSION: u16 = 1;

/// Where a member may cast one phase-2 vote at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ballot {
    /// The chain id.
    pub chain_id: Hash,
    /// The committee's epoch.
    pub epoch: u64,
    /// The view.
    pub view: u64,
}

/// What a phase-2 vote says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Statement {
    /// The block's height.
    pub height: u64,
    /// The block's id.
    pub block: Hash,
    /// The block's settlement digest, when it closes a batch.
    pub settlement: Option<Hash>,
}

/// A statement and the signature of who makes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Vote {
    /// What it says.
    pub statement: Statement,
    /// Over [`Ballot::digest`] of the statement.
    pub signature: Signature,
}

impl Ballot {
    /// What a voter signs, besides the attestation of the settlement digest.
    pub fn digest(&self, statement: &Statement) -> Hash {
        let version = PROTOCOL_VERSION.to_le_bytes();
        let (epoch, view) = (self.epoch.to_le_bytes(), self.view.to_le_bytes());
        let height = statement.height.to_le_bytes();
        let tag = [u8::from(statement.settlement.is_some())];
        let settlement: &[u8] = match &statement.settlement {
            Some(digest) => digest.as_bytes(),
            None => &[],
        };
        sha256(&[
            DOMAIN,
            &[KIND_VOTE2],
            self.chain_id.as_bytes(),
            &version,
            &epoch,
            &view,
            &height,
            statement.block.as_bytes(),
            &tag,
            settlement,
        ])
    }
}

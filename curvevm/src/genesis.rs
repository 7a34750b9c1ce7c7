//! Genesis: the values on which all nodes and the program must agree. Its hash is the chain id.

use alloc::{string::String, vec::Vec};
use borsh::{BorshDeserialize, BorshSerialize};

use crate::{
    cell::{Cell, Chain, Rules},
    error::StateError,
    host::sha256,
    tree::Tree,
    types::{Address, AssetId, Hash},
};

/// The version of the genesis format.
pub const GENESIS_VERSION: u8 = 1;
/// The most members of a committee.
pub const MEMBERS_MAX: usize = 32;

/// What a chain starts from.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct Genesis {
    /// [`GENESIS_VERSION`].
    pub version: u8,
    /// A name for people; part of the hash, so that two networks never share a chain id.
    pub name: String,
    /// The AssetRollup program on Solana.
    pub program_id: Address,
    /// ed25519 keys of the committee, in index order, all of weight one.
    pub committee: Vec<Address>,
    /// When the chain starts, in milliseconds since 1970.
    pub time_ms: u64,
    /// Who claims the protocol's fees on this chain.
    pub treasury: Address,
    /// The quote assets besides SOL, by their SPL mints, in order; at most [`crate::cell::ASSETS_MAX`] - 1.
    pub quote_assets: Vec<AssetId>,
    /// The rules of blocks, batches and settlement.
    pub params: Params,
}

/// Rules of blocks, batches and settlement.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct Params {
    /// A block closes its batch when at least this much time passed since the batch's first block, in milliseconds.
    pub batch_interval_ms: u64,
    /// A block also closes its batch when the batch's data passes this many chunks; at most [`crate::batch::CHUNKS_MAX`].
    pub batch_chunks_max: u16,
    /// The most payload bytes in a chunk: what one Solana transaction carries.
    pub chunk_bytes_max: u16,
    /// The most transactions in a block.
    pub block_transactions_max: u32,
    /// A challenge window ends only after this many slots,
    pub challenge_slots: u64,
    /// and this many seconds.
    pub challenge_secs: u64,
    /// A batch that leaves out a message older than this many slots is refused by the program.
    pub inbox_delay_slots: u64,
    /// The least bond of a member, in lamports; zero for a committee that needs none.
    pub bond_lamports: u64,
    /// What a challenger puts down with a witness, in lamports.
    pub challenge_lamports: u64,
    /// When the committee has committed nothing for more than this many slots, anyone with a bond may commit.
    pub takeover_slots: u64,
    /// Who may schedule actions of the program; zero for nobody.
    pub authority: Address,
    /// How long such an action waits before it can be executed, in seconds.
    pub authority_delay_secs: u64,
}

impl Genesis {
    /// The chain id.
    pub fn hash(&self) -> Hash {
        let bytes = borsh::to_vec(self).unwrap_or_default();
        sha256(&[b"asset-l2/genesis/v1", &bytes])
    }

    /// The state before the first block.
    ///
    /// # Errors
    ///
    /// None for a fresh tree; the signature is that of every write to a tree.
    pub fn tree(&self) -> Result<Tree, StateError> {
        let mut tree = Tree::new();
        let chain = Chain { time_ms: self.time_ms, ..Chain::default() };
        tree.put(Chain::key(), Cell::Chain(chain))?;
        let rules =
            Rules { version: 0, treasury: self.treasury, quote_assets: self.quote_assets.clone() };
        tree.put(Rules::key(), Cell::Rules(rules))?;
        Ok(tree)
    }

    /// The hash of the committee, as the settlement digest names it.
    pub fn committee_hash(&self) -> Hash {
        committee_hash(&self.committee)
    }
}

/// `sha256("asset-l2/committee/v1" ‖ keys)`, keys in index order.
pub fn committee_hash(members: &[Address]) -> Hash {
    let mut parts: Vec<&[u8]> = Vec::with_capacity(members.len().saturating_add(1));
    parts.push(b"asset-l2/committee/v1");
    parts.extend(members.iter().map(|member| member.as_ref()));
    sha256(&parts)
}

/// The fewest signatures that are a quorum of `members`: more than two thirds.
pub const fn quorum(members: usize) -> usize {
    // floor(2n/3) + 1; members are at most MEMBERS_MAX, so that nothing can overflow.
    members.saturating_mul(2).wrapping_div(3).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::quorum;

    #[test]
    fn a_quorum_is_more_than_two_thirds() {
        assert_eq!([1, 2, 3, 4, 5, 6, 7, 10].map(quorum), [1, 2, 3, 3, 4, 5, 5, 7]);
    }
}

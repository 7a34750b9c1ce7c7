//! A rollup: what it was started with, and how far it is committed and finalized.

use borsh::{BorshDeserialize, BorshSerialize};
use curvevm::types::{Address, Hash};

use super::LayoutError;
use crate::constants::{MEMBERS_MAX, ROOTS_CAPACITY};

/// A rollup.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Rollup {
    /// Format version.
    pub version: u8,
    /// Bump of this account's address.
    pub bump: u8,
    /// Bump of the vault's address.
    pub vault_bump: u8,
    /// Bump of the inbox's address.
    pub inbox_bump: u8,
    /// How many of `members` there are.
    pub member_count: u8,
    /// Zero.
    pub reserved: u8,
    /// The longest chunk, in bytes.
    pub chunk_bytes_max: u16,
    /// The chain id: the genesis hash.
    pub chain_id: Hash,
    /// Who initialized it. It has no power over the rollup.
    pub authority: Address,
    /// The committee's hash, as the settlement digest names it.
    pub committee_hash: Hash,
    /// A challenge window ends only after this many slots,
    pub challenge_slots: u64,
    /// and this many seconds.
    pub challenge_secs: u64,
    /// A batch that leaves out a message older than this many slots is refused.
    pub inbox_delay_slots: u64,
    /// The number of the last committed batch; zero before the first.
    pub committed_number: u64,
    /// Its last height.
    pub committed_height: u64,
    /// Its time, in milliseconds since 1970.
    pub committed_time_ms: u64,
    /// Its inbox cursor: the index of the next message to be consumed.
    pub committed_inbox_cursor: u64,
    /// Its number of withdrawals since genesis.
    pub committed_withdrawals: u64,
    /// Its state root.
    pub committed_root: Hash,
    /// Its inbox hash.
    pub committed_inbox_hash: Hash,
    /// The number of the last finalized batch; zero before the first.
    pub finalized_number: u64,
    /// Its last height.
    pub finalized_height: u64,
    /// Its inbox cursor: every message below it was consumed for good.
    pub finalized_inbox_cursor: u64,
    /// Keys of the committee in index order, then zeros.
    pub members: [Address; MEMBERS_MAX],
    /// The last finalized roots: that of batch `n` at `n % ROOTS_CAPACITY`, the genesis root as batch zero.
    pub roots: [FinalizedRoot; ROOTS_CAPACITY],
}

/// The state root after a finalized batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, BorshSerialize, BorshDeserialize)]
pub struct FinalizedRoot {
    /// The batch's number.
    pub number: u64,
    /// The state root after it.
    pub root: Hash,
}

impl Rollup {
    /// `sha256("account:Rollup")`, first eight bytes.
    pub const DISCRIMINATOR: [u8; 8] = [0x90, 0x43, 0xc9, 0xd9, 0x1a, 0x52, 0x6c, 0x6a];
    /// The length of the account, in bytes.
    pub const BYTES: usize = 3_848;

    /// Reads the account's data.
    ///
    /// # Errors
    ///
    /// [`LayoutError`].
    pub fn parse(data: &[u8]) -> Result<Self, LayoutError> {
        super::parse(data, Self::DISCRIMINATOR)
    }

    /// The committee's keys, in index order.
    pub fn committee(&self) -> &[Address] {
        self.members.get(..usize::from(self.member_count)).unwrap_or_default()
    }

    /// The finalized root of a batch, when it is still kept.
    pub fn finalized_root(&self, number: u64) -> Option<Hash> {
        let slot = number.checked_rem(ROOTS_CAPACITY as u64)?;
        let entry = self.roots.get(usize::try_from(slot).ok()?)?;
        (number <= self.finalized_number && entry.number == number).then_some(entry.root)
    }
}

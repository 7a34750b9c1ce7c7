//! A rollup: what it was started with, and how far it is committed and finalized.

use borsh::{BorshDeserialize, BorshSerialize};
use curvevm::{
    genesis::quorum,
    types::{Address, AssetId, Hash},
};

use super::LayoutError;
use crate::constants::{MEMBERS_MAX, QUOTE_ASSETS_MAX, ROOTS_CAPACITY};

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
    /// How many of `prev_members` there are: none before the first rotation.
    pub prev_member_count: u8,
    /// The longest chunk, in bytes.
    pub chunk_bytes_max: u16,
    /// The chain id: the genesis hash.
    pub chain_id: Hash,
    /// Who may schedule actions; zero for nobody.
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
    /// The least bond of a member, in lamports.
    pub bond_lamports: u64,
    /// What a challenger puts down with a witness, in lamports.
    pub challenge_lamports: u64,
    /// After more than this many slots without a certified batch anyone with a bond may commit.
    pub takeover_slots: u64,
    /// How long an action of the authority waits, in seconds.
    pub authority_delay_secs: u64,
    /// The epoch of the committee, from zero: how many rotations there were. It is the epoch in the committee's votes.
    pub epoch: u64,
    /// The number of the first batch of the present epoch; that of the next batch before there is one.
    pub epoch_first_number: u64,
    /// The epoch of `prev_members`.
    pub prev_epoch: u64,
    /// The slot of the last certified commit; that of initialization before the first.
    pub committee_slot: u64,
    /// How many rollbacks there were.
    pub rollbacks: u64,
    /// How many verdicts were written; the index of the next.
    pub verdicts: u64,
    /// The slot in which the last verdict was written.
    pub verdict_slot: u64,
    /// The time at which it was written, in seconds since 1970.
    pub verdict_unix_time: i64,
    /// Members whom no verdict convicted: bit `i` is member `i`.
    pub active: u32,
    /// Those of them who have a live bond.
    pub bonded: u32,
    /// Members of the committee before whom no verdict convicted.
    pub prev_active: u32,
    /// Zero.
    pub reserved: u32,
    /// The hash of the committee before.
    pub prev_committee_hash: Hash,
    /// Keys of the committee before in index order, then zeros.
    pub prev_members: [Address; MEMBERS_MAX],
    /// The quote assets besides SOL, as genesis names them, then zeros: mints that may be deposited.
    pub quote_assets: [AssetId; QUOTE_ASSETS_MAX],
    /// How many actions were scheduled; the index of the next.
    pub actions: u64,
    /// Until when deposits and commits are paused, in seconds since 1970; zero before the first pause.
    pub paused_until: i64,
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
    pub const BYTES: usize = 5_256;

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

    /// The keys of the committee before, in index order.
    pub fn prev_committee(&self) -> &[Address] {
        self.prev_members.get(..usize::from(self.prev_member_count)).unwrap_or_default()
    }

    /// Whether a member of the committee is active: no verdict convicted it.
    pub fn is_active(&self, member: u8) -> bool {
        is_set(self.active, member)
    }

    /// Whether an active member of the committee has a live bond.
    pub fn is_bonded(&self, member: u8) -> bool {
        is_set(self.bonded, member)
    }

    /// The fewest signatures that certify a batch: a quorum of the active members.
    pub const fn quorum(&self) -> usize {
        quorum(self.active.count_ones() as usize)
    }

    /// Whether a batch is committed and not finalized.
    pub const fn is_live(&self, number: u64) -> bool {
        self.finalized_number < number && number <= self.committed_number
    }

    /// The finalized root of a batch, when it is still kept.
    pub fn finalized_root(&self, number: u64) -> Option<Hash> {
        let slot = number.checked_rem(ROOTS_CAPACITY as u64)?;
        let entry = self.roots.get(usize::try_from(slot).ok()?)?;
        (number <= self.finalized_number && entry.number == number).then_some(entry.root)
    }
}

/// Whether the bit of a member is set.
const fn is_set(bits: u32, member: u8) -> bool {
    match bits.checked_shr(member as u32) {
        Some(shifted) => shifted & 1 == 1,
        None => false,
    }
}

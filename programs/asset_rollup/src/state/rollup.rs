//! A rollup: what it was started with, and how far it is committed and finalized.

use anchor_lang::prelude::*;
use asset_rollup_interface::constants::{MEMBERS_MAX, ROOTS_CAPACITY};
use curvevm::{
    batch::BatchHeader,
    types::{Address as Key, Hash},
};

use crate::error::{RollupError, ensure, fail};

/// A rollup; fields as in `asset_rollup_interface::state::Rollup`.
#[account]
pub struct Rollup {
    pub version: u8,
    pub bump: u8,
    pub vault_bump: u8,
    pub inbox_bump: u8,
    pub member_count: u8,
    pub reserved: u8,
    pub chunk_bytes_max: u16,
    pub chain_id: [u8; 32],
    pub authority: Address,
    pub committee_hash: [u8; 32],
    pub challenge_slots: u64,
    pub challenge_secs: u64,
    pub inbox_delay_slots: u64,
    pub committed_number: u64,
    pub committed_height: u64,
    pub committed_time_ms: u64,
    pub committed_inbox_cursor: u64,
    pub committed_withdrawals: u64,
    pub committed_root: [u8; 32],
    pub committed_inbox_hash: [u8; 32],
    pub finalized_number: u64,
    pub finalized_height: u64,
    pub finalized_inbox_cursor: u64,
    pub members: [[u8; 32]; MEMBERS_MAX],
    pub roots: [FinalizedRoot; ROOTS_CAPACITY],
}

/// The state root after a finalized batch.
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable, IdlType)]
#[repr(C)]
pub struct FinalizedRoot {
    pub number: u64,
    pub root: [u8; 32],
}

/// What is known of a batch once it is finalized.
pub struct Finalized {
    /// Its number.
    pub number: u64,
    /// Its last height.
    pub height: u64,
    /// Its inbox cursor.
    pub inbox_cursor: u64,
    /// The state root after it.
    pub root: [u8; 32],
}

impl Rollup {
    /// The number of the next batch, as a seed of its address, when `header` is that batch's.
    ///
    /// # Errors
    ///
    /// [`RollupError::InvalidHeader`], [`RollupError::WrongNumber`].
    pub fn next_number(&self, header: &[u8]) -> Result<[u8; 8]> {
        // version, chain id, number
        let number = header.get(33..41).and_then(|bytes| bytes.try_into().ok());
        let number: [u8; 8] = number.ok_or(fail(RollupError::InvalidHeader))?;
        let next = self.committed_number.checked_add(1);
        ensure(next == Some(u64::from_le_bytes(number)), RollupError::WrongNumber)?;
        Ok(number)
    }

    /// The key of a member.
    ///
    /// # Errors
    ///
    /// [`RollupError::UnknownMember`].
    pub fn member(&self, index: u8) -> Result<Key> {
        ensure(index < self.member_count, RollupError::UnknownMember)?;
        let key = self.members.get(usize::from(index)).ok_or(fail(RollupError::Corrupt))?;
        Ok(Key::new(*key))
    }

    /// Records a batch as the last committed one.
    pub fn commit(&mut self, header: &BatchHeader) {
        self.committed_number = header.number;
        self.committed_height = header.last_height;
        self.committed_time_ms = header.time_ms;
        self.committed_inbox_cursor = header.inbox_cursor;
        self.committed_withdrawals = header.withdrawals;
        self.committed_root = header.post_root.to_bytes();
        self.committed_inbox_hash = header.inbox_hash.to_bytes();
    }

    /// Records a batch as the last finalized one.
    ///
    /// # Errors
    ///
    /// [`RollupError::Corrupt`].
    pub fn finalize(&mut self, batch: &Finalized) -> Result<()> {
        let &Finalized { number, height, inbox_cursor, root } = batch;
        let place = slot(number).and_then(|at| self.roots.get_mut(at));
        *place.ok_or(fail(RollupError::Corrupt))? = FinalizedRoot { number, root };
        self.finalized_number = number;
        self.finalized_height = height;
        self.finalized_inbox_cursor = inbox_cursor;
        Ok(())
    }

    /// The finalized root of a batch.
    ///
    /// # Errors
    ///
    /// [`RollupError::RootNotFinalized`] when it is not finalized, or older than the ring.
    pub fn finalized_root(&self, number: u64) -> Result<Hash> {
        let entry = slot(number).and_then(|at| self.roots.get(at));
        let entry = entry.ok_or(fail(RollupError::Corrupt))?;
        let kept = number <= self.finalized_number && entry.number == number;
        ensure(kept, RollupError::RootNotFinalized)?;
        Ok(Hash::new(entry.root))
    }

    /// Checks the account's invariants after a change.
    ///
    /// # Errors
    ///
    /// [`RollupError::Corrupt`].
    pub fn check(&self) -> Result<()> {
        let members = usize::from(self.member_count);
        let valid = self.finalized_number <= self.committed_number
            && self.finalized_height <= self.committed_height
            && self.finalized_inbox_cursor <= self.committed_inbox_cursor
            && (1..=MEMBERS_MAX).contains(&members);
        ensure(valid, RollupError::Corrupt)
    }
}

/// The place of a batch's root in the ring.
fn slot(number: u64) -> Option<usize> {
    usize::try_from(number.checked_rem(ROOTS_CAPACITY as u64)?).ok()
}

//! A rollup: what it was started with, and how far it is committed and finalized.

use anchor_lang::prelude::*;
use asset_rollup_interface::constants::{MEMBERS_MAX, QUOTE_ASSETS_MAX, ROOTS_CAPACITY};
use curvevm::{
    batch::BatchHeader,
    types::{AssetId, Hash},
};

use crate::{
    error::{RollupError, ensure, fail},
    state::{Batch, committee::mask},
};

/// A rollup; fields as in `asset_rollup_interface::state::Rollup`.
#[account]
pub struct Rollup {
    pub version: u8,
    pub bump: u8,
    pub vault_bump: u8,
    pub inbox_bump: u8,
    pub member_count: u8,
    pub prev_member_count: u8,
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
    pub bond_lamports: u64,
    pub challenge_lamports: u64,
    pub takeover_slots: u64,
    pub authority_delay_secs: u64,
    pub epoch: u64,
    pub epoch_first_number: u64,
    pub prev_epoch: u64,
    pub committee_slot: u64,
    pub rollbacks: u64,
    pub verdicts: u64,
    pub verdict_slot: u64,
    pub verdict_unix_time: i64,
    pub active: u32,
    pub bonded: u32,
    pub prev_active: u32,
    pub reserved: u32,
    pub prev_committee_hash: [u8; 32],
    pub prev_members: [[u8; 32]; MEMBERS_MAX],
    pub quote_assets: [[u8; 32]; QUOTE_ASSETS_MAX],
    pub actions: u64,
    pub paused_until: i64,
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

    /// Deposits and commits are not paused.
    ///
    /// # Errors
    ///
    /// [`RollupError::Paused`].
    pub fn check_open(&self, clock: &Clock) -> Result<()> {
        ensure(clock.unix_timestamp >= self.paused_until, RollupError::Paused)
    }

    /// Whether a batch is committed and not finalized.
    pub const fn is_live(&self, number: u64) -> bool {
        self.finalized_number < number && number <= self.committed_number
    }

    /// Takes out all live batches from `batch` on. Their accounts are left to `close_batch`.
    ///
    /// # Errors
    ///
    /// [`RollupError::BatchNotLive`], [`RollupError::Overflow`].
    pub fn roll_back(&mut self, batch: &Batch) -> Result<()> {
        ensure(self.is_live(batch.number), RollupError::BatchNotLive)?;
        let before = batch.number.checked_sub(1).zip(batch.first_height.checked_sub(1));
        let (number, height) = before.ok_or(fail(RollupError::Corrupt))?;
        self.committed_number = number;
        self.committed_height = height;
        self.committed_root = batch.prev_root;
        self.committed_time_ms = batch.previous_time_ms;
        self.committed_inbox_cursor = batch.previous_inbox_cursor;
        self.committed_inbox_hash = batch.previous_inbox_hash;
        self.committed_withdrawals = batch.previous_withdrawals;
        // The numbers are taken anew, by the present committee.
        self.epoch_first_number = self.epoch_first_number.min(batch.number);
        self.rollbacks = self.rollbacks.checked_add(1).ok_or(fail(RollupError::Overflow))?;
        Ok(())
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

    /// Whether genesis names an asset as a quote asset. SOL is not asked for: it stands where there is none.
    pub fn has_quote_asset(&self, asset: &AssetId) -> bool {
        self.quote_assets.contains(asset.as_bytes())
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
            && (1..=MEMBERS_MAX).contains(&members)
            && usize::from(self.prev_member_count) <= MEMBERS_MAX
            && self.active & !mask(self.member_count) == 0
            && self.bonded & !self.active == 0
            && self.prev_active & !mask(self.prev_member_count) == 0
            && self.epoch_first_number <= self.committed_number.saturating_add(1);
        ensure(valid, RollupError::Corrupt)
    }
}

/// The place of a batch's root in the ring.
fn slot(number: u64) -> Option<usize> {
    usize::try_from(number.checked_rem(ROOTS_CAPACITY as u64)?).ok()
}

#[cfg(test)]
mod tests;

//! A committed batch, until it is finalized.

use anchor_lang::prelude::*;
use asset_rollup_interface::state::ACCOUNT_VERSION;
use curvevm::batch::BatchHeader;

use crate::{
    error::{RollupError, ensure, fail},
    state::Rollup,
};

/// A committed batch; fields as in `asset_rollup_interface::state::Batch`.
#[account]
pub struct Batch {
    pub version: u8,
    pub bump: u8,
    pub header_version: u8,
    pub reserved: u8,
    pub signers: u32,
    pub rollup: Address,
    pub number: u64,
    pub batch_hash: [u8; 32],
    pub first_height: u64,
    pub last_height: u64,
    pub prev_root: [u8; 32],
    pub post_root: [u8; 32],
    pub data_root: [u8; 32],
    pub inbox_hash: [u8; 32],
    pub inbox_cursor: u64,
    pub chunk_count: u32,
    pub reserved_2: [u8; 4],
    pub time_ms: u64,
    pub withdrawals: u64,
    pub vm_version: u64,
    pub slot: u64,
    pub unix_time: i64,
    pub poster: Address,
    pub data: Address,
    pub epoch: u64,
    pub previous_time_ms: u64,
    pub previous_inbox_cursor: u64,
    pub previous_withdrawals: u64,
    pub previous_inbox_hash: [u8; 32],
    pub poster_member: [u8; 32],
    pub extension_slots: u32,
    pub extension_secs: u32,
}

/// How a batch was committed.
pub struct Commitment {
    /// Bump of the batch's address.
    pub bump: u8,
    /// Who answers for it.
    pub committers: Committers,
    /// The rollup.
    pub rollup: Address,
    /// Who commits it.
    pub poster: Address,
    /// The account that holds the hashes of its chunks.
    pub data: Address,
    /// When.
    pub clock: Clock,
}

/// Who answers for a batch.
pub enum Committers {
    /// Bits of the members whose signatures were counted.
    Signers(u32),
    /// The key under whose bond it was committed in a takeover.
    Poster([u8; 32]),
}

impl Batch {
    /// The batch of a header, on top of what `rollup` has committed.
    pub fn new(header: &BatchHeader, commitment: &Commitment, rollup: &Rollup) -> Self {
        let (signers, poster_member) = match commitment.committers {
            Committers::Signers(signers) => (signers, [0; 32]),
            Committers::Poster(member) => (0, member),
        };
        Self {
            version: ACCOUNT_VERSION,
            bump: commitment.bump,
            header_version: header.version,
            reserved: 0,
            signers,
            rollup: commitment.rollup,
            number: header.number,
            batch_hash: header.hash().to_bytes(),
            first_height: header.first_height,
            last_height: header.last_height,
            prev_root: header.prev_root.to_bytes(),
            post_root: header.post_root.to_bytes(),
            data_root: header.data_root.to_bytes(),
            inbox_hash: header.inbox_hash.to_bytes(),
            inbox_cursor: header.inbox_cursor,
            chunk_count: header.chunk_count,
            reserved_2: [0; 4],
            time_ms: header.time_ms,
            withdrawals: header.withdrawals,
            vm_version: header.vm_version,
            slot: commitment.clock.slot,
            unix_time: commitment.clock.unix_timestamp,
            poster: commitment.poster,
            data: commitment.data,
            epoch: rollup.epoch,
            previous_time_ms: rollup.committed_time_ms,
            previous_inbox_cursor: rollup.committed_inbox_cursor,
            previous_withdrawals: rollup.committed_withdrawals,
            previous_inbox_hash: rollup.committed_inbox_hash,
            poster_member,
            extension_slots: 0,
            extension_secs: 0,
        }
    }

    /// Whether a quorum of the committee signed it, and not one poster in a takeover.
    pub fn is_certified(&self) -> bool {
        self.poster_member == [0; 32]
    }

    /// The slot and the second at which the challenge window is over; both have to be reached.
    ///
    /// # Errors
    ///
    /// [`RollupError::Overflow`].
    pub fn window_end(&self, rollup: &Rollup) -> Result<(u64, i64)> {
        let overflow = || fail(RollupError::Overflow);
        let secs = i64::try_from(rollup.challenge_secs).map_err(|_| overflow())?;
        let slot = self.slot.checked_add(rollup.challenge_slots);
        let slot = slot.and_then(|slot| slot.checked_add(u64::from(self.extension_slots)));
        let time = self.unix_time.checked_add(secs);
        let time = time.and_then(|time| time.checked_add(i64::from(self.extension_secs)));
        slot.zip(time).ok_or_else(overflow)
    }

    /// Whether the challenge window is over, in slots and in seconds.
    ///
    /// # Errors
    ///
    /// [`RollupError::Overflow`].
    pub fn is_window_over(&self, rollup: &Rollup, clock: &Clock) -> Result<bool> {
        let (slot, time) = self.window_end(rollup)?;
        Ok(clock.slot >= slot && clock.unix_timestamp >= time)
    }

    /// Extends the window by a quarter when no more than that is left of it; in all by no more than one whole window.
    ///
    /// # Errors
    ///
    /// [`RollupError::Overflow`].
    pub fn extend(&mut self, rollup: &Rollup, clock: &Clock) -> Result<()> {
        let overflow = |_| fail(RollupError::Overflow);
        let slots = u32::try_from(rollup.challenge_slots).map_err(overflow)?;
        let secs = u32::try_from(rollup.challenge_secs).map_err(overflow)?;
        let (end_slot, end_time) = self.window_end(rollup)?;
        let few_slots = end_slot.saturating_sub(clock.slot) <= u64::from(quarter(slots));
        let few_secs = end_time.saturating_sub(clock.unix_timestamp) <= i64::from(quarter(secs));
        if few_slots && few_secs {
            self.extension_slots = self.extension_slots.saturating_add(quarter(slots)).min(slots);
            self.extension_secs = self.extension_secs.saturating_add(quarter(secs)).min(secs);
        }
        Ok(())
    }

    /// Checks the account's invariants after a change.
    ///
    /// # Errors
    ///
    /// [`RollupError::Corrupt`].
    pub fn check(&self) -> Result<()> {
        let valid = self.number > 0
            && self.first_height <= self.last_height
            && self.is_certified() == (self.signers != 0)
            && self.chunk_count > 0;
        ensure(valid, RollupError::Corrupt)
    }
}

/// A quarter of a window, rounded up.
const fn quarter(window: u32) -> u32 {
    window.div_ceil(4)
}

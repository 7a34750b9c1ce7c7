//! A member: a key, and the bond that answers for what it signs.

use anchor_lang::prelude::*;
use asset_rollup_interface::state::Member as Layout;

use crate::{
    error::{RollupError, ensure, fail},
    state::Rollup,
};

/// A member; fields as in `asset_rollup_interface::state::Member`.
#[account]
pub struct Member {
    pub version: u8,
    pub bump: u8,
    pub status: u8,
    pub reserved: [u8; 5],
    pub rollup: Address,
    pub key: [u8; 32],
    pub owner: Address,
    pub bond: u64,
    pub unbond_number: u64,
    pub unbond_slot: u64,
    pub unbond_unix_time: i64,
}

impl Member {
    /// The bond is live: not withdrawn, not slashed.
    ///
    /// # Errors
    ///
    /// [`RollupError::Unbonding`], [`RollupError::BondSlashed`].
    pub fn check_live(&self) -> Result<()> {
        match self.status {
            Layout::BONDED => Ok(()),
            Layout::UNBONDING => Err(fail(RollupError::Unbonding)),
            Layout::SLASHED => Err(fail(RollupError::BondSlashed)),
            _ => Err(fail(RollupError::Corrupt)),
        }
    }

    /// The member may answer for what it signs: a live bond of the size that genesis asks for, and no verdict against it.
    ///
    /// # Errors
    ///
    /// As [`Member::check_live`], [`RollupError::NotBonded`], [`RollupError::MemberConvicted`].
    pub fn check_liable(&self, rollup: &Rollup) -> Result<()> {
        self.check_live()?;
        ensure(self.bond >= rollup.bond_lamports, RollupError::NotBonded)?;
        ensure(!rollup.is_convicted(&self.key), RollupError::MemberConvicted)
    }

    /// Adds to the bond.
    ///
    /// # Errors
    ///
    /// [`RollupError::Overflow`], [`RollupError::BondTooSmall`] when it is too small even so.
    pub fn lock(&mut self, amount: u64, rollup: &Rollup) -> Result<()> {
        self.bond = self.bond.checked_add(amount).ok_or(fail(RollupError::Overflow))?;
        ensure(self.bond >= rollup.bond_lamports, RollupError::BondTooSmall)
    }

    /// Begins to withdraw the bond.
    ///
    /// # Errors
    ///
    /// As [`Member::check_live`], [`RollupError::MemberConvicted`], [`RollupError::MemberActive`].
    pub fn begin_unbond(&mut self, rollup: &Rollup, clock: &Clock) -> Result<()> {
        self.check_live()?;
        ensure(!rollup.is_convicted(&self.key), RollupError::MemberConvicted)?;
        // A member that is neither convicted nor absent is active.
        ensure(rollup.position(&self.key).is_none(), RollupError::MemberActive)?;
        self.status = Layout::UNBONDING;
        self.unbond_number = rollup.committed_number;
        self.unbond_slot = clock.slot;
        self.unbond_unix_time = clock.unix_timestamp;
        Ok(())
    }

    /// What is left may be paid to the owner.
    ///
    /// No batch that the member signed may be live any more, and whoever holds a verdict against it has had a window to execute it.
    /// The member has signed none since it began, so that it is enough that those which were live then are not.
    ///
    /// # Errors
    ///
    /// [`RollupError::NotUnbonding`], [`RollupError::MemberConvicted`], [`RollupError::UnbondingOpen`],
    /// [`RollupError::BatchesLive`], [`RollupError::RecentVerdict`], [`RollupError::Overflow`].
    pub fn check_unbonded(&self, rollup: &Rollup, clock: &Clock) -> Result<()> {
        match self.status {
            // Only the rent is left.
            Layout::SLASHED => return Ok(()),
            Layout::UNBONDING => {}
            Layout::BONDED => return Err(fail(RollupError::NotUnbonding)),
            _ => return Err(fail(RollupError::Corrupt)),
        }
        ensure(!rollup.is_convicted(&self.key), RollupError::MemberConvicted)?;
        let begun = Moment { slot: self.unbond_slot, unix_time: self.unbond_unix_time };
        // A window, and the longest extension of one.
        ensure(begun.is_past(rollup, 2, clock)?, RollupError::UnbondingOpen)?;
        let settled = rollup.finalized_number >= self.unbond_number
            || rollup.finalized_number == rollup.committed_number;
        ensure(settled, RollupError::BatchesLive)?;
        if rollup.verdicts == 0 {
            return Ok(());
        }
        let judged = Moment { slot: rollup.verdict_slot, unix_time: rollup.verdict_unix_time };
        ensure(judged.is_past(rollup, 1, clock)?, RollupError::RecentVerdict)
    }

    /// Takes the bond. Gives what it was: zero when it is gone already.
    pub fn slash(&mut self) -> u64 {
        self.status = Layout::SLASHED;
        core::mem::take(&mut self.bond)
    }
}

/// When something happened.
struct Moment {
    slot: u64,
    unix_time: i64,
}

impl Moment {
    /// Whether more than so many challenge windows have passed since, in slots and in seconds.
    fn is_past(&self, rollup: &Rollup, windows: u32, clock: &Clock) -> Result<bool> {
        let overflow = || fail(RollupError::Overflow);
        let slots = rollup.challenge_slots.checked_mul(u64::from(windows));
        let slots = slots.and_then(|slots| self.slot.checked_add(slots)).ok_or_else(overflow)?;
        let secs = i64::try_from(rollup.challenge_secs).map_err(|_| overflow())?;
        let secs = secs.checked_mul(i64::from(windows));
        let secs = secs.and_then(|secs| self.unix_time.checked_add(secs)).ok_or_else(overflow)?;
        Ok(clock.slot > slots && clock.unix_timestamp > secs)
    }
}

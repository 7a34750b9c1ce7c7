//! The committee of a rollup: who is in it, who is active, and the committee before.

use alloc::{vec, vec::Vec};

use anchor_lang::prelude::*;
use asset_rollup_interface::{constants::MEMBERS_MAX, state::Verdict as Layout};
use curvevm::{
    genesis::{committee_hash, quorum},
    types::Address as Key,
};

use crate::{
    error::{RollupError, ensure, fail},
    state::{Batch, Charge, Proof, Rollup, Verdict},
};

/// The members of an epoch, and which of them no verdict convicted.
#[derive(Clone, Copy)]
pub struct Committee<'a> {
    /// Keys in index order.
    pub keys: &'a [[u8; 32]],
    /// Bits of those who are not convicted.
    pub active: u32,
}

impl Committee<'_> {
    /// The index of a key.
    fn position(&self, key: &[u8; 32]) -> Option<u8> {
        (0..).zip(self.keys).find(|(_, member)| *member == key).map(|(index, _)| index)
    }

    /// Whether a key is in it and convicted.
    fn is_convicted(&self, key: &[u8; 32]) -> bool {
        self.position(key).is_some_and(|index| self.active & bit(index) == 0)
    }
}

impl Rollup {
    /// The present committee.
    pub fn committee(&self) -> Committee<'_> {
        let keys = self.members.get(..usize::from(self.member_count)).unwrap_or_default();
        Committee { keys, active: self.active }
    }

    /// The committee before; without members before the first rotation.
    pub fn prev_committee(&self) -> Committee<'_> {
        let keys = self.prev_members.get(..usize::from(self.prev_member_count));
        Committee { keys: keys.unwrap_or_default(), active: self.prev_active }
    }

    /// The committee of an epoch.
    ///
    /// # Errors
    ///
    /// [`RollupError::WrongEpoch`] when it is neither the present one nor the one before.
    pub fn committee_of(&self, epoch: u64) -> Result<Committee<'_>> {
        if epoch == self.epoch {
            return Ok(self.committee());
        }
        let known = self.prev_member_count > 0 && epoch == self.prev_epoch;
        ensure(known, RollupError::WrongEpoch)?;
        Ok(self.prev_committee())
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

    /// The index of a key in the present committee.
    pub fn position(&self, key: &[u8; 32]) -> Option<u8> {
        self.committee().position(key)
    }

    /// Whether a verdict convicted a member of the present committee, or of the one before.
    pub fn is_convicted(&self, key: &[u8; 32]) -> bool {
        self.committee().is_convicted(key) || self.prev_committee().is_convicted(key)
    }

    /// The fewest signatures that are a quorum of the active members. Without an active member no signatures are one.
    pub const fn quorum(&self) -> usize {
        quorum(self.active.count_ones() as usize)
    }

    /// Starts with a committee, of which nobody is bonded.
    ///
    /// # Errors
    ///
    /// [`RollupError::InvalidCommittee`].
    pub fn seat(&mut self, committee: &[Key]) -> Result<()> {
        let count = u8::try_from(committee.len());
        self.member_count = count.map_err(|_| fail(RollupError::InvalidCommittee))?;
        self.members = [[0; 32]; MEMBERS_MAX];
        for (place, member) in self.members.iter_mut().zip(committee) {
            *place = member.to_bytes();
        }
        self.committee_hash = committee_hash(committee).to_bytes();
        (self.active, self.bonded) = (mask(self.member_count), 0);
        Ok(())
    }

    /// Whether every live batch is of the present committee, so that the one before may be forgotten.
    pub fn may_rotate(&self) -> bool {
        self.finalized_number.saturating_add(1) >= self.epoch_first_number
    }

    /// Replaces the committee by one whose members are all bonded.
    ///
    /// # Errors
    ///
    /// [`RollupError::InvalidCommittee`], [`RollupError::Overflow`].
    pub fn rotate(&mut self, committee: &[Key]) -> Result<()> {
        let overflow = || fail(RollupError::Overflow);
        self.prev_members = self.members;
        (self.prev_member_count, self.prev_active) = (self.member_count, self.active);
        (self.prev_epoch, self.prev_committee_hash) = (self.epoch, self.committee_hash);
        self.epoch = self.epoch.checked_add(1).ok_or_else(overflow)?;
        self.epoch_first_number = self.committed_number.checked_add(1).ok_or_else(overflow)?;
        self.seat(committee)?;
        self.bonded = self.active;
        Ok(())
    }

    /// Records that a key has a live bond, when it is an active member.
    pub fn bond(&mut self, key: &[u8; 32]) {
        if let Some(index) = self.position(key) {
            self.bonded |= bit(index) & self.active;
        }
    }

    /// Takes a key out of both committees for good: it is neither active nor bonded.
    pub fn expel(&mut self, key: &[u8; 32]) {
        if let Some(index) = self.position(key) {
            self.active &= !bit(index);
            self.bonded &= self.active;
        }
        if let Some(index) = self.prev_committee().position(key) {
            self.prev_active &= !bit(index);
        }
    }

    /// Convicts keys: writes the next verdict, and takes them out of the committees. Their bonds are taken by `slash`.
    ///
    /// # Errors
    ///
    /// [`RollupError::Corrupt`], [`RollupError::Overflow`].
    pub fn convict(
        &mut self,
        verdict: &mut Verdict,
        charge: &Charge<'_>,
        proof: &Proof,
    ) -> Result<()> {
        verdict.write(self.verdicts, charge, proof)?;
        self.verdicts = self.verdicts.checked_add(1).ok_or(fail(RollupError::Overflow))?;
        (self.verdict_slot, self.verdict_unix_time) =
            (proof.clock.slot, proof.clock.unix_timestamp);
        for key in charge.accused {
            self.expel(key);
        }
        Ok(())
    }

    /// Overturns a batch that was proved wrong: rolls back all live batches from it on, and convicts who committed it.
    ///
    /// # Errors
    ///
    /// As [`Rollup::roll_back`] and [`Rollup::convict`].
    pub fn overturn(&mut self, batch: &Batch, verdict: &mut Verdict, proof: &Proof) -> Result<()> {
        let accused = self.committers(batch)?;
        let charge = Charge { kind: Layout::ROLLBACK, number: batch.number, accused: &accused };
        self.roll_back(batch)?;
        self.convict(verdict, &charge, proof)
    }

    /// Who answers for a batch: its signers, or the poster of a takeover batch.
    fn committers(&self, batch: &Batch) -> Result<Vec<[u8; 32]>> {
        if !batch.is_certified() {
            return Ok(vec![batch.poster_member]);
        }
        let members = (0..).zip(self.committee_of(batch.epoch)?.keys);
        let signers = members.filter(|(index, _)| batch.signers & bit(*index) != 0);
        Ok(signers.map(|(_, key)| *key).collect())
    }
}

/// The bit of a member; none past the largest committee.
pub const fn bit(index: u8) -> u32 {
    match 1u32.checked_shl(index as u32) {
        Some(bit) => bit,
        None => 0,
    }
}

/// The bits of the first `count` members.
pub const fn mask(count: u8) -> u32 {
    bit(count).wrapping_sub(1)
}

//! A verdict: who is guilty of what.

use anchor_lang::prelude::*;
use asset_rollup_interface::{constants::MEMBERS_MAX, state::ACCOUNT_VERSION};

use crate::{
    error::{RollupError, ensure, fail},
    state::committee::{bit, mask},
};

/// A verdict; fields as in `asset_rollup_interface::state::Verdict`.
#[account]
pub struct Verdict {
    pub version: u8,
    pub bump: u8,
    pub kind: u8,
    pub accused_count: u8,
    pub slashed: u32,
    pub rollup: Address,
    pub index: u64,
    pub number: u64,
    pub challenger: Address,
    pub accused: [[u8; 32]; MEMBERS_MAX],
}

/// Where a verdict is written, and by whose proof.
pub struct Proof {
    /// Bump of the verdict's address.
    pub bump: u8,
    /// The rollup.
    pub rollup: Address,
    /// Who proves it: gets half of each bond, and the verdict's rent.
    pub challenger: Address,
    /// When.
    pub clock: Clock,
}

/// Who is guilty of what.
pub struct Charge<'a> {
    /// `ROLLBACK` or `EQUIVOCATION` of the interface's `Verdict`.
    pub kind: u8,
    /// The number of the batch that is rolled back first; zero for an equivocation.
    pub number: u64,
    /// The keys of the guilty.
    pub accused: &'a [[u8; 32]],
}

impl Verdict {
    /// Writes a verdict into its account, which is zero.
    ///
    /// # Errors
    ///
    /// [`RollupError::Corrupt`] when nobody is accused, or too many.
    pub fn write(&mut self, index: u64, charge: &Charge<'_>, proof: &Proof) -> Result<()> {
        let count = charge.accused.len();
        ensure((1..=MEMBERS_MAX).contains(&count), RollupError::Corrupt)?;
        (self.version, self.bump, self.kind) = (ACCOUNT_VERSION, proof.bump, charge.kind);
        self.accused_count = u8::try_from(count).map_err(|_| fail(RollupError::Corrupt))?;
        (self.rollup, self.challenger) = (proof.rollup, proof.challenger);
        (self.index, self.number) = (index, charge.number);
        for (place, key) in self.accused.iter_mut().zip(charge.accused) {
            *place = *key;
        }
        Ok(())
    }

    /// The key of an accused.
    ///
    /// # Errors
    ///
    /// [`RollupError::UnknownAccused`].
    pub fn accused(&self, index: u8) -> Result<[u8; 32]> {
        ensure(index < self.accused_count, RollupError::UnknownAccused)?;
        let key = self.accused.get(usize::from(index));
        key.copied().ok_or(fail(RollupError::Corrupt))
    }

    /// Marks an accused as slashed.
    ///
    /// # Errors
    ///
    /// [`RollupError::UnknownAccused`], [`RollupError::AlreadySlashed`].
    pub fn mark(&mut self, index: u8) -> Result<()> {
        ensure(index < self.accused_count, RollupError::UnknownAccused)?;
        ensure(self.slashed & bit(index) == 0, RollupError::AlreadySlashed)?;
        self.slashed |= bit(index);
        Ok(())
    }

    /// Whether it was executed on all that it accuses.
    pub const fn is_executed(&self) -> bool {
        self.slashed == mask(self.accused_count)
    }
}

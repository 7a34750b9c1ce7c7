//! Which withdrawals of a page are paid.

use anchor_lang::prelude::*;
use asset_rollup_interface::state::nullifier_bit;

use crate::error::{RollupError, ensure, fail};

/// A page of nullifiers; fields as in `asset_rollup_interface::state::Nullifiers`.
#[account]
pub struct Nullifiers {
    pub version: u8,
    pub bump: u8,
    pub reserved: [u8; 6],
    pub rollup: Address,
    pub page: u64,
    pub bits: [u8; 256],
}

impl Nullifiers {
    /// Marks a withdrawal of this page as paid.
    ///
    /// # Errors
    ///
    /// [`RollupError::AlreadyWithdrawn`].
    pub fn set(&mut self, withdrawal: u64) -> Result<()> {
        let (byte, mask) = nullifier_bit(withdrawal);
        let bits = self.bits.get_mut(byte).ok_or(fail(RollupError::Corrupt))?;
        ensure(*bits & mask == 0, RollupError::AlreadyWithdrawn)?;
        *bits |= mask;
        Ok(())
    }
}

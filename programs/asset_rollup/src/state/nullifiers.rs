//! Which withdrawals of a page are paid.

use anchor_lang::prelude::*;
use asset_rollup_interface::{
    seeds::nullifier_page,
    state::{ACCOUNT_VERSION, nullifier_bit},
};

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
    /// Marks a withdrawal of this page as paid. A page that is new becomes that of the withdrawal.
    ///
    /// # Errors
    ///
    /// [`RollupError::AlreadyWithdrawn`].
    pub fn take(&mut self, rollup: &Address, bump: u8, withdrawal: u64) -> Result<()> {
        if self.version == 0 {
            (self.version, self.bump) = (ACCOUNT_VERSION, bump);
            (self.rollup, self.page) = (*rollup, nullifier_page(withdrawal));
        }
        let (byte, mask) = nullifier_bit(withdrawal);
        let bits = self.bits.get_mut(byte).ok_or(fail(RollupError::Corrupt))?;
        ensure(*bits & mask == 0, RollupError::AlreadyWithdrawn)?;
        *bits |= mask;
        Ok(())
    }
}

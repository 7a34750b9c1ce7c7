//! The inbox: the head of the message chain. The messages have an account each.

use anchor_lang::prelude::*;

use crate::error::{RollupError, ensure, fail};

/// The inbox of a rollup; fields as in `asset_rollup_interface::state::Inbox`.
#[account]
pub struct Inbox {
    pub version: u8,
    pub bump: u8,
    pub reserved: [u8; 6],
    pub rollup: Address,
    pub count: u64,
    pub deposited: u64,
    pub head: [u8; 32],
}

impl Inbox {
    /// The index of the next message, as a seed of its address, when it is the one that the sender expects.
    ///
    /// # Errors
    ///
    /// [`RollupError::WrongMessageIndex`].
    pub fn next_index(&self, expected: u64) -> Result<[u8; 8]> {
        ensure(expected == self.count, RollupError::WrongMessageIndex)?;
        Ok(expected.to_le_bytes())
    }

    /// Counts lamports that are deposited.
    ///
    /// # Errors
    ///
    /// [`RollupError::DepositOverflow`].
    pub fn deposit(&mut self, amount: u64) -> Result<()> {
        let deposited = self.deposited.checked_add(amount);
        self.deposited = deposited.ok_or(fail(RollupError::DepositOverflow))?;
        Ok(())
    }
}

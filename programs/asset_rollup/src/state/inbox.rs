//! The inbox: the head of the message chain, and a ring of its last messages.

use anchor_lang::prelude::*;
use asset_rollup_interface::{constants::INBOX_CAPACITY, state::InboxEntry as Layout};
use curvevm::{
    inbox::{InboxMessage, MessageKind},
    types::{Address as Key, AssetId, Hash, Quote},
};

use crate::error::{RollupError, ensure, fail};

/// Messages to a rollup; fields as in `asset_rollup_interface::state::Inbox`.
#[account]
pub struct Inbox {
    pub version: u8,
    pub bump: u8,
    pub reserved: [u8; 6],
    pub rollup: Address,
    pub count: u64,
    pub deposited: u64,
    pub head: [u8; 32],
    pub entries: [InboxEntry; INBOX_CAPACITY],
}

/// A message in the ring.
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable, IdlType)]
#[repr(C)]
pub struct InboxEntry {
    pub hash: [u8; 32],
    pub slot: u64,
    pub amount: u64,
    pub asset: [u8; 32],
    pub recipient: [u8; 32],
    pub kind: u8,
    pub reserved: [u8; 7],
}

/// A deposit of lamports.
pub struct Deposit {
    /// The slot in which it is made.
    pub slot: u64,
    /// Who receives it on the chain.
    pub recipient: Key,
    /// Lamports.
    pub amount: u64,
}

impl Inbox {
    /// Appends a deposit. Messages before the index `consumed` may be overwritten.
    ///
    /// # Errors
    ///
    /// [`RollupError::InboxFull`], [`RollupError::DepositOverflow`], [`RollupError::Overflow`].
    pub fn append(&mut self, deposit: &Deposit, consumed: u64) -> Result<()> {
        let waiting = self.count.checked_sub(consumed).ok_or(fail(RollupError::Corrupt))?;
        ensure(waiting < INBOX_CAPACITY as u64, RollupError::InboxFull)?;
        let deposited = self.deposited.checked_add(deposit.amount);
        let deposited = deposited.ok_or(fail(RollupError::DepositOverflow))?;
        let count = self.count.checked_add(1).ok_or(fail(RollupError::Overflow))?;
        let kind = MessageKind::Deposit {
            asset: AssetId::SOL,
            amount: Quote::new(deposit.amount),
            recipient: deposit.recipient,
        };
        let message = InboxMessage { index: self.count, slot: deposit.slot, kind };
        let hash = message.chain(&Hash::new(self.head)).to_bytes();
        let place = slot(self.count).and_then(|at| self.entries.get_mut(at));
        let place = place.ok_or(fail(RollupError::Corrupt))?;
        *place = InboxEntry {
            hash,
            slot: deposit.slot,
            amount: deposit.amount,
            asset: AssetId::SOL.to_bytes(),
            recipient: deposit.recipient.to_bytes(),
            kind: Layout::DEPOSIT,
            reserved: [0; 7],
        };
        (self.head, self.count, self.deposited) = (hash, count, deposited);
        Ok(())
    }

    /// The message of an index that no committed batch has consumed, or none past the end.
    ///
    /// # Errors
    ///
    /// [`RollupError::Corrupt`] when the ring has lost it.
    pub fn entry(&self, index: u64) -> Result<Option<&InboxEntry>> {
        let Some(age) = self.count.checked_sub(index).filter(|age| *age > 0) else {
            return Ok(None);
        };
        ensure(age <= INBOX_CAPACITY as u64, RollupError::Corrupt)?;
        let entry = slot(index).and_then(|at| self.entries.get(at));
        entry.map(Some).ok_or(fail(RollupError::Corrupt))
    }
}

/// The place of a message in the ring.
fn slot(index: u64) -> Option<usize> {
    usize::try_from(index.checked_rem(INBOX_CAPACITY as u64)?).ok()
}

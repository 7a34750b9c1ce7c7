//! Appending to the inbox: what every instruction does that sends a message.
//!
//! ```text
//! head, message -> hash after it -> Message account (hash, slot, payer, body), Inbox (head, count)
//! ```

use anchor_lang::prelude::*;
use asset_rollup_interface::state::ACCOUNT_VERSION;
use curvevm::{
    inbox::{InboxMessage, MessageKind},
    types::Hash,
};

use crate::{
    error::{RollupError, ensure, fail},
    state::{Inbox, MessageAccount},
};

/// A message that is to be appended.
pub struct Sent {
    /// The index that its sender expects.
    pub index: u64,
    /// Bump of its account's address.
    pub bump: u8,
    /// Who paid for the account.
    pub payer: Address,
    /// What it says.
    pub kind: MessageKind,
}

/// Appends a message to the inbox and records it in its account, which is new and as long as the message needs.
///
/// # Errors
///
/// [`RollupError::WrongMessageIndex`], [`RollupError::Overflow`]; [`RollupError::Corrupt`] when the account has another length.
#[inline(never)]
pub fn append(inbox: &mut Inbox, account: &mut MessageAccount, sent: Sent) -> Result<()> {
    ensure(sent.index == inbox.count, RollupError::WrongMessageIndex)?;
    let body = borsh::to_vec(&sent.kind).map_err(|_| fail(RollupError::Corrupt))?;
    let slot = Clock::get()?.slot;
    let message = InboxMessage { index: sent.index, slot, kind: sent.kind };
    let hash = message.chain(&Hash::new(inbox.head)).to_bytes();
    for byte in body {
        account.try_push(byte).map_err(|_| fail(RollupError::Corrupt))?;
    }
    ensure(account.is_full(), RollupError::Corrupt)?;
    (account.version, account.bump) = (ACCOUNT_VERSION, sent.bump);
    (account.rollup, account.payer) = (inbox.rollup, sent.payer);
    (account.hash, account.slot, account.index) = (hash, slot, sent.index);
    let count = sent.index.checked_add(1).ok_or(fail(RollupError::Overflow))?;
    (inbox.head, inbox.count) = (hash, count);
    Ok(())
}

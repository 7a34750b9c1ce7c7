//! A message of the inbox, until its rent is returned.

use anchor_lang::{accounts::Slab, prelude::*};
use asset_rollup_interface::constants::MESSAGE_BODY_BYTES_MAX;

use crate::error::{RollupError, ensure, fail};

/// A message; fields as in `asset_rollup_interface::state::Message`, the body after it.
#[account]
pub struct Message {
    pub version: u8,
    pub bump: u8,
    pub reserved: [u8; 6],
    pub rollup: Address,
    pub payer: Address,
    pub hash: [u8; 32],
    pub slot: u64,
    pub index: u64,
}

/// The account: [`Message`], then the length and the bytes of the body.
pub type MessageAccount = Slab<Message, u8>;

impl Message {
    /// The length of the account for a length of the body.
    ///
    /// # Errors
    ///
    /// [`RollupError::MessageSize`].
    pub fn space(body_length: usize) -> Result<usize> {
        let valid = (1..=MESSAGE_BODY_BYTES_MAX).contains(&body_length);
        ensure(valid, RollupError::MessageSize)?;
        let length = u32::try_from(body_length).map_err(|_| fail(RollupError::MessageSize))?;
        MessageAccount::try_space_for(length)
    }

    /// The message of an index.
    ///
    /// Its address needs no check: only [`append`](crate::inbox::append) makes such accounts, one for each rollup and index.
    ///
    /// # Errors
    ///
    /// [`RollupError::WrongMessageAccount`] when the account is anything else.
    pub fn load(account: &AccountView, rollup: &Address, index: u64) -> Result<MessageAccount> {
        let wrong = || fail(RollupError::WrongMessageAccount);
        let message = MessageAccount::load(*account).map_err(|_| wrong())?;
        let asked_for = message.rollup == *rollup && message.index == index;
        ensure(asked_for, RollupError::WrongMessageAccount)?;
        Ok(message)
    }
}

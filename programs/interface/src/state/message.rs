//! A message of the inbox, until its rent is returned.

use alloc::vec::Vec;

use borsh::{BorshDeserialize, BorshSerialize};
use curvevm::{
    inbox::{InboxMessage, MessageKind},
    types::{Address, Hash},
};

use super::{DISCRIMINATOR_BYTES, LayoutError};

/// A message: its place in the chain, who paid for the account, and what it says.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Message {
    /// Format version.
    pub version: u8,
    /// Bump of this account's address.
    pub bump: u8,
    /// Zero.
    pub reserved: [u8; 6],
    /// The rollup.
    pub rollup: Address,
    /// Who paid for the account and gets the rent back.
    pub payer: Address,
    /// The hash of the chain up to and with this message.
    pub hash: Hash,
    /// The slot in which it was appended.
    pub slot: u64,
    /// Its place in the chain, from zero.
    pub index: u64,
    /// The Borsh encoding of its [`MessageKind`], at most [`crate::constants::MESSAGE_BODY_BYTES_MAX`] bytes.
    pub body: Vec<u8>,
}

impl Message {
    /// `sha256("account:Message")`, first eight bytes.
    pub const DISCRIMINATOR: [u8; 8] = [0x6e, 0x97, 0x17, 0x6e, 0xc6, 0x06, 0x7d, 0xb5];
    /// The length of the body of a deposit, in bytes.
    pub const DEPOSIT_BYTES: usize = 73;

    /// The length of the account for a length of the body, in bytes.
    pub const fn bytes(body_length: usize) -> usize {
        // The body is bounded: far from overflow.
        body_length.saturating_add(DISCRIMINATOR_BYTES + 124)
    }

    /// Reads the account's data.
    ///
    /// # Errors
    ///
    /// [`LayoutError`].
    pub fn parse(data: &[u8]) -> Result<Self, LayoutError> {
        super::parse(data, Self::DISCRIMINATOR)
    }

    /// The message as the chain consumes it.
    ///
    /// # Errors
    ///
    /// [`LayoutError::Body`] when its kind is unknown.
    pub fn message(&self) -> Result<InboxMessage, LayoutError> {
        let kind: MessageKind = borsh::from_slice(&self.body).map_err(|_| LayoutError::Body)?;
        Ok(InboxMessage { index: self.index, slot: self.slot, kind })
    }
}

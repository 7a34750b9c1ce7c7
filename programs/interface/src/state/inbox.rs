//! The inbox: the head of the message chain. The messages have an account each.

use borsh::{BorshDeserialize, BorshSerialize};
use curvevm::types::{Address, Hash};

use super::LayoutError;

/// The inbox of a rollup.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Inbox {
    /// Format version.
    pub version: u8,
    /// Bump of this account's address.
    pub bump: u8,
    /// Zero.
    pub reserved: [u8; 6],
    /// The rollup.
    pub rollup: Address,
    /// How many messages were appended; the index of the next.
    pub count: u64,
    /// The sum of all lamports deposited.
    pub deposited: u64,
    /// The hash of the chain after the last message.
    pub head: Hash,
}

impl Inbox {
    /// `sha256("account:Inbox")`, first eight bytes.
    pub const DISCRIMINATOR: [u8; 8] = [0x29, 0x78, 0x4c, 0x8b, 0xa2, 0xa2, 0xa6, 0xf4];
    /// The length of the account, in bytes.
    pub const BYTES: usize = 96;

    /// Reads the account's data.
    ///
    /// # Errors
    ///
    /// [`LayoutError`].
    pub fn parse(data: &[u8]) -> Result<Self, LayoutError> {
        super::parse(data, Self::DISCRIMINATOR)
    }
}

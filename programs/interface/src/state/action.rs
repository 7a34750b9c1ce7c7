//! What the authority has scheduled.

use borsh::{BorshDeserialize, BorshSerialize};
use curvevm::types::Address;

use super::LayoutError;

/// A scheduled action, until it is executed or cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Action {
    /// Format version.
    pub version: u8,
    /// Bump of this account's address.
    pub bump: u8,
    /// The number of what is to be done, as [`crate::instruction::Act`] is encoded.
    pub kind: u8,
    /// Zero.
    pub reserved: [u8; 5],
    /// The rollup.
    pub rollup: Address,
    /// Its index: how many actions were scheduled before.
    pub index: u64,
    /// When it may be executed, in seconds since 1970.
    pub ready_at: i64,
    /// The numbers that it has, in order, then zeros.
    pub values: [u64; 4],
    /// The address that it has, or zero.
    pub address: Address,
}

impl Action {
    /// `sha256("account:Action")`, first eight bytes.
    pub const DISCRIMINATOR: [u8; 8] = [0x90, 0xf1, 0x69, 0xdb, 0x4a, 0x88, 0xcb, 0xb0];
    /// The length of the account, in bytes.
    pub const BYTES: usize = 128;

    /// Reads the account's data.
    ///
    /// # Errors
    ///
    /// [`LayoutError`].
    pub fn parse(data: &[u8]) -> Result<Self, LayoutError> {
        super::parse(data, Self::DISCRIMINATOR)
    }
}

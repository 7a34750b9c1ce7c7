//! A member: a key, and the bond that answers for what it signs.

use borsh::{BorshDeserialize, BorshSerialize};
use curvevm::types::Address;

use super::LayoutError;

/// A member. The account holds the rent minimum and the bond.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Member {
    /// Format version.
    pub version: u8,
    /// Bump of this account's address.
    pub bump: u8,
    /// [`Member::BONDED`], [`Member::UNBONDING`] or [`Member::SLASHED`].
    pub status: u8,
    /// Zero.
    pub reserved: [u8; 5],
    /// The rollup.
    pub rollup: Address,
    /// The member's key.
    pub key: Address,
    /// Who locked the bond and gets it back.
    pub owner: Address,
    /// The bond, in lamports; zero once it was slashed.
    pub bond: u64,
    /// The number of the last committed batch when unbonding began; zero before.
    pub unbond_number: u64,
    /// The slot in which it began.
    pub unbond_slot: u64,
    /// The time at which it began, in seconds since 1970.
    pub unbond_unix_time: i64,
}

impl Member {
    /// `sha256("account:Member")`, first eight bytes.
    pub const DISCRIMINATOR: [u8; 8] = [0x36, 0x13, 0xa2, 0x15, 0x1d, 0xa6, 0x11, 0xc6];
    /// The length of the account, in bytes.
    pub const BYTES: usize = 144;
    /// The bond is live.
    pub const BONDED: u8 = 1;
    /// The bond is being withdrawn. It is slashed like any other.
    pub const UNBONDING: u8 = 2;
    /// The bond is gone.
    pub const SLASHED: u8 = 3;

    /// Reads the account's data.
    ///
    /// # Errors
    ///
    /// [`LayoutError`].
    pub fn parse(data: &[u8]) -> Result<Self, LayoutError> {
        super::parse(data, Self::DISCRIMINATOR)
    }
}

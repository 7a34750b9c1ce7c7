//! Hashes of the chunks of a batch, as one poster posted them.

use alloc::vec::Vec;

use borsh::{BorshDeserialize, BorshSerialize};
use curvevm::types::{Address, Hash};

use super::LayoutError;

/// The data of a batch. Its bytes are in the transactions that posted them; the account keeps their hashes.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Data {
    /// Format version.
    pub version: u8,
    /// Bump of this account's address.
    pub bump: u8,
    /// How many chunks are posted.
    pub posted: u16,
    /// Zero.
    pub reserved: [u8; 4],
    /// The rollup.
    pub rollup: Address,
    /// The batch's number.
    pub number: u64,
    /// Who posted it and gets the rent back.
    pub poster: Address,
    /// The hash of each chunk, zero when it is not posted yet. The length is the chunk count.
    pub hashes: Vec<Hash>,
}

impl Data {
    /// `sha256("account:Data")`, first eight bytes.
    pub const DISCRIMINATOR: [u8; 8] = [0xce, 0x9c, 0x3b, 0xbc, 0x12, 0x4f, 0xf0, 0xe8];

    /// The length of the account for a number of chunks, in bytes.
    pub const fn bytes(chunk_count: u16) -> usize {
        // At most 65,535 hashes: far from overflow.
        (chunk_count as usize).saturating_mul(32).saturating_add(92)
    }

    /// Reads the account's data.
    ///
    /// # Errors
    ///
    /// [`LayoutError`].
    pub fn parse(data: &[u8]) -> Result<Self, LayoutError> {
        super::parse(data, Self::DISCRIMINATOR)
    }

    /// Whether every chunk is posted.
    pub fn is_complete(&self) -> bool {
        !self.hashes.is_empty() && usize::from(self.posted) == self.hashes.len()
    }

    /// The indices of chunks that are not posted.
    pub fn missing(&self) -> impl Iterator<Item = u16> + '_ {
        (0..).zip(&self.hashes).filter(|(_, hash)| **hash == Hash::ZERO).map(|(index, _)| index)
    }
}

//! What one segment is replayed from, when it is longer than a transaction.

use alloc::vec::Vec;

use borsh::{BorshDeserialize, BorshSerialize};
use curvevm::types::Address;

use super::{DISCRIMINATOR_BYTES, LayoutError};

/// The account of a witness: this header, then the witness, then the chunk. Bytes after them mean nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Witness {
    /// Format version.
    pub version: u8,
    /// What is witnessed: [`Witness::SEGMENT`].
    pub kind: u8,
    /// Bump of this account's address.
    pub bump: u8,
    /// Zero.
    pub reserved: u8,
    /// The length of the witness, in bytes.
    pub witness_length: u32,
    /// The length of the chunk, in bytes.
    pub chunk_length: u32,
    /// Zero.
    pub reserved_2: [u8; 4],
    /// The rollup.
    pub rollup: Address,
    /// Who uploaded it and gets the rent back.
    pub owner: Address,
}

impl Witness {
    /// `sha256("account:Witness")`, first eight bytes.
    pub const DISCRIMINATOR: [u8; 8] = [0x68, 0x1a, 0x9d, 0xda, 0x91, 0x15, 0x53, 0x1c];
    /// The kind of a segment's witness and its chunk.
    pub const SEGMENT: u8 = 1;
    /// The length of the discriminator and the header, in bytes.
    pub const HEADER_BYTES: usize = DISCRIMINATOR_BYTES + 80;

    /// Reads the account's data: the header, the witness, the chunk.
    ///
    /// # Errors
    ///
    /// [`LayoutError`].
    pub fn parse(data: &[u8]) -> Result<(Self, &[u8], &[u8]), LayoutError> {
        let header: Self = super::parse(data, Self::DISCRIMINATOR)?;
        if header.kind != Self::SEGMENT {
            return Err(LayoutError::Version(header.kind));
        }
        let length = |field: u32| usize::try_from(field).map_err(|_| LayoutError::Length);
        let body = data.get(Self::HEADER_BYTES..).ok_or(LayoutError::Length)?;
        let (witness, rest) =
            body.split_at_checked(length(header.witness_length)?).ok_or(LayoutError::Length)?;
        let chunk = rest.get(..length(header.chunk_length)?).ok_or(LayoutError::Length)?;
        Ok((header, witness, chunk))
    }

    /// The account's data for a witness and a chunk.
    ///
    /// # Errors
    ///
    /// [`LayoutError::Length`] when they do not fit an account.
    pub fn encode(mut self, witness: &[u8], chunk: &[u8]) -> Result<Vec<u8>, LayoutError> {
        let length = |bytes: &[u8]| u32::try_from(bytes.len()).map_err(|_| LayoutError::Length);
        (self.witness_length, self.chunk_length) = (length(witness)?, length(chunk)?);
        let mut data = Self::DISCRIMINATOR.to_vec();
        data.extend(borsh::to_vec(&self).map_err(|_| LayoutError::Length)?);
        data.extend(witness);
        data.extend(chunk);
        Ok(data)
    }
}

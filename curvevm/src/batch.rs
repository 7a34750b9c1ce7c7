//! Batches: the header that is settled on Solana, its hash, and the digest that the committee signs.

use alloc::vec::Vec;
use borsh::{BorshDeserialize, BorshSerialize};

use crate::{
    host::sha256,
    merkle,
    types::{Address, Hash},
};

/// The version of the header format.
pub const BATCH_VERSION: u8 = 1;
/// The most chunks in a batch: their hashes fit one account of 10,240 bytes.
pub const CHUNKS_MAX: u16 = 256;
/// The length of an encoded header, in bytes.
pub const HEADER_BYTES: usize = 221;

/// What a batch claims.
///
/// The encoding is Borsh: the fields in order, integers little-endian, [`HEADER_BYTES`] in all.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct BatchHeader {
    /// [`BATCH_VERSION`].
    pub version: u8,
    /// The chain id: the genesis hash.
    pub chain_id: Hash,
    /// The batch's number, from one.
    pub number: u64,
    /// The height of its first block.
    pub first_height: u64,
    /// The height of its last block.
    pub last_height: u64,
    /// The state root before it.
    pub prev_root: Hash,
    /// The state root after it.
    pub post_root: Hash,
    /// How many chunks its data has.
    pub chunk_count: u32,
    /// The root over the hashes of the chunks, see [`data_root`].
    pub data_root: Hash,
    /// The index of the next inbox message after the batch.
    pub inbox_cursor: u64,
    /// The hash of the inbox chain before that message.
    pub inbox_hash: Hash,
    /// The time of the last block, in milliseconds since 1970.
    pub time_ms: u64,
    /// The number of withdrawals recorded since genesis.
    pub withdrawals: u64,
    /// The version of the VM that executed it.
    pub vm_version: u64,
}

/// The version of the state transition, named in each header.
pub const VM_VERSION: u64 = 1;

impl BatchHeader {
    /// The encoding.
    pub fn encode(&self) -> Vec<u8> {
        borsh::to_vec(self).unwrap_or_default()
    }

    /// `sha256("asset-l2/batch/v1" ‖ header)`.
    pub fn hash(&self) -> Hash {
        sha256(&[b"asset-l2/batch/v1", &self.encode()])
    }

    /// What the committee signs so that the program accepts the batch.
    ///
    /// `sha256("asset-l2/commit/v1" ‖ chain id ‖ program id ‖ committee hash ‖ batch hash)`
    pub fn settlement_digest(&self, program_id: &Address, committee_hash: &Hash) -> Hash {
        let batch_hash = self.hash();
        sha256(&[
            b"asset-l2/commit/v1",
            self.chain_id.as_ref(),
            program_id.as_ref(),
            committee_hash.as_ref(),
            batch_hash.as_ref(),
        ])
    }
}

/// The hash of a chunk's bytes: `sha256("asset-l2/chunk/v1" ‖ bytes)`.
pub fn chunk_hash(bytes: &[u8]) -> Hash {
    sha256(&[b"asset-l2/chunk/v1", bytes])
}

/// The RFC 6962 root over the chunks' hashes, in order: a [path](merkle::path) proves that a chunk is in a batch.
pub fn data_root<H: AsRef<[u8]>>(chunk_hashes: &[H]) -> Hash {
    merkle::root(chunk_hashes)
}

#[cfg(test)]
mod tests {
    use super::{BatchHeader, HEADER_BYTES};
    use crate::types::Hash;

    #[test]
    fn a_header_has_its_stated_length() {
        let header = BatchHeader {
            version: 1,
            chain_id: Hash::ZERO,
            number: 1,
            first_height: 1,
            last_height: 1,
            prev_root: Hash::ZERO,
            post_root: Hash::ZERO,
            chunk_count: 1,
            data_root: Hash::ZERO,
            inbox_cursor: 0,
            inbox_hash: Hash::ZERO,
            time_ms: 0,
            withdrawals: 0,
            vm_version: 1,
        };
        assert_eq!(header.encode().len(), HEADER_BYTES);
    }
}

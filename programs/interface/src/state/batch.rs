//! A committed batch, until it is finalized.

use borsh::{BorshDeserialize, BorshSerialize};
use curvevm::{
    batch::BatchHeader,
    types::{Address, Hash},
};

use super::LayoutError;

/// A committed batch: its header, and how it was committed.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Batch {
    /// Format version.
    pub version: u8,
    /// Bump of this account's address.
    pub bump: u8,
    /// The header's format version.
    pub header_version: u8,
    /// Zero.
    pub reserved: u8,
    /// Members whose signatures were counted: bit `i` is member `i`.
    pub signers: u32,
    /// The rollup.
    pub rollup: Address,
    /// The batch's number, from one.
    pub number: u64,
    /// The hash of its header.
    pub batch_hash: Hash,
    /// The height of its first block.
    pub first_height: u64,
    /// The height of its last block.
    pub last_height: u64,
    /// The state root before it.
    pub prev_root: Hash,
    /// The state root after it.
    pub post_root: Hash,
    /// The root over the hashes of its chunks.
    pub data_root: Hash,
    /// The hash of the inbox chain before the message at the cursor.
    pub inbox_hash: Hash,
    /// The index of the next inbox message after it.
    pub inbox_cursor: u64,
    /// How many chunks its data has.
    pub chunk_count: u32,
    /// Zero.
    pub reserved_2: [u8; 4],
    /// The time of its last block, in milliseconds since 1970.
    pub time_ms: u64,
    /// The number of withdrawals since genesis.
    pub withdrawals: u64,
    /// The version of the VM that executed it.
    pub vm_version: u64,
    /// The slot in which it was committed.
    pub slot: u64,
    /// The time at which it was committed, in seconds since 1970.
    pub unix_time: i64,
    /// Who committed it and gets the rent back.
    pub poster: Address,
    /// The account that holds the hashes of its chunks.
    pub data: Address,
    /// The epoch of the committee when it was committed; `signers` are members of that committee.
    pub epoch: u64,
    /// The time of the batch before it, in milliseconds since 1970. A rollback restores these.
    pub previous_time_ms: u64,
    /// The inbox cursor after the batch before it.
    pub previous_inbox_cursor: u64,
    /// The number of withdrawals after the batch before it.
    pub previous_withdrawals: u64,
    /// The inbox hash after the batch before it.
    pub previous_inbox_hash: Hash,
    /// Zero for a certified batch; the key under whose bond a takeover batch was committed.
    pub poster_member: Address,
    /// By how many slots its window was extended,
    pub extension_slots: u32,
    /// and by how many seconds.
    pub extension_secs: u32,
}

impl Batch {
    /// `sha256("account:Batch")`, first eight bytes.
    pub const DISCRIMINATOR: [u8; 8] = [0x9c, 0xc2, 0x46, 0x2c, 0x16, 0x58, 0x89, 0x2c];
    /// The length of the account, in bytes.
    pub const BYTES: usize = 456;

    /// Reads the account's data.
    ///
    /// # Errors
    ///
    /// [`LayoutError`].
    pub fn parse(data: &[u8]) -> Result<Self, LayoutError> {
        super::parse(data, Self::DISCRIMINATOR)
    }

    /// Whether a quorum of the committee signed it, and not one poster in a takeover.
    pub fn is_certified(&self) -> bool {
        self.poster_member == Address::default()
    }

    /// The header that was committed on the chain of `chain_id`.
    pub const fn header(&self, chain_id: Hash) -> BatchHeader {
        BatchHeader {
            version: self.header_version,
            chain_id,
            number: self.number,
            first_height: self.first_height,
            last_height: self.last_height,
            prev_root: self.prev_root,
            post_root: self.post_root,
            chunk_count: self.chunk_count,
            data_root: self.data_root,
            inbox_cursor: self.inbox_cursor,
            inbox_hash: self.inbox_hash,
            time_ms: self.time_ms,
            withdrawals: self.withdrawals,
            vm_version: self.vm_version,
        }
    }
}

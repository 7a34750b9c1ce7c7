//! Hashes of the chunks of a batch, as one poster posted them.

use anchor_lang::{accounts::Slab, prelude::*};
use asset_rollup_interface::constants::CHUNKS_MAX;

use crate::error::{RollupError, ensure};

/// The data of a batch; fields as in `asset_rollup_interface::state::Data`, the hashes after it.
#[account]
pub struct Data {
    pub version: u8,
    pub bump: u8,
    pub posted: u16,
    pub reserved: [u8; 4],
    pub rollup: Address,
    pub number: u64,
    pub poster: Address,
}

/// The account: [`Data`], then the count and the hashes of the chunks. A chunk that is not posted has a zero hash.
pub type DataAccount = Slab<Data, [u8; 32]>;

impl Data {
    /// The length of the account for a number of chunks.
    ///
    /// # Errors
    ///
    /// [`RollupError::ChunkCount`].
    pub fn space(chunk_count: u16) -> Result<usize> {
        ensure((1..=CHUNKS_MAX).contains(&chunk_count), RollupError::ChunkCount)?;
        DataAccount::try_space_for(u32::from(chunk_count))
    }
}

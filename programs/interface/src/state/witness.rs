//! What a challenger uploads.

use alloc::vec::Vec;

use borsh::{BorshDeserialize, BorshSerialize};
use curvevm::types::{Address, Hash};

use super::LayoutError;

/// What proves that one batch is wrong, as long as it needs to be: a state witness, a chunk, and the chunk after it, in this order.
///
/// The account is no program address: its owner makes it with the system program, of [`Witness::bytes`] and owned by this program, and
/// hands it over by `init_witness`.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Witness {
    /// Format version.
    pub version: u8,
    /// Zero.
    pub reserved: [u8; 3],
    /// The length of the state witness, in bytes.
    pub state_length: u32,
    /// The length of the chunk, in bytes.
    pub chunk_length: u32,
    /// The length of the chunk after it, in bytes.
    pub next_length: u32,
    /// The rollup.
    pub rollup: Address,
    /// Who uploaded it: the only one who may challenge with it, gets the rent back.
    pub owner: Address,
    /// The number of the batch.
    pub number: u64,
    /// The hash of its header.
    pub batch_hash: Hash,
    /// The root after it.
    pub post_root: Hash,
    /// The deposit, in lamports, held besides the rent.
    pub deposit: u64,
    /// The bytes; zero where nothing was written.
    pub body: Vec<u8>,
}

/// The parts of a witness.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parts<'a> {
    /// Opens cells of a state.
    pub state: &'a [u8],
    /// A chunk.
    pub chunk: &'a [u8],
    /// The chunk after it.
    pub next: &'a [u8],
}

impl<'a> Parts<'a> {
    /// Cuts a body; what is behind the last part means nothing.
    ///
    /// # Errors
    ///
    /// [`LayoutError::Length`] when the body is shorter than its parts.
    pub fn cut(body: &'a [u8], lengths: [u32; 3]) -> Result<Self, LayoutError> {
        let mut rest = body;
        let mut part = |length: u32| {
            let length = usize::try_from(length).map_err(|_| LayoutError::Length)?;
            let (part, behind) = rest.split_at_checked(length).ok_or(LayoutError::Length)?;
            rest = behind;
            Ok(part)
        };
        let [state, chunk, next] = lengths;
        Ok(Self { state: part(state)?, chunk: part(chunk)?, next: part(next)? })
    }

    /// The length of each part, or none when one is too long.
    pub fn lengths(&self) -> Option<[u32; 3]> {
        let length = |part: &[u8]| u32::try_from(part.len()).ok();
        Some([length(self.state)?, length(self.chunk)?, length(self.next)?])
    }

    /// The parts, one after the other.
    pub fn body(&self) -> Vec<u8> {
        [self.state, self.chunk, self.next].concat()
    }
}

impl Witness {
    /// `sha256("account:Witness")`, first eight bytes.
    pub const DISCRIMINATOR: [u8; 8] = [0x68, 0x1a, 0x9d, 0xda, 0x91, 0x15, 0x53, 0x1c];
    /// Where the body begins: behind the discriminator, the header and the body's length.
    pub const BODY_AT: usize = 172;

    /// The length of the account of a body, in bytes.
    pub const fn bytes(body_length: usize) -> usize {
        Self::BODY_AT.saturating_add(body_length)
    }

    /// Reads the account's data.
    ///
    /// # Errors
    ///
    /// [`LayoutError`].
    pub fn parse(data: &[u8]) -> Result<Self, LayoutError> {
        super::parse(data, Self::DISCRIMINATOR)
    }

    /// Its parts.
    ///
    /// # Errors
    ///
    /// [`LayoutError::Length`].
    pub fn parts(&self) -> Result<Parts<'_>, LayoutError> {
        Parts::cut(&self.body, [self.state_length, self.chunk_length, self.next_length])
    }
}

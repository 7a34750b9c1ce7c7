//! Transactions: the wire form, the signed bytes, the id.
//!
//! ```text
//! transaction = body ‖ signature (64)
//! body        = version u8 ‖ owner (32) ‖ u8 option ‖ [session (32)] ‖ nonce u64 ‖ expires_at u64 ‖ u32 count ‖ instructions
//! signed      = sha256("asset-l2/tx/v1" ‖ genesis hash ‖ body)        also the transaction's id
//! ```
//!
//! Integers are little-endian (Borsh). The id does not cover the signature, so that it cannot be changed by a third party.

use alloc::vec::Vec;
use borsh::{BorshDeserialize, BorshSerialize};

use crate::{
    codec::{CHUNK_HEAD_BYTES_MAX, SEGMENT_FRAME_BYTES_MAX},
    error::Error,
    host::sha256,
    program::Program,
    types::{Address, Hash, Signature},
};

/// The version of the transaction format.
pub const TX_VERSION: u8 = 1;
/// The most instructions in a transaction.
pub const INSTRUCTIONS_MAX: usize = 8;
/// The longest transaction that any chain takes, in bytes: a module of 64 pieces fits one. A chain whose chunks are shorter takes
/// less, see [`Transaction::admit`].
pub const TX_BYTES_MAX: usize = 3_400;
/// By how much a transaction may be longer as a chunk of its own: the chunk's head, the segment with its block's beginning and its
/// root, and varints and indices of keys that are longer than what they stand for. An instruction has at most three integers and a
/// key that grow so, an eighth of 56 bytes; a session key grows by one.
pub const CHUNK_OVERHEAD_MAX: usize =
    CHUNK_HEAD_BYTES_MAX + SEGMENT_FRAME_BYTES_MAX + INSTRUCTIONS_MAX * 7 + 1;
/// The length of a signature, in bytes.
pub const SIGNATURE_BYTES: usize = 64;
/// The expiry height of a transaction that does not expire.
pub const NEVER_EXPIRES: u64 = u64::MAX;

/// What is signed.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Body {
    /// [`TX_VERSION`].
    pub version: u8,
    /// Whose account acts, and whose key signs unless there is a session.
    pub signer: Address,
    /// The session key that signs for the account.
    pub session: Option<Address>,
    /// A number from the account's nonce window.
    pub nonce: u64,
    /// The last block height at which the transaction may be executed, or [`NEVER_EXPIRES`].
    pub expires_at: u64,
    /// 1 to [`INSTRUCTIONS_MAX`] steps that take effect together or not at all.
    pub program: Program,
}

/// A signed transaction.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Transaction {
    /// What is signed.
    pub body: Body,
    /// Over [`Transaction::id`].
    pub signature: Signature,
}

impl Body {
    /// The key under which the signature verifies.
    pub fn key(&self) -> &Address {
        self.session.as_ref().unwrap_or(&self.signer)
    }

    /// The digest that the signer signs, and the transaction's id on the chain of `genesis`.
    pub fn digest(&self, genesis: &Hash) -> Hash {
        digest(genesis, &borsh::to_vec(self).unwrap_or_default())
    }
}

impl Transaction {
    /// The id on the chain of `genesis`.
    pub fn id(&self, genesis: &Hash) -> Hash {
        self.body.digest(genesis)
    }

    /// The wire form.
    pub fn encode(&self) -> Vec<u8> {
        borsh::to_vec(self).unwrap_or_default()
    }

    /// Reads the wire form.
    ///
    /// # Errors
    ///
    /// [`Error::Oversized`], [`Error::UnknownVersion`], [`Error::Malformed`].
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() > TX_BYTES_MAX {
            return Err(Error::Oversized);
        }
        if bytes.first().is_some_and(|version| *version != TX_VERSION) {
            return Err(Error::UnknownVersion);
        }
        borsh::from_slice::<Self>(bytes).map_err(|_| Error::Malformed)
    }

    /// Checks what can be checked without a state, but for the signature, and gives the id. `chunk_bytes_max` is the chain's
    /// ([`crate::genesis::Params::chunk_bytes_max`]): a transaction with [`CHUNK_OVERHEAD_MAX`] on top fits a chunk.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownVersion`], [`Error::InstructionCount`], [`Error::Oversized`].
    pub fn admit(&self, genesis: &Hash, chunk_bytes_max: usize) -> Result<Hash, Error> {
        if self.body.version != TX_VERSION {
            return Err(Error::UnknownVersion);
        }
        if self.body.program.is_empty() || self.body.program.len() > INSTRUCTIONS_MAX {
            return Err(Error::InstructionCount);
        }
        let body = borsh::to_vec(&self.body).map_err(|_| Error::Malformed)?;
        if body.len().saturating_add(SIGNATURE_BYTES) > bytes_max(chunk_bytes_max) {
            return Err(Error::Oversized);
        }
        Ok(digest(genesis, &body))
    }
}

/// The longest transaction on a chain with chunks of at most `chunk_bytes_max` bytes.
pub const fn bytes_max(chunk_bytes_max: usize) -> usize {
    let fits = chunk_bytes_max.saturating_sub(CHUNK_OVERHEAD_MAX);
    if fits < TX_BYTES_MAX { fits } else { TX_BYTES_MAX }
}

/// The digest of an encoded body.
fn digest(genesis: &Hash, body: &[u8]) -> Hash {
    sha256(&[b"asset-l2/tx/v1", genesis.as_ref(), body])
}

//! Messages from Solana: a hash chain that the AssetRollup program keeps and the chain consumes in order.
//!
//! What a message does is in [`crate::execute::receive`]. Whatever it says, it can be consumed: it leaves a receipt, and the chain goes on.

use alloc::vec::Vec;
use borsh::{BorshDeserialize, BorshSerialize};

use crate::{
    bounded,
    host::sha256,
    types::{Address, AssetId, Base, CurveId, Hash, Quote},
};

/// The longest forced transaction, in bytes. The program refuses longer ones, so that every message fits a chunk of every chain; a
/// Solana transaction of 1,232 bytes carries more.
pub const FORCED_BYTES_MAX: usize = 700;
/// The longest encoding of what a message says, in bytes.
pub const KIND_BYTES_MAX: usize = 1 + 4 + FORCED_BYTES_MAX;
/// The longest encoding of a message, in bytes.
pub const MESSAGE_BYTES_MAX: usize = 8 + 8 + KIND_BYTES_MAX;

/// A message that the program appended.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct InboxMessage {
    /// Its place in the chain, from zero.
    pub index: u64,
    /// The Solana slot in which it was appended.
    pub slot: u64,
    /// What it says.
    pub kind: MessageKind,
}

/// What a message says. The order of the variants is the wire form; it is append-only.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum MessageKind {
    /// Funds were locked in the program's vault and are credited here.
    Deposit {
        /// The quote asset.
        asset: AssetId,
        /// How much.
        amount: Quote,
        /// Who receives it on this chain.
        recipient: Address,
    },
    /// Tokens of a launched asset were burnt on Solana and come back.
    DepositBase {
        /// The curve that launched the asset.
        curve: CurveId,
        /// How much.
        amount: Base,
        /// Who receives it on this chain.
        recipient: Address,
    },
    /// A transaction that is executed where the message is consumed, whatever the committee thinks of it.
    Transaction {
        /// The Borsh encoding of a signed [`Transaction`](crate::tx::Transaction), or what somebody sent in its place; at most
        /// [`FORCED_BYTES_MAX`].
        #[borsh(deserialize_with = "bounded::bytes")]
        bytes: Vec<u8>,
    },
}

impl InboxMessage {
    /// The hash of the chain up to and with this message, from the hash before it: the message's hash.
    ///
    /// `sha256("asset-l2/inbox/v1" ‖ previous ‖ message)`; the first previous hash is zero.
    pub fn chain(&self, previous: &Hash) -> Hash {
        let bytes = borsh::to_vec(self).unwrap_or_default();
        sha256(&[b"asset-l2/inbox/v1", previous.as_ref(), &bytes])
    }
}

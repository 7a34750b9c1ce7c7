//! Messages from Solana: a hash chain that the AssetRollup program keeps and the chain consumes in order.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::{
    host::sha256,
    types::{Address, AssetId, Hash, Quote},
};

/// The longest encoding of a message, in bytes.
pub const MESSAGE_BYTES_MAX: usize = 128;

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
}

impl InboxMessage {
    /// The hash of the chain up to and with this message, from the hash before it.
    ///
    /// `sha256("asset-l2/inbox/v1" ‖ previous ‖ message)`; the first previous hash is zero.
    pub fn chain(&self, previous: &Hash) -> Hash {
        let bytes = borsh::to_vec(self).unwrap_or_default();
        sha256(&[b"asset-l2/inbox/v1", previous.as_ref(), &bytes])
    }
}

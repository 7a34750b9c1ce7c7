//! What the store keeps, as Borsh.

use asset_consensus::{Block, BlockId, Cert2, Signature};
use borsh::{BorshDeserialize, BorshSerialize};
use curvevm::{batch::BatchHeader, block::Step, receipt::Receipt, types::Hash};

/// A committed block.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) struct StoredBlock {
    pub(crate) id: BlockId,
    pub(crate) block: Block,
    /// The block's own certificate, where there is one.
    pub(crate) proof: Option<Cert2>,
    /// The roots after its segments.
    pub(crate) trace: Vec<Step>,
    /// The number of the batch that it is in.
    pub(crate) batch: u64,
    pub(crate) inbox_cursor: u64,
    /// The ids of its transactions, in order.
    pub(crate) ids: Vec<Hash>,
    /// The ids of the receipts of its messages, in order.
    pub(crate) message_ids: Vec<Hash>,
}

/// What became of a transaction or of a message.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) struct StoredReceipt {
    pub(crate) height: u64,
    pub(crate) place: Place,
    pub(crate) batch: u64,
    pub(crate) receipt: Receipt,
}

/// Where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) enum Place {
    /// Among the block's transactions, from zero.
    Transaction(u32),
    /// In the inbox: the message's index.
    Message(u64),
}

/// A closed batch.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) struct StoredBatch {
    pub(crate) header: BatchHeader,
    pub(crate) chunks: Vec<Vec<u8>>,
}

/// A member's signature over a batch's settlement digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) struct Attestation {
    pub(crate) member: u8,
    pub(crate) signature: Signature,
}

/// The last committed block.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) struct StoredHead {
    pub(crate) height: u64,
    pub(crate) id: BlockId,
    pub(crate) root: Hash,
}

/// The state that the table of cells holds: that after a batch, or that of genesis.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) struct Checkpoint {
    /// The batch; zero is genesis.
    pub(crate) batch: u64,
    pub(crate) height: u64,
    pub(crate) root: Hash,
}

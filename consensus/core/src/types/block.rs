//! Blocks, whose payload is opaque to consensus.

use super::{BlockId, ChainId, Digest, Height};
use borsh::{BorshDeserialize, BorshSerialize};
use sha2::{Digest as _, Sha256};
use std::sync::Arc;

const BLOCK_DOMAIN: &[u8] = b"asset-l2/block/v1";

/// A block as the application builds it.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Block {
    /// One more than the parent's.
    pub height: Height,
    /// The block this one extends.
    pub parent: BlockId,
    /// The digest that phase-2 voters of this block attest on top of their vote, if any. The
    /// application derives it from the payload and refuses blocks in which it differs.
    pub settlement: Option<[u8; 32]>,
    /// The application's bytes, at most [`PAYLOAD_BYTES_MAX`](crate::PAYLOAD_BYTES_MAX).
    pub payload: Vec<u8>,
}

impl Block {
    /// The identity of the block on a chain. It does not contain the view, so that a block may be
    /// proposed again in a later view.
    pub fn id(&self, chain: &ChainId) -> BlockId {
        let mut hasher = Sha256::new();
        hasher.update(BLOCK_DOMAIN);
        hasher.update(chain.as_bytes());
        hasher.update(self.height.get().to_le_bytes());
        hasher.update(self.parent.as_bytes());
        match &self.settlement {
            None => hasher.update([0u8]),
            Some(digest) => {
                hasher.update([1u8]);
                hasher.update(digest);
            }
        }
        hasher.update(Sha256::digest(&self.payload));
        BlockId::new(hasher.finalize().into())
    }
}

/// A block with its id. Cloning shares the block.
///
/// The id of one that came over the wire is a claim until the verifier has checked it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedBlock {
    id: BlockId,
    block: Arc<Block>,
}

impl SealedBlock {
    /// Computes the id of `block` on `chain`.
    pub fn seal(block: Block, chain: &ChainId) -> Self {
        Self { id: block.id(chain), block: Arc::new(block) }
    }

    /// The id.
    pub const fn id(&self) -> BlockId {
        self.id
    }

    /// The block.
    pub fn block(&self) -> &Block {
        &self.block
    }

    /// The block's height.
    pub fn height(&self) -> Height {
        self.block.height
    }

    /// The parent's id.
    pub fn parent(&self) -> BlockId {
        self.block.parent
    }

    /// The digest that phase-2 voters attest, if any.
    pub fn settlement(&self) -> Option<Digest> {
        self.block.settlement.map(Digest::new)
    }

    /// Whether the id is the one that the content has on `chain`.
    pub fn is_sealed(&self, chain: &ChainId) -> bool {
        self.id == self.block.id(chain)
    }
}

impl BorshSerialize for SealedBlock {
    fn serialize<W: borsh::io::Write>(&self, writer: &mut W) -> borsh::io::Result<()> {
        self.id.serialize(writer)?;
        self.block.as_ref().serialize(writer)
    }
}

impl BorshDeserialize for SealedBlock {
    fn deserialize_reader<R: borsh::io::Read>(reader: &mut R) -> borsh::io::Result<Self> {
        let id = BlockId::deserialize_reader(reader)?;
        let block = Arc::new(Block::deserialize_reader(reader)?);
        Ok(Self { id, block })
    }
}

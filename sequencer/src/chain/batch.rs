//! The open batch: which blocks are in it, when it closes, and what its header says.
//!
//! # Rules
//!
//! 1. A batch has *content* from its first block with a message or a transaction on.
//! 2. A block closes its batch when, with this block in it, the batch has content and `batch_interval_ms` has passed between
//!    the times of the first block with content and this one, or the batch's bytes are at least
//!    [`ChainSpec::block_bytes_max`], or the batch has [`BLOCKS_MAX`] blocks.
//! 3. The rule is a function of the blocks alone: a block that closes its batch without need, or does not close it in spite of
//!    it, is invalid.

use std::sync::Arc;

use curvevm::{
    batch::{BATCH_VERSION, BatchHeader, VM_VERSION, chunk_hash, data_root},
    block::{BlockBody, Step},
    cell::Chain,
    codec::{CodecError, SEGMENT_BYTES_MAX, SEGMENT_FRAME_BYTES_MAX, Tip, encode_batch},
    inbox::InboxMessage,
    tx::CHUNK_OVERHEAD_MAX,
    types::Hash,
};

use super::ChainSpec;

/// The most blocks in a batch; one without content is closed by this alone.
pub(super) const BLOCKS_MAX: usize = 1_024;

/// What a batch keeps of a block.
#[derive(Debug)]
pub(crate) struct BatchBlock {
    pub(crate) body: BlockBody,
    pub(crate) trace: Vec<Step>,
    /// See [`content_bytes`].
    pub(crate) bytes: usize,
}

impl BatchBlock {
    pub(crate) fn new(body: BlockBody, trace: Vec<Step>) -> Self {
        let bytes = content_bytes(&body);
        Self { body, trace, bytes }
    }
}

/// An upper bound of what a block's beginning takes in a chunk, in bytes: its time, and an eighth of a segment's head and root.
pub(crate) const BEGIN_BYTES: usize = 16;
/// An upper bound of what a block with content takes besides, in bytes: what is around the first part of its content, and around the
/// blocks without content before it, when they are fewer than eight.
pub(crate) const CONTENT_BYTES: usize = 2 * SEGMENT_FRAME_BYTES_MAX;

/// The shortest transaction, as Borsh, that may be too long to share a segment.
const LONG_BYTES_MIN: usize = SEGMENT_BYTES_MAX - CHUNK_OVERHEAD_MAX;

/// What a transaction of so many bytes, as Borsh, counts: a long one counts twice, see [`ChainSpec::block_bytes_max`].
pub(crate) const fn counted_bytes(bytes: usize) -> usize {
    if bytes > LONG_BYTES_MIN { bytes.saturating_mul(2) } else { bytes }
}

/// What a message counts: as much as a segment of its own takes, for the meter may leave it alone in one.
pub(crate) fn message_bytes(message: &InboxMessage) -> usize {
    borsh::object_length(message).unwrap_or(0).saturating_add(SEGMENT_FRAME_BYTES_MAX)
}

/// What a block counts: its beginning, its messages and its transactions, as Borsh.
pub(crate) fn content_bytes(body: &BlockBody) -> usize {
    if body.messages.is_empty() && body.transactions.is_empty() {
        return BEGIN_BYTES;
    }
    let messages = body.messages.iter().map(message_bytes);
    let length = |it| counted_bytes(borsh::object_length(it).unwrap_or(0));
    let transactions = body.transactions.iter().map(length);
    messages.chain(transactions).sum::<usize>() + BEGIN_BYTES + CONTENT_BYTES
}

/// A batch that takes blocks. Cloning shares the blocks.
#[derive(Clone, Debug)]
pub(crate) struct OpenBatch {
    pub(crate) number: u64,
    /// What it continues.
    tip: Tip,
    /// The time of the first block with content.
    opened_ms: Option<u64>,
    bytes: usize,
    blocks: Vec<Arc<BatchBlock>>,
}

/// A batch that is closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SealedBatch {
    pub(crate) header: BatchHeader,
    pub(crate) chunks: Vec<Vec<u8>>,
}

impl OpenBatch {
    /// The batch `number`, after `tip`.
    pub(crate) const fn new(number: u64, tip: Tip) -> Self {
        Self { number, tip, opened_ms: None, bytes: 0, blocks: Vec::new() }
    }

    /// The batch with one more block.
    pub(crate) fn with(&self, block: Arc<BatchBlock>) -> Self {
        let mut next = self.clone();
        next.push(block);
        next
    }

    pub(crate) fn push(&mut self, block: Arc<BatchBlock>) {
        let empty = block.body.messages.is_empty() && block.body.transactions.is_empty();
        if !empty && self.opened_ms.is_none() {
            self.opened_ms = Some(block.body.time_ms);
        }
        self.bytes = self.bytes.saturating_add(block.bytes);
        self.blocks.push(block);
    }

    /// The time at which the batch closes for its age, when it has content.
    pub(crate) fn due_ms(&self, spec: &ChainSpec) -> Option<u64> {
        let interval = spec.genesis.params.batch_interval_ms;
        self.opened_ms.map(|opened| opened.saturating_add(interval))
    }

    /// Whether the last block closes the batch.
    pub(crate) fn is_closed(&self, spec: &ChainSpec) -> bool {
        let Some(last) = self.blocks.last() else { return false };
        self.due_ms(spec).is_some_and(|due| last.body.time_ms >= due)
            || self.bytes >= spec.block_bytes_max()
            || self.blocks.len() >= BLOCKS_MAX
    }

    /// Closes the batch; `chain` is the chain's cell after its last block, `post_root` the root.
    ///
    /// # Errors
    ///
    /// [`CodecError`] where the blocks cannot be encoded.
    pub(crate) fn seal(
        &self,
        spec: &ChainSpec,
        chain: &Chain,
        post_root: Hash,
    ) -> Result<SealedBatch, CodecError> {
        let bodies: Vec<BlockBody> = self.blocks.iter().map(|it| it.body.clone()).collect();
        let traces: Vec<Vec<Step>> = self.blocks.iter().map(|it| it.trace.clone()).collect();
        let params = &spec.genesis.params;
        let chunks =
            encode_batch(&self.tip, &bodies, &traces, usize::from(params.chunk_bytes_max))?;
        if chunks.len() > usize::from(params.batch_chunks_max) {
            return Err(CodecError::TooManyChunks);
        }
        let hashes: Vec<Hash> = chunks.iter().map(|chunk| chunk_hash(chunk)).collect();
        let header = BatchHeader {
            version: BATCH_VERSION,
            chain_id: spec.id,
            number: self.number,
            first_height: bodies.first().map_or(0, |body| body.height),
            last_height: chain.height,
            prev_root: self.tip.root,
            post_root,
            chunk_count: u32::try_from(chunks.len()).map_err(|_| CodecError::TooManyChunks)?,
            data_root: data_root(&hashes),
            inbox_cursor: chain.inbox_cursor,
            inbox_hash: chain.inbox_hash,
            time_ms: chain.time_ms,
            withdrawals: chain.withdrawals,
            vm_version: VM_VERSION,
        };
        Ok(SealedBatch { header, chunks })
    }
}

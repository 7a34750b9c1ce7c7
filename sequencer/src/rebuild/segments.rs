//! The segments of a chunk, and what is compared for each: the only place here that knows the codec.

use curvevm::{
    batch::{BatchHeader, TraceLeaf, trace_root},
    block::{BlockError, Segment, replay_segment},
    codec::{CodecError, decode_chunk},
    tree::Tree,
    types::Hash,
};

use super::fault::Difference;
use crate::chain::ChainSpec;

/// A segment and where it is.
#[derive(Debug)]
pub(super) struct Found {
    /// Where it starts in its chunk, in bytes.
    pub(super) offset: u32,
    /// The height of its block.
    pub(super) height: u64,
    segment: Segment,
}

/// The segments of a chunk, in order.
pub(super) fn decode(chunk: &[u8]) -> Result<Vec<Found>, CodecError> {
    let segments = decode_chunk(chunk)?.into_iter();
    Ok(segments.map(|(offset, height, segment)| Found { offset, height, segment }).collect())
}

/// What the segments of a batch lead to.
#[derive(Debug, Default)]
pub(super) struct Trace {
    leaves: Vec<TraceLeaf>,
    pub(super) transactions: u64,
}

impl Trace {
    /// Replays a segment of chunk `chunk` on the state before it.
    pub(super) fn replay(
        &mut self,
        tree: &mut Tree,
        spec: &ChainSpec,
        (chunk, found): (u32, &Found),
    ) -> Result<(), Difference> {
        let pre_root = tree.root();
        let replayed = replay_segment(tree, &spec.id, spec.chunk_bytes_max(), &found.segment);
        let replayed = replayed
            .map_err(|error: BlockError| Difference::Segment { reason: error.to_string() })?;
        self.transactions = self.transactions.saturating_add(replayed.receipts.len() as u64);
        self.leaves.push(TraceLeaf {
            index: self.segments(),
            height: found.height,
            pre_root,
            post_root: replayed.post_root,
            chunk,
            offset: found.offset,
        });
        Ok(())
    }

    /// How many segments were replayed.
    pub(super) fn segments(&self) -> u32 {
        u32::try_from(self.leaves.len()).unwrap_or(u32::MAX)
    }

    /// Compares the whole trace with what the header claims of it.
    pub(super) fn compare(&self, header: &BatchHeader) -> Result<(), Difference> {
        Difference::header("segment_count", &header.segment_count, &self.segments())?;
        Difference::header("trace_root", &header.trace_root, &trace_root(&self.leaves))
    }
}

/// The hash that a header names for these chunks.
pub(super) fn data_hash(chunks: &[Vec<u8>]) -> Hash {
    let hashes: Vec<Hash> = chunks.iter().map(|chunk| curvevm::batch::chunk_hash(chunk)).collect();
    curvevm::batch::data_hash(&hashes)
}

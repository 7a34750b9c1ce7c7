//! The data of a batch: its segments in chunks, small enough to post on Solana and simple enough to decode there.
//!
//! ```text
//! chunk       = version u8 ‖ height v ‖ key count v ‖ keys (32 each) ‖ segments
//! segment     = 0x00 time_ms v                                   a block begins; its height is one more
//!             | 0x01 count u8 ‖ messages (Borsh)
//!             | 0x02 count u8 ‖ transactions
//! transaction = head u8 ‖ signer k ‖ [session k] ‖ nonce v ‖ [expiry v] ‖ instructions ‖ signature (64)
//! head        = instruction count (low 4 bits) | 0x10 when it expires | 0x20 with a session key
//! ```
//!
//! `v` is an unsigned LEB128 varint in its shortest form, `k` the varint index of a key in the chunk's dictionary. Expiry is
//! the zigzag difference to the block's height. `height` is that of the block which the chunk's first segment continues, or,
//! when the first segment begins a block, one less. Chunks are cut at segment boundaries.
//!
//! # Invariants
//!
//! 1. `decode_batch(encode_batch(blocks).chunks) == blocks`.
//! 2. An encoding that is not the one that the encoder would write for the same segment may decode, but bytes are bound by
//!    their hash, so that nothing depends on it being unique.
//! 3. A decoder's work and memory are bounded by [`CHUNK_BYTES_MAX`].

mod reader;
mod varint;
mod writer;

use alloc::vec::Vec;

use crate::{
    batch::{CHUNKS_MAX, TraceLeaf},
    block::{BlockBody, Segment, Step},
};
use reader::Reader;
pub(crate) use writer::Writer;

/// The version of the chunk format.
pub const CHUNK_VERSION: u8 = 1;
/// The longest chunk that any transport carries, in bytes.
pub const CHUNK_BYTES_MAX: usize = 3_800;
/// The least that a chain may set `Params::chunk_bytes_max` to: what a Solana transaction of 1,232 bytes carries.
pub const CHUNK_BYTES_MIN: usize = 832;
/// The length, as a chunk of its own, at which a segment of transactions is full, in bytes; never more than a chunk may have. A
/// single transaction that is longer is a segment of its own.
pub const SEGMENT_BYTES_MAX: usize = 1_280;

// The longest transaction fits a chunk of the longest kind.
const _: () = assert!(crate::tx::bytes_max(CHUNK_BYTES_MAX) == crate::tx::TX_BYTES_MAX);

const BEGIN: u8 = 0;
const MESSAGES: u8 = 1;
const TRANSACTIONS: u8 = 2;
const COUNT_MASK: u8 = 0x0f;
const EXPIRES: u8 = 0x10;
const SESSION: u8 = 0x20;

/// The chunks of a batch, and where each segment is in them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchData {
    /// The chunks, in order.
    pub chunks: Vec<Vec<u8>>,
    /// The leaves of the trace, in order.
    pub leaves: Vec<TraceLeaf>,
}

/// Why data cannot be encoded or decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodecError {
    /// The bytes are no chunk.
    Malformed,
    /// The chunk's version is not known.
    UnknownVersion,
    /// A chunk is longer than [`CHUNK_BYTES_MAX`], or a segment longer than a chunk may be.
    TooLong,
    /// More than [`CHUNKS_MAX`] chunks.
    TooManyChunks,
    /// The traces do not cut the blocks into segments.
    TraceMismatch,
    /// No segment starts at this offset.
    NoSegment,
}

impl core::fmt::Display for CodecError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Malformed => "the chunk cannot be decoded",
            Self::UnknownVersion => "the chunk's version is not known",
            Self::TooLong => "a chunk or a segment is too long",
            Self::TooManyChunks => "the batch has too many chunks",
            Self::TraceMismatch => "the trace does not fit the blocks",
            Self::NoSegment => "no segment starts at this offset",
        })
    }
}

impl core::error::Error for CodecError {}

/// Encodes consecutive blocks, whose segments have the roots in `traces`.
///
/// # Errors
///
/// [`CodecError::TooLong`], [`CodecError::TooManyChunks`], [`CodecError::TraceMismatch`].
pub fn encode_batch(
    blocks: &[BlockBody],
    traces: &[Vec<Step>],
    chunk_bytes_max: usize,
) -> Result<BatchData, CodecError> {
    if blocks.len() != traces.len() {
        return Err(CodecError::TraceMismatch);
    }
    let mut cutter = Cutter::new(chunk_bytes_max.min(CHUNK_BYTES_MAX));
    for (block, trace) in blocks.iter().zip(traces) {
        let segments = block.segments(trace).ok_or(CodecError::TraceMismatch)?;
        for (segment, step) in segments.iter().zip(trace) {
            cutter.push(segment, block.height, step)?;
        }
    }
    cutter.finish()
}

/// Fills chunks with segments.
struct Cutter {
    bytes_max: usize,
    writer: Option<Writer>,
    chunks: Vec<Vec<u8>>,
    leaves: Vec<TraceLeaf>,
    /// Where each leaf's segment starts in the body of the open chunk, as the dictionary before it grows until the end.
    open: usize,
}

impl Cutter {
    const fn new(bytes_max: usize) -> Self {
        Self { bytes_max, writer: None, chunks: Vec::new(), leaves: Vec::new(), open: 0 }
    }

    fn push(&mut self, segment: &Segment, height: u64, step: &Step) -> Result<(), CodecError> {
        let bytes_max = self.bytes_max;
        let fits = |writer: &mut Writer| writer.try_segment(segment, bytes_max);
        let offset = match self.writer.as_mut().and_then(fits) {
            Some(offset) => offset,
            None => {
                self.close()?;
                let before = matches!(segment, Segment::Begin { .. });
                let mut writer = Writer::new(height.saturating_sub(u64::from(before)));
                let offset = fits(&mut writer).ok_or(CodecError::TooLong)?;
                self.writer = Some(writer);
                offset
            }
        };
        self.leaves.push(TraceLeaf {
            index: count(self.leaves.len())?,
            height,
            pre_root: step.pre_root,
            post_root: step.post_root,
            chunk: count(self.chunks.len())?,
            offset: count(offset)?,
        });
        Ok(())
    }

    /// Ends the open chunk; offsets become those in the whole chunk.
    fn close(&mut self) -> Result<(), CodecError> {
        let Some(writer) = self.writer.take() else { return Ok(()) };
        let (chunk, body_at) = writer.finish();
        let body_at = count(body_at)?;
        for leaf in self.leaves.iter_mut().skip(self.open) {
            leaf.offset = leaf.offset.saturating_add(body_at);
        }
        self.open = self.leaves.len();
        self.chunks.push(chunk);
        if self.chunks.len() > usize::from(CHUNKS_MAX) {
            return Err(CodecError::TooManyChunks);
        }
        Ok(())
    }

    fn finish(mut self) -> Result<BatchData, CodecError> {
        self.close()?;
        Ok(BatchData { chunks: self.chunks, leaves: self.leaves })
    }
}

fn count(value: usize) -> Result<u32, CodecError> {
    u32::try_from(value).map_err(|_| CodecError::TooLong)
}

/// Decodes the segments of a chunk, each with its offset and the height of its block.
///
/// # Errors
///
/// [`CodecError::Malformed`], [`CodecError::UnknownVersion`], [`CodecError::TooLong`].
pub fn decode_chunk(chunk: &[u8]) -> Result<Vec<(u32, u64, Segment)>, CodecError> {
    let mut reader = Reader::new(chunk)?;
    let mut segments = Vec::new();
    while let Some((offset, segment)) = reader.segment()? {
        segments.push((count(offset)?, reader.height(), segment));
    }
    Ok(segments)
}

/// Decodes the segment that starts at `offset`.
///
/// # Errors
///
/// As [`decode_chunk`], and [`CodecError::NoSegment`].
pub fn decode_segment(chunk: &[u8], offset: u32) -> Result<Segment, CodecError> {
    let mut reader = Reader::new(chunk)?;
    while let Some((at, segment)) = reader.segment()? {
        if count(at)? == offset {
            return Ok(segment);
        }
    }
    Err(CodecError::NoSegment)
}

/// Decodes the blocks of a batch.
///
/// # Errors
///
/// As [`decode_chunk`]; [`CodecError::Malformed`] also when the first segment does not begin a block.
pub fn decode_batch<C: AsRef<[u8]>>(chunks: &[C]) -> Result<Vec<BlockBody>, CodecError> {
    if chunks.len() > usize::from(CHUNKS_MAX) {
        return Err(CodecError::TooManyChunks);
    }
    let mut blocks: Vec<BlockBody> = Vec::new();
    for chunk in chunks {
        for (_, _, segment) in decode_chunk(chunk.as_ref())? {
            match (segment, blocks.last_mut()) {
                (Segment::Begin { height, time_ms }, _) => blocks.push(BlockBody {
                    height,
                    time_ms,
                    messages: Vec::new(),
                    transactions: Vec::new(),
                }),
                (Segment::Messages(messages), Some(block)) => block.messages.extend(messages),
                (Segment::Transactions(transactions), Some(block)) => {
                    block.transactions.extend(transactions);
                }
                (Segment::Messages(_) | Segment::Transactions(_), None) => {
                    return Err(CodecError::Malformed);
                }
            }
        }
    }
    Ok(blocks)
}

#[cfg(test)]
mod tests;

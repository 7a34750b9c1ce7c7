//! The data of a batch: its segments in chunks, small enough to post on Solana and simple enough to decode there.
//!
//! ```text
//! chunk       = version u8 ‖ root (32) ‖ height v ‖ time_ms v ‖ key count v ‖ keys (32 each) ‖ segments
//! segment     = head u8 ‖ times v ‖ [count u8 ‖ messages (Borsh) or transactions] ‖ root (32)
//! head        = 0 nothing, 1 messages, 2 transactions (low 2 bits) | number of blocks that begin (upper 6 bits)
//! transaction = head u8 ‖ signer k ‖ [session k] ‖ nonce v ‖ [expiry v] ‖ instructions ‖ signature (64)
//! head        = instruction count (low 4 bits) | 0x10 when it expires | 0x20 with a session key
//! ```
//!
//! `v` is an unsigned LEB128 varint in its shortest form, `k` the varint index of a key in the chunk's dictionary. Root, height and
//! time of the chunk are those of the state before its first segment; the root of a segment is that after it. A block that begins has
//! the next height, and its time is given as the difference to the one before. Expiry is the zigzag difference to the block's height.
//! Chunks are cut at segment boundaries; blocks without content that follow one another share segments.
//!
//! Each root is in the data, so that a chunk, which is bound by its hash, is all that is needed to show that a segment does not lead to
//! the root that was claimed.
//!
//! # Invariants
//!
//! 1. `decode_batch(encode_batch(tip, blocks, traces)) == blocks`.
//! 2. An encoding that is not the one that the encoder would write for the same segment may decode, but bytes are bound by
//!    their hash, so that nothing depends on it being unique.
//! 3. A decoder's work and memory are bounded by [`CHUNK_BYTES_MAX`].
//! 4. A chunk that decodes has a segment, and each of its segments is [well-formed](Segment::is_well_formed).
//! 5. Chunks that [`decode_batch`] takes continue one another: root, height and time.

mod reader;
mod varint;
mod writer;

use alloc::vec::Vec;

use crate::{
    batch::CHUNKS_MAX,
    block::{BlockBody, Content, Segment, Step},
    cell::Chain,
    inbox::MESSAGE_BYTES_MAX,
    meter::SEGMENT_BEGINS_MAX,
    tx::TX_BYTES_MAX,
    types::Hash,
};
use reader::Reader;
pub(crate) use writer::Writer;

/// The version of the chunk format.
pub const CHUNK_VERSION: u8 = 1;
/// The longest chunk that any transport carries, in bytes.
pub const CHUNK_BYTES_MAX: usize = 3_800;
/// The least that a chain may set `Params::chunk_bytes_max` to: what a Solana transaction of 1,232 bytes carries.
pub const CHUNK_BYTES_MIN: usize = 832;
/// The length, as a chunk of its own, at which a segment of messages or transactions is full, in bytes; never more than a chunk may
/// have. A single transaction that is longer is a segment of its own.
pub const SEGMENT_BYTES_MAX: usize = 1_364;
/// The most that a chunk has before its keys, in bytes: version, root, height, time, number of keys.
pub const CHUNK_HEAD_BYTES_MAX: usize = 1 + ROOT_BYTES + 2 * VARINT_BYTES_MAX + 1;
/// The most that a segment has around its messages or transactions, in bytes: head, beginning, count, root.
pub const SEGMENT_FRAME_BYTES_MAX: usize = 1 + VARINT_BYTES_MAX + 1 + ROOT_BYTES;

/// The longest varint of 64 bits, in bytes.
const VARINT_BYTES_MAX: usize = 10;
const ROOT_BYTES: usize = 32;

// The longest message is a segment of the shortest chunk, with its block's beginning and the root after it.
const _: () =
    assert!(CHUNK_HEAD_BYTES_MAX + SEGMENT_FRAME_BYTES_MAX + MESSAGE_BYTES_MAX <= CHUNK_BYTES_MIN);
// The longest transaction fits a chunk of the longest kind, and the number of such a chunk's keys one byte.
const _: () = assert!(crate::tx::bytes_max(CHUNK_BYTES_MAX) == TX_BYTES_MAX);
const _: () = assert!(CHUNK_BYTES_MAX / 32 < 0x80);

const NOTHING: u8 = 0;
const MESSAGES: u8 = 1;
const TRANSACTIONS: u8 = 2;
/// Of a segment's head.
const KIND_BITS: u32 = 2;
const KIND_MASK: u8 = 0x03;
const COUNT_MASK: u8 = 0x0f;
const EXPIRES: u8 = 0x10;
const SESSION: u8 = 0x20;

// The number of beginnings fits a segment's head.
const _: () = assert!(SEGMENT_BEGINS_MAX < 1 << (u8::BITS - KIND_BITS));

/// A state that data continues: the height and time of the last block, and the root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tip {
    /// The height.
    pub height: u64,
    /// The time, in milliseconds since 1970.
    pub time_ms: u64,
    /// The state root.
    pub root: Hash,
}

impl Tip {
    /// The tip of a state of `root` with this chain's cell.
    pub const fn new(chain: &Chain, root: Hash) -> Self {
        Self { height: chain.height, time_ms: chain.time_ms, root }
    }
}

/// A segment in a chunk, and what the chunk says of the states around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// Where it starts in the chunk.
    pub offset: u32,
    /// The height before it.
    pub height: u64,
    /// The time before it.
    pub time_ms: u64,
    /// The root before it.
    pub pre_root: Hash,
    /// The root after it.
    pub post_root: Hash,
    /// What is executed.
    pub segment: Segment,
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
    /// A chunk does not begin at the root that the one before ends at.
    RootMismatch,
    /// A chunk does not begin at the height that the one before ends at, or a block not at the next.
    HeightMismatch,
    /// A chunk does not begin at the time that the one before ends at, or a block is earlier than the one before.
    TimeMismatch,
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
            Self::RootMismatch => "a chunk does not continue the root of the one before",
            Self::HeightMismatch => "a height does not continue the one before",
            Self::TimeMismatch => "a time does not continue the one before",
        })
    }
}

impl core::error::Error for CodecError {}

/// Encodes the blocks after `tip`, whose segments have the roots in `traces`. Gives the chunks, each of at most `chunk_bytes_max`.
///
/// # Errors
///
/// [`CodecError::TooLong`], [`CodecError::TooManyChunks`], [`CodecError::TraceMismatch`], [`CodecError::HeightMismatch`],
/// [`CodecError::TimeMismatch`].
pub fn encode_batch(
    tip: &Tip,
    blocks: &[BlockBody],
    traces: &[Vec<Step>],
    chunk_bytes_max: usize,
) -> Result<Vec<Vec<u8>>, CodecError> {
    let bytes_max = chunk_bytes_max.min(CHUNK_BYTES_MAX);
    let mut cutter = Cutter { bytes_max, tip: *tip, writer: None, chunks: Vec::new() };
    for (segment, post_root) in &segments(tip, blocks, traces)? {
        cutter.push(segment, post_root)?;
    }
    cutter.finish()
}

/// The segments of the blocks after `tip`, with the roots after them. Blocks without content share segments.
fn segments(
    tip: &Tip,
    blocks: &[BlockBody],
    traces: &[Vec<Step>],
) -> Result<Vec<(Segment, Hash)>, CodecError> {
    if blocks.len() != traces.len() {
        return Err(CodecError::TraceMismatch);
    }
    let (mut height, mut time_ms) = (tip.height, tip.time_ms);
    let mut all: Vec<(Segment, Hash)> = Vec::new();
    for (block, trace) in blocks.iter().zip(traces) {
        if height.checked_add(1) != Some(block.height) {
            return Err(CodecError::HeightMismatch);
        }
        if block.time_ms < time_ms {
            return Err(CodecError::TimeMismatch);
        }
        (height, time_ms) = (block.height, block.time_ms);
        let segments = block.segments(trace).ok_or(CodecError::TraceMismatch)?;
        for (segment, step) in segments.into_iter().zip(trace) {
            match all.last_mut() {
                Some((last, post_root)) if has_room(last, &segment) => {
                    last.begins.extend(segment.begins);
                    *post_root = step.post_root;
                }
                Some(_) | None => all.push((segment, step.post_root)),
            }
        }
    }
    Ok(all)
}

/// Whether a block without content may begin in the segment before it.
fn has_room(last: &Segment, next: &Segment) -> bool {
    let empty = last.content == Content::Nothing && next.content == Content::Nothing;
    empty && last.begins.len() < SEGMENT_BEGINS_MAX
}

/// Fills chunks with segments.
struct Cutter {
    bytes_max: usize,
    /// Before the next segment.
    tip: Tip,
    writer: Option<Writer>,
    chunks: Vec<Vec<u8>>,
}

impl Cutter {
    fn push(&mut self, segment: &Segment, post_root: &Hash) -> Result<(), CodecError> {
        let bytes_max = self.bytes_max;
        let fits = |writer: &mut Writer| writer.try_segment(segment, post_root, bytes_max);
        if !self.writer.as_mut().is_some_and(fits) {
            self.close()?;
            let mut writer = Writer::new(self.tip);
            if !fits(&mut writer) {
                return Err(CodecError::TooLong);
            }
            self.writer = Some(writer);
        }
        self.tip.root = *post_root;
        if let Some(begin) = segment.begins.last() {
            (self.tip.height, self.tip.time_ms) = (begin.height, begin.time_ms);
        }
        Ok(())
    }

    /// Ends the open chunk.
    fn close(&mut self) -> Result<(), CodecError> {
        self.chunks.extend(self.writer.take().map(Writer::finish));
        if self.chunks.len() > usize::from(CHUNKS_MAX) {
            return Err(CodecError::TooManyChunks);
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Vec<Vec<u8>>, CodecError> {
        self.close()?;
        Ok(self.chunks)
    }
}

/// Decodes the segments of a chunk.
///
/// # Errors
///
/// [`CodecError::Malformed`], [`CodecError::UnknownVersion`], [`CodecError::TooLong`].
pub fn decode_chunk(chunk: &[u8]) -> Result<Vec<Placed>, CodecError> {
    let mut reader = Reader::new(chunk)?;
    let mut segments = Vec::new();
    while let Some(placed) = reader.segment()? {
        segments.push(placed);
    }
    Ok(segments)
}

/// Decodes the segment that starts at `offset`. What is behind it is not looked at.
///
/// # Errors
///
/// As [`decode_chunk`], and [`CodecError::NoSegment`].
pub fn decode_segment(chunk: &[u8], offset: u32) -> Result<Placed, CodecError> {
    let mut reader = Reader::new(chunk)?;
    while let Some(placed) = reader.segment()? {
        if placed.offset == offset {
            return Ok(placed);
        }
    }
    Err(CodecError::NoSegment)
}

/// Decodes a chunk for the states before its first segment and after its last one, as it states them.
///
/// # Errors
///
/// As [`decode_chunk`].
pub fn chunk_tips(chunk: &[u8]) -> Result<(Tip, Tip), CodecError> {
    let mut reader = Reader::new(chunk)?;
    let before = *reader.tip();
    while reader.segment()?.is_some() {}
    Ok((before, *reader.tip()))
}

/// Decodes the blocks of a batch.
///
/// # Errors
///
/// As [`decode_chunk`]; [`CodecError::Malformed`] also when the first segment does not begin a block. [`CodecError::RootMismatch`],
/// [`CodecError::HeightMismatch`] and [`CodecError::TimeMismatch`] when a chunk does not continue the one before.
pub fn decode_batch<C: AsRef<[u8]>>(chunks: &[C]) -> Result<Vec<BlockBody>, CodecError> {
    if chunks.len() > usize::from(CHUNKS_MAX) {
        return Err(CodecError::TooManyChunks);
    }
    let mut blocks: Vec<BlockBody> = Vec::new();
    let mut end: Option<Tip> = None;
    for chunk in chunks {
        let mut reader = Reader::new(chunk.as_ref())?;
        if let Some(end) = &end {
            join(end, reader.tip())?;
        }
        while let Some(placed) = reader.segment()? {
            add(placed.segment, &mut blocks)?;
        }
        end = Some(*reader.tip());
    }
    Ok(blocks)
}

/// A chunk begins where the one before ends.
fn join(end: &Tip, begin: &Tip) -> Result<(), CodecError> {
    if begin.root != end.root {
        return Err(CodecError::RootMismatch);
    }
    if begin.height != end.height {
        return Err(CodecError::HeightMismatch);
    }
    if begin.time_ms != end.time_ms { Err(CodecError::TimeMismatch) } else { Ok(()) }
}

/// Adds what a segment holds to the last block, after the blocks that begin in it.
fn add(segment: Segment, blocks: &mut Vec<BlockBody>) -> Result<(), CodecError> {
    blocks.extend(segment.begins.iter().map(|begin| BlockBody {
        height: begin.height,
        time_ms: begin.time_ms,
        messages: Vec::new(),
        transactions: Vec::new(),
    }));
    let block = blocks.last_mut().ok_or(CodecError::Malformed)?;
    match segment.content {
        Content::Nothing => {}
        Content::Messages(messages) => block.messages.extend(messages),
        Content::Transactions(transactions) => block.transactions.extend(transactions),
    }
    Ok(())
}

#[cfg(test)]
mod tests;

//! The replay of one segment: what `replay_segment` shows and `challenge` rests on.
//!
//! ```text
//! chunk -> segment, root before it; witness -> pruned tree of that root -> CurveVM -> root after, receipts
//! ```

use core::mem::ManuallyDrop;

use anchor_lang::prelude::*;
use curvevm::{
    block::{BlockError, Replayed, replay_segment},
    codec::{CodecError, Placed, decode_segment},
    error::StateError,
    host::sha256,
    tree::Tree,
    types::Hash,
};

use crate::error::{RollupError, ensure, fail, reject};

/// A segment and the state before it.
pub struct Replay<'a> {
    /// The chain id.
    pub chain_id: Hash,
    /// Opens the cells that the segment touches.
    pub witness: &'a [u8],
    /// Where the segment is.
    pub place: Place<'a>,
}

/// Where a segment is.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    /// The chunk that holds it.
    pub chunk: &'a [u8],
    /// Where it starts in the chunk.
    pub offset: u32,
    /// The chain's bound on the length of a chunk.
    pub chunk_bytes_max: u16,
}

/// What a segment does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effect {
    /// The state root after it.
    pub post_root: Hash,
    /// `sha256` of the Borsh encoding of the receipts.
    pub receipts_hash: Hash,
}

/// What a replay shows of a segment.
pub struct Shown {
    /// The root after it, as its chunk claims.
    pub claimed: Hash,
    /// What it does; or why no root follows from it, so that any claimed root is wrong.
    pub replayed: core::result::Result<Replayed, BlockError>,
}

impl Shown {
    /// Whether the claimed root is wrong.
    ///
    /// # Errors
    ///
    /// [`RollupError::CellNotInWitness`], [`RollupError::BadWitness`]: the witness says too little.
    pub fn is_wrong(&self) -> Result<bool> {
        match &self.replayed {
            Ok(replayed) => Ok(replayed.post_root != self.claimed),
            Err(BlockError::State(StateError::NotInWitness)) => {
                Err(fail(RollupError::CellNotInWitness))
            }
            Err(BlockError::State(StateError::BadWitness)) => Err(fail(RollupError::BadWitness)),
            Err(_) => Ok(true),
        }
    }
}

/// Replays a segment.
///
/// # Errors
///
/// What was supplied does not fit, and nothing follows for the segment: [`RollupError::BadWitness`], [`RollupError::WrongPreRoot`],
/// [`RollupError::BadChunk`], [`RollupError::NoSegment`].
#[inline(never)]
pub fn show(input: &Replay<'_>) -> Result<Shown> {
    let placed = placed(&input.place)?;
    let mut tree = open(input.witness, &placed.pre_root)?;
    let bytes_max = usize::from(input.place.chunk_bytes_max);
    let replayed = replay_segment(&mut tree, &input.chain_id, bytes_max, &placed);
    Ok(Shown { claimed: placed.post_root, replayed })
}

/// Replays a segment that is valid.
///
/// # Errors
///
/// As [`show`]. [`RollupError::CellNotInWitness`]: the witness says too little. [`RollupError::WrongBlock`],
/// [`RollupError::WrongMessage`], [`RollupError::SegmentFull`], a [rejection](asset_rollup_interface::error::rejection): no root
/// follows from the segment.
#[inline(never)]
pub fn replay(input: &Replay<'_>) -> Result<Effect> {
    show(input)?.replayed.map(|replayed| effect(&replayed)).map_err(refusal)
}

/// The state of a root, as far as a witness opens it.
///
/// It is never dropped: dropping a tree recurses as deep as its paths, and call frames are few; the heap goes with the instruction
/// anyway.
///
/// # Errors
///
/// [`RollupError::BadWitness`], [`RollupError::WrongPreRoot`].
#[inline(never)]
pub fn open(witness: &[u8], root: &Hash) -> Result<ManuallyDrop<Tree>> {
    let tree = Tree::from_witness(witness).map_err(|_| fail(RollupError::BadWitness))?;
    let mut tree = ManuallyDrop::new(tree);
    ensure(tree.root() == *root, RollupError::WrongPreRoot)?;
    Ok(tree)
}

/// The segment, with what its chunk says of the states around it.
#[inline(never)]
fn placed(place: &Place<'_>) -> Result<ManuallyDrop<Placed>> {
    decode_segment(place.chunk, place.offset).map(ManuallyDrop::new).map_err(|error| match error {
        CodecError::NoSegment => fail(RollupError::NoSegment),
        CodecError::Malformed
        | CodecError::UnknownVersion
        | CodecError::TooLong
        | CodecError::TooManyChunks
        | CodecError::TraceMismatch
        | CodecError::RootMismatch
        | CodecError::HeightMismatch
        | CodecError::TimeMismatch => fail(RollupError::BadChunk),
    })
}

#[inline(never)]
fn effect(replayed: &Replayed) -> Effect {
    let receipts = borsh::to_vec(&replayed.receipts).unwrap_or_default();
    Effect { post_root: replayed.post_root, receipts_hash: sha256(&[&receipts]) }
}

/// The number of an error of the block.
#[inline(never)]
fn refusal(error: BlockError) -> ProgramError {
    match error {
        BlockError::Height { .. } | BlockError::Time => fail(RollupError::WrongBlock),
        BlockError::MessageIndex { .. } | BlockError::MessageCount => {
            fail(RollupError::WrongMessage)
        }
        BlockError::Transaction { index, error } => reject(index, error),
        BlockError::SegmentFull { .. } => fail(RollupError::SegmentFull),
        BlockError::State(StateError::NotInWitness) => fail(RollupError::CellNotInWitness),
        BlockError::State(StateError::BadWitness) => fail(RollupError::BadWitness),
        BlockError::State(StateError::Corrupt) => fail(RollupError::CorruptState),
    }
}

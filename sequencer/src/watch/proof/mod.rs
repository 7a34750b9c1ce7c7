//! What proves a fault to the program.
//!
//! # Rules
//!
//! The faults that [`Rebuild::apply`] finds, in its order, and the proof of each. Up to the first fault all is right, so that the state
//! before it is the one that the data claims.
//!
//! | fault | proof |
//! |---|---|
//! | the header does not follow the batch before it, or its data is not what it names | none: the program commits no such batch |
//! | a chunk cannot be decoded | [`TraceFault::Malformed`] |
//! | the root before the first chunk is not that of the batch before | [`TraceFault::First`] |
//! | the root before another chunk is not that after the chunk before it | [`TraceFault::Join`] |
//! | no root follows from a segment, or another one than the chunk claims after it | [`Challenge`] |
//! | the header's last height, time or root is not that after the last segment | [`TraceFault::Last`] |
//! | the header's inbox or number of withdrawals is not that of the chain's cell after the last segment | [`TraceFault::Chain`] |
//!
//! Within a chunk the root before a segment is the one after the segment before it, by the format. A height or time that does not
//! continue the chunk before is found by the replay of the chunk's first segment, which fails. [`TraceFault::Chain`] opens the state under
//! the header's root: it is used only where that root is the one that the data leads to, and where it is not, [`TraceFault::Last`] or a
//! segment is what is wrong.
//!
//! # Invariants
//!
//! 1. A proof is checked as the program will check it before it is given: one that does not hold costs the deposit.

#[cfg(test)]
mod tests;
mod verify;

use asset_sdk::l1::{Challenge, ChallengeTrace, Parts, PostedBatch, TraceFault};
use curvevm::{
    block::{chain, segment_witness},
    cell::Chain,
    codec::Tip,
    error::StateError,
    tree::Tree,
};

use crate::rebuild::{Difference, Fault, Place, Rebuild, Side};

/// What proves a fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// What is said of the batch.
    pub accusation: Accusation,
    /// What shows it.
    pub upload: Upload,
}

/// What is said of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accusation {
    /// A segment is wrong.
    Segment(Challenge),
    /// The chunks do not make up the batch.
    Trace(ChallengeTrace),
}

/// What is uploaded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Upload {
    /// Opens cells of a state.
    pub state: Vec<u8>,
    /// A chunk.
    pub chunk: Vec<u8>,
    /// The chunk after it.
    pub next: Vec<u8>,
}

/// Why there is no proof.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoProof {
    /// The program commits no batch with this fault.
    #[error(
        "the program commits no batch whose {field} is wrong: this software's version, or the L1's node, is not the one that committed it"
    )]
    NotCommitted {
        /// The field of the header.
        field: &'static str,
    },
    /// The fault is not in this batch on this state.
    #[error("the fault does not show on the state before the batch")]
    NotFound,
    /// The state cannot be opened.
    #[error("no witness can be made: {0}")]
    State(StateError),
    /// The proof would not convince the program.
    #[error("the proof does not hold when it is replayed")]
    DoesNotHold,
}

impl Upload {
    /// The parts.
    pub fn parts(&self) -> Parts<'_> {
        Parts { state: &self.state, chunk: &self.chunk, next: &self.next }
    }
}

impl From<StateError> for NoProof {
    fn from(error: StateError) -> Self {
        Self::State(error)
    }
}

/// The proof of a fault in a batch; `before` is the state before the batch.
///
/// # Errors
///
/// [`NoProof`].
pub fn proof_of(fault: &Fault, before: &Rebuild, batch: &PostedBatch) -> Result<Proof, NoProof> {
    let exhibit = Exhibit { before, batch };
    let proof = match (&fault.difference, fault.place) {
        (Difference::Header { field, .. }, _) => exhibit.end(field),
        (Difference::Chunk { .. }, Some(place)) => {
            exhibit.trace(TraceFault::Malformed, place.chunk, Vec::new())
        }
        (Difference::Root { side: Side::Before, .. }, Some(place)) => {
            match place.chunk.checked_sub(1) {
                None => exhibit.trace(TraceFault::First, 0, Vec::new()),
                Some(chunk) => exhibit.trace(TraceFault::Join, chunk, Vec::new()),
            }
        }
        (Difference::Root { side: Side::After, .. } | Difference::Segment { .. }, Some(place)) => {
            exhibit.segment(place)
        }
        (Difference::Chunk { .. } | Difference::Root { .. } | Difference::Segment { .. }, None) => {
            Err(NoProof::NotFound)
        }
    }?;
    if verify::holds(&proof, before, batch) { Ok(proof) } else { Err(NoProof::DoesNotHold) }
}

/// A batch and the state before it.
struct Exhibit<'a> {
    before: &'a Rebuild,
    batch: &'a PostedBatch,
}

impl Exhibit<'_> {
    fn chunk(&self, index: u32) -> Result<Vec<u8>, NoProof> {
        let chunk = usize::try_from(index).ok().and_then(|index| self.batch.chunks.get(index));
        chunk.cloned().ok_or(NoProof::NotFound)
    }

    fn segment(&self, place: Place) -> Result<Proof, NoProof> {
        let (tree, placed) =
            self.before.before(&self.batch.chunks, place).ok_or(NoProof::NotFound)?;
        let spec = self.before.spec();
        let state = segment_witness(&tree, &spec.id, spec.chunk_bytes_max(), &placed)?;
        let challenge = Challenge {
            number: self.batch.commit.header.number,
            chunk: index(place.chunk)?,
            offset: place.offset,
        };
        let upload = Upload { state, chunk: self.chunk(place.chunk)?, next: Vec::new() };
        Ok(Proof { accusation: Accusation::Segment(challenge), upload })
    }

    fn trace(&self, fault: TraceFault, chunk: u32, state: Vec<u8>) -> Result<Proof, NoProof> {
        let number = self.batch.commit.header.number;
        let accusation = Accusation::Trace(ChallengeTrace { number, chunk: index(chunk)?, fault });
        let next = chunk.saturating_add(1);
        let upload = match fault {
            TraceFault::Chain => Upload { state, ..Upload::default() },
            TraceFault::Join => {
                Upload { state, chunk: self.chunk(chunk)?, next: self.chunk(next)? }
            }
            TraceFault::Malformed | TraceFault::First | TraceFault::Last => {
                Upload { state, chunk: self.chunk(chunk)?, next: Vec::new() }
            }
        };
        Ok(Proof { accusation, upload })
    }

    /// A field of the header that is not what the data leads to.
    fn end(&self, field: &'static str) -> Result<Proof, NoProof> {
        let header = &self.batch.commit.header;
        if !matches!(
            field,
            "last_height" | "time_ms" | "post_root" | "inbox_cursor" | "inbox_hash" | "withdrawals"
        ) {
            return Err(NoProof::NotCommitted { field });
        }
        let mut tree: Tree =
            self.before.after(header, &self.batch.chunks).ok_or(NoProof::NotFound)?;
        let (cell, root) = (chain(&tree)?, tree.root());
        let claimed =
            Tip { height: header.last_height, time_ms: header.time_ms, root: header.post_root };
        if claimed == Tip::new(&cell, root) {
            return self.trace(TraceFault::Chain, 0, tree.witness(&[Chain::key()])?);
        }
        let last = u32::try_from(self.batch.chunks.len()).ok();
        let last = last.and_then(|count| count.checked_sub(1)).ok_or(NoProof::NotFound)?;
        self.trace(TraceFault::Last, last, Vec::new())
    }
}

/// The index of a chunk, as the program takes it.
fn index(chunk: u32) -> Result<u16, NoProof> {
    u16::try_from(chunk).map_err(|_| NoProof::NotFound)
}

//! What the program makes of a proof: the rules of `challenge` and `challenge_trace`, restated.

use asset_sdk::l1::{Challenge, ChallengeTrace, PostedBatch, TraceFault};
use curvevm::{
    block::{BlockError, replay_segment},
    cell::{Cell, Chain},
    codec::{Tip, chunk_tips, decode_segment},
    error::StateError,
    tree::Tree,
};

use super::{Accusation, Proof, Upload};
use crate::rebuild::Rebuild;

/// Whether the program rolls the batch back for this.
pub(super) fn holds(proof: &Proof, before: &Rebuild, batch: &PostedBatch) -> bool {
    let Proof { accusation, upload } = proof;
    match accusation {
        Accusation::Segment(challenge) => {
            is_posted(batch, challenge.chunk, &upload.chunk)
                && is_segment_wrong(before, challenge, upload)
        }
        Accusation::Trace(challenge) => is_trace_wrong(before, batch, (challenge, upload)),
    }
}

fn is_posted(batch: &PostedBatch, index: u16, chunk: &[u8]) -> bool {
    batch.chunks.get(usize::from(index)).is_some_and(|posted| posted == chunk)
}

fn is_segment_wrong(before: &Rebuild, challenge: &Challenge, upload: &Upload) -> bool {
    let Ok(placed) = decode_segment(&upload.chunk, challenge.offset) else { return false };
    let Ok(mut tree) = Tree::from_witness(&upload.state) else { return false };
    if tree.root() != placed.pre_root {
        return false;
    }
    let spec = before.spec();
    match replay_segment(&mut tree, &spec.id, spec.chunk_bytes_max(), &placed) {
        Ok(replayed) => replayed.post_root != placed.post_root,
        Err(BlockError::State(StateError::NotInWitness | StateError::BadWitness)) => false,
        Err(_) => true,
    }
}

fn is_trace_wrong(
    before: &Rebuild,
    batch: &PostedBatch,
    (challenge, upload): (&ChallengeTrace, &Upload),
) -> bool {
    let ChallengeTrace { chunk: index, fault, .. } = *challenge;
    if fault != TraceFault::Chain && !is_posted(batch, index, &upload.chunk) {
        return false;
    }
    let (header, head) = (&batch.commit.header, before.head());
    let tips = chunk_tips(&upload.chunk).ok();
    match fault {
        TraceFault::Malformed => tips.is_none(),
        TraceFault::First => {
            let before = Tip { height: head.height, time_ms: head.time_ms, root: head.root };
            index == 0 && tips.is_some_and(|(begin, _)| begin != before)
        }
        TraceFault::Join => {
            let next = index.checked_add(1).is_some_and(|it| is_posted(batch, it, &upload.next));
            let begin = chunk_tips(&upload.next).ok().map(|(begin, _)| begin);
            next && tips.zip(begin).is_some_and(|((_, end), begin)| end != begin)
        }
        TraceFault::Last => {
            let is_last = batch.chunks.len().checked_sub(1) == Some(usize::from(index));
            let after =
                Tip { height: header.last_height, time_ms: header.time_ms, root: header.post_root };
            is_last && tips.is_some_and(|(_, end)| end != after)
        }
        TraceFault::Chain => is_chain_wrong(batch, &upload.state),
    }
}

fn is_chain_wrong(batch: &PostedBatch, witness: &[u8]) -> bool {
    let header = &batch.commit.header;
    let Ok(mut tree) = Tree::from_witness(witness) else { return false };
    if tree.root() != header.post_root {
        return false;
    }
    match tree.get(&Chain::key()) {
        Ok(Some(Cell::Chain(chain))) => {
            let Chain { height, time_ms, inbox_cursor, inbox_hash, withdrawals, .. } = chain;
            (*height, *time_ms) != (header.last_height, header.time_ms)
                || (*inbox_cursor, *withdrawals) != (header.inbox_cursor, header.withdrawals)
                || *inbox_hash != header.inbox_hash
        }
        Ok(_) => true,
        Err(_) => false,
    }
}

//! Tests of the proofs: each kind of fault has the proof that fits, and honest batches have none.

use std::sync::Arc;

use asset_sdk::l1::{CommitRecord, TransactionSignature};
use curvevm::{
    batch::{BatchHeader, chunk_hash, data_root},
    block::BlockBody,
    codec::{chunk_tips, decode_chunk},
    types::{Address, Hash},
};

use super::*;
use crate::{
    chain::{ChainSpec, SealedBatch},
    testing::{batch, batches, genesis, key, transfer},
};

/// A chain whose batches have several chunks.
fn spec() -> ChainSpec {
    let mut genesis = genesis(1);
    genesis.params.chunk_bytes_max = 832;
    ChainSpec::new(genesis)
}

/// The second batch of a chain, of thirty transfers and a block without content, and the state before it.
fn second() -> (Rebuild, PostedBatch) {
    let spec = spec();
    let first = batches(&spec, &[7]).remove(0);
    let transfers = (0..30).map(|count| {
        let (number, nonce) = (1 + count % 10, 1 + u64::from(count / 10));
        transfer(&spec.id, &key(number), nonce, &key(number + 1).address(), 3)
    });
    let time_ms = first.header.time_ms;
    let block = |height, transactions| BlockBody {
        height,
        time_ms: time_ms + height,
        messages: Vec::new(),
        transactions,
    };
    let blocks = [block(3, transfers.collect()), block(4, Vec::new())];
    let mut rebuild = Rebuild::genesis(Arc::new(self::spec())).unwrap();
    rebuild.apply(&first.header, &first.chunks).unwrap();
    let second = batch(&spec, &mut rebuild.tree().clone(), 2, blocks);
    assert!(second.chunks.len() > 3, "{} chunks", second.chunks.len());
    (rebuild, posted(second))
}

fn posted(batch: SealedBatch) -> PostedBatch {
    let commit = CommitRecord {
        header: batch.header,
        signatures: Vec::new(),
        poster: Address::new([1; 32]),
        data: Address::new([2; 32]),
        signature: TransactionSignature::from([3; 64]),
        slot: 4,
        unix_time: None,
        posts: Vec::new(),
    };
    PostedBatch { commit, earlier: Vec::new(), chunks: batch.chunks }
}

/// Makes the header name the chunks as they are.
fn rehash(batch: &mut PostedBatch) {
    let hashes: Vec<Hash> = batch.chunks.iter().map(|chunk| chunk_hash(chunk)).collect();
    batch.commit.header.data_root = data_root(&hashes);
}

/// The proof of the fault that a watcher finds in a batch.
fn proof(before: &Rebuild, batch: &PostedBatch) -> Result<Proof, NoProof> {
    let fault = before.clone().apply(&batch.commit.header, &batch.chunks).unwrap_err();
    proof_of(&fault, before, batch)
}

/// The proof after a change of the batch.
fn proof_after(change: impl FnOnce(&mut PostedBatch)) -> (PostedBatch, Proof) {
    let (before, mut batch) = second();
    change(&mut batch);
    rehash(&mut batch);
    let proof = proof(&before, &batch).unwrap();
    (batch, proof)
}

fn trace_of(proof: &Proof) -> (u16, TraceFault) {
    let Accusation::Trace(ChallengeTrace { number, chunk, fault }) = proof.accusation else {
        panic!("{:?}", proof.accusation);
    };
    assert_eq!(number, 2);
    (chunk, fault)
}

fn segment_of(proof: &Proof) -> (u16, u32) {
    let Accusation::Segment(Challenge { number, chunk, offset }) = proof.accusation else {
        panic!("{:?}", proof.accusation);
    };
    assert_eq!(number, 2);
    (chunk, offset)
}

fn last_offset(chunk: &[u8]) -> u32 {
    decode_chunk(chunk).unwrap().last().unwrap().offset
}

#[test]
fn a_wrong_root_after_a_segment_is_proved_by_the_segment() {
    let (batch, proof) = proof_after(|batch| *batch.chunks[1].last_mut().unwrap() ^= 1);
    assert_eq!(segment_of(&proof), (1, last_offset(&batch.chunks[1])));
    assert_eq!(proof.upload.chunk, batch.chunks[1]);
    assert!(!proof.upload.state.is_empty() && proof.upload.next.is_empty());
}

#[test]
fn a_segment_without_a_root_is_proved_by_the_segment() {
    // A signature, which stands before the root after its segment.
    let (batch, proof) = proof_after(|batch| {
        let chunk = batch.chunks.last_mut().unwrap();
        let at = chunk.len() - 33;
        chunk[at] ^= 1;
    });
    let last = batch.chunks.len() - 1;
    assert_eq!(usize::from(segment_of(&proof).0), last);
    assert_eq!(segment_of(&proof).1, last_offset(&batch.chunks[last]));
}

/// The time before a chunk's first segment: of the first chunk, and of one that continues another.
#[test]
fn a_chunk_of_another_time_is_proved_by_its_first_segment() {
    for at in [0, 1] {
        let (batch, proof) = proof_after(|batch| {
            let (begin, _) = chunk_tips(&batch.chunks[at]).unwrap();
            assert!(begin.height < 128);
            // Version, root and height stand before it.
            batch.chunks[at][34] ^= 1;
        });
        assert_eq!(usize::from(segment_of(&proof).0), at);
        let first = decode_chunk(&batch.chunks[at]).unwrap()[0].offset;
        assert_eq!(segment_of(&proof).1, first);
    }
}

#[test]
fn a_chunk_that_cannot_be_decoded_is_proved() {
    for at in [0, 1] {
        let (batch, proof) = proof_after(|batch| batch.chunks[at].truncate(50));
        assert_eq!(trace_of(&proof), (u16::try_from(at).unwrap(), TraceFault::Malformed));
        let chunk = batch.chunks[at].clone();
        assert_eq!(proof.upload, Upload { chunk, ..Upload::default() });
    }
}

#[test]
fn another_root_before_the_batch_is_proved() {
    let (batch, proof) = proof_after(|batch| batch.chunks[0][1] ^= 1);
    assert_eq!(trace_of(&proof), (0, TraceFault::First));
    let chunk = batch.chunks[0].clone();
    assert_eq!(proof.upload, Upload { chunk, ..Upload::default() });
}

#[test]
fn chunks_that_do_not_join_are_proved() {
    let (batch, proof) = proof_after(|batch| batch.chunks[2][1] ^= 1);
    assert_eq!(trace_of(&proof), (1, TraceFault::Join));
    let (chunk, next) = (batch.chunks[1].clone(), batch.chunks[2].clone());
    assert_eq!(proof.upload, Upload { state: Vec::new(), chunk, next });
}

#[test]
fn a_batch_without_its_last_chunk_ends_elsewhere() {
    let (batch, proof) = proof_after(|batch| {
        batch.chunks.pop();
        batch.commit.header.chunk_count -= 1;
    });
    let last = u16::try_from(batch.chunks.len() - 1).unwrap();
    assert_eq!(trace_of(&proof), (last, TraceFault::Last));
}

type Change = fn(&mut BatchHeader);

#[test]
fn a_header_that_ends_elsewhere_is_proved_by_the_last_chunk() {
    let changes: [Change; 5] = [
        |header| header.last_height += 1,
        |header| header.time_ms += 1,
        |header| header.post_root = Hash::new([7; 32]),
        // The inbox is compared before the root, which is wrong too: no witness leads to it.
        |header| (header.inbox_cursor, header.post_root) = (99, Hash::new([7; 32])),
        |header| (header.withdrawals, header.time_ms) = (99, header.time_ms + 1),
    ];
    for change in changes {
        let (batch, proof) = proof_after(|batch| change(&mut batch.commit.header));
        let last = batch.chunks.len() - 1;
        assert_eq!(trace_of(&proof), (u16::try_from(last).unwrap(), TraceFault::Last));
        let chunk = batch.chunks[last].clone();
        assert_eq!(proof.upload, Upload { chunk, ..Upload::default() });
    }
}

#[test]
fn a_header_that_contradicts_the_chain_s_cell_is_proved_by_the_cell() {
    let changes: [Change; 3] = [
        |header| header.inbox_cursor += 1,
        |header| header.inbox_hash = Hash::new([7; 32]),
        |header| header.withdrawals += 1,
    ];
    for change in changes {
        let (batch, proof) = proof_after(|batch| change(&mut batch.commit.header));
        assert_eq!(trace_of(&proof), (0, TraceFault::Chain));
        let mut tree = Tree::from_witness(&proof.upload.state).unwrap();
        assert_eq!(tree.root(), batch.commit.header.post_root);
        assert!(proof.upload.chunk.is_empty() && proof.upload.next.is_empty());
    }
}

#[test]
fn what_the_program_does_not_commit_needs_no_proof() {
    let changes: [(&str, Change); 8] = [
        ("version", |header| header.version += 1),
        ("vm_version", |header| header.vm_version += 1),
        ("chain_id", |header| header.chain_id = Hash::ZERO),
        ("number", |header| header.number += 1),
        ("prev_root", |header| header.prev_root = Hash::ZERO),
        ("first_height", |header| header.first_height += 1),
        ("chunk_count", |header| header.chunk_count += 1),
        ("data_root", |header| header.data_root = Hash::ZERO),
    ];
    for (field, change) in changes {
        let (before, mut batch) = second();
        change(&mut batch.commit.header);
        assert_eq!(proof(&before, &batch), Err(NoProof::NotCommitted { field }));
    }
}

/// Every single fault of a byte, as far as it is one, has a proof.
#[test]
fn every_changed_byte_of_the_data_is_proved() {
    let (before, batch) = second();
    let mut kinds = std::collections::BTreeSet::new();
    for chunk in 0..batch.chunks.len() {
        for at in (0..batch.chunks[chunk].len()).step_by(7) {
            let mut batch = batch.clone();
            batch.chunks[chunk][at] ^= 0x15;
            rehash(&mut batch);
            let proof = proof(&before, &batch);
            let proof = proof.unwrap_or_else(|error| panic!("chunk {chunk}, byte {at}: {error}"));
            kinds.insert(match proof.accusation {
                Accusation::Segment(_) => None,
                Accusation::Trace(trace) => Some(trace.fault as u8),
            });
        }
    }
    assert!(kinds.len() > 2, "{kinds:?}");
}

#[test]
fn an_honest_batch_has_no_proof() {
    let (before, batch) = second();
    let place = |chunk, bytes: &[u8]| Place { chunk, offset: last_offset(bytes) };
    let claims = |difference, place| Fault { batch: 2, height: 4, place, difference };
    let differences = [
        Difference::Chunk { reason: String::new() },
        Difference::Segment { reason: String::new() },
        Difference::Root { side: Side::Before, claimed: Hash::ZERO, computed: Hash::ZERO },
        Difference::Root { side: Side::After, claimed: Hash::ZERO, computed: Hash::ZERO },
    ];
    for (chunk, bytes) in (0..).zip(&batch.chunks) {
        for difference in &differences {
            let fault = claims(difference.clone(), Some(place(chunk, bytes)));
            assert_eq!(proof_of(&fault, &before, &batch), Err(NoProof::DoesNotHold));
        }
    }
    for field in ["post_root", "withdrawals"] {
        let (claimed, computed) = (String::new(), String::new());
        let fault = claims(Difference::Header { field, claimed, computed }, None);
        assert_eq!(proof_of(&fault, &before, &batch), Err(NoProof::DoesNotHold));
    }
    let nowhere = Place { chunk: 0, offset: 1 };
    let fault = claims(Difference::Segment { reason: String::new() }, Some(nowhere));
    assert_eq!(proof_of(&fault, &before, &batch), Err(NoProof::NotFound));
}

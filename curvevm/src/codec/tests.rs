//! Tests of the data codec.

use std::{vec, vec::Vec};

use proptest::prelude::*;

use super::{
    CHUNK_BYTES_MAX, CHUNK_BYTES_MIN, CodecError, decode_batch, decode_chunk, decode_segment,
    encode_batch,
};
use crate::{
    block::{BlockBody, Segment, Step},
    test_support::{any_transaction, deposits},
    types::Hash,
};

fn traces(blocks: &[BlockBody], chunk_bytes_max: usize) -> Vec<Vec<Step>> {
    let step = Step { pre_root: Hash::ZERO, post_root: Hash::ZERO };
    blocks.iter().map(|block| vec![step; block.segments(chunk_bytes_max).len()]).collect()
}

fn any_blocks() -> impl Strategy<Value = Vec<BlockBody>> {
    let block = (1u64..5_000, prop::collection::vec(any_transaction(), 0..24), 0u8..20);
    (1u64..1 << 40, prop::collection::vec(block, 1..5)).prop_map(|(first, blocks)| {
        (first..)
            .zip(blocks)
            .map(|(height, (time_ms, transactions, messages))| BlockBody {
                height,
                time_ms,
                messages: deposits(0..messages, 3, 77),
                transactions,
            })
            .collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Invariant 1, and each leaf's place, at both ends of the allowed chunk lengths.
    #[test]
    fn batches_round_trip(blocks in any_blocks(), longest in any::<bool>()) {
        let bytes_max = if longest { CHUNK_BYTES_MAX } else { CHUNK_BYTES_MIN };
        let data = encode_batch(&blocks, &traces(&blocks, bytes_max), bytes_max).unwrap();
        prop_assert!(data.chunks.iter().all(|chunk| chunk.len() <= bytes_max));
        prop_assert_eq!(decode_batch(&data.chunks).unwrap(), blocks.as_slice());
        let segments: Vec<(u64, Segment)> = blocks
            .iter()
            .flat_map(|block| block.segments(bytes_max).into_iter().map(|segment| (block.height, segment)))
            .collect();
        prop_assert_eq!(segments.len(), data.leaves.len());
        for (leaf, (height, segment)) in data.leaves.iter().zip(segments) {
            prop_assert_eq!(leaf.height, height);
            let decoded = decode_segment(&data.chunks[leaf.chunk as usize], leaf.offset).unwrap();
            prop_assert_eq!(decoded, segment);
        }
    }

    /// Invariant 3.
    #[test]
    fn changed_and_cut_chunks_never_panic(blocks in any_blocks(), at in any::<prop::sample::Index>(), flip in 1u8..) {
        let data = encode_batch(&blocks, &traces(&blocks, CHUNK_BYTES_MAX), CHUNK_BYTES_MAX).unwrap();
        let mut chunk = data.chunks[0].clone();
        let at = at.index(chunk.len());
        let _ = decode_chunk(&chunk[..at]);
        chunk[at] ^= flip;
        let _ = decode_chunk(&chunk);
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = decode_chunk(&bytes);
        let mut chunk = vec![1, 5, 1];
        chunk.extend([3; 32]);
        chunk.extend(bytes);
        let _ = decode_chunk(&chunk);
    }
}

#[test]
fn errors_are_told_apart() {
    assert_eq!(decode_chunk(&[]), Err(CodecError::Malformed));
    assert_eq!(decode_chunk(&[2, 0, 0]), Err(CodecError::UnknownVersion));
    assert_eq!(decode_chunk(&[1; CHUNK_BYTES_MAX + 1]), Err(CodecError::TooLong));
    assert_eq!(decode_chunk(&[1, 0, 0, 9]), Err(CodecError::Malformed));
    assert_eq!(decode_segment(&[1, 0, 0, 0, 5], 4), Err(CodecError::NoSegment));
    assert_eq!(decode_segment(&[1, 0, 0, 0, 5], 3), Ok(Segment::Begin { height: 1, time_ms: 5 }));
    // A key index past the dictionary, a dictionary past the chunk.
    assert_eq!(decode_chunk(&[1, 0, 0, 2, 1, 1, 0]), Err(CodecError::Malformed));
    assert_eq!(decode_chunk(&[1, 0, 0xff, 0xff, 3]), Err(CodecError::Malformed));
    assert_eq!(decode_batch(&[[1u8, 0, 0, 1, 0]]), Err(CodecError::Malformed));
    assert_eq!(decode_batch(&vec![[1u8, 0, 0]; 257]), Err(CodecError::TooManyChunks));
}

#[test]
fn a_trace_that_does_not_fit_is_refused() {
    let blocks = [BlockBody { height: 1, time_ms: 2, messages: vec![], transactions: vec![] }];
    assert_eq!(encode_batch(&blocks, &[], 900), Err(CodecError::TraceMismatch));
    assert_eq!(encode_batch(&blocks, &[vec![]], 900), Err(CodecError::TraceMismatch));
    assert_eq!(encode_batch(&blocks, &traces(&blocks, 4), 4), Err(CodecError::TooLong));
}

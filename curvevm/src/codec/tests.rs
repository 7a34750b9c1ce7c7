//! Tests of the data codec.

use std::{vec, vec::Vec};

use proptest::prelude::*;

use super::{
    CHUNK_BYTES_MAX, CHUNK_BYTES_MIN, CodecError, decode_batch, decode_chunk, decode_segment,
    encode_batch,
};
use crate::{
    block::{BlockBody, Segment, Step, cut::by_length as trace},
    module::{PIECES_MAX, Piece, PieceKind, Rounding},
    program::Instruction,
    test_support::{any_transaction, deposits, pump_module, signed},
    tx::{CHUNK_OVERHEAD_MAX, Transaction},
    types::{Base, Hash, Quote},
};

fn traces(blocks: &[BlockBody], chunk_bytes_max: usize) -> Vec<Vec<Step>> {
    blocks.iter().map(|block| trace(block, chunk_bytes_max)).collect()
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
        let mut segments = vec![];
        for block in &blocks {
            for segment in block.segments(&trace(block, bytes_max)).unwrap() {
                segments.push((block.height, segment));
            }
        }
        prop_assert_eq!(segments.len(), data.leaves.len());
        for (leaf, (height, segment)) in data.leaves.iter().zip(segments) {
            prop_assert_eq!(leaf.height, height);
            let decoded = decode_segment(&data.chunks[leaf.chunk as usize], leaf.offset).unwrap();
            prop_assert_eq!(decoded, segment);
        }
    }

    /// What [`Transaction::admit`] counts on: whatever the height and the expiry, a transaction as a chunk of its own is longer by
    /// less than the overhead.
    #[test]
    fn a_transaction_fits_a_chunk_with_its_overhead(transaction in any_transaction(), height in any::<u64>()) {
        let longest = transaction.encode().len() + CHUNK_OVERHEAD_MAX;
        let blocks = [BlockBody { height, time_ms: 1, messages: vec![], transactions: vec![transaction] }];
        // The block's beginning is in the chunk before it.
        let data = encode_batch(&blocks, &traces(&blocks, longest), longest).unwrap();
        prop_assert!(data.chunks.iter().all(|chunk| chunk.len() <= longest));
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

/// A publication that is longer than a segment may grow, between ordinary transactions.
#[test]
fn a_long_transaction_is_a_segment_of_its_own() {
    let piece = |at: u64| Piece {
        end: Base::new(at + 1),
        kind: PieceKind::Linear { start: u128::MAX, slope: 1, rounding: Rounding::Ceiling },
    };
    let mut module = pump_module();
    module.pieces = (0..PIECES_MAX as u64).map(piece).collect();
    let publish =
        |seed| signed(seed, 0, vec![Instruction::PublishModule(module.clone())], &Hash::ZERO);
    let pay = |seed| {
        let amount = crate::program::Amount::Quote(crate::types::AssetId::SOL, Quote::new(1));
        let to = crate::test_support::address(9);
        signed(seed, 1, vec![Instruction::Transfer { to, amount }], &Hash::ZERO)
    };
    let long = publish(1);
    assert!(long.encode().len() > super::SEGMENT_BYTES_MAX);
    assert!(long.admit(&Hash::ZERO, CHUNK_BYTES_MAX).is_ok());
    let transactions = vec![pay(1), pay(2), long, publish(2), pay(3), pay(4)];
    let block = BlockBody { height: 1, time_ms: 2, messages: vec![], transactions };
    let lengths: Vec<usize> = block
        .segments(&trace(&block, CHUNK_BYTES_MAX))
        .unwrap()
        .iter()
        .filter_map(|segment| match segment {
            Segment::Transactions(transactions) => Some(transactions.len()),
            Segment::Begin { .. } | Segment::Messages(_) => None,
        })
        .collect();
    assert_eq!(lengths, [2, 1, 1, 2]);
    let blocks = [block];
    let data = encode_batch(&blocks, &traces(&blocks, CHUNK_BYTES_MAX), CHUNK_BYTES_MAX).unwrap();
    assert_eq!(decode_batch(&data.chunks).unwrap(), blocks);
}

/// Segments grow to their length where chunks are long, and to the chunk's where they are short.
#[test]
fn a_segment_is_never_longer_than_a_chunk() {
    let transactions: Vec<Transaction> = (0..40)
        .map(|seed| {
            signed(
                seed,
                0,
                vec![Instruction::Revoke { session: crate::types::Address::new([seed; 32]) }],
                &Hash::ZERO,
            )
        })
        .collect();
    let block = BlockBody { height: 1, time_ms: 2, messages: vec![], transactions };
    let count = |bytes_max| trace(&block, bytes_max).len();
    assert!(count(CHUNK_BYTES_MIN) > count(CHUNK_BYTES_MAX));
    assert_eq!(count(super::SEGMENT_BYTES_MAX), count(CHUNK_BYTES_MAX));
    for bytes_max in [CHUNK_BYTES_MIN, 1_000, CHUNK_BYTES_MAX] {
        let blocks = [block.clone()];
        let data = encode_batch(&blocks, &traces(&blocks, bytes_max), bytes_max).unwrap();
        assert!(data.chunks.iter().all(|chunk| chunk.len() <= bytes_max));
    }
}

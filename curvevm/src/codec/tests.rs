//! Tests of the data codec.

use std::{vec, vec::Vec};

use proptest::prelude::*;

use super::{
    CHUNK_BYTES_MAX, CHUNK_BYTES_MIN, CHUNK_VERSION, CodecError, KIND_BITS, MESSAGES, Placed,
    TRANSACTIONS, Tip, chunk_tips, decode_batch, decode_chunk, decode_segment, encode_batch,
    writer::op,
};
use crate::{
    block::{Begin, BlockBody, Content, Step, cut::by_length as trace},
    host::sha256,
    inbox::{FORCED_BYTES_MAX, InboxMessage, MessageKind},
    meter::SEGMENT_BEGINS_MAX,
    module::{PIECES_MAX, Piece, PieceKind, Rounding},
    program::{Instruction, Launch},
    test_support::{address, any_transaction, deposits, pump_module, sign, signed},
    tx::{Body, CHUNK_OVERHEAD_MAX, TX_BYTES_MAX, Transaction, bytes_max},
    types::{AssetId, Base, CurveId, Hash, Quote, Shares},
};

const TIP: Tip = Tip { height: 0, time_ms: 1, root: Hash::ZERO };

/// The traces of the blocks, with roots that are all different.
fn traces(blocks: &[BlockBody], chunk_bytes_max: usize) -> Vec<Vec<Step>> {
    let mut traces: Vec<_> = blocks.iter().map(|block| trace(block, chunk_bytes_max)).collect();
    for (at, step) in (0u64..).zip(traces.iter_mut().flatten()) {
        step.post_root = sha256(&[&at.to_le_bytes()]);
    }
    traces
}

fn encode(tip: &Tip, blocks: &[BlockBody], chunk_bytes_max: usize) -> Vec<Vec<u8>> {
    encode_batch(tip, blocks, &traces(blocks, chunk_bytes_max), chunk_bytes_max).unwrap()
}

fn decode(chunks: &[Vec<u8>]) -> Vec<Placed> {
    chunks.iter().flat_map(|chunk| decode_chunk(chunk).unwrap()).collect()
}

fn empty(height: u64, time_ms: u64) -> BlockBody {
    BlockBody { height, time_ms, messages: vec![], transactions: vec![] }
}

/// A tip of any length, and blocks after it; many have no content.
fn any_blocks() -> impl Strategy<Value = (Tip, Vec<BlockBody>)> {
    let block = (0u64..5_000, prop::collection::vec(any_transaction(), 0..24), 0u8..20);
    let block = (block, 0u8..3).prop_map(|((time, transactions, messages), content)| {
        if content > 0 { (time, transactions, messages) } else { (time, vec![], 0) }
    });
    let tip = (0u32..40, 0u32..24, any::<u64>(), any::<u64>());
    (tip, prop::collection::vec(block, 1..40)).prop_map(|((height, time, low, late), blocks)| {
        let room = u64::MAX - 1_000_000;
        let (height, time_ms) = ((low >> height).min(room), (late >> time).min(room));
        let tip = Tip { height, time_ms, root: sha256(&[b"tip"]) };
        let (mut height, mut time_ms) = (height, time_ms);
        let blocks = blocks.into_iter().map(|(time, transactions, messages)| {
            (height, time_ms) = (height + 1, time_ms + time);
            BlockBody { height, time_ms, messages: mixed(messages), transactions }
        });
        (tip, blocks.collect())
    })
}

/// Messages of every kind and length.
fn mixed(count: u8) -> Vec<InboxMessage> {
    let mut messages = deposits(0..count, 3, 77);
    for (at, message) in (0usize..).zip(&mut messages) {
        match at % 3 {
            0 => {}
            1 => {
                let (curve, amount) = (CurveId::new([at as u8; 32]), Base::MAX);
                let recipient = address(3);
                message.kind = MessageKind::DepositBase { curve, amount, recipient };
            }
            _ => {
                let length = if at == 5 { FORCED_BYTES_MAX } else { at * 11 };
                let bytes = vec![at as u8; length];
                message.kind = MessageKind::Transaction { bytes };
            }
        }
    }
    messages
}

/// How many segments the blocks have in their data.
fn segment_count(blocks: &[BlockBody], chunk_bytes_max: usize) -> usize {
    let is_empty = |block: &BlockBody| block.messages.is_empty() && block.transactions.is_empty();
    let runs = blocks.chunk_by(|left, right| is_empty(left) && is_empty(right));
    runs.map(|run| match run {
        [block] => trace(block, chunk_bytes_max).len(),
        run => run.len().div_ceil(SEGMENT_BEGINS_MAX),
    })
    .sum()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Invariants 1, 4 and 5, and each segment's place, at both ends of the allowed chunk lengths.
    #[test]
    fn batches_round_trip((tip, blocks) in any_blocks(), longest in any::<bool>()) {
        let bytes_max = if longest { CHUNK_BYTES_MAX } else { CHUNK_BYTES_MIN };
        let chunks = encode(&tip, &blocks, bytes_max);
        prop_assert!(chunks.iter().all(|chunk| chunk.len() <= bytes_max));
        prop_assert_eq!(decode_batch(&chunks).unwrap(), blocks.as_slice());
        let segments = decode(&chunks);
        prop_assert_eq!(segments.len(), segment_count(&blocks, bytes_max));
        let (mut at, mut begun) = (tip, 0);
        for placed in &segments {
            prop_assert_eq!((placed.height, placed.time_ms, placed.pre_root), (at.height, at.time_ms, at.root));
            prop_assert!(placed.segment.is_well_formed());
            begun += placed.segment.begins.len();
            let Begin { height, time_ms } = placed.segment.begins.last().copied()
                .unwrap_or(Begin { height: at.height, time_ms: at.time_ms });
            at = Tip { height, time_ms, root: placed.post_root };
        }
        prop_assert_eq!(begun, blocks.len());
        // The roots are those of the trace, but for the blocks without content that share a segment.
        let roots: Vec<Hash> = traces(&blocks, bytes_max).iter().flatten().map(|step| step.post_root).collect();
        prop_assert_eq!(Some(&at.root), roots.last());
        let mut left = roots.iter();
        prop_assert!(segments.iter().all(|placed| left.any(|root| *root == placed.post_root)));
    }

    #[test]
    fn segments_are_found_by_their_offsets((tip, blocks) in any_blocks()) {
        for chunk in &encode(&tip, &blocks, CHUNK_BYTES_MAX) {
            let segments = decode_chunk(chunk).unwrap();
            for placed in &segments {
                prop_assert_eq!(&decode_segment(chunk, placed.offset).unwrap(), placed);
                prop_assert_eq!(decode_segment(chunk, placed.offset + 1), Err(CodecError::NoSegment));
            }
            let (first, last) = (&segments[0], segments.last().unwrap());
            let (before, after) = chunk_tips(chunk).unwrap();
            prop_assert_eq!((before.root, before.height, before.time_ms), (first.pre_root, first.height, first.time_ms));
            let begin = Begin { height: last.height, time_ms: last.time_ms };
            let Begin { height, time_ms } = last.segment.begins.last().copied().unwrap_or(begin);
            prop_assert_eq!(after, Tip { height, time_ms, root: last.post_root });
        }
    }

    /// What [`Transaction::admit`] counts on: whatever the height, the time and the expiry, a transaction as a chunk of its own, with its
    /// block's beginning, is longer by no more than the overhead.
    #[test]
    fn a_transaction_fits_a_chunk_with_its_overhead(transaction in any_transaction(), (tip, _) in any_blocks(), time in 0u64..1_000_000) {
        let longest = transaction.encode().len() + CHUNK_OVERHEAD_MAX;
        let block = BlockBody { transactions: vec![transaction], ..empty(tip.height + 1, tip.time_ms + time) };
        prop_assert_eq!(encode(&tip, &[block], longest).len(), 1);
    }

    /// Invariant 3.
    #[test]
    fn changed_and_cut_chunks_never_panic((tip, blocks) in any_blocks(), at in any::<prop::sample::Index>(), flip in 1u8..) {
        let mut chunk = encode(&tip, &blocks, CHUNK_BYTES_MAX).remove(0);
        let at = at.index(chunk.len());
        let _ = (decode_chunk(&chunk[..at]), chunk_tips(&chunk[..at]));
        chunk[at] ^= flip;
        let _ = (decode_chunk(&chunk), chunk_tips(&chunk), decode_batch(&[chunk]));
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = (decode_chunk(&bytes), chunk_tips(&bytes));
        let chunk = chunk(&[5, 7, 1], &[&[3; 32], &bytes[..]].concat());
        let _ = (decode_chunk(&chunk), chunk_tips(&chunk));
    }
}

/// A chunk after a root, with these numbers in its head and this behind them.
fn chunk(numbers: &[u8], rest: &[u8]) -> Vec<u8> {
    [&[1][..], &[9; 32], numbers, rest].concat()
}

/// A chunk after height 5 and time 7, without keys.
fn body(segments: &[&[u8]]) -> Vec<u8> {
    chunk(&[5, 7, 0], &segments.concat())
}

/// The root after a segment.
const ROOT: &[u8] = &[4; 32];
/// Where the first segment of [`body`] starts.
const FIRST: u32 = 36;

#[test]
fn a_segment_is_read_with_its_place() {
    let chunk = body(&[&[0x08, 3, 0], ROOT]);
    let begins = vec![Begin { height: 6, time_ms: 10 }, Begin { height: 7, time_ms: 10 }];
    let placed = Placed {
        offset: FIRST,
        height: 5,
        time_ms: 7,
        pre_root: Hash::new([9; 32]),
        post_root: Hash::new([4; 32]),
        segment: crate::block::Segment { begins, content: Content::Nothing },
    };
    assert_eq!(decode_segment(&chunk, FIRST), Ok(placed.clone()));
    assert_eq!(decode_chunk(&chunk), Ok(vec![placed]));
    for offset in [0, FIRST - 1, FIRST + 1, FIRST + 35, u32::MAX] {
        assert_eq!(decode_segment(&chunk, offset), Err(CodecError::NoSegment));
    }
}

#[test]
fn errors_are_told_apart() {
    assert_eq!(decode_chunk(&[]), Err(CodecError::Malformed));
    assert_eq!(decode_chunk(&[2, 0, 0]), Err(CodecError::UnknownVersion));
    assert_eq!(decode_chunk(&[1; CHUNK_BYTES_MAX + 1]), Err(CodecError::TooLong));
    // A key index past the dictionary, a dictionary past the chunk.
    assert_eq!(decode_chunk(&body(&[&[2, 1, 1, 0], ROOT])), Err(CodecError::Malformed));
    assert_eq!(decode_chunk(&chunk(&[0, 0], &[0xff, 0xff, 3])), Err(CodecError::Malformed));
    // The first segment continues a block that is not there.
    let message = borsh::to_vec(&deposits(0..1, 0, 1)[0]).unwrap();
    let alone = body(&[&[1, 1], &message, ROOT]);
    assert!(decode_chunk(&alone).is_ok());
    assert_eq!(decode_batch(&[alone]), Err(CodecError::Malformed));
    let good = body(&[&[4, 1], ROOT]);
    assert_eq!(decode_batch(&vec![good; 257]), Err(CodecError::TooManyChunks));
    for cut in 0..FIRST as usize {
        let good = body(&[&[4, 1], ROOT]);
        assert_eq!(chunk_tips(&good[..cut]), Err(CodecError::Malformed), "{cut}");
    }
}

/// Every form that a segment may not have, beside one that it may.
#[test]
fn lists_longer_than_a_segment_may_have_are_refused() {
    // Version, root, height, time, one key.
    let head = [&[CHUNK_VERSION][..], &[0; 32], &[0, 0, 1], &[7; 32]].concat();
    let transaction = |instructions: u8| {
        let program = [op::REVOKE, 0].repeat(usize::from(instructions));
        [&[instructions, 0, 0][..], &program, &[5; 64]].concat()
    };
    let deposit = [&[0; 16][..], &[0; 1 + 32 + 8 + 32]].concat();
    let list = |kind, item: &[u8], count: u8| {
        [&[kind, count][..], &item.repeat(usize::from(count)), &[9; 32]].concat()
    };
    let begins =
        |count: u8| [&[count << KIND_BITS][..], &vec![1; usize::from(count)], &[9; 32]].concat();
    for (count, valid) in [(8, true), (9, false), (15, false)] {
        for segment in [
            list(TRANSACTIONS, &transaction(1), count),
            list(TRANSACTIONS, &transaction(count), 1),
            list(MESSAGES, &deposit, count),
            begins(count),
        ] {
            let decoded = decode_chunk(&[&head[..], &segment].concat());
            assert_eq!(decoded.map(|segments| segments.len()).ok(), valid.then_some(1), "{count}");
        }
    }
}

#[test]
fn malformed_segments_are_refused() {
    let message = borsh::to_vec(&deposits(0..1, 0, 1)[0]).unwrap();
    let transaction = [&[1, 0, 0, 14, 0], &[7; 64][..]].concat();
    let with_key =
        |segment: &[&[u8]]| chunk(&[5, 7, 1], &[&[3; 32], &segment.concat()[..]].concat());
    let messages = |head: u8, count: u8, times: &[u8]| {
        let items = message.repeat(usize::from(count));
        body(&[&[head], times, &[count], &items, ROOT])
    };
    let transactions = |head: u8, count: u8, times: &[u8]| {
        let items = transaction.repeat(usize::from(count));
        with_key(&[&[head], times, &[count], &items, ROOT])
    };
    let late = |difference: u8| {
        let numbers = [&[5][..], &[0xff; 9], &[1, 0]].concat();
        chunk(&numbers, &[&[4, difference], ROOT].concat())
    };
    let high = |begins: u8| {
        let numbers = [&[0xfe][..], &[0xff; 8], &[1, 7, 0]].concat();
        chunk(&numbers, &[&[begins << 2][..], &[1; 2][..usize::from(begins)], ROOT].concat())
    };
    let cases = [
        ("no segment", body(&[&[4, 1], ROOT]), body(&[])),
        ("nothing at all", body(&[&[4, 1], ROOT]), body(&[&[0], ROOT])),
        ("no such content", body(&[&[4, 1], ROOT]), body(&[&[4 | 3, 1], ROOT])),
        ("nine blocks", body(&[&[32], &[1; 8], ROOT]), body(&[&[36], &[1; 9], ROOT])),
        ("63 blocks", body(&[&[32], &[1; 8], ROOT]), body(&[&[252], &[1; 63], ROOT])),
        ("no messages", messages(1, 1, &[]), messages(1, 0, &[])),
        ("a block without messages", messages(5, 1, &[1]), messages(5, 0, &[1])),
        ("two blocks with messages", messages(5, 1, &[1]), messages(9, 1, &[1, 1])),
        ("no transactions", transactions(2, 1, &[]), transactions(2, 0, &[])),
        ("a block without transactions", transactions(6, 1, &[1]), transactions(6, 0, &[1])),
        ("two blocks with transactions", transactions(6, 1, &[1]), transactions(10, 1, &[1, 1])),
        ("a root cut short", body(&[&[4, 1], ROOT]), body(&[&[4, 1], &ROOT[..31]])),
        ("no root", body(&[&[4, 1], ROOT]), body(&[&[4, 1]])),
        ("a block without a time", body(&[&[8, 1, 1], ROOT]), body(&[&[8, 1], ROOT])),
        ("a byte behind", body(&[&[4, 1], ROOT]), body(&[&[4, 1], ROOT, &[4]])),
        ("past the end of time", late(0), late(1)),
        ("past the last height", high(1), high(2)),
    ];
    for (name, good, bad) in cases {
        assert!(decode_chunk(&good).is_ok(), "{name}: {:?}", decode_chunk(&good));
        assert_eq!(decode_chunk(&bad), Err(CodecError::Malformed), "{name}");
        assert_eq!(decode_batch(&[&bad]), Err(CodecError::Malformed), "{name}");
        assert_eq!(decode_segment(&bad, u32::MAX), Err(CodecError::Malformed), "{name}");
    }
}

#[test]
fn empty_blocks_share_segments_of_eight() {
    let blocks: Vec<BlockBody> = (1..=20).map(|height| empty(height, 1 + height)).collect();
    let full = |range: core::ops::Range<u64>| -> Vec<BlockBody> {
        let messages = deposits(0..1, 0, 1);
        range.map(|at| BlockBody { messages: messages.clone(), ..empty(at, 1 + at) }).collect()
    };
    let shape = |blocks: &[BlockBody]| -> Vec<usize> {
        let chunks = encode(&TIP, blocks, CHUNK_BYTES_MAX);
        assert_eq!(decode_batch(&chunks).unwrap(), blocks);
        decode(&chunks).iter().map(|placed| placed.segment.begins.len()).collect()
    };
    assert_eq!(shape(&blocks), [8, 8, 4]);
    assert_eq!(shape(&blocks[..8]), [8]);
    assert_eq!(shape(&[&blocks[..2], &full(3..5), &blocks[4..7]].concat()), [2, 1, 1, 3]);
    let chunks = encode(&TIP, &blocks[..8], CHUNK_BYTES_MAX);
    // Eight times, a head and a root behind the chunk's head.
    assert_eq!(chunks[0].len(), FIRST as usize + 1 + 8 + 32);
    let roots = traces(&blocks, CHUNK_BYTES_MAX);
    let placed = decode(&encode(&TIP, &blocks, CHUNK_BYTES_MAX));
    for (placed, last) in placed.iter().zip([7, 15, 19]) {
        assert_eq!(placed.post_root, roots[last][0].post_root);
    }
}

/// Two chunks of a batch, the second of which begins inside of a block.
fn two_chunks() -> Vec<Vec<u8>> {
    let block = BlockBody { messages: deposits(0..16, 0, 1), ..empty(1, 8) };
    let chunks = encode(&TIP, &[block], 900);
    assert_eq!(chunks.len(), 2);
    chunks
}

#[test]
fn chunks_that_do_not_continue_one_another_are_refused() {
    let good = two_chunks();
    assert_eq!(good[1][33..36], [1, 8, 0], "height 1, time 8, no keys");
    let edited = |at: usize, byte: u8| {
        let mut chunks = good.clone();
        chunks[1][at] = byte;
        assert!(decode_chunk(&chunks[1]).is_ok());
        decode_batch(&chunks)
    };
    assert!(edited(34, 8).is_ok());
    assert_eq!(edited(32, !good[1][32]), Err(CodecError::RootMismatch));
    assert_eq!(edited(33, 2), Err(CodecError::HeightMismatch));
    assert_eq!(edited(33, 0), Err(CodecError::HeightMismatch));
    assert_eq!(edited(34, 9), Err(CodecError::TimeMismatch));
    assert_eq!(edited(34, 7), Err(CodecError::TimeMismatch));
    let twice = [&good[0], &good[0]];
    assert_eq!(decode_batch(&twice), Err(CodecError::RootMismatch));
    let (_, end) = chunk_tips(&good[0]).unwrap();
    assert_eq!(chunk_tips(&good[1]).unwrap().0, end);
    assert_eq!(end, Tip { height: 1, time_ms: 8, ..end });
}

#[test]
fn a_trace_that_does_not_fit_is_refused() {
    let blocks = [empty(1, 2)];
    let encode = |tip: &Tip, blocks: &[BlockBody], traces: &[Vec<Step>], bytes_max| {
        encode_batch(tip, blocks, traces, bytes_max)
    };
    assert_eq!(encode(&TIP, &blocks, &[], 900), Err(CodecError::TraceMismatch));
    assert_eq!(encode(&TIP, &blocks, &[vec![]], 900), Err(CodecError::TraceMismatch));
    let traces = traces(&blocks, 900);
    assert!(encode(&TIP, &blocks, &traces, 70).is_ok());
    assert_eq!(encode(&TIP, &blocks, &traces, 69), Err(CodecError::TooLong));
    let wrong = Err(CodecError::HeightMismatch);
    assert_eq!(encode(&Tip { height: 1, ..TIP }, &blocks, &traces, 900), wrong);
    assert_eq!(encode(&Tip { height: u64::MAX, ..TIP }, &blocks, &traces, 900), wrong);
    let late = Tip { time_ms: 3, ..TIP };
    assert_eq!(encode(&late, &blocks, &traces, 900), Err(CodecError::TimeMismatch));
}

/// A tip and a time after it whose varints are as long as they can be.
const FAR: Tip = Tip { height: u64::MAX - 9, time_ms: 1 << 63, root: Hash::ZERO };
const LATE_MS: u64 = u64::MAX;

/// A transaction that grows by as much as any, when it is encoded.
fn growing() -> Transaction {
    let add = |at: u8| Instruction::AddLiquidity {
        curve: CurveId::new([at; 32]),
        quote: Quote::MAX,
        base_max: Base::MAX,
        shares_min: Shares::MAX,
    };
    let body = Body {
        version: 1,
        signer: address(1),
        session: Some(address(2)),
        nonce: u64::MAX,
        // Half of all heights away.
        expires_at: (1 << 63) - 9,
        program: (0..8).map(add).collect(),
    };
    sign(2, body, &Hash::ZERO)
}

/// A transaction of `bytes` bytes.
fn of_length(bytes: usize) -> Transaction {
    let launch = |name: usize| {
        let launch = Launch {
            module: Hash::new([1; 32]),
            quote_asset: AssetId::SOL,
            name: "n".repeat(name),
            symbol: "s".into(),
            salt: u64::MAX,
            first_buy: None,
        };
        signed(1, u64::MAX, vec![Instruction::Launch(launch)], &Hash::ZERO)
    };
    launch(bytes - launch(0).encode().len())
}

#[test]
fn the_overhead_is_what_the_worst_transaction_takes() {
    let transaction = growing();
    let longest = transaction.encode().len() + CHUNK_OVERHEAD_MAX;
    let block =
        |time_ms| BlockBody { transactions: vec![growing()], ..empty(FAR.height + 1, time_ms) };
    // A time that is far after a late one would be past the end: one of the two varints is shorter.
    assert_eq!(encode(&FAR, &[block(LATE_MS)], longest)[0].len(), longest - 1);
}

/// At both ends of the allowed chunk lengths, and at those between where one bound takes over from the other.
#[test]
fn the_longest_transaction_fits_a_chunk_with_its_beginning_and_root() {
    let middle = TX_BYTES_MAX + CHUNK_OVERHEAD_MAX;
    for chunk in [CHUNK_BYTES_MIN, middle - 1, middle, middle + 1, CHUNK_BYTES_MAX] {
        let longest = bytes_max(chunk);
        let transaction = of_length(longest);
        assert_eq!(transaction.encode().len(), longest);
        assert!(transaction.admit(&Hash::ZERO, chunk).is_ok());
        assert_eq!(
            of_length(longest + 1).admit(&Hash::ZERO, chunk),
            Err(crate::error::Error::Oversized)
        );
        let transactions = vec![transaction.clone(), transaction];
        let block = BlockBody { transactions, ..empty(FAR.height + 1, LATE_MS) };
        let chunks = encode(&FAR, &[block], chunk);
        assert_eq!(chunks.len(), 2);
        assert!(chunks.iter().all(|it| it.len() <= chunk));
    }
    assert!(growing().admit(&Hash::ZERO, CHUNK_BYTES_MIN).is_ok());
}

#[test]
fn the_most_messages_and_the_most_beginnings_fit_the_shortest_chunk() {
    let messages = deposits(0..8, 0, u64::MAX);
    let block = BlockBody { messages, ..empty(FAR.height + 1, LATE_MS) };
    assert_eq!(encode(&FAR, &[block], CHUNK_BYTES_MIN).len(), 1);
    let longest = InboxMessage {
        index: u64::MAX,
        slot: u64::MAX,
        kind: MessageKind::Transaction { bytes: vec![7; FORCED_BYTES_MAX] },
    };
    let block = BlockBody { messages: vec![longest], ..empty(FAR.height + 1, LATE_MS) };
    assert_eq!(encode(&FAR, &[block], CHUNK_BYTES_MIN).len(), 1);
    let tip = Tip { time_ms: 0, ..FAR };
    let blocks: Vec<BlockBody> = (1..=8).map(|at| empty(FAR.height + at, at << 60)).collect();
    assert_eq!(encode(&tip, &blocks, CHUNK_BYTES_MIN).len(), 1);
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
    let block = BlockBody { transactions, ..empty(1, 2) };
    let chunks = encode(&TIP, core::slice::from_ref(&block), CHUNK_BYTES_MAX);
    let length = |placed: &Placed| match &placed.segment.content {
        Content::Transactions(transactions) => transactions.len(),
        Content::Nothing | Content::Messages(_) => 0,
    };
    assert_eq!(decode(&chunks).iter().map(length).collect::<Vec<_>>(), [2, 1, 1, 2]);
    assert_eq!(decode_batch(&chunks).unwrap(), [block]);
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
    let block = BlockBody { transactions, ..empty(1, 2) };
    let count = |bytes_max| trace(&block, bytes_max).len();
    assert!(count(CHUNK_BYTES_MIN) > count(CHUNK_BYTES_MAX));
    assert_eq!(count(super::SEGMENT_BYTES_MAX), count(CHUNK_BYTES_MAX));
    for bytes_max in [CHUNK_BYTES_MIN, 1_000, CHUNK_BYTES_MAX] {
        let chunks = encode(&TIP, core::slice::from_ref(&block), bytes_max);
        assert!(chunks.iter().all(|chunk| chunk.len() <= bytes_max));
    }
}

//! Tests of execution and batches.

use std::sync::Arc;

use curvevm::{
    batch::chunk_hash,
    block::{BlockBody, MESSAGES_MAX, Step, execute_block},
    cell::Chain,
    codec::{CHUNK_BYTES_MAX, CHUNK_BYTES_MIN, Tip, chunk_tips, decode_batch, decode_chunk},
    inbox::{FORCED_BYTES_MAX, InboxMessage},
    merkle::{self, Proof},
    program::Instruction,
    tree::Tree,
    tx::{self, Transaction},
    types::{Base, CurveId, Hash, Quote, Shares},
};

use super::*;
use crate::testing::{GENESIS_MS, deposits, key, spec, transfer};

/// A block that credits ten owners and one of transfers between them.
fn blocks(spec: &ChainSpec) -> Vec<BlockBody> {
    let owners: Vec<_> = (1..=10).map(|number| key(number).address()).collect();
    let transfers = (1..=10u8)
        .map(|number| transfer(&spec.id, &key(number), 0, &key(number % 10 + 1).address(), 7))
        .collect();
    let body = |height, messages, transactions| BlockBody {
        height,
        time_ms: GENESIS_MS + height * 400,
        messages,
        transactions,
    };
    vec![
        body(1, deposits(0, &owners, 1_000), Vec::new()),
        body(2, Vec::new(), transfers),
        body(3, Vec::new(), Vec::new()),
        body(4, Vec::new(), Vec::new()),
    ]
}

/// The state before the first block.
fn tip(spec: &ChainSpec) -> Tip {
    Tip { height: 0, time_ms: GENESIS_MS, root: spec.genesis_root }
}

fn run(spec: &ChainSpec, tree: &mut Tree, body: BlockBody) -> ExecutedBlock {
    let ids = body.transactions.iter().map(|it| it.id(&spec.id)).collect();
    execute(tree, spec, body, ids).unwrap()
}

#[test]
fn execution_gives_what_the_virtual_machine_gives() {
    let spec = spec();
    let (mut ours, mut theirs) = (spec.genesis.tree().unwrap(), spec.genesis.tree().unwrap());
    for body in blocks(&spec) {
        let expected = execute_block(&mut theirs, &spec.id, spec.chunk_bytes_max(), &body).unwrap();
        let executed = run(&spec, &mut ours, body);
        assert_eq!(executed.receipts, expected.receipts);
        assert_eq!(executed.block.trace, expected.trace);
        assert_eq!(executed.post_root, expected.post_root);
    }
}

#[test]
fn the_changes_of_a_block_lead_to_its_root() {
    let spec = spec();
    let mut tree = spec.genesis.tree().unwrap();
    let mut replayed = spec.genesis.tree().unwrap();
    for body in blocks(&spec) {
        let executed = run(&spec, &mut tree, body);
        for change in &executed.changes {
            replayed.put(change.key, borsh::from_slice(&change.cell).unwrap()).unwrap();
        }
        assert_eq!(replayed.root(), executed.post_root);
        assert!(executed.changes.windows(2).all(|pair| pair[0].key < pair[1].key));
    }
}

#[test]
fn a_batch_closes_an_interval_after_its_first_content() {
    let spec = spec();
    let mut tree = spec.genesis.tree().unwrap();
    let mut open = OpenBatch::new(1, tip(&spec));
    let mut closed = Vec::new();
    // Content comes at 400 ms, and the interval is 1,000 ms: the block at 1,600 ms closes the batch.
    for body in blocks(&spec) {
        open.push(run(&spec, &mut tree, body).block);
        closed.push(open.is_closed(&spec));
    }
    assert_eq!(closed, vec![false, false, false, true]);
}

#[test]
fn a_batch_without_content_closes_by_its_number_of_blocks_only() {
    let spec = spec();
    let mut open = OpenBatch::new(1, tip(&spec));
    let empty = |height: u64| {
        let time_ms = GENESIS_MS + height * 10_000;
        BlockBody { height, time_ms, messages: Vec::new(), transactions: Vec::new() }
    };
    for height in 1..batch::BLOCKS_MAX as u64 {
        open.push(Arc::new(BatchBlock::new(empty(height), Vec::new())));
        assert!(!open.is_closed(&spec), "{height}");
    }
    open.push(Arc::new(BatchBlock::new(empty(batch::BLOCKS_MAX as u64), Vec::new())));
    assert!(open.is_closed(&spec));
}

#[test]
fn a_sealed_batch_holds_its_blocks_and_binds_the_roots() {
    let spec = spec();
    let mut tree = spec.genesis.tree().unwrap();
    let mut open = OpenBatch::new(1, tip(&spec));
    for body in blocks(&spec) {
        open.push(run(&spec, &mut tree, body).block);
    }
    let chain = curvevm::block::chain(&tree).unwrap();
    let sealed = open.seal(&spec, &chain, tree.root()).unwrap();
    assert_eq!(decode_batch(&sealed.chunks).unwrap(), blocks(&spec));
    let header = &sealed.header;
    assert_eq!((header.first_height, header.last_height), (1, 4));
    assert_eq!((header.prev_root, header.post_root), (spec.genesis_root, tree.root()));
    assert_eq!((header.inbox_cursor, header.withdrawals), (10, 0));
    assert_eq!(header.chunk_count as usize, sealed.chunks.len());
    // Two of messages, two of transactions, and one in which two blocks begin.
    let segments = sealed.chunks.iter().map(|chunk| decode_chunk(chunk).unwrap().len());
    assert_eq!(segments.sum::<usize>(), 5);
    let tips: Vec<_> = sealed.chunks.iter().map(|chunk| chunk_tips(chunk).unwrap()).collect();
    assert_eq!(tips[0].0, tip(&spec));
    assert_eq!(tips.last().unwrap().1, Tip::new(&chain, header.post_root));
    assert!(tips.windows(2).all(|pair| pair[0].1 == pair[1].0));
}

#[test]
fn each_chunk_is_proved_to_be_of_its_batch() {
    let mut genesis = crate::testing::genesis(1);
    genesis.params.chunk_bytes_max = u16::try_from(CHUNK_BYTES_MIN).unwrap();
    let spec = ChainSpec::new(genesis);
    let mut tree = spec.genesis.tree().unwrap();
    let mut open = OpenBatch::new(1, tip(&spec));
    for body in blocks(&spec) {
        open.push(run(&spec, &mut tree, body).block);
    }
    let chain = curvevm::block::chain(&tree).unwrap();
    let SealedBatch { header, chunks } = open.seal(&spec, &chain, tree.root()).unwrap();
    assert!(chunks.len() > 2);
    let hashes: Vec<Hash> = chunks.iter().map(|chunk| chunk_hash(chunk)).collect();
    for (index, hash) in (0..).zip(&hashes) {
        let path = merkle::path(&hashes, index as usize).unwrap();
        let proof = Proof { index, size: header.chunk_count, path: &path };
        assert!(merkle::verify(&header.data_root, hash.as_ref(), &proof));
        assert!(!merkle::verify(&header.data_root, spec.id.as_ref(), &proof));
    }
}

/// A block without content.
fn empty(height: u64) -> BatchBlock {
    let (messages, transactions) = (Vec::new(), Vec::new());
    let body = BlockBody { height, time_ms: height << 5, messages, transactions };
    BatchBlock::new(body, vec![Step { length: 0, post_root: Hash::ZERO }])
}

/// What a block is filled with.
#[derive(Clone, Debug)]
enum One {
    Transaction(Transaction),
    Message(InboxMessage),
}

/// A block of as many of one thing as fit, and at most `count`, each of which is a segment of its own. It is never executed.
fn fill(spec: &ChainSpec, height: u64, one: &One, count: usize) -> BatchBlock {
    let mut body = empty(height).body;
    let mut length = 0;
    loop {
        let mut next = body.clone();
        let most = match one {
            One::Transaction(one) => {
                next.transactions.push(one.clone());
                count
            }
            One::Message(one) => {
                next.messages.push(one.clone());
                count.min(MESSAGES_MAX)
            }
        };
        if content_bytes(&next) > spec.block_bytes_max() || length == most {
            break;
        }
        (body, length) = (next, length + 1);
    }
    assert!(length > 0);
    BatchBlock::new(body, vec![Step { length: 1, post_root: Hash::ZERO }; length])
}

/// Messages of every length that leaves much of a chunk open, and of none.
fn worst_messages(spec: &ChainSpec) -> Vec<InboxMessage> {
    let half = spec.chunk_bytes_max() / 2;
    let lengths = [0, 1, half - 110, half - 70, half - 60, half - 50, FORCED_BYTES_MAX];
    let message = |length: usize| {
        crate::testing::forced_bytes(u64::MAX, vec![1; length.min(FORCED_BYTES_MAX)])
    };
    let deposit = deposits(0, &[key(1).address()], 1);
    deposit.into_iter().chain(lengths.map(message)).collect()
}

/// Transactions that are much longer in a chunk than they are counted, or that leave much of a chunk open.
fn worst(spec: &ChainSpec) -> Vec<Transaction> {
    let add = Instruction::AddLiquidity {
        curve: CurveId::new([1; 32]),
        quote: Quote::MAX,
        base_max: Base::MAX,
        shares_min: Shares::MAX,
    };
    let sign = |program| {
        let mut one = crate::testing::transaction(&spec.id, &key(1), u64::MAX, program);
        one.body.expires_at = 1;
        one
    };
    let launch = |length: usize| {
        sign(vec![Instruction::Launch(curvevm::program::Launch {
            module: Hash::new([2; 32]),
            quote_asset: curvevm::types::AssetId::SOL,
            name: "n".repeat(length),
            symbol: String::new(),
            salt: u64::MAX,
            first_buy: None,
        })])
    };
    let base = launch(0).encode().len();
    let longest = tx::bytes_max(spec.chunk_bytes_max());
    let of_length = |length: usize| launch(length.min(longest) - base);
    let lengths = [longest, longest / 2, longest / 2 + 50, 1_208, 1_209, 1_210];
    let mut worst = vec![sign(vec![add.clone()]), sign(vec![add; 3])];
    worst.extend(lengths.map(of_length));
    worst
}

/// Whatever the blocks are: their data fits the chunks of a batch.
#[test]
fn a_batch_of_the_worst_blocks_fits_its_chunks() {
    let lengths = [CHUNK_BYTES_MIN, 850, 1_364, 1_365, 1_600, 2_650, 2_800, 3_696, CHUNK_BYTES_MAX];
    for (chunk, chunks) in lengths.into_iter().flat_map(|chunk| [(chunk, 10), (chunk, 33)]) {
        let mut genesis = crate::testing::genesis(1);
        genesis.params.chunk_bytes_max = u16::try_from(chunk).unwrap();
        genesis.params.batch_chunks_max = chunks;
        // A batch closes for its length.
        genesis.params.batch_interval_ms = u64::MAX;
        let spec = ChainSpec::new(genesis);
        assert_eq!(spec.violations(), Vec::<String>::new());
        let tip = Tip { height: 1 << 57, time_ms: 1 << 62, root: Hash::ZERO };
        let transactions = worst(&spec).into_iter().map(One::Transaction);
        for one in transactions.chain(worst_messages(&spec).into_iter().map(One::Message)) {
            let mut open = OpenBatch::new(1, tip);
            let mut height = tip.height;
            // As much as just does not close the batch, in short blocks with and without content, then a full block.
            for content in [true, false] {
                loop {
                    let mut next = open.clone();
                    if content {
                        next.push(Arc::new(fill(&spec, height + 1, &one, 1)));
                    }
                    next.push(Arc::new(empty(height + 1 + u64::from(content))));
                    if next.is_closed(&spec) {
                        break;
                    }
                    height += 1 + u64::from(content);
                    open = next;
                }
            }
            while !open.is_closed(&spec) {
                height += 1;
                open.push(Arc::new(fill(&spec, height, &one, usize::MAX)));
            }
            let chain = Chain { height, ..Chain::default() };
            let sealed = open.seal(&spec, &chain, Hash::ZERO);
            let length = match &one {
                One::Transaction(one) => one.encode().len(),
                One::Message(one) => borsh::object_length(one).unwrap(),
            };
            assert!(sealed.is_ok(), "{chunk} bytes, {chunks} chunks, of {length}: {sealed:?}");
        }
    }
}

#[test]
fn a_full_batch_of_the_longest_transactions_fits_its_chunks() {
    let mut genesis = crate::testing::genesis(1);
    genesis.params.chunk_bytes_max = 850;
    genesis.params.batch_chunks_max = 10;
    let spec = ChainSpec::new(genesis);
    assert_eq!(spec.violations(), Vec::<String>::new());
    let mut tree = spec.genesis.tree().unwrap();
    let owners: Vec<_> = (1..=8).map(|number| key(number).address()).collect();
    let first = BlockBody {
        height: 1,
        time_ms: GENESIS_MS + 1,
        messages: deposits(0, &owners, 1_000_000),
        transactions: Vec::new(),
    };
    let mut open = OpenBatch::new(1, tip(&spec));
    open.push(run(&spec, &mut tree, first).block);
    let mut nonce = 0;
    while !open.is_closed(&spec) {
        let height = u64::try_from(nonce).unwrap() + 2;
        // One transaction of eight transfers: about as long as a transaction gets.
        let transfers = owners.iter().skip(1).map(|to| curvevm::program::Instruction::Transfer {
            to: *to,
            amount: curvevm::program::Amount::Quote(
                curvevm::types::AssetId::SOL,
                curvevm::types::Quote::new(1),
            ),
        });
        let program = transfers.collect();
        let one = crate::testing::transaction(&spec.id, &key(1), nonce as u64, program);
        let body = BlockBody {
            height,
            time_ms: GENESIS_MS + height,
            messages: Vec::new(),
            transactions: vec![one],
        };
        open.push(run(&spec, &mut tree, body).block);
        nonce += 1;
    }
    let chain = curvevm::block::chain(&tree).unwrap();
    let sealed = open.seal(&spec, &chain, tree.root()).unwrap();
    assert!(sealed.chunks.len() <= 10, "{}", sealed.chunks.len());
}

//! Tests of execution and batches.

use std::sync::Arc;

use curvevm::{
    block::{BlockBody, execute_block},
    codec::decode_batch,
    tree::Tree,
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
    let mut open = OpenBatch::new(1, spec.genesis_root);
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
    let mut open = OpenBatch::new(1, spec.genesis_root);
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
    let mut open = OpenBatch::new(1, spec.genesis_root);
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
    // Begin of each block, two of messages, two of transactions.
    assert_eq!(header.segment_count, 8);
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
    let mut open = OpenBatch::new(1, spec.genesis_root);
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

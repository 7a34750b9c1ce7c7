//! Tests of blocks and their replay.

use std::{vec, vec::Vec};

use super::{
    Begin, BlockBody, BlockError, Content, Segment, Step, execute_block, replay_segment,
    segment_witness,
};
use crate::{
    cell::{Account, Cell, Chain, Curve, Holding, Withdrawal},
    codec::{CHUNK_BYTES_MAX, CHUNK_BYTES_MIN, Placed, Tip, decode_chunk, encode_batch},
    error::{Error, StateError},
    inbox::{InboxMessage, MessageKind},
    module::{Fees, Module, Piece, PieceKind},
    program::{Amount, BuyOrder, Instruction, Launch, SellOrder},
    receipt::{Event, Outcome, Receipt},
    test_support::{address, deposits, genesis, pump_module, signed},
    tree::Tree,
    tx::Transaction,
    types::{AssetId, Base, CurveId, Hash, Key, Quote, Signature},
};

const SOL: u64 = 1_000_000_000;
/// The chain's longest chunk.
const CHUNK: usize = 850;

/// A chain on which users 0 to 9 have deposited and user 0 has launched a curve, and a block of trades after it.
fn scene() -> (Tree, Hash, BlockBody) {
    let genesis = genesis();
    let chain_id = genesis.hash();
    let mut tree = genesis.tree().unwrap();
    let module = pump_module();
    let launch = Instruction::Launch(Launch {
        module: module.hash(),
        quote_asset: AssetId::SOL,
        name: "Test".into(),
        symbol: "TST".into(),
        salt: 1,
        first_buy: None,
    });
    let first = BlockBody {
        height: 1,
        time_ms: 2_000,
        messages: deposits(0..10, 0, 100 * SOL),
        transactions: vec![signed(
            0,
            0,
            vec![Instruction::PublishModule(module), launch],
            &chain_id,
        )],
    };
    let output = execute_block(&mut tree, &chain_id, CHUNK, &first).unwrap();
    assert_eq!(output.receipts.len(), 11);
    let succeeded = |it: &Receipt| matches!(it.outcome, Outcome::Succeeded(_));
    assert!(output.receipts.iter().all(succeeded), "{output:?}");
    (tree, chain_id, trades(&chain_id))
}

fn trades(chain_id: &Hash) -> BlockBody {
    let curve = CurveId::derive(&address(0), 1);
    let buy = |quote| Instruction::Buy {
        curve,
        referrer: None,
        order: BuyOrder::ExactIn { quote: Quote::new(quote), base_min: Base::ZERO },
    };
    let sell = |base| Instruction::Sell {
        curve,
        referrer: None,
        order: SellOrder::ExactIn { base: Base::new(base), quote_min: Quote::ZERO },
    };
    let mut transactions: Vec<Transaction> =
        (0..10).map(|user| signed(user, 7, vec![buy(SOL + u64::from(user))], chain_id)).collect();
    transactions.extend((0..10).map(|user| signed(user, 8, vec![sell(1_000_000_000)], chain_id)));
    // One that fails, and one withdrawal.
    let withdraw = |amount| Instruction::Withdraw {
        amount: Amount::Quote(AssetId::SOL, Quote::new(amount)),
        recipient: address(50),
    };
    transactions.push(signed(3, 9, vec![withdraw(1_000 * SOL)], chain_id));
    transactions.push(signed(4, 9, vec![withdraw(SOL)], chain_id));
    let mut messages = deposits(8..12, 10, SOL);
    // One that is credited in tokens, one that cannot be, and transactions that are forced in: a purchase, a withdrawal that fails,
    // one that comes again, and what is none.
    let tokens =
        |curve| MessageKind::DepositBase { curve, amount: Base::new(5), recipient: address(11) };
    let forced = |seed, program| MessageKind::Transaction {
        bytes: signed(seed, 30, program, chain_id).encode(),
    };
    let kinds = [
        tokens(curve),
        tokens(CurveId::new([9; 32])),
        forced(5, vec![buy(SOL), withdraw(7)]),
        forced(6, vec![withdraw(1_000 * SOL)]),
        forced(5, vec![buy(SOL), withdraw(7)]),
        MessageKind::Transaction { bytes: vec![1; 20] },
    ];
    messages.extend((14..).zip(kinds).map(|(index, kind)| InboxMessage { index, slot: 6, kind }));
    BlockBody { height: 2, time_ms: 3_000, messages, transactions }
}

/// The cells that a segment touches, told without executing it.
fn touched(segment: &Segment, chain: &Chain) -> Vec<Key> {
    let curve = CurveId::derive(&address(0), 1);
    let mut keys = vec![Chain::key()];
    match &segment.content {
        Content::Nothing => {}
        Content::Messages(_) => {
            keys.extend([8, 9, 10, 11, 5, 6].map(|user| Account::key(&address(user))));
            keys.extend([5, 11].map(|user| Holding::key(&curve, &address(user))));
            keys.extend([Curve::key(&curve), Curve::key(&CurveId::new([9; 32]))]);
            keys.extend([Module::key(&pump_module().hash()), Withdrawal::key(chain.withdrawals)]);
        }
        Content::Transactions(transactions) => {
            keys.extend([Curve::key(&curve), Module::key(&pump_module().hash())]);
            keys.push(Withdrawal::key(chain.withdrawals));
            for transaction in transactions {
                keys.push(Account::key(&transaction.body.signer));
                keys.push(Holding::key(&curve, &transaction.body.signer));
            }
        }
    }
    keys
}

/// The segments of blocks after a state, as they are in the data.
fn placed(tree: &Tree, blocks: &[BlockBody], traces: &[Vec<Step>]) -> Vec<Placed> {
    placed_in(tree, blocks, traces, CHUNK_BYTES_MAX)
}

/// The same, in chunks of a length.
fn placed_in(
    tree: &Tree,
    blocks: &[BlockBody],
    traces: &[Vec<Step>],
    chunk_bytes_max: usize,
) -> Vec<Placed> {
    let root = tree.clone().root();
    let tip = Tip::new(&super::chain(tree).unwrap(), root);
    let chunks = encode_batch(&tip, blocks, traces, chunk_bytes_max).unwrap();
    chunks.iter().flat_map(|chunk| decode_chunk(chunk).unwrap()).collect()
}

#[test]
fn each_segment_replays_from_a_witness_to_the_root_of_the_trace() {
    let (mut tree, chain_id, block) = scene();
    let output = execute_block(&mut tree.clone(), &chain_id, CHUNK, &block).unwrap();
    let segments = placed(&tree, &[block], core::slice::from_ref(&output.trace));
    assert_eq!(segments.len(), output.trace.len());
    assert!(segments.len() >= 4, "several segments of each kind");
    let mut receipts = vec![];
    for (placed, step) in segments.iter().zip(&output.trace) {
        assert_eq!(placed.post_root, step.post_root);
        let before = tree.root();
        let chain = super::chain(&tree).unwrap();
        let witness = tree.witness(&touched(&placed.segment, &chain)).unwrap();
        let mut pruned = Tree::from_witness(&witness).unwrap();
        assert_eq!((pruned.root(), placed.pre_root), (before, before));
        let replayed = replay_segment(&mut pruned, &chain_id, CHUNK, placed).unwrap();
        assert_eq!(replayed.post_root, step.post_root);
        let recorded = segment_witness(&tree, &chain_id, CHUNK, placed).unwrap();
        assert!(recorded.len() <= witness.len(), "nothing but what is touched");
        let mut pruned = Tree::from_witness(&recorded).unwrap();
        assert_eq!(replay_segment(&mut pruned, &chain_id, CHUNK, placed), Ok(replayed.clone()));
        assert_eq!(replay_segment(&mut tree, &chain_id, CHUNK, placed), Ok(replayed.clone()));
        receipts.extend(replayed.receipts);
    }
    assert_eq!(tree.root(), output.post_root);
    assert_eq!(receipts, output.receipts);
}

#[test]
fn an_invalid_segment_has_a_witness_that_shows_it() {
    let (tree, chain_id, block) = scene();
    let output = execute_block(&mut tree.clone(), &chain_id, CHUNK, &block).unwrap();
    let mut segments = placed(&tree, &[block], core::slice::from_ref(&output.trace));
    let mut before = tree;
    for placed in &mut segments {
        let good = placed.clone();
        if let Content::Transactions(transactions) = &mut placed.segment.content {
            let last = transactions.last_mut().unwrap();
            last.signature = Signature::new([1; 64]);
        } else if let Content::Messages(messages) = &mut placed.segment.content {
            messages.last_mut().unwrap().index += 1;
        }
        let whole = replay_segment(&mut before.clone(), &chain_id, CHUNK, placed).unwrap_err();
        let witness = segment_witness(&before, &chain_id, CHUNK, placed).unwrap();
        let mut pruned = Tree::from_witness(&witness).unwrap();
        assert_eq!(pruned.root(), placed.pre_root);
        assert_eq!(replay_segment(&mut pruned, &chain_id, CHUNK, placed), Err(whole));
        replay_segment(&mut before, &chain_id, CHUNK, &good).unwrap();
    }
}

#[test]
fn a_block_begins_in_the_segment_of_its_first_content() {
    let (tree, chain_id, block) = scene();
    let shape = |block: &BlockBody| {
        let trace = execute_block(&mut tree.clone(), &chain_id, CHUNK, block).unwrap().trace;
        let segments = block.segments(&trace).unwrap();
        let kind = |it: &Segment| match it.content {
            Content::Nothing => 'n',
            Content::Messages(_) => 'm',
            Content::Transactions(_) => 't',
        };
        assert!(segments.iter().all(Segment::is_well_formed));
        assert_eq!(segments[0].begins, [Begin { height: 2, time_ms: 3_000 }]);
        assert!(segments[1..].iter().all(|segment| segment.begins.is_empty()));
        (segments.iter().map(kind).collect::<std::string::String>(), trace[0].length)
    };
    let messages = BlockBody { transactions: vec![], ..block.clone() };
    let transactions = BlockBody { messages: vec![], ..block.clone() };
    let empty = BlockBody { messages: vec![], ..messages.clone() };
    assert_eq!(shape(&block).0.trim_end_matches('t'), "mmm");
    assert_eq!(shape(&messages), ("mmm".into(), 6));
    assert_eq!(shape(&transactions).0.replace('t', ""), "");
    assert_eq!(shape(&empty), ("n".into(), 0));
}

#[test]
fn what_a_segment_may_be() {
    let (_, _, block) = scene();
    let begin = Begin { height: 1, time_ms: 1 };
    let form = |begins, content| Segment { begins: vec![begin; begins], content }.is_well_formed();
    let messages = || Content::Messages(block.messages[..4].to_vec());
    let transactions = || Content::Transactions(block.transactions[..8].to_vec());
    let many = |count| Content::Transactions(vec![block.transactions[0].clone(); count]);
    assert!(form(1, many(8)) && !form(1, many(9)));
    let many = |count| Content::Messages(vec![block.messages[0].clone(); count]);
    assert!(form(1, many(8)) && !form(1, many(9)));
    for (begins, nothing, filled) in
        [(0, false, true), (1, true, true), (2, true, false), (8, true, false), (9, false, false)]
    {
        assert_eq!(form(begins, Content::Nothing), nothing, "{begins}");
        assert_eq!(form(begins, messages()), filled, "{begins}");
        assert_eq!(form(begins, transactions()), filled, "{begins}");
        assert!(!form(begins, Content::Messages(vec![])));
        assert!(!form(begins, Content::Transactions(vec![])));
    }
}

#[test]
fn empty_blocks_replay_in_one_segment() {
    let (tree, chain_id, _) = scene();
    let (mut after, mut blocks, mut traces) = (tree.clone(), vec![], vec![]);
    for (height, time_ms) in (2..).zip([2_001, 2_002, 90_000]) {
        let block = BlockBody { height, time_ms, messages: vec![], transactions: vec![] };
        traces.push(execute_block(&mut after, &chain_id, CHUNK, &block).unwrap().trace);
        blocks.push(block);
    }
    let segments = placed(&tree, &blocks, &traces);
    let [placed] = &segments[..] else { panic!("{segments:?}") };
    assert_eq!(placed.segment.begins.len(), 3);
    let replay = |placed: &Placed| replay_segment(&mut tree.clone(), &chain_id, CHUNK, placed);
    assert_eq!(replay(placed).unwrap().post_root, after.root());
    assert_eq!(placed.post_root, after.root());
    let edited = |edit: fn(&mut [Begin])| {
        let mut placed = placed.clone();
        edit(&mut placed.segment.begins);
        replay(&placed)
    };
    assert_eq!(edited(|begins| begins[1].time_ms = 2_001), Err(BlockError::Time));
    assert_eq!(edited(|begins| begins[0].time_ms = 2_000), Err(BlockError::Time));
    let skipped = Err(BlockError::Height { expected: 4, found: 5 });
    assert_eq!(edited(|begins| begins[2].height = 5), skipped);
}

/// Whether or not a block begins in the segment.
#[test]
fn what_a_chunk_says_of_the_state_before_is_checked() {
    let (mut tree, chain_id, block) = scene();
    let output = execute_block(&mut tree.clone(), &chain_id, CHUNK, &block).unwrap();
    for placed in placed(&tree, &[block], &[output.trace]) {
        let (height, time_ms) = (placed.height, placed.time_ms);
        for found in [height + 1, height - 1] {
            let wrong = Placed { height: found, ..placed.clone() };
            let expected = Err(BlockError::Height { expected: height, found });
            assert_eq!(replay_segment(&mut tree.clone(), &chain_id, CHUNK, &wrong), expected);
        }
        for time_ms in [time_ms + 1, time_ms - 1] {
            let wrong = Placed { time_ms, ..placed.clone() };
            let replayed = replay_segment(&mut tree.clone(), &chain_id, CHUNK, &wrong);
            assert_eq!(replayed, Err(BlockError::Time));
        }
        replay_segment(&mut tree, &chain_id, CHUNK, &placed).unwrap();
    }
}

/// A module of 60 pieces, which is dear to trade on.
fn dear() -> Module {
    let piece = |at: u64| Piece {
        end: Base::new(at * 1_000),
        kind: PieceKind::FixedPrice { quote: Quote::new(at), base: Base::new(1) },
    };
    let (pieces, fees) = ((1..=60).map(piece).collect(), Fees::none());
    Module { decimals: 0, supply: Base::new(120_000), pieces, fees, ..pump_module() }
}

/// A block on a state, and the next one with these transactions.
fn then(tree: &mut Tree, chain_id: &Hash, transactions: Vec<Transaction>) -> BlockBody {
    let chain = super::chain(tree).unwrap();
    let (height, time_ms) = (chain.height + 1, chain.time_ms + 1);
    let block = BlockBody { height, time_ms, messages: vec![], transactions };
    execute_block(tree, chain_id, CHUNK_BYTES_MAX, &block).unwrap();
    block
}

#[test]
fn a_segment_ends_where_the_next_transaction_would_cost_too_much() {
    let bytes_max = CHUNK_BYTES_MAX;
    let (mut tree, chain_id, _) = scene();
    let launch = Instruction::Launch(Launch {
        module: dear().hash(),
        quote_asset: AssetId::SOL,
        name: "Dear".into(),
        symbol: "D".into(),
        salt: 2,
        first_buy: None,
    });
    let publish = vec![Instruction::PublishModule(dear())];
    let first = [(20, publish), (21, vec![launch])];
    then(&mut tree, &chain_id, first.map(|(at, it)| signed(0, at, it, &chain_id)).to_vec());
    let order = BuyOrder::ExactOut { base: Base::new(5_000), quote_max: Quote::MAX };
    let curve = CurveId::derive(&address(0), 2);
    let buy = vec![Instruction::Buy { curve, referrer: None, order }];
    let buys = (0..8).map(|user| signed(user, 30, buy.clone(), &chain_id)).collect();
    let mut replay = tree.clone();
    let block = then(&mut tree, &chain_id, buys);
    let output = execute_block(&mut replay.clone(), &chain_id, bytes_max, &block).unwrap();
    assert!(output.receipts.iter().all(|it| matches!(it.outcome, Outcome::Succeeded(_))));
    assert!(output.trace.len() > super::cut::by_length(&block, bytes_max).len());
    let transactions = block.transactions.clone();
    let segments = placed(&replay, &[block], core::slice::from_ref(&output.trace));

    let mut from = 0;
    for (placed, step) in segments.iter().zip(&output.trace) {
        let to = from + usize::from(step.length);
        // Whoever cuts later is found out in the replay.
        if let Some(later) = transactions.get(from..=to) {
            let mut late = placed.clone();
            late.segment.content = Content::Transactions(later.to_vec());
            let full = Err(BlockError::SegmentFull { index: later.len() - 1 });
            assert_eq!(replay_segment(&mut replay.clone(), &chain_id, bytes_max, &late), full);
        }
        let replayed = replay_segment(&mut replay, &chain_id, bytes_max, placed).unwrap();
        assert_eq!(replayed.post_root, step.post_root);
        from = to;
    }
    assert_eq!(from, 8);
}

#[test]
fn a_trace_of_another_block_is_none_of_this_one() {
    let (mut tree, chain_id, block) = scene();
    let trace = execute_block(&mut tree, &chain_id, CHUNK, &block).unwrap().trace;
    assert!(block.segments(&trace).is_some());
    assert_eq!(block.segments(&[]), None);
    assert_eq!(block.segments(&trace[1..]), None);
    assert_eq!(block.segments(&trace[..trace.len() - 1]), None);
    let last = *trace.last().unwrap();
    assert_eq!(block.segments(&[trace.clone(), vec![last]].concat()), None);
    for length in [0, last.length + 1, u8::MAX] {
        let mut other = trace.clone();
        other.last_mut().unwrap().length = length;
        assert_eq!(block.segments(&other), None);
    }
    let empty = BlockBody { messages: vec![], transactions: vec![], ..block };
    assert_eq!(empty.segments(&trace[..1]), None);
    assert_eq!(empty.segments(&[]), None);
    let alone = Step { length: 0, ..last };
    assert!(empty.segments(&[alone]).is_some());
    assert_eq!(empty.segments(&[alone, alone]), None);
}

#[test]
fn receipts_say_what_happened() {
    let (mut tree, chain_id, block) = scene();
    let output = execute_block(&mut tree, &chain_id, CHUNK, &block).unwrap();
    let (messages, transactions) = output.receipts.split_at(block.messages.len());
    assert_eq!(transactions.len(), block.transactions.len());
    let failed = &transactions[20];
    let expected = Outcome::Failed { instruction: 0, error: Error::InsufficientBalance };
    assert_eq!(failed.outcome, expected);
    assert!(matches!(transactions[21].outcome, Outcome::Succeeded(_)));
    assert_eq!(failed.id, block.transactions[20].id(&chain_id));

    let hashes: Vec<Hash> = hashes(&block).collect();
    let deposited = |it: &Receipt| matches!(&it.outcome, Outcome::Succeeded(events) if matches!(events[..], [Event::Deposited { .. }]));
    assert!(messages[..5].iter().all(deposited));
    assert!(messages[..6].iter().zip(&hashes).all(|(receipt, hash)| receipt.id == *hash));
    let rejected = |error| Outcome::Rejected { error };
    assert_eq!(messages[5].outcome, rejected(Error::UnknownCurve));
    let id = |index: usize| match &block.messages[index].kind {
        MessageKind::Transaction { bytes } => Transaction::decode(bytes).unwrap().id(&chain_id),
        other => panic!("{other:?}"),
    };
    assert_eq!(messages[6].id, id(6));
    assert!(matches!(&messages[6].outcome, Outcome::Succeeded(events) if events.len() == 2));
    assert_eq!(messages[7], Receipt { id: id(7), outcome: expected });
    assert_eq!(messages[8], Receipt { id: id(6), outcome: rejected(Error::NonceUsed) });
    assert_eq!(messages[9], Receipt { id: hashes[9], outcome: rejected(Error::Malformed) });
}

/// The hashes of a block's messages, after those of the scene's first block.
fn hashes(block: &BlockBody) -> impl Iterator<Item = Hash> + '_ {
    let next = |hash: &Hash, message: &InboxMessage| message.chain(hash);
    let before = deposits(0..10, 0, 100 * SOL).iter().fold(Hash::ZERO, |hash, it| next(&hash, it));
    block.messages.iter().scan(before, move |hash, message| {
        *hash = next(hash, message);
        Some(*hash)
    })
}

/// A transaction that comes in a message and in the block: its nonce is used by whichever is first, and messages are.
#[test]
fn the_nonce_window_decides_between_a_message_and_a_block() {
    let (tree, chain_id, _) = scene();
    let pay = |nonce| {
        let amount = Amount::Quote(AssetId::SOL, Quote::new(1));
        let program = vec![Instruction::Transfer { to: address(2), amount }];
        signed(1, nonce, program, &chain_id)
    };
    let force = |index, transaction: &Transaction| {
        let kind = MessageKind::Transaction { bytes: transaction.encode() };
        InboxMessage { index, slot: 7, kind }
    };
    let body =
        |messages, transactions| BlockBody { height: 2, time_ms: 3_000, messages, transactions };
    let run = |tree: &Tree, body: &BlockBody| {
        let mut tree = tree.clone();
        let output = execute_block(&mut tree, &chain_id, CHUNK, body);
        output.map(|output| (tree, output))
    };
    // In the same block the message comes first, and the block may not hold the same nonce any more.
    let (one, other) = (pay(3), pay(4));
    let used = BlockError::Transaction { index: 1, error: Error::NonceUsed };
    let both = body(vec![force(10, &one)], vec![other.clone(), one.clone()]);
    assert_eq!(run(&tree, &both).unwrap_err(), used);
    let apart = body(vec![force(10, &one)], vec![other.clone()]);
    let (_, output) = run(&tree, &apart).unwrap();
    let ids: Vec<Hash> = output.receipts.iter().map(|receipt| receipt.id).collect();
    assert_eq!(ids, [one.id(&chain_id), other.id(&chain_id)]);
    assert!(output.receipts.iter().all(|it| matches!(it.outcome, Outcome::Succeeded(_))));
    // Executed before, in a block: the message is rejected, and the nonces around it are free.
    let (mut after, _) = run(&tree, &body(vec![], vec![one.clone()])).unwrap();
    let next = BlockBody { height: 3, time_ms: 3_001, ..body(vec![force(10, &one)], vec![other]) };
    let output = execute_block(&mut after, &chain_id, CHUNK, &next).unwrap();
    let rejected = Outcome::Rejected { error: Error::NonceUsed };
    assert_eq!(output.receipts[0], Receipt { id: one.id(&chain_id), outcome: rejected });
    assert!(matches!(output.receipts[1].outcome, Outcome::Succeeded(_)));
}

/// A message's effects on the chain's cell and those of the inbox itself are in one cell.
#[test]
fn a_forced_withdrawal_is_counted_beside_the_inbox() {
    let (mut tree, chain_id, block) = scene();
    let block = BlockBody { transactions: vec![], ..block };
    execute_block(&mut tree, &chain_id, CHUNK, &block).unwrap();
    let chain = super::chain(&tree).unwrap();
    assert_eq!((chain.inbox_cursor, chain.withdrawals, chain.height), (20, 1, 2));
    assert_eq!(Some(chain.inbox_hash), hashes(&block).last());
    assert!(matches!(tree.get(&Withdrawal::key(0)), Ok(Some(Cell::Withdrawal(_)))));
}

/// Messages are cut at their count, at their length, and where the meter says so.
#[test]
fn messages_are_cut_into_segments() {
    let (tree, chain_id, _) = scene();
    let bytes = |length| MessageKind::Transaction { bytes: vec![1; length] };
    let deposit = || deposits(1..2, 0, 1).remove(0).kind;
    let lengths = |kinds: Vec<MessageKind>, chunk| -> Vec<u8> {
        let numbered = (10..).zip(kinds);
        let messages =
            numbered.map(|(index, kind)| InboxMessage { index, slot: 1, kind }).collect();
        let body = BlockBody { height: 2, time_ms: 3_000, messages, transactions: vec![] };
        let mut after = tree.clone();
        let output = execute_block(&mut after, &chain_id, chunk, &body).unwrap();
        assert_eq!(output.receipts.len(), body.messages.len());
        let mut replay = tree.clone();
        let chunks = placed_in(&tree, &[body], core::slice::from_ref(&output.trace), chunk);
        for placed in &chunks {
            let replayed = replay_segment(&mut replay, &chain_id, chunk, placed).unwrap();
            assert_eq!(replayed.post_root, placed.post_root);
        }
        assert_eq!(replay.root(), output.post_root);
        output.trace.iter().map(|step| step.length).collect()
    };
    let (least, most) = (CHUNK_BYTES_MIN, CHUNK_BYTES_MAX);
    assert_eq!(lengths((0..20).map(|_| deposit()).collect(), least), [8, 8, 4]);
    assert_eq!(lengths((0..9).map(|_| bytes(0)).collect(), least), [8, 1]);
    // Two of the longest are not in a chunk of the shortest kind, nor in a segment of the longest.
    assert_eq!(lengths(vec![bytes(700), bytes(700), deposit()], least), [1, 1, 1]);
    assert_eq!(lengths(vec![bytes(700), bytes(700), deposit()], most), [1, 2]);
    assert_eq!(lengths(vec![bytes(500), deposit(), bytes(500)], most), [3]);
}

/// A purchase that crosses 60 pieces takes most of a segment: a second one is for the next.
#[test]
fn messages_are_cut_where_they_cost_too_much() {
    let (mut tree, chain_id, _) = scene();
    let launch = Instruction::Launch(Launch {
        module: dear().hash(),
        quote_asset: AssetId::SOL,
        name: "Dear".into(),
        symbol: "D".into(),
        salt: 2,
        first_buy: None,
    });
    let publish = vec![Instruction::PublishModule(dear())];
    let first = [(20, publish), (21, vec![launch])];
    then(&mut tree, &chain_id, first.map(|(at, it)| signed(0, at, it, &chain_id)).to_vec());
    let order = BuyOrder::ExactOut { base: Base::new(5_000), quote_max: Quote::MAX };
    let curve = CurveId::derive(&address(0), 2);
    let buys = vec![Instruction::Buy { curve, referrer: None, order }; 2];
    let force = |(index, user): (u64, u8)| InboxMessage {
        index,
        slot: 1,
        kind: MessageKind::Transaction {
            bytes: signed(user, 30, buys.clone(), &chain_id).encode(),
        },
    };
    let messages: Vec<InboxMessage> = (10..).zip(0..4).map(force).collect();
    let chain = super::chain(&tree).unwrap();
    let (height, time_ms) = (chain.height + 1, chain.time_ms + 1);
    let body = BlockBody { height, time_ms, messages, transactions: vec![] };
    let output = execute_block(&mut tree.clone(), &chain_id, CHUNK_BYTES_MAX, &body).unwrap();
    assert!(output.receipts.iter().all(|it| matches!(it.outcome, Outcome::Succeeded(_))));
    let by_length = super::cut::by_length(&body, CHUNK_BYTES_MAX);
    assert!(output.trace.len() > by_length.len(), "{:?}", output.trace);
    // Whoever cuts later is found out in the replay.
    let all = body.messages.clone();
    let segments = placed(&tree, &[body], core::slice::from_ref(&output.trace));
    let count = usize::from(output.trace[0].length);
    let mut late = segments[0].clone();
    late.segment.content = Content::Messages(all[..=count].to_vec());
    let full = Err(BlockError::SegmentFull { index: count });
    assert_eq!(replay_segment(&mut tree.clone(), &chain_id, CHUNK_BYTES_MAX, &late), full);
    for (placed, step) in segments.iter().zip(&output.trace) {
        let replayed = replay_segment(&mut tree, &chain_id, CHUNK_BYTES_MAX, placed).unwrap();
        assert_eq!(replayed.post_root, step.post_root);
    }
}

#[test]
fn a_replay_without_a_cell_says_so() {
    let (tree, chain_id, block) = scene();
    let mut tree = tree;
    tree.root();
    let witness = tree.witness(&[Chain::key()]).unwrap();
    let mut pruned = Tree::from_witness(&witness).unwrap();
    let block = BlockBody { messages: vec![], ..block };
    let trace = execute_block(&mut tree.clone(), &chain_id, CHUNK, &block).unwrap().trace;
    let placed = placed(&tree, &[block], &[trace]).remove(0);
    assert_eq!(
        replay_segment(&mut pruned, &chain_id, CHUNK, &placed),
        Err(BlockError::State(StateError::NotInWitness))
    );
}

/// A change to a block, and the error that it must give.
type Case = (fn(&mut BlockBody), BlockError);

#[test]
fn a_block_that_breaks_a_rule_is_refused_with_its_error() {
    let rejected = |index, error| BlockError::Transaction { index, error };
    let cases: Vec<Case> = vec![
        (|block| block.height = 3, BlockError::Height { expected: 2, found: 3 }),
        (|block| block.height = 1, BlockError::Height { expected: 2, found: 1 }),
        (|block| block.time_ms = 2_000, BlockError::Time),
        (
            |block| block.messages[1].index = 12,
            BlockError::MessageIndex { expected: 11, found: 12 },
        ),
        (
            |block| block.messages[7].index = 16,
            BlockError::MessageIndex { expected: 17, found: 16 },
        ),
        (|block| block.messages = deposits(0..65, 10, 1), BlockError::MessageCount),
        (
            |block| block.transactions[2].signature = block.transactions[1].signature,
            rejected(2, Error::BadSignature),
        ),
        (
            |block| block.transactions[2] = block.transactions[1].clone(),
            rejected(2, Error::NonceUsed),
        ),
        (|block| block.transactions[0].body.version = 2, rejected(0, Error::UnknownVersion)),
        (|block| block.transactions[0].body.program.clear(), rejected(0, Error::InstructionCount)),
        (
            |block| {
                let step = block.transactions[0].body.program[0].clone();
                block.transactions[0].body.program = vec![step; 9];
            },
            rejected(0, Error::InstructionCount),
        ),
    ];
    for (change, expected) in cases {
        let (mut tree, chain_id, mut block) = scene();
        change(&mut block);
        assert_eq!(execute_block(&mut tree, &chain_id, CHUNK, &block), Err(expected));
    }
}

#[test]
fn transactions_past_their_expiry_or_without_an_account_are_refused() {
    let (tree, chain_id, block) = scene();
    let body = |signer: u8, nonce, expires_at| crate::tx::Body {
        signer: address(signer),
        nonce,
        expires_at,
        ..block.transactions[0].body.clone()
    };
    for (body, seed, expected) in [
        (body(0, 7, 2), 0, None),
        (body(0, 7, 1), 0, Some(Error::Expired)),
        (body(77, 0, 9), 77, Some(Error::UnknownAccount)),
        (body(0, 9_999, 9), 0, Some(Error::NonceTooDistant)),
    ] {
        let transaction = crate::test_support::sign(seed, body, &chain_id);
        let block = BlockBody { transactions: vec![transaction], ..block.clone() };
        let result = execute_block(&mut tree.clone(), &chain_id, CHUNK, &block).err();
        let expected = expected.map(|error| BlockError::Transaction { index: 0, error });
        assert_eq!(result, expected);
    }
}

#[test]
fn a_transaction_of_another_chain_does_not_verify() {
    let (mut tree, chain_id, mut block) = scene();
    let body = block.transactions[0].body.clone();
    block.transactions[0] = crate::test_support::sign(0, body, &Hash::new([1; 32]));
    let expected = BlockError::Transaction { index: 0, error: Error::BadSignature };
    assert_eq!(execute_block(&mut tree, &chain_id, CHUNK, &block), Err(expected));
}

#[test]
fn a_deposit_reaches_the_account_and_the_inbox_hash() {
    let (mut tree, chain_id, block) = scene();
    execute_block(&mut tree, &chain_id, CHUNK, &block).unwrap();
    let Ok(Some(Cell::Account(account))) = tree.get(&Account::key(&address(11))) else {
        panic!("no account");
    };
    assert_eq!(account.balance(&AssetId::SOL), Quote::new(SOL));
    let chain = super::chain(&tree).unwrap();
    assert_eq!((chain.inbox_cursor, chain.withdrawals, chain.height), (20, 2, 2));
    assert_eq!(Some(chain.inbox_hash), hashes(&block).last());
}

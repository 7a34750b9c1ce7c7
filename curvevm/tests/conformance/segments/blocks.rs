//! Beginnings of blocks, inbox messages, and faults of witness, chunk and state.

use curvevm::{
    block::BlockBody,
    cell::{Account, Cell, Chain, Holding},
    codec::{CHUNK_BYTES_MAX, Tip, decode_chunk},
    error::Error,
    inbox::{FORCED_BYTES_MAX, InboxMessage, MessageKind},
    meter::SEGMENT_MESSAGES_MAX,
    tx::Body,
    types::{AssetId, Base, Hash, Quote},
};
use serde_json::{Value, json};

use super::scene::{Scenes, blocks, stated, tip_of, transactions};
use crate::{
    modules::{fixed, plain, pump},
    vectors::bytes,
    world::{
        DEPOSIT, HEIGHT, TIME_MS, USD, World, address, launch, nobody, pay, revoke, spend, take,
        withdraw, withdraw_tokens,
    },
};

pub(super) fn cases() -> Vec<Value> {
    let mut scenes = Scenes::new();
    beginnings(&mut scenes);
    places(&mut scenes);
    messages(&mut scenes);
    tokens(&mut scenes);
    forced_in(&mut scenes);
    mixed(&mut scenes);
    faults(&mut scenes);
    scenes.done()
}

fn body(height: u64, time_ms: u64) -> BlockBody {
    BlockBody { height, time_ms, messages: vec![], transactions: vec![] }
}

fn deposit(index: u64, asset: AssetId, user: u8, amount: u64) -> InboxMessage {
    let (amount, recipient) = (Quote::new(amount), address(user));
    InboxMessage { index, slot: 5, kind: MessageKind::Deposit { asset, amount, recipient } }
}

fn all(scenes: &mut Scenes, cases: Vec<Value>) {
    cases.into_iter().for_each(|case| scenes.push(case));
}

fn one(scenes: &mut Scenes, cases: Vec<Value>) {
    assert_eq!(cases.len(), 1, "{}", cases[0]["name"]);
    all(scenes, cases);
}

fn beginnings(scenes: &mut Scenes) {
    let world = World::pump();
    let run = |times: &[u64]| -> Vec<BlockBody> {
        (HEIGHT + 1..).zip(times).map(|(height, time)| body(height, TIME_MS + time)).collect()
    };
    let last = u64::MAX - TIME_MS;
    for (name, times) in [
        ("a block begins, a millisecond later", &[1][..]),
        ("a block begins, at the end of time", &[last]),
        ("two blocks begin", &[1, 2]),
        ("eight blocks begin", &[1, 2, 3, 500, 501, 1_000, 2_000, last]),
        ("a block begins at the same time", &[0]),
        ("the second of three blocks begins at the same time", &[5, 5, 6]),
        ("the last of eight blocks begins at the same time", &[1, 2, 3, 4, 5, 6, 7, 7]),
    ] {
        one(scenes, blocks(name, &world, &run(times)));
    }
    let nine = blocks("nine blocks begin", &world, &run(&[1, 2, 3, 4, 5, 6, 7, 8, 9]));
    assert_eq!(nine.len(), 2);
    all(scenes, nine);
}

/// What a chunk states of the state before its segments.
fn places(scenes: &mut Scenes) {
    let world = World::pump();
    let tip = tip_of(&world.tree);
    let payment = || vec![world.transaction(1, None, vec![pay(2, 1)])];
    for (name, tip) in [
        ("the state's height is the next", Tip { height: HEIGHT - 1, ..tip }),
        ("the state's height is the one before", Tip { height: HEIGHT + 1, ..tip }),
        ("the state's time is later", Tip { time_ms: TIME_MS - 1, ..tip }),
        ("the state's time is earlier", Tip { time_ms: TIME_MS + 1, ..tip }),
        ("the state's time is not zero", Tip { time_ms: 0, ..tip }),
    ] {
        let begin = body(tip.height + 1, TIME_MS + 5);
        let full = BlockBody { transactions: payment(), ..begin.clone() };
        for (what, body) in [("a block begins", begin), ("a payment", full)] {
            let name = format!("{what}, but {name}");
            one(scenes, stated(&name, &world, &tip, CHUNK_BYTES_MAX, &[body]));
        }
    }
}

fn messages(scenes: &mut Scenes) {
    let mut world = World::pump();
    world.edit_chain(|chain| chain.inbox_cursor = 3);
    let full = Account { balances: vec![(AssetId::SOL, Quote::MAX)], ..Account::default() };
    world.put_account(30, full);
    let asset = |at: usize| (AssetId::new([10 + at as u8; 32]), Quote::new(1));
    let many = Account { balances: (0..8).map(asset).collect(), ..Account::default() };
    world.put_account(31, many);
    let sol = AssetId::SOL;
    let most = (0..SEGMENT_MESSAGES_MAX as u64).map(|at| deposit(3 + at, sol, at as u8, 1));
    let lists = [
        ("a deposit", vec![deposit(3, sol, 1, 10)]),
        ("a deposit for a new account", vec![deposit(3, USD, 77, DEPOSIT)]),
        ("the most messages of a segment", most.collect()),
        ("a deposit that does not fit", vec![deposit(3, sol, 30, 1)]),
        ("a deposit of nothing", vec![deposit(3, sol, 78, 0)]),
        ("a deposit of a ninth asset", vec![deposit(3, sol, 31, 1)]),
        ("a message that was consumed", vec![deposit(2, sol, 1, 10)]),
        ("a message that is left out", vec![deposit(3, sol, 1, 10), deposit(5, sol, 1, 10)]),
    ];
    for (name, messages) in lists {
        let body = BlockBody { messages, ..body(HEIGHT + 1, TIME_MS + 1) };
        one(scenes, blocks(&format!("MESSAGES: {name}"), &world, &[body]));
    }
    let messages = (0..12).map(|at| deposit(3 + at, sol, at as u8, 1)).collect();
    let body = BlockBody { messages, ..body(HEIGHT + 1, TIME_MS + 1) };
    let two = blocks("MESSAGES: more than fit one segment", &world, &[body]);
    assert_eq!(two.len(), 2);
    all(scenes, two);
}

/// A message that stands at the chain's cursor.
fn first(kinds: Vec<MessageKind>) -> BlockBody {
    let messages = (0..).zip(kinds).map(|(index, kind)| InboxMessage { index, slot: 5, kind });
    BlockBody { messages: messages.collect(), ..body(HEIGHT + 1, TIME_MS + 1) }
}

const fn forced(bytes: Vec<u8>) -> MessageKind {
    MessageKind::Transaction { bytes }
}

/// Tokens that come back.
fn tokens(scenes: &mut Scenes) {
    let mut world = World::pump();
    let id = world.id();
    world.succeed(1, vec![take(id, 1_000), withdraw_tokens(id, 600)]);
    let most = Holding { version: 0, amount: Base::MAX };
    world.put(Holding::key(&id, &address(30)), Cell::Holding(most));
    let to = |user, curve, amount| MessageKind::DepositBase {
        curve,
        amount: Base::new(amount),
        recipient: address(user),
    };
    for (name, kinds, outcomes) in [
        ("tokens", vec![to(1, id, 100)], vec![None]),
        ("tokens for a new account", vec![to(77, id, 100)], vec![None]),
        ("tokens for who has an account and none", vec![to(2, id, 100)], vec![None]),
        ("no tokens", vec![to(77, id, 0)], vec![None]),
        ("tokens of no curve", vec![to(1, nobody(), 1)], vec![Some(Error::UnknownCurve)]),
        ("tokens that do not fit", vec![to(30, id, 1)], vec![Some(Error::Overflow)]),
        (
            "tokens and quote, one of them of no curve",
            vec![to(1, id, 5), to(1, nobody(), u64::MAX), deposit(2, USD, 1, 7).kind, to(3, id, 9)],
            vec![None, Some(Error::UnknownCurve), None, None],
        ),
    ] {
        scenes.consumes(name, &world, &first(kinds), &outcomes);
    }
}

/// Transactions that are forced in.
fn forced_in(scenes: &mut Scenes) {
    let mut world = World::pump();
    world.succeed(1, vec![pay(2, 1)]);
    let id = world.id();
    let by = |user, program| forced(world.transaction(user, None, program).encode());
    let buy = || by(3, vec![spend(id, 1_000_000), withdraw_tokens(id, 5)]);
    let two = (Error::NonceUsed, Error::InsufficientBalance);
    for (name, kinds, outcomes) in [
        ("a forced purchase and withdrawal", vec![buy()], vec![None]),
        ("a forced purchase, again", vec![buy(), buy()], vec![None, Some(two.0)]),
        ("a forced failure", vec![by(1, vec![pay(2, 1), pay(2, DEPOSIT)])], vec![Some(two.1)]),
        (
            "what is credited is spent",
            vec![deposit(0, AssetId::SOL, 77, 9).kind, by(77, vec![pay(1, 9)])],
            vec![None, None],
        ),
        (
            "two withdrawals among deposits",
            vec![
                deposit(0, USD, 1, 9).kind,
                by(4, vec![withdraw(1)]),
                deposit(2, USD, 1, 9).kind,
                by(5, vec![withdraw(2)]),
            ],
            vec![None; 4],
        ),
    ] {
        scenes.consumes(name, &world, &first(kinds), &outcomes);
    }
    let rejected = |scenes: &mut Scenes, name: &str, bytes: Vec<u8>, error: Error| {
        let name = format!("forced, {}: {name}", error.name());
        scenes.consumes(&name, &world, &first(vec![forced(bytes)]), &[Some(error)]);
    };
    let of = |user, change: fn(&mut Body)| {
        let mut body = world.body(1, None, vec![pay(2, 1)]);
        change(&mut body);
        world.signed(user, body).encode()
    };
    for (name, bytes, error) in [
        ("a nonce that was used", of(1, |body| body.nonce = 0), Error::NonceUsed),
        ("the last nonce", of(1, |body| body.nonce = u64::MAX), Error::NonceTooDistant),
        ("a block ago", of(1, |body| body.expires_at = HEIGHT), Error::Expired),
        ("of nobody", of(99, |body| body.signer = address(99)), Error::UnknownAccount),
        (
            "by a key that is none",
            of(60, |body| body.session = Some(address(60))),
            Error::UnknownSession,
        ),
        ("another's", of(2, |_| {}), Error::BadSignature),
        ("no instruction", of(1, |body| body.program.clear()), Error::InstructionCount),
        ("nine", of(1, |body| body.program = vec![revoke(7); 9]), Error::InstructionCount),
    ] {
        rejected(scenes, name, bytes, error);
    }
    let good = of(1, |_| {});
    let edited = |edit: fn(&mut Vec<u8>)| {
        let mut bytes = good.clone();
        edit(&mut bytes);
        bytes
    };
    let mut launch = world.transaction(1, None, vec![launch(&pump(), AssetId::SOL, 9)]).encode();
    let name = launch.windows(4).position(|bytes| bytes == b"Test").unwrap();
    launch[name - 4..name].fill(0xff);
    for (name, bytes, error) in [
        ("nothing", vec![], Error::Malformed),
        ("a byte", vec![1], Error::Malformed),
        ("cut short", edited(|bytes| bytes.truncate(90)), Error::Malformed),
        ("a byte more", edited(|bytes| bytes.push(0)), Error::Malformed),
        ("no such opcode", edited(|bytes| bytes[54] = 12), Error::Malformed),
        (
            "more instructions than memory",
            edited(|bytes| bytes[50..54].fill(255)),
            Error::Malformed,
        ),
        ("a name longer than memory", launch, Error::Malformed),
        ("version 2", edited(|bytes| bytes[0] = 2), Error::UnknownVersion),
        ("the longest that is none", vec![1; FORCED_BYTES_MAX], Error::Malformed),
        ("a byte too long", vec![1; FORCED_BYTES_MAX + 1], Error::Oversized),
        ("as long as a chunk takes", vec![1; 3_600], Error::Oversized),
    ] {
        rejected(scenes, name, bytes, error);
    }
    too_dear(scenes);
}

/// Two forced transactions each of which takes more than half of what a segment may cost.
fn too_dear(scenes: &mut Scenes) {
    let world = World::new(vec![plain((1..=64).map(|at| fixed(at * 1_000, at)).collect())]);
    let buys = || vec![take(world.id(), 10), take(world.id(), 20)];
    let by = |user| forced(world.transaction(user, None, buys()).encode());
    scenes.consumes("a dear forced transaction", &world, &first(vec![by(1)]), &[None]);
    let name = "MESSAGES: SegmentFull: two dear forced transactions";
    let two = blocks(name, &world, &[first(vec![by(1), by(2)])]);
    assert_eq!(super::run(&two[0])["refusal"]["kind"], json!("SegmentFull"));
    one(scenes, two);
}

/// Blocks of more than one segment: those after the first begin no block.
fn mixed(scenes: &mut Scenes) {
    let mut world = World::pump();
    let message = |index| deposit(index, AssetId::SOL, 1, 10);
    let payment = |nonce| {
        let body = world.body(1, None, vec![pay(2, 1)]);
        world.signed(1, curvevm::tx::Body { nonce, expires_at: HEIGHT + 1, ..body })
    };
    let (height, time_ms) = (HEIGHT + 1, TIME_MS + 1);
    let (messages, transactions) = (vec![message(0), message(1)], vec![payment(0), payment(1)]);
    let full = BlockBody { height, time_ms, messages, transactions };
    let next = BlockBody { messages: vec![message(2)], ..body(height + 3, time_ms + 3) };
    let run = [full.clone(), body(height + 1, time_ms + 1), body(height + 2, time_ms + 2), next];
    let cases = blocks("blocks with and without content", &world, &run);
    assert_eq!(cases.len(), 4);
    all(scenes, cases);
    // The second segment of a block, which says nothing of its height, on another one.
    let mut late = blocks("a payment of another height", &world, &[full]).remove(1);
    world.edit_chain(|chain| {
        (chain.height, chain.time_ms) = (height + 1, time_ms);
        (chain.inbox_cursor, chain.inbox_hash) =
            (2, message(1).chain(&message(0).chain(&Hash::ZERO)));
    });
    let keys = [Chain::key(), Account::key(&address(1)), Account::key(&address(2))];
    let root = world.tree.root();
    late["witness"] = json!(hex::encode(world.tree.witness(&keys).unwrap()));
    late["chunk"] = json!(hex::encode(with_roots(&bytes(&late, "chunk"), root)));
    scenes.push(late);
}

/// The chunk of two segments with another root between them.
fn with_roots(chunk: &[u8], root: Hash) -> Vec<u8> {
    let (first, second) = match &decode_chunk(chunk).unwrap()[..] {
        [first, second] => (first.post_root, second.offset as usize),
        other => panic!("{other:?}"),
    };
    let mut chunk = chunk.to_vec();
    assert_eq!(chunk[second - 32..second], *first.as_bytes());
    chunk[second - 32..second].copy_from_slice(root.as_bytes());
    chunk
}

fn faults(scenes: &mut Scenes) {
    let world = World::pump();
    let payment = world.transaction(1, None, vec![pay(2, 1)]);
    let good = transactions("a payment", &world, vec![payment.clone()]);
    let mut edited = |name: &str, field: &str, value: Value| {
        let mut case = good.clone();
        case["name"] = json!(name);
        case[field] = value;
        assert!(super::run(&case)["refusal"].is_object(), "{name}");
        scenes.push(case);
    };
    let hex = |bytes: &[u8]| json!(hex::encode(bytes));
    let (witness, chunk) = (bytes(&good, "witness"), bytes(&good, "chunk"));
    let (head, end) = (&chunk[..33], chunk.len() - 32);
    edited(
        "the root before is another",
        "chunk",
        hex(&[&[1][..], &[1; 32], &chunk[33..]].concat()),
    );
    edited("a witness cut short", "witness", hex(&witness[..witness.len() - 1]));
    edited("a witness with a byte more", "witness", hex(&[&witness[..], &[0]].concat()));
    edited("a witness that is too deep", "witness", hex(&[4; 300]));
    edited("a witness of no known node", "witness", hex(&[9]));
    let mut tree = world.rewound().tree;
    let pruned = [vec![1], tree.root().to_bytes().to_vec()].concat();
    edited("a witness of the root alone", "witness", hex(&pruned));
    let opened = tree.witness(&[Chain::key(), Account::key(&address(1))]).unwrap();
    edited("a witness without the recipient's account", "witness", hex(&opened));
    edited("an offset of no segment", "offset", json!("1"));
    edited("an offset past the end", "offset", json!("4294967295"));
    edited("a chunk cut short", "chunk", hex(&chunk[..chunk.len() - 1]));
    edited("a chunk of another version", "chunk", hex(&[&[9], &chunk[1..]].concat()));
    edited("a chunk without its last root", "chunk", hex(&chunk[..end]));
    edited("a chunk without segments", "chunk", hex(&[head, &[5, 7, 0]].concat()));
    edited("an empty chunk", "chunk", json!(""));
    edited("a chunk that is too long", "chunk", hex(&[0; 3_801]));
    let mut untrue = good.clone();
    untrue["name"] = json!("a root is claimed that does not follow");
    untrue["chunk"] = hex(&[&chunk[..end], &[1; 32]].concat());
    scenes.push(untrue);
    scenes.push(good);
    let mut corrupt = World::pump();
    corrupt.put(Account::key(&address(2)), Cell::Holding(Holding::default()));
    scenes.push(transactions("an account's key holds tokens", &corrupt, vec![payment]));
}

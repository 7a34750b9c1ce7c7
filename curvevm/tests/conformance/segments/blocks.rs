//! Beginnings of blocks, inbox messages, and faults of witness, chunk and state.

use curvevm::{
    block::BlockBody,
    cell::{Account, Cell, Chain, Holding},
    codec::CHUNK_BYTES_MAX,
    inbox::{InboxMessage, MessageKind},
    meter::SEGMENT_MESSAGES_MAX,
    types::{AssetId, Quote},
};
use serde_json::{Value, json};

use super::scene::{Scenes, chunks, segment, transactions};
use crate::{
    vectors::bytes,
    world::{DEPOSIT, HEIGHT, TIME_MS, USD, World, address, pay},
};

pub(super) fn cases() -> Vec<Value> {
    let mut scenes = Scenes::new();
    beginnings(&mut scenes);
    messages(&mut scenes);
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

fn beginnings(scenes: &mut Scenes) {
    let world = World::pump();
    for (name, height, time_ms) in [
        ("BEGIN, a millisecond later", HEIGHT + 1, TIME_MS + 1),
        ("BEGIN, at the end of time", HEIGHT + 1, u64::MAX),
        ("BEGIN at the same height", HEIGHT, TIME_MS + 1),
        ("BEGIN two heights on", HEIGHT + 2, TIME_MS + 1),
        ("BEGIN at the same time", HEIGHT + 1, TIME_MS),
        ("BEGIN at an earlier time", HEIGHT + 1, 0),
    ] {
        let chunk = chunks(&body(height, time_ms)).remove(0);
        scenes.push(segment(name, &world, CHUNK_BYTES_MAX, chunk));
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
        ("one message too many", (0..9).map(|at| deposit(3 + at, sol, 1, 1)).collect()),
        ("a deposit that does not fit", vec![deposit(3, sol, 30, 1)]),
        ("a deposit of a ninth asset", vec![deposit(3, sol, 31, 1)]),
        ("a message that was consumed", vec![deposit(2, sol, 1, 10)]),
        ("a message that is left out", vec![deposit(3, sol, 1, 10), deposit(5, sol, 1, 10)]),
    ];
    for (name, messages) in lists {
        let body = BlockBody { messages, ..body(HEIGHT, TIME_MS) };
        let chunk = chunks(&body).remove(1);
        scenes.push(segment(&format!("MESSAGES: {name}"), &world, CHUNK_BYTES_MAX, chunk));
    }
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
    edited("the root before is another", "pre_root", hex(&[1; 32]));
    edited("a witness cut short", "witness", hex(&witness[..witness.len() - 1]));
    edited("a witness with a byte more", "witness", hex(&[&witness[..], &[0]].concat()));
    edited("a witness that is too deep", "witness", hex(&[4; 300]));
    edited("a witness of no known node", "witness", hex(&[9]));
    let mut tree = world.tree;
    let pruned = [vec![1], tree.root().to_bytes().to_vec()].concat();
    edited("a witness of the root alone", "witness", hex(&pruned));
    let opened = tree.witness(&[Chain::key(), Account::key(&address(1))]).unwrap();
    edited("a witness without the recipient's account", "witness", hex(&opened));
    edited("an offset of no segment", "offset", json!("1"));
    edited("an offset past the end", "offset", json!("4294967295"));
    edited("a chunk cut short", "chunk", hex(&chunk[..chunk.len() - 1]));
    edited("a chunk of another version", "chunk", hex(&[&[9], &chunk[1..]].concat()));
    edited("an empty chunk", "chunk", json!(""));
    edited("a chunk that is too long", "chunk", hex(&[0; 3_801]));
    scenes.push(good);
    let mut corrupt = World::pump();
    corrupt.put(Account::key(&address(2)), Cell::Holding(Holding::default()));
    scenes.push(transactions("an account's key holds tokens", &corrupt, vec![payment]));
}

//! Segments over a world, with the witness of the cells that they touch.

use std::{cell::RefCell, collections::BTreeSet};

use curvevm::{
    block::{Begin, BlockBody, Content, Step, chain, replay_segment},
    cell::{Cell, Chain},
    codec::{CHUNK_BYTES_MAX, Placed, Tip, decode_chunk, encode_batch},
    error::{Error, StateError},
    execute::{Context, Received, State, apply, receive},
    meter::{Meter, SEGMENT_MESSAGES_MAX},
    program::Program,
    tree::{Found, Tree},
    tx::Transaction,
    types::{Hash, Key},
};
use serde_json::{Value, json};

use crate::{vectors::case, world::World};

/// Notes which cells are asked for.
struct Recorder {
    tree: Tree,
    keys: RefCell<BTreeSet<Key>>,
}

impl State for Recorder {
    fn find(&self, key: &Key) -> Result<Found<'_>, StateError> {
        self.keys.borrow_mut().insert(*key);
        self.tree.find(key)
    }

    fn put(&mut self, key: Key, cell: Cell) -> Result<(), StateError> {
        self.keys.borrow_mut().insert(key);
        self.tree.put(key, cell)
    }
}

/// The cells that a segment touches.
fn touched(world: &World, chunk_bytes_max: usize, placed: &Placed) -> Vec<Key> {
    let keys = RefCell::new(BTreeSet::from([Chain::key()]));
    let mut recorder = Recorder { tree: world.tree.clone(), keys };
    let Chain { height, time_ms, inbox_hash, .. } = world.chain();
    let begin = placed.segment.begins.last().copied();
    let Begin { height, time_ms } = begin.unwrap_or(Begin { height, time_ms });
    let context = Context { genesis: world.genesis, height, time_ms };
    let mut meter = Meter::new();
    match &placed.segment.content {
        Content::Nothing => {}
        Content::Messages(messages) => {
            let mut hash = inbox_hash;
            for message in messages {
                hash = message.chain(&hash);
                let received = Received { message, hash };
                let _full = receive(&received, &context, &mut recorder, &mut meter);
            }
        }
        Content::Transactions(transactions) => {
            for transaction in transactions {
                let _refused =
                    apply(transaction, chunk_bytes_max, &context, &mut recorder, &mut meter);
            }
        }
    }
    recorder.keys.into_inner().into_iter().collect()
}

/// A trace of a block with one segment of transactions, without roots.
pub(crate) fn trace(body: &BlockBody) -> Vec<Step> {
    let messages = body.messages.chunks(SEGMENT_MESSAGES_MAX);
    let mut lengths: Vec<_> = messages.map(<[_]>::len).collect();
    if !body.transactions.is_empty() || lengths.is_empty() {
        lengths.push(body.transactions.len());
    }
    let step = |length| Step { length: u8::try_from(length).unwrap(), post_root: Hash::ZERO };
    lengths.into_iter().map(step).collect()
}

/// Replays a segment when it may be replayed; gives the root after it.
fn advance(world: &mut World, chunk_bytes_max: usize, placed: &Placed) -> Hash {
    let mut tree = world.tree.clone();
    if replay_segment(&mut tree, &world.genesis, chunk_bytes_max, placed).is_ok() {
        world.tree = tree;
    }
    world.tree.root()
}

/// The chunks of blocks after a world, with the roots that the segments lead to.
fn chunks(world: &World, tip: &Tip, chunk_bytes_max: usize, bodies: &[BlockBody]) -> Vec<Vec<u8>> {
    let (mut world, mut traces) = (world.clone(), vec![]);
    for body in bodies {
        let mut steps = trace(body);
        let segments = body.segments(&steps).unwrap();
        for (step, segment) in steps.iter_mut().zip(segments) {
            let Tip { height, time_ms, root: pre_root } = tip_of(&world.tree);
            let post_root = Hash::ZERO;
            let placed = Placed { offset: 0, height, time_ms, pre_root, post_root, segment };
            step.post_root = advance(&mut world, chunk_bytes_max, &placed);
        }
        traces.push(steps);
    }
    encode_batch(tip, bodies, &traces, CHUNK_BYTES_MAX).unwrap()
}

pub(super) fn tip_of(tree: &Tree) -> Tip {
    Tip::new(&chain(tree).unwrap(), tree.clone().root())
}

/// The cases of the segments of blocks after a world.
pub(super) fn blocks_on(
    name: &str,
    world: &World,
    chunk_bytes_max: usize,
    bodies: &[BlockBody],
) -> Vec<Value> {
    stated(name, world, &tip_of(&world.tree), chunk_bytes_max, bodies)
}

pub(super) fn blocks(name: &str, world: &World, bodies: &[BlockBody]) -> Vec<Value> {
    blocks_on(name, world, CHUNK_BYTES_MAX, bodies)
}

/// The same, in a chunk that states this tip, true or not.
pub(super) fn stated(
    name: &str,
    world: &World,
    tip: &Tip,
    chunk_bytes_max: usize,
    bodies: &[BlockBody],
) -> Vec<Value> {
    let (mut world, mut cases) = (world.clone(), vec![]);
    for chunk in chunks(&world, tip, chunk_bytes_max, bodies) {
        for placed in decode_chunk(&chunk).unwrap() {
            let place = if cases.is_empty() { String::new() } else { format!(", {}", cases.len()) };
            world.tree.root();
            let witness = world.tree.witness(&touched(&world, chunk_bytes_max, &placed)).unwrap();
            let fields = json!({
                "chain_id": world.genesis.to_string(),
                "witness": hex::encode(witness),
                "chunk": hex::encode(&chunk),
                "offset": placed.offset.to_string(),
                "chunk_bytes_max": chunk_bytes_max.to_string(),
            });
            cases.push(case(format!("{name}{place}"), fields));
            advance(&mut world, chunk_bytes_max, &placed);
        }
    }
    cases
}

/// The case of a segment that begins the block of a world's height, on a chain of chunks of `chunk_bytes_max`.
pub(super) fn transactions_on(
    name: &str,
    world: &World,
    chunk_bytes_max: usize,
    transactions: Vec<Transaction>,
) -> Value {
    let Chain { height, time_ms, .. } = world.chain();
    let body = BlockBody { height, time_ms, messages: vec![], transactions };
    let mut cases = blocks_on(name, &world.rewound(), chunk_bytes_max, &[body]);
    assert_eq!(cases.len(), 1, "{name}: more than one segment");
    cases.remove(0)
}

pub(super) fn transactions(name: &str, world: &World, transactions: Vec<Transaction>) -> Value {
    transactions_on(name, world, CHUNK_BYTES_MAX, transactions)
}

/// User 1's program in a world with pump.fun's curve alone, unless `build` sets up another one.
pub(super) struct Scenes {
    cases: Vec<Value>,
}

impl Scenes {
    pub(super) const fn new() -> Self {
        Self { cases: Vec::new() }
    }

    pub(super) fn succeeds(&mut self, name: &str, build: impl FnOnce(&mut World) -> Program) {
        self.succeeds_by(name, (1, None), build);
    }

    /// A program that `user` signs, or a session key of theirs.
    pub(super) fn succeeds_by(
        &mut self,
        name: &str,
        signer: (u8, Option<u8>),
        build: impl FnOnce(&mut World) -> Program,
    ) {
        let case = built(name, signer, build);
        let outcome = super::run(&case)["outcomes"][0].clone();
        assert!(outcome["succeeded"].is_array(), "{name}: {outcome}");
        self.cases.push(case);
    }

    /// A program whose last instruction fails.
    pub(super) fn fails(
        &mut self,
        error: Error,
        name: &str,
        build: impl FnOnce(&mut World) -> Program,
    ) {
        self.fails_by(error, name, (1, None), build);
    }

    pub(super) fn fails_by(
        &mut self,
        error: Error,
        name: &str,
        signer: (u8, Option<u8>),
        build: impl FnOnce(&mut World) -> Program,
    ) {
        let case = built(&format!("{}: {name}", error.name()), signer, build);
        let outcome = super::run(&case)["outcomes"][0].clone();
        assert_eq!(outcome["failed"], json!(error.name()), "{name}: {outcome}");
        self.cases.push(case);
    }

    /// Messages that are consumed, and what becomes of them: an error's name, or none for a success.
    pub(super) fn consumes(
        &mut self,
        name: &str,
        world: &World,
        body: &BlockBody,
        outcomes: &[Option<Error>],
    ) {
        let mut cases = blocks(&format!("MESSAGES: {name}"), world, core::slice::from_ref(body));
        assert_eq!(cases.len(), 1, "{name}");
        let found = super::run(&cases[0])["outcomes"].clone();
        let found = found.as_array().unwrap_or_else(|| panic!("{name}: refused"));
        assert_eq!(found.len(), outcomes.len(), "{name}");
        for (found, outcome) in found.iter().zip(outcomes) {
            let error = found.get("rejected").or_else(|| found.get("failed"));
            assert_eq!(error, outcome.map(|it| json!(it.name())).as_ref(), "{name}: {found}");
        }
        self.cases.append(&mut cases);
    }

    pub(super) fn push(&mut self, case: Value) {
        self.cases.push(case);
    }

    pub(super) fn done(self) -> Vec<Value> {
        self.cases
    }
}

fn built(
    name: &str,
    (user, session): (u8, Option<u8>),
    build: impl FnOnce(&mut World) -> Program,
) -> Value {
    let mut world = World::pump();
    let program = build(&mut world);
    let transaction = world.transaction(user, session, program);
    transactions(name, &world, vec![transaction])
}

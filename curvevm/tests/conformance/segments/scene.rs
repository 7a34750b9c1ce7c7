//! Segments over a world, with the witness of the cells that they touch.

use std::{cell::RefCell, collections::BTreeSet};

use curvevm::{
    block::{BlockBody, Segment, Step},
    cell::{Account, Cell, Chain},
    codec::{CHUNK_BYTES_MAX, decode_chunk, encode_batch},
    error::{Error, StateError},
    execute::{State, apply},
    inbox::MessageKind,
    meter::Meter,
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
fn touched(world: &World, chunk_bytes_max: usize, segment: &Segment) -> Vec<Key> {
    let keys = RefCell::new(BTreeSet::from([Chain::key()]));
    let mut recorder = Recorder { tree: world.tree.clone(), keys };
    match segment {
        Segment::Begin { .. } => {}
        Segment::Messages(messages) => {
            let keys = messages.iter().map(|message| match &message.kind {
                MessageKind::Deposit { recipient, .. } => Account::key(recipient),
            });
            recorder.keys.borrow_mut().extend(keys);
        }
        Segment::Transactions(transactions) => {
            let context = world.context();
            let mut meter = Meter::new();
            for transaction in transactions {
                let _refused =
                    apply(transaction, chunk_bytes_max, &context, &mut recorder, &mut meter);
            }
        }
    }
    recorder.keys.into_inner().into_iter().collect()
}

/// A trace of a block with one segment of messages and one of transactions.
pub(crate) fn trace(body: &BlockBody) -> Vec<Step> {
    let step = |length| Step {
        length: u8::try_from(length).unwrap(),
        pre_root: Hash::ZERO,
        post_root: Hash::ZERO,
    };
    let counts = [body.messages.len(), body.transactions.len()];
    [0].into_iter().chain(counts.into_iter().filter(|count| *count > 0)).map(step).collect()
}

/// A block's segments in chunks: the chunk, the offset in it, and the segment, for each.
pub(super) fn chunks(body: &BlockBody) -> Vec<(Vec<u8>, u32, Segment)> {
    let traces = [trace(body)];
    let data = encode_batch(core::slice::from_ref(body), &traces, CHUNK_BYTES_MAX).unwrap();
    let segments = data.chunks.iter().flat_map(|chunk| decode_chunk(chunk).unwrap());
    data.leaves
        .iter()
        .zip(segments)
        .map(|(leaf, (_, _, segment))| {
            (data.chunks[usize::try_from(leaf.chunk).unwrap()].clone(), leaf.offset, segment)
        })
        .collect()
}

/// The case of a segment on a world.
pub(super) fn segment(
    name: &str,
    world: &World,
    chunk_bytes_max: usize,
    (chunk, offset, segment): (Vec<u8>, u32, Segment),
) -> Value {
    let mut tree = world.tree.clone();
    let pre_root = tree.root();
    let witness = tree.witness(&touched(world, chunk_bytes_max, &segment)).unwrap();
    let fields = json!({
        "chain_id": world.genesis.to_string(),
        "pre_root": pre_root.to_string(),
        "witness": hex::encode(witness),
        "chunk": hex::encode(chunk),
        "offset": offset.to_string(),
        "chunk_bytes_max": chunk_bytes_max.to_string(),
    });
    case(name, fields)
}

/// The case of a segment of transactions, on a chain of chunks of `chunk_bytes_max`.
pub(super) fn transactions_on(
    name: &str,
    world: &World,
    chunk_bytes_max: usize,
    transactions: Vec<Transaction>,
) -> Value {
    let Chain { height, time_ms, .. } = world.chain();
    let body = BlockBody { height, time_ms, messages: vec![], transactions };
    let mut chunks = chunks(&body);
    assert_eq!(chunks.len(), 2, "{name}: more than one segment of transactions");
    segment(name, world, chunk_bytes_max, chunks.remove(1))
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

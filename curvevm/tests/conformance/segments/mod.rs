//! Segments: every opcode, every error, each replayed from a witness alone.

mod blocks;
mod rejections;
mod scene;
mod trades;
mod transfers;

use std::collections::BTreeSet;

use curvevm::{
    block::{BlockError, Content, replay_segment},
    codec::{CodecError, decode_segment},
    error::{Error, StateError},
    host::sha256,
    program::Instruction,
    receipt::{Outcome, Receipt},
    tree::Tree,
    types::Hash,
};
use serde_json::{Value, json};

pub(crate) use scene::trace;

use super::vectors::{Suite, array, bytes, number, text, variant};

pub(crate) const SUITE: Suite = Suite {
    name: "segments",
    about: "a chain id, a witness, a chunk and the offset of a segment in it (hex, numbers in decimal): the root after, whether it is the one that the chunk claims, and the receipts (hex of Borsh), or why the segment is refused",
    sources: &[],
    cases,
    run,
};

fn cases() -> Vec<Value> {
    [
        trades::successes(),
        trades::failures(),
        transfers::successes(),
        transfers::failures(),
        rejections::cases(),
        blocks::cases(),
    ]
    .concat()
}

fn run(case: &Value) -> Value {
    replay(case).unwrap_or_else(|refusal| json!({ "refusal": refusal }))
}

/// What the on-chain entry point does, in the same order.
fn replay(case: &Value) -> Result<Value, Value> {
    let refused = |error: &dyn core::fmt::Debug| json!({ "kind": variant(&error) });
    let chunk = bytes(case, "chunk");
    let placed = decode_segment(&chunk, number(case, "offset")).map_err(|error| match error {
        CodecError::NoSegment => json!({ "kind": "NoSegment" }),
        other => json!({ "kind": "BadChunk", "error": variant(&other) }),
    })?;
    let witness = bytes(case, "witness");
    let mut tree = Tree::from_witness(&witness).map_err(|error| refused(&error))?;
    if tree.root() != placed.pre_root {
        return Err(json!({ "kind": "WrongPreRoot" }));
    }
    let (chain_id, bytes_max) =
        (Hash::new(array(case, "chain_id")), number(case, "chunk_bytes_max"));
    let replayed = replay_segment(&mut tree, &chain_id, bytes_max, &placed).map_err(refusal)?;
    let receipts = borsh::to_vec(&replayed.receipts).unwrap();
    Ok(json!({
        "post_root": replayed.post_root.to_string(),
        "as_claimed": replayed.post_root == placed.post_root,
        "receipts": hex::encode(&receipts),
        "receipts_hash": sha256(&[&receipts]).to_string(),
        "outcomes": replayed.receipts.iter().map(outcome).collect::<Vec<_>>(),
    }))
}

/// A receipt in short: the events, or the instruction that failed and its error, or why nothing was done.
fn outcome(receipt: &Receipt) -> Value {
    match &receipt.outcome {
        Outcome::Succeeded(events) => {
            json!({ "succeeded": events.iter().map(variant).collect::<Vec<_>>() })
        }
        Outcome::Failed { instruction, error } => {
            json!({ "failed": error.name(), "code": error.code(), "instruction": instruction })
        }
        Outcome::Rejected { error } => {
            json!({ "rejected": error.name(), "code": error.code() })
        }
    }
}

fn refusal(error: BlockError) -> Value {
    match error {
        BlockError::Height { .. }
        | BlockError::Time
        | BlockError::MessageIndex { .. }
        | BlockError::MessageCount
        | BlockError::SegmentFull { .. } => json!({ "kind": variant(&error) }),
        BlockError::Transaction { index, error } => {
            let (name, code) = (error.name(), error.code());
            json!({ "kind": "Transaction", "index": index, "error": name, "code": code })
        }
        BlockError::State(error) => json!({ "kind": variant(&error) }),
    }
}

/// The opcodes, in order.
const OPCODES: [&str; 12] = [
    "BUY",
    "SELL",
    "ADD_LIQUIDITY",
    "MIGRATE_TO_AMM",
    "LAUNCH",
    "TRANSFER",
    "WITHDRAW",
    "PUBLISH_MODULE",
    "REMOVE_LIQUIDITY",
    "CLAIM",
    "AUTHORIZE",
    "REVOKE",
];

fn opcode(instruction: &Instruction) -> &'static str {
    OPCODES[match instruction {
        Instruction::Buy { .. } => 0,
        Instruction::Sell { .. } => 1,
        Instruction::AddLiquidity { .. } => 2,
        Instruction::MigrateToAmm { .. } => 3,
        Instruction::Launch(_) => 4,
        Instruction::Transfer { .. } => 5,
        Instruction::Withdraw { .. } => 6,
        Instruction::PublishModule(_) => 7,
        Instruction::RemoveLiquidity { .. } => 8,
        Instruction::Claim { .. } => 9,
        Instruction::Authorize { .. } => 10,
        Instruction::Revoke { .. } => 11,
    }]
}

/// The errors that the stored cases give, by name.
pub(crate) fn errors() -> BTreeSet<String> {
    let mut errors = BTreeSet::new();
    for case in SUITE.stored() {
        let expect = &case["expect"];
        errors.extend(expect["refusal"]["error"].as_str().map(str::to_owned));
        let outcomes = expect["outcomes"].as_array().into_iter().flatten();
        let error =
            |it: &Value| Some(it.get("failed").or(it.get("rejected"))?.as_str()?.to_owned());
        errors.extend(outcomes.filter_map(error));
    }
    errors
}

#[test]
fn every_opcode_succeeds_and_fails_somewhere() {
    let (mut succeeded, mut failed) = (BTreeSet::new(), BTreeSet::new());
    for case in SUITE.stored() {
        let Some(outcomes) = case["expect"]["outcomes"].as_array() else { continue };
        let placed = decode_segment(&bytes(&case, "chunk"), number(&case, "offset")).unwrap();
        let Content::Transactions(transactions) = placed.segment.content else { continue };
        assert_eq!(transactions.len(), outcomes.len());
        for (transaction, outcome) in transactions.iter().zip(outcomes) {
            let program = &transaction.body.program;
            match outcome["instruction"].as_u64() {
                None => succeeded.extend(program.iter().map(opcode)),
                Some(at) => {
                    failed.insert(opcode(&program[usize::try_from(at).unwrap()]));
                }
            }
        }
    }
    assert_eq!(succeeded, BTreeSet::from(OPCODES));
    assert_eq!(failed, BTreeSet::from(OPCODES));
}

#[test]
fn every_refusal_occurs() {
    let kinds: BTreeSet<String> = SUITE
        .stored()
        .iter()
        .filter_map(|case| case["expect"]["refusal"]["kind"].as_str().map(str::to_owned))
        .collect();
    let states = [StateError::NotInWitness, StateError::Corrupt, StateError::BadWitness];
    let all = [
        "Height",
        "Time",
        "MessageIndex",
        "Transaction",
        "SegmentFull",
        "WrongPreRoot",
        "NoSegment",
    ];
    let all = all.map(str::to_owned).into_iter().chain(states.iter().map(variant));
    assert_eq!(kinds, all.chain(["BadChunk".to_owned()]).collect());
}

/// A message of each kind succeeds and is rejected, and a forced transaction fails.
#[test]
fn every_kind_of_message_has_every_outcome() {
    let mut seen = BTreeSet::new();
    for case in SUITE.stored() {
        let Some(outcomes) = case["expect"]["outcomes"].as_array() else { continue };
        let placed = decode_segment(&bytes(&case, "chunk"), number(&case, "offset")).unwrap();
        let Content::Messages(messages) = placed.segment.content else { continue };
        assert_eq!(messages.len(), outcomes.len());
        for (message, outcome) in messages.iter().zip(outcomes) {
            let outcome = outcome.as_object().unwrap();
            let kinds = ["succeeded", "failed", "rejected"];
            let outcome = kinds.into_iter().find(|kind| outcome.contains_key(*kind)).unwrap();
            seen.insert((variant(&message.kind), outcome));
        }
    }
    let all = ["Deposit", "DepositBase", "Transaction"].into_iter();
    let mut all: BTreeSet<_> = all
        .flat_map(|kind| ["succeeded", "rejected"].map(|outcome| (kind.to_owned(), outcome)))
        .collect();
    all.insert(("Transaction".to_owned(), "failed"));
    assert_eq!(seen, all);
}

/// The scenarios post the roots that follow, but for one.
#[test]
fn the_claimed_roots_are_true_but_one() {
    let stored = SUITE.stored();
    let untrue = stored.iter().filter(|case| case["expect"]["as_claimed"] == json!(false));
    let names: Vec<_> = untrue.map(|case| text(case, "name")).collect();
    assert_eq!(names, ["a root is claimed that does not follow"]);
}

/// Segments of every form are among those that are replayed.
#[test]
fn every_form_of_a_segment_is_replayed() {
    let mut forms = BTreeSet::new();
    for case in SUITE.stored() {
        if case["expect"]["post_root"].is_null() {
            continue;
        }
        let placed = decode_segment(&bytes(&case, "chunk"), number(&case, "offset")).unwrap();
        forms.insert((placed.segment.begins.len(), variant(&placed.segment.content)));
    }
    let content = ["Messages", "Transactions"];
    let content = content.into_iter().flat_map(|kind| [(0, kind), (1, kind)]);
    for (begins, kind) in content.chain([1, 2, 8].map(|begins| (begins, "Nothing"))) {
        assert!(forms.contains(&(begins, kind.to_owned())), "{begins} {kind}: {forms:?}");
    }
}

/// Each rejection and each failure is where it belongs.
#[test]
fn rejections_refuse_and_failures_leave_receipts() {
    for case in SUITE.stored() {
        let expect = &case["expect"];
        let refused = expect["refusal"]["code"].as_u64();
        let failed = expect["outcomes"].as_array().into_iter().flatten();
        let failed = failed.filter(|outcome| outcome["failed"].is_string());
        let failed = failed.filter_map(|outcome| outcome["code"].as_u64());
        let find = |code: u64| Error::from_code(code.try_into().unwrap()).unwrap();
        assert!(refused.into_iter().all(|code| find(code).is_rejection()), "{}", case["name"]);
        assert!(failed.into_iter().all(|code| !find(code).is_rejection()), "{}", case["name"]);
    }
}

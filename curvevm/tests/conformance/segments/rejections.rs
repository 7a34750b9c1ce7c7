//! What keeps a transaction out of a block.

use curvevm::{
    codec::CHUNK_BYTES_MIN,
    error::Error,
    nonce::AHEAD_MAX,
    program::Instruction,
    tx::{Body, INSTRUCTIONS_MAX},
    types::Hash,
};
use serde_json::{Value, json};

use super::{
    scene::{Scenes, transactions, transactions_on},
    transfers::{END_MS, KEY, large},
};
use crate::{
    modules::{fixed, plain},
    world::{HEIGHT, World, authorize, pay, revoke, sign, spend},
};

pub(super) fn cases() -> Vec<Value> {
    let mut scenes = Scenes::new();
    forms(&mut scenes);
    edges(&mut scenes);
    sessions(&mut scenes);
    scenes.done()
}

/// User 1 has acted before.
fn world() -> World {
    let mut world = World::pump();
    world.succeed(1, vec![pay(2, 1)]);
    world
}

fn refused(scenes: &mut Scenes, error: Error, index: usize, case: Value) {
    let refusal = &super::run(&case)["refusal"];
    assert_eq!(refusal["error"], json!(error.name()), "{}", case["name"]);
    assert_eq!(refusal["index"], json!(index), "{}", case["name"]);
    scenes.push(case);
}

fn forms(scenes: &mut Scenes) {
    type Change = fn(&mut Body);
    let broken: [(Error, &str, Change); 9] = [
        (Error::InstructionCount, "no instruction", |body| body.program.clear()),
        (Error::NonceUsed, "the first nonce again", |body| body.nonce = 0),
        (Error::NonceTooDistant, "one above the window's reach", |body| {
            body.nonce = AHEAD_MAX + 2;
        }),
        (Error::NonceTooDistant, "the last nonce", |body| body.nonce = u64::MAX),
        (Error::Expired, "a block ago", |body| body.expires_at = HEIGHT - 1),
        (Error::Expired, "at zero", |body| body.expires_at = 0),
        (Error::BadSignature, "another's", |body| body.signer = crate::world::address(2)),
        (Error::UnknownAccount, "of a key that is no account's", |body| {
            body.signer = crate::world::address(99);
        }),
        (Error::BadSignature, "of the owner in place of the session key", |body| {
            body.session = Some(crate::world::address(KEY));
        }),
    ];
    for (error, name, change) in broken {
        let world = world();
        let mut body = world.body(1, None, vec![pay(2, 1)]);
        change(&mut body);
        let signer = if error == Error::UnknownAccount { 99 } else { 1 };
        let transaction = world.signed(signer, body);
        let name = format!("{}: {name}", error.name());
        refused(scenes, error, 0, transactions(&name, &world, vec![transaction]));
    }
    let world = world();
    let module = plain((1..=40).map(|at| fixed(at * 1_000, at)).collect());
    let long = world.transaction(1, None, vec![Instruction::PublishModule(module)]);
    let name = "Oversized: on a chain of the shortest chunks";
    refused(
        scenes,
        Error::Oversized,
        0,
        transactions_on(name, &world, CHUNK_BYTES_MIN, vec![long]),
    );
    let mut other = world.transaction(1, None, vec![pay(2, 1)]);
    other.signature = sign(1, &other.body.digest(&Hash::ZERO));
    let name = "BadSignature: for another chain";
    refused(scenes, Error::BadSignature, 0, transactions(name, &world, vec![other]));
    let good = world.transaction(1, None, vec![pay(2, 1)]);
    let name = "NonceUsed: twice in a segment";
    refused(scenes, Error::NonceUsed, 1, transactions(name, &world, vec![good.clone(), good]));
}

/// What is just admitted.
fn edges(scenes: &mut Scenes) {
    type Change = fn(&mut Body);
    let edges: [(&str, Change); 5] = [
        ("expiry at this height", |body| body.expires_at = HEIGHT),
        ("the highest nonce within reach", |body| body.nonce = AHEAD_MAX + 1),
        ("the last nonce of the window", |body| body.nonce = 256),
        ("the first nonce past the window", |body| body.nonce = 257),
        ("eight instructions", |body| body.program = vec![pay(2, 1); INSTRUCTIONS_MAX]),
    ];
    for (name, change) in edges {
        let world = world();
        let mut body = world.body(1, None, vec![pay(2, 1)]);
        change(&mut body);
        let transaction = world.signed(1, body);
        let case = transactions(&format!("admitted: {name}"), &world, vec![transaction]);
        assert!(super::run(&case)["post_root"].is_string(), "{name}");
        scenes.push(case);
    }
    let world = world();
    let several = (1..=8).map(|user| world.transaction(user, None, vec![pay(9, 5)])).collect();
    scenes.push(transactions("eight transactions", &world, several));
    let dear = (1..=2).map(|user| world.transaction(user, None, vec![large(u64::from(user))]));
    full(scenes, transactions("SegmentFull: two dear transactions", &world, dear.collect()));
    let failed = world.transaction(3, None, vec![pay(4, 1), pay(4, 0)]);
    let good = world.transaction(4, None, vec![pay(3, 1)]);
    scenes.push(transactions(
        "a failure between others",
        &world,
        vec![world.transaction(2, None, vec![pay(3, 7)]), failed, good],
    ));
}

fn full(scenes: &mut Scenes, case: Value) {
    assert_eq!(super::run(&case)["refusal"]["kind"], json!("SegmentFull"), "{}", case["name"]);
    scenes.push(case);
}

fn sessions(scenes: &mut Scenes) {
    let program = |world: &World| vec![spend(world.id(), 1_000_000)];
    let mut check = |error: Error, name: &str, prepare: fn(&mut World)| {
        let mut world = world();
        prepare(&mut world);
        let transaction = world.transaction(1, Some(KEY), program(&world));
        let name = format!("{}: {name}", error.name());
        refused(scenes, error, 0, transactions(&name, &world, vec![transaction]));
    };
    check(Error::UnknownSession, "never authorized", |_| {});
    check(Error::UnknownSession, "authorized by another", |world| {
        world.succeed(2, vec![authorize(KEY, END_MS, 1)]);
    });
    check(Error::UnknownSession, "revoked", |world| {
        world.succeed(1, vec![authorize(KEY, END_MS, 1), revoke(KEY)]);
    });
    check(Error::SessionExpired, "in the millisecond of its end", |world| {
        world.succeed(1, vec![authorize(KEY, END_MS, 1 << 40)]);
        world.edit_chain(|chain| chain.time_ms = END_MS);
    });
}

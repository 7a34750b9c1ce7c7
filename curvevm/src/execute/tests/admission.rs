//! What keeps a transaction out of a block: form, signature, account, nonce, expiry.

use std::{boxed::Box, vec, vec::Vec};

use super::world::{World, dear, pay};
use crate::{
    codec::{CHUNK_BYTES_MAX, CHUNK_BYTES_MIN},
    error::Error,
    execute::{Refusal, apply, check},
    meter::Meter,
    module::{PIECES_MAX, Piece, PieceKind},
    nonce::AHEAD_MAX,
    program::Instruction,
    receipt::Outcome,
    test_support::{sign, signed},
    tx::{Body, CHUNK_OVERHEAD_MAX, INSTRUCTIONS_MAX, TX_BYTES_MAX, Transaction, bytes_max},
    types::{Base, Hash, Quote},
};

/// A change to a good transaction of user 1, and what it is refused for.
type Broken = (Error, Box<dyn Fn(&World) -> Transaction>);

pub(super) fn rejections() -> Vec<Broken> {
    let broken = |error, change: fn(&mut Body)| -> Broken {
        let build = move |world: &World| {
            let mut body = world.body(1, None, vec![pay(2, 1)]);
            change(&mut body);
            sign(1, body, &world.context.genesis)
        };
        (error, Box::new(build))
    };
    vec![
        broken(Error::UnknownVersion, |body| body.version = 0),
        broken(Error::InstructionCount, |body| body.program.clear()),
        broken(Error::InstructionCount, |body| {
            body.program = vec![pay(2, 1); INSTRUCTIONS_MAX + 1]
        }),
        broken(Error::Oversized, |body| {
            let mut module = dear(1);
            module.pieces = vec![module.pieces[0].clone(); 250];
            body.program = vec![Instruction::PublishModule(module)];
        }),
        broken(Error::BadSignature, |body| body.signer = super::world::address_of(2)),
        broken(Error::NonceUsed, |body| body.nonce = 0),
        broken(Error::NonceTooDistant, |body| body.nonce = AHEAD_MAX + 2),
        broken(Error::NonceTooDistant, |body| body.nonce = u64::MAX),
        broken(Error::Expired, |body| body.expires_at = 4),
        (Error::BadSignature, Box::new(|_| signed(1, 1, vec![pay(2, 1)], &Hash::ZERO))),
        (
            Error::BadSignature,
            Box::new(|world| {
                let mut transaction = signed(1, 1, vec![pay(2, 1)], &world.context.genesis);
                transaction.body.nonce += 1;
                transaction
            }),
        ),
        (
            Error::UnknownAccount,
            Box::new(|world| signed(99, 0, vec![pay(2, 1)], &world.context.genesis)),
        ),
    ]
}

fn decoded(change: impl FnOnce(&mut Vec<u8>)) -> Error {
    let mut bytes = signed(1, 0, vec![pay(2, 1)], &Hash::ZERO).encode();
    assert!(Transaction::decode(&bytes).is_ok());
    change(&mut bytes);
    Transaction::decode(&bytes).unwrap_err()
}

#[test]
fn bytes_that_are_no_transaction() {
    assert_eq!(decoded(Vec::clear), Error::Malformed);
    assert_eq!(decoded(|bytes| bytes.truncate(bytes.len() - 1)), Error::Malformed);
    assert_eq!(decoded(|bytes| bytes.push(0)), Error::Malformed);
    assert_eq!(decoded(|bytes| bytes[0] = 2), Error::UnknownVersion);
    // An option that is neither none nor some, an opcode that is none, a count past the end.
    assert_eq!(decoded(|bytes| bytes[33] = 2), Error::Malformed);
    assert_eq!(decoded(|bytes| bytes[54] = 200), Error::Malformed);
    assert_eq!(decoded(|bytes| bytes[50..54].fill(255)), Error::Malformed);
    assert_eq!(decoded(|bytes| bytes.resize(TX_BYTES_MAX + 1, 0)), Error::Oversized);
}

/// Rule 1: a rejected transaction leaves the state as it was.
#[test]
fn a_rejection_leaves_nothing() {
    for (error, build) in rejections() {
        let mut world = World::pump();
        world.succeed(1, vec![pay(2, 1)]);
        let transaction = build(&world);
        let before = world.tree.root();
        assert_eq!(world.apply(&transaction), Err(Refusal::Rejected(error)));
        assert_eq!(world.tree.root(), before);
    }
}

/// What the account says of a transaction, [`check`] says before it is executed.
#[test]
fn a_transaction_is_checked_as_it_is_executed() {
    let accounts =
        [Error::UnknownAccount, Error::Expired, Error::NonceUsed, Error::NonceTooDistant];
    for (error, build) in rejections().into_iter().filter(|(error, _)| accounts.contains(error)) {
        let mut world = World::pump();
        world.succeed(1, vec![pay(2, 1)]);
        let body = build(&world).body;
        assert_eq!(check(&world.tree, &body, &world.context), Err(Refusal::Rejected(error)));
    }
    let world = World::pump();
    let body = world.body(1, None, vec![pay(2, 1)]);
    assert_eq!(check(&world.tree, &body, &world.context), Ok(()));
}

#[test]
fn a_transaction_is_executed_once_and_up_to_its_height() {
    let mut world = World::pump();
    let mut body = world.body(1, None, vec![pay(2, 1)]);
    body.expires_at = world.context.height;
    let transaction = sign(1, body, &world.context.genesis);
    assert!(matches!(world.apply(&transaction), Ok(Outcome::Succeeded(_))));
    let again = Err(Refusal::Rejected(Error::NonceUsed));
    assert_eq!(world.apply(&transaction), again);
    // Also when it failed the first time.
    let transaction = signed(1, 9, vec![pay(2, 0)], &world.context.genesis);
    assert!(matches!(world.apply(&transaction), Ok(Outcome::Failed { .. })));
    assert_eq!(world.apply(&transaction), again);
    // One height later it is too late, whatever else is wrong.
    world.context.height += 1;
    let body = Body { expires_at: world.context.height - 1, ..transaction.body };
    let late = sign(1, body, &world.context.genesis);
    assert_eq!(world.apply(&late), Err(Refusal::Rejected(Error::Expired)));
}

#[test]
fn the_nonce_window_is_taken_to_its_edges() {
    let mut world = World::pump();
    let mut at = |nonce| {
        let transaction = signed(1, nonce, vec![pay(2, 1)], &world.context.genesis);
        world.apply(&transaction).err()
    };
    let (used, distant) = (Error::NonceUsed, Error::NonceTooDistant);
    assert_eq!(at(AHEAD_MAX + 1), Some(Refusal::Rejected(distant)));
    // Takes the window along: its base is now 256.
    assert_eq!(at(AHEAD_MAX), None);
    assert_eq!(at(AHEAD_MAX), Some(Refusal::Rejected(used)));
    assert_eq!(at(255), Some(Refusal::Rejected(used)));
    assert_eq!(at(256), None);
    // And 257, for 256 was its lowest.
    assert_eq!(at(256), Some(Refusal::Rejected(used)));
    assert_eq!(at(257 + AHEAD_MAX + 1), Some(Refusal::Rejected(distant)));
    assert_eq!(at(257 + AHEAD_MAX), None);
}

#[test]
fn a_chains_chunks_bound_its_transactions() {
    let world = World::pump();
    let apply = |transaction: &Transaction, chunk_bytes_max| {
        let mut tree = world.tree.clone();
        apply(transaction, chunk_bytes_max, &world.context, &mut tree, &mut Meter::new())
            .map(|_| ())
    };
    // 64 pieces of constant liquidity, the longest kind but one.
    let piece = |at: u64| Piece {
        end: Base::new(at + 1),
        kind: PieceKind::ConstantProduct {
            virtual_quote: Quote::new(1 << 40),
            virtual_base: Base::new(1 << 40),
            rounding: crate::module::Rounding::Ceiling,
        },
    };
    let mut module = dear(1);
    module.pieces = (0..PIECES_MAX as u64).map(piece).collect();
    let program = vec![Instruction::PublishModule(module)];
    let transaction = world.transaction(1, None, program);
    let length = transaction.encode().len();
    assert!(length > 1_700, "{length}");
    let refused = Err(Refusal::Rejected(Error::Oversized));
    assert_eq!(apply(&transaction, CHUNK_BYTES_MIN), refused);
    assert_eq!(apply(&transaction, length + CHUNK_OVERHEAD_MAX - 1), refused);
    assert_eq!(apply(&transaction, length + CHUNK_OVERHEAD_MAX), Ok(()));
    assert_eq!(apply(&transaction, CHUNK_BYTES_MAX), Ok(()));
    assert_eq!(bytes_max(CHUNK_BYTES_MAX), TX_BYTES_MAX);
    assert_eq!(bytes_max(CHUNK_BYTES_MIN), 677);
    let payments = |count| world.transaction(1, None, vec![pay(2, 1); count]);
    assert_eq!(apply(&payments(INSTRUCTIONS_MAX - 1), CHUNK_BYTES_MIN), Ok(()));
    assert_eq!(apply(&payments(INSTRUCTIONS_MAX), CHUNK_BYTES_MIN), refused);
}

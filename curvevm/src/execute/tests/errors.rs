//! Each error of the table, by a transaction that deserves it; and what is left of it.

use std::{vec, vec::Vec};

use super::{
    admission, claim, launch, liquidity, referral, session, trade, transfer,
    world::{Case, World, failed, pay},
};
use crate::{
    cell::{Account, Cell},
    error::Error,
    test_support::address,
};

fn failures() -> Vec<Case> {
    [
        trade::failures(),
        referral::failures(),
        launch::failures(),
        transfer::failures(),
        liquidity::failures(),
        claim::failures(),
        session::failures(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Every error number is reached by one of the cases.
#[test]
fn all_are_given() {
    // By decoding; by tests of sessions; and by no opcode at this version.
    let elsewhere =
        [Error::Malformed, Error::UnknownSession, Error::SessionExpired, Error::OpcodeInactive];
    let (failures, rejections) = (failures(), admission::rejections());
    let given: Vec<_> = failures
        .iter()
        .map(|case| case.error)
        .chain(rejections.iter().map(|case| case.0))
        .chain(elsewhere)
        .collect();
    for error in Error::ALL {
        assert!(given.contains(error), "{error:?}");
    }
    assert!(failures.iter().all(|case| !case.error.is_rejection()));
    assert!(rejections.iter().all(|case| case.0.is_rejection()));
}

/// Rule 2: the failing instruction is named, and all that is left of the transaction is its nonce.
#[test]
fn a_failure_uses_the_nonce_and_nothing_else() {
    for Case { error, session, build } in failures() {
        let mut world = World::pump();
        let built = build(&mut world);
        // Something has been done before the failure, where the key may do it.
        let mut program = if session.is_some() { vec![] } else { vec![pay(3, 5)] };
        let full = built.len() == crate::tx::INSTRUCTIONS_MAX;
        program.truncate(if full { 0 } else { 1 });
        if built.first() == Some(&pay(2, super::world::DEPOSIT)) {
            program.clear();
        }
        program.extend(built);
        let last = u8::try_from(program.len() - 1).unwrap();

        let mut expected = world.tree.clone();
        let mut account = world.account(1);
        account.nonces.take(account.nonces.next()).unwrap();
        expected.put(Account::key(&address(1)), Cell::Account(account)).unwrap();

        let outcome = failed(world.run(1, session, program.clone()));
        assert_eq!(outcome, (last, error), "{program:?}");
        assert_eq!(world.tree.root(), expected.root(), "{program:?}");
    }
}

/// The eighth instruction fails, and the seven before it did nothing.
#[test]
fn eight_instructions_take_effect_together_or_not_at_all() {
    use super::world::{authorize, give, hand_over, revoke, spend, take, withdraw};
    let mut world = World::pump();
    let curve = world.id();
    let good = vec![
        take(curve, 2_000_000),
        give(curve, 1_000_000),
        hand_over(curve, 77, 500),
        spend(curve, 1_000_000),
        pay(78, 9),
        authorize(60, 1 << 40, 7),
        withdraw(1),
    ];
    for bad in [withdraw(u64::MAX), revoke(61), give(curve, u64::MAX), pay(1, 1)] {
        let mut expected = world.tree.clone();
        let mut account = world.account(1);
        account.nonces.take(account.nonces.next()).unwrap();
        expected.put(Account::key(&address(1)), Cell::Account(account)).unwrap();
        let program = [good.clone(), vec![bad]].concat();
        assert_eq!(world.fail(1, program).0, 7);
        assert_eq!(world.tree.root(), expected.root());
    }
    let program = [good, vec![withdraw(2)]].concat();
    assert_eq!(world.succeed(1, program).len(), 8);
    world.check();
}

//! `AUTHORIZE`, `REVOKE`, and transactions of session keys.

use std::{vec, vec::Vec};

use super::world::{
    Case, DEPOSIT, SOL, USD, World, add, authorize, case, claim, failed, get, give, hand_over,
    launch, migrate, pay, raised, referred, remove, revoke, spend, take, withdraw, withdraw_tokens,
};
use crate::{
    cell::Session,
    error::Error,
    execute::{Refusal, check},
    program::{Claim, Instruction, Program},
    receipt::{Event, Outcome},
    test_support::{address, pump_module, sign},
    types::{AssetId, Quote},
};

/// The session key of user 1.
pub(super) const KEY: u8 = 60;
/// When it expires.
const END_MS: u64 = 20_000;

/// A failure of a transaction that [`KEY`] signs, with a limit of one SOL.
fn by_key(error: Error, build: impl Fn(&mut World) -> Program + 'static) -> Case {
    let build = move |w: &mut World| {
        let program = build(w);
        w.succeed(1, vec![authorize(KEY, END_MS, SOL)]);
        program
    };
    Case { session: Some(KEY), ..case(error, build) }
}

pub(super) fn failures() -> Vec<Case> {
    let scope =
        |build: fn(&World) -> Instruction| by_key(Error::SessionScope, move |w| vec![build(w)]);
    vec![
        case(Error::InvalidSession, |_| vec![authorize(1, END_MS, 1)]),
        case(Error::InvalidSession, |_| vec![authorize(KEY, 0, 1)]),
        case(Error::InvalidSession, |w| vec![authorize(KEY, w.context.time_ms, 1)]),
        case(Error::InvalidSession, |_| vec![authorize(KEY, END_MS, 0)]),
        case(Error::InvalidSession, |_| vec![revoke(KEY)]),
        case(Error::InvalidSession, |w| {
            w.succeed(2, vec![authorize(KEY, END_MS, 1)]);
            vec![revoke(KEY)]
        }),
        case(Error::InvalidSession, |_| vec![authorize(KEY, END_MS, 1), revoke(KEY), revoke(KEY)]),
        scope(|_| pay(2, 1)),
        scope(|w| hand_over(w.id(), 2, 1)),
        scope(|_| withdraw(1)),
        scope(|w| withdraw_tokens(w.id(), 1)),
        scope(|w| migrate(w.id())),
        scope(|w| claim(w.id(), Claim::CreatorFees)),
        scope(|_| launch(&pump_module(), AssetId::SOL, 4)),
        scope(|_| Instruction::PublishModule(raised())),
        scope(|_| authorize(KEY + 1, END_MS, 1)),
        scope(|_| authorize(KEY, END_MS, 1)),
        scope(|_| revoke(KEY)),
        by_key(Error::SpendLimit, |w| vec![spend(w.id(), 2 * SOL)]),
        by_key(Error::SpendLimit, |w| vec![take(w.id(), 1 << 40), spend(w.id(), SOL)]),
        by_key(Error::SpendLimit, |w| {
            w.launch(pump_module(), USD);
            vec![spend(w.curves[1].id, 1_000)]
        }),
        by_key(Error::SpendLimit, |w| {
            *w = World::migrated(raised());
            w.succeed(1, vec![spend(w.id(), 100 * SOL)]);
            vec![add(w.id(), 2 * SOL)]
        }),
    ]
}

/// The transaction of user 1, signed by [`KEY`], and why it is refused if it is.
fn refusal(world: &mut World, program: Program) -> Option<Error> {
    let transaction = world.transaction(1, Some(KEY), program);
    let before = world.tree.root();
    let checked = check(&world.tree, &transaction.body, &world.context);
    let applied = world.apply(&transaction);
    match applied {
        Err(Refusal::Rejected(error)) => {
            assert_eq!(checked, Err(Refusal::Rejected(error)));
            assert_eq!(world.tree.root(), before, "a rejection leaves nothing");
            Some(error)
        }
        Ok(outcome) => {
            assert_eq!(checked, Ok(()));
            assert!(matches!(outcome, Outcome::Succeeded(_)), "{outcome:?}");
            None
        }
        Err(error) => panic!("{error:?}"),
    }
}

#[test]
fn a_session_key_trades_for_its_owner() {
    let mut world = World::pump();
    let curve = world.id();
    let events = world.succeed(1, vec![authorize(KEY, END_MS, SOL)]);
    assert_eq!(events, [Event::Authorized { session: address(KEY) }]);
    assert_eq!(refusal(&mut world, vec![spend(curve, SOL / 2)]), None);
    let spent = DEPOSIT - world.sol(1);
    assert!(world.held(1, &curve) > 0 && spent > 0);
    let session = Session {
        version: 0,
        expires_ms: END_MS,
        asset: AssetId::SOL,
        limit: Quote::new(SOL),
        spent: Quote::new(spent),
    };
    assert_eq!(world.session(1, KEY), session);
    // Fees are included in what is spent, and what is received does not make room again.
    let held = world.held(1, &curve);
    assert_eq!(refusal(&mut world, vec![give(curve, held / 2), get(curve, 1_000)]), None);
    assert_eq!(world.session(1, KEY), session);
    assert_eq!(world.find_account(KEY), None, "the key has no account");
    world.check();
}

#[test]
fn the_limit_is_spent_to_the_unit() {
    let mut world = World::pump();
    let curve = world.id();
    let mut probe = World::pump();
    let cost = probe.trade(1, take(curve, 1_000_000_000)).trader_quote.get();
    world.succeed(1, vec![authorize(KEY, END_MS, cost - 1)]);
    let program = vec![take(curve, 1_000_000_000)];
    let outcome = world.run(1, Some(KEY), program.clone());
    assert_eq!(failed(outcome), (0, Error::SpendLimit));
    // A failed transaction spends nothing.
    assert_eq!(world.session(1, KEY).spent, Quote::ZERO);
    world.succeed(1, vec![authorize(KEY, END_MS, cost)]);
    world.succeed_by(1, KEY, program);
    let session = world.session(1, KEY);
    assert_eq!(session.spent, session.limit);
    assert_eq!(failed(world.run(1, Some(KEY), vec![take(curve, 1_000)])).1, Error::SpendLimit);
    // Sales go on; a new authorization starts at zero.
    world.succeed_by(1, KEY, vec![give(curve, 1_000_000)]);
    world.succeed(1, vec![authorize(KEY, END_MS, cost)]);
    assert_eq!(world.session(1, KEY).spent, Quote::ZERO);
    world.check();
}

#[test]
fn liquidity_counts_and_is_in_scope() {
    let mut world = World::migrated(raised());
    let curve = world.id();
    world.succeed(9, vec![authorize(KEY, END_MS, SOL)]);
    let events = world.succeed_by(9, KEY, vec![add(curve, SOL / 2)]);
    let [Event::LiquidityAdded(added)] = events[..] else { panic!("{events:?}") };
    assert_eq!(world.session(9, KEY).spent, added.quote);
    world.succeed_by(9, KEY, vec![remove(curve, added.shares.get())]);
    assert_eq!(world.session(9, KEY).spent, added.quote);
    let traded = world.succeed_by(9, KEY, vec![referred(spend(curve, SOL / 4), 3)]);
    let Event::Traded(trade) = traded[0] else { panic!("{traded:?}") };
    let spent = added.quote.get() + trade.trader_quote.get();
    assert_eq!(world.session(9, KEY).spent.get(), spent);
    world.check();
}

#[test]
fn a_session_is_valid_until_the_time_that_it_names() {
    let mut world = World::pump();
    let curve = world.id();
    world.succeed(1, vec![authorize(KEY, END_MS, SOL)]);
    world.context.time_ms = END_MS - 1;
    assert_eq!(refusal(&mut world, vec![spend(curve, 1_000)]), None);
    world.context.time_ms = END_MS;
    assert_eq!(refusal(&mut world, vec![spend(curve, 1_000)]), Some(Error::SessionExpired));
    // The owner can prolong it, or revoke it.
    world.succeed(1, vec![authorize(KEY, END_MS + 1, SOL)]);
    assert_eq!(refusal(&mut world, vec![spend(curve, 1_000)]), None);
    world.context.time_ms = u64::MAX;
    world.succeed(1, vec![revoke(KEY)]);
    assert_eq!(refusal(&mut world, vec![spend(curve, 1_000)]), Some(Error::UnknownSession));
}

#[test]
fn a_key_without_a_session_is_rejected() {
    let mut world = World::pump();
    let curve = world.id();
    let program = vec![spend(curve, 1_000)];
    assert_eq!(refusal(&mut world, program.clone()), Some(Error::UnknownSession));
    // Another owner's session is not this owner's.
    world.succeed(2, vec![authorize(KEY, END_MS, SOL)]);
    assert_eq!(refusal(&mut world, program.clone()), Some(Error::UnknownSession));
    world.succeed(1, vec![authorize(KEY, END_MS, SOL)]);
    assert_eq!(refusal(&mut world, program.clone()), None);
    let events = world.succeed(1, vec![revoke(KEY)]);
    assert_eq!(events, [Event::Revoked { session: address(KEY) }]);
    assert_eq!(refusal(&mut world, program.clone()), Some(Error::UnknownSession));
    let revoked = world.session(1, KEY);
    assert_eq!((revoked.expires_ms, revoked.limit), (0, Quote::new(SOL)));
    world.succeed(1, vec![authorize(KEY, END_MS, SOL)]);
    assert_eq!(refusal(&mut world, program), None);
}

#[test]
fn the_owners_signature_is_not_the_keys() {
    let mut world = World::pump();
    let curve = world.id();
    world.succeed(1, vec![authorize(KEY, END_MS, SOL)]);
    let body = world.body(1, Some(KEY), vec![spend(curve, 1_000)]);
    let genesis = world.context.genesis;
    // The body names the key, so that the key signs; and a key that signs has to be named.
    for (seed, session) in [(1, Some(KEY)), (2, Some(KEY)), (KEY, None)] {
        let body = crate::tx::Body { session: session.map(address), ..body.clone() };
        let outcome = world.apply(&sign(seed, body, &genesis));
        assert_eq!(outcome, Err(Refusal::Rejected(Error::BadSignature)));
    }
    assert!(world.apply(&sign(KEY, body, &genesis)).is_ok());
}

/// The owner as their own session key would be a second form of the same transaction.
#[test]
fn the_owner_is_no_session_key() {
    let mut world = World::pump();
    let transaction = world.transaction(1, Some(1), vec![spend(world.id(), 1_000)]);
    let outcome = world.apply(&transaction);
    assert_eq!(outcome, Err(Refusal::Rejected(Error::UnknownSession)));
}

#[test]
fn the_owners_nonces_are_used_by_keys_too() {
    let mut world = World::pump();
    world.succeed(1, vec![authorize(KEY, END_MS, SOL)]);
    let transaction = world.transaction(1, Some(KEY), vec![spend(world.id(), 2 * SOL)]);
    assert!(matches!(world.apply(&transaction), Ok(Outcome::Failed { .. })));
    assert_eq!(world.apply(&transaction), Err(Refusal::Rejected(Error::NonceUsed)));
    let mut body = transaction.body;
    (body.session, body.program) = (None, vec![pay(2, 1)]);
    let outcome = world.apply(&sign(1, body, &world.context.genesis.clone()));
    assert_eq!(outcome, Err(Refusal::Rejected(Error::NonceUsed)));
}

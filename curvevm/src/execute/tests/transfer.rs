//! `TRANSFER` and `WITHDRAW`.

use std::{vec, vec::Vec};

use super::world::{
    Case, DEPOSIT, OTHER, SOL, USD, World, case, claim, give, hand_over, nobody, pay, pay_in, rich,
    take, withdraw, withdraw_tokens,
};
use crate::{
    cell::{ASSETS_MAX, Account, Cell, Withdrawal},
    error::Error,
    program::{Amount, Claim},
    test_support::address,
    types::{AssetId, Base, Quote},
};

pub(super) fn failures() -> Vec<Case> {
    vec![
        case(Error::ZeroAmount, |_| vec![pay(2, 0)]),
        case(Error::ZeroAmount, |w| vec![hand_over(w.id(), 2, 0)]),
        case(Error::ZeroAmount, |_| vec![withdraw(0)]),
        case(Error::ZeroAmount, |w| vec![take(w.id(), 5), withdraw_tokens(w.id(), 0)]),
        case(Error::Overflow, |w| {
            let balances = vec![(AssetId::SOL, Quote::MAX)];
            w.put_account(30, Account { balances, ..Account::default() });
            vec![pay(30, 1)]
        }),
        case(Error::InsufficientBalance, |_| vec![pay(2, DEPOSIT + 1)]),
        case(Error::InsufficientBalance, |_| vec![pay(2, u64::MAX)]),
        case(Error::InsufficientBalance, |_| vec![pay_in(OTHER, 2, 1)]),
        case(Error::InsufficientBalance, |w| vec![hand_over(w.id(), 2, 1)]),
        case(Error::InsufficientBalance, |w| vec![take(w.id(), 5), hand_over(w.id(), 2, 6)]),
        case(Error::InsufficientBalance, |_| vec![hand_over(nobody(), 2, 1)]),
        case(Error::InsufficientBalance, |_| vec![withdraw(DEPOSIT + 1)]),
        case(Error::InsufficientBalance, |w| vec![withdraw_tokens(w.id(), 1)]),
        case(Error::InsufficientBalance, |w| vec![take(w.id(), 5), withdraw_tokens(w.id(), 6)]),
        case(Error::UnknownCurve, |_| vec![withdraw_tokens(nobody(), 1)]),
        case(Error::TooManyAssets, |w| {
            let asset = |at: usize| (AssetId::new([10 + at as u8; 32]), Quote::new(1));
            let balances = (0..ASSETS_MAX).map(asset).collect();
            w.put_account(30, Account { balances, ..Account::default() });
            vec![pay(30, 1)]
        }),
        case(Error::SelfTransfer, |_| vec![pay(1, 1)]),
        case(Error::SelfTransfer, |w| vec![hand_over(w.id(), 1, 1)]),
    ]
}

/// A transfer of tokens alone opens an account.
#[test]
fn tokens_can_be_sold_by_who_never_deposited() {
    let mut world = World::pump();
    let curve = world.id();
    world.succeed(1, vec![take(curve, 1_000_000), hand_over(curve, 77, 1_000_000)]);
    world.succeed(77, vec![give(curve, 1_000_000)]);
    assert!(world.sol(77) > 0);
    world.check();
}

#[test]
fn every_asset_of_the_chain_is_transferred_and_withdrawn() {
    let mut world = World::pump();
    world.succeed(1, vec![pay_in(USD, 77, SOL), pay(77, 1)]);
    assert_eq!((world.balance(77, USD), world.sol(77)), (SOL, 1));
    world.succeed(77, vec![withdraw(1)]);
    assert_eq!(world.account(77).balances, [(USD, Quote::new(SOL))]);
    world.check();
}

#[test]
fn tokens_leave_a_holding_and_stay_in_circulation() {
    let mut world = World::pump();
    let curve = world.id();
    world.succeed(1, vec![take(curve, 1_000_000), withdraw_tokens(curve, 300_000)]);
    assert_eq!((world.held(1, &curve), world.withdrawn(&curve)), (700_000, 300_000));
    let expected = Withdrawal {
        version: 0,
        index: 0,
        amount: Amount::Base(curve, Base::new(300_000)),
        recipient: address(200),
    };
    let cell = world.tree.get(&Withdrawal::key(0)).unwrap();
    assert_eq!(cell, Some(&Cell::Withdrawal(expected)));
    // The curve has given out as much as before, so that its price and its vault are as before.
    assert_eq!(world.curve(&curve).sold.get(), 1_000_000);
    world.succeed(1, vec![give(curve, 700_000)]);
    assert_eq!(world.curve(&curve).sold.get(), 300_000);
    world.check();
}

/// What is allotted and has not vested is in no holding, and what migration left over is nobody's.
#[test]
fn tokens_that_have_not_vested_cannot_leave() {
    let mut world = World::migrated(rich());
    let curve = world.id();
    let insufficient = (0, Error::InsufficientBalance);
    assert_eq!(world.fail(0, vec![withdraw_tokens(curve, 1)]), insufficient);
    // Half of the vesting, after the cliff.
    world.pass_secs(600);
    assert_eq!(world.fail(0, vec![withdraw_tokens(curve, 1)]), insufficient);
    world.succeed(0, vec![claim(curve, Claim::Vested)]);
    let vested = world.held(0, &curve);
    assert_eq!(vested, rich().allotted().get() / 2);
    assert_eq!(world.fail(0, vec![withdraw_tokens(curve, vested + 1)]), insufficient);
    world.succeed(0, vec![withdraw_tokens(curve, vested)]);
    assert_eq!(world.held(0, &curve), 0);
    world.check();
}

/// Whatever is withdrawn: a cell of the same length, each part at its place.
#[test]
fn a_withdrawal_has_a_fixed_layout() {
    let (index, recipient) = (0x0102_0304_0506_0708, address(5));
    let amounts = [(0, Amount::Quote(USD, Quote::new(7))), (1, Amount::Base(nobody(), Base::MAX))];
    for (kind, amount) in amounts {
        let cell = Cell::Withdrawal(Withdrawal { version: 0, index, amount, recipient }).encode();
        let (asset, units) = match amount {
            Amount::Quote(asset, quote) => (asset.to_bytes(), quote.get()),
            Amount::Base(curve, base) => (curve.to_bytes(), base.get()),
        };
        let parts: [&[u8]; 6] = [
            &[5, 0],
            &index.to_le_bytes(),
            &[kind],
            &asset,
            &units.to_le_bytes(),
            recipient.as_ref(),
        ];
        assert_eq!(cell, parts.concat());
        assert_eq!(cell.len(), Withdrawal::BYTES);
    }
}

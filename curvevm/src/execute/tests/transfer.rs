//! `TRANSFER` and `WITHDRAW`.

use std::{vec, vec::Vec};

use super::world::{
    Case, DEPOSIT, OTHER, SOL, USD, World, case, give, hand_over, nobody, pay, pay_in, take,
    withdraw,
};
use crate::{
    cell::{ASSETS_MAX, Account},
    error::Error,
    types::{AssetId, Quote},
};

pub(super) fn failures() -> Vec<Case> {
    vec![
        case(Error::ZeroAmount, |_| vec![pay(2, 0)]),
        case(Error::ZeroAmount, |w| vec![hand_over(w.id(), 2, 0)]),
        case(Error::ZeroAmount, |_| vec![withdraw(0)]),
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

//! Liquidity: PumpSwap's numbers and the edges.

use serde_json::Value;
use std::vec::Vec;

use super::{add, pool, remove};
use crate::{
    error::Error,
    math::isqrt,
    types::{Base, Quote, Shares},
};

const PUMP: &str = include_str!("../../../../tests/conformance/upstream/pump-fun.json");

fn number(value: &Value) -> u64 {
    value.as_str().unwrap().parse().unwrap()
}

fn cases(function: &str) -> Vec<(Value, Value)> {
    let file: Value = serde_json::from_str(PUMP).unwrap();
    let all = file["functions"].as_array().unwrap();
    let of = all.iter().filter(|case| case["function"] == function);
    let cases: Vec<_> = of.map(|case| (case["input"].clone(), case["output"].clone())).collect();
    assert!(!cases.is_empty(), "{function}");
    cases
}

#[test]
fn adds_as_pumpswap() {
    for (input, output) in cases("pool_deposit") {
        let market =
            pool(number(&input["quote"]), number(&input["base"]), number(&input["supply"]));
        let (quote, base) = (number(&output["quote"]), number(&output["base"]));
        let added = add(&market, Quote::new(quote), Base::new(base)).unwrap();
        assert_eq!(added.shares.get(), number(&input["lp"]), "{input}");
        assert_eq!((added.quote.get(), added.base.get()), (quote, base), "{input}");
        let fewer = Base::new(base - 1);
        assert_eq!(add(&market, Quote::new(quote), fewer), Err(Error::LimitNotMet));
    }
}

#[test]
fn removes_as_pumpswap() {
    for (input, output) in cases("pool_withdraw") {
        let (supply, shares) = (number(&input["supply"]), number(&input["lp"]));
        let market = pool(number(&input["quote"]), number(&input["base"]), supply);
        let removed = remove(&market, Shares::new(shares));
        if supply - shares < 1_000 {
            // More than PumpSwap, this chain keeps a thousand.
            assert_eq!(removed, Err(Error::InsufficientShares));
            continue;
        }
        let removed = removed.unwrap();
        let (quote, base) = (number(&output["quote"]), number(&output["base"]));
        assert_eq!((removed.quote.get(), removed.base.get()), (quote, base), "{input}");
    }
}

#[test]
fn begins_with_the_geometric_mean_as_pumpswap() {
    for (input, output) in cases("pool_initial_lp") {
        let [quote, base] = [&input["quote"], &input["base"]].map(|n| u128::from(number(n)));
        assert_eq!(isqrt(quote * base), number(&output["liquidity"]));
    }
}

#[test]
fn takes_no_more_than_is_offered_and_settles_it() {
    let mut market = pool(1_000_003, 2_000_001, 50_021);
    let added = add(&market, Quote::new(1_000), Base::MAX).unwrap();
    // floor(1,000 · 50,021 / 1,000,003) = 50 shares, for ceil(999.59) and ceil(1,999.16).
    assert_eq!((added.shares.get(), added.quote.get(), added.base.get()), (50, 1_000, 2_000));
    added.settle(&mut market).unwrap();
    assert_eq!(market, pool(1_001_003, 2_002_001, 50_071));
    let removed = remove(&market, added.shares).unwrap();
    assert_eq!((removed.quote.get(), removed.base.get()), (999, 1_999));
    removed.settle(&mut market).unwrap();
    assert_eq!(market, pool(1_000_004, 2_000_002, 50_021));
}

#[test]
fn refuses_nothing_dust_and_what_is_locked() {
    let market = pool(1_000_000, 1_000_000, 10_000);
    assert_eq!(add(&market, Quote::ZERO, Base::MAX), Err(Error::ZeroAmount));
    assert_eq!(add(&market, Quote::new(99), Base::MAX), Err(Error::Dust));
    assert_eq!(remove(&market, Shares::ZERO), Err(Error::ZeroAmount));
    assert!(remove(&market, Shares::new(9_000)).is_ok());
    assert_eq!(remove(&market, Shares::new(9_001)), Err(Error::InsufficientShares));
    assert_eq!(remove(&market, Shares::MAX), Err(Error::InsufficientShares));
    let thin = pool(1_000, 1_000, 10_000);
    assert_eq!(remove(&thin, Shares::new(9)), Err(Error::Dust));
    // Shares that do not fit; what does not fit is not half written.
    let dear = pool(1, 1, u64::MAX);
    assert_eq!(add(&dear, Quote::new(2), Base::MAX), Err(Error::Overflow));
    let full = pool(u64::MAX, 1_000_000, 1_000_000);
    assert_eq!(add(&full, Quote::new(u64::MAX / 2), Base::MAX), Err(Error::Overflow));
    let small = pool(1_000_000, 1_000_000, 1_000_000);
    let added = add(&small, Quote::new(1_000), Base::MAX).unwrap();
    let mut after = full.clone();
    assert_eq!(added.settle(&mut after), Err(Error::Overflow));
    assert_eq!(after, full);
}

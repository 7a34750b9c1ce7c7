//! Trades: PumpSwap's numbers, tiers, the vault and the edges.

use serde_json::Value;
use std::vec;

use super::{TERMS, bought, buy, charging, get, give, pool, sell, sold, spend, take};
use crate::{
    cell::Pool,
    error::Error,
    module::{
        Allotment, FeeOf, FeePart, FeeRounding, FeeSchedule, FeeSide, FeeTotal, Fees, Module,
        Recipient, Vault,
    },
    pool::market_cap,
    program::{BuyOrder, SellOrder},
    receipt::TakenFees,
    templates,
    types::{Base, Quote},
};

const PUMP: &str = include_str!("../../../../tests/conformance/upstream/pump-fun.json");

fn number(value: &Value) -> u64 {
    value.as_str().unwrap_or_else(|| panic!("a number: {value}")).parse().unwrap()
}

fn fees_of(config: &Value) -> Fees {
    let bps = |name| number(&config["fees_bps"][name]) as u16;
    Fees::on_top(&[
        (Recipient::Liquidity, bps("lp")),
        (Recipient::Protocol, bps("protocol")),
        (Recipient::Creator, bps("creator")),
    ])
}

#[test]
fn trades_as_pumpswap() {
    let file: Value = serde_json::from_str(PUMP).unwrap();
    let mut compared = 0;
    for case in file["trades"].as_array().unwrap() {
        let config = &file["configs"][case["config"].as_str().unwrap()];
        // Virtual reserves of quote are PumpSwap's own.
        let plain = case["state"].get("virtual_quote").is_none_or(|held| held == "0");
        if config["kind"] == "pump_swap" && plain {
            compare(&charging(fees_of(config)), case);
            compared += 1;
        }
    }
    assert!(compared > 25, "{compared}");
}

fn compare(module: &Module, case: &Value) {
    let id = &case["id"];
    let state = &case["state"];
    let before = pool(number(&state["quote"]), number(&state["base"]), 1_000_000);
    let amount = number(&case["order"]["amount"]);
    let side = [&case["order"]["side"], &case["order"]["kind"]].map(|name| name.as_str().unwrap());
    let fill = match side {
        ["buy", "exact_in"] => bought(module, &before, spend(amount)),
        ["buy", "exact_out"] => bought(module, &before, take(amount)),
        ["sell", "exact_in"] => sold(module, &before, give(amount)),
        ["sell", "exact_out"] => sold(module, &before, get(amount)),
        _ => panic!("{id}"),
    };
    match case.get("error").and_then(Value::as_str) {
        // Here an output is found whose fees leave what is asked for.
        Some("fees_exceed_output") if side == ["sell", "exact_out"] => {
            return assert_eq!(fill.unwrap().trader_quote.get(), amount, "{id}");
        }
        Some("zero_output" | "fees_exceed_output") => {
            return assert_eq!(fill, Err(Error::Dust), "{id}");
        }
        Some(error) => panic!("{id}: {error}"),
        None => {}
    }
    let result = &case["result"];
    let fees = &result["fees"];
    if side == ["sell", "exact_out"] {
        let fill = fill.unwrap();
        assert_eq!(fill.trader_quote.get(), amount, "{id}");
        let charged: u64 = ["lp", "protocol", "creator"].map(|who| number(&fees[who])).iter().sum();
        if number(&result["quote"]) - charged < amount {
            // The kit is short by what the parts are rounded up; the program has no such order.
            assert!((1..=3).contains(&(fill.quote.get() - number(&result["quote"]))), "{id}");
            return;
        }
    }
    if number(&result["trader_receives"]) == 0 {
        return assert_eq!(fill, Err(Error::Dust), "{id}");
    }
    let fill = fill.unwrap_or_else(|error| panic!("{id}: {error}"));
    assert_eq!(fill.base.get(), number(&result["base"]), "{id}");
    assert_eq!(fill.quote.get(), number(&result["quote"]), "{id}");
    let split = fill.fees.units();
    assert_eq!(split.liquidity, number(&fees["lp"]), "{id}");
    assert_eq!(split.protocol, number(&fees["protocol"]), "{id}");
    assert_eq!(split.creator, number(&fees["creator"]), "{id}");
    let [pays, receives] = match side {
        ["buy", _] => [fill.trader_quote.get(), fill.trader_base.get()],
        _ => [fill.trader_base.get(), fill.trader_quote.get()],
    };
    assert_eq!(pays, number(&result["trader_pays"]), "{id}");
    assert_eq!(receives, number(&result["trader_receives"]), "{id}");
    let mut after = before;
    fill.settle(&mut after).unwrap();
    assert_eq!(after.base.get(), number(&result["state_after"]["base"]), "{id}");
    assert_eq!(after.quote.get(), number(&result["state_after"]["quote"]), "{id}");
    assert_eq!(after.fees.protocol.quote.get(), split.protocol);
    assert_eq!(after.fees.creator.quote.get(), split.creator);
}

#[test]
fn tiers_follow_the_market_cap_before_the_trade() {
    let file: Value = serde_json::from_str(PUMP).unwrap();
    let module = templates::pump_fun();
    let cases = file["functions"].as_array().unwrap();
    let cases: vec::Vec<_> =
        cases.iter().filter(|case| case["function"] == "pool_fee_tier").collect();
    assert!(cases.len() > 10);
    for case in cases {
        // One token is worth a part of the supply of so much that the market cap is exact.
        let cap = number(&case["input"]["market_cap"]);
        let before = pool(cap.max(1), module.supply.get(), 1_000_000);
        assert_eq!(market_cap(&module, &before), Ok(u128::from(cap.max(1))));
        // As large an output as leaves no part in the dark.
        let base = module.supply.get();
        let Ok(fill) = sold(&module, &before, give(base)) else { continue };
        let (quote, output) = (fill.quote.get(), &case["output"]);
        let fee =
            |bps: &str| (u128::from(quote) * u128::from(number(&output[bps]))).div_ceil(10_000);
        let split = fill.fees.units();
        let parts = [split.liquidity, split.protocol, split.creator].map(u128::from);
        assert_eq!(parts, [fee("lp"), fee("protocol"), fee("creator")], "{case}");
    }
    // 30 SOL for 1,073,000,000 tokens.
    let genesis = pool(30_000_000_000, 1_073_000_000_000_000, 1_000_000);
    assert_eq!(market_cap(&module, &genesis), Ok(27_958_993_476));
}

#[test]
fn a_share_of_an_included_fee_stays_in_the_pool() {
    let part = FeePart {
        recipient: Recipient::Protocol,
        rate: 200_000_000,
        of: FeeOf::Total,
        rounding: FeeRounding::Down,
    };
    let total =
        FeeTotal::Included { rate: 10_000_000, referred: 0, schedule: FeeSchedule::Constant };
    let fees = Fees { total, side: FeeSide::Quote, parts: vec![part], rest: Recipient::Liquidity };
    let module = charging(fees);
    let mut market = pool(1_000_000, 1_000_000, 1_000_000);
    let fill = bought(&module, &market, spend(100_000)).unwrap();
    // 1,000 in all, of which 200 are the protocol's: floor(1,000,000 · 98,999 / 1,098,999).
    assert_eq!((fill.quote.get(), fill.base.get()), (99_000, 90_081));
    fill.settle(&mut market).unwrap();
    assert_eq!(market.quote.get(), 1_000_000 + 99_000 + 800);
    assert_eq!(market.fees.protocol.quote.get(), 200);
}

#[test]
fn a_referrer_is_paid_only_when_named() {
    let module = charging(Fees::on_top(&[(Recipient::Referrer, 100)]));
    let market = pool(1_000_000, 1_000_000, 1_000_000);
    let fees = |referred| {
        let terms = crate::curve::Terms { time_ms: 0, referred };
        buy(&module, &market, &take(10_000), &terms).unwrap().fees
    };
    let TakenFees::Quote(named) = fees(true) else { panic!("fees in tokens") };
    assert_eq!(named.referrer, Quote::new(102));
    assert_eq!(fees(false).units().total(), Some(0));
}

#[test]
fn the_vault_halts_purchases_and_no_sales() {
    let vault = Vault { reserve_bps: 5_000 };
    let supply = Base::new(3_000_000);
    let allotment = Allotment { amount: Base::new(500_000), cliff_secs: 0, vesting_secs: 0 };
    let module =
        Module { supply, vault: Some(vault), allotment: Some(allotment), ..charging(Fees::none()) };
    // 900,000 in the pool, 1,500,000 in circulation, 500,000 allotted and 100,000 burnt.
    let mut market = Pool { burnt: Base::new(100_000), ..pool(1_000_000, 900_000, 1_000_000) };
    // With b bought, the pool holds half of the market cap while 2 · (900,000 - b) >= 1,500,000 + b.
    assert!(bought(&module, &market, take(100_000)).is_ok());
    assert_eq!(bought(&module, &market, take(100_001)), Err(Error::VaultBreached));
    assert_eq!(
        bought(&module, &market, spend(500_000)),
        Err(Error::VaultBreached),
        "exact in as well"
    );
    // What the creator has claimed circulates.
    market.vested = allotment.amount;
    assert_eq!(bought(&module, &market, take(1)), Err(Error::VaultBreached));
    assert!(sold(&module, &market, give(1_000)).is_ok());
}

#[test]
fn refuses_nothing_and_more_than_there_is() {
    let module = charging(Fees::on_top(&[(Recipient::Protocol, 95), (Recipient::Creator, 30)]));
    let market = pool(1_000_000, 1_000_000, 1_000_000);
    let buying = |order| bought(&module, &market, order).map(|_| ());
    let selling = |order| sold(&module, &market, order).map(|_| ());
    assert_eq!(buying(spend(0)), Err(Error::ZeroAmount));
    assert_eq!(buying(take(0)), Err(Error::ZeroAmount));
    assert_eq!(selling(give(0)), Err(Error::ZeroAmount));
    assert_eq!(selling(get(0)), Err(Error::ZeroAmount));
    for order in [spend(1), spend(2), spend(3)] {
        assert_eq!(buying(order), Err(Error::Dust), "{order:?}");
    }
    assert_eq!(selling(give(1)), Err(Error::Dust));
    assert_eq!(selling(give(3)), Err(Error::Dust), "two units of fees out of two");
    assert_eq!(buying(take(1_000_000)), Err(Error::InsufficientReserve));
    assert_eq!(buying(take(u64::MAX)), Err(Error::InsufficientReserve));
    assert_eq!(buying(take(999_999)), Ok(()));
    assert_eq!(selling(get(1_000_000)), Err(Error::InsufficientReserve));
    assert_eq!(selling(get(u64::MAX)), Err(Error::Overflow));
    assert_eq!(selling(give(u64::MAX)), Err(Error::Overflow));
    assert_eq!(buying(spend(u64::MAX)), Ok(()));
    let free = charging(Fees::none());
    assert_eq!(bought(&free, &market, spend(u64::MAX)), Err(Error::Overflow));
    // A sum that does not fit, with reserves that do.
    let large = pool(u64::MAX - 10, u64::MAX - 10, 1_000_000);
    assert_eq!(bought(&module, &large, take(100)).map(|_| ()), Err(Error::Overflow));
    assert_eq!(sold(&module, &large, give(100)).map(|_| ()), Err(Error::Overflow));
}

#[test]
fn limits_are_net_of_fees() {
    let module = charging(Fees::on_top(&[(Recipient::Liquidity, 20), (Recipient::Creator, 30)]));
    let market = pool(50_000_000, 70_000_000, 1_000_000);
    let fill = bought(&module, &market, take(1_000_000)).unwrap();
    let order = |quote| BuyOrder::ExactOut { base: fill.base, quote_max: Quote::new(quote) };
    assert_eq!(buy(&module, &market, &order(fill.trader_quote.get()), &TERMS), Ok(fill));
    let below = order(fill.trader_quote.get() - 1);
    assert_eq!(buy(&module, &market, &below, &TERMS), Err(Error::LimitNotMet));

    let fill = bought(&module, &market, spend(1_000_000)).unwrap();
    let order =
        |base| BuyOrder::ExactIn { quote: Quote::new(1_000_000), base_min: Base::new(base) };
    assert_eq!(buy(&module, &market, &order(fill.base.get()), &TERMS), Ok(fill));
    let above = order(fill.base.get() + 1);
    assert_eq!(buy(&module, &market, &above, &TERMS), Err(Error::LimitNotMet));

    let fill = sold(&module, &market, give(1_000_000)).unwrap();
    let order = |quote| SellOrder::ExactIn { base: fill.base, quote_min: Quote::new(quote) };
    assert_eq!(sell(&module, &market, &order(fill.trader_quote.get()), &TERMS), Ok(fill));
    let above = order(fill.trader_quote.get() + 1);
    assert_eq!(sell(&module, &market, &above, &TERMS), Err(Error::LimitNotMet));

    let fill = sold(&module, &market, get(1_000_000)).unwrap();
    let order =
        |base| SellOrder::ExactOut { quote: Quote::new(1_000_000), base_max: Base::new(base) };
    assert_eq!(sell(&module, &market, &order(fill.base.get()), &TERMS), Ok(fill));
    let below = order(fill.base.get() - 1);
    assert_eq!(sell(&module, &market, &below, &TERMS), Err(Error::LimitNotMet));
}

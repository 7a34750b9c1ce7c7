//! Tests of fees: upstream's numbers, and what must hold of every tariff.

use std::{vec, vec::Vec};

use proptest::prelude::*;
use serde_json::Value;

use super::{Tariff, limiter::Limiter, schedule};
use crate::{
    cell::Accrued,
    error::Error,
    module::{
        FeeOf, FeePart, FeeRounding, FeeSchedule, FeeSide, FeeTotal, Fees, RATE_MAX, Recipient,
    },
    receipt::{FeeSplit, Side, TakenFees},
    types::{Base, Quote},
};

const LAUNCHLAB: &str = include_str!("../../../tests/conformance/upstream/raydium-launchlab.json");
const DBC: &str = include_str!("../../../tests/conformance/upstream/meteora-dbc.json");

/// The cases of a function that upstream has.
fn cases(file: &str, function: &str) -> Vec<(Value, Value)> {
    let file: Value = serde_json::from_str(file).unwrap();
    let all = file["functions"].as_array().unwrap();
    let of = all.iter().filter(|case| case["function"] == function);
    let cases: Vec<_> = of.map(|case| (case["input"].clone(), case["output"].clone())).collect();
    assert!(!cases.is_empty(), "{function}");
    cases
}

fn number(value: &Value) -> u64 {
    value.as_str().unwrap().parse().unwrap()
}

fn limiter(fee: &Value) -> Limiter {
    let increment = number(&fee["increment_bps"]) * 100_000;
    let increment = increment.try_into().unwrap();
    Limiter::new(number(&fee["cliff"]), number(&fee["reference"]), increment).unwrap()
}

#[test]
fn limits_by_included_size_as_dbc() {
    for (input, output) in cases(DBC, "limiter_fee_from_included") {
        let rate = limiter(&input["fee"]).rate_of_included(number(&input["amount"]));
        assert_eq!(rate, Ok(number(&output["numerator"])), "{input}");
    }
}

#[test]
fn limits_by_excluded_size_as_dbc() {
    for (input, output) in cases(DBC, "limiter_fee_from_excluded") {
        let rate = limiter(&input["fee"]).rate_of_excluded(number(&input["amount"]));
        assert_eq!(rate, Ok(number(&output["numerator"])), "{input}");
    }
}

#[test]
fn falls_with_time_as_dbc() {
    for (input, output) in cases(DBC, "scheduled_fee") {
        let fee = &input["fee"];
        let (reduction, periods) = (number(&fee["reduction"]), number(&fee["periods"]) as u16);
        let period_secs = number(&fee["frequency"]) as u32;
        let schedule = match fee["mode"].as_str().unwrap() {
            "linear" => FeeSchedule::Linear { reduction: reduction as u32, period_secs, periods },
            "exponential" => {
                FeeSchedule::Exponential { reduction_bps: reduction as u16, period_secs, periods }
            }
            mode => panic!("{mode}"),
        };
        let rate = schedule::rate(number(&fee["cliff"]) as u32, schedule, number(&input["time"]));
        assert_eq!(rate, Ok(number(&output["numerator"])), "{input}");
    }
}

#[test]
fn divides_an_included_fee_as_launchlab() {
    for (input, output) in cases(LAUNCHLAB, "fee_on_input") {
        let part = |name: &str, recipient| FeePart {
            recipient,
            rate: number(&input[name]) as u32 * 1_000,
            of: FeeOf::Proportion,
            rounding: FeeRounding::Down,
        };
        let parts = vec![
            part("platform", Recipient::Partner),
            part("share", Recipient::Referrer),
            part("creator", Recipient::Creator),
        ];
        let protocol = number(&input["protocol"]) as u32 * 1_000;
        let rate = parts.iter().map(|part| part.rate).sum::<u32>() + protocol;
        let referred = parts[1].rate;
        let total =
            FeeTotal::Included { rate: rate - referred, referred, schedule: FeeSchedule::Constant };
        let fees = Fees { total, side: FeeSide::Quote, parts, rest: Recipient::Protocol };
        let tariff = Tariff::new(&fees, Side::Buy, 0, true).unwrap();
        let amount = number(&input["amount"]);
        let (net, split) = tariff.within(amount).unwrap();
        assert_eq!(amount - net, number(&output["total"]), "{input}");
        let expected = FeeSplit {
            protocol: number(&output["protocol"]),
            creator: number(&output["creator"]),
            partner: number(&output["platform"]),
            referrer: number(&output["share"]),
            liquidity: 0,
        };
        assert_eq!(split, expected, "{input}");
        assert_eq!(tariff.on_top_of(amount).unwrap().0, number(&output["gross_from_net"]));
    }
}

fn included(rate: u32, schedule: FeeSchedule) -> Fees {
    let total = FeeTotal::Included { rate, referred: 0, schedule };
    Fees { total, ..Fees::none() }
}

#[test]
fn pump_charges_each_part_on_its_own() {
    let fees = Fees::on_top(&[(Recipient::Protocol, 95), (Recipient::Creator, 30)]);
    let tariff = Tariff::new(&fees, Side::Buy, 0, false).unwrap();
    let (net, split) = tariff.within(30_000_000).unwrap();
    assert_eq!((net, split.protocol, split.creator), (29_629_629, 281_482, 88_889));
    let (gross, split) = tariff.on_top_of(85_005_359_057).unwrap();
    assert_eq!((split.protocol, split.creator), (807_550_912, 255_016_078));
    assert_eq!(gross, 85_005_359_057 + 807_550_912 + 255_016_078);
    // Each part of one unit is a unit.
    assert_eq!(tariff.out_of(1), Err(Error::Dust));
    assert_eq!(tariff.out_of(2).unwrap().0, 0);
    assert_eq!(tariff.for_rest(1), Ok(3));
    assert_eq!(tariff.within(1).unwrap().0, 0);
    assert_eq!(tariff.on_top_of(u64::MAX), Err(Error::Overflow));
}

/// Meteora DBC's division of a fee, with the creator's part of `creator_percent`.
fn dbc_fees(rate: u32, creator_percent: u32) -> Fees {
    let part = |recipient, percent: u32, of| FeePart {
        recipient,
        rate: percent * 10_000_000,
        of,
        rounding: FeeRounding::Down,
    };
    Fees {
        parts: vec![
            part(Recipient::Protocol, 20, FeeOf::Total),
            part(Recipient::Referrer, 20, FeeOf::Part(0)),
            part(Recipient::Creator, creator_percent, FeeOf::Rest),
        ],
        rest: Recipient::Partner,
        ..included(rate, FeeSchedule::Constant)
    }
}

#[test]
fn a_part_is_taken_out_of_an_earlier_one() {
    let fees = dbc_fees(10_000_000, 30);
    let split = |referred| {
        let tariff = Tariff::new(&fees, Side::Sell, 0, referred).unwrap();
        tariff.out_of(99_900).unwrap().1
    };
    // 999 in all; 199 of the protocol; 800 left, of which 240 are the creator's.
    let plain = FeeSplit { protocol: 199, creator: 240, partner: 560, ..FeeSplit::default() };
    assert_eq!(split(false), plain);
    assert_eq!(split(true), FeeSplit { protocol: 160, referrer: 39, ..plain });
}

#[test]
fn what_is_left_for_a_referrer_who_is_not_named_is_the_protocols() {
    let fees = Fees { rest: Recipient::Referrer, ..included(10_000_000, FeeSchedule::Constant) };
    let split = |referred| {
        let tariff = Tariff::new(&fees, Side::Buy, 0, referred).unwrap();
        tariff.within(1_000).unwrap().1
    };
    assert_eq!(split(false), FeeSplit { protocol: 10, ..FeeSplit::default() });
    assert_eq!(split(true), FeeSplit { referrer: 10, ..FeeSplit::default() });
}

#[test]
fn parts_take_no_more_than_is_left() {
    let part =
        |recipient, rate| FeePart { recipient, rate, of: FeeOf::Amount, rounding: FeeRounding::Up };
    let fees = Fees {
        parts: vec![
            part(Recipient::Creator, 7_000_000),
            part(Recipient::Partner, 7_000_000),
            part(Recipient::Protocol, 7_000_000),
        ],
        ..included(10_000_000, FeeSchedule::Constant)
    };
    let tariff = Tariff::new(&fees, Side::Buy, 0, false).unwrap();
    let expected = FeeSplit { creator: 7, partner: 3, ..FeeSplit::default() };
    assert_eq!(tariff.within(1_000), Ok((990, expected)));
}

#[test]
fn a_schedule_ends_at_its_last_period_and_is_constant_without_one() {
    let linear = FeeSchedule::Linear { reduction: 10, period_secs: 5, periods: 3 };
    let at = |schedule, secs| schedule::rate(100, schedule, secs).unwrap();
    let rates: Vec<_> = [0, 4, 5, 14, 15, 16, u64::MAX].map(|secs| at(linear, secs)).into();
    assert_eq!(rates, [100, 100, 90, 80, 70, 70, 70]);
    let still = FeeSchedule::Linear { reduction: 10, period_secs: 0, periods: 3 };
    assert_eq!(at(still, u64::MAX), 100);
    let steep = FeeSchedule::Linear { reduction: 51, period_secs: 1, periods: 2 };
    assert_eq!(schedule::rate(100, steep, 2), Err(Error::InvalidModule));
    let halved = FeeSchedule::Exponential { reduction_bps: 5_000, period_secs: 1, periods: 2 };
    assert_eq!([0, 1, 2, 3].map(|secs| at(halved, secs)), [100, 50, 25, 25]);
    let gone = FeeSchedule::Exponential { reduction_bps: 10_000, period_secs: 1, periods: 1 };
    assert_eq!(schedule::rate(100, gone, 1), Err(Error::InvalidModule));
    let past = FeeSchedule::Exponential { reduction_bps: u16::MAX, period_secs: 1, periods: 1 };
    assert_eq!(schedule::rate(100, past, 1), Err(Error::InvalidModule));
}

#[test]
fn a_limiter_is_for_purchases_in_quote_until_it_ends() {
    let schedule = FeeSchedule::SizeLimiter {
        reference: Quote::new(1_000),
        increment: 10_000_000,
        duration_secs: 60,
    };
    let fees = included(10_000_000, schedule);
    let output = Fees { side: FeeSide::Output, ..fees.clone() };
    let fee = |fees, side, secs| {
        let tariff = Tariff::new(fees, side, secs, false).unwrap();
        4_000 - tariff.within(4_000).unwrap().0
    };
    assert_eq!(fee(&fees, Side::Buy, 60), 10 + 20 + 30 + 40);
    assert_eq!(fee(&fees, Side::Buy, 61), 40);
    assert_eq!(fee(&fees, Side::Sell, 0), 40);
    assert_eq!(fee(&output, Side::Buy, 0), 40);
}

#[test]
fn refuses_what_the_verifier_refuses() {
    let new = |fees: &Fees| Tariff::new(fees, Side::Buy, 0, true).map(|_| ());
    let steep = Fees::on_top(&[(Recipient::Protocol, 9_000), (Recipient::Creator, 901)]);
    assert_eq!(new(&steep), Err(Error::InvalidModule));
    let mut of_total = Fees::on_top(&[(Recipient::Protocol, 1)]);
    of_total.parts[0].of = FeeOf::Total;
    assert_eq!(new(&of_total), Err(Error::InvalidModule));
    let limited = |reference, increment| {
        let reference = Quote::new(reference);
        let schedule = FeeSchedule::SizeLimiter { reference, increment, duration_secs: 1 };
        new(&included(10, schedule))
    };
    assert_eq!(limited(0, 1), Err(Error::InvalidModule));
    assert_eq!(limited(1, 0), Err(Error::InvalidModule));
    assert_eq!(limited(1, 1), Ok(()));
    let mut of_itself = Fees::on_top(&[(Recipient::Protocol, 1)]);
    of_itself.parts[0].of = FeeOf::Part(0);
    let tariff = Tariff::new(&of_itself, Side::Buy, 0, true).unwrap();
    assert_eq!(tariff.out_of(10), Err(Error::InvalidModule));
}

#[test]
fn accrues_all_or_nothing() {
    let mut held = Accrued::default();
    let split = FeeSplit { protocol: 1, creator: 2, partner: 3, referrer: 4, liquidity: 5 };
    held.add(&TakenFees::Quote(split.map(Quote::new))).unwrap();
    held.add(&TakenFees::Base(split.map(Base::new))).unwrap();
    let money = [held.protocol, held.creator, held.partner];
    assert_eq!(money.map(|money| (money.quote.get(), money.base.get())), [(1, 1), (2, 2), (3, 3)]);
    let before = held;
    let more = FeeSplit { protocol: 1, partner: u64::MAX, ..FeeSplit::default() };
    assert_eq!(held.add(&TakenFees::Base(more.map(Base::new))), Err(Error::Overflow));
    assert_eq!(held, before);
}

fn any_amount() -> impl Strategy<Value = u64> {
    prop_oneof![0u64..2_000, (0u32..64, any::<u64>()).prop_map(|(bits, units)| units >> bits)]
}

fn any_rounding() -> impl Strategy<Value = FeeRounding> {
    prop_oneof![Just(FeeRounding::Up), Just(FeeRounding::Down)]
}

fn any_recipient() -> impl Strategy<Value = Recipient> {
    prop::sample::select(vec![
        Recipient::Protocol,
        Recipient::Creator,
        Recipient::Partner,
        Recipient::Referrer,
        Recipient::Liquidity,
    ])
}

/// Fees on top of at most `rates_max` in all.
fn any_on_top(rates_max: u32) -> impl Strategy<Value = Fees> {
    let part = (any_recipient(), 0..=rates_max, any_rounding());
    prop::collection::vec(part, 0..=4).prop_map(|parts| {
        let count = u32::try_from(parts.len()).unwrap().max(1);
        let part = |(recipient, rate, rounding)| FeePart {
            recipient,
            rate: rate / count,
            of: FeeOf::Amount,
            rounding,
        };
        Fees { parts: parts.into_iter().map(part).collect(), ..Fees::none() }
    })
}

fn any_schedule(rate: u32) -> impl Strategy<Value = FeeSchedule> {
    let limiter =
        (any_amount(), 1..=RATE_MAX, any::<u32>()).prop_map(|(reference, increment, secs)| {
            let reference = Quote::new(reference.max(1));
            FeeSchedule::SizeLimiter { reference, increment, duration_secs: secs }
        });
    let linear = (any::<u16>(), 0u32..100).prop_map(move |(periods, period_secs)| {
        let reduction = rate / u32::from(periods).max(1);
        FeeSchedule::Linear { reduction, period_secs, periods }
    });
    let exponential =
        (0u16..2_000, 0u32..100, 0u16..30).prop_map(|(reduction_bps, period_secs, periods)| {
            FeeSchedule::Exponential { reduction_bps, period_secs, periods }
        });
    prop_oneof![Just(FeeSchedule::Constant), linear, exponential, limiter]
}

fn any_included() -> impl Strategy<Value = Fees> {
    let part = || (any_recipient(), 0..=1_000_000_000u32, any_rounding(), 0u8..5);
    (0..=RATE_MAX, 0..=RATE_MAX, any_recipient())
        .prop_flat_map(move |(rate, referred, rest)| {
            let parts = prop::collection::vec(part(), 0..=4);
            (Just((rate, referred, rest)), any_schedule(rate), parts)
        })
        .prop_map(|((rate, referred, rest), schedule, parts)| {
            let of = |of, place: usize| match of {
                0 => FeeOf::Amount,
                1 => FeeOf::Total,
                2 => FeeOf::Proportion,
                3 if place > 0 => FeeOf::Part(place as u8 - 1),
                _ => FeeOf::Rest,
            };
            let parts = parts.into_iter().enumerate();
            let parts = parts.map(|(place, (recipient, part, rounding, kind))| FeePart {
                recipient,
                // A proportion of no more than the whole.
                rate: if kind == 2 { part.min(rate) } else { part },
                of: of(kind, place),
                rounding,
            });
            let parts = parts.collect();
            let total = FeeTotal::Included { rate, referred, schedule };
            Fees { total, side: FeeSide::Quote, parts, rest }
        })
}

const fn is_limited(fees: &Fees) -> bool {
    matches!(fees.total, FeeTotal::Included { schedule: FeeSchedule::SizeLimiter { .. }, .. })
}

/// What is left of `amount`; nothing when it does not cover the fee.
fn rest(tariff: &Tariff<'_>, amount: u64) -> u64 {
    tariff.out_of(amount).map_or(0, |(rest, _)| rest)
}

proptest! {
    /// I1, I3: an included fee is within the payment, and the least that leaves as much is no more than it.
    #[test]
    fn included_fees_agree(fees in any_included(), amount in any_amount(), secs in any::<u64>(), referred: bool) {
        let tariff = Tariff::new(&fees, Side::Buy, secs, referred).unwrap();
        let (net, split) = tariff.within(amount).unwrap();
        let total = split.total().unwrap();
        prop_assert_eq!(net + total, amount);
        prop_assert!(u128::from(total) <= (u128::from(amount) * u128::from(RATE_MAX)).div_ceil(1_000_000_000));
        let (gross, split) = match tariff.on_top_of(net) {
            Ok(paid) => paid,
            // Only the limiter's estimate can pass the amount.
            Err(error) => {
                prop_assert!(is_limited(&fees) && error == Error::Overflow && amount > u64::MAX / 2);
                return Ok(());
            }
        };
        prop_assert_eq!(net + split.total().unwrap(), gross);
        if is_limited(&fees) {
            return Ok(());
        }
        prop_assert!(gross <= amount);
        prop_assert_eq!(tariff.within(gross).unwrap(), (net, split));
        if let Ok((more, _)) = tariff.on_top_of(net + 1) {
            prop_assert!(more > amount);
        }
    }

    /// I1: out of an output, and back.
    #[test]
    fn included_fees_of_an_output_agree(fees in any_included(), wanted in any_amount(), referred: bool) {
        let tariff = Tariff::new(&fees, Side::Sell, 0, referred).unwrap();
        let Ok(amount) = tariff.for_rest(wanted) else {
            // Of 1 % no less than this fits.
            prop_assert!(wanted > u64::MAX / 100);
            return Ok(());
        };
        let (left, split) = tariff.out_of(amount).unwrap();
        prop_assert_eq!(left, wanted);
        prop_assert_eq!(left + split.total().unwrap(), amount);
        prop_assert!(amount == 0 || wanted == 0 || rest(&tariff, amount - 1) < wanted);
    }

    /// The limiter from an excluded amount is within a few units of that from the included one.
    #[test]
    fn a_limiter_agrees_with_itself(
        rate in 2_500_000..=RATE_MAX, increment in 1..=RATE_MAX, reference in 1_000u64..1 << 40, steps in 0.0..300.0f64,
    ) {
        let limiter = Limiter::new(rate.into(), reference, increment).unwrap();
        let amount = (reference as f64 * steps) as u64;
        let charged = limiter.rate_of_included(amount).unwrap();
        prop_assert!((u64::from(rate)..=RATE_MAX.into()).contains(&charged));
        let taken = |amount: u64, rate: u64| {
            u64::try_from((u128::from(amount) * u128::from(rate)).div_ceil(1_000_000_000)).unwrap()
        };
        let net = amount - taken(amount, charged);
        let left = 1_000_000_000 - limiter.rate_of_excluded(net).unwrap();
        let gross = u64::try_from((u128::from(net) * 1_000_000_000).div_ceil(left.into())).unwrap();
        // A billionth of the rate is so much of the amount, and at most a hundred times as much when 1 % is left.
        let unit = amount / 1_000_000_000 + 1;
        prop_assert!(gross.abs_diff(amount) <= 100 * 4 * unit, "{gross} {amount} {charged} {left}");
    }

    /// I1, I2: on top, a payment is used up to a unit, and no more than it.
    #[test]
    fn fees_on_top_agree(fees in any_on_top(RATE_MAX), gross in any_amount(), referred: bool) {
        let tariff = Tariff::new(&fees, Side::Buy, 0, referred).unwrap();
        let (net, split) = match tariff.within(gross) {
            Ok(paid) => paid,
            Err(error) => {
                prop_assert!(error == Error::Dust && gross < 10);
                return Ok(());
            }
        };
        let paid = net + split.total().unwrap();
        let down = fees.parts.iter().filter(|part| part.rounding == FeeRounding::Down).count() as u64;
        prop_assert!(paid <= gross && gross - paid <= 1 + down, "{paid} {gross}");
        let (least, split) = tariff.on_top_of(net).unwrap();
        prop_assert_eq!(least, net + split.total().unwrap());
        prop_assert!(least <= gross);
        // The next unit is beyond, but for what rounding leaves.
        if let Ok((more, _)) = tariff.on_top_of(net + 1 + fees.parts.len() as u64) {
            prop_assert!(more > gross);
        }
    }

    /// On top of one half at most, no less leaves as much.
    #[test]
    fn the_least_output_on_top_is_found(fees in any_on_top(500_000_000), wanted in 1u64..3_000, referred: bool) {
        let tariff = Tariff::new(&fees, Side::Sell, 0, referred).unwrap();
        let amount = tariff.for_rest(wanted).unwrap();
        prop_assert!(rest(&tariff, amount) >= wanted);
        prop_assert!((0..amount).all(|less| rest(&tariff, less) < wanted));
    }

    /// On top of any rate, an output is found unless it does not fit.
    #[test]
    fn an_output_on_top_is_found(fees in any_on_top(RATE_MAX), wanted in any_amount(), referred: bool) {
        let tariff = Tariff::new(&fees, Side::Sell, 0, referred).unwrap();
        match tariff.for_rest(wanted) {
            Ok(amount) => {
                let (left, split) = tariff.out_of(amount).unwrap();
                prop_assert!(left >= wanted);
                prop_assert_eq!(left + split.total().unwrap(), amount);
                prop_assert!(left - wanted <= 8, "{left} {wanted}");
            }
            Err(error) => prop_assert!(error == Error::Overflow && wanted > u64::MAX / 101),
        }
    }
}

//! Properties of trades and liquidity.

use std::{vec, vec::Vec};

use num_bigint::BigUint;
use proptest::prelude::*;

use super::{add, bought, charging, get, give, pool, remove, sold, spend, take};
use crate::{
    cell::Pool,
    module::{
        FeeOf, FeePart, FeeRounding, FeeSchedule, FeeSide, FeeTotal, Fees, Module, Recipient,
    },
    pool::Fill,
    types::{Base, Quote, Shares},
};

fn any_rates() -> impl Strategy<Value = Vec<(Recipient, u16)>> {
    let recipients = [Recipient::Liquidity, Recipient::Protocol, Recipient::Creator];
    prop::collection::vec(0u16..500, 3)
        .prop_map(move |rates| recipients.into_iter().zip(rates).collect())
}

/// Fees on top as PumpSwap's, or included as Raydium's.
fn any_fees() -> impl Strategy<Value = Fees> {
    let included = (0..200_000_000u32, 0..=1_000_000_000u32).prop_map(|(rate, protocol)| Fees {
        total: FeeTotal::Included { rate, referred: 0, schedule: FeeSchedule::Constant },
        side: FeeSide::Quote,
        parts: vec![FeePart {
            recipient: Recipient::Protocol,
            rate: protocol,
            of: FeeOf::Total,
            rounding: FeeRounding::Down,
        }],
        rest: Recipient::Liquidity,
    });
    prop_oneof![Just(Fees::none()), any_rates().prop_map(|rates| Fees::on_top(&rates)), included]
}

fn any_reserve() -> impl Strategy<Value = u64> {
    (1u64..1 << 56, 0u32..50).prop_map(|(units, bits)| (units >> bits).max(1))
}

fn any_pool() -> impl Strategy<Value = Pool> {
    (any_reserve(), any_reserve(), 1_001u64..1 << 56)
        .prop_map(|(quote, base, shares)| pool(quote, base, shares))
}

/// A move of somebody: a kind, and how much of what is possible.
type Move = (u8, u32);

fn any_moves() -> impl Strategy<Value = Vec<Move>> {
    prop::collection::vec((0u8..6, any::<u32>()), 1..60)
}

fn part_of(of: u64, part: u32) -> u64 {
    u64::try_from((u128::from(of) * u128::from(part)) >> 32).unwrap()
}

/// Somebody who trades and keeps liquidity.
#[derive(Clone, Copy, Debug)]
struct Actor {
    quote: i128,
    base: u64,
    shares: u64,
}

/// Plays a move; what is refused changes nothing.
fn play(module: &Module, pool: &mut Pool, actor: &mut Actor, (kind, part): Move) {
    let before = pool.clone();
    // All the quote that there is fits 64 bits; what several have here may not, and then it is refused as well.
    let trade = |fill: Fill, pool: &mut Pool| fill.settle(pool).is_ok();
    match kind {
        0 | 1 => {
            let order = match kind {
                0 => spend(part_of(pool.quote.get(), part)),
                _ => take(part_of(pool.base.get(), part)),
            };
            let Ok(fill) = bought(module, pool, order) else { return };
            if !trade(fill, pool) {
                return assert_eq!(*pool, before);
            }
            actor.quote -= i128::from(fill.trader_quote.get());
            actor.base += fill.trader_base.get();
        }
        2 | 3 => {
            let order = match kind {
                2 => give(part_of(actor.base, part)),
                _ => get(part_of(pool.quote.get(), part)),
            };
            let Ok(fill) = sold(module, pool, order) else { return };
            if fill.trader_base.get() > actor.base {
                return;
            }
            if !trade(fill, pool) {
                return assert_eq!(*pool, before);
            }
            actor.quote += i128::from(fill.trader_quote.get());
            actor.base -= fill.trader_base.get();
        }
        4 => {
            let quote = Quote::new(part_of(pool.quote.get(), part));
            let Ok(added) = add(pool, quote, Base::new(actor.base)) else { return };
            assert!(added.quote <= quote);
            added.settle(pool).unwrap();
            actor.quote -= i128::from(added.quote.get());
            actor.base -= added.base.get();
            actor.shares += added.shares.get();
        }
        _ => {
            let shares = part_of(actor.shares, part);
            let Ok(removed) = remove(pool, Shares::new(shares)) else { return };
            removed.settle(pool).unwrap();
            actor.quote += i128::from(removed.quote.get());
            actor.base += removed.base.get();
            actor.shares -= shares;
        }
    }
    check_growth(&before, pool, kind);
}

/// I1, I4: the product does not fall, nor that of a share; the reserves are not empty.
fn check_growth(before: &Pool, after: &Pool, kind: u8) {
    let product = |pool: &Pool| u128::from(pool.quote.get()) * u128::from(pool.base.get());
    assert!(kind == 5 || product(after) >= product(before));
    let squared = |pool: &Pool| BigUint::from(pool.shares.get()).pow(2);
    let grown = BigUint::from(product(after)) * squared(before);
    assert!(grown >= BigUint::from(product(before)) * squared(after), "a share has lost");
    assert!(!after.quote.is_zero() && !after.base.is_zero());
}

/// All that has accrued.
fn accrued(pool: &Pool) -> i128 {
    let fees = [pool.fees.protocol, pool.fees.creator, pool.fees.partner];
    fees.iter().map(|money| i128::from(money.quote.get())).sum()
}

proptest! {
    /// I1, I2, I4: whatever several do, value is conserved and the product of a share never falls.
    #[test]
    fn value_is_conserved(market in any_pool(), fees in any_fees(), moves in prop::collection::vec((0..10usize, (0u8..6, any::<u32>())), 200..300)) {
        let module = charging(fees);
        let mut pool = market.clone();
        let mut actors = [Actor { quote: 0, base: 0, shares: 0 }; 10];
        for (who, step) in moves {
            play(&module, &mut pool, &mut actors[who], step);
            let quote: i128 = actors.iter().map(|actor| actor.quote).sum();
            let base: u64 = actors.iter().map(|actor| actor.base).sum();
            let shares: u64 = actors.iter().map(|actor| actor.shares).sum();
            prop_assert_eq!(quote + i128::from(pool.quote.get()) + accrued(&pool), market.quote.get().into());
            prop_assert_eq!(base + pool.base.get(), market.base.get());
            prop_assert_eq!(market.shares.get() + shares, pool.shares.get());
        }
    }

    /// I5: nobody who trades and keeps liquidity alone ends with more than at first, however it is done.
    #[test]
    fn no_round_trip_pays(market in any_pool(), fees in any_fees(), moves in any_moves()) {
        let module = charging(fees);
        let mut pool = market;
        let mut actor = Actor { quote: 0, base: 0, shares: 0 };
        for step in moves {
            play(&module, &mut pool, &mut actor, step);
        }
        if let Ok(removed) = remove(&pool, Shares::new(actor.shares)) {
            removed.settle(&mut pool).unwrap();
            actor.quote += i128::from(removed.quote.get());
            actor.base += removed.base.get();
        }
        if let Ok(fill) = sold(&module, &pool, give(actor.base)) {
            actor.quote += i128::from(fill.trader_quote.get());
        }
        prop_assert!(actor.quote <= 0, "{actor:?}");
    }

    /// I5: adding and removing gains nothing on either side, in any split.
    #[test]
    fn liquidity_gains_nothing(market in any_pool(), offer in any::<u32>(), split in any::<u32>()) {
        let mut pool = market;
        let Ok(added) = add(&pool, Quote::new(part_of(pool.quote.get(), offer)), Base::MAX) else { return Ok(()) };
        added.settle(&mut pool).unwrap();
        let first = part_of(added.shares.get(), split);
        let mut back = (0, 0);
        for shares in [first, added.shares.get() - first] {
            let Ok(removed) = remove(&pool, Shares::new(shares)) else { continue };
            back = (back.0 + removed.quote.get(), back.1 + removed.base.get());
            removed.settle(&mut pool).unwrap();
        }
        prop_assert!(back.0 <= added.quote.get() && back.1 <= added.base.get());
    }

    /// Buying in parts never costs less, and selling in parts never pays more unless the pool keeps a part of the fee.
    #[test]
    fn splitting_does_not_pay(market in any_pool(), fees in any_fees(), part in any::<u32>(), of in any::<u32>()) {
        let kept = fees.rest == Recipient::Liquidity || fees.parts.iter().any(|part| part.recipient == Recipient::Liquidity && part.rate > 0);
        let module = charging(fees);
        let whole = part_of(market.base.get(), part);
        let first = part_of(whole, of);
        let mut pool = market.clone();
        if let Ok(at_once) = bought(&module, &pool, take(whole)) {
            let mut paid = 0u128;
            for base in [first, whole - first].into_iter().filter(|base| *base > 0) {
                let fill = bought(&module, &pool, take(base));
                paid = fill.map_or(u128::MAX, |fill| paid + u128::from(fill.trader_quote.get()));
                if let Ok(fill) = fill {
                    fill.settle(&mut pool).unwrap();
                }
            }
            prop_assert!(paid >= at_once.trader_quote.get().into());
        }
        let mut pool = market.clone();
        let mut got = 0;
        let mut left = 0;
        for base in [first, whole - first] {
            if let Ok(fill) = sold(&module, &pool, give(base)) {
                got += fill.trader_quote.get();
                left += fill.fees.units().liquidity;
                fill.settle(&mut pool).unwrap();
            }
        }
        let at_once = sold(&module, &market, give(whole)).map_or(0, |fill| fill.trader_quote.get());
        prop_assert!(got <= at_once + if kept { left } else { 0 }, "{got} {at_once} {left}");
    }

    /// Exact-out takes what exact-in gave for no more, and one token more costs all of the quote.
    #[test]
    fn the_sides_of_a_purchase_agree(market in any_pool(), fees in any_fees(), quote in any_reserve()) {
        let module = charging(fees);
        let Ok(fill) = bought(&module, &market, spend(quote)) else { return Ok(()) };
        prop_assert!(fill.trader_quote.get() <= quote && fill.trader_quote.get() + 1 >= quote);
        let same = bought(&module, &market, take(fill.base.get())).unwrap();
        prop_assert!(same.quote <= fill.quote && same.trader_quote <= fill.trader_quote);
        if let Ok(more) = bought(&module, &market, take(fill.base.get() + 1)) {
            prop_assert!(more.quote >= fill.quote);
        }
    }

    /// Exact-out gives as few tokens as it can, and exactly the quote asked for.
    #[test]
    fn the_sides_of_a_sale_agree(market in any_pool(), fees in any_fees(), part in any::<u32>()) {
        let module = charging(fees);
        let quote = part_of(market.quote.get(), part);
        let Ok(fill) = sold(&module, &market, get(quote)) else { return Ok(()) };
        prop_assert_eq!(fill.trader_quote.get(), quote);
        if let Ok(less) = sold(&module, &market, give(fill.base.get() - 1)) {
            prop_assert!(less.quote < fill.quote && less.trader_quote.get() < quote);
        }
    }

    /// The price never falls on a purchase nor rises on a sale.
    #[test]
    fn prices_move_with_the_trade(market in any_pool(), fees in any_fees(), part in any::<u32>()) {
        let module = charging(fees);
        let over = |a: &Pool, b: &Pool| {
            u128::from(a.quote.get()) * u128::from(b.base.get()) >= u128::from(b.quote.get()) * u128::from(a.base.get())
        };
        let mut after = market.clone();
        if let Ok(fill) = bought(&module, &market, take(part_of(market.base.get(), part))) {
            fill.settle(&mut after).unwrap();
            prop_assert!(over(&after, &market));
        }
        let mut after = market.clone();
        if let Ok(fill) = sold(&module, &market, give(part_of(market.base.get(), part))) {
            fill.settle(&mut after).unwrap();
            prop_assert!(over(&market, &after));
        }
    }
}

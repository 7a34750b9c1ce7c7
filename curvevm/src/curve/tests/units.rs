//! Trades whose numbers can be worked out by hand.

use super::*;
use crate::module::{Recipient, Vault};

#[test]
fn a_linear_piece_costs_the_area_under_its_price() {
    // From 2 by a fifth of a unit each, over 10 units: 2·s + s²/10.
    let mut market = Market::of(vec![piece(10, linear(2 << 64, u128::MAX / 5))]);
    assert_eq!(market.take(5), Ok((5, 13)));
    assert_eq!(market.take(5), Ok((5, 18)));
    assert_eq!(market.give(10), Ok((10, 29)));
}

#[test]
fn orders_cross_pieces_both_ways() {
    let pieces =
        vec![fixed(10, 1), fixed(30, 2), product(50, 60, 30, Rounding::Ceiling), fixed(60, 19)];
    let mut market = Market::new(module(pieces));
    assert_eq!(market.take(5), Ok((5, 5)));
    assert_eq!(market.take(10), Ok((10, 5 + 10)));
    assert_eq!(market.curve.marks, [Base::new(10)]);
    // The rest of the second piece, all of the third (60·20/10 = 120), half of the last.
    assert_eq!(market.take(40), Ok((40, 30 + 120 + 95)));
    assert_eq!(market.curve.marks, [Base::new(10), Base::new(30), Base::new(50)]);
    assert_eq!(market.give(6), Ok((6, 95 + 180 / 11)));
    assert_eq!(market.curve.marks, [Base::new(10), Base::new(30)]);
    assert_eq!(market.give(49).unwrap().0, 49);
    assert_eq!(market.curve.sold, Base::ZERO);
    assert_eq!(market.give(1), Err(Error::SellExceedsSold));
    assert_eq!(market.spend(1), Ok((1, 1)));
    let all = market.left();
    assert_eq!(market.take(u64::MAX).unwrap().0, all);
    assert_eq!(market.curve.phase, Phase::Complete);
}

#[test]
fn a_sale_opens_a_complete_curve_again() {
    let mut market = Market::new(module(vec![fixed(10, 3)]));
    assert_eq!(market.spend(1_000), Ok((10, 30)));
    assert_eq!(market.curve.phase, Phase::Complete);
    assert_eq!(market.take(1), Err(Error::CurveComplete));
    assert_eq!(market.give(4), Ok((4, 12)));
    assert_eq!(market.curve.phase, Phase::Trading);
    assert_eq!(market.take(9), Ok((4, 12)));
}

#[test]
fn a_partial_fill_holds_its_limit_in_proportion() {
    let market = Market::new(module(vec![fixed(10, 3)]));
    // 100 quote for at least 34 tokens is more than one token for 3: ten tokens for thirty are not enough.
    let order =
        |base_min| BuyOrder::ExactIn { quote: Quote::new(100), base_min: Base::new(base_min) };
    assert_eq!(market.clone().buy(order(34)), Err(Error::LimitNotMet));
    assert_eq!(market.clone().buy(order(33)), Ok((10, 30)));
    // 20 tokens for at most 59 is less than 3 for one.
    let order =
        |quote_max| BuyOrder::ExactOut { base: Base::new(20), quote_max: Quote::new(quote_max) };
    assert_eq!(market.clone().buy(order(59)), Err(Error::LimitNotMet));
    assert_eq!({ market }.buy(order(60)), Ok((10, 30)));
    let order = BuyOrder::ExactOut { base: Base::MAX, quote_max: Quote::MAX };
    let mut dear = Market::new(module(vec![fixed(10, 1 << 40)]));
    assert_eq!(dear.buy(order), Ok((10, 10 << 40)), "no limit is no limit");
}

#[test]
fn a_raised_curve_takes_its_target_and_is_complete() {
    let mut market = Market::new(Module {
        fees: Fees::on_top(&[(Recipient::Protocol, 100)]),
        graduation: Graduation::Raised(Quote::new(1_000)),
        ..module(vec![product(1_000_000, 1_000, 2_000_000, Rounding::Ceiling)])
    });
    assert_eq!(market.spend(505).map(|done| done.1), Ok(505));
    assert_eq!(market.curve.phase, Phase::Trading);
    let left = market.left();
    let (base, paid) = market.take(left).unwrap();
    assert!(base < left);
    assert_eq!(paid, 505);
    assert_eq!(market.curve.reserve, Quote::new(1_000));
    assert_eq!(market.curve.phase, Phase::Complete);
    assert_eq!(market.spend(500), Err(Error::CurveComplete));
    market.give(base).unwrap();
    assert_eq!(market.curve.phase, Phase::Trading);
}

/// A remainder below the price of a unit must not keep a curve from completing.
#[test]
fn a_remainder_that_buys_nothing_does_not_hold_up_completion() {
    let pieces = [
        fixed(100, 7),
        product(100, 700, 200, Rounding::Ceiling),
        product(100, 700, 200, Rounding::FloorPlusOne),
        product(1 << 30, 1_000, 1 << 31, Rounding::FloorPlusOne),
        piece(100, cumulative(7 << 64, 1)),
    ];
    for piece in pieces {
        for order in [spend(100), take(100)] {
            let mut market = Market::of(vec![piece.clone()]);
            market.module.graduation = Graduation::Raised(Quote::new(500));
            // Up to the last unit of quote, whatever it buys.
            let reserve = market.spend(499).unwrap().1;
            assert_eq!(reserve, 499);
            assert_eq!(market.curve.phase, Phase::Trading);
            assert!(market.buy(order).unwrap().0 > 0, "{piece:?}");
            assert_eq!(market.curve.phase, Phase::Complete);
            assert!((500..=520).contains(&market.curve.reserve.get()), "{piece:?}");
        }
    }
}

/// Near a pole of the price the rest can cost more than 64 bits hold; what it does not take is still sold, and can be given back.
#[test]
fn a_rest_that_is_too_dear_does_not_stop_small_orders() {
    let mut market = Market::of(vec![product(9, 1 << 59, 10, Rounding::Ceiling)]);
    market.take(7).unwrap();
    // As if overpaid orders had filled the reserve: two units cost 2^64, and one 2^62.
    market.curve.reserve = Quote::new((1 << 63) - (1 << 59));
    assert_eq!(market.take(2), Err(Error::Overflow));
    assert_eq!(market.spend(1 << 62), Ok((1, 1 << 62)));
    assert_eq!(market.give(8).unwrap().0, 8);
}

#[test]
fn a_vault_halts_purchases_and_keeps_sales_open() {
    // Ten tokens for 1 each and ten for 2: after all of them 30 is there for a market cap of 40, after eleven 12 for 22.
    let mut market = Market::of(vec![fixed(10, 1), fixed(20, 2)]);
    market.module.vault = Some(Vault { reserve_bps: 5_455 });
    let refusal = verify(&market.module).unwrap_err();
    assert_eq!((refusal.rule, refusal.piece), (Rule::VaultUnreachable, Some(1)));
    assert_eq!(market.take(10), Ok((10, 10)));
    assert_eq!(market.take(1), Err(Error::VaultBreached));
    assert_eq!(market.take(2), Ok((2, 4)));
    assert_eq!(market.give(1), Ok((1, 2)));
    assert_eq!(market.give(11), Ok((11, 12)));
}

#[test]
fn sixty_four_pieces_of_one_token() {
    let pieces = (1..=64).map(|end| fixed(end, end)).collect::<Vec<_>>();
    let mut market = Market::of(pieces);
    for price in 1..=64 {
        assert_eq!(market.take(1), Ok((1, price)));
    }
    assert_eq!(market.curve.phase, Phase::Complete);
    for price in (1..=64).rev() {
        assert_eq!(market.give(1), Ok((1, price)));
    }
    assert_eq!(market.spend(u64::MAX), Ok((64, 32 * 65)));
    assert_eq!(market.curve.marks.len(), 63);
    assert_eq!(market.sell(get(32 * 65)), Ok((64, 32 * 65)));
    assert_eq!(market.curve.reserve, Quote::ZERO);
    let steps = (1..=64u64).map(|end| piece(end << 40, linear(u128::from(end) << 30, 0)));
    let mut market = Market::of(steps.collect());
    assert_eq!(market.take(u64::MAX).unwrap().0, 64 << 40);
    assert_eq!(market.give(64 << 40).unwrap().0, 64 << 40);
}

/// What others left in a cumulative piece is the next trader's.
#[test]
fn a_cumulative_piece_pays_out_what_rounding_left() {
    let mut market = Market::of(vec![piece(100, cumulative(10 << 64, 0))]);
    assert_eq!(market.spend(19), Ok((1, 19)));
    assert_eq!(market.take(1), Ok((1, 1)), "nine of it were there");
    assert_eq!(market.spend(15), Ok((1, 15)));
    assert_eq!(market.give(1), Ok((1, 15)));
    assert_eq!(market.sell(get(20)), Ok((2, 20)));
}

#[test]
fn a_migrated_curve_does_not_trade() {
    let mut market = Market::of(vec![fixed(10, 1)]);
    market.take(1).unwrap();
    market.curve.phase = Phase::Migrated;
    assert_eq!(market.take(1), Err(Error::AlreadyMigrated));
    assert_eq!(market.give(1), Err(Error::AlreadyMigrated));
}

#[test]
fn zero_dust_and_too_much_are_refused() {
    let mut market = Market::new(Module {
        fees: Fees::on_top(&[(Recipient::Protocol, 1_000), (Recipient::Creator, 1_000)]),
        ..module(vec![fixed(10, 3), product(20, 100, 20, Rounding::FloorPlusOne)])
    });
    assert_eq!(market.spend(0), Err(Error::ZeroAmount));
    assert_eq!(market.take(0), Err(Error::ZeroAmount));
    assert_eq!(market.give(0), Err(Error::ZeroAmount));
    assert_eq!(market.sell(get(0)), Err(Error::ZeroAmount));
    assert_eq!(market.spend(1), Err(Error::Dust));
    assert_eq!(market.spend(3), Err(Error::Dust));
    assert_eq!(market.give(1), Err(Error::SellExceedsSold));
    assert_eq!(market.sell(get(1)), Err(Error::InsufficientReserve));
    assert_eq!(market.take(2), Ok((2, 6 + 1 + 1)));
    assert_eq!(market.sell(get(1_000)), Err(Error::InsufficientReserve));
    assert_eq!(market.give(3), Err(Error::SellExceedsSold));
    assert_eq!(market.sell(get(u64::MAX)), Err(Error::Overflow));
    assert_eq!(market.spend(u64::MAX).unwrap().0, 18);
    // A unit of one is eaten by its fees.
    let cheap = Module { fees: market.module.fees.clone(), ..module(vec![fixed(10, 1)]) };
    let mut market = Market::new(cheap);
    market.take(10).unwrap();
    assert_eq!(market.give(1), Err(Error::Dust));
    assert_eq!(market.give(2), Err(Error::Dust));
    assert_eq!(market.give(3), Ok((3, 1)));
}

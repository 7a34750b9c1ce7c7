//! Pieces of constant liquidity, alone and among others.

use super::*;

/// Square roots 1, 2 and 3 in Q64.64.
const ONE: u128 = 1 << 64;

/// Two pieces of 1,000 and 1,000 quote: 500 tokens and a sixth of 1,000.
fn run() -> Module {
    let first = liquid(0, ONE, 2 * ONE, 1_000 << 64);
    let second = liquid(first.end.get(), 2 * ONE, 3 * ONE, 1_000 << 64);
    Module { sqrt_start: ONE, ..module(vec![first, second]) }
}

#[test]
fn a_point_is_crossed_when_it_is_reached() {
    let mut market = Market::new(run());
    assert_eq!(market.left(), 500 + 166);
    assert_eq!(market.spend(1_000), Ok((500, 1_000)));
    assert_eq!((market.curve.sqrt_price, market.curve.marks.len()), (2 * ONE, 0));
    assert_eq!(market.take(10).unwrap().0, 10);
    assert_eq!(market.curve.marks, [Base::new(500)]);
    // Back through the point, with the token that the price needs and the rounding kept.
    assert_eq!(market.give(60).unwrap().0, 60);
    assert_eq!(market.curve.marks, []);
    assert!(market.curve.sqrt_price < 2 * ONE);
    assert_eq!(market.spend(u64::MAX).unwrap().0, market.curve.sold.get() - 450);
    assert_eq!(market.curve.sqrt_price, 3 * ONE);
    assert_eq!(market.curve.phase, Phase::Complete);
    assert!(market.curve.reserve.get() >= 2_000);
}

/// Tokens that rounding kept are missing at the end, and the price completes the curve all the same.
#[test]
fn completion_is_by_price() {
    let mut market = Market::new(run());
    // Each order is worth more than a token, and not a whole number of them.
    for _ in 0..2_000 / 11 {
        market.spend(11).unwrap();
    }
    market.spend(u64::MAX).unwrap();
    assert_eq!(market.curve.phase, Phase::Complete);
    assert!(market.curve.sold < market.module.sale_end());
    assert_eq!(market.take(1), Err(Error::CurveComplete));
    let sold = market.curve.sold.get();
    assert_eq!(market.give(sold).unwrap().0, sold);
    assert_eq!(market.curve.sold, Base::ZERO);
}

/// Pieces below and above: the tokens that rounding kept in the middle are nobody's.
#[test]
fn other_kinds_stand_before_and_after() {
    let below = fixed(100, 1);
    let middle = liquid(100, ONE, 2 * ONE, 1_000 << 64);
    let above = fixed(middle.end.get() + 100, 4);
    let mut market = Market::new(Module { sqrt_start: ONE, ..module(vec![below, middle, above]) });
    assert_eq!(market.take(100), Ok((100, 100)));
    for _ in 0..40 {
        let _ = market.spend(7);
    }
    let kept = market.curve.sold;
    assert_eq!(market.curve.marks, [Base::new(100)]);
    // The tokens of the piece come back to it, and leave the price above its start.
    market.give(kept.get() - 100).unwrap();
    assert_eq!(market.curve.marks, [Base::new(100)]);
    let sqrt = market.curve.sqrt_price;
    assert!(sqrt > ONE);
    market.give(90).unwrap();
    assert_eq!(market.curve.marks, []);
    assert_eq!((market.curve.sqrt_price, market.curve.sold), (sqrt, Base::new(10)));
    let reserve = market.curve.reserve.get();
    assert_eq!(market.sell(get(5)), Ok((5, 5)));
    assert_eq!(market.take(5), Ok((5, 5)));
    assert_eq!(market.curve.reserve.get(), reserve);
    // Up to the end again: the last piece sells its whole length, the middle what the price allows.
    market.take(u64::MAX).unwrap();
    assert_eq!(market.curve.phase, Phase::Complete);
    assert!(market.curve.sold < market.module.sale_end());
    let [_, mark] = market.curve.marks[..] else { panic!() };
    assert_eq!(market.curve.sold.get() - mark.get(), 100);
    // An exact-out sale through all three.
    let all = market.quote_sell(&give(market.curve.sold.get())).unwrap().quote.get();
    market.sell(get(all - 50)).unwrap();
    assert_eq!(market.curve.marks, []);
    market.give(market.curve.sold.get()).unwrap();
    assert_eq!(market.curve.sold, Base::ZERO);
}

#[test]
fn a_target_inside_a_piece_is_a_price() {
    let mut market =
        Market::new(Module { graduation: Graduation::Raised(Quote::new(1_500)), ..run() });
    let (base, paid) = market.spend(10_000).unwrap();
    assert_eq!((paid, market.curve.sqrt_price), (1_500, 2 * ONE + ONE / 2));
    assert_eq!(base, 500 + 100);
    market.give(base).unwrap();
    let (again, _) = market.take(10_000).unwrap();
    assert_eq!(market.curve.phase, Phase::Complete);
    assert_eq!(market.curve.sqrt_price, 2 * ONE + ONE / 2);
    assert!(again <= base && market.curve.reserve.get() >= 1_500);
}

/// Less than a token is left: who completes the curve pays for nothing, and any limit keeps one from it.
#[test]
fn a_remainder_without_a_token_is_paid_by_who_completes() {
    let piece = liquid(0, 1 << 64, 3 << 64, 100 << 64);
    let mut market = Market::new(Module { sqrt_start: 1 << 64, ..module(vec![piece]) });
    market.spend(198).unwrap();
    assert_eq!((market.curve.sold.get(), market.curve.phase), (66, Phase::Trading));
    assert_eq!(market.spend(1), Err(Error::Dust));
    let limit =
        |base_min| BuyOrder::ExactIn { quote: Quote::new(5), base_min: Base::new(base_min) };
    assert_eq!(market.clone().buy(limit(1)), Err(Error::LimitNotMet));
    assert_eq!(market.clone().take(1), Ok((0, 3)));
    assert_eq!(market.buy(limit(0)), Ok((0, 3)));
    assert_eq!(market.curve.phase, Phase::Complete);
}

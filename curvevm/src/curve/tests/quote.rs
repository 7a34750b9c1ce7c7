//! States that are told.

use super::*;
use crate::curve::quote::Impossible;

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    /// A state that trades lead to can be told, and where no rounding stands between quotes as they do.
    #[test]
    fn a_reached_state_is_possible(market in any_market(4), part in any::<u32>()) {
        let at = At {
            sold: market.curve.sold,
            reserve: Some(market.curve.reserve),
            sqrt_price: Some(market.curve.sqrt_price).filter(|_| market.module.sqrt_start > 0),
        };
        let told = curve_at(&market.module, &at).unwrap();
        prop_assert_eq!((told.sold, told.reserve), (market.curve.sold, market.curve.reserve));
        if told.marks == market.curve.marks {
            prop_assert_eq!(told.phase, market.curve.phase);
        }
        if market.module.sqrt_start == 0 {
            let order = take(part_of(market.left(), part));
            let same = buy(&market.module, &told, &order, &TERMS);
            prop_assert_eq!(same.map(|fill| fill.quote), market.quote_buy(&order).map(|fill| fill.quote));
        }
    }
}

#[test]
fn refuses_what_cannot_be() {
    let pieces = vec![fixed(10, 1), liquid(10, 1 << 64, 2 << 64, 1_000 << 64)];
    let module = Module { sqrt_start: 1 << 64, ..module(pieces) };
    let state = |sold, reserve: Option<u64>, sqrt_price| {
        let at = At { sold: Base::new(sold), reserve: reserve.map(Quote::new), sqrt_price };
        curve_at(&module, &at)
    };
    assert_eq!(state(5, Some(5), None).unwrap().marks, []);
    assert_eq!(
        state(5, Some(4), None),
        Err(Impossible::Reserve { reserve: Quote::new(4), least: Quote::new(5) })
    );
    assert_eq!(
        state(11, None, None),
        Err(Impossible::Sold { sold: Base::new(11), most: Base::new(10) })
    );
    let half = Some(3 << 63);
    assert_eq!(state(300, None, half).unwrap().marks, [Base::new(10)]);
    assert_eq!(state(300, None, half).unwrap().reserve, Quote::new(510));
    assert!(matches!(state(400, None, half), Err(Impossible::Sold { .. })));
    assert_eq!(state(510, None, Some(2 << 64)).unwrap().phase, Phase::Complete);
    let range = Err(Impossible::SqrtPrice { low: 1 << 64, high: 2 << 64 });
    assert_eq!(state(1, None, Some(1)), range);
    assert_eq!(state(1, None, Some(u128::MAX)), range);
    let flat = super::module(vec![fixed(10, 1)]);
    let at = At { sqrt_price: Some(1), ..At::default() };
    assert_eq!(curve_at(&flat, &at), Err(Impossible::SqrtPrice { low: 0, high: 0 }));
    for wrong in [range, state(11, None, None), state(5, Some(4), None)] {
        assert!(!std::string::ToString::to_string(&wrong.unwrap_err()).is_empty());
    }
}

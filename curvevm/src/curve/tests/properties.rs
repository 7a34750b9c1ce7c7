//! The invariants, on modules of any shape. Each trade of a market is checked besides: the price never falls by a purchase and never
//! rises by a sale (I4).

use super::*;

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, max_global_rejects: 50_000, ..ProptestConfig::default() })]

    /// I2: whatever is sold can be given back, in any split.
    #[test]
    fn the_reserve_covers_every_way_back(market in any_market(4), parts in prop::collection::vec(any::<u32>(), 0..12)) {
        let mut position = super::super::Position::of(&market.module, &market.curve);
        for part in parts {
            let base = part_of(position.sold, part);
            if base > 0 {
                position.give(base).unwrap();
            }
        }
        position.give(position.sold).unwrap();
        prop_assert_eq!(position.sold, 0);
    }

    /// I5: who ends with what they began with has not gained, whatever they hold at first and whatever others left.
    #[test]
    fn no_round_trip_pays(market in any_market(4), moves in any_moves(), held in any::<u32>(), splits in prop::collection::vec(any::<u32>(), 0..4)) {
        prop_assume!(!is_cumulative(&market.module));
        let mut market = market;
        let held = part_of(market.curve.sold.get(), held);
        let (mut tokens, mut quote) = play(&mut market, &moves, Some(held));
        for part in splits {
            if let Ok((base, got)) = market.give(part_of(tokens.saturating_sub(held), part)) {
                tokens -= base;
                quote += i128::from(got);
            }
        }
        while tokens > held {
            let Ok((base, got)) = market.give(tokens - held) else { break };
            tokens -= base;
            quote += i128::from(got);
        }
        if tokens < held {
            market.curve.phase = Phase::Trading;
            match market.take(held - tokens) {
                Ok((base, paid)) => { tokens += base; quote -= i128::from(paid); }
                // Too dear, or sold out by price.
                Err(error) => prop_assert!(matches!(error, Error::Overflow | Error::Dust)),
            }
        }
        prop_assert!(quote <= 0 || tokens < held, "{quote}");
    }

    /// I6: of a cumulative piece nobody takes more than what others left, and nothing where they left nothing.
    #[test]
    fn a_cumulative_piece_gives_no_more_than_others_left(length in 1u64..1 << 44, start in 0u128..1 << 66, rise in 1u128..1 << 66, moves in any_moves(), mine in any_moves()) {
        let slope = (rise / u128::from(length)).max(1) << 62;
        let mut market = Market::of(vec![piece(length, cumulative(start, slope))]);
        play(&mut market, &moves, None);
        let owed = |market: &Market| {
            let at = At { sold: market.curve.sold, ..At::default() };
            i128::from(curve_at(&market.module, &at).unwrap().reserve.get())
        };
        let left = i128::from(market.curve.reserve.get()) - owed(&market);
        prop_assert!(left >= 0);
        let (tokens, mut quote) = play(&mut market, &mine, Some(0));
        if let Ok((_, got)) = market.give(tokens) {
            quote += i128::from(got);
        }
        prop_assert!(i128::from(market.curve.reserve.get()) >= owed(&market));
        prop_assert!(quote <= left, "{quote} of {left}");
    }

    /// Exact-out costs no more than exact-in for the same tokens, and one token more is not to be had for that quote.
    #[test]
    fn the_sides_of_a_purchase_agree(market in any_market(4), part in any::<u32>()) {
        let quote = part_of(market.cost_of(market.left()), part);
        let Ok(fill) = market.quote_buy(&spend(quote)) else { return Ok(()) };
        prop_assert!(fill.trader_quote.get() <= quote);
        if fill.base.is_zero() {
            return Ok(());
        }
        let same = market.quote_buy(&take(fill.base.get())).unwrap();
        prop_assert_eq!(same.base, fill.base);
        // DBC lets an exact-out order that takes all whole tokens of a piece pay up to its end, by less than a token more.
        let mut after = market.clone();
        after.settle(same.clone());
        let is_liquid = market.module.sqrt_start > 0;
        let token = price(&after.module, &after.curve).unwrap().quote_for_ceil(Base::new(1)).unwrap();
        let more = if is_liquid { token + 1 } else { 0 };
        prop_assert!(u128::from(same.quote.get()) <= u128::from(fill.quote.get()) + more);
        // Up to the one unit that the profile adds: in each piece that the order enters, and by DBC's steps in each of its pieces.
        let pieces = market.module.pieces.len() as u64;
        if !fill.partial && market.left() > fill.base.get() {
            match market.quote_buy(&take(fill.base.get() + 1)) {
                Ok(more) => prop_assert!(more.partial || more.quote.get() + pieces > fill.quote.get()),
                Err(error) => prop_assert_eq!(error, Error::Overflow),
            }
        }
    }

    /// Exact-out gives exactly what was asked for, by tokens that are enough for it and not too many.
    #[test]
    fn the_sides_of_a_sale_agree(market in any_market(4), part in any::<u32>()) {
        let Ok(all) = market.quote_sell(&give(market.curve.sold.get())) else { return Ok(()) };
        let quote = part_of(all.quote.get(), part).min(all.quote.get());
        let fill = match market.quote_sell(&get(quote)) {
            Ok(fill) => fill,
            // A unit of quote may need more tokens than are sold where tokens were rounded away.
            Err(error) => {
                prop_assert!(matches!(error, Error::SellExceedsSold | Error::Dust | Error::InsufficientReserve));
                return Ok(());
            }
        };
        prop_assert_eq!(fill.trader_quote.get(), quote);
        if let Ok(same) = market.quote_sell(&give(fill.base.get())) {
            let pieces = market.module.pieces.len() as u64;
            prop_assert!(same.quote.get() + pieces >= quote, "{} {quote}", same.quote);
        }
        if fill.base > Base::new(1) {
            let less = market.quote_sell(&give(fill.base.get() - 1));
            let pieces = market.module.pieces.len() as u64;
            prop_assert!(less.is_err() || less.unwrap().quote.get() < quote + pieces);
        }
    }

    /// I3: the last limit that is met is what the trader pays or gets, fees included.
    #[test]
    fn limits_are_net_of_fees(market in any_market(4), part in any::<u32>(), output in any::<bool>()) {
        let mut market = market;
        market.module.fees = fees(output);
        if let Ok(fill) = market.quote_buy(&take(part_of(market.left(), part))) {
            let order = |quote_max| BuyOrder::ExactOut { base: fill.trader_base, quote_max };
            if let Ok(fill) = market.quote_buy(&order(Quote::MAX)) {
                if !fill.partial && !fill.trader_quote.is_zero() {
                    prop_assert_eq!(market.quote_buy(&order(fill.trader_quote)), Ok(fill.clone()));
                    let less = Quote::new(fill.trader_quote.get() - 1);
                    prop_assert_eq!(market.quote_buy(&order(less)), Err(Error::LimitNotMet));
                }
            }
        }
        let quote = Quote::new(part_of(market.cost_of(market.left()), part));
        if let Some(fill) = market.quote_buy(&spend(quote.get())).ok().filter(|fill| !fill.partial) {
            prop_assert!(fill.trader_quote <= quote);
            let order = |base_min| BuyOrder::ExactIn { quote, base_min };
            prop_assert_eq!(market.quote_buy(&order(fill.trader_base)), Ok(fill.clone()));
            let more = Base::new(fill.trader_base.get() + 1);
            prop_assert_eq!(market.quote_buy(&order(more)), Err(Error::LimitNotMet));
        }
        let base = Base::new(part_of(market.curve.sold.get(), part));
        if let Ok(fill) = market.quote_sell(&give(base.get())) {
            let order = |quote_min| SellOrder::ExactIn { base, quote_min };
            prop_assert_eq!(market.quote_sell(&order(fill.trader_quote)), Ok(fill.clone()));
            let more = Quote::new(fill.trader_quote.get() + 1);
            prop_assert_eq!(market.quote_sell(&order(more)), Err(Error::LimitNotMet));
        }
    }

    /// I5: splitting a purchase or a sale does not pay.
    #[test]
    fn splitting_an_order_does_not_pay(market in any_market(4), part in any::<u32>(), of in any::<u32>()) {
        prop_assume!(!is_cumulative(&market.module));
        let whole = part_of(market.left(), part).min(market.left());
        let first = part_of(whole, of).min(whole);
        if let Ok(once) = market.quote_buy(&take(whole)) {
            let mut split = market.clone();
            if let Ok((_, paid)) = split.take(first) {
                let rest = if whole > first { split.take(whole - first) } else { Ok((0, 0)) };
                prop_assert!(rest.map_or(true, |(_, rest)| paid + rest >= once.quote.get()));
            }
        }
        let whole = market.curve.sold.get();
        let first = part_of(whole, of).min(whole);
        if let Ok(once) = market.quote_sell(&give(whole)) {
            let mut split = market;
            let parts = [first, whole - first].map(|base| split.give(base).map_or(0, |(_, got)| got));
            prop_assert!(parts[0] + parts[1] <= once.quote.get());
        }
    }

    /// A curve that graduates by its target can always be completed, and holds its target then.
    #[test]
    fn a_raised_curve_completes(market in any_market(4), share in any::<u32>(), order in any::<bool>()) {
        let raised = At { sold: market.module.sale_end(), sqrt_price: last_sqrt(&market.module), ..At::default() };
        let raised = curve_at(&market.module, &raised).unwrap().reserve.get();
        let target = part_of(raised, share).min(raised);
        let mut market = market;
        market.module.graduation = Graduation::Raised(Quote::new(target));
        market.curve.phase = Phase::Trading;
        if market.curve.reserve.get() >= target {
            return Ok(());
        }
        let refusal = verify(&market.module).err();
        prop_assert!(refusal.is_none_or(|refusal| refusal.rule == Rule::PoolShares));
        for _ in 0..3 {
            let done = if order { market.spend(u64::MAX) } else { market.take(u64::MAX) };
            prop_assert!(done.is_ok(), "{done:?}");
            if market.curve.phase == Phase::Complete {
                break;
            }
        }
        prop_assert_eq!(market.curve.phase, Phase::Complete);
        prop_assert!(market.curve.reserve.get() >= target);
    }

    /// The bounded square root gives what a search would.
    #[test]
    fn a_linear_purchase_is_as_large_as_it_can_be(length in 1u64..=1 << 63, start in any::<u128>(), slope in any::<u128>(), shifts in (0u32..128, 0u32..128), part in any::<u32>(), at in any::<u32>()) {
        let kind = linear(start >> shifts.0, slope >> shifts.1);
        let module = module(vec![piece(length, kind)]);
        prop_assume!(verify(&module).is_ok());
        let mut market = Market::new(module);
        if at > 0 && market.take(part_of(length, at).min(length)).is_err() {
            return Ok(());
        }
        prop_assume!(market.left() > 0);
        let quote = part_of(market.cost_of(market.left()), part);
        let Ok(fill) = market.quote_buy(&spend(quote)) else { return Ok(()) };
        prop_assert!(market.cost_of(fill.base.get()) <= quote);
        if fill.base.get() < market.left() {
            prop_assert!(market.cost_of(fill.base.get() + 1) > quote);
        }
    }
}

fn last_sqrt(module: &Module) -> Option<u128> {
    module.pieces.iter().rev().find_map(|piece| match piece.kind {
        PieceKind::ConstantLiquidity { sqrt_end, .. } => Some(sqrt_end),
        _ => None,
    })
}

/// Fees on top in quote, or included and in what is received.
fn fees(output: bool) -> Fees {
    use crate::module::{FeeSchedule, FeeSide, FeeTotal, Recipient};
    if !output {
        return Fees::on_top(&[(Recipient::Protocol, 95), (Recipient::Creator, 30)]);
    }
    let schedule = FeeSchedule::Constant;
    Fees {
        total: FeeTotal::Included { rate: 12_345_678, referred: 0, schedule },
        side: FeeSide::Output,
        ..Fees::none()
    }
}

//! Tests of pricing: the launchpads' figures, and the invariants on modules of any shape.

use std::{vec, vec::Vec};

use proptest::prelude::*;

use super::{
    buy,
    piece::{Inside, cost},
    position::Position,
    sell,
    verify::verify,
};
use crate::{
    cell::{Curve, Phase},
    error::Error,
    math::mul_div_floor,
    module::{Fees, Graduation, MODULE_VERSION, Module, Piece, PieceKind, Rounding},
    program::{BuyOrder, SellOrder},
    test_support::pump_module,
    types::{Address, AssetId, Base, Hash, Quote},
};

/// A curve and its module.
#[derive(Clone, Debug)]
struct Market {
    module: Module,
    curve: Curve,
}

/// What an order did to a trader: tokens, and quote with fees.
type Done = Result<(u64, u64), Error>;

impl Market {
    fn new(module: Module) -> Self {
        assert_eq!(verify(&module), Ok(()));
        let curve = Curve {
            version: 0,
            module: Hash::ZERO,
            quote_asset: AssetId::SOL,
            creator: Address::default(),
            name: "Test".into(),
            symbol: "TST".into(),
            sold: Base::ZERO,
            reserve: Quote::ZERO,
            marks: Vec::new(),
            protocol_fees: Quote::ZERO,
            creator_fees: Quote::ZERO,
            phase: Phase::Trading,
        };
        Self { module, curve }
    }

    /// Executes a purchase and checks what holds for every one.
    fn buy(&mut self, order: BuyOrder) -> Done {
        let fill = buy(&self.module, &self.curve, &order)?;
        let before = self.curve.clone();
        let done = (fill.base.get(), fill.trader_quote.get());
        let fees = fill.fees;
        let quote = fill.quote;
        fill.settle(&self.module, &mut self.curve).unwrap();
        let after = &self.curve;
        assert!(done.0 > 0 && done.1 > 0);
        assert_eq!(before.sold.get() + done.0, after.sold.get());
        assert_eq!(before.reserve.get() + quote.get(), after.reserve.get());
        assert_eq!(before.protocol_fees.get() + fees.protocol.get(), after.protocol_fees.get());
        assert_eq!(before.creator_fees.get() + fees.creator.get(), after.creator_fees.get());
        assert_eq!(done.1, quote.get() + fees.protocol.get() + fees.creator.get());
        assert!(after.sold <= self.module.sale_end());
        Ok(done)
    }

    /// Executes a sale and checks what holds for every one.
    fn sell(&mut self, order: SellOrder) -> Done {
        let fill = sell(&self.module, &self.curve, &order)?;
        let before = self.curve.clone();
        let done = (fill.base.get(), fill.trader_quote.get());
        let fees = fill.fees;
        let quote = fill.quote;
        assert!(!fill.partial);
        fill.settle(&self.module, &mut self.curve).unwrap();
        let after = &self.curve;
        assert_eq!(before.sold.get(), after.sold.get() + done.0);
        assert_eq!(before.reserve.get(), after.reserve.get() + quote.get());
        assert_eq!(before.protocol_fees.get() + fees.protocol.get(), after.protocol_fees.get());
        assert_eq!(before.creator_fees.get() + fees.creator.get(), after.creator_fees.get());
        assert_eq!(done.1 + fees.protocol.get() + fees.creator.get(), quote.get());
        Ok(done)
    }

    fn spend(&mut self, quote: u64) -> Done {
        self.buy(spend(quote))
    }

    fn take(&mut self, base: u64) -> Done {
        self.buy(take(base))
    }

    fn give(&mut self, base: u64) -> Done {
        self.sell(give(base))
    }

    fn left(&self) -> u64 {
        self.module.sale_end().get() - self.curve.sold.get()
    }

    /// What `base` more tokens cost now, without fees. Near a pole of the price that may pass 64 bits.
    fn price_of(&self, base: u64) -> u64 {
        match Position::of(&self.curve).take(&self.module, Base::new(base)) {
            Ok(quote) => quote.get(),
            Err(error) => {
                assert_eq!(error, Error::Overflow);
                u64::MAX
            }
        }
    }
}

fn spend(quote: u64) -> BuyOrder {
    BuyOrder::ExactIn { quote: Quote::new(quote), base_min: Base::ZERO }
}

fn take(base: u64) -> BuyOrder {
    BuyOrder::ExactOut { base: Base::new(base), quote_max: Quote::MAX }
}

fn give(base: u64) -> SellOrder {
    SellOrder::ExactIn { base: Base::new(base), quote_min: Quote::ZERO }
}

fn get(quote: u64) -> SellOrder {
    SellOrder::ExactOut { quote: Quote::new(quote), base_max: Base::MAX }
}

fn module(pieces: Vec<Piece>) -> Module {
    Module {
        version: MODULE_VERSION,
        decimals: 6,
        supply: pieces.last().unwrap().end,
        pieces,
        fees: Fees::default(),
        graduation: Graduation::SoldOut,
    }
}

/// A fixed price of whole quote units.
fn fixed(end: u64, price: u64) -> Piece {
    let kind = PieceKind::Linear { start: u128::from(price) << 64, slope: 0 };
    Piece { end: Base::new(end), kind }
}

fn product(end: u64, quote: u64, base: u64, rounding: Rounding) -> Piece {
    let (virtual_quote, virtual_base) = (Quote::new(quote), Base::new(base));
    let kind = PieceKind::ConstantProduct { virtual_quote, virtual_base, rounding };
    Piece { end: Base::new(end), kind }
}

mod pump {
    //! The figures of section 10 of the design, and its formulae written down once more.

    use super::*;

    const VS: u128 = 30_000_000_000;
    const VT: u128 = 1_073_000_000_000_000;
    const ALL: u64 = 793_100_000_000_000;

    fn fees(quote: u128) -> u128 {
        (quote * 95).div_ceil(10_000) + (quote * 30).div_ceil(10_000)
    }

    #[test]
    fn buying_everything_from_genesis() {
        let mut market = Market::new(pump_module());
        let done = market.take(ALL).unwrap();
        assert_eq!(done, (ALL, 85_005_359_057 + 807_550_912 + 255_016_078));
        assert_eq!(market.curve.reserve, Quote::new(85_005_359_057));
        assert_eq!(market.curve.protocol_fees, Quote::new(807_550_912));
        assert_eq!(market.curve.creator_fees, Quote::new(255_016_078));
        assert_eq!(market.curve.phase, Phase::Complete);
        assert_eq!(market.take(1), Err(Error::CurveComplete));
        assert_eq!(market.spend(1), Err(Error::CurveComplete));
    }

    #[test]
    fn market_cap_at_genesis() {
        let supply = pump_module().supply.get();
        assert_eq!(mul_div_floor(VS as u64, supply, VT as u64), Some(27_958_993_476));
    }

    #[test]
    fn the_reserve_counts_to_the_real_tokens_and_no_further() {
        let mut market = Market::new(pump_module());
        market.take(ALL - 1).unwrap();
        let (base, paid) = market.spend(1_000_000_000_000).unwrap();
        assert_eq!(base, 1);
        assert!(paid < 1_000);
        assert_eq!(market.curve.phase, Phase::Complete);
    }

    proptest! {
        #[test]
        fn exact_base_out(tokens in 1..=ALL) {
            let mut market = Market::new(pump_module());
            let cost = u128::from(tokens) * VS / (VT - u128::from(tokens)) + 1;
            prop_assert_eq!(market.take(tokens), Ok((tokens, (cost + fees(cost)) as u64)));
        }

        #[test]
        fn exact_base_in(bought in 1..=ALL, part in 1..=ALL) {
            let mut market = Market::new(pump_module());
            market.take(bought).unwrap();
            let tokens = part.min(bought);
            let (vs, vt) = (VS + u128::from(market.curve.reserve.get()), VT - u128::from(bought));
            let gross = u128::from(tokens) * vs / (vt + u128::from(tokens));
            let expected = match gross.checked_sub(fees(gross)) {
                None | Some(0) => Err(Error::Dust),
                Some(net) => Ok((tokens, net as u64)),
            };
            prop_assert_eq!(market.give(tokens), expected);
        }

        #[test]
        fn exact_quote_in(bought in 0..ALL, spent in 1u64..200_000_000_000) {
            let mut market = Market::new(pump_module());
            if bought > 0 {
                market.take(bought).unwrap();
            }
            let (vs, vt) = (VS + u128::from(market.curve.reserve.get()), VT - u128::from(bought));
            let gross = u128::from(spent);
            let mut net = gross * 10_000 / 10_125;
            net -= (net + fees(net)).saturating_sub(gross).min(net);
            let tokens = (net.saturating_sub(1)) * vt / (vs + net.saturating_sub(1));
            let rest = u128::from(ALL - bought);
            let done = market.spend(spent);
            if tokens == 0 {
                prop_assert_eq!(done, Err(Error::Dust));
            } else if tokens < rest {
                prop_assert_eq!(done, Ok((tokens as u64, (net + fees(net)) as u64)));
            } else {
                // Clamped to what is left, and only that is paid.
                let cost = rest * vs / (vt - rest) + 1;
                prop_assert_eq!(done, Ok((rest as u64, (cost + fees(cost)) as u64)));
                prop_assert!(u128::from(done.unwrap().1) <= gross);
            }
        }
    }
}

#[test]
fn a_linear_piece_costs_the_area_under_its_price() {
    // From 2 by a fifth of a unit each, over 10 units: 2·s + s²/10.
    let kind = PieceKind::Linear { start: 2 << 64, slope: u128::MAX / 5 };
    let piece = Piece { end: Base::new(10), kind };
    let mut market = Market::new(module(vec![piece]));
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
    assert_eq!(market.curve.marks, [Quote::new(10)]);
    // The rest of the second piece, all of the third (60·20/10 = 120), half of the last.
    assert_eq!(market.take(40), Ok((40, 30 + 120 + 95)));
    assert_eq!(market.curve.marks, [Quote::new(10), Quote::new(50), Quote::new(170)]);
    assert_eq!(market.give(6), Ok((6, 95 + 180 / 11)));
    assert_eq!(market.curve.marks, [Quote::new(10), Quote::new(50)]);
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
        fees: Fees { protocol_bps: 100, creator_bps: 0 },
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
    ];
    for piece in pieces {
        for order in [spend(100), take(30)] {
            let mut market = Market::new(module(vec![piece.clone()]));
            market.module.graduation = Graduation::Raised(Quote::new(500));
            // Up to the last unit of quote, whatever it buys.
            let reserve = market.spend(499).unwrap().1;
            assert_eq!(reserve, 499);
            assert_eq!(market.curve.phase, Phase::Trading);
            assert!(market.buy(order).unwrap().0 > 0, "{piece:?}");
            assert_eq!(market.curve.phase, Phase::Complete);
            assert!((500..=516).contains(&market.curve.reserve.get()));
        }
    }
}

/// Near a pole of the price the rest can cost more than 64 bits hold; what it does not take is still sold.
#[test]
fn a_rest_that_is_too_dear_does_not_stop_small_orders() {
    let mut market = Market::new(module(vec![product(9, 1 << 59, 10, Rounding::Ceiling)]));
    market.take(7).unwrap();
    // As if overpaid orders had filled the reserve: two units cost 2^64, and one 2^62.
    market.curve.reserve = Quote::new((1 << 63) - (1 << 59));
    assert_eq!(market.price_of(2), u64::MAX);
    assert_eq!(market.take(2), Err(Error::Overflow));
    assert_eq!(market.spend(1 << 62), Ok((1, 1 << 62)));
}

#[test]
fn zero_dust_and_too_much_are_refused() {
    let mut market = Market::new(Module {
        fees: Fees { protocol_bps: 1_000, creator_bps: 1_000 },
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
    let cheap = Module { fees: market.module.fees, ..module(vec![fixed(10, 1)]) };
    let mut market = Market::new(cheap);
    market.take(10).unwrap();
    assert_eq!(market.give(1), Err(Error::Dust));
    assert_eq!(market.give(2), Err(Error::Dust));
    assert_eq!(market.give(3), Ok((3, 1)));
}

mod verifier {
    //! Each rule of the verifier.

    use super::*;
    use crate::curve::verify::{Refusal, Rule};

    fn refused(change: impl FnOnce(&mut Module)) -> (Rule, Option<usize>) {
        let mut module = module(vec![fixed(10, 1), fixed(20, 2)]);
        assert_eq!(verify(&module), Ok(()));
        change(&mut module);
        let Refusal { rule, piece } = verify(&module).unwrap_err();
        (rule, piece)
    }

    fn linear(start: u128, slope: u128) -> PieceKind {
        PieceKind::Linear { start, slope }
    }

    #[test]
    fn refuses_by_each_rule() {
        assert_eq!(refused(|m| m.version = 0), (Rule::Version, None));
        assert_eq!(refused(|m| m.decimals = 19), (Rule::Decimals, None));
        assert_eq!(refused(|m| m.pieces.clear()), (Rule::PieceCount, None));
        let many = (1..=65).map(|end| fixed(end, 1)).collect::<Vec<_>>();
        assert_eq!(refused(|m| m.pieces = many), (Rule::PieceCount, None));
        assert_eq!(refused(|m| m.pieces[1].end = Base::new(10)), (Rule::EmptyPiece, Some(1)));
        assert_eq!(refused(|m| m.pieces[0].end = Base::ZERO), (Rule::EmptyPiece, Some(0)));
        assert_eq!(refused(|m| m.supply = Base::new(19)), (Rule::Supply, None));
        let none = |m: &mut Module| m.pieces[0] = product(10, 0, 20, Rounding::Ceiling);
        assert_eq!(refused(none), (Rule::Reserves, Some(0)));
        let all = |m: &mut Module| m.pieces[0] = product(10, 1, 10, Rounding::Ceiling);
        assert_eq!(refused(all), (Rule::Reserves, Some(0)));
        assert_eq!(refused(|m| m.pieces[0].kind = linear(0, 0)), (Rule::ZeroPrice, Some(0)));
        let falling = |m: &mut Module| m.pieces[1] = fixed(20, 0);
        assert_eq!(refused(falling), (Rule::ZeroPrice, Some(1)));
        assert_eq!(refused(|m| m.pieces[0] = fixed(10, 3)), (Rule::FallingPrice, Some(1)));
        assert_eq!(refused(|m| m.fees.protocol_bps = 2_001), (Rule::Fees, None));
        assert_eq!(
            refused(|m| m.graduation = Graduation::Raised(Quote::ZERO)),
            (Rule::Unreachable, None)
        );
        let high = |m: &mut Module| m.graduation = Graduation::Raised(Quote::new(31));
        assert_eq!(refused(high), (Rule::Unreachable, None));
    }

    #[test]
    fn refuses_what_does_not_fit() {
        assert_eq!(refused(|m| m.pieces[0].kind = linear(u128::MAX, 0)), (Rule::Overflow, Some(0)));
        assert_eq!(refused(|m| m.pieces[0].kind = linear(1, u128::MAX)).1, Some(1));
        let last = |m: &mut Module| m.pieces[1].kind = linear(u128::MAX >> 3, 0);
        assert_eq!(refused(last), (Rule::Overflow, Some(1)));
        let half = |m: &mut Module| m.pieces[1].kind = linear(1 << 124, 0);
        assert_eq!(refused(half), (Rule::Overflow, None));
        let reserve = |m: &mut Module| m.pieces[0] = product(10, 1 << 63, 20, Rounding::Ceiling);
        assert_eq!(refused(reserve), (Rule::Overflow, Some(0)));
    }

    #[test]
    fn takes_what_just_holds() {
        let mut module = module(vec![fixed(10, 1), fixed(20, 1)]);
        module.graduation = Graduation::Raised(Quote::new(20));
        module.fees = Fees { protocol_bps: 2_000, creator_bps: 0 };
        module.decimals = 18;
        assert_eq!(verify(&module), Ok(()));
        // A price that rises steeply: slope times length passes 128 bits.
        let kind = linear(1_000 << 64, u128::MAX >> 14);
        module.pieces = vec![Piece { end: Base::new(10_000_000), kind }];
        module.supply = Base::new(10_000_000);
        assert_eq!(verify(&module), Ok(()));
    }
}

/// A module that verifies: pieces of both kinds, cheap and dear, whose price does not fall.
fn any_module(pieces_max: usize) -> impl Strategy<Value = Module> {
    let length = prop_oneof![1u64..50, 1u64..1 << 20, 1u64..1 << 44];
    let piece = (length, 0u32..4, any::<u32>(), any::<u32>());
    let price = prop_oneof![0u32..30, 0u32..72];
    (
        prop::collection::vec(piece, 1..=pieces_max),
        price,
        any::<u32>(),
        0u16..=1_000,
        0u16..=1_000,
        any::<bool>(),
    )
        .prop_map(|(parts, bits, price, protocol_bps, creator_bps, free)| {
            let mut price = (1u128 << bits) + (u128::from(price) << bits >> 32);
            let mut end = 0;
            let mut pieces = Vec::new();
            for (length, kind, a, b) in parts {
                end += length;
                let (kind, last) = any_kind(length, kind, a, b, price);
                pieces.push(Piece { end: Base::new(end), kind });
                price = last;
            }
            let fees = if free { Fees::default() } else { Fees { protocol_bps, creator_bps } };
            Module { fees, ..module(pieces) }
        })
        .prop_filter("verifies", |module| verify(module).is_ok())
}

/// A piece that starts at a price in Q64.64, and a price at which the next one may start.
fn any_kind(length: u64, kind: u32, a: u32, b: u32, price: u128) -> (PieceKind, u128) {
    if kind < 2 {
        // It grows by up to three times its start.
        let rise = if kind == 0 {
            0
        } else {
            price.saturating_mul(u128::from(a % 4)).saturating_add(u128::from(b))
        };
        let slope = (rise / u128::from(length)).checked_shl(64).unwrap_or(0);
        let slope = if rise / u128::from(length) >= 1 << 64 { 0 } else { slope };
        return (PieceKind::Linear { start: price, slope }, price.saturating_add(rise));
    }
    let base = length + 1 + length.saturating_mul(u64::from(a % 16)) / 8;
    let quote = (u128::from(base).saturating_mul(price >> 32) >> 32) + 1 + u128::from(b % 3);
    let rounding = if kind == 2 { Rounding::Ceiling } else { Rounding::FloorPlusOne };
    let kind = PieceKind::ConstantProduct {
        virtual_quote: Quote::new(u64::try_from(quote).unwrap_or(u64::MAX)),
        virtual_base: Base::new(base),
        rounding,
    };
    let collected = cost(&kind, Inside { sold: 0, reserve: 0 }, length).unwrap_or(0);
    let last = (quote + u128::from(collected)).checked_shl(64).unwrap_or(u128::MAX);
    (kind, (last / u128::from(base - length)).saturating_add(1))
}

/// An order, scaled to the market when it is made.
#[derive(Clone, Copy, Debug)]
enum Move {
    Take(u32),
    Spend(u32),
    Give(u32),
    Get(u32),
}

fn any_moves() -> impl Strategy<Value = Vec<Move>> {
    // Squared, so that small ones are common.
    let part = || any::<u32>().prop_map(|part| ((u64::from(part) * u64::from(part)) >> 32) as u32);
    let one = prop_oneof![
        part().prop_map(Move::Take),
        part().prop_map(Move::Spend),
        part().prop_map(Move::Give),
        part().prop_map(Move::Get),
    ];
    prop::collection::vec(one, 0..24)
}

/// That part of a whole, rounded up so that it is never zero of something.
fn part_of(whole: u64, part: u32) -> u64 {
    ((u128::from(whole) * u128::from(part)) >> 32) as u64 + u64::from(whole > 0)
}

/// Makes the moves that can be made; gives the balance of tokens and of quote of who made them.
fn play(market: &mut Market, moves: &[Move], held: Option<u64>) -> (u64, i128) {
    let mut tokens = held.unwrap_or(0);
    let mut quote = 0i128;
    for one in moves {
        // Without an own balance the mover may sell whatever was sold.
        let sellable = held.map_or(market.curve.sold.get(), |_| tokens);
        let done = match *one {
            Move::Take(part) => market.take(part_of(market.left(), part)),
            Move::Spend(part) => market.spend(part_of(market.price_of(market.left()), part)),
            Move::Give(part) => market.give(part_of(sellable, part)),
            Move::Get(part) => {
                let most = Position::of(&market.curve).give(&market.module, Base::new(sellable));
                let order = SellOrder::ExactOut {
                    quote: Quote::new(part_of(most.unwrap().get(), part)),
                    base_max: Base::new(sellable),
                };
                market.sell(order)
            }
        };
        let Ok((base, moved)) = done else { continue };
        match one {
            Move::Take(_) | Move::Spend(_) => {
                tokens += base;
                quote -= i128::from(moved);
            }
            Move::Give(_) | Move::Get(_) => {
                tokens = tokens.saturating_sub(base);
                quote += i128::from(moved);
            }
        }
    }
    (tokens, quote)
}

fn any_market(pieces_max: usize) -> impl Strategy<Value = Market> {
    (any_module(pieces_max), any_moves()).prop_map(|(module, moves)| {
        let mut market = Market::new(module);
        play(&mut market, &moves, None);
        market
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    /// I2: whatever is sold can be given back, in any split, before fees.
    #[test]
    fn the_reserve_covers_every_way_back(market in any_market(4), parts in prop::collection::vec(any::<u32>(), 0..12)) {
        let mut position = Position::of(&market.curve);
        for part in parts {
            let base = part_of(position.sold.get(), part);
            if base > 0 {
                position.give(&market.module, Base::new(base)).unwrap();
            }
        }
        let rest = position.sold;
        position.give(&market.module, rest).unwrap();
        prop_assert_eq!(position.sold, Base::ZERO);
    }

    /// I2, for one who holds nothing at first and trades alone: what is got is never more than what was paid. (A holder who
    /// sells first may get a share of what the rounding of others has left in a later piece.)
    #[test]
    fn no_round_trip_pays(market in any_market(4), moves in any_moves(), splits in prop::collection::vec(any::<u32>(), 0..4)) {
        let mut market = Market { module: Module { fees: Fees::default(), ..market.module }, ..market };
        let (mut tokens, mut quote) = play(&mut market, &moves, Some(0));
        for part in splits {
            let base = part_of(tokens, part);
            if let Ok((_, got)) = market.give(base) {
                tokens -= base;
                quote += i128::from(got);
            }
        }
        if let Ok((_, got)) = market.give(tokens) {
            quote += i128::from(got);
        }
        prop_assert!(quote <= 0, "{quote}");
    }

    /// Exact-in takes as many tokens as exact-out gives for that quote: one more would cost more.
    #[test]
    fn the_sides_of_a_purchase_agree(market in any_market(4), part in any::<u32>()) {
        let quote = part_of(market.price_of(market.left()), part);
        let Ok(fill) = buy(&market.module, &market.curve, &spend(quote)) else { return Ok(()) };
        prop_assert!(fill.trader_quote.get() <= quote);
        let same = buy(&market.module, &market.curve, &take(fill.base.get())).unwrap();
        prop_assert_eq!(same.base, fill.base);
        prop_assert!(same.quote <= fill.quote && same.trader_quote <= fill.trader_quote);
        let adds_one = |piece: &Piece| matches!(
            piece.kind, PieceKind::ConstantProduct { rounding: Rounding::FloorPlusOne, .. }
        );
        if !fill.partial && !market.module.pieces.iter().any(adds_one) {
            let more = buy(&market.module, &market.curve, &take(fill.base.get() + 1)).unwrap();
            prop_assert!(more.partial || more.quote > fill.quote);
        }
    }

    /// Exact-out gives as few tokens as it can: one less would get less.
    #[test]
    fn the_sides_of_a_sale_agree(market in any_market(4), part in any::<u32>()) {
        let all = Position::of(&market.curve).give(&market.module, market.curve.sold).unwrap();
        let quote = part_of(all.get(), part);
        let Ok(fill) = sell(&market.module, &market.curve, &get(quote)) else { return Ok(()) };
        prop_assert!(fill.trader_quote.get() >= quote);
        let same = sell(&market.module, &market.curve, &give(fill.base.get())).unwrap();
        prop_assert_eq!(&same, &fill);
        if fill.base > Base::new(1) {
            let less = sell(&market.module, &market.curve, &give(fill.base.get() - 1));
            prop_assert!(less.is_err() || less.unwrap().trader_quote.get() < quote);
        }
    }

    /// I3: the last limit that is met is what the trader pays or gets, fees included.
    #[test]
    fn limits_are_net_of_fees(market in any_market(4), part in any::<u32>()) {
        let (module, curve) = (&market.module, &market.curve);
        if let Ok(fill) = buy(module, curve, &take(part_of(market.left(), part))) {
            let order = |quote_max| BuyOrder::ExactOut { base: fill.base, quote_max };
            prop_assert_eq!(buy(module, curve, &order(fill.trader_quote)), Ok(fill.clone()));
            let less = Quote::new(fill.trader_quote.get() - 1);
            prop_assert_eq!(buy(module, curve, &order(less)), Err(Error::LimitNotMet));
        }
        let quote = Quote::new(part_of(market.price_of(market.left()), part));
        if let Some(fill) = buy(module, curve, &spend(quote.get())).ok().filter(|fill| !fill.partial) {
            let order = |base_min| BuyOrder::ExactIn { quote, base_min };
            prop_assert_eq!(buy(module, curve, &order(fill.base)), Ok(fill.clone()));
            let more = Base::new(fill.base.get() + 1);
            prop_assert_eq!(buy(module, curve, &order(more)), Err(Error::LimitNotMet));
        }
        let base = Base::new(part_of(curve.sold.get(), part));
        if let Ok(fill) = sell(module, curve, &give(base.get())) {
            let order = |quote_min| SellOrder::ExactIn { base, quote_min };
            prop_assert_eq!(sell(module, curve, &order(fill.trader_quote)), Ok(fill.clone()));
            let more = Quote::new(fill.trader_quote.get() + 1);
            prop_assert_eq!(sell(module, curve, &order(more)), Err(Error::LimitNotMet));
            let order = |base_max| SellOrder::ExactOut { quote: fill.trader_quote, base_max };
            let back = sell(module, curve, &order(Base::MAX)).unwrap();
            prop_assert!(back.base <= base);
            let less = Base::new(back.base.get() - 1);
            prop_assert_eq!(sell(module, curve, &order(less)), Err(Error::LimitNotMet));
        }
    }

    /// Within a piece, what a probe costs never falls by a purchase and never rises by a sale.
    #[test]
    fn a_purchase_does_not_lower_the_price(market in any_market(1), part in any::<u32>(), probe in 1u64..1 << 20) {
        let before = market.clone();
        let mut market = market;
        if market.take(part_of(market.left(), part)).is_ok() {
            let probe = probe.min(market.left());
            prop_assert!(market.price_of(probe) >= before.price_of(probe));
        }
        let mut market = before.clone();
        if market.give(part_of(market.curve.sold.get(), part)).is_ok() {
            let probe = probe.min(before.left());
            prop_assert!(market.price_of(probe) <= before.price_of(probe));
        }
    }

    /// Buying in parts never costs less than buying at once, and selling in parts never pays more.
    #[test]
    fn splitting_an_order_does_not_pay(market in any_market(4), part in any::<u32>(), of in any::<u32>()) {
        let whole = part_of(market.left(), part);
        let first = part_of(whole, of);
        let price = market.price_of(whole);
        if price < u64::MAX {
            let mut position = Position::of(&market.curve);
            let mut take = |base| position.take(&market.module, Base::new(base));
            let paid = take(first).unwrap().get();
            // The surcharges of two roundings may be what passes 64 bits.
            prop_assert!(take(whole - first).map_or(true, |rest| paid + rest.get() >= price));
        }

        let whole = part_of(market.curve.sold.get(), part);
        let first = part_of(whole, of);
        let sold = |base, position: &mut Position| position.give(&market.module, Base::new(base)).unwrap().get();
        let got = sold(whole, &mut Position::of(&market.curve));
        let mut position = Position::of(&market.curve);
        let parts = sold(first, &mut position) + sold(whole - first, &mut position);
        prop_assert!(parts <= got);
    }

    /// A curve that graduates by its target can always be completed, and then holds its target.
    #[test]
    fn a_raised_curve_completes(market in any_market(4), share in any::<u32>(), order in any::<bool>()) {
        let raised = Market::new(market.module.clone()).price_of(market.module.sale_end().get());
        let target = Quote::new(part_of(raised, share).min(raised));
        let mut market = market;
        market.module.graduation = Graduation::Raised(target);
        if market.curve.reserve >= target {
            return Ok(());
        }
        prop_assert_eq!(verify(&market.module), Ok(()));
        let done = if order { market.spend(u64::MAX) } else { market.take(u64::MAX) };
        prop_assert!(done.is_ok(), "{done:?}");
        prop_assert_eq!(market.curve.phase, Phase::Complete);
        prop_assert!(market.curve.reserve >= target || market.left() == 0);
    }
}

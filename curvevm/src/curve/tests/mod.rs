//! Tests of pricing: a market that checks every trade, modules of any shape, and orders scaled to them.

mod liquidity;
mod properties;
mod pump;
mod quote;
mod units;
mod verifier;

use std::{vec, vec::Vec};

use proptest::prelude::*;

use super::{
    Fill, Terms, buy, liquidity_base, price,
    quote::{At, curve_at},
    sell,
    verify::{Rule, verify},
};
use crate::{
    cell::{Curve, Phase},
    error::Error,
    math::{U256, isqrt_u256},
    module::{Fees, Graduation, MODULE_VERSION, Module, Piece, PieceKind, Rounding},
    program::{BuyOrder, SellOrder},
    test_support::migration,
    types::{Base, Quote},
};

/// A curve and its module.
#[derive(Clone, Debug)]
struct Market {
    module: Module,
    curve: Curve,
}

/// What an order did to a trader: tokens, and quote with fees.
type Done = Result<(u64, u64), Error>;

const TERMS: Terms = Terms { time_ms: 0, referred: false };

impl Market {
    fn new(module: Module) -> Self {
        // A market may be too small for a pool.
        let refusal = verify(&module).err().map(|refusal| (refusal.rule, refusal.piece));
        assert!(matches!(refusal, None | Some((Rule::PoolShares, None))), "{refusal:?}");
        let curve = curve_at(&module, &At::default()).unwrap();
        Self { module, curve }
    }

    fn of(pieces: Vec<Piece>) -> Self {
        Self::new(module(pieces))
    }

    fn quote_buy(&self, order: &BuyOrder) -> Result<Fill, Error> {
        buy(&self.module, &self.curve, order, &TERMS)
    }

    fn quote_sell(&self, order: &SellOrder) -> Result<Fill, Error> {
        sell(&self.module, &self.curve, order, &TERMS)
    }

    /// Executes a purchase and checks what holds for every one.
    fn buy(&mut self, order: BuyOrder) -> Done {
        let fill = self.quote_buy(&order)?;
        let before = self.settle(fill.clone());
        let after = &self.curve;
        assert!(!fill.trader_base.is_zero() || after.phase == Phase::Complete);
        assert_eq!(before.sold.get() + fill.base.get(), after.sold.get());
        assert_eq!(before.reserve.get() + fill.quote.get(), after.reserve.get());
        assert!(after.sold <= self.module.sale_end());
        assert!(price(&self.module, &before).unwrap() <= price(&self.module, after).unwrap());
        assert!(!fill.partial || after.phase == Phase::Complete);
        Ok((fill.trader_base.get(), fill.trader_quote.get()))
    }

    /// Executes a sale and checks what holds for every one.
    fn sell(&mut self, order: SellOrder) -> Done {
        let fill = self.quote_sell(&order)?;
        let before = self.settle(fill.clone());
        let after = &self.curve;
        assert!(!fill.partial && !fill.trader_quote.is_zero());
        assert_eq!(before.sold.get(), after.sold.get() + fill.base.get());
        assert_eq!(before.reserve.get(), after.reserve.get() + fill.quote.get());
        assert!(price(&self.module, &before).unwrap() >= price(&self.module, after).unwrap());
        Ok((fill.trader_base.get(), fill.trader_quote.get()))
    }

    /// Settles a fill; gives the curve before.
    fn settle(&mut self, fill: Fill) -> Curve {
        let before = self.curve.clone();
        let accrued = |curve: &Curve| {
            [curve.fees.protocol, curve.fees.creator, curve.fees.partner]
                .map(|money| money.quote.get() + money.base.get())
                .iter()
                .sum::<u64>()
        };
        let fees = fill.fees.units();
        fill.settle(&self.module, &mut self.curve).unwrap();
        let expected = accrued(&before) + fees.protocol + fees.creator + fees.partner;
        assert_eq!(accrued(&self.curve), expected);
        before
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

    /// What `base` more tokens cost now, without fees; the most that there is near a pole of the price.
    fn cost_of(&self, base: u64) -> u64 {
        self.quote_buy(&take(base)).map_or(u64::MAX >> 1, |fill| fill.quote.get())
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

/// A module without fees, with tokens enough for a pool.
fn module(pieces: Vec<Piece>) -> Module {
    Module {
        version: MODULE_VERSION,
        decimals: 6,
        supply: Base::MAX,
        sqrt_start: 0,
        pieces,
        fees: Fees::none(),
        partner: None,
        graduation: Graduation::SoldOut,
        vault: None,
        allotment: None,
        migration: migration(),
    }
}

fn piece(end: u64, kind: PieceKind) -> Piece {
    Piece { end: Base::new(end), kind }
}

/// A fixed price of whole quote units.
fn fixed(end: u64, price: u64) -> Piece {
    piece(end, PieceKind::FixedPrice { quote: Quote::new(price), base: Base::new(1) })
}

fn product(end: u64, quote: u64, base: u64, rounding: Rounding) -> Piece {
    let (virtual_quote, virtual_base) = (Quote::new(quote), Base::new(base));
    piece(end, PieceKind::ConstantProduct { virtual_quote, virtual_base, rounding })
}

fn linear(start: u128, slope: u128) -> PieceKind {
    PieceKind::Linear { start, slope, rounding: Rounding::Ceiling }
}

fn cumulative(start: u128, slope: u128) -> PieceKind {
    PieceKind::Linear { start, slope, rounding: Rounding::Cumulative }
}

/// A piece of constant liquidity after `sold` tokens.
fn liquid(sold: u64, sqrt_start: u128, sqrt_end: u128, liquidity: u128) -> Piece {
    let base = liquidity_base(sqrt_start, sqrt_end, liquidity).unwrap().get();
    piece(sold + base, PieceKind::ConstantLiquidity { liquidity, sqrt_end })
}

/// What a random piece is made of.
#[derive(Clone, Copy, Debug)]
struct Part {
    kind: u8,
    length: u64,
    a: u32,
    b: u32,
}

fn any_part() -> impl Strategy<Value = Part> {
    let length = prop_oneof![1u64..50, 1u64..1 << 20, 1u64..1 << 44];
    (0u8..6, length, any::<u32>(), any::<u32>()).prop_map(|(kind, length, a, b)| Part {
        kind,
        length,
        a,
        b,
    })
}

/// A module of up to so many pieces of every kind, cheap and dear, whose price does not fall. Its fees are none or of one of the
/// two forms.
fn any_module(pieces_max: usize) -> impl Strategy<Value = Module> {
    let price = prop_oneof![30u32..64, 50u32..72];
    (prop::collection::vec(any_part(), 1..=pieces_max), price, any::<u32>())
        .prop_map(|(parts, bits, price)| {
            build(&parts, (1u128 << bits) + (u128::from(price) << bits >> 32))
        })
        .prop_filter("verifies", |module| {
            verify(module).is_ok_and(|()| true)
                || verify(module).is_err_and(|refusal| refusal.rule == Rule::PoolShares)
        })
}

/// Joins parts from a price in Q64.64 on.
fn build(parts: &[Part], mut price: u128) -> Module {
    let alone = parts.len() == 1;
    let (mut end, mut pieces, mut sqrt_start) = (0u64, Vec::new(), 0);
    // Pieces of constant liquidity come together, where the first of them stands.
    let first = parts.iter().position(|part| part.kind == 5).unwrap_or(parts.len());
    let (before, after) = parts.split_at(first);
    let run = after.iter().filter(|part| part.kind == 5);
    let rest = after.iter().filter(|part| part.kind != 5);
    let mut sqrt = None;
    for part in before.iter().chain(run).chain(rest) {
        if part.kind == 5 {
            let low = sqrt.unwrap_or_else(|| {
                let square = U256::from_u128(price).checked_shl(64).unwrap();
                isqrt_u256(square) + 1
            });
            if sqrt_start == 0 {
                sqrt_start = low;
            }
            let high = low + 1 + (low >> 8).saturating_mul(u128::from(part.a % 512));
            let worth = U256::product(u128::from(part.length) + 1, low).checked_mul(high).unwrap();
            let liquidity = worth.div_rem(U256::from_u128(high - low)).unwrap().0.to_u128();
            let liquidity = liquidity.unwrap_or(u128::MAX).max(1);
            let base = liquidity_base(low, high, liquidity).map_or(0, Base::get);
            end += base;
            pieces.push(piece(end, PieceKind::ConstantLiquidity { liquidity, sqrt_end: high }));
            sqrt = Some(high);
            price = U256::product(high, high).shift_down(64).map_or(u128::MAX >> 1, |(p, _)| p + 1);
        } else {
            let (kind, last) = path_kind(*part, price, alone);
            end += part.length;
            pieces.push(piece(end, kind));
            price = last;
        }
    }
    Module { sqrt_start, ..module(pieces) }
}

/// A piece that starts at a price in Q64.64 or above, and a price at which the next one may start.
fn path_kind(part: Part, price: u128, alone: bool) -> (PieceKind, u128) {
    let Part { kind, length, a, b } = part;
    let ratio = |base: u64| {
        let quote = U256::product(price, base.into()).shift_down(64).map_or(u128::MAX, |(q, _)| q);
        u64::try_from(quote.saturating_add(1 + u128::from(b % 3))).unwrap_or(u64::MAX)
    };
    let over = |quote: u128, base: u64| {
        quote.checked_shl(64).map_or(u128::MAX, |q| q / u128::from(base)).saturating_add(1)
    };
    match kind {
        0 | 1 => {
            let rise = price.saturating_mul(u128::from(a % 4)).saturating_add(u128::from(b));
            let each = rise / u128::from(length);
            let slope = if each >= 1 << 64 || kind == 0 && b % 3 == 0 { 0 } else { each << 64 };
            let rounding =
                if alone && kind == 1 { Rounding::Cumulative } else { Rounding::Ceiling };
            (
                PieceKind::Linear { start: price, slope, rounding },
                price.saturating_add(rise).saturating_add(1),
            )
        }
        2 => {
            let base = u64::from(a) + 1;
            let quote = ratio(base);
            let kind = PieceKind::FixedPrice { quote: Quote::new(quote), base: Base::new(base) };
            (kind, over(quote.into(), base))
        }
        _ => {
            let base = length + 1 + length.saturating_mul(u64::from(a % 16)) / 8;
            let quote = ratio(base);
            let rounding = if kind == 3 { Rounding::Ceiling } else { Rounding::FloorPlusOne };
            let rest = u128::from(base - length);
            let last = U256::product(quote.into(), base.into()).low() / rest + 1;
            let kind = PieceKind::ConstantProduct {
                virtual_quote: Quote::new(quote),
                virtual_base: Base::new(base),
                rounding,
            };
            (kind, over(last, base - length))
        }
    }
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
            Move::Spend(part) => market.spend(part_of(market.cost_of(market.left()), part)),
            Move::Give(part) => market.give(part_of(sellable, part)),
            Move::Get(part) => {
                let most = market.quote_sell(&give(sellable)).map_or(0, |all| all.quote.get());
                let order = SellOrder::ExactOut {
                    quote: Quote::new(part_of(most, part)),
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

/// Whether the rounding of others may pay a trader: invariant 6.
fn is_cumulative(module: &Module) -> bool {
    matches!(module.pieces[0].kind, PieceKind::Linear { rounding: Rounding::Cumulative, .. })
}

//! The price inside one piece that prices by tokens sold: the doc comments of `curvevm::module::PieceKind` and `Rounding`.
//!
//! A constant-product piece with virtual reserves `VS` of quote and `VT` of tokens, as they stand now, exchanges `t` tokens for
//! exactly `t·VS / (VT - t)` when they are bought, and for `t·VS / (VT + t)` when they are sold. A linear piece exchanges the
//! tokens from `a` to `b` for exactly the integral of its price from `a` to `b`. A fixed price exchanges at its ratio. All
//! rounding happens on these.
//!
//! In a piece that stands alone, `VS` is the virtual quote and the reserve; where pieces are joined, it is what keeps the product
//! of the start. What is cumulative is so only alone.

use curvevm::module::{PieceKind, Rounding};
use num_traits::Zero;

use crate::number::{Int, Rat, ceil, floor, int, largest, ratio, smallest, two_to, whole};

/// Where a piece stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inside {
    /// Tokens sold from it.
    pub sold: Int,
    /// The reserve, in a piece that stands alone.
    pub reserve: Option<Int>,
}

/// Quote that buying exactly `base` costs. It may be below zero under [`Rounding::Cumulative`], where what others have left by
/// rounding can be more than the cost; it is then taken as zero. None when there are not so many tokens at any price.
pub fn cost(kind: &PieceKind, at: &Inside, base: &Int) -> Option<Int> {
    Some(match rounding(kind, at) {
        Rounding::Ceiling => ceil(&exact_cost(kind, at, base)?),
        Rounding::FloorPlusOne => floor(&exact_cost(kind, at, base)?) + 1,
        Rounding::Cumulative => {
            let whole = ceil(&area(kind, &int(0), &(&at.sold + base)));
            (whole - counted(at)).max(Int::zero())
        }
    })
}

/// The most tokens up to `most` that `quote` buys.
pub fn bought(kind: &PieceKind, at: &Inside, quote: &Int, most: &Int) -> Int {
    let within =
        |cost: Option<Rat>, quote: &Int| cost.is_some_and(|cost| cost <= whole(quote.clone()));
    let affordable = |base: &Int| match rounding(kind, at) {
        Rounding::Ceiling => within(exact_cost(kind, at, base), quote),
        // One unit of the payment is the one that is added to the cost.
        Rounding::FloorPlusOne => within(exact_cost(kind, at, base), &(quote - 1)),
        Rounding::Cumulative => {
            area(kind, &int(0), &(&at.sold + base)) <= whole(counted(at) + quote)
        }
    };
    largest(most, affordable).unwrap_or_default()
}

/// Quote that selling exactly `base` yields.
pub fn proceeds(kind: &PieceKind, at: &Inside, base: &Int) -> Int {
    match rounding(kind, at) {
        Rounding::Ceiling | Rounding::FloorPlusOne => floor(&exact_proceeds(kind, at, base)),
        Rounding::Cumulative => counted(at) - ceil(&area(kind, &int(0), &(&at.sold - base))),
    }
}

/// The fewest tokens whose proceeds are at least `quote`; none when all that was sold yields less.
pub fn given(kind: &PieceKind, at: &Inside, quote: &Int) -> Option<Int> {
    smallest(&at.sold, |base| proceeds(kind, at, base) >= *quote)
}

/// The price where the piece stands.
pub fn price(kind: &PieceKind, at: &Inside) -> Rat {
    match kind {
        PieceKind::ConstantProduct { virtual_quote, virtual_base, .. } => {
            let base = int(virtual_base.get()) - &at.sold;
            virtual_quote_now(virtual_quote.get(), virtual_base.get(), at) / whole(base)
        }
        PieceKind::Linear { start, slope, .. } => {
            ratio(int(*start), two_to(64)) + ratio(int(*slope) * &at.sold, two_to(128))
        }
        PieceKind::FixedPrice { quote, base } => ratio(quote.get(), base.get()),
        PieceKind::ConstantLiquidity { .. } => unreachable!("priced by its square root"),
    }
}

fn rounding(kind: &PieceKind, at: &Inside) -> Rounding {
    match kind {
        PieceKind::Linear { rounding: Rounding::Cumulative, .. } if at.reserve.is_none() => {
            Rounding::Ceiling
        }
        PieceKind::ConstantProduct { rounding, .. } | PieceKind::Linear { rounding, .. } => {
            *rounding
        }
        PieceKind::FixedPrice { .. } | PieceKind::ConstantLiquidity { .. } => Rounding::Ceiling,
    }
}

/// The reserve of a piece that is known to stand alone.
fn counted(at: &Inside) -> Int {
    at.reserve.clone().unwrap_or_default()
}

fn virtual_quote_now(virtual_quote: u64, virtual_base: u64, at: &Inside) -> Rat {
    match &at.reserve {
        Some(reserve) => whole(int(virtual_quote) + reserve),
        None => ratio(int(virtual_quote) * int(virtual_base), int(virtual_base) - &at.sold),
    }
}

/// None when there are not so many tokens at any price.
fn exact_cost(kind: &PieceKind, at: &Inside, base: &Int) -> Option<Rat> {
    match kind {
        PieceKind::ConstantProduct { virtual_quote, virtual_base, .. } => {
            let quote = virtual_quote_now(virtual_quote.get(), virtual_base.get(), at);
            let rest = int(virtual_base.get()) - &at.sold - base;
            (rest > Int::zero()).then(|| quote * ratio(base.clone(), rest))
        }
        PieceKind::Linear { .. } | PieceKind::FixedPrice { .. } => {
            Some(area(kind, &at.sold, &(&at.sold + base)))
        }
        PieceKind::ConstantLiquidity { .. } => unreachable!("priced by its square root"),
    }
}

fn exact_proceeds(kind: &PieceKind, at: &Inside, base: &Int) -> Rat {
    match kind {
        PieceKind::ConstantProduct { virtual_quote, virtual_base, .. } => {
            let quote = virtual_quote_now(virtual_quote.get(), virtual_base.get(), at);
            quote * ratio(base.clone(), int(virtual_base.get()) - &at.sold + base)
        }
        PieceKind::Linear { .. } | PieceKind::FixedPrice { .. } => {
            area(kind, &(&at.sold - base), &at.sold)
        }
        PieceKind::ConstantLiquidity { .. } => unreachable!("priced by its square root"),
    }
}

/// The price's integral over the tokens sold from `from` to `to`, counted from the start of the piece.
fn area(kind: &PieceKind, from: &Int, to: &Int) -> Rat {
    match kind {
        PieceKind::Linear { start, slope, .. } => {
            // The mean of the prices at both ends, times the width.
            let price = |sold: &Int| {
                ratio(int(*start), two_to(64)) + ratio(int(*slope) * sold, two_to(128))
            };
            (price(from) + price(to)) * ratio(to - from, 2)
        }
        PieceKind::FixedPrice { quote, base } => ratio((to - from) * int(quote.get()), base.get()),
        PieceKind::ConstantProduct { .. } | PieceKind::ConstantLiquidity { .. } => {
            unreachable!("its price depends on more than the tokens sold")
        }
    }
}

//! Pieces of constant liquidity.
//!
//! The square root of a price is `floor(√p · 2^64)`, of the price in base units. A piece that says how many tokens it sells gets
//! the liquidity `ceil(sell · l·u / (u - l))` between the square roots `l` and `u` of its ends; then it sells that many:
//! `floor(L·(u - l) / (l·u))`.

use curvevm::{
    math::{U256, ratio_ceil, ratio_floor},
    types::{Base, Quote},
};

use super::{price::sqrt_q64, report::PieceReport};
use crate::{
    diagnostics::{Code, Finding},
    hir::{Extent, Point},
    source::Span,
};

/// A piece of constant liquidity, as the module has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stretch {
    pub(super) low: u128,
    pub(super) high: u128,
    pub(super) liquidity: u128,
    pub(super) sell: Base,
    pub(super) report: PieceReport,
}

/// Why a piece does not fit a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unfit {
    /// The first one says no price to start from.
    NoStart,
    /// It starts elsewhere than the one before ends.
    Gap,
    /// The price does not rise.
    Falls,
    /// Something passes its bits.
    TooLarge,
}

/// Where a piece of constant liquidity stands in its curve.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Place {
    /// The square root of the price where the piece of this kind before it ends.
    pub(super) last: Option<u128>,
    /// The price where the piece of another kind before it ends, in units of 2^-64 and rounded up.
    pub(super) before: Option<u128>,
    /// Decimals of the token.
    pub(super) decimals: u8,
}

/// The piece from `from`, or from where the one before ends, to a point.
pub(super) fn stretch(
    place: Place,
    (from, to): (Option<Point>, Point),
    extent: Extent,
) -> Result<Stretch, Unfit> {
    let Place { last, before, decimals } = place;
    // The end of a piece of this kind is rounded as the start of the next one.
    let before = before.filter(|_| last.is_none());
    let from_root = from.map(|point| root(point, decimals, before)).transpose()?;
    let low = match (from_root, last) {
        (None, None) => return Err(Unfit::NoStart),
        (Some(from), Some(last)) if from != last => return Err(Unfit::Gap),
        (Some(low), _) | (None, Some(low)) => low,
    };
    let high = root(to, decimals, None)?;
    let distance = high.checked_sub(low).filter(|distance| *distance > 0).ok_or(Unfit::Falls)?;
    let (liquidity, sell) = match extent {
        Extent::Liquidity(liquidity) => {
            let moved = U256::product(liquidity, distance);
            let sell = ratio_floor(moved, U256::product(low, high)).ok_or(Unfit::TooLarge)?;
            (liquidity, Base::new(u64::try_from(sell).map_err(|_| Unfit::TooLarge)?))
        }
        Extent::Sell(sell) => {
            let whole = U256::product(low, high).checked_mul(u128::from(sell.get()));
            let liquidity = whole.and_then(|whole| ratio_ceil(whole, U256::from_u128(distance)));
            (liquidity.ok_or(Unfit::TooLarge)?, sell)
        }
    };
    let is_exact = |point: Option<Point>| point.is_none_or(|point| matches!(point, Point::Sqrt(_)));
    let exact = is_exact(from) && is_exact(Some(to)) && matches!(extent, Extent::Liquidity(_));
    let report = if exact {
        PieceReport { sell, price_error_max: 0, cost_error_max: Quote::ZERO }
    } else {
        PieceReport {
            sell,
            // (u + 1)² - u² in units of 2^-128.
            price_error_max: u64::try_from((2 * high + 1).div_ceil(1 << 64)).unwrap_or(u64::MAX),
            cost_error_max: Quote::new(cost_error_max(sell, low, high)),
        }
    };
    Ok(Stretch { low, high, liquidity, sell, report })
}

/// The square root of a point; below 2^97, so that sums of two fit.
fn root(point: Point, decimals: u8, before: Option<u128>) -> Result<u128, Unfit> {
    let root = match point {
        Point::Price(price) => sqrt_q64(price, decimals, before).ok_or(Unfit::TooLarge)?,
        Point::Sqrt(root) => root,
    };
    if root >> 97 == 0 { Ok(root) } else { Err(Unfit::TooLarge) }
}

/// All tokens cost `sell·l·u / 2^128`, and each root is less than one too low; one more for the liquidity's own rounding, and one
/// for that of the result.
fn cost_error_max(sell: Base, low: u128, high: u128) -> u64 {
    let moved = U256::product(low + high + 1, u128::from(sell.get()));
    u64::try_from(moved.high()).unwrap_or(u64::MAX).saturating_add(2)
}

impl Unfit {
    pub(super) fn at(self, span: Span) -> Finding {
        match self {
            Self::NoStart => Finding::new(Code::Missing, span, "`from` is missing")
                .help("only the first piece of constant liquidity says where the price starts"),
            Self::Gap => {
                let message = "the piece starts elsewhere than the one before ends";
                Finding::new(Code::OutOfRange, span, message).help("leave `from` out")
            }
            Self::Falls => {
                Finding::new(Code::FallingPrice, span, "the price does not rise within the piece")
            }
            Self::TooLarge => {
                let message = "the price or the liquidity is too high for a module";
                Finding::new(Code::OutOfRange, span, message)
                    .help("a price is below 2^64 in base units, and liquidity below 2^128")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Place, Stretch, Unfit, stretch};
    use crate::hir::{Extent, Point, Price};
    use curvevm::types::{Base, Quote};

    fn price(mantissa: u128, exponent: i16) -> Point {
        Point::Price(Price { mantissa, exponent })
    }

    #[test]
    fn what_is_said_raw_is_exact() {
        let (low, high, liquidity) = (1u128 << 64, 2u128 << 64, 1_000u128 << 64);
        let points = (Some(Point::Sqrt(low)), Point::Sqrt(high));
        let found = stretch(Place::default(), points, Extent::Liquidity(liquidity));
        // 1000·(2 - 1) / (1·2)
        let Stretch { sell, report, .. } = found.unwrap();
        assert_eq!((sell, report.price_error_max), (Base::new(500), 0));
        assert_eq!(report.cost_error_max, Quote::ZERO);
    }

    #[test]
    fn pieces_join() {
        let extent = Extent::Sell(Base::new(1_000));
        let first = stretch(Place::default(), (Some(price(1, 0)), price(4, 0)), extent).unwrap();
        assert_eq!((first.low, first.high), (1 << 64, 2 << 64));
        let last = Place { last: Some(first.high), ..Place::default() };
        let next = |from| stretch(last, (from, price(9, 0)), extent);
        assert_eq!(next(None).unwrap().low, first.high);
        assert_eq!(next(Some(price(4, 0))), next(None));
        assert_eq!(next(Some(price(5, 0))), Err(Unfit::Gap));
        assert_eq!(stretch(Place::default(), (None, price(9, 0)), extent), Err(Unfit::NoStart));
        assert_eq!(stretch(last, (None, price(4, 0)), extent), Err(Unfit::Falls));
        let huge = stretch(last, (None, price(10u128.pow(30), 0)), extent);
        assert_eq!(huge, Err(Unfit::TooLarge));
    }

    proptest! {
        /// A piece that says what it sells sells that, to the unit, and the reported cost error bounds the rounding.
        #[test]
        fn what_is_to_be_sold_is_sold(
            from in 1u128..1 << 40, rise in 1u128..1 << 40, sell in 1u64..1 << 50, decimals in 0u8..=9,
        ) {
            let place = Place { decimals, ..Place::default() };
            let points = (Some(price(from, 0)), price(from + rise, 0));
            let found = stretch(place, points, Extent::Sell(Base::new(sell)));
            let Ok(Stretch { low, high, liquidity, .. }) = found else { return Ok(()) };
            let points = (Some(Point::Sqrt(low)), Point::Sqrt(high));
            let again = stretch(place, points, Extent::Liquidity(liquidity));
            prop_assert_eq!(again.unwrap().sell, Base::new(sell));
        }
    }
}

//! Pieces that are priced by the tokens sold from them: constant product, linear and fixed price.

use super::{Inside, linear::Line, product::Product};
use crate::{
    error::Error,
    math::{U256, mul_div_ceil, mul_div_floor, mul_div_floor_u128},
    module::{PieceKind, Rounding},
};

/// A piece and where it stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Path(Kind);

#[derive(Clone, Copy, Debug)]
enum Kind {
    Product(Product),
    Line(Line),
    Fixed { quote: u64, base: u64 },
}

impl Path {
    /// None for a piece of constant liquidity.
    ///
    /// # Errors
    ///
    /// [`Error::Overflow`] for a state that the piece cannot be in.
    pub(crate) fn new(kind: &PieceKind, at: Inside) -> Result<Option<Self>, Error> {
        Ok(Some(Self(match *kind {
            PieceKind::ConstantProduct { virtual_quote, virtual_base, rounding } => {
                let reserves = (virtual_quote.get(), virtual_base.get());
                Kind::Product(Product::new(reserves, rounding, at)?)
            }
            PieceKind::Linear { start, slope, rounding } => {
                Kind::Line(Line::new((start, slope), rounding, at))
            }
            PieceKind::FixedPrice { quote, base } => {
                Kind::Fixed { quote: quote.get(), base: base.get() }
            }
            PieceKind::ConstantLiquidity { .. } => return Ok(None),
        })))
    }

    /// The piece at its start, priced exactly and without regard to its rounding profile or a reserve.
    ///
    /// # Errors
    ///
    /// As for [`Self::new`].
    pub(crate) fn nominal(kind: &PieceKind) -> Result<Option<Self>, Error> {
        let mut kind = kind.clone();
        match &mut kind {
            PieceKind::ConstantProduct { rounding, .. } | PieceKind::Linear { rounding, .. } => {
                *rounding = Rounding::Ceiling;
            }
            PieceKind::FixedPrice { .. } | PieceKind::ConstantLiquidity { .. } => {}
        }
        Self::new(&kind, Inside::default())
    }

    /// Quote and base of the marginal price.
    pub(crate) fn price(&self) -> Result<(U256, U256), Error> {
        match &self.0 {
            Kind::Product(product) => Ok(product.price()),
            Kind::Line(line) => line.price(),
            Kind::Fixed { quote, base } => Ok(((*quote).into(), (*base).into())),
        }
    }

    /// Quote for exactly `base` tokens, rounded up.
    pub(crate) fn cost(&self, base: u64) -> Result<u64, Error> {
        match &self.0 {
            Kind::Product(product) => product.cost(base),
            Kind::Line(line) => line.cost(base),
            Kind::Fixed { quote, base: of } => {
                mul_div_ceil(*quote, base, *of).ok_or(Error::Overflow)
            }
        }
    }

    /// Tokens for at most `quote`, rounded down. Some number above `most` when it is more than that.
    pub(crate) fn bought(&self, quote: u64, most: u64) -> Result<u64, Error> {
        match &self.0 {
            Kind::Product(product) => product.bought(quote),
            Kind::Line(line) => line.bought(quote, most),
            Kind::Fixed { quote: price, base: of } => {
                let base = mul_div_floor_u128((*of).into(), quote.into(), (*price).into());
                Ok(u64::try_from(base.ok_or(Error::Overflow)?).unwrap_or(u64::MAX))
            }
        }
    }

    /// Quote for giving back exactly `base` tokens, rounded down.
    pub(crate) fn proceeds(&self, base: u64) -> Result<u64, Error> {
        match &self.0 {
            Kind::Product(product) => product.proceeds(base),
            Kind::Line(line) => line.proceeds(base),
            Kind::Fixed { quote, base: of } => {
                mul_div_floor(*quote, base, *of).ok_or(Error::Overflow)
            }
        }
    }

    /// The fewest tokens whose proceeds are at least `quote`; none when no tokens of the piece are enough.
    pub(crate) fn given(&self, quote: u64) -> Result<Option<u64>, Error> {
        match &self.0 {
            Kind::Product(product) => Ok(product.given(quote)),
            Kind::Line(line) => line.given(quote),
            Kind::Fixed { quote: price, base: of } => Ok(mul_div_ceil(quote, *of, *price)),
        }
    }
}

//! A curve in any state, for whoever wants a quote without a node.
//!
//! ```
//! use curvevm::curve::quote::{At, curve_at};
//! # fn example(module: &curvevm::module::Module) -> Result<(), curvevm::curve::quote::Impossible> {
//! let fresh = curve_at(module, &At::default())?;
//! assert!(fresh.sold.is_zero());
//! # Ok(())
//! # }
//! ```

use alloc::{string::String, vec::Vec};
use core::fmt;

use super::{
    graduation::is_complete,
    kind::{
        liquidity::{base_floor, quote_ceil},
        path::Path,
    },
    position::{Position, length, sqrt_low},
};
use crate::{
    cell::{Accrued, Curve, Phase},
    error::Error,
    module::{Module, Piece, PieceKind},
    types::{Address, AssetId, Base, Hash, Quote},
};

/// Where a curve stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct At {
    /// Tokens sold.
    pub sold: Base,
    /// Quote collected, fees not included; what the tokens cost when bought at once, if absent.
    pub reserve: Option<Quote>,
    /// The square root of the price, Q64.64: for modules with pieces of constant liquidity. It must be told when the curve stands in
    /// one of them or above; absent, it stands where they begin or below.
    pub sqrt_price: Option<u128>,
}

/// Why a curve cannot be in a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Impossible {
    /// More tokens are sold than there are, or than the square root of the price allows.
    Sold {
        /// The tokens.
        sold: Base,
        /// The most that can be sold.
        most: Base,
    },
    /// The reserve is less than the tokens sold have cost at least.
    Reserve {
        /// The reserve.
        reserve: Quote,
        /// The least that it can be.
        least: Quote,
    },
    /// The square root of the price is outside the range of the module's pieces of constant liquidity, or there are none.
    SqrtPrice {
        /// The lowest.
        low: u128,
        /// The highest.
        high: u128,
    },
    /// The module does not pass the verifier.
    Module(Error),
}

impl fmt::Display for Impossible {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sold { sold, most } => {
                write!(f, "{sold} tokens cannot be sold: at most {most} can in this state")
            }
            Self::Reserve { reserve, least } => {
                write!(f, "the reserve cannot be {reserve}: the tokens sold have cost at least {least}")
            }
            Self::SqrtPrice { low: 0, high: 0 } => {
                f.write_str("the module has no piece of constant liquidity, so there is no square root of the price")
            }
            Self::SqrtPrice { low, high } => {
                write!(f, "the square root of the price must be from {low} to {high}")
            }
            Self::Module(error) => write!(f, "the module cannot be priced: {error}"),
        }
    }
}

impl core::error::Error for Impossible {}

impl From<Error> for Impossible {
    fn from(error: Error) -> Self {
        Self::Module(error)
    }
}

/// A curve of a verified `module` in a state, with the marks that it has when each piece was bought at once.
///
/// It was launched at time zero, and has no name, creator or fees.
///
/// # Errors
///
/// Why it cannot be in that state.
pub fn curve_at(module: &Module, at: &At) -> Result<Curve, Impossible> {
    let place = place(module, at)?;
    if at.sold > place.most {
        return Err(Impossible::Sold { sold: at.sold, most: place.most });
    }
    let reserve = at.reserve.unwrap_or(place.least);
    if reserve < place.least {
        return Err(Impossible::Reserve { reserve, least: place.least });
    }
    let mut curve = Curve {
        version: 0,
        module: Hash::ZERO,
        quote_asset: AssetId::SOL,
        creator: Address::default(),
        name: String::new(),
        symbol: String::new(),
        launched_ms: 0,
        sold: at.sold,
        reserve,
        sqrt_price: at.sqrt_price.unwrap_or(module.sqrt_start),
        marks: place.marks,
        fees: Accrued::default(),
        phase: Phase::Trading,
    };
    if is_complete(module, &Position::of(module, &curve))? {
        curve.phase = Phase::Complete;
    }
    Ok(curve)
}

/// The piece of a state, by its marks, and what bounds the state there.
struct Place {
    marks: Vec<Base>,
    most: Base,
    least: Quote,
}

fn place(module: &Module, at: &At) -> Result<Place, Impossible> {
    let sqrt = sqrt_price(module, at)?;
    let sold = at.sold.get();
    let (mut marks, mut most, mut least) = (Vec::new(), 0u64, 0u64);
    for (index, piece) in module.pieces.iter().enumerate() {
        let (base, quote, is_left) = match piece.kind {
            PieceKind::ConstantLiquidity { liquidity, sqrt_end } => {
                let (low, to) = (sqrt_low(module, index), sqrt.min(sqrt_end));
                let base = base_floor(low, to, liquidity)?;
                (base, quote_ceil(low, to, liquidity)?, sqrt >= sqrt_end)
            }
            PieceKind::ConstantProduct { .. }
            | PieceKind::Linear { .. }
            | PieceKind::FixedPrice { .. } => {
                let base = length(module, index, piece);
                let inside = base.min(sold.saturating_sub(most));
                (base, spent(piece, inside)?, inside == base)
            }
        };
        most = most.checked_add(base).ok_or(Error::Overflow)?;
        least = least.checked_add(quote).ok_or(Error::Overflow)?;
        let goes_on = is_left && (sold > most || sqrt > sqrt_end(piece).unwrap_or(sqrt));
        if !goes_on || index.saturating_add(1) >= module.pieces.len() {
            break;
        }
        marks.push(Base::new(most));
    }
    Ok(Place { marks, most: Base::new(most), least: Quote::new(least) })
}

/// The square root of the price of a state, if it is in the range of the pieces of constant liquidity.
fn sqrt_price(module: &Module, at: &At) -> Result<u128, Impossible> {
    let low = module.sqrt_start;
    let high = module.pieces.iter().rev().find_map(sqrt_end).unwrap_or(low);
    match at.sqrt_price {
        None => Ok(low),
        Some(sqrt) if low > 0 && (low..=high).contains(&sqrt) => Ok(sqrt),
        Some(_) => Err(Impossible::SqrtPrice { low, high }),
    }
}

const fn sqrt_end(piece: &Piece) -> Option<u128> {
    match piece.kind {
        PieceKind::ConstantLiquidity { sqrt_end, .. } => Some(sqrt_end),
        PieceKind::ConstantProduct { .. }
        | PieceKind::Linear { .. }
        | PieceKind::FixedPrice { .. } => None,
    }
}

/// What `base` tokens of a piece have cost at least.
fn spent(piece: &Piece, base: u64) -> Result<u64, Error> {
    Path::nominal(&piece.kind)?.ok_or(Error::Overflow)?.cost(base)
}

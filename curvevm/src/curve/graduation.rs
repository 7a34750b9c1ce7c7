//! Graduation: where a curve is complete.
//!
//! A curve that graduates by its reserve has a point of graduation: the first point at which the tokens below it, bought at once
//! from the start and each piece rounded up, have cost the target. No purchase goes past it. Whoever reaches it has filled the
//! reserve to the target, for every trade is rounded in the reserve's favour; so the curve is complete there at the latest, and a
//! little earlier if the trades before left something over.

use super::{
    kind::{
        liquidity::{after_quote_in, quote_ceil},
        path::Path,
    },
    position::{Position, Stop, Where, length, sqrt_low},
};
use crate::{
    error::Error,
    module::{Graduation, Module, Piece, PieceKind},
};

/// Whether the graduation rule holds.
pub(super) fn is_complete(module: &Module, position: &Position<'_>) -> Result<bool, Error> {
    let raised = match module.graduation {
        Graduation::SoldOut => false,
        Graduation::Raised(target) => position.reserve >= target.get(),
    };
    Ok(raised || position.is_sold_out()?)
}

/// The point of graduation; none when it is the end of the pieces.
pub(super) fn stop(module: &Module) -> Result<Option<Stop>, Error> {
    let Graduation::Raised(target) = module.graduation else { return Ok(None) };
    let mut left = target.get();
    for (index, piece) in module.pieces.iter().enumerate() {
        let worth = worth(module, index, piece)?;
        if left <= worth {
            return Ok(Some(Stop { piece: index, at: point(module, index, piece, left)? }));
        }
        left = left.saturating_sub(worth);
    }
    Ok(None)
}

/// What all tokens of a piece cost when bought at once, rounded up.
pub(super) fn worth(module: &Module, index: usize, piece: &Piece) -> Result<u64, Error> {
    match piece.kind {
        PieceKind::ConstantLiquidity { liquidity, sqrt_end } => {
            quote_ceil(sqrt_low(module, index), sqrt_end, liquidity)
        }
        PieceKind::ConstantProduct { .. }
        | PieceKind::Linear { .. }
        | PieceKind::FixedPrice { .. } => nominal(piece)?.cost(length(module, index, piece)),
    }
}

/// The point in a piece at which its tokens have cost `quote`, which is not zero and at most all that they cost.
fn point(module: &Module, index: usize, piece: &Piece, quote: u64) -> Result<Where, Error> {
    if let PieceKind::ConstantLiquidity { liquidity, sqrt_end } = piece.kind {
        let low = sqrt_low(module, index);
        let sqrt = if quote < quote_ceil(low, sqrt_end, liquidity)? {
            after_quote_in(low, liquidity, quote)?
        } else {
            sqrt_end
        };
        return Ok(Where::SqrtPrice(sqrt));
    }
    // The most tokens that cost less, and one more.
    let length = length(module, index, piece);
    let below = nominal(piece)?.bought(quote.saturating_sub(1), length)?;
    Ok(Where::Sold(below.saturating_add(1).min(length)))
}

fn nominal(piece: &Piece) -> Result<Path, Error> {
    Path::nominal(&piece.kind)?.ok_or(Error::Overflow)
}

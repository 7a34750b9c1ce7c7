//! The rules of pieces.

use super::{AMOUNT_MAX, Refusal, Rule};
use crate::{
    curve::{
        Price, SQRT_PRICE_MAX, SQRT_PRICE_MIN,
        graduation::worth,
        kind::{
            Inside,
            liquidity::{base_floor, quote_floor},
            path::Path,
        },
        position::{length, sqrt_low},
    },
    math::U256,
    module::{Module, Piece, PieceKind, Rounding},
};

/// Verifies the pieces in order; gives what they raise in all when each is bought at once.
pub(super) fn verify_pieces(module: &Module) -> Result<u64, Refusal> {
    verify_liquidity(module)?;
    let mut raised = 0u64;
    let mut before: Option<Price> = None;
    for (index, piece) in module.pieces.iter().enumerate() {
        let refuse = |rule| Refusal::of_piece(rule, index);
        verify_kind(module, index, piece).map_err(refuse)?;
        let worth = worth(module, index, piece).map_err(|_| refuse(Rule::Overflow))?;
        raised = raised
            .checked_add(worth)
            .filter(|raised| *raised <= AMOUNT_MAX)
            .ok_or_else(|| refuse(Rule::Overflow))?;
        let (first, last) = ends(module, index, piece).ok_or_else(|| refuse(Rule::Overflow))?;
        if before.is_some_and(|before| first < before) {
            return Err(refuse(Rule::FallingPrice));
        }
        before = Some(last);
    }
    Ok(raised)
}

/// The rules of where pieces of constant liquidity stand.
fn verify_liquidity(module: &Module) -> Result<(), Refusal> {
    let is_liquidity = |piece: &Piece| matches!(piece.kind, PieceKind::ConstantLiquidity { .. });
    let Some(first) = module.pieces.iter().position(is_liquidity) else {
        return if module.sqrt_start == 0 { Ok(()) } else { Err(Refusal::of(Rule::SqrtStart)) };
    };
    if !(SQRT_PRICE_MIN..=SQRT_PRICE_MAX).contains(&module.sqrt_start) {
        return Err(Refusal::of_piece(Rule::SqrtStart, first));
    }
    let mut others = false;
    for (index, piece) in module.pieces.iter().enumerate().skip(first) {
        if is_liquidity(piece) && others {
            return Err(Refusal::of_piece(Rule::LiquidityApart, index));
        }
        others = others || !is_liquidity(piece);
    }
    Ok(())
}

fn verify_kind(module: &Module, index: usize, piece: &Piece) -> Result<(), Rule> {
    let need = |holds: bool, rule| if holds { Ok(()) } else { Err(rule) };
    let length = length(module, index, piece);
    let alone = module.pieces.len() == 1;
    need(length > 0, Rule::EmptyPiece)?;
    match piece.kind {
        PieceKind::ConstantProduct { virtual_quote, virtual_base, rounding } => {
            need(rounding != Rounding::Cumulative, Rule::Rounding)?;
            need(!virtual_quote.is_zero() && virtual_base.get() > length, Rule::Reserves)?;
            // A piece that is alone adds its reserve to the virtual one.
            let worth = worth(module, index, piece).map_err(|_| Rule::Overflow)?;
            let whole = virtual_quote.get().checked_add(worth);
            need(!alone || whole.is_some_and(|whole| whole <= AMOUNT_MAX), Rule::Overflow)
        }
        PieceKind::Linear { start, slope, rounding } => {
            let fits = match rounding {
                Rounding::Ceiling => true,
                Rounding::Cumulative => alone,
                Rounding::FloorPlusOne => false,
            };
            need(fits, Rule::Rounding)?;
            need(start > 0 || slope > 0, Rule::ZeroPrice)
        }
        PieceKind::FixedPrice { quote, base } => {
            need(!quote.is_zero() && !base.is_zero(), Rule::ZeroPrice)
        }
        PieceKind::ConstantLiquidity { liquidity, sqrt_end } => {
            let low = sqrt_low(module, index);
            need(low < sqrt_end && sqrt_end <= SQRT_PRICE_MAX, Rule::SqrtEnd)?;
            let base = base_floor(low, sqrt_end, liquidity).map_err(|_| Rule::Overflow)?;
            let quote = quote_floor(low, sqrt_end, liquidity).map_err(|_| Rule::Overflow)?;
            need(base > 0 && quote > 0, Rule::ThinLiquidity)?;
            need(base == length, Rule::LiquidityEnd)
        }
    }
}

/// The price at the start and at the end of a piece; none when they do not fit.
fn ends(module: &Module, index: usize, piece: &Piece) -> Option<(Price, Price)> {
    if let PieceKind::ConstantLiquidity { sqrt_end, .. } = piece.kind {
        let square =
            |sqrt| Price { quote: U256::product(sqrt, sqrt), base: U256::from_parts(1, 0) };
        return Some((square(sqrt_low(module, index)), square(sqrt_end)));
    }
    let at = |sold| {
        let path = Path::new(&piece.kind, Inside { sold, reserve: None }).ok()??;
        let (quote, base) = path.price().ok()?;
        Some(Price { quote, base })
    };
    Some((at(0)?, at(length(module, index, piece))?))
}

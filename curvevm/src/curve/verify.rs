//! The module verifier: what must hold before a module is published.

use super::piece::{Inside, cost};
use crate::{
    error::Error,
    module::{Graduation, MODULE_VERSION, Module, PIECES_MAX, Piece, PieceKind},
    types::Quote,
};

/// The most decimals of an asset.
const DECIMALS_MAX: u8 = 18;

/// A rule that a module breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// The version is not known.
    Version,
    /// More than 18 decimals.
    Decimals,
    /// No piece, or more than 64.
    PieceCount,
    /// A piece ends where it starts, or before.
    EmptyPiece,
    /// The pieces sell more than the supply.
    Supply,
    /// Virtual reserves are zero, or a piece sells all of its virtual base.
    Reserves,
    /// A linear piece has a price of zero throughout.
    ZeroPrice,
    /// Selling a piece out, or a sum of reserves, does not fit 64 bits.
    Overflow,
    /// The price falls from one piece to the next.
    FallingPrice,
    /// The fees pass 20 %.
    Fees,
    /// The graduation target is zero, or more than the pieces raise.
    Unreachable,
}

/// A refusal: the rule, and the piece that breaks it if it is one piece's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The rule.
    pub rule: Rule,
    /// The piece, from zero.
    pub piece: Option<usize>,
}

impl core::fmt::Display for Refusal {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let text = match self.rule {
            Rule::Version => "the module's version is not known",
            Rule::Decimals => "an asset has at most 18 decimals",
            Rule::PieceCount => "a module has 1 to 64 pieces",
            Rule::EmptyPiece => "a piece must end after it starts",
            Rule::Supply => "the pieces sell more than the supply",
            Rule::Reserves => {
                "virtual reserves must be above zero and outlast what the piece sells"
            }
            Rule::ZeroPrice => "the price is zero",
            Rule::Overflow => "amounts would pass 64 bits before the piece is sold out",
            Rule::FallingPrice => "the price falls below that of the piece before",
            Rule::Fees => "the fees pass 20 %",
            Rule::Unreachable => "the graduation target is zero or more than the curve raises",
        };
        match self.piece {
            Some(piece) => write!(f, "piece {piece}: {text}"),
            None => f.write_str(text),
        }
    }
}

impl core::error::Error for Refusal {}

/// Verifies a module.
///
/// # Errors
///
/// The first rule that it breaks.
pub fn verify(module: &Module) -> Result<(), Refusal> {
    let whole = |ok: bool, rule| if ok { Ok(()) } else { Err(Refusal { rule, piece: None }) };
    whole(module.version == MODULE_VERSION, Rule::Version)?;
    whole(module.decimals <= DECIMALS_MAX, Rule::Decimals)?;
    whole((1..=PIECES_MAX).contains(&module.pieces.len()), Rule::PieceCount)?;
    whole(module.sale_end() <= module.supply, Rule::Supply)?;
    let raised = verify_pieces(module)?;
    whole(
        match module.graduation {
            Graduation::SoldOut => true,
            Graduation::Raised(target) => target > Quote::ZERO && target.get() <= raised,
        },
        Rule::Unreachable,
    )
}

/// Verifies the pieces in order; gives what they raise in all when each is bought at once.
fn verify_pieces(module: &Module) -> Result<u64, Refusal> {
    let mut raised = 0u64;
    let mut start = 0u64;
    let mut price = Price { quote: 0, base: 1 };
    for (index, piece) in module.pieces.iter().enumerate() {
        let refuse = |rule| Refusal { rule, piece: Some(index) };
        let length = piece.end.get().checked_sub(start).filter(|length| *length > 0);
        let length = length.ok_or(refuse(Rule::EmptyPiece))?;
        let collected = verify_piece(piece, length).map_err(refuse)?;
        let first = first_price(&piece.kind);
        if first.is_below(&price) {
            return Err(refuse(Rule::FallingPrice));
        }
        price = last_price(&piece.kind, length, collected).ok_or(refuse(Rule::Overflow))?;
        raised = raised.checked_add(collected).ok_or(refuse(Rule::Overflow))?;
        start = piece.end.get();
    }
    // Rounding can make the reserve larger by a unit or so for each trade; half of the range is kept free for it.
    if raised > u64::MAX >> 1 {
        return Err(Refusal { rule: Rule::Overflow, piece: None });
    }
    Ok(raised)
}

/// Verifies one piece; gives what it raises when it is bought at once.
fn verify_piece(piece: &Piece, length: u64) -> Result<u64, Rule> {
    match piece.kind {
        PieceKind::ConstantProduct { virtual_quote, virtual_base, .. } => {
            if virtual_quote.is_zero() || virtual_base.get() <= length {
                return Err(Rule::Reserves);
            }
            if virtual_quote.get() > u64::MAX >> 1 {
                return Err(Rule::Overflow);
            }
        }
        PieceKind::Linear { start, slope, .. } => {
            if start == 0 && slope == 0 {
                return Err(Rule::ZeroPrice);
            }
        }
        PieceKind::FixedPrice { .. } | PieceKind::ConstantLiquidity { .. } => {
            return Err(Rule::Version);
        }
    }
    cost(&piece.kind, Inside { sold: 0, reserve: 0 }, length).map_err(|_: Error| Rule::Overflow)
}

/// A price as a fraction, quote over base, or in Q64.64 over 2^64.
struct Price {
    quote: u128,
    base: u128,
}

impl Price {
    fn is_below(&self, other: &Self) -> bool {
        use crate::math::U256;
        U256::product(self.quote, other.base) < U256::product(other.quote, self.base)
    }
}

fn first_price(kind: &PieceKind) -> Price {
    match *kind {
        PieceKind::ConstantProduct { virtual_quote, virtual_base, .. } => {
            Price { quote: u128::from(virtual_quote.get()), base: u128::from(virtual_base.get()) }
        }
        PieceKind::Linear { start, .. } => Price { quote: start, base: 1 << 64 },
        PieceKind::FixedPrice { .. } | PieceKind::ConstantLiquidity { .. } => {
            Price { quote: 0, base: 1 }
        }
    }
}

fn last_price(kind: &PieceKind, length: u64, collected: u64) -> Option<Price> {
    match *kind {
        PieceKind::ConstantProduct { virtual_quote, virtual_base, .. } => Some(Price {
            // One unit less than the rounded-up cost, so that rounding alone never makes the next piece fall.
            quote: u128::from(virtual_quote.get().checked_add(collected.saturating_sub(1))?),
            base: u128::from(virtual_base.get().checked_sub(length)?),
        }),
        PieceKind::Linear { start, slope, .. } => {
            // `slope * length` has up to 192 bits; only what is above 2^64 of it counts.
            let length = u128::from(length);
            let high = (slope >> 64).checked_mul(length)?;
            let low = (slope & u128::from(u64::MAX)).checked_mul(length)? >> 64;
            let growth = high.checked_add(low)?;
            Some(Price { quote: start.checked_add(growth)?, base: 1 << 64 })
        }
        PieceKind::FixedPrice { .. } | PieceKind::ConstantLiquidity { .. } => None,
    }
}

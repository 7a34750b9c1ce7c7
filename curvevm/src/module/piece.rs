//! Pieces of the price function.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::types::{Base, Quote};

/// The most pieces in a module.
pub const PIECES_MAX: usize = 64;

/// A part of the price function.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Piece {
    /// Tokens sold in all when the piece ends; it starts where the piece before it ends. For a piece of constant liquidity that is
    /// what its liquidity gives, rounded down: [`crate::curve::liquidity_base`].
    pub end: Base,
    /// The price inside the piece.
    pub kind: PieceKind,
}

/// How a piece prices.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum PieceKind {
    /// Virtual reserves whose product is constant: the price is quote over base.
    ConstantProduct {
        /// Virtual quote reserve at the start of the piece.
        virtual_quote: Quote,
        /// Virtual base reserve at the start of the piece; more than the piece sells.
        virtual_base: Base,
        /// How the last unit is rounded.
        rounding: Rounding,
    },
    /// A price linear in the tokens sold within the piece: `start + slope * sold`.
    Linear {
        /// Price at the start of the piece: quote units for one base unit, Q64.64.
        start: u128,
        /// Growth of the price for one base unit sold, in units of 2^-128.
        slope: u128,
        /// How the last unit is rounded.
        rounding: Rounding,
    },
    /// The same price throughout, as an exact ratio: `quote / base`.
    FixedPrice {
        /// Quote units
        quote: Quote,
        /// for so many base units.
        base: Base,
    },
    /// Constant liquidity between two square roots of the price. It starts at [`super::Module::sqrt_start`], or where the
    /// piece of this kind before it ends; pieces of this kind stand next to one another.
    ConstantLiquidity {
        /// Liquidity, Q64.64 (Meteora DBC's unit: `quote = liquidity · Δ√p / 2^128`).
        liquidity: u128,
        /// The square root of the price at the end of the piece, Q64.64.
        sqrt_end: u128,
    },
}

/// Rounding profiles of the launchpads that people use. All round against the trader.
///
/// A constant product that is alone in its module counts the reserve that is there, with what rounding has left in it, as the launchpads
/// do. Where pieces are joined, the price depends on the tokens sold alone; see [`crate::curve`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Rounding {
    /// The exact cost of each trade is rounded up, its proceeds down.
    Ceiling,
    /// The exact cost is rounded down and one unit is added, as pump.fun does. Constant product only.
    FloorPlusOne,
    /// The reserve that belongs to the tokens sold is rounded up, and a trade costs or yields the difference to the reserve that is
    /// there, as Raydium LaunchLab's linear curve does. Only for a linear piece that is alone in its module.
    Cumulative,
}

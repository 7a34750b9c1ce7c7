//! Curve modules: the data that says how a curve prices, what it charges and when it graduates.

use alloc::vec::Vec;
use borsh::{BorshDeserialize, BorshSerialize};

use crate::{
    host::sha256,
    types::{Base, Hash, Quote},
};

/// The version of the module format.
pub const MODULE_VERSION: u8 = 1;
/// The most pieces in a module.
pub const PIECES_MAX: usize = 64;
/// The highest total of the fee components, in basis points.
pub const FEE_BPS_MAX: u32 = 2_000;
/// Basis points in one.
pub const BPS: u64 = 10_000;

/// A bonding curve as data, verified once at `PUBLISH_MODULE`.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Module {
    /// [`MODULE_VERSION`].
    pub version: u8,
    /// Decimals of the launched asset, for display only.
    pub decimals: u8,
    /// All tokens of the asset; those that the pieces do not sell are kept for migration.
    pub supply: Base,
    /// The price over the tokens sold, in order, without gaps. 1 to [`PIECES_MAX`].
    pub pieces: Vec<Piece>,
    /// What a trade costs.
    pub fees: Fees,
    /// When the curve is complete.
    pub graduation: Graduation,
}

/// A part of the price function.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Piece {
    /// Tokens sold in all when the piece ends; it starts where the piece before it ends.
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
    },
}

/// Rounding profiles of constant-product launchpads. Both round against the trader.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Rounding {
    /// The exact cost is rounded up.
    Ceiling,
    /// The exact cost is rounded down and one unit is added, as pump.fun does.
    FloorPlusOne,
}

/// Fee components, each rounded up on its own, on the quote side of a trade.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, BorshSerialize, BorshDeserialize)]
pub struct Fees {
    /// The protocol's part, in basis points of the curve's quote amount.
    pub protocol_bps: u16,
    /// The creator's part, in basis points of the curve's quote amount.
    pub creator_bps: u16,
}

/// When a curve is complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Graduation {
    /// When the pieces are sold out.
    SoldOut,
    /// When the reserve has reached this amount, or the pieces are sold out.
    Raised(Quote),
}

impl Module {
    /// The hash under which the module is published.
    pub fn hash(&self) -> Hash {
        sha256(&[b"asset-l2/module/v1", &borsh::to_vec(self).unwrap_or_default()])
    }

    /// Tokens that the pieces sell in all.
    pub fn sale_end(&self) -> Base {
        self.pieces.last().map_or(Base::ZERO, |piece| piece.end)
    }
}

impl Fees {
    /// The sum of the components.
    pub fn total_bps(self) -> u32 {
        u32::from(self.protocol_bps).saturating_add(u32::from(self.creator_bps))
    }
}

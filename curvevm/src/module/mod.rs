//! Curve modules: the data that says how a curve prices, what it charges, when it graduates and what becomes of it then.
//!
//! A module is data, not code. It is verified once, when it is published ([`crate::curve::verify`]), and named by its hash.

mod fees;
mod migration;
mod piece;

use alloc::vec::Vec;
use borsh::{BorshDeserialize, BorshSerialize};

use crate::{
    host::sha256,
    types::{Address, Base, Hash, Quote},
};
pub use fees::{
    FEE_PARTS_MAX, FeeOf, FeePart, FeeRounding, FeeSchedule, FeeSide, FeeTotal, Fees, RATE_MAX,
    RATE_ONE, Recipient,
};
pub use migration::{LiquidityLock, Migration, POOL_TIERS_MAX, PoolTier};
pub use piece::{PIECES_MAX, Piece, PieceKind, Rounding};

/// The version of the module format.
pub const MODULE_VERSION: u8 = 1;
/// Basis points in one.
pub const BPS: u64 = 10_000;

/// A bonding curve as data, verified once at `PUBLISH_MODULE`.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Module {
    /// [`MODULE_VERSION`].
    pub version: u8,
    /// Decimals of the launched asset, for display only.
    pub decimals: u8,
    /// All tokens of the asset: what the pieces sell, what the creator is allotted, and what is kept for migration.
    pub supply: Base,
    /// The square root of the price at which the first [`PieceKind::ConstantLiquidity`] piece starts, Q64.64; zero when there is
    /// none.
    pub sqrt_start: u128,
    /// The price over the tokens sold, in order, without gaps. 1 to [`PIECES_MAX`].
    pub pieces: Vec<Piece>,
    /// What a trade on the curve costs.
    pub fees: Fees,
    /// Who receives the parts of [`Recipient::Partner`]: the launchpad or the app that published the module.
    pub partner: Option<Address>,
    /// When the curve is complete.
    pub graduation: Graduation,
    /// What the reserve must cover for buying to go on.
    pub vault: Option<Vault>,
    /// Tokens that the creator receives after migration.
    pub allotment: Option<Allotment>,
    /// What becomes of a complete curve.
    pub migration: Migration,
}

/// When a curve is complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Graduation {
    /// When the pieces are sold out.
    SoldOut,
    /// When the reserve has reached this amount, or the pieces are sold out.
    Raised(Quote),
}

/// A purchase is refused when after it the reserve would be less than this part of the market cap: the marginal price times
/// the tokens in circulation. Sales stay open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Vault {
    /// The least reserve, in basis points of the market cap; 1 to 10,000.
    pub reserve_bps: u16,
}

/// Tokens of the creator. They are locked until migration; from then on, nothing until the cliff, and evenly after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Allotment {
    /// How many.
    pub amount: Base,
    /// Seconds from migration to the cliff.
    pub cliff_secs: u32,
    /// Seconds from the cliff until all are vested; zero when all vest at the cliff.
    pub vesting_secs: u32,
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

    /// Tokens that are allotted to the creator.
    pub fn allotted(&self) -> Base {
        self.allotment.map_or(Base::ZERO, |allotment| allotment.amount)
    }
}

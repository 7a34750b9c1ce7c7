//! What becomes of a complete curve: a constant-product pool.

use alloc::vec::Vec;
use borsh::{BorshDeserialize, BorshSerialize};

use super::Fees;
use crate::types::Quote;

/// The most fee tiers of a pool.
pub const POOL_TIERS_MAX: usize = 32;

/// How a complete curve becomes a pool.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Migration {
    /// How long the initial liquidity stays locked.
    pub lock: LiquidityLock,
    /// The pool's fees by market cap, in rising order, the first from zero. 1 to [`POOL_TIERS_MAX`]. They are in quote and have no
    /// schedule.
    pub tiers: Vec<PoolTier>,
}

/// How long the initial liquidity stays locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum LiquidityLock {
    /// For good.
    Forever,
    /// For so many seconds from migration; then it is the creator's.
    Term {
        /// Seconds.
        secs: u32,
    },
}

/// Fees from a market cap on.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct PoolTier {
    /// The least market cap, in quote units: the pool's price before the trade times the supply.
    pub from: Quote,
    /// What a trade costs.
    pub fees: Fees,
}

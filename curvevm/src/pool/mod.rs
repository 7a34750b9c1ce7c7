//! Pools: what a complete curve becomes, and what trades and liquidity on it do.
//!
//! [`buy`] and [`sell`] are both the quote and the execution, so that they cannot differ.
//!
//! # Status
//!
//! Experimental.
//!
//! # Rules
//!
//! With the reserves `Q` of quote and `B` of tokens, and `S` shares in all:
//!
//! | trade | the pool takes and gives |
//! |---|---|
//! | buy with `net` quote | `floor(B · (net - 1) / (Q + net - 1))` tokens |
//! | buy `b` tokens | `ceil(Q · b / (B - b))` quote |
//! | sell `b` tokens | `floor(Q · b / (B + b))` quote |
//! | sell for `q` quote | `ceil(B · q / (Q - q))` tokens |
//! | add `quote` | `s = floor(quote · S / Q)` shares for `ceil(Q · s / S)` quote and `ceil(B · s / S)` tokens |
//! | remove `s` shares | `floor(Q · s / S)` quote and `floor(B · s / S)` tokens |
//!
//! Fees are in quote, on what the pool takes or gives; the tier is that of the market cap before the trade. The liquidity's part
//! stays in the reserve. These are PumpSwap's rules, to the unit.
//!
//! # Invariants
//!
//! 1. `Q · B` never falls but for the removal of shares, and then by no more than their part.
//! 2. What the reserves gain or lose is what traders and recipients of fees give or get.
//! 3. Limits are compared net of all fees.
//! 4. Neither reserve is ever empty: [`MINIMUM_LOCKED`] shares are nobody's.
//! 5. Who ends with the tokens and shares that they began with has not gained quote, and adding liquidity and removing it gains nothing
//!    on either side, in any split.
//! 6. Splitting a purchase does not pay, nor a sale, but that the parts of the fee that the earlier pieces of a sale leave in the reserve
//!    are in the price of the later ones, as on PumpSwap. It gains less than these parts.

mod liquidity;
mod migrate;
#[cfg(test)]
mod tests;
mod trade;

pub use liquidity::{Added, Removed, add, remove};
pub use migrate::{MINIMUM_LOCKED, migrate, vested};
pub use trade::{Fill, buy, market_cap, sell};

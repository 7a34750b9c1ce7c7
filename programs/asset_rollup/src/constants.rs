//! Bounds of a rollup's parameters.
//!
//! They keep a genesis that is wrong by a unit from locking funds up for good.

/// The longest challenge window and inbox delay, in slots: about 90 days.
pub const SLOTS_MAX: u64 = 90 * 24 * 60 * 60 * 5 / 2;
/// The longest challenge window, in seconds: 90 days.
pub const SECS_MAX: u64 = 90 * 24 * 60 * 60;

//! Bounds of a rollup's parameters: those of the interface, which nodes check too.

pub use asset_rollup_interface::constants::{LAMPORTS_MAX, SECS_MAX, SLOTS_MAX};

//! Bounds of a rollup's parameters: those of the interface, which nodes check too.

use anchor_lang::prelude::Address;
use asset_rollup_interface::constants;
pub use asset_rollup_interface::constants::{LAMPORTS_MAX, SECS_MAX, SLOTS_MAX};

/// Where lamports are burnt.
pub const INCINERATOR: Address = Address::new_from_array(constants::INCINERATOR.to_bytes());

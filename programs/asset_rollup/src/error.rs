//! Errors: the numbers of the interface, as the runtime takes them.

use anchor_lang::prelude::*;
pub use asset_rollup_interface::error::RollupError;

/// The error as the runtime reports it.
pub const fn fail(error: RollupError) -> ProgramError {
    ProgramError::Custom(error.code())
}

/// Refuses unless `condition` holds.
///
/// # Errors
///
/// `error`.
pub fn ensure(condition: bool, error: RollupError) -> Result<()> {
    if condition { Ok(()) } else { Err(fail(error)) }
}

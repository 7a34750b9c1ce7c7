//! Errors: the numbers of the interface, as the runtime takes them.

use anchor_lang::prelude::*;
pub use asset_rollup_interface::error::RollupError;
use asset_rollup_interface::error::rejection;

/// The error as the runtime reports it.
pub const fn fail(error: RollupError) -> ProgramError {
    ProgramError::Custom(error.code())
}

/// The error for a segment with a transaction that no block may hold.
pub fn reject(index: usize, error: curvevm::error::Error) -> ProgramError {
    ProgramError::Custom(rejection(index, error))
}

/// Refuses unless `condition` holds.
///
/// # Errors
///
/// `error`.
pub fn ensure(condition: bool, error: RollupError) -> Result<()> {
    if condition { Ok(()) } else { Err(fail(error)) }
}

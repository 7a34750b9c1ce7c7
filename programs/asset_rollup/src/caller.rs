//! Who called the program.

use anchor_lang::prelude::*;

use crate::error::{RollupError, ensure};

/// A transaction called, and no other program: whoever reads transactions, and not what they call, sees the instruction.
///
/// # Errors
///
/// [`RollupError::CalledByProgram`].
pub fn check_top_level() -> Result<()> {
    ensure(stack_height() == 1, RollupError::CalledByProgram)
}

#[cfg(target_os = "solana")]
fn stack_height() -> u64 {
    // SAFETY: the system call takes nothing and writes nothing.
    unsafe { solana_define_syscall::definitions::sol_get_stack_height() }
}

#[cfg(not(target_os = "solana"))]
const fn stack_height() -> u64 {
    1
}

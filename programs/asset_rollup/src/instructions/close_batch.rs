//! `close_batch`: closes a batch account that a rollback left behind.

use anchor_lang::{AccountClose, prelude::*};
use asset_rollup_interface::seeds;

use crate::{
    error::{RollupError, ensure, fail},
    state::{Batch, Rollup},
};

/// Accounts of `close_batch`. Anyone may send it.
#[derive(Accounts)]
pub struct CloseBatch {
    /// The rollup.
    #[account(seeds = [seeds::ROLLUP, rollup.chain_id.as_ref()], bump = rollup.bump)]
    pub rollup: Account<Rollup>,
    /// `[writable]` Closed.
    #[account(
        mut,
        seeds = [seeds::BATCH, rollup.address().as_ref(), batch.number.to_le_bytes()],
        bump = batch.bump
    )]
    pub batch: Account<Batch>,
    /// `[writable]` Who committed it, repaid.
    #[account(mut, address = batch.poster @ fail(RollupError::WrongPoster))]
    pub poster: UncheckedAccount,
}

/// Closes a batch account that a rollback left behind, so that another batch of its number can be committed.
///
/// # Errors
///
/// [`RollupError`].
#[inline(never)]
pub fn close_batch(ctx: &mut Context<CloseBatch>) -> Result<()> {
    let accounts = &mut ctx.accounts;
    let free = accounts.batch.number > accounts.rollup.committed_number;
    ensure(free, RollupError::BatchCommitted)?;
    accounts.batch.close(*accounts.poster.account())
}

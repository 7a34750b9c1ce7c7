//! `close_verdict`: closes a verdict that was executed on all that it accuses.

use anchor_lang::{AccountClose, prelude::*};
use asset_rollup_interface::seeds;

use crate::{
    error::{RollupError, ensure, fail},
    state::{Rollup, Verdict},
};

/// Accounts of `close_verdict`. Anyone may send it.
#[derive(Accounts)]
pub struct CloseVerdict {
    /// The rollup.
    #[account(seeds = [seeds::ROLLUP, rollup.chain_id.as_ref()], bump = rollup.bump)]
    pub rollup: Account<Rollup>,
    /// `[writable]` Closed.
    #[account(
        mut,
        seeds = [seeds::VERDICT, rollup.address().as_ref(), verdict.index.to_le_bytes()],
        bump = verdict.bump
    )]
    pub verdict: Account<Verdict>,
    /// `[writable]` Its challenger, repaid.
    #[account(mut, address = verdict.challenger @ fail(RollupError::WrongChallenger))]
    pub challenger: UncheckedAccount,
}

/// Closes a verdict that was executed on all that it accuses.
///
/// # Errors
///
/// [`RollupError`].
#[inline(never)]
pub fn close_verdict(ctx: &mut Context<CloseVerdict>) -> Result<()> {
    let accounts = &mut ctx.accounts;
    ensure(accounts.verdict.is_executed(), RollupError::VerdictOpen)?;
    accounts.verdict.close(*accounts.challenger.account())
}

//! `cancel_action`: gives up an action.

use anchor_lang::{AccountClose, prelude::*};
use asset_rollup_interface::seeds;

use crate::{
    error::{RollupError, ensure, fail},
    state::{Action, Rollup},
};

/// Accounts of `cancel_action`.
#[derive(Accounts)]
#[instruction(index: u64)]
pub struct CancelAction {
    /// `[signer, writable]` The authority, repaid.
    #[account(mut)]
    pub authority: Signer,
    /// The rollup.
    #[account(
        seeds = [seeds::ROLLUP, rollup.chain_id.as_ref()],
        bump = rollup.bump,
        constraint = rollup.authority == *authority.address() @ fail(RollupError::NotAuthority)
    )]
    pub rollup: Account<Rollup>,
    /// `[writable]` Closed.
    #[account(
        mut,
        seeds = [seeds::ACTION, rollup.address().as_ref(), index.to_le_bytes()],
        bump = action.bump
    )]
    pub action: Account<Action>,
}

/// Gives up an action.
///
/// # Errors
///
/// [`RollupError::Corrupt`].
#[inline(never)]
pub fn cancel_action(ctx: &mut Context<CancelAction>, index: u64) -> Result<()> {
    let accounts = &mut ctx.accounts;
    ensure(accounts.action.index == index, RollupError::Corrupt)?;
    accounts.action.close(*accounts.authority.account())
}

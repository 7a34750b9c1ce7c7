//! `close_data`: closes a data account that is not needed any more.

use anchor_lang::{AccountClose, prelude::*};
use asset_rollup_interface::seeds;

use crate::{
    error::{RollupError, ensure, fail},
    state::{DataAccount, Rollup},
};

/// Accounts of `close_data`. Anyone may send it, where the batch's number is finalized; its poster, where no batch of the number is
/// committed.
#[derive(Accounts)]
pub struct CloseData {
    /// The rollup.
    #[account(seeds = [seeds::ROLLUP, rollup.chain_id.as_ref()], bump = rollup.bump)]
    pub rollup: Account<Rollup>,
    /// `[writable]` Closed.
    #[account(
        mut,
        constraint = data.rollup == *rollup.address() @ fail(RollupError::WrongRollup)
    )]
    pub data: DataAccount,
    /// `[writable]` Its poster, repaid.
    #[account(mut, address = data.poster @ fail(RollupError::WrongPoster))]
    pub poster: UncheckedAccount,
}

/// Closes a data account that is not needed any more.
///
/// # Errors
///
/// [`RollupError`].
#[inline(never)]
pub fn close_data(ctx: &mut Context<CloseData>) -> Result<()> {
    let accounts = &mut ctx.accounts;
    let (rollup, number) = (&accounts.rollup, accounts.data.number);
    let settled = number <= rollup.finalized_number;
    let signed = accounts.poster.account().is_signer();
    let withdrawn = number > rollup.committed_number && signed;
    ensure(settled || withdrawn, RollupError::NotFinalized)?;
    accounts.data.close(*accounts.poster.account())
}

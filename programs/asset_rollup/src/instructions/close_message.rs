//! `close_message`: closes a message that a finalized batch has consumed.

use anchor_lang::{AccountClose, prelude::*};
use asset_rollup_interface::seeds;

use crate::{
    error::{RollupError, ensure, fail},
    state::{MessageAccount, Rollup},
};

/// Accounts of `close_message`. Anyone may send it.
#[derive(Accounts)]
#[instruction(index: u64)]
pub struct CloseMessage {
    /// The rollup.
    #[account(seeds = [seeds::ROLLUP, rollup.chain_id.as_ref()], bump = rollup.bump)]
    pub rollup: Account<Rollup>,
    /// `[writable]` Closed.
    #[account(
        mut,
        seeds = [seeds::MESSAGE, rollup.address().as_ref(), index.to_le_bytes()],
        bump = message.bump
    )]
    pub message: MessageAccount,
    /// `[writable]` Who paid for it, repaid.
    #[account(mut, address = message.payer @ fail(RollupError::WrongPayer))]
    pub payer: UncheckedAccount,
}

/// Closes a message that a finalized batch has consumed. One of a batch that may be rolled back is consumed again.
///
/// # Errors
///
/// [`RollupError`].
#[inline(never)]
pub fn close_message(ctx: &mut Context<CloseMessage>, index: u64) -> Result<()> {
    let accounts = &mut ctx.accounts;
    let consumed = index < accounts.rollup.finalized_inbox_cursor;
    ensure(consumed, RollupError::MessageNotFinalized)?;
    accounts.message.close(*accounts.payer.account())
}

//! `finalize_batch`: finalizes the next batch when its window is over.

use anchor_lang::{AccountClose, prelude::*};
use asset_rollup_interface::seeds;

use crate::{
    error::{RollupError, ensure, fail},
    state::{Batch, DataAccount, Finalized, Rollup},
};

/// Accounts of `finalize_batch`. Anyone may send it.
#[derive(Accounts)]
#[instruction(number: u64)]
pub struct FinalizeBatch {
    /// `[writable]` The rollup.
    #[account(mut, seeds = [seeds::ROLLUP, rollup.chain_id.as_ref()], bump = rollup.bump)]
    pub rollup: Account<Rollup>,
    /// `[writable]` Closed.
    #[account(
        mut,
        seeds = [seeds::BATCH, rollup.address().as_ref(), number.to_le_bytes()],
        bump = batch.bump
    )]
    pub batch: Account<Batch>,
    /// `[writable]` Who committed it, repaid. May be the data's poster too: both are only credited.
    #[account(
        mut,
        unsafe(dup),
        address = batch.poster @ fail(RollupError::WrongPoster)
    )]
    pub poster: UncheckedAccount,
    /// `[writable]` The data account that the batch was committed with, closed; may be left out.
    #[account(mut)]
    pub data: Option<DataAccount>,
    /// `[writable]` Who posted the data, repaid; comes with the data.
    #[account(mut, unsafe(dup))]
    pub data_poster: Option<UncheckedAccount>,
}

/// Finalizes the next batch when its window is over.
///
/// # Errors
///
/// [`RollupError`].
#[inline(never)]
pub fn finalize_batch(ctx: &mut Context<FinalizeBatch>, number: u64) -> Result<()> {
    let accounts = &mut ctx.accounts;
    let next = accounts.rollup.finalized_number.checked_add(1);
    ensure(next == Some(number), RollupError::WrongNumber)?;
    let over = accounts.batch.is_window_over(&accounts.rollup, &Clock::get()?)?;
    ensure(over, RollupError::WindowOpen)?;
    check_data(accounts)?;

    let batch = &accounts.batch;
    let (height, inbox_cursor, root) = (batch.last_height, batch.inbox_cursor, batch.post_root);
    accounts.rollup.finalize(&Finalized { number, height, inbox_cursor, root })?;
    accounts.rollup.check()?;
    accounts.batch.close(*accounts.poster.account())?;
    if let (Some(data), Some(poster)) = (&mut accounts.data, &accounts.data_poster) {
        data.close(*poster.account())?;
    }
    Ok(())
}

/// The data account, when it is passed, is the batch's, and its poster is passed too.
fn check_data(accounts: &FinalizeBatch) -> Result<()> {
    let Some(data) = &accounts.data else {
        return Ok(());
    };
    ensure(*data.address() == accounts.batch.data, RollupError::WrongData)?;
    let poster = accounts.data_poster.as_ref().ok_or(fail(RollupError::WrongPoster))?;
    ensure(*poster.address() == data.poster, RollupError::WrongPoster)
}

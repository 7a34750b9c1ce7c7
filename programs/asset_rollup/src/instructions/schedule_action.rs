//! `schedule_action`: announces what the authority will do.

use anchor_lang::prelude::*;
use asset_rollup_interface::{
    constants::PAUSE_SECS_MAX,
    instruction::{Act, Windows},
    seeds,
    state::ACCOUNT_VERSION,
};

use crate::{
    constants::{SECS_MAX, SLOTS_MAX},
    error::{RollupError, ensure, fail},
    state::{Action, Rollup},
    upgrade,
};

/// Accounts of `schedule_action`.
#[derive(Accounts)]
pub struct ScheduleAction {
    /// `[signer, writable]` The authority, who pays for the action.
    #[account(mut)]
    pub authority: Signer,
    /// `[writable]` The rollup.
    #[account(
        mut,
        seeds = [seeds::ROLLUP, rollup.chain_id.as_ref()],
        bump = rollup.bump,
        constraint = rollup.authority == *authority.address() @ fail(RollupError::NotAuthority)
    )]
    pub rollup: Account<Rollup>,
    /// `[writable]` The next action, created.
    #[account(
        init,
        payer = authority,
        seeds = [seeds::ACTION, rollup.address().as_ref(), rollup.actions.to_le_bytes()],
        bump
    )]
    pub action: Account<Action>,
    /// The buffer of an upgrade; left out otherwise.
    pub buffer: Option<UncheckedAccount>,
    /// Creates the account.
    pub system_program: Program<System>,
}

/// Schedules an action, which waits for the authority's delay and for a challenge window at least; only a resumption waits for nothing.
///
/// # Errors
///
/// [`RollupError`].
#[inline(never)]
pub fn schedule_action(ctx: &mut Context<ScheduleAction>, act: &[u8]) -> Result<()> {
    let act: Act = borsh::from_slice(act).map_err(|_| fail(RollupError::InvalidAction))?;
    let bump = ctx.bumps.action;
    let accounts = &mut ctx.accounts;
    check(&act)?;
    if let Act::Upgrade { buffer } = &act {
        let account = accounts.buffer.as_ref().ok_or(fail(RollupError::WrongBuffer))?;
        upgrade::check_buffer(account.account(), buffer, accounts.rollup.address())?;
    }
    let now = Clock::get()?.unix_timestamp;
    let rollup = &mut accounts.rollup;
    let delay = match act {
        Act::Resume => 0,
        _ => rollup.authority_delay_secs.max(rollup.challenge_secs),
    };
    let overflow = || fail(RollupError::Overflow);
    let delay = i64::try_from(delay).map_err(|_| overflow())?;
    let action = &mut accounts.action;
    (action.version, action.bump) = (ACCOUNT_VERSION, bump);
    (action.rollup, action.index) = (*rollup.address(), rollup.actions);
    action.ready_at = now.checked_add(delay).ok_or_else(overflow)?;
    action.set(&act);
    rollup.actions = rollup.actions.checked_add(1).ok_or_else(overflow)?;
    Ok(())
}

/// Its values are within bounds.
fn check(act: &Act) -> Result<()> {
    let valid = match act {
        Act::Pause { secs } => (1..=PAUSE_SECS_MAX).contains(secs),
        Act::SetWindows(windows) => are_windows(windows),
        Act::Resume | Act::SetAuthority { .. } | Act::Upgrade { .. } => true,
    };
    ensure(valid, RollupError::InvalidAction)
}

/// As a genesis may have them.
fn are_windows(windows: &Windows) -> bool {
    windows.challenge_slots <= SLOTS_MAX
        && windows.challenge_secs <= SECS_MAX
        && (1..=SLOTS_MAX).contains(&windows.inbox_delay_slots)
        && (1..=SLOTS_MAX).contains(&windows.takeover_slots)
}

//! `execute_action`: does what was scheduled.

use anchor_lang::{AccountClose, prelude::*};
use asset_rollup_interface::{
    constants::PAUSE_SECS_MAX,
    instruction::{Act, Windows},
    seeds,
};

use crate::{
    error::{RollupError, ensure, fail},
    state::{Action, Rollup},
    upgrade::{self, Upgrade},
};

/// Accounts of `execute_action`. Those from the fourth on are left out when it is no upgrade, but for the program.
#[derive(Accounts)]
#[instruction(index: u64)]
pub struct ExecuteAction {
    /// `[signer, writable]` The authority, repaid.
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
    /// `[writable]` Closed.
    #[account(
        mut,
        seeds = [seeds::ACTION, rollup.address().as_ref(), index.to_le_bytes()],
        bump = action.bump
    )]
    pub action: Account<Action>,
    /// `[writable]` The program's data.
    #[account(mut)]
    pub program_data: Option<UncheckedAccount>,
    /// The program; writable in an upgrade. It is always there: in the place of another account it says that this is left out.
    pub program: UncheckedAccount,
    /// `[writable]` The buffer, closed.
    #[account(mut)]
    pub buffer: Option<UncheckedAccount>,
    /// The rollup's upgrade address.
    pub upgrader: Option<UncheckedAccount>,
    /// The sysvar of rent.
    pub rent: Option<UncheckedAccount>,
    /// The sysvar of the clock.
    pub clock: Option<UncheckedAccount>,
    /// The loader.
    pub loader: Option<UncheckedAccount>,
}

/// Does what was scheduled.
///
/// # Errors
///
/// [`RollupError`].
#[inline(never)]
pub fn execute_action(ctx: &mut Context<ExecuteAction>, index: u64) -> Result<()> {
    let accounts = &mut ctx.accounts;
    ensure(accounts.action.index == index, RollupError::Corrupt)?;
    let now = Clock::get()?.unix_timestamp;
    accounts.action.check_time(now)?;
    let act = accounts.action.act()?;
    let rollup = &mut accounts.rollup;
    match act {
        Act::Pause { secs } => pause(rollup, secs, now)?,
        Act::Resume => rollup.paused_until = rollup.paused_until.min(now),
        Act::SetWindows(windows) => set_windows(rollup, &windows),
        Act::SetAuthority { authority } => {
            rollup.authority = Address::new_from_array(authority.to_bytes());
        }
        Act::Upgrade { buffer } => upgrade::invoke(&upgrade_of(accounts)?, &buffer)?,
    }
    accounts.rollup.check()?;
    accounts.action.close(*accounts.authority.account())
}

/// Pauses, when the rollup has run for as long as the longest pause since the last one.
fn pause(rollup: &mut Rollup, secs: u64, now: i64) -> Result<()> {
    let overflow = |_| fail(RollupError::Overflow);
    let (secs, rest) = (i64::try_from(secs), i64::try_from(PAUSE_SECS_MAX));
    let (secs, rest) = (secs.map_err(overflow)?, rest.map_err(overflow)?);
    let first = rollup.paused_until == 0;
    let rested = rollup.paused_until.checked_add(rest).is_some_and(|from| now >= from);
    ensure(first || rested, RollupError::PauseTooSoon)?;
    rollup.paused_until = now.checked_add(secs).ok_or(fail(RollupError::Overflow))?;
    Ok(())
}

const fn set_windows(rollup: &mut Rollup, windows: &Windows) {
    rollup.challenge_slots = windows.challenge_slots;
    rollup.challenge_secs = windows.challenge_secs;
    rollup.inbox_delay_slots = windows.inbox_delay_slots;
    rollup.takeover_slots = windows.takeover_slots;
}

fn upgrade_of(accounts: &ExecuteAction) -> Result<Upgrade<'_>> {
    let missing = || fail(RollupError::WrongUpgrade);
    let view = |account: &'_ Option<UncheckedAccount>| {
        account.as_ref().map(|it| *it.account()).ok_or_else(missing)
    };
    Ok(Upgrade {
        rollup: accounts.rollup.address(),
        program_data: view(&accounts.program_data)?,
        program: *accounts.program.account(),
        buffer: view(&accounts.buffer)?,
        spill: *accounts.authority.account(),
        rent: view(&accounts.rent)?,
        clock: view(&accounts.clock)?,
        upgrader: view(&accounts.upgrader)?,
    })
}

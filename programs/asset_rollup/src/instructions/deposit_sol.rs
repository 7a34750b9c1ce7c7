//! `deposit_sol`: moves lamports into the vault and appends a deposit to the inbox.

use anchor_lang::{prelude::*, system_program};
use asset_rollup_interface::{constants::DEPOSIT_LAMPORTS_MIN, seeds};
use curvevm::types::Address as Key;

use crate::{
    error::{RollupError, ensure},
    state::{Deposit, Inbox, Rollup},
};

/// Accounts of `deposit_sol`.
#[derive(Accounts)]
pub struct DepositSol {
    /// `[signer, writable]` Pays the deposit.
    #[account(mut)]
    pub depositor: Signer,
    /// The rollup.
    #[account(seeds = [seeds::ROLLUP, rollup.chain_id.as_ref()], bump = rollup.bump)]
    pub rollup: Account<Rollup>,
    /// `[writable]` Its inbox.
    #[account(
        mut,
        seeds = [seeds::INBOX, rollup.address().as_ref()],
        bump = rollup.inbox_bump
    )]
    pub inbox: Account<Inbox>,
    /// `[writable]` Its vault.
    #[account(
        mut,
        seeds = [seeds::VAULT, rollup.address().as_ref()],
        bump = rollup.vault_bump
    )]
    pub vault: SystemAccount,
    /// Moves the lamports.
    pub system_program: Program<System>,
}

/// Moves lamports into the vault and appends a deposit to the inbox.
///
/// # Errors
///
/// [`RollupError`].
#[inline(never)]
pub fn deposit_sol(ctx: &mut Context<DepositSol>, recipient: [u8; 32], amount: u64) -> Result<()> {
    ensure(amount >= DEPOSIT_LAMPORTS_MIN, RollupError::DepositTooSmall)?;
    let accounts = &mut ctx.accounts;
    let deposit = Deposit { slot: Clock::get()?.slot, recipient: Key::new(recipient), amount };
    let consumed = accounts.rollup.committed_inbox_cursor;
    accounts.inbox.append(&deposit, consumed)?;
    let transfer = system_program::Transfer {
        from: accounts.depositor.cpi_handle_mut(),
        to: accounts.vault.cpi_handle_mut(),
    };
    system_program::transfer(CpiContext::new(&system_program::ID, transfer), amount)
}

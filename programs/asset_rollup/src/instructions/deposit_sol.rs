//! `deposit_sol`: moves lamports into the vault and appends a deposit to the inbox.

use anchor_lang::{prelude::*, system_program};
use asset_rollup_interface::{
    constants::DEPOSIT_LAMPORTS_MIN, seeds, state::Message as MessageLayout,
};
use curvevm::{
    inbox::MessageKind,
    types::{Address as Key, AssetId, Quote},
};

use crate::{
    error::{RollupError, ensure},
    inbox::{Sent, append},
    state::{Inbox, Message, MessageAccount, Rollup},
};

/// Accounts of `deposit_sol`.
#[derive(Accounts)]
#[instruction(index: u64)]
pub struct DepositSol {
    /// `[signer, writable]` Pays the deposit, and the rent of the message until it is closed.
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
    /// `[writable]` Created.
    #[account(
        init,
        payer = depositor,
        space = Message::space(MessageLayout::DEPOSIT_BYTES)?,
        seeds = [seeds::MESSAGE, rollup.address().as_ref(), inbox.next_index(index)?],
        bump
    )]
    pub message: MessageAccount,
    /// `[writable]` Its vault.
    #[account(
        mut,
        seeds = [seeds::VAULT, rollup.address().as_ref()],
        bump = rollup.vault_bump
    )]
    pub vault: SystemAccount,
    /// Creates the account and moves the lamports.
    pub system_program: Program<System>,
}

/// Moves lamports into the vault and appends a deposit to the inbox.
///
/// # Errors
///
/// [`RollupError`].
#[inline(never)]
pub fn deposit_sol(
    ctx: &mut Context<DepositSol>,
    index: u64,
    recipient: [u8; 32],
    amount: u64,
) -> Result<()> {
    ensure(amount >= DEPOSIT_LAMPORTS_MIN, RollupError::DepositTooSmall)?;
    let bump = ctx.bumps.message;
    let accounts = &mut ctx.accounts;
    accounts.rollup.check_open(&Clock::get()?)?;
    accounts.inbox.deposit(amount)?;
    let kind = MessageKind::Deposit {
        asset: AssetId::SOL,
        amount: Quote::new(amount),
        recipient: Key::new(recipient),
    };
    let sent = Sent { index, bump, payer: *accounts.depositor.address(), kind };
    append(&mut accounts.inbox, &mut accounts.message, sent)?;
    let transfer = system_program::Transfer {
        from: accounts.depositor.cpi_handle_mut(),
        to: accounts.vault.cpi_handle_mut(),
    };
    system_program::transfer(CpiContext::new(&system_program::ID, transfer), amount)
}

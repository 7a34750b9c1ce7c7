//! `deposit_token`: takes tokens and appends a deposit to the inbox.

use anchor_lang::{prelude::*, programs::AssociatedToken};
use asset_rollup_interface::{seeds, state::Message as MessageLayout};
use curvevm::{
    inbox::MessageKind,
    program::Amount,
    types::{Address as Key, AssetId, CurveId, Quote},
};

use crate::{
    error::{RollupError, ensure, fail},
    inbox::{Sent, append},
    proof::TokenAmount,
    state::{Inbox, Message, MessageAccount, Rollup},
    token::{Access, Associated, Call, Mint},
};

/// Accounts of `deposit_token`.
#[derive(Accounts)]
#[instruction(index: u64)]
pub struct DepositToken {
    /// `[signer, writable]` Owner or delegate of the tokens. Pays the rent of the message until it is closed, and that of the vault's token
    /// account when it is the first.
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
    /// Its vault.
    #[account(seeds = [seeds::VAULT, rollup.address().as_ref()], bump = rollup.vault_bump)]
    pub vault: SystemAccount,
    /// The asset's mint; written when it is a launched asset's.
    pub mint: UncheckedAccount,
    /// `[writable]` The token account that the tokens are taken from.
    #[account(mut)]
    pub source: UncheckedAccount,
    /// `[writable]` The vault's associated token account, created at first; left out for a launched asset.
    #[account(mut)]
    pub vault_token: Option<UncheckedAccount>,
    /// The token program of the mint.
    pub token_program: UncheckedAccount,
    /// Creates the vault's token account.
    pub associated_token_program: Program<AssociatedToken>,
    /// Creates the accounts.
    pub system_program: Program<System>,
}

/// Takes tokens and appends a deposit to the inbox.
///
/// # Errors
///
/// [`RollupError`].
#[inline(never)]
pub fn deposit_token(
    ctx: &mut Context<DepositToken>,
    index: u64,
    recipient: [u8; 32],
    amount: &TokenAmount,
) -> Result<()> {
    let bump = ctx.bumps.message;
    let accounts = &mut ctx.accounts;
    accounts.rollup.check_open(&Clock::get()?)?;
    let recipient = Key::new(recipient);
    let kind = match amount.of_tokens()? {
        Amount::Quote(asset, amount) => {
            let amount = Quote::new(take(accounts, &asset, amount.get())?);
            MessageKind::Deposit { asset, amount, recipient }
        }
        Amount::Base(curve, amount) => {
            burn(accounts, &curve, amount.get())?;
            MessageKind::DepositBase { curve, amount, recipient }
        }
    };
    let sent = Sent { index, bump, payer: *accounts.depositor.address(), kind };
    append(&mut accounts.inbox, &mut accounts.message, sent)
}

/// Moves tokens of a quote asset to the vault. Gives what arrived.
///
/// All that is credited of an asset, and not withdrawn, is in the vault's token account, so that no sum on the chain passes 64 bits.
#[inline(never)]
fn take(accounts: &DepositToken, asset: &AssetId, amount: u64) -> Result<u64> {
    ensure(accounts.rollup.has_quote_asset(asset), RollupError::UnknownAsset)?;
    let mint = Mint::of_quote(asset, accounts.mint.account(), accounts.token_program.account())?;
    mint.check_extensions()?;
    let vault_token = accounts.vault_token.as_ref().ok_or(fail(RollupError::WrongTokenAccount))?;
    let vault =
        Associated { account: vault_token.account(), owner: accounts.vault.account(), mint };
    vault.check()?;
    vault.open(accounts.depositor.account(), accounts.system_program.account())?;
    let before = vault.amount()?;
    let moved = [
        (accounts.source.account(), Access::Write),
        (mint.account, Access::Read),
        (vault.account, Access::Write),
        (accounts.depositor.account(), Access::Sign),
    ];
    let data = mint.transfer(amount);
    Call { program: mint.program.address(), accounts: &moved, data: &data }.send()?;
    let arrived = vault.amount()?.checked_sub(before).ok_or(fail(RollupError::Overflow))?;
    ensure(arrived > 0, RollupError::NothingDeposited)?;
    Ok(arrived)
}

/// Burns tokens of a launched asset.
#[inline(never)]
fn burn(accounts: &DepositToken, curve: &CurveId, amount: u64) -> Result<()> {
    ensure(amount > 0, RollupError::NothingDeposited)?;
    let (mint, program) = (accounts.mint.account(), accounts.token_program.account());
    let mint = Mint::of_launched(&accounts.rollup, curve, mint, program)?;
    let burnt = [
        (accounts.source.account(), Access::Write),
        (mint.account, Access::Write),
        (accounts.depositor.account(), Access::Sign),
    ];
    let data = mint.burn(amount);
    Call { program: mint.program.address(), accounts: &burnt, data: &data }.send()
}

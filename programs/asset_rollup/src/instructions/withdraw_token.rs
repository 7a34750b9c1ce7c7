//! `withdraw_token`: pays a withdrawal of tokens that is proved under a finalized root.

use anchor_lang::{prelude::*, programs::AssociatedToken};
use asset_rollup_interface::seeds::{self, nullifier_page};
use curvevm::{
    program::Amount,
    types::{AssetId, CurveId},
};

use crate::{
    error::{RollupError, ensure, fail},
    proof::Claim,
    state::{Nullifiers, Rollup},
    token::{Access, Associated, Call, Mint},
};

/// Accounts of `withdraw_token`. Anyone may send it.
#[derive(Accounts)]
#[instruction(root_number: u64, index: u64)]
pub struct WithdrawToken {
    /// `[signer, writable]` Pays for the page of nullifiers and for the recipient's token account when they are new. May be the
    /// recipient.
    #[account(mut, unsafe(dup))]
    pub payer: Signer,
    /// The rollup.
    #[account(seeds = [seeds::ROLLUP, rollup.chain_id.as_ref()], bump = rollup.bump)]
    pub rollup: Account<Rollup>,
    /// Its vault.
    #[account(seeds = [seeds::VAULT, rollup.address().as_ref()], bump = rollup.vault_bump)]
    pub vault: SystemAccount,
    /// `[writable]` The page of the withdrawal's nullifier, created at first.
    #[account(
        init_if_needed,
        payer = payer,
        seeds = [
            seeds::NULLIFIERS,
            rollup.address().as_ref(),
            nullifier_page(index).to_le_bytes()
        ],
        bump
    )]
    pub nullifiers: Account<Nullifiers>,
    /// The withdrawal's recipient.
    pub recipient: UncheckedAccount,
    /// The asset's mint; written when it is a launched asset's.
    pub mint: UncheckedAccount,
    /// `[writable]` The vault's associated token account; left out for a launched asset.
    #[account(mut)]
    pub vault_token: Option<UncheckedAccount>,
    /// `[writable]` The recipient's associated token account, created when it is missing; paid.
    #[account(mut)]
    pub recipient_token: UncheckedAccount,
    /// The token program of the mint.
    pub token_program: UncheckedAccount,
    /// Creates the recipient's token account.
    pub associated_token_program: Program<AssociatedToken>,
    /// Creates the accounts.
    pub system_program: Program<System>,
}

/// Pays a withdrawal of tokens that is proved under a finalized root.
///
/// # Errors
///
/// [`RollupError`].
#[inline(never)]
pub fn withdraw_token(ctx: &mut Context<WithdrawToken>, claim: &Claim<'_>) -> Result<()> {
    let bump = ctx.bumps.nullifiers;
    let accounts = &mut ctx.accounts;
    claim.check(&accounts.rollup, accounts.recipient.address())?;
    let rollup = *accounts.rollup.address();
    accounts.nullifiers.take(&rollup, bump, claim.index)?;
    match claim.amount {
        Amount::Quote(asset, amount) => pay(accounts, &asset, amount.get()),
        Amount::Base(curve, amount) => mint_to(accounts, &curve, amount.get()),
    }
}

/// Pays tokens of a quote asset out of the vault.
#[inline(never)]
fn pay(accounts: &WithdrawToken, asset: &AssetId, amount: u64) -> Result<()> {
    let mint = Mint::of_quote(asset, accounts.mint.account(), accounts.token_program.account())?;
    let vault_token = accounts.vault_token.as_ref().ok_or(fail(RollupError::WrongTokenAccount))?;
    let vault =
        Associated { account: vault_token.account(), owner: accounts.vault.account(), mint };
    vault.check()?;
    ensure(vault.amount()? >= amount, RollupError::VaultShort)?;
    let recipient = recipient(accounts, mint)?;
    let moved = [
        (vault.account, Access::Write),
        (mint.account, Access::Read),
        (recipient, Access::Write),
        (vault.owner, Access::Sign),
    ];
    let data = mint.transfer(amount);
    let call = Call { program: mint.program.address(), accounts: &moved, data: &data };
    call.send_as_vault(&accounts.rollup)
}

/// Mints tokens of a launched asset.
#[inline(never)]
fn mint_to(accounts: &WithdrawToken, curve: &CurveId, amount: u64) -> Result<()> {
    let (mint, program) = (accounts.mint.account(), accounts.token_program.account());
    let mint = Mint::of_launched(&accounts.rollup, curve, mint, program)?;
    let recipient = recipient(accounts, mint)?;
    let minted = [
        (mint.account, Access::Write),
        (recipient, Access::Write),
        (accounts.vault.account(), Access::Sign),
    ];
    let data = mint.mint_to(amount);
    let call = Call { program: mint.program.address(), accounts: &minted, data: &data };
    call.send_as_vault(&accounts.rollup)
}

/// The recipient's token account, created when it is missing.
#[inline(never)]
fn recipient<'a>(accounts: &'a WithdrawToken, mint: Mint<'a>) -> Result<&'a AccountView> {
    let recipient = Associated {
        account: accounts.recipient_token.account(),
        owner: accounts.recipient.account(),
        mint,
    };
    recipient.check()?;
    recipient.open(accounts.payer.account(), accounts.system_program.account())?;
    recipient.amount()?;
    Ok(recipient.account)
}

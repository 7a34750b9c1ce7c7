//! `withdraw`: pays a withdrawal that is proved under a finalized root.

use anchor_lang::{cpi::rent_exempt_lamports, prelude::*, system_program};
use asset_rollup_interface::seeds::{self, nullifier_page};
use curvevm::{program::Amount, types::AssetId};

use crate::{
    error::{RollupError, ensure, fail},
    proof::Claim,
    state::{Nullifiers, Rollup},
};

/// Accounts of `withdraw`. Anyone may send it.
#[derive(Accounts)]
#[instruction(root_number: u64, index: u64)]
pub struct Withdraw {
    /// `[signer, writable]` Pays for the page of nullifiers when it is new. May be the recipient.
    #[account(mut, unsafe(dup))]
    pub payer: Signer,
    /// The rollup.
    #[account(seeds = [seeds::ROLLUP, rollup.chain_id.as_ref()], bump = rollup.bump)]
    pub rollup: Account<Rollup>,
    /// `[writable]` Its vault.
    #[account(
        mut,
        seeds = [seeds::VAULT, rollup.address().as_ref()],
        bump = rollup.vault_bump
    )]
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
    /// `[writable]` Paid. Any account may be; it is only credited.
    #[account(mut, unsafe(dup))]
    pub recipient: UncheckedAccount,
    /// Moves the lamports.
    pub system_program: Program<System>,
}

/// Pays a withdrawal that is proved under a finalized root.
///
/// # Errors
///
/// [`RollupError`].
#[inline(never)]
pub fn withdraw(ctx: &mut Context<Withdraw>, claim: &Claim<'_>) -> Result<()> {
    let bump = ctx.bumps.nullifiers;
    let accounts = &mut ctx.accounts;
    let Amount::Quote(AssetId::SOL, lamports) = claim.amount else {
        return Err(fail(RollupError::UnsupportedAsset));
    };
    claim.check(&accounts.rollup, accounts.recipient.address())?;
    check_vault(lamports.get(), accounts)?;
    let rollup = *accounts.rollup.address();
    accounts.nullifiers.take(&rollup, bump, claim.index)?;
    pay(lamports.get(), accounts)
}

/// The vault keeps its rent minimum.
fn check_vault(amount: u64, accounts: &Withdraw) -> Result<()> {
    let free = accounts.vault.account().lamports().checked_sub(rent_exempt_lamports(0)?);
    ensure(free >= Some(amount), RollupError::VaultShort)
}

fn pay(amount: u64, accounts: &mut Withdraw) -> Result<()> {
    let rollup = *accounts.rollup.address();
    let bump = [accounts.rollup.vault_bump];
    let signer: [&[u8]; 3] = [seeds::VAULT, rollup.as_ref(), &bump];
    let transfer = system_program::Transfer {
        from: accounts.vault.cpi_handle_mut(),
        to: accounts.recipient.cpi_handle_mut(),
    };
    let signers = [signer.as_slice()];
    let ctx = CpiContext::new_with_signer(&system_program::ID, transfer, &signers);
    system_program::transfer(ctx, amount)
}

//! `withdraw`: pays a withdrawal that is proved under a finalized root.

use core::mem::ManuallyDrop;

use anchor_lang::{cpi::rent_exempt_lamports, prelude::*, system_program};
use asset_rollup_interface::{
    seeds::{self, nullifier_page},
    state::ACCOUNT_VERSION,
};
use curvevm::{
    cell::{Cell, Withdrawal},
    program::Amount,
    tree::Tree,
    types::{Address as Key, AssetId, Quote},
};

use crate::{
    error::{RollupError, ensure, fail},
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

/// What is claimed.
pub struct Claim<'a> {
    /// The batch after which the root stood.
    pub root_number: u64,
    /// The withdrawal's index.
    pub index: u64,
    /// Its asset.
    pub asset: [u8; 32],
    /// Its amount.
    pub amount: u64,
    /// Opens the withdrawal's cell.
    pub witness: &'a [u8],
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
    check_proof(claim, accounts)?;
    check_vault(claim.amount, accounts)?;

    let rollup = *accounts.rollup.address();
    let page = &mut *accounts.nullifiers;
    if page.version == 0 {
        (page.version, page.bump) = (ACCOUNT_VERSION, bump);
        (page.rollup, page.page) = (rollup, nullifier_page(claim.index));
    }
    page.set(claim.index)?;
    pay(claim.amount, accounts)
}

/// The claimed withdrawal stands under the finalized root.
fn check_proof(claim: &Claim<'_>, accounts: &Withdraw) -> Result<()> {
    let root = accounts.rollup.finalized_root(claim.root_number)?;
    let asset = AssetId::new(claim.asset);
    ensure(asset == AssetId::SOL, RollupError::UnsupportedAsset)?;
    let claimed = Withdrawal {
        version: 0,
        index: claim.index,
        amount: Amount::Quote(asset, Quote::new(claim.amount)),
        recipient: Key::new(accounts.recipient.address().to_bytes()),
    };
    let tree = Tree::from_witness(claim.witness).map_err(|_| fail(RollupError::InvalidProof))?;
    // Dropping a tree recurses as deep as its paths, and call frames are few; the heap goes with the instruction anyway.
    let mut tree = ManuallyDrop::new(tree);
    ensure(tree.root() == root, RollupError::InvalidProof)?;
    let cell = tree.get(&Withdrawal::key(claim.index));
    let cell = cell.map_err(|_| fail(RollupError::InvalidProof))?;
    let proved = matches!(cell, Some(Cell::Withdrawal(withdrawal)) if *withdrawal == claimed);
    ensure(proved, RollupError::WrongWithdrawal)
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

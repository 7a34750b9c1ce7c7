//! `slash`: executes a verdict on one of those that it accuses.

use anchor_lang::{Discriminator, Lamports, prelude::*};
use asset_rollup_interface::{seeds, state::DISCRIMINATOR_BYTES};

use crate::{
    constants::INCINERATOR,
    error::{RollupError, ensure, fail},
    state::{Member, Rollup, Verdict},
};

/// Accounts of `slash`. Anyone may send it.
#[derive(Accounts)]
#[instruction(index: u64, accused: u8)]
pub struct Slash {
    /// `[writable]` The rollup.
    #[account(mut, seeds = [seeds::ROLLUP, rollup.chain_id.as_ref()], bump = rollup.bump)]
    pub rollup: Account<Rollup>,
    /// `[writable]` The verdict.
    #[account(
        mut,
        seeds = [seeds::VERDICT, rollup.address().as_ref(), index.to_le_bytes()],
        bump = verdict.bump
    )]
    pub verdict: Account<Verdict>,
    /// `[writable]` The accused's member; there need be no account at the address.
    #[account(
        mut,
        seeds = [seeds::MEMBER, rollup.address().as_ref(), verdict.accused(accused)?],
        bump
    )]
    pub member: UncheckedAccount,
    /// `[writable]` The verdict's challenger, paid.
    #[account(mut, address = verdict.challenger @ fail(RollupError::WrongChallenger))]
    pub challenger: UncheckedAccount,
    /// `[writable]` Takes what is burnt.
    #[account(mut, address = INCINERATOR @ fail(RollupError::WrongIncinerator))]
    pub incinerator: UncheckedAccount,
}

/// Executes a verdict on one of those that it accuses: half of the bond to the challenger, the rest burnt.
///
/// # Errors
///
/// [`RollupError`].
#[inline(never)]
pub fn slash(ctx: &mut Context<Slash>, index: u64, accused: u8) -> Result<()> {
    let accounts = &mut ctx.accounts;
    ensure(accounts.verdict.index == index, RollupError::Corrupt)?;
    let key = accounts.verdict.accused(accused)?;
    accounts.verdict.mark(accused)?;
    // Long after the verdict the key may be in a committee again.
    accounts.rollup.expel(&key);
    accounts.rollup.check()?;

    let bond = take_bond(accounts.member.account(), &key, accounts.rollup.address())?;
    // Rounded down for the challenger.
    let half = bond >> 1;
    let burnt = bond.saturating_sub(half);
    accounts.member.sub_lamports(bond)?;
    accounts.challenger.add_lamports(half)?;
    accounts.incinerator.add_lamports(burnt)?;
    Ok(())
}

/// Takes the bond of a member, whose lamports are still to be moved; nothing where there is no member.
#[inline(never)]
fn take_bond(account: &AccountView, key: &[u8; 32], rollup: &Address) -> Result<u64> {
    if !account.owned_by(&crate::ID) {
        return Ok(0);
    }
    let corrupt = || fail(RollupError::Corrupt);
    let mut account = *account;
    let mut data = account.try_borrow_mut()?;
    let (discriminator, body) =
        data.split_at_mut_checked(DISCRIMINATOR_BYTES).ok_or_else(corrupt)?;
    ensure(discriminator == Member::DISCRIMINATOR, RollupError::Corrupt)?;
    let member: &mut Member = bytemuck::try_from_bytes_mut(body).map_err(|_| corrupt())?;
    ensure(member.key == *key && member.rollup == *rollup, RollupError::Corrupt)?;
    Ok(member.slash())
}

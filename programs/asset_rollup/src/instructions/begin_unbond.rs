//! `begin_unbond`: begins to withdraw a bond.

use anchor_lang::prelude::*;
use asset_rollup_interface::seeds;

use crate::{
    error::{RollupError, fail},
    state::{Member, Rollup},
};

/// Accounts of `begin_unbond`.
#[derive(Accounts)]
pub struct BeginUnbond {
    /// `[signer]` The bond's owner.
    #[account(address = member.owner @ fail(RollupError::WrongOwner))]
    pub owner: Signer,
    /// The rollup.
    #[account(seeds = [seeds::ROLLUP, rollup.chain_id.as_ref()], bump = rollup.bump)]
    pub rollup: Account<Rollup>,
    /// `[writable]` The member.
    #[account(
        mut,
        seeds = [seeds::MEMBER, rollup.address().as_ref(), member.key.as_ref()],
        bump = member.bump
    )]
    pub member: Account<Member>,
}

/// Begins to withdraw a bond.
///
/// # Errors
///
/// [`RollupError`].
#[inline(never)]
pub fn begin_unbond(ctx: &mut Context<BeginUnbond>) -> Result<()> {
    let clock = Clock::get()?;
    let accounts = &mut ctx.accounts;
    accounts.member.begin_unbond(&accounts.rollup, &clock)
}

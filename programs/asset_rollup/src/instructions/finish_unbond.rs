//! `finish_unbond`: pays a bond to its owner.

use anchor_lang::{AccountClose, prelude::*};
use asset_rollup_interface::seeds;

use crate::{
    error::{RollupError, fail},
    state::{Member, Rollup},
};

/// Accounts of `finish_unbond`.
#[derive(Accounts)]
pub struct FinishUnbond {
    /// `[signer, writable]` The bond's owner, paid.
    #[account(mut, address = member.owner @ fail(RollupError::WrongOwner))]
    pub owner: Signer,
    /// The rollup.
    #[account(seeds = [seeds::ROLLUP, rollup.chain_id.as_ref()], bump = rollup.bump)]
    pub rollup: Account<Rollup>,
    /// `[writable]` The member, closed.
    #[account(
        mut,
        seeds = [seeds::MEMBER, rollup.address().as_ref(), member.key.as_ref()],
        bump = member.bump
    )]
    pub member: Account<Member>,
}

/// Pays a bond and its rent to the owner, or what a slash has left.
///
/// # Errors
///
/// [`RollupError`].
#[inline(never)]
pub fn finish_unbond(ctx: &mut Context<FinishUnbond>) -> Result<()> {
    let clock = Clock::get()?;
    let accounts = &mut ctx.accounts;
    accounts.member.check_unbonded(&accounts.rollup, &clock)?;
    accounts.member.close(*accounts.owner.account())
}

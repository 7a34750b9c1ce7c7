//! `register_member`: locks a bond for a key, or adds to it.

use anchor_lang::{prelude::*, system_program};
use asset_rollup_interface::{
    instruction::RegisterMember as Arguments,
    seeds,
    state::{ACCOUNT_VERSION, Member as Layout},
};
use curvevm::{
    host,
    types::{Address as Key, Hash, Signature},
};

use crate::{
    error::{RollupError, ensure},
    state::{Member, Rollup},
};

/// Accounts of `register_member`.
#[derive(Accounts)]
#[instruction(key: [u8; 32])]
pub struct RegisterMember {
    /// `[signer, writable]` Pays the bond and the rent, and owns both.
    #[account(mut)]
    pub owner: Signer,
    /// `[writable]` The rollup.
    #[account(mut, seeds = [seeds::ROLLUP, rollup.chain_id.as_ref()], bump = rollup.bump)]
    pub rollup: Account<Rollup>,
    /// `[writable]` The key's member, created at first.
    #[account(
        init_if_needed,
        payer = owner,
        seeds = [seeds::MEMBER, rollup.address().as_ref(), key],
        bump
    )]
    pub member: Account<Member>,
    /// Moves the lamports.
    pub system_program: Program<System>,
}

/// A bond for a key.
pub struct Registration {
    /// The key.
    pub key: [u8; 32],
    /// Lamports to lock.
    pub amount: u64,
    /// The key's signature over the owner.
    pub signature: [u8; 64],
}

/// Locks a bond for a key, or adds to it.
///
/// # Errors
///
/// [`RollupError`].
#[inline(never)]
pub fn register_member(
    ctx: &mut Context<RegisterMember>,
    registration: &Registration,
) -> Result<()> {
    let bump = ctx.bumps.member;
    let program_id = Key::new(ctx.program_id.to_bytes());
    let accounts = &mut ctx.accounts;
    check_possession(accounts, &program_id, registration)?;
    let convicted = accounts.rollup.is_convicted(&registration.key);
    ensure(!convicted, RollupError::MemberConvicted)?;

    let (rollup, owner) = (*accounts.rollup.address(), *accounts.owner.address());
    let member = &mut *accounts.member;
    if member.version == 0 {
        (member.version, member.bump, member.status) = (ACCOUNT_VERSION, bump, Layout::BONDED);
        (member.rollup, member.owner, member.key) = (rollup, owner, registration.key);
    }
    ensure(member.owner == owner, RollupError::WrongOwner)?;
    member.check_live()?;
    member.lock(registration.amount, &accounts.rollup)?;
    accounts.rollup.bond(&registration.key);
    accounts.rollup.check()?;
    let transfer = system_program::Transfer {
        from: accounts.owner.cpi_handle_mut(),
        to: accounts.member.cpi_handle_mut(),
    };
    system_program::transfer(CpiContext::new(&system_program::ID, transfer), registration.amount)
}

/// The key is held by somebody who agrees to this owner.
fn check_possession(
    accounts: &RegisterMember,
    program_id: &Key,
    registration: &Registration,
) -> Result<()> {
    let chain_id = Hash::new(accounts.rollup.chain_id);
    let owner = Key::new(accounts.owner.address().to_bytes());
    let digest = Arguments::digest(&chain_id, program_id, &owner);
    let key = Key::new(registration.key);
    let valid = host::verify(&key, &digest, &Signature::new(registration.signature));
    // The zero key is a point of small order, for which anybody can sign; it also stands for no key.
    ensure(valid && key != Key::default(), RollupError::BadSignature)
}

//! `rotate_committee`: replaces the committee.

use alloc::vec::Vec;

use anchor_lang::{prelude::*, verify_program_address};
use asset_rollup_interface::{instruction::Rotation, seeds};
use curvevm::types::{Address as Key, Hash};

use super::check_committee;
use crate::{
    certificate::{MemberSignature, check_quorum},
    error::{RollupError, ensure},
    state::{Member, Rollup},
};

/// Accounts of `rotate_committee`; the new members follow, in index order.
#[derive(Accounts)]
pub struct RotateCommittee {
    /// `[writable]` The rollup.
    #[account(mut, seeds = [seeds::ROLLUP, rollup.chain_id.as_ref()], bump = rollup.bump)]
    pub rollup: Account<Rollup>,
}

/// A committee, and who agrees to it.
pub struct Successors<'a> {
    /// The keys of the new members, in index order.
    pub members: &'a [[u8; 32]],
    /// Signatures of the present members.
    pub signatures: &'a [MemberSignature],
}

/// Replaces the committee, for the next batch on.
///
/// # Errors
///
/// [`RollupError`].
#[inline(never)]
pub fn rotate_committee(
    ctx: &mut Context<RotateCommittee>,
    successors: &Successors<'_>,
) -> Result<()> {
    let Successors { members, signatures } = *successors;
    let program_id = Key::new(ctx.program_id.to_bytes());
    let bonds = ctx.remaining_accounts()?;
    let accounts = &mut ctx.accounts;
    let committee: Vec<Key> = members.iter().map(|key| Key::new(*key)).collect();
    check_committee(&committee)?;
    ensure(accounts.rollup.may_rotate(), RollupError::EpochLive)?;
    ensure(bonds.len() == members.len(), RollupError::WrongMember)?;
    for (account, key) in bonds.iter().zip(members) {
        check_member(account, key, &accounts.rollup)?;
    }
    let rotation = Rotation {
        chain_id: Hash::new(accounts.rollup.chain_id),
        program_id,
        epoch: accounts.rollup.epoch,
        committee_hash: Hash::new(accounts.rollup.committee_hash),
    };
    check_quorum(&accounts.rollup, &rotation.digest(&committee), signatures)?;
    accounts.rollup.rotate(&committee)?;
    accounts.rollup.check()
}

/// The account is the member of a key, which may answer for what it signs.
#[inline(never)]
fn check_member(account: &AccountView, key: &[u8; 32], rollup: &Account<Rollup>) -> Result<()> {
    let member = Account::<Member>::load(*account)?;
    ensure(member.rollup == *rollup.address(), RollupError::WrongRollup)?;
    ensure(member.key == *key, RollupError::WrongMember)?;
    let bump = [member.bump];
    let seeds: [&[u8]; 4] = [seeds::MEMBER, rollup.address().as_ref(), key, &bump];
    verify_program_address(&seeds, &crate::ID, member.address())?;
    member.check_liable(rollup)
}

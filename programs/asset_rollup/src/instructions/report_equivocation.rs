//! `report_equivocation`: convicts a member that cast two votes where one is allowed.

use anchor_lang::prelude::*;
use asset_rollup_interface::{
    seeds,
    state::Verdict as Layout,
    vote::{Ballot, Statement},
};
use curvevm::{
    host,
    types::{Address as Key, Hash, Signature},
};

use crate::{
    error::{RollupError, ensure},
    state::{Charge, Proof, Rollup, Verdict},
};

/// Accounts of `report_equivocation`. Anyone may send it.
#[derive(Accounts)]
pub struct ReportEquivocation {
    /// `[signer, writable]` Pays for the verdict, and gets what a challenger gets.
    #[account(mut)]
    pub challenger: Signer,
    /// `[writable]` The rollup.
    #[account(mut, seeds = [seeds::ROLLUP, rollup.chain_id.as_ref()], bump = rollup.bump)]
    pub rollup: Account<Rollup>,
    /// `[writable]` The next verdict, created.
    #[account(
        init,
        payer = challenger,
        seeds = [seeds::VERDICT, rollup.address().as_ref(), rollup.verdicts.to_le_bytes()],
        bump
    )]
    pub verdict: Account<Verdict>,
    /// Creates the account.
    pub system_program: Program<System>,
}

/// A phase-2 vote.
#[derive(Clone, Copy, AnchorSerialize, AnchorDeserialize, IdlType)]
pub struct Vote {
    /// The block's height.
    pub height: u64,
    /// The block's id.
    pub block: [u8; 32],
    /// The block's settlement digest, when it closes a batch.
    pub settlement: Option<[u8; 32]>,
    /// The voter's signature.
    pub signature: [u8; 64],
}

/// Two votes of one member for one view.
pub struct Votes {
    /// The member's key.
    pub member: [u8; 32],
    /// The epoch of both votes.
    pub epoch: u64,
    /// The view of both votes.
    pub view: u64,
    /// Both votes.
    pub votes: [Vote; 2],
}

/// Convicts a member that cast two votes where one is allowed.
///
/// # Errors
///
/// [`RollupError`].
#[inline(never)]
pub fn report_equivocation(ctx: &mut Context<ReportEquivocation>, votes: &Votes) -> Result<()> {
    let bump = ctx.bumps.verdict;
    let accounts = &mut ctx.accounts;
    let committee = accounts.rollup.committee_of(votes.epoch)?;
    ensure(committee.keys.contains(&votes.member), RollupError::NotInCommittee)?;
    let convicted = accounts.rollup.is_convicted(&votes.member);
    ensure(!convicted, RollupError::MemberConvicted)?;
    check_votes(votes, Hash::new(accounts.rollup.chain_id))?;

    let accused = [votes.member];
    let charge = Charge { kind: Layout::EQUIVOCATION, number: 0, accused: &accused };
    let proof = Proof {
        bump,
        rollup: *accounts.rollup.address(),
        challenger: *accounts.challenger.address(),
        clock: Clock::get()?,
    };
    accounts.rollup.convict(&mut accounts.verdict, &charge, &proof)?;
    accounts.rollup.check()
}

/// The votes say different things, and both are the member's.
#[inline(never)]
fn check_votes(votes: &Votes, chain_id: Hash) -> Result<()> {
    let [first, second] = votes.votes.map(|vote| statement(&vote));
    ensure(first != second, RollupError::SameVote)?;
    let ballot = Ballot { chain_id, epoch: votes.epoch, view: votes.view };
    let member = Key::new(votes.member);
    for (vote, statement) in votes.votes.iter().zip([first, second]) {
        let digest = ballot.digest(&statement);
        let valid = host::verify(&member, &digest, &Signature::new(vote.signature));
        ensure(valid, RollupError::BadSignature)?;
    }
    Ok(())
}

fn statement(vote: &Vote) -> Statement {
    Statement {
        height: vote.height,
        block: Hash::new(vote.block),
        settlement: vote.settlement.map(Hash::new),
    }
}

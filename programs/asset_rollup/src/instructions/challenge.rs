//! `challenge`: replays one segment of a live batch.

use anchor_lang::{AccountClose, Lamports, prelude::*};
use asset_rollup_interface::{seeds, state::Parts};
use curvevm::{batch::chunk_hash, types::Hash};

use crate::{
    constants::INCINERATOR,
    error::{RollupError, ensure, fail},
    replay::{Place, Replay, show},
    state::{Batch, DataAccount, Proof, Rollup, Verdict, WitnessAccount},
};

/// Accounts of `challenge` and of `challenge_trace`.
#[derive(Accounts)]
#[instruction(number: u64)]
pub struct Challenge {
    /// `[signer, writable]` The witness's owner: pays for the verdict, and gets half of each bond.
    #[account(mut)]
    pub challenger: Signer,
    /// `[writable]` The rollup.
    #[account(mut, seeds = [seeds::ROLLUP, rollup.chain_id.as_ref()], bump = rollup.bump)]
    pub rollup: Account<Rollup>,
    /// The batch.
    #[account(
        seeds = [seeds::BATCH, rollup.address().as_ref(), number.to_le_bytes()],
        bump = batch.bump
    )]
    pub batch: Account<Batch>,
    /// The data account that it was committed with.
    #[account(address = batch.data @ fail(RollupError::WrongData))]
    pub data: DataAccount,
    /// `[writable]` The challenger's witness against the batch, closed.
    #[account(
        mut,
        constraint = witness.owner == *challenger.address() @ fail(RollupError::WrongWitness),
        constraint = witness.is_against(&batch) @ fail(RollupError::WrongWitness)
    )]
    pub witness: WitnessAccount,
    /// `[writable]` The next verdict; stays when the batch is wrong.
    #[account(
        init,
        payer = challenger,
        seeds = [seeds::VERDICT, rollup.address().as_ref(), rollup.verdicts.to_le_bytes()],
        bump
    )]
    pub verdict: Account<Verdict>,
    /// `[writable]` Takes what is burnt.
    #[account(mut, address = INCINERATOR @ fail(RollupError::WrongIncinerator))]
    pub incinerator: UncheckedAccount,
    /// Creates the verdict.
    pub system_program: Program<System>,
}

/// Where the segment is that is said to be wrong.
#[derive(Clone, Copy)]
pub struct Segment {
    /// The index of the chunk.
    pub chunk: u16,
    /// Where it starts in the chunk.
    pub offset: u32,
}

/// Replays one segment of a live batch from a witness, and overturns the batch when its claimed root is wrong.
///
/// # Errors
///
/// [`RollupError`]; nothing changed then.
#[inline(never)]
pub fn challenge(ctx: &mut Context<Challenge>, number: u64, segment: Segment) -> Result<()> {
    ensure(ctx.accounts.rollup.is_live(number), RollupError::BatchNotLive)?;
    let wrong = is_wrong(&ctx.accounts, segment)?;
    conclude(wrong, ctx.bumps.verdict, &mut ctx.accounts)
}

#[inline(never)]
fn is_wrong(accounts: &Challenge, segment: Segment) -> Result<bool> {
    let parts = accounts.parts()?;
    accounts.check_chunk(parts.chunk, segment.chunk)?;
    let place = Place {
        chunk: parts.chunk,
        offset: segment.offset,
        chunk_bytes_max: accounts.rollup.chunk_bytes_max,
    };
    let chain_id = Hash::new(accounts.rollup.chain_id);
    show(&Replay { chain_id, witness: parts.state, place })?.is_wrong()
}

impl Challenge {
    /// The parts of the witness.
    ///
    /// # Errors
    ///
    /// [`RollupError::WitnessSize`].
    pub fn parts(&self) -> Result<Parts<'_>> {
        self.witness.parts(self.witness.as_slice())
    }

    /// The chunk is the one that was posted at this index.
    ///
    /// # Errors
    ///
    /// [`RollupError::WrongChunk`].
    pub fn check_chunk(&self, chunk: &[u8], index: u16) -> Result<()> {
        let posted = self.data.as_slice().get(usize::from(index));
        ensure(posted == Some(&chunk_hash(chunk).to_bytes()), RollupError::WrongChunk)
    }
}

/// Overturns a batch that was proved wrong and repays the challenger; burns the deposit of one who proved nothing.
///
/// # Errors
///
/// As [`Rollup::overturn`].
#[inline(never)]
pub fn conclude(wrong: bool, bump: u8, accounts: &mut Challenge) -> Result<()> {
    let challenger = *accounts.challenger.account();
    if wrong {
        let proof = Proof {
            bump,
            rollup: *accounts.rollup.address(),
            challenger: *accounts.challenger.address(),
            clock: Clock::get()?,
        };
        accounts.rollup.overturn(&accounts.batch, &mut accounts.verdict, &proof)?;
        accounts.rollup.check()?;
    } else {
        let deposit = accounts.witness.deposit;
        accounts.witness.sub_lamports(deposit)?;
        accounts.incinerator.add_lamports(deposit)?;
        accounts.verdict.close(challenger)?;
    }
    accounts.witness.close(challenger)
}

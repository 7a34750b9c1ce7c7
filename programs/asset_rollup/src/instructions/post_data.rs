//! `post_data`: records the hash of a chunk of a batch's data.

use anchor_lang::prelude::*;
use asset_rollup_interface::{seeds, state::ACCOUNT_VERSION};
use curvevm::batch::chunk_hash;

use crate::{
    caller::check_top_level,
    error::{RollupError, ensure, fail},
    state::{Data, DataAccount, Rollup},
};

/// Accounts of `post_data`.
#[derive(Accounts)]
#[instruction(number: u64, chunk_index: u16, chunk_count: u16)]
pub struct PostData {
    /// `[signer, writable]` Pays for the data account.
    #[account(mut)]
    pub poster: Signer,
    /// The rollup.
    #[account(seeds = [seeds::ROLLUP, rollup.chain_id.as_ref()], bump = rollup.bump)]
    pub rollup: Account<Rollup>,
    /// `[writable]` The poster's data account for the batch, created at first. Its length says the chunk count, so that another
    /// count is refused as Anchor's `ConstraintSpace`.
    #[account(
        init_if_needed,
        payer = poster,
        space = Data::space(chunk_count)?,
        seeds = [
            seeds::DATA,
            rollup.address().as_ref(),
            number.to_le_bytes(),
            poster.address().as_ref()
        ],
        bump
    )]
    pub data: DataAccount,
    /// Creates the account.
    pub system_program: Program<System>,
}

/// A chunk of a batch's data.
pub struct Chunk<'a> {
    /// The batch's number.
    pub number: u64,
    /// The chunk's index.
    pub index: u16,
    /// How many chunks the batch has.
    pub count: u16,
    /// The chunk.
    pub bytes: &'a [u8],
}

/// Records the hash of a chunk of a batch's data.
///
/// # Errors
///
/// [`RollupError`].
#[inline(never)]
pub fn post_data(ctx: &mut Context<PostData>, chunk: &Chunk<'_>) -> Result<()> {
    check_top_level()?;
    let bump = ctx.bumps.data;
    let accounts = &mut ctx.accounts;
    let rollup = &accounts.rollup;
    ensure(chunk.index < chunk.count, RollupError::ChunkIndex)?;
    let bytes_max = usize::from(rollup.chunk_bytes_max);
    ensure((1..=bytes_max).contains(&chunk.bytes.len()), RollupError::ChunkSize)?;
    ensure(chunk.number > rollup.finalized_number, RollupError::BatchSettled)?;

    let (rollup, poster) = (*rollup.address(), *accounts.poster.address());
    let data = &mut accounts.data;
    if data.version == 0 {
        create(data, chunk)?;
        (data.bump, data.rollup, data.poster) = (bump, rollup, poster);
    }
    record(data, chunk)?;
    ensure(usize::from(data.posted) <= data.len(), RollupError::Corrupt)
}

fn create(data: &mut DataAccount, chunk: &Chunk<'_>) -> Result<()> {
    data.version = ACCOUNT_VERSION;
    data.number = chunk.number;
    for _ in 0..chunk.count {
        data.try_push([0; 32])?;
    }
    Ok(())
}

fn record(data: &mut DataAccount, chunk: &Chunk<'_>) -> Result<()> {
    let hash = chunk_hash(chunk.bytes).to_bytes();
    let index = usize::from(chunk.index);
    let place = data.get_mut(index).ok_or(fail(RollupError::ChunkIndex))?;
    if *place == [0; 32] {
        *place = hash;
        data.posted = data.posted.checked_add(1).ok_or(fail(RollupError::Corrupt))?;
        return Ok(());
    }
    ensure(*place == hash, RollupError::ChunkConflict)
}

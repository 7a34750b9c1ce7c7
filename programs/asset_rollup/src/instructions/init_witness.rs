//! `init_witness`: takes an account as a witness against a live batch.

use anchor_lang::{cpi::rent_exempt_lamports, prelude::*, system_program};
use asset_rollup_interface::{seeds, state::ACCOUNT_VERSION};

use crate::{
    error::{RollupError, ensure, fail},
    state::{Batch, Rollup, Witness},
};

/// Accounts of `init_witness`.
#[derive(Accounts)]
#[instruction(number: u64)]
pub struct InitWitness {
    /// `[signer, writable]` Pays the deposit, and owns the witness.
    #[account(mut)]
    pub owner: Signer,
    /// The rollup.
    #[account(seeds = [seeds::ROLLUP, rollup.chain_id.as_ref()], bump = rollup.bump)]
    pub rollup: Account<Rollup>,
    /// `[writable]` The batch.
    #[account(
        mut,
        seeds = [seeds::BATCH, rollup.address().as_ref(), number.to_le_bytes()],
        bump = batch.bump
    )]
    pub batch: Account<Batch>,
    /// `[writable]` Of this program, and zero: becomes the witness.
    #[account(mut)]
    pub witness: UncheckedAccount,
    /// Moves the deposit.
    pub system_program: Program<System>,
}

/// Takes an account as a witness against a live batch.
///
/// # Errors
///
/// [`RollupError`].
#[inline(never)]
pub fn init_witness(ctx: &mut Context<InitWitness>, number: u64, lengths: [u32; 3]) -> Result<()> {
    let accounts = &mut ctx.accounts;
    ensure(accounts.rollup.is_live(number), RollupError::BatchNotLive)?;
    let deposit = accounts.rollup.challenge_lamports;
    let [state_length, chunk_length, next_length] = lengths;
    let witness = Witness {
        version: ACCOUNT_VERSION,
        reserved: [0; 3],
        state_length,
        chunk_length,
        next_length,
        rollup: *accounts.rollup.address(),
        owner: *accounts.owner.address(),
        number,
        batch_hash: accounts.batch.batch_hash,
        post_root: accounts.batch.post_root,
        deposit,
    };
    witness.create(accounts.witness.account())?;
    accounts.batch.extend(&accounts.rollup, &Clock::get()?)?;
    fund(deposit, accounts)
}

/// Raises the witness to its rent minimum and the deposit.
#[inline(never)]
fn fund(deposit: u64, accounts: &mut InitWitness) -> Result<()> {
    let account = accounts.witness.account();
    let rent = rent_exempt_lamports(account.data_len())?;
    let missing = rent.saturating_sub(account.lamports()).checked_add(deposit);
    let missing = missing.ok_or(fail(RollupError::Overflow))?;
    if missing == 0 {
        return Ok(());
    }
    let transfer = system_program::Transfer {
        from: accounts.owner.cpi_handle_mut(),
        to: accounts.witness.cpi_handle_mut(),
    };
    system_program::transfer(CpiContext::new(&system_program::ID, transfer), missing)
}

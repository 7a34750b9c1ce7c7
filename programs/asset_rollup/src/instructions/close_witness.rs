//! `close_witness`: closes a witness that proves nothing, or no more.

use anchor_lang::{AccountClose, Lamports, prelude::*};
use asset_rollup_interface::seeds;

use crate::{
    constants::INCINERATOR,
    error::{RollupError, fail},
    state::{Batch, Rollup, Witness, WitnessAccount},
};

/// Accounts of `close_witness`.
#[derive(Accounts)]
pub struct CloseWitness {
    /// `[signer, writable]` The witness's owner, repaid.
    #[account(mut)]
    pub owner: Signer,
    /// The rollup.
    #[account(seeds = [seeds::ROLLUP, rollup.chain_id.as_ref()], bump = rollup.bump)]
    pub rollup: Account<Rollup>,
    /// The address of batches of the number; there need be no account.
    #[account(seeds = [seeds::BATCH, rollup.address().as_ref(), witness.number.to_le_bytes()], bump)]
    pub batch: UncheckedAccount,
    /// `[writable]` Closed.
    #[account(
        mut,
        constraint = witness.owner == *owner.address() @ fail(RollupError::WrongWitness),
        constraint = witness.rollup == *rollup.address() @ fail(RollupError::WrongRollup)
    )]
    pub witness: WitnessAccount,
    /// `[writable]` Takes what is burnt.
    #[account(mut, address = INCINERATOR @ fail(RollupError::WrongIncinerator))]
    pub incinerator: UncheckedAccount,
}

/// Closes a witness: the rent goes to the owner, and the deposit where the batch was rolled back; else it is burnt.
///
/// # Errors
///
/// [`RollupError`].
#[inline(never)]
pub fn close_witness(ctx: &mut Context<CloseWitness>) -> Result<()> {
    let accounts = &mut ctx.accounts;
    let batch = accounts.batch.account();
    if !was_rolled_back(&accounts.rollup, batch, &accounts.witness)? {
        let deposit = accounts.witness.deposit;
        accounts.witness.sub_lamports(deposit)?;
        accounts.incinerator.add_lamports(deposit)?;
    }
    accounts.witness.close(*accounts.owner.account())
}

/// Whether the batch that was live when the witness was made is seen to be rolled back.
fn was_rolled_back(rollup: &Rollup, account: &AccountView, witness: &Witness) -> Result<bool> {
    if witness.number > rollup.committed_number {
        return Ok(true);
    }
    if rollup.is_live(witness.number) {
        let batch = Account::<Batch>::load(*account)?;
        return Ok(!witness.is_against(&batch));
    }
    let kept = rollup.finalized_root(witness.number);
    Ok(kept.is_ok_and(|root| root.to_bytes() != witness.post_root))
}

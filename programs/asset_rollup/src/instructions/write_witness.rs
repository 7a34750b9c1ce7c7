//! `write_witness`: writes bytes into a witness.

use anchor_lang::prelude::*;

use crate::{
    error::{RollupError, ensure, fail},
    state::WitnessAccount,
};

/// Accounts of `write_witness`.
#[derive(Accounts)]
pub struct WriteWitness {
    /// `[signer]` The witness's owner.
    pub owner: Signer,
    /// `[writable]` The witness.
    #[account(
        mut,
        constraint = witness.owner == *owner.address() @ fail(RollupError::WrongWitness)
    )]
    pub witness: WitnessAccount,
}

/// Writes bytes into a witness.
///
/// # Errors
///
/// [`RollupError`].
#[inline(never)]
pub fn write_witness(ctx: &mut Context<WriteWitness>, offset: u32, bytes: &[u8]) -> Result<()> {
    ensure(!bytes.is_empty(), RollupError::WitnessRange)?;
    let body = ctx.accounts.witness.as_mut_slice();
    let place = usize::try_from(offset).ok().and_then(|from| {
        let behind = from.checked_add(bytes.len())?;
        body.get_mut(from..behind)
    });
    place.ok_or(fail(RollupError::WitnessRange))?.copy_from_slice(bytes);
    Ok(())
}

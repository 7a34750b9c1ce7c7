//! `replay_segment`: replays one segment and returns what it does.

use anchor_lang::{pinocchio::cpi::set_return_data, prelude::*};

use crate::{
    error::{RollupError, ensure, fail},
    replay::{Effect, Place, Replay, replay},
    state::WitnessAccount,
};

/// Accounts of `replay_segment`.
#[derive(Accounts)]
pub struct ReplaySegment {
    /// Holds the witness and the chunk; left out when the arguments do.
    pub witness: Option<UncheckedAccount>,
}

/// Replays one segment. Changes nothing; the root after it and the hash of its receipts are the return data.
///
/// # Errors
///
/// As [`replay`], and [`RollupError::InvalidWitnessAccount`].
#[inline(never)]
pub fn replay_segment(ctx: &mut Context<ReplaySegment>, input: &Replay<'_>) -> Result<()> {
    let effect = match &ctx.accounts.witness {
        Some(account) => replay_account(account.account(), input)?,
        None => replay(input)?,
    };
    let mut bytes = [0; 64];
    let (root, receipts) = bytes.split_at_mut(32);
    root.copy_from_slice(effect.post_root.as_bytes());
    receipts.copy_from_slice(effect.receipts_hash.as_bytes());
    set_return_data(&bytes);
    Ok(())
}

/// Replays from an account, which stands in for arguments that are empty.
#[inline(never)]
fn replay_account(account: &AccountView, input: &Replay<'_>) -> Result<Effect> {
    let empty = input.witness.is_empty() && input.place.chunk.is_empty();
    ensure(empty, RollupError::InvalidWitnessAccount)?;
    let invalid = || fail(RollupError::InvalidWitnessAccount);
    let witness = WitnessAccount::load(*account).map_err(|_| invalid())?;
    let parts = witness.parts(witness.as_slice()).map_err(|_| invalid())?;
    let place = Place { chunk: parts.chunk, ..input.place };
    replay(&Replay { witness: parts.state, place, ..*input })
}

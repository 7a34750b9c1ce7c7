//! `challenge_trace`: shows that the chunks of a live batch do not make up the batch.

use anchor_lang::prelude::*;
use asset_rollup_interface::{instruction::TraceFault, state::Parts};
use curvevm::{
    cell::{Cell, Chain},
    codec::{Tip, chunk_tips},
    error::StateError,
    types::Hash,
};

use crate::{
    error::{RollupError, ensure, fail},
    instructions::challenge::{Challenge, conclude},
    replay::open,
    state::Batch,
};

/// What is said to be wrong with the chunks.
#[derive(Clone, Copy)]
pub struct Fault {
    /// The index of the chunk; of the first of two.
    pub chunk: u16,
    /// What is wrong with it.
    pub fault: TraceFault,
}

impl Fault {
    /// The fault of a number.
    ///
    /// # Errors
    ///
    /// [`RollupError::UnknownFault`].
    pub fn new(chunk: u16, number: u8) -> Result<Self> {
        let fault = TraceFault::from_number(number).ok_or(fail(RollupError::UnknownFault))?;
        Ok(Self { chunk, fault })
    }
}

/// Looks at the chunks of a live batch, and overturns the batch when they do not make it up.
///
/// # Errors
///
/// [`RollupError`]; nothing changed then.
#[inline(never)]
pub fn challenge_trace(ctx: &mut Context<Challenge>, number: u64, fault: Fault) -> Result<()> {
    ensure(ctx.accounts.rollup.is_live(number), RollupError::BatchNotLive)?;
    let wrong = is_wrong(&ctx.accounts, fault)?;
    conclude(wrong, ctx.bumps.verdict, &mut ctx.accounts)
}

#[inline(never)]
fn is_wrong(accounts: &Challenge, Fault { chunk: index, fault }: Fault) -> Result<bool> {
    let (batch, parts) = (&*accounts.batch, accounts.parts()?);
    if fault != TraceFault::Chain {
        accounts.check_chunk(parts.chunk, index)?;
    }
    let last = accounts.data.len().checked_sub(1);
    match fault {
        TraceFault::Chain => is_chain_wrong(batch, parts.state),
        TraceFault::Malformed => Ok(chunk_tips(parts.chunk).is_err()),
        TraceFault::First => {
            ensure(index == 0, RollupError::WrongChunk)?;
            tips(parts.chunk).map(|(begin, _)| begin != before(batch))
        }
        TraceFault::Join => {
            let next = index.checked_add(1).ok_or(fail(RollupError::WrongChunk))?;
            accounts.check_chunk(parts.next, next)?;
            is_join_wrong(&parts)
        }
        TraceFault::Last => {
            ensure(last == Some(usize::from(index)), RollupError::WrongChunk)?;
            tips(parts.chunk).map(|(_, end)| end != after(batch))
        }
    }
}

#[inline(never)]
fn is_join_wrong(parts: &Parts<'_>) -> Result<bool> {
    let ((_, end), (begin, _)) = (tips(parts.chunk)?, tips(parts.next)?);
    Ok(end != begin)
}

/// The tips of a chunk that can be decoded.
#[inline(never)]
fn tips(chunk: &[u8]) -> Result<(Tip, Tip)> {
    chunk_tips(chunk).map_err(|_| fail(RollupError::BadChunk))
}

/// What the batch continues.
fn before(batch: &Batch) -> Tip {
    Tip {
        height: batch.first_height.saturating_sub(1),
        time_ms: batch.previous_time_ms,
        root: Hash::new(batch.prev_root),
    }
}

/// What the batch ends at.
const fn after(batch: &Batch) -> Tip {
    Tip { height: batch.last_height, time_ms: batch.time_ms, root: Hash::new(batch.post_root) }
}

/// Whether the chain's cell under the header's root is not what the header says. No chain has a state without it.
#[inline(never)]
fn is_chain_wrong(batch: &Batch, witness: &[u8]) -> Result<bool> {
    let tree = open(witness, &Hash::new(batch.post_root))?;
    match tree.get(&Chain::key()) {
        Ok(Some(Cell::Chain(chain))) => Ok(chain.height != batch.last_height
            || chain.time_ms != batch.time_ms
            || chain.inbox_cursor != batch.inbox_cursor
            || chain.inbox_hash.to_bytes() != batch.inbox_hash
            || chain.withdrawals != batch.withdrawals),
        Ok(_) => Ok(true),
        Err(StateError::NotInWitness) => Err(fail(RollupError::CellNotInWitness)),
        Err(_) => Err(fail(RollupError::BadWitness)),
    }
}

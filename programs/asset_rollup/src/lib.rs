//! The AssetRollup program: settlement of Asset L2 on Solana.
//!
//! # Status
//!
//! Experimental. Accounts are versioned; error numbers are append-only (`asset-rollup-interface`).
//!
//! # Rules
//!
//! 1. A rollup is started from its whole genesis, whose hash is the chain id, so that nobody can start it otherwise.
//! 2. Deposits and forced transactions are appended to a hash chain, as a message with an account of its own. A batch that leaves out a
//!    message past its delay is refused.
//! 3. A batch is committed in order, when all of its data is posted, under a quorum of the active members' signatures over its
//!    settlement digest; or, when the committee is silent for long, under the bond of whoever posts it.
//! 4. A batch is finalized in order, when its window is over in slots and in seconds.
//! 5. A segment is replayed from a witness by the same CurveVM that made it.
//! 6. Only a withdrawal proved under a finalized root moves lamports or tokens out of the vault, or mints a launched asset, once.
//! 7. A member is convicted by a verdict, is active no more, and its bond is slashed: half to the challenger, half burnt.
//! 8. A live batch that is proved wrong is rolled back with all after it, and whoever committed it is convicted. The proof is a
//!    segment's replay, or chunks that do not make up the batch; a challenger who proves nothing loses a deposit.
//! 9. A committee is replaced under a quorum of its active members, when no live batch is of the one before.
//! 10. Tokens are deposited of the quote assets of the genesis, whose mints have known extensions only, and of launched assets, whose
//!     mints are the vault's and are made from a curve that is proved ([`token`]).
//! 10. The authority may pause, set windows, hand over and upgrade, each after a delay; none of that moves funds, and no pause
//!     touches challenges, finalization or withdrawals.
//! 11. Data and commits come from transactions themselves, not from other programs, so that whoever reads transactions sees them.
//!
//! # Invariants
//!
//! 1. `finalized_number <= committed_number`; only a rollback lowers the latter, and never below the former.
//! 2. The vault holds the rent minimum and what was deposited, less what was withdrawn, of every asset; the supply of a launched asset's
//!    mint is what left the chain and has not come back.
//! 3. A message's account exists until its index is below the finalized inbox cursor.
//! 4. A nullifier that is set is never cleared.
//! 5. A bond is paid to its owner, or half to a challenger and half burnt, once: only `finish_unbond` and `slash` move it.
//! 6. Every live batch is of the present committee or of the one before.
// Anchor prints the program's description from a test that wants the prelude of the standard library.
#![cfg_attr(not(all(test, feature = "idl-build")), no_std)]
#![cfg_attr(all(target_os = "solana", feature = "upstream-llvm"), feature(abi_unadjusted))]
#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::indexing_slicing,
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss
    )
)]

extern crate alloc;
#[cfg(all(test, not(feature = "idl-build")))]
extern crate std;

#[cfg(any(test, all(target_os = "solana", feature = "upstream-llvm")))]
mod builtins;
pub mod caller;
pub mod certificate;
pub mod constants;
pub mod error;
pub mod inbox;
#[allow(
    unused_variables,
    reason = "Anchor reads the arguments of an instruction again when it ends"
)]
pub mod instructions;
pub mod proof;
pub mod replay;
pub mod state;
pub mod token;
pub mod upgrade;

use anchor_lang::prelude::*;
use curvevm::{
    program::Amount,
    types::{AssetId, Hash, Quote},
};
#[cfg(target_os = "solana")]
use solana_compiler_builtins as _;

pub use certificate::MemberSignature;
pub use instructions::*;
pub use proof::{Claim, TokenAmount};

declare_id!("5k4r7wUh7rPMwkatgPvg24JnJ3KbctvXmLm3k2FuCt2b");

/// The instructions. Their arguments are documented in `asset-rollup-interface`, their accounts with their structs.
#[program]
pub mod asset_rollup {
    use super::*;

    /// Starts a rollup from its genesis.
    pub fn initialize(ctx: &mut Context<Initialize>, genesis: &[u8]) -> Result<()> {
        instructions::initialize::initialize(ctx, genesis)
    }

    /// Moves lamports into the vault and appends a deposit to the inbox.
    pub fn deposit_sol(
        ctx: &mut Context<DepositSol>,
        index: u64,
        recipient: [u8; 32],
        amount: u64,
    ) -> Result<()> {
        instructions::deposit_sol::deposit_sol(ctx, index, recipient, amount)
    }

    /// Records the hash of a chunk of a batch's data.
    pub fn post_data(
        ctx: &mut Context<PostData>,
        number: u64,
        chunk_index: u16,
        chunk_count: u16,
        bytes: &[u8],
    ) -> Result<()> {
        let chunk = Chunk { number, index: chunk_index, count: chunk_count, bytes };
        instructions::post_data::post_data(ctx, &chunk)
    }

    /// Commits the next batch, under a quorum of signatures or in a takeover.
    pub fn commit_batch(
        ctx: &mut Context<CommitBatch>,
        header: &[u8],
        signatures: alloc::vec::Vec<MemberSignature>,
    ) -> Result<()> {
        let certified = Certified { header, signatures: &signatures };
        instructions::commit_batch::commit_batch(ctx, &certified)
    }

    /// Finalizes the next batch when its window is over.
    pub fn finalize_batch(ctx: &mut Context<FinalizeBatch>, number: u64) -> Result<()> {
        instructions::finalize_batch::finalize_batch(ctx, number)
    }

    /// Closes a data account that is not needed any more.
    pub fn close_data(ctx: &mut Context<CloseData>) -> Result<()> {
        instructions::close_data::close_data(ctx)
    }

    /// Closes a message that a finalized batch has consumed.
    pub fn close_message(ctx: &mut Context<CloseMessage>, index: u64) -> Result<()> {
        instructions::close_message::close_message(ctx, index)
    }

    /// Pays a withdrawal that is proved under a finalized root.
    pub fn withdraw(
        ctx: &mut Context<Withdraw>,
        root_number: u64,
        index: u64,
        asset: [u8; 32],
        amount: u64,
        witness: &[u8],
    ) -> Result<()> {
        let amount = Amount::Quote(AssetId::new(asset), Quote::new(amount));
        let claim = Claim { root_number, index, amount, witness };
        instructions::withdraw::withdraw(ctx, &claim)
    }

    /// Replays one segment from a witness and returns the root after it and the hash of its receipts.
    pub fn replay_segment(
        ctx: &mut Context<ReplaySegment>,
        chain_id: [u8; 32],
        chunk_bytes_max: u16,
        offset: u32,
        witness: &[u8],
        chunk: &[u8],
    ) -> Result<()> {
        let place = replay::Place { chunk, offset, chunk_bytes_max };
        let input = replay::Replay { chain_id: Hash::new(chain_id), witness, place };
        instructions::replay_segment::replay_segment(ctx, &input)
    }

    /// Locks a bond for a key, or adds to it.
    pub fn register_member(
        ctx: &mut Context<RegisterMember>,
        key: [u8; 32],
        amount: u64,
        signature: [u8; 64],
    ) -> Result<()> {
        let registration = Registration { key, amount, signature };
        instructions::register_member::register_member(ctx, &registration)
    }

    /// Begins to withdraw a bond.
    pub fn begin_unbond(ctx: &mut Context<BeginUnbond>) -> Result<()> {
        instructions::begin_unbond::begin_unbond(ctx)
    }

    /// Pays a bond to its owner.
    pub fn finish_unbond(ctx: &mut Context<FinishUnbond>) -> Result<()> {
        instructions::finish_unbond::finish_unbond(ctx)
    }

    /// Replaces the committee, for the next batch on.
    pub fn rotate_committee(
        ctx: &mut Context<RotateCommittee>,
        members: alloc::vec::Vec<[u8; 32]>,
        signatures: alloc::vec::Vec<MemberSignature>,
    ) -> Result<()> {
        let successors = Successors { members: &members, signatures: &signatures };
        instructions::rotate_committee::rotate_committee(ctx, &successors)
    }

    /// Convicts a member that cast two votes where one is allowed.
    pub fn report_equivocation(
        ctx: &mut Context<ReportEquivocation>,
        member: [u8; 32],
        epoch: u64,
        view: u64,
        first: Vote,
        second: Vote,
    ) -> Result<()> {
        let votes = Votes { member, epoch, view, votes: [first, second] };
        instructions::report_equivocation::report_equivocation(ctx, &votes)
    }

    /// Executes a verdict on one of those that it accuses.
    pub fn slash(ctx: &mut Context<Slash>, index: u64, accused: u8) -> Result<()> {
        instructions::slash::slash(ctx, index, accused)
    }

    /// Closes a verdict that was executed on all that it accuses.
    pub fn close_verdict(ctx: &mut Context<CloseVerdict>) -> Result<()> {
        instructions::close_verdict::close_verdict(ctx)
    }

    /// Closes a batch account that a rollback left behind.
    pub fn close_batch(ctx: &mut Context<CloseBatch>) -> Result<()> {
        instructions::close_batch::close_batch(ctx)
    }

    /// Takes an account as a witness against a live batch.
    pub fn init_witness(
        ctx: &mut Context<InitWitness>,
        number: u64,
        lengths: [u32; 3],
    ) -> Result<()> {
        instructions::init_witness::init_witness(ctx, number, lengths)
    }

    /// Writes bytes into a witness.
    pub fn write_witness(ctx: &mut Context<WriteWitness>, offset: u32, bytes: &[u8]) -> Result<()> {
        instructions::write_witness::write_witness(ctx, offset, bytes)
    }

    /// Closes a witness.
    pub fn close_witness(ctx: &mut Context<CloseWitness>) -> Result<()> {
        instructions::close_witness::close_witness(ctx)
    }

    /// Replays one segment of a live batch, and overturns the batch when its claimed root is wrong.
    pub fn challenge(
        ctx: &mut Context<Challenge>,
        number: u64,
        chunk: u16,
        offset: u32,
    ) -> Result<()> {
        instructions::challenge::challenge(ctx, number, Segment { chunk, offset })
    }

    /// Overturns a live batch whose chunks do not make it up.
    pub fn challenge_trace(
        ctx: &mut Context<Challenge>,
        number: u64,
        chunk: u16,
        fault: u8,
    ) -> Result<()> {
        instructions::challenge_trace::challenge_trace(ctx, number, Fault::new(chunk, fault)?)
    }

    /// Appends a transaction to the inbox.
    pub fn force_transaction(
        ctx: &mut Context<ForceTransaction>,
        index: u64,
        bytes: &[u8],
    ) -> Result<()> {
        instructions::force_transaction::force_transaction(ctx, index, bytes)
    }

    /// Takes tokens and appends a deposit to the inbox.
    pub fn deposit_token(
        ctx: &mut Context<DepositToken>,
        index: u64,
        recipient: [u8; 32],
        amount: TokenAmount,
    ) -> Result<()> {
        instructions::deposit_token::deposit_token(ctx, index, recipient, &amount)
    }

    /// Pays a withdrawal of tokens that is proved under a finalized root.
    pub fn withdraw_token(
        ctx: &mut Context<WithdrawToken>,
        root_number: u64,
        index: u64,
        amount: TokenAmount,
        witness: &[u8],
    ) -> Result<()> {
        let claim = Claim { root_number, index, amount: amount.of_tokens()?, witness };
        instructions::withdraw_token::withdraw_token(ctx, &claim)
    }

    /// Creates the mint of a launched asset that is proved under a finalized root.
    pub fn create_mint(
        ctx: &mut Context<CreateMint>,
        root_number: u64,
        curve: [u8; 32],
        witness: &[u8],
    ) -> Result<()> {
        let creation = Creation { root_number, curve, witness };
        instructions::create_mint::create_mint(ctx, &creation)
    }

    /// Announces what the authority will do; `act` is the encoding of the interface's `Act`.
    pub fn schedule_action(ctx: &mut Context<ScheduleAction>, act: &[u8]) -> Result<()> {
        instructions::schedule_action::schedule_action(ctx, act)
    }

    /// Gives up an action.
    pub fn cancel_action(ctx: &mut Context<CancelAction>, index: u64) -> Result<()> {
        instructions::cancel_action::cancel_action(ctx, index)
    }

    /// Does what was scheduled, when its delay is over.
    pub fn execute_action(ctx: &mut Context<ExecuteAction>, index: u64) -> Result<()> {
        instructions::execute_action::execute_action(ctx, index)
    }
}

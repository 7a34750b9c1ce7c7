//! `commit_batch`: commits the next batch under a quorum of signatures.

use anchor_lang::prelude::*;
use asset_rollup_interface::seeds;
use curvevm::{
    batch::{BATCH_VERSION, BatchHeader, VM_VERSION, data_root},
    genesis::quorum,
    host,
    types::{Address as Key, Hash, Signature},
};

use crate::{
    error::{RollupError, ensure, fail},
    state::{Batch, Commitment, DataAccount, Inbox, Message, MessageAccount, Rollup},
};

/// Accounts of `commit_batch`.
#[derive(Accounts)]
#[instruction(header: &[u8])]
pub struct CommitBatch {
    /// `[signer, writable]` Pays for the batch account.
    #[account(mut)]
    pub poster: Signer,
    /// `[writable]` The rollup.
    #[account(mut, seeds = [seeds::ROLLUP, rollup.chain_id.as_ref()], bump = rollup.bump)]
    pub rollup: Account<Rollup>,
    /// Its inbox.
    #[account(seeds = [seeds::INBOX, rollup.address().as_ref()], bump = rollup.inbox_bump)]
    pub inbox: Account<Inbox>,
    /// The data account with all chunks.
    #[account(
        seeds = [
            seeds::DATA,
            rollup.address().as_ref(),
            data.number.to_le_bytes(),
            data.poster.as_ref()
        ],
        bump = data.bump
    )]
    pub data: DataAccount,
    /// `[writable]` Created.
    #[account(
        init,
        payer = poster,
        seeds = [seeds::BATCH, rollup.address().as_ref(), rollup.next_number(header)?],
        bump
    )]
    pub batch: Account<Batch>,
    /// The message before the header's cursor; needed when the cursor has moved past the committed one.
    pub last: Option<UncheckedAccount>,
    /// The message at the header's cursor; needed when the inbox has one. It may be named before it is there.
    pub next: Option<UncheckedAccount>,
    /// Creates the account.
    pub system_program: Program<System>,
}

/// A member's signature over the settlement digest.
#[derive(Clone, Copy, AnchorSerialize, AnchorDeserialize, IdlType)]
pub struct MemberSignature {
    /// The member's index in the committee.
    pub member: u8,
    /// The signature.
    pub signature: [u8; 64],
}

/// What is committed.
pub struct Certified<'a> {
    /// The encoding of the header.
    pub header: &'a [u8],
    /// The committee's signatures over its settlement digest.
    pub signatures: &'a [MemberSignature],
}

/// Commits the next batch under a quorum of signatures.
///
/// # Errors
///
/// [`RollupError`].
#[inline(never)]
pub fn commit_batch(ctx: &mut Context<CommitBatch>, certified: &Certified<'_>) -> Result<()> {
    let header: BatchHeader =
        borsh::from_slice(certified.header).map_err(|_| fail(RollupError::InvalidHeader))?;
    let clock = Clock::get()?;
    let program_id = Key::new(ctx.program_id.to_bytes());
    let bump = ctx.bumps.batch;
    let accounts = &mut ctx.accounts;
    check_header(&header, &accounts.rollup)?;
    check_inbox(&header, accounts, clock.slot)?;
    check_data(&header, accounts)?;
    let signers = check_quorum(&header, &program_id, &accounts.rollup, certified.signatures)?;

    let commitment = Commitment {
        bump,
        signers,
        rollup: *accounts.rollup.address(),
        poster: *accounts.poster.address(),
        data: *accounts.data.address(),
        clock,
    };
    *accounts.batch = Batch::new(&header, &commitment);
    accounts.rollup.commit(&header);
    accounts.batch.check()?;
    accounts.rollup.check()
}

/// The header follows the last committed one.
fn check_header(header: &BatchHeader, rollup: &Rollup) -> Result<()> {
    let known = header.version == BATCH_VERSION && header.vm_version == VM_VERSION;
    ensure(known, RollupError::UnknownVersion)?;
    ensure(header.chain_id == Hash::new(rollup.chain_id), RollupError::WrongChain)?;
    let follows = rollup.committed_number.checked_add(1) == Some(header.number);
    ensure(follows, RollupError::WrongNumber)?;
    let prev_root = Hash::new(rollup.committed_root);
    ensure(header.prev_root == prev_root, RollupError::WrongPreviousRoot)?;
    let first = rollup.committed_height.checked_add(1) == Some(header.first_height);
    ensure(first && header.last_height >= header.first_height, RollupError::WrongHeights)?;
    ensure(header.time_ms >= rollup.committed_time_ms, RollupError::WrongTime)?;
    let withdrawals = header.withdrawals >= rollup.committed_withdrawals;
    ensure(withdrawals, RollupError::WrongWithdrawals)
}

/// The header's cursor and hash are the inbox's, and no message past its delay is left out.
fn check_inbox(header: &BatchHeader, accounts: &CommitBatch, slot: u64) -> Result<()> {
    let (rollup, inbox) = (&*accounts.rollup, &*accounts.inbox);
    let cursor = header.inbox_cursor;
    let within = (rollup.committed_inbox_cursor..=inbox.count).contains(&cursor);
    ensure(within, RollupError::WrongInboxCursor)?;
    let hash = match cursor.checked_sub(1) {
        Some(last) if cursor > rollup.committed_inbox_cursor => {
            message(accounts.last.as_ref(), inbox, last)?.hash
        }
        Some(_) | None => rollup.committed_inbox_hash,
    };
    ensure(header.inbox_hash == Hash::new(hash), RollupError::WrongInboxHash)?;
    if cursor == inbox.count {
        return Ok(());
    }
    let next = message(accounts.next.as_ref(), inbox, cursor)?;
    let age = slot.saturating_sub(next.slot);
    ensure(age <= rollup.inbox_delay_slots, RollupError::MessageLeftOut)
}

/// The message of an index, which has to be passed.
fn message(
    account: Option<&UncheckedAccount>,
    inbox: &Inbox,
    index: u64,
) -> Result<MessageAccount> {
    let account = account.ok_or(fail(RollupError::MessageMissing))?;
    Message::load(account.account(), &inbox.rollup, index)
}

/// All chunks are posted, and they are the header's.
fn check_data(header: &BatchHeader, accounts: &CommitBatch) -> Result<()> {
    let data = &accounts.data;
    let same = data.rollup == *accounts.rollup.address() && data.number == header.number;
    ensure(same, RollupError::WrongData)?;
    let hashes = data.as_slice();
    ensure(usize::from(data.posted) == hashes.len(), RollupError::DataIncomplete)?;
    let counted = usize::try_from(header.chunk_count) == Ok(hashes.len());
    ensure(counted && header.data_root == data_root(hashes), RollupError::WrongDataRoot)
}

/// The signatures are a quorum of the committee's over the settlement digest. Gives the signers' bits.
fn check_quorum(
    header: &BatchHeader,
    program_id: &Key,
    rollup: &Rollup,
    signatures: &[MemberSignature],
) -> Result<u32> {
    let required = quorum(usize::from(rollup.member_count));
    ensure(signatures.len() >= required, RollupError::NoQuorum)?;
    let digest = header.settlement_digest(program_id, &Hash::new(rollup.committee_hash));
    let (mut signers, mut next) = (0u32, 0u8);
    for entry in signatures {
        ensure(entry.member >= next, RollupError::MemberOrder)?;
        let key = rollup.member(entry.member)?;
        let valid = host::verify(&key, &digest, &Signature::new(entry.signature));
        ensure(valid, RollupError::BadSignature)?;
        signers |= 1u32.checked_shl(u32::from(entry.member)).ok_or(fail(RollupError::Corrupt))?;
        next = entry.member.saturating_add(1);
    }
    Ok(signers)
}

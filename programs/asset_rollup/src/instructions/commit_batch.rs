//! `commit_batch`: commits the next batch, under a quorum of signatures or in a takeover.

use anchor_lang::prelude::*;
use asset_rollup_interface::{constants::MESSAGES_CONSUMED_MIN, seeds};
use curvevm::{
    batch::{BATCH_VERSION, BatchHeader, VM_VERSION, data_root},
    types::{Address as Key, Hash},
};

use crate::{
    caller::check_top_level,
    certificate::{MemberSignature, check_quorum},
    error::{RollupError, ensure, fail},
    state::{
        Batch, Commitment, Committers, DataAccount, Inbox, Member, Message, MessageAccount, Rollup,
    },
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
    /// The poster's member, in a takeover; left out otherwise.
    #[account(
        seeds = [seeds::MEMBER, rollup.address().as_ref(), member.key.as_ref()],
        bump = member.bump
    )]
    pub member: Option<Account<Member>>,
}

/// What is committed.
pub struct Certified<'a> {
    /// The encoding of the header.
    pub header: &'a [u8],
    /// The committee's signatures over its settlement digest; none in a takeover.
    pub signatures: &'a [MemberSignature],
}

/// Commits the next batch.
///
/// # Errors
///
/// [`RollupError`].
#[inline(never)]
pub fn commit_batch(ctx: &mut Context<CommitBatch>, certified: &Certified<'_>) -> Result<()> {
    check_top_level()?;
    let header: BatchHeader =
        borsh::from_slice(certified.header).map_err(|_| fail(RollupError::InvalidHeader))?;
    let clock = Clock::get()?;
    let program_id = Key::new(ctx.program_id.to_bytes());
    let bump = ctx.bumps.batch;
    let accounts = &mut ctx.accounts;
    accounts.rollup.check_open(&clock)?;
    check_header(&header, &accounts.rollup)?;
    check_inbox(&header, accounts, clock.slot)?;
    check_data(&header, accounts)?;
    let committers = if certified.signatures.is_empty() {
        Committers::Poster(check_takeover(accounts, clock.slot)?)
    } else {
        let committee_hash = Hash::new(accounts.rollup.committee_hash);
        let digest = header.settlement_digest(&program_id, &committee_hash);
        Committers::Signers(check_signers(&accounts.rollup, &digest, certified.signatures)?)
    };

    let commitment = Commitment {
        bump,
        committers,
        rollup: *accounts.rollup.address(),
        poster: *accounts.poster.address(),
        data: *accounts.data.address(),
        clock,
    };
    *accounts.batch = Batch::new(&header, &commitment, &accounts.rollup);
    accounts.rollup.commit(&header);
    if accounts.batch.is_certified() {
        accounts.rollup.committee_slot = accounts.batch.slot;
    }
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
    let consumed = cursor.saturating_sub(rollup.committed_inbox_cursor);
    if cursor == inbox.count || consumed >= MESSAGES_CONSUMED_MIN {
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

/// The signatures are those of a quorum of the active members, and each signer answers with a bond, where genesis asks for bonds.
/// Gives the signers' bits.
fn check_signers(rollup: &Rollup, digest: &Hash, signatures: &[MemberSignature]) -> Result<u32> {
    let signers = check_quorum(rollup, digest, signatures)?;
    let bonded = rollup.bond_lamports == 0 || signers & !rollup.bonded == 0;
    ensure(bonded, RollupError::NotBonded)?;
    Ok(signers)
}

/// The committee is silent for too long, and the poster answers with a bond of its own. Gives its key.
fn check_takeover(accounts: &CommitBatch, slot: u64) -> Result<[u8; 32]> {
    let member = accounts.member.as_ref().ok_or(fail(RollupError::NoQuorum))?;
    let rollup = &accounts.rollup;
    ensure(member.rollup == *rollup.address(), RollupError::WrongRollup)?;
    ensure(member.owner == *accounts.poster.address(), RollupError::WrongOwner)?;
    member.check_liable(rollup)?;
    let silent = rollup.committee_slot.checked_add(rollup.takeover_slots);
    let silent = silent.ok_or(fail(RollupError::Overflow))?;
    ensure(slot > silent, RollupError::TakeoverTooSoon)?;
    Ok(member.key)
}

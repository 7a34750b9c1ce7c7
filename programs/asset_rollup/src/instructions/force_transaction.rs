//! `force_transaction`: appends a transaction to the inbox.

use anchor_lang::prelude::*;
use asset_rollup_interface::{constants::FORCED_BYTES_MAX, seeds};
use curvevm::inbox::MessageKind;

use crate::{
    error::{RollupError, ensure, fail},
    inbox::{Sent, append},
    state::{Inbox, Message, MessageAccount, Rollup},
};

/// Accounts of `force_transaction`.
#[derive(Accounts)]
#[instruction(index: u64, bytes: &[u8])]
pub struct ForceTransaction {
    /// `[signer, writable]` Pays the rent of the message until it is closed.
    #[account(mut)]
    pub payer: Signer,
    /// The rollup.
    #[account(seeds = [seeds::ROLLUP, rollup.chain_id.as_ref()], bump = rollup.bump)]
    pub rollup: Account<Rollup>,
    /// `[writable]` Its inbox.
    #[account(
        mut,
        seeds = [seeds::INBOX, rollup.address().as_ref()],
        bump = rollup.inbox_bump
    )]
    pub inbox: Account<Inbox>,
    /// `[writable]` Created.
    #[account(
        init,
        payer = payer,
        space = Message::space(body_length(bytes)?)?,
        seeds = [seeds::MESSAGE, rollup.address().as_ref(), inbox.next_index(index)?],
        bump
    )]
    pub message: MessageAccount,
    /// Creates the account.
    pub system_program: Program<System>,
}

/// The length of the message's body: the kind's tag, the length and the bytes.
fn body_length(bytes: &[u8]) -> Result<usize> {
    let valid = (1..=FORCED_BYTES_MAX).contains(&bytes.len());
    ensure(valid, RollupError::ForcedSize)?;
    bytes.len().checked_add(1 + 4).ok_or(fail(RollupError::ForcedSize))
}

/// Appends a transaction to the inbox. What is wrong with it leaves a receipt on the chain.
///
/// # Errors
///
/// [`RollupError`].
#[inline(never)]
pub fn force_transaction(
    ctx: &mut Context<ForceTransaction>,
    index: u64,
    bytes: &[u8],
) -> Result<()> {
    let bump = ctx.bumps.message;
    let accounts = &mut ctx.accounts;
    let kind = MessageKind::Transaction { bytes: bytes.to_vec() };
    let sent = Sent { index, bump, payer: *accounts.payer.address(), kind };
    append(&mut accounts.inbox, &mut accounts.message, sent)
}

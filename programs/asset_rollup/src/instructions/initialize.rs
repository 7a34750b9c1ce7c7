//! `initialize`: starts a rollup from its genesis.

use anchor_lang::{cpi::rent_exempt_lamports, prelude::*, system_program};
use asset_rollup_interface::{constants::MEMBERS_MAX, seeds, state::ACCOUNT_VERSION};
use curvevm::{
    cell::ASSETS_MAX,
    codec::{CHUNK_BYTES_MAX, CHUNK_BYTES_MIN},
    genesis::{GENESIS_VERSION, Genesis, Params},
    types::{Address as Key, AssetId, Hash},
};

use crate::{
    constants::{LAMPORTS_MAX, SECS_MAX, SLOTS_MAX},
    error::{RollupError, ensure, fail},
    state::{Finalized, Inbox, Rollup},
};

/// Accounts of `initialize`.
#[derive(Accounts)]
#[instruction(genesis: &[u8])]
pub struct Initialize {
    /// `[signer, writable]` Pays for the accounts.
    #[account(mut)]
    pub payer: Signer,
    /// `[writable]` Created.
    #[account(
        init,
        payer = payer,
        seeds = [seeds::ROLLUP, chain_id(genesis)?],
        bump
    )]
    pub rollup: Account<Rollup>,
    /// `[writable]` Created.
    #[account(init, payer = payer, seeds = [seeds::INBOX, rollup.address().as_ref()], bump)]
    pub inbox: Account<Inbox>,
    /// `[writable]` Funded to the rent minimum.
    #[account(mut, seeds = [seeds::VAULT, rollup.address().as_ref()], bump)]
    pub vault: SystemAccount,
    /// Creates the accounts.
    pub system_program: Program<System>,
}

/// The chain id of an encoded genesis.
fn chain_id(genesis: &[u8]) -> Result<Hash> {
    Ok(decode(genesis)?.hash())
}

fn decode(genesis: &[u8]) -> Result<Genesis> {
    let genesis: Genesis =
        borsh::from_slice(genesis).map_err(|_| fail(RollupError::InvalidGenesis))?;
    ensure(genesis.version == GENESIS_VERSION, RollupError::InvalidGenesis)?;
    Ok(genesis)
}

/// Starts a rollup from its genesis.
///
/// # Errors
///
/// [`RollupError`].
#[inline(never)]
pub fn initialize(ctx: &mut Context<Initialize>, genesis: &[u8]) -> Result<()> {
    let genesis = decode(genesis)?;
    let program_id = ctx.program_id.to_bytes();
    ensure(genesis.program_id == Key::new(program_id), RollupError::WrongProgram)?;
    check_committee(&genesis.committee)?;
    check_params(&genesis.params)?;
    check_assets(&genesis.quote_assets)?;
    fund_vault(&mut ctx.accounts)?;

    let slot = Clock::get()?.slot;
    let (bump, vault_bump, inbox_bump) = (ctx.bumps.rollup, ctx.bumps.vault, ctx.bumps.inbox);
    let accounts = &mut ctx.accounts;
    let rollup_address = *accounts.rollup.address();
    let rollup = &mut *accounts.rollup;
    (rollup.version, rollup.bump) = (ACCOUNT_VERSION, bump);
    (rollup.vault_bump, rollup.inbox_bump) = (vault_bump, inbox_bump);
    rollup.committee_slot = slot;
    start(rollup, &genesis)?;
    rollup.check()?;

    let inbox = &mut *accounts.inbox;
    (inbox.version, inbox.bump) = (ACCOUNT_VERSION, inbox_bump);
    inbox.rollup = rollup_address;
    Ok(())
}

/// Writes what follows from the genesis.
fn start(rollup: &mut Rollup, genesis: &Genesis) -> Result<()> {
    let params = &genesis.params;
    rollup.chunk_bytes_max = params.chunk_bytes_max;
    rollup.challenge_slots = params.challenge_slots;
    rollup.challenge_secs = params.challenge_secs;
    rollup.inbox_delay_slots = params.inbox_delay_slots;
    rollup.bond_lamports = params.bond_lamports;
    rollup.challenge_lamports = params.challenge_lamports;
    rollup.takeover_slots = params.takeover_slots;
    rollup.authority = Address::new_from_array(params.authority.to_bytes());
    rollup.authority_delay_secs = params.authority_delay_secs;
    rollup.chain_id = genesis.hash().to_bytes();
    rollup.seat(&genesis.committee)?;
    for (place, asset) in rollup.quote_assets.iter_mut().zip(&genesis.quote_assets) {
        *place = asset.to_bytes();
    }
    rollup.epoch_first_number = 1;
    rollup.committed_time_ms = genesis.time_ms;
    let mut tree = genesis.tree().map_err(|_| fail(RollupError::InvalidGenesis))?;
    let root = tree.root().to_bytes();
    rollup.committed_root = root;
    rollup.finalize(&Finalized { number: 0, height: 0, inbox_cursor: 0, root })
}

/// A committee has as many members as it may, each once.
///
/// # Errors
///
/// [`RollupError::InvalidCommittee`].
pub fn check_committee(committee: &[Key]) -> Result<()> {
    let mut seen: &[Key] = committee;
    let mut distinct = true;
    while let Some((member, rest)) = seen.split_first() {
        distinct &= !rest.contains(member);
        seen = rest;
    }
    let counted = (1..=MEMBERS_MAX).contains(&committee.len());
    ensure(counted && distinct, RollupError::InvalidCommittee)
}

fn check_params(params: &Params) -> Result<()> {
    let chunk = usize::from(params.chunk_bytes_max);
    let valid = (CHUNK_BYTES_MIN..=CHUNK_BYTES_MAX).contains(&chunk)
        && params.challenge_slots <= SLOTS_MAX
        && params.challenge_secs <= SECS_MAX
        && (1..=SLOTS_MAX).contains(&params.inbox_delay_slots)
        && params.bond_lamports <= LAMPORTS_MAX
        && params.challenge_lamports <= LAMPORTS_MAX
        && (1..=SLOTS_MAX).contains(&params.takeover_slots)
        && params.authority_delay_secs <= SECS_MAX;
    ensure(valid, RollupError::InvalidParams)
}

/// Quote assets besides SOL come in strictly increasing order, so that an account has room for every one.
fn check_assets(assets: &[AssetId]) -> Result<()> {
    let increasing = assets.iter().zip(assets.iter().skip(1)).all(|(first, second)| first < second);
    let valid = assets.len() < ASSETS_MAX && increasing && !assets.contains(&AssetId::SOL);
    ensure(valid, RollupError::InvalidParams)
}

/// Raises the vault to the rent minimum; whoever derives its address may have sent something before.
fn fund_vault(accounts: &mut Initialize) -> Result<()> {
    let minimum = rent_exempt_lamports(0)?;
    let missing = minimum.saturating_sub(accounts.vault.account().lamports());
    if missing == 0 {
        return Ok(());
    }
    let transfer = system_program::Transfer {
        from: accounts.payer.cpi_handle_mut(),
        to: accounts.vault.cpi_handle_mut(),
    };
    system_program::transfer(CpiContext::new(&system_program::ID, transfer), missing)
}

//! Upgrades of the program, by the loader and in the name of a rollup's upgrade address.
//!
//! The address is the program's authority and the buffer's. Only this program signs for it, and only here, so that a buffer that
//! was scheduled stays as it is.

use anchor_lang::{
    cpi::{CpiSeed, CpiSigner, InstructionAccount, InstructionView, try_find_program_address},
    pinocchio::cpi::invoke_signed_with_slice,
    prelude::*,
};
use asset_rollup_interface::{instruction, seeds};
use curvevm::types::Address as Key;

use crate::error::{RollupError, ensure, fail};

/// The loader of programs that can be upgraded.
const LOADER: Address = Address::new_from_array(instruction::LOADER.to_bytes());
/// The loader's instruction: `Upgrade`.
const UPGRADE: [u8; 4] = [3, 0, 0, 0];
/// The loader's account: `Buffer`, with an authority.
const BUFFER: [u8; 5] = [1, 0, 0, 0, 1];

/// The accounts of an upgrade.
pub struct Upgrade<'a> {
    /// The rollup.
    pub rollup: &'a Address,
    /// The program's data.
    pub program_data: AccountView,
    /// The program.
    pub program: AccountView,
    /// The buffer.
    pub buffer: AccountView,
    /// Who gets what is left of the buffer's lamports.
    pub spill: AccountView,
    /// The sysvar of rent.
    pub rent: AccountView,
    /// The sysvar of the clock.
    pub clock: AccountView,
    /// The rollup's upgrade address.
    pub upgrader: AccountView,
}

fn upgrader(rollup: &Address) -> Result<(Address, u8)> {
    let seeds = [seeds::UPGRADE, rollup.as_ref()];
    try_find_program_address(&seeds, &crate::ID).map_err(|_| fail(RollupError::WrongUpgrade))
}

/// The account is the buffer, and nobody can change it: its authority is the rollup's upgrade address.
///
/// # Errors
///
/// [`RollupError::WrongBuffer`].
#[inline(never)]
pub fn check_buffer(account: &AccountView, buffer: &Key, rollup: &Address) -> Result<()> {
    let named = account.address().as_ref() == buffer.as_ref() && account.owned_by(&LOADER);
    ensure(named, RollupError::WrongBuffer)?;
    let (authority, _) = upgrader(rollup)?;
    let data = account.try_borrow()?;
    let (kind, rest) = data.split_first_chunk().ok_or(fail(RollupError::WrongBuffer))?;
    let owned = *kind == BUFFER && rest.first_chunk::<32>() == Some(authority.as_array());
    ensure(owned, RollupError::WrongBuffer)
}

/// Lets the loader replace the program. It takes effect with the next slot.
///
/// # Errors
///
/// [`RollupError::WrongBuffer`], [`RollupError::WrongUpgrade`]; those of the loader.
#[inline(never)]
pub fn invoke(upgrade: &Upgrade<'_>, buffer: &Key) -> Result<()> {
    check_buffer(&upgrade.buffer, buffer, upgrade.rollup)?;
    let (address, bump) = upgrader(upgrade.rollup)?;
    let known = *upgrade.upgrader.address() == address && *upgrade.program.address() == crate::ID;
    ensure(known, RollupError::WrongUpgrade)?;
    let views = [
        &upgrade.program_data,
        &upgrade.program,
        &upgrade.buffer,
        &upgrade.spill,
        &upgrade.rent,
        &upgrade.clock,
        &upgrade.upgrader,
    ];
    let [program_data, program, buffer, spill, rent, clock, upgrader] =
        views.map(AccountView::address);
    let accounts = [
        InstructionAccount::writable(program_data),
        InstructionAccount::writable(program),
        InstructionAccount::writable(buffer),
        InstructionAccount::writable(spill),
        InstructionAccount::readonly(rent),
        InstructionAccount::readonly(clock),
        InstructionAccount::readonly_signer(upgrader),
    ];
    let call = InstructionView { program_id: &LOADER, accounts: &accounts, data: &UPGRADE };
    let bump = [bump];
    let seeds = [
        CpiSeed::from(seeds::UPGRADE),
        CpiSeed::from(upgrade.rollup.as_ref()),
        CpiSeed::from(&bump),
    ];
    invoke_signed_with_slice(&call, &views, &[CpiSigner::from(&seeds)])
}

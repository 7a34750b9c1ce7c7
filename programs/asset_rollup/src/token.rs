//! SPL Token and Token-2022: what the program reads of mints and token accounts, and the instructions that it sends to them.
//!
//! # Rules
//!
//! 1. A token account is the associated one of its owner: its address follows from the owner, the mint and the token program, and its
//!    owner has not given it away.
//! 2. A mint that is deposited has known extensions only, and none under which somebody else could move the vault's tokens, run
//!    code in their transfers, or keep them from the vault. An authority that may freeze or pause a mint can hold up withdrawals and
//!    take nothing; genesis names the mint and trusts it as far.

use alloc::vec::Vec;

use anchor_lang::{
    cpi::{CpiSeed, CpiSigner, InstructionAccount, InstructionView, try_find_program_address},
    pinocchio::cpi::invoke_signed_with_slice,
    prelude::*,
    programs::AssociatedToken,
};
use asset_rollup_interface::seeds;
use curvevm::types::{AssetId, CurveId};

use crate::{
    error::{RollupError, ensure, fail},
    state::Rollup,
};

/// The length of a mint without extensions, in bytes.
const MINT_BYTES: usize = 82;
/// Where a mint has its decimals, and whether it is initialized.
const DECIMALS_AT: usize = 44;
const INITIALIZED_AT: usize = 45;
/// The length of a token account without extensions, in bytes. What comes after it in an account with extensions is the kind of
/// account, then the extensions.
const ACCOUNT_BYTES: usize = 165;
/// The kind of an account that is a mint.
const KIND_MINT: u8 = 1;
/// Where a token account has its amount: after its mint and its owner.
const AMOUNT_AT: usize = 64;

/// The extensions of a mint that is deposited; see [`check_extensions`].
const EXTENSIONS: u32 = (1 << 1) // transfer fee
    | (1 << 3) // close authority
    | (1 << 4) // confidential transfers
    | (1 << DEFAULT_STATE)
    | (1 << 10) // interest
    | (1 << 16) // fees of confidential transfers
    | (1 << 18) // metadata pointer
    | (1 << 19) // metadata
    | (1 << 20) // group pointer
    | (1 << 21) // group
    | (1 << 22) // group member pointer
    | (1 << 23) // group member
    | (1 << 25) // scaled amounts
    | (1 << 26); // pausing
/// The extension that says in which state a new token account is, and the state in which it is not frozen.
const DEFAULT_STATE: u16 = 6;
const STATE_INITIALIZED: u8 = 1;
/// The most extensions of a mint: each kind once.
const EXTENSIONS_MAX: usize = 32;

/// How an instruction takes an account.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// It is read.
    Read,
    /// It is written.
    Write,
    /// It signs.
    Sign,
    /// It signs and is written.
    Pay,
}

/// An instruction to another program.
pub struct Call<'a> {
    /// The program.
    pub program: &'a Address,
    /// Its accounts, in order.
    pub accounts: &'a [(&'a AccountView, Access)],
    /// Its data.
    pub data: &'a [u8],
}

impl Call<'_> {
    /// Sends the instruction, with the signatures of the transaction.
    ///
    /// # Errors
    ///
    /// The other program's end the transaction; they are not seen here.
    #[inline(never)]
    pub fn send(&self) -> Result<()> {
        self.invoke(&[])
    }

    /// Sends the instruction, with the vault's signature too.
    ///
    /// # Errors
    ///
    /// As [`Call::send`].
    #[inline(never)]
    pub fn send_as_vault(&self, rollup: &Account<Rollup>) -> Result<()> {
        self.send_as(&[seeds::VAULT, rollup.address().as_ref(), &[rollup.vault_bump]])
    }

    /// Sends the instruction, with the signature of the program's address of seeds too.
    ///
    /// # Errors
    ///
    /// As [`Call::send`].
    #[inline(never)]
    pub fn send_as(&self, seeds: &[&[u8]]) -> Result<()> {
        let seeds: Vec<CpiSeed<'_>> = seeds.iter().map(|seed| CpiSeed::from(*seed)).collect();
        self.invoke(&[CpiSigner::from(&seeds[..])])
    }

    #[inline(never)]
    fn invoke(&self, signers: &[CpiSigner<'_, '_>]) -> Result<()> {
        let views: Vec<&AccountView> = self.accounts.iter().map(|(view, _)| *view).collect();
        let metas: Vec<InstructionAccount<'_>> = self.accounts.iter().map(meta).collect();
        let call = InstructionView { program_id: self.program, accounts: &metas, data: self.data };
        invoke_signed_with_slice(&call, &views, signers)
    }
}

fn meta<'a>((view, access): &(&'a AccountView, Access)) -> InstructionAccount<'a> {
    let writable = matches!(access, Access::Write | Access::Pay);
    let signer = matches!(access, Access::Sign | Access::Pay);
    InstructionAccount::new(view.address(), writable, signer)
}

/// Whether an address is a program's for seeds, under the highest bump.
#[inline(never)]
fn is_derived(address: &Address, seeds: &[&[u8]; 3], program: &Address) -> bool {
    try_find_program_address(seeds, program).is_ok_and(|(derived, _)| derived == *address)
}

/// A mint and its token program.
#[derive(Clone, Copy)]
pub struct Mint<'a> {
    /// The mint.
    pub account: &'a AccountView,
    /// Its token program.
    pub program: &'a AccountView,
    /// Its decimals.
    pub decimals: u8,
}

impl<'a> Mint<'a> {
    /// The mint of a quote asset.
    ///
    /// # Errors
    ///
    /// [`RollupError::WrongTokenProgram`], [`RollupError::WrongMint`].
    #[inline(never)]
    pub fn of_quote(
        asset: &AssetId,
        account: &'a AccountView,
        program: &'a AccountView,
    ) -> Result<Self> {
        ensure(account.address().as_ref() == asset.as_ref(), RollupError::WrongMint)?;
        Self::read(account, program)
    }

    /// The mint of the asset that a curve launched: only [`create_mint`](mod@crate::instructions::create_mint) makes one at its address.
    ///
    /// # Errors
    ///
    /// [`RollupError::WrongTokenProgram`], [`RollupError::WrongMint`], [`RollupError::MintMissing`].
    #[inline(never)]
    pub fn of_launched(
        rollup: &Account<Rollup>,
        curve: &CurveId,
        account: &'a AccountView,
        program: &'a AccountView,
    ) -> Result<Self> {
        let seeds = [seeds::MINT, rollup.address().as_ref(), curve.as_ref()];
        let derived = is_derived(account.address(), &seeds, &crate::ID);
        ensure(derived, RollupError::WrongMint)?;
        ensure(account.owned_by(&Token2022::id()), RollupError::MintMissing)?;
        Self::read(account, program)
    }

    #[inline(never)]
    fn read(account: &'a AccountView, program: &'a AccountView) -> Result<Self> {
        let known = *program.address() == Token::id() || *program.address() == Token2022::id();
        let owned = known && account.owned_by(program.address());
        ensure(owned, RollupError::WrongTokenProgram)?;
        let data = account.try_borrow()?;
        let sized = data.len() == MINT_BYTES || data.get(ACCOUNT_BYTES) == Some(&KIND_MINT);
        let initialized = sized && data.get(INITIALIZED_AT) == Some(&1);
        let decimals = data.get(DECIMALS_AT).filter(|_| initialized);
        let decimals = *decimals.ok_or(fail(RollupError::WrongMint))?;
        Ok(Self { account, program, decimals })
    }

    /// Every extension of the mint is one that the program takes.
    ///
    /// # Errors
    ///
    /// [`RollupError::UnsupportedMint`].
    #[inline(never)]
    pub fn check_extensions(&self) -> Result<()> {
        let data = self.account.try_borrow()?;
        check_extensions(data.get(ACCOUNT_BYTES.saturating_add(1)..).unwrap_or_default())
    }

    /// The data of an instruction of a token program that has an amount, and the decimals when it checks them.
    fn data(&self, tag: u8, amount: u64) -> [u8; 10] {
        let mut data = [tag, 0, 0, 0, 0, 0, 0, 0, 0, self.decimals];
        if let Some(place) = data.get_mut(1..9) {
            place.copy_from_slice(&amount.to_le_bytes());
        }
        data
    }

    /// The data that moves an amount (`TransferChecked`).
    pub fn transfer(&self, amount: u64) -> [u8; 10] {
        self.data(12, amount)
    }

    /// The data that mints an amount (`MintToChecked`).
    pub fn mint_to(&self, amount: u64) -> [u8; 10] {
        self.data(14, amount)
    }

    /// The data that burns an amount (`BurnChecked`).
    pub fn burn(&self, amount: u64) -> [u8; 10] {
        self.data(15, amount)
    }
}

/// Every extension is one that the program takes. Refused are a transfer hook, which runs code in each transfer; a permanent delegate,
/// who may take the vault's tokens; a default state of frozen; tokens that cannot be transferred; a supply that is confidential;
/// and whatever is not known.
fn check_extensions(mut entries: &[u8]) -> Result<()> {
    for _ in 0..EXTENSIONS_MAX {
        let Some((&[low, high, length_low, length_high], rest)) = entries.split_first_chunk()
        else {
            return Ok(());
        };
        let kind = u16::from_le_bytes([low, high]);
        if kind == 0 {
            return Ok(());
        }
        let length = usize::from(u16::from_le_bytes([length_low, length_high]));
        let (value, rest) = rest.split_at_checked(length).ok_or(fail(RollupError::WrongMint))?;
        let taken = 1u32.checked_shl(u32::from(kind)).is_some_and(|bit| EXTENSIONS & bit != 0);
        let frozen = kind == DEFAULT_STATE && value != [STATE_INITIALIZED];
        ensure(taken && !frozen, RollupError::UnsupportedMint)?;
        entries = rest;
    }
    Err(fail(RollupError::UnsupportedMint))
}

/// An owner's associated token account, which may not be there yet.
pub struct Associated<'a> {
    /// The account.
    pub account: &'a AccountView,
    /// Its owner.
    pub owner: &'a AccountView,
    /// Its mint.
    pub mint: Mint<'a>,
}

impl Associated<'_> {
    /// The account has the address that it should have.
    ///
    /// # Errors
    ///
    /// [`RollupError::WrongTokenAccount`].
    #[inline(never)]
    pub fn check(&self) -> Result<()> {
        let (owner, mint) = (self.owner.address(), self.mint.account.address());
        let seeds = [owner.as_ref(), self.mint.program.address().as_ref(), mint.as_ref()];
        let derived = is_derived(self.account.address(), &seeds, &AssociatedToken::id());
        ensure(derived, RollupError::WrongTokenAccount)
    }

    /// Creates the account when it is missing; `payer` pays.
    ///
    /// # Errors
    ///
    /// As [`Call::send`].
    #[inline(never)]
    pub fn open(&self, payer: &AccountView, system_program: &AccountView) -> Result<()> {
        if self.account.owned_by(self.mint.program.address()) {
            return Ok(());
        }
        let accounts = [
            (payer, Access::Pay),
            (self.account, Access::Write),
            (self.owner, Access::Read),
            (self.mint.account, Access::Read),
            (system_program, Access::Read),
            (self.mint.program, Access::Read),
        ];
        // `CreateIdempotent`
        Call { program: &AssociatedToken::id(), accounts: &accounts, data: &[1] }.send()
    }

    /// What the account holds.
    ///
    /// # Errors
    ///
    /// [`RollupError::WrongTokenAccount`] when it is not there, or is its owner's no more.
    #[inline(never)]
    pub fn amount(&self) -> Result<u64> {
        let wrong = fail(RollupError::WrongTokenAccount);
        let owned = self.account.owned_by(self.mint.program.address());
        ensure(owned, RollupError::WrongTokenAccount)?;
        let data = self.account.try_borrow()?;
        let (parties, rest) = data.split_at_checked(AMOUNT_AT).ok_or(wrong.clone())?;
        let (mint, owner) = parties.split_at_checked(32).ok_or(wrong.clone())?;
        let kept =
            mint == self.mint.account.address().as_ref() && owner == self.owner.address().as_ref();
        ensure(kept, RollupError::WrongTokenAccount)?;
        rest.first_chunk().map(|amount| u64::from_le_bytes(*amount)).ok_or(wrong)
    }
}

#[cfg(test)]
mod tests {
    use std::{vec, vec::Vec};

    use super::{EXTENSIONS_MAX, check_extensions};
    use crate::error::{RollupError, fail};

    fn entry(kind: u16, value: &[u8]) -> Vec<u8> {
        let length = u16::try_from(value.len()).unwrap();
        [&kind.to_le_bytes(), &length.to_le_bytes(), value].concat()
    }

    #[test]
    fn known_extensions_alone_are_taken() {
        let taken = [1, 3, 4, 10, 16, 18, 19, 20, 21, 22, 23, 25, 26];
        for kind in 1..=u16::from(u8::MAX) {
            let expected = if taken.contains(&kind) {
                Ok(())
            } else {
                Err(fail(RollupError::UnsupportedMint))
            };
            assert_eq!(check_extensions(&entry(kind, &[7; 40])), expected, "{kind}");
            // Behind one that is taken.
            let second = [entry(18, &[0; 64]), entry(kind, &[])].concat();
            assert_eq!(check_extensions(&second), expected, "{kind}");
        }
        assert_eq!(
            check_extensions(&entry(u16::MAX, &[])),
            Err(fail(RollupError::UnsupportedMint))
        );
    }

    #[test]
    fn a_default_state_is_not_frozen() {
        assert_eq!(check_extensions(&entry(6, &[1])), Ok(()));
        for state in [vec![], vec![0], vec![2], vec![1, 1]] {
            let refused = Err(fail(RollupError::UnsupportedMint));
            assert_eq!(check_extensions(&entry(6, &state)), refused);
        }
    }

    #[test]
    fn nothing_follows_the_last_extension() {
        for end in [&[][..], &[12, 0, 1], &[0; 4], &[0, 0, 5, 0, 12, 0, 0, 0]] {
            assert_eq!(check_extensions(&[&entry(18, &[0; 64]), end].concat()), Ok(()));
        }
        let cut = check_extensions(&entry(18, &[0; 64])[..67]);
        assert_eq!(cut, Err(fail(RollupError::WrongMint)));
        let endless = entry(18, &[]).repeat(EXTENSIONS_MAX);
        assert_eq!(check_extensions(&endless), Err(fail(RollupError::UnsupportedMint)));
    }
}

//! Instructions that move tokens: of quote assets, which the vault holds, and of launched assets, whose mints are the vault's.

use alloc::{vec, vec::Vec};

use borsh::{BorshDeserialize, BorshSerialize};
use curvevm::{
    program::Amount,
    types::{Address, CurveId},
};

use super::{Meta, SYSTEM_PROGRAM, instruction};
use crate::constants::{ASSOCIATED_TOKEN_PROGRAM, TOKEN_2022_PROGRAM};

/// Takes tokens from the depositor and appends a deposit to the inbox.
///
/// Tokens of a quote asset that genesis names go to the vault's token account, and what arrived there is credited: less than the
/// amount when the mint keeps a fee. Tokens of a launched asset are burnt and credited as tokens of its curve.
///
/// A mint is refused when it has an extension besides: transfer fees, close authority, confidential transfers, a default state other
/// than frozen, interest, scaled amounts, pausing, metadata and groups. A message that was appended first is met as by
/// [`super::DepositSol`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct DepositToken {
    /// The index of the message: the inbox's count.
    pub index: u64,
    /// Who receives the deposit on the chain.
    pub recipient: Address,
    /// A quote asset besides SOL or a launched one, and how much, above zero.
    pub amount: Amount,
}

instruction!(DepositToken, "deposit_token", [0x0b, 0x9c, 0x60, 0xda, 0x27, 0xa3, 0xb4, 0x13]);

/// Accounts of [`DepositToken`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DepositTokenAccounts {
    /// The program, which stands for an account that is left out.
    pub program: Address,
    /// `[signer, writable]` Owner or delegate of the tokens. Pays the rent of the message until it is closed, and that of the vault's
    /// token account when it is the first.
    pub depositor: Address,
    /// The rollup.
    pub rollup: Address,
    /// `[writable]` Its inbox.
    pub inbox: Address,
    /// `[writable]` The message, created.
    pub message: Address,
    /// Its vault.
    pub vault: Address,
    /// The asset's mint; `[writable]` when it is a launched asset's.
    pub mint: Address,
    /// `[writable]` The token account that the tokens are taken from.
    pub source: Address,
    /// `[writable]` The vault's associated token account, created at first; none for a launched asset.
    pub vault_token: Option<Address>,
    /// The token program of the mint.
    pub token_program: Address,
}

impl DepositTokenAccounts {
    /// The accounts in order.
    pub fn metas(&self) -> Vec<Meta> {
        let (mint, vault_token) = for_vault(self.mint, self.vault_token, self.program);
        vec![
            Meta::payer(self.depositor),
            Meta::readonly(self.rollup),
            Meta::writable(self.inbox),
            Meta::writable(self.message),
            Meta::readonly(self.vault),
            mint,
            Meta::writable(self.source),
            vault_token,
            Meta::readonly(self.token_program),
            Meta::readonly(ASSOCIATED_TOKEN_PROGRAM),
            Meta::readonly(SYSTEM_PROGRAM),
        ]
    }
}

/// Pays a withdrawal of tokens that is proved under a finalized root; anyone may send it.
///
/// Tokens of a quote asset come from the vault's token account; the mint's fee, when it keeps one, is the recipient's. Tokens of a launched
/// asset are minted; [`CreateMint`] comes first. They go to the recipient's associated token account, which is created when it is
/// missing. A recipient who gave that account away, or set it to refuse transfers without a memo, is paid once that is undone.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct WithdrawToken {
    /// The batch after which the root stood.
    pub root_number: u64,
    /// The withdrawal's index.
    pub index: u64,
    /// What left the chain.
    pub amount: Amount,
    /// A [`curvevm::tree::witness`] that opens the withdrawal's cell.
    pub witness: Vec<u8>,
}

instruction!(WithdrawToken, "withdraw_token", [0x88, 0xeb, 0xb5, 0x05, 0x65, 0x6d, 0x39, 0x51]);

/// Accounts of [`WithdrawToken`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WithdrawTokenAccounts {
    /// The program, which stands for an account that is left out.
    pub program: Address,
    /// `[signer, writable]` Pays for the page of nullifiers and for the recipient's token account when they are new.
    pub payer: Address,
    /// The rollup.
    pub rollup: Address,
    /// Its vault.
    pub vault: Address,
    /// `[writable]` The page of the withdrawal's nullifier, created at first.
    pub nullifiers: Address,
    /// The withdrawal's recipient. May be the payer.
    pub recipient: Address,
    /// The asset's mint; `[writable]` when it is a launched asset's.
    pub mint: Address,
    /// `[writable]` The vault's associated token account; none for a launched asset.
    pub vault_token: Option<Address>,
    /// `[writable]` The recipient's associated token account, created when it is missing; paid.
    pub recipient_token: Address,
    /// The token program of the mint.
    pub token_program: Address,
}

impl WithdrawTokenAccounts {
    /// The accounts in order.
    pub fn metas(&self) -> Vec<Meta> {
        let (mint, vault_token) = for_vault(self.mint, self.vault_token, self.program);
        vec![
            Meta::payer(self.payer),
            Meta::readonly(self.rollup),
            Meta::readonly(self.vault),
            Meta::writable(self.nullifiers),
            Meta::readonly(self.recipient),
            mint,
            vault_token,
            Meta::writable(self.recipient_token),
            Meta::readonly(self.token_program),
            Meta::readonly(ASSOCIATED_TOKEN_PROGRAM),
            Meta::readonly(SYSTEM_PROGRAM),
        ]
    }
}

/// The mint and the vault's token account: without the latter the asset is a launched one, and its mint is written.
fn for_vault(mint: Address, vault_token: Option<Address>, program: Address) -> (Meta, Meta) {
    match vault_token {
        Some(account) => (Meta::readonly(mint), Meta::writable(account)),
        None => (Meta::writable(mint), Meta::readonly(program)),
    }
}

/// Creates the mint of the asset that a curve launched, proved under a finalized root; anyone may send it, once.
///
/// It is a mint of Token-2022 with the asset's name and symbol as metadata that nobody can change, the decimals of the curve's module, no
/// freeze authority, and the vault as its authority. Its supply is what left the chain and has not come back.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct CreateMint {
    /// The batch after which the root stood.
    pub root_number: u64,
    /// The curve.
    pub curve: CurveId,
    /// A [`curvevm::tree::witness`] that opens the cells of the curve and of its module; empty when an account holds it.
    pub witness: Vec<u8>,
}

instruction!(CreateMint, "create_mint", [0x45, 0x2c, 0xd7, 0x84, 0xfd, 0xd6, 0x29, 0x2d]);

/// Accounts of [`CreateMint`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CreateMintAccounts {
    /// The program, which stands for an account that is left out.
    pub program: Address,
    /// `[signer, writable]` Pays for the mint.
    pub payer: Address,
    /// The rollup.
    pub rollup: Address,
    /// Its vault.
    pub vault: Address,
    /// `[writable]` The mint, created.
    pub mint: Address,
    /// An account whose bytes from [`crate::constants::PROOF_OFFSET`] on are the witness, for one that fits no transaction: a buffer of
    /// the upgradeable loader, or any other account. None when the arguments hold it.
    pub proof: Option<Address>,
}

impl CreateMintAccounts {
    /// The accounts in order.
    pub fn metas(&self) -> Vec<Meta> {
        vec![
            Meta::payer(self.payer),
            Meta::readonly(self.rollup),
            Meta::readonly(self.vault),
            Meta::writable(self.mint),
            Meta::readonly(self.proof.unwrap_or(self.program)),
            Meta::readonly(TOKEN_2022_PROGRAM),
            Meta::readonly(SYSTEM_PROGRAM),
        ]
    }
}

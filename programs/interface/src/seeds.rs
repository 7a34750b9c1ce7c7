//! Seeds of the program's addresses.
//!
//! | account | seeds |
//! |---|---|
//! | Rollup | `"rollup"`, chain id |
//! | Vault | `"vault"`, rollup |
//! | Inbox | `"inbox"`, rollup |
//! | Message | `"message"`, rollup, index u64 |
//! | Batch | `"batch"`, rollup, number u64 |
//! | Data | `"data"`, rollup, number u64, poster |
//! | Nullifiers | `"nullifiers"`, rollup, page u64 |
//! | Member | `"member"`, rollup, key |
//! | Verdict | `"verdict"`, rollup, index u64 |
//! | Action | `"action"`, rollup, index u64 |
//! | upgrade address | `"upgrade"`, rollup |
//! | mint of a launched asset | `"mint"`, rollup, curve |
//!
//! Token accounts are those of the associated token program: [`associated_token`]. The vault has one for each quote asset.
//!
//! Integers are little-endian.

use curvevm::types::{Address, CurveId, Hash};

use crate::constants::NULLIFIERS_PER_PAGE;

/// First seed of a Rollup.
pub const ROLLUP: &[u8] = b"rollup";
/// First seed of a Vault.
pub const VAULT: &[u8] = b"vault";
/// First seed of an Inbox.
pub const INBOX: &[u8] = b"inbox";
/// First seed of a Message.
pub const MESSAGE: &[u8] = b"message";
/// First seed of a Batch.
pub const BATCH: &[u8] = b"batch";
/// First seed of a Data account.
pub const DATA: &[u8] = b"data";
/// First seed of a Nullifiers page.
pub const NULLIFIERS: &[u8] = b"nullifiers";
/// First seed of a Member.
pub const MEMBER: &[u8] = b"member";
/// First seed of a Verdict.
pub const VERDICT: &[u8] = b"verdict";
/// First seed of the mint of a launched asset.
pub const MINT: &[u8] = b"mint";

/// First seed of an Action.
pub const ACTION: &[u8] = b"action";
/// First seed of the address that upgrades the program.
pub const UPGRADE: &[u8] = b"upgrade";

/// Seeds of the Rollup of a chain.
pub fn rollup(chain_id: &Hash) -> [&[u8]; 2] {
    [ROLLUP, chain_id.as_bytes()]
}

/// Seeds of a rollup's Vault: a system account that holds the deposited lamports.
pub fn vault(rollup: &Address) -> [&[u8]; 2] {
    [VAULT, rollup.as_bytes()]
}

/// Seeds of an Action; `index` is [`le`] of its index.
pub fn action<'a>(rollup: &'a Address, index: &'a [u8; 8]) -> [&'a [u8]; 3] {
    [ACTION, rollup.as_bytes(), index]
}

/// Seeds of the address that upgrades the program for a rollup: the program's and a buffer's authority.
pub fn upgrade(rollup: &Address) -> [&[u8]; 2] {
    [UPGRADE, rollup.as_bytes()]
}

/// Seeds of a rollup's Inbox.
pub fn inbox(rollup: &Address) -> [&[u8]; 2] {
    [INBOX, rollup.as_bytes()]
}

/// Seeds of an inbox Message; `index` is [`le`] of its index.
pub fn message<'a>(rollup: &'a Address, index: &'a [u8; 8]) -> [&'a [u8]; 3] {
    [MESSAGE, rollup.as_bytes(), index]
}

/// Seeds of a committed Batch; `number` is [`le`] of its number.
pub fn batch<'a>(rollup: &'a Address, number: &'a [u8; 8]) -> [&'a [u8]; 3] {
    [BATCH, rollup.as_bytes(), number]
}

/// Seeds of a poster's Data account for a batch; `number` is [`le`] of the batch's number.
pub fn data<'a>(rollup: &'a Address, number: &'a [u8; 8], poster: &'a Address) -> [&'a [u8]; 4] {
    [DATA, rollup.as_bytes(), number, poster.as_bytes()]
}

/// Seeds of a Nullifiers page; `page` is [`le`] of [`nullifier_page`].
pub fn nullifiers<'a>(rollup: &'a Address, page: &'a [u8; 8]) -> [&'a [u8]; 3] {
    [NULLIFIERS, rollup.as_bytes(), page]
}

/// Seeds of the Member of a key.
pub fn member<'a>(rollup: &'a Address, key: &'a Address) -> [&'a [u8]; 3] {
    [MEMBER, rollup.as_bytes(), key.as_bytes()]
}

/// Seeds of a Verdict; `index` is [`le`] of its index.
pub fn verdict<'a>(rollup: &'a Address, index: &'a [u8; 8]) -> [&'a [u8]; 3] {
    [VERDICT, rollup.as_bytes(), index]
}

/// Seeds of the mint of the asset that a curve launched: of Token-2022, its authority is the vault.
pub fn mint<'a>(rollup: &'a Address, curve: &'a CurveId) -> [&'a [u8]; 3] {
    [MINT, rollup.as_bytes(), curve.as_bytes()]
}

/// Seeds of an owner's token account for a mint, under [`crate::constants::ASSOCIATED_TOKEN_PROGRAM`] and not under this program.
pub fn associated_token<'a>(
    owner: &'a Address,
    token_program: &'a Address,
    mint: &'a Address,
) -> [&'a [u8]; 3] {
    [owner.as_bytes(), token_program.as_bytes(), mint.as_bytes()]
}

/// An integer as a seed.
pub const fn le(integer: u64) -> [u8; 8] {
    integer.to_le_bytes()
}

/// The page that holds the nullifier of a withdrawal.
pub const fn nullifier_page(withdrawal: u64) -> u64 {
    // The divisor is a constant above zero.
    withdrawal.wrapping_div(NULLIFIERS_PER_PAGE)
}

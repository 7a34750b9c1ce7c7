//! Cells: the typed values of the state, their keys and their encodings.
//!
//! | tag | cell | key |
//! |---|---|---|
//! | 0 | [`Chain`] | `sha256("asset-l2/cell/v1" ‖ 0)` |
//! | 1 | [`Account`] | `… ‖ 1 ‖ owner` |
//! | 2 | [`Holding`] | `… ‖ 2 ‖ curve ‖ owner` |
//! | 3 | [`Curve`] | `… ‖ 3 ‖ curve` |
//! | 4 | [`Module`] | `… ‖ 4 ‖ module hash` |
//! | 5 | [`Withdrawal`] | `… ‖ 5 ‖ index u64` |
//!
//! The encoding is Borsh of the [`Cell`] enum: the tag, then the fields; each cell starts with its format version.

use alloc::{string::String, sync::Arc, vec::Vec};
use borsh::{BorshDeserialize, BorshSerialize};

use crate::{
    host::sha256,
    module::Module,
    nonce::NonceWindow,
    types::{Address, AssetId, Base, CurveId, Hash, Key, Quote},
};

/// The most quote assets in an account.
pub const ASSETS_MAX: usize = 8;

/// A typed value of the state.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Cell {
    /// Counters of the chain.
    Chain(Chain),
    /// Nonces and quote balances of an owner.
    Account(Account),
    /// Tokens of one curve held by one owner.
    Holding(Holding),
    /// A launched curve.
    Curve(Curve),
    /// A verified module.
    Module(Arc<Module>),
    /// A withdrawal to Solana.
    Withdrawal(Withdrawal),
}

/// Counters of the chain, and the context of the block that is being executed.
#[derive(Clone, Debug, PartialEq, Eq, Default, BorshSerialize, BorshDeserialize)]
pub struct Chain {
    /// Format version, zero.
    pub version: u8,
    /// The height of the last block that was begun.
    pub height: u64,
    /// Its time, in milliseconds since 1970.
    pub time_ms: u64,
    /// The index of the next inbox message.
    pub inbox_cursor: u64,
    /// The hash of the inbox chain before that message.
    pub inbox_hash: Hash,
    /// The index of the next withdrawal.
    pub withdrawals: u64,
}

/// Nonces and quote balances of an owner.
#[derive(Clone, Debug, PartialEq, Eq, Default, BorshSerialize, BorshDeserialize)]
pub struct Account {
    /// Format version, zero.
    pub version: u8,
    /// Which nonces are used.
    pub nonces: NonceWindow,
    /// Balances above zero by asset, in order of the asset. At most [`ASSETS_MAX`].
    pub balances: Vec<(AssetId, Quote)>,
}

/// Tokens of one curve held by one owner.
#[derive(Clone, Debug, PartialEq, Eq, Default, BorshSerialize, BorshDeserialize)]
pub struct Holding {
    /// Format version, zero.
    pub version: u8,
    /// Tokens held.
    pub amount: Base,
}

/// A launched curve.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Curve {
    /// Format version, zero.
    pub version: u8,
    /// The module that prices it.
    pub module: Hash,
    /// The asset that it is priced in.
    pub quote_asset: AssetId,
    /// Who launched it.
    pub creator: Address,
    /// The asset's name.
    pub name: String,
    /// The asset's symbol.
    pub symbol: String,
    /// Tokens given out.
    pub sold: Base,
    /// Quote collected, fees not included.
    pub reserve: Quote,
    /// The reserve at the start of the second piece, the third, and so on, up to the piece that is being sold.
    pub marks: Vec<Quote>,
    /// Fees accrued for the protocol.
    pub protocol_fees: Quote,
    /// Fees accrued for the creator.
    pub creator_fees: Quote,
    /// Where the curve stands.
    pub phase: Phase,
}

/// Where a curve stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Phase {
    /// Buying and selling.
    Trading,
    /// The graduation rule holds: selling only, until migration.
    Complete,
}

/// A withdrawal to Solana, provable under a finalized root.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Withdrawal {
    /// Format version, zero.
    pub version: u8,
    /// Its index, which the program's nullifiers are keyed by.
    pub index: u64,
    /// The quote asset.
    pub asset: AssetId,
    /// How much.
    pub amount: Quote,
    /// The Solana address that is paid.
    pub recipient: Address,
}

/// The key of a tag and its parts.
fn key(tag: u8, parts: [&[u8]; 2]) -> Key {
    let [first, second] = parts;
    Key::new(sha256(&[b"asset-l2/cell/v1", &[tag], first, second]).to_bytes())
}

impl Chain {
    /// The key of the only chain cell.
    pub fn key() -> Key {
        key(0, [&[], &[]])
    }
}

impl Account {
    /// The key of the owner's account.
    pub fn key(owner: &Address) -> Key {
        key(1, [owner.as_ref(), &[]])
    }

    /// The balance of an asset.
    pub fn balance(&self, asset: &AssetId) -> Quote {
        match self.balances.binary_search_by(|(held, _)| held.cmp(asset)) {
            Ok(at) => self.balances.get(at).map_or(Quote::ZERO, |(_, amount)| *amount),
            Err(_) => Quote::ZERO,
        }
    }
}

impl Holding {
    /// The key of the owner's tokens of a curve.
    pub fn key(curve: &CurveId, owner: &Address) -> Key {
        key(2, [curve.as_ref(), owner.as_ref()])
    }
}

impl Curve {
    /// The key of a curve.
    pub fn key(curve: &CurveId) -> Key {
        key(3, [curve.as_ref(), &[]])
    }
}

impl Module {
    /// The key of the module of a hash.
    pub fn key(hash: &Hash) -> Key {
        key(4, [hash.as_ref(), &[]])
    }
}

impl Withdrawal {
    /// The key of the withdrawal of an index.
    pub fn key(index: u64) -> Key {
        key(5, [&index.to_le_bytes(), &[]])
    }
}

impl Cell {
    /// The encoding that the state tree commits to.
    pub fn encode(&self) -> Vec<u8> {
        borsh::to_vec(self).unwrap_or_default()
    }
}

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
//! | 6 | [`Rules`] | `… ‖ 6` |
//! | 7 | [`Pool`] | `… ‖ 7 ‖ curve` |
//! | 8 | [`Stake`] | `… ‖ 8 ‖ curve ‖ owner` |
//! | 9 | [`Session`] | `… ‖ 9 ‖ owner ‖ session key` |
//!
//! The encoding is Borsh of the [`Cell`] enum: the tag, then the fields; each cell starts with its format version.

use alloc::{string::String, sync::Arc, vec::Vec};
use borsh::{
    BorshDeserialize, BorshSerialize,
    io::{self, Read},
};

use crate::{
    host::sha256,
    module::Module,
    nonce::NonceWindow,
    program::Amount,
    types::{Address, AssetId, Base, CurveId, Hash, Key, Quote, Shares},
};

/// The most quote assets in an account, and on a chain.
pub const ASSETS_MAX: usize = 8;

/// A typed value of the state.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize)]
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
    /// What genesis says of money.
    Rules(Rules),
    /// The pool of a migrated curve.
    Pool(Pool),
    /// Shares of one pool held by one owner.
    Stake(Stake),
    /// A key that may trade for an owner.
    Session(Session),
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
    /// When it was launched, in milliseconds since 1970.
    pub launched_ms: u64,
    /// Tokens given out.
    pub sold: Base,
    /// Quote collected, fees not included.
    pub reserve: Quote,
    /// The square root of the price, Q64.64: where a piece of constant liquidity stands. It is kept when the curve leaves the
    /// pieces of this kind.
    pub sqrt_price: u128,
    /// Tokens that were sold when the second piece was entered, the third, and so on, up to the piece that is being sold.
    pub marks: Vec<Base>,
    /// Fees that wait to be claimed.
    pub fees: Accrued,
    /// Where the curve stands.
    pub phase: Phase,
}

/// Fees that wait to be claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, BorshSerialize, BorshDeserialize)]
pub struct Accrued {
    /// By the chain's treasury.
    pub protocol: Money,
    /// By the creator.
    pub creator: Money,
    /// By the module's partner.
    pub partner: Money,
}

/// Quote and tokens of one curve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, BorshSerialize, BorshDeserialize)]
pub struct Money {
    /// Of the quote asset.
    pub quote: Quote,
    /// Of the launched asset.
    pub base: Base,
}

/// Where a curve stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Phase {
    /// Buying and selling.
    Trading,
    /// The graduation rule holds: selling only, until migration.
    Complete,
    /// The curve has become a pool.
    Migrated,
}

/// The pool of a migrated curve: `quote · base` never falls but for the removal of shares.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Pool {
    /// Format version, zero.
    pub version: u8,
    /// Quote reserve.
    pub quote: Quote,
    /// Base reserve.
    pub base: Base,
    /// Shares in all, locked ones included.
    pub shares: Shares,
    /// The initial shares while they are locked for a term; those that are locked for good are nobody's.
    pub term_locked: Shares,
    /// When the curve migrated, in milliseconds since 1970.
    pub migrated_ms: u64,
    /// Tokens of the supply that migration left over; they are nobody's.
    pub burnt: Base,
    /// Of the creator's allotment: claimed so far.
    pub vested: Base,
    /// Fees that wait to be claimed.
    pub fees: Accrued,
}

/// Shares of one pool held by one owner.
#[derive(Clone, Debug, PartialEq, Eq, Default, BorshSerialize, BorshDeserialize)]
pub struct Stake {
    /// Format version, zero.
    pub version: u8,
    /// Shares held.
    pub shares: Shares,
}

/// A key that may trade for an owner: `BUY`, `SELL`, `ADD_LIQUIDITY` and `REMOVE_LIQUIDITY`, and nothing else.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Session {
    /// Format version, zero.
    pub version: u8,
    /// The first time at which it is no longer valid, in milliseconds since 1970; zero when it was revoked.
    pub expires_ms: u64,
    /// The quote asset that it may spend.
    pub asset: AssetId,
    /// How much it may spend in all, fees included.
    pub limit: Quote,
    /// How much it has spent.
    pub spent: Quote,
}

/// What genesis says of money; never written again.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Rules {
    /// Format version, zero.
    pub version: u8,
    /// Who claims the protocol's fees.
    pub treasury: Address,
    /// The quote assets besides SOL, in order. At most [`ASSETS_MAX`] - 1, so that an account has room for every one.
    pub quote_assets: Vec<AssetId>,
}

/// A withdrawal to Solana, provable under a finalized root.
///
/// ```text
/// cell 5 ‖ version 0 ‖ index u64 ‖ what 0 quote, 1 launched ‖ its mint or curve (32) ‖ amount u64 ‖ recipient (32)
/// ```
///
/// Every withdrawal is as long as every other ([`Withdrawal::BYTES`]), so that each part stands at a place of its own.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Withdrawal {
    /// Format version, zero.
    pub version: u8,
    /// Its index, which the program's nullifiers are keyed by.
    pub index: u64,
    /// What left: an amount of a quote asset, or of a launched one.
    pub amount: Amount,
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
    /// The length of the encoded cell, in bytes.
    pub const BYTES: usize = 1 + 1 + 8 + 1 + 32 + 8 + 32;

    /// The key of the withdrawal of an index.
    pub fn key(index: u64) -> Key {
        key(5, [&index.to_le_bytes(), &[]])
    }
}

impl Rules {
    /// The key of the only cell of rules.
    pub fn key() -> Key {
        key(6, [&[], &[]])
    }

    /// Whether curves may be priced in `asset`.
    pub fn takes(&self, asset: &AssetId) -> bool {
        *asset == AssetId::SOL || self.quote_assets.contains(asset)
    }
}

impl Pool {
    /// The key of the pool of a curve.
    pub fn key(curve: &CurveId) -> Key {
        key(7, [curve.as_ref(), &[]])
    }
}

impl Stake {
    /// The key of the owner's shares of the pool of a curve.
    pub fn key(curve: &CurveId, owner: &Address) -> Key {
        key(8, [curve.as_ref(), owner.as_ref()])
    }
}

impl Session {
    /// The key of a session key of an owner.
    pub fn key(owner: &Address, session: &Address) -> Key {
        key(9, [owner.as_ref(), session.as_ref()])
    }
}

impl BorshDeserialize for Cell {
    /// As derived, but that each type is read in a function of its own: Solana's call frames have 4 KiB.
    fn deserialize_reader<R: Read>(reader: &mut R) -> Result<Self, io::Error> {
        Ok(match u8::deserialize_reader(reader)? {
            0 => Self::Chain(apart(reader)?),
            1 => Self::Account(apart(reader)?),
            2 => Self::Holding(apart(reader)?),
            3 => Self::Curve(apart(reader)?),
            4 => Self::Module(apart(reader)?),
            5 => Self::Withdrawal(apart(reader)?),
            6 => Self::Rules(apart(reader)?),
            7 => Self::Pool(apart(reader)?),
            8 => Self::Stake(apart(reader)?),
            9 => Self::Session(apart(reader)?),
            _ => return Err(io::Error::new(io::ErrorKind::InvalidData, "tag of a cell")),
        })
    }
}

#[inline(never)]
fn apart<T: BorshDeserialize, R: Read>(reader: &mut R) -> Result<T, io::Error> {
    T::deserialize_reader(reader)
}

impl Cell {
    /// The encoding that the state tree commits to.
    pub fn encode(&self) -> Vec<u8> {
        borsh::to_vec(self).unwrap_or_default()
    }
}

//! What the methods take and give.

use std::fmt;

use curvevm::{
    batch::BatchHeader,
    receipt::Receipt,
    types::{Address, AssetId, Base, CurveId, Hash, Key, Quote, Shares},
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Bytes; text form: hexadecimal.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Bytes(Vec<u8>);

impl Bytes {
    /// Wraps the bytes.
    pub const fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The bytes, by value.
    pub fn into_vec(self) -> Vec<u8> {
        self.0
    }
}

impl AsRef<[u8]> for Bytes {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bytes({} bytes)", self.0.len())
    }
}

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        hex::decode(text)
            .map(Self)
            .map_err(|error| de::Error::custom(format!("not hexadecimal: {error}")))
    }
}

/// The state that a read was taken at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct At {
    /// The height of the last executed block.
    pub height: u64,
    /// The state root after it.
    pub root: Hash,
}

/// The answer to `sendTransaction`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SendResult {
    /// The transaction's id.
    pub id: Hash,
}

/// The answer to `simulateTransaction`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SimulationView {
    /// What the transaction would do.
    pub receipt: Receipt,
    /// The state it was executed on.
    pub at: At,
}

/// Where a transaction stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TransactionState {
    /// The node has no trace of it.
    Unknown,
    /// Left the mempool without being executed; [`TransactionView::error`] says why. It will not be executed.
    Dropped,
    /// Stored durably, not in a block yet.
    Pending,
    /// In a block that the committee made final.
    Preconfirmed,
    /// Its batch is recorded on the L1.
    Committed,
    /// Its batch's challenge window is over.
    Finalized,
}

impl TransactionState {
    /// Whether a transaction in this state has reached `wanted`, one of the states from `pending` on.
    pub fn has_reached(self, wanted: Self) -> bool {
        self >= wanted
    }
}

impl fmt::Display for TransactionState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unknown => "unknown",
            Self::Dropped => "dropped",
            Self::Pending => "pending",
            Self::Preconfirmed => "preconfirmed",
            Self::Committed => "committed",
            Self::Finalized => "finalized",
        })
    }
}

/// An error inside an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorView {
    /// The stable number.
    pub number: u32,
    /// Its name.
    pub name: String,
    /// What went wrong and what to do.
    pub message: String,
}

/// The answer to `getTransaction`; of a deposit too, by its message's hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransactionView {
    /// The transaction's id.
    pub id: Hash,
    /// Where it stands.
    pub state: TransactionState,
    /// The height of its block, once preconfirmed.
    pub height: Option<u64>,
    /// Its place in the block, from zero; none when it came in a message.
    pub index: Option<u32>,
    /// The index of the inbox message that it came in, or that this is the receipt of.
    pub message: Option<u64>,
    /// The number of its batch, once the batch is closed.
    pub batch: Option<u64>,
    /// What it did, once preconfirmed.
    pub receipt: Option<Receipt>,
    /// Why it was dropped.
    pub error: Option<ErrorView>,
    /// The state of the node at the answer.
    pub at: At,
}

/// A balance of one asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BalanceEntry {
    /// The quote asset.
    pub asset: AssetId,
    /// How much, in base units.
    pub amount: Quote,
}

/// The answer to `getAccount`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountView {
    /// The owner.
    pub owner: Address,
    /// Whether the account exists.
    pub exists: bool,
    /// The lowest nonce that may still be taken.
    pub nonce_base: u64,
    /// The lowest nonce above all that were executed.
    pub nonce_next: u64,
    /// The balances above zero.
    pub balances: Vec<BalanceEntry>,
    /// The state it was read at.
    pub at: At,
}

/// The answer to `getBalance`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BalanceView {
    /// The owner.
    pub owner: Address,
    /// The quote asset.
    pub asset: AssetId,
    /// How much, in base units.
    pub amount: Quote,
    /// The state it was read at.
    pub at: At,
}

/// The answer to `getHolding`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldingView {
    /// The curve.
    pub curve: CurveId,
    /// The owner.
    pub owner: Address,
    /// Tokens held, in base units.
    pub amount: Base,
    /// The state it was read at.
    pub at: At,
}

/// The answer to `getStake`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StakeView {
    /// The curve whose pool it is.
    pub curve: CurveId,
    /// The owner.
    pub owner: Address,
    /// Shares held.
    pub shares: Shares,
    /// The state it was read at.
    pub at: At,
}

/// The answer to `getSession`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionView {
    /// The owner.
    pub owner: Address,
    /// The session key.
    pub session: Address,
    /// What the key may do; none when the owner never authorized it.
    pub grant: Option<GrantView>,
    /// The state it was read at.
    pub at: At,
}

/// What a session key may do, in `getSession`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantView {
    /// The first time at which it is no longer valid, in milliseconds since 1970; zero when it was revoked.
    pub expires_ms: u64,
    /// The quote asset that it may spend.
    pub asset: AssetId,
    /// How much it may spend in all, fees included.
    pub limit: Quote,
    /// How much it has spent.
    pub spent: Quote,
}

/// Where a curve stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CurvePhase {
    /// Buying and selling.
    Trading,
    /// The graduation rule holds: selling only, until migration.
    Complete,
    /// It has become a pool, on which it is traded from then on.
    Migrated,
}

/// Quote and tokens, in base units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MoneyView {
    /// Of the quote asset.
    pub quote: Quote,
    /// Of the launched asset.
    pub base: Base,
}

/// Fees that wait to be claimed, by who may claim them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccruedView {
    /// The chain's treasury.
    pub protocol: MoneyView,
    /// The creator.
    pub creator: MoneyView,
    /// The module's partner.
    pub partner: MoneyView,
}

impl AccruedView {
    /// All that waits in the quote asset, in base units.
    pub const fn quote_total(&self) -> u64 {
        let Self { protocol, creator, partner } = self;
        let total = protocol.quote.get().saturating_add(creator.quote.get());
        total.saturating_add(partner.quote.get())
    }
}

/// The pool of a migrated curve, in `getCurve`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolView {
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
    /// Fees of trades on the pool that wait to be claimed.
    pub fees: AccruedView,
}

/// The answer to `getCurve`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CurveView {
    /// The curve.
    pub id: CurveId,
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
    /// Decimals of the asset, for display.
    pub decimals: u8,
    /// All tokens of the asset, in base units.
    pub supply: Base,
    /// Tokens that the curve sells in all.
    pub sale_end: Base,
    /// Tokens given out.
    pub sold: Base,
    /// Quote collected, fees not included.
    pub reserve: Quote,
    /// The square root of the price where a piece of constant liquidity stands, Q64.64, in decimal digits; `"0"` without one.
    #[serde(with = "decimal")]
    pub sqrt_price: u128,
    /// Fees of trades on the curve that wait to be claimed.
    pub fees: AccruedView,
    /// When it was launched, in milliseconds since 1970.
    pub launched_ms: u64,
    /// Where the curve stands.
    pub phase: CurvePhase,
    /// The pool that it has become; none before migration.
    pub pool: Option<PoolView>,
    /// The state it was read at.
    pub at: At,
}

/// The answer to `getModule`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModuleView {
    /// The module's hash.
    pub hash: Hash,
    /// The Borsh encoding of [`curvevm::module::Module`].
    pub module: Bytes,
    /// The state it was read at.
    pub at: At,
}

/// How far a block is settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BlockState {
    /// The committee made it final.
    Preconfirmed,
    /// Its batch is recorded on the L1.
    Committed,
    /// Its batch's challenge window is over.
    Finalized,
}

/// The answer to `getBlock`, and an item of `subscribeBlocks`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockView {
    /// The height.
    pub height: u64,
    /// The block's id in the consensus.
    pub id: Hash,
    /// The id of its parent.
    pub parent: Hash,
    /// The leader's time, in milliseconds since 1970.
    pub time_ms: u64,
    /// The state root after it.
    pub root: Hash,
    /// How far it is settled.
    pub state: BlockState,
    /// The number of its batch, once the batch is closed.
    pub batch: Option<u64>,
    /// How many inbox messages it consumed.
    pub messages: u32,
    /// The index of the next inbox message after it.
    pub inbox_cursor: u64,
    /// The ids of the receipts of these messages, in order: of a transaction that was forced in its id, otherwise the message's hash.
    pub message_ids: Vec<Hash>,
    /// The ids of its transactions, in order.
    pub transactions: Vec<Hash>,
}

/// How far a batch is settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BatchState {
    /// Closed and certified by the committee, not recorded on the L1 yet.
    Closed,
    /// Recorded on the L1.
    Committed,
    /// Its challenge window is over.
    Finalized,
}

/// The answer to `getBatch`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchView {
    /// What the batch claims.
    pub header: BatchHeader,
    /// The header's hash.
    pub hash: Hash,
    /// How far it is settled.
    pub state: BatchState,
    /// The members whose attestations the node holds.
    pub signers: Vec<u16>,
    /// Transactions in the batch.
    pub transactions: u64,
    /// Bytes of its data.
    pub data_bytes: u64,
    /// The state of the node at the answer.
    pub at: At,
}

/// The answer to `getProof`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProofView {
    /// The cell's key.
    pub key: Key,
    /// The batch after which the root holds; none for the latest state.
    pub batch: Option<u64>,
    /// The state root, and the height it follows.
    pub at: At,
    /// The witness, see [`curvevm::tree::Tree::from_witness`].
    pub witness: Bytes,
}

/// What a node is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// A member of the committee.
    Sequencer,
    /// Follows the committee.
    Full,
}

/// The answer to `getStatus`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusView {
    /// The software's version.
    pub version: String,
    /// The genesis hash.
    pub chain_id: Hash,
    /// The network's name from genesis.
    pub name: String,
    /// The AssetRollup program on the L1.
    pub program_id: Address,
    /// What the node is for.
    pub role: Role,
    /// Its index in the committee.
    pub member: Option<u16>,
    /// Members of the committee.
    pub members: u16,
    /// Members that it is connected to, not counting itself.
    pub peers: u16,
    /// The consensus view it is in.
    pub view: u64,
    /// The leader of that view.
    pub leader: Option<u16>,
    /// The latest preconfirmed state.
    pub at: At,
    /// The time of the latest block, in milliseconds since 1970.
    pub time_ms: u64,
    /// The last closed batch; zero when there is none.
    pub batch_closed: u64,
    /// The last batch recorded on the L1; zero when there is none.
    pub batch_committed: u64,
    /// The last finalized batch; zero when there is none.
    pub batch_finalized: u64,
    /// The index of the next inbox message to be consumed.
    pub inbox_cursor: u64,
    /// The mempool.
    pub mempool: MempoolStatus,
    /// The L1 as the node sees it.
    pub l1: L1Status,
    /// Whether it fetches blocks that it missed.
    pub syncing: bool,
    /// What holds it up, for people; one sentence each, none when all is well.
    pub waiting_for: Vec<String>,
}

/// The mempool in `getStatus`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MempoolStatus {
    /// Transactions waiting.
    pub transactions: u64,
    /// The most that may wait.
    pub transactions_max: u64,
}

/// The L1 in `getStatus`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct L1Status {
    /// Where it is.
    pub url: String,
    /// Whether the last call succeeded.
    pub reachable: bool,
    /// The last slot that was seen.
    pub slot: u64,
    /// Messages in the program's inbox in all, as last seen.
    pub inbox_count: u64,
    /// What the last call failed with.
    pub error: Option<ErrorView>,
}

/// Integers of 128 bits as decimal digits in a text: JSON numbers do not hold them everywhere.
mod decimal {
    use serde::{Deserialize, Deserializer, Serializer, de};

    pub(super) fn serialize<S: Serializer>(value: &u128, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(value)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<u128, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|error| de::Error::custom(format!("not a decimal integer: {error}")))
    }
}

//! Transaction programs: the instructions that a transaction carries.
//!
//! The order of the enum's variants is the opcode on the wire; it is append-only.

use alloc::{string::String, vec::Vec};
use borsh::{BorshDeserialize, BorshSerialize};

use crate::{
    bounded,
    module::Module,
    types::{Address, AssetId, Base, CurveId, Hash, Quote, Shares},
};

/// The longest name of an asset, in bytes.
pub const NAME_BYTES_MAX: usize = 32;
/// The longest symbol of an asset, in bytes.
pub const SYMBOL_BYTES_MAX: usize = 10;

/// One step of a transaction.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Instruction {
    /// `BUY`: quote for tokens.
    Buy {
        /// The curve.
        curve: CurveId,
        /// What is fixed, and the limit of the other side.
        order: BuyOrder,
        /// Who receives the referrer's part of the fee; has an account on this chain, and is not the signer.
        referrer: Option<Address>,
    },
    /// `SELL`: tokens for quote.
    Sell {
        /// The curve.
        curve: CurveId,
        /// What is fixed, and the limit of the other side.
        order: SellOrder,
        /// Who receives the referrer's part of the fee; has an account on this chain, and is not the signer.
        referrer: Option<Address>,
    },
    /// `ADD_LIQUIDITY`: quote and tokens for a share of a migrated curve's pool.
    AddLiquidity {
        /// The curve.
        curve: CurveId,
        /// Quote to add.
        quote: Quote,
        /// The most tokens to add with it.
        base_max: Base,
        /// The fewest shares to accept.
        shares_min: Shares,
    },
    /// `MIGRATE_TO_AMM`: turn a complete curve into a pool.
    MigrateToAmm {
        /// The curve.
        curve: CurveId,
    },
    /// `LAUNCH`: a new asset on a published module.
    Launch(Launch),
    /// `TRANSFER`: to another account on this chain.
    Transfer {
        /// Who receives.
        to: Address,
        /// What is sent.
        amount: Amount,
    },
    /// `WITHDRAW`: quote or launched tokens out to Solana, claimable there once the batch is finalized.
    Withdraw {
        /// What leaves.
        amount: Amount,
        /// The Solana address that is paid.
        recipient: Address,
    },
    /// `PUBLISH_MODULE`: verify a module and store it under its hash.
    PublishModule(Module),
    /// `REMOVE_LIQUIDITY`: a share of a migrated curve's pool for quote and tokens.
    RemoveLiquidity {
        /// The curve.
        curve: CurveId,
        /// Shares to give.
        shares: Shares,
        /// The least quote to accept.
        quote_min: Quote,
        /// The fewest tokens to accept.
        base_min: Base,
    },
    /// `CLAIM`: what has accrued for the signer.
    Claim {
        /// The curve.
        curve: CurveId,
        /// What is claimed.
        what: Claim,
    },
    /// `AUTHORIZE`: let another key trade for the signer; replaces what was said of that key before.
    Authorize {
        /// The key.
        session: Address,
        /// The first time at which it is no longer valid, in milliseconds since 1970.
        expires_ms: u64,
        /// The quote asset that it may spend.
        asset: AssetId,
        /// How much it may spend in all, fees included.
        limit: Quote,
    },
    /// `REVOKE`: no longer let a key trade for the signer.
    Revoke {
        /// The key.
        session: Address,
    },
}

/// What is claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Claim {
    /// The creator's fees, by the creator.
    CreatorFees,
    /// The partner's fees, by the module's partner.
    PartnerFees,
    /// The protocol's fees, by the chain's treasury.
    ProtocolFees,
    /// What has vested of the creator's allotment, by the creator.
    Vested,
    /// The initial liquidity after its lock's term, by the creator.
    Liquidity,
}

/// What a launch says of the new asset.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Launch {
    /// The module's hash.
    pub module: Hash,
    /// The asset that the curve is priced in.
    pub quote_asset: AssetId,
    /// 1 to [`NAME_BYTES_MAX`] printable characters.
    #[borsh(deserialize_with = "bounded::text")]
    pub name: String,
    /// 1 to [`SYMBOL_BYTES_MAX`] printable characters.
    #[borsh(deserialize_with = "bounded::text")]
    pub symbol: String,
    /// Chosen by the creator; the curve's id follows from both.
    pub salt: u64,
    /// The creator's own purchase, before anybody else's.
    pub first_buy: Option<BuyOrder>,
}

/// The fixed and the limited side of a purchase.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum BuyOrder {
    /// Spend at most `quote`, fees included, and receive at least `base_min`.
    ///
    /// At the end of a curve the order is filled partially; `base_min` then holds in proportion to what was spent.
    ExactIn {
        /// Quote to spend, fees included.
        quote: Quote,
        /// The fewest tokens to accept.
        base_min: Base,
    },
    /// Receive `base` and pay at most `quote_max`, fees included.
    ///
    /// At the end of a curve fewer tokens are filled, and only they are paid.
    ExactOut {
        /// Tokens to receive.
        base: Base,
        /// The most to pay, fees included.
        quote_max: Quote,
    },
}

/// The fixed and the limited side of a sale.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum SellOrder {
    /// Give `base` and receive at least `quote_min` after fees.
    ExactIn {
        /// Tokens to give.
        base: Base,
        /// The least to accept, after fees.
        quote_min: Quote,
    },
    /// Receive `quote` after fees and give at most `base_max`.
    ExactOut {
        /// Quote to receive, after fees.
        quote: Quote,
        /// The most tokens to give.
        base_max: Base,
    },
}

/// An amount of some asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Amount {
    /// Of a quote asset.
    Quote(AssetId, Quote),
    /// Of a launched asset.
    Base(CurveId, Base),
}

impl Amount {
    /// Whether it is nothing.
    pub const fn is_zero(&self) -> bool {
        match self {
            Self::Quote(_, quote) => quote.is_zero(),
            Self::Base(_, base) => base.is_zero(),
        }
    }
}

/// The steps of a transaction.
pub type Program = Vec<Instruction>;

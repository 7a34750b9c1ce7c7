//! Receipts: what a transaction or a message did, or why it did nothing.

use alloc::vec::Vec;
use borsh::{BorshDeserialize, BorshSerialize};

use crate::{
    error::Error,
    program::{Amount, Claim},
    types::{Address, Base, CurveId, Hash, Quote, Shares},
};

/// The outcome of a transaction or of a message inside a block.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Receipt {
    /// The transaction's id; the message's hash ([`InboxMessage::chain`](crate::inbox::InboxMessage::chain)) of a deposit, and of what
    /// was forced and is no transaction whose signature verifies.
    pub id: Hash,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of a transaction or of a message.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Outcome {
    /// All instructions took effect; the transaction's nonce is used.
    Succeeded(Vec<Event>),
    /// No instruction took effect; the transaction's nonce is used.
    Failed {
        /// The instruction that failed, from zero.
        instruction: u8,
        /// Why.
        error: Error,
    },
    /// What a message carried changed nothing: a transaction that may be in no block, or a deposit that cannot be credited. No
    /// nonce is used.
    Rejected {
        /// Why.
        error: Error,
    },
}

impl Outcome {
    /// Whether nothing was executed: what a message carried may be in no block.
    pub const fn is_rejected(&self) -> bool {
        match self {
            Self::Rejected { .. } => true,
            Self::Succeeded(_) | Self::Failed { .. } => false,
        }
    }
}

/// An effect.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Event {
    /// A trade on a curve.
    Traded(Trade),
    /// A new curve.
    Launched {
        /// Its id.
        curve: CurveId,
        /// Its module.
        module: Hash,
        /// The creator's own purchase, if there was one.
        first_buy: Option<Trade>,
    },
    /// A module was published.
    Published {
        /// Its hash.
        module: Hash,
    },
    /// A transfer on this chain.
    Transferred {
        /// Who received.
        to: Address,
        /// What.
        amount: Amount,
    },
    /// A withdrawal was recorded.
    Withdrawn {
        /// Its index, by which it is proved and claimed.
        index: u64,
    },
    /// Liquidity was added to a pool.
    LiquidityAdded(Liquidity),
    /// Liquidity was removed from a pool.
    LiquidityRemoved(Liquidity),
    /// A curve became a pool.
    Migrated(Liquidity),
    /// Something that had accrued was paid to the signer.
    Claimed {
        /// The curve.
        curve: CurveId,
        /// What was claimed.
        what: Claim,
        /// Quote paid.
        quote: Quote,
        /// Tokens paid.
        base: Base,
        /// Shares paid.
        shares: Shares,
    },
    /// A key may trade for the signer.
    Authorized {
        /// The key.
        session: Address,
    },
    /// A key may no longer trade for the signer.
    Revoked {
        /// The key.
        session: Address,
    },
    /// A deposit was credited.
    Deposited {
        /// Who received.
        to: Address,
        /// What.
        amount: Amount,
    },
}

/// A change of a pool's liquidity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Liquidity {
    /// The curve.
    pub curve: CurveId,
    /// Quote added or removed.
    pub quote: Quote,
    /// Tokens added or removed.
    pub base: Base,
    /// Shares made or destroyed.
    pub shares: Shares,
}

/// A trade and the curve after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Trade {
    /// The curve.
    pub curve: CurveId,
    /// Whether tokens were bought.
    pub side: Side,
    /// Tokens that changed hands.
    pub base: Base,
    /// Quote that the curve took or gave, fees not included.
    pub quote: Quote,
    /// The fees, in quote or in tokens.
    pub fees: TakenFees,
    /// What the trader paid or received in quote, fees included.
    pub trader_quote: Quote,
    /// What the trader received or gave in tokens, fees included.
    pub trader_base: Base,
    /// Whether the order was cut at the end of the curve.
    pub partial: bool,
    /// Where it was filled.
    pub venue: Venue,
    /// On a curve, tokens sold after the trade; on a pool, its base reserve.
    pub base_after: Base,
    /// The quote reserve after the trade.
    pub reserve_after: Quote,
}

/// Where a trade was filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Venue {
    /// On the bonding curve.
    Curve,
    /// On the pool that it became.
    Pool,
}

/// The fees of a trade, all in one asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum TakenFees {
    /// In the quote asset.
    Quote(FeeSplit<Quote>),
    /// In tokens.
    Base(FeeSplit<Base>),
}

/// A fee by recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, BorshSerialize, BorshDeserialize)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct FeeSplit<A> {
    /// The chain's treasury's part.
    pub protocol: A,
    /// The creator's part.
    pub creator: A,
    /// The module's partner's part.
    pub partner: A,
    /// The referrer's part.
    pub referrer: A,
    /// What stays in the pool.
    pub liquidity: A,
}

/// The side of a trade.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Side {
    /// Quote for tokens.
    Buy,
    /// Tokens for quote.
    Sell,
}

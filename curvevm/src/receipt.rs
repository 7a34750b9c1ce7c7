//! Receipts: what a transaction did, or why it did nothing.

use alloc::vec::Vec;
use borsh::{BorshDeserialize, BorshSerialize};

use crate::{
    error::Error,
    program::Amount,
    types::{Address, Base, CurveId, Hash, Quote},
};

/// The outcome of a transaction inside a block.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Receipt {
    /// The transaction's id.
    pub id: Hash,
    /// What became of it. Its nonce is used either way.
    pub outcome: Outcome,
}

/// What became of a transaction.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Outcome {
    /// All instructions took effect.
    Succeeded(Vec<Event>),
    /// No instruction took effect.
    Failed {
        /// The instruction that failed, from zero.
        instruction: u8,
        /// Why.
        error: Error,
    },
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
    /// The protocol's fee.
    pub protocol_fee: Quote,
    /// The creator's fee.
    pub creator_fee: Quote,
    /// What the trader paid or received, fees included.
    pub trader_quote: Quote,
    /// Whether the order was cut at the end of the curve.
    pub partial: bool,
    /// Tokens sold after the trade.
    pub sold_after: Base,
    /// The reserve after the trade.
    pub reserve_after: Quote,
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

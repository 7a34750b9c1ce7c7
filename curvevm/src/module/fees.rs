//! Fees as data: what a trade is charged in all, in which asset, and who receives which part of it.
//!
//! # Examples
//!
//! | launchpad | total | parts, in order | rest |
//! |---|---|---|---|
//! | pump.fun | on top | protocol 0.95 % of the amount, up; creator 0.30 % of the amount, up | none |
//! | Raydium LaunchLab | included, up | partner, referrer and creator in proportion of the total, down | protocol |
//! | Meteora DBC | included, up | protocol 20 % of the total, down; referrer 20 % of part 0, down; creator of the rest, down | partner |

use alloc::vec::Vec;
use borsh::{BorshDeserialize, BorshSerialize};

use crate::types::Quote;

/// The most parts of a fee.
pub const FEE_PARTS_MAX: usize = 4;
/// A rate of one: rates are in billionths.
pub const RATE_ONE: u32 = 1_000_000_000;
/// The highest rate that a trade may be charged in all: 99 %, Meteora DBC's bound.
pub const RATE_MAX: u32 = 990_000_000;

/// What a trade costs.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Fees {
    /// What is charged in all.
    pub total: FeeTotal,
    /// In which asset.
    pub side: FeeSide,
    /// Who receives what, worked off in order. At most [`FEE_PARTS_MAX`].
    pub parts: Vec<FeePart>,
    /// Who receives what the parts leave of an included fee; the protocol if it is the referrer and the order names none.
    pub rest: Recipient,
}

/// What is charged in all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum FeeTotal {
    /// The sum of the parts, each of the curve's amount: a buyer pays it on top of what the curve takes.
    OnTop,
    /// A rate of the whole amount, rounded up: a buyer's payment includes it.
    Included {
        /// The rate at launch, in billionths.
        rate: u32,
        /// What is added to the rate when the order names a referrer, in billionths.
        referred: u32,
        /// How the rate changes.
        schedule: FeeSchedule,
    },
}

/// How the rate of an included fee changes, with the seconds since launch or with the size of a purchase.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum FeeSchedule {
    /// It does not.
    Constant,
    /// It falls by the same amount each period.
    Linear {
        /// Billionths that it falls by each period.
        reduction: u32,
        /// Seconds in a period.
        period_secs: u32,
        /// Periods after which it stays.
        periods: u16,
    },
    /// It falls by the same part each period.
    Exponential {
        /// The part, in basis points of the rate before.
        reduction_bps: u16,
        /// Seconds in a period.
        period_secs: u32,
        /// Periods after which it stays.
        periods: u16,
    },
    /// It grows with the size of a purchase: the first `reference` pays the rate, the next one `increment` more, and so on up to
    /// [`RATE_MAX`]. Sales pay the rate.
    SizeLimiter {
        /// The step, in quote units, fees included.
        reference: Quote,
        /// Billionths that each further step adds.
        increment: u32,
        /// Seconds from launch after which the rate alone is charged.
        duration_secs: u32,
    },
}

/// In which asset a fee is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum FeeSide {
    /// In the quote asset, on purchases and sales.
    Quote,
    /// In what the trader receives: tokens on a purchase, quote on a sale.
    Output,
}

/// A part of a fee.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct FeePart {
    /// Who receives it. A referrer's part is left out when the order names none.
    pub recipient: Recipient,
    /// The rate, in billionths.
    pub rate: u32,
    /// What the rate is of.
    pub of: FeeOf,
    /// How it is rounded.
    pub rounding: FeeRounding,
}

/// What the rate of a part is of. A part never takes more than is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum FeeOf {
    /// The amount that is charged.
    Amount,
    /// The total fee; included fees only.
    Total,
    /// The total fee, in the proportion of the part's rate to the rate that is charged: `total · rate / charged`, one division;
    /// included fees only.
    Proportion,
    /// What the parts before have left of the total; included fees only.
    Rest,
    /// An earlier part, by its place from zero, which it is taken out of.
    Part(u8),
}

/// How a part is rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum FeeRounding {
    /// Up.
    Up,
    /// Down.
    Down,
}

/// Who receives a part of a fee.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Recipient {
    /// The chain's treasury.
    Protocol,
    /// Who launched the curve.
    Creator,
    /// The launchpad or app that published the module, see [`super::Module::partner`].
    Partner,
    /// Whom the order names.
    Referrer,
    /// The holders of the pool's shares; pools only. It stays in the pool's reserve.
    Liquidity,
}

impl Fees {
    /// No fee at all.
    pub const fn none() -> Self {
        Self {
            total: FeeTotal::OnTop,
            side: FeeSide::Quote,
            parts: Vec::new(),
            rest: Recipient::Protocol,
        }
    }

    /// Fees on top in quote, each part a rate of the amount in basis points and rounded up on its own: pump.fun's form.
    pub fn on_top(parts: &[(Recipient, u16)]) -> Self {
        let part = |(recipient, bps): &(Recipient, u16)| FeePart {
            recipient: *recipient,
            rate: u32::from(*bps).saturating_mul(RATE_ONE / 10_000),
            of: FeeOf::Amount,
            rounding: FeeRounding::Up,
        };
        Self { parts: parts.iter().map(part).collect(), ..Self::none() }
    }
}

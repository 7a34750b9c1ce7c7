//! What an exit says.

use std::fmt;

use asset_sdk::amount::format_sol;
use curvevm::{
    program::Amount,
    types::{Address, AssetId, Hash, Quote},
};
use serde::Serialize;

use super::{Action, Left};

/// What an exit says. In JSON `event` is the variant's name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The chain was rebuilt up to the last committed batch.
    Rebuilt {
        /// The batch.
        batch: u64,
        /// The root after it.
        root: Hash,
        /// The last finalized batch.
        finalized: u64,
    },
    /// A transaction is in the inbox.
    Forced {
        /// What it does.
        #[serde(flatten)]
        action: Action,
        /// The L1's transaction.
        transaction: String,
    },
    /// Something is not taken out.
    NotDone {
        /// What.
        what: String,
        /// Why.
        reason: String,
    },
    /// Nothing can be done before the L1 has reached a slot, or a window is over.
    Waiting {
        /// What for.
        reason: String,
    },
    /// The poster's bond is locked.
    Bonded {
        /// The key that answers with it.
        member: Address,
        /// The bond.
        lamports: u64,
        /// The L1's transaction.
        transaction: String,
    },
    /// A batch's data is on the L1.
    Posted {
        /// The batch.
        batch: u64,
        /// How many chunks were posted now.
        chunks: u64,
    },
    /// A batch was committed in a takeover.
    Committed {
        /// The batch.
        batch: u64,
        /// How many messages it consumed.
        messages: u64,
        /// The L1's transaction.
        transaction: String,
    },
    /// A batch is final.
    Finalized {
        /// The batch.
        batch: u64,
        /// The L1's transaction.
        transaction: String,
    },
    /// A withdrawal was paid to its recipient.
    Paid {
        /// The withdrawal.
        index: u64,
        /// What.
        lamports: u64,
        /// The recipient.
        recipient: Address,
        /// The L1's transaction.
        transaction: String,
    },
    /// A withdrawal of tokens was paid to its recipient.
    PaidTokens {
        /// The withdrawal.
        index: u64,
        /// How much of what.
        what: String,
        /// The mint.
        mint: Address,
        /// The recipient, to whose associated token account it went.
        recipient: Address,
        /// The L1's transaction.
        transaction: String,
    },
    /// The rent of messages has returned.
    MessagesClosed {
        /// How many.
        count: u64,
    },
    /// The poster's bond is being withdrawn.
    Unbonding {
        /// The L1's transaction.
        transaction: String,
    },
    /// The poster's bond has returned.
    BondReturned {
        /// The bond.
        lamports: u64,
        /// The L1's transaction.
        transaction: String,
    },
    /// Nothing is left to be done.
    Done {
        /// Lamports that were paid in this run.
        paid_lamports: u64,
    },
}

impl Event {
    pub(super) fn left(left: &Left) -> Self {
        Self::NotDone { what: left.action.to_string(), reason: left.reason.clone() }
    }
}

/// An amount for people.
pub(super) fn of(amount: &Amount) -> String {
    match amount {
        Amount::Quote(AssetId::SOL, quote) => format_sol(*quote),
        Amount::Quote(asset, quote) => format!("{quote} base units of {asset}"),
        Amount::Base(curve, base) => format!("{base} base units of curve {curve}"),
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sol = |lamports: &u64| format_sol(Quote::new(*lamports));
        match self {
            Self::Rebuilt { batch, root, finalized } => {
                write!(f, "batch {batch} leads to root {root}; {finalized} are final")
            }
            Self::Forced { action, .. } => write!(f, "forced in: {action}"),
            Self::NotDone { what, reason } => write!(f, "NOT DONE: {what}: {reason}"),
            Self::Waiting { reason } => write!(f, "waiting {reason}"),
            Self::Bonded { member, lamports, .. } => {
                write!(f, "locked a bond of {} for {member}", sol(lamports))
            }
            Self::Posted { batch, chunks } => write!(f, "posted {chunks} chunks of batch {batch}"),
            Self::Committed { batch, messages, .. } => {
                write!(f, "committed batch {batch}, which consumes {messages} messages")
            }
            Self::Finalized { batch, .. } => write!(f, "batch {batch} is final"),
            Self::Paid { index, lamports, recipient, .. } => {
                write!(f, "withdrawal {index} paid {} to {recipient}", sol(lamports))
            }
            Self::PaidTokens { index, what, mint, recipient, .. } => {
                write!(f, "withdrawal {index} paid {what} to {recipient}, mint {mint}")
            }
            Self::MessagesClosed { count } => write!(f, "the rent of {count} messages returned"),
            Self::Unbonding { .. } => f.write_str("the bond is being withdrawn"),
            Self::BondReturned { lamports, .. } => {
                write!(f, "the bond of {} returned", sol(lamports))
            }
            Self::Done { paid_lamports } => {
                write!(f, "done; {} were paid in this run", sol(paid_lamports))
            }
        }
    }
}

//! What a watcher says.

use std::fmt;

use curvevm::types::{Address, Hash};
use serde::Serialize;

use super::Action;
use crate::rebuild::Fault;

/// What a watcher says. In JSON `event` is the variant's name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A batch was checked and is right.
    Checked(Progress),
    /// Every committed batch is checked and right.
    CaughtUp(Progress),
    /// A committed batch is wrong. Said again as long as it stands.
    Fault(FoundFault),
    /// Batches were taken back on the L1.
    RolledBack {
        /// The last batch that had been checked.
        from: u64,
        /// The last of them that still counts.
        to: u64,
    },
    /// Something was done about a fault.
    Challenge {
        /// The wrong batch, where the action is about one.
        batch: Option<u64>,
        /// What.
        #[serde(flatten)]
        action: Action,
    },
    /// The L1 could not be read, or did not do what was asked; it is tried again.
    Retry {
        /// Why.
        error: String,
        /// The pause before, in milliseconds.
        pause_ms: u64,
    },
}

/// How far the check has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Progress {
    /// The last batch that was checked.
    pub checked: u64,
    /// The height of its last block.
    pub height: u64,
    /// The state root after it.
    pub root: Hash,
    /// Transactions in the batches that this watcher has checked.
    pub transactions: u64,
    /// The last batch that the L1 recorded.
    pub committed: u64,
    /// The last batch whose window is over.
    pub finalized: u64,
    /// Committed batches that are not checked.
    pub behind_batches: u64,
    /// The time between the last checked block and the last committed one, in seconds of the chain.
    pub behind_secs: u64,
}

/// A fault, and who answers for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FoundFault {
    /// What is wrong, and where.
    #[serde(flatten)]
    pub fault: Fault,
    /// The Solana transaction that committed the batch.
    pub commit: String,
    /// The slot in which it was committed.
    pub slot: u64,
    /// Who committed it.
    pub poster: Address,
    /// Members who signed it, by index.
    pub signers: Vec<u8>,
    /// Whether the batch's window is over: no challenge helps any more.
    pub finalized: bool,
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Checked(progress) => write!(f, "checked {progress}"),
            Self::CaughtUp(progress) => write!(f, "all is checked: {progress}"),
            Self::Fault(found) => write!(f, "FAULT: {found}"),
            Self::RolledBack { from, to } => {
                write!(f, "rolled back on the L1: from batch {from} to batch {to}")
            }
            Self::Challenge { batch: Some(batch), action } => {
                write!(f, "challenge of batch {batch}: {action}")
            }
            Self::Challenge { batch: None, action } => write!(f, "challenger: {action}"),
            Self::Retry { error, pause_ms } => {
                write!(f, "{error}; trying again in {pause_ms} ms")
            }
        }
    }
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { checked, height, root, committed, finalized, .. } = self;
        write!(f, "batch {checked} of {committed} ({finalized} finalized), block {height}, ")?;
        write!(f, "root {root}, {} transactions", self.transactions)?;
        if self.behind_batches > 0 {
            write!(f, ", behind by {} batches, {} s", self.behind_batches, self.behind_secs)?;
        }
        Ok(())
    }
}

impl fmt::Display for FoundFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let window = if self.finalized { "its window is over" } else { "its window is open" };
        write!(f, "{}; committed by {} in slot {} ", self.fault, self.poster, self.slot)?;
        write!(f, "(transaction {}), signed by members {:?}; {window}", self.commit, self.signers)
    }
}

impl std::error::Error for FoundFault {}

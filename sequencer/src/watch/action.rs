//! What a challenger does.

use std::fmt;

use asset_sdk::l1::TraceFault;
use curvevm::types::Address;
use serde::Serialize;

use super::proof::{Accusation, Proof};

/// What a challenger does. In JSON `action` is the variant's name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum Action {
    /// It is ready to challenge.
    Ready {
        /// Its address on the L1.
        challenger: Address,
        /// What it has, in lamports.
        lamports: u64,
        /// The deposit of one challenge, which comes on top of the rent of the witness and of the verdict, in lamports.
        deposit_lamports: u64,
    },
    /// It knows what proves the fault.
    Prepared {
        /// What is said of the batch.
        proves: Proves,
        /// The chunk, from zero.
        chunk: u16,
        /// Where the segment starts in the chunk, for one that is wrong.
        offset: Option<u32>,
        /// What is uploaded, in bytes.
        bytes: usize,
    },
    /// It cannot prove the fault.
    Unprovable {
        /// Why.
        reason: String,
    },
    /// The witness was made, and the deposit paid.
    Opened {
        /// The witness.
        witness: Address,
        /// The Solana transaction.
        transaction: String,
    },
    /// The witness was written.
    Uploaded {
        /// The witness.
        witness: Address,
        /// Its length, in bytes.
        bytes: usize,
        /// In how many transactions.
        transactions: usize,
    },
    /// The batch was proved wrong and rolled back; the deposit returned.
    Proved {
        /// The index of the verdict.
        verdict: u64,
        /// The Solana transaction.
        transaction: String,
    },
    /// The verdict was executed on one of those that it accuses.
    Slashed {
        /// The index of the verdict.
        verdict: u64,
        /// On whom.
        #[serde(flatten)]
        accused: Accused,
        /// The Solana transaction.
        transaction: String,
    },
    /// The verdict was executed on all, and its rent returned.
    VerdictClosed {
        /// The index of the verdict.
        verdict: u64,
        /// The Solana transaction.
        transaction: String,
    },
    /// A witness that proves nothing any more was closed: its batch was rolled back by somebody else, or is final.
    WitnessClosed {
        /// The witness.
        witness: Address,
        /// What returned of the deposit, in lamports.
        deposit_lamports: u64,
        /// The Solana transaction.
        transaction: String,
    },
    /// The account of a batch that was rolled back was closed.
    BatchClosed {
        /// Its number.
        number: u64,
        /// The Solana transaction.
        transaction: String,
    },
}

/// What a proof says of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Proves {
    /// A segment does not lead to the root after it.
    Segment,
    /// A chunk cannot be decoded.
    Malformed,
    /// The first chunk does not begin at the state before the batch.
    First,
    /// A chunk does not end where the one after it begins.
    Join,
    /// The last chunk does not end where the header does.
    Last,
    /// The chain's cell is not what the header says.
    Chain,
}

/// On whom a verdict was executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Accused {
    /// The member's key.
    pub member: Address,
    /// What the challenger got of the bond, in lamports.
    pub reward_lamports: u64,
}

impl Action {
    pub(super) fn prepared(proof: &Proof) -> Self {
        let (proves, chunk, offset) = match &proof.accusation {
            Accusation::Segment(it) => (Proves::Segment, it.chunk, Some(it.offset)),
            Accusation::Trace(it) => (Proves::from(it.fault), it.chunk, None),
        };
        let parts = proof.upload.parts();
        let bytes = [parts.state, parts.chunk, parts.next].iter().map(|part| part.len()).sum();
        Self::Prepared { proves, chunk, offset, bytes }
    }
}

impl From<TraceFault> for Proves {
    fn from(fault: TraceFault) -> Self {
        match fault {
            TraceFault::Malformed => Self::Malformed,
            TraceFault::First => Self::First,
            TraceFault::Join => Self::Join,
            TraceFault::Last => Self::Last,
            TraceFault::Chain => Self::Chain,
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ready { challenger, lamports, deposit_lamports } => write!(
                f,
                "ready as {challenger} with {lamports} lamports; a challenge takes a deposit of {deposit_lamports}, and rent"
            ),
            Self::Prepared { proves, chunk, offset, bytes } => {
                write!(f, "{proves} of chunk {chunk}")?;
                if let Some(offset) = offset {
                    write!(f, " at offset {offset}")?;
                }
                write!(f, ", to be proved with {bytes} bytes")
            }
            Self::Unprovable { reason } => write!(f, "NOT CHALLENGED: {reason}"),
            Self::Opened { witness, .. } => write!(f, "opened witness {witness}"),
            Self::Uploaded { witness, bytes, transactions } => {
                write!(f, "wrote {bytes} bytes to witness {witness} in {transactions} transactions")
            }
            Self::Proved { verdict, transaction } => {
                write!(f, "PROVED by transaction {transaction}, verdict {verdict}")
            }
            Self::Slashed { accused: Accused { member, reward_lamports }, .. } => {
                write!(f, "slashed {member}, for a reward of {reward_lamports} lamports")
            }
            Self::VerdictClosed { verdict, .. } => write!(f, "verdict {verdict} is executed"),
            Self::WitnessClosed { witness, deposit_lamports, .. } => write!(
                f,
                "closed witness {witness}, {deposit_lamports} lamports of the deposit returned"
            ),
            Self::BatchClosed { number, .. } => write!(f, "closed the account of batch {number}"),
        }
    }
}

impl fmt::Display for Proves {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Segment => "a wrong segment",
            Self::Malformed => "an undecodable chunk",
            Self::First => "a wrong beginning",
            Self::Join => "a wrong joint",
            Self::Last => "a wrong end",
            Self::Chain => "a wrong chain's cell",
        })
    }
}

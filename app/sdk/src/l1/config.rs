//! Where the L1 is and how it is spoken to.

use std::time::Duration;

use curvevm::types::{Address, Hash};
use serde::{Deserialize, Serialize};
use solana_commitment_config::CommitmentConfig;

/// How settled on the L1 a read must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Executed by the node that is asked.
    Processed,
    /// Voted for by a supermajority.
    Confirmed,
    /// Rooted: no fork takes it back.
    Finalized,
}

/// The format of the transactions that are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TransactionFormat {
    /// Up to 1,232 bytes.
    V0,
    /// Up to 4,096 bytes (SIMD-0385).
    V1,
}

/// Where the L1 is and how it is spoken to.
#[derive(Clone, Debug)]
pub struct L1Config {
    /// The cluster's JSON-RPC over HTTP.
    pub url: String,
    /// The AssetRollup program.
    pub program_id: Address,
    /// The genesis hash: which of the program's rollups.
    pub chain_id: Hash,
    /// The format of the transactions that are sent; chunks must fit it.
    pub format: TransactionFormat,
    /// How settled a transaction must be before a write returns.
    pub confirm_at: Level,
    /// How long one call may take.
    pub call_timeout: Duration,
    /// How long a write may take in all before it gives up with [`super::L1Error::Timeout`].
    pub write_timeout: Duration,
}

impl L1Config {
    /// The configuration with V1 transactions, confirmed writes, 10 s for a call and 90 s for a write.
    pub fn new(url: impl Into<String>, program_id: Address, chain_id: Hash) -> Self {
        Self {
            url: url.into(),
            program_id,
            chain_id,
            format: TransactionFormat::V1,
            confirm_at: Level::Confirmed,
            call_timeout: Duration::from_secs(10),
            write_timeout: Duration::from_secs(90),
        }
    }
}

impl From<Level> for CommitmentConfig {
    fn from(level: Level) -> Self {
        match level {
            Level::Processed => Self::processed(),
            Level::Confirmed => Self::confirmed(),
            Level::Finalized => Self::finalized(),
        }
    }
}

impl TransactionFormat {
    /// The longest transaction, in bytes.
    pub const fn transaction_bytes_max(self) -> usize {
        match self {
            Self::V0 => 1_232,
            Self::V1 => 4_096,
        }
    }

    /// The most payload bytes of a chunk that `post_data` carries in one transaction.
    ///
    /// What is around the payload is below 400 bytes: one signature, six addresses, headers and the instruction's fields.
    pub const fn chunk_bytes_max(self) -> u16 {
        match self {
            Self::V0 => 832,
            Self::V1 => 3_696,
        }
    }

    /// The shortest format that carries chunks of a chain in one transaction: the chain's `chunk_bytes_max` says what its cluster takes.
    pub const fn of_chunks(chunk_bytes_max: u16) -> Self {
        if chunk_bytes_max <= Self::V0.chunk_bytes_max() { Self::V0 } else { Self::V1 }
    }

    /// The most bytes of a witness that `write_witness` carries in one transaction.
    ///
    /// What is around them is below 300 bytes: one signature, four addresses, headers, the budget and the instruction's fields.
    pub const fn witness_piece_bytes_max(self) -> usize {
        self.transaction_bytes_max().saturating_sub(300)
    }
}

//! The mempool: transactions that wait for a block.
//!
//! # Rules
//!
//! 1. A transaction is taken when its form, its signature, its nonce and its expiry fit the latest preconfirmed state, its
//!    signer has an account, its session is open if a session key signed it, no other one with its nonce waits, and there is
//!    room.
//! 2. It is acknowledged when it is on disk. Many transactions share one write and one flush.
//! 3. It leaves when it is in a committed block, or when it cannot be in one: expired, its nonce used by another, or its session
//!    expired or revoked.
//! 4. A taken transaction goes to every other member, again and again while it waits; receiving one twice is harmless.
//!
//! # Invariants
//!
//! 1. `M1` An acknowledged transaction is in a committed block, or in the mempool also after a crash, or was dropped for rule 3.
//! 2. `M2` A nonce of a signer is held by one waiting transaction.

mod actor;
mod error;
mod metrics;
mod pool;
mod storage;

#[cfg(test)]
pub(crate) use actor::Forwarder;
pub(crate) use actor::{Mempool, MempoolHandle, MempoolSetup};
pub(crate) use error::SubmitError;
pub(crate) use metrics::MempoolMetrics;
pub(crate) use pool::{Pool, PoolLimits, SelectLimits};
pub(crate) use storage::MempoolStorage;

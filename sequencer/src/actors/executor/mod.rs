//! The executor: builds blocks, validates them, and commits what consensus made final.
//!
//! # Terms
//!
//! A *version* is the state after a block that is not committed yet, or after the last one that is: the *head*. Versions share
//! what their trees have in common.
//!
//! # Rules
//!
//! 1. A block is valid when its height and parent follow, its body is within its bounds, each signature verifies, execution
//!    gives the claimed root, and it closes its batch exactly when [`OpenBatch`](crate::chain::OpenBatch) says so, with the
//!    header that follows from the batch's blocks.
//! 2. A member votes for a block only once it has seen the block's inbox messages itself, settled on the L1 as configured, and
//!    its own clock is not far behind the block's. Until then it waits; a block that the committee committed without it is
//!    taken as it is. So the verdict itself is a function of the chain alone.
//! 3. A leader with nothing to do waits, but not longer than the heartbeat.
//!
//! # Invariants
//!
//! 1. `X1` A version's root is the one that its block claims.
//! 2. `X2` The published head is durable.

mod actor;
mod build;
mod error;
mod metrics;
mod transition;
mod validate;
mod version;

pub(crate) use actor::{Executor, ExecutorConfig, ExecutorSetup, commit_record, now_ms};
pub(crate) use error::ExecutorError;
pub(crate) use metrics::ExecutorMetrics;
pub(crate) use transition::{Transition, TransitionError, transition};
pub(crate) use validate::{Invalid, Prepared, check, prepare};
pub(crate) use version::Version;

#[cfg(test)]
mod tests;

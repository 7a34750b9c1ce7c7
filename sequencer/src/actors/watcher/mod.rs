//! The L1 watcher: reads the inbox at the configured commitment and the rollup's progress, and publishes both.
//!
//! # Rules
//!
//! 1. Messages are those of the inbox at the configured commitment (`finalized` by default), so that a fork of the L1 takes back
//!    none that was credited. Their accounts are read at the same commitment.
//! 2. A message whose account is not there yet is waited for, and those after it with it: none is skipped.
//! 3. Messages join by the hash of the chain. Where they do not, those that were read before are of a fork, and are read again.
//! 4. As many messages are read ahead of the chain as some blocks consume, however many wait.
//! 5. A failed call leaves what was read before, and says that the L1 does not answer; the next look comes later each time, up
//!    to a bound.

mod actor;
mod metrics;
mod view;

pub(crate) use actor::{Watcher, WatcherConfig};
pub(crate) use metrics::WatcherMetrics;
pub(crate) use view::L1View;

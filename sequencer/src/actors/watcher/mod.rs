//! The L1 watcher: reads the inbox at the configured commitment and the rollup's progress, and publishes both.
//!
//! # Rules
//!
//! 1. Messages are those of the inbox account at the configured commitment (`finalized` by default), so that a fork of the L1
//!    takes back none that was credited.
//! 2. A failed call leaves what was read before, and says that the L1 does not answer; the next look comes later each time, up
//!    to a bound.

mod actor;
mod metrics;
mod view;

pub(crate) use actor::{Watcher, WatcherConfig};
pub(crate) use metrics::WatcherMetrics;
pub(crate) use view::L1View;

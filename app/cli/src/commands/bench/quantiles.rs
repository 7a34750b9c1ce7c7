//! Quantiles of times.

use std::time::Duration;

use serde::Serialize;

/// Quantiles of times, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct Quantiles {
    /// How many times were taken.
    pub(super) count: u64,
    pub(super) p50_ms: f64,
    pub(super) p90_ms: f64,
    pub(super) p99_ms: f64,
}

impl Quantiles {
    /// Of times that are known one by one, by nearest rank; nothing of none.
    pub(super) fn of(mut times: Vec<Duration>) -> Option<Self> {
        times.sort_unstable();
        let count = times.len() as u64;
        let rank = |percent: u64| {
            let rank = (count * percent).div_ceil(100).max(1);
            times.get(usize::try_from(rank - 1).ok()?).copied().map(millis)
        };
        Some(Self { count, p50_ms: rank(50)?, p90_ms: rank(90)?, p99_ms: rank(99)? })
    }
}

/// Milliseconds, to the hundredth.
pub(super) fn millis(time: Duration) -> f64 {
    (time.as_secs_f64() * 100_000.0).round() / 100.0
}

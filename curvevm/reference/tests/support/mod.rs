//! Seeds, and reports that name them.
#![allow(dead_code, reason = "each test file uses a part")]

pub(crate) mod chain;
pub(crate) mod conservation;

use curvevm_reference::{random::Seeded, world::World};

/// How many cases a test runs: `CURVEVM_CASES`, or the number that fits a minute.
pub(crate) fn cases(usual: u64) -> u64 {
    std::env::var("CURVEVM_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

/// Failures that are reported at once.
const FAILURES_MAX: usize = 8;

/// Runs `case` for each seed: those of `CURVEVM_SEED` only, if it is set. A failure names the seed.
///
/// # Panics
///
/// When a case fails.
pub(crate) fn for_seeds(usual: u64, case: impl Fn(&mut Seeded) -> Result<(), String>) {
    let only: Option<u64> = std::env::var("CURVEVM_SEED").ok().and_then(|text| text.parse().ok());
    let mut seeds = only.map_or(0..cases(usual), |seed| seed..seed + 1);
    let failure = |seed: u64| {
        let error = case(&mut Seeded::new(seed)).err()?;
        Some(format!("CURVEVM_SEED={seed}: {error}"))
    };
    let failures: Vec<_> = seeds.by_ref().filter_map(failure).take(FAILURES_MAX).collect();
    assert!(failures.is_empty(), "before seed {}:\n{}", seeds.start, failures.join("\n\n"));
}

/// An empty world.
///
/// # Panics
///
/// When the two machines disagree on it.
pub(crate) fn world() -> World {
    World::new().unwrap_or_else(|error| panic!("{error}"))
}

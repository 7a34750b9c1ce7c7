//! Random seeds: loss, duplication, partitions, crashes and twins together, then calm.

use asset_consensus_sim::{NetworkConfig, SimConfig, World};

const FAULTS_END_MS: u64 = 5_000;
const CALM_MS: u64 = 8_000;
/// Blocks that a committee commits in `CALM_MS` once nothing fails any more.
const PROGRESS_MIN: u64 = 5;

fn chaos(seed: u64) -> World {
    let network = NetworkConfig {
        latency_min_ms: 1,
        latency_max_ms: 20 + seed % 100,
        loss_percent: seed % 45,
        duplicate_percent: 15,
        faults_end_ms: FAULTS_END_MS,
        partition_every_ms: 300 + seed % 900,
    };
    // As many faulty members as the committee bears.
    let (members, twins) = match seed % 5 {
        0 => (7, vec![1, 4]),
        1 => (4, vec![0]),
        2 => (5, vec![3]),
        _ => (4, Vec::new()),
    };
    let mut world = World::new(SimConfig { members, twins, network, ..SimConfig::new(seed) });
    for _ in 0..8 {
        let slot = world.draw(members as u64) as usize;
        let at_ms = world.draw(FAULTS_END_MS - 1_000);
        let down_ms = world.draw(900) + 1;
        world.plan_crash(slot, at_ms, Some(down_ms));
    }
    world
}

fn run(seed: u64) -> World {
    let mut world = chaos(seed);
    world.run_until(FAULTS_END_MS);
    assert_eq!(world.checker().violations(), &[], "seed {seed}");
    let before = world.checker().chain_length() as u64;
    world.run_until(FAULTS_END_MS + CALM_MS);
    assert_eq!(world.checker().violations(), &[], "seed {seed}");
    let after = world.height_min();
    assert!(after >= before + PROGRESS_MIN, "seed {seed}: from {before} to {after}");
    world
}

/// Split so that the runner spreads them over the cores.
fn hundred_seeds(first: u64) {
    (first..first + 100).for_each(|seed| drop(run(seed)));
}

#[test]
fn seeds_0_to_99_agree_and_recover() {
    hundred_seeds(0);
}

#[test]
fn seeds_100_to_199_agree_and_recover() {
    hundred_seeds(100);
}

#[test]
fn seeds_200_to_299_agree_and_recover() {
    hundred_seeds(200);
}

/// For the nightly run: `cargo test -p asset-consensus-sim -- --ignored`.
#[test]
#[ignore = "takes many minutes"]
fn ten_thousand_seeds_agree_and_recover() {
    (1_000..11_000).for_each(|seed| drop(run(seed)));
}

#[test]
fn same_seed_gives_the_same_trace() {
    let (first, second, other) = (run(42), run(42), run(43));
    assert_eq!(first.trace_hash(), second.trace_hash());
    assert_ne!(first.trace_hash(), other.trace_hash());
}

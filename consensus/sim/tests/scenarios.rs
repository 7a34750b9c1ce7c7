//! The named scenarios: each asserts agreement throughout and progress at the end.

use asset_consensus_sim::{NetworkConfig, SimConfig, World};

/// Runs to `end_ms` and asserts that nothing went wrong.
fn run(world: &mut World, end_ms: u64) {
    world.run_until(end_ms);
    assert_eq!(world.checker().violations(), &[], "at {} ms", world.now_ms());
}

#[test]
fn happy_path_commits_in_every_view() {
    let mut world = World::new(SimConfig::new(1));
    run(&mut world, 5_000);
    let views = world.view(0).unwrap().get();
    assert!(world.height_min() > 50, "height {}", world.height_min());
    assert!(world.height_min() + 3 >= views, "height {} view {views}", world.height_min());
}

#[test]
fn a_block_is_final_three_delays_and_three_syncs_after_it_is_built() {
    let network =
        NetworkConfig { latency_min_ms: 100, latency_max_ms: 100, ..NetworkConfig::perfect() };
    let mut world = World::new(SimConfig { network, ..SimConfig::new(6) });
    // At most 10 ms to build, 5 to sync (proposal, vote 1, vote 2), 3 to validate.
    run(&mut world, 3 * 100 + 10 + 3 * 5 + 3);
    assert_eq!(world.height_min(), 1);
}

#[test]
fn crashed_leader_costs_its_views_only() {
    let mut world = World::new(SimConfig::new(2));
    world.plan_crash(3, 1_000, None);
    run(&mut world, 20_000);
    let heights: Vec<_> = (0..3).map(|slot| world.height(slot)).collect();
    assert!(heights.iter().all(|height| *height > 80), "heights {heights:?}");
}

#[test]
fn restarted_member_catches_up() {
    let mut world = World::new(SimConfig::new(3));
    world.plan_crash(1, 1_000, Some(6_000));
    run(&mut world, 10_000);
    let (behind, ahead) = (world.height(1), world.height(0));
    assert!(ahead > 50 && behind + 3 >= ahead, "heights {behind} and {ahead}");
}

#[test]
fn all_members_restart_and_go_on() {
    for seed in 0..20 {
        let mut world = World::new(SimConfig::new(seed));
        for slot in 0..4 {
            let at_ms = 1_000 + world.draw(20);
            world.plan_crash(slot, at_ms, Some(500));
        }
        run(&mut world, 1_400);
        let before = world.checker().chain_length() as u64;
        run(&mut world, 8_000);
        assert!(before > 10, "seed {seed}: {before} blocks before");
        assert!(world.height_min() > before + 20, "seed {seed}: height {}", world.height_min());
    }
}

#[test]
fn thirty_percent_loss_does_not_stall() {
    for seed in 0..10 {
        let network = NetworkConfig {
            loss_percent: 30,
            duplicate_percent: 10,
            faults_end_ms: u64::MAX,
            ..NetworkConfig::perfect()
        };
        let mut world = World::new(SimConfig { network, ..SimConfig::new(seed) });
        run(&mut world, 20_000);
        assert!(world.height_min() > 30, "seed {seed}: height {}", world.height_min());
    }
}

#[test]
fn equivocating_leader_neither_forks_nor_stops_the_chain() {
    for seed in 0..20 {
        let mut world = World::new(SimConfig { twins: vec![2], ..SimConfig::new(seed) });
        run(&mut world, 20_000);
        assert!(world.height_min() > 30, "seed {seed}: height {}", world.height_min());
    }
}

#[test]
fn seven_members_bear_two_crashes_under_loss() {
    let network =
        NetworkConfig { loss_percent: 10, faults_end_ms: u64::MAX, ..NetworkConfig::perfect() };
    let mut world = World::new(SimConfig { members: 7, network, ..SimConfig::new(4) });
    world.plan_crash(2, 1_000, None);
    world.plan_crash(3, 2_000, None);
    run(&mut world, 30_000);
    let heights: Vec<_> = [0, 1, 4, 5, 6].map(|slot| world.height(slot)).into();
    assert!(heights.iter().all(|height| *height > 40), "heights {heights:?}");
}

#[test]
fn without_a_quorum_nothing_is_committed_and_with_one_again_it_goes_on() {
    let mut world = World::new(SimConfig::new(5));
    world.plan_crash(0, 1_000, Some(9_000));
    world.plan_crash(1, 1_000, Some(9_000));
    run(&mut world, 1_200);
    let before = world.checker().chain_length();
    run(&mut world, 9_900);
    assert!(world.checker().chain_length() <= before + 1, "two of four are no quorum");
    run(&mut world, 25_000);
    assert!(world.height_min() as usize > before + 20, "height {}", world.height_min());
}

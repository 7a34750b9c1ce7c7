//! A checker that finds nothing proves nothing: each planted fault must be found.

use asset_consensus::Guard;
use asset_consensus_sim::{Mutation, NetworkConfig, SimConfig, Violation, World};

const SEEDS_MAX: u64 = 60;

/// The violations of the first seed that has any.
fn hunt(mutation: Option<Mutation>, twins: &[usize]) -> Vec<Violation> {
    for seed in 0..SEEDS_MAX {
        let network = NetworkConfig {
            loss_percent: 25,
            faults_end_ms: u64::MAX,
            partition_every_ms: 900,
            ..NetworkConfig::perfect()
        };
        let twins = twins.to_vec();
        let mut world = World::new(SimConfig { network, twins, mutation, ..SimConfig::new(seed) });
        for _ in 0..12 {
            let (slot, at_ms) = (world.draw(4) as usize, world.draw(8_000));
            let down_ms = world.draw(300) + 1;
            world.plan_crash(slot, at_ms, Some(down_ms));
        }
        world.run_until(10_000);
        if !world.checker().violations().is_empty() {
            return world.checker().violations().to_vec();
        }
    }
    Vec::new()
}

fn found(violations: &[Violation], wanted: fn(&Violation) -> bool) -> bool {
    violations.iter().any(wanted)
}

#[test]
fn finds_nothing_without_a_mutation() {
    assert_eq!(hunt(None, &[1]), []);
}

#[test]
fn finds_a_vote_after_timeout() {
    let violations = hunt(Some(Mutation::Without(Guard::NoVote2AfterTimeout)), &[]);
    assert!(
        found(&violations, |it| matches!(it, Violation::VoteAfterTimeout { .. })),
        "{violations:?}"
    );
}

#[test]
fn finds_a_double_vote() {
    let violations = hunt(Some(Mutation::Without(Guard::OneVote1)), &[1]);
    assert!(found(&violations, |it| matches!(it, Violation::DoubleVote1 { .. })), "{violations:?}");
}

#[test]
fn finds_votes_that_left_before_they_were_durable() {
    let violations = hunt(Some(Mutation::SendBeforeDurable), &[]);
    assert!(!violations.is_empty());
}

#[test]
fn finds_locks_that_did_not_survive_a_restart() {
    let violations = hunt(Some(Mutation::ForgetLocks), &[]);
    assert!(
        found(&violations, |it| matches!(
            it,
            Violation::LockForgotten { .. } | Violation::DoubleVote2 { .. }
        )),
        "{violations:?}"
    );
}

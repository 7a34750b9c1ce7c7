//! The driver over the memory transport.

use std::sync::{Arc, atomic::Ordering};

use asset_consensus::{
    BlockId, Epoch, Height, MemberIx, Msg, PacemakerConfig, Signature, View, Vote1, wire,
};
use asset_consensus_net::{
    EngineError, EngineHandle, EngineMetrics,
    transport::{Class, MemoryNetwork, Rank, Transport as _},
};

use crate::support::{Committee, Counter, pacemaker, within};

const INBOX_FRAMES_MAX: usize = 4096;

struct Running {
    engine: EngineHandle,
    application: Arc<Counter>,
    metrics: EngineMetrics,
}

async fn start(
    committee: &Committee,
    network: &MemoryNetwork,
    member: MemberIx,
    application: Arc<Counter>,
) -> Running {
    let (transport, inbox) = network.join(member);
    let metrics = EngineMetrics::default();
    let started =
        committee.start(application.clone(), transport, inbox.consensus, metrics.clone()).await;
    Running { engine: started.unwrap(), application, metrics }
}

async fn start_all(
    committee: &Committee,
    network: &MemoryNetwork,
    members: impl IntoIterator<Item = MemberIx>,
) -> Vec<Running> {
    let mut running = Vec::new();
    for member in members {
        running.push(start(committee, network, member, committee.application(member)).await);
    }
    running
}

async fn all_reach(running: &[Running], height: u64) {
    for member in running {
        member.application.reaches(height).await;
    }
}

fn assert_agreement(running: &[Running], height: u64) {
    let expected = running[0].application.chain(height);
    assert_eq!(expected.len() as u64, height);
    for member in running {
        assert_eq!(member.application.chain(height), expected);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_members_commit_and_agree() {
    within(async {
        let committee = Committee::new(4, pacemaker());
        let network = MemoryNetwork::new(4, INBOX_FRAMES_MAX);
        let running = start_all(&committee, &network, committee.members()).await;
        all_reach(&running, 40).await;
        assert_agreement(&running, 40);
        for member in running {
            let status = member.engine.status();
            assert!(status.committed.get() >= 40);
            member.engine.shutdown().await.unwrap();
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_member_alone_is_a_committee() {
    within(async {
        let committee = Committee::new(1, pacemaker());
        let network = MemoryNetwork::new(1, INBOX_FRAMES_MAX);
        let running = start_all(&committee, &network, committee.members()).await;
        all_reach(&running, 10).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crashed_leader_costs_a_timeout_and_no_more() {
    within(async {
        let quick = PacemakerConfig { view_base_ms: 250, retry_ms: 100, ..pacemaker() };
        let committee = Committee::new(4, quick);
        let network = MemoryNetwork::new(4, INBOX_FRAMES_MAX);
        let alive = committee.members().filter(|member| member.get() != 1);
        let running = start_all(&committee, &network, alive).await;
        all_reach(&running, 20).await;
        assert_agreement(&running, 20);
        assert!(running[0].application.builders().iter().all(|builder| *builder != 1));
        let timeouts = |leader| running[0].metrics.timeouts(MemberIx::new(leader));
        assert!(timeouts(1) > 0, "the crashed leader's views were abandoned");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cut_member_catches_up() {
    within(async {
        let quick = PacemakerConfig { view_base_ms: 250, retry_ms: 100, ..pacemaker() };
        let committee = Committee::new(4, quick);
        let network = MemoryNetwork::new(4, INBOX_FRAMES_MAX);
        let running = start_all(&committee, &network, committee.members()).await;
        all_reach(&running, 5).await;
        network.cut(MemberIx::new(2));
        let target = running[0].application.height() + 15;
        running[0].application.reaches(target).await;
        assert!(running[2].application.height() < target);
        network.heal(MemberIx::new(2));
        all_reach(&running, target).await;
        assert_agreement(&running, target);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_members_restart_from_their_logs() {
    within(async {
        let committee = Committee::new(4, pacemaker());
        let network = MemoryNetwork::new(4, INBOX_FRAMES_MAX);
        let first = start_all(&committee, &network, committee.members()).await;
        all_reach(&first, 10).await;
        let mut second = Vec::new();
        let mut applications = Vec::new();
        for member in first {
            member.engine.shutdown().await.unwrap();
            applications.push(member.application.restarted());
        }
        let before = applications[0].chain(10);
        for (member, application) in committee.members().zip(applications) {
            second.push(start(&committee, &network, member, application).await);
        }
        let target = second.iter().map(|it| it.application.height()).max().unwrap() + 10;
        all_reach(&second, target).await;
        assert_agreement(&second, target);
        assert_eq!(second[0].application.chain(10), before);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_engine_on_the_same_log_is_refused() {
    within(async {
        let committee = Committee::new(1, pacemaker());
        let network = MemoryNetwork::new(1, INBOX_FRAMES_MAX);
        let member = MemberIx::new(0);
        let _running = start(&committee, &network, member, committee.application(member)).await;
        let (transport, inbox) = network.join(member);
        let application = committee.application(member);
        let metrics = EngineMetrics::default();
        let second = committee.start(application, transport, inbox.consensus, metrics).await;
        assert!(matches!(second, Err(EngineError::Wal(_))));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failing_application_stops_its_own_engine_only() {
    within(async {
        let committee = Committee::new(4, pacemaker());
        let network = MemoryNetwork::new(4, INBOX_FRAMES_MAX);
        let mut running = start_all(&committee, &network, committee.members()).await;
        all_reach(&running, 3).await;
        let mut failing = running.pop().unwrap();
        failing.application.fails_commits.store(true, Ordering::Relaxed);
        let error = failing.engine.stopped().await.unwrap_err();
        assert!(matches!(error, EngineError::Application(_)), "{error}");
        running[0].application.progresses().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_diverged_application_stops_its_own_engine() {
    within(async {
        let committee = Committee::new(4, pacemaker());
        let network = MemoryNetwork::new(4, INBOX_FRAMES_MAX);
        let mut running = start_all(&committee, &network, committee.members()).await;
        all_reach(&running, 3).await;
        let mut diverged = running.pop().unwrap();
        diverged.application.refuses_blocks.store(true, Ordering::Relaxed);
        let error = diverged.engine.stopped().await.unwrap_err();
        assert!(matches!(error, EngineError::Diverged { .. }), "{error}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn garbage_and_forgeries_are_counted_and_harmless() {
    within(async {
        let quick = PacemakerConfig { view_base_ms: 250, retry_ms: 100, ..pacemaker() };
        let committee = Committee::new(4, quick);
        let network = MemoryNetwork::new(4, INBOX_FRAMES_MAX);
        let attacker = MemberIx::new(3);
        let (transport, _inbox) = network.join(attacker);
        let honest = committee.members().filter(|member| *member != attacker);
        let running = start_all(&committee, &network, honest).await;
        all_reach(&running, 5).await;
        let forged = Vote1 {
            epoch: Epoch::new(1),
            view: View::new(1),
            height: Height::new(1),
            block: BlockId::new([9; 32]),
            voter: attacker,
            signature: Signature([1; 64]),
        };
        let forged: Arc<[u8]> = wire::encode(&Msg::Vote1(forged)).into();
        let victim = &running[0];
        let counted = || {
            victim.metrics.malformed(attacker) > 0
                && victim.metrics.invalid_signatures(attacker) > 0
        };
        while !counted() {
            transport.broadcast(Class::Control, Rank::new(1), Arc::from([0xff; 40]));
            transport.broadcast(Class::Block, Rank::new(1), Arc::from([]));
            transport.broadcast(Class::Control, Rank::new(1), forged.clone());
            victim.application.progresses().await;
        }
        let target = victim.application.height() + 5;
        all_reach(&running, target).await;
        assert_agreement(&running, target);
    })
    .await;
}

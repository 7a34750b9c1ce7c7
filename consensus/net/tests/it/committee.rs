//! Engines over the libp2p transport on loopback: the whole crate, with real sockets and logs.

use std::sync::Arc;

use asset_consensus::{MemberIx, PacemakerConfig};
use asset_consensus_net::{
    EngineHandle, EngineMetrics, libp2p::Libp2pTransport, transport::Transport as _,
};

use crate::support::{Committee, Counter, pacemaker, within};

struct Running {
    engine: EngineHandle,
    application: Arc<Counter>,
    transport: Arc<Libp2pTransport>,
}

impl Running {
    async fn start(committee: &Committee, member: MemberIx, application: Arc<Counter>) -> Self {
        let (transport, inbox) = committee.transport(member).await;
        let metrics = EngineMetrics::default();
        let started =
            committee.start(application.clone(), transport.clone(), inbox.consensus, metrics).await;
        Self { engine: started.unwrap(), application, transport }
    }

    /// Even pairs meet on QUIC, odd ones on TCP.
    fn learn(&self, other: &Self) {
        let (near, far) = (self.transport.local(), other.transport.local());
        let kind = if (near.get() + far.get()).is_multiple_of(2) { "quic" } else { "tcp" };
        let addresses = other.transport.listen_addresses().iter();
        let chosen = addresses.filter(|address| address.to_string().contains(kind)).cloned();
        self.transport.set_addresses(far, chosen.collect());
    }

    async fn stop(self) -> Arc<Counter> {
        self.engine.shutdown().await.unwrap();
        self.transport.close().await;
        self.application.restarted()
    }
}

async fn start_all(committee: &Committee) -> Vec<Running> {
    let mut running = Vec::new();
    for member in committee.members() {
        running.push(Running::start(committee, member, committee.application(member)).await);
    }
    for near in &running {
        for far in running.iter().filter(|far| far.transport.local() != near.transport.local()) {
            near.learn(far);
        }
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
async fn four_members_commit_fifty_blocks_and_agree() {
    within(async {
        let committee = Committee::new(4, pacemaker());
        let running = start_all(&committee).await;
        all_reach(&running, 50).await;
        assert_agreement(&running, 50);
        for member in &running {
            let mut connected = member.transport.connected();
            connected.wait_for(|connected| connected.len() == 3).await.unwrap();
        }
        for member in running {
            member.stop().await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restarted_member_catches_up_from_its_log() {
    within(async {
        let quick = PacemakerConfig { view_base_ms: 400, retry_ms: 150, ..pacemaker() };
        let committee = Committee::new(4, quick);
        let mut running = start_all(&committee).await;
        all_reach(&running, 10).await;
        let application = running.pop().unwrap().stop().await;
        let behind = application.height();
        let target = running[0].application.height().max(behind) + 20;
        all_reach(&running, target).await;
        let back = Running::start(&committee, MemberIx::new(3), application).await;
        assert_eq!(back.application.height(), behind);
        // Only the restarted member knows where the others are; they learn of it when it calls.
        for far in &running {
            back.learn(far);
        }
        running.push(back);
        all_reach(&running, target).await;
        assert_agreement(&running, target);
        // It takes part again: with another member gone the remaining three go on.
        running.remove(0).stop().await;
        let target = running[0].application.height() + 10;
        all_reach(&running, target).await;
        assert_agreement(&running, target);
    })
    .await;
}

//! What the node does and what it waits for.

use std::sync::Arc;

use asset_consensus_net::EngineStatus;
use asset_sdk::rpc::{L1Status, MempoolStatus, Role, RpcError, StatusView};
use tokio::sync::watch;

use super::reads::at;
use crate::{
    actors::{
        executor::{Executor, Version, now_ms},
        mempool::Pool,
        poster::PosterStage,
        watcher::L1View,
    },
    chain::ChainSpec,
};

/// A block that is older than so many heartbeats is late.
const LATE_HEARTBEATS: u64 = 4;

/// What the status is made of.
#[derive(Clone, Debug)]
pub(crate) struct StatusSource {
    pub(crate) spec: Arc<ChainSpec>,
    pub(crate) member: u16,
    pub(crate) l1_url: String,
    pub(crate) heartbeat_ms: u64,
    pub(crate) executor: Executor,
    pub(crate) pool: Arc<Pool>,
    pub(crate) l1: watch::Receiver<Arc<L1View>>,
    pub(crate) poster: watch::Receiver<PosterStage>,
    pub(crate) engine: watch::Receiver<EngineStatus>,
}

impl StatusSource {
    /// The answer to `getStatus`.
    pub(crate) fn view(&self) -> StatusView {
        let head = self.executor.latest();
        let l1 = self.l1.borrow().clone();
        let engine = self.engine.borrow().clone();
        StatusView {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            chain_id: self.spec.id,
            name: self.spec.genesis.name.clone(),
            program_id: *self.spec.program_id(),
            role: Role::Sequencer,
            member: Some(self.member),
            members: count(self.spec.members()),
            peers: count(self.peers(&engine)),
            view: engine.view.get(),
            leader: Some(engine.leader.get()),
            at: at(&head),
            time_ms: head.chain.time_ms,
            batch_closed: head.last_batch(),
            batch_committed: l1.committed,
            batch_finalized: l1.finalized,
            inbox_cursor: head.chain.inbox_cursor,
            mempool: MempoolStatus {
                transactions: self.pool.len() as u64,
                transactions_max: self.pool.limits().transactions_max as u64,
            },
            syncing: engine.syncing,
            waiting_for: self.waiting_for(&head, &l1, &engine),
            l1: L1Status {
                url: self.l1_url.clone(),
                reachable: l1.reachable,
                slot: l1.slot,
                inbox_count: l1.inbox_count,
                error: l1.problem.as_ref().map(|problem| RpcError::Node(problem.number).view()),
            },
        }
    }

    /// What keeps the node from serving, none when it is ready.
    pub(crate) fn not_ready(&self) -> Vec<String> {
        let (l1, engine) = (self.l1.borrow().clone(), self.engine.borrow().clone());
        let mut reasons = self.consensus_waits(&engine);
        reasons.extend(l1_waits(&l1));
        reasons
    }

    fn peers(&self, engine: &EngineStatus) -> usize {
        engine.connected.iter().filter(|member| member.get() != self.member).count()
    }

    fn waiting_for(&self, head: &Version, l1: &L1View, engine: &EngineStatus) -> Vec<String> {
        let mut reasons = self.consensus_waits(engine);
        reasons.extend(self.late_block(head, engine));
        reasons.extend(l1_waits(l1));
        if self.pool.len() >= self.pool.limits().transactions_max {
            reasons.push("the mempool is full and refuses transactions".to_owned());
        }
        let waiting = l1.inbox_count.saturating_sub(head.chain.inbox_cursor);
        if waiting > 0 {
            reasons.push(format!("{waiting} inbox messages wait for a block"));
        }
        if head.last_batch() > l1.committed {
            reasons.push(self.poster.borrow().to_string());
        }
        if l1.committed > l1.finalized {
            let first = l1.finalized.saturating_add(1);
            reasons.push(format!(
                "batches {first} to {} wait for their challenge windows",
                l1.committed
            ));
        }
        reasons
    }

    fn consensus_waits(&self, engine: &EngineStatus) -> Vec<String> {
        let mut reasons = Vec::new();
        let (here, quorum) = (self.peers(engine).saturating_add(1), self.spec.quorum());
        if here < quorum {
            reasons.push(format!("consensus waits for members: {here} of {quorum} are connected"));
        }
        if engine.syncing {
            let height = engine.applied;
            reasons
                .push(format!("blocks after height {height} are being fetched from other members"));
        }
        reasons
    }

    fn late_block(&self, head: &Version, engine: &EngineStatus) -> Option<String> {
        let age_ms = now_ms().saturating_sub(head.chain.time_ms);
        let is_late = age_ms > self.heartbeat_ms.saturating_mul(LATE_HEARTBEATS);
        is_late.then(|| {
            format!(
                "the last block is {} s old; view {} waits for member {}, {} views in a row timed out",
                age_ms / 1_000,
                engine.view,
                engine.leader,
                engine.timeouts_in_a_row,
            )
        })
    }
}

fn l1_waits(l1: &L1View) -> Option<String> {
    if l1.reachable {
        return None;
    }
    Some(l1.problem.as_ref().map_or_else(
        || "the L1 has not been read yet".to_owned(),
        |problem| problem.message.clone(),
    ))
}

fn count(number: usize) -> u16 {
    u16::try_from(number).unwrap_or(u16::MAX)
}

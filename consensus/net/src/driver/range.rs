//! Serves committed blocks to members that were away.

use std::sync::Arc;

use asset_consensus::{
    ChainId, CommittedRange, Height, MemberIx, Msg, RANGE_BLOCKS_MAX, RANGE_BYTES_SOFT_MAX,
    SealedBlock, wire,
};
use tokio::{sync::Semaphore, task::JoinSet};

use crate::{
    application::{Application, ApplicationError},
    metrics::EngineMetrics,
    transport::{Class, Rank, Transport},
};

/// How many answers are put together at one time; further requests are dropped, and will be repeated.
const SERVING_MAX: usize = 2;

/// Answers requests for committed blocks from the application's store.
#[derive(Debug)]
pub(crate) struct Ranges<A, T> {
    application: Arc<A>,
    transport: Arc<T>,
    chain: ChainId,
    metrics: EngineMetrics,
    serving: Arc<Semaphore>,
    tasks: JoinSet<()>,
}

impl<A: Application, T: Transport> Ranges<A, T> {
    pub(crate) fn new(
        application: Arc<A>,
        transport: Arc<T>,
        chain: ChainId,
        metrics: EngineMetrics,
    ) -> Self {
        let serving = Arc::new(Semaphore::new(SERVING_MAX));
        Self { application, transport, chain, metrics, serving, tasks: JoinSet::new() }
    }

    /// Sends `to` what the application has from a height on.
    pub(crate) fn serve(&mut self, to: MemberIx, from: Height, rank: Rank) {
        while self.tasks.try_join_next().is_some() {}
        let Ok(permit) = self.serving.clone().try_acquire_owned() else {
            self.metrics.on_range_refused();
            return;
        };
        let (application, transport) = (self.application.clone(), self.transport.clone());
        let (chain, metrics) = (self.chain, self.metrics.clone());
        self.tasks.spawn(async move {
            match collect(&*application, &chain, from).await {
                Ok(Some(range)) => {
                    let bytes = wire::encode(&Msg::Range(Box::new(range)));
                    transport.send(to, Class::Block, rank, bytes.into());
                    metrics.on_range_served();
                }
                Ok(None) => {}
                // A store that cannot be read fails the next commit, which reports it.
                Err(error) => tracing::error!(%error, %from, "cannot read committed blocks"),
            }
            drop(permit);
        });
    }
}

/// Consecutive blocks up to the last one with a certificate, or to the first such once there are enough bytes.
async fn collect<A: Application>(
    application: &A,
    chain: &ChainId,
    from: Height,
) -> Result<Option<CommittedRange>, ApplicationError> {
    let mut blocks: Vec<SealedBlock> = Vec::new();
    let mut certified = None;
    let mut size_bytes = 0usize;
    let mut height = from;
    while blocks.len() < RANGE_BLOCKS_MAX {
        let Some(stored) = application.committed_block(height).await? else { break };
        size_bytes = size_bytes.saturating_add(stored.block.payload.len());
        blocks.push(SealedBlock::seal(stored.block, chain));
        if let Some(proof) = stored.proof {
            certified = Some((blocks.len(), proof));
            if size_bytes >= RANGE_BYTES_SOFT_MAX {
                break;
            }
        }
        height = height.next();
    }
    Ok(certified.map(|(count, proof)| {
        blocks.truncate(count);
        CommittedRange { blocks, proof }
    }))
}

//! The calls of the application: building, validating, and committing in order.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    future::Future,
    sync::Arc,
    time::Duration,
};

use asset_consensus::{Block, BlockId, Cert2, ChainId, Evidence, Head, Height, SealedBlock, View};
use tokio::{
    sync::mpsc,
    task::{AbortHandle, JoinError, JoinSet},
    time::Instant,
};

use crate::{
    application::{Application, ApplicationError, BuildRequest},
    driver::event::Event,
    engine::EngineError,
    metrics::EngineMetrics,
};

/// How many blocks' first sight is remembered, for the finality histogram.
const SEEN_MAX: usize = 1024;

/// The running and waiting calls.
///
/// A block is *known* once the application built, validated or committed it in this run. A call whose parent is about
/// to become known waits for it, so that the application never sees a block before its parent.
#[derive(Debug)]
pub(crate) struct Calls<A> {
    application: Arc<A>,
    chain: ChainId,
    events: mpsc::Sender<Event>,
    metrics: EngineMetrics,
    /// Calls that may be dropped at any time.
    tasks: JoinSet<()>,
    /// The running commit, which may not.
    commit_task: JoinSet<()>,
    known: BTreeMap<BlockId, Height>,
    validating: BTreeSet<BlockId>,
    waiting: Vec<Waiting>,
    build: Option<(View, AbortHandle)>,
    commits: VecDeque<(SealedBlock, Arc<Cert2>)>,
    committing: Option<BlockId>,
    /// The last height given to `commits`.
    queued: Height,
    applied: Head,
    seen: BTreeMap<BlockId, (Height, Instant)>,
}

#[derive(Clone, Debug)]
enum Waiting {
    Build(BuildRequest),
    Validate(SealedBlock),
}

impl<A: Application> Calls<A> {
    pub(crate) fn new(
        application: Arc<A>,
        chain: ChainId,
        head: Head,
        events: mpsc::Sender<Event>,
        metrics: EngineMetrics,
    ) -> Self {
        Self {
            application,
            chain,
            events,
            metrics,
            tasks: JoinSet::new(),
            commit_task: JoinSet::new(),
            known: BTreeMap::from([(head.id, head.height)]),
            validating: BTreeSet::new(),
            waiting: Vec::new(),
            build: None,
            commits: VecDeque::new(),
            committing: None,
            queued: head.height,
            applied: head,
            seen: BTreeMap::new(),
        }
    }

    /// The last block that the application holds.
    pub(crate) const fn applied(&self) -> &Head {
        &self.applied
    }

    /// How many blocks wait to be committed.
    pub(crate) fn commits_waiting(&self) -> usize {
        self.commits.len()
    }

    /// Asks for a block in place of the one asked for before.
    pub(crate) fn build(&mut self, request: BuildRequest) {
        self.cancel_build();
        self.waiting.push(Waiting::Build(request));
        self.start_ready();
    }

    /// Asks for a verdict.
    pub(crate) fn validate(&mut self, block: SealedBlock) {
        self.see(block.id(), block.height());
        self.waiting.push(Waiting::Validate(block));
        self.start_ready();
    }

    /// Queues final blocks (`D3`).
    pub(crate) fn commit(&mut self, blocks: Vec<SealedBlock>, proof: Cert2) {
        let proof = Arc::new(proof);
        for block in blocks {
            if block.height() <= self.queued {
                continue;
            }
            assert_eq!(block.height(), self.queued.next(), "commits have no gaps");
            self.queued = block.height();
            let since = self.seen.remove(&block.id()).map(|(_, at)| at.elapsed());
            self.metrics.on_final(since);
            self.commits.push_back((block, proof.clone()));
        }
        self.start_commit();
    }

    /// Hands evidence to the application.
    pub(crate) fn report(&mut self, evidence: Box<Evidence>) {
        let application = self.application.clone();
        self.tasks.spawn(async move { application.evidence(evidence).await });
    }

    /// A view was entered: a block for an earlier one is not wanted any more.
    pub(crate) fn on_view(&mut self, view: View) {
        if self.build.as_ref().is_some_and(|(wanted, _)| *wanted < view) {
            self.cancel_build();
        }
        self.waiting.retain(|waiting| match waiting {
            Waiting::Build(request) => request.view >= view,
            Waiting::Validate(_) => true,
        });
    }

    /// The application built a block. Gives it back unless it is not wanted any more.
    pub(crate) fn on_built(
        &mut self,
        view: View,
        built: Option<(Block, BlockId)>,
    ) -> Option<Block> {
        if self.build.as_ref().is_none_or(|(wanted, _)| *wanted != view) {
            return None;
        }
        self.build = None;
        let (block, id) = built?;
        self.see(id, block.height);
        self.known.insert(id, block.height);
        self.start_ready();
        Some(block)
    }

    /// The application judged a block.
    pub(crate) fn on_validated(&mut self, id: BlockId, ok: bool) {
        self.validating.remove(&id);
        if ok {
            let height = self.seen.get(&id).map_or(self.queued, |(height, _)| *height);
            self.known.insert(id, height);
        }
        self.start_commit();
        self.start_ready();
    }

    /// The application committed a block.
    pub(crate) fn on_applied(&mut self, head: Head) {
        self.committing = None;
        self.known.insert(head.id, head.height);
        self.known.retain(|_, height| *height >= head.height);
        self.applied = head;
        self.start_commit();
        self.start_ready();
    }

    /// Waits for a call's task to end, and reports a panic. Pending while there is none.
    pub(crate) async fn ended(&mut self) -> Result<(), EngineError> {
        tokio::select! {
            Some(result) = self.tasks.join_next() => check_panic(result),
            Some(result) = self.commit_task.join_next() => check_panic(result),
            else => std::future::pending().await,
        }
    }

    /// Ends every call but a running commit, and waits for that.
    pub(crate) async fn close(mut self) {
        self.tasks.shutdown().await;
        while self.commit_task.join_next().await.is_some() {}
    }

    fn start_ready(&mut self) {
        for call in std::mem::take(&mut self.waiting) {
            let parent = match &call {
                Waiting::Build(request) => request.parent,
                Waiting::Validate(block) => block.parent(),
            };
            if self.is_awaited(&parent) {
                self.waiting.push(call);
                continue;
            }
            match call {
                Waiting::Build(request) => self.start_build(request),
                Waiting::Validate(block) => self.start_validate(block),
            }
        }
    }

    /// Whether a block is not known but is about to be.
    fn is_awaited(&self, id: &BlockId) -> bool {
        if self.known.contains_key(id) {
            return false;
        }
        let waits =
            |waiting: &Waiting| matches!(waiting, Waiting::Validate(block) if block.id() == *id);
        self.validating.contains(id)
            || self.waiting.iter().any(waits)
            || self.committing == Some(*id)
            || self.commits.iter().any(|(block, _)| block.id() == *id)
    }

    fn start_build(&mut self, request: BuildRequest) {
        let (application, chain) = (self.application.clone(), self.chain);
        let metrics = self.metrics.clone();
        let call = async move {
            let started = Instant::now();
            let proposal = application.build(request).await?;
            metrics.on_built(started.elapsed());
            let built = proposal.map(|proposal| {
                let block = Block {
                    height: request.height,
                    parent: request.parent,
                    settlement: proposal.settlement,
                    payload: proposal.payload,
                };
                let id = block.id(&chain);
                (block, id)
            });
            Ok(Event::Built { view: request.view, built })
        };
        let task = self.tasks.spawn(report(self.events.clone(), call));
        self.build = Some((request.view, task));
    }

    fn start_validate(&mut self, block: SealedBlock) {
        let id = block.id();
        if !self.validating.insert(id) {
            return;
        }
        let (application, metrics) = (self.application.clone(), self.metrics.clone());
        let call = async move {
            let (ok, took) = validate(&*application, block).await?;
            metrics.on_validated(took);
            Ok(Event::Validated { id, ok })
        };
        self.tasks.spawn(report(self.events.clone(), call));
    }

    fn start_commit(&mut self) {
        let Some((block, _)) = self.commits.front() else { return };
        if self.committing.is_some() || self.validating.contains(&block.id()) {
            return;
        }
        let Some((block, proof)) = self.commits.pop_front() else { return };
        self.committing = Some(block.id());
        let known = self.known.contains_key(&block.id());
        let (application, metrics) = (self.application.clone(), self.metrics.clone());
        let call = async move {
            let (height, id) = (block.height(), block.id());
            if !known {
                let (ok, took) = validate(&*application, block.clone()).await?;
                metrics.on_validated(took);
                if !ok {
                    return Err(EngineError::Diverged { height, block: id });
                }
            }
            let started = Instant::now();
            application.commit(block, proof.clone()).await?;
            metrics.on_applied(started.elapsed());
            let proof = (proof.block == id).then(|| Cert2::clone(&proof));
            Ok(Event::Applied(Head { height, id, proof }))
        };
        self.commit_task.spawn(report(self.events.clone(), call));
    }

    fn cancel_build(&mut self) {
        if let Some((_, task)) = self.build.take() {
            task.abort();
        }
        self.waiting.retain(|waiting| matches!(waiting, Waiting::Validate(_)));
    }

    fn see(&mut self, id: BlockId, height: Height) {
        self.seen.entry(id).or_insert_with(|| (height, Instant::now()));
        if self.seen.len() > SEEN_MAX {
            let queued = self.queued;
            self.seen.retain(|_, (height, _)| *height > queued);
        }
    }
}

/// Runs a call and hands its outcome to the driver's task.
async fn report(
    events: mpsc::Sender<Event>,
    call: impl Future<Output = Result<Event, EngineError>> + Send,
) {
    let event = call.await.unwrap_or_else(Event::Failed);
    // Without a receiver the driver has stopped.
    let _ = events.send(event).await;
}

async fn validate<A: Application>(
    application: &A,
    block: SealedBlock,
) -> Result<(bool, Duration), ApplicationError> {
    let started = Instant::now();
    let ok = application.validate(block).await?;
    Ok((ok, started.elapsed()))
}

fn check_panic(result: Result<(), JoinError>) -> Result<(), EngineError> {
    match result {
        Err(error) if error.is_panic() => Err(EngineError::Panicked(error.to_string())),
        Ok(()) | Err(_) => Ok(()),
    }
}

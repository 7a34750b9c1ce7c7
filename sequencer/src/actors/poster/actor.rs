//! The poster's loop.

use std::{sync::Arc, time::Duration};

use asset_sdk::{
    keys::Key,
    l1::{Chunk, Commit, L1Client, L1Error, Level, Rollup},
};
use curvevm::types::{Address, Signature as MemberSignature};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use tokio::{
    sync::{Notify, watch},
    time::{Instant, sleep},
};

use super::{
    Attestations, PosterMetrics, PosterStage,
    error::PosterError,
    state::{Progress, Step, Turns},
};
use crate::{
    actors::{executor::Version, stopped, watcher::L1View},
    chain::ChainSpec,
    store::{Store, StoredBatch},
};

/// Chunks that are on their way to the L1 at one time.
const CHUNKS_IN_FLIGHT: usize = 8;
/// The pause between two looks at what is to be done.
const PAUSE: Duration = Duration::from_millis(100);
/// The longest pause after failures.
const BACKOFF_MAX: Duration = Duration::from_secs(10);

/// Configuration of the poster.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PosterConfig {
    /// How long a member's turn lasts before the next one posts as well.
    pub(crate) timeout: Duration,
    /// This member's index.
    pub(crate) member: u16,
}

/// Posts and commits batches.
#[derive(Debug)]
pub(crate) struct Poster {
    pub(crate) config: PosterConfig,
    pub(crate) spec: Arc<ChainSpec>,
    pub(crate) store: Arc<Store>,
    pub(crate) client: Arc<L1Client>,
    pub(crate) key: Arc<Key>,
    pub(crate) attestations: Arc<Attestations>,
    pub(crate) head: watch::Receiver<Arc<Version>>,
    pub(crate) l1: watch::Receiver<Arc<L1View>>,
    /// Asks the watcher for a look.
    pub(crate) look: Arc<Notify>,
    pub(crate) stage: watch::Sender<PosterStage>,
    pub(crate) metrics: PosterMetrics,
}

/// Since when batch `number` waits.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    number: u64,
    since: Instant,
}

impl Poster {
    /// Runs until `stop` turns true.
    pub(crate) async fn run(mut self, mut stop: watch::Receiver<bool>) {
        let mut waiting = Waiting { number: 0, since: Instant::now() };
        let mut failures = 0u32;
        loop {
            tokio::select! {
                () = stopped(&mut stop) => return,
                acted = self.turn(&mut waiting) => match acted {
                    Ok(()) => failures = 0,
                    Err(()) => failures = failures.saturating_add(1),
                },
            }
            let pause = PAUSE.saturating_mul(2u32.saturating_pow(failures.min(16)));
            tokio::select! {
                () = stopped(&mut stop) => return,
                () = sleep(pause.min(BACKOFF_MAX)) => {}
            }
        }
    }

    /// Does what is to be done now. Fails when the L1 did.
    async fn turn(&mut self, waiting: &mut Waiting) -> Result<(), ()> {
        let view = self.l1.borrow_and_update().clone();
        let closed = self.head.borrow().last_batch();
        let next = view.committed.saturating_add(1);
        if waiting.number != next || next > closed {
            *waiting = Waiting { number: next, since: Instant::now() };
        }
        if next > closed || !view.reachable {
            self.set_stage(if next > closed {
                PosterStage::Idle
            } else {
                self.stalled(next, &view)
            });
            return Ok(());
        }
        let waited = waiting.since.elapsed();
        let steps = self.turns().steps(Progress { committed: view.committed, closed, waited });
        if !matches!(steps.first(), Some(Step::Commit(_))) {
            let member = self.turns().poster(next, waited);
            self.set_stage(PosterStage::Other { batch: next, member });
        }
        for step in steps {
            let (number, done) = match step {
                Step::Commit(number) => (number, self.commit(number).await),
                Step::PostData(number) => (number, self.post_ahead(number).await),
            };
            if let Err(error) = done {
                self.metrics.failures.inc();
                tracing::warn!(batch = number, %error, "a batch could not be posted, trying again");
                let message = error.to_string();
                self.set_stage(PosterStage::Failed { batch: number, message });
                return Err(());
            }
            if matches!(step, Step::Commit(_)) {
                // What comes next depends on the L1.
                return Ok(());
            }
        }
        Ok(())
    }

    fn turns(&self) -> Turns {
        let members = self.spec.genesis.committee.len() as u64;
        Turns { me: u64::from(self.config.member), members, timeout: self.config.timeout }
    }

    fn stalled(&self, batch: u64, view: &L1View) -> PosterStage {
        let message = view.problem.as_ref().map(|problem| problem.message.clone());
        PosterStage::Failed { batch, message: message.unwrap_or_default() }
    }

    fn set_stage(&self, stage: PosterStage) {
        self.stage.send_if_modified(|known| {
            let is_new = *known != stage;
            *known = stage;
            is_new
        });
    }

    /// Posts what is missing of a batch's data and commits it, unless that was done meanwhile.
    async fn commit(&self, number: u64) -> Result<(), PosterError> {
        let started = Instant::now();
        let Some(batch) = self.batch(number).await? else { return Ok(()) };
        let Some(signatures) = self.quorum(number).await? else { return Ok(()) };
        self.set_stage(PosterStage::Posting { batch: number });
        self.post(number, &batch).await?;
        let rollup = self.client.rollup(Level::Confirmed).await?;
        if self.has_committed(&rollup, number) {
            return Ok(());
        }
        self.set_stage(PosterStage::Committing { batch: number });
        self.clear(number).await?;
        let commit = Commit {
            header: &batch.header,
            signatures: &signatures,
            data_poster: &self.key.address(),
            committed_inbox_cursor: rollup.committed_inbox_cursor,
            member: None,
        };
        match self.client.commit_batch(&self.key, commit).await {
            Ok(landed) => {
                self.metrics.committed.inc();
                self.metrics.commit_seconds.observe(started.elapsed().as_secs_f64());
                tracing::info!(batch = number, slot = landed.slot, "committed a batch on the L1");
            }
            // Another member was faster.
            Err(L1Error::Program { .. }) if self.is_committed(number).await? => {}
            Err(error) => return Err(error.into()),
        }
        self.look.notify_one();
        Ok(())
    }

    /// Closes the account of a batch of this number that a rollback left behind: it is in the way of the next one.
    async fn clear(&self, number: u64) -> Result<(), PosterError> {
        let Some(batch) = self.client.batch(number, Level::Confirmed).await? else { return Ok(()) };
        match self.client.close_batch(&self.key, &batch).await {
            Ok(_) => tracing::info!(batch = number, "closed what a rollback left behind"),
            // It was committed meanwhile, or somebody else was faster; the commit tells.
            Err(error @ (L1Error::Program { .. } | L1Error::Execution { .. })) => {
                tracing::debug!(batch = number, %error, "the batch's account is not closed");
            }
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    async fn is_committed(&self, number: u64) -> Result<bool, PosterError> {
        let rollup = self.client.rollup(Level::Confirmed).await?;
        Ok(self.has_committed(&rollup, number))
    }

    /// Whether the L1 has the batch; the watcher is to see that too.
    fn has_committed(&self, rollup: &Rollup, number: u64) -> bool {
        let has_committed = rollup.committed_number >= number;
        if has_committed {
            self.look.notify_one();
        }
        has_committed
    }

    async fn post_ahead(&self, number: u64) -> Result<(), PosterError> {
        match self.batch(number).await? {
            Some(batch) => self.post(number, &batch).await,
            None => Ok(()),
        }
    }

    async fn batch(&self, number: u64) -> Result<Option<StoredBatch>, PosterError> {
        Ok(self.store.run(move |store| store.batch(number)).await?)
    }

    /// A quorum of attestations in order of the members, of those whose signatures the program counts; where there is none, the
    /// members are asked.
    async fn quorum(&self, number: u64) -> Result<Option<Vec<(u8, MemberSignature)>>, PosterError> {
        let rollup = self.client.rollup(Level::Confirmed).await?;
        let quorum = rollup.quorum();
        let attestations = self.attestations.clone();
        let mut held = self.store.run(move |_| attestations.held(number)).await?;
        held.retain(|(member, _)| is_counted(&rollup, *member));
        if held.len() >= quorum {
            held.truncate(quorum);
            return Ok(Some(held));
        }
        self.set_stage(PosterStage::Attestations { batch: number, held: held.len(), quorum });
        let attestations = self.attestations.clone();
        let mut changes = attestations.changes();
        self.store.run(move |_| attestations.collect(number)).await?;
        tokio::select! {
            _ = changes.changed() => {}
            () = sleep(PAUSE) => {}
        }
        Ok(None)
    }

    /// Posts the chunks that the L1 does not have from this member.
    async fn post(&self, number: u64, batch: &StoredBatch) -> Result<(), PosterError> {
        let me: Address = self.key.address();
        let posted = self.client.data(number, &me, Level::Confirmed).await?;
        let missing: Vec<u16> = match &posted {
            Some(data) if data.is_complete() => return Ok(()),
            Some(data) => data.missing().collect(),
            None => (0..).take(batch.chunks.len()).collect(),
        };
        let count = u16::try_from(batch.chunks.len()).unwrap_or(u16::MAX);
        let post = |index: u16| async move {
            let Some(bytes) = batch.chunks.get(usize::from(index)) else { return Ok(()) };
            self.client.post_data(&self.key, Chunk { number, index, count, bytes }).await?;
            self.metrics.chunks.inc();
            self.metrics.chunk_bytes.inc_by(bytes.len() as u64);
            Ok::<_, PosterError>(())
        };
        stream::iter(missing).map(post).buffer_unordered(CHUNKS_IN_FLIGHT).try_collect::<()>().await
    }
}

/// Whether the program counts a member's signature: no verdict convicted it, and it answers with a bond where genesis asks for one.
fn is_counted(rollup: &Rollup, member: u8) -> bool {
    rollup.is_active(member) && (rollup.bond_lamports == 0 || rollup.is_bonded(member))
}

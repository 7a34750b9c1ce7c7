//! The watcher.

use std::{collections::VecDeque, path::PathBuf, sync::Arc, time::Duration};

use asset_sdk::{
    Key,
    l1::{
        CommitRecord, History, L1Client, L1Config, Level, PostedBatch, TransactionFormat,
        TransactionSignature,
    },
};
use curvevm::types::Hash;
use tokio::{task::spawn_blocking, time::sleep};

use super::{
    Challenger, Event, FoundFault, Progress, Source, Standing, WatchError, ahead::Ahead,
    pursue::Pursuit,
};
use crate::{
    chain::ChainSpec,
    error::NodeError,
    node::{check_rollup, read_genesis},
    rebuild::{Applied, Fault, Rebuild},
};

/// Batches whose states are kept for a rollback.
pub const MARKS_MAX: usize = 64;
/// The longest pause after failures in a row.
const BACKOFF_MAX: Duration = Duration::from_secs(30);
/// Failures in a row after which [`Watch::catch_up`] gives up.
const FAILURES_MAX: u32 = 6;
/// Looks between two reports of the same fault.
const FAULT_LOOKS: u32 = 10;

/// How a watcher is set up.
#[derive(Clone, Debug)]
pub struct WatchConfig {
    /// The genesis file that the committee uses.
    pub genesis_file: PathBuf,
    /// The L1's JSON-RPC over HTTP.
    pub l1: String,
    /// How settled a commit must be to be looked at.
    pub level: Level,
    /// The pause between two looks once every committed batch is checked.
    pub interval: Duration,
    /// Who challenges what is wrong, and pays for it; without it a fault is only said.
    pub key: Option<Key>,
}

/// Follows a rollup and checks it.
#[derive(Debug)]
pub struct Watch<S = History> {
    source: S,
    interval: Duration,
    genesis: Rebuild,
    pub(super) rebuild: Rebuild,
    /// States after batches, the oldest first; the last one is `rebuild`.
    pub(super) marks: VecDeque<Mark>,
    standing: Standing,
    pub(super) ahead: Ahead,
    /// The fault that stands, and its commit.
    fault: Option<(FoundFault, TransactionSignature)>,
    pub(super) pursuit: Option<Pursuit>,
    transactions: u64,
}

/// The state after a batch, and what committed it.
#[derive(Debug)]
pub(super) struct Mark {
    commit: TransactionSignature,
    pub(super) rebuild: Rebuild,
}

/// What a step came to.
pub(super) enum Step {
    /// Something to report.
    Said(Event),
    /// Nothing is left to be checked.
    Idle,
}

impl Watch {
    /// Reads the genesis, and checks that the L1 answers and holds its rollup.
    ///
    /// # Errors
    ///
    /// [`WatchError::Start`].
    pub async fn open(config: WatchConfig) -> Result<Self, WatchError> {
        let spec = Arc::new(read_genesis(&config.genesis_file)?);
        let mut l1 = L1Config::new(config.l1, *spec.program_id(), spec.id);
        l1.format = TransactionFormat::of_chunks(spec.genesis.params.chunk_bytes_max);
        let client = Arc::new(L1Client::new(l1));
        check_rollup(&client, &spec).await?;
        let challenger = config.key.map(|key| Challenger::new(Arc::clone(&client), key));
        let history = History::new(client, config.level);
        let mut watch = Self::new(history, spec, config.interval)?;
        watch.pursuit = challenger.map(Pursuit::new);
        Ok(watch)
    }
}

impl<S: Source> Watch<S> {
    pub(super) fn new(
        source: S,
        spec: Arc<ChainSpec>,
        interval: Duration,
    ) -> Result<Self, WatchError> {
        let failed = |error: curvevm::error::StateError| NodeError::Task {
            task: "watcher",
            reason: error.to_string(),
        };
        let time_ms = spec.genesis.time_ms;
        let genesis = Rebuild::genesis(spec).map_err(failed)?;
        let root = genesis.head().root;
        Ok(Self {
            source,
            interval,
            rebuild: genesis.clone(),
            genesis,
            marks: VecDeque::new(),
            standing: Standing { committed: 0, root, time_ms, finalized: 0 },
            ahead: Ahead::default(),
            fault: None,
            pursuit: None,
            transactions: 0,
        })
    }

    /// How far the check has come.
    pub fn progress(&self) -> Progress {
        let (head, standing) = (self.rebuild.head(), &self.standing);
        Progress {
            checked: head.batch,
            height: head.height,
            root: head.root,
            transactions: self.transactions,
            committed: standing.committed,
            finalized: standing.finalized,
            behind_batches: standing.committed.saturating_sub(head.batch),
            behind_secs: standing.time_ms.saturating_sub(head.time_ms) / 1_000,
        }
    }

    /// Checks what is committed at present, and says each step.
    ///
    /// # Errors
    ///
    /// [`WatchError::Fault`] for the first batch that is wrong; another one where the L1 cannot be read.
    pub async fn catch_up(
        &mut self,
        mut report: impl FnMut(&Event) + Send,
    ) -> Result<Progress, WatchError> {
        let (mut target, mut failures) = (None, 0u32);
        loop {
            match self.step().await {
                Ok(Step::Said(event)) => {
                    failures = 0;
                    report(&event);
                    if let Event::Fault(found) = event {
                        return Err(WatchError::Fault(Box::new(found)));
                    }
                }
                Ok(Step::Idle) => failures = 0,
                Err(error) => {
                    failures = failures.saturating_add(1);
                    if !error.is_transient() || failures >= FAILURES_MAX {
                        return Err(error);
                    }
                    self.pause(&error, failures, &mut report).await;
                    continue;
                }
            }
            let committed = self.standing.committed;
            let last = committed.min(target.unwrap_or(committed));
            target = Some(last);
            if self.rebuild.head().batch >= last && !self.is_contradicted() {
                let progress = self.progress();
                report(&Event::CaughtUp(progress.clone()));
                return Ok(progress);
            }
        }
    }

    /// Checks every batch as it is committed, and says each step; until it is dropped.
    ///
    /// # Errors
    ///
    /// [`WatchError`] where going on is of no use; a fault is said and does not end it.
    pub async fn follow(
        &mut self,
        mut report: impl FnMut(&Event) + Send,
    ) -> Result<(), WatchError> {
        let (mut idle, mut failures, mut looks) = (false, 0u32, 0u32);
        loop {
            match self.step().await {
                Ok(Step::Said(Event::Fault(found))) => {
                    if looks.is_multiple_of(FAULT_LOOKS) {
                        report(&Event::Fault(found));
                    }
                    looks = looks.wrapping_add(1);
                    (idle, failures) = (false, 0);
                    sleep(self.interval).await;
                }
                Ok(Step::Said(event)) => {
                    (idle, failures, looks) = (false, 0, 0);
                    report(&event);
                }
                Ok(Step::Idle) => {
                    if !idle {
                        report(&Event::CaughtUp(self.progress()));
                    }
                    (idle, failures) = (true, 0);
                    sleep(self.interval).await;
                }
                Err(error @ (WatchError::Start(_) | WatchError::Task)) => return Err(error),
                Err(error) => {
                    failures = failures.saturating_add(1);
                    self.pause(&error, failures, &mut report).await;
                }
            }
        }
    }

    /// The pause after so many failures in a row.
    pub(super) fn backoff(&self, failures: u32) -> Duration {
        let factor = 2u32.saturating_pow(failures.saturating_sub(1).min(16));
        self.interval.saturating_mul(factor).min(BACKOFF_MAX.max(self.interval))
    }

    /// Waits after a failure, longer each time, and says so from the second in a row on.
    async fn pause(&self, error: &WatchError, failures: u32, report: &mut impl FnMut(&Event)) {
        let pause = self.backoff(failures);
        // An L1's node may list a commit a moment after its account says so.
        if failures > 1 {
            let pause_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
            report(&Event::Retry { error: error.to_string(), pause_ms });
        }
        sleep(pause).await;
    }

    /// Checks the next batch, looks whether there is one, or looks whether a fault still stands.
    async fn step(&mut self) -> Result<Step, WatchError> {
        if let Some((found, commit)) = self.fault.clone() {
            let step = self.look_at_fault(found, commit).await?;
            return match step {
                Step::Said(Event::Fault(found)) => Ok(Step::Said(self.pursue(found).await)),
                other => Ok(other),
            };
        }
        if let Some(event) = self.settle().await {
            return Ok(Step::Said(event));
        }
        if self.rebuild.head().batch >= self.standing.committed {
            self.standing = self.source.standing().await?;
        }
        if self.is_contradicted() {
            return self
                .go_back()
                .await?
                .map_or_else(|| Err(self.contradiction()), |event| Ok(Step::Said(event)));
        }
        if self.rebuild.head().batch == self.standing.committed {
            return Ok(Step::Idle);
        }
        self.check_next().await
    }

    async fn check_next(&mut self) -> Result<Step, WatchError> {
        let number = self.rebuild.head().batch.saturating_add(1);
        let batch = self.ahead.batch(&self.source, number, self.standing.committed).await?;
        if batch.commit.header.prev_root != self.rebuild.head().root
            && let Some(event) = self.go_back().await?
        {
            return Ok(Step::Said(event));
        }
        let mut rebuild = self.rebuild.clone();
        let checked = spawn_blocking(move || {
            let applied = rebuild.apply(&batch.commit.header, &batch.chunks);
            (rebuild, batch, applied)
        });
        let (rebuild, batch, applied) = checked.await.map_err(|_| WatchError::Task)?;
        match applied {
            Ok(applied) => {
                self.remember(&batch.earlier);
                Ok(Step::Said(self.accept(rebuild, &batch.commit, applied)))
            }
            Err(fault) => self.find(fault, batch).await,
        }
    }

    /// Moves the head.
    fn accept(&mut self, rebuild: Rebuild, commit: &CommitRecord, applied: Applied) -> Event {
        self.transactions = self.transactions.saturating_add(applied.transactions);
        self.marks.push_back(Mark { commit: commit.signature, rebuild: rebuild.clone() });
        self.rebuild = rebuild;
        // No rollback goes below what is finalized; the state after that batch is where one would lead at most.
        let is_settled = |mark: &Mark, finalized: u64| mark.rebuild.head().batch <= finalized;
        while self.marks.len() > MARKS_MAX
            || self.marks.get(1).is_some_and(|mark| is_settled(mark, self.standing.finalized))
        {
            self.marks.pop_front();
        }
        Event::Checked(self.progress())
    }

    /// Believes a fault when its commit still counts (rule 2).
    pub(super) async fn find(
        &mut self,
        fault: Fault,
        batch: PostedBatch,
    ) -> Result<Step, WatchError> {
        let commit = &batch.commit;
        let found = FoundFault {
            fault: fault.clone(),
            commit: commit.signature.to_string(),
            slot: commit.slot,
            poster: commit.poster,
            signers: commit.signatures.iter().map(|(member, _)| *member).collect(),
            finalized: false,
        };
        let step = self.look_at_fault(found, commit.signature).await?;
        if let Step::Said(Event::Fault(_)) = &step {
            self.prepare(fault, batch).await?;
        }
        Ok(step)
    }

    /// Whether a fault still stands; sets it or clears it.
    async fn look_at_fault(
        &mut self,
        mut found: FoundFault,
        commit: TransactionSignature,
    ) -> Result<Step, WatchError> {
        let number = found.fault.batch;
        self.standing = self.source.standing().await?;
        let counts = number <= self.standing.committed
            && self.source.last_commit(number).await? == Some(commit);
        if counts {
            found.finalized = number <= self.standing.finalized;
            self.fault = Some((found.clone(), commit));
            return Ok(Step::Said(Event::Fault(found)));
        }
        self.fault = None;
        self.ahead.clear();
        self.forget();
        // The batches before it may be gone as well: the next step sees to it.
        Ok(Step::Said(Event::RolledBack { from: number, to: self.rebuild.head().batch }))
    }

    /// Whether the rollup's account says that the head is not, or no longer, what was committed.
    fn is_contradicted(&self) -> bool {
        let (head, standing) = (self.rebuild.head(), &self.standing);
        head.batch > standing.committed
            || (head.batch == standing.committed && head.root != standing.root)
    }

    fn contradiction(&self) -> WatchError {
        let head = self.rebuild.head();
        let (batch, account, commit): (u64, Hash, Hash) =
            (head.batch, self.standing.root, head.root);
        WatchError::Contradiction { batch, account, commit }
    }

    /// Goes back to the newest mark whose commit still counts (rule 3). Nothing where that is the head.
    async fn go_back(&mut self) -> Result<Option<Event>, WatchError> {
        self.ahead.clear();
        let from = self.rebuild.head().batch;
        while let Some(mark) = self.marks.back() {
            let number = mark.rebuild.head().batch;
            if number <= self.standing.committed
                && self.source.last_commit(number).await? == Some(mark.commit)
            {
                break;
            }
            self.marks.pop_back();
            let last = self.marks.back().map_or(&self.genesis, |mark| &mark.rebuild);
            self.rebuild = last.clone();
        }
        let to = self.rebuild.head().batch;
        Ok((to < from).then_some(Event::RolledBack { from, to }))
    }
}

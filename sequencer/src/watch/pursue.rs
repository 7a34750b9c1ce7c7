//! How a watcher with a key goes after a fault, between its checks.

use std::collections::VecDeque;

use asset_sdk::l1::{CommitRecord, L1Error, PostedBatch};
use tokio::{
    task::spawn_blocking,
    time::{Duration, Instant},
};

use super::{
    Challenger, Event, FoundFault, Source, Watch, WatchError,
    challenge::{Case, Duty},
    proof::proof_of,
};
use crate::rebuild::Fault;

/// Things that are left to do at one time; the oldest are forgotten.
const DUTIES_MAX: usize = 64;

/// The challenger, what it goes after, and what it has left to do.
#[derive(Debug)]
pub(super) struct Pursuit {
    challenger: Challenger,
    /// Whether it was said that it is ready.
    ready: bool,
    case: Option<Case>,
    duties: VecDeque<Duty>,
    /// Failures in a row,
    failures: u32,
    /// and when it is tried again.
    at: Instant,
}

impl Pursuit {
    /// A challenger that starts: there may be verdicts of its last run.
    pub(super) fn new(challenger: Challenger) -> Self {
        Self {
            challenger,
            ready: false,
            case: None,
            duties: VecDeque::from([Duty::default()]),
            failures: 0,
            at: Instant::now(),
        }
    }

    /// Whether something may be tried.
    fn is_due(&self) -> bool {
        self.at <= Instant::now()
    }

    fn add(&mut self, duty: Duty) {
        if !self.duties.contains(&duty) {
            self.duties.truncate(DUTIES_MAX.saturating_sub(1));
            self.duties.push_front(duty);
        }
    }

    /// Does the next thing that is left to do.
    async fn settle(&mut self) -> Result<Option<Event>, L1Error> {
        if !self.ready {
            let action = self.challenger.ready().await?;
            self.ready = true;
            return Ok(Some(Event::Challenge { batch: None, action }));
        }
        while let Some(duty) = self.duties.front() {
            let batch = duty.against.map(|(number, _)| number);
            if let Some(action) = self.challenger.settle(duty).await? {
                return Ok(Some(Event::Challenge { batch, action }));
            }
            self.duties.pop_front();
        }
        Ok(None)
    }
}

impl<S: Source> Watch<S> {
    /// Looks for what proves a fault that stands.
    pub(super) async fn prepare(
        &mut self,
        fault: Fault,
        batch: PostedBatch,
    ) -> Result<(), WatchError> {
        let Some(pursuit) = &mut self.pursuit else { return Ok(()) };
        let before = self.rebuild.clone();
        let case = spawn_blocking(move || {
            let proof = proof_of(&fault, &before, &batch);
            Case::new(batch.commit.header.number, batch.commit.header.hash(), proof)
        });
        pursuit.case = Some(case.await.map_err(|_| WatchError::Task)?);
        Ok(())
    }

    /// Does the next thing about a fault that stands, or says it again where there is none.
    pub(super) async fn pursue(&mut self, found: FoundFault) -> Event {
        if found.finalized {
            // It is too late: what is left of the witness is taken back.
            self.forget();
            return self.settle().await.unwrap_or(Event::Fault(found));
        }
        let batch = Some(found.fault.batch);
        match self.pursuit.as_mut().filter(|pursuit| pursuit.is_due()) {
            Some(Pursuit { challenger, case: Some(case), .. }) => {
                let done = challenger.advance(case).await;
                let event = done.map(|done| done.map(|action| Event::Challenge { batch, action }));
                self.event_of(event).unwrap_or(Event::Fault(found))
            }
            Some(_) | None => Event::Fault(found),
        }
    }

    /// Does the next thing that is left to do. Nothing where there is none, or where it is to be tried later.
    pub(super) async fn settle(&mut self) -> Option<Event> {
        let pursuit = self.pursuit.as_mut().filter(|pursuit| pursuit.is_due())?;
        let event = pursuit.settle().await;
        self.event_of(event)
    }

    /// What is said of something that was done, or that failed and is tried again, later each time.
    fn event_of(&mut self, event: Result<Option<Event>, L1Error>) -> Option<Event> {
        let failed = event.is_err();
        let failures = self.pursuit.as_ref().map_or(0, |pursuit| pursuit.failures);
        let pause = self.backoff(failures.saturating_add(1));
        if let Some(pursuit) = &mut self.pursuit {
            pursuit.failures = if failed { failures.saturating_add(1) } else { 0 };
            pursuit.at = Instant::now() + if failed { pause } else { Duration::ZERO };
        }
        event.unwrap_or_else(|error| {
            let pause_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
            Some(Event::Retry { error: error.to_string(), pause_ms })
        })
    }

    /// The fault is gone: what is left to do is done between checks.
    pub(super) fn forget(&mut self) {
        if let Some(pursuit) = &mut self.pursuit
            && let Some(case) = pursuit.case.take()
        {
            pursuit.add(Duty { against: Some((case.number, case.hash)) });
            pursuit.at = Instant::now();
        }
    }

    /// There may be witnesses of an earlier run against commits that were rolled back.
    pub(super) fn remember(&mut self, earlier: &[CommitRecord]) {
        let Some(pursuit) = &mut self.pursuit else { return };
        for commit in earlier {
            pursuit.add(Duty { against: Some((commit.header.number, commit.header.hash())) });
        }
    }
}

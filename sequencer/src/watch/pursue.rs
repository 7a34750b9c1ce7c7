//! How a watcher with a key goes after a fault, between its checks.

use std::collections::VecDeque;

use asset_sdk::l1::{CommitRecord, L1Error, PostedBatch};
use tokio::{
    task::spawn_blocking,
    time::{Duration, Instant},
};

use super::{
    Action, Challenger, Event, FoundFault, Source, Watch, WatchError,
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
    /// Failures in a row of what is left to do,
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
    pub(super) async fn pursue(&mut self, found: FoundFault) -> Result<Event, WatchError> {
        let batch = Some(found.fault.batch);
        if found.finalized {
            // It is too late: what is left of the witness is taken back.
            self.forget();
            return Ok(self.settle().await.unwrap_or(Event::Fault(found)));
        }
        let Some(Pursuit { challenger, case: Some(case), .. }) = &mut self.pursuit else {
            return Ok(Event::Fault(found));
        };
        let action: Option<Action> = challenger.advance(case).await?;
        Ok(action.map_or(Event::Fault(found), |action| Event::Challenge { batch, action }))
    }

    /// Does the next thing that is left to do, or says why it failed. Nothing where there is none, or where it is to be tried later.
    pub(super) async fn settle(&mut self) -> Option<Event> {
        let pursuit = self.pursuit.as_mut().filter(|pursuit| pursuit.at <= Instant::now())?;
        match pursuit.settle().await {
            Ok(event) => {
                pursuit.failures = 0;
                event
            }
            Err(error) => {
                pursuit.failures = pursuit.failures.saturating_add(1);
                let failures = pursuit.failures;
                let pause: Duration = self.backoff(failures);
                if let Some(pursuit) = &mut self.pursuit {
                    pursuit.at = Instant::now() + pause;
                }
                let pause_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
                Some(Event::Retry { error: error.to_string(), pause_ms })
            }
        }
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

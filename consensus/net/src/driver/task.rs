//! The task that owns the core.

use asset_consensus::{
    Action, Committee, Core, Height, Input, MemberIx, Status, TimerKind, VerifyError, View,
    ViewCause,
};
use tokio::sync::{mpsc, watch};

use crate::{
    application::{Application, BuildRequest},
    driver::{
        calls::Calls,
        event::{Checked, Event},
        ingress::{Decoded, Ingress},
        log::Log,
        outbox::Outbox,
        range::Ranges,
        timers::Timers,
    },
    engine::{EngineError, EngineStatus, TIMED_OUT_MAX},
    metrics::EngineMetrics,
    transport::{Class, Rank, Transport},
};

/// What a driver is made of.
pub(crate) struct Parts<A, T> {
    pub(crate) core: Core,
    pub(crate) committee: Committee,
    pub(crate) ingress: Ingress,
    pub(crate) log: Log,
    pub(crate) outbox: Outbox<T>,
    pub(crate) calls: Calls<A>,
    pub(crate) ranges: Ranges<A, T>,
    pub(crate) commits_waiting_max: usize,
    pub(crate) events: mpsc::Receiver<Event>,
    pub(crate) connected: watch::Receiver<Vec<MemberIx>>,
    pub(crate) stop: watch::Receiver<bool>,
    pub(crate) metrics: EngineMetrics,
}

/// The driver's task.
pub(crate) struct Driver<A, T> {
    parts: Parts<A, T>,
    timers: Timers,
    failed_views: FailedViews,
    actions: Vec<Action>,
    status: watch::Sender<EngineStatus>,
    /// What `status` shows of the core and the application.
    published: (Status, Height),
}

/// What the driver's task waits for.
enum Next {
    Stop,
    Event(Event),
    CallEnded(Result<(), EngineError>),
    Timer(TimerKind),
    Peers,
    Decoded(Class, Decoded),
}

/// The views that were abandoned since the last certified one.
#[derive(Debug, Default)]
struct FailedViews {
    count: u64,
    leaders: Vec<MemberIx>,
}

impl<A: Application, T: Transport> Driver<A, T> {
    pub(crate) fn new(parts: Parts<A, T>) -> (Self, watch::Receiver<EngineStatus>) {
        let failed_views = FailedViews::default();
        let (status, receiver) = watch::channel(snapshot(&parts, &failed_views));
        let timers = Timers::default();
        let published = (parts.core.status(), parts.calls.applied().height);
        let actions = Vec::new();
        (Self { parts, timers, failed_views, actions, status, published }, receiver)
    }

    /// Runs until it is told to stop or cannot go on.
    pub(crate) async fn run(mut self, first: Vec<Action>) -> Result<(), EngineError> {
        let result = self.work(first).await;
        if let Err(error) = &result {
            tracing::error!(%error, "the consensus engine stops");
        }
        let Parts { calls, log, events, ingress, .. } = self.parts;
        // Nobody answers the events any more, and their senders must not wait for it.
        drop((events, ingress));
        calls.close().await;
        log.close().await;
        result
    }

    async fn work(&mut self, first: Vec<Action>) -> Result<(), EngineError> {
        for action in first {
            self.perform(action)?;
        }
        loop {
            self.after_step();
            match self.next().await {
                Next::Stop => return Ok(()),
                Next::Event(event) => self.on_event(event)?,
                Next::CallEnded(ended) => ended?,
                Next::Timer(kind) => self.on_timer(kind)?,
                Next::Peers => self.publish(),
                Next::Decoded(class, decoded) => self.parts.ingress.push(class, decoded),
            }
        }
    }

    /// Waits for what comes first. Answers come before new work, which keeps what is under way small.
    async fn next(&mut self) -> Next {
        let listens = self.listens();
        let Parts { events, ingress, calls, connected, stop, .. } = &mut self.parts;
        tokio::select! {
            biased;
            // A handle that was dropped stops the engine, too.
            _ = stop.wait_for(|stop| *stop) => Next::Stop,
            Some(event) = events.recv() => Next::Event(event),
            ended = calls.ended() => Next::CallEnded(ended),
            kind = self.timers.expired() => Next::Timer(kind),
            Ok(()) = connected.changed() => Next::Peers,
            (class, decoded) = ingress.next(), if listens => Next::Decoded(class, decoded),
        }
    }

    /// Whether there is room for what peers may cause (`D2`).
    fn listens(&self) -> bool {
        let Parts { calls, log, outbox, commits_waiting_max, .. } = &self.parts;
        calls.commits_waiting() < *commits_waiting_max && !log.is_behind() && !outbox.is_behind()
    }

    fn after_step(&mut self) {
        let Parts { core, ingress, log, outbox, .. } = &mut self.parts;
        log.flush(outbox.durable());
        ingress.pump(|from, msg| core.is_useful(from, msg));
        let current = (core.status(), self.parts.calls.applied().height);
        if self.published != current {
            self.published = current;
            self.publish();
        }
    }

    fn on_event(&mut self, event: Event) -> Result<(), EngineError> {
        match event {
            Event::Persisted(seq) => {
                self.parts.log.on_written();
                self.parts.outbox.on_persisted(seq);
                self.step(Input::Persisted { seq })
            }
            Event::Built { view, built } => match self.parts.calls.on_built(view, built) {
                Some(block) => self.step(Input::BlockBuilt { view, block }),
                None => Ok(()),
            },
            Event::Validated { id, ok } => {
                self.parts.calls.on_validated(id, ok);
                self.step(Input::BlockValid { id, ok })
            }
            Event::Applied(head) => {
                let height = head.height;
                self.parts.calls.on_applied(head);
                self.step(Input::Applied { height })
            }
            Event::Verified { class, messages } => {
                self.parts.ingress.on_verified(class, &messages);
                messages.into_iter().try_for_each(|checked| self.on_checked(checked))
            }
            Event::Failed(error) => Err(error),
        }
    }

    fn on_checked(&mut self, checked: Checked) -> Result<(), EngineError> {
        let Checked { from, result, .. } = checked;
        match result {
            Ok(msg) => self.step(Input::Message { from, msg }),
            Err(error) => {
                self.on_invalid(from, error);
                Ok(())
            }
        }
    }

    fn on_invalid(&self, from: MemberIx, error: VerifyError) {
        tracing::warn!(%from, %error, "a message does not verify");
        self.parts.metrics.on_invalid(from);
    }

    fn on_timer(&mut self, kind: TimerKind) -> Result<(), EngineError> {
        match self.timers.take(kind) {
            Some(view) => self.step(Input::Timer { kind, view }),
            None => Ok(()),
        }
    }

    fn step(&mut self, input: Input) -> Result<(), EngineError> {
        let mut actions = std::mem::take(&mut self.actions);
        self.parts.core.step(input, &mut actions);
        let performed = actions.drain(..).try_for_each(|action| self.perform(action));
        self.actions = actions;
        performed
    }

    fn perform(&mut self, action: Action) -> Result<(), EngineError> {
        let view = self.parts.core.status().view;
        let Parts { log, outbox, calls, ranges, metrics, .. } = &mut self.parts;
        match action {
            Action::Persist { seq, records } => log.append(seq, records),
            Action::Broadcast { after, msg } => outbox.post(after, None, &msg, view),
            Action::Send { after, to, msg } => outbox.post(after, Some(to), &msg, view),
            Action::SetTimer { kind, view, after_ms } => self.timers.set(kind, view, after_ms),
            Action::BuildBlock { view, parent, height, payload_bytes_max } => {
                calls.build(BuildRequest { view, parent, height, payload_bytes_max });
            }
            Action::ValidateBlock { block } => calls.validate(block),
            Action::Commit { blocks, proof } => calls.commit(blocks, *proof),
            Action::ServeRange { to, from } => ranges.serve(to, from, Rank::new(view.get())),
            Action::ViewEntered { view, leader, cause } => self.on_view(view, leader, cause),
            Action::Evidence(evidence) => {
                tracing::error!(?evidence, "proof of a member's fault");
                metrics.on_evidence();
                calls.report(evidence);
            }
            Action::Penalize { peer, fault } => {
                tracing::warn!(%peer, ?fault, "a member misbehaves");
                metrics.on_fault(peer, fault);
            }
            Action::Halt(evidence) => return Err(EngineError::Halted(evidence)),
        }
        Ok(())
    }

    fn on_view(&mut self, view: View, leader: MemberIx, cause: ViewCause) {
        tracing::debug!(%view, %leader, ?cause, "view entered");
        match cause {
            ViewCause::TimeoutCert => {
                let failed = view.checked_prev().unwrap_or(View::ZERO);
                let leader = self.parts.committee.leader(failed);
                tracing::info!(view = %failed, %leader, "the committee abandoned a view");
                self.parts.metrics.on_timeout(leader);
                self.failed_views.add(leader);
            }
            ViewCause::Cert1 | ViewCause::Cert2 => self.failed_views = FailedViews::default(),
            ViewCause::Start => {}
        }
        self.parts.calls.on_view(view);
    }

    fn publish(&self) {
        let found = snapshot(&self.parts, &self.failed_views);
        let heights = (found.committed.get(), found.applied.get());
        let metrics = &self.parts.metrics;
        metrics.on_progress(found.view, heights, found.lock_view, found.syncing);
        metrics.on_timeouts_in_a_row(found.timeouts_in_a_row);
        self.status.send_replace(found);
    }
}

impl FailedViews {
    fn add(&mut self, leader: MemberIx) {
        self.count += 1;
        self.leaders.push(leader);
        if self.leaders.len() > TIMED_OUT_MAX {
            self.leaders.remove(0);
        }
    }
}

fn snapshot<A: Application, T>(parts: &Parts<A, T>, failed: &FailedViews) -> EngineStatus {
    let core = parts.core.status();
    EngineStatus {
        view: core.view,
        leader: core.leader,
        committed: core.committed,
        applied: parts.calls.applied().height,
        lock_view: core.lock_view,
        syncing: core.syncing,
        timeouts_in_a_row: failed.count,
        timed_out: failed.leaders.clone(),
        connected: parts.connected.borrow().clone(),
    }
}

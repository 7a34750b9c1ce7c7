//! The thread of the write-ahead log, and the group commit in front of it.

use asset_consensus::{Record, Seq};
use asset_consensus_wal::Wal;
use tokio::{
    sync::mpsc,
    task::{JoinHandle, spawn_blocking},
    time::Instant,
};

use crate::{driver::event::Event, metrics::EngineMetrics};

/// How many records may wait for the log before the driver stops listening to its peers.
const RECORDS_WAITING_MAX: usize = 4096;

/// Everything that waits while the thread writes becomes one write.
#[derive(Debug)]
pub(crate) struct Log {
    groups: mpsc::Sender<Group>,
    waiting: Vec<Record>,
    last: Seq,
    writing: bool,
    thread: JoinHandle<()>,
}

#[derive(Debug)]
struct Group {
    seq: Seq,
    records: Vec<Record>,
}

impl Log {
    /// Starts the thread.
    pub(crate) fn start(wal: Wal, events: mpsc::Sender<Event>, metrics: EngineMetrics) -> Self {
        let (groups, receiver) = mpsc::channel(1);
        let thread = spawn_blocking(move || write_groups(wal, receiver, &events, &metrics));
        Self { groups, waiting: Vec::new(), last: Seq::ZERO, writing: false, thread }
    }

    /// Adds a batch to what is written next.
    pub(crate) fn append(&mut self, seq: Seq, records: Vec<Record>) {
        assert_eq!(seq, self.last.next(), "batches are numbered without gaps");
        self.last = seq;
        self.waiting.extend(records);
    }

    /// Hands everything that waits to the thread, if it is idle.
    pub(crate) fn flush(&mut self, durable: Seq) {
        if self.writing || self.last <= durable {
            return;
        }
        let group = Group { seq: self.last, records: std::mem::take(&mut self.waiting) };
        // A thread that is gone has reported why.
        self.writing = self.groups.try_send(group).is_ok();
    }

    /// The thread is idle again.
    pub(crate) const fn on_written(&mut self) {
        self.writing = false;
    }

    /// Whether too much waits to take on more work.
    pub(crate) const fn is_behind(&self) -> bool {
        self.waiting.len() >= RECORDS_WAITING_MAX
    }

    /// Ends the thread after its current write, and releases the log.
    pub(crate) async fn close(self) {
        drop(self.groups);
        if let Err(error) = self.thread.await {
            tracing::error!(%error, "the log's thread panicked");
        }
    }
}

fn write_groups(
    mut wal: Wal,
    mut groups: mpsc::Receiver<Group>,
    events: &mpsc::Sender<Event>,
    metrics: &EngineMetrics,
) {
    while let Some(Group { seq, records }) = groups.blocking_recv() {
        let started = Instant::now();
        let count = records.len();
        let event = match wal.append(records) {
            Ok(()) => Event::Persisted(seq),
            Err(error) => Event::Failed(error.into()),
        };
        metrics.on_fsync(started.elapsed(), count);
        let failed = matches!(event, Event::Failed(_));
        if events.blocking_send(event).is_err() || failed {
            return;
        }
    }
}

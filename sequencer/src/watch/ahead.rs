//! Batches that are read before they are needed.

use std::collections::VecDeque;

use asset_sdk::l1::{HistoryError, PostedBatch};
use tokio::task::JoinHandle;

use super::{Source, WatchError};

/// Batches that are read at the same time.
pub const AHEAD_MAX: usize = 4;

type Read = JoinHandle<Result<PostedBatch, HistoryError>>;

/// Batches in order, from the next one on. Reads end on drop.
#[derive(Debug, Default)]
pub(super) struct Ahead {
    reads: VecDeque<(u64, Read)>,
}

impl Ahead {
    /// Reads batch `number`, and those after it up to `last`.
    pub(super) async fn batch<S: Source>(
        &mut self,
        source: &S,
        number: u64,
        last: u64,
    ) -> Result<PostedBatch, WatchError> {
        if self.reads.front().is_some_and(|(first, _)| *first != number) {
            self.clear();
        }
        let from = self.reads.back().map_or(number, |(newest, _)| newest.saturating_add(1));
        for number in (from..=last).take(AHEAD_MAX.saturating_sub(self.reads.len())) {
            let source = source.clone();
            let read = tokio::spawn(async move { source.batch(number).await });
            self.reads.push_back((number, read));
        }
        let Some((_, read)) = self.reads.front_mut() else {
            return Err(WatchError::Task);
        };
        let batch = read.await;
        self.reads.pop_front();
        let batch = batch.map_err(|_| WatchError::Task)?;
        if batch.is_err() {
            // The others are of the same L1.
            self.clear();
        }
        Ok(batch?)
    }

    /// Forgets what was read.
    pub(super) fn clear(&mut self) {
        for (_, read) in self.reads.drain(..) {
            read.abort();
        }
    }
}

impl Drop for Ahead {
    fn drop(&mut self) {
        self.clear();
    }
}

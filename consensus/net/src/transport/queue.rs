//! The bounded send queue of one peer and one class, in which the newest view wins.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify;

use crate::transport::Rank;

/// Bounds of a [`SendQueue`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueLimits {
    /// The most frames the queue holds.
    pub frames_max: usize,
    /// The most bytes the queue holds. A single larger frame is refused.
    pub size_bytes_max: usize,
}

/// A first-in first-out queue that makes room for a frame by dropping frames of a lower or equal rank, lowest first and
/// oldest first among equals.
#[derive(Debug)]
pub struct SendQueue {
    limits: QueueLimits,
    state: Mutex<State>,
    ready: Notify,
}

#[derive(Debug, Default)]
struct State {
    entries: VecDeque<Entry>,
    size_bytes: usize,
}

#[derive(Debug)]
struct Entry {
    rank: Rank,
    bytes: Arc<[u8]>,
}

impl SendQueue {
    /// An empty queue.
    pub fn new(limits: QueueLimits) -> Self {
        Self { limits, state: Mutex::default(), ready: Notify::new() }
    }

    /// Appends a frame and returns how many frames were dropped for it. The frame itself may be the one that is dropped.
    pub fn push(&self, rank: Rank, bytes: Arc<[u8]>) -> usize {
        let mut state = self.lock();
        let mut dropped = 0;
        while !self.has_room(&state, bytes.len()) {
            dropped += 1;
            match state.lowest() {
                Some((index, lowest)) if lowest <= rank => state.remove(index),
                Some(_) | None => return dropped,
            }
        }
        state.append(rank, bytes);
        drop(state);
        self.ready.notify_one();
        dropped
    }

    /// Appends a frame if there is room, and drops nothing.
    pub fn try_push(&self, rank: Rank, bytes: Arc<[u8]>) -> bool {
        let mut state = self.lock();
        if !self.has_room(&state, bytes.len()) {
            return false;
        }
        state.append(rank, bytes);
        drop(state);
        self.ready.notify_one();
        true
    }

    /// Waits for frames and takes the oldest ones: at least one, and no more than `size_bytes_max` bytes beyond the first.
    ///
    /// Cancel-safe: frames are taken only when the future completes. One consumer at a time.
    pub async fn pop(&self, size_bytes_max: usize) -> Vec<Arc<[u8]>> {
        loop {
            let taken = self.lock().take(size_bytes_max);
            if !taken.is_empty() {
                return taken;
            }
            self.ready.notified().await;
        }
    }

    /// The number of queued frames.
    pub fn len(&self) -> usize {
        self.lock().entries.len()
    }

    /// Whether no frame is queued.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn has_room(&self, state: &State, size_bytes: usize) -> bool {
        state.entries.len() < self.limits.frames_max
            && state.size_bytes.saturating_add(size_bytes) <= self.limits.size_bytes_max
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn append(&mut self, rank: Rank, bytes: Arc<[u8]>) {
        self.size_bytes = self.size_bytes.saturating_add(bytes.len());
        self.entries.push_back(Entry { rank, bytes });
    }

    fn lowest(&self) -> Option<(usize, Rank)> {
        let by_rank = self.entries.iter().map(|entry| entry.rank).enumerate();
        by_rank.min_by_key(|(index, rank)| (*rank, *index))
    }

    fn remove(&mut self, index: usize) {
        if let Some(entry) = self.entries.remove(index) {
            self.size_bytes = self.size_bytes.saturating_sub(entry.bytes.len());
        }
    }

    fn take(&mut self, size_bytes_max: usize) -> Vec<Arc<[u8]>> {
        let mut taken = Vec::new();
        let mut size_bytes = 0usize;
        while let Some(entry) = self.entries.pop_front() {
            size_bytes = size_bytes.saturating_add(entry.bytes.len());
            if !taken.is_empty() && size_bytes > size_bytes_max {
                self.entries.push_front(entry);
                break;
            }
            self.size_bytes = self.size_bytes.saturating_sub(entry.bytes.len());
            taken.push(entry.bytes);
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(byte: u8) -> Arc<[u8]> {
        Arc::from([byte])
    }

    fn queue(frames_max: usize, size_bytes_max: usize) -> SendQueue {
        SendQueue::new(QueueLimits { frames_max, size_bytes_max })
    }

    async fn drain(queue: &SendQueue) -> Vec<u8> {
        queue.pop(usize::MAX).await.iter().flat_map(|bytes| bytes.iter().copied()).collect()
    }

    #[tokio::test]
    async fn evicts_the_oldest_frame_of_the_lowest_view() {
        let queue = queue(3, 100);
        assert_eq!(queue.push(Rank::new(5), frame(1)), 0);
        assert_eq!(queue.push(Rank::new(4), frame(2)), 0);
        assert_eq!(queue.push(Rank::new(4), frame(3)), 0);
        assert_eq!(queue.push(Rank::new(6), frame(4)), 1);
        assert_eq!(drain(&queue).await, [1, 3, 4]);
    }

    #[tokio::test]
    async fn refuses_a_frame_older_than_everything_queued() {
        let queue = queue(2, 100);
        queue.push(Rank::new(5), frame(1));
        queue.push(Rank::new(6), frame(2));
        assert_eq!(queue.push(Rank::new(4), frame(3)), 1);
        assert_eq!(drain(&queue).await, [1, 2]);
    }

    #[tokio::test]
    async fn bounds_bytes_and_refuses_a_frame_that_never_fits() {
        let queue = queue(10, 4);
        queue.push(Rank::new(1), Arc::from([1, 1, 1]));
        assert_eq!(queue.push(Rank::new(2), Arc::from([2, 2])), 1);
        assert_eq!(queue.push(Rank::new(9), Arc::from([9; 5])), 2);
        assert!(queue.is_empty());
        assert!(!queue.try_push(Rank::new(9), Arc::from([9; 5])));
    }

    #[tokio::test]
    async fn pops_in_batches_of_bounded_size() {
        let queue = queue(10, 100);
        for byte in 1..=5 {
            queue.push(Rank::new(u64::from(byte)), Arc::from([byte, byte]));
        }
        assert_eq!(queue.pop(4).await.len(), 2);
        assert_eq!(queue.pop(1).await.len(), 1);
        assert_eq!(queue.len(), 2);
    }
}

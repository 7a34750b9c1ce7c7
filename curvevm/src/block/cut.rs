//! Where a segment of messages or transactions ends.

use crate::{
    codec::Writer,
    inbox::InboxMessage,
    meter::{Meter, SEGMENT_MESSAGES_MAX, SEGMENT_TRANSACTIONS_MAX},
    tx::Transaction,
};

/// A segment that is being filled: its count, what it costs, and its bytes as a chunk of its own.
pub(super) struct Filling {
    pub(super) length: u8,
    pub(super) meter: Meter,
    writer: Writer,
    /// Whether it holds something that is longer than a segment may grow.
    full: bool,
}

impl Filling {
    pub(super) const fn new() -> Self {
        Self { length: 0, meter: Meter::new(), writer: Writer::measure(), full: false }
    }

    /// Makes room for the bytes of a transaction, if there is any; for the first one there is. Count it when it was executed.
    pub(super) fn try_transaction(&mut self, transaction: &Transaction, bytes_max: usize) -> bool {
        self.try_push(SEGMENT_TRANSACTIONS_MAX, |it| it.try_transaction(transaction, bytes_max))
    }

    /// The same for a message.
    pub(super) fn try_message(&mut self, message: &InboxMessage, bytes_max: usize) -> bool {
        self.try_push(SEGMENT_MESSAGES_MAX, |it| it.try_message(message, bytes_max))
    }

    fn try_push(&mut self, count_max: usize, write: impl FnOnce(&mut Writer) -> bool) -> bool {
        let room = !self.full && usize::from(self.length) < count_max;
        let fits = room && write(&mut self.writer);
        if !fits && self.length > 0 {
            return false;
        }
        self.full = !fits;
        true
    }
}

/// The trace of a block whose messages and transactions cost nothing, without roots.
#[cfg(test)]
pub(crate) fn by_length(
    block: &super::BlockBody,
    chunk_bytes_max: usize,
) -> std::vec::Vec<super::Step> {
    use crate::{codec::SEGMENT_BYTES_MAX, types::Hash};

    let bytes_max = SEGMENT_BYTES_MAX.min(chunk_bytes_max);
    let mut lengths = cut(&block.messages, |segment, it| segment.try_message(it, bytes_max));
    lengths.extend(cut(&block.transactions, |segment, it| segment.try_transaction(it, bytes_max)));
    if lengths.is_empty() {
        lengths.push(0);
    }
    let step = |length| super::Step { length, post_root: Hash::ZERO };
    lengths.into_iter().map(step).collect()
}

/// The lengths of the segments of items.
#[cfg(test)]
fn cut<T>(items: &[T], push: impl Fn(&mut Filling, &T) -> bool) -> std::vec::Vec<u8> {
    let mut lengths = std::vec![];
    let mut segment = Filling::new();
    for item in items {
        if !push(&mut segment, item) {
            lengths.push(segment.length);
            segment = Filling::new();
            assert!(push(&mut segment, item));
        }
        segment.length += 1;
    }
    if segment.length > 0 {
        lengths.push(segment.length);
    }
    lengths
}

//! Where a segment of transactions ends.

use crate::{
    codec::Writer,
    meter::{Meter, SEGMENT_TRANSACTIONS_MAX},
    tx::Transaction,
};

/// A segment that is being filled: its count, what it costs, and its bytes as a chunk of its own.
pub(super) struct Filling {
    pub(super) length: u8,
    pub(super) meter: Meter,
    writer: Writer,
    /// Whether it holds a transaction that is longer than a segment may grow.
    full: bool,
}

impl Filling {
    pub(super) const fn new() -> Self {
        Self { length: 0, meter: Meter::new(), writer: Writer::measure(), full: false }
    }

    /// Makes room for the bytes of a transaction, if there is any; for the first one there is. Count it when it was executed.
    pub(super) fn try_push(&mut self, transaction: &Transaction, bytes_max: usize) -> bool {
        let room = !self.full && usize::from(self.length) < SEGMENT_TRANSACTIONS_MAX;
        let fits = room && self.writer.try_transaction(transaction, bytes_max);
        if !fits && self.length > 0 {
            return false;
        }
        self.full = !fits;
        true
    }
}

/// The trace of a block whose transactions cost nothing, without roots.
#[cfg(test)]
pub(crate) fn by_length(
    block: &super::BlockBody,
    chunk_bytes_max: usize,
) -> std::vec::Vec<super::Step> {
    use crate::{codec::SEGMENT_BYTES_MAX, meter::SEGMENT_MESSAGES_MAX, types::Hash};

    let mut lengths = std::vec![];
    for messages in block.messages.chunks(SEGMENT_MESSAGES_MAX) {
        lengths.push(u8::try_from(messages.len()).unwrap());
    }
    let bytes_max = SEGMENT_BYTES_MAX.min(chunk_bytes_max);
    let mut segment = Filling::new();
    for transaction in &block.transactions {
        if !segment.try_push(transaction, bytes_max) {
            lengths.push(segment.length);
            segment = Filling::new();
            assert!(segment.try_push(transaction, bytes_max));
        }
        segment.length += 1;
    }
    if segment.length > 0 || lengths.is_empty() {
        lengths.push(segment.length);
    }
    let step = |length| super::Step { length, post_root: Hash::ZERO };
    lengths.into_iter().map(step).collect()
}

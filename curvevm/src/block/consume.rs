//! The inbox's messages in a block, and in a segment that is replayed.

use alloc::vec::Vec;

use super::{BlockError, Run, chain, cut::Filling};
use crate::{
    cell::{Cell, Chain},
    error::StateError,
    execute::{Context, Halt, Received, State, receive},
    inbox::InboxMessage,
    meter::Meter,
    receipt::Receipt,
    types::Hash,
};

/// How far the inbox is consumed.
#[derive(Clone, Copy)]
struct Inbox {
    cursor: u64,
    hash: Hash,
}

impl Inbox {
    fn of<S: State>(state: &S) -> Result<Self, StateError> {
        let Chain { inbox_cursor, inbox_hash, .. } = chain(state)?;
        Ok(Self { cursor: inbox_cursor, hash: inbox_hash })
    }

    /// The inbox after the message that follows.
    fn after(&self, message: &InboxMessage) -> Result<Self, BlockError> {
        if message.index != self.cursor {
            return Err(BlockError::MessageIndex { expected: self.cursor, found: message.index });
        }
        Ok(Self { cursor: self.cursor.saturating_add(1), hash: message.chain(&self.hash) })
    }

    /// Writes the chain's cell, which messages may have changed meanwhile: a forced withdrawal counts there.
    fn write<S: State>(&self, state: &mut S) -> Result<(), StateError> {
        let chain = chain(state)?;
        let chain = Chain { inbox_cursor: self.cursor, inbox_hash: self.hash, ..chain };
        state.put(Chain::key(), Cell::Chain(chain))
    }
}

/// Consumes a block's messages, cut into segments of at most `bytes_max`; gives a receipt for each.
pub(super) fn consume_in_segments(
    run: &mut Run<'_>,
    context: &Context,
    bytes_max: usize,
    messages: &[InboxMessage],
) -> Result<Vec<Receipt>, BlockError> {
    let mut inbox = Inbox::of(run)?;
    let mut receipts = Vec::with_capacity(messages.len());
    let mut segment = Filling::new();
    for (index, message) in messages.iter().enumerate() {
        let after = inbox.after(message)?;
        let received = Received { message, hash: after.hash };
        let consume = |segment: &mut Filling, run: &mut Run<'_>| {
            if !segment.try_message(message, bytes_max) {
                return Err(Halt::SegmentFull);
            }
            receive(&received, context, run, &mut segment.meter)
        };
        let mut receipt = consume(&mut segment, run);
        if matches!(receipt, Err(Halt::SegmentFull)) {
            inbox.write(run)?;
            run.close(segment.length);
            segment = Filling::new();
            receipt = consume(&mut segment, run);
        }
        receipts.push(receipt.map_err(|halt| halted(index, halt))?);
        segment.length = segment.length.saturating_add(1);
        inbox = after;
    }
    if segment.length > 0 {
        inbox.write(run)?;
        run.close(segment.length);
    }
    Ok(receipts)
}

/// Consumes the messages of one segment; gives a receipt for each.
#[inline(never)]
pub(super) fn consume<S: State>(
    state: &mut S,
    genesis: &Hash,
    messages: &[InboxMessage],
) -> Result<Vec<Receipt>, BlockError> {
    let mut inbox = Inbox::of(state)?;
    let Chain { height, time_ms, .. } = chain(state)?;
    let context = Context { genesis: *genesis, height, time_ms };
    let mut receipts = Vec::with_capacity(messages.len());
    let mut meter = Meter::new();
    for (index, message) in messages.iter().enumerate() {
        inbox = inbox.after(message)?;
        let receipt = receive(&Received { message, hash: inbox.hash }, &context, state, &mut meter);
        receipts.push(receipt.map_err(|halt| halted(index, halt))?);
    }
    inbox.write(state)?;
    Ok(receipts)
}

const fn halted(index: usize, halt: Halt) -> BlockError {
    match halt {
        Halt::SegmentFull => BlockError::SegmentFull { index },
        Halt::State(error) => BlockError::State(error),
    }
}

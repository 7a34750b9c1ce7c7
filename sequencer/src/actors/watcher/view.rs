//! What a node knows of the L1. No I/O.

use std::{collections::BTreeMap, ops::Range};

use asset_sdk::{
    l1::{Inbox, L1Error, Rollup},
    rpc::NodeError as Number,
};
use curvevm::{inbox::InboxMessage, types::Hash};

/// How many messages are remembered, with those that were consumed, for blocks of members that are behind.
const MESSAGES_MAX: usize = 4_096;
/// How many messages are read ahead of the chain: those of 16 full blocks.
const MESSAGES_AHEAD_MAX: u64 = 1_024;

const _: () = assert!(MESSAGES_AHEAD_MAX < MESSAGES_MAX as u64);

/// What a node knows of the L1.
#[derive(Clone, Debug, Default)]
pub(crate) struct L1View {
    /// Whether the last look succeeded.
    pub(crate) reachable: bool,
    /// What the last look failed with.
    pub(crate) problem: Option<Problem>,
    /// The last slot that was seen.
    pub(crate) slot: u64,
    /// The number of the last batch that the L1 recorded.
    pub(crate) committed: u64,
    /// The number of the last batch whose window is over.
    pub(crate) finalized: u64,
    /// Its inbox cursor: messages below it may be closed.
    pub(crate) finalized_cursor: u64,
    /// Messages in the inbox in all.
    pub(crate) inbox_count: u64,
    /// Messages by index: those that were read and not forgotten.
    messages: BTreeMap<u64, Known>,
}

/// A message with the hash of the chain after it.
#[derive(Clone, Debug)]
struct Known {
    message: InboxMessage,
    hash: Hash,
}

/// A failed look at the L1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) number: Number,
    pub(crate) message: String,
}

impl L1View {
    /// Takes over what was read, but for the messages.
    pub(crate) fn update(&mut self, slot: u64, rollup: &Rollup, inbox: &Inbox) {
        (self.reachable, self.problem) = (true, None);
        self.slot = slot;
        (self.committed, self.finalized) = (rollup.committed_number, rollup.finalized_number);
        self.finalized_cursor = rollup.finalized_inbox_cursor;
        self.inbox_count = inbox.count;
        // A fork may have taken messages back, or replaced them, where the commitment allows it.
        self.messages.split_off(&inbox.count);
        let last = inbox.count.checked_sub(1).and_then(|last| self.messages.get(&last));
        if last.is_some_and(|last| last.hash != inbox.head) {
            self.forget();
        }
    }

    /// The messages that are to be read next, for a chain whose cursor is at `cursor`.
    pub(crate) fn missing(&self, cursor: u64) -> Range<u64> {
        // What is below the finalized cursor is in finalized batches only, and its accounts may be closed.
        let from = cursor.max(self.finalized_cursor);
        let end = self.inbox_count.min(from.saturating_add(MESSAGES_AHEAD_MAX));
        let start = (from..end).find(|index| !self.messages.contains_key(index)).unwrap_or(end);
        start..end
    }

    /// Takes over a message that was read, with the hash of the chain after it, when it joins the one before it.
    pub(crate) fn append(&mut self, message: InboxMessage, hash: Hash) -> bool {
        let before = message.index.checked_sub(1).and_then(|before| self.messages.get(&before));
        if before.is_some_and(|before| message.chain(&before.hash) != hash) {
            self.forget();
            return false;
        }
        self.messages.insert(message.index, Known { message, hash });
        while self.messages.len() > MESSAGES_MAX {
            self.messages.pop_first();
        }
        true
    }

    /// Lets go of messages that a fork of the L1 replaced.
    fn forget(&mut self) {
        tracing::warn!("a fork of the L1 replaced inbox messages, reading them again");
        self.messages.clear();
    }

    /// Notes a failed look.
    pub(crate) fn fail(&mut self, error: &L1Error) {
        self.reachable = false;
        self.problem = Some(Problem::new(error));
    }

    /// Up to `max` messages from `cursor` on, without a gap.
    pub(crate) fn messages_from(&self, cursor: u64, max: usize) -> Vec<InboxMessage> {
        let known = (cursor..self.inbox_count).map_while(|index| self.messages.get(&index));
        known.take(max).map(|known| known.message.clone()).collect()
    }

    /// Whether every one of `messages` is in the inbox.
    pub(crate) fn holds(&self, messages: &[InboxMessage]) -> bool {
        let known = |index: u64| self.messages.get(&index).map(|known| &known.message);
        messages.iter().all(|message| known(message.index) == Some(message))
    }

    /// A view that holds these messages, for tests.
    #[cfg(test)]
    pub(crate) fn with_messages(messages: Vec<InboxMessage>) -> Self {
        let inbox_count = messages.last().map_or(0, |message| message.index + 1);
        let mut view = Self { reachable: true, inbox_count, ..Self::default() };
        let mut hash = Hash::ZERO;
        for message in messages {
            hash = message.chain(&hash);
            view.append(message, hash);
        }
        view
    }
}

impl Problem {
    pub(crate) fn new(error: &L1Error) -> Self {
        let number = match error {
            L1Error::NotAProgram { .. } => Number::L1WrongProgram,
            L1Error::NotInitialized { .. } => Number::RollupNotInitialized,
            _ => Number::L1Unreachable,
        };
        Self { number, message: error.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use curvevm::{
        inbox::MessageKind,
        types::{Address, AssetId, Quote},
    };

    use super::*;

    fn message(index: u64) -> InboxMessage {
        let (amount, recipient) = (Quote::new(1_000 + index), Address::new([7; 32]));
        let kind = MessageKind::Deposit { asset: AssetId::SOL, amount, recipient };
        InboxMessage { index, slot: index, kind }
    }

    /// The chain's hash after each of `messages`.
    fn hashes(messages: &[InboxMessage]) -> Vec<Hash> {
        let mut hash = Hash::ZERO;
        let chain = |message: &InboxMessage| {
            hash = message.chain(&hash);
            hash
        };
        messages.iter().map(chain).collect()
    }

    fn rollup(finalized_inbox_cursor: u64) -> Rollup {
        let mut rollup: Rollup = borsh::from_slice(&[0; Rollup::BYTES - 8]).unwrap();
        rollup.finalized_inbox_cursor = finalized_inbox_cursor;
        rollup
    }

    fn inbox(count: u64, head: Hash) -> Inbox {
        let rollup = Address::new([2; 32]);
        Inbox { version: 1, bump: 1, reserved: [0; 6], rollup, count, deposited: 0, head }
    }

    #[test]
    fn gives_messages_without_a_gap() {
        let mut view = L1View::with_messages((0..5).map(message).collect());
        assert_eq!(view.messages_from(1, 2), vec![message(1), message(2)]);
        assert_eq!(view.messages_from(5, 2), Vec::new());
        view.messages.remove(&3);
        assert_eq!(view.messages_from(1, 64), vec![message(1), message(2)]);
    }

    #[test]
    fn holds_only_what_it_saw() {
        let view = L1View::with_messages((0..5).map(message).collect());
        assert!(view.holds(&[message(2), message(3)]));
        assert!(!view.holds(&[message(5)]));
        let mut other = message(2);
        other.slot += 1;
        assert!(!view.holds(&[other]));
    }

    #[test]
    fn reads_what_it_has_not_seen_and_waits_for_what_is_not_there_yet() {
        let all: Vec<InboxMessage> = (0..6).map(message).collect();
        let hashes = hashes(&all);
        let mut view = L1View::default();
        view.update(1, &rollup(0), &inbox(3, hashes[2]));
        assert_eq!(view.missing(0), 0..3);
        // The account of message 1 is not there yet, so that the read ends before it.
        assert!(view.append(all[0].clone(), hashes[0]));
        assert_eq!(view.messages_from(0, 64), all[..1]);
        view.update(2, &rollup(0), &inbox(6, hashes[5]));
        assert_eq!(view.missing(0), 1..6);
        for (message, hash) in all.iter().zip(&hashes).skip(1) {
            assert!(view.append(message.clone(), *hash));
        }
        assert_eq!(view.missing(0), 6..6);
        assert_eq!(view.messages_from(0, 64), all);
        // Nothing is forgotten by the next look.
        view.update(3, &rollup(4), &inbox(6, hashes[5]));
        assert_eq!((view.missing(0), view.finalized_cursor), (6..6, 4));
        assert!(view.holds(&all));
    }

    #[test]
    fn does_not_read_what_may_be_closed_nor_far_ahead_of_the_chain() {
        let mut view = L1View::default();
        view.update(1, &rollup(50), &inbox(100_000, Hash::ZERO));
        assert_eq!(view.missing(0), 50..50 + MESSAGES_AHEAD_MAX);
        assert_eq!(view.missing(70), 70..70 + MESSAGES_AHEAD_MAX);
        assert_eq!(view.missing(99_990), 99_990..100_000);
        assert_eq!(view.missing(100_001), 100_000..100_000);
    }

    #[test]
    fn forgets_the_oldest_messages_only() {
        let count = MESSAGES_MAX as u64 + 10;
        let view = L1View::with_messages((0..count).map(message).collect());
        assert_eq!(view.messages.len(), MESSAGES_MAX);
        assert!(!view.holds(&[message(9)]));
        assert!(view.holds(&[message(10), message(count - 1)]));
    }

    #[test]
    fn reads_again_what_a_fork_replaced() {
        let all: Vec<InboxMessage> = (0..5).map(message).collect();
        let known = hashes(&all);
        let mut view = L1View::with_messages(all.clone());
        // The fork has fewer messages.
        view.update(1, &rollup(0), &inbox(4, known[3]));
        assert_eq!((view.missing(0), view.messages.len()), (4..4, 4));
        // As many, and another last one: its head is another.
        view.update(2, &rollup(0), &inbox(4, Hash::new([1; 32])));
        assert_eq!(view.missing(0), 0..4);
        // More, so that only a message that does not join tells.
        let mut view = L1View::with_messages(all.clone());
        let mut other = all;
        other[4].slot += 1;
        other.push(message(5));
        let hashes = hashes(&other);
        view.update(3, &rollup(0), &inbox(6, hashes[5]));
        assert_eq!(view.missing(0), 5..6);
        assert!(!view.append(other[5].clone(), hashes[5]));
        assert_eq!(view.missing(0), 0..6);
        for (message, hash) in other.iter().zip(hashes) {
            assert!(view.append(message.clone(), hash));
        }
        assert!(view.holds(&other));
    }
}

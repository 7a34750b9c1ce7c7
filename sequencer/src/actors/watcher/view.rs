//! What a node knows of the L1. No I/O.

use std::collections::BTreeMap;

use asset_sdk::{
    l1::{Inbox, L1Error, Rollup},
    rpc::NodeError as Number,
};
use curvevm::inbox::InboxMessage;

/// How many consumed messages are remembered, for blocks of members that are behind.
const MESSAGES_MAX: usize = 4_096;

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
    /// Messages in the inbox in all.
    pub(crate) inbox_count: u64,
    /// Messages by index: those in the inbox's ring, and some that were in it before.
    messages: BTreeMap<u64, InboxMessage>,
}

/// A failed look at the L1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) number: Number,
    pub(crate) message: String,
}

impl L1View {
    /// Takes over what was read.
    pub(crate) fn update(&mut self, slot: u64, rollup: &Rollup, inbox: &Inbox) {
        (self.reachable, self.problem) = (true, None);
        self.slot = slot;
        (self.committed, self.finalized) = (rollup.committed_number, rollup.finalized_number);
        self.inbox_count = inbox.count;
        // A fork may have taken messages back where the commitment allows it.
        self.messages.split_off(&inbox.count);
        let ring = (0..inbox.count).rev().map_while(|index| inbox.message(index));
        self.messages.extend(ring.map(|message| (message.index, message)));
        while self.messages.len() > MESSAGES_MAX {
            self.messages.pop_first();
        }
    }

    /// Notes a failed look.
    pub(crate) fn fail(&mut self, error: &L1Error) {
        self.reachable = false;
        self.problem = Some(Problem::new(error));
    }

    /// Up to `max` messages from `cursor` on, without a gap.
    pub(crate) fn messages_from(&self, cursor: u64, max: usize) -> Vec<InboxMessage> {
        let messages = (cursor..self.inbox_count).map_while(|index| self.messages.get(&index));
        messages.take(max).cloned().collect()
    }

    /// Whether every one of `messages` is in the inbox.
    pub(crate) fn holds(&self, messages: &[InboxMessage]) -> bool {
        messages.iter().all(|message| self.messages.get(&message.index) == Some(message))
    }

    /// A view that holds these messages, for tests.
    #[cfg(test)]
    pub(crate) fn with_messages(messages: Vec<InboxMessage>) -> Self {
        let inbox_count = messages.last().map_or(0, |message| message.index + 1);
        let messages = messages.into_iter().map(|message| (message.index, message)).collect();
        Self { reachable: true, inbox_count, messages, ..Self::default() }
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
}
